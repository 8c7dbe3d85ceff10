use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;
use crate::api::DirectorySpec;
use crate::controller::status::decide::directory::tests::{condition, observed, spec};
use crate::controller::status::decide::directory::{Duplicates, status};
use crate::rules::traffic::{Effect, SeenRequest, SeenTraffic, joined};
use crate::store::index::Remaining;

/// A time on the day of the tests, in minutes since 10:00.
fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
    start.checked_add(jiff::SignedDuration::from_mins(minutes)).expect("a time")
}

/// What the status has after requests at these minutes, each with its status.
fn seen(requests: &[(i64, u16)]) -> ProvisioningStatus {
    let mut traffic = SeenTraffic::default();
    for (minutes, status) in requests {
        let error = (*status >= 400).then(|| crate::api::provisioning_status::LastError {
            time: at(*minutes).into(),
            request: "POST /Users".to_owned(),
            subject: Some("ada@contoso.example".to_owned()),
            status: (*status).into(),
            scim_type: None,
            detail: None,
            request_id: "r".to_owned(),
            key: None,
        });
        let effect = (*status == 201).then_some(Effect::Created);
        traffic.note(SeenRequest { at: at(*minutes), is_write: true, status: *status, effect, error });
    }
    joined(ProvisioningStatus::default(), &traffic, at(0))
}

fn failed(reason: &'static str, key: Option<&str>) -> ProvisioningStatus {
    let mut traffic = SeenTraffic::default();
    traffic.note_failure(at(0), reason, key.map(str::to_owned));
    joined(ProvisioningStatus::default(), &traffic, at(0))
}

/// What a Directory without users says after this, at this minute.
fn decided(
    rules: &DirectorySpec,
    stands: &Value,
    provisioning: ProvisioningStatus,
    minutes: i64,
) -> Map<String, Value> {
    let passes = BTreeMap::new();
    let mut observed = ObservedDirectory { provisioning: Some(provisioning), ..observed(rules, stands, &passes) };
    observed.counts.users = 0;
    status(&observed, at(minutes))
}

fn holds(decided: &Map<String, Value>, name: &str) -> Option<(String, String)> {
    condition(decided, name).map(|(holds, reason, _)| (holds, reason))
}

fn is(holds: &str, reason: &str) -> Option<(String, String)> {
    Some((holds.to_owned(), reason.to_owned()))
}

#[test]
fn a_provider_that_is_silent_for_three_cycles_is_told_and_so_is_its_return() {
    let entra = spec(json!({}));
    let generic = spec(json!({ "provisioning": { "source": "Generic" } }));
    let disabled = spec(json!({ "provisioning": { "mode": "Disabled" } }));
    let once = || seen(&[(0, 201)]);
    let often = || seen(&[(0, 201), (40, 200), (80, 200)]);
    let quick = || seen(&[(0, 201), (10, 200), (20, 200)]);
    let silent = || is("True", "Silent");
    for (case, rules, provisioning, minutes, expected) in [
        ("before three cycles", &entra, once(), 119, None),
        ("after three cycles", &entra, once(), 120, silent()),
        ("three learned cycles", &entra, often(), 80 + 119, None),
        ("after three learned cycles", &entra, often(), 80 + 120, silent()),
        ("another provider that is quick", &generic, quick(), 20 + 29, None),
        ("and silent", &generic, quick(), 20 + 30, silent()),
        ("nothing is served", &disabled, once(), 1000, None),
        ("nothing ever came", &entra, ProvisioningStatus::default(), 1000, None),
    ] {
        assert_eq!(holds(&decided(rules, &json!({}), provisioning, minutes), "Stale"), expected, "{case}");
    }
    let rang = Value::Object(decided(&entra, &json!({}), once(), 120));
    let (_, _, message) = condition(rang.as_object().expect("a status"), "Stale").expect("an alarm");
    for part in ["2026-03-01T10:00:00Z", "three cycles of 40 minutes", "start provisioning if it is stopped"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let over = decided(&entra, &rang, seen(&[(0, 201), (130, 200)]), 131);
    assert_eq!(holds(&over, "Stale"), is("False", "InContact"));
    // A Directory that goes concerns nobody any more.
    let passes = BTreeMap::new();
    let stands = json!({});
    let going = ObservedDirectory {
        provisioning: Some(once()),
        ending: Some(Some(Remaining::default())),
        ..observed(&entra, &stands, &passes)
    };
    assert_eq!(holds(&status(&going, at(500)), "Stale"), None);
}

#[test]
fn contact_without_users_points_at_the_assignments() {
    let entra = spec(json!({}));
    let tested = || seen(&[(0, 200), (1, 200)]);
    for (case, minutes, expected) in [
        ("the cycle is under way", 5, None),
        ("it has ended", 6, is("True", "NobodyAssigned")),
        ("the provider is silent, which says more", 121, None),
    ] {
        assert_eq!(holds(&decided(&entra, &json!({}), tested(), minutes), "NoUsers"), expected, "{case}");
    }
    let rang = decided(&entra, &json!({}), tested(), 6);
    let (_, _, message) = condition(&rang, "NoUsers").expect("an alarm");
    assert!(message.contains("another role than Default Access") && message.contains("Scope"), "{message}");
    let (passes, stands) = (BTreeMap::new(), Value::Object(rang));
    let with_users = ObservedDirectory { provisioning: Some(tested()), ..observed(&entra, &stands, &passes) };
    assert_eq!(holds(&status(&with_users, at(6)), "NoUsers"), is("False", "UsersArrived"));
}

#[test]
fn a_burst_of_deactivations_is_told_until_the_next_ordinary_cycle() {
    let entra = spec(json!({}));
    let cycle = |minutes: i64, deactivated: usize| {
        let mut traffic = SeenTraffic::default();
        for _ in 0..deactivated {
            let effect = Some(Effect::Deactivated);
            traffic.note(SeenRequest { at: at(minutes), is_write: true, status: 200, effect, error: None });
        }
        traffic.note(SeenRequest { at: at(minutes), is_write: false, status: 200, effect: None, error: None });
        joined(ProvisioningStatus::default(), &traffic, at(minutes))
    };
    let after = |stands: &Value, deactivated: usize, people: i64| {
        let passes = BTreeMap::new();
        let provisioning = Some(cycle(0, deactivated));
        let mut observed = ObservedDirectory { provisioning, ..observed(&entra, stands, &passes) };
        observed.counts.users = people;
        status(&observed, at(1))
    };
    for (case, deactivated, people, expected) in [
        ("an ordinary day", 49, 100, None),
        ("half of a small company", 50, 100, is("True", "Burst")),
        ("as many, in a large company", 50, 2_000, None),
        ("a tenth of a large company", 200, 2_000, is("True", "Burst")),
    ] {
        assert_eq!(holds(&after(&json!({}), deactivated, people), "ManyDeactivated"), expected, "{case}");
    }
    let rang = after(&json!({}), 60, 100);
    let (_, _, message) = condition(&rang, "ManyDeactivated").expect("an alarm");
    assert!(
        message.starts_with("60 of 100 people were deactivated in the cycle that began at 2026-03-01"),
        "{message}"
    );
    assert_eq!(holds(&after(&Value::Object(rang), 1, 100), "ManyDeactivated"), is("False", "Ordinary"));
}

#[test]
fn refused_operations_are_told_without_anybodys_name() {
    let entra = spec(json!({}));
    let refused = decided(&entra, &json!({}), seen(&[(0, 409), (1, 400), (1, 503)]), 2);
    let (status, reason, message) = condition(&refused, "OperationsRefused").expect("an alarm");
    assert_eq!((status.as_str(), reason.as_str()), ("True", "Refused"));
    assert!(message.starts_with("2 writes of the cycle that began at 2026-03-01T10:00:00Z were refused"), "{message}");
    assert!(!message.contains("ada"), "{message}");
    assert_eq!(holds(&decided(&entra, &json!({}), seen(&[(0, 201)]), 2), "OperationsRefused"), None);
    let next = decided(&entra, &Value::Object(refused), seen(&[(0, 409), (40, 200)]), 41);
    assert_eq!(holds(&next, "OperationsRefused"), is("False", "NoneRefused"), "the next cycle was refused nothing");
}

#[test]
fn failed_authentications_are_told_for_ten_minutes_with_what_to_do() {
    let entra = spec(json!({}));
    for (reason, key, expected) in [
        ("missing", None, "enter the secret of a DirectoryKey as Secret Token"),
        ("malformed", None, "Authorization: Bearer"),
        ("unknown_key", None, "copy the secret of one again into Secret Token"),
        ("other_directory", Some("guests"), "must be of the same Directory (DirectoryKey guests)"),
        ("not_yet_valid", Some("entra"), "notBefore"),
        ("expired", Some("entra"), "has expired; make another one"),
        ("revoked", Some("entra"), "is revoked; make another one"),
        ("basic_refused", Some("entra"), "spec.provisioning.basic"),
        ("wrong_scope", Some("entra"), "has not the scope"),
        ("of_a_newer_version", None, "the log names the reason"),
    ] {
        let decided = decided(&entra, &json!({}), failed(reason, key), 9);
        let (status, word, message) = condition(&decided, "AuthenticationFailing").expect("an alarm");
        assert_eq!((status.as_str(), word.as_str()), ("True", "CredentialsRefused"));
        assert!(message.contains(expected) && message.starts_with("1 request has been refused"), "{message}");
    }
    let rang = Value::Object(decided(&entra, &json!({}), failed("missing", None), 9));
    let over = decided(&entra, &rang, failed("missing", None), 10);
    assert_eq!(holds(&over, "AuthenticationFailing"), is("False", "NoFailures"));
    assert_eq!(holds(&decided(&entra, &json!({}), failed("missing", None), 10), "AuthenticationFailing"), None);
}

#[test]
fn a_mapping_is_suspect_where_a_login_needs_what_it_did_not_send() {
    let oidc = |matching: &str| {
        json!({ "login": { "oidc": {
            "authority": "https://login.microsoftonline.com/contoso.example", "clientID": "web", "match": matching,
        } } })
    };
    let built_in = json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } });
    let mut disabled = oidc("ObjectIdThenUpn");
    disabled["login"]["method"] = json!("Disabled");
    let names = |count: usize| (count, vec!["ada-1".to_owned(), "bob-1".to_owned()]);
    let nobody = || (0, Vec::new());
    let suspect = |message| Some(message);
    for (case, rules, unlike_addresses, without_external_id, doubled, expected) in [
        ("nobody is amiss", oidc("ObjectIdThenUpn"), nobody(), nobody(), 0, None),
        ("nobody logs in", json!({}), names(2), names(2), 2, None),
        ("passwords alone", built_in, names(2), names(2), 2, None),
        ("the login is off", disabled, names(2), names(2), 2, None),
        (
            "names that are no addresses",
            oidc("ObjectIdThenUpn"),
            names(2),
            names(7),
            0,
            suspect("2 users have a userName that is no e-mail address, such as ada-1, bob-1; they may not be found"),
        ),
        ("names do not matter", oidc("ObjectId"), names(2), nobody(), 0, None),
        ("no object id", oidc("ObjectId"), names(2), names(7), 0, suspect("7 users have no externalId")),
        ("one object id for two", oidc("ObjectId"), nobody(), nobody(), 2, suspect("2 users have the externalId of")),
        (
            "one of each",
            oidc("ObjectIdThenUpn"),
            (1, vec!["ada-1".to_owned()]),
            nobody(),
            2,
            suspect("1 user has a userName that is no e-mail address, such as ada-1; 2 users have the externalId of"),
        ),
    ] {
        let (rules, stands, passes) = (spec(rules), json!({}), BTreeMap::new());
        let login_attributes = LoginAttributes { unlike_addresses, without_external_id };
        let duplicate_users = Duplicates { count: doubled, examples: vec!["cid-1".to_owned()] };
        let seen = ObservedDirectory {
            login_attributes: &login_attributes,
            duplicate_users,
            ..observed(&rules, &stands, &passes)
        };
        let found = condition(&status(&seen, at(0)), "MappingSuspect");
        let message = found.as_ref().map(|(.., message)| message.as_str());
        assert_eq!(message.is_some(), expected.is_some(), "{case}: {message:?}");
        assert!(
            message.zip(expected).is_none_or(|(found, expected)| found.starts_with(expected)),
            "{case}: {message:?}"
        );
    }
}
