//! What the index shows about rules that are being turned on, and about those who have a value.

use std::sync::Arc;
use std::time::Duration;

use super::decide::{OpenRule, claiming};
use crate::rules::resource::Resource;
use crate::store::Store;
use crate::store::index::dirty::{DirectoryName, DirtySubject};

/// What is looked at, at once.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::Directory | DirtySubject::Group(_) | DirtySubject::User(_) => Some(Duration::ZERO),
        DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
    }
}

/// The kind of an object.
pub fn kind(subject: &DirtySubject) -> Option<Resource> {
    match subject {
        DirtySubject::User(_) => Some(Resource::User),
        DirtySubject::Group(_) => Some(Resource::Group),
        DirtySubject::Directory | DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
    }
}

/// The rules of a Directory that are being claimed.
pub fn open_rules(store: &Store, directory: &DirectoryName) -> Vec<OpenRule> {
    let Some(directory) = store.directory(directory.namespace(), directory.name()) else { return Vec::new() };
    let attributes = claiming(&directory.spec, &directory.seen.status).into_iter();
    let rules = attributes.map(|attribute| OpenRule {
        kind: Resource::of_attribute(&attribute).unwrap_or(Resource::User),
        attribute,
        uid: directory.seen.uid.clone(),
        generation: directory.seen.generation,
    });
    rules.collect()
}

/// Everybody who may have a value, and their bodies.
pub fn holders(store: &Store, directory: &DirectoryName, kind: Resource) -> Vec<(Arc<str>, Arc<[u8]>)> {
    store.index(directory.namespace(), directory.name()).living(kind)
}

/// Whether an object may lack a value.
pub fn is_unsettled(store: &Store, directory: &DirectoryName, kind: Resource, name: &str) -> bool {
    let index = store.index(directory.namespace(), directory.name());
    index.upkeep(kind, name).is_some_and(|upkeep| upkeep.unsettled)
}
