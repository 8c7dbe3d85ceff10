//! Every form of a membership operation that was seen, and what it comes down to.

use serde_json::{Map, json};

use super::*;
use crate::scim::patch::{self, MAX_OPERATIONS};
use crate::scim::resource;
use crate::scim::schema::{GROUP, USER};

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn patched(operations: &Value) -> Result<Members, Error> {
    let patch = patch::parse(&object(json!({ "Operations": operations })), &GROUP)?;
    let current = object(json!({ "displayName": "G" }));
    let parsed = patch::apply(&patch, &current, &GROUP)?;
    assert_eq!(parsed.attributes, current, "members are no attribute");
    assert_eq!(parsed.ignored, [""; 0]);
    Ok(parsed.members)
}

fn intent(replaces: bool, edits: &[(&str, Edit)]) -> Members {
    let edits = edits.iter().map(|(id, edit)| ((*id).to_owned(), *edit)).collect();
    Members { replaces, edits, ..Members::default() }
}

/// Ids that are added to whoever is there, and ids that are removed.
fn deltas(added: &[&str], removed: &[&str]) -> Members {
    let added = added.iter().map(|id| (*id, Edit::Add));
    intent(false, &added.chain(removed.iter().map(|id| (*id, Edit::Remove))).collect::<Vec<_>>())
}

/// Exactly these.
fn exactly(ids: &[&str]) -> Members {
    intent(true, &ids.iter().map(|id| (*id, Edit::Add)).collect::<Vec<_>>())
}

#[test]
fn every_form_comes_down_to_its_intent() {
    let b = json!([{ "$ref": null, "value": "b" }]);
    for (form, operations, expected) in [
        ("1: Add with $ref null", json!([{ "op": "Add", "path": "members", "value": b }]), deltas(&["b"], &[])),
        (
            "2: Add with a value alone",
            json!([{ "op": "Add", "path": "members", "value": [{ "value": "8" }] }]),
            deltas(&["8"], &[]),
        ),
        (
            "3: several at once",
            json!([{ "op": "add", "path": "members", "value": [{ "value": "a" }, { "value": "b" }] }]),
            deltas(&["a", "b"], &[]),
        ),
        (
            "4: Remove with the members as its value",
            json!([{ "op": "Remove", "path": "members", "value": b }]),
            deltas(&[], &["b"]),
        ),
        ("5: a selector", json!([{ "op": "remove", "path": "members[value eq \"a\"]" }]), deltas(&[], &["a"])),
        ("6: replace", json!([{ "op": "replace", "path": "members", "value": b }]), exactly(&["b"])),
        ("7: remove all", json!([{ "op": "remove", "path": "members" }]), exactly(&[])),
        ("8: a bare text", json!([{ "op": "add", "path": "members", "value": "b" }]), deltas(&["b"], &[])),
        (
            "8: a list of bare texts",
            json!([{ "op": "add", "path": "members", "value": ["string id 1", "string id 2"] }]),
            deltas(&["string id 1", "string id 2"], &[]),
        ),
        (
            "9: one object, added",
            json!([{ "op": "add", "path": "members", "value": { "value": "b" } }]),
            deltas(&["b"], &[]),
        ),
        (
            "9: one object, removed",
            json!([{ "op": "Remove", "path": "members", "value": { "value": "b" } }]),
            deltas(&[], &["b"]),
        ),
        (
            "10: stray keys",
            json!([{
                "name": "addMember", "op": "add", "path": "members",
                "value": [{ "displayName": "new User", "$ref": null, "value": "b", "type": 7 }],
            }]),
            deltas(&["b"], &[]),
        ),
        (
            "11: without a path",
            json!([{ "op": "add", "value": { "members": [{ "value": "b" }] } }]),
            deltas(&["b"], &[]),
        ),
        (
            "12: added and removed",
            json!([
                { "op": "add", "path": "members", "value": b },
                { "op": "remove", "path": "members[value eq \"b\"]" },
            ]),
            deltas(&[], &["b"]),
        ),
        (
            "removed and added",
            json!([
                { "op": "remove", "path": "members[value eq \"b\"]" },
                { "op": "add", "path": "members", "value": b },
            ]),
            deltas(&["b"], &[]),
        ),
    ] {
        assert_eq!(patched(&operations).unwrap_or_else(|error| panic!("{form}: {error}")), expected, "{form}");
    }
}

#[test]
fn operations_come_in_order_and_in_any_spelling() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:Group";
    for (form, operations, expected) in [
        (
            "a replacement, one more and one less",
            json!([
                { "op": "add", "path": "members", "value": "forgotten" },
                { "op": "replace", "path": "members", "value": [{ "value": "a" }, { "value": "b" }] },
                { "op": "add", "path": "members", "value": "c" },
                { "op": "remove", "path": "members", "value": [{ "value": "a" }, { "value": "nobody" }] },
            ]),
            exactly(&["b", "c"]),
        ),
        (
            "several selected",
            json!([{ "op": "remove", "path": "members[value eq \"a\" or (value eq \"b\" or value eq \"a].c\")]" }]),
            deltas(&[], &["a", "a].c", "b"]),
        ),
        ("a value without quotes", json!([{ "op": "remove", "path": "members[value eq 8]" }]), deltas(&[], &["8"])),
        (
            "other letter case",
            json!([{ "OP": "ADD", "PATH": "Members", "VALUE": [{ "Value": "b" }] }]),
            deltas(&["b"], &[]),
        ),
        (
            "the URN of the schema before the name",
            json!([{ "op": "add", "path": format!("{core}:members"), "value": "b" }, { "op": "add", "value": { core: { "members": ["c"] } } }]),
            deltas(&["b", "c"], &[]),
        ),
        (
            "ids keep their letter case",
            json!([{ "op": "add", "path": "members", "value": ["B", "b"] }]),
            deltas(&["B", "b"], &[]),
        ),
    ] {
        assert_eq!(patched(&operations).unwrap_or_else(|error| panic!("{form}: {error}")), expected, "{form}");
    }
}

/// What names nobody removes nobody, save where the whole list is meant.
#[test]
fn nothing_is_read_as_everybody() {
    for (name, operations, expected) in [
        ("nothing to do", json!([]), deltas(&[], &[])),
        ("an empty list removed", json!([{ "op": "Remove", "path": "members", "value": [] }]), deltas(&[], &[])),
        ("an empty list added", json!([{ "op": "Add", "path": "members", "value": [] }]), deltas(&[], &[])),
        ("null added", json!([{ "op": "Add", "path": "members", "value": null }]), deltas(&[], &[])),
        ("the whole list is empty", json!([{ "op": "Replace", "path": "members", "value": [] }]), exactly(&[])),
        ("the whole list is null", json!([{ "op": "Replace", "path": "members", "value": null }]), exactly(&[])),
    ] {
        assert_eq!(patched(&operations).unwrap_or_else(|error| panic!("{name}: {error}")), expected, "{name}");
    }
}

#[test]
fn what_is_no_member_is_refused_with_a_sentence() {
    let on = |op: &str, path: &str, value: Value| json!([{ "op": op, "path": path, "value": value }]);
    let path = |path: &str| json!([{ "op": "remove", "path": path }]);
    for (name, operations, scim_type, word) in [
        ("a number", on("add", "members", json!([7])), "invalidValue", "a number"),
        ("a number as the value", on("add", "members", json!([{ "value": 7 }])), "invalidValue", "a number"),
        (
            "an object without a value",
            on("add", "members", json!([{ "display": "A" }])),
            "invalidValue",
            "without a value",
        ),
        ("an empty object", on("remove", "members", json!({})), "invalidValue", "without a value"),
        ("an empty text", on("replace", "members", json!("")), "invalidValue", "an empty text"),
        (
            "an empty text as the value",
            on("remove", "members", json!([{ "value": "" }])),
            "invalidValue",
            "an empty text",
        ),
        ("null in a list", on("replace", "members", json!([null])), "invalidValue", "null"),
        ("a list in a list", on("add", "members", json!([["a"]])), "invalidValue", "an array"),
        ("a boolean", on("remove", "members", json!(true)), "invalidValue", "a boolean"),
        ("a list as the value", on("add", "members", json!([{ "value": ["a"] }])), "invalidValue", "an array"),
        (
            "one good and one bad",
            on("add", "members", json!([{ "value": "a" }, {}])),
            "invalidValue",
            "without a value",
        ),
        ("no value to add", json!([{ "op": "add", "path": "members" }]), "invalidValue", "no value"),
        ("no value to replace with", json!([{ "op": "replace", "path": "members" }]), "invalidValue", "no value"),
        ("null removed", on("Remove", "members", Value::Null), "invalidValue", "null"),
        ("a name, which members do not show", path("members[display eq \"A\"]"), "invalidPath", "value eq"),
        ("everybody without it", path("members[not (display eq \"A\")]"), "invalidPath", "value eq"),
        ("beside an id", path("members[value eq \"a\" and x eq 1]"), "invalidPath", "value eq"),
        ("a part of a value", path("members[value.x eq \"a\"]"), "invalidPath", "value eq"),
        ("a name of a member", path("members.display"), "invalidPath", "remove"),
        ("what no member has", on("add", "members.shoeSize", json!(43)), "invalidPath", "remove"),
        ("a part of a member", path("members[value eq \"a\"].type"), "mutability", "remove"),
        ("a part of every member", on("replace", "members.value", json!("a")), "mutability", "remove"),
        (
            "a member replaced",
            on("replace", "members[value eq \"a\"]", json!({ "value": "b" })),
            "mutability",
            "remove",
        ),
        ("a selector that does not end", path("members[value eq \"a\""), "invalidPath", "]"),
    ] {
        let error = patched(&operations).map_or_else(|error| error, |done| panic!("{name}: {done:?}"));
        assert_eq!(error.scim_type(), Some(scim_type), "{name}: {error}");
        assert!(error.to_string().contains(word), "{name}: {error}");
    }
}

/// Whom selectors and edits remove of a group of the users a and b and the group g, where c is a user and no member.
#[test]
fn a_selector_removes_whom_it_selects_and_nobody_else() {
    let remove = |selector: &str| json!({ "op": "remove", "path": format!("members[{selector}]") });
    let add = |id: &str| json!({ "op": "add", "path": "members", "value": id });
    let all = json!({ "op": "remove", "path": "members" });
    let of_user = "value eq \"a\" and type eq \"User\"";
    for (name, operations, left) in [
        ("an id and its type", json!([remove(of_user)]), &["b", "g"][..]),
        ("the type and then the id", json!([remove("type eq \"user\" and value eq \"a\"")]), &["b", "g"]),
        ("an id and another type", json!([remove("value eq \"a\" and type eq \"Group\"")]), &["a", "b", "g"]),
        ("an id and an address", json!([remove("value eq \"a\" and $ref ew \"/Users/a\"")]), &["b", "g"]),
        ("two ids at once", json!([remove("value eq \"a\" and value eq \"b\"")]), &["a", "b", "g"]),
        ("an address", json!([remove("$ref eq \"https://x/Users/b\"")]), &["a", "g"]),
        ("users", json!([remove("type eq \"User\"")]), &["g"]),
        ("everybody but one", json!([remove("value ne \"a\"")]), &["a"]),
        ("not", json!([remove("not (value eq \"a\")")]), &["a"]),
        ("everybody", json!([remove("value pr")]), &[]),
        ("nobody", json!([remove("value eq null")]), &["a", "b", "g"]),
        ("one or the other", json!([remove("value eq \"a\" or type eq \"Group\"")]), &["b"]),
        ("added before", json!([add("c"), remove("type eq \"User\"")]), &["g"]),
        ("added after", json!([remove("type eq \"User\""), add("c"), add("a")]), &["a", "c", "g"]),
        ("between", json!([remove("type eq \"Group\""), add("g"), remove("value sw \"a\"")]), &["b", "g"]),
        ("the id added before", json!([add("c"), remove(&of_user.replace("\"a\"", "\"c\""))]), &["a", "b", "g"]),
        ("the id added after", json!([remove(of_user), add("a")]), &["a", "b", "g"]),
        ("all, then one, then users", json!([all, add("c"), remove("type eq \"User\"")]), &[]),
        ("all, then a selector of one who is gone", json!([all, add("c"), remove(of_user)]), &["c"]),
        ("a selector, then all, then one", json!([remove("type eq \"User\""), all, add("a")]), &["a"]),
    ] {
        let members = patched(&operations).unwrap_or_else(|error| panic!("{name}: {error}"));
        let becomes = |(id, was_there): (&'static str, bool)| {
            let (endpoint, kind) = if id == "g" { ("Groups", "Group") } else { ("Users", "User") };
            let element = json!({ "value": id, "$ref": format!("https://x/{endpoint}/{id}"), "type": kind });
            let is_looked_at = members.names(id) || was_there && members.reaches_others();
            let edit = is_looked_at.then(|| members.becomes(id, &element)).flatten();
            edit.map_or(was_there, |edit| edit == Edit::Add).then_some(id)
        };
        let found: Vec<_> =
            [("a", true), ("b", true), ("c", false), ("g", true)].into_iter().filter_map(becomes).collect();
        assert_eq!(found, left, "{name}");
    }
    let named: Vec<_> =
        (0..MAX_OPERATIONS).map(|number| remove(&of_user.replace("\"a\"", &format!("\"{number}\"")))).collect();
    let members = patched(&json!(named)).expect("each names one member");
    assert_eq!((members.named().count(), members.reaches_others()), (MAX_OPERATIONS, false));
    let of_type = |count: usize| patched(&Value::Array(vec![remove("type eq \"User\""); count]));
    of_type(MAX_SELECTORS).expect("as many as may be");
    assert!(matches!(of_type(MAX_SELECTORS + 1), Err(Error::TooLarge(text)) if text.contains("16")));
}

#[test]
fn a_body_names_so_many_members_and_no_more() {
    let members = |count: usize| (0..count).map(|number| json!({ "value": format!("u{number}") })).collect::<Value>();
    let removed = |count: usize| {
        (0..count).map(|number| json!({ "op": "remove", "path": format!("members[value eq \"u{number}\"]") })).collect()
    };
    let all = patched(&removed(MAX_OPERATIONS)).expect("as many as may be");
    assert_eq!(all.edits().len(), MAX_OPERATIONS, "each operation is one step: no list is searched");
    let put = |count: usize| resource::parse(object(json!({ "displayName": "G", "members": members(count) })), &GROUP);
    assert_eq!(put(MAX_OPERATIONS).expect("as many as may be").members.edits().len(), MAX_OPERATIONS);
    let add = |count: usize| patched(&json!([{ "op": "add", "path": "members", "value": members(count) }]));
    assert!(add(MAX_OPERATIONS).is_ok());
    let same = Value::Array(vec!["u".into(); MAX_OPERATIONS + 1]);
    for (name, outcome) in [
        ("operations", patched(&removed(MAX_OPERATIONS + 1)).err()),
        ("members of an operation", add(MAX_OPERATIONS + 1).err()),
        ("members of a PUT", put(MAX_OPERATIONS + 1).err()),
        ("one member again and again", patched(&json!([{ "op": "add", "path": "members", "value": same }])).err()),
    ] {
        assert!(matches!(outcome, Some(Error::TooLarge(_))), "{name}: {outcome:?}");
    }
}

#[test]
fn a_whole_resource_names_all_members() {
    let parse = |body: Value| resource::parse(object(body), &GROUP).expect("a group").members;
    let microsofts = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    let body = json!({ "schemas": [GROUP.schema.urn, microsofts], "displayName": "G", "members": [{ "value": "a" }] });
    assert_eq!(parse(body), exactly(&["a"]));
    assert_eq!(parse(json!({ "displayName": "G", "members": [] })), exactly(&[]));
    assert_eq!(parse(json!({ "displayName": "G" })), deltas(&[], &[]), "a POST without members adds nobody");
    assert_eq!(parse(json!({ "displayName": "G" })).whole(), exactly(&[]), "a PUT without members leaves nobody");
    assert_eq!(deltas(&["a"], &["b"]).whole(), exactly(&["a"]));
    let user = resource::parse(object(json!({ "userName": "u", "members": ["a"] })), &USER).expect("a user");
    assert_eq!((user.members, user.ignored), (deltas(&[], &[]), vec!["members".to_owned()]));
}
