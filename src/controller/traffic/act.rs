//! Adds what was seen to the status of a Directory.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::decide::changes;
use super::report;
use crate::redaction::without_values;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;
use crate::store::{Error, Store, WatchedDirectory};

/// The state of a Directory that something is added to.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// `metadata.uid`.
    pub uid: &'a str,
    /// `metadata.resourceVersion`.
    pub version: &'a str,
    /// The status as it stands.
    pub status: &'a Value,
}

impl<'a> State<'a> {
    /// The state that the watch saw last.
    pub fn of(directory: &'a WatchedDirectory) -> Self {
        let seen = &directory.seen;
        Self { uid: &seen.uid, version: &seen.version, status: &seen.status }
    }
}

/// What came of a write.
#[derive(Clone, Debug, PartialEq)]
pub enum Added {
    /// It was written, and this is `updatedAt` now.
    Done(Value),
    /// There was nothing to write, or nobody to tell it of.
    Nothing,
    /// The Directory has moved on.
    Moved,
}

/// Writes what was seen of a Directory, onto this state of it and no other. What could not be written is kept.
pub async fn write(store: &Store, name: &DirectoryName, state: State<'_>, now: Timestamp) -> Result<Added, Error> {
    let Some(recorded) = store.traffic().take(name) else { return Ok(Added::Nothing) };
    if recorded.uid != state.uid {
        // It was seen of a Directory that is gone, or of one that this state is older than.
        return Ok(Added::Nothing);
    }
    let Some(changes) = changes(state.status, &recorded.traffic, now) else { return Ok(Added::Nothing) };
    let updated_at = changes["provisioning"]["updatedAt"].clone();
    let patch = json!({ "metadata": { "resourceVersion": state.version }, "status": changes });
    match store.write_status(Kind::DIRECTORY, name.namespace(), name.name(), &patch).await {
        Ok(_) => Ok(Added::Done(updated_at)),
        Err(Error::NotFound) => Ok(Added::Nothing),
        // It would be refused again, and what is seen next may not be.
        Err(error @ (Error::Invalid(_) | Error::TooLarge)) => {
            report::refused(name, &without_values(&error.to_string()));
            Ok(Added::Nothing)
        }
        Err(error) => {
            store.traffic().put_back(name, recorded);
            if matches!(error, Error::Conflict) { Ok(Added::Moved) } else { Err(error) }
        }
    }
}
