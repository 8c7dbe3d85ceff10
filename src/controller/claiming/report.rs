//! What the log tells of rules that are being turned on. The statuses tell the rest.

use super::Pass;
use crate::redaction::without_values;
use crate::store::claims::Error;
use crate::store::index::dirty::DirectoryName;

/// Everybody was asked.
pub fn passed(directory: &DirectoryName, attribute: &str, pass: &Pass) {
    let (namespace, directory, taken) = (directory.namespace(), directory.name(), pass.taken.len());
    tracing::info!(namespace, directory, attribute, taken, "claimed the values of an attribute for their holders");
}

/// Somebody could not be asked.
pub fn failed(directory: &DirectoryName, attribute: &str, error: &Error) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    let error = without_values(&error.to_string());
    tracing::warn!(namespace, directory, attribute, error, "a rule could not be turned on yet");
}
