//! docs/restore.md without Velero: the test runs the page's own commands, as somebody who may restore and is no
//! administrator of the cluster.

use serde_json::{Value, json};

use crate::support::cluster::kubectl;
use crate::support::page::{Page, Reader, kubeconfig_with};
use crate::support::{Directory, Operator, until};

/// The rights that the page asks for; whoever restores has no others.
const ROLE: &str = "rollcall-override";

/// What a restore has to bring back of the people and groups: names and specs.
async fn people_and_groups(directory: &Directory) -> Vec<Value> {
    let mut objects = Vec::new();
    for kind in ["directoryusers", "directorygroups"] {
        for object in directory.list(kind).await {
            objects.push(json!({ "name": object["metadata"]["name"], "spec": object["spec"] }));
        }
    }
    objects.sort_by_key(|object| object["name"].to_string());
    objects
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_page_bring_everybody_back_under_the_same_ids() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let ada = client.create(&json!({ "userName": "ada@contoso.example", "externalId": "a-1", "active": true })).await;
    client.create(&json!({ "userName": "ben@contoso.example", "active": false })).await;
    let gone = client.create(&json!({ "userName": "gone@contoso.example" })).await;
    assert_eq!(client.delete(&format!("/Users/{gone}")).await.status, 204);
    let members = json!([{ "value": ada }]);
    let group = client.post("/Groups", &json!({ "displayName": "Engineers", "members": members })).await.expect(201);
    let group = group["id"].as_str().expect("an id").to_owned();
    let before = people_and_groups(&directory).await;
    assert_eq!(before.len(), 4);

    let folder = tempfile::tempdir().expect("a folder");
    let (page, namespace) = (Page::read("restore.md"), directory.namespace.as_str());
    let run = async |text: &str| {
        let kubeconfig = kubeconfig_with(&directory, ROLE).await;
        let reader = Reader { kubeconfig: &kubeconfig, folder: folder.path() };
        reader.run(&page.command(text, &[("PEOPLE", namespace)])).await
    };
    run("> people.json").await;
    kubectl(&["delete", "namespace", namespace, "--wait"], None).await.expect("the namespace is lost");
    until("the operator to have seen that the Directory is gone", async || {
        (client.get("/Users?count=0").await.status != 200).then_some(())
    })
    .await;

    kubectl(&["create", "namespace", namespace], None).await.expect("a namespace");
    run("people.json |").await;
    assert_eq!(people_and_groups(&directory).await, before);
    until("everybody to be served under the same id", async || {
        let found = client.get("/Users?filter=userName%20eq%20%22ada%40contoso.example%22").await;
        (found.status == 200 && found.json()["Resources"][0]["id"] == ada.as_str()).then_some(())
    })
    .await;
    client.get(&format!("/Users/{gone}")).await.expect_error(404, None);
    assert_eq!(client.get(&format!("/Groups/{group}")).await.expect(200)["members"][0]["value"], ada.as_str());
    until("the claims to be there again", async || (directory.list("directoryclaims").await.len() >= 3).then_some(()))
        .await;
}
