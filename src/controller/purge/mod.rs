//! The purge deletes tombstones for good once the retention of their Directory has passed.
//!
//! Each tombstone stands in the queue until the time at which its retention ends, so nothing goes round everything; where
//! the retention of a Directory is changed, its tombstones are looked at again. A Directory that is not there, or is being
//! deleted, has no retention, and nothing of it is purged.
//!
//! Members come off a group before it goes: the id of a group that is gone counts towards the groups that a person may
//! belong to. That takes a write for each member, and from the first of them on the group must not come back. So the group
//! is marked first (`spec.purging`), in one write that fails where an undelete was quicker; and where the mark was quicker,
//! the writes of the undelete fail. The mark outlives the leader, whose successor goes on.

mod act;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use self::act::Purged;
use super::dirty_names::{DirtyNames, Looked};
use super::told::ToldByDirectory;
use super::tools::Tools;
use crate::redaction::without_values;
use crate::rules::retention::{Fate, fate};
use crate::store::Error;
use crate::store::index::dirty::{DirectoryName, DirtyName};

/// After a call that failed for this one object, until it is tried again: others of its Directory go on meanwhile.
const FAILED_PAUSE: Duration = Duration::from_secs(60);
/// After some members of a group were taken off, until the next are: others of its Directory come in between.
const UNDERWAY_PAUSE: Duration = Duration::from_millis(20);
/// After a write that met a newer state, until the next look: by then the watch has told it.
const MOVED_PAUSE: Duration = Duration::from_secs(1);

/// The retention of a Directory; nothing where nobody can read it.
type Retention = Option<SignedDuration>;

/// Purges for ever.
pub async fn run(tools: Tools) {
    let mut purge = Purge::new(tools);
    loop {
        let name = purge.names.next().await.name;
        purge.look(name, Timestamp::now(), Instant::now()).await.rest().await;
    }
}

/// What this leader knows. Nothing of it needs to outlive the leader.
struct Purge {
    tools: Tools,
    names: DirtyNames,
    /// As many entries as there are Directories.
    retentions: HashMap<DirectoryName, Retention>,
    told: ToldByDirectory,
}

impl Purge {
    fn new(tools: Tools) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "purge", observe::interest);
        Self { tools, names, retentions: HashMap::new(), told: ToldByDirectory::default() }
    }

    /// Looks at one name, purges it where its time has come, and puts it back where its time is still to come.
    async fn look(&mut self, name: DirtyName, now: Timestamp, instant: Instant) -> Looked {
        let Some(retention) = self.follow(&name.directory) else { return Looked::Finished };
        let Some((kind, object, tombstone)) = observe::tombstone(&self.tools.store, &name) else {
            self.told.success(&name);
            return Looked::Finished;
        };
        let purged = match fate(&tombstone, retention, now) {
            Fate::Ends => act::purge(&self.tools, &name.directory, (kind, &object), retention, now).await,
            spared => Ok(Purged::Spared(act::wait(spared, now))),
        };
        let wait = match purged {
            Ok(Purged::Gone) => None,
            Ok(Purged::Underway) => Some(UNDERWAY_PAUSE),
            Ok(Purged::Moved) => Some(MOVED_PAUSE),
            Ok(Purged::Spared(wait)) => wait,
            Err(error) => return self.put_back(name, &error, instant),
        };
        self.told.success(&name);
        if let Some(wait) = wait {
            self.names.look_at(name, instant + wait);
        }
        Looked::Finished
    }

    /// What failed is tried again. Where it may be the trouble of this one object (a webhook forbids it, it is invalid by
    /// today's schema), it is left alone for a while, and nothing else.
    fn put_back(&mut self, name: DirtyName, error: &Error, instant: Instant) -> Looked {
        let looked = Looked::failed(error);
        // Without the names in it: one object after another may fail for the same reason.
        let reason = without_values(&error.to_string());
        self.told.failure(&name, &reason, || report::failed(&name, &reason));
        self.names.look_at(name, if looked == Looked::ServerAway { instant } else { instant + FAILED_PAUSE });
        looked
    }

    /// The retention of a Directory that is there. Where it is another one than before, every tombstone is looked at: the
    /// time at which it ends is another one as well.
    fn follow(&mut self, name: &DirectoryName) -> Option<Retention> {
        let Some(retention) = observe::retention(&self.tools.store, name) else {
            self.retentions.remove(name);
            self.told.forget(name);
            return None;
        };
        if self.retentions.insert(name.clone(), retention) != Some(retention) {
            let tombstones = self.tools.store.index(name.namespace(), name.name()).tombstones();
            self.names.review_directory(name, tombstones);
        }
        Some(retention)
    }
}
