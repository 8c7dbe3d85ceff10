//! The vectors that freeze names, canonical forms and claim names.

mod claimed;
mod unique;

use serde_json::json;

use super::*;
use crate::rules::resource::Resource;

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
        ("letters beyond the first 65,536 are lower-cased too", "\u{10400}@x", "\u{10428}@x"),
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
        ("staff", "User.externalId", "0A21F0f2", CLAIM_EXTERNAL_ID),
        ("staff", "Group.displayName", "all staff", CLAIM_GROUP),
        ("staff", "User.emails[type eq \"work\"].value", "alice@contoso.com", CLAIM_PATH),
    ];
    for (directory, attribute, value, expected) in cases {
        assert_eq!(claim_name(directory, attribute, value), expected, "{directory} {attribute} {value}");
    }
    // From the name as it is sent: the canonical form is part of what is frozen.
    let sent = [
        ("José composed", "Jos\u{e9}@Contoso.com", CLAIM_JOSE),
        ("José decomposed", "JOSE\u{301}@contoso.com", CLAIM_JOSE),
        ("a letter of four bytes", "\u{10400}@contoso.com", CLAIM_DESERET),
    ];
    for (name, user_name, expected) in sent {
        let values =
            claimed_values(Resource::User, &json!({ "scim": { "userName": user_name } }), &UniqueRules::default());
        assert_eq!(claim_name("staff", &values[0].attribute, &values[0].value), expected, "{name}");
    }
}

// Computed apart from this code: printf 'v1\0staff\0User.userName\0alice@contoso.com' | sha256sum, in base32hex.
const CLAIM_ALICE: &str = "c-nbgcp58ppfnn2bktdcpklidlaspdbkqd8hbv3ps6";
const CLAIM_LINK: &str = "c-m3oiu3jeu4mrqcd236jgqp8nipan7asc715enk9m";
const CLAIM_GUEST: &str = "c-8rd1j1hkf7ogj9qt3cojqm36bj67cdh6v3gq2psd";
const CLAIM_EXTERNAL_ID: &str = "c-8hnudffc3mpct6aflkdirbramgjjmaiq73d06hmt";
const CLAIM_GROUP: &str = "c-0vfeh978cg7hocjsadni2hg2c208gujjo60u90tr";
const CLAIM_PATH: &str = "c-644gksliqtfe5aarbbskt674j9bhs3k1fpa90rmd";
const CLAIM_JOSE: &str = "c-5e13ss2a32f3qi7kb0ccoe3gdus59nktab4mn2di";
const CLAIM_DESERET: &str = "c-6i7p2r32fvdlncc7smtnm4fheegevspe2eg5tcdk";

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
fn index_keys_hold_what_entra_matches_on() {
    let scim = json!({
        "userName": "Alice", "externalId": "E1", "displayName": "Alice Able",
        "emails": [{ "type": "Work", "value": "A@X" }, { "type": "home", "value": "b@x" }, { "value": "c@x" }, { "type": "other" }],
    });
    let expected = IndexKeys {
        user_name: Some("alice".into()),
        external_id: Some("E1".into()),
        display_name: Some("alice able".into()),
        emails: vec!["a@x".into(), "b@x".into(), "c@x".into()],
    };
    assert_eq!(index_keys(&scim), expected);
    assert_eq!(index_keys(&json!({})), IndexKeys::default());
}
