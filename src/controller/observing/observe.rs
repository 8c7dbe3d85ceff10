//! Which Directories have a report, or may have one, and what this replica saw of each.

use std::sync::Arc;

use crate::api::directory::ProvisioningMode;
use crate::rules::observation::Tally;
use crate::store::index::dirty::DirectoryName;
use crate::store::observation::Observation;
use crate::store::{Store, WatchedDirectory};

/// A Directory, and what this replica saw of it.
#[derive(Clone)]
pub struct ReportSubject {
    pub name: DirectoryName,
    pub directory: Arc<WatchedDirectory>,
    /// Whether its mode is Observe by now.
    pub is_observed: bool,
    /// What all requests to this replica came to; nothing where there were none.
    pub tally: Tally,
    pub observation: Option<Arc<Observation>>,
}

/// Every Directory that is there.
pub fn subjects(store: &Store) -> Vec<ReportSubject> {
    let observations = store.observations();
    let subject = |directory: Arc<WatchedDirectory>| {
        let name = DirectoryName::new(&directory.namespace, &directory.name);
        let observation = observations.iter().find(|observation| *observation.directory() == name).cloned();
        let tally = observation.as_ref().map(|observation| observation.tally()).unwrap_or_default();
        let mode = directory.spec.provisioning.mode.counts_as();
        let is_observed = mode == ProvisioningMode::Observe && !directory.seen.is_terminating;
        ReportSubject { name, directory, is_observed, tally, observation }
    };
    let subjects: Vec<_> = store.directories().into_iter().map(subject).collect();
    // What is left of a Directory that is gone goes with it: its report does as well.
    for observation in observations {
        if subjects.iter().all(|subject| subject.name != *observation.directory()) {
            store.end_observation(observation.directory());
        }
    }
    subjects
}
