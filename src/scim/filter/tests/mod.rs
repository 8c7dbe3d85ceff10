//! The grammar in `grammar`, what filters select here.

mod grammar;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scim::Attributes;
use crate::scim::Error;
use crate::scim::schema::{GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";

fn alice() -> Attributes {
    let resource = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, CUSTOM],
        "id": "alice-7k2m", "externalId": "0A21", "userName": "Alice@Contoso.com", "displayName": "Straße \"A\" Able",
        "active": true, "nickName": "",
        "name": { "familyName": "Able", "givenName": "Alice" },
        "emails": [
            { "type": "work", "value": "alice@contoso.com", "primary": true },
            { "type": "home", "value": "al@example.org", "display": "At Home" },
        ],
        "roles": [{ "primary": true, "value": "Admin" }, { "value": "Reader" }],
        "meta": {
            "resourceType": "User", "created": "2026-01-02T03:04:05.123Z", "lastModified": "2026-02-01T00:00:00Z",
            "version": "W/\"1.a\"",
        },
        ENTERPRISE: { "employeeNumber": "701984", "department": "Bicycles", "manager": { "value": "bob-1" } },
        CUSTOM: { "Folders": ["a", "B"], "level": 10 },
    });
    resource.as_object().expect("an object").clone()
}

fn selects(filter: &str) -> bool {
    let read = parse(filter, &USER).unwrap_or_else(|error| panic!("{filter}: {error}"));
    matches(&read, &alice(), &USER)
}

fn check(expected: bool, filters: &[&str]) {
    for filter in filters {
        assert_eq!(selects(filter), expected, "{filter}");
    }
}

#[test]
fn match_queries_of_entra_find_the_user() {
    check(
        true,
        &[
            "userName eq \"alice@contoso.com\"",
            "USERNAME Eq alice@contoso.com",
            "externalId eq \"0A21\"",
            "emails[type eq \"work\"].value eq \"ALICE@contoso.com\"",
            "emails[type eq work].value eq ALICE@contoso.com",
            "emails.value eq \"al@example.org\"",
            "emails[type eq \"work\" and value eq \"alice@contoso.com\"]",
            "roles[primary eq \"True\"].value eq \"admin\"",
            "id eq \"alice-7k2m\" and manager eq \"bob-1\"",
            "manager eq \"bob-1\" and id eq \"alice-7k2m\"",
            "active eq true and (meta.lastModified ge \"0001-01-03T00:00:00.0000000Z\" and meta.lastModified le \"9999-12-31T23:59:59.9999999Z\")",
            "name.FamilyName eq Able and (emails.Value co example.com or emails.Value co example.org)",
            "meta.Created gt 2015-10-10T14:38:21.8617979-07:00",
            "userName sw A",
        ],
    );
    check(
        false,
        &[
            "userName eq \"alice\"",
            "externalId eq \"0a21\"",
            "id eq \"ALICE-7k2m\"",
            "emails[type eq \"home\"].value eq \"alice@contoso.com\"",
            "emails[type eq \"other\"].value eq \"alice@contoso.com\"",
            "userName eq \"7a7ac2a0-29a6-4bd4-8b4c-0e6c7e4e2a1f\"",
            "manager eq \"BOB-1\"",
        ],
    );
}

#[test]
fn each_operator_does_what_the_rfc_says() {
    check(
        true,
        &[
            "title ne \"x\"",
            "userName ne \"bob\"",
            "displayName co \"\\\"a\\\"\"",
            "displayName sw \"STRASSE\" or displayName sw \"straße\"",
            "userName ew \"COM\"",
            "emails pr",
            "active pr",
            "meta.lastModified pr",
            "name.familyName gt \"ab\"",
            "name.familyName ge \"ABLE\"",
            "name.familyName lt \"b\"",
            "name.familyName le \"able\"",
            "meta.created eq \"2026-01-02T04:04:05.1230000+01:00\"",
            "meta.created sw \"2026-01-02\"",
            "active eq \"TRUE\"",
            "active ne false",
            "title eq null",
            "userName ne null",
            "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"",
            "emails eq \"al@example.org\"",
            "emails.display eq \"at home\"",
            "emails[display eq \"AT HOME\"]",
        ],
    );
    check(
        false,
        &[
            "title eq \"x\"",
            "title co \"\"",
            "title pr",
            "nickName pr",
            "userName eq null",
            "name.honorificPrefix pr",
            "meta.created gt \"2026-01-02T03:04:05.123Z\"",
            "active eq false",
            "name eq \"Able\"",
            "externalId co \"a\"",
        ],
    );
}

#[test]
fn words_join_in_the_order_of_the_rfc() {
    check(
        true,
        &[
            "userName pr or title pr and title pr",
            "not(title pr)",
            "NOT (title pr) AND userName PR",
            "not (title pr or nickName pr)",
            "((userName pr))",
            "not (not (userName pr))",
        ],
    );
    check(false, &["(userName pr or title pr) and title pr", "not (userName pr) or title pr"]);
}

#[test]
fn brackets_ask_for_one_element_and_dots_for_any() {
    check(true, &["emails.type eq \"home\" and emails.value eq \"alice@contoso.com\"", "emails[type eq \"home\"]"]);
    check(false, &["emails[type eq \"home\" and value eq \"alice@contoso.com\"]", "emails[type eq \"x\"]"]);
    check(
        true,
        &["name[givenName eq \"alice\"]", "emails[not (type eq \"work\")].value sw \"al@\"", "emails[primary pr]"],
    );
    check(true, &["schemas[value sw \"urn:\"]", "emails[type eq \"home\"].value ne \"x\""]);
}

#[test]
fn extensions_are_found_by_their_urn() {
    let filters = [
        format!("{ENTERPRISE}:department eq \"bicycles\""),
        format!("{ENTERPRISE}.department eq \"bicycles\""),
        format!("{}:Manager.VALUE eq \"bob-1\"", ENTERPRISE.to_uppercase()),
        format!("{ENTERPRISE}:employeeNumber eq 701984"),
        format!("{ENTERPRISE} pr"),
        format!("{CUSTOM}:folders eq \"b\""),
        format!("{CUSTOM}:level gt 9"),
        format!("{CUSTOM}:LEVEL eq \"10\""),
        format!("{CUSTOM} pr"),
        "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"alice\"".to_owned(),
        "urn:example:nobody:attribute ne 1".to_owned(),
    ];
    check(true, &filters.each_ref().map(String::as_str));
    check(false, &[&format!("{CUSTOM}:level lt 9"), "urn:example:nobody:attribute eq 1", "urn:example:nobody pr"]);
}

#[test]
fn members_of_a_group_compare_by_their_value() {
    let group = json!({ "id": "g", "members": [{ "value": "alice-1", "type": "User" }, { "value": "bob-1" }] });
    let group = group.as_object().expect("an object");
    let selects = |filter: &str| matches(&parse(filter, &GROUP).expect(filter), group, &GROUP);
    assert!(selects("id eq \"g\" and members eq \"bob-1\""));
    assert!(selects("members[value eq \"alice-1\" and type eq \"user\"]"));
    assert!(!selects("members eq \"carol-1\""));
}

#[test]
fn a_selector_holds_for_one_element() {
    let emails = USER.attribute("emails");
    let element = json!({ "type": "work", "primary": true });
    let cases = [
        ("type eq \"WORK\"", true),
        ("PRIMARY eq \"True\" and value eq null", true),
        ("value pr", false),
        ("not (type eq \"work\")", false),
    ];
    for (text, expected) in cases {
        let selector = parse_selector(text, emails).expect(text);
        assert_eq!(matches_element(&selector, &element, emails), expected, "{text}");
    }
    let unknown = parse_selector("Kind eq \"A\"", None).expect("a selector");
    assert!(matches_element(&unknown, &json!({ "kind": "a" }), None));
}

#[test]
fn conjuncts_are_flat() {
    let filter = parse("userName eq \"a\" and (active eq true and (title pr or id pr)) and not (id pr)", &USER);
    let filter = filter.expect("a filter");
    let parts = conjuncts(&filter);
    assert_eq!(parts.len(), 4);
    assert!(
        matches!(parts[0], Filter::Compare(path, Operator::Eq, _) if path.attribute.as_deref() == Some("userName"))
    );
    assert!(matches!((parts[2], parts[3]), (Filter::Or(_), Filter::Not(_))));
}

proptest! {
    /// Were the short way for ASCII another rule than the canonical form, an index and a filter would disagree.
    #[test]
    fn text_is_equal_where_its_canonical_form_is(a in "[aAßsSéE\u{301}İi]{0,4}", b in "[aAßsSéE\u{301}İi]{0,4}") {
        let equal = compare::order(&json!(a), &json!(b), USER.attribute("userName")) == Some(std::cmp::Ordering::Equal);
        prop_assert_eq!(equal, crate::scim::case::canonical(&a) == crate::scim::case::canonical(&b));
    }

    #[test]
    fn evaluation_of_what_was_read_does_not_panic(text in "(emails|title|active|meta|x)(\\[type eq \"a\"\\])?(\\.value)? (eq|ne|co|gt) (true|1|null|\"\")") {
        if let Ok(filter) = parse(&text, &USER) {
            matches(&filter, &alice(), &USER);
        }
    }
}
