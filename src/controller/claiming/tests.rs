use serde_json::{Value, json};

use super::decide::claiming;
use super::*;
use crate::api::directory::DirectorySpec;

fn spec(users: &str, groups: &str) -> DirectorySpec {
    serde_json::from_value(json!({ "uniqueExternalId": { "users": users, "groups": groups } })).expect("a spec")
}

#[test]
fn a_rule_is_claimed_before_it_is_in_force_and_goes_when_it_is_not_wanted() {
    let (users, groups) = ("User.externalId", "Group.externalId");
    let groups_attribute = groups;
    let pass = |taken: &[&str]| Pass {
        taken: taken.iter().map(|name| ((*name).to_owned(), "older-1".to_owned())).collect(),
        ..Pass::default()
    };
    let cases = [
        ("a new Directory", ("Warn", "Enforce"), vec![], None, vec![(groups, "Claiming")]),
        ("no pass yet", ("Warn", "Enforce"), vec![(groups, "Claiming")], None, vec![(groups, "Claiming")]),
        (
            "a pass without a rival",
            ("Warn", "Enforce"),
            vec![(groups, "Claiming")],
            Some(pass(&[])),
            vec![(groups, "InForce")],
        ),
        (
            "a pass with one",
            ("Warn", "Enforce"),
            vec![(groups, "Claiming")],
            Some(pass(&["a-1"])),
            vec![(groups, "Claiming")],
        ),
        (
            "a pass from before the rule began anew",
            ("Warn", "Enforce"),
            vec![],
            Some(pass(&[])),
            vec![(groups, "Claiming")],
        ),
        (
            "in force stays in force",
            ("Warn", "Enforce"),
            vec![(groups, "InForce")],
            Some(pass(&["a-1"])),
            vec![(groups, "InForce")],
        ),
        ("turned off", ("Warn", "Warn"), vec![(groups, "InForce")], None, vec![]),
        (
            "another one",
            ("Enforce", "Enforce"),
            vec![(groups, "InForce")],
            None,
            vec![(users, "Claiming"), (groups, "InForce")],
        ),
    ];
    for (case, (users, groups), stands, pass, expected) in cases {
        let stands: Vec<_> =
            stands.iter().map(|(attribute, state)| json!({ "attribute": attribute, "state": state })).collect();
        let status = json!({ "uniqueAttributes": stands });
        let next = progress(
            &spec(users, groups),
            &status,
            &pass.into_iter().map(|pass| (groups_attribute.to_owned(), pass)).collect(),
        );
        let next: Vec<_> = next.iter().map(|next| (next.attribute.as_str(), format!("{:?}", next.state))).collect();
        let expected: Vec<_> = expected.iter().map(|(attribute, state)| (*attribute, (*state).to_owned())).collect();
        assert_eq!(next, expected, "{case}");
    }
}

#[test]
fn what_the_status_does_not_name_begins() {
    let status = json!({ "uniqueAttributes": [{ "attribute": "User.externalId", "state": "Claiming" }] });
    let spec = spec("Enforce", "Enforce");
    assert_eq!(begun(&spec, &status), ["Group.externalId"]);
    assert_eq!(claiming(&spec, &status), ["User.externalId"]);
    assert_eq!(begun(&spec, &Value::Null), ["User.externalId", "Group.externalId"]);
}
