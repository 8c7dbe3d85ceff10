//! A restore without claims and status makes no twins, removes nobody and hides nobody.

use std::collections::BTreeSet;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::cluster::apply;
use crate::support::{Client, Directory, Operator, until};

/// How many people a restore brings back, and how many probes ask for one of them and then create the same name.
const PEOPLE: usize = 470;
const PROBES: usize = 60;
/// How many people [`seen`] creates.
const MARKERS: usize = 2;
/// How many of the probes run at the same time.
const WINDOW: usize = 20;
/// How many times a probe that is told to come again does so. The operator settles what it is unsure of long before.
const PATIENCE: usize = 30;

fn user_name(number: usize) -> String {
    format!("person-{number}@contoso.com")
}

/// A person as a backup has her: without status, and without claims elsewhere. The youngest were made two minutes ago, never
/// changed and put in no group, so that nothing but the times says that they were acknowledged.
fn person(directory: &Directory, number: usize) -> Value {
    let age = SignedDuration::from_mins(if number.is_multiple_of(2) { 2 } else { 60 * 24 });
    let created = (Timestamp::now() - age).to_string();
    let scim = json!({
        "userName": user_name(number), "active": true, "meta": { "created": created, "lastModified": created },
    });
    let spec = json!({ "directoryRef": { "name": directory.name }, "managedBy": "Provisioning", "scim": scim });
    directory.object("DirectoryUser", &format!("restored-{number}"), spec)
}

async fn restore(directory: &Directory, objects: &[Value]) {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    directory.kubectl_with(&["create", "-f", "-"], &list.to_string()).await.expect("kubectl create");
}

/// How many resources a replica finds by userName; nothing where it asks to come again.
async fn found(client: &Client, user_name: &str) -> Option<u64> {
    let filter = format!("/Users?filter=userName%20eq%20%22{user_name}%22");
    let answer = client.get(&filter).await;
    (answer.status != 503).then(|| answer.expect(200)["totalResults"].as_u64().expect("a number"))
}

/// Asks for the name and then creates it, as Entra does. Somebody who is there is found or the answer is to come again;
/// whichever it is, nobody gets the name.
async fn probe(client: &Client, user_name: &str) {
    let total = found(client, user_name).await;
    assert!(total != Some(0), "{user_name} is there, and nobody is found");
    for _ in 0..PATIENCE {
        let answer = client.post("/Users", &json!({ "userName": user_name })).await;
        if answer.status != 503 {
            answer.expect_error(409, Some("uniqueness"));
            return;
        }
    }
    panic!("{user_name} is asked to come again every time");
}

/// Waits until the indexes of both replicas show all that has been restored so far. GET by id would not tell, for it reads
/// live: each replica creates somebody whom the other one has to list, and a watch tells of people in order.
async fn seen(clients: [&Client; 2]) {
    for (number, (writer, reader)) in [(clients[0], clients[1]), (clients[1], clients[0])].into_iter().enumerate() {
        let name = format!("marker-{number}");
        writer.create(&json!({ "userName": name, "displayName": name })).await;
        until("the other replica to list the marker", async || {
            let answer = reader.get(&format!("/Users?filter=displayName%20eq%20%22{name}%22")).await;
            (answer.status == 200 && answer.json()["totalResults"] == 1).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_without_claims_makes_no_twins_and_removes_nobody() {
    let directory = Directory::new().await;
    let (first, second) = (Operator::shared().await, Operator::second().await);
    let (first, second) = (directory.client(first).await, directory.client(second).await);
    let people: Vec<_> = (0..PEOPLE).map(|number| person(&directory, number)).collect();
    restore(&directory, &people).await;
    let clients = [&first, &second];
    seen(clients).await;
    // From the last ones on: their claims are made last.
    let names: Vec<_> = (PEOPLE - PROBES..PEOPLE).rev().map(user_name).collect();
    for (window, names) in names.chunks(WINDOW).enumerate() {
        let probes = names.iter().enumerate().map(|(number, name)| probe(clients[number % 2], name));
        join_all(probes).await;
        let total = clients[window % 2].get("/Users?count=0").await.expect(200)["totalResults"].clone();
        assert_eq!(total, PEOPLE + MARKERS, "nobody is missing from a list");
    }

    until("everybody to have a claim again", async || {
        (directory.list("directoryclaims").await.len() == PEOPLE + MARKERS).then_some(())
    })
    .await;
    let users = directory.list("directoryusers").await;
    assert_eq!(users.len(), PEOPLE + MARKERS, "nobody was added");
    let names: BTreeSet<_> = users.iter().filter_map(|user| user["metadata"]["name"].as_str()).collect();
    let restored = people.iter().filter_map(|person| person["metadata"]["name"].as_str());
    let removed: Vec<_> = restored.filter(|name| !names.contains(name)).collect();
    assert!(removed.is_empty(), "{removed:?}");
    for client in clients {
        assert_eq!(client.get("/Users?count=0").await.expect(200)["totalResults"], PEOPLE + MARKERS);
    }
}

/// The smallest case: the object is made again at once, so that its times do not tell it from a create in progress.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_brought_back_at_once_gets_no_twin_and_stays_inactive() {
    let directory = Directory::new().await;
    let (first, second) = (Operator::shared().await, Operator::second().await);
    let (first, second) = (directory.client(first).await, directory.client(second).await);
    let id = first.create(&json!({ "userName": "ada@contoso.com", "active": false })).await;
    let mut ada = directory.get("directoryuser", &id).await.expect("the object");
    directory.kubectl(&["delete", "directoryuser", &id]).await.expect("kubectl delete");
    directory.kubectl(&["delete", "directoryclaims", "--all"]).await.expect("kubectl delete");
    for client in [&first, &second] {
        until("the replica to see that the person is gone", async || {
            (client.get(&format!("/Users/{id}")).await.status == 404).then_some(())
        })
        .await;
    }
    let metadata = ada["metadata"].as_object_mut().expect("metadata");
    metadata.retain(|field, _| ["name", "namespace", "labels"].contains(&field.as_str()));
    ada.as_object_mut().expect("an object").remove("status");
    apply(&ada).await;
    seen([&first, &second]).await;

    probe(&first, "ada@contoso.com").await;
    probe(&second, "ADA@contoso.com").await;
    let users = directory.list("directoryusers").await;
    assert_eq!(users.len(), 1 + MARKERS, "one ada");
    assert!(users.iter().any(|user| user["metadata"]["name"] == id.as_str()), "the one from before");
    until("the person to be found", async || (found(&first, "ada@contoso.com").await == Some(1)).then_some(())).await;
    assert_eq!(first.get(&format!("/Users/{id}")).await.expect(200)["active"], false);
}
