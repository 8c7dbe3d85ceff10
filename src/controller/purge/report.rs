//! What the metrics and the log tell of the purge.

use crate::metrics::Metrics;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};
use crate::store::kind::Kind;

/// A tombstone is gone.
pub fn purged(metrics: &Metrics, directory: &DirectoryName, kind: Kind, name: &str) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    tracing::info!(namespace, directory, kind = kind.plural, name, "purged: its retention is over");
    metrics.purged(kind.plural, "retention");
}

/// The members of a group are about to come off.
pub fn begun(directory: &DirectoryName, name: &str) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    tracing::info!(namespace, directory, name, "the retention of a deleted group is over: its members are taken off");
}

/// A tombstone could not be purged.
pub fn failed(name: &DirtyName, reason: &str) {
    let (namespace, directory) = (name.directory.namespace(), name.directory.name());
    let (kind, name) = match &name.subject {
        DirtySubject::User(name) => (Kind::USER.plural, &**name),
        DirtySubject::Group(name) => (Kind::GROUP.plural, &**name),
        DirtySubject::Directory | DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => {
            return;
        }
    };
    tracing::warn!(namespace, directory, kind, name, reason, "a tombstone could not be purged and is tried again");
}
