//! Of all replicas one does the work in the background, and another goes on with it when that one ends.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cluster::{self, apply};
use crate::support::wait::within;
use crate::support::{Directory, Operator, until};

/// A leader that was killed is waited for as long as its Lease runs, 15 s, and a little.
const TAKEOVER: Duration = Duration::from_secs(25);

/// Replicas whose Lease is in a namespace of the test, so that none of another test takes part.
pub(crate) async fn replica(namespace: &str, name: &str) -> Operator {
    Operator::start(&["--lease-namespace", namespace, "--replica-name", name]).await
}

async fn holder(directory: &Directory) -> Option<String> {
    let lease: Value = directory.get("lease", "rollcall").await?;
    Some(lease["spec"]["holderIdentity"].as_str()?.to_owned())
}

/// Lets the operator's account hold the Lease in this namespace.
pub(crate) async fn allow_lease(namespace: &str) {
    let role = "rollcall-leader-election";
    let metadata = json!({ "name": role, "namespace": namespace });
    apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [{ "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "patch"] }],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role },
            "subjects": [{ "kind": "ServiceAccount", "name": cluster::ACCOUNT, "namespace": cluster::NAMESPACE }],
        },
    ] }))
    .await;
}

pub(crate) async fn leads(operator: &Operator) -> bool {
    operator.metrics().await.contains("\nrollcall_leader 1")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_leads_and_another_takes_over_when_it_is_killed() {
    let directory = Directory::with_spec(json!({ "users": { "quota": { "activeUsers": 5 } } })).await;
    allow_lease(&directory.namespace).await;
    let mut first = replica(&directory.namespace, "first").await;
    until("the first replica to lead", async || leads(&first).await.then_some(())).await;
    let second = replica(&directory.namespace, "second").await;
    assert!(holder(&directory).await.expect("a holder").starts_with("first_"));
    assert!(!leads(&second).await);
    let lease = directory.get("lease", "rollcall").await.expect("the Lease");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 15);

    first.kill();
    let over = within(TAKEOVER, async || leads(&second).await.then_some(())).await;
    assert!(over.is_some(), "nobody took over: {lease}\n{}", second.log());
    assert!(holder(&directory).await.expect("a holder").starts_with("second_"));
    // It goes on with the work: only who leads tells of quotas, and it knows of nobody before.
    let told =
        format!("rollcall_quota_used{{namespace=\"{}\",directory=\"staff\",user_type=\"\"}} 1", directory.namespace);
    directory.client(&second).await.create(&json!({ "userName": "ada", "active": true })).await;
    until("it to do the work", async || second.metrics().await.contains(&told).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_asked_to_end_gives_the_lease_back() {
    let directory = Directory::new().await;
    allow_lease(&directory.namespace).await;
    let mut operator = replica(&directory.namespace, "only").await;
    until("it to lead", async || leads(&operator).await.then_some(())).await;
    operator.terminate();
    until("the Lease to be free", async || holder(&directory).await.is_none().then_some(())).await;
    assert!(operator.ended().await.success());
    let successor = replica(&directory.namespace, "next").await;
    until("its successor to lead", async || leads(&successor).await.then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_a_kubeconfig_says_in_which_namespace_it_elects() {
    let directory = Directory::new().await;
    let named = replica(&directory.namespace, "named").await;
    let silent = Operator::shared().await;
    let lines = |operator: &Operator| {
        let lines =
            operator.log().lines().filter(|line| line.contains("--lease-namespace")).map(str::to_owned).collect();
        let lines: Vec<String> = lines;
        lines
    };
    let [line] = &lines(silent)[..] else { panic!("it is said once: {:?}", lines(silent)) };
    let line: Value = serde_json::from_str(line).expect("a line of JSON");
    assert_eq!((&line["level"], &line["namespace"]), (&json!("WARN"), &json!(cluster::NAMESPACE)), "{line}");
    assert_eq!(lines(&named), Vec::<String>::new(), "it was told");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_right_on_the_lease_scim_is_served_all_the_same() {
    let directory = Directory::new().await;
    let operator = replica(&directory.namespace, "confined").await;
    let client = directory.client(&operator).await;
    client.create(&json!({ "userName": "alice" })).await;
    until("it to say so", async || operator.log().contains("cannot take part in the election").then_some(())).await;
    allow_lease(&directory.namespace).await;
    until("it to lead once it may", async || leads(&operator).await.then_some(())).await;
    assert_eq!(operator.log().matches("cannot take part in the election").count(), 1, "{}", operator.log());
}
