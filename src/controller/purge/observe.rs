//! What the index shows about tombstones, and what their Directory asks for.

use std::sync::Arc;
use std::time::Duration;

use super::Retention;
use crate::rules::resource::Resource;
use crate::rules::retention::{Tombstone, retention as retention_of};
use crate::store::Store;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};

/// What is looked at, at once.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::Directory | DirtySubject::Group(_) | DirtySubject::User(_) => Some(Duration::ZERO),
        DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
    }
}

/// The retention of a Directory; nothing where it is not there or is being deleted.
pub fn retention(store: &Store, name: &DirectoryName) -> Option<Retention> {
    let directory = store.directory(name.namespace(), name.name())?;
    (!directory.seen.is_terminating).then(|| retention_of(&directory.spec))
}

/// The tombstone of this name, if it is one.
pub fn tombstone(store: &Store, name: &DirtyName) -> Option<(Resource, Arc<str>, Tombstone)> {
    let (kind, object) = match &name.subject {
        DirtySubject::User(object) => (Resource::User, object),
        DirtySubject::Group(object) => (Resource::Group, object),
        DirtySubject::Directory | DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => {
            return None;
        }
    };
    let index = store.index(name.directory.namespace(), name.directory.name());
    Some((kind, Arc::clone(object), index.tombstone(kind, object)?))
}
