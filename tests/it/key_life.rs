//! The life of a key: what it says of itself, how the operator makes its secret, and how one key follows another under traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::directory::sha256;
use crate::support::wait::{DEADLINE, within};
use crate::support::{Client, Directory, Operator, until};

/// Waits until a condition of a key has this status and reason; returns the key.
async fn condition(directory: &Directory, key: &str, name: &str, status: &str, reason: &str) -> Value {
    until(&format!("{key}: {name} to be {status}, {reason}"), async || {
        let key = directory.get("directorykey", key).await?;
        let conditions = key["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = conditions.iter().any(|it| it["type"] == name && it["status"] == status && it["reason"] == reason);
        found.then_some(key)
    })
    .await
}

/// Waits until a key is in a state; returns it.
async fn state(directory: &Directory, key: &str, state: &str) -> Value {
    until(&format!("{key} to be {state}"), async || {
        directory.get("directorykey", key).await.filter(|key| key["status"]["state"] == state)
    })
    .await
}

/// The secret in a Secret.
async fn token(directory: &Directory, secret: &str) -> String {
    let template = "go-template={{.data.token | base64decode}}";
    directory.kubectl(&["get", "secret", secret, "-o", template]).await.expect("kubectl get")
}

async fn events(directory: &Directory, key: &str) -> Vec<Value> {
    let events = directory.list("events.events.k8s.io").await;
    events.into_iter().filter(|event| event["regarding"]["name"] == key).collect()
}

/// The same Directory with another secret.
fn with_secret(client: &Client, secret: &str) -> Client {
    client.authorized(&format!("Bearer {secret}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minted_secret_is_in_its_secret_alone_until_it_was_handed_over() {
    let directory = Directory::new().await;
    let operator = Operator::shared().await;
    let client = directory.client(operator).await;
    directory.apply_key("minted", json!({ "mint": { "secretName": "minted-token" } })).await;
    let key = state(&directory, "minted", "Active").await;
    let secret = token(&directory, "minted-token").await;
    assert_eq!(key["spec"]["sha256"], sha256(&secret));
    let minted = with_secret(&client, &secret);
    until("the minted key to open", async || (minted.get("/Users").await.status == 200).then_some(())).await;
    condition(&directory, "minted", "Delivered", "False", "SecretThere").await;
    let owner =
        directory.get("secret", "minted-token").await.expect("the Secret")["metadata"]["ownerReferences"].clone();
    assert_eq!((&owner[0]["kind"], &owner[0]["uid"]), (&json!("DirectoryKey"), &key["metadata"]["uid"]));
    let told = until("the Event", async || Some(events(&directory, "minted").await).filter(|it| !it.is_empty())).await;
    assert_eq!(told.iter().map(|event| &event["reason"]).collect::<Vec<_>>(), ["KeyMinted"]);

    directory.kubectl(&["annotate", "directorykey", "minted", "rollcall.dev/delivered=yes"]).await.expect("annotated");
    let key = condition(&directory, "minted", "Delivered", "True", "SecretGone").await;
    assert_eq!(directory.get("secret", "minted-token").await, None);
    minted.get("/Users").await.expect(200);
    // Nothing else ever said it.
    for (place, text) in
        [("the key", key.to_string()), ("the Events", json!(told).to_string()), ("the log", operator.log())]
    {
        assert!(!text.contains(&secret), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_somebody_else_is_left_alone_and_the_key_says_so() {
    let directory = Directory::new().await;
    directory.client(Operator::shared().await).await;
    directory.kubectl(&["create", "secret", "generic", "theirs", "--from-literal=token=x"]).await.expect("created");
    let before = directory.get("secret", "theirs").await;
    directory.apply_key("blocked", json!({ "mint": { "secretName": "theirs" } })).await;
    condition(&directory, "blocked", "Ready", "False", "SecretTaken").await;
    let key = condition(&directory, "blocked", "Stalled", "True", "SecretTaken").await;
    assert_eq!((&key["status"]["state"], &key["spec"]["sha256"]), (&json!("MintFailed"), &Value::Null));
    assert_eq!(directory.get("secret", "theirs").await, before);
    directory.kubectl(&["delete", "secret", "theirs"]).await.expect("deleted");
    state(&directory, "blocked", "Active").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_with_its_time_and_with_its_key() {
    let directory = Directory::new().await;
    directory.client(Operator::shared().await).await;
    directory.apply_key("short", json!({ "mint": { "secretName": "short", "deleteSecretAfter": "3s" } })).await;
    directory.apply_key("kept", json!({ "mint": { "secretName": "kept" } })).await;
    condition(&directory, "short", "Delivered", "True", "SecretGone").await;
    assert_eq!(directory.get("secret", "short").await, None);
    condition(&directory, "kept", "Delivered", "False", "SecretThere").await;
    directory.kubectl(&["delete", "directorykey", "kept"]).await.expect("deleted");
    until("the Secret to go with its key", async || directory.get("secret", "kept").await.is_none().then_some(()))
        .await;
}

/// A client that provisions all the time, and takes up the new secret when its administrator gives it one.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_traffic_fails_no_request() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    // It is due at once: its time is counted from notBefore.
    let past = Timestamp::now() - SignedDuration::from_hours(100 * 24);
    let spec =
        json!({ "mint": { "secretName": "entra-token" }, "notBefore": format!("{past:.0}"), "displayName": "Entra" });
    directory.apply_key("entra", spec).await;
    state(&directory, "entra", "Active").await;
    let first = token(&directory, "entra-token").await;
    let first = with_secret(&client, &first);
    until("the first key to open", async || (first.get("/Users").await.status == 200).then_some(())).await;

    let (stop, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (secret_of_traffic, new_secret) = tokio::sync::watch::channel(first.clone());
    let traffic: Vec<_> = (0..4)
        .map(|worker| {
            let (stop, requests, new_secret) = (Arc::clone(&stop), Arc::clone(&requests), new_secret.clone());
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let client = new_secret.borrow().clone();
                    let number = requests.fetch_add(1, Ordering::Relaxed);
                    let name = format!("w{worker}-{number}@contoso.com");
                    let answer = match number % 5 {
                        0 => client.post("/Users", &json!({ "userName": name, "active": true })).await,
                        _ => client.get("/Users?count=1").await,
                    };
                    if !(200..300).contains(&answer.status) {
                        failed.push((answer.status, answer.text));
                    }
                }
                failed
            })
        })
        .collect();

    directory.apply_directory(json!({ "keyRotation": { "every": "30d", "overlap": "7d" } })).await;
    let successor = state(&directory, "entra-2", "Active").await;
    assert_eq!(successor["metadata"]["ownerReferences"][0]["kind"], "Directory");
    assert_eq!(successor["spec"]["displayName"], "Entra");
    let old = state(&directory, "entra", "Expiring").await;
    let end: Timestamp = old["spec"]["expiresAt"].as_str().expect("an end").parse().expect("a time");
    let left = end.duration_since(Timestamp::now());
    assert!((SignedDuration::from_hours(167)..=SignedDuration::from_hours(168)).contains(&left), "{left:?}");
    // The administrator puts the new secret into the identity provider.
    let second = with_secret(&client, &token(&directory, "entra-token-2").await);
    until("the second key to open", async || (second.get("/Users").await.status == 200).then_some(())).await;
    let before = requests.load(Ordering::Relaxed);
    secret_of_traffic.send(second.clone()).expect("the traffic is there");
    until("traffic with the new secret", async || (requests.load(Ordering::Relaxed) > before + 200).then_some(()))
        .await;
    // The overlap is over.
    let now = format!("{:.0}", Timestamp::now());
    let end = json!({ "spec": { "expiresAt": now } }).to_string();
    directory.kubectl(&["patch", "directorykey", "entra", "--type=merge", "-p", &end]).await.expect("patched");
    state(&directory, "entra", "Expired").await;
    until("the first key to be refused", async || first.get("/Users").await.is_refused().then_some(())).await;
    let before = requests.load(Ordering::Relaxed);
    until("traffic after the end", async || (requests.load(Ordering::Relaxed) > before + 100).then_some(())).await;
    stop.store(true, Ordering::Relaxed);
    for worker in traffic {
        assert_eq!(worker.await.expect("a worker"), [], "a request failed during the rotation");
    }
    let keys: Vec<_> =
        directory.list("directorykeys").await.iter().map(|it| it["metadata"]["name"].to_string()).collect();
    assert_eq!(keys, ["\"entra\"", "\"entra-2\"", "\"key\""], "the rotation is made once");
    let told = events(&directory, "entra").await;
    let rotated: Vec<_> = told.iter().filter(|it| it["reason"] == "KeyRotated").collect();
    assert_eq!(rotated.len(), 1, "{told:?}");
    let at: Timestamp = rotated[0]["eventTime"].as_str().expect("a time").parse().expect("a time");
    assert!(Timestamp::now().duration_since(at) < SignedDuration::from_mins(10), "it happened now: {at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_says_how_near_its_end_is_and_warns_once() {
    let directory = Directory::new().await;
    directory.client(Operator::shared().await).await;
    let soon = format!("{:.0}", Timestamp::now() + SignedDuration::from_hours(5 * 24));
    directory.apply_key("soon", json!({ "sha256": sha256("soon"), "expiresAt": soon })).await;
    let key = condition(&directory, "soon", "Expiring", "True", "Within7Days").await;
    assert_eq!((&key["status"]["state"], &key["status"]["expires"]), (&json!("Expiring"), &json!(soon)));
    condition(&directory, "key", "Expiring", "False", "Permanent").await;
    let columns = directory.kubectl(&["get", "dkey"]).await.expect("kubectl get");
    let columns: Vec<Vec<_>> = columns.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(columns[0], ["NAME", "DIRECTORY", "DISPLAYNAME", "STATE", "EXPIRES", "LASTUSED", "AGE"]);
    assert!(columns[1].starts_with(&["key", "staff", "Active", "Never"]), "{columns:?}");
    assert!(columns[2].starts_with(&["soon", "staff", "Expiring", &soon]), "{columns:?}");
    // Another state of the key is no other warning.
    directory.kubectl(&["label", "directorykey", "soon", "team=blue"]).await.expect("labelled");
    directory.apply_key("soon", json!({ "sha256": sha256("soon"), "expiresAt": soon, "description": "x" })).await;
    until("the status to follow", async || {
        let key = directory.get("directorykey", "soon").await?;
        (key["status"]["observedGeneration"] == key["metadata"]["generation"]).then_some(())
    })
    .await;
    let warnings = events(&directory, "soon").await;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!((&warnings[0]["reason"], &warnings[0]["type"]), (&json!("KeyExpiring"), &json!("Warning")));
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_requests_write_the_last_use_once() {
    let directory = Directory::new().await;
    directory.apply_key("revoked", json!({ "sha256": sha256("revoked"), "revoked": true })).await;
    let client = directory.client(Operator::shared().await).await;
    let revoked = with_secret(&client, "revoked");
    revoked.get("/Users").await.expect_error(401, None);
    let used = until("the use to be told", async || {
        client.get("/Users?count=0").await;
        directory.get("directorykey", "key").await.filter(|key| !key["status"]["lastUsed"].is_null())
    })
    .await;
    let last: Timestamp = used["status"]["lastUsed"].as_str().expect("a time").parse().expect("a time");
    assert!(Timestamp::now().duration_since(last) < SignedDuration::from_secs(60), "{last}");
    let version = &used["metadata"]["resourceVersion"];
    for _ in 0..100 {
        let some = (0..20).map(|_| client.get("/Users?count=0"));
        for answer in futures::future::join_all(some).await {
            answer.expect(200);
        }
    }
    // Longer than a replica waits before it writes.
    let rewritten = within(DEADLINE / 2, async || {
        let key = directory.get("directorykey", "key").await?;
        (key["metadata"]["resourceVersion"] != *version).then_some(key)
    })
    .await;
    assert_eq!(rewritten, None, "it was written again");
    assert_eq!(directory.get("directorykey", "revoked").await.expect("a key")["status"]["lastUsed"], Value::Null);
}
