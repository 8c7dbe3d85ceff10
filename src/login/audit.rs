//! The audit line: who came in, who did not and why, and who signed out. Target `audit`, one line for each, at info.
//!
//! People are named by their SCIM ids and accounts not at all: the line tells an administrator where to look, and nobody
//! else who somebody is. The request id stands in the span around it.

use super::accounts::{LoggedIn, NotLoggedIn};
use super::link::JoinedBy;
use crate::api::directory_user::LoginMethod;
use crate::store::WatchedDirectory;

/// The target of the lines.
pub const TARGET: &str = "audit";

/// A method as the line and metrics spell it.
pub fn method(method: LoginMethod) -> &'static str {
    match method {
        LoginMethod::OpenIDConnect => "OpenIDConnect",
        LoginMethod::BuiltIn => "BuiltIn",
        LoginMethod::Unknown => "Unknown",
    }
}

/// Somebody logged in.
pub fn login(directory: &WatchedDirectory, logged_in: &LoggedIn, application: Option<&str>) {
    let WatchedDirectory { namespace, name, .. } = directory;
    let (method, joined_by) = (method(logged_in.session.method), logged_in.joined_by.map(JoinedBy::as_str));
    let user = &logged_in.session.user;
    tracing::info!(target: TARGET, namespace, directory = name, user, application, method, joined_by, "login");
}

/// Somebody did not get in whose account or person is known.
pub fn login_denied(directory: &WatchedDirectory, way: LoginMethod, denied: &NotLoggedIn, application: Option<&str>) {
    refused(directory, way, denied.as_str(), denied.person(), application);
}

/// Somebody did not get in: the reason is one word of ours.
pub fn refused(
    directory: &WatchedDirectory,
    way: LoginMethod,
    reason: &str,
    user: Option<&str>,
    application: Option<&str>,
) {
    let WatchedDirectory { namespace, name, .. } = directory;
    let method = method(way);
    tracing::info!(target: TARGET, namespace, directory = name, user, application, method, reason, "login denied");
}

/// Somebody who is signed in may not use an application.
pub fn access_denied(directory: &WatchedDirectory, user: &str, application: &str, reason: &'static str) {
    let WatchedDirectory { namespace, name, .. } = directory;
    tracing::info!(target: TARGET, namespace, directory = name, user, application, reason, "access denied");
}

/// Somebody signed out, of one session or of all.
pub fn signed_out(directory: &WatchedDirectory, user: &str, sessions: &'static str, application: Option<&str>) {
    let WatchedDirectory { namespace, name, .. } = directory;
    tracing::info!(target: TARGET, namespace, directory = name, user, application, sessions, "signed out");
}

/// Somebody suspended a person in the portal, or lifted the suspension.
pub fn switched(directory: &WatchedDirectory, user: &str, by: &str, is_suspended: bool) {
    let WatchedDirectory { namespace, name, .. } = directory;
    if is_suspended {
        tracing::info!(target: TARGET, namespace, directory = name, user, by, "suspended");
    } else {
        tracing::info!(target: TARGET, namespace, directory = name, user, by, "suspension lifted");
    }
}

/// A person has a new password.
pub fn password_set(directory: &WatchedDirectory, user: &str, way: &'static str) {
    let WatchedDirectory { namespace, name, .. } = directory;
    tracing::info!(target: TARGET, namespace, directory = name, user, way, "password set");
}
