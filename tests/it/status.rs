//! What the operator writes into statuses: counts, quotas, rules on their way, and nothing where nothing changes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::wait::within;
use crate::support::{Client, Directory, Operator, until};

/// A leader of another test that was killed is waited for as long as its Lease runs.
const LEADER_DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the status of an object is as `holds` wants it; returns the object.
async fn status(directory: &Directory, kind: &str, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let found = within(LEADER_DEADLINE, async || {
        last = directory.get(kind, name).await?;
        holds(&last["status"]).then(|| last.clone())
    })
    .await;
    found.unwrap_or_else(|| panic!("waited for {what}: {:#}", last["status"]))
}

fn condition<'a>(status: &'a Value, name: &str) -> &'a Value {
    let conditions = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().find(|condition| condition["type"] == name).unwrap_or(&Value::Null)
}

fn is(status: &Value, name: &str, holds: &str, reason: &str) -> bool {
    let condition = condition(status, name);
    condition["status"] == holds && condition["reason"] == reason
}

async fn ready(directory: &Directory) -> Value {
    status(directory, "directory", "staff", "a Directory that is ready", |status| {
        is(status, "Ready", "True", "Serving")
    })
    .await
}

async fn client(directory: &Directory) -> Client {
    directory.client(Operator::shared().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_directory_is_ready_and_has_nothing_to_claim() {
    let directory = Directory::new().await;
    client(&directory).await;
    let object = ready(&directory).await;
    assert_eq!(object["status"]["uniqueAttributes"], Value::Null);
    assert_eq!(object["status"]["observedGeneration"], object["metadata"]["generation"]);
    assert_eq!(object["status"]["counts"], json!({ "users": 0, "activeUsers": 0, "groups": 0 }));
    directory
        .kubectl(&["wait", "--for=condition=Ready", "directory/staff", "--timeout=5s"])
        .await
        .expect("it is ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_says_how_many_members_it_has() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    ready(&directory).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(client.create(&json!({ "userName": format!("person-{number}") })).await);
    }
    ids.sort();
    let group = client.post("/Groups", &json!({ "displayName": "All staff", "externalId": "g" })).await.expect(201);
    let group = group["id"].as_str().expect("an id").to_owned();
    let counted = |count: usize| move |status: &Value| status["memberCount"] == count;
    status(&directory, "directorygroup", &group, "an empty group", counted(0)).await;
    let versions = async || {
        let objects = directory.list("directoryusers").await;
        objects.iter().map(|object| object["metadata"]["resourceVersion"].to_string()).collect::<Vec<_>>()
    };
    let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
    let add = json!([{ "op": "Add", "path": "members", "value": members }]);
    client.patch(&format!("/Groups/{group}"), add).await.expect(204);
    let object = status(&directory, "directorygroup", &group, "three members", counted(3)).await;
    for id in &ids {
        let person = directory.get("directoryuser", id).await.expect("a person");
        let told = |status: &Value| status["observedGeneration"] == person["metadata"]["generation"];
        status(&directory, "directoryuser", id, "a member to be told of", told).await;
    }
    assert_eq!(object["status"]["firstMembers"], json!(ids));
    let shown = directory.kubectl(&["get", "directorygroup", &group, "--no-headers"]).await.expect("kubectl get");
    assert_eq!(shown.split_whitespace().filter(|column| *column == "3").count(), 1, "{shown}");

    let before = versions().await;
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "Everybody" }]);
    client.patch(&format!("/Groups/{group}"), rename).await.expect(204);
    let renamed =
        |status: &Value| status["observedGeneration"].as_i64() > object["status"]["observedGeneration"].as_i64();
    status(&directory, "directorygroup", &group, "the new generation", renamed).await;
    assert_eq!(versions().await, before, "a group that is renamed touches no member");
    let users = directory.list("directoryusers").await;
    assert_eq!(users.len(), 3);
    assert!(users.iter().all(|user| user["status"]["state"] == "Active"), "they are as they were");

    client.delete(&format!("/Users/{}", ids[1])).await.expect(204);
    let object = status(&directory, "directorygroup", &group, "two members", counted(2)).await;
    assert_eq!(object["status"]["firstMembers"], json!([ids[0], ids[2]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_says_when_its_members_last_changed() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let id = client.create(&json!({ "userName": "ada" })).await;
    let group = client.post("/Groups", &json!({ "displayName": "Staff" })).await.expect(201);
    let group = group["id"].as_str().expect("an id").to_owned();
    let first =
        status(&directory, "directorygroup", &group, "a digest", |status| status["membersDigest"].is_string()).await;
    assert_eq!(first["status"]["membersChangedAt"], Value::Null);

    let mut before = (jiff::Timestamp::now().to_string(), first["status"]["membersDigest"].clone());
    let join = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    client.patch(&format!("/Groups/{group}"), join).await.expect(204);
    for count in [1, 0] {
        let counted = |status: &Value| status["memberCount"] == count;
        let object = status(&directory, "directorygroup", &group, "the count", counted).await;
        let changed_at = object["status"]["membersChangedAt"].as_str().expect("a time").to_owned();
        assert!(changed_at.as_str() >= &before.0[..19], "{changed_at} after {}", before.0);
        assert_ne!(object["status"]["membersDigest"], before.1);
        before = (changed_at, object["status"]["membersDigest"].clone());
        if count == 1 {
            client.delete(&format!("/Users/{id}")).await.expect(204);
        }
    }
    assert_eq!(before.1, first["status"]["membersDigest"], "the same members, the same digest");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_while_nothing_changes() {
    let directory = Directory::with_spec(json!({
        "users": { "userTypes": { "allowed": ["Member", "Guest"], "default": "Member" }, "quota": { "activeUsers": 10 } },
    }))
    .await;
    let client = client(&directory).await;
    let id = client.create(&json!({ "userName": "ada", "active": true })).await;
    status(&directory, "directoryuser", &id, "the effective userType", |status| {
        status["effective"]["userType"] == "Member"
    })
    .await;
    let counted = |status: &Value| status["quota"][0]["used"] == 1 && is(status, "Ready", "True", "Serving");
    status(&directory, "directory", "staff", "the quota", counted).await;
    let stand = async || {
        let user = directory.get("directoryuser", &id).await.expect("a user");
        let mut staff = directory.get("directory", "staff").await.expect("a Directory");
        // Each replica adds what it has served a minute later, which no leader does.
        staff["status"]["provisioning"].take();
        (user["metadata"]["resourceVersion"].clone(), staff["status"].clone())
    };
    let before = stand().await;
    // Whoever leads next looks at everything anew: a second replica that leads by a Lease of its own shows that now.
    crate::leader::allow_lease(&directory.namespace).await;
    let namespace = directory.namespace.as_str();
    // It knows no other namespace, where tests change things all the time.
    let flags = ["--namespace", namespace, "--lease-namespace", namespace, "--replica-name", "anew"];
    let replica = Operator::start(&flags).await;
    until("it to lead", async || crate::leader::leads(&replica).await.then_some(())).await;
    let told = format!("rollcall_quota_used{{namespace=\"{namespace}\"");
    until("it to have looked at everything", async || {
        let metrics = replica.metrics().await;
        (metrics.contains(&told) && metrics.contains("rollcall_dirty_names{controller=\"status\"} 0\n")).then_some(())
    })
    .await;
    assert_eq!(stand().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_warned_of_and_then_reached() {
    let directory = Directory::with_spec(json!({ "users": { "quota": { "activeUsers": 5 } } })).await;
    let client = client(&directory).await;
    let create = async |number: usize| {
        client.create(&json!({ "userName": format!("person-{number}"), "active": true })).await;
    };
    for number in 0..3 {
        create(number).await;
    }
    let below = |status: &Value| is(status, "QuotaReached", "False", "Below") && status["quota"][0]["used"] == 3;
    status(&directory, "directory", "staff", "room", below).await;
    create(3).await;
    let near = |status: &Value| is(status, "QuotaReached", "False", "Nearly");
    let object = status(&directory, "directory", "staff", "a warning", near).await;
    assert_eq!(condition(&object["status"], "QuotaReached")["message"], "4 of 5 active users");
    create(4).await;
    let reached = |status: &Value| is(status, "QuotaReached", "True", "Reached");
    let object = status(&directory, "directory", "staff", "the alarm", reached).await;
    assert_eq!(object["status"]["counts"]["activeUsers"], 5);
    assert_eq!(object["status"]["quota"], json!([{ "used": 5, "limit": 5 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_people_break_stays_claiming_until_they_do_not() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    ready(&directory).await;
    let person = |name: &str, external_id: &str| json!({ "userName": name, "externalId": external_id });
    let older = client.create(&person("ada", "same")).await;
    let younger = client.create(&person("bob", "same")).await;
    client.create(&person("eve", "another")).await;
    let warned = |status: &Value| is(status, "DuplicateExternalId", "True", "Duplicates");
    status(&directory, "directory", "staff", "a warning", warned).await;

    directory.apply_directory(json!({ "uniqueExternalId": { "users": "Enforce" } })).await;
    let contested = |status: &Value| {
        let ready = condition(status, "Ready");
        ready["reason"] == "Claiming" && ready["message"].as_str().is_some_and(|message| message.contains(&younger))
    };
    let object = status(&directory, "directory", "staff", "the rule to meet a rival", contested).await;
    let message = condition(&object["status"], "Ready")["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("User.externalId") && message.contains(&older), "{message}");
    let lost = |status: &Value| is(status, "Ready", "False", "Taken");
    let object = status(&directory, "directoryuser", &younger, "the younger to be told", lost).await;
    assert!(condition(&object["status"], "Ready")["message"].as_str().expect("a message").contains(&older));
    let object = directory.get("directoryuser", &older).await.expect("the older");
    assert!(is(&object["status"], "Ready", "True", "Claimed"), "{:#}", object["status"]);
    // The old rule is in force: a third one is taken.
    let third = client.create(&person("joe", "same")).await;
    client.delete(&format!("/Users/{third}")).await.expect(204);

    let mend = json!([{ "op": "replace", "path": "externalId", "value": "mended" }]);
    client.patch(&format!("/Users/{younger}"), mend).await.expect(200);
    let in_force =
        |status: &Value| is(status, "Ready", "True", "Serving") && status["uniqueAttributes"][0]["state"] == "InForce";
    status(&directory, "directory", "staff", "the rule to be in force", in_force).await;
    let healed = |status: &Value| is(status, "Ready", "True", "Claimed");
    status(&directory, "directoryuser", &younger, "the younger to be told", healed).await;
    until("a duplicate to be refused", async || {
        let answer = client.post("/Users", &person("kim", "same")).await;
        (answer.status == 409).then_some(())
    })
    .await;
}
