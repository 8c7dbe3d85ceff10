//! The first writer of statuses: what is seen of Directories, groups and users, written where it differs from what stands.
//!
//! Nothing is written while nothing changes, after a restart neither. A burst of changes is one write for each object that
//! they are about, and a group that is renamed touches no member. A Directory comes before its groups, and these before
//! people: nobody waits for the counts because the policy of 20,000 people has changed. Of people, those who were deactivated,
//! suspended or deleted come before the others: thousands of new ones keep nobody from learning who is out.

pub mod act;
mod alarm_events;
mod appointments;
mod conflicts;
pub mod decide;
mod observe;
mod pace;
mod report;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Map, Value};

pub(super) use self::act::{StatusWrite, Written, write};
use self::alarm_events::AlarmEvents;
use self::appointments::Appointments;
use self::conflicts::Contested;
use self::decide::group;
use self::decide::ownership::Conflict;
use self::decide::user;
pub(super) use self::decide::{conditions, difference};
use self::observe::KnownDirectory;
use self::pace::Pace;
use super::claiming::Passes;
use super::dirty_names::{DirtyNames, ERROR_PAUSE, Looked};
use super::events::{self, LoginTransitions};
use super::told::Told;
use super::tools::Tools;
use crate::rules::resource::Resource;
use crate::rules::traffic::silence::look_again;
use crate::store::index::Index;
use crate::store::index::dirty::{Cause, DirectoryName, DirtyName, DirtySubject, Taken};
use crate::store::{Error, WatchedDirectory};

/// Most statuses that are written at the same time: a write takes longer than the time until the next may begin.
const WRITES_AT_ONCE: usize = 4;
/// Most names that are looked at before what was decided is written.
const LOOKS_AT_ONCE: usize = 200;
/// After a write that met a newer state, until the next look: by then the watch has told it.
const MOVED_PAUSE: Duration = Duration::from_secs(1);

/// Writes statuses for ever.
pub async fn run(tools: Tools, passes: Passes) {
    let mut statuses = Statuses::new(tools, passes);
    loop {
        let first = tokio::select! {
            taken = statuses.names.next() => taken,
            directory = statuses.appointments.next() => {
                Taken { name: DirtyName { directory, subject: DirtySubject::Directory }, cause: Cause::Change }
            }
        };
        statuses.look(first, Instant::now()).await.rest().await;
    }
}

/// What this leader knows. Nothing of it needs to outlive the leader.
struct Statuses {
    tools: Tools,
    passes: Passes,
    names: DirtyNames,
    /// As many entries as there are Directories.
    directories: HashMap<DirectoryName, KnownDirectory>,
    contested: Contested,
    /// Names whose status the API server has refused: they are not looked at again until something changes.
    refused: HashSet<DirtyName>,
    logins: LoginTransitions,
    alarms: AlarmEvents,
    pace: Pace,
    appointments: Appointments,
    told: Told,
    told_of_events: Told,
    led_since: Timestamp,
    /// Of which names it was told what the leader before this one may have left untold: as many as there are statuses that turned
    /// shortly before this leader began.
    left_told: HashSet<DirtyName>,
}

impl Statuses {
    fn new(tools: Tools, passes: Passes) -> Self {
        Self {
            names: DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "status", observe::interest),
            tools,
            passes,
            directories: HashMap::new(),
            contested: Contested::default(),
            refused: HashSet::new(),
            logins: LoginTransitions::default(),
            alarms: AlarmEvents::default(),
            pace: Pace::default(),
            appointments: Appointments::default(),
            told: Told::default(),
            told_of_events: Told::default(),
            led_since: Timestamp::now(),
            left_told: HashSet::new(),
        }
    }

    /// Looks at names, this one first, until a few statuses are to be written, and writes them.
    async fn look(&mut self, first: Taken, now: Instant) -> Looked {
        let (mut writes, mut failed) = (Vec::<StatusWrite>::new(), Vec::new());
        let (mut next, mut looks) = (Some(first), 0);
        while let Some(taken) = next {
            if writes.iter().any(|write| write.name == taken.name) {
                // It has just been decided about. Where it changed since, it is looked at again after the write.
                if taken.cause == Cause::Change {
                    self.names.look_at(taken.name, now);
                    break;
                }
                next = self.names.take(now);
                continue;
            }
            match self.decide(&taken, Timestamp::now()).await {
                Ok(write) => writes.extend(write),
                Err(error) => failed.push((taken.name, error)),
            }
            looks += 1;
            let enough = writes.len() == WRITES_AT_ONCE || looks == LOOKS_AT_ONCE || !failed.is_empty();
            next = if enough { None } else { self.names.take(now) };
        }
        let written = join_all(writes.iter().map(|write| act::write(&self.tools, write))).await;
        for (write, written) in writes.into_iter().zip(written) {
            match written {
                Ok(Written::Done(uid)) => {
                    act::tell_news(&self.tools, &mut self.told_of_events, &write, &uid).await;
                    if write.changes.is_empty() {
                        self.left_told.insert(write.name);
                    }
                }
                Ok(Written::Gone) => {}
                Ok(Written::Moved) => self.names.look_at(write.name, now + MOVED_PAUSE),
                Ok(Written::Refused) => drop(self.refused.insert(write.name)),
                Err(error) => failed.push((write.name, error)),
            }
        }
        let looked = self.put_back(failed, now);
        report::report(&self.tools.metrics, &self.directories, &self.logins);
        looked
    }

    /// What failed is tried again. Where it may be the trouble of one Directory (a right is missing in its namespace, a
    /// webhook forbids a write), that Directory is left alone for a while, and nobody else.
    fn put_back(&mut self, failed: Vec<(DirtyName, Error)>, now: Instant) -> Looked {
        let mut looked = Looked::Finished;
        if failed.is_empty() {
            self.told.success();
        }
        for (name, error) in failed {
            let reason = error.to_string();
            self.told.failure(&reason, || report::failed(&reason));
            if matches!(error, Error::Unavailable { .. }) {
                looked = Looked::ServerAway;
            } else {
                self.names.hold(&name.directory, now + ERROR_PAUSE);
            }
            self.names.look_at(name, now);
        }
        looked
    }

    /// What is to be written about a name, if anything.
    async fn decide(&mut self, Taken { name, cause }: &Taken, now: Timestamp) -> Result<Option<StatusWrite>, Error> {
        match cause {
            Cause::Review if self.refused.contains(name) => return Ok(None),
            Cause::Review | Cause::Change => drop(self.refused.remove(name)),
        }
        let Some(directory) = self.follow(&name.directory) else { return Ok(None) };
        // People may be on their way out by the thousand, and what is said of them is nobody's concern any more.
        if directory.seen.is_terminating && name.subject != DirtySubject::Directory {
            return Ok(None);
        }
        let write = match &name.subject {
            DirtySubject::Directory => {
                if let Some(happening) = self.logins.look(&directory, now) {
                    events::tell(&self.tools, &mut self.told_of_events, &happening).await;
                }
                for happening in self.alarms.look(&directory, now) {
                    events::tell(&self.tools, &mut self.told_of_events, &happening).await;
                }
                self.decide_directory(name, &directory, now)
            }
            DirtySubject::Group(object) => self.decide_group(name, object, &directory, now).await?,
            DirtySubject::User(object) => self.decide_user(name, object, *cause, &directory, now).await?,
            DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
        };
        Ok(write)
    }

    /// What the leader before this one may have left untold of a user or a group whose status stands as it should.
    fn left_untold(&self, name: &DirtyName, stands: &Value, now: Timestamp) -> Option<StatusWrite> {
        let news = events::left_untold(stands, self.led_since, now).filter(|_| !self.left_told.contains(name))?;
        Some(StatusWrite { name: name.clone(), version: None, changes: Map::new(), news: vec![news] })
    }

    /// The Directory as it is by now. Where its spec is another one than before, or its tenant has become known, what counts for
    /// users, who has access, and whether groups have members, may be something else: everything of it is looked at.
    fn follow(&mut self, name: &DirectoryName) -> Option<Arc<WatchedDirectory>> {
        let Some(directory) = self.tools.store.directory(name.namespace(), name.name()) else {
            self.directories.remove(name);
            self.contested.forget(name);
            self.logins.forget(name);
            self.alarms.forget(name);
            self.pace.forget();
            self.appointments.set(name, None);
            self.refused.retain(|refused| refused.directory != *name);
            return None;
        };
        let login = observe::login(&self.tools.providers, &directory);
        let known = self.directories.get(name);
        if known.is_none_or(|known| known.spec != directory.spec || known.login != login) {
            self.directories.insert(name.clone(), KnownDirectory::new(&directory.spec, login));
            self.refused.retain(|refused| refused.directory != *name);
            let subjects = self.tools.store.index(name.namespace(), name.name()).subjects();
            self.names.review_directory(name, subjects);
        }
        Some(directory)
    }

    fn decide_directory(&mut self, name: &DirtyName, of: &WatchedDirectory, now: Timestamp) -> Option<StatusWrite> {
        let known = self.directories.get_mut(&name.directory)?;
        for attribute in super::claiming::begun(&of.spec, &of.seen.status) {
            self.passes.forget(&name.directory, &attribute);
        }
        let passes = self.passes.about(of);
        observe::refresh(&self.tools.store, known, of, now);
        let brake = observe::brake(&self.tools.store, of, now);
        let seen = observe::directory(&self.tools, known, of, brake, &passes);
        if let Some(wait) = brake.changes_at().and_then(|at| at.duration_since(now).try_into().ok()) {
            let wait: Duration = wait;
            self.names.look_at(name.clone(), Instant::now() + wait);
        }
        let again = seen.provisioning.as_ref().and_then(|seen| look_again(of.spec.provisioning.source, seen, now));
        let again = again.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
        self.appointments.set(&name.directory, again.map(|wait| Instant::now() + wait));
        let wanted = decide::directory::status(&seen, now);
        let changes = decide::difference(&of.seen.status, &wanted, decide::directory::FIELDS)?;
        if let Some(wait) = self.pace.wait(&name.directory, &of.seen.status, &changes) {
            self.names.look_at(name.clone(), Instant::now() + wait);
            return None;
        }
        // A rule is in force because of what was seen of this very state of the Directory, and of no later one.
        Some(StatusWrite { name: name.clone(), version: Some(of.seen.version.clone()), changes, news: Vec::new() })
    }

    async fn decide_group(
        &mut self,
        name: &DirtyName,
        object: &Arc<str>,
        of: &WatchedDirectory,
        now: Timestamp,
    ) -> Result<Option<StatusWrite>, Error> {
        let index = self.tools.store.index(&of.namespace, &of.name);
        let conflict = self.conflict(name, (Resource::Group, object), &index, of, now).await?;
        let Some(record) = index.record(Resource::Group, object) else { return Ok(None) };
        let stands = index.status(Resource::Group, object).unwrap_or_default();
        let deleted_at = observe::deleted_at(&index, Resource::Group, object);
        let (wanted, fields) = if index.is_visible(Resource::Group, object) {
            let seen = observe::group(&index, &record, (&stands, conflict.as_ref()), &of.spec);
            (group::status(&seen, now), group::FIELDS)
        } else if deleted_at.is_some() || conflict.is_some() {
            let seen = (record.generation, &stands);
            (group::hidden(seen, (conflict.as_ref(), deleted_at), now), group::HIDDEN_FIELDS)
        } else {
            return Ok(None);
        };
        Ok(match decide::difference(&stands, &wanted, fields) {
            Some(changes) => {
                let news = events::news(&stands, &wanted, true);
                Some(StatusWrite { name: name.clone(), version: None, changes, news })
            }
            None => self.left_untold(name, &stands, now),
        })
    }

    async fn decide_user(
        &mut self,
        name: &DirtyName,
        object: &Arc<str>,
        cause: Cause,
        of: &WatchedDirectory,
        now: Timestamp,
    ) -> Result<Option<StatusWrite>, Error> {
        let index = self.tools.store.index(&of.namespace, &of.name);
        let conflict = self.conflict(name, (Resource::User, object), &index, of, now).await?;
        let Some(record) = index.record(Resource::User, object) else { return Ok(None) };
        let (Some(known), Some(person)) = (self.directories.get(&name.directory), index.person(object)) else {
            return Ok(None);
        };
        let stands = index.status(Resource::User, object).unwrap_or_default();
        // Of somebody whom SCIM does not show, the effective values stay as they stand.
        let is_visible = index.is_visible(Resource::User, object);
        let effective =
            if is_visible { observe::effective(&known.policy, &record) } else { stands.get("effective").cloned() };
        let last_deactivation = index.last_deactivation(object);
        let seen = user::ObservedUser {
            generation: record.generation,
            status: &stands,
            effective,
            conflict: conflict.as_ref(),
            person: &person.access,
            login: known.login.as_ref(),
            deleted_at: observe::deleted_at(&index, Resource::User, object).flatten(),
            last_deactivation: last_deactivation.as_ref(),
        };
        let Some(wanted) = user::status(&seen, now) else { return Ok(None) };
        Ok(match decide::difference(&stands, &wanted, user::FIELDS) {
            Some(changes) => {
                let news = events::news(&stands, &wanted, cause == Cause::Change);
                Some(StatusWrite { name: name.clone(), version: None, changes, news })
            }
            None => self.left_untold(name, &stands, now),
        })
    }

    /// Why a user or a group does not own a value that it names, if that may be told by now.
    async fn conflict(
        &mut self,
        name: &DirtyName,
        (kind, object): (Resource, &Arc<str>),
        index: &Index,
        of: &WatchedDirectory,
        now: Timestamp,
    ) -> Result<Option<Conflict>, Error> {
        let known_from = self.contested.look(&self.tools.store, of, index, (kind, object), now).await?;
        if let Some(wait) = known_from.and_then(|known_from| known_from.duration_since(now).try_into().ok()) {
            let wait: Duration = wait;
            self.names.look_at(name.clone(), Instant::now() + wait);
        }
        let taken = self.contested.conflict(kind, &name.directory, object).cloned();
        Ok(taken.or_else(|| index.has_several_values(kind, object).then_some(Conflict::SeveralValues)))
    }
}
