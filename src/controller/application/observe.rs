//! What is seen of an application: its Directory, who shares its hosts, and whom it names.

use std::sync::Arc;
use std::time::Duration;

use super::decide::{DirectoryOfApplication, Host, ObservedApplication};
use crate::api::conditions::Reason;
use crate::rules::access::LoginRules;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};
use crate::store::{Store, WatchedApplication};

/// How long the first change waits for those after it: people and groups come by the hundred.
const BURST: Duration = Duration::from_millis(500);

/// What is looked at.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::Directory | DirtySubject::Group(_) | DirtySubject::User(_) | DirtySubject::Application(_) => {
            Some(BURST)
        }
        DirtySubject::Claim(_) | DirtySubject::Key(_) => None,
    }
}

/// The applications of a Directory whose status may be another one after a change of this.
pub fn concerned(store: &Store, DirtyName { directory, subject }: &DirtyName) -> Vec<Arc<WatchedApplication>> {
    let mut applications = store.applications(directory.namespace(), directory.name());
    applications.retain(|application| {
        let require = &application.spec.require;
        match subject {
            DirtySubject::Directory => true,
            DirtySubject::Group(_) => !require.groups.is_empty(),
            DirtySubject::User(_) => !require.users.is_empty(),
            DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => false,
        }
    });
    applications
}

/// How the queue calls an application.
pub fn name_of(application: &WatchedApplication) -> DirtyName {
    let directory = DirectoryName::new(&application.namespace, application.directory());
    DirtyName { directory, subject: DirtySubject::Application(application.name.as_str().into()) }
}

/// Its hosts.
pub fn hosts(application: &WatchedApplication) -> Vec<Host> {
    let scheme = application.spec.scheme.counts_as();
    application.spec.hosts.iter().map(|host| Host::of(host, scheme)).collect()
}

/// An application.
pub fn application<'a>(store: &Store, of: &'a WatchedApplication) -> ObservedApplication<'a> {
    let directory = store.directory(&of.namespace, of.directory());
    let directory = directory.map(|directory| DirectoryOfApplication {
        is_terminating: directory.seen.is_terminating,
        has_login: LoginRules::of(directory.spec.login.as_ref(), None).method.is_some(),
    });
    let index = store.index(&of.namespace, of.directory());
    let require = &of.spec.require;
    ObservedApplication {
        directory_name: of.directory(),
        generation: of.seen.generation,
        status: &of.seen.status,
        directory,
        taken: taken(store, of),
        unknown_groups: index.unknown_groups(&require.groups),
        unknown_people: index.unknown_people(of.directory(), &require.users),
    }
}

/// Whether the status of an application says that another Directory has one of its hosts, and none has.
pub fn stands_without_reason(store: &Store, application: &WatchedApplication) -> bool {
    let conditions = application.seen.status["conditions"].as_array();
    let stands = conditions.into_iter().flatten().any(|condition| condition["reason"] == Reason::HostTaken.as_str());
    stands && taken(store, application).is_empty()
}

/// Hosts that an application of another Directory has as well, and which one, in the order of the hosts.
fn taken(store: &Store, of: &WatchedApplication) -> Vec<(String, String)> {
    let is_other = |other: &Arc<WatchedApplication>| {
        (other.namespace.as_str(), other.directory()) != (of.namespace.as_str(), of.directory())
    };
    let others: Vec<_> = store.all_applications().into_iter().filter(is_other).collect();
    let holder = |(text, host): (&String, Host)| {
        let holder = others.iter().find(|other| hosts(other).iter().any(|it| it.meets(&host)))?;
        Some((text.clone(), format!("{}/{}", holder.namespace, holder.name)))
    };
    of.spec.hosts.iter().zip(hosts(of)).filter_map(holder).collect()
}
