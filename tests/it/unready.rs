//! Why a replica takes no requests: each cause has a sentence, in `/readyz` and in the log, and heals without a restart.

use std::path::{Path, PathBuf};

use rollcall::store::watch::FRESHNESS_LIMIT;
use serde_json::{Value, json};

use crate::leader::allow_lease;
use crate::support::cluster::{self, apply, kubectl};
use crate::support::wait::{DEADLINE, within};
use crate::support::{Directory, Operator, until};

/// The operator's kubeconfig, with a change.
fn kubeconfig(folder: &Path, source: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(source).expect("a file")).expect("JSON");
    change(&mut kubeconfig);
    let path = folder.join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).expect("a file");
    path
}

/// Waits until the replica is not ready for a reason with these words in it.
async fn unready(operator: &Operator, words: &[&str]) -> String {
    until(&format!("/readyz to say {words:?}"), async || {
        let (status, text) = operator.admin("/readyz").await;
        (status == 503 && words.iter().all(|word| text.contains(word))).then_some(text)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_away_or_refuses_the_token_is_named() {
    let shared = &cluster::shared().await.operator_kubeconfig;
    let folder = tempfile::tempdir().expect("a folder");
    let away = kubeconfig(folder.path(), shared, |kubeconfig| {
        kubeconfig["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1".into();
    });
    let operator = Operator::launch(&away, &[]).await;
    unready(&operator, &["the API server cannot be reached", "Connection refused"]).await;
    assert!(operator.log().contains("the API server cannot be reached"), "{}", operator.log());
    let refused = kubeconfig(folder.path(), shared, |kubeconfig| {
        kubeconfig["users"][0]["user"]["token"] = "not-a-token".into();
    });
    let operator = Operator::launch(&refused, &[]).await;
    unready(&operator, &["the API server does not accept the operator's credentials", "401"]).await;
    assert_eq!(operator.admin("/livez").await.0, 200, "a restart would not help");
    assert!(!operator.log().contains("not-a-token"), "{}", operator.log());
}

const KINDS: [&str; 7] = [
    "directories",
    "directorykeys",
    "directoryapplications",
    "directoryusers",
    "directorygroups",
    "directoryclaims",
    "directoryreports",
];

/// A ClusterRole in which one verb on one resource is missing; an empty verb: none is.
fn role(name: &str, resource: &str, verb: &str) -> Value {
    let all = ["get", "list", "watch", "create", "update", "patch", "delete", "override"];
    let rules = KINDS.map(|plural| {
        let verbs: Vec<_> = all.into_iter().filter(|given| (plural, *given) != (resource, verb)).collect();
        json!({ "apiGroups": ["rollcall.dev"], "resources": [plural], "verbs": verbs })
    });
    let statuses = [
        "directories/status",
        "directorykeys/status",
        "directoryusers/status",
        "directorygroups/status",
        "directoryapplications/status",
        "directoryreports/status",
    ];
    let statuses: Vec<_> = statuses.into_iter().filter(|status| (*status, "patch") != (resource, verb)).collect();
    let rules = [&rules[..], &[json!({ "apiGroups": ["rollcall.dev"], "resources": statuses, "verbs": ["patch"] })]];
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name },
        "rules": rules.concat(),
    })
}

/// An account of this namespace with a ClusterRole of its own; returns its kubeconfig.
async fn account(directory: &Directory, role: &Value) -> PathBuf {
    let (namespace, name) = (directory.namespace.as_str(), "lacking");
    apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name, "namespace": namespace } },
        role,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": { "name": role["metadata"]["name"] },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["metadata"]["name"] },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": namespace }],
        },
    ] }))
    .await;
    let plane = cluster::shared().await.plane;
    plane.service_account_kubeconfig(namespace, name).await.expect("a token for the account")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named_and_granted_without_a_restart() {
    for (resource, verb) in [
        ("directoryusers", "list"),
        ("directorykeys", "watch"),
        ("directoryapplications", "list"),
        ("directoryclaims", "delete"),
        ("directories/status", "patch"),
    ] {
        let directory = Directory::new().await;
        let name = format!("lacking-{}", directory.namespace);
        let kubeconfig = account(&directory, &role(&name, resource, verb)).await;
        let mut operator = Operator::launch(&kubeconfig, &[]).await;
        let sentence = format!("the operator's account may not {verb} {resource} in all namespaces");
        unready(&operator, &[&sentence]).await;
        let series = format!("rollcall_missing_rights{{namespace=\"\",resource=\"{resource}\",verb=\"{verb}\"}} 1");
        let metrics = operator.metrics().await;
        assert!(metrics.lines().any(|line| line == series), "{metrics}");
        until("the log to say so", async || operator.log().contains(&sentence).then_some(())).await;

        apply(&role(&name, "", "")).await;
        operator.ready().await;
        directory.client(&operator).await.create(&json!({ "userName": "alice" })).await;
        assert!(!operator.metrics().await.contains(&series));
        kubectl(&["delete", "clusterrolebinding,clusterrole", &name], None).await.expect("they are deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_forbidden_under_a_running_replica_is_named_until_it_is_allowed_again() {
    let directory = Directory::new().await;
    let name = format!("lacking-{}", directory.namespace);
    let kubeconfig = account(&directory, &role(&name, "", "")).await;
    let mut operator = Operator::launch(&kubeconfig, &[]).await;
    operator.ready().await;
    apply(&role(&name, "directorykeys", "watch")).await;
    // The watch that is open goes on until the API server ends it, and what it told is believed for a while.
    let told = within(FRESHNESS_LIMIT + DEADLINE, async || {
        let (status, text) = operator.admin("/readyz").await;
        (status == 503).then_some(text)
    })
    .await;
    let told = told.unwrap_or_else(|| panic!("it is ready for ever: {}", operator.log()));
    let [sentence, words] = ["the watch of directorykeys in all namespaces is silent for", "cannot watch resource"];
    assert!(told.contains(sentence) && told.contains(words) && told.contains("\"directorykeys\""), "{told}");
    apply(&role(&name, "", "")).await;
    operator.ready().await;
    kubectl(&["delete", "clusterrolebinding,clusterrole", &name], None).await.expect("they are deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_on_the_lease_is_told_and_keeps_nobody_from_being_served() {
    let directory = Directory::new().await;
    let operator = Operator::start(&["--lease-namespace", &directory.namespace]).await;
    let series = |verb: &str| {
        format!(
            "rollcall_missing_rights{{namespace=\"{}\",resource=\"leases\",verb=\"{verb}\"}} 1",
            directory.namespace
        )
    };
    let sentence = format!("may not create, get, patch leases in the namespace {}", directory.namespace);
    until("the log to say so", async || operator.log().contains(&sentence).then_some(())).await;
    let metrics = operator.metrics().await;
    for verb in ["create", "get", "patch"] {
        assert!(metrics.contains(&series(verb)), "{metrics}");
    }
    allow_lease(&directory.namespace).await;
    until("it to notice", async || (!operator.metrics().await.contains("\nrollcall_missing_rights{")).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_does_not_exist_is_named_until_it_is_made() {
    let directory = Directory::new().await;
    let missing = format!("{}-missing", directory.namespace);
    let shared = &cluster::shared().await.operator_kubeconfig;
    let flags = ["--namespace", &directory.namespace, "--namespace", &missing];
    let mut operator = Operator::launch(shared, &flags).await;
    let sentence = format!("--namespace names what does not exist: {missing}; create it, or take it off the list");
    let told = unready(&operator, &[&sentence]).await;
    assert!(!told.contains("may not"), "the operator has its rights everywhere: {told}");
    until("the log to say so", async || operator.log().contains(&sentence).then_some(())).await;
    let claims = directory.list("directoryclaims").await;
    assert!(claims.is_empty(), "the question leaves nothing behind: {claims:?}");

    apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": missing } })).await;
    operator.ready().await;
    directory.client(&operator).await.create(&json!({ "userName": "alice" })).await;
}
