//! Members of groups over the wire: every form that was seen, who stays and who goes, and what is read back.

use std::collections::BTreeSet;

use futures::future::join_all;
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

async fn start_with(spec: Value) -> (Directory, Client) {
    let directory = Directory::with_spec(spec).await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

async fn start() -> (Directory, Client) {
    start_with(json!({})).await
}

async fn group(client: &Client, body: &Value) -> String {
    let created = client.post("/Groups", body).await.expect(201);
    created["id"].as_str().expect("an id").to_owned()
}

/// So many users, and their ids.
async fn people(client: &Client, number: usize) -> Vec<String> {
    let creates = stream::iter(0..number).map(|number| async move {
        client.create(&json!({ "userName": format!("person-{number:04}@contoso.com") })).await
    });
    creates.buffered(32).collect().await
}

fn add(ids: &[String]) -> Value {
    let members: Vec<_> = ids.iter().map(|id| json!({ "$ref": null, "value": id })).collect();
    json!([{ "op": "Add", "path": "members", "value": members }])
}

/// The ids of a group's members.
async fn members(client: &Client, group: &str) -> BTreeSet<String> {
    let read = client.get(&format!("/Groups/{group}?attributes=members")).await.expect(200);
    let members = read.get("members").map(|members| members.as_array().expect("a list").clone()).unwrap_or_default();
    let ids: Vec<_> = members.iter().map(|member| member["value"].as_str().expect("an id").to_owned()).collect();
    assert!(ids.is_sorted() && ids.len() == ids.iter().collect::<BTreeSet<_>>().len(), "{ids:?}");
    ids.into_iter().collect()
}

/// The names of a user's groups.
async fn groups_of(client: &Client, user: &str) -> Vec<String> {
    let read = client.get(&format!("/Users/{user}")).await.expect(200);
    let groups = read.get("groups").map(|groups| groups.as_array().expect("a list").clone()).unwrap_or_default();
    let mut names: Vec<_> = groups.iter().map(|group| group["display"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

async fn total(client: &Client, endpoint: &str, filter: &str) -> Value {
    client.post(&format!("/{endpoint}/.search"), &json!({ "filter": filter })).await.expect(200)["totalResults"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_removes_those_whom_it_selects() {
    let (_directory, client) = start().await;
    let ids = people(&client, 3).await;
    let [a, b, c] = [&ids[0], &ids[1], &ids[2]];
    let nested = group(&client, &json!({ "displayName": "Nested" })).await;
    let all = BTreeSet::from([a.clone(), b.clone(), nested.clone()]);
    let remove = |selector: String| json!({ "op": "remove", "path": format!("members[{selector}]") });
    let address = format!("{}/Users/{a}", client.base);
    for (number, (operations, left)) in [
        (json!([remove(format!("value eq \"{a}\" and type eq \"User\""))]), vec![b, &nested]),
        (json!([remove(format!("type eq \"Group\" and value eq \"{a}\""))]), vec![a, b, &nested]),
        (json!([remove(format!("$ref eq \"{address}\""))]), vec![b, &nested]),
        (json!([remove(format!("value eq \"{a}\" and $ref eq \"{address}\""))]), vec![b, &nested]),
        (json!([remove("type eq \"User\"".to_owned())]), vec![&nested]),
        (json!([remove(format!("not (value eq \"{a}\")"))]), vec![a]),
        (json!([add(std::slice::from_ref(c))[0], remove("type eq \"User\"".to_owned())]), vec![&nested]),
        (json!([remove("type eq \"User\"".to_owned()), add(std::slice::from_ref(c))[0]]), vec![c, &nested]),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Team {number}");
        let body =
            json!({ "displayName": name, "members": all.iter().map(|id| json!({ "value": id })).collect::<Value>() });
        let group = group(&client, &body).await;
        let path = format!("/Groups/{group}");
        client.patch(&path, operations.clone()).await.expect(204);
        let left: BTreeSet<_> = left.into_iter().cloned().collect();
        assert_eq!(members(&client, &group).await, left, "{operations}");
        let null = json!([{ "op": "remove", "path": "members", "value": null }]);
        client.patch(&path, null).await.expect_error(400, Some("invalidValue"));
        assert_eq!(members(&client, &group).await, left, "null removes nobody");
        client.patch(&path, json!([{ "op": "remove", "path": "members" }])).await.expect(204);
        assert_eq!(members(&client, &group).await, BTreeSet::new(), "without a value everybody goes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_an_operation_does_what_it_means() {
    let (directory, client) = start().await;
    let ids = people(&client, 3).await;
    let [a, b, c] = [&ids[0], &ids[1], &ids[2]];
    let selected = |id: &str| format!("members[value eq \"{id}\"]");
    let operations = [
        ("1", json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": b }] }]), vec![a, b]),
        ("2", json!([{ "op": "Add", "path": "members", "value": [{ "value": b }] }]), vec![a, b]),
        ("3", json!([{ "op": "add", "path": "members", "value": [{ "value": b }, { "value": c }] }]), vec![a, b, c]),
        ("4", json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": a }] }]), vec![]),
        ("4, of another", json!([{ "op": "Remove", "path": "members", "value": [{ "value": b }] }]), vec![a]),
        ("4, of nobody", json!([{ "op": "Remove", "path": "members", "value": [] }]), vec![a]),
        ("5", json!([{ "op": "remove", "path": selected(a) }]), vec![]),
        ("5, of another", json!([{ "op": "remove", "path": selected(b) }]), vec![a]),
        (
            "5, two",
            json!([{ "op": "remove", "path": format!("members[value eq \"{a}\" or value eq \"{b}\"]") }]),
            vec![],
        ),
        ("6", json!([{ "op": "replace", "path": "members", "value": [{ "value": b }, { "value": c }] }]), vec![b, c]),
        ("7", json!([{ "op": "remove", "path": "members" }]), vec![]),
        ("8", json!([{ "op": "add", "path": "members", "value": b }]), vec![a, b]),
        ("9", json!([{ "op": "add", "path": "members", "value": { "value": b } }]), vec![a, b]),
        ("9, removed", json!([{ "op": "Remove", "path": "members", "value": { "value": a } }]), vec![]),
        (
            "10",
            json!([{ "name": "addMember", "op": "add", "path": "members",
                "value": [{ "displayName": "new User", "$ref": null, "value": b }] }]),
            vec![a, b],
        ),
        ("11", json!([{ "op": "add", "value": { "members": [{ "value": b }] } }]), vec![a, b]),
        (
            "12",
            json!([{ "op": "add", "path": "members", "value": [{ "value": b }] }, { "op": "remove", "path": selected(b) }]),
            vec![a],
        ),
        (
            "an unknown id",
            json!([{ "op": "add", "path": "members", "value": ["string id 1", "nobody", b] }]),
            vec![a, b],
        ),
    ];
    for (number, (form, operations, expected)) in operations.into_iter().enumerate() {
        let group = group(&client, &json!({ "displayName": format!("G {number}"), "members": [{ "value": a }] })).await;
        let expected: BTreeSet<_> = expected.into_iter().cloned().collect();
        for again in ["", ", again"] {
            client.patch(&format!("/Groups/{group}"), operations.clone()).await.expect(204);
            assert_eq!(members(&client, &group).await, expected, "form {form}{again}");
        }
        let of_a = groups_of(&client, a).await.contains(&format!("G {number}"));
        assert_eq!(of_a, expected.contains(a), "form {form}: the user's side");
        client.delete(&format!("/Groups/{group}")).await.expect(204);
    }
    assert_eq!(groups_of(&client, a).await, [""; 0], "a deleted group is nobody's");
    let unknown =
        format!("rollcall_unknown_members_total{{namespace=\"{}\",directory=\"staff\"}} 4", directory.namespace);
    let metrics = Operator::shared().await.metrics().await;
    assert!(metrics.contains(&unknown), "{metrics}");
}

/// The example of the manual: a group with seventeen members.
#[tokio::test(flavor = "multi_thread")]
async fn seventeen_members_are_assigned_and_read_in_every_way() {
    let (directory, client) = start().await;
    let ids = people(&client, 17).await;
    let group = group(&client, &json!({ "displayName": "Team Blue" })).await;
    let path = format!("/Groups/{group}");
    let before = client.get(&path).await.expect(200);
    let version = directory.get("directorygroup", &group).await.expect("the object")["metadata"]["generation"].clone();
    let modified = client.get(&format!("/Users/{}", ids[0])).await.expect(200)["meta"]["lastModified"].clone();
    client.patch(&path, add(&ids)).await.expect(204);
    assert_eq!(members(&client, &group).await, ids.iter().cloned().collect());
    let object = directory.get("directorygroup", &group).await.expect("the object");
    assert_eq!(object["metadata"]["generation"], version, "members are no write of the group");

    let read = client.get(&path).await.expect(200);
    assert_ne!(read["meta"]["lastModified"], before["meta"]["lastModified"], "a group changes when its members do");
    let first = ids.iter().min().expect("one");
    let expected = json!({ "value": first, "$ref": format!("{}/Users/{first}", client.base), "type": "User" });
    assert_eq!(read["members"][0], expected);
    for query in ["excludedAttributes=members", "attributes=displayName"] {
        let read = client.get(&format!("{path}?{query}")).await.expect(200);
        assert_eq!((read.get("members"), &read["displayName"]), (None, &"Team Blue".into()), "{query}");
        let list = client.get(&format!("/Groups?{query}&filter=displayName+eq+%22team+blue%22")).await.expect(200);
        assert_eq!(list["Resources"][0].get("members"), None, "{query}: {list}");
    }
    let parts = client.get(&format!("{path}?attributes=members.value")).await.expect(200);
    assert_eq!(parts["members"][0], json!({ "value": first }));
    let list = client.get("/Groups").await.expect(200);
    assert_eq!(list["Resources"][0]["members"].as_array().map(Vec::len), Some(17), "no list is cut");

    let user = client.get(&format!("/Users/{first}")).await.expect(200);
    let groups = json!([{
        "value": group, "$ref": format!("{}/Groups/{group}", client.base), "display": "Team Blue", "type": "direct",
    }]);
    assert_eq!(user["groups"], groups);
    assert_eq!(user["meta"]["lastModified"], modified, "a membership is no attribute of the user's own");
    let stored = directory.get("directoryuser", first).await.expect("the object");
    assert_eq!(stored["spec"]["memberOf"], json!([group]));
    assert_eq!(stored["spec"]["scim"].get("groups"), None);
    let users = client.get("/Users?count=1").await.expect(200);
    assert_eq!(users["Resources"][0]["groups"], groups);
    // What the server sets is passed over in a body, and the answer shows what is.
    let body = json!({ "userName": "person@contoso.com", "groups": [] });
    let other = client.put(&format!("/Users/{first}"), &body).await.expect(200);
    assert_eq!(other["groups"], groups);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_stays_and_who_is_deleted_leaves() {
    let (_directory, client) = start().await;
    let ids = people(&client, 3).await;
    let members_of = json!(ids.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>());
    let blue = group(&client, &json!({ "displayName": "Team Blue", "members": members_of })).await;
    let path = format!("/Users/{}", ids[0]);
    client.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await.expect(200);
    assert_eq!(members(&client, &blue).await.len(), 3, "a disabled user keeps the membership");
    assert_eq!(groups_of(&client, &ids[0]).await, ["Team Blue"]);
    client.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "True" }])).await.expect(200);
    assert_eq!(groups_of(&client, &ids[0]).await, ["Team Blue"], "Entra does not send it again");
    client.delete(&format!("/Users/{}", ids[1])).await.expect(204);
    assert_eq!(members(&client, &blue).await, BTreeSet::from([ids[0].clone(), ids[2].clone()]));

    let rename = json!([{ "op": "replace", "value": { "displayName": "Team Red" } }]);
    client.patch(&format!("/Groups/{blue}"), rename).await.expect(204);
    assert_eq!(members(&client, &blue).await.len(), 2, "a rename touches no member");
    assert_eq!(groups_of(&client, &ids[0]).await, ["Team Red"]);
    client.delete(&format!("/Groups/{blue}")).await.expect(204);
    assert_eq!(groups_of(&client, &ids[0]).await, [""; 0]);
    assert_eq!(total(&client, "Users", &format!("groups eq \"{blue}\"")).await, 0);

    // Nested: stored, shown as a group, and no user's.
    let outer = group(&client, &json!({ "displayName": "Outer" })).await;
    let inner = group(&client, &json!({ "displayName": "Inner", "members": [ids[0]] })).await;
    client.patch(&format!("/Groups/{outer}"), add(std::slice::from_ref(&inner))).await.expect(204);
    let read = client.get(&format!("/Groups/{outer}")).await.expect(200);
    let nested = json!([{ "value": inner, "$ref": format!("{}/Groups/{inner}", client.base), "type": "Group" }]);
    assert_eq!(read["members"], nested);
    assert_eq!(groups_of(&client, &ids[0]).await, ["Inner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_members_and_groups_from_both_sides() {
    let (_directory, client) = start().await;
    let ids = people(&client, 3).await;
    let [a, b, c] = [&ids[0], &ids[1], &ids[2]];
    let blue = group(&client, &json!({ "displayName": "Blue", "members": [a, b] })).await;
    let red = group(&client, &json!({ "displayName": "Red", "members": [b] })).await;
    group(&client, &json!({ "displayName": "Empty" })).await;
    for (filter, expected) in [
        (format!("id eq \"{blue}\" and members eq \"{a}\""), 1),
        (format!("members eq \"{a}\" and id eq \"{blue}\""), 1),
        (format!("id eq \"{red}\" and members eq \"{a}\""), 0),
        (format!("id eq \"{blue}\" and members eq \"nobody\""), 0),
        (format!("members eq \"{b}\""), 2),
        (format!("members.value eq \"{a}\""), 1),
        (format!("members[value eq \"{b}\"] and displayName eq \"red\""), 1),
        (format!("members[value eq \"{b}\" and type eq \"Group\"]"), 0),
        (format!("members eq \"{c}\""), 0),
        (format!("not (members eq \"{a}\")"), 2),
        (format!("members eq \"{a}\" or members eq \"{b}\""), 2),
        ("members pr".to_owned(), 2),
        ("not (members pr)".to_owned(), 1),
        ("members.type eq \"User\"".to_owned(), 2),
        (format!("members ne \"{b}\""), 2),
    ] {
        assert_eq!(total(&client, "Groups", &filter).await, expected, "{filter}");
    }
    for (filter, expected) in [
        (format!("groups eq \"{blue}\""), 2),
        (format!("groups.value eq \"{red}\" and userName sw \"person\""), 1),
        (format!("groups[value eq \"{red}\"]"), 1),
        ("groups.display eq \"BLUE\"".to_owned(), 2),
        ("not (groups pr)".to_owned(), 1),
        (format!("groups eq \"{blue}\" and id eq \"{c}\""), 0),
    ] {
        assert_eq!(total(&client, "Users", &filter).await, expected, "{filter}");
    }
    let query = format!("filter=id+eq+%22{blue}%22+and+members+eq+%22{a}%22&attributes=id");
    let list = client.get(&format!("/Groups?{query}")).await.expect(200);
    assert_eq!((&list["totalResults"], list["Resources"][0].get("members")), (&1.into(), None), "{list}");
    // By the thousand: answered, or refused with a sentence, and never slow.
    for number in [10, 90, 1_000, 5_000] {
        let parts: Vec<_> = (0..number).map(|number| format!("members[value eq \"nobody-{number}\"]")).collect();
        for operator in [" or ", " and "] {
            let search = json!({ "filter": parts.join(operator) });
            let answer = client.post("/Groups/.search", &search).await;
            if number < 100 {
                assert_eq!(answer.expect(200)["totalResults"], 0, "{number}");
            } else {
                answer.expect_error(400, Some("invalidFilter"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_one_group_on_two_replicas_all_survive() {
    let directory = Directory::new().await;
    let clients = [directory.client(Operator::shared().await).await, directory.client(Operator::second().await).await];
    let ids = people(&clients[0], 60).await;
    let (gone, come) = ids.split_at(10);
    let members_of = json!(gone.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>());
    let group = group(&clients[0], &json!({ "displayName": "Team Blue", "members": members_of })).await;
    let path = format!("/Groups/{group}");
    let adds = come.iter().enumerate().map(|(number, id)| {
        let (client, path) = (&clients[number % 2], &path);
        async move { drop(client.patch(path, add(std::slice::from_ref(id))).await.expect(204)) }
    });
    let removes = gone.iter().enumerate().map(|(number, id)| {
        let (client, path) = (&clients[number % 2], &path);
        let operation = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
        async move { drop(client.patch(path, operation).await.expect(204)) }
    });
    tokio::join!(join_all(adds), join_all(removes));
    let expected: BTreeSet<_> = come.iter().cloned().collect();
    for client in &clients {
        until("every replica to show every member", async || (members(client, &group).await == expected).then_some(()))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_members_are_written_streamed_and_taken_away() {
    let (_directory, client) = start().await;
    let ids = people(&client, 2_000).await;
    let group = group(&client, &json!({ "displayName": "Everybody" })).await;
    let path = format!("/Groups/{group}");
    for half in ids.chunks(1_000) {
        until("a thousand members to be written, if in several attempts", async || {
            let answer = client.patch(&path, add(half)).await;
            assert!([204, 503].contains(&answer.status), "{}", answer.text);
            (answer.status == 204).then_some(())
        })
        .await;
    }
    let whole = client.get(&path).await;
    assert_eq!(whole.header("transfer-encoding"), "chunked", "nobody knows the length before");
    assert_eq!(whole.header("content-type"), "application/scim+json");
    assert_eq!(whole.expect(200)["members"].as_array().map(Vec::len), Some(2_000));
    assert_eq!(members(&client, &group).await, ids.iter().cloned().collect());
    let list = client.get("/Groups").await.expect(200);
    assert_eq!(list["Resources"][0]["members"].as_array().map(Vec::len), Some(2_000));
    let head = client.send("HEAD", &path, &[], None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let few: Vec<_> = ids[..3].iter().map(|id| json!({ "value": id })).collect();
    until("the others to leave, if in several attempts", async || {
        let answer = client.patch(&path, json!([{ "op": "replace", "path": "members", "value": few }])).await;
        assert!([204, 503].contains(&answer.status), "{}", answer.text);
        (answer.status == 204).then_some(())
    })
    .await;
    assert_eq!(members(&client, &group).await, ids[..3].iter().cloned().collect());
}

/// A job that sends groups to a Directory that ignores them sees no error, and its second cycle is silent.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_ignores_groups_keeps_them_without_members() {
    let (directory, client) = start_with(json!({ "groups": { "mode": "Ignore" } })).await;
    let ids = people(&client, 2).await;
    let body = json!({ "displayName": "Team Blue", "members": [{ "value": ids[0] }] });
    let created = client.post("/Groups", &body).await.expect(201);
    assert_eq!(created.get("members"), None);
    let group = created["id"].as_str().expect("an id");
    client.patch(&format!("/Groups/{group}"), add(&ids)).await.expect(204);
    client.patch(&format!("/Groups/{group}"), add(&["nobody".to_owned()])).await.expect(204);
    client.patch(&format!("/Groups/{group}"), add(&[String::new()])).await.expect_error(400, Some("invalidValue"));
    assert_eq!(members(&client, group).await, BTreeSet::new());
    assert_eq!(groups_of(&client, &ids[0]).await, [""; 0]);
    assert_eq!(directory.get("directoryuser", &ids[0]).await.expect("a user")["spec"].get("memberOf"), None);
    // The match query hits, so Entra sends no second POST; and what it compares is as it was sent.
    assert_eq!(total(&client, "Groups", "displayName eq \"Team Blue\"").await, 1);
    assert_eq!(total(&client, "Groups", &format!("members eq \"{}\"", ids[0])).await, 0);
    assert_eq!(total(&client, "Groups", "not (members pr)").await, 1);
    assert_eq!(total(&client, "Users", &format!("groups eq \"{group}\"")).await, 0);
    client.post("/Groups", &body).await.expect_error(409, Some("uniqueness"));

    // Turned on, turned off, turned on: hidden in between, and nothing is lost.
    let shown = async |mode: &str, count: usize| {
        directory.apply_directory(json!({ "groups": { "mode": mode } })).await;
        until("the mode to be known", async || (members(&client, group).await.len() == count).then_some(())).await;
    };
    directory.apply_directory(json!({ "groups": { "mode": "Sync" } })).await;
    until("the members to be stored", async || {
        client.patch(&format!("/Groups/{group}"), add(&ids)).await.expect(204);
        (members(&client, group).await.len() == 2).then_some(())
    })
    .await;
    shown("Ignore", 0).await;
    shown("Sync", 2).await;
    // A right that is taken away meanwhile does not come back with the groups: Entra sends a removal once.
    shown("Ignore", 0).await;
    let remove = json!([{ "op": "Remove", "path": "members", "value": [{ "value": ids[0] }] }]);
    client.patch(&format!("/Groups/{group}"), remove).await.expect(204);
    shown("Sync", 1).await;
}
