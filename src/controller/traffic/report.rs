//! What the log tells of writes that failed.

use crate::store::index::dirty::DirectoryName;

/// What was seen of a Directory could not be written and is written later.
pub fn failed(name: &DirectoryName, reason: &str) {
    let (namespace, directory) = (name.namespace(), name.name());
    tracing::warn!(namespace, directory, reason, "what was seen of a provider could not be written into the status");
}

/// The API server does not take what was seen of a Directory.
pub fn refused(name: &DirectoryName, error: &str) {
    let (namespace, directory) = (name.namespace(), name.name());
    tracing::warn!(namespace, directory, error, "the API server does not take what was seen of a provider");
}
