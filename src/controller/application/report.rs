//! What the log tells of applications.

use crate::store::index::dirty::{DirtyName, DirtySubject};

/// The status of an application could not be written.
pub fn failed(name: &DirtyName, reason: &str) {
    let DirtySubject::Application(application) = &name.subject else { return };
    let (namespace, directory) = (name.directory.namespace(), name.directory.name());
    tracing::warn!(
        namespace,
        directory,
        application = &**application,
        reason,
        "the status of an application could not be written and is written later"
    );
}
