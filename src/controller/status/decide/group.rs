//! `DirectoryGroup.status`: how many members a group has, who the first are, when they last changed, and who has its name
//! if it has not.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::conditions::{insert_list, merge};
use super::user::{Conflict, NAME_CLAIMED, name_claimed};

/// Most members that a status names; the API server refuses more.
pub const MAX_FIRST_MEMBERS: usize = 100;
/// The fields that are written here.
pub const FIELDS: &[&str] =
    &["observedGeneration", "memberCount", "firstMembers", "membersDigest", "membersChangedAt", "conditions"];

/// What is seen of a group.
#[derive(Debug)]
pub struct ObservedGroup<'a> {
    /// `metadata.generation`.
    pub generation: i64,
    /// The status as it stands.
    pub status: &'a Value,
    /// How many visible direct members it has.
    pub member_count: usize,
    /// A digest of who they are.
    pub members_digest: u64,
    /// The first of them in the order of their ids.
    pub first_members: Vec<String>,
    /// Who has a value that the group names.
    pub conflict: Option<&'a Conflict>,
}

/// The status as it should stand.
pub fn status(observed: &ObservedGroup<'_>, now: Timestamp) -> Map<String, Value> {
    let ObservedGroup { generation, status, member_count, members_digest, first_members, conflict } = observed;
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), (*generation).into());
    wanted.insert("memberCount".to_owned(), (*member_count).into());
    let first = first_members.iter().take(MAX_FIRST_MEMBERS).map(|id| id.as_str().into());
    insert_list(&mut wanted, "firstMembers", first.collect());
    let digest = format!("{members_digest:016x}");
    if let Some(changed_at) = members_changed_at(status, &digest, *member_count, now) {
        wanted.insert("membersChangedAt".to_owned(), changed_at);
    }
    wanted.insert("membersDigest".to_owned(), digest.into());
    let claimed = name_claimed(status, *conflict);
    insert_list(&mut wanted, "conditions", merge(&status["conditions"], &NAME_CLAIMED, claimed, *generation, now));
    wanted
}

/// When the members last changed. They did so now if the status says that they were others, or if there is no status yet:
/// members come after their group. Of a status from before there was a digest nobody knows.
fn members_changed_at(status: &Value, digest: &str, member_count: usize, now: Timestamp) -> Option<Value> {
    let has_changed = match status["membersDigest"].as_str() {
        Some(before) => before != digest,
        None => status.get("memberCount").is_none() && member_count > 0,
    };
    if has_changed { Some(format!("{now:.3}").into()) } else { status.get("membersChangedAt").cloned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOBODY: &str = "0000000000000000";
    const CHANGED_AT: &str = "1970-01-01T00:00:00.000Z";

    #[test]
    fn the_time_of_a_change_of_members_is_that_of_the_look_that_saw_other_ones() {
        let now: Timestamp = "2026-03-01T10:00:00.1234Z".parse().expect("a time");
        let (before, digest) = ("2026-01-01T00:00:00.000Z", "00000000000000ab");
        let stood = |digest: &str| json!({ "membersDigest": digest, "membersChangedAt": before });
        let cases = [
            ("nothing stands", json!(null), Some("2026-03-01T10:00:00.123Z")),
            ("a status from before there was a digest", json!({ "memberCount": 3 }), None),
            ("the same members for the first time", json!({ "membersDigest": digest }), None),
            ("the same members", stood(digest), Some(before)),
            ("others", stood(NOBODY), Some("2026-03-01T10:00:00.123Z")),
            ("others for the first time", json!({ "membersDigest": NOBODY }), Some("2026-03-01T10:00:00.123Z")),
        ];
        for (case, status, expected) in cases {
            let observed = ObservedGroup {
                generation: 3,
                status: &status,
                member_count: 1,
                members_digest: 0xab,
                first_members: Vec::new(),
                conflict: None,
            };
            let wanted = super::status(&observed, now);
            assert_eq!(wanted["membersDigest"], digest, "{case}");
            assert_eq!(wanted.get("membersChangedAt").and_then(Value::as_str), expected, "{case}");
        }
    }

    #[test]
    fn a_group_says_how_many_belong_to_it_and_who_the_first_are() {
        let taken = Conflict { attribute: "Group.displayName".to_owned(), holder: "other-1".to_owned() };
        let members = |count: usize| (0..count).map(|number| format!("u-{number:03}")).collect::<Vec<_>>();
        let before = "2026-01-01T00:00:00Z";
        let lost =
            json!({ "conditions": [{ "type": "NameClaimed", "status": "False", "lastTransitionTime": before }] });
        let cases = [
            (
                "an empty group",
                0,
                members(0),
                None,
                json!(null),
                json!({ "observedGeneration": 3, "memberCount": 0, "membersDigest": NOBODY }),
            ),
            (
                "one with members",
                2,
                members(2),
                None,
                json!({ "memberCount": 1 }),
                json!({ "observedGeneration": 3, "memberCount": 2, "firstMembers": ["u-000", "u-001"],
                    "membersDigest": NOBODY }),
            ),
            (
                "a large one",
                20_000,
                members(200),
                None,
                json!(null),
                json!({ "observedGeneration": 3, "memberCount": 20_000, "firstMembers": members(MAX_FIRST_MEMBERS),
                    "membersDigest": NOBODY, "membersChangedAt": CHANGED_AT }),
            ),
            (
                "one whose name another has",
                0,
                members(0),
                Some(&taken),
                json!(null),
                json!({ "observedGeneration": 3, "memberCount": 0, "membersDigest": NOBODY, "conditions": [{
                    "type": "NameClaimed", "status": "False", "reason": "Taken", "observedGeneration": 3,
                    "lastTransitionTime": "1970-01-01T00:00:00Z",
                    "message": "Group.displayName belongs to other-1: give one of the two another value",
                }] }),
            ),
            (
                "one that has its name again",
                0,
                members(0),
                None,
                lost,
                json!({ "observedGeneration": 3, "memberCount": 0, "membersDigest": NOBODY, "conditions": [{
                    "type": "NameClaimed", "status": "True", "reason": "Claimed", "observedGeneration": 3,
                    "lastTransitionTime": "1970-01-01T00:00:00Z", "message": "",
                }] }),
            ),
        ];
        for (case, member_count, first_members, conflict, stands, expected) in cases {
            let observed = ObservedGroup {
                generation: 3,
                status: &stands,
                member_count,
                members_digest: 0,
                first_members,
                conflict,
            };
            assert_eq!(Value::Object(status(&observed, Timestamp::UNIX_EPOCH)), expected, "{case}");
        }
    }
}
