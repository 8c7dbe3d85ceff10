//! Makes the one-time links of invitations, and takes them away when they are used, over or withdrawn.
//!
//! `spec.invitation` of a person asks for a link; the link goes into the Secret that it names, and the status keeps a digest of
//! its token. Nothing else ever holds the token. A person whose invitation is changed gets a new link, and the old one opens
//! nothing from then on.

mod act;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use self::act::InvitationOutcome;
use super::dirty_names::{DirtyNames, Looked};
use super::told::ToldByDirectory;
use super::tools::Tools;
use crate::redaction::without_values;
use crate::store::Error;
use crate::store::index::dirty::DirtyName;

/// After a write that met a newer state, until the next look: by then the watch has told it.
const MOVED_PAUSE: Duration = Duration::from_secs(1);
/// After a call that failed for this one person, until it is tried again.
const FAILED_PAUSE: Duration = Duration::from_secs(30);

/// Looks after invitations for ever.
pub async fn run(tools: Tools) {
    let mut invitations = Invitations::new(tools);
    loop {
        let name = invitations.names.next().await.name;
        invitations.look(name, Timestamp::now(), Instant::now()).await.rest().await;
    }
}

/// What this leader knows. Nothing of it needs to outlive the leader.
struct Invitations {
    tools: Tools,
    names: DirtyNames,
    told: ToldByDirectory,
}

impl Invitations {
    fn new(tools: Tools) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "invitation", observe::interest);
        Self { tools, names, told: ToldByDirectory::default() }
    }

    /// Looks at one name, and puts it back where its link is still to end.
    async fn look(&mut self, name: DirtyName, now: Timestamp, instant: Instant) -> Looked {
        let Some(person) = observe::invited(&self.tools.store, &name) else { return Looked::Finished };
        match act::settle(&self.tools, &name.directory, &person, now).await {
            Ok(InvitationOutcome::Settled(until)) => {
                self.told.success(&name);
                if let Some(until) = until {
                    let wait = until.duration_since(now).max(SignedDuration::ZERO).unsigned_abs();
                    self.names.look_at(name, instant + wait);
                }
                Looked::Finished
            }
            Ok(InvitationOutcome::Moved) => {
                self.names.look_at(name, instant + MOVED_PAUSE);
                Looked::Finished
            }
            Err(error) => self.put_back(name, &error, instant),
        }
    }

    fn put_back(&mut self, name: DirtyName, error: &Error, instant: Instant) -> Looked {
        let looked = Looked::failed(error);
        let reason = without_values(&error.to_string());
        self.told.failure(&name, &reason, || report::failed(&name, &reason));
        self.names.look_at(name, if looked == Looked::ServerAway { instant } else { instant + FAILED_PAUSE });
        looked
    }
}
