//! docs/restore.md without Velero: the test runs the page's own commands, as somebody who may restore and is no
//! administrator of the cluster.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::cluster::{self, apply, kubectl};
use crate::support::{Directory, Operator, until};

/// Who restores, with the rights that the page asks for and no others.
const RESTORER: &str = "restorer";

/// The command of the page that holds this text.
fn command_with(text: &str) -> String {
    let page = std::fs::read_to_string(cluster::root().join("docs/restore.md")).expect("the page");
    let mut commands = page.lines().filter(|line| line.starts_with("    ") && line.contains(text));
    let command = commands.next().unwrap_or_else(|| panic!("docs/restore.md has no command with {text:?}"));
    assert!(commands.next().is_none(), "docs/restore.md has two commands with {text:?}");
    command.trim().to_owned()
}

/// Runs a command of the page in a folder, for the namespace of the Directory.
async fn run(command: &str, directory: &Directory, kubeconfig: &Path, folder: &Path) -> String {
    let kubectl = cluster::shared().await.plane.kubectl_path();
    let mut path = kubectl.parent().expect("a folder").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-euc", &command.replace("PEOPLE", &directory.namespace)]).current_dir(folder).kill_on_drop(true);
    shell.env("PATH", path).env("KUBECONFIG", kubeconfig).env("KUBECACHEDIR", folder.join("cache"));
    let output = shell.stdin(Stdio::null()).output().await.expect("a shell");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

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

/// Binds the role of the page and returns the kubeconfig.
async fn restorer(directory: &Directory) -> PathBuf {
    let plane = cluster::shared().await.plane;
    let group = "rbac.authorization.k8s.io";
    apply(&json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
        "metadata": { "name": "restore", "namespace": directory.namespace },
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": "rollcall-override" },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": RESTORER }],
    }))
    .await;
    plane.user_kubeconfig(RESTORER, &["system:authenticated"]).expect("a kubeconfig")
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
    let kubeconfig = restorer(&directory).await;
    run(&command_with("> people.json"), &directory, &kubeconfig, folder.path()).await;
    let namespace = directory.namespace.as_str();
    kubectl(&["delete", "namespace", namespace, "--wait"], None).await.expect("the namespace is lost");
    until("the operator to have seen that the Directory is gone", async || {
        (client.get("/Users?count=0").await.status != 200).then_some(())
    })
    .await;

    kubectl(&["create", "namespace", namespace], None).await.expect("a namespace");
    let kubeconfig = restorer(&directory).await;
    run(&command_with("people.json |"), &directory, &kubeconfig, folder.path()).await;
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
