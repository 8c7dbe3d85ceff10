//! What is refused, with what, and what it costs.

use super::*;
use crate::scim::limits;

/// Expects Alice to be refused `operations`; the sentence has `word`.
fn refuse(name: &str, operations: &Value, scim_type: &str, word: &str) {
    let error = patched(&alice(), operations).expect_err(name);
    assert_eq!(error.scim_type(), Some(scim_type), "{name}: {error}");
    let sentence = error.to_string();
    assert!(sentence.contains(word) && sentence.ends_with('.'), "{name}: {sentence:?} does not say {word:?}");
    assert!(sentence.len() > 20 && sentence.len() < 600, "{name}: {sentence}");
}

#[test]
fn bodies_that_are_no_patch_are_refused() {
    let long = "x".repeat(10_000);
    for (name, body, word) in [
        ("no Operations", json!({}), "Operations"),
        ("Operations is no list", json!({ "Operations": { "op": "add" } }), "Operations"),
        ("an operation is no object", json!({ "Operations": [1] }), "object"),
        ("no op", json!({ "Operations": [{ "path": "title" }] }), "op"),
        ("an op that is no text", json!({ "Operations": [{ "op": 1 }] }), "op"),
        ("an unknown op", json!({ "Operations": [{ "op": "move" }] }), "move"),
        ("a long op", json!({ "Operations": [{ "op": long }] }), "xxx"),
    ] {
        let error = parse(&object(body), &USER).expect_err(name);
        assert_eq!(error.scim_type(), Some("invalidSyntax"), "{name}: {error}");
        assert!(error.to_string().contains(word) && error.to_string().len() < 300, "{name}: {error}");
    }
    for body in [json!({ "operations": [] }), json!({ "OPERATIONS": [], "schemas": 1, "id": "x" })] {
        let patch = parse(&object(body), &USER).expect("no operations (29)");
        let parsed = apply(&patch, &object(alice()), &USER).expect("no operations");
        assert_eq!(Value::Object(parsed.attributes), alice());
    }
}

/// Refuses each operation, before and after one that is right.
fn refuse_each(cases: Vec<(&str, Value, &str, &str)>) {
    let good = json!({ "op": "replace", "path": "title", "value": "changed" });
    for (name, operation, scim_type, word) in cases {
        refuse(name, &json!([good, operation]), scim_type, word);
        refuse(name, &json!([operation, good]), scim_type, word);
    }
}

#[test]
fn paths_that_do_not_parse_are_invalid() {
    refuse_each(vec![
        (
            "a bracket that stays open",
            json!({ "op": "add", "path": "emails[", "value": "x" }),
            "invalidPath",
            "emails[",
        ),
        (
            "a string that stays open",
            json!({ "op": "add", "path": "emails[type eq \"work].value", "value": "x" }),
            "invalidPath",
            "emails[",
        ),
        (
            "text behind a bracket",
            json!({ "op": "add", "path": "emails[type eq \"work\"]value", "value": "x" }),
            "invalidPath",
            "emails[",
        ),
        (
            "two selectors",
            json!({ "op": "add", "path": "emails[type eq \"work\"].value[x eq 1]", "value": "x" }),
            "invalidPath",
            "emails[",
        ),
        (
            "a selector behind a part",
            json!({ "op": "add", "path": "emails.value[type eq \"work\"]", "value": "x" }),
            "invalidPath",
            "emails",
        ),
        (
            "a selector behind a URN",
            json!({ "op": "add", "path": format!("{ENTERPRISE}[x eq 1]"), "value": "x" }),
            "invalidPath",
            "urn",
        ),
        (
            "a selector without an attribute",
            json!({ "op": "add", "path": "[type eq \"work\"].value", "value": "x" }),
            "invalidPath",
            "",
        ),
        (
            "a selector that is none",
            json!({ "op": "add", "path": "emails[type is \"work\"].value", "value": "x" }),
            "invalidPath",
            "emails[",
        ),
        ("an empty selector", json!({ "op": "add", "path": "emails[].value", "value": "x" }), "invalidPath", "emails["),
        ("a part of a text", json!({ "op": "add", "path": "userName.x", "value": "x" }), "invalidPath", "userName"),
        ("a part of a text, removed", json!({ "op": "remove", "path": "displayName.x" }), "invalidPath", "displayName"),
        (
            "a part of a boolean",
            json!({ "op": "replace", "path": "active.value", "value": 1 }),
            "invalidPath",
            "active",
        ),
        ("a part of a URN", json!({ "op": "remove", "path": "schemas.x" }), "invalidPath", "schemas"),
        (
            "a selector of a text",
            json!({ "op": "remove", "path": "displayName[value eq \"A\"]" }),
            "invalidPath",
            "brackets",
        ),
        (
            "a selector of a text of the extension",
            json!({ "op": "replace", "path": "department[value eq \"A\"]", "value": "x" }),
            "invalidPath",
            "brackets",
        ),
        ("a blank", json!({ "op": "add", "path": "display name", "value": "x" }), "invalidPath", "display name"),
        ("a path that is no text", json!({ "op": "add", "path": 1, "value": "x" }), "invalidPath", "path"),
    ]);
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let manager_name = format!("{ENTERPRISE}:manager.displayName");
    refuse_each(vec![
        ("a removal without a path", json!({ "op": "Remove" }), "noTarget", "path"),
        (
            "a removal without a path but a value",
            json!({ "op": "remove", "value": { "title": "x" } }),
            "noTarget",
            "path",
        ),
        ("a removal of everything", json!({ "op": "remove", "path": CORE }), "noTarget", "path"),
        ("the id", json!({ "op": "replace", "path": "id", "value": "x" }), "mutability", "id"),
        ("the meta", json!({ "op": "remove", "path": "meta.created" }), "mutability", "meta.created"),
        ("the groups", json!({ "op": "add", "path": "groups", "value": [{ "value": "g" }] }), "mutability", "groups"),
        (
            "the manager's name",
            json!({ "op": "add", "path": manager_name, "value": "x" }),
            "mutability",
            "manager.displayName",
        ),
        ("the userName removed", json!({ "op": "Remove", "path": "USERNAME" }), "mutability", "userName"),
        (
            "a selector that cannot create",
            json!({ "op": "replace", "path": "emails[value co \"x\"].type", "value": "work" }),
            "noTarget",
            "emails",
        ),
        (
            "an addition that cannot create",
            json!({ "op": "Add", "path": "emails[not (type eq \"work\")].value", "value": "x" }),
            "noTarget",
            "emails",
        ),
        (
            "an alternative that cannot create",
            json!({ "op": "Add", "path": "emails[type eq \"a\" or type eq \"b\"]", "value": { "value": "x" } }),
            "noTarget",
            "emails",
        ),
    ]);
}

#[test]
fn values_that_are_wrong_are_refused_by_name() {
    refuse_each(vec![
        (
            "the userName emptied",
            json!({ "op": "replace", "path": "userName", "value": "" }),
            "invalidValue",
            "userName",
        ),
        ("no value", json!({ "op": "replace", "path": "displayName" }), "invalidValue", "displayName"),
        ("no value and no path", json!({ "op": "replace" }), "invalidValue", "object"),
        ("a text without a path", json!({ "op": "replace", "value": "x" }), "invalidValue", "object"),
        ("a name that is a number", json!({ "op": "replace", "path": "name", "value": 1 }), "invalidValue", "name"),
        ("active is neither", json!({ "op": "replace", "path": "active", "value": "maybe" }), "invalidValue", "active"),
        (
            "a part of the wrong type",
            json!({ "op": "add", "path": "emails[type eq \"work\"].value", "value": 1 }),
            "invalidValue",
            "emails.value",
        ),
        (
            "an element of the wrong type",
            json!({ "op": "add", "path": "emails", "value": [1] }),
            "invalidValue",
            "emails",
        ),
        (
            "an element that is a number",
            json!({ "op": "add", "path": "emails[type eq \"work\"]", "value": 1 }),
            "invalidValue",
            "emails",
        ),
        (
            "an extension that is a text",
            json!({ "op": "add", "path": ENTERPRISE, "value": "x" }),
            "invalidValue",
            ENTERPRISE,
        ),
        (
            "two primaries",
            json!({ "op": "add", "path": "roles", "value": [{ "value": "a", "primary": true }, { "value": "b", "primary": "True" }] }),
            "invalidValue",
            "primary",
        ),
        (
            "a userName that is too long",
            json!({ "op": "replace", "path": "userName", "value": "x".repeat(321) }),
            "invalidValue",
            "320",
        ),
        (
            "a line break in a name",
            json!({ "op": "replace", "path": "userName", "value": "a\nb" }),
            "invalidValue",
            "userName",
        ),
        (
            "a tab in a type",
            json!({ "op": "replace", "path": "emails[type eq \"work\"].type", "value": "a\tb" }),
            "invalidValue",
            "emails.type",
        ),
    ]);
    let too_many: Vec<_> =
        (0..65).map(|number| json!({ "op": "Add", "path": "roles", "value": number.to_string() })).collect();
    refuse("more elements than are kept", &json!(too_many), "invalidValue", "64");
}

#[test]
fn operations_and_members_are_bounded_together() {
    let removals = |count: usize| json!(vec![json!({ "op": "remove", "path": "title" }); count]);
    let members = |count: usize| vec![json!({ "value": "x" }); count];
    patched(&alice(), &removals(MAX_OPERATIONS)).expect("as many as can be");
    let elements = json!([{ "op": "Remove", "path": "roles", "value": members(MAX_OPERATIONS - 1) }, { "op": "remove", "path": "title" }]);
    patched(&alice(), &elements).expect("operations and elements");
    let pathless: Attributes =
        (0..MAX_OPERATIONS + 1).map(|number| (format!("{CUSTOM}:x{number}"), json!(1))).collect();
    for operations in [
        removals(MAX_OPERATIONS + 1),
        json!([{ "op": "Remove", "path": "roles", "value": members(MAX_OPERATIONS) }, { "op": "remove", "path": "title" }]),
        json!([{ "op": "add", "value": pathless }]),
    ] {
        let error = patched(&alice(), &operations).expect_err("too many");
        assert_eq!((error.status(), error.scim_type()), (413, None), "{error}");
        assert!(error.to_string().contains("10000"), "{error}");
    }
}

#[test]
fn selectors_do_not_multiply() {
    // Each of the operations looks at 64 long values: 10,000 of them would compare 10 GB.
    let long: Vec<_> =
        (0..limits::MAX_ELEMENTS).map(|number| json!({ "value": format!("{number}{}", "x".repeat(16_000)) })).collect();
    let current = alice_with(json!({ "photos": long }));
    let operations = vec![json!({ "op": "replace", "path": "photos[value eq \"y\"].display", "value": "" }); 10_000];
    let error = patched(&current, &json!(operations)).expect_err("too much work");
    assert_eq!(error.status(), 413, "{error}");
    // What a large but honest client sends is far below.
    let removals: Vec<_> = (0..MAX_OPERATIONS)
        .map(|number| json!({ "op": "remove", "path": format!("roles[value eq \"{number}\"]") }))
        .collect();
    let roles: Vec<_> = (0..limits::MAX_ELEMENTS).map(|number| json!({ "value": number.to_string() })).collect();
    let (left, _) = patched(&alice_with(json!({ "roles": roles })), &json!(removals)).expect("ten thousand removals");
    assert_eq!(left, alice());
}

#[test]
fn what_was_stored_before_a_bound_does_not_stand_in_the_way() {
    let current = alice_with(json!({ "title": "x".repeat(limits::MAX_TEXT + 1) }));
    let disable = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let (disabled, _) = patched(&current, &disable).expect("a deactivation");
    assert_eq!(disabled["active"], false);
}

#[test]
fn a_member_that_is_no_path_is_told_without_what_it_may_say_of_somebody() {
    for (member, told) in [
        ("emails[value eq 'ada@contoso.example'].primary", "emails"),
        ("emails[value eq \"ada@contoso.example\"", "emails"),
        ("ada@contoso.example ", "…"),
        ("", "…"),
    ] {
        let operations = json!([{ "op": "add", "value": { member: true } }]);
        let (_, ignored) = patched(&alice(), &operations).expect("a PATCH");
        assert_eq!(ignored, [told], "{member}");
    }
}
