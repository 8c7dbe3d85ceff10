//! What the log tells of logins. The condition `LoginReady` tells the same to whoever looks at the Directory.

use crate::login::provider::ProviderProblem;
use crate::redaction::without_values;
use crate::store::Error;
use crate::store::index::dirty::DirectoryName;

/// People cannot log in.
pub fn not_ready(directory: &DirectoryName, problem: &ProviderProblem) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    let reason = problem.reason().as_str();
    tracing::warn!(namespace, directory, reason, problem = %problem, "people cannot log in to a directory");
}

/// They can again.
pub fn ready(directory: &DirectoryName) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    tracing::info!(namespace, directory, "people can log in to a directory again");
}

/// The status could not be written.
pub fn unwritten(directory: &DirectoryName, error: &Error) {
    let (namespace, directory) = (directory.namespace(), directory.name());
    let error = without_values(&error.to_string());
    tracing::warn!(
        namespace,
        directory,
        error,
        "what is known of a directory's login could not be written and is written later"
    );
}
