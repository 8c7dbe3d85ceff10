//! A bare client of the API server: what the operator's figures are measured against. It runs as the operator's own
//! service account, so that RBAC and fairness treat both alike.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method};
use rollcall::rules::naming::{USER_NAME, claim_name};
use serde_json::{Value, json};

/// The API server, and the namespace in which the benchmark works.
#[derive(Clone)]
pub(crate) struct Raw {
    http: Client,
    base: String,
    token: String,
}

impl Raw {
    /// From a kubeconfig with a token, as the control plane writes it.
    pub(crate) fn new(kubeconfig: &Path, namespace: &str) -> Result<Self> {
        let config: Value = serde_json::from_slice(&std::fs::read(kubeconfig)?)?;
        let cluster = &config["clusters"][0]["cluster"];
        let text = |value: &Value| value.as_str().map(str::to_owned).context("the control plane's kubeconfig");
        let authority = std::fs::read(text(&cluster["certificate-authority"])?)?;
        let authority = reqwest::Certificate::from_pem_bundle(&authority)?;
        let http = Client::builder().no_proxy().http1_only().tls_certs_only(authority).build()?;
        let server = text(&cluster["server"])?;
        Ok(Self {
            http,
            base: format!("{server}/apis/rollcall.dev/v1alpha1/namespaces/{namespace}"),
            token: text(&config["users"][0]["user"]["token"])?,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, object: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(object)).await
    }

    pub(crate) async fn put(&self, path: &str, object: &Value) -> Result<Value> {
        self.send(Method::PUT, path, Some(object)).await
    }

    /// Streams every object of a kind as a watch that begins with all of them, keeps nothing, and returns how many bytes there were.
    pub(crate) async fn stream(&self, plural: &str) -> Result<usize> {
        const END: &[u8] = b"k8s.io/initial-events-end";
        // The bookmark that ends the list has a few hundred bytes.
        const TAIL: usize = 4_096;
        let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        let request = self.http.get(format!("{}/{plural}?{query}", self.base)).bearer_auth(&self.token);
        let mut answer = request.send().await?.error_for_status()?;
        let (mut bytes, mut tail) = (0, Vec::new());
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len();
            tail.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
            tail.drain(..tail.len().saturating_sub(TAIL));
            if chunk.ends_with(b"\n") && tail.windows(END.len()).any(|window| window == END) {
                return Ok(bytes);
            }
        }
        anyhow::bail!("the stream of {plural} ended before its list did")
    }

    async fn send(&self, method: Method, path: &str, object: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method.clone(), format!("{}/{path}", self.base)).bearer_auth(&self.token);
        if let Some(object) = object {
            request = request.json(object);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{method} {path}: {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// A user of a Directory as a bare client writes it, and its userName.
pub(crate) fn user(directory: &str, number: usize) -> (Value, String) {
    let (name, user_name) = (format!("raw-{number}"), format!("raw-{number}@contoso.example"));
    let labels = json!({ "rollcall.dev/directory": directory });
    let reference = json!({ "name": directory });
    let mut scim = super::person(&user_name);
    let enterprise = scim.as_object_mut().and_then(|scim| scim.remove(super::ENTERPRISE)).unwrap_or_default();
    scim["extensions"] = json!({ super::ENTERPRISE: enterprise });
    scim.as_object_mut().map(|scim| scim.remove("schemas"));
    let user = json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser",
        "metadata": { "name": name, "labels": labels },
        "spec": { "directoryRef": reference, "managedBy": "Provisioning", "scim": scim },
    });
    (user, user_name)
}

/// The claim on the name of a user that was created: the same object as the operator's.
pub(crate) fn claim(directory: &str, user: &Value, user_name: &str) -> Value {
    let (name, uid) = (&user["metadata"]["name"], &user["metadata"]["uid"]);
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryClaim",
        "metadata": {
            "name": claim_name(directory, USER_NAME, user_name),
            "labels": user["metadata"]["labels"],
            "ownerReferences": [{ "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser", "name": name, "uid": uid }],
        },
        "spec": {
            "directoryRef": user["spec"]["directoryRef"],
            "attribute": USER_NAME, "value": user_name, "holder": name, "nonce": "0",
        },
    })
}
