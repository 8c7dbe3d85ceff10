//! Tells people whether their applications work: the status of each DirectoryApplication.
//!
//! No door asks it. It is for whoever writes the manifest: a Directory that is not there, a host that somebody else has, a group
//! whose name is misspelt.

mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use self::decide::Host;
use super::dirty_names::{DirtyNames, ERROR_PAUSE, Looked};
use super::status::act::{StatusWrite, Written, write};
use super::status::decide::difference;
use super::told::ToldByDirectory;
use super::tools::Tools;
use crate::redaction::without_values;
use crate::store::index::dirty::{DirtyName, DirtySubject};
use crate::store::{Error, WatchedApplication};

/// Looks at applications for ever.
pub async fn run(tools: Tools) {
    let mut applications = Applications::new(tools);
    loop {
        let name = applications.names.next().await.name;
        applications.look(&name, Timestamp::now(), Instant::now()).await.rest().await;
    }
}

/// What this leader knows. Nothing of it needs to outlive the leader.
struct Applications {
    tools: Tools,
    names: DirtyNames,
    /// The hosts of each application when it was last looked at: whoever shares one is looked at when they change.
    hosts: HashMap<DirtyName, Vec<Host>>,
    told: ToldByDirectory,
}

impl Applications {
    fn new(tools: Tools) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "application", observe::interest);
        Self { tools, names, hosts: HashMap::new(), told: ToldByDirectory::default() }
    }

    /// Looks at an application, or at those of a Directory that depend on what has changed in it.
    async fn look(&mut self, name: &DirtyName, now: Timestamp, instant: Instant) -> Looked {
        let DirtySubject::Application(application) = &name.subject else {
            for application in observe::concerned(&self.tools.store, name) {
                self.names.look_at(observe::name_of(&application), instant);
            }
            return Looked::Finished;
        };
        let application = self.tools.store.application(name.directory.namespace(), application);
        self.follow_hosts(name, application.as_deref(), instant);
        let Some(application) = application else { return Looked::Finished };
        match self.write(name, &application, now).await {
            Ok(Written::Moved) => self.names.look_at(name.clone(), instant + ERROR_PAUSE),
            Ok(_) => self.told.success(name),
            Err(error) => {
                let reason = without_values(&error.to_string());
                self.told.failure(name, &reason, || report::failed(name, &reason));
                self.names.look_at(name.clone(), instant + ERROR_PAUSE);
                return Looked::failed(&error);
            }
        }
        Looked::Finished
    }

    async fn write(
        &self,
        name: &DirtyName,
        application: &Arc<WatchedApplication>,
        now: Timestamp,
    ) -> Result<Written, Error> {
        let wanted = decide::status(&observe::application(&self.tools.store, application), now);
        let Some(changes) = difference(&application.seen.status, &wanted, decide::FIELDS) else {
            return Ok(Written::Gone);
        };
        let version = Some(application.seen.version.clone());
        write(&self.tools, &StatusWrite { name: name.clone(), version, changes, news: Vec::new() }).await
    }

    /// Lets every other application be looked at that shares a host with this one, or did, and every one that stands as if
    /// somebody else had its host where nobody has: an owner that came and went between two looks is in no list of
    /// [`Self::hosts`], and others may have seen it all the same. One that stands like that itself frees nobody, or two whose
    /// statuses the API server does not take would have each other looked at for ever.
    fn follow_hosts(&mut self, name: &DirtyName, application: Option<&WatchedApplication>, instant: Instant) {
        let after = application.map(observe::hosts).unwrap_or_default();
        let before = match application {
            Some(_) => self.hosts.insert(name.clone(), after.clone()),
            None => self.hosts.remove(name),
        };
        let before = before.unwrap_or_default();
        let has_moved = before != after;
        let store = &self.tools.store;
        let frees = application.is_none_or(|application| !observe::stands_without_reason(store, application));
        let shares = |hosts: &[Host]| hosts.iter().any(|host| before.iter().chain(&after).any(|it| it.meets(host)));
        for other in store.all_applications() {
            let is_concerned =
                has_moved && shares(&observe::hosts(&other)) || frees && observe::stands_without_reason(store, &other);
            let other_name = observe::name_of(&other);
            if is_concerned && other_name != *name {
                self.names.look_at(other_name, instant);
            }
        }
    }
}
