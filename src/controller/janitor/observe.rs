//! What the index shows about one name.

use std::time::Duration;

use crate::rules::resource::Resource;
use crate::store::Store;
use crate::store::claims::holder::IDLE_AFTER;
use crate::store::index::Upkeep;
use crate::store::index::dirty::{DirtyName, DirtySubject};

/// How long a change of an object waits for those that belong to it: objects and their claims come by two watches.
const WATCH_SKEW: Duration = Duration::from_millis(100);

/// What is seen of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObservedName {
    /// A user or a group.
    Object(Upkeep),
    /// A claim, and whether it is dead.
    Claim {
        /// Whether no living object holds it and names the value.
        dead: bool,
    },
}

/// What the janitor cares for. A claim that dies is mostly released by the request that let go of the value.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::Directory | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
        DirtySubject::Group(_) | DirtySubject::User(_) => Some(WATCH_SKEW),
        DirtySubject::Claim(_) => Some(IDLE_AFTER.unsigned_abs()),
    }
}

/// What is seen of a name by now; nothing where it is gone.
pub fn observe(store: &Store, DirtyName { directory, subject }: &DirtyName) -> Option<ObservedName> {
    let index = store.index(directory.namespace(), directory.name());
    match subject {
        DirtySubject::Directory | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
        DirtySubject::User(name) => index.upkeep(Resource::User, name).map(ObservedName::Object),
        DirtySubject::Group(name) => index.upkeep(Resource::Group, name).map(ObservedName::Object),
        DirtySubject::Claim(name) => Some(ObservedName::Claim { dead: index.is_dead_claim(name) }),
    }
}
