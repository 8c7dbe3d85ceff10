//! Carries out one step: the only writer of the janitor.

use jiff::Timestamp;

use super::decide::HealingStep;
use crate::store::Store;
use crate::store::claims::{self, Error, Settlement};
use crate::store::index::dirty::{DirtyName, DirtySubject};

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// Everything is as before, and will be until something changes.
    Nothing,
    /// Somebody is at work on it.
    Busy,
    /// It was done.
    Changed,
}

/// Takes a step with an object or a claim, seen at `now`.
pub async fn act(store: &Store, step: HealingStep, name: &DirtyName, now: Timestamp) -> Result<Acted, Error> {
    let namespace = name.directory.namespace();
    if matches!(name.subject, DirtySubject::Directory | DirtySubject::Application(_) | DirtySubject::Key(_)) {
        return Ok(Acted::Nothing);
    }
    let (kind, object) = name.object();
    let changed = match step {
        HealingStep::Settle => match claims::settle(store, kind, namespace, object, now).await? {
            Settlement::Nothing => false,
            Settlement::Busy => return Ok(Acted::Busy),
            Settlement::Settled | Settlement::Removed | Settlement::BroughtBack => true,
        },
        HealingStep::Label => store.write_label(kind, namespace, object).await?,
        HealingStep::Release => claims::release(store, namespace, object).await?,
    };
    Ok(if changed { Acted::Changed } else { Acted::Nothing })
}
