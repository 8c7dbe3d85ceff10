//! Whether this replica should be sent requests, and if not, what is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// What `app` knows beside the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_ending: AtomicBool,
    schema: Mutex<Option<String>>,
}

impl Default for Readiness {
    fn default() -> Self {
        let schema = Mutex::new(Some("the kinds that the cluster serves have not been looked at yet".to_owned()));
        Self(Arc::new(Inner { is_ending: AtomicBool::new(false), schema }))
    }
}

impl Readiness {
    /// The process is about to end.
    pub fn end(&self) {
        self.0.is_ending.store(true, Ordering::Relaxed);
    }

    /// What is wrong with the kinds that the cluster serves; nothing if they have every field that this version knows.
    pub fn set_schema_problem(&self, problem: Option<String>) {
        *self.0.schema.lock() = problem;
    }

    /// Whether the kinds that the cluster serves have every field that this version writes; the error is a sentence.
    /// Without them a write would lose what the cluster does not know.
    pub(super) fn check_schema(&self) -> Result<(), String> {
        self.0.schema.lock().clone().map_or(Ok(()), Err)
    }

    /// Whether the replica is ready; the error is a sentence. `watches` says whether what they tell may be believed.
    pub(super) fn check(&self, watches: Result<(), String>) -> Result<(), String> {
        if self.0.is_ending.load(Ordering::Relaxed) {
            return Err("the process is shutting down".to_owned());
        }
        self.check_schema()?;
        watches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_must_be_there() {
        let readiness = Readiness::default();
        let silent = || Err("the watch of directoryusers is silent".to_owned());
        assert!(readiness.check(Ok(())).expect_err("nothing was looked at").contains("have not been looked at"));
        readiness
            .set_schema_problem(Some("directoryusers lacks spec.pending: apply the crds of this version".to_owned()));
        assert!(readiness.check(Ok(())).expect_err("older kinds").contains("spec.pending"));
        readiness.set_schema_problem(None);
        assert_eq!(readiness.check(silent()), silent());
        assert_eq!(readiness.check(Ok(())), Ok(()));
        readiness.end();
        assert!(readiness.check(Ok(())).expect_err("it ends").contains("shutting down"));
    }
}
