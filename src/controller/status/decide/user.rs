//! `DirectoryUser.status`: what counts under the Directory's policy, and who has a value that the person names.
//!
//! A person about whom there is nothing to say has no status at all: one for each of 20,000 people would be 20,000 writes
//! that tell nobody anything.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::conditions::{self, Wanted, insert_list, merge};
use crate::api::conditions::{ConditionType, Reason};

/// The condition that is written here.
pub const NAME_CLAIMED: [ConditionType; 1] = [ConditionType::NameClaimed];
/// The fields that are written here.
pub const FIELDS: &[&str] = &["observedGeneration", "effective", "conditions"];
/// Those of an object that does not own its name.
pub const HIDDEN_FIELDS: &[&str] = &["observedGeneration", "conditions"];

/// Another object has a value that this one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The attribute, as claims name it.
    pub attribute: String,
    /// The id of the other object.
    pub holder: String,
}

/// What is seen of a user.
#[derive(Debug)]
pub struct ObservedUser<'a> {
    /// `metadata.generation`.
    pub generation: i64,
    /// The status as it stands.
    pub status: &'a Value,
    /// What counts under the policy, where that makes a difference.
    pub effective: Option<Value>,
    /// Who has a value that the user names.
    pub conflict: Option<&'a Conflict>,
}

/// The status as it should stand; nothing where there is none and none is needed.
pub fn status(observed: &ObservedUser<'_>, now: Timestamp) -> Option<Map<String, Value>> {
    let ObservedUser { generation, status, effective, conflict } = observed;
    if status.is_null() && effective.is_none() && conflict.is_none() {
        return None;
    }
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), (*generation).into());
    wanted.extend(effective.clone().map(|effective| ("effective".to_owned(), effective)));
    let claimed = name_claimed(status, *conflict);
    insert_list(&mut wanted, "conditions", merge(&status["conditions"], &NAME_CLAIMED, claimed, *generation, now));
    Some(wanted)
}

/// `NameClaimed`, of users and of groups. It comes with a conflict, and stays as True when that is over: whoever saw it
/// False wants to see that.
pub fn name_claimed(stands: &Value, conflict: Option<&Conflict>) -> Vec<Wanted> {
    let name = ConditionType::NameClaimed;
    match conflict {
        Some(Conflict { attribute, holder }) => vec![Wanted {
            name,
            holds: false,
            reason: Reason::Taken,
            message: format!("{attribute} belongs to {holder}: give one of the two another value"),
        }],
        None if conditions::stands(stands, name) => {
            vec![Wanted { name, holds: true, reason: Reason::Claimed, message: String::new() }]
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_has_a_status_where_there_is_something_to_say() {
        let effective = json!({ "userType": "Guest" });
        let taken = Conflict { attribute: "User.externalId".to_owned(), holder: "other-1".to_owned() };
        let claimed = |status: &str, reason: &str, message: &str| {
            json!({ "type": "NameClaimed", "status": status, "reason": reason, "message": message,
                    "observedGeneration": 5, "lastTransitionTime": "1970-01-01T00:00:00Z" })
        };
        let lost = claimed("False", "Taken", "User.externalId belongs to other-1: give one of the two another value");
        let cases = [
            ("nothing to say", None, None, json!(null), None),
            (
                "the policy makes a difference",
                Some(&effective),
                None,
                json!(null),
                Some(json!({ "observedGeneration": 5, "effective": effective })),
            ),
            (
                "it makes none any more",
                None,
                None,
                json!({ "observedGeneration": 4, "effective": effective }),
                Some(json!({ "observedGeneration": 5 })),
            ),
            (
                "a value belongs to another",
                None,
                Some(&taken),
                json!(null),
                Some(json!({ "observedGeneration": 5, "conditions": [lost] })),
            ),
            (
                "it does no longer",
                None,
                None,
                json!({ "conditions": [lost] }),
                Some(json!({ "observedGeneration": 5, "conditions": [claimed("True", "Claimed", "")] })),
            ),
        ];
        for (case, effective, conflict, stands, expected) in cases {
            let observed = ObservedUser { generation: 5, status: &stands, effective: effective.cloned(), conflict };
            assert_eq!(status(&observed, Timestamp::UNIX_EPOCH).map(Value::Object), expected, "{case}");
        }
    }
}
