//! Whether this replica should be sent requests, and if not, what is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::metrics::Metrics;
use crate::store::Store;

/// What `app` knows beside the store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ReplicaReadiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_ending: AtomicBool,
    schema: Mutex<Option<String>>,
    has_seen_schema: AtomicBool,
    rights: Mutex<Option<String>>,
    has_had_rights: AtomicBool,
    /// What the log was last told: a replica begins unready.
    was_ready: AtomicBool,
}

impl Default for ReplicaReadiness {
    fn default() -> Self {
        let schema = Mutex::new(Some("the kinds that the cluster serves have not been looked at yet".to_owned()));
        let rights = Mutex::new(Some("the rights of the operator's account have not been looked at yet".to_owned()));
        let no = || AtomicBool::new(false);
        let (is_ending, has_seen_schema, has_had_rights, was_ready) = (no(), no(), no(), no());
        Self(Arc::new(Inner { is_ending, schema, has_seen_schema, rights, has_had_rights, was_ready }))
    }
}

impl ReplicaReadiness {
    /// The process is about to end.
    pub fn end(&self) {
        self.0.is_ending.store(true, Ordering::Relaxed);
    }

    /// What is wrong with the kinds that the cluster serves; nothing if they have every field that this version knows.
    pub fn set_schema_problem(&self, problem: Option<String>) {
        if problem.is_none() {
            self.0.has_seen_schema.store(true, Ordering::Relaxed);
        }
        *self.0.schema.lock() = problem;
    }

    /// What is missing of the rights and the namespaces that the operator needs for serving; nothing if all is there or
    /// nobody can tell. It keeps a replica from becoming ready. One that was ready goes on: what it cannot do any more fails
    /// by itself, and its watches tell whether they may be believed.
    pub fn set_rights_problem(&self, problem: Option<String>) {
        if problem.is_none() {
            self.0.has_had_rights.store(true, Ordering::Relaxed);
        }
        *self.0.rights.lock() = problem.filter(|_| !self.0.has_had_rights.load(Ordering::Relaxed));
    }

    /// Whether the kinds had every field once.
    pub fn has_seen_schema(&self) -> bool {
        self.0.has_seen_schema.load(Ordering::Relaxed)
    }

    /// Whether the kinds that the cluster serves have every field that this version writes; the error is a sentence.
    /// Without them a write would lose what the cluster does not know.
    pub(in crate::http) fn check_schema(&self) -> Result<(), String> {
        self.0.schema.lock().clone().map_or(Ok(()), Err)
    }

    /// Whether the replica is ready at `now`; the error is a sentence. A change is told to the log, once, and to the metric.
    pub fn look(&self, store: &Store, metrics: &Metrics, now: Instant) -> Result<(), String> {
        let verdict = self.check(store.fresh(now).map_err(|error| error.to_string()));
        metrics.set_ready(verdict.is_ok());
        if self.is_news(verdict.is_ok()) {
            match &verdict {
                Ok(()) => tracing::info!("ready"),
                Err(reason) => tracing::warn!(reason, "not ready any more"),
            }
        }
        verdict
    }

    fn is_news(&self, is_ready: bool) -> bool {
        self.0.was_ready.swap(is_ready, Ordering::Relaxed) != is_ready
    }

    /// Whether the replica is ready; the error is a sentence. `watches` says whether what they tell may be believed.
    fn check(&self, watches: Result<(), String>) -> Result<(), String> {
        if self.0.is_ending.load(Ordering::Relaxed) {
            return Err("the process is shutting down".to_owned());
        }
        self.check_schema()?;
        self.0.rights.lock().clone().map_or(Ok(()), Err)?;
        watches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_must_be_there() {
        let readiness = ReplicaReadiness::default();
        let silent = || Err("the watch of directoryusers is silent".to_owned());
        assert!(readiness.check(Ok(())).expect_err("nothing was looked at").contains("have not been looked at"));
        readiness
            .set_schema_problem(Some("directoryusers lacks spec.pending: apply the crds of this version".to_owned()));
        assert!(readiness.check(Ok(())).expect_err("older kinds").contains("spec.pending"));
        readiness.set_schema_problem(None);
        assert!(
            readiness.check(silent()).expect_err("no rights were seen").contains("rights of the operator's account")
        );
        let missing = "the operator's account may not list directoryusers";
        readiness.set_rights_problem(Some(missing.to_owned()));
        assert_eq!(readiness.check(silent()), Err(missing.to_owned()));
        readiness.set_rights_problem(None);
        assert_eq!(readiness.check(silent()), silent());
        readiness.set_rights_problem(Some(missing.to_owned()));
        assert_eq!(readiness.check(Ok(())), Ok(()));
        readiness.end();
        assert!(readiness.check(Ok(())).expect_err("it ends").contains("shutting down"));
    }

    #[test]
    fn a_change_is_told_once() {
        let readiness = ReplicaReadiness::default();
        let told = [false, true, true, false, false, true].map(|is_ready| readiness.is_news(is_ready));
        assert_eq!(told, [false, true, false, true, false, true], "a replica begins unready, and nobody is told");
    }
}
