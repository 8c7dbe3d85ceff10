//! Tombstones are purged when their retention is over: whom it concerns, what goes with them, and who is quicker.

use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use rollcall::rules::naming::claim_name;
use serde_json::{Value, json};

use crate::support::cluster::apply;
use crate::support::wait::within;
use crate::support::{Client, Directory, Operator, until};

/// A leader of another test that was killed is waited for as long as its Lease runs.
pub(crate) const LEADER_DEADLINE: Duration = Duration::from_secs(60);

/// Waits for the leader to do something.
pub(crate) async fn leader_does<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(LEADER_DEADLINE, ask).await.unwrap_or_else(|| panic!("waited {LEADER_DEADLINE:?} for: {what}"))
}

/// So many hours ago.
pub(crate) fn hours_ago(hours: i64) -> String {
    Timestamp::now().checked_sub(SignedDuration::from_hours(hours)).expect("a time").to_string()
}

/// Changes the spec of an object as an administrator.
pub(crate) async fn patch_spec(directory: &Directory, kind: &str, name: &str, spec: Value) {
    let patch = json!({ "spec": spec }).to_string();
    directory.kubectl(&["patch", kind, name, "--type=merge", "-p", &patch]).await.expect("kubectl patch");
}

/// Lets a tombstone be so many hours old.
async fn age(directory: &Directory, kind: &str, name: &str, hours: i64) {
    patch_spec(directory, kind, name, json!({ "deletedAt": hours_ago(hours) })).await;
}

async fn gone(directory: &Directory, kind: &str, name: &str) {
    leader_does("a purge", async || directory.get(kind, name).await.is_none().then_some(())).await;
}

async fn client(directory: &Directory) -> Client {
    directory.client(Operator::shared().await).await
}

/// Creates a person and deletes them over SCIM; returns the id.
async fn deleted_person(client: &Client, user_name: &str) -> String {
    let id = client.create(&json!({ "userName": user_name })).await;
    client.delete(&format!("/Users/{id}")).await.expect(204);
    id
}

async fn group(client: &Client, name: &str, members: &[&str]) -> String {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    let created = client.post("/Groups", &json!({ "displayName": name, "members": members })).await.expect(201);
    created["id"].as_str().expect("an id").to_owned()
}

async fn groups_of(directory: &Directory, id: &str) -> Vec<String> {
    let user = directory.get("directoryuser", id).await.expect("the person");
    serde_json::from_value(user["spec"].get("memberOf").cloned().unwrap_or(json!([]))).expect("names")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deleted_long_enough_ago_is_purged_and_nobody_else() {
    let directory = Directory::with_spec(json!({ "retention": "7d" })).await;
    let client = client(&directory).await;
    let (old, new) = (deleted_person(&client, "old").await, deleted_person(&client, "new").await);
    let alive = client.create(&json!({ "userName": "alive" })).await;
    // A crash between the tombstone and the release leaves the claim behind, and a restore drops its owner.
    let claim = json!({
        "directoryRef": { "name": "staff" }, "attribute": "User.userName", "value": "old", "holder": old, "nonce": "1",
    });
    apply(&directory.object("DirectoryClaim", &claim_name("staff", "User.userName", "old"), claim)).await;
    age(&directory, "directoryuser", &new, 6 * 24).await;
    age(&directory, "directoryuser", &old, 7 * 24 + 1).await;
    gone(&directory, "directoryuser", &old).await;
    for id in [&new, &alive] {
        assert!(directory.get("directoryuser", id).await.is_some(), "{id}");
    }
    leader_does("no claim but that of who is alive", async || {
        let claims = directory.list("directoryclaims").await;
        (claims.len() == 1 && claims[0]["spec"]["holder"] == alive.as_str()).then_some(())
    })
    .await;
    client.get(&format!("/Users/{old}")).await.expect_error(404, None);
    assert_ne!(client.create(&json!({ "userName": "old" })).await, old, "an id is never used again");

    patch_spec(&directory, "directory", "staff", json!({ "retention": "5d" })).await;
    gone(&directory, "directoryuser", &new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_that_is_lengthened_keeps_who_would_have_gone_and_an_hour_is_left_in_any_case() {
    let directory = Directory::with_spec(json!({ "retention": "0s" })).await;
    let client = client(&directory).await;
    let (kept, young) = (deleted_person(&client, "kept").await, deleted_person(&client, "young").await);
    patch_spec(&directory, "directory", "staff", json!({ "retention": "1d" })).await;
    age(&directory, "directoryuser", &kept, 2).await;
    let marker = deleted_person(&client, "marker").await;
    age(&directory, "directoryuser", &marker, 25).await;
    gone(&directory, "directoryuser", &marker).await;
    assert!(directory.get("directoryuser", &kept).await.is_some());
    patch_spec(&directory, "directory", "staff", json!({ "retention": "0s" })).await;
    gone(&directory, "directoryuser", &kept).await;
    assert!(directory.get("directoryuser", &young).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_group_leaves_no_member_behind_that_names_it() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let (ada, bob) =
        (client.create(&json!({ "userName": "ada" })).await, client.create(&json!({ "userName": "bob" })).await);
    let (blue, red) = (group(&client, "blue", &[&ada, &bob]).await, group(&client, "red", &[&ada]).await);
    client.delete(&format!("/Users/{bob}")).await.expect(204);
    client.delete(&format!("/Groups/{blue}")).await.expect(204);
    assert!(groups_of(&directory, &ada).await.contains(&blue), "an undelete would need it");
    age(&directory, "directorygroup", &blue, 31 * 24).await;
    gone(&directory, "directorygroup", &blue).await;
    assert_eq!(groups_of(&directory, &ada).await, [red.as_str()]);
    assert_eq!(groups_of(&directory, &bob).await, Vec::<String>::new(), "a deleted person may come back later");
    assert_eq!(client.get(&format!("/Users/{ada}")).await.expect(200)["groups"][0]["value"], red.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_back_before_the_purge_is_back_whole() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let (ada, bob) =
        (client.create(&json!({ "userName": "ada" })).await, client.create(&json!({ "userName": "bob" })).await);
    let blue = group(&client, "blue", &[&ada, &bob]).await;
    for (kind, path, id) in [("directoryuser", "/Users", &bob), ("directorygroup", "/Groups", &blue)] {
        client.delete(&format!("{path}/{id}")).await.expect(204);
        age(&directory, kind, id, 29 * 24).await;
        directory.kubectl(&["annotate", kind, id, "rollcall.dev/undelete=true"]).await.expect("kubectl annotate");
    }
    let shown = until("the group with both members", async || {
        let shown = client.get(&format!("/Groups/{blue}")).await;
        (shown.status == 200 && shown.json()["members"].as_array().map(Vec::len) == Some(2)).then(|| shown.json())
    })
    .await;
    assert_eq!(shown["displayName"], "blue");
    let back = client.get(&format!("/Users/{bob}")).await.expect(200);
    assert_eq!((&back["active"], &back["groups"][0]["value"]), (&json!(true), &json!(blue)));
    client.post("/Groups", &json!({ "displayName": "BLUE" })).await.expect_error(409, Some("uniqueness"));
}

/// The purge and an undelete want the same group at the same moment, many times: it is gone and nobody names it, or it is
/// back with every member.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_purge_and_an_undelete_one_wins_whole() {
    const GROUPS: usize = 12;
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let people = join_all((0..3).map(|number| {
        let client = client.clone();
        async move { client.create(&json!({ "userName": format!("person-{number}") })).await }
    }))
    .await;
    let people: Vec<_> = people.iter().map(String::as_str).collect();
    let races = (0..GROUPS).map(|number| {
        let (directory, client, people) = (&directory, &client, &people);
        async move {
            let id = group(client, &format!("group-{number}"), people).await;
            client.delete(&format!("/Groups/{id}")).await.expect(204);
            let wish = ["annotate", "directorygroup", &id, "rollcall.dev/undelete=true"];
            // Sometimes the wish is there first, mostly the two meet.
            let wish = async {
                let wished = directory.kubectl(&wish).await;
                assert!(wished.is_ok() || wished.is_err_and(|error| error.contains("NotFound")));
            };
            tokio::join!(wish, age(directory, "directorygroup", &id, 31 * 24));
            id
        }
    });
    let ids = join_all(races).await;
    let (mut back, mut purged) = (0, 0);
    for id in &ids {
        let is_back = leader_does("the end of a race", async || match directory.get("directorygroup", id).await {
            None => Some(false),
            Some(group) if group["spec"].get("deletedAt").is_none() => Some(true),
            Some(_) => None,
        })
        .await;
        for person in &people {
            assert_eq!(groups_of(&directory, person).await.contains(id), is_back, "{id} is back: {is_back}");
        }
        *(if is_back { &mut back } else { &mut purged }) += 1;
    }
    assert_eq!(back + purged, GROUPS);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_directory_nothing_is_purged() {
    let directory = Directory::with_spec(json!({ "retention": "1d" })).await;
    let client = client(&directory).await;
    let old = deleted_person(&client, "old").await;
    directory.allow_deletion().await;
    directory.kubectl(&["delete", "directory", "staff"]).await.expect("kubectl delete");
    age(&directory, "directoryuser", &old, 48).await;
    // Another Directory of the namespace, whose tombstone comes later.
    apply(&directory.object("Directory", "guests", json!({ "retention": "1d" }))).await;
    let mut marker = directory.object(
        "DirectoryUser",
        "marker-1",
        json!({
            "directoryRef": { "name": "guests" }, "managedBy": "Provisioning", "deletedAt": hours_ago(48),
            "scim": { "userName": "marker", "active": true },
        }),
    );
    marker["metadata"]["labels"] = json!({ "rollcall.dev/directory": "guests" });
    apply(&marker).await;
    gone(&directory, "directoryuser", "marker-1").await;
    assert!(directory.get("directoryuser", &old).await.is_some());
    directory.apply_directory(json!({ "retention": "1d" })).await;
    gone(&directory, "directoryuser", &old).await;
}
