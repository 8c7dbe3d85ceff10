//! The brake on mass deletion at the moment of a deletion: counted from the index, and from what is under way.

use std::time::Instant;

use jiff::Timestamp;

use super::{Context, Error};
use crate::rules::brake::Brake;
use crate::store::DeletionUnderWay;

impl Context {
    /// Begins the deletion of a person, unless as many were deleted within the hour, or are being deleted by this process, as
    /// may be. The count is that of an index that is fresh: a silent watch must not let the limit be passed for minutes.
    pub(super) fn begin_deletion(&self, now: Timestamp) -> Result<DeletionUnderWay<'_>, Error> {
        self.store.fresh(Instant::now())?;
        let (namespace, directory) = (&self.directory.namespace, &self.directory.name);
        self.store.begin_deletion(namespace, directory, |under_way| {
            let brake = self.store.index(namespace, directory).brake(&self.directory.spec, now);
            if brake.admits(under_way) {
                return Ok(());
            }
            let Brake { deleted, limit, opens_at, .. } = brake;
            let opens_in = opens_at.map(|at| at.duration_since(now).unsigned_abs());
            Err(Error::Braked { deleted: deleted + under_way, limit, opens_in })
        })
    }
}
