//! Helm itself installs, upgrades and removes the chart on a control plane of its own. No pod runs, so nothing waits for one.

use control_plane::{ControlPlane, Helm, Options};
use serde_json::{Value, json};

use crate::render::{HASH, chart, helm, run};
use crate::support::cluster::kubectl_on;

/// Runs Helm on this cluster, in the namespace of the release.
fn helm_on(plane: &ControlPlane, version: Helm, arguments: &[&str], values: &Value) -> Result<String, String> {
    let mut command = helm(version);
    command.env("KUBECONFIG", plane.admin_kubeconfig()).args(arguments).args(["-n", "rollcall-system"]);
    run(command, &values.to_string())
}

/// What `kubectl get` shows of our kinds: `kind.group/name` of each, in all namespaces.
async fn ours(plane: &ControlPlane) -> Vec<String> {
    let text = kubectl_on(plane, &["get", "directories,directorykeys", "-A", "-o", "name"], None).await;
    text.expect("kubectl get").lines().map(str::to_owned).collect()
}

fn values(keys: &[&str]) -> Value {
    let keys: serde_json::Map<_, _> = keys
        .iter()
        .map(|name| {
            let spec = json!({ "directoryRef": { "name": "staff" }, "sha256": HASH });
            ((*name).to_owned(), json!({ "namespace": "acme", "spec": spec }))
        })
        .collect();
    json!({ "directories": { "staff": { "namespace": "acme" } }, "keys": keys })
}

const STAFF: &str = "directory.rollcall.dev/staff";
const ENTRA: &str = "directorykey.rollcall.dev/entra";
const NEXT: &str = "directorykey.rollcall.dev/next";

async fn life_of_a_release(version: Helm) {
    let plane = &ControlPlane::start(Options::default()).await.expect("a control plane");
    let chart = chart().display().to_string();
    let helm = |arguments: &[&str], values: &Value| helm_on(plane, version, arguments, values);
    kubectl_on(plane, &["create", "namespace", "acme"], None).await.expect("a namespace");

    // One command brings kinds, operator, Directory and key into an empty cluster.
    let install = ["install", "rollcall", &chart, "--create-namespace", "-f", "-"];
    helm(&install, &values(&["entra"])).expect("helm install");
    assert_eq!(ours(plane).await, [STAFF, ENTRA]);

    // Helm does not know of the key yet, and says so in place of leaving it there in silence.
    let upgrade = ["upgrade", "rollcall", &chart, "-f", "-"];
    let refused = helm(&upgrade, &values(&["next"])).expect_err("a key that would stay");
    assert!(refused.contains("DirectoryKey acme/entra came with the first installation"), "{refused}");

    // The first upgrade takes both over, and from then on a key that is taken out is deleted.
    helm(&upgrade, &values(&["entra", "next"])).expect("helm upgrade");
    assert_eq!(ours(plane).await, [STAFF, ENTRA, NEXT]);

    // A rollback to the first revision, of whose key Helm does not know, leaves the key there.
    let rollback = ["rollback", "rollcall", "1"];
    helm(&rollback, &json!({})).expect("helm rollback to the first revision");
    assert_eq!(ours(plane).await, [STAFF, ENTRA]);
    helm(&upgrade, &values(&["entra", "next"])).expect("helm upgrade after the rollback");
    helm(&upgrade, &values(&["next"])).expect("helm upgrade without the first key");
    assert_eq!(ours(plane).await, [STAFF, NEXT]);

    // A Directory that is taken out stays, with its people.
    helm(&upgrade, &json!({ "keys": {} })).expect("helm upgrade without Directories");
    assert_eq!(ours(plane).await, [STAFF]);

    helm(&["uninstall", "rollcall"], &json!({})).expect("helm uninstall");
    assert_eq!(ours(plane).await, [STAFF], "kinds and Directories survive");
    helm(&install, &values(&["entra"])).expect("helm install again");
    assert_eq!(ours(plane).await, [STAFF, ENTRA]);
    helm(&upgrade, &values(&["entra", "next"])).expect("helm upgrade");
    helm(&rollback, &json!({})).expect("helm rollback");
    assert_eq!(ours(plane).await, [STAFF, ENTRA]);
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_4_installs_upgrades_and_removes_directories_and_keys() {
    life_of_a_release(Helm::Four).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_3_installs_upgrades_and_removes_directories_and_keys() {
    life_of_a_release(Helm::Three).await;
}
