//! The table of effects, and every form in which an attribute is named or a value is sent.

use super::*;

#[test]
fn single_values_are_set_whatever_the_operation_is_called() {
    for op in ["add", "Add", "ADD", "replace", "Replace"] {
        check_one(
            "a value that is missing (10)",
            json!({ "op": op, "path": "title", "value": "Lead" }),
            json!({ "title": "Lead" }),
        );
        check_one(
            "a value that is there (10)",
            json!({ "op": op, "path": "displayName", "value": "B" }),
            json!({ "displayName": "B" }),
        );
        check_one("an equal value", json!({ "op": op, "path": "displayName", "value": "Alice Able" }), json!({}));
        check_one("active (4)", json!({ "op": op, "path": "active", "value": "false" }), json!({ "active": false }));
        check_one(
            "externalId (44)",
            json!({ "op": op, "path": "externalId", "value": "e2" }),
            json!({ "externalId": "e2" }),
        );
        check_one(
            "stray members (65)",
            json!({ "name": "x", "Op": op, "PATH": "title", "Value": "L", "id": 1 }),
            json!({ "title": "L" }),
        );
    }
}

#[test]
fn a_path_may_be_spelt_in_every_way() {
    let name = |given: &str| json!({ "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": given } });
    let extension = |department: &str| json!({ ENTERPRISE: { "employeeNumber": "701984", "department": department } });
    let cases = [
        ("with a part", "name.givenName".to_owned(), name("X")),
        ("in capitals", "NAME.GIVENNAME".to_owned(), name("X")),
        ("behind the core URN (52)", format!("{CORE}:name.givenName"), name("X")),
        ("behind the core URN and a dot", format!("{CORE}.displayName"), json!({ "displayName": "X" })),
        ("of the extension (20)", format!("{ENTERPRISE}:department"), extension("X")),
        ("its URN in capitals", format!("{}:Department", ENTERPRISE.to_uppercase()), extension("X")),
        ("a dot behind the URN (67)", format!("{ENTERPRISE}.department"), extension("X")),
        ("of the extension without its URN", "department".to_owned(), extension("X")),
        (
            "with a selector",
            "EMAILS[TYPE Eq \"work\"].VALUE".to_owned(),
            json!({ "emails": [{ "primary": true, "type": "work", "value": "X" }] }),
        ),
        (
            "with a selector behind the core URN",
            format!("{CORE}:emails[type eq \"work\"].value"),
            json!({ "emails": [{ "primary": true, "type": "work", "value": "X" }] }),
        ),
        (
            "brackets and dots in a selector",
            "ims[type eq \"a].b\\\"[c\"].value".to_owned(),
            json!({ "ims": [{ "type": "a].b\"[c", "value": "X" }] }),
        ),
        ("of an unknown schema", format!("{CUSTOM}:folders"), json!({ CUSTOM: { "folders": "X" } })),
        ("a part of an unknown schema", format!("{CUSTOM}:a.b"), json!({ CUSTOM: { "a": { "b": "X" } } })),
        (
            "a selector in an unknown schema",
            format!("{CUSTOM}:a[type eq \"w\"].b"),
            json!({ CUSTOM: { "a": [{ "type": "w", "b": "X" }] } }),
        ),
        (
            "a part that the schema does not have",
            "emails[type eq \"work\"].display".to_owned(),
            json!({ "emails": [{ "primary": true, "type": "work", "value": "alice@contoso.com", "display": "X" }] }),
        ),
    ];
    for (name, path, changes) in cases {
        for op in ["Add", "replace"] {
            check_one(name, json!({ "op": op, "path": path, "value": "X" }), changes.clone());
            // The same path as the name of a member (6, 7).
            check_one(name, json!({ "op": op, "value": { path.as_str(): "X" } }), changes.clone());
        }
    }
}

#[test]
fn whole_objects_are_merged() {
    let both = json!({ ENTERPRISE: { "employeeNumber": "701984", "department": "D", "manager": { "value": "m" } } });
    let extension = json!({ "Department": "D", "manager": "m" });
    let name = json!({ "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "X" } });
    let custom = json!({ CUSTOM: { "folders": "a" } });
    for op in ["add", "Replace"] {
        check_one(
            "a complex attribute",
            json!({ "op": op, "path": "name", "value": { "GivenName": "X" } }),
            name.clone(),
        );
        check_one("without a path", json!({ "op": op, "value": { "name": { "givenName": "X" } } }), name.clone());
        check_one("an extension", json!({ "op": op, "path": ENTERPRISE, "value": extension }), both.clone());
        check_one("an extension without a path", json!({ "op": op, "value": { ENTERPRISE: extension } }), both.clone());
        check_one(
            "an unknown extension",
            json!({ "op": op, "value": { CUSTOM: { "folders": "a", "x": "" } } }),
            custom.clone(),
        );
        check_one(
            "the core URN as a member",
            json!({ "op": op, "value": { CORE: { "displayName": "X" } } }),
            json!({ "displayName": "X" }),
        );
        check_one(
            "the core URN as a path",
            json!({ "op": op, "path": CORE, "value": { "displayName": "X" } }),
            json!({ "displayName": "X" }),
        );
        check_one(
            "a part that is empty",
            json!({ "op": op, "path": "name", "value": { "givenName": "", "familyName": null } }),
            json!({ "name": { "formatted": "Alice Able" } }),
        );
        check_one(
            "an element",
            json!({ "op": op, "path": "emails[type eq \"work\"]", "value": { "value": "X" } }),
            json!({
                "emails": [{ "primary": true, "type": "work", "value": "X" }],
            }),
        );
        check_one(
            "a new element",
            json!({ "op": op, "path": "ims[type eq \"aim\"]", "value": [{ "value": "X" }] }),
            json!({
                "ims": [{ "type": "aim", "value": "X" }],
            }),
        );
    }
    let read_only = json!({ "id": "x", "meta": { "version": 1 }, "schemas": [], "groups": [], "title": "L" });
    check_one(
        "what only the server sets is passed over",
        json!({ "op": "replace", "value": read_only }),
        json!({ "title": "L" }),
    );
    check_one("the schemas", json!({ "op": "replace", "path": "schemas", "value": [CUSTOM] }), json!({}));
}

#[test]
fn nothing_unassigns() {
    let unassign = |path: &str| {
        let mut operations: Vec<_> = ["replace", "Add"]
            .iter()
            .flat_map(|op| ["", "null"].map(|value| json!({ "op": op, "path": path, "value": if value.is_empty() { json!("") } else { Value::Null } })))
            .collect();
        operations.push(json!({ "op": "Remove", "path": path }));
        operations.push(json!({ "op": "remove", "path": path, "value": null }));
        operations
    };
    let cases = [
        ("displayName", json!({ "displayName": null })),
        ("title", json!({})),
        ("name", json!({ "name": null })),
        ("name.givenName", json!({ "name": { "formatted": "Alice Able", "familyName": "Able" } })),
        ("emails[type eq \"work\"].value", json!({ "emails": null })),
        ("emails[type eq \"work\"]", json!({ "emails": null })),
        ("emails[type eq \"home\"].value", json!({})),
        ("emails[type eq \"home\"]", json!({})),
        ("emails[value co \"nobody\"].value", json!({})),
        ("emails.value", json!({ "emails": null })),
        ("emails[type eq \"work\"].primary", json!({ "emails": [{ "type": "work", "value": "alice@contoso.com" }] })),
        ("roles[primary eq \"True\"].value", json!({})),
        (&format!("{ENTERPRISE}:department"), json!({ ENTERPRISE: { "employeeNumber": "701984" } })),
        (&format!("{ENTERPRISE}:manager"), json!({})),
        (ENTERPRISE, json!({ ENTERPRISE: null })),
        (&format!("{CUSTOM}:folders"), json!({})),
        ("active", json!({})),
    ];
    for (path, changes) in cases {
        for operation in unassign(path) {
            check_one(&operation.to_string(), operation, changes.clone());
        }
    }
    for op in ["Add", "replace"] {
        check_one("active without a path", json!({ "op": op, "value": { "active": "" } }), json!({}));
    }
}

#[test]
fn lists_are_added_to_replaced_and_taken_from() {
    let two = json!({ "userName": "a", "roles": [{ "value": "A", "type": "t" }, { "value": "B" }] });
    let roles = |roles: Value| json!({ "userName": "a", "roles": roles });
    let both = json!([{ "value": "A", "type": "t" }, { "value": "B" }]);
    let with_c = json!([{ "value": "A", "type": "t" }, { "value": "B" }, { "value": "C" }]);
    let cases = [
        ("add one", json!({ "op": "Add", "path": "roles", "value": [{ "value": "C" }] }), roles(with_c.clone())),
        ("add an object", json!({ "op": "Add", "path": "roles", "value": { "value": "C" } }), roles(with_c.clone())),
        ("add a text", json!({ "op": "Add", "path": "roles", "value": "C" }), roles(with_c.clone())),
        ("add without a path", json!({ "op": "add", "value": { "roles": [{ "value": "C" }] } }), roles(with_c.clone())),
        (
            "add one that is there",
            json!({ "op": "Add", "path": "roles", "value": [{ "value": "B" }, { "type": "t", "value": "A" }] }),
            roles(both.clone()),
        ),
        (
            "add one that is there by its value",
            json!({ "op": "Add", "path": "roles", "value": [{ "value": "A" }] }),
            roles(both.clone()),
        ),
        (
            "add one twice",
            json!({ "op": "Add", "path": "roles", "value": [{ "value": "C" }, { "value": "C" }] }),
            roles(with_c),
        ),
        ("add nothing", json!({ "op": "Add", "path": "roles", "value": [] }), roles(both.clone())),
        ("add null", json!({ "op": "Add", "path": "roles", "value": null }), roles(both.clone())),
        (
            "replace all",
            json!({ "op": "replace", "path": "roles", "value": [{ "value": "C" }] }),
            roles(json!([{ "value": "C" }])),
        ),
        (
            "replace all by nothing",
            json!({ "op": "replace", "path": "roles", "value": [] }),
            json!({ "userName": "a" }),
        ),
        (
            "remove by value (11)",
            json!({ "op": "Remove", "path": "roles", "value": [{ "$ref": null, "value": "A" }] }),
            roles(json!([{ "value": "B" }])),
        ),
        (
            "remove by a single object (12)",
            json!({ "op": "Remove", "path": "roles", "value": { "value": "A" } }),
            roles(json!([{ "value": "B" }])),
        ),
        (
            "remove by a text",
            json!({ "op": "Remove", "path": "roles", "value": "b" }),
            roles(json!([{ "value": "A", "type": "t" }])),
        ),
        (
            "remove by value and type",
            json!({ "op": "Remove", "path": "roles", "value": [{ "value": "A", "type": "other" }, { "value": "B" }] }),
            roles(json!([{ "value": "A", "type": "t" }])),
        ),
        (
            "remove by the same value and type",
            json!({ "op": "Remove", "path": "roles", "value": [{ "value": "A", "type": "T" }] }),
            roles(json!([{ "value": "B" }])),
        ),
        (
            "remove by type alone",
            json!({ "op": "Remove", "path": "roles", "value": [{ "type": "t" }] }),
            roles(json!([{ "value": "B" }])),
        ),
        (
            "remove what is absent (14)",
            json!({ "op": "Remove", "path": "roles", "value": [{ "value": "C" }] }),
            roles(both.clone()),
        ),
        ("remove an empty list", json!({ "op": "Remove", "path": "roles", "value": [] }), roles(both)),
        ("remove all", json!({ "op": "Remove", "path": "roles" }), json!({ "userName": "a" })),
        (
            "remove all, value null",
            json!({ "op": "Remove", "path": "roles", "value": null }),
            json!({ "userName": "a" }),
        ),
        (
            "remove by a selector",
            json!({ "op": "remove", "path": "roles[value eq \"a\"]" }),
            roles(json!([{ "value": "B" }])),
        ),
        (
            "remove by another selector",
            json!({ "op": "remove", "path": "roles[value eq \"B\" or type eq \"t\"]" }),
            json!({ "userName": "a" }),
        ),
    ];
    for (name, operation, expected) in cases {
        check(name, &two, &json!([operation]), &expected);
    }
}

#[test]
fn a_selector_makes_the_element_that_it_asks_for() {
    let user = json!({ "userName": "a" });
    for op in ["Add", "replace"] {
        check(
            "six parts of an address are one address (8)",
            &user,
            &json!([
                { "op": op, "path": "addresses[type eq \"work\"].formatted", "value": "F" },
                { "op": op, "path": "addresses[type eq \"Work\"].locality", "value": "L" },
                { "op": op, "path": "addresses[type eq \"work\" and primary eq \"true\"].country", "value": "" },
                { "op": op, "path": "addresses[type eq \"work\"].region", "value": null },
            ]),
            &json!({ "userName": "a", "addresses": [{ "type": "work", "formatted": "F", "locality": "L" }] }),
        );
        check(
            "a conjunction",
            &user,
            &json!([{ "op": op, "path": "emails[type eq \"work\" and primary eq true].value", "value": "x" }]),
            &json!({ "userName": "a", "emails": [{ "type": "work", "primary": true, "value": "x" }] }),
        );
        check(
            "the primary role (21)",
            &user,
            &json!([
                { "op": op, "path": "roles[primary eq \"True\"].value", "value": "Admin" },
                { "op": op, "path": "roles[primary eq true].display", "value": "The admin" },
                { "op": op, "path": "roles[primary eq \"true\"].type", "value": "T" },
            ]),
            &json!({ "userName": "a", "roles": [{ "primary": true, "value": "Admin", "display": "The admin", "type": "T" }] }),
        );
        check(
            "an existing value is overwritten (9)",
            &json!({ "userName": "a", "emails": [{ "type": "home", "value": "h" }, { "type": "WORK", "value": "w" }] }),
            &json!([{ "op": op, "path": "emails[type eq \"work\"].value", "value": "x" }]),
            &json!({ "userName": "a", "emails": [{ "type": "home", "value": "h" }, { "type": "WORK", "value": "x" }] }),
        );
        check(
            "in every element that is selected",
            &json!({ "userName": "a", "emails": [{ "type": "work", "value": "1" }, { "type": "work", "value": "2" }] }),
            &json!([{ "op": op, "path": "emails[type eq \"work\"].display", "value": "D" }]),
            &json!({ "userName": "a", "emails": [{ "type": "work", "value": "1", "display": "D" }, { "type": "work", "value": "2", "display": "D" }] }),
        );
    }
}

#[test]
fn an_element_goes_when_nothing_is_left_of_it() {
    let bare = json!({ "userName": "a", "emails": [{ "type": "work", "primary": true }] });
    let whole = json!({ "userName": "a", "emails": [{ "type": "work", "value": "x" }] });
    let none = json!({ "userName": "a" });
    for op in ["Add", "replace"] {
        let part = json!([{ "op": op, "path": "emails[type eq \"work\"].value", "value": "" }]);
        let element = json!([{ "op": op, "path": "emails[type eq \"work\"]", "value": { "value": "" } }]);
        check("a part that it has", &whole, &part, &none);
        check("a part that it has, in an object", &whole, &element, &none);
        check("a part that it never had", &bare, &part, &bare);
        check("no element, and nothing for a new one", &none, &element, &none);
    }
}

#[test]
fn long_lists_are_added_as_short_ones_are() {
    let current = json!({ "userName": "a", "roles": [{ "value": "0", "type": "t" }] });
    // Each of the ten twice, the second time by its value alone.
    let role = |number: u32| json!({ "value": number.to_string(), "type": "t" });
    let given: Vec<_> = (0..10).flat_map(|number| [role(number), json!({ "value": number.to_string() })]).collect();
    let numbers: Vec<_> = (1..10).map(role).collect();
    let mut expected = current.clone();
    expected["roles"].as_array_mut().expect("a list").extend(numbers);
    check("at once", &current, &json!([{ "op": "Add", "path": "roles", "value": given }]), &expected);
    let one_by_one: Vec<_> =
        given.iter().map(|role| json!({ "op": "Add", "path": "roles", "value": [role] })).collect();
    check("one by one", &current, &json!(one_by_one), &expected);
}

#[test]
fn one_element_at_most_is_primary() {
    let mails = |first: Value, second: Value| {
        json!({ "userName": "a", "emails": [
            { "type": "home", "value": "h", "primary": first }, { "type": "work", "value": "w", "primary": second },
        ] })
    };
    let current = mails(json!(true), json!(false));
    let moved = mails(json!(false), json!(true));
    for operation in [
        json!({ "op": "Replace", "path": "emails[type eq \"work\"].primary", "value": "True" }),
        json!({ "op": "add", "path": "emails[type eq \"work\"]", "value": { "primary": true } }),
    ] {
        check("the one just written", &current, &json!([operation]), &moved);
    }
    check(
        "one that is added",
        &json!({ "userName": "a", "emails": [{ "value": "h", "primary": true }] }),
        &json!([{ "op": "add", "path": "emails", "value": [{ "value": "w", "primary": true }] }]),
        &json!({ "userName": "a", "emails": [{ "value": "h", "primary": false }, { "value": "w", "primary": true }] }),
    );
}

#[test]
fn a_manager_is_set_and_cleared_in_every_form() {
    let path = format!("{ENTERPRISE}:manager");
    let (first, second) = (
        json!({ "userName": "a" }),
        json!({
            "userName": "a", ENTERPRISE: { "manager": { "value": "old", "$ref": "https://x/old", "displayName": "Old" } },
        }),
    );
    let set = json!({ "userName": "a", ENTERPRISE: { "manager": { "value": "no-such-id" } } });
    for operation in [
        json!({ "op": "Add", "path": path, "value": "no-such-id" }),
        json!({ "op": "Replace", "path": path, "value": { "value": "no-such-id" } }),
        json!({ "op": "Add", "path": "manager", "value": [{ "$ref": null, "value": "no-such-id" }] }),
        json!({ "op": "add", "path": format!("{path}.value"), "value": "no-such-id" }),
        json!({ "op": "add", "path": format!("{ENTERPRISE}.manager"), "value": "no-such-id" }),
        json!({ "op": "add", "value": { path.as_str(): "no-such-id" } }),
        json!({ "op": "replace", "value": { ENTERPRISE: { "Manager": { "Value": "no-such-id" } } } }),
    ] {
        check(&operation.to_string(), &first, &json!([operation]), &set);
        check(&operation.to_string(), &second, &json!([operation]), &set);
    }
    for operation in [
        json!({ "op": "replace", "path": path, "value": "" }),
        json!({ "op": "replace", "path": path, "value": { "value": "" } }),
        json!({ "op": "replace", "path": path, "value": { "value": null } }),
        json!({ "op": "replace", "path": path, "value": [] }),
        json!({ "op": "Replace", "path": path, "value": null }),
        json!({ "op": "Remove", "path": path }),
        json!({ "op": "Remove", "path": path, "value": "old" }),
        json!({ "op": "remove", "path": format!("{path}.value") }),
        json!({ "op": "replace", "value": { path.as_str(): "" } }),
    ] {
        check(&operation.to_string(), &first, &json!([operation]), &first);
        check(&operation.to_string(), &second, &json!([operation]), &first);
    }
    let reference = json!({ "value": "m", "$ref": "https://x/m" });
    check(
        "a reference comes with its manager",
        &second,
        &json!([{ "op": "Add", "path": "manager", "value": [reference] }]),
        &json!({ "userName": "a", ENTERPRISE: { "manager": reference } }),
    );
}

#[test]
fn roles_of_every_mapping_are_kept_verbatim() {
    let (a, b) =
        (json!({ "primary": false, "type": "T", "display": "A", "value": "a" }), json!({ "value": "b", "type": "T" }));
    let document = json!({ "value": "{\"id\":\"1\",\"value\":\"\",\"displayName\":null}" });
    let current = json!({ "userName": "a", "roles": [a] });
    let roles = |roles: Value| json!({ "userName": "a", "roles": roles });
    check(
        "AppRoleAssignmentsComplex",
        &current,
        &json!([{ "op": "Add", "path": "roles", "value": [a, b] }]),
        &roles(json!([a, b])),
    );
    check(
        "AssertiveAppRoleAssignmentsComplex",
        &current,
        &json!([{ "op": "replace", "path": "roles", "value": [b] }]),
        &roles(json!([b])),
    );
    check(
        "a JSON document (22)",
        &current,
        &json!([{ "op": "Add", "path": "roles", "value": [document] }]),
        &roles(json!([a, document])),
    );
}

#[test]
fn custom_attributes_are_kept_though_nobody_declared_them() {
    let folders = format!("{CUSTOM}:folders");
    let user = |custom: Value| json!({ "userName": "a", CUSTOM: custom });
    let ones = json!([{ "value": "1" }, { "value": "2" }]);
    let add = json!([{ "op": "Add", "path": folders, "value": ones }]);
    check("a list", &json!({ "userName": "a" }), &add, &user(json!({ "folders": ones })));
    check("is appended to", &user(json!({ "Folders": [{ "value": "1" }] })), &add, &user(json!({ "Folders": ones })));
    check(
        "texts are elements",
        &user(json!({ "folders": ["1"] })),
        &json!([{ "op": "Add", "path": folders, "value": ["1", "2"] }]),
        &user(json!({ "folders": ["1", "2"] })),
    );
    check(
        "a text is added",
        &user(json!({ "folders": ["1"] })),
        &json!([{ "op": "Add", "path": folders, "value": "2" }]),
        &user(json!({ "folders": ["1", "2"] })),
    );
    check(
        "a text is removed",
        &user(json!({ "folders": ["1", "2"] })),
        &json!([{ "op": "Remove", "path": folders, "value": ["1"] }]),
        &user(json!({ "folders": ["2"] })),
    );
    check(
        "by a selector",
        &user(json!({ "folders": ["1", "2"] })),
        &json!([{ "op": "Remove", "path": format!("{folders}[value eq \"1\"]") }]),
        &user(json!({ "folders": ["2"] })),
    );
    check(
        "a single value",
        &user(json!({ "folders": "1" })),
        &json!([{ "op": "Add", "path": folders.to_uppercase(), "value": "2" }]),
        &user(json!({ "folders": "2" })),
    );
    check(
        "the last one goes",
        &user(json!({ "folders": "1" })),
        &json!([{ "op": "replace", "path": folders, "value": "" }]),
        &json!({ "userName": "a" }),
    );
    let stored = json!({ "userName": "a", "urn:x:Meta:KEY": { "a": 1, "b": ["x"] } });
    check(
        "a stored extension by its URN",
        &stored,
        &json!([{ "op": "add", "path": "urn:x:meta:key", "value": { "a": null, "b": ["y"] } }]),
        &json!({ "userName": "a", "urn:x:Meta:KEY": { "b": ["x", "y"] } }),
    );
    check(
        "a stored extension removed",
        &stored,
        &json!([{ "op": "remove", "path": "urn:x:Meta:KEY" }]),
        &json!({ "userName": "a" }),
    );
    let contoso = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User";
    check(
        "an extension that is not there yet",
        &json!({ "userName": "a" }),
        &json!([{ "op": "add", "path": contoso, "value": { "x": 1 } }]),
        &json!({ "userName": "a", contoso: { "x": 1 } }),
    );
    check(
        "and is removed",
        &json!({ "userName": "a", contoso: { "x": 1 } }),
        &json!([{ "op": "remove", "path": contoso }]),
        &json!({ "userName": "a" }),
    );
}

#[test]
fn unknown_attributes_are_ignored_and_the_rest_is_done() {
    let badge = format!("{ENTERPRISE}:badge");
    let operations = json!([
        { "op": "Add", "path": "shoeSize", "value": 43 },
        { "op": "Remove", "path": "shoeSize.left" },
        { "op": "Add", "path": "shoes[type eq \"left\"].size", "value": 43 },
        { "op": "Add", "path": badge, "value": "1" },
        { "op": "Add", "value": { "displayName.x": "1", "userName[type eq \"x\"]": "1" } },
        { "op": "replace", "value": { "shoeSize": 1, "a b": 1, "emails[": 1, ENTERPRISE: { "badge": 2 }, "active": "False" } },
    ]);
    let (patched, ignored) = patched(&alice(), &operations).expect("a PATCH");
    assert_eq!(patched, alice_with(json!({ "active": false })));
    assert_eq!(
        ignored,
        ["shoeSize", "shoeSize.left", "shoes.size", &badge, "displayName.x", "userName", "…", "emails"]
    );
}

/// As filters of GET have it: a selector on a single value asks whether that is the value.
#[test]
fn a_selector_on_a_single_value_holds_for_it_or_for_nothing() {
    let manager =
        |value: &str| json!({ ENTERPRISE: { "department": "D", "manager": { "value": value, "$ref": "x" } } });
    let with_manager = alice_with(manager("m1"));
    let without_manager = alice_with(json!({ ENTERPRISE: { "department": "D" } }));
    let long = format!("{ENTERPRISE}:manager[value eq \"m1\"]");
    let other = "manager[value eq \"m2\"]";
    let remove = |path: &str| json!([{ "op": "Remove", "path": path }]);
    let set = |path: &str, value: Value| json!([{ "op": "replace", "path": path, "value": value }]);
    for (name, operations, expected) in [
        ("removed", remove("manager[value eq \"m1\"]"), &without_manager),
        ("removed by its URN", remove(&long), &without_manager),
        ("its id removed", remove(&format!("{long}.value")), &without_manager),
        ("another one removed", remove(other), &with_manager),
        ("the id of another one removed", remove(&format!("{other}.value")), &with_manager),
        ("another one emptied", set(&format!("{other}.value"), json!("")), &with_manager),
        ("by more than one part", remove("manager[value eq \"m1\" and $ref eq \"x\"]"), &without_manager),
        ("set as it is", set(&long, json!("m1")), &with_manager),
    ] {
        check(name, &with_manager, &operations, expected);
    }
    check("nobody to remove", &without_manager, &remove(&long), &without_manager);

    let named =
        |family: Value| alice_with(json!({ "name": { "formatted": "F", "familyName": family, "givenName": "G" } }));
    let g = "name[givenName eq \"g\"]";
    let mut unnamed = named(json!("Able"));
    unnamed["name"].as_object_mut().expect("an object").remove("familyName");
    check("a part removed", &named(json!("Able")), &remove(&format!("{g}.familyName")), &unnamed);
    check("a part set", &named(json!("Able")), &set(&format!("{g}.familyName"), json!("Abel")), &named(json!("Abel")));
    check("merged", &named(json!("Able")), &set(g, json!({ "familyName": "Abel" })), &named(json!("Abel")));
    check("the whole removed", &named(json!("Able")), &remove(g), &alice_with(json!({ "name": null })));
    let without_path = json!([{ "op": "replace", "value": { (format!("{g}.familyName")): "Abel" } }]);
    check("without a path", &named(json!("Able")), &without_path, &named(json!("Abel")));

    for (name, current, operations) in [
        ("another manager", &with_manager, set(&format!("{other}.value"), json!("m3"))),
        ("no manager", &without_manager, set(&long, json!("m1"))),
        ("another name", &alice(), json!([{ "op": "add", "path": format!("{g}.familyName"), "value": "x" }])),
        ("without a path", &alice(), json!([{ "op": "add", "value": { (format!("{g}.familyName")): "x" } }])),
    ] {
        let error = patched(current, &operations).expect_err(name);
        assert_eq!(error.scim_type(), Some("noTarget"), "{name}: {error}");
    }
    let custom = |value: Value| alice_with(json!({ CUSTOM: value }));
    let stored = custom(json!({ "a": { "type": "w", "b": "1" }, "c": 1 }));
    check("undeclared", &stored, &remove(&format!("{CUSTOM}:a[type eq \"w\"]")), &custom(json!({ "c": 1 })));
    check("another undeclared", &stored, &remove(&format!("{CUSTOM}:a[type eq \"x\"]")), &stored);
}
