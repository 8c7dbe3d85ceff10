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

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use self::decide::{DeletionStep, ObservedDeletion, decide};
use super::dirty_names::{DirtyNames, ERROR_PAUSE, Looked};
use super::told::ToldByDirectory;
use super::tools::Tools;
use crate::redaction::without_values;
use crate::store::Error;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};
use crate::store::kind::Kind;
use crate::store::watch::FRESHNESS_LIMIT;

/// After some objects were deleted, or a write met a newer state, until the next look: by then the watch has mostly told it.
const NEXT_LOOK: Duration = Duration::from_millis(20);
/// After a Directory proved to be another one than the watch has told, until the next look: by then it has mostly told it.
const MOVED_PAUSE: Duration = Duration::from_secs(1);
/// After a look at objects of which all were in the way, until the next look goes on behind them.
const NOTHING_DELETED_PAUSE: Duration = Duration::from_secs(1);
/// Where everything that is left cannot be deleted, or is kept by somebody's finalizer, until it is tried again.
const KEPT_PAUSE: Duration = Duration::from_secs(5);
/// How long a request to SCIM may take at all: `http::edge::limits::WHOLE_REQUEST`, which `app` holds against it.
pub const LONGEST_REQUEST: Duration = Duration::from_secs(30);
/// How long a Directory is at least kept after its deletion was first seen. Whom a request makes later would be left behind.
/// Another replica may believe in the Directory for as long as its watch may be silent, and a request that it lets in at the
/// end of that time may take its own time.
const QUIET_TIME: Duration = FRESHNESS_LIMIT.saturating_add(LONGEST_REQUEST);
/// Between two looks at whether the watches of this replica have told everything that happened in [`QUIET_TIME`].
const HEARD_POLL: Duration = Duration::from_secs(1);

/// Carries the deletion of Directories out, for ever.
pub async fn run(tools: Tools) {
    let mut deletion = Deletion::new(tools);
    loop {
        let name = deletion.names.next().await.name;
        deletion.look(name, Instant::now()).await.rest().await;
    }
}

/// A deletion under way.
struct Ending {
    /// Since when it is known.
    since: Instant,
    /// What could not be deleted, or is kept by somebody's finalizer: the rest goes first. As many as there are objects.
    in_the_way: HashSet<DirtySubject>,
}

/// What this leader knows. Nothing of it needs to outlive the leader: the next one waits a little longer.
struct Deletion {
    tools: Tools,
    names: DirtyNames,
    /// The Directories that are known to be in deletion.
    endings: HashMap<DirectoryName, Ending>,
    told: ToldByDirectory,
}

impl Deletion {
    fn new(tools: Tools) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "deletion", observe::interest);
        Self { tools, names, endings: HashMap::new(), told: ToldByDirectory::default() }
    }

    /// Takes the next step with a Directory, and puts it back where there is another one.
    async fn look(&mut self, name: DirtyName, now: Instant) -> Looked {
        if name.subject != DirtySubject::Directory {
            return Looked::Finished;
        }
        let Some(seen) = observe::directory(&self.tools.store, &name.directory, now) else {
            self.endings.remove(&name.directory);
            self.told.forget(&name.directory);
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
            DeletionStep::DeleteSome => match self.delete_some(&name, &seen, now).await {
                Ok(wait) => {
                    self.names.look_at(name, Instant::now().max(now) + wait);
                    return Looked::Finished;
                }
                Err(error) => Err(error),
            },
        };
        match next {
            Ok(next) => {
                self.told.success(&name);
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
            self.endings.remove(name);
            return Duration::ZERO;
        }
        now.duration_since(self.ending(name, now).since)
    }

    fn ending(&mut self, name: &DirectoryName, now: Instant) -> &mut Ending {
        let begun = || Ending { since: now, in_the_way: HashSet::new() };
        self.endings.entry(name.clone()).or_insert_with(begun)
    }

    /// Deletes some of what belongs to a Directory; returns after which time the next look is due. What fails does not keep
    /// the rest waiting while anything is deleted.
    async fn delete_some(
        &mut self,
        name: &DirtyName,
        seen: &ObservedDeletion,
        now: Instant,
    ) -> Result<Duration, Error> {
        let directory = &name.directory;
        if !act::is_unmoved(&self.tools, directory, seen).await? {
            return Ok(MOVED_PAUSE);
        }
        let tools = self.tools.clone();
        let in_the_way = &mut self.ending(directory, now).in_the_way;
        let batch = act::delete_some(&tools, directory, in_the_way).await;
        if batch.is_over {
            // Whoever keeps the last ones may let them go meanwhile.
            in_the_way.clear();
            return Ok(KEPT_PAUSE);
        }
        let (has_deleted, is_clear) = (batch.has_deleted, in_the_way.is_empty());
        if let Some((subject, error)) = batch.failed {
            let object = act::object_of(&subject).map(|(kind, name)| (kind, &**name));
            self.tell(name, object, &error);
            if !has_deleted || matches!(error, Error::Unavailable { .. }) {
                return Err(error);
            }
        } else if is_clear {
            self.told.success(name);
        }
        Ok(if has_deleted || is_clear { NEXT_LOOK } else { NOTHING_DELETED_PAUSE })
    }

    fn tell(&mut self, name: &DirtyName, object: Option<(Kind, &str)>, error: &Error) {
        // Without the names in it: one object after another may fail for the same reason.
        let reason = without_values(&error.to_string());
        self.told.failure(name, &reason, || report::failed(&name.directory, object, error));
    }

    /// What failed is tried again. Where it may be the trouble of one Directory (a right is missing in its namespace, a
    /// webhook forbids it), that Directory is left alone for a while, and nobody else.
    fn put_back(&mut self, name: DirtyName, error: &Error, now: Instant) -> Looked {
        let looked = Looked::failed(error);
        self.tell(&name, None, error);
        if looked == Looked::Finished {
            self.names.hold(&name.directory, now + ERROR_PAUSE);
        }
        self.names.look_at(name, now);
        looked
    }
}
