//! The cluster that the tests share, with the chart installed: the operator runs under the chart's account, rights and guards.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use control_plane::{ControlPlane, Helm};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::OnceCell;

use super::until;

/// The operator's account: `system:serviceaccount:NAMESPACE:ACCOUNT` for RBAC.
pub(crate) const NAMESPACE: &str = "rollcall-system";
pub(crate) const ACCOUNT: &str = "rollcall";

/// The shared control plane and the kubeconfig of the operator in it.
pub(crate) struct Cluster {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) operator_kubeconfig: PathBuf,
}

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

/// The one cluster of this test process, made by whoever asks first.
pub(crate) async fn shared() -> &'static Cluster {
    let make = || async {
        let plane = control_plane::shared().await;
        Cluster { plane, operator_kubeconfig: install(plane, &crds_folder()).await }
    };
    SHARED.get_or_init(make).await
}

/// Where the definitions of this version are.
pub(crate) fn crds_folder() -> PathBuf {
    root().join("crds")
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Installs the chart, with the kinds as this folder defines them; returns the kubeconfig of the operator's account.
pub(crate) async fn install(plane: &ControlPlane, crds: &Path) -> PathBuf {
    let run = async |arguments: &[&str], input: Option<&str>| {
        kubectl_on(plane, arguments, input).await.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
    };
    let folder = crds.display().to_string();
    let is_current = crds == crds_folder();
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } }).to_string();
    run(&["apply", "--server-side", "-f", "-"], Some(&namespace)).await;
    if !is_current {
        run(&["apply", "--server-side", "-f", &folder], None).await;
    }
    let chart = chart(&["--set", &format!("crds.install={is_current}")]).await;
    run(&["apply", "--server-side", "-f", "-"], Some(&chart)).await;
    run(&["wait", "--for=condition=Established", "--timeout=30s", "-f", &folder], None).await;
    // What is established is announced a moment later, and kubectl knows no kind before that.
    until("the kinds to be announced", async || {
        let kinds = kubectl_on(plane, &["get", "--raw", "/apis/rollcall.dev/v1alpha1"], None).await.ok()?;
        [
            "directories",
            "directorykeys",
            "directoryapplications",
            "directoryusers",
            "directorygroups",
            "directoryclaims",
            "directoryreports",
        ]
        .iter()
        .all(|kind| kinds.contains(&format!("\"{kind}\"")))
        .then_some(())
    })
    .await;
    plane.service_account_kubeconfig(NAMESPACE, ACCOUNT).await.expect("a token for the operator")
}

/// What Helm makes of the chart with these flags, as one release would install it. Hooks are left out: they are pods, and
/// nothing runs them here.
pub(crate) async fn chart(flags: &[&str]) -> String {
    let chart = root().join("charts/rollcall").display().to_string();
    helm(&[&["template", ACCOUNT, &chart, "--namespace", NAMESPACE, "--no-hooks"], flags].concat(), Path::new("")).await
}

/// Runs Helm against the cluster of this kubeconfig and returns what it printed.
pub(crate) async fn helm(arguments: &[&str], kubeconfig: &Path) -> String {
    let helm = tokio::task::spawn_blocking(|| Helm::Four.locate()).await.expect("the search does not panic");
    let mut command = tokio::process::Command::new(helm.unwrap_or_else(|error| panic!("{error}")));
    let output = command.args(arguments).env("KUBECONFIG", kubeconfig).kill_on_drop(true).output().await;
    let output = output.expect("Helm starts");
    assert!(output.status.success(), "helm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("Helm prints UTF-8")
}

/// Applies an object as an administrator.
pub(crate) async fn apply(object: &Value) {
    let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    kubectl(&arguments, Some(&object.to_string())).await.expect("kubectl apply");
}

/// Runs kubectl as an administrator: what it printed, or its complaint.
pub(crate) async fn kubectl(arguments: &[&str], input: Option<&str>) -> Result<String, String> {
    kubectl_on(shared().await.plane, arguments, input).await
}

/// The same on another control plane.
pub(crate) async fn kubectl_on(
    plane: &ControlPlane,
    arguments: &[&str],
    input: Option<&str>,
) -> Result<String, String> {
    let mut command = tokio::process::Command::from(plane.kubectl());
    command.args(arguments).kill_on_drop(true);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("kubectl starts");
    if let (Some(input), Some(mut stdin)) = (input, process.stdin.take()) {
        stdin.write_all(input.as_bytes()).await.expect("kubectl reads its input");
    }
    let output = process.wait_with_output().await.expect("kubectl ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("kubectl prints UTF-8");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
