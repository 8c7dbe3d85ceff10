//! Writes what is known of logins into the statuses of Directories.
//!
//! The conditions are one list with two writers, and a patch replaces a list whole. So the write is about the very state of the
//! Directory that was seen: where the other writer was quicker, this one looks again.

use serde_json::{Map, Value};

use super::decide::FIELDS;
use crate::controller::status::{self, StatusWrite, Written, difference};
use crate::controller::tools::Tools;
use crate::store::index::dirty::DirtyName;
use crate::store::{Error, WatchedDirectory};

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginWrite {
    /// All is as it should stand, or nobody will take it.
    Finished,
    /// The Directory has moved on.
    Moved,
}

/// Writes what differs from what stands. That the condition turned is told by an Event where the statuses are looked at.
pub async fn write(
    tools: &Tools,
    name: &DirtyName,
    seen: &WatchedDirectory,
    wanted: &Map<String, Value>,
) -> Result<LoginWrite, Error> {
    let Some(changes) = difference(&seen.seen.status, wanted, FIELDS) else { return Ok(LoginWrite::Finished) };
    let write = StatusWrite { name: name.clone(), version: Some(seen.seen.version.clone()), changes, news: Vec::new() };
    Ok(match status::write(tools, &write).await? {
        Written::Moved => LoginWrite::Moved,
        Written::Done(_) | Written::Gone | Written::Refused => LoginWrite::Finished,
    })
}
