use super::*;
use crate::simulator::source::{AppRole, SourcePerson};

fn person() -> SourcePerson {
    let attributes = [
        ("userPrincipalName", "alice@contoso.example"),
        ("displayName", "Alice Able"),
        ("mail", "alice@contoso.example"),
        ("givenName", "Alice"),
        ("surname", "Able"),
        ("employeeId", "701984"),
        ("department", "Bicycles"),
        ("folders", "a, b,,c "),
    ];
    SourcePerson {
        object_id: "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef".to_owned(),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        manager: Some(0),
        roles: vec![AppRole { value: "Admin".to_owned(), display: "Administrator".to_owned() }],
        assigned: true,
        enabled: true,
        soft_deleted: false,
        purged: false,
        changed_at: 0,
    }
}

#[test]
fn a_new_person_is_sent_as_the_default_mappings_have_it() {
    let mappings = Mappings::parse(DEFAULTS).expect("the defaults");
    let body = mappings.users.body(&person(), user_frame());
    assert_eq!(
        body,
        json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
            "userName": "alice@contoso.example", "active": true, "displayName": "Alice Able",
            "emails": [{ "primary": true, "type": "work", "value": "alice@contoso.example" }],
            "meta": { "resourceType": "User" },
            "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "Alice" }, "roles": [],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                { "employeeNumber": "701984", "department": "Bicycles" },
        })
    );
    assert_eq!(
        mappings.users.reference.as_ref().map(TargetPath::text),
        Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager")
    );
}

#[test]
fn expressions_give_what_their_names_say() {
    let role = json!({ "primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": "Administrator", "value": "Admin" });
    for (expression, target, expected) in [
        ("[givenName]", "x", json!("Alice")),
        ("[nickname]", "x", Value::Null),
        ("\"fixed\"", "x", json!("fixed")),
        ("Join(\" \", [givenName], [nickname], [surname])", "x", json!("Alice Able")),
        ("join(\"-\", [nickname])", "x", Value::Null),
        ("Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")", "active", json!("True")),
        ("Switch([department], \"none\", \"Sales\", \"S\")", "x", json!("none")),
        ("Switch([department], , \"Sales\", \"S\")", "x", Value::Null),
        ("Split([folders], \",\")", "x", json!([{ "value": "a" }, { "value": "b" }, { "value": "c" }])),
        ("SingleAppRoleAssignment([appRoleAssignments])", "roles[primary eq \"True\"].value", json!("Admin")),
        ("SingleAppRoleAssignment([appRoleAssignments])", "roles[primary eq \"True\"].display", json!("Administrator")),
        ("AppRoleAssignmentsComplex([appRoleAssignments])", "roles", json!([role])),
        ("Join(\"\", Join(\"\", [givenName]), \"!\")", "x", json!("Alice!")),
    ] {
        let target = TargetPath::parse(target).expect(target);
        let parsed = Expression::parse(expression).expect(expression);
        assert_eq!(parsed.evaluate(&person(), &target), expected, "{expression}");
    }
    let deep = format!("{}[x]{}", "Join(".repeat(20), ")".repeat(20));
    for (wrong, reason) in [
        ("", "a function, [attribute] or \"text\" is missing"),
        ("Fly([x])", "the function Fly is not known"),
        ("Join(\" \"", ", or ) is missing"),
        ("[x", "] is missing"),
        ("\"x", "\" is missing"),
        ("[x] [y]", "there is more after the end"),
        ("Join(\" \" [x])", ", or ) is missing"),
        (&deep, "the calls are nested too deep"),
    ] {
        let error = Expression::parse(wrong).expect_err(wrong).to_string();
        assert!(error.contains(reason), "{wrong}: {error}");
    }
}

#[test]
fn a_target_path_reads_and_writes() {
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    for (path, value, body) in [
        ("title", json!("x"), json!({ "title": "x" })),
        ("name.givenName", json!("x"), json!({ "name": { "givenName": "x" } })),
        (
            "phoneNumbers[type eq \"fax\"].value",
            json!("x"),
            json!({ "phoneNumbers": [{ "type": "fax", "value": "x" }] }),
        ),
        ("roles[primary eq \"True\"].value", json!("x"), json!({ "roles": [{ "primary": true, "value": "x" }] })),
        (&format!("{urn}:department"), json!("x"), json!({ urn: { "department": "x" } })),
        (&format!("{urn}:manager.value"), json!("x"), json!({ urn: { "manager": { "value": "x" } } })),
    ] {
        let target = TargetPath::parse(path).expect(path);
        let mut written = Map::new();
        target.write(&mut written, value.clone());
        let written = Value::Object(written);
        assert_eq!(written, body, "{path}");
        assert_eq!(target.read(&written), Some(&value), "{path}");
        assert_eq!(target.text(), path);
    }
    let roles = TargetPath::parse("roles[primary eq \"True\"].value").expect("a path");
    assert_eq!(roles.read(&json!({ "roles": [{ "primary": "True", "value": "x" }] })), Some(&json!("x")));
    assert_eq!(roles.selected(&json!({ "roles": [{ "primary": true }, { "primary": true }] })), 2);
    for wrong in ["", "a b", "a.b.c", "emails[type]", "emails[type eq work].value", "emails[type eq \"work\"]", "urn:x"]
    {
        assert!(TargetPath::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_default_stands_in_and_a_match_can_be_chosen() {
    let text = r#"{"users": [
        {"attribute": "userPrincipalName", "target": "userName", "match": 2},
        {"attribute": "objectId", "target": "externalId", "match": 1},
        {"attribute": "jobTitle", "target": "title", "default": "none"},
        {"attribute": "jobTitle", "target": "userType", "sendEmpty": true},
        {"constant": "x", "target": "nickName", "onlyOnCreation": true}
    ], "groups": [{"attribute": "displayName", "target": "displayName", "match": 1}]}"#;
    let mut mappings = Mappings::parse(text).expect("mappings");
    let order =
        |table: &MappingTable| table.matching().iter().map(|row| row.target.text().to_owned()).collect::<Vec<_>>();
    assert_eq!(order(&mappings.users), ["externalId", "userName"]);
    assert_eq!(mappings.users.desired(&person())[2..], [json!("none"), json!(""), json!("x")]);
    let body = mappings.users.body(&person(), Map::new());
    assert_eq!(body.get("userType"), None, "nothing is sent empty with a POST");
    assert!(!mappings.users.has_active());
    mappings.users.match_by("userName").expect("it is mapped");
    assert_eq!(order(&mappings.users), ["userName"]);
    assert!(mappings.users.match_by("emails[type eq \"work\"].value").is_err());
    let rows = vec![r#"{"constant": "x", "target": "nickName"}"#; MAX_ROWS + 1].join(",");
    let too_many = format!(r#"{{"users": [{rows}], "groups": []}}"#);
    for (wrong, reason) in [
        ("{}", "an object with \"users\" and \"groups\""),
        (r#"{"users": [], "groups": []}"#, "no row has a \"match\""),
        (r#"{"users": [{"target": "userName", "match": 1}], "groups": []}"#, "one of attribute, expression, constant"),
        (
            r#"{"users": [{"attribute": "x", "constant": "y", "target": "userName", "match": 1}], "groups": []}"#,
            "one of attribute, expression, constant",
        ),
        (
            r#"{"users": [{"atribute": "x", "target": "userName", "match": 1}], "groups": []}"#,
            "unknown field `atribute`",
        ),
        (&too_many, "there are more than"),
    ] {
        let error = Mappings::parse(wrong).expect_err(wrong);
        assert!(error.contains(reason), "{wrong}: {error}");
    }
}

#[test]
fn what_a_row_reads_has_to_be_there() {
    let users = |row: &str| {
        let text = format!(r#"{{"users": [{{"attribute": "mail", "target": "userName", "match": 1}}, {row}]}}"#);
        Mappings::parse(&text).map(|mappings| mappings.groups.rows.len())
    };
    for row in [
        r#"{"attribute": "extensionAttribute3", "target": "title"}"#,
        r#"{"attribute": "manager", "target": "manager"}"#,
        r#"{"expression": "AppRoleAssignmentsComplex([appRoleAssignments])", "target": "roles"}"#,
    ] {
        assert_eq!(users(row), Ok(2), "the groups are mapped by the defaults: {row}");
    }
    for row in [
        r#"{"attribute": "jobTitel", "target": "title"}"#,
        r#"{"attribute": "members", "target": "title"}"#,
        r#"{"expression": "Join(\" \", [givenName], [jobTitel])", "target": "title"}"#,
        r#"{"expression": "Switch([jobTitel], , \"a\", \"b\")", "target": "title"}"#,
        r#"{"expression": "Split(Join(\"\", [jobTitel]), \",\")", "target": "title"}"#,
        r#"{"expression": "SingleAppRoleAssignment([jobTitle])", "target": "title"}"#,
    ] {
        let error = users(row).expect_err(row);
        assert!(error.starts_with("users: row 2 (title): the source has no attribute"), "{error}");
        assert!(error.contains("jobTitle, "), "the sentence lists those that there are: {error}");
    }
    let groups = r#"{"groups": [{"attribute": "mail", "target": "displayName", "match": 1}]}"#;
    let error = Mappings::parse(groups).map(|_| ()).expect_err("no group has it");
    assert!(
        error.starts_with("groups: row 1 (displayName)") && error.ends_with("members (alone in its row)"),
        "{error}"
    );
    for text in ["[]", "7", "{}"] {
        let error = Mappings::parse(text).map(|_| ()).expect_err(text);
        assert!(error.contains("is an object with \"users\" and \"groups\""), "{error}");
    }
}
