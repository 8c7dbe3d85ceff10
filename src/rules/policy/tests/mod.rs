//! The rules as tables: a Directory, a user, and what becomes of the two.

mod effective;
mod extensions;
mod quota;
mod refusals;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::*;

/// The policy of a Directory with this `spec.users`.
fn policy(users: Value) -> Policy {
    let mut spec = json!({});
    spec["users"] = users;
    Policy::of(&DirectorySpec::deserialize(spec).expect("a spec"))
}

fn attributes(value: Value) -> Attributes {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// What is refused, as a sentence; nothing where the user may be stored.
fn refusal(policy: &Policy, user: Value) -> Option<String> {
    policy.check(&attributes(user)).err().map(|error| {
        assert_eq!((error.status(), error.scim_type()), (400, Some("invalidValue")), "{error}");
        error.to_string()
    })
}

#[test]
fn a_directory_that_asks_for_nothing_refuses_nothing_and_shows_nothing() {
    let policy = policy(json!({}));
    let user = |role: &str| json!({ "userName": "a", "userType": "x", "roles": [{ "value": role }, { "value": "y" }] });
    assert_eq!(refusal(&policy, user("Admin")), None);
    let effective = policy.effective(&attributes(user("Admin")));
    assert_eq!((effective.user_type.as_deref(), effective.portal_role), (Some("x"), Some(PortalRole::Admin)));
    assert_eq!(effective.to_status(), None, "nobody's status is written for what nobody declared");
    let capped =
        policy.effective(&attributes(user("EnterpriseAdmin"))).to_status().expect("the limit is there undeclared");
    assert_eq!(capped["portalRole"], "Admin");
    assert_eq!(policy.problems(), [""; 0]);
}

#[test]
fn what_admission_cannot_see_is_a_problem_and_binds_nobody() {
    let cases = [
        ("no path", json!({ "requiredAttributes": ["emails[type eq \"work\""] }), "is no path"),
        ("a comparison", json!({ "requiredAttributes": ["userName eq \"a\""] }), "is no path"),
        (
            "a comparison behind a selector",
            json!({ "requiredAttributes": ["emails[type eq \"work\"].value eq"] }),
            "selector",
        ),
        ("two paths", json!({ "requiredAttributes": ["title pr or displayName"] }), "is no path"),
        ("blanks alone", json!({ "requiredAttributes": [" "] }), "is no path"),
        ("what no schema has", json!({ "requiredAttributes": ["shoeSize"] }), "no schema has"),
        ("a misspelt part", json!({ "requiredAttributes": ["name.givnName"] }), "part"),
        (
            "what the enterprise extension has not",
            json!({ "requiredAttributes": ["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:shoeSize"] }),
            "no schema has",
        ),
        ("what the server sets", json!({ "requiredAttributes": ["groups"] }), "the server sets"),
        ("a part of a text", json!({ "requiredAttributes": ["displayName.value"] }), "no parts"),
        ("an element of a text", json!({ "requiredAttributes": ["title[type eq \"work\"]"] }), "no parts"),
        ("a unique path that is none", json!({ "uniqueAttributes": ["emails["] }), "uniqueAttributes"),
        (
            "a URN of SCIM",
            json!({ "extensions": [{ "schema": "URN:ietf:params:scim:schemas:core:2.0:user" }] }),
            "itself",
        ),
        ("a URN twice", json!({ "extensions": [{ "schema": "urn:x:y" }, { "schema": "URN:X:Y" }] }), "declared twice"),
        (
            "an attribute twice",
            json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [{ "name": "a" }, { "name": "A" }] }] }),
            "declared twice",
        ),
        (
            "a default of another type",
            json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [{ "name": "a", "type": "DateTime", "default": "now" }] }] }),
            "an RFC 3339 time",
        ),
        (
            "one wrong number of three",
            json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [
                { "name": "a", "type": "Integer", "multiValued": true, "default": "1,x,3" },
            ] }] }),
            "a whole number",
        ),
        (
            "required, with a default",
            json!({
                "requiredAttributes": ["urn:X:y:A"],
                "extensions": [{ "schema": "urn:x:y", "attributes": [{ "name": "a", "default": "b" }] }],
            }),
            "has a default",
        ),
        ("a limit of a newer version", json!({ "roles": { "maxFromScim": "Owner" } }), "maxFromScim"),
        ("a rule of a newer version", json!({ "userTypes": { "allowed": ["A"], "onInvalid": "Ask" } }), "onInvalid"),
        (
            "a type of a newer version",
            json!({ "extensions": [{ "schema": "urn:x:y", "attributes": [{ "name": "a", "type": "Colour" }] }] }),
            "newer version",
        ),
    ];
    for (name, users, word) in cases {
        let is_contradiction = word == "has a default";
        let policy = policy(users);
        assert!(
            matches!(policy.problems().as_slice(), [only] if only.contains(word)),
            "{name}: {:?}",
            policy.problems()
        );
        let refused = refusal(&policy, json!({ "userName": "a" }));
        assert_eq!(refused.is_some(), is_contradiction, "{name}: {refused:?}");
    }
}

#[test]
fn every_value_of_a_newer_version_is_told_with_what_it_counts_as() {
    let spec = json!({
        "provisioning": { "mode": "Later", "source": "Later", "basic": "Later", "builtInUsers": "Later" },
        "groups": { "mode": "Later" }, "uniqueExternalId": { "users": "Later" }, "naming": "Later",
    });
    let spec = serde_json::from_value(spec).expect("a lenient read");
    let expected = [
        "spec.provisioning.mode is of a newer version and counts as Disabled",
        "spec.provisioning.source is of a newer version and counts as Generic",
        "spec.provisioning.basic is of a newer version and counts as Refuse",
        "spec.provisioning.builtInUsers is of a newer version and counts as Hidden",
        "spec.groups.mode is of a newer version and counts as Sync",
        "spec.uniqueExternalId.users is of a newer version and counts as Enforce",
        "spec.naming is of a newer version and counts as Opaque",
    ];
    assert_eq!(Policy::of(&spec).problems(), expected);
}

#[test]
fn so_many_problems_are_named_and_no_more() {
    let paths: Vec<_> = (0..MAX_PROBLEMS + 2).map(|number| format!("unknown{number}")).collect();
    let problems = policy(json!({ "requiredAttributes": paths })).problems();
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems.last().map(String::as_str), Some("and 2 more"));
}
