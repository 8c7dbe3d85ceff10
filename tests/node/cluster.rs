//! A cluster as a platform team handles it: kubectl and helm, as an administrator.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use control_plane::{ControlPlane, Helm};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::client::Client;
use crate::wait::until;
use sha2::{Digest as _, Sha256};

/// The release, and what the chart calls everything of it.
pub(crate) const RELEASE: &str = "rollcall";
/// The namespace of the release; pods in it must be restricted.
pub(crate) const NAMESPACE: &str = "rollcall-system";
/// The namespace of the people.
pub(crate) const PEOPLE: &str = "people";
/// Their Directory.
pub(crate) const DIRECTORY: &str = "staff";
const SECRET: &str = "secret-of-the-node-lane";

/// kubectl and helm for one control plane.
pub(crate) struct Cluster<'a> {
    pub(crate) plane: &'a ControlPlane,
    helm: PathBuf,
    homes: tempfile::TempDir,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The chart of this version.
pub(crate) fn chart() -> String {
    root().join("charts/rollcall").display().to_string()
}

impl<'a> Cluster<'a> {
    pub(crate) async fn new(plane: &'a ControlPlane) -> Self {
        let helm = tokio::task::spawn_blocking(|| Helm::Four.locate()).await.expect("the search does not panic");
        let helm = helm.unwrap_or_else(|error| panic!("{error}"));
        let homes = tempfile::Builder::new().prefix("rollcall-helm-").tempdir().expect("a folder");
        Self { plane, helm, homes }
    }

    /// Runs kubectl: what it printed, or its complaint.
    pub(crate) async fn try_kubectl(&self, arguments: &[&str], input: Option<&str>) -> Result<String, String> {
        let mut command = tokio::process::Command::from(self.plane.kubectl());
        command.args(arguments);
        output(command, input).await
    }

    /// The same where it must succeed.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> String {
        let printed = self.try_kubectl(arguments, None).await;
        printed.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
    }

    /// Applies an object.
    pub(crate) async fn apply(&self, object: &Value) {
        let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        let applied = self.try_kubectl(&arguments, Some(&object.to_string())).await;
        applied.unwrap_or_else(|error| panic!("kubectl apply: {error}\n{object}"));
    }

    /// Reads an object, or the list of a kind.
    pub(crate) async fn get(&self, namespace: &str, arguments: &[&str]) -> Value {
        let printed = self.kubectl(&[&["-n", namespace, "get", "-o", "json"], arguments].concat()).await;
        serde_json::from_str(&printed).expect("kubectl prints JSON")
    }

    /// The items of a list.
    pub(crate) async fn list(&self, namespace: &str, arguments: &[&str]) -> Vec<Value> {
        self.get(namespace, arguments).await["items"].as_array().cloned().expect("a list has items")
    }

    /// Runs helm in the namespace of the release: what it printed, or its complaint.
    pub(crate) async fn try_helm(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = tokio::process::Command::new(&self.helm);
        command.args(["--namespace", NAMESPACE]).args(arguments).env("KUBECONFIG", self.plane.admin_kubeconfig());
        for home in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(home, self.homes.path());
        }
        output(command, None).await
    }

    /// The same where it must succeed; says how long it took, and shows the release's pods where it does not succeed.
    pub(crate) async fn helm(&self, arguments: &[&str]) -> String {
        let started = Instant::now();
        match self.try_helm(arguments).await {
            Ok(printed) => {
                println!("   helm {}: {:.1} s", arguments.join(" "), started.elapsed().as_secs_f64());
                printed
            }
            Err(error) => panic!("helm {arguments:?}: {error}\n{}", self.pods_described().await),
        }
    }

    /// What an administrator would look at when a pod does not run.
    pub(crate) async fn pods_described(&self) -> String {
        let mut text = String::new();
        for arguments in [
            &["get", "pods", "-o", "wide"][..],
            &["describe", "pods"],
            &["logs", "--all-pods", "--prefix", "--tail=20", "deployment/rollcall"],
            &["get", "events", "--sort-by=.lastTimestamp"],
        ] {
            let printed = self.try_kubectl(&[&["-n", NAMESPACE], arguments].concat(), None).await;
            writeln!(text, "--- kubectl {}\n{}", arguments.join(" "), printed.unwrap_or_else(|error| error)).ok();
        }
        text
    }

    /// The namespaces of the release and of the people.
    pub(crate) async fn make_namespaces(&self) {
        self.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE, "labels": {
            "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest",
        } } }))
        .await;
        self.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": PEOPLE } })).await;
    }

    /// The Directory and its key.
    pub(crate) async fn make_directory(&self) {
        let hash: String = Sha256::digest(SECRET).iter().map(|byte| format!("{byte:02x}")).collect();
        self.apply_directory(json!({})).await;
        let key = json!({ "directoryRef": { "name": DIRECTORY }, "sha256": hash });
        self.apply(&self.object("DirectoryKey", "node-lane", key)).await;
    }

    /// Gives the Directory these rules. It lets the simulator delete everybody whom it has made.
    pub(crate) async fn apply_directory(&self, mut spec: Value) {
        spec["maxDeletesPerHour"] = 1_000_000.into();
        self.apply(&self.object("Directory", DIRECTORY, spec)).await;
    }

    /// An object of ours in the namespace of the people.
    pub(crate) fn object(&self, kind: &str, name: &str, spec: Value) -> Value {
        json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
            "metadata": { "name": name, "namespace": PEOPLE, "labels": { "rollcall.dev/directory": DIRECTORY } },
        })
    }

    /// The secret of the Directory's key.
    pub(crate) fn secret(&self) -> &'static str {
        SECRET
    }

    /// A SCIM client for this base address, once the Directory and its key are known there.
    pub(crate) async fn client(&self, base: &str) -> Client {
        let client = Client::new(format!("{base}/scim/v2/{PEOPLE}/{DIRECTORY}"), SECRET);
        until("the Directory and its key to be known", async || {
            let answer = client.try_send("GET", "/ServiceProviderConfig", &[], None).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
        client
    }

    /// The address of the Service at this port.
    pub(crate) async fn service(&self, port: &str) -> String {
        let service = self.get(NAMESPACE, &["service", RELEASE]).await;
        let ports = service["spec"]["ports"].as_array().expect("a Service has ports");
        let found = ports.iter().find(|found| found["name"] == port).unwrap_or_else(|| panic!("no port {port}"));
        format!("http://{}:{}", service["spec"]["clusterIP"].as_str().expect("an address"), found["port"])
    }

    /// The names of the people in the API server.
    pub(crate) async fn people(&self) -> Vec<String> {
        let names = self.kubectl(&["-n", PEOPLE, "get", "directoryusers", "-o", "name"]).await;
        names.lines().map(str::to_owned).collect()
    }

    /// The pods of the Deployment, without those that are ending.
    pub(crate) async fn pods(&self) -> Vec<Value> {
        let mut pods = self.list(NAMESPACE, &["pods", "-l", "app.kubernetes.io/instance=rollcall"]).await;
        pods.retain(|pod| {
            pod["metadata"]["deletionTimestamp"].is_null() && pod["metadata"]["labels"]["pod-template-hash"].is_string()
        });
        pods
    }

    /// The pods of the Deployment that are ready, once there are as many as it wants and no others.
    pub(crate) async fn ready_pods(&self) -> Vec<String> {
        self.kubectl(&["-n", NAMESPACE, "rollout", "status", "--timeout=120s", "deployment/rollcall"]).await;
        until("as many ready pods as the Deployment wants", async || {
            let wanted = self.get(NAMESPACE, &["deployment", RELEASE]).await["spec"]["replicas"].as_u64()?;
            let pods = self.pods().await;
            let ready = pods.iter().filter(|pod| is_ready(pod)).map(name).collect::<Vec<_>>();
            (ready.len() as u64 == wanted && pods.len() as u64 == wanted).then_some(ready)
        })
        .await
    }

    /// Who leads, by the Lease: the name of its pod.
    pub(crate) async fn leader(&self) -> Option<String> {
        let lease = self.get(NAMESPACE, &["lease", RELEASE]).await;
        let holder = lease["spec"]["holderIdentity"].as_str().filter(|holder| !holder.is_empty())?.to_owned();
        self.pods().await.iter().map(name).find(|pod| holder.starts_with(pod.as_str()))
    }
}

/// Its name.
pub(crate) fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().expect("an object has a name").to_owned()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

async fn output(mut command: tokio::process::Command, input: Option<&str>) -> Result<String, String> {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut process =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
    if let (Some(input), Some(mut stdin)) = (input, process.stdin.take()) {
        stdin.write_all(input.as_bytes()).await.expect("it reads its input");
    }
    let output = process.wait_with_output().await.expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr) + &text(output.stdout)) }
}
