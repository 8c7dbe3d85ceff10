//! Who is invited, as far as the index shows.

use std::sync::Arc;
use std::time::Duration;

use crate::store::Store;
use crate::store::index::dirty::{DirtyName, DirtySubject};

/// People alone, at once.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::User(_) => Some(Duration::ZERO),
        DirtySubject::Directory
        | DirtySubject::Group(_)
        | DirtySubject::Application(_)
        | DirtySubject::Key(_)
        | DirtySubject::Claim(_) => None,
    }
}

/// The name of a person who is invited, or was. Nobody else is read from the API server.
pub fn invited(store: &Store, name: &DirtyName) -> Option<Arc<str>> {
    let DirtySubject::User(person) = &name.subject else { return None };
    let index = store.index(name.directory.namespace(), name.directory.name());
    index.is_invited(person).then(|| Arc::clone(person))
}
