//! Writes finalizers and deletes objects: the only writer of the deletion.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};

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

/// Deletes some of what belongs to a Directory, a few at a time.
pub async fn delete_some(tools: &Tools, directory: &DirectoryName) -> Result<(), Error> {
    let index = tools.store.index(directory.namespace(), directory.name());
    let subjects = index.some_remaining().into_iter().take(DELETED_IN_ONE_LOOK);
    let deletions = stream::iter(subjects).map(|subject| async move { delete(tools, directory, &subject).await });
    deletions.buffer_unordered(DELETED_AT_ONCE).try_collect().await
}

/// Deletes one object, if it is still there and belongs to the Directory.
async fn delete(tools: &Tools, directory: &DirectoryName, subject: &DirtySubject) -> Result<(), Error> {
    let (kind, name): (Kind, &Arc<str>) = match subject {
        DirtySubject::User(name) => (Kind::USER, name),
        DirtySubject::Group(name) => (Kind::GROUP, name),
        DirtySubject::Claim(name) => (Kind::CLAIM, name),
        DirtySubject::Directory => return Ok(()),
    };
    let objects = tools.store.objects();
    let object = match objects.get(kind, directory.namespace(), name).await {
        Err(Error::NotFound) => return Ok(()),
        read => read?,
    };
    if object.directory() != directory.name() || object.is_terminating() {
        return Ok(());
    }
    tools.write_rate.turn().await;
    match objects.delete(kind, directory.namespace(), &object).await {
        Ok(()) => report::deleted(&tools.metrics, kind),
        // Whoever was quicker changed it, and it is met again.
        Err(Error::Conflict | Error::NotFound) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
