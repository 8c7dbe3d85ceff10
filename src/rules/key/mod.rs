//! Keys: whether one opens a Directory now, how near its end is, what its secret looks like, and when it is rotated.

pub mod expiry;
pub mod rotation;
pub mod secret;

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

/// Whether the key is valid for `scope` at `now`: from `notBefore` on, and until just before `expiresAt`.
///
/// The order matters twice. What is final comes first, so that the log names the reason that no waiting heals. And the
/// scope comes last: 403 tells the caller that the secret is known, which only the holder of a key in force may learn.
pub fn check(key: &DirectoryKeySpec, scope: Scope, now: Timestamp) -> KeyVerdict {
    if key.revoked == Some(true) {
        return KeyVerdict::Revoked;
    }
    if key.expires_at.as_ref().is_some_and(|end| end.0 <= now) {
        return KeyVerdict::Expired;
    }
    if key.not_before.as_ref().is_some_and(|start| now < start.0) {
        return KeyVerdict::NotYetValid;
    }
    if scope == Scope::Unknown || !key.scopes.contains(&scope) {
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
        check(&key, Scope::Provision, NOW.parse().expect("a time"))
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
    fn a_key_opens_for_its_own_scopes_alone() {
        let now = NOW.parse().expect("a time");
        for (scopes, provision, introspect) in [
            (json!(["provision"]), Valid, WrongScope),
            (json!(["introspect"]), WrongScope, Valid),
            (json!(["provision", "introspect"]), Valid, Valid),
            (json!(["audit"]), WrongScope, WrongScope),
        ] {
            let spec = json!({ "directoryRef": { "name": "staff" }, "scopes": scopes });
            let key = serde_json::from_value(spec).expect("a key");
            let verdicts = [Scope::Provision, Scope::Introspect].map(|scope| check(&key, scope, now));
            assert_eq!(verdicts, [provision, introspect], "{scopes}");
            assert_eq!(check(&key, Scope::Unknown, now), WrongScope, "a scope that is not known is not asked for");
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
