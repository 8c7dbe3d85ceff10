//! The brake on mass deletion at the moment of a deletion: counted from the index.

use std::time::Instant;

use jiff::Timestamp;

use super::{Context, Error};
use crate::rules::brake::{Brake, brake, window};
use crate::rules::resource::Resource;

impl Context {
    /// Refuses the deletion of a person while as many were deleted within the hour as may be. The count is that of an index
    /// that is fresh: a silent watch must not let the limit be passed for minutes.
    pub(super) fn check_brake(&self, now: Timestamp) -> Result<(), Error> {
        self.store.fresh(Instant::now())?;
        let index = self.store.index(&self.directory.namespace, &self.directory.name);
        let deletions = index.deletions(Resource::User, window(now));
        let brake = brake(&self.directory.spec, index.visible(Resource::User), &deletions, now);
        if !brake.is_on() {
            return Ok(());
        }
        let Brake { deleted, limit, opens_at, .. } = brake;
        let opens_in = opens_at.map(|at| at.duration_since(now).unsigned_abs());
        Err(Error::Braked { deleted, limit, opens_in })
    }
}
