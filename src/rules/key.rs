//! Whether a key opens a Directory now.

use jiff::Timestamp;

use crate::api::DirectoryKeySpec;
use crate::api::directory_key::Scope;

/// The verdict on a key that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyVerdict {
    /// It opens.
    Valid,
    /// `notBefore` is yet to come.
    NotYetValid,
    /// `expiresAt` is over.
    Expired,
    /// `revoked` is set.
    Revoked,
    /// A key without the scope: 403, and nothing else is.
    WrongScope,
}

/// Whether the key is valid at `now`: from `notBefore` on, and until just before `expiresAt`.
///
/// The order matters twice. What is final comes first, so that the log names the reason that no waiting heals. And the
/// scope comes last: 403 tells the caller that the secret is known, which only the holder of a key in force may learn.
pub fn check(key: &DirectoryKeySpec, now: Timestamp) -> KeyVerdict {
    if key.revoked == Some(true) {
        return KeyVerdict::Revoked;
    }
    if key.expires_at.as_ref().is_some_and(|end| end.0 <= now) {
        return KeyVerdict::Expired;
    }
    if key.not_before.as_ref().is_some_and(|start| now < start.0) {
        return KeyVerdict::NotYetValid;
    }
    if !key.scopes.contains(&Scope::Provision) {
        return KeyVerdict::WrongScope;
    }
    KeyVerdict::Valid
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::KeyVerdict::{Expired, NotYetValid, Revoked, Valid, WrongScope};
    use super::*;

    const NOW: &str = "2026-03-01T12:00:00Z";

    fn verdict(spec: Value) -> KeyVerdict {
        let mut spec = spec;
        spec["directoryRef"] = json!({ "name": "staff" });
        let key = serde_json::from_value(spec).expect("a key");
        check(&key, NOW.parse().expect("a time"))
    }

    #[test]
    fn a_key_opens_while_it_is_in_force() {
        let (before, after) = ("2026-03-01T11:59:59.999999999Z", "2026-03-01T12:00:00.000000001Z");
        let cases = [
            ("nothing said", json!({}), Valid),
            ("not revoked", json!({ "revoked": false }), Valid),
            ("revoked", json!({ "revoked": true }), Revoked),
            ("begun a moment ago", json!({ "notBefore": before }), Valid),
            ("begins now", json!({ "notBefore": NOW }), Valid),
            ("begins in a moment", json!({ "notBefore": after }), NotYetValid),
            ("ends in a moment", json!({ "expiresAt": after }), Valid),
            ("ends now", json!({ "expiresAt": NOW }), Expired),
            ("ended a moment ago", json!({ "expiresAt": before }), Expired),
            ("between the two", json!({ "notBefore": before, "expiresAt": after }), Valid),
            ("with the scope", json!({ "scopes": ["provision"] }), Valid),
            ("with the scope and a newer one", json!({ "scopes": ["audit", "provision"] }), Valid),
            ("with a newer scope alone", json!({ "scopes": ["audit"] }), WrongScope),
            ("without a scope", json!({ "scopes": [] }), WrongScope),
        ];
        for (name, spec, expected) in cases {
            assert_eq!(verdict(spec), expected, "{name}");
        }
    }

    #[test]
    fn the_first_of_several_reasons_counts() {
        let (before, after) = ("2026-03-01T11:00:00Z", "2026-03-01T13:00:00Z");
        let mut spec = json!({ "revoked": true, "expiresAt": before, "notBefore": after, "scopes": ["audit"] });
        for (reason, removed) in
            [(Revoked, "revoked"), (Expired, "expiresAt"), (NotYetValid, "notBefore"), (WrongScope, "scopes")]
        {
            assert_eq!(verdict(spec.clone()), reason);
            spec.as_object_mut().expect("an object").remove(removed);
        }
        assert_eq!(verdict(spec), Valid);
    }
}
