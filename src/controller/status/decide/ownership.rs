//! What a user and a group say alike: whether the object owns what it names, and since when it is what it is.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::conditions::{READINESS, Readiness, Wanted, in_seconds, readiness};
use crate::api::conditions::{ConditionType, Reason};

/// The conditions that [`ready`] writes, and the one that it has taken the place of.
pub const OWNERSHIP: [ConditionType; 4] = [READINESS[0], READINESS[1], READINESS[2], ConditionType::NameClaimed];
/// The fields that both kinds have.
pub const FIELDS: [&str; 4] = ["observedGeneration", "state", "stateSince", "conditions"];

/// Why an object does not own a value that it names, or would get back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Another object has it.
    Taken {
        /// The attribute, as claims name it.
        attribute: String,
        /// The id of the other object.
        holder: String,
    },
    /// There are several values of an attribute that must be unique.
    SeveralValues,
}

/// `Ready` of a user or a group: whether it owns every value that it names. A tombstone names none, so it is as its spec wants
/// it, unless somebody asks for it back and another object has a value of it.
pub fn ready(is_deleted: bool, conflict: Option<&Conflict>) -> Vec<Wanted> {
    match conflict {
        Some(Conflict::Taken { attribute, holder }) if is_deleted => {
            let message = format!(
                "asked back by the annotation rollcall.dev/undelete, and {attribute} belongs to {holder} by now: give {holder} \
                 another value, or take the annotation off"
            );
            readiness(Readiness::Stalled, Reason::Taken, &message)
        }
        Some(Conflict::Taken { attribute, holder }) => {
            let message = format!("{attribute} belongs to {holder}: give one of the two another value");
            readiness(Readiness::Stalled, Reason::Taken, &message)
        }
        Some(Conflict::SeveralValues) => {
            let message = "an attribute that must be unique has several values: leave one of them";
            readiness(Readiness::Stalled, Reason::SeveralValues, message)
        }
        None if is_deleted => readiness(Readiness::Ready, Reason::Deleted, ""),
        None => readiness(Readiness::Ready, Reason::Claimed, ""),
    }
}

/// Writes the state into a status that is wanted, with the time since when it is so: as it stands while the state does not
/// change, else what the spec says, if it says anything, and otherwise `now`.
pub fn insert_state(
    wanted: &mut Map<String, Value>,
    state: &Value,
    stands: &Value,
    told: Option<Timestamp>,
    now: Timestamp,
) {
    let standing = stands["stateSince"].as_str().filter(|_| stands["state"] == *state);
    let since = standing.map_or_else(|| in_seconds(told.map_or(now, |told| told.min(now))), str::to_owned);
    wanted.insert("state".to_owned(), state.clone());
    wanted.insert("stateSince".to_owned(), since.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_page_tells_of_every_state_in_the_order_of_the_decision() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/people.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let table = page.lines().skip_while(|line| !line.starts_with("| State |")).skip(2);
        let states = table.take_while(|line| line.starts_with('|')).map(|row| row.split('`').nth(1).expect("a state"));
        let told: Vec<_> = states.collect();
        use crate::api::directory_user::UserState::{Active, Conflict, Deleted, Inactive, Suspended};
        assert_eq!(told, [Deleted, Conflict, Inactive, Suspended, Active].map(|state| format!("{state:?}")));
    }

    #[test]
    fn a_state_says_since_when_it_is_so() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let now = at("2026-03-01T10:00:00.9Z");
        let stood = |state: &str| json!({ "state": state, "stateSince": "2026-01-01T00:00:00Z" });
        for (case, stands, told, expected) in [
            ("new", Value::Null, None, "2026-03-01T10:00:00Z"),
            ("as before", stood("Inactive"), Some(at("2026-02-01T00:00:00Z")), "2026-01-01T00:00:00Z"),
            ("another state", stood("Active"), None, "2026-03-01T10:00:00Z"),
            (
                "another state, and the spec says when",
                stood("Active"),
                Some(at("2026-02-01T00:00:00.5Z")),
                "2026-02-01T00:00:00Z",
            ),
            ("a status that a restore dropped", Value::Null, Some(at("2026-02-01T00:00:00Z")), "2026-02-01T00:00:00Z"),
            ("a mark from the future", stood("Active"), Some(at("2027-01-01T00:00:00Z")), "2026-03-01T10:00:00Z"),
        ] {
            let mut wanted = Map::new();
            insert_state(&mut wanted, &json!("Inactive"), &stands, told, now);
            assert_eq!(Value::Object(wanted), json!({ "state": "Inactive", "stateSince": expected }), "{case}");
        }
    }

    #[test]
    fn an_object_is_ready_when_it_owns_what_it_names_and_says_otherwise_what_to_do() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/people.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let taken = Conflict::Taken { attribute: "User.userName".to_owned(), holder: "other-1".to_owned() };
        for (case, is_deleted, conflict, expected) in [
            ("in order", false, None, ("Claimed", true, "")),
            ("a tombstone", true, None, ("Deleted", true, "")),
            ("another has its name", false, Some(&taken), ("Taken", false, "User.userName belongs to other-1: give")),
            (
                "another has what it would get back",
                true,
                Some(&taken),
                ("Taken", false, "User.userName belongs to other-1 by now"),
            ),
            ("several values", false, Some(&Conflict::SeveralValues), ("SeveralValues", false, "leave one")),
        ] {
            let wanted = ready(is_deleted, conflict);
            let (reason, holds, message) = expected;
            assert_eq!((wanted[0].name, wanted[0].holds), (ConditionType::Ready, holds), "{case}");
            assert_eq!(wanted[0].reason.as_str(), reason, "{case}");
            assert!(wanted[0].message.contains(message), "{case}: {}", wanted[0].message);
            assert!(page.contains(&format!("| {} | `{reason}` |", if holds { "True" } else { "False" })), "{case}");
            let stalled = wanted.get(1).map(|condition| condition.name);
            assert_eq!(stalled, (!holds).then_some(ConditionType::Stalled), "{case}");
        }
    }
}
