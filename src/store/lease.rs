//! The Lease that elects which replica does the work in the background.
//!
//! Nothing depends on it for safety: every write of a leader is conditional, or says the same when said twice. So it does
//! no harm that the time in the Lease is compared with the clock of another machine, and that two replicas lead for a
//! moment. What it is for is that the work is done once and not by each of them.

use std::time::Duration;

use kube::Client;
use kube_lease_manager::{LeaseCreateMode, LeaseManager, LeaseParams};

use super::Error;
use super::error::with_causes;

/// The name of the Lease.
pub const LEASE_NAME: &str = "rollcall";
/// How long the others wait for a leader that is heard no more.
pub const LEASE_DURATION: Duration = Duration::from_secs(15);
/// After what time the leader says that it is still there.
pub const RENEWAL: Duration = Duration::from_secs(5);
/// How much of a replica's name goes into its identity: the API server takes 128 characters for the whole.
const LONGEST_REPLICA_NAME: usize = 100;

/// One replica in the election.
pub struct Candidate {
    client: Client,
    namespace: String,
    identity: String,
    /// None before the first question and after an error: what was known of the Lease is forgotten with it.
    manager: Option<LeaseManager>,
}

impl Candidate {
    /// A candidate that has not asked for anything yet.
    pub(super) fn new(client: Client, namespace: Option<&str>, replica: &str) -> Self {
        let namespace = namespace.unwrap_or_else(|| client.default_namespace()).to_owned();
        Self { client, namespace, identity: identity(replica, rand::random()), manager: None }
    }

    /// Who it is in the Lease.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The namespace of the Lease.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Waits until this replica leads or leads no more, and keeps the Lease alive while it is waited for. After an error
    /// (the API server is away, a right is missing) it does not lead, and the next question begins anew.
    ///
    /// May be dropped at any point: a Lease that was won and not heard of runs out.
    pub async fn changed(&mut self) -> Result<bool, Error> {
        let manager = match self.manager.take() {
            Some(manager) => manager,
            None => self.begin().await?,
        };
        // Kept where the question is dropped half-way: who leads must be able to give the Lease back.
        self.manager.insert(manager).changed().await.map_err(|error| {
            self.manager = None;
            unavailable(&error)
        })
    }

    /// Gives the Lease back, so that another replica need not wait for it to run out.
    pub async fn release(&mut self) -> Result<(), Error> {
        let Some(manager) = self.manager.take() else { return Ok(()) };
        manager.release().await.map_err(|error| unavailable(&error))
    }

    async fn begin(&self) -> Result<LeaseManager, Error> {
        // It renews so long before the end.
        let grace = LEASE_DURATION - RENEWAL;
        let params = LeaseParams::new(&self.identity, LEASE_DURATION.as_secs(), grace.as_secs())
            .with_field_manager(&self.identity);
        let manager =
            LeaseManager::new(self.client.clone(), LEASE_NAME, &self.namespace, params, LeaseCreateMode::AutoCreate);
        manager.await.map_err(|error| unavailable(&error))
    }
}

fn unavailable(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::Unavailable { reason: with_causes(error) }
}

/// The name that people know, and chance: a pod of a StatefulSet comes back under its name, and is another process.
fn identity(replica: &str, chance: u32) -> String {
    let replica: String = replica.chars().filter(char::is_ascii_graphic).take(LONGEST_REPLICA_NAME).collect();
    format!("{replica}_{chance:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_name_of_the_replica_and_chance() {
        assert_eq!(identity("rollcall-7f-x2", 0xab), "rollcall-7f-x2_000000ab");
        assert_eq!(identity("käse\n", 1), "kse_00000001");
        assert!(identity(&"x".repeat(300), u32::MAX).len() <= 128);
    }

    #[test]
    fn a_leader_says_that_it_is_there_twice_before_it_is_given_up() {
        const { assert!(2 * RENEWAL.as_secs() < LEASE_DURATION.as_secs()) };
    }
}
