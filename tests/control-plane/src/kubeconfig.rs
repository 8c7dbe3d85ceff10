//! Who may speak to the API server: tokens, keys and kubeconfigs. They live in the data folder and end with it.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// The key that signs the tokens of service accounts.
pub(crate) const SERVICE_ACCOUNT_KEY: &str = "service-account.key";
/// Its public half, which verifies them.
pub(crate) const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "service-account.pub";
/// Where the API server makes its own certificate.
pub(crate) const CERTIFICATES: &str = "certificates";
/// The file of static tokens.
pub(crate) const TOKENS: &str = "tokens.csv";
/// The token of the administrator. The server listens on loopback for as long as a test runs.
const ADMIN_TOKEN: &str = "admin-token";

/// A program of a node, and who it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeUser {
    /// The program.
    pub(crate) program: &'static str,
    /// Its token.
    pub(crate) token: &'static str,
    /// What the API server calls it, with its groups.
    user: &'static str,
}

/// The programs of a node. RBAC knows these users.
pub(crate) const NODE_USERS: [NodeUser; 3] = [
    NodeUser { program: "kubelet", token: "kubelet-token", user: "system:node:node1,2,system:nodes" },
    NodeUser { program: "kube-scheduler", token: "kube-scheduler-token", user: "system:kube-scheduler,3" },
    NodeUser { program: "kube-proxy", token: "kube-proxy-token", user: "system:kube-proxy,4" },
];

/// A kubeconfig with one context.
pub(crate) struct Kubeconfig(Value);

/// Writes what the API server reads at its start.
pub(crate) fn write_secrets(data: &Path) -> io::Result<()> {
    let key = rcgen::KeyPair::generate().map_err(io::Error::other)?;
    fs::write(data.join(SERVICE_ACCOUNT_KEY), key.serialize_pem())?;
    fs::write(data.join(SERVICE_ACCOUNT_PUBLIC_KEY), key.public_key_pem())?;
    let nodes: String = NODE_USERS.iter().map(|user| format!("{},{}\n", user.token, user.user)).collect();
    fs::write(data.join(TOKENS), format!("{ADMIN_TOKEN},admin,1,\"system:masters\"\n{nodes}"))
}

/// For an administrator.
pub(crate) fn admin(url: &str, data: &Path) -> Kubeconfig {
    with_token(url, data, ADMIN_TOKEN)
}

/// For whoever holds this token.
pub(crate) fn with_token(url: &str, data: &Path, token: &str) -> Kubeconfig {
    // The API server appends the authority it made to its certificate file, so that file verifies it.
    let authority = data.join(CERTIFICATES).join("apiserver.crt");
    Kubeconfig(json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "control-plane",
        "clusters": [{ "name": "control-plane", "cluster": {
            "server": url, "certificate-authority": authority,
        } }],
        "users": [{ "name": "user", "user": { "token": token } }],
        "contexts": [{ "name": "control-plane", "context": { "cluster": "control-plane", "user": "user" } }],
    }))
}

impl Kubeconfig {
    /// The same for somebody else: the API server decides as if this user had called.
    pub(crate) fn acting_as(mut self, user: &str, groups: &[&str]) -> Self {
        self.0["users"][0]["user"]["as"] = user.into();
        self.0["users"][0]["user"]["as-groups"] = groups.into();
        self
    }

    /// The same with a namespace for whoever asks for none, as the service account of a pod has its own.
    pub(crate) fn in_namespace(mut self, namespace: &str) -> Self {
        self.0["contexts"][0]["context"]["namespace"] = namespace.into();
        self
    }

    /// Writes it. JSON is YAML.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, self.0.to_string())
    }
}
