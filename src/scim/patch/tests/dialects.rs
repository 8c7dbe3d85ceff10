//! What Entra and Microsoft's tools send, whole.

use super::*;

#[test]
fn without_the_flag_every_attribute_has_its_operation() {
    let department = format!("{ENTERPRISE}:department");
    check(
        "4.3, first sample",
        &alice(),
        &json!([
            { "op": "Replace", "path": "displayName", "value": "Alice A." },
            { "op": "Add", "path": "title", "value": "Lead" },
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a.able@contoso.com" },
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 425 555 0101" },
            { "op": "Replace", "path": "addresses[type eq \"work\"].formatted", "value": "18/2111" },
            { "op": "Replace", "path": "name.familyName", "value": "Abel" },
            { "op": "Replace", "path": department, "value": "Sales" },
            { "op": "Replace", "path": "active", "value": "False" },
        ]),
        &alice_with(json!({
            "displayName": "Alice A.", "title": "Lead", "active": false,
            "emails": [{ "primary": true, "type": "work", "value": "a.able@contoso.com" }],
            "phoneNumbers": [{ "type": "mobile", "value": "+1 425 555 0101" }],
            "addresses": [{ "type": "work", "formatted": "18/2111" }],
            "name": { "formatted": "Alice Able", "familyName": "Abel", "givenName": "Alice" },
            ENTERPRISE: { "employeeNumber": "701984", "department": "Sales" },
        })),
    );
}

#[test]
fn with_the_flag_single_values_share_an_operation_without_a_path() {
    check(
        "4.3, second sample",
        &alice(),
        &json!([
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a.able@contoso.com" },
            { "op": "add", "value": { "title": "Lead", (format!("{ENTERPRISE}:employeeNumber")): "1" } },
            { "op": "replace", "value": {
                "displayName": "Alice A.", "name.givenName": "Al", "name.familyName": "Abel", "active": false,
            } },
        ]),
        &alice_with(json!({
            "displayName": "Alice A.", "title": "Lead", "active": false,
            "emails": [{ "primary": true, "type": "work", "value": "a.able@contoso.com" }],
            "name": { "formatted": "Alice Able", "familyName": "Abel", "givenName": "Al" },
            ENTERPRISE: { "employeeNumber": "1", "department": "Bicycles" },
        })),
    );
}

/// Every path that the Validator's default attributes have, with the value that it is given.
fn validator_paths() -> Vec<(String, Value)> {
    let mut paths: Vec<(String, Value)> = vec![
        ("emails[type eq \"work\"].value".to_owned(), json!("v@x")),
        ("emails[type eq \"work\"].primary".to_owned(), json!(true)),
    ];
    for kind in ["work", "mobile", "fax"] {
        paths.push((format!("phoneNumbers[type eq \"{kind}\"].value"), json!(format!("+{kind}"))));
        paths.push((format!("phoneNumbers[type eq \"{kind}\"].primary"), json!(kind == "work")));
    }
    for part in ["formatted", "streetAddress", "locality", "region", "postalCode", "country"] {
        paths.push((format!("addresses[type eq \"work\"].{part}"), json!(part)));
    }
    paths.push(("addresses[type eq \"work\"].primary".to_owned(), json!(true)));
    for part in ["display", "value", "type"] {
        paths.push((format!("roles[primary eq \"True\"].{part}"), json!(part)));
    }
    let names = ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"];
    let texts =
        ["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "profileUrl"];
    let extension = ["employeeNumber", "costCenter", "organization", "division", "department"];
    let names = names.map(|part| format!("name.{part}"));
    let extension = extension.map(|attribute| format!("{ENTERPRISE}:{attribute}"));
    let plain = names.into_iter().chain(texts.map(str::to_owned)).chain(extension);
    paths.extend(plain.map(|path| (path.clone(), json!(path))));
    paths
}

#[test]
fn the_validators_attributes_are_added_and_replaced() {
    let phone = |kind: &str| json!({ "type": kind, "value": format!("+{kind}"), "primary": kind == "work" });
    let plain = |prefix: &str, names: &[&str]| {
        Value::Object(names.iter().map(|name| ((*name).to_owned(), json!(format!("{prefix}{name}")))).collect())
    };
    let address = ["formatted", "streetAddress", "locality", "region", "postalCode", "country"];
    let mut address = object(plain("", &address));
    address.extend(object(json!({ "type": "work", "primary": true })));
    let names = ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"];
    let texts =
        ["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone", "profileUrl"];
    let extension = ["employeeNumber", "costCenter", "organization", "division", "department"];
    let mut expected = object(plain("", &texts));
    expected.extend(object(json!({
        "userName": "v",
        "emails": [{ "type": "work", "value": "v@x", "primary": true }],
        "phoneNumbers": [phone("work"), phone("mobile"), phone("fax")],
        "addresses": [address],
        "roles": [{ "primary": true, "display": "display", "value": "value", "type": "type" }],
        "name": plain("name.", &names),
        ENTERPRISE: plain(&format!("{ENTERPRISE}:"), &extension),
    })));
    let expected = Value::Object(expected);
    for op in ["add", "Add", "replace", "Replace"] {
        let verbose: Vec<_> = validator_paths()
            .into_iter()
            .map(|(path, value)| json!({ "op": op, "path": path, "value": value }))
            .collect();
        assert_eq!(verbose.len(), 37);
        check("verbose", &json!({ "userName": "v" }), &json!(verbose), &expected);
        let (listed, plain): (Vec<_>, Vec<_>) = validator_paths().into_iter().partition(|(path, _)| path.contains('['));
        let mut operations: Vec<_> =
            listed.into_iter().map(|(path, value)| json!({ "op": op, "path": path, "value": value })).collect();
        operations.push(json!({ "op": op, "value": Value::Object(plain.into_iter().collect()) }));
        check("not verbose", &json!({ "userName": "v" }), &json!(operations), &expected);
        let members = Value::Object(validator_paths().into_iter().collect());
        let (once, _) =
            patched(&json!({ "userName": "v" }), &json!([{ "op": op, "value": members }])).expect("paths as names");
        assert_eq!(once["addresses"], expected["addresses"], "even filtered paths may be names of members");
        assert_eq!(once["roles"], expected["roles"]);
    }
}

#[test]
fn null_updates_unassign_twice() {
    // The Logic App's SCIM_Null_Update: first "" for every attribute, then null.
    let paths = validator_paths();
    let add: Vec<_> = paths.iter().map(|(path, value)| json!({ "op": "add", "path": path, "value": value })).collect();
    let (full, _) = patched(&json!({ "userName": "v" }), &json!(add)).expect("every attribute");
    let emptied = |value: Value| {
        let operation = |(path, _): &(String, Value)| json!({ "op": "replace", "path": path, "value": value.clone() });
        json!(paths.iter().map(operation).collect::<Vec<_>>())
    };
    for value in [json!(""), Value::Null] {
        check("every attribute at once", &full, &emptied(value), &json!({ "userName": "v" }));
    }
    let without_path: Attributes =
        paths.iter().filter(|(path, _)| !path.contains('[')).map(|(path, _)| (path.clone(), json!(""))).collect();
    let (left, _) = patched(&full, &json!([{ "op": "replace", "value": without_path }])).expect("without a path");
    let mut left: Vec<_> = object(left).keys().cloned().collect();
    left.sort();
    assert_eq!(left, ["addresses", "emails", "phoneNumbers", "roles", "userName"]);
    // One attribute after the other, as the test does it.
    let mut current = full;
    for (path, _) in &paths {
        for value in [json!(""), Value::Null] {
            let operations = json!([{ "op": "replace", "path": path, "value": value }]);
            (current, _) = patched(&current, &operations).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
    assert_eq!(current, json!({ "userName": "v" }));
}

#[test]
fn the_validators_previews_end_as_they_say() {
    let current = alice_with(json!({ "preferredLanguage": "en" }));
    check(
        "multiple operations, different attributes",
        &current,
        &json!([
            { "op": "remove", "path": "preferredLanguage" },
            { "op": "add", "value": { "externalId": "e2" } },
            { "op": "replace", "value": { "displayName": "B" } },
        ]),
        &alice_with(json!({ "externalId": "e2", "displayName": "B" })),
    );
    check(
        "multiple operations, the same attribute: the last one wins",
        &current,
        &json!([
            { "op": "remove", "path": "externalId" },
            { "op": "add", "value": { "externalId": "e2" } },
            { "op": "replace", "value": { "externalId": "e3" } },
        ]),
        &alice_with(json!({ "preferredLanguage": "en", "externalId": "e3" })),
    );
}

#[test]
fn a_soft_deleted_user_is_renamed_and_disabled_at_once() {
    let soft_deleted = alice_with(json!({ "active": false, "userName": "0f3cb5a2alice@contoso.com" }));
    check(
        "soft deletion (41)",
        &alice(),
        &json!([
            { "op": "Replace", "path": "active", "value": "False" },
            { "op": "Replace", "path": "userName", "value": "0f3cb5a2alice@contoso.com" },
        ]),
        &soft_deleted,
    );
    check(
        "and restored",
        &soft_deleted,
        &json!([{ "op": "replace", "value": { "active": "True", "userName": "alice@contoso.com" } }]),
        &alice(),
    );
}
