//! When a minted key is rotated, and what its successor is called.
//!
//! A rotation makes one key after another, and each step can be seen in the objects: a key that is due gets a successor, and once
//! the successor has its secret, the key gets an end. A key that has an end already is not rotated: either it has been, or people
//! want it to end.

use jiff::{SignedDuration, Timestamp};

use crate::api::directory_key::{KeyRotation, Mint};
use crate::api::{DirectoryKeySpec, DirectorySpec};
use crate::rules::retention::duration;

/// `spec.keyRotation` of a Directory, as it can be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationRule {
    /// How old a key becomes.
    pub every: SignedDuration,
    /// How long it works beside its successor.
    pub overlap: SignedDuration,
}

impl RotationRule {
    /// What the Directory asks for; nothing where it asks for nothing, or nobody can read it.
    pub fn of(spec: &DirectorySpec) -> Option<Self> {
        let KeyRotation { every, overlap } = spec.key_rotation.as_ref()?;
        Some(Self { every: duration(every)?, overlap: duration(overlap)? })
    }
}

/// From when on a key is due: so long after `notBefore`, or after its creation where it has none. Nothing where it is not rotated:
/// only the operator's own secrets can be, and only of a key that is in force and has no end.
pub fn due(key: &DirectoryKeySpec, created_at: Option<Timestamp>, rule: RotationRule) -> Option<Timestamp> {
    let rotates = key.mint.is_some() && key.sha256.is_some() && key.expires_at.is_none() && key.revoked != Some(true);
    let begun = key.not_before.as_ref().map(|start| start.0).or(created_at).filter(|_| rotates)?;
    begun.checked_add(rule.every).ok()
}

/// The name of the key that comes in the place of this one, and the name of its Secret: the same with the next number. Who made
/// the key matters: only in a name that a rotation has given is the number at the end one of ours.
pub fn successor(name: &str, mint: &Mint, is_successor: bool) -> (String, String) {
    let numbered = name.rsplit_once('-').filter(|_| is_successor);
    let numbered = numbered.and_then(|(stem, number)| Some((stem, number.parse::<u32>().ok()?)));
    let (stem, number) = numbered.unwrap_or((name, 1));
    let of_secret = mint.secret_name.strip_suffix(&format!("-{number}")).filter(|_| number > 1);
    let secret = of_secret.unwrap_or(&mint.secret_name);
    let next = number.saturating_add(1);
    (format!("{stem}-{next}"), format!("{secret}-{next}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const RULE: RotationRule =
        RotationRule { every: SignedDuration::from_hours(240), overlap: SignedDuration::from_hours(24) };

    fn key(mut spec: Value) -> DirectoryKeySpec {
        spec["directoryRef"] = json!({ "name": "staff" });
        serde_json::from_value(spec).expect("a key")
    }

    #[test]
    fn only_a_minted_key_in_force_that_has_no_end_is_rotated() {
        let created: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a time");
        let mint = json!({ "secretName": "token" });
        let hash = "11".repeat(32);
        for (case, spec, expected) in [
            ("a minted key", json!({ "mint": mint, "sha256": hash }), Some("2026-03-11T00:00:00Z")),
            (
                "one that began at another time",
                json!({ "mint": mint, "sha256": hash, "notBefore": "2026-02-01T00:00:00Z" }),
                Some("2026-02-11T00:00:00Z"),
            ),
            ("one without its secret", json!({ "mint": mint }), None),
            ("one that brings its hash", json!({ "sha256": hash }), None),
            ("a revoked one", json!({ "mint": mint, "sha256": hash, "revoked": true }), None),
            ("one with an end", json!({ "mint": mint, "sha256": hash, "expiresAt": "2029-01-01T00:00:00Z" }), None),
        ] {
            let expected = expected.map(|time| time.parse().expect("a time"));
            assert_eq!(due(&key(spec), Some(created), RULE), expected, "{case}");
        }
    }

    #[test]
    fn a_successor_has_the_next_number() {
        for (name, secret, is_successor, expected) in [
            ("entra", "entra-token", false, ("entra-2", "entra-token-2")),
            ("entra-2", "entra-token-2", true, ("entra-3", "entra-token-3")),
            ("entra-9", "entra-token-9", true, ("entra-10", "entra-token-10")),
            ("entra-2", "another", true, ("entra-3", "another-3")),
            ("entra-2027", "token-2027", false, ("entra-2027-2", "token-2027-2")),
            ("entra-x", "token", true, ("entra-x-2", "token-2")),
        ] {
            let mint = Mint { secret_name: secret.to_owned(), delete_secret_after: None };
            let expected = (expected.0.to_owned(), expected.1.to_owned());
            assert_eq!(successor(name, &mint, is_successor), expected, "{name}");
        }
    }

    #[test]
    fn a_directory_says_how_often() {
        let rule = |rotation: Value| {
            RotationRule::of(&serde_json::from_value(json!({ "keyRotation": rotation })).expect("a Directory"))
        };
        assert_eq!(rule(json!({ "every": "10d", "overlap": "24h" })), Some(RULE));
        assert_eq!(rule(Value::Null), None);
        assert_eq!(rule(json!({ "every": "monthly", "overlap": "24h" })), None, "of a newer version");
    }
}
