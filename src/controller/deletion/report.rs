//! What the metrics and the log tell of the deletion of Directories. The condition Ready tells how much is left.

use super::decide::DeletionStep;
use crate::metrics::Metrics;
use crate::redaction::without_values;
use crate::store::Error;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// An object is gone. 20,000 lines would tell nobody more than their number does.
pub fn deleted(metrics: &Metrics, kind: Kind) {
    metrics.purged(kind.plural, "directory");
}

/// The finalizers were written.
pub fn finalizers(directory: &DirectoryName, step: DeletionStep, is_terminating: bool) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    match (step, is_terminating) {
        (DeletionStep::PutFinalizer, _) => {
            tracing::info!(namespace, directory, "deletionPolicy is Delete: people and groups go with the directory");
        }
        (_, true) => tracing::info!(namespace, directory, "the directory was let go"),
        (_, false) => tracing::info!(namespace, directory, "deletionPolicy is Retain: people and groups stay"),
    }
}

/// A step failed, with this object if it was one.
pub fn failed(directory: &DirectoryName, object: Option<(Kind, &str)>, error: &Error) {
    let (kind, name) = object.map(|(kind, name)| (kind.plural, name)).unzip();
    let (namespace, directory) = (directory.namespace(), directory.name());
    let error = without_values(&error.to_string());
    tracing::warn!(
        namespace,
        directory,
        kind,
        name,
        error,
        "the deletionPolicy of a directory could not be carried out and is tried again"
    );
}
