//! The one-time link with which somebody sets the first password.
//!
//! The link stands in a Secret, for whoever may read Secrets there to hand on; the status of the person keeps a digest of its
//! token, and that it was used. So a link that was copied, used or withdrawn opens nothing.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::api::Object;
use crate::rules::mapping::time_text;

/// How long a link works at most.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(72);
/// The bytes of a token.
const TOKEN_BYTES: usize = 32;
/// The letters of a token.
const TOKEN_LENGTH: usize = 43;

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationRefused {
    /// There is none, or its token is another one.
    Unknown,
    /// It was used.
    Used,
    /// Its time is over, or it was withdrawn.
    Over,
}

impl InvitationRefused {
    /// The reason as the log spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "InvitationUnknown",
            Self::Used => "InvitationUsed",
            Self::Over => "InvitationOver",
        }
    }
}

/// A new token.
pub fn new_token() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; TOKEN_BYTES]>())
}

/// What the status keeps of a token.
pub fn digest(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token))
}

/// Until when a link works that is made now.
pub fn end(asked: Timestamp, now: Timestamp) -> Timestamp {
    asked.min(now.checked_add(LONGEST).unwrap_or(Timestamp::MAX))
}

/// The address of the page that a link leads to, below the public address of the operator.
pub fn path(namespace: &str, directory: &str, person: &str, token: &str) -> String {
    format!("/login/{namespace}/{directory}/invitation?user={person}&token={token}")
}

/// Whether the status of a person speaks of the invitation in the spec.
pub fn is_told(person: &Object) -> bool {
    let status = &person.status()["invitation"];
    person
        .invitation()
        .is_some_and(|(secret, asked)| status["secretName"] == secret && time(&status["askedUntil"]) == Some(asked))
}

/// Whether a token opens the invitation of a person, as just read.
pub fn check(person: &Object, token: &str, now: Timestamp) -> Result<(), InvitationRefused> {
    let status = &person.status()["invitation"];
    let known = status["tokenDigest"].as_str().unwrap_or_default();
    let is_right = token.len() == TOKEN_LENGTH && bool::from(digest(token).as_bytes().ct_eq(known.as_bytes()));
    if !is_right {
        return Err(InvitationRefused::Unknown);
    }
    if !status["usedAt"].is_null() {
        return Err(InvitationRefused::Used);
    }
    let is_over = time(&status["expiresAt"]).is_none_or(|end| end <= now);
    if is_over || !is_told(person) { Err(InvitationRefused::Over) } else { Ok(()) }
}

/// The patch of the status that uses a link up. It is refused where anybody wrote the object since it was read, so of two who
/// use one link at once one does.
pub fn used(person: &Object, now: Timestamp) -> Value {
    json!({
        "metadata": { "resourceVersion": person.resource_version() },
        "status": { "invitation": { "usedAt": time_text(now) } },
    })
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a time")
    }

    fn person(token: &str, difference: &Value) -> Object {
        let mut invitation = json!({
            "secretName": "ada-invitation", "askedUntil": "2026-11-28T00:00:00Z", "expiresAt": "2026-11-28T00:00:00Z",
            "tokenDigest": digest(token),
        });
        invitation.as_object_mut().expect("fields").extend(difference.as_object().expect("fields").clone());
        json!({
            "metadata": { "name": "ada-1", "resourceVersion": "7" },
            "spec": { "invitation": { "secretName": "ada-invitation", "expiresAt": "2026-11-28T00:00:00Z" } },
            "status": { "invitation": invitation },
        })
        .into()
    }

    #[test]
    fn threat_50_a_link_opens_once_in_time_and_for_its_own_invitation() {
        let (token, other) = (new_token(), new_token());
        assert_eq!(token.len(), TOKEN_LENGTH);
        let (now, end) = ("2026-11-27T12:00:00Z", "2026-11-28T00:00:00Z");
        let withdrawn = {
            let mut person = person(&token, &json!({}));
            person.set("invitation", Value::Null);
            person
        };
        for (name, person, given, now, expected) in [
            ("in time", person(&token, &json!({})), token.as_str(), now, Ok(())),
            ("another token", person(&token, &json!({})), &other, now, Err(InvitationRefused::Unknown)),
            ("a part of it", person(&token, &json!({})), &token[1..], now, Err(InvitationRefused::Unknown)),
            ("the digest", person(&token, &json!({})), &digest(&token), now, Err(InvitationRefused::Unknown)),
            ("nothing", person(&token, &json!({ "tokenDigest": "" })), "", now, Err(InvitationRefused::Unknown)),
            ("used", person(&token, &json!({ "usedAt": now })), &token, now, Err(InvitationRefused::Used)),
            ("at the end", person(&token, &json!({})), &token, end, Err(InvitationRefused::Over)),
            ("no end", person(&token, &json!({ "expiresAt": null })), &token, now, Err(InvitationRefused::Over)),
            (
                "asked for anew",
                person(&token, &json!({ "askedUntil": "2026-11-27T18:00:00Z" })),
                &token,
                now,
                Err(InvitationRefused::Over),
            ),
            ("withdrawn", withdrawn, &token, now, Err(InvitationRefused::Over)),
        ] {
            assert_eq!(check(&person, given, at(now)), expected, "{name}");
        }
    }

    #[test]
    fn a_link_works_for_three_days_at_most() {
        let now = at("2026-11-27T12:00:00Z");
        assert_eq!(end(at("2026-11-28T00:00:00Z"), now), at("2026-11-28T00:00:00Z"));
        assert_eq!(end(at("2027-11-28T00:00:00Z"), now), at("2026-11-30T12:00:00Z"));
    }
}
