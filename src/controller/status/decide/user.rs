//! `DirectoryUser.status`: what counts under the Directory's policy, who has a value that the person names, and whether the person
//! has access.
//!
//! A person about whom there is nothing to say has no status at all: one for each of 20,000 people would be 20,000 writes
//! that tell nobody anything. Where people log in, there is something to say of everybody.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::conditions::{self, Wanted, insert_list, merge};
use crate::api::conditions::{ConditionType, Reason};
use crate::api::directory_user::LoginMethod;
use crate::rules::access::{Denial, LoginRules, Person, decide};

/// The condition of users and of groups.
pub const NAME_CLAIMED: [ConditionType; 1] = [ConditionType::NameClaimed];
/// All conditions of users.
const OF_USERS: [ConditionType; 2] = [ConditionType::NameClaimed, ConditionType::AccessGranted];
/// The fields that are written here.
pub const FIELDS: &[&str] = &["observedGeneration", "effective", "conditions"];
/// Those of an object that SCIM does not show.
pub const HIDDEN_FIELDS: &[&str] = &["observedGeneration", "conditions"];

/// Another object has a value that this one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The attribute, as claims name it.
    pub attribute: String,
    /// The id of the other object.
    pub holder: String,
}

/// What is to be said of a person's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the Directory has no login.
    NotAsked,
    /// Nothing yet: the object is being made, or is about to go. What stands is left as it is.
    Unclear,
    /// What every door decides.
    Decided(Result<LoginMethod, Denial>),
}

/// What is to be said of the access of a person to a Directory with a login. A value that the person does not own and nobody else
/// has is being claimed: a create goes on, or the janitor mends what a restore brought back.
pub fn access(person: &Person, rules: &LoginRules, has_conflict: bool) -> Access {
    match decide(person, rules) {
        Err(Denial::ValueTaken) if !has_conflict => Access::Unclear,
        Err(Denial::Rejected) => Access::Unclear,
        decided => Access::Decided(decided),
    }
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
    /// Whether the user has access.
    pub access: Access,
}

/// The status as it should stand; nothing where there is none and none is needed.
pub fn status(observed: &ObservedUser<'_>, now: Timestamp) -> Option<Map<String, Value>> {
    let ObservedUser { generation, status, effective, conflict, access } = observed;
    let is_decided = matches!(access, Access::Decided(_));
    if status.is_null() && effective.is_none() && conflict.is_none() && !is_decided {
        return None;
    }
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), (*generation).into());
    wanted.extend(effective.clone().map(|effective| ("effective".to_owned(), effective)));
    let (owned, granted) = match access {
        Access::NotAsked => (&OF_USERS[..], None),
        Access::Unclear => (&NAME_CLAIMED[..], None),
        Access::Decided(decided) => (&OF_USERS[..], Some(access_granted(*decided))),
    };
    let conditions = name_claimed(status, *conflict).into_iter().chain(granted).collect();
    insert_list(&mut wanted, "conditions", merge(&status["conditions"], owned, conditions, *generation, now));
    Some(wanted)
}

/// `AccessGranted`: what every door decides, with what to do about it. Its `lastTransitionTime` says since when.
fn access_granted(decided: Result<LoginMethod, Denial>) -> Wanted {
    let name = ConditionType::AccessGranted;
    match decided {
        Ok(_) => Wanted { name, holds: true, reason: Reason::Granted, message: String::new() },
        Err(denial) => Wanted { name, holds: false, reason: denial.reason(), message: sentence(denial).to_owned() },
    }
}

fn sentence(denial: Denial) -> &'static str {
    match denial {
        Denial::Deleted => {
            "the person was deleted: assign the account in the identity provider again, or set the annotation \
             rollcall.dev/undelete until the retention is over"
        }
        Denial::Rejected => "the object lost its name before anybody was told of it, and is about to be removed",
        Denial::ValueTaken => "another object has a value that must be unique: the condition NameClaimed names it",
        Denial::Inactive => "the identity provider deactivated the person: enable or assign the account there",
        Denial::Suspended => "an administrator keeps the person out: remove spec.suspended to let the person in",
        Denial::SuspendedByPortal => "the person was suspended in the portal: lift the suspension there",
        Denial::LoginDisabled => "nobody logs in to this Directory: change spec.login.method of the Directory",
        Denial::MethodUnavailable => {
            "the person's way to log in is not open: change spec.loginMethod of the person, or open the way in spec.login of the \
             Directory"
        }
        Denial::ForeignLink => {
            "the person is linked to an account of another tenant: remove spec.link, with the verb override, and let the person \
             log in again"
        }
    }
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
            let access = Access::NotAsked;
            let effective = effective.cloned();
            let observed = ObservedUser { generation: 5, status: &stands, effective, conflict, access };
            assert_eq!(status(&observed, Timestamp::UNIX_EPOCH).map(Value::Object), expected, "{case}");
        }
    }

    #[test]
    fn access_is_told_where_it_is_decided_and_left_alone_where_it_is_not_clear_yet() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
        let standing = |status: &str, reason: &str| {
            json!([{ "type": "AccessGranted", "status": status, "reason": reason, "message": "",
                     "observedGeneration": 4, "lastTransitionTime": "2026-01-01T00:00:00Z" }])
        };
        let granted = standing("True", "Granted");
        let decided = |decided| Access::Decided(decided);
        let cases = [
            ("no login", json!(null), Access::NotAsked, None),
            ("no login any more", granted.clone(), Access::NotAsked, Some(json!(null))),
            ("being made", json!(null), Access::Unclear, None),
            ("being mended", granted.clone(), Access::Unclear, Some(granted.clone())),
        ];
        for (case, conditions, access, expected) in cases {
            let stands = if conditions.is_null() { json!(null) } else { json!({ "conditions": conditions }) };
            let observed = ObservedUser { generation: 5, status: &stands, effective: None, conflict: None, access };
            let wanted = status(&observed, now).map(|wanted| wanted.get("conditions").cloned().unwrap_or_default());
            assert_eq!(wanted, expected, "{case}");
        }
        for (case, conditions, access, expected) in [
            ("granted", json!(null), decided(Ok(LoginMethod::BuiltIn)), ("True", "Granted", "2026-03-01T10:00:00Z")),
            (
                "granted as before",
                granted.clone(),
                decided(Ok(LoginMethod::OpenIDConnect)),
                ("True", "Granted", "2026-01-01T00:00:00Z"),
            ),
            ("denied", granted, decided(Err(Denial::Suspended)), ("False", "Suspended", "2026-03-01T10:00:00Z")),
            (
                "denied for another reason",
                standing("False", "Suspended"),
                decided(Err(Denial::Inactive)),
                ("False", "Inactive", "2026-01-01T00:00:00Z"),
            ),
        ] {
            let stands = json!({ "conditions": conditions });
            let observed = ObservedUser { generation: 5, status: &stands, effective: None, conflict: None, access };
            let wanted = status(&observed, now).expect("a status");
            let condition = &wanted["conditions"][0];
            let text = |field: &str| condition[field].as_str().expect("a text");
            assert_eq!((text("status"), text("reason"), text("lastTransitionTime")), expected, "{case}");
            assert_eq!(text("message").is_empty(), expected.0 == "True", "{case}");
        }
    }

    #[test]
    fn the_page_tells_of_every_reason_in_the_order_of_the_decision() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let table = page.lines().skip_while(|line| !line.starts_with("| Reason |")).skip(3);
        let table: Vec<_> = table.take_while(|line| line.starts_with('|')).collect();
        let denials = [
            Denial::Deleted,
            Denial::Rejected,
            Denial::ValueTaken,
            Denial::Inactive,
            Denial::Suspended,
            Denial::SuspendedByPortal,
            Denial::LoginDisabled,
            Denial::MethodUnavailable,
            Denial::ForeignLink,
        ];
        assert_eq!(table, denials.map(|denial| format!("| `{}` | {} |", denial.as_str(), sentence(denial))));
    }

    #[test]
    fn a_value_that_nobody_else_has_closes_no_door_in_the_status() {
        let person = |owns_its_values, is_rejected| Person { owns_its_values, is_rejected, ..Person::in_order() };
        let rules = LoginRules { method: Some(LoginMethod::BuiltIn), has_passwords: true, ..LoginRules::default() };
        for (case, person, has_conflict, expected) in [
            ("it owns all", person(true, false), false, Access::Decided(Ok(LoginMethod::BuiltIn))),
            ("nobody has it yet", person(false, false), false, Access::Unclear),
            ("somebody else has it", person(false, false), true, Access::Decided(Err(Denial::ValueTaken))),
            ("about to be removed", person(false, true), false, Access::Unclear),
        ] {
            assert_eq!(access(&person, &rules, has_conflict), expected, "{case}");
        }
    }
}
