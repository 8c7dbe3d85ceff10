use serde_json::{Value, json};

use super::*;
use crate::scim::limits;
use crate::scim::schema::{GROUP, USER};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User";

fn object(value: Value) -> Attributes {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// Reads `body` beside a userName and compares what else is there.
fn check(name: &str, body: Value, expected: Value) -> Vec<String> {
    let mut body = object(body);
    body.entry("userName").or_insert_with(|| "alice".into());
    let mut parsed = parse(body, &USER).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = object(expected);
    if !expected.contains_key("userName") {
        parsed.attributes.remove("userName");
    }
    assert_eq!(parsed.attributes, expected, "{name}");
    parsed.ignored
}

/// Reads `body`, expects it to be refused with invalidValue, and that the sentence has `words`.
fn refuse(name: &str, body: Value, words: &[&str]) {
    let error = parse(object(body), &USER).expect_err(name);
    let Error::InvalidValue(sentence) = &error else { panic!("{name}: {error:?}") };
    for word in words {
        assert!(sentence.contains(word), "{name}: {sentence:?} does not say {word:?}");
    }
    assert!(sentence.ends_with('.') && sentence.len() < 400, "{name}: {sentence}");
}

#[test]
fn entras_create_is_read_as_it_was_sent() {
    let body = json!({
        "schemas": [CORE, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Alice@Contoso.com", "active": true,
        "displayName": "Alice Able",
        "emails": [{ "primary": true, "type": "work", "value": "alice@contoso.com" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "Alice" }, "roles": [],
        ENTERPRISE: { "employeeNumber": "701984", "department": "Bicycles" },
    });
    let mut expected = object(body.clone());
    for dropped in ["schemas", "meta", "roles"] {
        expected.remove(dropped);
    }
    assert_eq!(check("4.2", body, Value::Object(expected)), [""; 0]);
}

#[test]
fn every_variation_of_a_create_is_accepted() {
    let role = json!({ "primary": true, "type": "WindowsAzureActiveDirectoryRole", "value": "Admin" });
    let cases = [
        ("a user name and nothing else (22)", json!({ "schemas": [CORE] }), json!({})),
        (
            "nulls (27)",
            json!({ "addresses": null, "phoneNumbers": null, "title": null, "department": null, "manager": null }),
            json!({}),
        ),
        ("empty texts (28)", json!({ "title": "", "name": { "givenName": "", "familyName": "" } }), json!({})),
        ("empty lists and objects", json!({ "emails": [], "roles": [{}], "name": {}, ENTERPRISE: {} }), json!({})),
        (
            "an e-mail without a value",
            json!({ "emails": [{ "type": "work", "primary": true, "value": "" }] }),
            json!({}),
        ),
        (
            "an e-mail sent without a value",
            json!({ "emails": [{ "type": "work" }] }),
            json!({ "emails": [{ "type": "work" }] }),
        ),
        ("active as a word (2)", json!({ "active": "False" }), json!({ "active": false })),
        ("active in lower case (3)", json!({ "active": "true" }), json!({ "active": true })),
        ("active in capitals", json!({ "ACTIVE": "TRUE" }), json!({ "active": true })),
        ("active unassigned", json!({ "active": null }), json!({})),
        (
            "a primary role as a word (23)",
            json!({ "roles": [{ "primary": "True", "type": "WindowsAzureActiveDirectoryRole", "value": "Admin" }] }),
            json!({ "roles": [role] }),
        ),
        (
            "a role that is a JSON document (22)",
            json!({ "roles": [{ "value": "{\"id\":\"1\",\"value\":\"A\",\"displayName\":\"\"}" }] }),
            json!({ "roles": [{ "value": "{\"id\":\"1\",\"value\":\"A\",\"displayName\":\"\"}" }] }),
        ),
        (
            "what only the server sets",
            json!({ "id": "x", "META": { "version": "1" }, "Schemas": 1, "groups": [{ "value": "g" }] }),
            json!({}),
        ),
        (
            "names in other letter case",
            json!({
                "displayname": "A", "Emails": [{ "Primary": true, "TYPE": "work", "Value": "a@x" }],
                "NAME": { "GivenName": "A" }, ENTERPRISE.to_uppercase(): { "Department": "D", "Manager": { "Value": "m" } },
            }),
            json!({
                "displayName": "A", "emails": [{ "primary": true, "type": "work", "value": "a@x" }],
                "name": { "givenName": "A" }, ENTERPRISE: { "department": "D", "manager": { "value": "m" } },
            }),
        ),
        (
            "parts that the schema does not have",
            json!({ "name": { "preferredGivenName": "Al", "x": "", "y": [null, { "z": null }] }, "emails": [{ "value": "a", "Display": "A", "label": 1 }] }),
            json!({ "name": { "preferredGivenName": "Al" }, "emails": [{ "value": "a", "display": "A", "label": 1 }] }),
        ),
        ("one object for a list", json!({ "emails": { "value": "a" } }), json!({ "emails": [{ "value": "a" }] })),
        ("one text for a list", json!({ "roles": "Admin" }), json!({ "roles": [{ "value": "Admin" }] })),
        (
            "texts in a list",
            json!({ "roles": ["A", "", "B"] }),
            json!({ "roles": [{ "value": "A" }, { "value": "B" }] }),
        ),
        (
            "the same element twice",
            json!({ "roles": [{ "value": "A" }, { "value": "A" }] }),
            json!({ "roles": [{ "value": "A" }, { "value": "A" }] }),
        ),
        (
            "values that look wrong (57, 60)",
            json!({ "locale": "RJWNTUNNOHNZ", "profileUrl": "no url", "emails": [{ "value": "nobody " }], "title": " \u{e9}\u{65}\u{301} " }),
            json!({ "locale": "RJWNTUNNOHNZ", "profileUrl": "no url", "emails": [{ "value": "nobody " }], "title": " \u{e9}\u{65}\u{301} " }),
        ),
    ];
    for (name, body, expected) in cases {
        assert_eq!(check(name, body, expected), [""; 0], "{name}: nothing is ignored");
    }
}

#[test]
fn a_manager_is_read_in_every_form() {
    for (name, manager, expected) in [
        ("a text (15)", json!("m"), json!({ "manager": { "value": "m" } })),
        ("an object", json!({ "value": "m", "$ref": null }), json!({ "manager": { "value": "m" } })),
        (
            "a list of one",
            json!([{ "$ref": "https://x/m", "value": "m" }]),
            json!({ "manager": { "value": "m", "$ref": "https://x/m" } }),
        ),
        (
            "with a name, which is the server's",
            json!({ "value": "m", "displayName": "M" }),
            json!({ "manager": { "value": "m" } }),
        ),
        ("an empty text (16)", json!(""), Value::Null),
        ("an empty value (17)", json!({ "value": "" }), Value::Null),
    ] {
        let expected = if expected.is_null() { json!({}) } else { json!({ ENTERPRISE: expected }) };
        check(name, json!({ ENTERPRISE: { "manager": manager } }), expected.clone());
        check(name, json!({ "manager": manager }), expected.clone());
        check(name, json!({ (format!("{ENTERPRISE}:manager")): manager }), expected.clone());
        check(name, json!({ (format!("{ENTERPRISE}.manager")): manager }), expected);
    }
}

#[test]
fn names_of_members_may_be_paths() {
    let cases = [
        (
            "dots",
            json!({ "name.givenName": "A", "name": { "familyName": "B" } }),
            json!({ "name": { "givenName": "A", "familyName": "B" } }),
        ),
        ("the core URN (52)", json!({ (format!("{CORE}:displayName")): "A" }), json!({ "displayName": "A" })),
        ("the core URN with an object", json!({ CORE: { "displayName": "A" } }), json!({ "displayName": "A" })),
        (
            "an extension's URN (20)",
            json!({ (format!("{ENTERPRISE}:department")): "D" }),
            json!({ ENTERPRISE: { "department": "D" } }),
        ),
        (
            "a part behind it",
            json!({ ENTERPRISE: { "manager.value": "m" } }),
            json!({ ENTERPRISE: { "manager": { "value": "m" } } }),
        ),
        (
            "an unknown URN (24)",
            json!({ CUSTOM: { "Folders": "a", "a.b": 1, "empty": "" } }),
            json!({ CUSTOM: { "Folders": "a", "a.b": 1 } }),
        ),
        (
            "an attribute behind it",
            json!({ (format!("{CUSTOM}:Folders")): ["a", null] }),
            json!({ CUSTOM: { "Folders": ["a"] } }),
        ),
        (
            "numbers that are whole",
            json!({ CUSTOM: { "level": 10.0, "list": [1e3, 0.5, { "x": -2.0 }] } }),
            json!({ CUSTOM: { "level": 10, "list": [1000, 0.5, { "x": -2 }] } }),
        ),
        ("nothing but empty values", json!({ CUSTOM: { "a": [""], "b": { "c": {} } } }), json!({})),
    ];
    for (name, body, expected) in cases {
        assert_eq!(check(name, body, expected), [""; 0], "{name}");
    }
}

#[test]
fn unknown_attributes_are_ignored_and_named() {
    let body = json!({
        "shoeSize": 43, "DisplayNam": "x", "not a path[": 1, ENTERPRISE: { "badge": 1 }, "title": "T", "urn:": {}, "urn:x": { "a": 1 },
        "userName.x": "y", "name[type eq \"x\"]": null,
    });
    let mut ignored = check("unknown attributes", body, json!({ "title": "T", "urn:x": { "a": 1 } }));
    ignored.sort();
    let badge = format!("{ENTERPRISE}:badge");
    assert_eq!(ignored, ["DisplayNam", "name", "shoeSize", "urn:", &badge, "userName.x", "…"]);

    let many = (0..1_000).map(|number| (format!("x{number}{}", "y".repeat(1_000)), json!(1))).collect();
    let ignored = check("many of them", Value::Object(many), json!({}));
    assert_eq!(ignored.len(), limits::MAX_IGNORED);
    assert!(ignored.iter().all(|name| name.len() < 200 && !name.contains('\n')), "{ignored:?}");
}

#[test]
fn what_is_required_must_be_there() {
    for body in [json!({}), json!({ "userName": "" }), json!({ "userName": null }), json!({ "displayName": "x" })] {
        refuse("no userName", body, &["userName", "userPrincipalName"]);
    }
    let error = parse(Attributes::new(), &GROUP).expect_err("a group without a name");
    assert!(error.to_string().contains("displayName"), "{error}");
    // Microsoft's own schema URI says nothing here (25), and neither does an empty list (26).
    let microsofts = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    let group = json!({ "schemas": [GROUP.schema.urn, microsofts], "displayName": "Team Blue", "members": [] });
    assert_eq!(
        parse(object(group), &GROUP).expect("a group").attributes,
        object(json!({ "displayName": "Team Blue" }))
    );
}

#[test]
fn wrong_types_are_refused_by_name() {
    let user = |member: &str, value: Value| json!({ "userName": "a", member: value });
    let department = format!("{ENTERPRISE}:department");
    for (member, value, words) in [
        ("userName", json!(1), ["userName", "a string"]),
        ("userName", json!(["a"]), ["userName", "a string"]),
        ("active", json!("maybe"), ["active", "true or false"]),
        ("active", json!(1), ["active", "true or false"]),
        ("name", json!("A"), ["name", "an object"]),
        ("name", json!([{ "givenName": "A" }, { "givenName": "B" }]), ["name", "an object"]),
        ("name.givenName", json!({ "x": 1 }), ["name.givenName", "a string"]),
        ("emails", json!(1), ["emails", "an object"]),
        ("emails", json!([[{ "value": "a" }]]), ["emails", "arrays"]),
        ("emails", json!([{ "value": 1 }]), ["emails.value", "a string"]),
        ("emails", json!([{ "value": "a", "primary": "yes" }]), ["emails.primary", "true or false"]),
        ("emails", json!([{ "value": "a", "display": 1 }]), ["emails.display", "a string"]),
        ("addresses", json!(["18/2111"]), ["addresses", "an object"]),
        (ENTERPRISE, json!(1), [ENTERPRISE, "an object"]),
        (ENTERPRISE, json!({ "department": 1 }), [&department, "a string"]),
        (&department, json!(true), [&department, "a string"]),
    ] {
        refuse(member, user(member, value), &words);
    }
    let two = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": "True" }]);
    refuse("two primaries", user("emails", two), &["emails", "primary"]);
}

#[test]
fn every_bound_has_its_sentence() {
    let text = |length: usize| Value::String("\u{e4}".repeat(length));
    let list = |length: usize| Value::Array((0..length).map(|number| json!({ "value": number.to_string() })).collect());
    let extensions = |count: usize| {
        let extensions = (0..count).map(|number| (format!("urn:x:{number}"), json!({ "a": 1 })));
        Value::Object(extensions.chain([("userName".to_owned(), json!("a"))]).collect())
    };
    type Case<'a> = (&'a str, usize, &'a dyn Fn(usize) -> Value, &'a str);
    let cases: [Case<'_>; 11] = [
        ("userName", limits::MAX_USER_NAME, &|length| json!({ "userName": text(length) }), "userName"),
        (
            "externalId",
            limits::MAX_TEXT,
            &|length| json!({ "userName": "a", "externalId": text(length) }),
            "externalId",
        ),
        ("title", limits::MAX_TEXT, &|length| json!({ "userName": "a", "title": text(length) }), "title"),
        (
            "profileUrl",
            limits::MAX_REFERENCE,
            &|length| json!({ "userName": "a", "profileUrl": text(length) }),
            "profileUrl",
        ),
        (
            "a part",
            limits::MAX_TEXT,
            &|length| json!({ "userName": "a", "name.givenName": text(length) }),
            "name.givenName",
        ),
        (
            "a value",
            limits::MAX_VALUE,
            &|length| json!({ "userName": "a", "photos": [{ "value": text(length) }] }),
            "photos.value",
        ),
        (
            "a type",
            limits::MAX_TEXT,
            &|length| json!({ "userName": "a", "ims": [{ "type": text(length) }] }),
            "ims.type",
        ),
        (
            "a display",
            limits::MAX_TEXT,
            &|length| json!({ "userName": "a", "emails": [{ "display": text(length) }] }),
            "emails.display",
        ),
        (
            "a department",
            limits::MAX_TEXT,
            &|length| json!({ "userName": "a", ENTERPRISE: { "department": text(length) } }),
            "department",
        ),
        ("a list", limits::MAX_ELEMENTS, &|length| json!({ "userName": "a", "roles": list(length) }), "roles"),
        ("extensions", limits::MAX_EXTENSIONS, &|count| extensions(count), "extensions"),
    ];
    for (name, most, body, word) in cases {
        parse(object(body(most)), &USER).unwrap_or_else(|error| panic!("{name}: {error}"));
        refuse(name, body(most + 1), &[word, &most.to_string()]);
    }
}

#[test]
fn a_resource_grows_to_its_bound_and_one_beyond_it_can_still_be_deactivated() {
    let user = |notes: usize, active: bool| {
        object(json!({ "userName": "a", "active": active, CUSTOM: { "notes": "n".repeat(notes) } }))
    };
    let frame = "userName".len() + r#""a""#.len() + CUSTOM.len() + r#"{"notes":""}"#.len();
    let fits = limits::MAX_RESOURCE_BYTES - frame;
    super::check(&user(fits, true), &Attributes::new(), &USER).expect("as large as can be");
    let refused = super::check(&user(fits + 1, true), &user(fits, true), &USER).expect_err("one byte more");
    assert!(matches!(&refused, Error::TooLarge(text) if text.contains("1048576")), "{refused}");
    // One that was stored before there was a bound.
    let mut off = user(fits + 10, false);
    super::check(&off, &user(fits + 10, true), &USER).expect("active: false always passes");
    off.insert("title".to_owned(), "Engineer of Sites".into());
    super::check(&off, &user(fits + 10, false), &USER).expect_err("it may not grow");
}

#[test]
fn a_selector_in_a_whole_body_selects_nothing_and_is_counted() {
    let body = json!({ "name[givenName eq \"G\"].familyName": "x", "displayName[a eq 1]": "x", "userName.x": 1 });
    assert_eq!(check("members as paths", body, json!({})), ["displayName", "name.familyName", "userName.x"]);
}

#[test]
fn parts_that_no_schema_has_are_kept_and_named() {
    let cases = [
        ("of a name", json!({ "name": { "first": "A", "givenName": "A" } }), &["name.first"][..]),
        ("as a path", json!({ "name.first": "A" }), &["name.first"]),
        ("of an element", json!({ "emails": [{ "valu": "a", "type": "work" }, { "valu": "b" }] }), &["emails.valu"]),
        ("behind a selector", json!({ "emails[type eq \"work\"].valu": "a" }), &["emails.valu"]),
        ("in a selector", json!({ "emails[typ eq \"work\"].value": "a" }), &["emails.typ"]),
        ("of the extension", json!({ ENTERPRISE: { "manager": { "value": "m", "x": 1 } } }), &["manager.x"]),
        ("a display, which is taken", json!({ "emails": [{ "value": "a", "Display": "A" }] }), &[]),
        ("of an unknown schema", json!({ CUSTOM: { "a": { "b": 1 } } }), &[]),
        ("of an unknown attribute", json!({ "shoes": { "size": 43 } }), &[]),
        ("with a line of its own", json!({ "name": { "a\nb": 1 } }), &["name.a\\nb"]),
    ];
    for (name, mut body, expected) in cases {
        body["userName"] = "a".into();
        let unknown = parse(object(body), &USER).unwrap_or_else(|error| panic!("{name}: {error}")).unknown;
        let expected: Vec<_> =
            expected.iter().map(|path| path.replace("manager", &format!("{ENTERPRISE}:manager"))).collect();
        let cut: Vec<_> = expected.iter().map(|path| path.chars().take(100).collect::<String>()).collect();
        assert_eq!(unknown, cut, "{name}");
    }
    let many: Attributes = (0..1_000).map(|number| (format!("x{number}"), json!(1))).collect();
    let parsed = parse(object(json!({ "userName": "a", "name": many })), &USER).expect("a user");
    assert_eq!((parsed.unknown.len(), parsed.ignored), (limits::MAX_IGNORED, Vec::new()));
}

#[test]
fn a_resource_of_another_type_is_refused() {
    let group = GROUP.schema.urn;
    let user = |schemas: Value| parse(object(json!({ "schemas": schemas, "userName": "a" })), &USER);
    for (schemas, is_taken) in [
        (json!([group]), false),
        (json!([group.to_uppercase(), ENTERPRISE]), false),
        (json!(group), false),
        (json!([group, CORE]), true),
        (json!([CORE]), true),
        (json!([CUSTOM]), true),
        (json!(["http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]), true),
        (json!([]), true),
        (json!(7), true),
        (Value::Null, true),
    ] {
        match user(schemas.clone()) {
            Err(Error::InvalidSyntax(text)) => assert!(!is_taken && text.contains("/Groups"), "{schemas}: {text}"),
            outcome => assert!(is_taken && outcome.is_ok(), "{schemas}: {outcome:?}"),
        }
    }
    let error = parse(object(json!({ "schemas": [CORE], "displayName": "G" })), &GROUP).expect_err("a user");
    assert!(matches!(&error, Error::InvalidSyntax(text) if text.contains("/Users")), "{error}");
}

#[test]
fn identifiers_hold_no_control_characters_and_texts_hold_lines() {
    let of_type = |member: &str, text: String| json!({ "userName": "a", member: [{ "type": text, "value": "v" }] });
    let all = ['\t', '\r', '\n', '\u{0}', '\u{7f}', '\u{85}', '\u{1b}'];
    for character in all {
        let text = || format!("a{character}b");
        for member in ["userName", "externalId", "userType"] {
            let mut body = object(json!({ "userName": "a" }));
            body.insert(member.to_owned(), text().into());
            refuse(member, Value::Object(body), &[member, "control character"]);
        }
        for member in ["emails", "phoneNumbers", "addresses", "roles"] {
            refuse(member, of_type(member, text()), &[&format!("{member}.type"), "control character"]);
        }
        let error = parse(object(json!({ "displayName": text() })), &GROUP).expect_err("a group's name");
        assert!(error.to_string().contains("control character"), "{error}");
        let name = json!({ "displayName": text() });
        if matches!(character, '\t' | '\r' | '\n') {
            check("a person's displayName has lines", name.clone(), name);
        } else {
            refuse("displayName", json!({ "userName": "a", "displayName": text() }), &["displayName", "control"]);
        }
        let texts = json!({
            "title": text(), "nickName": text(), "name": { "formatted": text(), "x": text() },
            "addresses": [{ "type": "work", "formatted": text() }], "roles": [{ "value": text(), "display": text() }],
            ENTERPRISE: { "department": text() }, CUSTOM: { "type": text() },
        });
        check("any other text is kept as it was sent", texts.clone(), texts);
    }
}

#[test]
fn the_schemas_are_those_of_what_is_there() {
    let attributes = object(json!({
        "userName": "a", "urn:z:b": { "x": 1 }, CUSTOM: { "x": 1 }, ENTERPRISE: { "department": "D" }, "urn:a:b": { "x": 1 },
    }));
    assert_eq!(schemas_of(&USER, &attributes), [CORE, ENTERPRISE, "urn:a:b", CUSTOM, "urn:z:b"]);
    assert_eq!(schemas_of(&USER, &object(json!({ "userName": "a" }))), [CORE]);
    assert_eq!(schemas_of(&GROUP, &Attributes::new()), [GROUP.schema.urn]);
}
