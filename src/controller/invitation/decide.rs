//! What an invitation asks for at one moment.

use jiff::Timestamp;

use crate::api::Object;
use crate::login::invitation::is_told;

/// What is to be done about the invitation of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvitationStep {
    /// Nothing before this time, or nothing at all.
    Rest(Option<Timestamp>),
    /// A link is to be made, for the Secret of this name and until somebody wants it to work.
    Make {
        /// The name of the Secret.
        secret: String,
        /// As the spec says.
        asked: Timestamp,
    },
    /// The link is used or over: its Secret goes, and the status stays.
    TakeAway {
        /// The name of the Secret.
        secret: String,
    },
    /// The invitation was withdrawn: its Secret goes, and then the status.
    Forget {
        /// The name of the Secret; none where nobody can read it.
        secret: Option<String>,
    },
}

/// The step for a person, as just read.
pub fn step(person: &Object, now: Timestamp) -> InvitationStep {
    let status = &person.status()["invitation"];
    let told_secret = status["secretName"].as_str().map(str::to_owned);
    let wanted = person.invitation().filter(|_| !person.is_deleted() && !person.is_rejected());
    let Some((secret, asked)) = wanted else {
        return if status.is_null() {
            InvitationStep::Rest(None)
        } else {
            InvitationStep::Forget { secret: told_secret }
        };
    };
    if !is_told(person) {
        // The Secret of the link before goes first, where it has another name.
        if let Some(old) = told_secret.filter(|old| old != secret) {
            return InvitationStep::Forget { secret: Some(old) };
        }
        if asked <= now {
            return if status.is_null() {
                InvitationStep::Rest(None)
            } else {
                InvitationStep::Forget { secret: Some(secret.to_owned()) }
            };
        }
        return InvitationStep::Make { secret: secret.to_owned(), asked };
    }
    if status["tokenDigest"].is_null() {
        // Something stood in the way, such as a Secret of somebody else: it may be gone by now.
        return InvitationStep::Make { secret: secret.to_owned(), asked };
    }
    let end: Option<Timestamp> = status["expiresAt"].as_str().and_then(|end| end.parse().ok());
    match end.filter(|end| *end > now && status["usedAt"].is_null()) {
        Some(end) => InvitationStep::Rest(Some(end)),
        None => InvitationStep::TakeAway { secret: secret.to_owned() },
    }
}
