//! A namespace with a Directory and a key of its own: a test sees nobody else's people.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::NO_SECRET;
use super::cluster::{apply, kubectl};
use super::{Client, Operator, until};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The Directory of one test.
pub(crate) struct Directory {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) secret: String,
}

impl Directory {
    /// Makes a namespace, the Directory `staff` with this spec beside what every Directory has, and a key.
    pub(crate) async fn with_spec(spec: Value) -> Self {
        let namespace = format!("test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = Self { secret: format!("{NO_SECRET}{namespace}"), name: "staff".to_owned(), namespace };
        apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": directory.namespace } })).await;
        directory.apply_directory(spec).await;
        directory.apply_key("key", json!({ "sha256": sha256(&directory.secret) })).await;
        directory
    }

    /// A Directory that asks for nothing.
    pub(crate) async fn new() -> Self {
        Self::with_spec(json!({})).await
    }

    /// Applies the Directory with this spec.
    pub(crate) async fn apply_directory(&self, spec: Value) {
        apply(&self.object("Directory", &self.name, spec)).await;
    }

    /// Applies a DirectoryKey of this Directory.
    pub(crate) async fn apply_key(&self, name: &str, mut spec: Value) {
        spec["directoryRef"] = json!({ "name": self.name });
        apply(&self.object("DirectoryKey", name, spec)).await;
    }

    /// An object of ours in this namespace.
    pub(crate) fn object(&self, kind: &str, name: &str, spec: Value) -> Value {
        json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": kind,
            "metadata": { "name": name, "namespace": self.namespace, "labels": { "rollcall.dev/directory": self.name } },
            "spec": spec,
        })
    }

    /// A client of this Directory at `operator`, once the operator knows the Directory and its key.
    pub(crate) async fn client(&self, operator: &Operator) -> Client {
        let base = format!("{}/scim/v2/{}/{}", operator.public_url, self.namespace, self.name);
        let client = Client::new(base, &self.secret);
        until("the operator knows the directory and its key", || async {
            (client.get("/ServiceProviderConfig").await.status == 200).then_some(())
        })
        .await;
        client
    }

    /// Runs kubectl in this namespace.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        kubectl(&[&["-n", &self.namespace], arguments].concat(), None).await
    }

    /// The same with something to read on standard input.
    pub(crate) async fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        kubectl(&[&["-n", &self.namespace], arguments].concat(), Some(input)).await
    }

    /// Lets the Directory be deleted although there may be people in it, which the chart's guards otherwise refuse.
    pub(crate) async fn allow_deletion(&self) {
        let annotate = ["annotate", "directory", &self.name, "rollcall.dev/allow-delete=true"];
        self.kubectl(&annotate).await.expect("kubectl annotate");
    }

    /// Reads one object.
    pub(crate) async fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let text = self.kubectl(&["get", kind, name, "-o", "json", "--ignore-not-found"]).await.expect("kubectl get");
        (!text.trim().is_empty()).then(|| serde_json::from_str(&text).expect("kubectl prints JSON"))
    }

    /// Reads all objects of a kind.
    pub(crate) async fn list(&self, kind: &str) -> Vec<Value> {
        let text = self.kubectl(&["get", kind, "-o", "json"]).await.expect("kubectl get");
        let list: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
        list["items"].as_array().cloned().expect("a list has items")
    }
}

/// What `DirectoryKey.spec.sha256` holds for a secret.
pub(crate) fn sha256(secret: &str) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}
