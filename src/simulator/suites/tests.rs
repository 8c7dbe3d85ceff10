use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bodies::MAPPED;
use super::exchange::{Exchange, MAX_SHOWN};
use super::operations::OperationForm;
use super::path::MANAGER;
use crate::simulator::mapping::{DEFAULTS, Mappings, TargetPath};
use crate::simulator::patch::PatchDialect;

#[test]
fn what_is_mapped_is_what_a_job_maps_by_default() {
    let mappings = Mappings::parse(DEFAULTS).expect("the defaults");
    let table = &mappings.users;
    let of_a_job: BTreeSet<_> =
        table.rows.iter().map(|row| &row.target).chain(&table.reference).map(TargetPath::text).collect();
    let of_the_suites: BTreeSet<_> = MAPPED.iter().copied().chain(["userName", "active", MANAGER]).collect();
    assert_eq!(of_the_suites, of_a_job);
}

#[test]
fn operations_are_written_in_either_dialect_and_form() {
    let attributes = [
        ("active", json!(false)),
        ("name.givenName", json!("Ada")),
        ("emails[type eq \"work\"].value", json!("w@a.example")),
    ];
    let email = |op: &str| json!({ "op": op, "path": "emails[type eq \"work\"].value", "value": "w@a.example" });
    for (dialect, form, expected) in [
        (
            PatchDialect::Legacy,
            OperationForm::Verbose,
            json!([
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Replace", "path": "name.givenName", "value": "Ada" },
                email("Replace"),
            ]),
        ),
        (
            PatchDialect::Standard,
            OperationForm::Verbose,
            json!([
                { "op": "replace", "path": "active", "value": false },
                { "op": "replace", "path": "name.givenName", "value": "Ada" },
                email("replace"),
            ]),
        ),
        (
            PatchDialect::Standard,
            OperationForm::NonVerbose,
            json!([email("replace"), { "op": "replace", "value": { "active": false, "name.givenName": "Ada" } }]),
        ),
        (
            PatchDialect::Legacy,
            OperationForm::NonVerbose,
            json!([email("Replace"), { "op": "Replace", "value": { "active": "False", "name.givenName": "Ada" } }]),
        ),
    ] {
        assert_eq!(dialect.operations(form, "replace", &attributes), expected, "{dialect:?}, {form:?}");
    }
    assert_eq!(PatchDialect::Legacy.removal("members"), json!({ "op": "Remove", "path": "members" }));
}

fn answer(status: u16, body: &Value) -> Exchange {
    Exchange {
        request: "GET /Users".to_owned(),
        status,
        media_type: Some("application/scim+json".to_owned()),
        text: body.to_string(),
        json: Some(body.clone()),
    }
}

/// What was found instead, or nothing where the expectation is met.
fn found<T>(outcome: Result<T, super::exchange::Miss>) -> Option<String> {
    outcome.err().map(|miss| miss.found.strip_suffix("\nrequest: GET /Users").expect("the request").to_owned())
}

#[test]
fn an_expectation_says_what_it_found_and_by_which_request() {
    let user = || answer(200, &json!({ "id": "1", "active": true, "title": "", "name": { "givenName": "Ada" } }));
    let list = |total: u64, resources: Value| {
        let mut body = json!({ "totalResults": total, "Resources": resources });
        if body["Resources"].is_null() {
            body.as_object_mut().expect("an object").remove("Resources");
        }
        answer(200, &body)
    };
    let as_json = Exchange { media_type: Some("application/json".to_owned()), ..user() };
    let empty = Exchange { json: None, text: String::new(), media_type: None, status: 204, ..user() };
    for (case, found, expected) in [
        ("a right status", found(user().status(&[200, 201])), None),
        ("a wrong one", found(answer(404, &json!({})).status(&[200])), Some("status 404 {}")),
        ("another media type", found(as_json.scim(&[200])), Some("Content-Type: application/json")),
        ("an answer without a body has none", found(empty.scim(&[200, 204])), None),
        ("text that stands for a boolean", found(user().reads(&[("active", json!("True"))])), None),
        (
            "all that differs is named",
            found(user().reads(&[("active", json!(false)), ("id", json!("1")), ("name.familyName", json!("A"))])),
            Some("active = true; name.familyName = nothing"),
        ),
        ("an empty text is nothing", found(user().reads_nothing(&["title", "nickName"])), None),
        ("a value is something", found(user().reads_nothing(&["name.givenName"])), Some("name.givenName = \"Ada\"")),
        ("one hit", found(list(1, json!([{ "id": "1" }])).only()), None),
        ("no hit", found(list(0, json!([])).only()), Some("totalResults 0 and 0 resources")),
        ("no hit, and no list of them", found(list(0, Value::Null).resources().map(<[Value]>::len)), None),
        (
            "a hit that is not listed",
            found(list(1, Value::Null).resources().map(<[Value]>::len)),
            Some("status 200 {\"totalResults\":1}"),
        ),
        ("no id", found(answer(201, &json!({ "id": 7 })).id()), Some("status 201 {\"id\":7}")),
    ] {
        assert_eq!(found.as_deref(), expected, "{case}");
    }
}

#[test]
fn members_are_compared_as_a_set_and_each_counts_once() {
    let group = answer(200, &json!({ "members": [{ "value": "b" }, { "value": "a" }, { "value": "a" }] }));
    assert_eq!(found(group.has_members(&["a", "b"])).as_deref(), Some("members [\"a\", \"a\", \"b\"]"));
    assert_eq!(found(group.has_members(&["a", "b", "a"])), None);
    assert_eq!(found(answer(200, &json!({})).has_members(&[])), None, "no members are left out");
}

#[test]
fn a_long_answer_is_cut() {
    let long = answer(500, &json!("x".repeat(MAX_SHOWN)));
    assert_eq!(long.answer().chars().count(), MAX_SHOWN + 1);
    assert!(long.answer().ends_with('…'));
}
