//! What a change of members asks of the API server, against one in memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::*;
use crate::api::DirectorySpec;
use crate::metrics::Metrics;
use crate::provisioning::{Author, EtagCondition, OperationNote, groups};
use crate::store::memory::{Asked, Memory, refusal};
use crate::store::{Presence, Seen, WatchedDirectory};

const GET_GROUP: &str = "GET directorygroups";
const GET_USER: &str = "GET directoryusers";
const PUT_USER: &str = "PUT directoryusers";

/// A group `blue` and another one, and so many users, the first of whom belong to it.
fn people(memory: &Memory, users: usize, members: usize) {
    for group in ["blue", "red"] {
        let scim = json!({ "displayName": group });
        put(memory, Kind::GROUP, group, &json!({ "directoryRef": { "name": "staff" }, "scim": scim }));
        claim(memory, "Group.displayName", group, group);
    }
    for number in 0..users {
        let name = format!("u{number:04}");
        let groups = if number < members { json!(["blue"]) } else { json!([]) };
        put(
            memory,
            Kind::USER,
            &name,
            &json!({
                "directoryRef": { "name": "staff" }, "managedBy": "Provisioning",
                "scim": { "userName": name }, "memberOf": groups,
            }),
        );
        claim(memory, "User.userName", &name, &name);
    }
}

fn put(memory: &Memory, kind: Kind, name: &str, spec: &Value) {
    memory.put(kind, &json!({ "metadata": { "name": name, "namespace": "people" }, "spec": spec }));
}

fn claim(memory: &Memory, attribute: &str, value: &str, holder: &str) {
    let name = crate::rules::naming::claim_name("staff", attribute, value);
    let directory = json!({ "name": "staff" });
    let spec = json!({ "directoryRef": directory, "attribute": attribute, "value": value, "holder": holder });
    put(memory, Kind::CLAIM, &name, &spec);
}

fn context(store: crate::store::Store, spec: &Value) -> Context {
    let spec = DirectorySpec::deserialize(spec).expect("a spec");
    let directory = WatchedDirectory {
        namespace: "people".to_owned(),
        name: "staff".to_owned(),
        spec,
        unique: Arc::default(),
        seen: Seen::default(),
    };
    let (client, base) = (Presence::default(), "https://x".into());
    Context {
        directory: Arc::new(directory),
        store,
        metrics: Metrics::default(),
        author: Author::somebody(),
        client,
        note: OperationNote::default(),
        base,
    }
}

fn start(memory: &Memory, spec: &Value) -> Context {
    let store = memory.store(|_| None);
    memory.fill(&store);
    memory.asked();
    context(store, spec)
}

async fn patch(context: &Context, operations: &Value) -> Result<(), Error> {
    let body = json!({ "Operations": operations }).to_string();
    groups::patch(context, "blue", None, body.as_bytes()).await.map(drop)
}

fn add(ids: &[&str]) -> Value {
    json!([{ "op": "Add", "path": "members", "value": ids }])
}

fn members(memory: &Memory) -> Vec<String> {
    let users = memory.all(Kind::USER).into_iter().chain(memory.all(Kind::GROUP));
    let of_blue = users.filter(|object| object.member_of().contains(&"blue"));
    of_blue.map(|object| object["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_change_of_one_member_is_two_reads_and_one_write() {
    let remove = |path: &str| json!([{ "op": "remove", "path": path }]);
    for (name, operations, calls) in [
        ("added", add(&["u0002"]), &[GET_GROUP, GET_USER, PUT_USER][..]),
        ("added who is there", add(&["u0001"]), &[GET_GROUP, GET_USER]),
        ("removed", remove("members[value eq \"u0001\"]"), &[GET_GROUP, GET_USER, PUT_USER]),
        ("removed who is not there", remove("members[value eq \"u0002\"]"), &[GET_GROUP, GET_USER]),
        (
            "added and removed",
            json!([add(&["u0002"])[0], remove("members[value eq \"u0002\"]")[0]]),
            &[GET_GROUP, GET_USER],
        ),
        ("a group", add(&["red"]), &[GET_GROUP, GET_USER, GET_GROUP, "PUT directorygroups"]),
        ("nobody", add(&["nobody"]), &[GET_GROUP, GET_USER, GET_GROUP]),
        ("what no object can be called", add(&["string id 1", "../x"]), &[GET_GROUP]),
        ("nothing", json!([]), &[GET_GROUP]),
    ] {
        let memory = Memory::default();
        people(&memory, 4, 2);
        let context = start(&memory, &json!({}));
        patch(&context, &operations).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(memory.asked(), calls, "{name}");
    }
}

#[tokio::test]
async fn many_members_are_written_a_few_at_a_time_and_again_without_a_write() {
    let memory = Memory::default();
    people(&memory, 200, 0);
    let context = start(&memory, &json!({}));
    let ids: Vec<_> = (0..200).map(|number| format!("u{number:04}")).collect();
    let all = add(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    patch(&context, &all).await.expect("done");
    assert_eq!((members(&memory), memory.most_in_flight()), (ids, MAX_AT_ONCE));
    assert_eq!(memory.asked().len(), 1 + 2 * 200);
    patch(&context, &all).await.expect("done");
    assert_eq!(memory.asked().iter().filter(|call| call.starts_with("PUT")).count(), 0);
}

#[tokio::test]
async fn the_whole_list_removes_whom_it_does_not_name() {
    let replace = |ids: &[&str]| json!([{ "op": "replace", "path": "members", "value": ids }]);
    for (name, operations, left, calls) in [
        ("replaced", replace(&["u0001", "u0400"]), &["u0001", "u0400"][..], (401, 400)),
        ("emptied", json!([{ "op": "remove", "path": "members" }]), &[], (400, 400)),
        ("emptied by an empty list", replace(&[]), &[], (400, 400)),
    ] {
        let memory = Memory::default();
        people(&memory, 401, 400);
        let context = start(&memory, &json!({}));
        patch(&context, &operations).await.expect("done");
        assert_eq!(members(&memory), left, "{name}");
        let asked = memory.asked();
        let count = |call: &str| asked.iter().filter(|asked| *asked == call).count();
        assert_eq!((count(GET_USER), count(PUT_USER)), calls, "{name}: nobody is asked for twice");
    }
}

#[tokio::test]
async fn a_put_without_members_leaves_nobody_and_a_rename_everybody() {
    let memory = Memory::default();
    people(&memory, 3, 2);
    let context = start(&memory, &json!({}));
    patch(&context, &json!([{ "op": "Replace", "path": "externalId", "value": "e-1" }])).await.expect("done");
    assert_eq!(memory.asked(), [GET_GROUP, "PUT directorygroups"]);
    assert_eq!(members(&memory), ["u0000", "u0001"]);
    groups::replace(&context, "blue", None, b"{\"displayName\":\"blue\"}").await.expect("done");
    assert_eq!(members(&memory), [""; 0]);
}

#[tokio::test]
async fn who_belongs_to_too_many_groups_is_refused_and_stands_in_nobodys_way() {
    let memory = Memory::default();
    people(&memory, 3, 0);
    let groups: Vec<_> = (0..MAX_GROUPS).map(|number| format!("g{number:04}")).collect();
    let scim = json!({ "userName": "u0001" });
    let spec =
        json!({ "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": scim, "memberOf": groups });
    put(&memory, Kind::USER, "u0001", &spec);
    let context = start(&memory, &json!({}));
    let error = patch(&context, &add(&["u0000", "u0001", "u0002"])).await.expect_err("refused");
    assert!(matches!(&error, Error::Scim(scim::Error::InvalidValue(text)) if text.contains("2048")), "{error}");
    assert_eq!(members(&memory), ["u0000", "u0002"]);
}

#[tokio::test]
async fn those_who_are_not_in_the_directory_are_counted_and_not_written() {
    let memory = Memory::default();
    people(&memory, 2, 0);
    let spec =
        json!({ "directoryRef": { "name": "guests" }, "managedBy": "Provisioning", "scim": { "userName": "x" } });
    put(&memory, Kind::USER, "guest", &spec);
    let mut deleted = spec;
    deleted["directoryRef"] = json!({ "name": "staff" });
    deleted["deletedAt"] = json!("2026-01-01T00:00:00Z");
    put(&memory, Kind::USER, "gone", &deleted);
    let context = start(&memory, &json!({}));
    patch(&context, &add(&["guest", "gone", "nobody", "u0001", "string id 1"])).await.expect("done");
    assert_eq!(members(&memory), ["u0001"]);
    let count = "rollcall_unknown_members_total{namespace=\"people\",directory=\"staff\"} 4";
    assert!(context.metrics.text().contains(count), "{}", context.metrics.text());
    patch(&context, &json!([{ "op": "Remove", "path": "members", "value": ["nobody"] }])).await.expect("done");
    assert!(context.metrics.text().contains(count), "who is not there need not be removed");
}

#[tokio::test]
async fn a_failure_half_way_is_finished_by_the_same_request() {
    let memory = Memory::default();
    people(&memory, 40, 0);
    let left = std::sync::atomic::AtomicUsize::new(20);
    let store = memory.store(move |asked| {
        let is_write = asked.method == "PUT" && asked.kind == "directoryusers";
        let is_left = |left: usize| left.checked_sub(1);
        let order = std::sync::atomic::Ordering::Relaxed;
        (is_write && left.fetch_update(order, order, is_left).is_err()).then(|| refusal(403, "Forbidden"))
    });
    memory.fill(&store);
    let broken = context(store, &json!({}));
    let ids: Vec<_> = (0..40).map(|number| format!("u{number:04}")).collect();
    let all = add(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let outcome = patch(&broken, &all).await;
    assert!(matches!(outcome, Err(Error::Broken(_) | Error::Unavailable { .. })), "{outcome:?}");
    assert_eq!(members(&memory).len(), 20);
    patch(&start(&memory, &json!({})), &all).await.expect("done");
    assert_eq!(members(&memory), ids);
}

#[tokio::test]
async fn a_directory_that_ignores_groups_stores_no_member_and_loses_none() {
    let memory = Memory::default();
    people(&memory, 3, 2);
    let context = start(&memory, &json!({ "groups": { "mode": "Ignore" } }));
    patch(&context, &add(&["u0002", "nobody"])).await.expect("no error");
    assert_eq!(memory.asked(), [GET_GROUP], "nobody is taken in");
    assert!(patch(&context, &add(&[""])).await.is_err(), "what is wrong stays wrong");
    assert_eq!(members(&memory), ["u0000", "u0001"], "what was stored before is hidden, not lost");
    assert!(groups::get(&context, "blue").await.expect("a group").members.is_none());
    let user = crate::provisioning::users::get(&context, "u0000").await.expect("a user");
    assert_eq!(user.resource.get("groups"), None);
    let shown = crate::provisioning::users::get(&start(&memory, &json!({})), "u0000").await.expect("a user");
    assert_eq!(shown.resource["groups"], json!([{ "value": "blue", "display": "blue", "type": "direct" }]));
    let remove = json!([{ "op": "Remove", "path": "members", "value": [{ "value": "u0000" }] }]);
    patch(&context, &remove).await.expect("no error");
    assert_eq!(members(&memory), ["u0001"], "who left does not come back with the groups");
    patch(&context, &json!([{ "op": "remove", "path": "members" }])).await.expect("no error");
    assert_eq!(members(&memory), [""; 0]);
}

/// A rule that is in force when two values are there already.
#[tokio::test]
async fn two_values_of_a_unique_attribute_are_refused_and_stand_in_nobodys_way() {
    let memory = Memory::default();
    people(&memory, 2, 0);
    let two = json!([{ "value": "a" }, { "value": "b" }]);
    let scim = json!({ "userName": "u0001", "active": true, "entitlements": two });
    let spec = json!({ "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": scim });
    put(&memory, Kind::USER, "u0001", &spec);
    let attribute = json!({ "attribute": "User.entitlements.value", "state": "InForce" });
    let spec = json!({ "users": { "uniqueAttributes": ["entitlements"] } });
    let metadata = json!({ "name": "staff", "namespace": "people" });
    let status = json!({ "uniqueAttributes": [attribute] });
    memory.put(Kind::DIRECTORY, &json!({ "metadata": metadata, "spec": spec, "status": status }));
    let context = start(&memory, &spec);
    let patch = async |id: &str, operation: Value| {
        let body = json!({ "Operations": [operation] }).to_string();
        crate::provisioning::users::patch(&context, id, None, body.as_bytes()).await
    };
    let add = |value: Value| json!({ "op": "add", "path": "entitlements", "value": value });
    let error = patch("u0000", add(two)).await.expect_err("refused");
    assert!(matches!(&error, Error::Scim(scim::Error::InvalidValue(text)) if text.contains("entitlements")), "{error}");
    patch("u0000", add(json!([{ "value": "c" }]))).await.expect("one value");
    let off = json!({ "op": "Replace", "path": "active", "value": "False" });
    let stored = patch("u0001", off).await.expect("a person is always let out");
    assert_eq!(stored.resource["active"], false);
}

#[test]
fn only_what_may_be_an_id_is_logged() {
    for (text, expected) in
        [("ada-m6bv5r79v2szzv", true), ("u-4711", true), ("ada@contoso.example", false), ("Ada", false)]
    {
        assert_eq!(may_be_id(text), expected, "{text}");
    }
}

/// The leader writes a status of the group between the intent and the commit of a rename. The intent has raised the
/// generation by then, and with it the entity tag.
#[tokio::test]
async fn a_conditional_rename_that_meets_a_status_is_carried_out() {
    let memory = Memory::default();
    people(&memory, 1, 1);
    let spec = json!({ "directoryRef": { "name": "staff" }, "scim": { "displayName": "blue" } });
    let metadata = json!({ "name": "blue", "namespace": "people" });
    memory.put(Kind::GROUP, &json!({ "kind": "DirectoryGroup", "metadata": metadata, "spec": spec }));
    let (behind, number) = (memory.clone(), AtomicUsize::new(0));
    let store = memory.store(move |asked| {
        let is_put = asked.method == "PUT" && asked.kind == "directorygroups";
        if is_put && number.fetch_add(1, Ordering::Relaxed) == 1 {
            let status = json!({ "metadata": { "name": "blue" }, "status": { "memberCount": 1 } });
            let (method, kind, name) = ("PATCH".to_owned(), asked.kind.clone(), asked.name.clone());
            assert_eq!(behind.carry_out(&Asked { method, kind, name, body: status, is_tried: false }).0, 200);
        }
        None
    });
    memory.fill(&store);
    let context = context(store, &json!({}));
    let before = groups::get(&context, "blue").await.expect("the group").etag;
    let rename = json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "Green" }] }).to_string();
    let condition = EtagCondition::parse(&before);
    groups::patch(&context, "blue", Some(&condition), rename.as_bytes()).await.expect("the version is the same");
    let object = memory.all(Kind::GROUP).into_iter().find(|object| object.name() == "blue").expect("the group");
    assert_eq!((&object.scim()["displayName"], object.pending().count()), (&json!("Green"), 0));
    let again = groups::patch(&context, "blue", Some(&condition), rename.as_bytes()).await;
    assert!(matches!(again, Err(Error::PreconditionFailed)), "{again:?}");
}
