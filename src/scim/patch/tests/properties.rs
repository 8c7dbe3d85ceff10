//! What holds of every PATCH of the two dialects.

use proptest::prelude::*;

use super::*;
use crate::scim::{entra, resource};

/// Values as Entra's mappings make them, the unassigning ones too.
fn text() -> impl Strategy<Value = Value> {
    prop_oneof![4 => "[a-zA-Z0-9 @.é]{1,12}".prop_map(Value::from), 1 => Just(json!("")), 1 => Just(Value::Null)]
}

fn op() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("Add"), Just("Replace"), Just("add"), Just("replace")]
}

fn plain_path() -> impl Strategy<Value = String> {
    let names =
        ["displayName", "title", "name.givenName", "name.familyName", "externalId", "locale"].map(str::to_owned);
    let extension = ["department", "employeeNumber", "manager"].map(|name| format!("{ENTERPRISE}:{name}"));
    let custom = [format!("{CUSTOM}:folders")];
    prop::sample::select(names.into_iter().chain(extension).chain(custom).collect::<Vec<_>>())
}

fn filtered_path() -> impl Strategy<Value = String> {
    let paths = [
        "emails[type eq \"work\"].value",
        "emails[type eq \"home\"].value",
        "phoneNumbers[type eq \"mobile\"].value",
        "phoneNumbers[type eq \"fax\"].value",
        "addresses[type eq \"work\"].formatted",
        "addresses[type eq \"work\"].country",
        "roles[primary eq \"True\"].value",
        "roles[primary eq \"True\"].display",
    ];
    prop::sample::select(paths.map(str::to_owned).to_vec())
}

fn active() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!("True"), json!("False"), json!(true), json!(false), json!("")])
}

/// Without the flag: one operation for each attribute, each attribute once.
fn without_the_flag() -> impl Strategy<Value = Value> {
    let paths = prop::collection::btree_map(prop_oneof![plain_path(), filtered_path()], (op(), text()), 0..8);
    (paths, prop::option::of(active())).prop_map(|(paths, active)| {
        let mut operations: Vec<_> =
            paths.into_iter().map(|(path, (op, value))| json!({ "op": op, "path": path, "value": value })).collect();
        operations.extend(active.map(|value| json!({ "op": "Replace", "path": "active", "value": value })));
        json!(operations)
    })
}

/// With the flag: filtered paths on their own, the rest in one operation without a path.
fn with_the_flag() -> impl Strategy<Value = Value> {
    let filtered = prop::collection::btree_map(filtered_path(), (op(), text()), 0..4);
    let plain = prop::collection::btree_map(plain_path(), text(), 0..6);
    (filtered, plain, op(), prop::option::of(active())).prop_map(|(filtered, plain, pathless, active)| {
        let mut operations: Vec<_> =
            filtered.into_iter().map(|(path, (op, value))| json!({ "op": op, "path": path, "value": value })).collect();
        let mut members: Attributes = plain.into_iter().collect();
        members.extend(active.map(|value| ("active".to_owned(), value)));
        operations.push(json!({ "op": pathless, "value": members }));
        json!(operations)
    })
}

fn holds_an_empty_value(value: &Value) -> bool {
    entra::is_unassigned(value)
        || match value {
            Value::Array(elements) => elements.iter().any(holds_an_empty_value),
            Value::Object(members) => members.values().any(holds_an_empty_value),
            _ => false,
        }
}

/// Any JSON, with names that mean something now and then.
fn any_json() -> impl Strategy<Value = Value> {
    let name = || {
        let names = [
            "op",
            "path",
            "value",
            "Operations",
            "userName",
            "emails",
            "type",
            "primary",
            "name",
            "manager",
            "active",
            "members",
        ];
        prop_oneof![prop::sample::select(names.map(str::to_owned).to_vec()), plain_path(), filtered_path(), ".{0,6}"]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![json!("add"), json!("Remove"), json!("replace"), json!("True"), json!("")]),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec!["add", "Replace", "remove"]);
    (op, prop_oneof![plain_path(), filtered_path(), ".{0,12}"], any_json())
        .prop_map(|(op, path, value)| json!({ "op": op, "path": path, "value": value }))
}

proptest! {
    #[test]
    fn the_same_patch_again_changes_nothing(operations in prop_oneof![without_the_flag(), with_the_flag()], full: bool) {
        let current = if full { alice() } else { json!({ "userName": "alice" }) };
        let (once, _) = patched(&current, &operations).expect("a PATCH of Entra");
        let (twice, _) = patched(&once, &operations).expect("the same again");
        prop_assert_eq!(&once, &twice);
        prop_assert!(!object(once.clone()).values().any(holds_an_empty_value), "{}", once);
        // What a GET returns can be sent back: nothing is normalised on the way.
        let parsed = resource::parse(object(once.clone()), &USER).expect("a PUT of what a GET returned");
        prop_assert_eq!(Value::Object(parsed.attributes), once);
    }

    /// A filter takes for present what is kept, and nothing else.
    #[test]
    fn a_value_holds_something_where_something_of_it_is_kept(value in any_json()) {
        prop_assert_eq!(entra::holds_something(&value), entra::assigned(value).is_some());
    }

    #[test]
    fn any_body_is_read_or_refused(body in any_json(), operations in prop::collection::vec(operation(), 0..4)) {
        if let Value::Object(body) = body {
            drop(resource::parse(body.clone(), &USER));
            drop(parse(&body, &USER));
        }
        if let Ok((once, _)) = patched(&alice(), &json!(operations)) {
            prop_assert!(!object(once.clone()).values().any(holds_an_empty_value), "{}", once);
            let parsed = resource::parse(object(once.clone()), &USER).expect("what is stored can be sent");
            prop_assert_eq!(Value::Object(parsed.attributes), once);
        }
    }
}
