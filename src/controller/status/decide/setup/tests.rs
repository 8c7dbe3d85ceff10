use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::api::provisioning_status::ProvisioningStatus;
use crate::controller::status::decide::directory::status;
use crate::controller::status::decide::directory::tests::{condition, observed, spec};

const NOW: &str = "2026-03-01T10:00:00Z";

fn contact() -> ProvisioningStatus {
    let last_contact = NOW.parse::<jiff::Timestamp>().ok().map(Into::into);
    ProvisioningStatus { last_contact, ..ProvisioningStatus::default() }
}

fn oidc() -> Value {
    json!({ "oidc": { "authority": "https://login.microsoftonline.com/contoso.example", "clientID": "web" } })
}

/// The steps that are done, those that are not, the next step, and the message of Ready.
fn told(rules: Value, change: impl FnOnce(&mut ObservedDirectory<'_>)) -> (Vec<String>, Vec<String>, String, String) {
    let (rules, passes) = (spec(rules), BTreeMap::new());
    let stands = json!({ "conditions": [{ "type": "LoginReady", "status": "True", "lastTransitionTime": NOW }] });
    let mut seen = observed(&rules, &stands, &passes);
    change(&mut seen);
    let decided = status(&seen, NOW.parse().expect("a time"));
    let setup = &decided["setup"];
    let steps = setup["steps"].as_array().expect("steps").iter();
    let (done, open): (Vec<_>, Vec<_>) = steps.partition(|step| step["done"] == true);
    let names =
        |steps: Vec<&Value>| steps.iter().map(|step| step["name"].as_str().expect("a name").to_owned()).collect();
    let (_, _, message) = condition(&decided, "Ready").expect("a condition");
    (names(done), names(open), setup["nextStep"].as_str().unwrap_or_default().to_owned(), message)
}

#[test]
fn the_steps_are_those_of_the_halves_that_are_on_and_the_first_open_one_is_next() {
    let both = || json!({ "login": oidc() });
    let half = |mode: &str| json!({ "provisioning": { "mode": mode } });
    let neither_login = json!({ "provisioning": { "mode": "Disabled" }, "login": oidc() });
    type Change = fn(&mut ObservedDirectory<'_>);
    type Case<'a> = (&'a str, Value, Change, &'a [&'a str], &'a [&'a str], &'a str);
    let cases: [Case<'_>; 8] = [
        (
            "all is done",
            both(),
            |_| {},
            &["DirectoryReady", "KeyIssued", "FirstContact", "FirstUser", "LoginReady"],
            &[],
            "",
        ),
        (
            "a new Directory",
            half("Enabled"),
            |seen| {
                seen.has_key = false;
                seen.counts.users = 0;
            },
            &["DirectoryReady"],
            &["KeyIssued", "FirstContact", "FirstUser"],
            "rollcall key new",
        ),
        (
            "a key",
            half("Enabled"),
            |seen| seen.counts.users = 0,
            &["DirectoryReady", "KeyIssued"],
            &["FirstContact", "FirstUser"],
            "enter https://HOST/scim/v2/people/staff, with the HOST of the operator, as Tenant URL",
        ),
        (
            "a key and an address",
            half("Enabled"),
            |seen| {
                seen.counts.users = 0;
                seen.public_url = Some("https://rollcall.example");
            },
            &["DirectoryReady", "KeyIssued"],
            &["FirstContact", "FirstUser"],
            "enter https://rollcall.example/scim/v2/people/staff as Tenant URL",
        ),
        (
            "a tested connection",
            half("Enabled"),
            |seen| {
                seen.counts.users = 0;
                seen.provisioning = Some(contact());
            },
            &["DirectoryReady", "KeyIssued", "FirstContact"],
            &["FirstUser"],
            "another role than Default Access",
        ),
        (
            "people of a restore",
            half("Enabled"),
            |_| {},
            &["DirectoryReady", "KeyIssued", "FirstContact", "FirstUser"],
            &[],
            "",
        ),
        ("a login alone", neither_login, |_| {}, &["DirectoryReady", "LoginReady"], &[], ""),
        (
            "a login that does not work",
            both(),
            |seen| seen.status = &Value::Null,
            &["DirectoryReady", "KeyIssued", "FirstContact", "FirstUser"],
            &["LoginReady"],
            "the condition LoginReady says how",
        ),
    ];
    for (case, rules, change, done, open, next) in cases {
        let (found_done, found_open, found_next, message) = told(rules, change);
        assert_eq!(
            (found_done, found_open),
            (done.iter().map(ToString::to_string).collect(), open.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "{case}"
        );
        assert!(found_next.contains(next) && found_next.is_empty() == next.is_empty(), "{case}: {found_next}");
        assert!(found_next.is_empty() || message.ends_with(&format!("next: {found_next}")), "{case}: {message}");
    }
}

#[test]
fn a_directory_that_is_not_ready_says_what_is_wrong_and_its_first_step_is_to_mend_it() {
    let problems = ["one thing".to_owned()];
    let (rules, stands, passes) = (spec(json!({})), json!({}), BTreeMap::new());
    let seen = ObservedDirectory { problems: &problems, ..observed(&rules, &stands, &passes) };
    let decided = status(&seen, NOW.parse().expect("a time"));
    assert_eq!(condition(&decided, "Ready").map(|(.., message)| message).as_deref(), Some("one thing"));
    assert_eq!(decided["setup"]["steps"][0], json!({ "name": "DirectoryReady", "done": false }));
}

#[test]
fn ready_says_which_half_is_off_and_how_to_learn_the_tenant_url() {
    let with_url = |rules| told(rules, |seen| seen.public_url = Some("https://rollcall.example")).3;
    let off = || json!({ "mode": "Disabled" });
    for (case, rules, expected) in [
        ("both are on", json!({ "login": oidc() }), ""),
        ("no login", json!({}), "provisioning is on and login is off"),
        ("no provisioning", json!({ "provisioning": off(), "login": oidc() }), "login is on and provisioning is off"),
        ("neither", json!({ "provisioning": off() }), "provisioning and login are off"),
        (
            "a login that is switched off",
            json!({ "login": { "method": "Disabled" } }),
            "provisioning is on and login is off",
        ),
    ] {
        let message = with_url(rules);
        assert!(message.starts_with(expected) && message.is_empty() == expected.is_empty(), "{case}: {message}");
        assert!(!message.contains("--public-url"), "{case}: {message}");
    }
    let message = told(json!({ "login": oidc() }), |_| {}).3;
    assert_eq!(message, "start the operator with --public-url to see the tenant URL in status.scimEndpoint");
    let (rules, stands, passes) = (spec(json!({})), json!({}), BTreeMap::new());
    let seen =
        ObservedDirectory { public_url: Some("https://rollcall.example/x"), ..observed(&rules, &stands, &passes) };
    let decided = status(&seen, NOW.parse().expect("a time"));
    assert_eq!(decided["scimEndpoint"], "https://rollcall.example/x/scim/v2/people/staff");
}
