//! The cluster that the tests share, with the kinds installed and an account for the operator that holds the chart's rights
//! and no others.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use control_plane::ControlPlane;
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

/// Installs the definitions of a folder, the operator's account and its rights; returns the account's kubeconfig.
pub(crate) async fn install(plane: &ControlPlane, crds: &Path) -> PathBuf {
    let crds = crds.display().to_string();
    let rights = root().join("charts/rollcall/files/rbac.yaml").display().to_string();
    let run = async |arguments: &[&str], input: Option<&str>| {
        kubectl_on(plane, arguments, input).await.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
    };
    run(&["apply", "--server-side", "-f", &crds], None).await;
    run(&["wait", "--for=condition=Established", "--timeout=30s", "-f", &crds], None).await;
    // What is established is announced a moment later, and kubectl knows no kind before that.
    until("the kinds to be announced", async || {
        let kinds = kubectl_on(plane, &["get", "--raw", "/apis/rollcall.dev/v1alpha1"], None).await.ok()?;
        ["directories", "directorykeys", "directoryusers", "directorygroups", "directoryclaims"]
            .iter()
            .all(|kind| kinds.contains(&format!("\"{kind}\"")))
            .then_some(())
    })
    .await;
    // The namespace first: the Role for the Lease lies in it.
    run(&["apply", "--server-side", "-f", "-"], Some(&account().to_string())).await;
    run(&["apply", "--server-side", "-f", &rights], None).await;
    plane.service_account_kubeconfig(NAMESPACE, ACCOUNT).await.expect("a token for the operator")
}

/// The account and the bindings of the chart's rights to it.
fn account() -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } },
        { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": ACCOUNT, "namespace": NAMESPACE } },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "rollcall" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "rollcall" },
            "subjects": [{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE }],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "rollcall-leader-election", "namespace": NAMESPACE },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "rollcall-leader-election" },
            "subjects": [{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE }],
        },
    ] })
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
