//! Looks after keys: tells what each is good for, makes the secrets that people ask for, and replaces keys in good time.
//!
//! Time alone changes what a key is good for, so each key stands in the queue until the next moment that matters: its beginning,
//! each of the three warnings before its end, the end itself, the end of its Secret, and the day of its successor.
//!
//! The hash of a minted key stands in its spec, because a restore drops every status. The secret stands in a Secret of the
//! operator's type that belongs to the key, and in nothing else: no status, no Event and no line of the log has it.

mod act;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use self::act::KeyStep;
use self::decide::{Minted, ObservedKey, Rotation, difference_of};
use self::observe::DirectoryOfKeys;
use super::dirty_names::{DirtyNames, ERROR_PAUSE, Looked};
use super::status::act::{StatusWrite, Written, write};
use super::told::Told;
use super::tools::Tools;
use crate::rules::key::expiry::next_change;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};
use crate::store::{Error, WatchedKey};

/// After a call that failed for this one key, until it is tried again.
const FAILED_PAUSE: Duration = Duration::from_secs(30);
/// While a key cannot be minted, until it is tried again: nobody tells that a stranger's Secret is gone or a right was granted.
const BLOCKED_PAUSE: Duration = Duration::from_secs(20);
/// After something was written whose outcome the watch may have to tell, until the next look.
const AGAIN_PAUSE: Duration = Duration::from_millis(100);

/// Looks after keys for ever.
pub async fn run(tools: Tools) {
    let mut keys = Keys::new(tools);
    loop {
        let name = keys.names.next().await.name;
        keys.look(name, Timestamp::now(), Instant::now()).await.rest().await;
    }
}

/// What this leader knows. Nothing of it needs to outlive the leader.
struct Keys {
    tools: Tools,
    names: DirtyNames,
    /// What was last seen of each Directory that has keys: its keys are looked at when it changes.
    directories: HashMap<DirectoryName, Option<DirectoryOfKeys>>,
    told: Told,
}

/// How a look at a key ended.
enum KeyLook {
    /// All is as it should be, until this time if there is one.
    Settled(Option<Timestamp>),
    /// It is looked at again after this time.
    After(Duration),
}

impl Keys {
    fn new(tools: Tools) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "key", observe::interest);
        Self { tools, names, directories: HashMap::new(), told: Told::default() }
    }

    /// Looks at a key, or at the keys of a Directory that has changed.
    async fn look(&mut self, name: DirtyName, now: Timestamp, instant: Instant) -> Looked {
        let directory = self.follow(&name.directory, instant);
        let DirtySubject::Key(key) = &name.subject else { return Looked::Finished };
        let Some(key) = self.tools.store.key(name.directory.namespace(), key) else { return Looked::Finished };
        // A key that is being deleted is nobody's any more, and one of another Directory was made anew under the name.
        if key.seen.is_terminating || key.directory() != name.directory.name() {
            return Looked::Finished;
        }
        match self.settle(&name, &key, directory, now).await {
            Ok(KeyLook::Settled(until)) => {
                self.told.success();
                if let Some(until) = until {
                    let wait = until.duration_since(now).max(SignedDuration::ZERO).unsigned_abs();
                    self.names.look_at(name, instant + wait);
                }
                Looked::Finished
            }
            Ok(KeyLook::After(pause)) => {
                self.names.look_at(name, instant + pause);
                Looked::Finished
            }
            Err(error) => {
                report::failed(&mut self.told, &name, &error);
                let looked = Looked::failed(&error);
                self.names.look_at(name, if looked == Looked::ServerAway { instant } else { instant + FAILED_PAUSE });
                looked
            }
        }
    }

    /// Does what is to be done about a key, and then tells how it stands.
    async fn settle(
        &self,
        name: &DirtyName,
        key: &Arc<WatchedKey>,
        directory: Option<DirectoryOfKeys>,
        now: Timestamp,
    ) -> Result<KeyLook, Error> {
        if let Some(predecessor) = key.predecessor.as_deref().filter(|_| key.spec.sha256.is_some()) {
            // It waits for this one to be usable.
            let predecessor = observe::name_of(&key.namespace, key.directory(), predecessor);
            if observe::waits_for_successor(&self.tools.store, &predecessor) {
                self.names.look_at(predecessor, Instant::now());
            }
        }
        let mut again = false;
        let minted = match decide::mints(key, directory.is_some(), now) {
            Some(minted) => minted,
            None => match act::mint(&self.tools, key, now).await? {
                KeyStep::Rest(minted) => minted,
                KeyStep::Again => {
                    again = true;
                    Minted::Underway
                }
            },
        };
        let rotation = match &directory {
            None => Rotation::NotAsked,
            Some(directory) => match act::rotate(&self.tools, key, directory, now).await? {
                KeyStep::Rest(rotation) => rotation,
                KeyStep::Again => return Ok(KeyLook::After(AGAIN_PAUSE)),
            },
        };
        let successor = observe::named_successor(&self.tools.store, key);
        let observed = ObservedKey { key, has_directory: directory.is_some(), minted, rotation, successor };
        report::warn(&self.tools, &observed, now).await?;
        if let Some(changes) = difference_of(&observed, now) {
            let version = Some(key.seen.version.clone());
            let written = StatusWrite { name: name.clone(), version, changes, news: Vec::new() };
            if write(&self.tools, &written).await? == Written::Moved {
                return Ok(KeyLook::After(ERROR_PAUSE));
            }
        }
        Ok(match observed.minted {
            _ if again => KeyLook::After(AGAIN_PAUSE),
            Minted::SecretTaken | Minted::Forbidden => KeyLook::After(BLOCKED_PAUSE),
            _ => KeyLook::Settled(next_moment(&observed, now)),
        })
    }

    /// What is there of a Directory. Where it is another than before, all its keys are looked at.
    fn follow(&mut self, name: &DirectoryName, instant: Instant) -> Option<DirectoryOfKeys> {
        let directory = observe::directory(&self.tools.store, name);
        let keys = self.tools.store.keys_of(name.namespace(), name.name());
        if keys.is_empty() {
            self.directories.remove(name);
        } else if self.directories.insert(name.clone(), directory) != Some(directory) {
            for key in keys {
                self.names.look_at(observe::name_of(&key.namespace, key.directory(), &key.name), instant);
            }
        }
        directory
    }
}

/// When the key is looked at again although nothing changes.
fn next_moment(observed: &ObservedKey<'_>, now: Timestamp) -> Option<Timestamp> {
    let secret_ends = match observed.minted {
        Minted::SecretThere(until) => until,
        _ => None,
    };
    let due = match observed.rotation {
        Rotation::Due(due) => Some(due).filter(|due| *due > now),
        _ => None,
    };
    [next_change(&observed.key.spec, now), secret_ends, due].into_iter().flatten().min()
}
