//! Required attributes and user types: what is refused, in which words, and whom nothing stops.

use super::*;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn required(path: &str) -> Policy {
    policy(json!({ "requiredAttributes": [path] }))
}

#[test]
fn a_required_attribute_has_a_value_or_the_write_is_refused() {
    let work = |value: Value| json!({ "emails": [{ "type": "work", "value": value }] });
    let by_key = "urn:x:Metadata:Cost.Center";
    let department = format!("{ENTERPRISE}:department");
    let cases = [
        ("there", "displayName", json!({ "displayName": "A" }), true),
        ("in another letter case", "DISPLAYNAME", json!({ "displayName": "A" }), true),
        ("absent", "displayName", json!({}), false),
        ("a part", "name.givenName", json!({ "name": { "givenName": "A" } }), true),
        ("another part", "name.givenName", json!({ "name": { "familyName": "A" } }), false),
        ("the whole of it", "name", json!({ "name": { "familyName": "A" } }), true),
        ("the work address", "emails[type eq \"work\"].value", work(json!("a@x")), true),
        (
            "another address",
            "emails[type eq \"work\"].value",
            json!({ "emails": [{ "type": "home", "value": "a@x" }] }),
            false,
        ),
        (
            "a work element that says nothing",
            "emails[type eq \"work\"].value",
            json!({ "emails": [{ "type": "work", "primary": true }] }),
            false,
        ),
        (
            "two elements that each have half",
            "emails[type eq \"work\"].value",
            json!({ "emails": [{ "type": "work", "primary": true }, { "type": "home", "value": "a@x" }] }),
            false,
        ),
        ("an element", "emails[type eq \"work\"]", work(json!("a@x")), true),
        ("no such element", "emails[type eq \"work\"]", json!({ "emails": [{ "value": "a@x" }] }), false),
        ("any address", "emails", json!({ "emails": [{ "value": "a@x" }] }), true),
        ("of the enterprise extension", &department, json!({ ENTERPRISE: { "department": "D" } }), true),
        ("missing in it", &department, json!({ ENTERPRISE: { "division": "D" } }), false),
        ("of an extension that nobody declared", "urn:x:y:badge", json!({ "urn:x:y": { "badge": 7 } }), true),
        ("missing in that", "urn:x:y:badge", json!({ "urn:x:y": {} }), false),
        ("false is a value", "urn:x:y:badge", json!({ "urn:x:y": { "badge": false } }), true),
    ];
    for (name, path, user, passes) in cases {
        let policy = required(path);
        assert_eq!(policy.problems(), [""; 0], "{name}");
        let refused = refusal(&policy, user);
        assert_eq!(refused.is_none(), passes, "{name}: {refused:?}");
    }
    let declared = policy(json!({ "requiredAttributes": [by_key], "extensions": [{ "schema": "urn:X:metadata" }] }));
    assert_eq!(refusal(&declared, json!({ "urn:x:Metadata": { "Cost.Center": "7" } })), None, "a key with a dot");
    assert!(refusal(&declared, json!({ "urn:x:Metadata": { "Cost": { "Center": "7" } } })).is_some());
}

#[test]
fn the_sentence_names_the_attribute_and_the_row_of_the_mapping() {
    let cases = [
        ("emails[type eq \"work\"].value", "mail"),
        ("emails[ TYPE eq \"work\" ].Value", "mail"),
        ("name.givenName", "givenName"),
        ("name.familyName", "surname"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:displayName", "displayName"),
        ("phoneNumbers[type eq \"mobile\"].value", "mobile"),
        ("addresses[type eq \"work\"].locality", "city"),
        ("externalId", "mailNickname"),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", "employeeId"),
    ];
    for (path, source) in cases {
        let sentence = refusal(&required(path), json!({ "userName": "a" })).expect("a refusal");
        assert!(sentence.contains(&format!("requires {path} (usually mapped from {source})")), "{sentence}");
    }
    let sentence = refusal(&required("urn:x:y:badge"), json!({})).expect("a refusal");
    assert!(sentence.contains("requires urn:x:y:badge (no default mapping has it: add a row for it)"), "{sentence}");
    let generic = DirectorySpec::deserialize(json!({
        "provisioning": { "source": "Generic" }, "users": { "requiredAttributes": ["displayName"] },
    }));
    let sentence = refusal(&Policy::of(&generic.expect("a spec")), json!({})).expect("a refusal");
    assert!(sentence.contains("requires displayName (no default"), "another provider has other names: {sentence}");
}

#[test]
fn one_sentence_names_all_that_is_missing() {
    let paths =
        ["displayName", "title", "nickName", "locale", "timezone", "userType", "name", "emails", "roles", "ims"];
    let policy = policy(json!({ "requiredAttributes": paths }));
    let sentence = refusal(&policy, json!({ "title": "T" })).expect("a refusal");
    assert!(
        sentence.contains("displayName") && sentence.contains("roles") && !sentence.contains("title"),
        "{sentence}"
    );
    assert!(sentence.contains("and 1 more") && !sentence.contains("ims"), "{sentence}");
}

#[test]
fn a_user_type_is_spelled_exactly() {
    let reject = json!({ "allowed": ["Premium", "Standard"] });
    let with_default = json!({ "allowed": ["Premium", "Standard"], "default": "Standard" });
    let use_default = json!({ "allowed": ["Premium", "Standard"], "default": "Standard", "onInvalid": "UseDefault" });
    let cases = [
        ("allowed", &reject, json!("Premium"), true),
        ("in another letter case", &reject, json!("premium"), false),
        ("with a blank", &reject, json!("Premium "), false),
        ("another one", &reject, json!("Basic"), false),
        ("absent, which is no wrong value", &reject, json!(null), true),
        ("absent, with a default", &with_default, json!(null), true),
        ("another one, with a default that is not asked for", &with_default, json!("Basic"), false),
        ("another one that counts as the default", &use_default, json!("Basic"), true),
    ];
    for (name, types, user_type, passes) in cases {
        let policy = policy(json!({ "userTypes": types }));
        let user = if user_type.is_null() { json!({}) } else { json!({ "userType": user_type }) };
        let refused = refusal(&policy, user);
        assert_eq!(refused.is_none(), passes, "{name}: {refused:?}");
    }
    let sentence = refusal(&policy(json!({ "userTypes": reject })), json!({ "userType": "Basic" })).expect("a refusal");
    assert!(sentence.contains("userType \"Basic\" is not allowed"), "{sentence}");
    assert!(sentence.contains("\"Premium\" or \"Standard\", in exactly this spelling"), "{sentence}");
}

#[test]
fn who_is_not_active_is_never_refused() {
    let policy = policy(json!({ "requiredAttributes": ["displayName"], "userTypes": { "allowed": ["A"] } }));
    for (name, user, passes) in [
        ("deactivated", json!({ "userType": "B", "active": false }), true),
        ("active", json!({ "userType": "B", "active": true }), false),
        ("without a word, which is active", json!({ "userType": "A" }), false),
        ("active and in order", json!({ "userType": "A", "displayName": "A", "active": true }), true),
    ] {
        assert_eq!(refusal(&policy, user).is_none(), passes, "{name}");
    }
}
