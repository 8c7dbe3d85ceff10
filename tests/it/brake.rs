//! The brake on mass deletion: what it stops, what it lets through, and how it is lifted.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::purge::{hours_ago, leader_does, patch_spec};
use crate::support::{Client, Directory, Operator, until};

async fn people<const N: usize>(client: &Client) -> [String; N] {
    let mut ids = [const { String::new() }; N];
    for (number, id) in ids.iter_mut().enumerate() {
        *id = format!("/Users/{}", client.create(&json!({ "userName": format!("person-{number}") })).await);
    }
    ids
}

async fn alarm(directory: &Directory, status: &str, reason: &str) -> String {
    leader_does("the condition MassDeleteBlocked", async || {
        let object = directory.get("directory", "staff").await?;
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = conditions.into_iter().find(|one| one["type"] == "MassDeleteBlocked")?;
        (found["status"] == status && found["reason"] == reason)
            .then(|| found["message"].as_str().map(str::to_owned))?
    })
    .await
}

/// Deletes again and again, as the provider does, until the deletion goes through.
async fn deleted_at_last(client: &Client, path: &str) {
    until("the deletion to go through", async || {
        let answer = client.delete(path).await;
        assert!([204, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 204).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_let_so_many_deletions_through_until_somebody_lifts_the_limit() {
    let directory = Directory::with_spec(json!({ "maxDeletesPerHour": 2 })).await;
    let first = directory.client(Operator::shared().await).await;
    let second = directory.client(Operator::second().await).await;
    let [ada, bob, eve, leaver] = people(&first).await;
    let group = first.post("/Groups", &json!({ "displayName": "blue" })).await.expect(201);
    first.delete(&ada).await.expect(204);
    // The other replica counts what it has seen.
    until("the second replica to know", async || {
        (second.get("/Users").await.expect(200)["totalResults"] == 3).then_some(())
    })
    .await;
    second.delete(&bob).await.expect(204);
    let refused = second.delete(&eve).await;
    let pause: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=300).contains(&pause), "{pause}");
    let sentence = refused.expect_error(503, None);
    assert!(
        sentence.contains("massDeleteOverrideUntil") && sentence.contains("maxDeletesPerHour allows 2"),
        "{sentence}"
    );
    until("the first replica to refuse as well", async || (first.delete(&eve).await.status == 503).then_some(())).await;
    let message = alarm(&directory, "True", "LimitReached").await;
    assert!(message.contains("massDeleteOverrideUntil"), "{message}");
    let metric =
        format!("rollcall_braked_deletions_total{{namespace=\"{}\",directory=\"staff\"}} ", directory.namespace);
    assert!(Operator::second().await.metrics().await.contains(&metric));

    // What is no deletion of a person goes through, and who is deleted already is not found.
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    assert_eq!(first.patch(&leaver, off).await.expect(200)["active"], false);
    first.delete(&ada).await.expect_error(404, None);
    first.delete(&format!("/Groups/{}", group["id"].as_str().expect("an id"))).await.expect(204);
    assert_eq!(first.get(&eve).await.expect(200)["active"], true, "nothing became of whom the brake spared");

    let until_then = Timestamp::now().checked_add(SignedDuration::from_hours(1)).expect("a time").to_string();
    patch_spec(&directory, "directory", "staff", json!({ "massDeleteOverrideUntil": until_then })).await;
    deleted_at_last(&second, &eve).await;
    alarm(&directory, "False", "Lifted").await;
    patch_spec(&directory, "directory", "staff", json!({ "massDeleteOverrideUntil": Value::Null })).await;
    alarm(&directory, "True", "LimitReached").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_later_or_after_an_undelete_the_next_deletion_goes_through() {
    let directory = Directory::with_spec(json!({ "maxDeletesPerHour": 1 })).await;
    let client = directory.client(Operator::shared().await).await;
    let [ada, bob, eve] = people(&client).await;
    let name = |path: &str| path.trim_start_matches("/Users/").to_owned();
    client.delete(&ada).await.expect(204);
    client.delete(&bob).await.expect_error(503, None);
    let wish = ["annotate", "directoryuser", &name(&ada), "rollcall.dev/undelete=true"];
    directory.kubectl(&wish).await.expect("kubectl annotate");
    deleted_at_last(&client, &bob).await;
    client.get(&ada).await.expect(200);
    client.delete(&eve).await.expect_error(503, None);
    alarm(&directory, "True", "LimitReached").await;
    patch_spec(&directory, "directoryuser", &name(&bob), json!({ "deletedAt": hours_ago(1) })).await;
    deleted_at_last(&client, &eve).await;
}

/// Requests at the same moment count each other.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_deletions_at_once_no_more_go_through_than_may() {
    let directory = Directory::with_spec(json!({ "maxDeletesPerHour": 3 })).await;
    let client = directory.client(Operator::shared().await).await;
    let paths: [String; 10] = people(&client).await;
    let answers = futures::future::join_all(paths.iter().map(|path| client.delete(path))).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(204), count(503)), (3, 7));
}
