use super::*;
use crate::simulator::mapping::{DEFAULTS, MappingTable, Mappings};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn table() -> MappingTable {
    Mappings::parse(DEFAULTS).expect("the defaults").users
}

/// Desired values in the order of the rows, by target path.
fn desired(table: &MappingTable, values: &[(&str, Value)]) -> Vec<Value> {
    let value = |target: &str| values.iter().find(|(path, _)| *path == target).map(|(_, value)| value.clone());
    table.rows.iter().map(|row| value(row.target.text()).unwrap_or(Value::Null)).collect()
}

fn alice() -> Value {
    json!({
        "userName": "alice@contoso.com", "active": true, "displayName": "Alice Able", "title": "",
        "name": { "givenName": "Al", "familyName": "Old" },
        "emails": [{ "type": "home", "value": "x" }, { "type": "work", "value": "alice@contoso.com" }],
        "addresses": [{ "type": "work", "formatted": "1" }],
        ENTERPRISE: { "department": "Bicycles" },
    })
}

fn wanted(table: &MappingTable) -> Vec<Value> {
    let department = format!("{ENTERPRISE}:department");
    let number = format!("{ENTERPRISE}:employeeNumber");
    desired(
        table,
        &[
            ("userName", json!("alice@contoso.com")),
            ("displayName", json!("Alice A.")),
            ("title", json!("Lead")),
            ("emails[type eq \"work\"].value", json!("a.able@contoso.com")),
            ("phoneNumbers[type eq \"mobile\"].value", json!("+1 425 555 0101")),
            ("addresses[type eq \"work\"].formatted", json!("18/2111")),
            ("name.familyName", json!("Able")),
            (&department, json!("Sales")),
            (&number, json!("701984")),
            ("active", json!(false)),
        ],
    )
}

fn operations(body: &Value) -> Vec<String> {
    assert_eq!(body["schemas"], json!([PATCH_OP]));
    body["Operations"].as_array().expect("a list").iter().map(Value::to_string).collect()
}

#[test]
fn without_the_flag_each_attribute_is_an_operation_of_its_own() {
    let table = table();
    let changes = differences(&table.rows, &wanted(&table), &alice());
    assert_eq!(
        operations(&body(&changes, PatchDialect::Legacy)),
        [
            r#"{"op":"Replace","path":"active","value":"False"}"#,
            r#"{"op":"Replace","path":"displayName","value":"Alice A."}"#,
            r#"{"op":"Add","path":"title","value":"Lead"}"#,
            r#"{"op":"Replace","path":"emails[type eq \"work\"].value","value":"a.able@contoso.com"}"#,
            r#"{"op":"Replace","path":"name.familyName","value":"Able"}"#,
            r#"{"op":"Replace","path":"addresses[type eq \"work\"].formatted","value":"18/2111"}"#,
            r#"{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+1 425 555 0101"}"#,
            r#"{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber","value":"701984"}"#,
            r#"{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Sales"}"#,
        ]
    );
}

#[test]
fn with_the_flag_filtered_paths_come_first_and_the_rest_has_no_path() {
    let table = table();
    let changes = differences(&table.rows, &wanted(&table), &alice());
    assert_eq!(
        operations(&body(&changes, PatchDialect::Standard)),
        [
            r#"{"op":"replace","path":"emails[type eq \"work\"].value","value":"a.able@contoso.com"}"#,
            r#"{"op":"replace","path":"addresses[type eq \"work\"].formatted","value":"18/2111"}"#,
            r#"{"op":"add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+1 425 555 0101"}"#,
            r#"{"op":"add","value":{"title":"Lead","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"701984"}}"#,
            r#"{"op":"replace","value":{"active":false,"displayName":"Alice A.","name.familyName":"Able","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Sales"}}"#,
        ]
    );
}

#[test]
fn values_are_compared_as_they_are() {
    let table = table();
    for (name, target, wanted, resource, op) in [
        ("equal", "title", json!("Lead"), json!({ "title": "Lead" }), None),
        ("names in another case", "title", json!("Lead"), json!({ "Title": "Lead" }), None),
        ("values in another case", "title", json!("Lead"), json!({ "title": "lead" }), Some(Op::Replace)),
        ("emptied", "title", json!(""), json!({ "title": "Lead" }), Some(Op::Replace)),
        ("empty already", "title", json!(""), json!({}), None),
        ("empty text already", "title", json!(""), json!({ "title": "" }), None),
        ("nothing desired", "title", Value::Null, json!({ "title": "Lead" }), None),
        ("absent", "title", json!("Lead"), json!({}), Some(Op::Add)),
        ("null", "title", json!("Lead"), json!({ "title": null }), Some(Op::Add)),
        ("empty", "title", json!("Lead"), json!({ "title": "" }), Some(Op::Add)),
        ("a boolean", "active", json!(true), json!({ "active": true }), None),
        ("a boolean as text", "active", json!(false), json!({ "active": "False" }), Some(Op::Replace)),
        (
            "composed and decomposed",
            "displayName",
            json!("Zo\u{eb}"),
            json!({ "displayName": "Zoe\u{308}" }),
            Some(Op::Replace),
        ),
        (
            "an element of another type",
            "emails[type eq \"work\"].value",
            json!("a"),
            json!({ "emails": [{ "type": "home", "value": "a" }] }),
            Some(Op::Add),
        ),
    ] {
        let changes = differences(&table.rows, &desired(&table, &[(target, wanted)]), &resource);
        assert_eq!(changes.first().map(|change| change.op), op, "{name}");
    }
}

#[test]
fn roles_are_added_or_replaced_as_their_function_has_it() {
    let role = |value: &str| json!({ "primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": value, "value": value });
    let read = |value: &str| json!({ "type": "WindowsAzureActiveDirectoryRole", "display": value, "value": value });
    for (function, wanted, found, expected) in [
        ("AppRoleAssignmentsComplex", vec![role("A")], vec![read("B")], Some((Op::Add, json!([role("A")])))),
        ("AppRoleAssignmentsComplex", vec![role("A")], vec![read("A"), read("B")], None),
        ("AssertiveAppRoleAssignmentsComplex", vec![role("A")], vec![read("A")], None),
        (
            "AssertiveAppRoleAssignmentsComplex",
            vec![role("A")],
            vec![read("A"), read("B")],
            Some((Op::Replace, json!([role("A")]))),
        ),
        ("AssertiveAppRoleAssignmentsComplex", vec![], vec![read("A")], Some((Op::Replace, json!([])))),
    ] {
        let text = format!(
            r#"{{"users": [
                {{"attribute": "userPrincipalName", "target": "userName", "match": 1}},
                {{"expression": "{function}([appRoleAssignments])", "target": "roles"}}
            ], "groups": [{{"attribute": "displayName", "target": "displayName", "match": 1}}]}}"#
        );
        let table = Mappings::parse(&text).expect("mappings").users;
        let changes = differences(&table.rows, &[Value::Null, wanted.into()], &json!({ "roles": found }));
        let changes: Vec<_> = changes.into_iter().map(|change| (change.op, change.value)).collect();
        assert_eq!(changes, Vec::from_iter(expected), "{function}");
    }
}

#[test]
fn members_join_and_leave_in_the_forms_of_each_dialect() {
    let ids = ["A", "B", "C\""].map(str::to_owned);
    for (change, batch, dialect, expected) in [
        (
            MembershipChange::Add,
            2,
            PatchDialect::Legacy,
            vec![
                vec![r#"{"op":"Add","path":"members","value":[{"$ref":null,"value":"A"},{"$ref":null,"value":"B"}]}"#],
                vec![r#"{"op":"Add","path":"members","value":[{"$ref":null,"value":"C\""}]}"#],
            ],
        ),
        (
            MembershipChange::Remove,
            100,
            PatchDialect::Legacy,
            vec![vec![
                r#"{"op":"Remove","path":"members","value":[{"$ref":null,"value":"A"},{"$ref":null,"value":"B"},{"$ref":null,"value":"C\""}]}"#,
            ]],
        ),
        (
            MembershipChange::Add,
            3,
            PatchDialect::Standard,
            vec![vec![r#"{"op":"add","path":"members","value":[{"value":"A"},{"value":"B"},{"value":"C\""}]}"#]],
        ),
        (
            MembershipChange::Remove,
            2,
            PatchDialect::Standard,
            vec![
                vec![
                    r#"{"op":"remove","path":"members[value eq \"A\"]"}"#,
                    r#"{"op":"remove","path":"members[value eq \"B\"]"}"#,
                ],
                vec![r#"{"op":"remove","path":"members[value eq \"C\\\"\"]"}"#],
            ],
        ),
    ] {
        let bodies = member_bodies(change, &ids, batch, dialect);
        let found: Vec<_> = bodies.iter().map(operations).collect();
        assert_eq!(found, expected, "{change:?} {dialect:?}");
    }
}

#[test]
fn a_manager_is_text_on_its_own_path() {
    let target = TargetPath::parse(&format!("{ENTERPRISE}:manager")).expect("a path");
    assert_eq!(
        operations(&reference_body(Op::Add, &target, "7", PatchDialect::Legacy)),
        [r#"{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"7"}"#]
    );
    assert_eq!(
        operations(&reference_body(Op::Replace, &target, "7", PatchDialect::Standard)),
        [r#"{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"7"}"#]
    );
}
