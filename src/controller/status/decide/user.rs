//! `DirectoryUser.status`: what the person is, who has a value that the person names, what counts under the Directory's policy,
//! and whether the person has access.
//!
//! Everybody has one, so that `kubectl get directoryusers` says of each person what is the matter, and `kubectl wait` when the
//! object is done. A person who is being created, or whom the janitor is about to mend, is told nothing new: the next look does.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::conditions::{Wanted, insert_list, merge};
use super::ownership::{Conflict, OWNERSHIP, insert_state, ready};
use crate::api::conditions::{ConditionType, Reason};
use crate::api::directory_user::{LastDeactivation, LoginMethod, UserState};
use crate::rules::access::{Denial, LoginRules, Person, decide, own_denial, state};
use crate::rules::author::in_words;

/// The fields that are written here.
pub const FIELDS: &[&str] = &["observedGeneration", "state", "stateSince", "effective", "conditions"];
/// All conditions of users.
const OWNED: [ConditionType; 5] =
    [OWNERSHIP[0], OWNERSHIP[1], OWNERSHIP[2], OWNERSHIP[3], ConditionType::AccessGranted];

/// What is seen of a user.
#[derive(Debug)]
pub struct ObservedUser<'a> {
    /// `metadata.generation`.
    pub generation: i64,
    /// The status as it stands.
    pub status: &'a Value,
    /// What counts under the policy, where that makes a difference.
    pub effective: Option<Value>,
    /// Why the user does not own a value that it names.
    pub conflict: Option<&'a Conflict>,
    /// The person, as every door sees it.
    pub person: &'a Person,
    /// Who may log in; nothing where the Directory has no login.
    pub login: Option<&'a LoginRules>,
    /// When it was deleted, where it was and says so.
    pub deleted_at: Option<Timestamp>,
    /// Which request last deactivated or deleted the person.
    pub last_deactivation: Option<&'a LastDeactivation>,
}

/// The status as it should stand; nothing where it is left as it is.
pub fn status(observed: &ObservedUser<'_>, now: Timestamp) -> Option<Map<String, Value>> {
    let ObservedUser { generation, status, effective, conflict, person, login, deleted_at, last_deactivation } =
        observed;
    if is_unclear(person, *conflict) {
        return None;
    }
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), (*generation).into());
    let state = state(person);
    let since = match state {
        UserState::Deleted => *deleted_at,
        UserState::Inactive => last_deactivation.map(|request| request.at.0),
        _ => None,
    };
    insert_state(&mut wanted, &json!(state), status, since, now);
    wanted.extend(effective.clone().map(|effective| ("effective".to_owned(), effective)));
    let granted = login.map(|login| access_granted(decide(person, login), *last_deactivation));
    let conditions = ready(person.is_deleted, *conflict).into_iter().chain(granted).collect();
    insert_list(&mut wanted, "conditions", merge(&status["conditions"], &OWNED, conditions, *generation, now));
    Some(wanted)
}

/// Whether nobody can tell yet what becomes of the object. A value that the person does not own and nobody else has is being
/// claimed: a create goes on, or the janitor mends what a restore brought back. And what lost its name is about to go.
fn is_unclear(person: &Person, conflict: Option<&Conflict>) -> bool {
    match own_denial(person) {
        Some(Denial::ValueTaken) => conflict.is_none(),
        Some(Denial::Rejected) => true,
        _ => false,
    }
}

/// `AccessGranted`: what every door decides, with what to do about it. Its `lastTransitionTime` says since when.
fn access_granted(decided: Result<LoginMethod, Denial>, last_deactivation: Option<&LastDeactivation>) -> Wanted {
    let name = ConditionType::AccessGranted;
    let Err(denial) = decided else {
        return Wanted { name, holds: true, reason: Reason::Granted, message: String::new() };
    };
    let request = last_deactivation.filter(|_| matches!(denial, Denial::Deleted | Denial::Inactive));
    let message = match request {
        Some(request) => format!("{} ({})", sentence(denial), in_words(request)),
        None => sentence(denial).to_owned(),
    };
    Wanted { name, holds: false, reason: denial.reason(), message }
}

fn sentence(denial: Denial) -> &'static str {
    match denial {
        Denial::Deleted => {
            "the person was deleted: assign the account in the identity provider again, or set the annotation \
             rollcall.dev/undelete until the retention is over"
        }
        Denial::Rejected => "the object lost its name before anybody was told of it, and is about to be removed",
        Denial::ValueTaken => "another object has a value that must be unique: the condition Ready names it",
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

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_359_200, 0);
    const LONG_AGO: &str = "2026-01-01T00:00:00Z";

    fn rules() -> LoginRules {
        LoginRules { method: Some(LoginMethod::BuiltIn), has_passwords: true, ..LoginRules::default() }
    }

    fn taken() -> Conflict {
        Conflict::Taken { attribute: "User.externalId".to_owned(), holder: "other-1".to_owned() }
    }

    fn request() -> LastDeactivation {
        let at = Time("2026-02-01T00:00:00.5Z".parse().expect("a time"));
        LastDeactivation { at, method: "PATCH".to_owned(), key: "entra".to_owned(), request_id: "r-1".to_owned() }
    }

    fn observed<'a>(person: &'a Person, status: &'a Value) -> ObservedUser<'a> {
        ObservedUser {
            generation: 5,
            status,
            effective: None,
            conflict: None,
            person,
            login: None,
            deleted_at: None,
            last_deactivation: None,
        }
    }

    /// Status and reason of a condition.
    fn condition(status: &Map<String, Value>, name: &str) -> Option<(String, String)> {
        let conditions = status["conditions"].as_array().expect("conditions");
        let found = conditions.iter().find(|condition| condition["type"] == name)?;
        let text = |field: &str| found[field].as_str().expect("a text").to_owned();
        Some((text("status"), text("reason")))
    }

    #[test]
    fn everybody_has_a_state_and_says_whether_the_object_is_ready() {
        let effective = json!({ "userType": "Guest" });
        let conflict = taken();
        let rival = Person { owns_its_values: false, ..Person::in_order() };
        let in_order = Person::in_order();
        for (case, person, conflict, state, ready) in [
            ("in order", &in_order, None, "Active", ("True", "Claimed")),
            ("another has the value", &rival, Some(&conflict), "Conflict", ("False", "Taken")),
            ("another has it, and the rule is on its way", &in_order, Some(&conflict), "Active", ("False", "Taken")),
        ] {
            let observed =
                ObservedUser { conflict, effective: Some(effective.clone()), ..observed(person, &Value::Null) };
            let status = status(&observed, NOW).expect("a status");
            assert_eq!((&status["state"], &status["observedGeneration"]), (&json!(state), &json!(5)), "{case}");
            assert_eq!(status["effective"], effective, "{case}");
            assert_eq!(condition(&status, "Ready"), Some((ready.0.to_owned(), ready.1.to_owned())), "{case}");
            assert_eq!(condition(&status, "AccessGranted"), None, "{case}: nobody logs in");
        }
    }

    #[test]
    fn the_condition_of_versions_before_goes_with_the_next_write() {
        let person = Person::in_order();
        let stands = json!({ "conditions": [{ "type": "NameClaimed", "status": "True" }, { "type": "Theirs" }] });
        let status = status(&observed(&person, &stands), NOW).expect("a status");
        let types: Vec<_> =
            status["conditions"].as_array().expect("a list").iter().map(|it| it["type"].clone()).collect();
        assert_eq!(types, ["Ready", "Theirs"]);
    }

    #[test]
    fn what_is_not_clear_yet_is_not_told() {
        let person = |owns_its_values, is_rejected| Person { owns_its_values, is_rejected, ..Person::in_order() };
        let conflict = taken();
        let stands = json!({ "state": "Active" });
        for (case, person, conflict, is_told) in [
            ("it owns all", person(true, false), None, true),
            ("nobody has it yet", person(false, false), None, false),
            ("somebody else has it", person(false, false), Some(&conflict), true),
            ("there are several", person(false, false), Some(&Conflict::SeveralValues), true),
            ("about to be removed", person(false, true), None, false),
        ] {
            let observed = ObservedUser { conflict, ..observed(&person, &stands) };
            assert_eq!(status(&observed, NOW).is_some(), is_told, "{case}");
        }
    }

    #[test]
    fn the_time_of_a_deletion_or_deactivation_is_that_of_its_request() {
        let request = request();
        let deleted = Person { is_deleted: true, ..Person::in_order() };
        let inactive = Person { is_active: false, ..Person::in_order() };
        for (case, person, expected) in [
            ("deleted", deleted, "2026-02-03T00:00:00Z"),
            ("inactive", inactive, "2026-02-01T00:00:00Z"),
            ("active again", Person::in_order(), "2026-03-01T10:00:00Z"),
        ] {
            let observed = ObservedUser {
                deleted_at: person.is_deleted.then(|| "2026-02-03T00:00:00.9Z".parse().expect("a time")),
                last_deactivation: Some(&request),
                ..observed(&person, &Value::Null)
            };
            assert_eq!(status(&observed, NOW).expect("a status")["stateSince"], expected, "{case}");
        }
    }

    #[test]
    fn access_is_told_where_people_log_in_with_the_request_that_took_it_away() {
        let (rules, request) = (rules(), request());
        let standing = |status: &str, reason: &str| {
            json!({ "conditions": [{ "type": "AccessGranted", "status": status, "reason": reason, "message": "",
                                     "observedGeneration": 4, "lastTransitionTime": LONG_AGO }] })
        };
        let granted = standing("True", "Granted");
        let suspended = Person { is_suspended: true, ..Person::in_order() };
        let inactive = Person { is_active: false, ..Person::in_order() };
        for (case, person, stands, expected) in [
            ("granted", Person::in_order(), Value::Null, ("True", "Granted", "2026-03-01T10:00:00Z", "")),
            ("granted as before", Person::in_order(), granted.clone(), ("True", "Granted", LONG_AGO, "")),
            (
                "denied",
                suspended,
                granted.clone(),
                ("False", "Suspended", "2026-03-01T10:00:00Z", "remove spec.suspended"),
            ),
            (
                "denied for another reason",
                inactive,
                standing("False", "Suspended"),
                ("False", "Inactive", LONG_AGO, "(by PATCH at 2026-02-01T00:00:00Z with the key entra, request r-1)"),
            ),
        ] {
            let last_deactivation = Some(&request);
            let observed = ObservedUser { login: Some(&rules), last_deactivation, ..observed(&person, &stands) };
            let status = status(&observed, NOW).expect("a status");
            let condition = &status["conditions"][0];
            let text = |field: &str| condition[field].as_str().expect("a text");
            assert_eq!(
                (text("status"), text("reason"), text("lastTransitionTime")),
                (expected.0, expected.1, expected.2),
                "{case}"
            );
            assert!(
                text("message").contains(expected.3) && text("message").is_empty() == expected.3.is_empty(),
                "{case}"
            );
        }
        let person = Person::in_order();
        let status = status(&observed(&person, &granted), NOW).expect("a status");
        assert_eq!(condition(&status, "AccessGranted"), None, "it goes with the login");
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
}
