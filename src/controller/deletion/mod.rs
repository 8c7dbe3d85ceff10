//! `deletionPolicy`: what becomes of people and groups when their Directory is deleted.
//!
//! With `Delete` the Directory has a finalizer, and while it is being deleted the leader deletes what belongs to it: groups,
//! people and then the claims that the garbage collector has left. After that the finalizer comes off, and the Directory
//! goes. With `Retain` there is no finalizer and nothing to do. The policy that counts is the one that the Directory has
//! at that moment: `Retain` ends a deletion under way, and keeps who is left.
//!
//! The finalizers are all that the operator ever writes of a Directory beside its status.

mod act;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use self::decide::{DeletionStep, decide};
use super::dirty_names::DirtyNames;
use super::told::Told;
use super::tools::Tools;
use crate::store::Error;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};

/// After a call that the API server could not take, until it is tried again.
const ERROR_PAUSE: Duration = Duration::from_secs(5);
/// After some objects were deleted, or a write met a newer state, until the next look: by then the watch has mostly told it.
const NEXT_LOOK: Duration = Duration::from_millis(20);
/// How long a Directory is at least kept after its deletion was first seen. SCIM answers 503 from then on, and a request
/// that came in before is over by then: whom it made would be left behind.
const QUIET_TIME: Duration = Duration::from_secs(30);

/// Carries the deletion of Directories out, for ever.
pub async fn run(tools: Tools) {
    let mut deletion = Deletion::new(tools);
    loop {
        let name = deletion.names.next().await.name;
        if let Looked::ServerAway = deletion.look(name, Instant::now()).await {
            tokio::time::sleep(ERROR_PAUSE).await;
        }
    }
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    Finished,
    /// The API server is away: the next call would fare no better.
    ServerAway,
}

/// What this leader knows. Nothing of it needs to outlive the leader: the next one waits a little longer.
struct Deletion {
    tools: Tools,
    names: DirtyNames,
    /// Since when Directories are known to be in deletion.
    ending_since: HashMap<DirectoryName, Instant>,
    told: Told,
}

impl Deletion {
    fn new(tools: Tools) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "deletion", observe::interest);
        Self { tools, names, ending_since: HashMap::new(), told: Told::default() }
    }

    /// Takes the next step with a Directory, and puts it back where there is another one.
    async fn look(&mut self, name: DirtyName, now: Instant) -> Looked {
        if name.subject != DirtySubject::Directory {
            return Looked::Finished;
        }
        let Some(seen) = observe::directory(&self.tools.store, &name.directory) else {
            self.ending_since.remove(&name.directory);
            return Looked::Finished;
        };
        let step = decide(&seen, self.ended_for(&name.directory, seen.is_terminating, now));
        let next = match step {
            DeletionStep::Nothing => Ok(None),
            DeletionStep::Wait(wait) => Ok(Some(wait)),
            DeletionStep::PutFinalizer | DeletionStep::TakeFinalizer => {
                act::write_finalizers(&self.tools, &name.directory, &seen, step)
                    .await
                    .map(|moved| moved.then_some(NEXT_LOOK))
            }
            DeletionStep::DeleteSome => act::delete_some(&self.tools, &name.directory).await.map(|()| Some(NEXT_LOOK)),
        };
        match next {
            Ok(next) => {
                self.told.success();
                if let Some(wait) = next {
                    self.names.look_at(name, Instant::now().max(now) + wait);
                }
                Looked::Finished
            }
            Err(error) => self.put_back(name, &error, now),
        }
    }

    /// How long a Directory has been known to be in deletion.
    fn ended_for(&mut self, name: &DirectoryName, is_terminating: bool, now: Instant) -> Duration {
        if !is_terminating {
            self.ending_since.remove(name);
            return Duration::ZERO;
        }
        now.duration_since(*self.ending_since.entry(name.clone()).or_insert(now))
    }

    /// What failed is tried again. Where it may be the trouble of one Directory (a right is missing in its namespace, a
    /// webhook forbids it), that Directory is left alone for a while, and nobody else.
    fn put_back(&mut self, name: DirtyName, error: &Error, now: Instant) -> Looked {
        let is_away = matches!(error, Error::Unavailable { .. });
        self.told.failure(&error.to_string(), || report::failed(&name.directory, error));
        if !is_away {
            self.names.hold(&name.directory, now + ERROR_PAUSE);
        }
        self.names.look_at(name, now);
        if is_away { Looked::ServerAway } else { Looked::Finished }
    }
}
