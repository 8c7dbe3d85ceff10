//! What an entity tag and `meta.lastModified` promise: they move whenever what a GET shows does, on every replica alike.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

struct Two {
    _directory: Directory,
    first: Client,
    second: Client,
}

/// A Directory and a client of it at each of two replicas.
async fn start() -> Two {
    let directory = Directory::new().await;
    let first = directory.client(Operator::shared().await).await;
    let second = directory.client(Operator::second().await).await;
    Two { _directory: directory, first, second }
}

async fn user(client: &Client, name: &str) -> String {
    client.create(&json!({ "userName": name })).await
}

async fn group(client: &Client, name: &str, members: &[&String]) -> String {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    let created = client.post("/Groups", &json!({ "displayName": name, "members": members })).await.expect(201);
    created["id"].as_str().expect("an id").to_owned()
}

fn member(op: &str, id: &str) -> Value {
    json!([{ "op": op, "path": "members", "value": [{ "value": id }] }])
}

fn body(operations: &Value) -> Option<String> {
    Some(json!({ "Operations": operations }).to_string())
}

async fn tag(client: &Client, path: &str) -> String {
    client.get(path).await.header("etag").to_owned()
}

async fn last_modified(client: &Client, path: &str) -> String {
    let read = client.get(path).await.expect(200);
    read["meta"]["lastModified"].as_str().expect("a time").to_owned()
}

/// Waits until a replica gives this tag.
async fn tag_is(client: &Client, path: &str, expected: &str) {
    until("the other replica to give the same tag", async || (tag(client, path).await == expected).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_write_of_a_group_does_not_undo_somebody_elses_change_of_members() {
    let Two { first, second, .. } = start().await;
    let (ada, bob, eve) = (user(&first, "ada").await, user(&first, "bob").await, user(&first, "eve").await);
    let id = group(&first, "Sales", &[&ada]).await;
    let path = format!("/Groups/{id}");
    let before = tag(&first, &path).await;
    second.patch(&path, member("add", &bob)).await.expect(204);
    let after = tag(&second, &path).await;
    assert_ne!(before, after);
    tag_is(&first, &path, &after).await;

    let only_ada = json!({ "displayName": "Sales", "members": [{ "value": ada }] }).to_string();
    for client in [&first, &second] {
        let condition = [("if-match", before.as_str())];
        client.send("PUT", &path, &condition, Some(only_ada.clone())).await.expect_error(412, None);
        client.send("PATCH", &path, &condition, body(&member("remove", &bob))).await.expect_error(412, None);
        client.send("DELETE", &path, &condition, None).await.expect_error(412, None);
    }
    // The tag that names what is there now lets the same change through.
    first.send("PATCH", &path, &[("if-match", &after)], body(&member("add", &eve))).await.expect(204);
    let members = first.get(&path).await.expect(200)["members"].as_array().map_or(0, Vec::len);
    assert_eq!(members, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_changes_a_group_at_one_replica_may_go_on_at_another_at_once() {
    let Two { first, second, .. } = start().await;
    let id = group(&first, "Sales", &[]).await;
    let path = format!("/Groups/{id}");
    let mut refused = 0;
    for number in 0..10 {
        let member_id = user(&first, &format!("person-{number}")).await;
        let added = first.send("PATCH", &path, &[], body(&member("add", &member_id))).await;
        let etag = added.header("etag").to_owned();
        added.expect(204);
        let renamed = json!([{ "op": "replace", "path": "displayName", "value": format!("Sales {number}") }]);
        until("the other replica to know what the client knows", async || {
            let answer = second.send("PATCH", &path, &[("if-match", &etag)], body(&renamed)).await;
            if answer.status != 412 {
                answer.expect(204);
                return Some(());
            }
            // On a busy machine a replica may be told more than a second later.
            refused += 1;
            None
        })
        .await;
    }
    assert!(refused < 5, "{refused} writes were refused that the replica should have waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_tag_moves_when_a_group_of_it_is_renamed() {
    let Two { first, second, .. } = start().await;
    let ada = user(&first, "ada").await;
    let path = format!("/Users/{ada}");
    let alone = tag(&first, &path).await;
    let id = group(&first, "Sales", &[&ada]).await;
    let member = tag(&first, &path).await;
    assert_ne!(alone, member);
    tag_is(&second, &path, &member).await;
    let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Sales and more" }]);
    first.patch(&format!("/Groups/{id}"), renamed).await.expect(204);
    let cached = first.send("GET", &path, &[("if-none-match", &member)], None).await;
    assert_eq!(cached.expect(200)["groups"][0]["display"], "Sales and more");
    let title = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    first.send("PATCH", &path, &[("if-match", &member)], body(&title)).await.expect_error(412, None);
    let renamed_tag = tag(&first, &path).await;
    tag_is(&second, &path, &renamed_tag).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_modified_when_a_member_joins_leaves_or_is_deleted() {
    let Two { first, second, .. } = start().await;
    let (ada, bob) = (user(&first, "ada").await, user(&first, "bob").await);
    let id = group(&first, "Sales", &[]).await;
    let path = format!("/Groups/{id}");
    let mut times = vec![last_modified(&first, &path).await];
    for operations in [member("add", &ada), member("add", &bob), member("remove", &ada)] {
        first.patch(&path, operations).await.expect(204);
        times.push(last_modified(&first, &path).await);
    }
    first.delete(&format!("/Users/{bob}")).await.expect(204);
    times.push(last_modified(&first, &path).await);
    first.patch(&path, member("add", &ada)).await.expect(204);
    times.push(last_modified(&first, &path).await);
    assert!(times.is_sorted_by(|one, next| one < next), "the replica that makes a change shows it at once: {times:?}");

    // A filter finds it, here and, once the leader has written the time, at the other replica.
    let since = json!({ "filter": format!("meta.lastModified gt \"{}\"", times[4]) });
    for client in [&first, &second] {
        until("the group to be found by the time of its last change", async || {
            let found = client.post("/Groups/.search", &since).await.expect(200);
            (found["totalResults"] == 1).then_some(())
        })
        .await;
    }
}
