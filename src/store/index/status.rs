//! The status of an object, compressed: everybody has one, and nearly all of them are made of the same few words.
//!
//! The writer of statuses compares what stands with what it wants, so all of it has to be there; nobody else asks. LZ4 against
//! a dictionary keeps the times and the numbers, and of the rest where in the dictionary it stands.

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use serde_json::Value;

/// What most statuses look like. It is in no file and in no other process, so it may change with every version.
const DICTIONARY: &[u8] = br#"{"effective":{"userType":"Member","portalRole":"User","extensions":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{},"notes":[""]}},"firstMembers":[""],"memberCount":1,"membersChangedAt":"2026-01-01T00:00:00.000Z","membersDigest":"0","status":"False","type":"Ready"},"status":"True","type":"Stalled"},"reason":"Deleted","reason":"Suspended","reason":"Inactive","reason":"Taken","reason":"ValueTaken","reason":"LoginDisabled","status":"False","type":"AccessGranted"},"state":"Inactive","state":"Suspended","state":"Deleted","state":"Conflict","message":"the identity provider deactivated the person: enable or assign the account there","message":"nobody logs in to this Directory: change spec.login.method of the Directory","since":"2026-{"conditions":[{"lastTransitionTime":"2026-01-01T00:00:00Z","message":"","observedGeneration":1,"reason":"Granted","status":"True","type":"AccessGranted"},{"lastTransitionTime":"2026-01-01T00:00:00Z","message":"","observedGeneration":1,"reason":"Claimed","status":"True","type":"Ready"}],"observedGeneration":1,"state":"Active","stateSince":"2026-01-01T00:00:00Z"}"#;

/// One status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptStatus(Box<[u8]>);

impl KeptStatus {
    /// This status; nothing where it is empty.
    pub(super) fn of(status: &Value) -> Option<Self> {
        let status = status.as_object().filter(|status| !status.is_empty())?;
        let json = serde_json::to_vec(status).ok()?;
        Some(Self(compress_prepend_size_with_dict(&json, DICTIONARY).into()))
    }

    /// The status as it was.
    pub(super) fn json(&self) -> Value {
        let json = decompress_size_prepended_with_dict(&self.0, DICTIONARY);
        json.ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn condition(name: &str, reason: &str) -> Value {
        json!({
            "type": name, "status": "True", "reason": reason, "message": "", "observedGeneration": 17,
            "lastTransitionTime": "2026-11-27T20:31:04Z",
        })
    }

    #[test]
    fn the_status_of_a_person_in_order_takes_little_room_and_comes_back_whole() {
        let status = json!({
            "observedGeneration": 17, "state": "Active", "stateSince": "2026-11-27T20:31:04Z",
            "conditions": [condition("AccessGranted", "Granted"), condition("Ready", "Claimed")],
        });
        let kept = KeptStatus::of(&status).expect("a status");
        assert_eq!(kept.json(), status);
        assert!(kept.0.len() <= 96, "{} bytes", kept.0.len());
    }

    #[test]
    fn any_status_comes_back_whole() {
        let long = "é".repeat(100_000);
        for status in [
            json!({ "a": 1 }),
            json!({ "conditions": [], "fromTheFuture": { "x": [1.5, null, "ü"] } }),
            json!({ "effective": { "notes": [long] } }),
        ] {
            assert_eq!(KeptStatus::of(&status).map(|kept| kept.json()), Some(status));
        }
        for nothing in [json!(null), json!({}), json!("text")] {
            assert_eq!(KeptStatus::of(&nothing), None, "{nothing}");
        }
    }
}
