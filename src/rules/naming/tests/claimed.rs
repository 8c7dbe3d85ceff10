//! What objects claim, and what a path finds.

use crate::rules::resource::Resource;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::api::directory_claim::{MAX_ATTRIBUTE, MAX_VALUE};

const WORK: &str = "User.emails[type eq \"work\"].value";
const BADGE: &str = "User.urn:example:badge:number";
const EMPLOYEE: &str = "User.urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

fn rules(attributes: &[&str]) -> UniqueRules {
    attributes.iter().map(|attribute| (*attribute, Force::InForce)).collect()
}

fn ada() -> Value {
    json!({
        "scim": {
            "userName": "Ada@Contoso.com",
            "externalId": "E1",
            "displayName": "Ada",
            "name": { "givenName": "ADA" },
            "emails": [
                { "type": "Work", "value": "Ada@X" }, { "type": "home", "value": "b@x" }, { "type": "other" },
            ],
            "extensions": {
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "employeeNumber": "0A7", "manager": { "value": "boss-1" },
                },
                "URN:Example:Badge": { "number": 17, "Colour": "Red", "lent": true, "doors": ["N", "S"] },
            },
        },
        "link": { "tenantID": "AAAA-1", "objectID": "BBBB-2" },
    })
}

fn pairs(resource: Resource, spec: &Value, rules: &UniqueRules) -> Vec<(String, String)> {
    let values = claimed_values(resource, spec, rules).into_iter();
    values.map(|claimed| (claimed.attribute, claimed.value)).collect()
}

fn pair(attribute: &str, value: &str) -> (String, String) {
    (attribute.to_owned(), value.to_owned())
}

#[test]
fn an_object_claims_its_name_and_what_the_rules_of_its_kind_say() {
    let all = rules(&[USER_EXTERNAL_ID, GROUP_EXTERNAL_ID, WORK, "User.title"]);
    let (name, link) = (pair(USER_NAME, "ada@contoso.com"), pair(LINK, "aaaa-1/bbbb-2"));
    assert_eq!(pairs(Resource::User, &ada(), &UniqueRules::default()), [name.clone(), link.clone()]);
    let expected = [name, link, pair(USER_EXTERNAL_ID, "E1"), pair(WORK, "ada@x")];
    assert_eq!(pairs(Resource::User, &ada(), &all), expected, "what has no value is not claimed");
    let group = json!({ "scim": { "displayName": "All Staff", "externalId": "0aF" }, "link": { "tenantID": "t", "objectID": "o" } });
    let name = pair(GROUP_NAME, "all staff");
    assert_eq!(pairs(Resource::Group, &group, &UniqueRules::default()), std::slice::from_ref(&name));
    assert_eq!(pairs(Resource::Group, &group, &all), [name, pair(GROUP_EXTERNAL_ID, "0aF")]);
    assert_eq!(pairs(Resource::User, &json!({ "scim": { "userName": "A" } }), &all).len(), 1);
    assert_eq!(pairs(Resource::Group, &json!({}), &all), []);
}

#[test]
fn a_path_finds_one_value() {
    let cases = [
        ("a core attribute", "User.displayName", Some("ada")),
        ("a case-exact one, as it is", USER_EXTERNAL_ID, Some("E1")),
        ("a sub-attribute", "User.name.givenName", Some("ada")),
        ("an element of a list", WORK, Some("ada@x")),
        ("an element that is not there", "User.emails[type eq \"fax\"].value", None),
        ("an element without the value", "User.emails[type eq \"other\"].value", None),
        ("a list with two values", "User.emails.value", None),
        ("an attribute of the enterprise extension", EMPLOYEE, Some("0a7")),
        ("a number of an extension that nobody knows", BADGE, Some("17")),
        ("text of one, in any case", "User.urn:example:badge:colour", Some("red")),
        ("neither true nor false", "User.urn:example:badge:lent", None),
        ("a list of two in an extension", "User.urn:example:badge:doors", None),
        ("an extension that is not there", "User.urn:example:other:number", None),
        ("the name, whatever the rules", USER_NAME, Some("ada@contoso.com")),
        ("the link", LINK, Some("aaaa-1/bbbb-2")),
        ("an attribute of a newer version", "User.later", None),
    ];
    for (case, attribute, expected) in cases {
        let value = claimed_value(attribute, &ada());
        assert_eq!(value.map(|claimed| claimed.value).as_deref(), expected, "{case}");
    }
}

#[test]
fn two_values_are_reported_unless_they_are_the_same() {
    let spec = |emails: Value| json!({ "scim": { "userName": "ada", "emails": emails } });
    let work = |value: &str| json!({ "type": "work", "value": value });
    let cases = [
        ("one", json!([work("a@x")]), None),
        ("none", json!([]), None),
        ("two", json!([work("a@x"), work("b@x")]), Some("emails[type eq \"work\"].value")),
        ("the same in another case", json!([work("a@x"), work("A@X")]), None),
        ("one of another type", json!([work("a@x"), { "type": "home", "value": "b@x" }]), None),
    ];
    for (case, emails, expected) in cases {
        let found = ambiguous(Resource::User, &spec(emails.clone()), &rules(&[WORK]));
        assert_eq!(found.as_deref(), expected, "{case}");
        let claims = pairs(Resource::User, &spec(emails.clone()), &rules(&[WORK]));
        assert!(expected.is_none() || claims.len() == 1, "{case}: nothing can be claimed");
        assert_eq!(ambiguous(Resource::User, &spec(emails), &UniqueRules::default()), None, "{case}, no rule");
    }
}

#[test]
fn a_value_longer_than_a_claim_holds_is_reported() {
    let user = |title: String| json!({ "scim": { "userName": "ada", "title": title } });
    let cases = [
        ("just fits", "é".repeat(MAX_VALUE), None),
        ("one too many", "é".repeat(MAX_VALUE + 1), Some("title")),
        ("longer in canonical form", "İ".repeat(MAX_VALUE / 2 + 1), Some("title")),
    ];
    for (case, title, expected) in cases {
        let found = too_long(Resource::User, &user(title.clone()), &rules(&["User.title"]));
        assert_eq!(found.as_deref(), expected, "{case}");
        assert_eq!(too_long(Resource::User, &user(title), &UniqueRules::default()), None, "{case}, no rule");
    }
    let name = json!({ "scim": { "userName": "x".repeat(MAX_VALUE + 1) } });
    assert_eq!(too_long(Resource::User, &name, &UniqueRules::default()).as_deref(), Some("userName"));
}

#[test]
fn only_attributes_of_this_version_in_its_own_spelling_are_known() {
    let long = format!("User.urn:example:{}:x", "y".repeat(MAX_ATTRIBUTE - "User.urn:example::x".len()));
    assert_eq!(long.len(), MAX_ATTRIBUTE);
    let known = [USER_NAME, LINK, GROUP_NAME, USER_EXTERNAL_ID, GROUP_EXTERNAL_ID, WORK, EMPLOYEE, BADGE, &long];
    for known in known {
        assert!(is_known_attribute(known), "{known}");
    }
    let too_long = format!("{long}z");
    let unknown = [
        "User.username",
        "User.Emails[type eq \"work\"].value",
        "User.emails[type eq work].value",
        "User.emails[type eq \"work\"]",
        "User.later",
        "User.name.later",
        "User.id",
        "User.groups",
        "User.active",
        "User.",
        "Group.later",
        "Group.title",
        "Role.name",
        "userName",
        "",
        &too_long,
    ];
    for unknown in unknown {
        assert!(!is_known_attribute(unknown), "{unknown}");
    }
}

proptest! {
    /// A claim that an object names under some rules is alive under all: what is claimed is what is read from it.
    #[test]
    fn what_is_claimed_is_what_is_read(user_name in ".{0,8}", external_id in ".{0,8}", email in ".{0,8}", link in any::<bool>()) {
        let mut spec = json!({ "scim": {
            "userName": user_name, "displayName": user_name, "externalId": external_id,
            "emails": [{ "type": "work", "value": email }],
        } });
        if link {
            spec["link"] = json!({ "tenantID": external_id, "objectID": email });
        }
        let rules = rules(&[USER_EXTERNAL_ID, GROUP_EXTERNAL_ID, WORK]);
        for resource in [Resource::User, Resource::Group] {
            let claimed = claimed_values(resource, &spec, &rules);
            for value in &claimed {
                prop_assert_eq!(Resource::of_attribute(&value.attribute), Some(resource));
                prop_assert!(is_known_attribute(&value.attribute));
                prop_assert_eq!(claimed_value(&value.attribute, &spec), Some(value.clone()));
            }
            prop_assert_eq!(claimed.first().map(|name| name.attribute.as_str()), Some(resource.name_attribute()));
        }
    }
}
