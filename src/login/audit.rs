//! What the audit stream says of logins, sessions and passwords.

use super::accounts::{LoggedIn, NotLoggedIn};
use super::link::JoinedBy;
use crate::api::directory_user::LoginMethod;
use crate::audit::{AuditAction, AuditDoor, AuditOutcome, AuditRecord, write};
use crate::store::WatchedDirectory;

/// A method as the line and metrics spell it.
pub fn method(method: LoginMethod) -> &'static str {
    match method {
        LoginMethod::OpenIDConnect => "OpenIDConnect",
        LoginMethod::BuiltIn => "BuiltIn",
        LoginMethod::Unknown => "Unknown",
    }
}

fn place(directory: &WatchedDirectory) -> (&str, &str) {
    (&directory.namespace, &directory.name)
}

/// Somebody logged in.
pub fn login(directory: &WatchedDirectory, logged_in: &LoggedIn, application: Option<&str>) {
    let (way, joined_by) = (method(logged_in.session.method), logged_in.joined_by.map(JoinedBy::as_str));
    let user = Some(&*logged_in.session.user);
    write(&AuditRecord {
        actor: user,
        object: user,
        application,
        way: Some(way),
        joined_by,
        ..AuditRecord::new("login", place(directory), AuditDoor::Login, AuditAction::Login, AuditOutcome::Done)
    });
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
    write(&AuditRecord {
        object: user,
        application,
        reason: Some(reason),
        way: Some(method(way)),
        ..AuditRecord::new("login denied", place(directory), AuditDoor::Login, AuditAction::Login, AuditOutcome::Denied)
    });
}

/// Somebody who is signed in may not use an application.
pub fn access_denied(directory: &WatchedDirectory, user: &str, application: &str, reason: &'static str) {
    write(&AuditRecord {
        actor: Some(user),
        object: Some(user),
        application: Some(application),
        reason: Some(reason),
        ..AuditRecord::new(
            "access denied",
            place(directory),
            AuditDoor::Check,
            AuditAction::Access,
            AuditOutcome::Denied,
        )
    });
}

/// Somebody signed out, of one session or of all.
pub fn signed_out(directory: &WatchedDirectory, user: &str, sessions: &'static str, application: Option<&str>) {
    write(&AuditRecord {
        actor: Some(user),
        object: Some(user),
        application,
        way: Some(sessions),
        ..AuditRecord::new("signed out", place(directory), AuditDoor::Login, AuditAction::SignOut, AuditOutcome::Done)
    });
}

/// Somebody suspended a person in the portal, or lifted the suspension.
pub fn switched(directory: &WatchedDirectory, user: &str, by: &str, is_suspended: bool) {
    let (message, action) = match is_suspended {
        true => ("suspended", AuditAction::Suspend),
        false => ("suspension lifted", AuditAction::Unsuspend),
    };
    write(&AuditRecord {
        actor: Some(by),
        object: Some(user),
        ..AuditRecord::new(message, place(directory), AuditDoor::Portal, action, AuditOutcome::Done)
    });
}

/// A person has a new password.
pub fn password_set(directory: &WatchedDirectory, user: &str, way: &'static str) {
    write(&AuditRecord {
        actor: Some(user),
        object: Some(user),
        way: Some(way),
        ..AuditRecord::new(
            "password set",
            place(directory),
            AuditDoor::Login,
            AuditAction::SetPassword,
            AuditOutcome::Done,
        )
    });
}
