//! Where the operator belongs: a namespace with a Role in it in place of the ClusterRole, and a context of a kubeconfig.

use std::path::PathBuf;

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::cluster::{self, apply, kubectl, root};
use crate::support::{Client, Directory, Operator};

const ACCOUNT: &str = "confined";

/// An account that has the chart's rules in one namespace and no right beyond; returns its kubeconfig.
async fn confined_to(namespace: &str) -> PathBuf {
    let chart = std::fs::read_to_string(root().join("charts/rollcall/files/rbac.yaml")).expect("the chart's rules");
    let roles = serde_yaml::Deserializer::from_str(&chart).map(|role| Value::deserialize(role).expect("YAML"));
    let mut roles: Vec<_> = roles.collect();
    assert_eq!(roles.iter().map(|role| &role["kind"]).collect::<Vec<_>>(), ["ClusterRole", "Role", "Role"]);
    // The guards of the shared release are in force everywhere and know that release's operator alone.
    roles.push(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "past-the-guards" },
        "rules": [{ "apiGroups": ["rollcall.dev"], "verbs": ["override"],
            "resources": ["directories", "directoryusers", "directorygroups", "directoryclaims"] }],
    }));
    let account = json!({ "name": ACCOUNT, "namespace": namespace });
    apply(&json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": account })).await;
    for mut role in roles {
        role["kind"] = "Role".into();
        role["metadata"]["namespace"] = namespace.into();
        let metadata = json!({ "name": role["metadata"]["name"], "namespace": namespace });
        apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [
            role,
            {
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"] },
                "subjects": [{ "kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace }],
            },
        ] }))
        .await;
    }
    let plane = cluster::shared().await.plane;
    plane.service_account_kubeconfig(namespace, ACCOUNT).await.expect("a token for the account")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_namespace_is_served_under_a_role_in_it() {
    let (here, elsewhere) = (Directory::new().await, Directory::new().await);
    let kubeconfig = confined_to(&here.namespace).await;
    let account = format!("system:serviceaccount:{}:{ACCOUNT}", here.namespace);
    let all = kubectl(&["get", "directoryusers", "--all-namespaces", "--as", &account], None).await;
    let refused = all.as_ref().is_err_and(|text| text.contains("cannot list resource \"directoryusers\""));
    assert!(refused, "the account may list everywhere, and this test shows nothing: {all:?}");

    let mut operator = Operator::launch(&kubeconfig, &["--namespace", &here.namespace]).await;
    operator.ready().await;
    let client = here.client(&operator).await;
    let path = format!("/Users/{}", client.create(&json!({ "userName": "alice" })).await);
    let rename = json!([{ "op": "replace", "path": "userName", "value": "alice@example.com" }]);
    client.patch(&path, rename).await.expect(200);
    assert_eq!(client.get("/Users").await.expect(200)["totalResults"], 1);
    client.delete(&path).await.expect(204);

    let base = format!("{}/scim/v2/{}/{}", operator.public_url, elsewhere.namespace, elsewhere.name);
    // Directory and key are out of sight.
    Client::new(base, &elsewhere.secret).get("/Users").await.expect_error(401, None);
    let metrics = operator.metrics().await;
    let reason = "rollcall_authentication_failures_total{reason=\"unknown_key\",namespace=\"\",directory=\"\"} 1";
    assert!(metrics.contains(reason), "{metrics}");
}

/// The operator's kubeconfig with a second context, which is the current one and leads nowhere.
async fn two_contexts(folder: &std::path::Path) -> PathBuf {
    let text = std::fs::read(&cluster::shared().await.operator_kubeconfig).expect("a kubeconfig");
    let mut kubeconfig: Value = serde_json::from_slice(&text).expect("JSON");
    kubeconfig["contexts"][0]["name"] = "here".into();
    let user = kubeconfig["contexts"][0]["context"]["user"].clone();
    let nowhere = json!({ "name": "nowhere", "context": { "cluster": "nowhere", "user": user } });
    let cluster = json!({ "name": "nowhere", "cluster": { "server": "http://127.0.0.1:1" } });
    for (list, entry) in [("contexts", nowhere), ("clusters", cluster)] {
        kubeconfig[list].as_array_mut().expect("a list").push(entry);
    }
    kubeconfig["current-context"] = "nowhere".into();
    let path = folder.join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).expect("a file");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_chosen_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = two_contexts(folder.path()).await;
    let directory = Directory::new().await;
    let mut operator = Operator::launch(&kubeconfig, &["--context", "here"]).await;
    operator.ready().await;
    directory.client(&operator).await.get("/Users").await.expect(200);

    let kubeconfig = kubeconfig.display().to_string();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(["run", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(["--kubeconfig", &kubeconfig, "--context", "unheard-of"])
        .kill_on_drop(true)
        .output()
        .await
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("unheard-of"), "{text}");
}
