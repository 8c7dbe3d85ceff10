use serde_json::json;

use super::*;
use crate::scim::schema::{GROUP, USER};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";

fn alice() -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE], "id": "alice-1", "userName": "alice", "active": true,
        "name": { "givenName": "Alice", "familyName": "Able" },
        "emails": [{ "type": "work", "value": "a@x" }, { "type": "home" }],
        "meta": { "resourceType": "User", "created": "2026-01-01T00:00:00Z" },
        ENTERPRISE: { "department": "Sales", "manager": { "value": "bob-1" } },
        CUSTOM: { "Folders": "a,b", "level": 1 },
    })
}

fn project(attributes: Option<&str>, excluded: Option<&str>) -> Value {
    let projection = Projection::parse(attributes, excluded, &USER).expect("two lists");
    projection.apply(alice().as_object().expect("an object").clone(), &USER).into()
}

fn with_always(expected: &Value) -> Value {
    let mut whole = json!({ "id": "alice-1", "schemas": [CORE, ENTERPRISE] });
    whole.as_object_mut().expect("an object").extend(expected.as_object().expect("an object").clone());
    whole
}

#[test]
fn attributes_select_beside_what_is_always_there() {
    let department = format!("{ENTERPRISE}:department");
    let cases = [
        ("names", "userName, EMAILS", json!({ "userName": "alice", "emails": alice()["emails"] })),
        ("a sub-attribute", "name.givenname", json!({ "name": { "givenName": "Alice" } })),
        ("two of one attribute", "name.givenName,name.familyName", json!({ "name": alice()["name"] })),
        ("a part and the whole", "name.givenName,name", json!({ "name": alice()["name"] })),
        ("a part of a list", "emails.value", json!({ "emails": [{ "value": "a@x" }] })),
        ("behind the core URN", &format!("{CORE}:userName"), json!({ "userName": "alice" })),
        ("of an extension", &department, json!({ ENTERPRISE: { "department": "Sales" } })),
        (
            "with a dot behind its URN",
            &department.replace(":department", ".department"),
            json!({ ENTERPRISE: { "department": "Sales" } }),
        ),
        ("a whole extension", &ENTERPRISE.to_uppercase(), json!({ ENTERPRISE: alice()[ENTERPRISE] })),
        ("of an undeclared one", &format!("{CUSTOM}:folders"), json!({ CUSTOM: { "Folders": "a,b" } })),
        ("a whole undeclared one", CUSTOM, json!({ CUSTOM: alice()[CUSTOM] })),
        ("a common attribute", "meta.created,id", json!({ "meta": { "created": "2026-01-01T00:00:00Z" } })),
        ("a value filter", "emails[type eq \"work,]\"],active", json!({ "emails": alice()["emails"], "active": true })),
        ("what nobody has", "shoeSize,title,a b,.,userName.x", json!({})),
    ];
    for (name, list, expected) in cases {
        assert_eq!(project(Some(list), None), with_always(&expected), "{name}: {list}");
    }
}

#[test]
fn excluded_attributes_take_away_all_but_what_is_always_there() {
    let cases = [
        ("names", "EMAILS,active", vec!["/emails", "/active"]),
        ("a sub-attribute", "name.givenName", vec!["/name/givenName"]),
        ("all that an attribute has", "name.givenName,name.familyName", vec!["/name"]),
        ("what is always there", "id,schemas,ID,schemas.value,active", vec!["/active"]),
        (
            "of an extension",
            &format!("{ENTERPRISE}:department"),
            vec!["/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department"],
        ),
        ("a whole extension", ENTERPRISE, vec!["/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]),
        ("what nobody has", "shoeSize,members", vec![]),
    ];
    for (name, list, gone) in cases {
        let mut expected = alice();
        for pointer in gone {
            let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
            let parent = expected.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
            assert!(parent.remove(member).is_some(), "{name}: {pointer}");
        }
        assert_eq!(project(None, Some(list)), expected, "{name}: {list}");
    }
    assert_eq!(project(None, Some("emails.value"))["emails"], json!([{ "type": "work" }, { "type": "home" }]));
    let group = json!({ "id": "g", "displayName": "Blue", "members": [{ "value": "a" }] });
    let projection = Projection::parse(None, Some("members"), &GROUP).expect("a list");
    let left = projection.apply(group.as_object().expect("an object").clone(), &GROUP);
    assert_eq!(Value::from(left), json!({ "id": "g", "displayName": "Blue" }));
}

#[test]
fn empty_lists_are_none_and_two_lists_are_refused() {
    assert_eq!(project(None, None), alice());
    assert_eq!(project(Some(""), Some(" ")), alice());
    assert_eq!(project(Some("active"), Some("")), with_always(&json!({ "active": true })));
    let both = Projection::parse(Some("userName"), Some("emails"), &USER);
    assert!(matches!(both, Err(Error::InvalidValue(sentence)) if sentence.contains("excludedAttributes")));
}

#[test]
fn the_number_of_names_is_bounded() {
    let names = |count: usize| vec!["title"; count].join(",");
    assert!(Projection::parse(Some(&names(MAX_NAMES)), None, &USER).is_ok());
    let error = Projection::parse(None, Some(&names(MAX_NAMES + 1)), &USER).expect_err("too many");
    assert!(matches!(&error, Error::InvalidValue(sentence) if sentence.contains("200")), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_two_lists_leave_a_part_of_the_resource(list in "([a-zA-Z.,:\\[\\]\" ]|name|emails|value|urn:a){0,12}", exclude: bool) {
        let left = if exclude { project(None, Some(&list)) } else { project(Some(&list), None) };
        proptest::prop_assert_eq!(&left["id"], "alice-1");
    }
}

#[test]
fn elements_that_do_not_come_with_the_resource_are_cut_alike() {
    let member = json!({ "value": "a", "$ref": "https://x/a", "type": "User" });
    for (attributes, excluded, wanted, left) in [
        (None, None, true, Some(member.clone())),
        (Some("members"), None, true, Some(member.clone())),
        (Some("MEMBERS.Value"), None, true, Some(json!({ "value": "a" }))),
        (Some("displayName,members.value,members.type"), None, true, Some(json!({ "value": "a", "type": "User" }))),
        (Some("urn:ietf:params:scim:schemas:core:2.0:Group:members.value"), None, true, Some(json!({ "value": "a" }))),
        (Some("members.shoeSize"), None, true, None),
        (Some("displayName"), None, false, None),
        (None, Some("members"), false, None),
        (None, Some("displayName"), true, Some(member.clone())),
        (None, Some("members.$ref,members.type"), true, Some(json!({ "value": "a" }))),
    ] {
        let projection = Projection::parse(attributes, excluded, &GROUP).expect("a list");
        assert_eq!(projection.wants("members"), wanted, "{attributes:?} {excluded:?}");
        assert_eq!(projection.element("members", member.clone()), left, "{attributes:?} {excluded:?}");
        // The same as of a resource that holds its elements.
        let group = json!({ "id": "g", "members": [member] }).as_object().cloned().expect("an object");
        let whole = projection.apply(group, &GROUP).remove("members").map(|mut members| members[0].take());
        assert_eq!(whole, left, "{attributes:?} {excluded:?}");
        assert_eq!(projection.is_everything(), attributes.is_none() && excluded.is_none());
    }
}
