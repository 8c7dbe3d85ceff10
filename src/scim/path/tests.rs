use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scim::schema::{GROUP, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";

fn path(schema: Option<&str>, attribute: Option<&str>, sub_attribute: Option<&str>) -> AttributePath {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    AttributePath { schema: owned(schema), attribute: owned(attribute), sub_attribute: owned(sub_attribute) }
}

#[test]
fn paths_are_read_into_the_spelling_of_the_schema() {
    let department = path(Some(ENTERPRISE), Some("department"), None);
    let manager = |sub| path(Some(ENTERPRISE), Some("manager"), sub);
    let cases = [
        ("an attribute", "userName".to_owned(), path(None, Some("userName"), None)),
        ("in capitals", " USERNAME ".to_owned(), path(None, Some("userName"), None)),
        ("a sub-attribute", "Name.FAMILYNAME".to_owned(), path(None, Some("name"), Some("familyName"))),
        ("a common attribute", "META.lastmodified".to_owned(), path(None, Some("meta"), Some("lastModified"))),
        ("a reference", "groups.$REF".to_owned(), path(None, Some("groups"), Some("$ref"))),
        ("an unknown attribute", "shoeSize.Left".to_owned(), path(None, Some("shoeSize"), Some("Left"))),
        ("an unknown part of a known one", "emails.Display".to_owned(), path(None, Some("emails"), Some("Display"))),
        (
            "behind the core URN",
            format!("{}:name.givenname", USER.schema.urn),
            path(None, Some("name"), Some("givenName")),
        ),
        ("of the extension", format!("{ENTERPRISE}:department"), department.clone()),
        ("a URN in capitals", format!("{ENTERPRISE}:department").to_uppercase(), department.clone()),
        ("a dot behind the URN", format!("{ENTERPRISE}.manager"), manager(None)),
        ("a part of it", format!("{ENTERPRISE}:manager.VALUE"), manager(Some("value"))),
        ("the extension without its URN", "Manager.value".to_owned(), manager(Some("value"))),
        ("the whole extension", ENTERPRISE.to_lowercase(), path(Some(ENTERPRISE), None, None)),
        ("an unknown one", format!("{CUSTOM}:Folders"), path(Some(CUSTOM), Some("Folders"), None)),
        ("with a part", format!("{CUSTOM}:a.b"), path(Some(CUSTOM), Some("a"), Some("b"))),
        (
            "a URN that only begins like a known one",
            format!("{ENTERPRISE}X:department"),
            path(Some(&format!("{ENTERPRISE}X")), Some("department"), None),
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(AttributePath::parse(&text, &USER), Ok(expected), "{name}: {text}");
    }
    let members = AttributePath::parse("MEMBERS.Value", &GROUP);
    assert_eq!(members, Ok(path(None, Some("members"), Some("value"))));
}

#[test]
fn what_is_no_path_is_refused_with_a_sentence() {
    let long = "x".repeat(10_000) + "[";
    for text in [
        "",
        "  ",
        "emails[",
        "emails[type eq \"work\"]",
        ".value",
        "name.",
        "name..givenName",
        "a.b.c",
        "display name",
        "größe",
        "a:b",
        "urn:",
        "urn:a",
        "urn::a",
        "urn:x:",
        "urn:a b:c",
        USER.schema.urn,
        &format!("{ENTERPRISE}:"),
        &format!("{ENTERPRISE}."),
        &format!("{ENTERPRISE}:a.b.c"),
        &long,
    ] {
        let error = AttributePath::parse(text, &USER).expect_err(text);
        let Error::InvalidPath(sentence) = &error else { panic!("{text:?}: {error:?}") };
        assert!(sentence.starts_with("The path ") && sentence.ends_with('.'), "{text:?}: {sentence}");
        assert!(sentence.len() < 300, "{text:?}: {sentence}");
    }
}

#[test]
fn the_table_is_found_for_what_it_knows() {
    let name = |text: &str| {
        let path = AttributePath::parse(text, &USER).expect(text);
        path.attribute_definition(&USER).map(|attribute| attribute.name)
    };
    assert_eq!(name("emails.type"), Some("emails"));
    assert_eq!(name("ID"), Some("id"));
    assert_eq!(name(&format!("{ENTERPRISE}:manager.value")), Some("manager"));
    assert_eq!(name(ENTERPRISE), None);
    assert_eq!(name("shoeSize"), None);
}

#[test]
fn values_are_found_in_any_letter_case() {
    let resource = json!({ "userName": "alice", ENTERPRISE: { "department": "Sales" }, CUSTOM: { "Folders": "a,b" } });
    let resource = resource.as_object().expect("an object");
    let value = |text: &str| AttributePath::parse(text, &USER).expect(text).attribute_value(resource);
    assert_eq!(value("username"), Some(&json!("alice")));
    assert_eq!(value(&format!("{ENTERPRISE}:DEPARTMENT")), Some(&json!("Sales")));
    assert_eq!(value(&format!("{CUSTOM}:folders").to_lowercase()), Some(&json!("a,b")));
    assert_eq!(value(ENTERPRISE), Some(&json!({ "department": "Sales" })));
    assert_eq!(value(CUSTOM), Some(&json!({ "Folders": "a,b" })));
    assert_eq!(value("title"), None);
}

proptest! {
    #[test]
    fn any_text_is_a_path_or_an_error(text: String) {
        drop(AttributePath::parse(&text, &USER));
    }

    #[test]
    fn a_path_is_printed_as_it_is_read(text in "(urn:[a-z]{1,3}:([a-z]{1,3}:)?)?[a-zA-Z][a-zA-Z0-9_-]{0,8}(\\.[a-z$]{1,5})?") {
        let path = AttributePath::parse(&text, &USER).expect(&text);
        prop_assert_eq!(AttributePath::parse(&path.to_string(), &USER), Ok(path));
    }
}
