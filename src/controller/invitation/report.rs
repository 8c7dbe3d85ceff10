//! What the log tells of invitations. Never the link.

use crate::store::Error;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};

/// A link was made.
pub fn invited(directory: &DirectoryName, user: &str, secret: &str) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    tracing::info!(namespace, directory, user, secret, "made the link of an invitation");
}

/// A link was made and could not be kept.
pub fn not_written(directory: &DirectoryName, user: &str, error: &Error) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    tracing::warn!(namespace, directory, user, reason = %error, "the link of an invitation could not be written");
}

/// An invitation could not be looked after.
pub fn failed(name: &DirtyName, reason: &str) {
    let (namespace, directory) = (name.directory.namespace(), name.directory.name());
    if let DirtySubject::User(user) = &name.subject {
        tracing::warn!(namespace, directory, %user, reason, "an invitation could not be looked after and is tried again");
    }
}
