//! The cluster of the tour, embedded or the user's own, always spoken to through kubectl.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use control_plane::{ControlPlane, Options};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{NAMESPACE, operator, root};

/// Where the operator's service account lives.
pub(crate) const OPERATOR_NAMESPACE: &str = "rollcall-system";
const SERVICE_ACCOUNT: &str = "rollcall";

/// A cluster with the right to install things in it.
pub(crate) struct Cluster {
    kubectl: PathBuf,
    context: Option<String>,
    kubeconfig: PathBuf,
    state: PathBuf,
    /// Ends with this value.
    _control_plane: Option<ControlPlane>,
}

impl Cluster {
    /// Starts the embedded control plane, or takes the context of that name.
    pub(crate) async fn start(context: Option<String>, state: &Path) -> Result<Self> {
        let state = state.to_owned();
        if let Some(context) = context {
            let mut cluster = Self {
                kubectl: "kubectl".into(),
                context: Some(context),
                kubeconfig: PathBuf::new(),
                state,
                _control_plane: None,
            };
            // A copy with this one context, so that the tour and `source env` mean the same cluster.
            let view = cluster.kubectl(&["config", "view", "--raw", "--minify", "--flatten", "-o", "json"]).await?;
            cluster.kubeconfig = cluster.state.join("kubeconfig");
            operator::write_private(&cluster.kubeconfig, &view)?;
            return Ok(cluster);
        }
        let control_plane = ControlPlane::start(Options::default()).await?;
        Ok(Self {
            kubectl: control_plane.kubectl_path().to_owned(),
            context: None,
            kubeconfig: control_plane.admin_kubeconfig().to_owned(),
            state,
            _control_plane: Some(control_plane),
        })
    }

    /// The kubeconfig of an administrator.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The folder of the programs that were built for the embedded control plane.
    pub(crate) fn programs(&self) -> Option<&Path> {
        self.kubectl.parent().filter(|folder| !folder.as_os_str().is_empty())
    }

    /// Runs kubectl and returns what it prints.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.kubectl);
        if !self.kubeconfig.as_os_str().is_empty() {
            command.env("KUBECONFIG", &self.kubeconfig);
        }
        if let Some(context) = &self.context {
            command.args(["--context", context]);
        }
        let output = command.args(arguments).kill_on_drop(true).output().await.context("cannot run kubectl")?;
        if !output.status.success() {
            bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The address of the API server.
    pub(crate) async fn url(&self) -> Result<String> {
        self.kubectl(&["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]).await
    }

    /// Applies a manifest file and says what became of it.
    pub(crate) async fn apply(&self, path: &Path) -> Result<()> {
        print!("{}", self.kubectl(&["apply", "--server-side", "-f", &path.display().to_string()]).await?);
        Ok(())
    }

    /// Installs the kinds, the namespaces, the service account and its rights.
    pub(crate) async fn install(&self) -> Result<()> {
        self.apply(&root().join("crds")).await?;
        self.kubectl(&[
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "-f",
            &root().join("crds").display().to_string(),
        ])
        .await?;
        // The namespace first: the Role for the Lease lies in it.
        let account = self.state.join("service-account.json");
        std::fs::write(&account, service_account().to_string())?;
        self.apply(&account).await?;
        self.apply(&root().join("charts/rollcall/files/rbac.yaml")).await
    }

    /// A kubeconfig of the operator's service account: what it may do here is what the chart grants it.
    pub(crate) async fn operator_kubeconfig(&self) -> Result<PathBuf> {
        let view = self.kubectl(&["config", "view", "--raw", "--minify", "--flatten", "-o", "json"]).await?;
        let token =
            self.kubectl(&["-n", OPERATOR_NAMESPACE, "create", "token", SERVICE_ACCOUNT, "--duration=24h"]).await?;
        let mut config: Value = serde_json::from_str(&view).context("kubectl config view prints JSON")?;
        let user = config["contexts"][0]["context"]["user"].clone();
        config["users"] = json!([{ "name": user, "user": { "token": token.trim() } }]);
        let path = self.state.join("operator-kubeconfig");
        operator::write_private(&path, &config.to_string())?;
        Ok(path)
    }
}

fn service_account() -> Value {
    let namespace = |name: &str| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        namespace(OPERATOR_NAMESPACE),
        namespace(NAMESPACE),
        { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": SERVICE_ACCOUNT, "namespace": OPERATOR_NAMESPACE } },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "rollcall" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "rollcall" },
            "subjects": [{ "kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": OPERATOR_NAMESPACE }],
        },
        role_binding("rollcall-leader-election"),
        role_binding("rollcall-login"),
    ] })
}

/// Grants the service account a Role of its own namespace.
fn role_binding(role: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": role, "namespace": OPERATOR_NAMESPACE },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role },
        "subjects": [{ "kind": "ServiceAccount", "name": SERVICE_ACCOUNT, "namespace": OPERATOR_NAMESPACE }],
    })
}
