//! The audit stream: one line for each change and each decision, with the same fields in each. `docs/audit.md` is its reference,
//! and a change of what a field means is a change of [`FORMAT`].
//!
//! A line says who did what to whom, through which door, and what came of it. People are named by their SCIM ids and never by
//! their names, attributes by their names and never by their values, and keys by the names of their objects. The id of the
//! request, the client's address and the key stand in the span around the line.

mod file;

pub use file::AuditFile;

/// The target of the lines: `--log-level info,audit=off` leaves them out of the log.
pub const TARGET: &str = "audit";
/// The version of the format.
pub const FORMAT: u32 = 1;
/// Most attributes that one line names.
const MAX_NAMES: usize = 64;

/// The door that a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditDoor {
    /// `/scim/v2`: the provider's.
    Scim,
    /// `/login`: the pages on which people sign in and out.
    Login,
    /// `/check`: a proxy asks for an application.
    Check,
    /// `/portal`: what people do once they are signed in.
    Portal,
    /// Introspection and userinfo.
    Token,
}

impl AuditDoor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Login => "login",
            Self::Check => "check",
            Self::Portal => "portal",
            Self::Token => "token",
        }
    }
}

/// What was done or decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditAction {
    /// A key was presented.
    Authenticate,
    /// A user or group was created.
    Create,
    /// One was changed.
    Update,
    /// A person was deactivated.
    Deactivate,
    /// A user or group was deleted.
    Delete,
    /// Somebody logged in.
    Login,
    /// Somebody used an application.
    Access,
    /// Somebody signed out.
    SignOut,
    /// A person was suspended in the portal.
    Suspend,
    /// That was lifted.
    Unsuspend,
    /// A person has a new password.
    SetPassword,
}

impl AuditAction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Authenticate => "authenticate",
            Self::Create => "create",
            Self::Update => "update",
            Self::Deactivate => "deactivate",
            Self::Delete => "delete",
            Self::Login => "login",
            Self::Access => "access",
            Self::SignOut => "signOut",
            Self::Suspend => "suspend",
            Self::Unsuspend => "unsuspend",
            Self::SetPassword => "setPassword",
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOutcome {
    /// It was done, or granted.
    Done,
    /// It would have been done, in a Directory that is observed.
    Observed,
    /// It was not allowed, or not possible as it was asked for.
    Denied,
    /// The operator could not do it, and it may be tried again.
    Failed,
}

impl AuditOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Observed => "observed",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// One line. What a line has nothing to say of is empty, and left out.
#[derive(Clone, Copy, Debug)]
pub struct AuditRecord<'a> {
    /// The line in words, always the same for the same thing.
    pub message: &'static str,
    /// The namespace of the Directory.
    pub namespace: &'a str,
    /// The Directory.
    pub directory: &'a str,
    /// The door.
    pub door: AuditDoor,
    /// What was done or decided.
    pub action: AuditAction,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// The SCIM id of the person who did it; nobody where a key did.
    pub actor: Option<&'a str>,
    /// The key that did it.
    pub key: Option<&'a str>,
    /// The SCIM id of whom it was done to, or about whom it was decided.
    pub object: Option<&'a str>,
    /// The application that was to be used.
    pub application: Option<&'a str>,
    /// Why it was not done, in one word of ours.
    pub reason: Option<&'a str>,
    /// How it was done, in one word of ours, such as the way of a login.
    pub way: Option<&'a str>,
    /// By what an account was recognised that logged in for the first time, such as upn.
    pub joined_by: Option<&'a str>,
    /// The attributes that had a value and have another one or none.
    pub before: &'a [String],
    /// The attributes that have a value and had another one or none.
    pub after: &'a [String],
}

impl<'a> AuditRecord<'a> {
    /// A line that says no more than this.
    pub fn new(
        message: &'static str,
        (namespace, directory): (&'a str, &'a str),
        door: AuditDoor,
        action: AuditAction,
        outcome: AuditOutcome,
    ) -> Self {
        Self {
            message,
            namespace,
            directory,
            door,
            action,
            outcome,
            actor: None,
            key: None,
            object: None,
            application: None,
            reason: None,
            way: None,
            joined_by: None,
            before: &[],
            after: &[],
        }
    }
}

/// Writes a line.
pub fn write(record: &AuditRecord<'_>) {
    let AuditRecord {
        message,
        namespace,
        directory,
        door,
        action,
        outcome,
        actor,
        key,
        object,
        application,
        reason,
        way,
        joined_by,
        before,
        after,
    } = *record;
    let (door, action, outcome) = (door.as_str(), action.as_str(), outcome.as_str());
    let (before, after) = (names(before), names(after));
    tracing::info!(
        target: TARGET,
        format = FORMAT, namespace, directory, door, action, outcome, actor, key, object, application, reason, way, joined_by, before, after,
        "{message}"
    );
}

/// The names in one text, with blanks between: none has one in it.
fn names(names: &[String]) -> Option<String> {
    let shown = names.iter().take(MAX_NAMES).map(String::as_str);
    let more = names.len().saturating_sub(MAX_NAMES);
    let more = (more > 0).then(|| format!("+{more}"));
    let text = shown.chain(more.as_deref()).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_so_many_attributes_and_says_how_many_more_there_are() {
        let all: Vec<_> = (0..MAX_NAMES + 3).map(|number| format!("a{number}")).collect();
        assert_eq!(names(&all[..2]).as_deref(), Some("a0 a1"));
        assert!(names(&all).expect("names").ends_with("a63 +3"));
        assert_eq!(names(&[]), None);
    }
}
