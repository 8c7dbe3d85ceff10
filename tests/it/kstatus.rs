//! What Flux and Argo CD conclude of our objects, asked of the library that Flux asks itself.

use std::fs;

use control_plane::{argocd_health, kstatus};
use serde_json::{Value, json};

use crate::guards::unattended;
use crate::support::cluster::{kubectl_on, root};
use crate::support::{Directory, Operator, until};

/// What kstatus says of each object.
pub(crate) async fn concluded(objects: Vec<Value>) -> Vec<String> {
    let results = tokio::task::spawn_blocking(move || kstatus(&objects)).await.expect("it does not panic");
    results.unwrap_or_else(|error| panic!("{error}")).into_iter().map(|(status, _)| status).collect()
}

/// What Argo CD says of an object, by the check of the example.
pub(crate) async fn argocd(object: &Value) -> String {
    let text =
        fs::read_to_string(root().join("examples/gitops/argocd-cm.yaml")).expect("the patch of Argo CD's ConfigMap");
    let patch: Value = serde_yaml::from_str(&text).expect("YAML");
    let kind = object["kind"].as_str().expect("a kind");
    let check = patch["data"][format!("resource.customizations.health.rollcall.dev_{kind}")].as_str();
    let (check, object) = (check.unwrap_or_else(|| panic!("no check of {kind}")).to_owned(), object.clone());
    let results =
        tokio::task::spawn_blocking(move || argocd_health(&check, &[object])).await.expect("it does not panic");
    results.unwrap_or_else(|error| panic!("{error}")).remove(0).0
}

/// What Argo CD says where kstatus says this.
fn as_argocd(status: &str) -> &'static str {
    match status {
        "Current" => "Healthy",
        "Failed" => "Degraded",
        _ => "Progressing",
    }
}

/// Waits until kstatus says this of an object; returns the object.
async fn conclusion(directory: &Directory, kind: &str, name: &str, expected: &str) -> Value {
    let mut last = String::new();
    let found = crate::support::wait::within(crate::support::wait::DEADLINE, async || {
        let object = directory.get(kind, name).await?;
        last = concluded(vec![object.clone()]).await.remove(0);
        (last == expected).then_some(object)
    })
    .await;
    found.unwrap_or_else(|| panic!("{kind} {name} is {last} and not {expected}"))
}

fn application(directory: &Directory, of: &str, host: &str) -> Value {
    let name = format!("{of}-{}", host.split('.').next().unwrap_or_default());
    let mut object = directory.object("DirectoryApplication", &name, json!({ "hosts": [host] }));
    object["spec"]["directoryRef"] = json!({ "name": of });
    object
}

/// One object in one state: kind, name, and what kstatus says of it.
type Case<'a> = (&'a str, &'a str, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_says_whether_it_is_done() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let ada = client.create(&json!({ "userName": "ada@contoso.com", "active": true })).await;
    let sales = client.post("/Groups", &json!({ "displayName": "Sales" })).await.expect(201);
    let sales = sales["id"].as_str().expect("an id").to_owned();
    let login = json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } });
    directory.kubectl(&["create", "secret", "generic", "theirs", "--from-literal=token=x"]).await.expect("created");
    let key = |name: &str, of: &str, spec: Value| {
        let mut object = directory.object("DirectoryKey", name, spec);
        object["spec"]["directoryRef"] = json!({ "name": of });
        object
    };
    let hash = "11".repeat(32);
    let host = |name: &str| format!("{name}-{}.contoso.example", directory.namespace);
    let objects = json!({ "apiVersion": "v1", "kind": "List", "items": [
        directory.object("Directory", "open", login),
        directory.object("Directory", "other", json!({ "login": { "method": "BuiltIn", "builtIn": { "enabled": true } } })),
        directory.object("Directory", "wrong", json!({ "users": { "uniqueAttributes": ["emails[type eq"] } })),
        key("revoked", "staff", json!({ "sha256": hash, "revoked": true })),
        key("expired", "staff", json!({ "sha256": hash, "expiresAt": "2020-01-01T00:00:00Z" })),
        key("blocked", "staff", json!({ "mint": { "secretName": "theirs" } })),
        key("minted", "staff", json!({ "mint": { "secretName": "ours" } })),
        key("early", "nobody", json!({ "sha256": hash })),
        application(&directory, "open", &host("wiki")),
        application(&directory, "other", &host("wiki")),
        application(&directory, "nobody", &host("chat")),
    ]});
    directory.kubectl_with(&["apply", "--server-side", "-f", "-"], &objects.to_string()).await.expect("applied");
    let (open, other, nobody) = (
        format!("open-wiki-{}", directory.namespace),
        format!("other-wiki-{}", directory.namespace),
        format!("nobody-chat-{}", directory.namespace),
    );
    let cases: [Case<'_>; 13] = [
        ("directory", "staff", "Current"),
        ("directory", "wrong", "Failed"),
        ("directorykey", "key", "Current"),
        ("directorykey", "revoked", "Current"),
        ("directorykey", "expired", "Current"),
        ("directorykey", "minted", "Current"),
        ("directorykey", "blocked", "Failed"),
        ("directorykey", "early", "InProgress"),
        ("directoryuser", &ada, "Current"),
        ("directorygroup", &sales, "Current"),
        ("directoryapplication", &open, "Failed"),
        ("directoryapplication", &other, "Failed"),
        ("directoryapplication", &nobody, "InProgress"),
    ];
    for (kind, name, expected) in cases {
        let mut object = conclusion(&directory, kind, name, expected).await;
        if kind != "directorygroup" && !object["status"].is_null() {
            assert_eq!(argocd(&object).await, as_argocd(expected), "{kind} {name}: Argo CD");
        }
        // A change that the operator has not seen yet, and work of its that is under way.
        object["metadata"]["generation"] = (object["metadata"]["generation"].as_i64().unwrap_or(1) + 1).into();
        let changed = if object["status"].is_null() { expected } else { "InProgress" };
        assert_eq!(concluded(vec![object]).await, [changed], "{kind} {name} after a change");
    }
    // What Git ends, and what waits for somebody meanwhile.
    for (kind, name) in [("directorykey", "revoked"), ("directoryapplication", open.as_str()), ("directory", "other")] {
        let keep = json!({ "metadata": { "finalizers": ["contoso.example/wait"] } }).to_string();
        directory.kubectl(&["patch", kind, name, "--type=merge", "-p", &keep]).await.expect("patched");
        directory.kubectl(&["delete", kind, name, "--wait=false"]).await.expect("deleted");
        let ending = conclusion(&directory, kind, name, "Terminating").await;
        assert_eq!(argocd(&ending).await, "Progressing", "{kind} {name}: Argo CD");
        let free = json!({ "metadata": { "finalizers": null } }).to_string();
        directory.kubectl(&["patch", kind, name, "--type=merge", "-p", &free]).await.expect("patched");
    }
    // Nobody else has the host any more, and the Directory may come back.
    conclusion(&directory, "directoryapplication", &other, "InProgress").await;
    for kind in ["directory/staff", "directorykey/key", "directorykey/minted"] {
        directory.kubectl(&["wait", "--for=condition=Ready", kind, "--timeout=20s"]).await.expect("kubectl wait");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_looked_at_is_not_done() {
    let plane = unattended().await;
    let (directory, spec) = (json!({ "name": "staff" }), json!({ "hosts": ["wiki.contoso.example"] }));
    let object = |kind: &str, mut spec: Value| {
        if kind != "Directory" {
            spec["directoryRef"] = directory.clone();
        }
        json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
            "metadata": { "name": "unseen", "namespace": "default", "labels": { "rollcall.dev/directory": "staff" } },
        })
    };
    for (kind, spec) in [
        ("Directory", json!({})),
        ("DirectoryKey", json!({ "sha256": "22".repeat(32) })),
        ("DirectoryApplication", spec),
    ] {
        let manifest = object(kind, spec).to_string();
        kubectl_on(plane, &["apply", "--server-side", "-f", "-"], Some(&manifest)).await.expect("applied");
        let get = ["-n", "default", "get", kind, "unseen", "-o", "json"];
        let stored = kubectl_on(plane, &get, None).await.expect("kubectl get");
        let stored: Value = serde_json::from_str(&stored).expect("JSON");
        assert_eq!(stored["status"], json!({ "observedGeneration": -1 }), "{kind}");
        assert_eq!(argocd(&stored).await, "Progressing", "{kind}: Argo CD");
        // While the operator mints a key, this is what it says.
        let mut reconciling = stored.clone();
        let condition = |name: &str, status: &str| json!({ "type": name, "status": status, "reason": "Minting", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z" });
        reconciling["status"] = json!({
            "observedGeneration": 1, "conditions": [condition("Ready", "False"), condition("Reconciling", "True")],
        });
        assert_eq!(concluded(vec![stored, reconciling]).await, ["InProgress", "InProgress"], "{kind}");
    }
    until("the objects to be deleted", async || {
        let all = ["-n", "default", "delete", "directorykey,directoryapplication", "unseen"];
        kubectl_on(plane, &all, None).await.ok()
    })
    .await;
}
