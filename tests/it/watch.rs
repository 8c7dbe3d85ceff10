//! What a replica knows by its watch: how soon it knows it, and what it answers when the watch is silent or gone.
//!
//! The tests that pause or replace the API server have a control plane of their own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use control_plane::{ControlPlane, Options};
use rollcall::store::watch::FRESHNESS_LIMIT;
use serde_json::{Value, json};

use crate::support::cluster::{crds_folder, install, kubectl_on};
use crate::support::directory::sha256;
use crate::support::wait::{DEADLINE, within};
use crate::support::{Client, Directory, Operator, until};

/// Between the limit and its being noticed by a poll on a busy machine.
const SLACK: Duration = Duration::from_secs(5);

async fn own_control_plane() -> ControlPlane {
    ControlPlane::start(Options::default()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs kubectl on a control plane of the test's own.
async fn run(plane: &ControlPlane, arguments: &[&str], input: Option<&str>) -> String {
    kubectl_on(plane, arguments, input).await.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
}

/// Makes the Directory `staff` with a key there; returns a client of it, once the operator knows both.
async fn directory_on(plane: &ControlPlane, operator: &Operator) -> Client {
    let object = |kind: &str, name: &str, spec: Value| {
        json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
            "metadata": { "name": name, "namespace": "default", "labels": { "rollcall.dev/directory": "staff" } },
        })
    };
    let key = json!({ "directoryRef": { "name": "staff" }, "sha256": sha256("secret") });
    let objects = [object("Directory", "staff", json!({})), object("DirectoryKey", "key", key)];
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    run(plane, &["apply", "--server-side", "-f", "-"], Some(&list)).await;
    let client = Client::new(format!("{}/scim/v2/default/staff", operator.public_url), "secret");
    until("the operator to know the directory and its key", async || {
        (client.get("/Users?count=0").await.status == 200).then_some(())
    })
    .await;
    client
}

fn user_names(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().into_iter().flatten();
    resources.map(|user| user["userName"].as_str().expect("a userName").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn own_writes_are_listed_at_once_and_those_of_another_replica_soon() {
    let directory = Directory::new().await;
    let here = directory.client(Operator::shared().await).await;
    let there = directory.client(Operator::second().await).await;
    for number in 0..20 {
        let (title, query) = (format!("title-{number}"), format!("/Users?filter=title+eq+%22title-{number}%22"));
        let body = json!({ "userName": format!("user-{number}"), "title": title });
        let id = here.create(&body).await;
        let listed = here.get(&query).await.expect(200);
        assert_eq!(listed["totalResults"], 1, "the write that was just answered: {listed}");
        until("the other replica to list the person", async || {
            (there.get(&query).await.expect(200)["totalResults"] == 1).then_some(())
        })
        .await;
        let rename = json!([{ "op": "replace", "path": "title", "value": "none" }]);
        there.patch(&format!("/Users/{id}"), rename).await.expect(200);
        assert_eq!(there.get(&query).await.expect(200)["totalResults"], 0, "an own change, at once");
        until("the first replica to know the change", async || {
            (here.get(&query).await.expect(200)["totalResults"] == 0).then_some(())
        })
        .await;
        here.delete(&format!("/Users/{id}")).await.expect(204);
        assert_eq!(here.get("/Users?count=0").await.expect(200)["totalResults"], 0, "an own deletion, at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_api_server_makes_it_unready_and_a_new_one_is_taken_up() {
    let mut plane = own_control_plane().await;
    let kubeconfig = install(&plane, &crds_folder()).await;
    let mut operator = Operator::launch(&kubeconfig, &[]).await;
    operator.ready().await;
    let client = directory_on(&plane, &operator).await;
    client.post("/Users", &json!({ "userName": "alice" })).await.expect(201);

    silence(&plane, &operator, &client).await;
    operator.ready().await;
    assert_eq!(user_names(&client.get("/Users").await.expect(200)), ["alice"]);
    client.post("/Users", &json!({ "userName": "bob" })).await.expect(201);

    // The API server is killed: writes fail in a way that is tried again, and nothing is answered wrongly.
    plane.stop_api_server();
    let refused = client.post("/Users", &json!({ "userName": "carol" })).await;
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    refused.expect_error(503, None);
    plane.restart_api_server().await.expect("the API server starts again");
    until("a write to succeed", async || {
        let answer = client.post("/Users", &json!({ "userName": "carol" })).await;
        assert!([201, 409, 503].contains(&answer.status), "{answer:?}");
        (answer.status != 503).then_some(())
    })
    .await;
    // The watches go on as well: what people do with kubectl arrives.
    operator.ready().await;
    run(&plane, &["delete", "directoryusers", "--all", "-n", "default"], None).await;
    until("the list to be empty", async || {
        let answer = client.get("/Users").await;
        (answer.status == 200 && answer.json()["totalResults"] == 0).then_some(())
    })
    .await;
}

/// Stops the API server where it stands, so that its connections are open and nothing comes over them, and lets it go on
/// once the operator has noticed.
async fn silence(plane: &ControlPlane, operator: &Operator, client: &Client) {
    plane.pause_api_server().expect("SIGSTOP");
    let paused = Instant::now();
    let unready = within(FRESHNESS_LIMIT + SLACK, async || {
        let list = client.get("/Users").await;
        match list.status {
            200 => assert_eq!(user_names(&list.json()), ["alice"]),
            503 => assert!(!list.header("retry-after").is_empty()),
            _ => panic!("{list:?}"),
        }
        (operator.admin("/readyz").await.0 == 503).then_some(())
    })
    .await;
    assert!(unready.is_some(), "ready {:?} after the last sign of life:\n{}", paused.elapsed(), operator.log());
    assert_eq!(operator.admin("/livez").await.0, 200, "a restart would not help");
    // A key that is good, and one that is not: neither is judged by what may be old. 401 would quarantine the job.
    client.get("/Users").await.expect_error(503, None);
    client.authorized("Bearer wrong").get("/Users").await.expect_error(503, None);
    client.get("/Users?filter=userName+eq+%22alice%22").await.expect_error(503, None);
    plane.resume_api_server().expect("SIGCONT");
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_are_older_than_the_replica_make_it_unready_at_any_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let plane = own_control_plane().await;
    let kubeconfig = install(&plane, &older_definitions(folder.path())).await;
    let mut operator = Operator::launch(&kubeconfig, &[]).await;
    let reason = within(DEADLINE, async || {
        let (status, text) = operator.admin("/readyz").await;
        assert_ne!(status, 200, "ready, though a field is missing: {text}");
        text.contains("sessionEpoch").then_some(text)
    })
    .await;
    assert!(reason.is_some(), "it does not say what is missing:\n{}", operator.log());
    let answer = Client::new(operator.public_url.clone(), "x").get("/scim/v2/default/staff/Users").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    // Once the definitions are those of this version, the same process serves.
    install(&plane, &crds_folder()).await;
    operator.ready().await;
    set_back(&plane, &mut operator, folder.path()).await;
}

/// Somebody sets the kinds back under the running replica, and puts them right again.
async fn set_back(plane: &ControlPlane, operator: &mut Operator, older: &Path) {
    let client = directory_on(plane, operator).await;
    let path = format!("/Users/{}", client.create(&json!({ "userName": "alice" })).await);
    // A deactivation writes the field that is about to go.
    let turn =
        async |active: bool| client.patch(&path, json!([{ "op": "replace", "path": "active", "value": active }])).await;
    install(plane, older).await;
    let refused = until("a write to meet the older kinds", async || {
        for active in [false, true] {
            let answer = turn(active).await;
            assert!([200, 503].contains(&answer.status), "nobody's data is to blame: {answer:?}");
            if answer.status == 503 {
                return Some(answer);
            }
        }
        None
    })
    .await;
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    let reason = until("the replica to be unready", async || {
        let (status, text) = operator.admin("/readyz").await;
        (status == 503).then_some(text)
    })
    .await;
    assert!(reason.contains("the field spec.sessionEpoch of DirectoryUser"), "{reason}");
    client.get("/Users").await.expect_error(503, None);
    assert!(operator.metrics().await.lines().any(|line| line == "rollcall_ready 0"));

    install(plane, &crds_folder()).await;
    operator.ready().await;
    until("writes to be carried out", async || (turn(false).await.status == 200).then_some(())).await;
    assert_eq!(client.get(&path).await.expect(200)["active"], false);
    assert!(operator.metrics().await.lines().any(|line| line == "rollcall_ready 1"));
    let log = operator.log();
    assert_eq!(log.matches("\"not ready any more\"").count(), 1, "{log}");
    assert_eq!(log.matches("\"message\":\"ready\"").count(), 2, "{log}");
}

/// The definitions as a version wrote them that did not know `DirectoryUser.spec.sessionEpoch`.
fn older_definitions(folder: &Path) -> PathBuf {
    for crd in rollcall::api::crds::crds() {
        let mut crd = serde_json::to_value(crd).expect("a definition is JSON");
        let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
        let properties = crd.pointer_mut(spec).and_then(Value::as_object_mut).expect("a spec has properties");
        properties.remove("sessionEpoch");
        let path = folder.join(format!("{}.json", crd["metadata"]["name"].as_str().expect("a name")));
        std::fs::write(path, crd.to_string()).expect("a file");
    }
    folder.to_owned()
}
