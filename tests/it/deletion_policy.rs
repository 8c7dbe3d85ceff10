//! What becomes of people and groups when their Directory is deleted.

use std::time::{Duration, Instant};

use control_plane::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::leader::leads;
use crate::purge::leader_does;
use crate::support::cluster::{crds_folder, install, kubectl_on};
use crate::support::wait::within;
use crate::support::{Client, Directory, Operator, until};

const FINALIZER: &str = "rollcall.dev/directory";
/// A minute until the last request is over, half of one until the watches were heard of, another half for a leader that has
/// to be elected, and a little.
const DELETION_DEADLINE: Duration = Duration::from_secs(180);

async fn client(directory: &Directory) -> Client {
    directory.client(Operator::shared().await).await
}

async fn finalizers(directory: &Directory) -> Option<Vec<Value>> {
    Some(directory.get("directory", "staff").await?["metadata"]["finalizers"].as_array().cloned().unwrap_or_default())
}

async fn has_finalizer(directory: &Directory, expected: bool) {
    leader_does("the finalizer to come or go", async || {
        (finalizers(directory).await?.contains(&json!(FINALIZER)) == expected).then_some(())
    })
    .await;
}

async fn delete(directory: &Directory) {
    directory.allow_deletion().await;
    directory.kubectl(&["delete", "directory", "staff", "--wait=false"]).await.expect("kubectl delete");
}

async fn is_closed(client: &Client) {
    until("SCIM to answer 503", async || {
        let answer = client.get("/Users").await;
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 503).then_some(())
    })
    .await;
    let answer = client.post("/Users", &json!({ "userName": "late" })).await;
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    answer.expect_error(503, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_stay_without_their_directory_and_are_there_again_with_it() {
    let directory = Directory::new().await;
    let client = client(&directory).await;
    let id = client.create(&json!({ "userName": "ada" })).await;
    assert_eq!(finalizers(&directory).await, Some(Vec::new()));
    delete(&directory).await;
    is_closed(&client).await;
    until("the Directory to be gone", async || directory.get("directory", "staff").await.is_none().then_some(())).await;
    assert!(directory.get("directoryuser", &id).await.is_some());
    directory.apply_directory(json!({})).await;
    until("the person to be there again", async || {
        (client.get(&format!("/Users/{id}")).await.status == 200).then_some(())
    })
    .await;
    client.post("/Users", &json!({ "userName": "ADA" })).await.expect_error(409, Some("uniqueness"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_takes_its_people_along_says_how_many_are_left_and_goes_last() {
    let directory = Directory::with_spec(json!({ "deletionPolicy": "Delete" })).await;
    // A finalizer of somebody else's stays as it is.
    let theirs = json!({ "metadata": { "finalizers": ["example.com/theirs"] } }).to_string();
    directory.kubectl(&["patch", "directory", "staff", "--type=merge", "-p", &theirs]).await.expect("kubectl patch");
    let client = client(&directory).await;
    has_finalizer(&directory, true).await;
    let mut members = Vec::new();
    for number in 0..60 {
        members.push(json!({ "value": client.create(&json!({ "userName": format!("person-{number}") })).await }));
    }
    client.post("/Groups", &json!({ "displayName": "all", "members": members })).await.expect(201);
    let gone = client.create(&json!({ "userName": "gone" })).await;
    client.delete(&format!("/Users/{gone}")).await.expect(204);
    let generation = directory.get("directory", "staff").await.expect("it")["metadata"]["generation"].clone();
    delete(&directory).await;
    is_closed(&client).await;
    leader_does("the condition to say how many are left", async || {
        let object = directory.get("directory", "staff").await?;
        let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.into_iter().find(|one| one["type"] == "Ready")?;
        let message = ready["message"].as_str().unwrap_or_default().to_owned();
        (ready["status"] == "False" && ready["reason"] == "Deleting" && message.contains("left")).then_some(())
    })
    .await;
    let emptied = within(DELETION_DEADLINE, async || {
        let finalizers = finalizers(&directory).await.expect("theirs keeps it");
        (finalizers == [json!("example.com/theirs")]).then_some(())
    })
    .await;
    assert!(emptied.is_some(), "{:#?}", directory.get("directory", "staff").await);
    for kind in ["directoryusers", "directorygroups", "directoryclaims"] {
        assert_eq!(directory.list(kind).await, Vec::<Value>::new(), "{kind}");
    }
    let object = directory.get("directory", "staff").await.expect("it");
    // A deletion raises the generation once by itself.
    assert!(
        object["metadata"]["generation"].as_i64() <= generation.as_i64().map(|it| it + 1),
        "nobody touched the spec"
    );
    let none = json!({ "metadata": { "finalizers": null } }).to_string();
    directory.kubectl(&["patch", "directory", "staff", "--type=merge", "-p", &none]).await.expect("kubectl patch");
    until("the Directory to be gone", async || directory.get("directory", "staff").await.is_none().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_taken_back_takes_the_finalizer_along() {
    let directory = Directory::with_spec(json!({ "deletionPolicy": "Delete" })).await;
    client(&directory).await;
    has_finalizer(&directory, true).await;
    directory.apply_directory(json!({ "deletionPolicy": "Retain" })).await;
    has_finalizer(&directory, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_goes_with_a_directory_that_takes_its_people_along() {
    let directory = Directory::with_spec(json!({ "deletionPolicy": "Delete" })).await;
    client(&directory).await.create(&json!({ "userName": "ada" })).await;
    has_finalizer(&directory, true).await;
    let namespace = directory.namespace.as_str();
    directory.kubectl(&["delete", "namespace", namespace, "--wait=false"]).await.expect("kubectl delete");
    let gone = within(DELETION_DEADLINE, async || {
        let found =
            directory.kubectl(&["get", "namespace", namespace, "--ignore-not-found"]).await.expect("kubectl get");
        found.trim().is_empty().then_some(())
    })
    .await;
    assert!(gone.is_some(), "the namespace hangs: {:#?}", directory.get("directory", "staff").await);
}

/// So many people that their deletion takes a few seconds.
const PEOPLE: usize = 400;

/// On a control plane of its own: no other test's leader goes on with the work.
#[tokio::test(flavor = "multi_thread")]
async fn another_leader_goes_on_where_one_was_killed() {
    let plane = ControlPlane::start(Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    let kubeconfig = install(&plane, &crds_folder()).await;
    let kubectl = async |arguments: &[&str], input: Option<&str>| {
        kubectl_on(&plane, arguments, input).await.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
    };
    let object = |kind: &str, name: &str, spec: Value| {
        json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
            "metadata": { "name": name, "namespace": "default", "labels": { "rollcall.dev/directory": "staff" } },
        })
    };
    let person = |number: usize| {
        let scim = json!({ "userName": format!("person-{number}"), "active": true });
        let spec = json!({ "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": scim });
        object("DirectoryUser", &format!("person-{number}"), spec)
    };
    let items: Vec<_> = (0..PEOPLE).map(person).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string();
    kubectl(&["create", "-f", "-"], Some(&list)).await;
    let directory = object("Directory", "staff", json!({ "deletionPolicy": "Delete" })).to_string();
    kubectl(&["create", "-f", "-"], Some(&directory)).await;
    let mut first = Operator::launch(&kubeconfig, &["--replica-name", "first"]).await;
    first.ready().await;
    until("the first replica to lead", async || leads(&first).await.then_some(())).await;
    let mut second = Operator::launch(&kubeconfig, &["--replica-name", "second"]).await;
    second.ready().await;
    let left = async || {
        let text = kubectl(&["get", "directoryusers", "-o", "name"], None).await;
        text.lines().count()
    };
    until("the finalizer", async || {
        kubectl(&["get", "directory", "staff", "-o", "yaml"], None).await.contains(FINALIZER).then_some(())
    })
    .await;
    let begun = Instant::now();
    kubectl(&["annotate", "directory", "staff", "rollcall.dev/allow-delete=true"], None).await;
    kubectl(&["delete", "directory", "staff", "--wait=false"], None).await;
    let at_kill = until("the deletion to be under way", async || {
        let left = left().await;
        (left < PEOPLE - 20).then_some(left)
    })
    .await;
    first.kill();
    assert!(at_kill > 20, "only {at_kill} were left, and this test shows nothing");
    let gone = within(DELETION_DEADLINE, async || {
        let directories = kubectl(&["get", "directories", "-o", "name"], None).await;
        (left().await == 0 && directories.trim().is_empty()).then_some(())
    })
    .await;
    assert!(gone.is_some(), "{} are left {:?} later:\n{}", left().await, begun.elapsed(), second.log());
    assert_eq!(kubectl(&["get", "directoryclaims", "-o", "name"], None).await.trim(), "");
}
