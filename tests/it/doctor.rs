//! `rollcall doctor` against a real control plane: what it finds, with which rights, and how it exits.

use serde_json::{Value, json};

use crate::support::cluster::{apply, shared};
use crate::support::{Directory, Operator, until};

/// Runs the doctor with the rights of this kubeconfig: its exit code and what it printed.
pub(crate) async fn doctor(
    kubeconfig: &std::path::Path,
    directory: &Directory,
    flags: &[&str],
) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"));
    let name = format!("{}/{}", directory.namespace, directory.name);
    command.args(["doctor", &name, "--kubeconfig"]).arg(kubeconfig).args(flags).kill_on_drop(true);
    let output = command.output().await.expect("the doctor starts");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    (output.status.code(), text)
}

async fn findings(directory: &Directory, flags: &[&str]) -> (Option<i32>, Vec<Value>) {
    let admin = &shared().await.plane.admin_kubeconfig();
    let (code, text) = doctor(admin, directory, &[&["--output", "json"], flags].concat()).await;
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (code, json["findings"].as_array().expect("findings").clone())
}

fn finding<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {findings:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_what_is_wrong_and_what_is_not() {
    let operator = Operator::shared().await;
    let required = json!({ "users": { "requiredAttributes": ["emails[type eq \"work\"].value"] }, "groups": { "mode": "Ignore" } });
    let directory = Directory::new().await;
    let scim = directory.client(operator).await;
    scim.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    directory.apply_directory(required).await;
    until("the operator has looked at the change", async || {
        let object = directory.get("directory", &directory.name).await?;
        (object["status"]["observedGeneration"] == object["metadata"]["generation"]).then_some(())
    })
    .await;
    let key_file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(key_file.path(), &directory.secret).expect("written");
    let key_file = key_file.path().display().to_string();
    let (code, findings) = findings(&directory, &["--url", &operator.public_url, "--key-file", &key_file]).await;
    assert_eq!(code, Some(1), "{findings:?}");
    for (check, state, words) in [
        ("kinds", "ok", ""),
        ("directory", "ok", ""),
        ("operator", "ok", "leads in the namespace"),
        ("ready", "ok", "Ready"),
        ("connection", "ok", "accepts the key"),
        ("keys", "ok", "usable: key"),
        ("key-expiry", "ok", "never expires: key"),
        ("people", "ok", "1 people, 1 of them active"),
        ("mapping", "problem", "usually mapped from mail"),
        ("groups", "ok", "Ignore"),
        ("login", "ok", "no spec.login"),
    ] {
        let finding = finding(&findings, check);
        assert_eq!(finding["state"], state, "{finding}");
        assert!(finding["summary"].as_str().expect("a sentence").contains(words), "{finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_wrong_address_are_told_apart() {
    let operator = Operator::shared().await;
    let directory = Directory::new().await;
    directory.client(operator).await;
    let key_file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(key_file.path(), "dk1_nobody").expect("written");
    let key_file = key_file.path().display().to_string();
    let wrong_key = findings(&directory, &["--url", &operator.public_url, "--key-file", &key_file]).await.1;
    let without_key = findings(&directory, &["--url", &operator.public_url]).await.1;
    let elsewhere = findings(&directory, &["--url", &operator.admin_url]).await.1;
    let nowhere = findings(&directory, &["--url", "http://127.0.0.1:1"]).await.1;
    for (findings, state, words) in [
        (wrong_key, "problem", "refuses the key"),
        (without_key, "ok", "is reached"),
        (elsewhere, "problem", "not as this operator does"),
        (nowhere, "unknown", "no answer"),
    ] {
        let finding = finding(&findings, "connection");
        assert_eq!(finding["state"], state, "{finding}");
        assert!(finding["summary"].as_str().expect("a sentence").contains(words), "{finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named_and_stops_no_other_check() {
    let directory = Directory::new().await;
    let namespace = &directory.namespace;
    for object in [
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "reader", "namespace": namespace } }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": { "name": "reader", "namespace": namespace },
            "rules": [{ "apiGroups": ["rollcall.dev"], "resources": ["directories", "directorykeys"], "verbs": ["get", "list"] }] }),
        json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "reader", "namespace": namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
            "subjects": [{ "kind": "ServiceAccount", "name": "reader", "namespace": namespace }] }),
    ] {
        apply(&object).await;
    }
    let kubeconfig = shared().await.plane.service_account_kubeconfig(namespace, "reader").await.expect("a token");
    let text = until("the role to count", async || {
        let (_, text) = doctor(&kubeconfig, &directory, &[]).await;
        text.contains("ok       keys").then_some(text)
    })
    .await;
    for words in
        ["your account may not list leases", &format!("your account may not list directoryusers in {namespace}")]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_an_error_and_a_directory_that_is_missing_a_problem() {
    let cluster = shared().await;
    let nobody = Directory { namespace: "default".to_owned(), name: "nobody".to_owned(), secret: String::new() };
    let (code, text) = doctor(&cluster.plane.admin_kubeconfig(), &nobody, &[]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("there is no Directory nobody in the namespace default"), "{text}");
    let folder = tempfile::tempdir().expect("a folder");
    let away = folder.path().join("kubeconfig");
    let config = "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                  contexts: [{name: x, context: {cluster: x, user: x}}]\nusers: [{name: x, user: {}}]\n";
    std::fs::write(&away, config).expect("written");
    let (code, text) = doctor(&away, &nobody, &[]).await;
    assert_eq!(code, Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "one clear line: {text}");
}
