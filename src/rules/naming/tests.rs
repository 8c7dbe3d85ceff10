use serde_json::json;

use super::*;

#[test]
fn canonical_forms_are_frozen() {
    let cases = [
        ("ascii is lower-cased", "Alice@Contoso.COM", "alice@contoso.com"),
        ("composed and decomposed letters are one", "Jose\u{301}", "jos\u{e9}"),
        ("sharp s stays apart from ss", "Maße", "maße"),
        ("subscripts stay apart from digits", "H₂O", "h₂o"),
        ("the dotted capital I keeps its dot", "İstanbul", "i\u{307}stanbul"),
        ("a final sigma is not special", "ΟΔΟΣ", "οδοσ"),
        ("blanks stay", " a b ", " a b "),
        ("the Kelvin sign is a k after NFC", "\u{212a}elvin", "kelvin"),
    ];
    for (name, input, expected) in cases {
        assert_eq!(canonical(input), expected, "{name}");
        assert_eq!(canonical(&canonical(input)), canonical(input), "{name}: canonical twice");
    }
}

#[test]
fn claim_names_are_frozen() {
    let cases = [
        ("staff", USER_NAME, "alice@contoso.com", CLAIM_ALICE),
        ("staff", LINK, "t/o", CLAIM_LINK),
        ("guests", USER_NAME, "alice@contoso.com", CLAIM_GUEST),
    ];
    for (directory, attribute, value, expected) in cases {
        assert_eq!(claim_name(directory, attribute, value), expected, "{directory} {attribute} {value}");
    }
}

// Computed apart from this code: printf 'v1\0staff\0User.userName\0alice@contoso.com' | sha256sum, in base32hex.
const CLAIM_ALICE: &str = "c-nbgcp58ppfnn2bktdcpklidlaspdbkqd8hbv3ps6";
const CLAIM_LINK: &str = "c-m3oiu3jeu4mrqcd236jgqp8nipan7asc715enk9m";
const CLAIM_GUEST: &str = "c-8rd1j1hkf7ogj9qt3cojqm36bj67cdh6v3gq2psd";

#[test]
fn object_names_are_readable_and_bounded() {
    let cases = [
        ("the local part of an address", "Alice.Able@contoso.com", "alice-able"),
        ("accents go, letters stay", "José.Müller@x", "jose-muller"),
        ("runs of signs are one dash", "a__b..c@x", "a-b-c"),
        ("signs at the ends go", "--a--@x", "a"),
        ("nothing readable", "李雷@x", "user"),
        ("a guest", "bob_partner.com#EXT#@t.onmicrosoft.com", "bob-partner-com-ext"),
        ("path tricks", "../../etc", "etc"),
    ];
    for (name, source, expected) in cases {
        let object = readable_name(source, "user", 0);
        assert_eq!(object, format!("{expected}-bbbbbbbbbbbbbb"), "{name}");
    }
    assert_eq!(readable_name(&"x".repeat(300), "user", u128::MAX).len(), 55);
    assert_eq!(
        readable_name(&format!("{}-y", "x".repeat(39)), "user", 0),
        format!("{}-bbbbbbbbbbbbbb", "x".repeat(39))
    );
    assert_eq!(opaque_name('u', 1), format!("u-c{}", "b".repeat(25)));
}

#[test]
fn a_users_claimed_values_are_its_name_and_its_link() {
    let spec = json!({
        "scim": { "userName": "Alice@Contoso.com", "externalId": "E1" },
        "link": { "tenantID": "AAAA-1", "objectID": "BBBB-2" },
    });
    let values = claimed_values(&spec);
    let pairs: Vec<_> = values.iter().map(|value| (value.attribute.as_str(), value.value.as_str())).collect();
    assert_eq!(pairs, [(USER_NAME, "alice@contoso.com"), (LINK, "aaaa-1/bbbb-2")]);
    assert_eq!(claimed_values(&json!({ "scim": { "userName": "A" } })).len(), 1);
}

#[test]
fn index_keys_hold_what_entra_matches_on() {
    let scim = json!({
        "userName": "Alice", "externalId": "E1", "displayName": "Alice Able",
        "emails": [{ "type": "Work", "value": "A@X" }, { "type": "home", "value": "b@x" }, { "value": "c@x" }],
    });
    let expected = IndexKeys {
        user_name: Some("alice".into()),
        external_id: Some("E1".into()),
        display_name: Some("alice able".into()),
        work_emails: vec!["a@x".into()],
    };
    assert_eq!(index_keys(&scim), expected);
    assert_eq!(index_keys(&json!({})), IndexKeys::default());
}
