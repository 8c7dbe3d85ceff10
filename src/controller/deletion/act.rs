//! Writes finalizers and deletes objects: the only writer of the deletion.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt as _, stream};

use super::decide::{DeletionStep, ObservedDeletion};
use super::report;
use crate::controller::tools::Tools;
use crate::rules::naming::DIRECTORY_FINALIZER;
use crate::store::Error;
use crate::store::index::dirty::{DirectoryName, DirtySubject};
use crate::store::kind::Kind;

/// Most objects that are deleted at the same time: a read and a delete take longer than the time until the next may begin.
const DELETED_AT_ONCE: usize = 8;
/// Most objects that are deleted before the policy of the Directory is looked at again: about a second's worth.
const DELETED_IN_ONE_LOOK: usize = 50;

/// Puts our finalizer on a Directory or takes it off, and leaves those of others. Says whether it was not written because the
/// Directory has moved on.
pub async fn write_finalizers(
    tools: &Tools,
    directory: &DirectoryName,
    seen: &ObservedDeletion,
    step: DeletionStep,
) -> Result<bool, Error> {
    let mut finalizers = seen.finalizers.clone();
    finalizers.retain(|finalizer| finalizer != DIRECTORY_FINALIZER);
    if step == DeletionStep::PutFinalizer {
        finalizers.push(DIRECTORY_FINALIZER.to_owned());
    }
    let (namespace, name) = (directory.namespace(), directory.name());
    tools.write_rate.turn().await;
    let objects = tools.store.objects();
    match objects.write_finalizers(Kind::DIRECTORY, namespace, name, &seen.version, &finalizers).await {
        Ok(()) => {
            report::finalizers(directory, step, seen.is_terminating);
            Ok(false)
        }
        Err(Error::Conflict) => Ok(true),
        Err(Error::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What came of one look.
#[derive(Debug, Default)]
pub struct Batch {
    /// Whether anything was deleted.
    pub has_deleted: bool,
    /// Whether nothing was left to look at but what is in the way.
    pub is_over: bool,
    /// Why the first of those that failed did so, and which one it is.
    pub failed: Option<(DirtySubject, Error)>,
}

/// Whether a Directory still is as the watch has told it. The watch may be silent for a while, and what is deleted for a
/// Directory that was applied again meanwhile, or set to `Retain`, would be lost. The patch changes nothing, and the API
/// server refuses it where the Directory has moved on.
pub async fn is_unmoved(tools: &Tools, directory: &DirectoryName, seen: &ObservedDeletion) -> Result<bool, Error> {
    let (namespace, name) = (directory.namespace(), directory.name());
    tools.write_rate.turn().await;
    let objects = tools.store.objects();
    match objects.write_finalizers(Kind::DIRECTORY, namespace, name, &seen.version, &seen.finalizers).await {
        Ok(()) => Ok(true),
        Err(Error::Conflict | Error::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes some of what belongs to a Directory, a few at a time, beside what is `in_the_way`: objects that cannot be deleted
/// or that somebody's finalizer keeps. Those that turn out to be so are added: the next look goes on behind them.
pub async fn delete_some(tools: &Tools, directory: &DirectoryName, in_the_way: &mut HashSet<DirtySubject>) -> Batch {
    let index = tools.store.index(directory.namespace(), directory.name());
    let subjects = index.some_remaining(in_the_way, DELETED_IN_ONE_LOOK);
    let mut batch = Batch { is_over: subjects.is_empty(), ..Batch::default() };
    let deletions = stream::iter(subjects).map(|subject| async move {
        let deleted = delete(tools, directory, &subject).await;
        (subject, deleted)
    });
    let results: Vec<_> = deletions.buffer_unordered(DELETED_AT_ONCE).collect().await;
    for (subject, deleted) in results {
        match deleted {
            Ok(Deleted::Now) => batch.has_deleted = true,
            Ok(Deleted::Gone) => {}
            Ok(Deleted::Kept) => drop(in_the_way.insert(subject)),
            Err(error) => {
                in_the_way.insert(subject.clone());
                // That the API server is away decides what happens next.
                let is_worse = matches!(error, Error::Unavailable { .. });
                if batch.failed.is_none() || is_worse {
                    batch.failed = Some((subject, error));
                }
            }
        }
    }
    batch
}

/// What came of one object.
enum Deleted {
    /// It was deleted.
    Now,
    /// It is gone, no longer of this Directory, or another one than was read; the index tells it soon.
    Gone,
    /// It was deleted before, and a finalizer keeps it.
    Kept,
}

/// Kind and name of an object, if it is one that goes with its Directory.
pub fn object_of(subject: &DirtySubject) -> Option<(Kind, &Arc<str>)> {
    match subject {
        DirtySubject::User(name) => Some((Kind::USER, name)),
        DirtySubject::Group(name) => Some((Kind::GROUP, name)),
        DirtySubject::Claim(name) => Some((Kind::CLAIM, name)),
        DirtySubject::Directory | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
    }
}

/// Deletes one object, if it is still there and belongs to the Directory.
async fn delete(tools: &Tools, directory: &DirectoryName, subject: &DirtySubject) -> Result<Deleted, Error> {
    let Some((kind, name)) = object_of(subject) else { return Ok(Deleted::Gone) };
    let objects = tools.store.objects();
    let object = match objects.get(kind, directory.namespace(), name).await {
        Err(Error::NotFound) => return Ok(Deleted::Gone),
        read => read?,
    };
    if object.directory() != directory.name() {
        return Ok(Deleted::Gone);
    }
    if object.is_terminating() {
        return Ok(Deleted::Kept);
    }
    tools.write_rate.turn().await;
    match objects.delete(kind, directory.namespace(), &object).await {
        Ok(()) => {
            report::deleted(&tools.metrics, kind);
            Ok(Deleted::Now)
        }
        // Whoever was quicker changed it, and it is met again.
        Err(Error::Conflict | Error::NotFound) => Ok(Deleted::Gone),
        Err(error) => Err(error),
    }
}
