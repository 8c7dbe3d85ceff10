//! What a Directory tells of its identity provider: what was asked, for whom and what was answered, how far it is set up, and the
//! alarms that follow.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::purge::leader_does;
use crate::support::{Client, Directory, Operator, until};

/// So many minutes before a time.
fn before(now: Timestamp, minutes: i64) -> String {
    let time = now.checked_sub(SignedDuration::from_mins(minutes)).expect("a time");
    format!("{time:.0}")
}

async fn status(directory: &Directory) -> Value {
    directory.get("directory", "staff").await.map(|object| object["status"].clone()).unwrap_or_default()
}

/// Waits until the status is as `holds` wants it; returns it.
async fn told(directory: &Directory, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    leader_does(what, async || Some(status(directory).await).filter(|status| holds(status))).await
}

fn condition<'a>(status: &'a Value, name: &str) -> &'a Value {
    let conditions = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().find(|condition| condition["type"] == name).unwrap_or(&Value::Null)
}

/// Waits for a condition of this status and reason; returns its message.
async fn alarm(directory: &Directory, name: &str, holds: &str, reason: &str) -> String {
    let is = |status: &Value| condition(status, name)["status"] == holds && condition(status, name)["reason"] == reason;
    let status = told(directory, &format!("{name} {holds} {reason}"), is).await;
    condition(&status, name)["message"].as_str().expect("a message").to_owned()
}

/// Waits for an Event on the Directory with this reason; returns its sentence.
async fn event(directory: &Directory, reason: &str) -> String {
    leader_does(reason, async || {
        let events = directory.list("events.events.k8s.io").await;
        let mut events = events.iter().filter(|event| event["regarding"]["kind"] == "Directory");
        let found = events.find(|event| event["reason"] == reason)?;
        found["note"].as_str().map(str::to_owned)
    })
    .await
}

/// Lets the status say that the provider was seen so, as if the time since had passed.
async fn seen(directory: &Directory, provisioning: Value) {
    let patch = json!({ "status": { "provisioning": provisioning } }).to_string();
    let arguments = ["patch", "directory", "staff", "--subresource=status", "--type=merge", "-p", &patch];
    directory.kubectl(&arguments).await.expect("kubectl patch");
}

/// A cycle that ended so many minutes before a time.
fn cycle(now: Timestamp, minutes: i64, refused: i64) -> Value {
    json!({
        "startedAt": before(now, minutes + 1), "lastRequestAt": before(now, minutes), "phase": "Incremental",
        "requests": 9, "created": 0, "updated": 0, "deactivated": 0, "deleted": 0, "refused": refused, "failed": 0,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_join_what_they_saw_of_a_cycle_and_no_number_is_lost() {
    let directory = Directory::new().await;
    let mut replicas = [Operator::start(&[]).await, Operator::start(&[]).await];
    let clients = [directory.client(&replicas[0]).await, directory.client(&replicas[1]).await];
    let mut paths = Vec::new();
    for number in 0..20 {
        let user = json!({ "userName": format!("person-{number}@contoso.example"), "active": true });
        paths.push(format!("/Users/{}", clients[number % 2].create(&user).await));
    }
    let of = |number: usize| (&clients[number % 2], &paths[number]);
    let set = |path: &str, value: Value| json!([{ "op": "Replace", "path": path, "value": value }]);
    for number in 0..6 {
        let (client, path) = of(number);
        client.patch(path, set("title", json!("lead"))).await.expect(200);
        // The same once more changes nothing.
        client.patch(path, set("title", json!("lead"))).await.expect(200);
    }
    for number in 6..10 {
        of(number).0.patch(of(number).1, set("active", json!("False"))).await.expect(200);
    }
    for number in 10..13 {
        of(number).0.delete(of(number).1).await.expect(204);
        of(number).0.delete(of(number).1).await.expect_error(404, None);
    }
    // Refused, and the person is out all the same.
    let twice = json!([
        { "op": "Replace", "path": "active", "value": false },
        { "op": "Replace", "path": "userName", "value": "person-0@contoso.example" },
    ]);
    of(13).0.patch(of(13).1, twice).await.expect_error(409, Some("uniqueness"));
    let group = clients[0].post("/Groups", &json!({ "displayName": "All staff" })).await.expect(201);
    let group = format!("/Groups/{}", group["id"].as_str().expect("an id"));
    let member = paths[0].trim_start_matches("/Users/");
    let join = json!([{ "op": "Add", "path": "members", "value": [{ "value": member }] }]);
    clients[1].patch(&group, join).await.expect(204);
    let stranger = json!({ "userName": "PERSON-1@contoso.example" });
    let refused = clients[1].post("/Users", &stranger).await;
    let request_id = refused.header("x-request-id").to_owned();
    refused.expect_error(409, Some("uniqueness"));

    for replica in &mut replicas {
        replica.terminate();
        replica.ended().await;
    }
    let status = status(&directory).await;
    let provisioning = &status["provisioning"];
    let counts = |name: &str| provisioning["cycle"][name].as_i64().expect("a number");
    let found = ["created", "updated", "deactivated", "deleted", "refused", "failed"].map(counts);
    assert_eq!(found, [21, 7, 5, 3, 2, 0], "{provisioning:#}");
    // Beside these come the questions by which each client has found that its replica knows the key.
    assert!(counts("requests") >= 20 + 12 + 4 + 6 + 1 + 1 + 1 + 1 + 2, "{provisioning:#}");
    assert_eq!(provisioning["cycle"]["phase"], "Initial");
    let error = &provisioning["lastError"];
    for (field, expected) in [
        ("request", json!("POST /Users")),
        ("subject", json!("PERSON-1@contoso.example")),
        ("status", json!(409)),
        ("scimType", json!("uniqueness")),
        ("requestID", json!(request_id)),
        ("key", json!("key")),
    ] {
        assert_eq!(error[field], expected, "{field}: {error:#}");
    }
    let detail = error["detail"].as_str().expect("a detail");
    assert!(detail.starts_with("userName is taken by the resource with the id"), "{detail}");
    assert!(!provisioning.to_string().contains(&directory.secret), "no secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_and_what_to_do_about_it() {
    let directory = Directory::new().await;
    // A replica of its own, which is asked nothing before it knows the key.
    let replica = Operator::start(&[]).await;
    let base = format!("{}/scim/v2/{}/{}", replica.public_url, directory.namespace, directory.name);
    let wrong = Client::new(base, "a token that nobody was given");
    until("the replica to know the Directory", async || {
        (wrong.get("/Users").await.status == 401
            && replica.metrics().await.contains(&format!("namespace=\"{}\"", directory.namespace)))
        .then_some(())
    })
    .await;
    let message = alarm(&directory, "AuthenticationFailing", "True", "CredentialsRefused").await;
    assert!(message.contains("copy the secret of one again into Secret Token"), "{message}");
    let status = status(&directory).await;
    let failed = &status["provisioning"]["failedAuthentications"];
    assert_eq!((&failed["reason"], &failed["key"]), (&json!("unknown_key"), &Value::Null), "{failed:#}");
    assert!(failed["count"].as_i64() >= Some(1), "{failed:#}");
    assert_eq!(status["provisioning"]["lastContact"], Value::Null, "nobody has come in");
    assert!(event(&directory, "AuthenticationFailing").await.contains("CredentialsRefused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_falls_silent_is_told_once_and_its_return_too() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    told(&directory, "the first contact", |status| status["provisioning"]["lastContact"].is_string()).await;
    let now = Timestamp::now();
    let silent = json!({
        "updatedAt": before(now, 130), "lastContact": before(now, 130), "cycle": cycle(now, 130, 2),
        "earlierCycles": [cycle(now, 171, 0), cycle(now, 212, 0)], "cadenceSeconds": 2460,
    });
    seen(&directory, silent).await;
    let message = alarm(&directory, "Stale", "True", "Silent").await;
    assert!(message.contains("41 minutes each") && message.contains("start provisioning"), "{message}");
    let message = alarm(&directory, "OperationsRefused", "True", "Refused").await;
    assert!(message.starts_with("2 writes"), "{message}");
    assert!(event(&directory, "ProviderSilent").await.contains("nobody is deactivated"));
    event(&directory, "OperationsRefused").await;

    client.get("/Users").await.expect(200);
    alarm(&directory, "Stale", "False", "InContact").await;
    alarm(&directory, "OperationsRefused", "False", "NoneRefused").await;
    event(&directory, "ProviderBack").await;
    let stands = status(&directory).await;
    assert_eq!(stands["provisioning"]["earlierCycles"][0]["refused"], 2, "{stands:#}");
    assert_eq!(stands["provisioning"]["cadenceSeconds"], 2460, "the middle of three pauses");
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_without_people_is_told_when_the_cycle_has_ended_and_the_leader_looks_by_itself() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    told(&directory, "the first contact", |status| status["provisioning"]["lastContact"].is_string()).await;
    // In three seconds the last request is five minutes old, and nothing else happens by then.
    let ends_soon = Timestamp::now().checked_sub(SignedDuration::from_secs(297)).expect("a time");
    let mut cycle = cycle(Timestamp::now(), 5, 0);
    cycle["lastRequestAt"] = format!("{ends_soon:.0}").into();
    seen(&directory, json!({ "lastContact": format!("{ends_soon:.0}"), "cycle": cycle })).await;
    let message = alarm(&directory, "NoUsers", "True", "NobodyAssigned").await;
    assert!(message.contains("another role than Default Access"), "{message}");
    client.create(&json!({ "userName": "ada@contoso.example" })).await;
    alarm(&directory, "NoUsers", "False", "UsersArrived").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_directory_says_what_to_do_next_until_nothing_is_left() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let steps = |done: &'static [&'static str]| {
        move |status: &Value| {
            let steps = status["setup"]["steps"].as_array().map_or(&[][..], Vec::as_slice);
            let found: Vec<_> = steps.iter().filter(|step| step["done"] == true).map(|step| &step["name"]).collect();
            found == done.iter().collect::<Vec<_>>()
        }
    };
    let status = told(&directory, "a tested connection", steps(&["DirectoryReady", "KeyIssued", "FirstContact"])).await;
    let next = status["setup"]["nextStep"].as_str().expect("a next step").to_owned();
    assert!(next.contains("assign people"), "{next}");
    let ready = condition(&status, "Ready")["message"].as_str().expect("a message");
    assert!(ready.starts_with("provisioning is on and login is off"), "{ready}");
    assert!(ready.contains("--public-url") && ready.ends_with(&format!("next: {next}")), "{ready}");
    client.create(&json!({ "userName": "ada@contoso.example" })).await;
    let status =
        told(&directory, "a person", steps(&["DirectoryReady", "KeyIssued", "FirstContact", "FirstUser"])).await;
    assert_eq!(status["setup"]["nextStep"], Value::Null, "{status:#}");
    // Without a key the next one has to be made.
    directory.kubectl(&["delete", "dkey", "key"]).await.expect("kubectl delete");
    let status = told(&directory, "a lost key", steps(&["DirectoryReady", "FirstContact", "FirstUser"])).await;
    let next = status["setup"]["nextStep"].as_str().expect("a next step");
    assert!(next.contains("rollcall key new"), "{next}");
    let wide = directory.kubectl(&["get", "directory", "staff", "-o", "wide"]).await.expect("kubectl get");
    assert!(wide.contains("rollcall key new"), "{wide}");
}
