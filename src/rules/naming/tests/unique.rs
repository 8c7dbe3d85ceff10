//! Which rules a Directory has, and how their attributes are spelled.

use serde_json::json;

use super::*;
use crate::api::{DirectorySpec, DirectoryStatus};

const WORK: &str = "User.emails[type eq \"work\"].value";

fn spec(external_ids: (&str, &str), paths: &[&str]) -> DirectorySpec {
    let (users, groups) = external_ids;
    let spec =
        json!({ "uniqueExternalId": { "users": users, "groups": groups }, "users": { "uniqueAttributes": paths } });
    serde_json::from_value(spec).expect("a spec")
}

#[test]
fn a_path_has_one_name_however_it_is_written() {
    let cases = [
        ("as it is", "emails[type eq \"work\"].value", WORK),
        ("other case", "EMAILS[TYPE EQ \"Work\"].VALUE", WORK),
        ("other blanks", " emails[ type  eq   \"work\" ].value ", WORK),
        ("without quotes", "emails[type eq work].value", WORK),
        ("the value left out", "emails[type eq \"work\"]", WORK),
        (
            "with the URN of the core schema",
            "urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq \"work\"].value",
            WORK,
        ),
        ("a list", "emails", "User.emails.value"),
        (
            "two conditions in order",
            "emails[type eq \"work\" and primary eq true].value",
            "User.emails[primary eq true and type eq \"work\"].value",
        ),
        (
            "two conditions in another order",
            "emails[primary eq \"True\" and type eq \"WORK\"].value",
            "User.emails[primary eq true and type eq \"work\"].value",
        ),
        ("a sub-attribute", "NAME.givenname", "User.name.givenName"),
        ("externalId", "externalid", USER_EXTERNAL_ID),
        (
            "an attribute of the enterprise extension by its name",
            "employeenumber",
            "User.urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
        ),
        ("an extension that nobody knows", "urn:example:badge:number", "User.urn:example:badge:number"),
    ];
    for (case, path, expected) in cases {
        assert_eq!(wanted(&spec(("Warn", "Warn"), &[path])), [expected], "{case}");
        assert_eq!(unclaimable(&spec(("Warn", "Warn"), &[path])), Vec::<String>::new(), "{case}");
        let attribute = expected.split_once('.').expect("a kind").1;
        assert_eq!(wanted(&spec(("Warn", "Warn"), &[attribute])), [expected], "{case}, once more");
    }
}

#[test]
fn a_path_that_no_claim_can_be_read_from_is_reported_and_makes_nothing_unique() {
    let paths = [
        "emails[",
        "emails[type eq \"work\"].value.more",
        "emails[type co \"work\"].value",
        "emails[type eq \"work\" or type eq \"home\"].value",
        "emails[not (type eq \"work\")].value",
        "name[givenName eq \"x\"].familyName",
        "name",
        "nickname2",
        "name.later",
        "link",
        "userName",
        "id",
        "meta.created",
        "groups",
        "active",
        "manager.displayName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "",
    ];
    for path in paths {
        let spec = spec(("Warn", "Warn"), &[path, "title"]);
        assert_eq!(unclaimable(&spec), [path], "{path}");
        assert_eq!(wanted(&spec), ["User.title"], "{path}");
    }
}

#[test]
fn the_spec_wants_each_attribute_once() {
    let cases = [
        (("Warn", "Warn"), vec![], vec![]),
        (("Warn", "Enforce"), vec![], vec![GROUP_EXTERNAL_ID]),
        (
            ("Enforce", "Enforce"),
            vec!["externalId", "title", "Title"],
            vec![USER_EXTERNAL_ID, GROUP_EXTERNAL_ID, "User.title"],
        ),
        (("Later", "Later"), vec![], vec![USER_EXTERNAL_ID, GROUP_EXTERNAL_ID]),
    ];
    for (external_ids, paths, expected) in cases {
        assert_eq!(wanted(&spec(external_ids, &paths)), expected, "{external_ids:?} {paths:?}");
    }
}

#[test]
fn a_rule_is_as_far_as_the_status_says_and_only_while_the_spec_names_it() {
    let status: DirectoryStatus = serde_json::from_value(json!({ "uniqueAttributes": [
        { "attribute": USER_EXTERNAL_ID, "state": "InForce" },
        { "attribute": WORK, "state": "Claiming" },
        { "attribute": "User.title", "state": "InForce" },
        { "attribute": "User.nickName", "state": "Later" },
    ] }))
    .expect("a status");
    let rules = UniqueRules::of(&spec(("Enforce", "Enforce"), &["emails[type eq work].value", "nickName"]), &status);
    let expected = [(USER_EXTERNAL_ID, Force::InForce), (WORK, Force::Claiming), ("User.nickName", Force::Claiming)];
    assert_eq!(rules.iter().collect::<Vec<_>>(), expected);
    for (attribute, force) in [
        (USER_EXTERNAL_ID, Some(Force::InForce)),
        (WORK, Some(Force::Claiming)),
        (GROUP_EXTERNAL_ID, None),
        ("User.title", None),
        ("User.nickName", Some(Force::Claiming)),
    ] {
        assert_eq!(rules.force(attribute), force, "{attribute}");
    }
    assert_eq!(
        UniqueRules::of(&spec(("Enforce", "Enforce"), &[]), &DirectoryStatus::default()),
        UniqueRules::default()
    );
}
