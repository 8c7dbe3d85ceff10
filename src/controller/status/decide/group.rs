//! `DirectoryGroup.status`: what the group is, who has its name if it has not, how many members it has, who the first are, and
//! when they last changed.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::conditions::{insert_list, merge};
use super::ownership::{self, Conflict, OWNERSHIP, insert_state, ready};
use crate::api::directory_group::GroupState;

/// Most members that a status names; the API server refuses more.
pub const MAX_FIRST_MEMBERS: usize = 100;
/// The fields that are written here.
pub const FIELDS: &[&str] = &[
    "observedGeneration",
    "state",
    "stateSince",
    "memberCount",
    "firstMembers",
    "membersDigest",
    "membersChangedAt",
    "conditions",
];
/// Those of a group that SCIM does not show: of its members nothing is told.
pub const HIDDEN_FIELDS: &[&str] = &ownership::FIELDS;

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
    /// Why the group does not own a value that it names.
    pub conflict: Option<&'a Conflict>,
}

/// The status of a group that SCIM does not show, as it should stand: a tombstone, or one whose name another group has.
pub fn hidden(
    (generation, status): (i64, &Value),
    (conflict, deleted_at): (Option<&Conflict>, Option<Option<Timestamp>>),
    now: Timestamp,
) -> Map<String, Value> {
    let state = if deleted_at.is_some() { GroupState::Deleted } else { GroupState::Conflict };
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), generation.into());
    insert_state(&mut wanted, &json!(state), status, deleted_at.flatten(), now);
    let ready = ready(deleted_at.is_some(), conflict);
    insert_list(&mut wanted, "conditions", merge(&status["conditions"], &OWNERSHIP, ready, generation, now));
    wanted
}

/// The status as it should stand.
pub fn status(observed: &ObservedGroup<'_>, now: Timestamp) -> Map<String, Value> {
    let ObservedGroup { generation, status, member_count, members_digest, first_members, conflict } = observed;
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), (*generation).into());
    let state = if conflict.is_some() { GroupState::Conflict } else { GroupState::Active };
    insert_state(&mut wanted, &json!(state), status, None, now);
    wanted.insert("memberCount".to_owned(), (*member_count).into());
    let first = first_members.iter().take(MAX_FIRST_MEMBERS).map(|id| id.as_str().into());
    insert_list(&mut wanted, "firstMembers", first.collect());
    let digest = format!("{members_digest:016x}");
    if let Some(changed_at) = members_changed_at(status, &digest, *member_count, now) {
        wanted.insert("membersChangedAt".to_owned(), changed_at);
    }
    wanted.insert("membersDigest".to_owned(), digest.into());
    let ready = ready(false, *conflict);
    insert_list(&mut wanted, "conditions", merge(&status["conditions"], &OWNERSHIP, ready, *generation, now));
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
        let members = |count: usize| (0..count).map(|number| format!("u-{number:03}")).collect::<Vec<_>>();
        let cases = [
            (
                "an empty group",
                0,
                members(0),
                json!(null),
                json!({ "observedGeneration": 3, "memberCount": 0, "membersDigest": NOBODY }),
            ),
            (
                "one with members",
                2,
                members(2),
                json!({ "memberCount": 1 }),
                json!({ "observedGeneration": 3, "memberCount": 2, "firstMembers": ["u-000", "u-001"],
                    "membersDigest": NOBODY }),
            ),
            (
                "a large one",
                20_000,
                members(200),
                json!(null),
                json!({ "observedGeneration": 3, "memberCount": 20_000, "firstMembers": members(MAX_FIRST_MEMBERS),
                    "membersDigest": NOBODY, "membersChangedAt": CHANGED_AT }),
            ),
        ];
        for (case, member_count, first_members, stands, expected) in cases {
            let observed = ObservedGroup {
                generation: 3,
                status: &stands,
                member_count,
                members_digest: 0,
                first_members,
                conflict: None,
            };
            let mut wanted = status(&observed, Timestamp::UNIX_EPOCH);
            assert_eq!(summary(&wanted), ("Active".to_owned(), "True".to_owned(), "Claimed".to_owned()), "{case}");
            for of_both_kinds in ["state", "stateSince", "conditions"] {
                wanted.remove(of_both_kinds);
            }
            assert_eq!(Value::Object(wanted), expected, "{case}");
        }
    }

    /// The state, and the status and the reason of Ready.
    fn summary(status: &Map<String, Value>) -> (String, String, String) {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let ready = &status["conditions"][0];
        (text(&status["state"]), text(&ready["status"]), text(&ready["reason"]))
    }

    #[test]
    fn a_group_says_what_it_is_whether_or_not_scim_shows_it() {
        let taken = Conflict::Taken { attribute: "Group.displayName".to_owned(), holder: "other-1".to_owned() };
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
        let shown = ObservedGroup {
            generation: 3,
            status: &Value::Null,
            member_count: 0,
            members_digest: 0,
            first_members: Vec::new(),
            conflict: Some(&taken),
        };
        let hidden = |conflict, deleted_at| hidden((3, &Value::Null), (conflict, deleted_at), now);
        for (case, status, expected) in [
            ("shown, and another has its externalId", status(&shown, now), ("Conflict", "False", "Taken")),
            ("another has its name", hidden(Some(&taken), None), ("Conflict", "False", "Taken")),
            ("a tombstone", hidden(None, Some(Some(now))), ("Deleted", "True", "Deleted")),
            ("a tombstone whose time nobody can read", hidden(None, Some(None)), ("Deleted", "True", "Deleted")),
            ("asked back, and another has its name", hidden(Some(&taken), Some(None)), ("Deleted", "False", "Taken")),
        ] {
            let (state, holds, reason) = expected;
            assert_eq!(summary(&status), (state.to_owned(), holds.to_owned(), reason.to_owned()), "{case}");
            assert_eq!(status["observedGeneration"], 3, "{case}");
        }
    }
}
