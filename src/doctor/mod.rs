//! `rollcall doctor`: what is wrong with a Directory, and what to do about it.
//!
//! It looks at the cluster with the rights of whoever runs it (`observe`), and each check is a pure function of what was seen
//! and of the time ([`checks`]). A check that lacks a right says which one and stands in nobody's way.

pub mod blind;
pub mod checks;
pub mod finding;
mod observe;
mod people;
pub mod print;
mod probe;

use jiff::Timestamp;

use crate::store::Store;
use finding::{Finding, FindingState};
pub use observe::{LookRequest, ObservedCluster, spec_of};
pub use people::is_in_conflict;
pub use probe::ProbeRequest;

/// What came of a look at one Directory.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The namespace of the Directory.
    pub namespace: String,
    /// Its name.
    pub directory: String,
    /// The time by the clock of the API server.
    pub at: Timestamp,
    /// One for each check, in the order in which a person would look.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// How many findings have this state.
    pub fn count(&self, state: FindingState) -> usize {
        self.findings.iter().filter(|finding| finding.state == state).count()
    }
}

/// Looks at a Directory. The error says why nothing could be looked at.
pub async fn examine(store: &Store, request: &LookRequest, now: Timestamp) -> Result<Examination, String> {
    let (observed, time) = observe::observe(store, request).await;
    if let Err(blind::Blind::Failed(reason)) = &observed.directory {
        return Err(reason.clone());
    }
    let at = time.unwrap_or(now);
    let findings = checks::run(&observed, at);
    Ok(Examination { namespace: request.namespace.clone(), directory: request.directory.clone(), at, findings })
}
