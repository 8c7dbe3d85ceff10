//! What stored values amount to, and what the status shows of it.

use super::*;

#[test]
fn the_effective_user_type_is_one_that_is_allowed() {
    let use_default = json!({ "allowed": ["A", "B"], "default": "B", "onInvalid": "UseDefault" });
    let reject = json!({ "allowed": ["A", "B"], "default": "B" });
    let no_default = json!({ "allowed": ["A", "B"] });
    let cases = [
        ("as it was sent", json!(null), json!("x"), Some("x"), 0),
        ("absent", json!(null), json!(null), None, 0),
        ("allowed", use_default.clone(), json!("A"), Some("A"), 0),
        ("absent counts as the default", reject.clone(), json!(null), Some("B"), 0),
        ("another one counts as the default", use_default, json!("x"), Some("B"), 1),
        ("one from before the rule stands", reject, json!("x"), Some("x"), 1),
        ("absent without a default", no_default, json!(null), None, 0),
    ];
    for (name, types, sent, expected, notes) in cases {
        let policy = policy(json!({ "userTypes": types }));
        let effective = policy.effective(&attributes(json!({ "userType": sent })));
        assert_eq!(effective.user_type.as_deref(), expected, "{name}");
        assert_eq!(effective.notes.len(), notes, "{name}: {:?}", effective.notes);
        assert_eq!(policy.effective_user_type(sent.as_str()), expected, "{name}");
    }
}

#[test]
fn the_portal_role_is_the_highest_that_is_known_and_allowed() {
    use PortalRole::{Admin, EnterpriseAdmin, ReadOnly, User};
    let json_text = r#"{"id":"1","value":"Admin","displayName":"Administrators"}"#;
    let none: Value = json!({});
    let all = json!({ "maxFromScim": "EnterpriseAdmin" });
    let low = json!({ "maxFromScim": "User" });
    let cases = [
        ("no roles", &none, json!(null), None, 0),
        ("one role", &none, json!([{ "value": "User" }]), Some(User), 0),
        (
            "the highest of several",
            &none,
            json!([{ "value": "ReadOnly" }, { "value": "Admin" }, { "value": "User" }]),
            Some(Admin),
            0,
        ),
        ("a JSON document in a text", &none, json!([{ "value": json_text }]), Some(Admin), 0),
        ("a document without a value", &none, json!([{ "value": "{\"id\":\"1\"}" }]), None, 0),
        ("what only begins like one", &none, json!([{ "value": "{Admin" }]), None, 1),
        ("in another letter case", &none, json!([{ "value": "admin" }]), None, 1),
        (
            "an unknown one beside a known",
            &none,
            json!([{ "value": "msiam_access" }, { "value": "ReadOnly" }]),
            Some(ReadOnly),
            1,
        ),
        ("a value that is no text", &none, json!([{ "value": 7 }]), None, 0),
        ("the name of no role of ours", &none, json!([{ "value": "Unknown" }]), None, 1),
        ("above the limit that stands without a word", &none, json!([{ "value": "EnterpriseAdmin" }]), Some(Admin), 1),
        ("a limit that lets all pass", &all, json!([{ "value": "EnterpriseAdmin" }]), Some(EnterpriseAdmin), 0),
        ("a lower limit", &low, json!([{ "value": "Admin" }]), Some(User), 1),
        ("at the limit", &low, json!([{ "value": "User" }]), Some(User), 0),
        ("below the limit", &low, json!([{ "value": "ReadOnly" }]), Some(ReadOnly), 0),
        ("a limit of a newer version", &json!({ "maxFromScim": "Owner" }), json!([{ "value": "ReadOnly" }]), None, 1),
        ("entitlements are no roles", &none, json!(null), None, 0),
    ];
    for (name, roles, sent, expected, notes) in cases {
        let user = attributes(json!({ "roles": sent, "entitlements": [{ "value": "Admin" }] }));
        let effective = policy(json!({ "roles": roles })).effective(&user);
        assert_eq!(effective.portal_role, expected, "{name}");
        assert_eq!(effective.notes.len(), notes, "{name}: {:?}", effective.notes);
    }
}

#[test]
fn the_status_shows_what_the_directory_speaks_of() {
    let user = json!({
        "userType": "x", "roles": [{ "value": "Admin" }, { "value": "odd" }],
        "urn:x:y": { "folders": "a, b" },
    });
    let types = json!({ "allowed": ["A"], "default": "A", "onInvalid": "UseDefault" });
    let folders = json!([{ "schema": "urn:x:y", "attributes": [{ "name": "folders", "multiValued": true }] }]);
    let note = |text: &str| json!([text]);
    let cases = [
        ("nothing", json!({}), json!(null)),
        (
            "userTypes",
            json!({ "userTypes": types }),
            json!({ "userType": "A", "notes": note("userType \"x\" is not allowed and counts as \"A\"") }),
        ),
        (
            "roles",
            json!({ "roles": { "maxFromScim": "User" } }),
            json!({ "portalRole": "User", "notes": [
                "role \"odd\" is no portal role and is ignored", "role Admin is more than SCIM may give and counts as User",
            ] }),
        ),
        (
            "extensions",
            json!({ "extensions": folders }),
            json!({ "extensions": { "urn:x:y": { "folders": ["a", "b"] } } }),
        ),
    ];
    for (name, users, expected) in cases {
        let status = policy(users).effective(&attributes(user.clone())).to_status();
        assert_eq!(status.unwrap_or_default(), expected, "{name}");
    }
    let declared = policy(json!({ "roles": {}, "extensions": folders }));
    assert_eq!(declared.effective(&attributes(json!({ "userName": "a" }))).to_status(), None, "a person without any");
}

#[test]
fn notes_are_bounded_in_number_and_length() {
    let roles: Vec<_> = (0..64).map(|number| json!({ "value": format!("{number}{}", "r".repeat(16_000)) })).collect();
    let effective = policy(json!({ "roles": {} })).effective(&attributes(json!({ "roles": roles })));
    assert_eq!(effective.notes.len(), MAX_NOTES);
    let status = effective.to_status().expect("notes");
    assert!(status.to_string().len() < 4_096, "{}", status.to_string().len());
    let twice = json!({ "roles": [{ "value": "x" }, { "value": "x" }] });
    assert_eq!(policy(json!({})).effective(&attributes(twice)).notes.len(), 1);
}

#[test]
fn large_extensions_are_not_repeated_in_the_status() {
    let policy = policy(json!({ "extensions": [{ "schema": "urn:x:y" }] }));
    let of_length = |length: usize| {
        let user = json!({ "urn:x:y": { "a": "b".repeat(length) } });
        policy.effective(&attributes(user)).to_status().expect("a status")
    };
    let frame = json!({ "urn:x:y": { "a": "" } }).to_string().len();
    assert!(of_length(MAX_STATUS_BYTES - frame).get("notes").is_none());
    let status = of_length(MAX_STATUS_BYTES - frame + 1);
    assert!(
        status.get("extensions").is_none() && status["notes"][0].as_str().is_some_and(|text| text.contains("65536"))
    );
}
