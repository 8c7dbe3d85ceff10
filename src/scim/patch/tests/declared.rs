//! Extensions that a Directory declares, and the Add that means Replace.

use super::*;
use crate::scim::extension::{Extension, ExtensionAttribute};
use crate::scim::schema::AttributeType;

const METADATA: &str = "urn:ietf:params:scim:schemas:extension:2.0:Metadata";

fn declared() -> [Extension; 2] {
    let folders = ExtensionAttribute { name: "folders".to_owned(), kind: AttributeType::String, multi_valued: true };
    let free = Extension { urn: METADATA.to_owned(), attributes: Vec::new() };
    [free, Extension { urn: CUSTOM.to_owned(), attributes: vec![folders] }]
}

fn patched_declared(current: &Value, operations: &Value) -> Result<Value, Error> {
    let patch = parse_with(&object(json!({ "Operations": operations })), &USER, &declared())?;
    apply(&patch, &object(current.clone()), &USER).map(|parsed| Value::Object(parsed.attributes))
}

#[test]
fn a_key_is_stored_under_the_same_name_in_whatever_form_it_comes() {
    for key in ["Key", "Cost.Center", "Cost Center", "a:b", "a[0]", "größe", "x y.z "] {
        let path = format!("{METADATA}:{key}");
        let expected = alice_with(json!({ METADATA: { key: "7" } }));
        let forms = [
            ("a path", json!([{ "op": "Add", "path": path, "value": "7" }])),
            (
                "a path without a type",
                json!([{ "op": "replace", "path": path.to_uppercase().replace(&key.to_uppercase(), key), "value": "7" }]),
            ),
            ("the name of a member", json!([{ "op": "add", "value": { path.as_str(): "7" } }])),
            ("a member of the object", json!([{ "op": "add", "value": { METADATA: { key: "7" } } }])),
            ("the object as a whole", json!([{ "op": "add", "path": METADATA, "value": { key: "7" } }])),
        ];
        for (form, operations) in forms {
            let patched =
                patched_declared(&alice(), &operations).unwrap_or_else(|error| panic!("{key}, {form}: {error}"));
            let extension = object(patched.clone()).into_iter().find(|(urn, _)| urn.eq_ignore_ascii_case(METADATA));
            assert_eq!(extension.map(|(_, keys)| keys), Some(json!({ key: "7" })), "{key}, {form}");
            assert_eq!(patched_declared(&patched, &operations), Ok(patched.clone()), "{key}, {form}, again");
        }
        let mut body = object(alice());
        body.insert(path.clone(), "7".into());
        let posted = resource::parse_with(body, &USER, &declared()).expect("a POST");
        assert_eq!(Value::Object(posted.attributes), expected, "{key}, posted behind its URN");
        for operation in [
            json!({ "op": "remove", "path": path }),
            json!({ "op": "replace", "path": path, "value": "" }),
            json!({ "op": "replace", "path": path, "value": null }),
            json!({ "op": "Remove", "path": METADATA }),
        ] {
            assert_eq!(patched_declared(&expected, &json!([operation])), Ok(alice()), "{key}: {operation}");
        }
    }
}

#[test]
fn a_declared_list_takes_entras_forms() {
    let path = format!("{CUSTOM}:folders");
    let one = alice_with(json!({ CUSTOM: { "folders": [{ "value": "1" }] } }));
    let two = alice_with(json!({ CUSTOM: { "folders": [{ "value": "1" }, { "value": "2" }] } }));
    let cases = [
        ("added", &one, json!([{ "op": "Add", "path": path, "value": [{ "value": "2" }] }]), &two),
        ("added again", &two, json!([{ "op": "Add", "path": path, "value": [{ "value": "2" }] }]), &two),
        ("removed", &two, json!([{ "op": "Remove", "path": path, "value": [{ "value": "2" }] }]), &one),
        ("removed by a selector", &two, json!([{ "op": "remove", "path": format!("{path}[value eq \"2\"]") }]), &one),
        ("replaced", &two, json!([{ "op": "replace", "path": path, "value": [{ "value": "1" }] }]), &one),
    ];
    for (name, current, operations, expected) in cases {
        assert_eq!(patched_declared(current, &operations), Ok(expected.clone()), "{name}");
    }
}

#[test]
fn a_declared_extension_is_an_object() {
    for value in [json!("text"), json!(7), json!(["a"])] {
        let error = patched_declared(&alice(), &json!([{ "op": "add", "path": METADATA, "value": value }]));
        assert!(matches!(&error, Err(Error::InvalidValue(text)) if text.contains(METADATA)), "{error:?}");
    }
}

fn replacing(current: &Value, operations: Value) -> Value {
    let body = Attributes::from_iter([("Operations".to_owned(), operations)]);
    let patch = parse(&body, &USER).expect("a PATCH");
    let patch = patch.replacing_a_single_addition("roles");
    Value::Object(apply(&patch, &object(current.clone()), &USER).expect("an effect").attributes)
}

#[test]
fn the_add_of_one_role_takes_the_place_of_those_that_are_there() {
    let role = |name: &str| json!({ "value": name });
    let stored = |roles: Value| alice_with(json!({ "roles": roles }));
    let before = stored(json!([role("User"), role("ReadOnly")]));
    let add = |value: Value| json!({ "op": "Add", "path": "roles", "value": value });
    let cases = [
        ("a list of one", json!([add(json!([role("Admin")]))]), json!([role("Admin")])),
        ("an object", json!([add(role("Admin"))]), json!([role("Admin")])),
        ("a text", json!([add(json!("Admin"))]), json!([role("Admin")])),
        ("without a path", json!([{ "op": "add", "value": { "roles": [role("Admin")] } }]), json!([role("Admin")])),
        ("one that is there", json!([add(json!([role("User")]))]), json!([role("User")])),
        (
            "two in one operation are added",
            json!([add(json!([role("Admin"), role("X")]))]),
            json!([role("User"), role("ReadOnly"), role("Admin"), role("X")]),
        ),
        (
            "two in two operations are added",
            json!([add(role("Admin")), add(role("X"))]),
            json!([role("User"), role("ReadOnly"), role("Admin"), role("X")]),
        ),
        ("none is added", json!([add(json!([]))]), json!([role("User"), role("ReadOnly")])),
        (
            "another attribute is added to",
            json!([{ "op": "add", "path": "title", "value": "T" }]),
            json!([role("User"), role("ReadOnly")]),
        ),
        (
            "one is removed",
            json!([{ "op": "Remove", "path": "roles", "value": [role("User")] }]),
            json!([role("ReadOnly")]),
        ),
    ];
    for (name, operations, expected) in cases {
        let once = replacing(&before, operations.clone());
        assert_eq!(once["roles"], expected, "{name}");
        assert_eq!(replacing(&once, operations), once, "{name}, again");
    }
    let emails =
        replacing(&before, json!([{ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "h@x" }] }]));
    assert_eq!(emails["emails"].as_array().map(Vec::len), Some(2), "only roles are meant");
}
