//! What is seen of a Directory and of what belongs to it.

use std::time::{Duration, Instant};

use super::decide::ObservedDeletion;
use crate::rules::naming::DIRECTORY_FINALIZER;
use crate::store::Store;
use crate::store::index::dirty::{DirectoryName, DirtySubject};

/// What is looked at, at once.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    (*subject == DirtySubject::Directory).then_some(Duration::ZERO)
}

/// A Directory; nothing where it is gone.
pub fn directory(store: &Store, name: &DirectoryName, now: Instant) -> Option<ObservedDeletion> {
    let directory = store.directory(name.namespace(), name.name())?;
    Some(ObservedDeletion {
        policy: directory.spec.deletion_policy,
        is_terminating: directory.seen.is_terminating,
        has_finalizer: directory.seen.finalizers.iter().any(|finalizer| finalizer == DIRECTORY_FINALIZER),
        is_empty: store.index(name.namespace(), name.name()).remaining().is_empty(),
        silence: store.freshness(now).into_iter().map(|(_, silence)| silence).max().unwrap_or_default(),
        finalizers: directory.seen.finalizers.clone(),
        version: directory.seen.version.clone(),
    })
}
