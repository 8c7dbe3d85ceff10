//! `Directory.status`: whether the Directory is as its spec wants it, how far each unique attribute is, and how full it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::alarms::{ALARMS, alarms};
use super::conditions::{self, Readiness, Wanted, insert_list, merge, readiness};
use super::setup::{scim_endpoint, setup, summary};
use crate::api::conditions::{ConditionType, Reason};
use crate::api::directory::{DirectorySpec, ExternalIdRule, ProvisioningMode};
use crate::api::directory_status::{DirectoryCounts, QuotaStatus, UniqueAttributeState, UniqueAttributeStatus};
use crate::api::provisioning_status::ProvisioningStatus;
use crate::controller::claiming::{Pass, progress};
use crate::rules::brake::Brake;
use crate::rules::naming::unclaimable;
use crate::rules::policy::Policy;
use crate::rules::policy::quota::{Level, Usage};
use crate::rules::retention::retention;
use crate::store::index::{LoginAttributes, Remaining};

/// The conditions that are written here, beside the [`ALARMS`].
const OWNED: [ConditionType; 6] = [
    ConditionType::Ready,
    ConditionType::Reconciling,
    ConditionType::Stalled,
    ConditionType::QuotaReached,
    ConditionType::DuplicateExternalId,
    ConditionType::MassDeleteBlocked,
];
/// The fields that are written here.
pub const FIELDS: &[&str] =
    &["observedGeneration", "scimEndpoint", "setup", "counts", "quota", "uniqueAttributes", "conditions"];

/// Resources of one kind that share their externalId with another one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// How many there are.
    pub count: usize,
    /// The ids of some of them.
    pub examples: Vec<String>,
}

/// What is seen of a Directory.
#[derive(Debug)]
pub struct ObservedDirectory<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The public address of the operator, if it was told.
    pub public_url: Option<&'a str>,
    /// Its rules.
    pub spec: &'a DirectorySpec,
    /// `metadata.generation`.
    pub generation: i64,
    /// The status as it stands.
    pub status: &'a Value,
    /// How many resources SCIM shows.
    pub counts: DirectoryCounts,
    /// How far each quota is used.
    pub quota: &'a [Usage],
    /// What is wrong with the spec, in sentences.
    pub problems: &'a [String],
    /// Of users, whose externalId may be shared and should not.
    pub duplicate_users: Duplicates,
    /// The same of groups.
    pub duplicate_groups: Duplicates,
    /// What there is to be deleted before the Directory goes, while it is being deleted; nothing where its people stay.
    pub ending: Option<Option<Remaining>>,
    /// What its provider's requests did, as the status has it.
    pub provisioning: Option<ProvisioningStatus>,
    /// Whether a key opens it for provisioning.
    pub has_key: bool,
    /// Users whom a login may not find.
    pub login_attributes: &'a LoginAttributes,
    /// How far the Directory is from the limit on deletions.
    pub brake: Brake,
    /// The last pass over the holders of each attribute that is being made unique, if it was about this state of the spec.
    pub passes: &'a BTreeMap<String, Pass>,
}

/// What is wrong with a spec, in sentences: what the policy cannot act on, and paths that no claim can be read from.
pub fn problems(spec: &DirectorySpec) -> Vec<String> {
    let mut problems = Policy::of(spec).problems();
    let unclaimable: Vec<_> = unclaimable(spec)
        .into_iter()
        .filter(|path| !problems.iter().any(|problem| problem.contains(path.as_str())))
        .map(|path| format!("spec.users.uniqueAttributes has {path}, which no claim can be read from: it is ignored"))
        .collect();
    problems.extend(unclaimable);
    if retention(spec).is_none() {
        problems.push("spec.retention cannot be read by this version: nothing is purged".to_owned());
    }
    problems
}

/// The status as it should stand.
pub fn status(observed: &ObservedDirectory<'_>, now: Timestamp) -> Map<String, Value> {
    let ObservedDirectory { spec, generation, status, counts, quota, passes, .. } = observed;
    let unique = progress(spec, status, passes);
    let (state, reason, message) = ready(observed, &unique);
    let setup = setup(observed, state);
    let message = if state == Readiness::Ready { summary(observed, &setup) } else { message };
    let others = [quota_reached(quota), duplicates(observed), mass_delete(observed)];
    let others = others.into_iter().flatten().chain(alarms(observed, now));
    let wanted = readiness(state, reason, &message).into_iter().chain(others).collect();
    let mut wanted_status = Map::new();
    let mut set = |name: &str, value: Value| drop(wanted_status.insert(name.to_owned(), value));
    set("observedGeneration", (*generation).into());
    if let Some(public_url) = observed.public_url {
        set("scimEndpoint", scim_endpoint(public_url, observed.namespace, observed.name).into());
    }
    set("setup", json!(setup));
    set("counts", json!(counts));
    let quota = quota.iter().map(|usage| json!(quota_status(usage))).collect();
    insert_list(&mut wanted_status, "quota", quota);
    insert_list(&mut wanted_status, "uniqueAttributes", unique.iter().map(|attribute| json!(attribute)).collect());
    let owned = [&OWNED[..], &ALARMS].concat();
    insert_list(&mut wanted_status, "conditions", merge(&status["conditions"], &owned, wanted, *generation, now));
    wanted_status
}

/// Whether the Directory is as its spec wants it: its end first, then what is wrong, then what is under way.
fn ready(observed: &ObservedDirectory<'_>, unique: &[UniqueAttributeStatus]) -> (Readiness, Reason, String) {
    if let Some(remaining) = observed.ending {
        return (Readiness::Reconciling, Reason::Deleting, deleting_sentence(remaining));
    }
    if !observed.problems.is_empty() {
        return (Readiness::Stalled, Reason::InvalidPolicy, observed.problems.join("; "));
    }
    let claiming = unique.iter().filter(|unique| unique.state == UniqueAttributeState::Claiming);
    let claiming: Vec<_> = claiming.map(|unique| (&unique.attribute, observed.passes.get(&unique.attribute))).collect();
    if !claiming.is_empty() {
        // Two objects with one value keep it until somebody gives one of them another value.
        let is_stuck = claiming.iter().any(|(_, pass)| pass.is_some_and(|pass| !pass.taken.is_empty()));
        let sentences: Vec<_> =
            claiming.into_iter().map(|(attribute, pass)| claiming_sentence(attribute, pass)).collect();
        let state = if is_stuck { Readiness::Stalled } else { Readiness::Reconciling };
        return (state, Reason::Claiming, sentences.join("; "));
    }
    // `summary` makes the message of a Directory that is Ready.
    let reason = match observed.spec.provisioning.mode.counts_as() {
        ProvisioningMode::Disabled | ProvisioningMode::Unknown => Reason::ProvisioningDisabled,
        ProvisioningMode::Observe => Reason::Observing,
        ProvisioningMode::Enabled => Reason::Serving,
    };
    (Readiness::Ready, reason, String::new())
}

fn deleting_sentence(remaining: Option<Remaining>) -> String {
    match remaining {
        None => "the Directory is being deleted: SCIM is answered with 503; people and groups stay".to_owned(),
        Some(Remaining { users, groups, claims }) => format!(
            "the Directory is being deleted and takes its people along, as deletionPolicy says: {users} users, {groups} \
             groups and {claims} claims are left; SCIM is answered with 503"
        ),
    }
}

fn claiming_sentence(attribute: &str, pass: Option<&Pass>) -> String {
    let taken = pass.map(|pass| pass.taken.as_slice()).unwrap_or_default();
    match taken.first() {
        None => format!("{attribute} is being made unique; until then a second use is not refused"),
        Some((name, holder)) => format!(
            "{attribute} cannot be unique yet: {} the value of another one, such as {name} that of {holder}; give one of \
             each two another value, or take the rule back",
            if taken.len() == 1 { "1 object has".to_owned() } else { format!("{} objects have", taken.len()) }
        ),
    }
}

/// The alarm of the quotas: the fullest one speaks.
fn quota_reached(quota: &[Usage]) -> Option<Wanted> {
    let level = quota.iter().map(Usage::level).max()?;
    let of_level = quota.iter().filter(|usage| usage.level() == level);
    let sentences: Vec<_> = of_level.map(quota_sentence).collect();
    let (holds, reason, message) = match level {
        Level::Reached => (true, Reason::Reached, sentences.join("; ")),
        Level::Nearly => (false, Reason::Nearly, sentences.join("; ")),
        Level::Below => (false, Reason::Below, String::new()),
    };
    Some(Wanted { name: ConditionType::QuotaReached, holds, reason, message })
}

fn quota_sentence(Usage { user_type, used, limit }: &Usage) -> String {
    match user_type {
        None => format!("{used} of {limit} active users"),
        Some(user_type) => format!("{used} of {limit} active users of userType {user_type:?}"),
    }
}

fn quota_status(Usage { user_type, used, limit }: &Usage) -> QuotaStatus {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    QuotaStatus { user_type: user_type.clone(), used: number(*used), limit: number(*limit) }
}

/// The alarm of shared externalIds, where they are only warned of. Without any it stands only if it stood before.
fn duplicates(observed: &ObservedDirectory<'_>) -> Option<Wanted> {
    let warned = [
        ("users", observed.spec.unique_external_id.users, &observed.duplicate_users),
        ("groups", observed.spec.unique_external_id.groups, &observed.duplicate_groups),
    ];
    let warned =
        warned.into_iter().filter(|(_, rule, found)| rule.counts_as() != ExternalIdRule::Enforce && found.count > 0);
    let sentences: Vec<_> = warned
        .map(|(kind, _, Duplicates { count, examples })| {
            format!("{count} {kind} have an externalId that another one has as well, such as {}", examples.join(", "))
        })
        .collect();
    let name = ConditionType::DuplicateExternalId;
    if !sentences.is_empty() {
        return Some(Wanted { name, holds: true, reason: Reason::Duplicates, message: sentences.join("; ") });
    }
    let stood = conditions::stands(observed.status, name);
    stood.then(|| Wanted { name, holds: false, reason: Reason::NoDuplicates, message: String::new() })
}

/// The alarm of the brake on mass deletion. Below the limit it stands only if it stood before.
fn mass_delete(observed: &ObservedDirectory<'_>) -> Option<Wanted> {
    let name = ConditionType::MassDeleteBlocked;
    let wanted = |holds, reason, message| Some(Wanted { name, holds, reason, message });
    let Brake { deleted, limit, lifted_until, .. } = observed.brake;
    match lifted_until {
        _ if !observed.brake.is_limit_reached() => {
            let stood = conditions::stands(observed.status, name);
            stood.then(|| Wanted { name, holds: false, reason: Reason::Below, message: String::new() })
        }
        None => {
            let message = format!(
                "{deleted} people were deleted within an hour, and spec.maxDeletesPerHour allows {limit}: further deletions \
                 over SCIM are answered 503. Set spec.massDeleteOverrideUntil to let them through before the hour is over; \
                 deactivations go through"
            );
            wanted(true, Reason::LimitReached, message)
        }
        Some(until) => {
            let message = format!("spec.massDeleteOverrideUntil lifts the limit of {limit} deletions until {until:.0}");
            wanted(false, Reason::Lifted, message)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const NOW: &str = "2026-03-01T10:00:00Z";

    static NOBODY: LoginAttributes =
        LoginAttributes { unlike_addresses: (0, Vec::new()), without_external_id: (0, Vec::new()) };

    const UNBRAKED: Brake = Brake { deleted: 0, limit: 50, lifted_until: None, opens_at: None };

    fn usage(user_type: Option<&str>, used: usize, limit: usize) -> Usage {
        Usage { user_type: user_type.map(str::to_owned), used, limit }
    }

    pub fn spec(spec: Value) -> DirectorySpec {
        serde_json::from_value(spec).expect("a spec")
    }

    /// The status of a Directory that asks for nothing: no rule is being turned on.
    fn at_rest() -> Value {
        json!({})
    }

    /// A Directory in which nobody is amiss and nothing has come yet.
    pub fn observed<'a>(
        spec: &'a DirectorySpec,
        status: &'a Value,
        passes: &'a BTreeMap<String, Pass>,
    ) -> ObservedDirectory<'a> {
        ObservedDirectory {
            namespace: "people",
            name: "staff",
            public_url: None,
            provisioning: None,
            has_key: true,
            login_attributes: &NOBODY,
            spec,
            generation: 2,
            status,
            counts: DirectoryCounts { users: 3, active_users: 2, groups: 1 },
            quota: &[],
            problems: &[],
            duplicate_users: Duplicates::default(),
            duplicate_groups: Duplicates::default(),
            ending: None,
            brake: UNBRAKED,
            passes,
        }
    }

    /// Status, reason and message of a condition.
    pub fn condition(status: &Map<String, Value>, name: &str) -> Option<(String, String, String)> {
        let conditions = status["conditions"].as_array().expect("conditions");
        let found = conditions.iter().find(|condition| condition["type"] == name)?;
        let text = |field: &str| found[field].as_str().expect("a text").to_owned();
        Some((text("status"), text("reason"), text("message")))
    }

    fn decide(observed: &ObservedDirectory<'_>) -> Map<String, Value> {
        status(observed, NOW.parse().expect("a time"))
    }

    #[test]
    fn a_directory_at_rest_says_what_is_there() {
        let (spec, status, passes) = (spec(json!({})), at_rest(), BTreeMap::new());
        let expected = json!({
            "observedGeneration": 2,
            "scimEndpoint": "https://rollcall.example/scim/v2/people/staff",
            "setup": { "steps": [
                { "name": "DirectoryReady", "done": true }, { "name": "KeyIssued", "done": true },
                { "name": "FirstContact", "done": true }, { "name": "FirstUser", "done": true },
            ] },
            "counts": { "users": 3, "activeUsers": 2, "groups": 1 },
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Serving", "observedGeneration": 2,
                "message": "provisioning is on and login is off: nobody logs in until spec.login is set",
                "lastTransitionTime": NOW,
            }],
        });
        let seen =
            ObservedDirectory { public_url: Some("https://rollcall.example"), ..observed(&spec, &status, &passes) };
        assert_eq!(Value::Object(decide(&seen)), expected);
    }

    #[test]
    fn ready_says_first_what_is_wrong_and_then_what_is_under_way() {
        let problems = ["one thing".to_owned(), "another".to_owned()];
        let taken = |names: &[&str]| Pass {
            taken: names.iter().map(|name| ((*name).to_owned(), "ada-1".to_owned())).collect(),
            ..Pass::default()
        };
        let disabled = json!({ "provisioning": { "mode": "Disabled" } });
        let watched = json!({ "provisioning": { "mode": "Observe" } });
        let newer = json!({ "provisioning": { "mode": "Later" } });
        let claiming = json!({ "uniqueAttributes": [{ "attribute": "Group.externalId", "state": "Claiming" }] });
        let enforce = || json!({ "uniqueExternalId": { "groups": "Enforce" } });
        let cases = [
            ("served", json!({}), at_rest(), &[][..], None, ("True", "Serving", ""), None),
            ("disabled", disabled, at_rest(), &[], None, ("True", "ProvisioningDisabled", "503"), None),
            ("observed", watched, at_rest(), &[], None, ("True", "Observing", "nothing is stored"), None),
            ("a mode of a newer version", newer, at_rest(), &[], None, ("True", "ProvisioningDisabled", "503"), None),
            (
                "contradictory",
                enforce(),
                claiming.clone(),
                &problems,
                None,
                ("False", "InvalidPolicy", "one thing; another"),
                Some("Stalled"),
            ),
            ("new", json!({}), json!(null), &[], None, ("True", "Serving", ""), None),
            (
                "a rule that nobody has looked at",
                enforce(),
                json!(null),
                &[],
                None,
                ("False", "Claiming", "Group.externalId is being made unique"),
                Some("Reconciling"),
            ),
            ("claimed", enforce(), claiming.clone(), &[], Some(taken(&[])), ("True", "Serving", ""), None),
            (
                "one rival",
                enforce(),
                claiming.clone(),
                &[],
                Some(taken(&["b-1"])),
                ("False", "Claiming", "1 object has the value of another one, such as b-1 that of ada-1"),
                Some("Stalled"),
            ),
            (
                "two rivals",
                enforce(),
                claiming,
                &[],
                Some(taken(&["b-1", "c-1"])),
                ("False", "Claiming", "2 objects have"),
                Some("Stalled"),
            ),
        ];
        for (case, rules, status, problems, pass, (holds, reason, message), beside) in cases {
            let rules = spec(rules);
            let passes = pass.into_iter().map(|pass| ("Group.externalId".to_owned(), pass)).collect();
            let decided = decide(&ObservedDirectory { problems, ..observed(&rules, &status, &passes) });
            let ready = condition(&decided, "Ready").unwrap_or_else(|| panic!("{case}: no condition"));
            assert_eq!((ready.0.as_str(), ready.1.as_str()), (holds, reason), "{case}");
            assert!(ready.2.contains(message), "{case}: {}", ready.2);
            let found = ["Reconciling", "Stalled"].into_iter().find(|name| condition(&decided, name).is_some());
            assert_eq!(found, beside, "{case}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_unique_is_named_once() {
        let cases = [(&["emails[type eq \"work\"].value"][..], 0), (&["active"], 1), (&["nickName[", "userName"], 2)];
        for (paths, expected) in cases {
            let problems = problems(&spec(json!({ "users": { "uniqueAttributes": paths } })));
            assert_eq!(problems.len(), expected, "{problems:?}");
            assert!(problems.iter().all(|problem| problem.contains("uniqueAttributes")), "{problems:?}");
        }
    }

    #[test]
    fn the_fullest_quota_speaks() {
        let (spec, status, passes) = (spec(json!({})), at_rest(), BTreeMap::new());
        let whole = |used| usage(None, used, 10);
        let guests = |used| usage(Some("Guest"), used, 5);
        let cases = [
            ("room", vec![whole(7)], ("False", "Below", "")),
            ("80 percent", vec![whole(8)], ("False", "Nearly", "8 of 10 active users")),
            ("all", vec![whole(10)], ("True", "Reached", "10 of 10 active users")),
            ("more than all", vec![whole(12)], ("True", "Reached", "12 of 10 active users")),
            ("a type", vec![whole(8), guests(5)], ("True", "Reached", "5 of 5 active users of userType \"Guest\"")),
            (
                "a type that is near",
                vec![whole(1), guests(4)],
                ("False", "Nearly", "4 of 5 active users of userType \"Guest\""),
            ),
            (
                "two",
                vec![whole(10), guests(5)],
                ("True", "Reached", "10 of 10 active users; 5 of 5 active users of userType \"Guest\""),
            ),
        ];
        for (case, quota, expected) in cases {
            let decided = decide(&ObservedDirectory { quota: &quota, ..observed(&spec, &status, &passes) });
            let (holds, reason, message) = condition(&decided, "QuotaReached").expect(case);
            assert_eq!((holds.as_str(), reason.as_str(), message.as_str()), expected, "{case}");
            assert_eq!(decided["quota"].as_array().map(Vec::len), Some(quota.len()), "{case}");
        }
        let quota = [whole(8), guests(5)];
        let decided = decide(&ObservedDirectory { quota: &quota, ..observed(&spec, &status, &passes) });
        let expected = json!([{ "used": 8, "limit": 10 }, { "userType": "Guest", "used": 5, "limit": 5 }]);
        assert_eq!(decided["quota"], expected);
        let mut stood = at_rest();
        stood["conditions"] = json!([{ "type": "QuotaReached", "status": "True" }]);
        let decided = decide(&observed(&spec, &stood, &passes));
        assert_eq!(condition(&decided, "QuotaReached"), None, "no quota, no alarm");
        assert!(!decided.contains_key("quota"));
    }

    #[test]
    fn a_shared_external_id_is_told_of_where_it_is_only_warned_of() {
        let passes = BTreeMap::new();
        let some = |count| Duplicates { count, examples: vec!["ada-1".to_owned(), "bob-1".to_owned()] };
        let mut stood = at_rest();
        stood["conditions"] = json!([{ "type": "DuplicateExternalId", "status": "True", "lastTransitionTime": NOW }]);
        let warn = || spec(json!({ "uniqueExternalId": { "users": "Warn", "groups": "Enforce" } }));
        let enforce = || spec(json!({ "uniqueExternalId": { "users": "Enforce", "groups": "Enforce" } }));
        let cases = [
            ("none", warn(), at_rest(), some(0), None),
            ("some", warn(), at_rest(), some(2), Some(("True", "Duplicates"))),
            ("no more", warn(), stood.clone(), some(0), Some(("False", "NoDuplicates"))),
            ("the rule refuses them", enforce(), at_rest(), some(2), None),
        ];
        for (case, rules, status, duplicate_users, expected) in cases {
            let decided = decide(&ObservedDirectory { duplicate_users, ..observed(&rules, &status, &passes) });
            let found = condition(&decided, "DuplicateExternalId");
            if let Some((_, _, message)) = found.as_ref().filter(|(holds, ..)| holds == "True") {
                assert!(
                    message.starts_with("2 users have an externalId") && message.contains("ada-1, bob-1"),
                    "{message}"
                );
            }
            let found = found.as_ref().map(|(holds, reason, _)| (holds.as_str(), reason.as_str()));
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn the_brake_speaks_while_the_limit_is_reached_and_says_when_it_is_over() {
        let (spec, passes) = (spec(json!({})), BTreeMap::new());
        let mut stood = at_rest();
        stood["conditions"] = json!([{ "type": "MassDeleteBlocked", "status": "True", "lastTransitionTime": NOW }]);
        let reached = Brake { deleted: 51, limit: 50, ..UNBRAKED };
        let lifted = Brake { lifted_until: Some("2026-03-01T12:00:00Z".parse().expect("a time")), ..reached };
        let cases = [
            ("nobody was deleted", at_rest(), UNBRAKED, None),
            ("the limit is reached", at_rest(), reached, Some(("True", "LimitReached", "51 people were deleted"))),
            ("somebody lifts it", stood.clone(), lifted, Some(("False", "Lifted", "until 2026-03-01T12:00:00Z"))),
            ("the hour is over", stood, UNBRAKED, Some(("False", "Below", ""))),
        ];
        for (case, status, brake, expected) in cases {
            let decided = decide(&ObservedDirectory { brake, ..observed(&spec, &status, &passes) });
            let found = condition(&decided, "MassDeleteBlocked");
            let found =
                found.as_ref().map(|(holds, reason, message)| (holds.as_str(), reason.as_str(), message.as_str()));
            assert_eq!(found.map(|found| (found.0, found.1)), expected.map(|found| (found.0, found.1)), "{case}");
            assert!(
                found.zip(expected).is_none_or(|(found, expected)| found.2.contains(expected.2)),
                "{case}: {found:?}"
            );
        }
    }

    #[test]
    fn a_directory_in_deletion_says_how_much_is_left() {
        let (spec, status, passes) = (spec(json!({})), at_rest(), BTreeMap::new());
        let problems = ["something is wrong".to_owned()];
        let left = Remaining { users: 12, groups: 3, claims: 15 };
        for (ending, expected) in [
            (None, "people and groups stay"),
            (Some(left), "12 users, 3 groups and 15 claims are left"),
            (Some(Remaining::default()), "0 users, 0 groups and 0 claims are left"),
        ] {
            let seen =
                ObservedDirectory { ending: Some(ending), problems: &problems, ..observed(&spec, &status, &passes) };
            let (holds, reason, message) = condition(&decide(&seen), "Ready").expect("a condition");
            assert_eq!((holds.as_str(), reason.as_str()), ("False", "Deleting"));
            assert!(message.contains(expected), "{message}");
        }
    }
}
