//! What a person and a group say of themselves: the state, the request behind it, who is deleted, and what was ignored.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::wait::within;
use crate::support::{Client, Directory, Operator, until};

/// A leader of another test that was killed is waited for as long as its Lease runs.
const LEADER_DEADLINE: Duration = Duration::from_secs(60);

async fn client(directory: &Directory) -> Client {
    directory.client(Operator::shared().await).await
}

/// Waits until an object is in this state, and until its status speaks of its spec; returns it.
async fn state(directory: &Directory, kind: &str, name: &str, state: &str) -> Value {
    let mut last = Value::Null;
    let found = within(LEADER_DEADLINE, async || {
        last = directory.get(kind, name).await?;
        let is_current = last["status"]["observedGeneration"] == last["metadata"]["generation"];
        (last["status"]["state"] == state && is_current).then(|| last.clone())
    })
    .await;
    found.unwrap_or_else(|| panic!("{kind}/{name} is not {state}: {last:#}"))
}

fn condition<'a>(object: &'a Value, name: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().find(|condition| condition["type"] == name).unwrap_or(&Value::Null)
}

/// The notes of the Events of this reason about an object.
async fn notes(directory: &Directory, name: &str, reason: &str) -> Vec<String> {
    let events = directory.list("events.events.k8s.io").await.into_iter();
    let events = events.filter(|event| event["regarding"]["name"] == name && event["reason"] == reason);
    events.map(|event| event["note"].as_str().expect("a note").to_owned()).collect()
}

/// Waits for the Events of this reason about an object; returns their notes.
async fn told(directory: &Directory, name: &str, reason: &str) -> Vec<String> {
    let found = within(LEADER_DEADLINE, async || {
        let notes = notes(directory, name, reason).await;
        (!notes.is_empty()).then_some(notes)
    });
    found.await.unwrap_or_else(|| panic!("no Event {reason} about {name}"))
}

async fn annotate(directory: &Directory, kind: &str, name: &str) {
    directory.kubectl(&["annotate", kind, name, "rollcall.dev/undelete=true"]).await.expect("kubectl annotate");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_in_one_word_what_is_the_matter_and_which_request_did_it() {
    let directory =
        Directory::with_spec(json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } })).await;
    let client = client(&directory).await;
    let ada = client.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    let path = format!("/Users/{ada}");
    let person = state(&directory, "directoryuser", &ada, "Active").await;
    assert_eq!(
        (&condition(&person, "Ready")["status"], &condition(&person, "Ready")["reason"]),
        (&json!("True"), &json!("Claimed"))
    );
    assert_eq!(person["spec"].get("lastDeactivation"), None);

    let deactivate = json!([{ "op": "replace", "path": "active", "value": false }]);
    let answer = client.patch(&path, deactivate.clone()).await;
    let request = answer.header("x-request-id").to_owned();
    let shown = answer.expect(200);
    assert!(!shown.to_string().contains(&request), "SCIM shows no mark: {shown}");
    let person = state(&directory, "directoryuser", &ada, "Inactive").await;
    let mark = person["spec"]["lastDeactivation"].clone();
    assert_eq!((&mark["method"], &mark["requestID"]), (&json!("PATCH"), &json!(request)));
    assert_eq!(person["status"]["stateSince"].as_str().map(|at| &at[..19]), mark["at"].as_str().map(|at| &at[..19]));
    let message = condition(&person, "AccessGranted")["message"].as_str().expect("a message").to_owned();
    let key = mark["key"].as_str().expect("the key");
    assert!(message.contains(&format!("with the key {key}, request {request}")), "{message}");
    let described = directory.kubectl(&["describe", "directoryuser", &ada]).await.expect("kubectl describe");
    assert!(described.contains(&request), "{described}");
    assert_eq!(told(&directory, &ada, "AccessDenied").await.len(), 1);

    // The same again writes nothing, and a refused request that deactivates names itself as well.
    client.patch(&path, deactivate.clone()).await.expect(200);
    assert_eq!(directory.get("directoryuser", &ada).await.expect("ada")["spec"]["lastDeactivation"], mark);
    client.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.expect(200);
    let person = state(&directory, "directoryuser", &ada, "Active").await;
    assert_eq!(person["spec"]["lastDeactivation"], mark, "it says what was before");
    let refused = json!([deactivate[0], { "op": "replace", "path": "userName", "value": "" }]);
    let answer = client.patch(&path, refused).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let person = state(&directory, "directoryuser", &ada, "Inactive").await;
    assert_eq!(person["spec"]["lastDeactivation"]["requestID"], answer.header("x-request-id"));

    let suspend = r#"{"spec":{"suspended":true}}"#;
    directory.kubectl(&["patch", "directoryuser", &ada, "--type=merge", "-p", suspend]).await.expect("kubectl patch");
    client.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.expect(200);
    state(&directory, "directoryuser", &ada, "Suspended").await;
    let row = directory.kubectl(&["get", "directoryusers", "--no-headers"]).await.expect("kubectl get");
    let columns: Vec<_> = row.split_whitespace().collect();
    assert_eq!(columns[..4], [ada.as_str(), "ada@contoso.example", "Suspended", "False"], "{row}");
    assert!(row.trim_end().chars().count() <= 100, "{row}");
    directory
        .kubectl(&["wait", "--for=condition=Ready", &format!("directoryuser/{ada}"), "--timeout=10s"])
        .await
        .expect("a suspended person is as the spec wants it");
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstones_carry_a_label_until_they_are_brought_back() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let ada = client.create(&json!({ "userName": "ada" })).await;
    let bob = client.create(&json!({ "userName": "bob" })).await;
    let group = client.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let group = group["id"].as_str().expect("an id").to_owned();
    for (kind, path, name) in [("directoryuser", "Users", &ada), ("directorygroup", "Groups", &group)] {
        state(&directory, kind, name, "Active").await;
        client.delete(&format!("/{path}/{name}")).await.expect(204);
        let buried = state(&directory, kind, name, "Deleted").await;
        assert_eq!(buried["metadata"]["labels"]["rollcall.dev/deleted"], "true");
        let ready = condition(&buried, "Ready");
        assert_eq!((&ready["status"], &ready["reason"]), (&json!("True"), &json!("Deleted")), "{name}");
        assert!(!told(&directory, name, "StateChanged").await.is_empty());
    }
    let living = directory.kubectl(&["get", "directoryusers", "-l", "!rollcall.dev/deleted", "-o", "name"]).await;
    assert_eq!(living.expect("kubectl get").trim(), format!("directoryuser.rollcall.dev/{bob}"));

    // Tombstones of a version before have no label, and somebody may set one by hand.
    let unlabel = ["label", "directoryuser", &ada, "rollcall.dev/deleted-"];
    directory.kubectl(&unlabel).await.expect("kubectl label");
    directory.kubectl(&["label", "directoryuser", &bob, "rollcall.dev/deleted=true"]).await.expect("kubectl label");
    let label = async |name: &str| {
        let object = directory.get("directoryuser", name).await.expect("a person");
        object["metadata"]["labels"].get("rollcall.dev/deleted").cloned()
    };
    until("the label to be as it was", async || {
        (label(&ada).await == Some(json!("true")) && label(&bob).await.is_none()).then_some(())
    })
    .await;
    annotate(&directory, "directoryuser", &ada).await;
    let back = state(&directory, "directoryuser", &ada, "Active").await;
    assert_eq!(back["metadata"]["labels"].get("rollcall.dev/deleted"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undelete_that_cannot_be_had_says_who_has_the_name_and_comes_when_it_is_free() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let first = client.create(&json!({ "userName": "ada" })).await;
    client.delete(&format!("/Users/{first}")).await.expect(204);
    state(&directory, "directoryuser", &first, "Deleted").await;
    let second = client.create(&json!({ "userName": "ada" })).await;
    annotate(&directory, "directoryuser", &first).await;
    let mut last = Value::Null;
    let waiting = within(LEADER_DEADLINE, async || {
        last = directory.get("directoryuser", &first).await?;
        (condition(&last, "Ready")["reason"] == "Taken").then(|| last.clone())
    });
    let waiting = waiting.await.unwrap_or_else(|| panic!("nobody says why it waits: {last:#}"));
    let message = condition(&waiting, "Ready")["message"].as_str().expect("a message");
    assert!(message.contains(&second) && message.contains("undelete"), "{message}");
    assert_eq!(condition(&waiting, "Stalled")["status"], "True");
    assert_eq!(told(&directory, &first, "ValueTaken").await.len(), 1);
    client.delete(&format!("/Users/{second}")).await.expect(204);
    state(&directory, "directoryuser", &first, "Active").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ignored_or_refused_is_an_event_on_the_object_that_it_is_about() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let body = json!({ "userName": "ada", "shoeSize": "wide" });
    let answer = client.post("/Users", &body).await;
    let request = answer.header("x-request-id").to_owned();
    let id = answer.expect(201)["id"].as_str().expect("an id").to_owned();
    let ignored = told(&directory, &id, "AttributesIgnored").await;
    assert!(ignored[0].contains("shoeSize") && ignored[0].contains(&request), "{ignored:?}");

    let members = json!([{ "value": id }, { "value": "nobody-1" }]);
    let group = json!({ "displayName": "Staff", "members": members });
    let group = client.post("/Groups", &group).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let ignored = told(&directory, &group, "MembersIgnored").await;
    assert!(ignored[0].starts_with("1 of the members") && ignored[0].contains("nobody-1"), "{ignored:?}");

    for _ in 0..3 {
        client.post("/Users", &json!({ "userName": "ADA" })).await.expect_error(409, Some("uniqueness"));
    }
    let wanted = told(&directory, &id, "ValueWanted").await;
    assert!(wanted[0].contains("userName belongs to this object") && wanted.len() == 1, "{wanted:?}");
    let all = directory.kubectl(&["get", "events.events.k8s.io", "-o", "json"]).await.expect("kubectl get");
    assert!(!all.contains("wide") && !all.contains("ADA"), "no value stands in an Event: {all}");
}
