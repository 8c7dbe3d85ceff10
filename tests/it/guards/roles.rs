//! What the ClusterRoles for people grant, asked of the API server for real bindings in one namespace.

use serde_json::{Value, json};

use super::kinds::unattended;
use crate::support::cluster::kubectl_on;
use crate::support::until;

const NAMESPACE: &str = "default";

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete"];
const CHANGE: &[&str] = &["get", "list", "watch", "update", "patch", "delete"];
const WRITE_ALL: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const CHANGE_ALL: &[&str] = &["get", "list", "watch", "update", "patch", "delete", "deletecollection"];
const MINT: &[&str] = &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "mint"];
const OVERRIDE: &[&str] =
    &["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "override"];
const WRITE_STATUS: &[&str] = &["get", "update", "patch"];
const NOTHING: &[&str] = &[];
const READ_OR_DELETE: &[&str] = &["get", "list", "watch", "delete"];
const READ_OR_DELETE_ALL: &[&str] = &["get", "list", "watch", "delete", "deletecollection"];

const EVERY_VERB: [&str; 10] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "mint", "override"];

const RESOURCES: [&str; 13] = [
    "directories",
    "directoryapplications",
    "directoryusers",
    "directorygroups",
    "directorykeys",
    "directoryclaims",
    "directories/status",
    "directoryusers/status",
    "directorygroups/status",
    "directorykeys/status",
    "directoryapplications/status",
    "directoryreports",
    "directoryreports/status",
];

/// Each role, and the verbs that it grants on each of [`RESOURCES`]. The first three are those of Kubernetes itself.
#[rustfmt::skip]
const ROLES: [(&str, [&[&str]; 13]); 7] = [
    ("view", [READ, READ, READ, READ, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, READ, NOTHING]),
    ("edit", [READ, READ, READ, READ, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, READ, NOTHING]),
    ("admin", [READ, READ, READ, READ, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, READ, NOTHING]),
    ("rollcall-view", [READ, READ, READ, READ, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, READ, NOTHING]),
    ("rollcall-edit", [WRITE, WRITE, WRITE, CHANGE, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, READ_OR_DELETE, NOTHING]),
    ("rollcall-admin", [WRITE_ALL, WRITE_ALL, WRITE_ALL, CHANGE_ALL, MINT, READ, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, READ_OR_DELETE_ALL, NOTHING]),
    ("rollcall-override", [OVERRIDE, OVERRIDE, OVERRIDE, OVERRIDE, OVERRIDE, OVERRIDE, WRITE_STATUS, WRITE_STATUS, WRITE_STATUS, WRITE_STATUS, WRITE_STATUS, OVERRIDE, WRITE_STATUS]),
];

fn user(role: &str) -> String {
    format!("bound-to-{role}")
}

fn binding(role: &str) -> Value {
    let group = "rbac.authorization.k8s.io";
    json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
        "metadata": { "name": user(role), "namespace": NAMESPACE },
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": user(role) }],
    })
}

fn question(role: &str, resource: &str, verb: &str) -> Value {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": user(role), "groups": ["system:authenticated"],
            "resourceAttributes": { "namespace": NAMESPACE, "verb": verb, "group": "rollcall.dev", "resource": resource,
                "subresource": subresource },
        },
    })
}

fn list(items: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

/// What the API server answers, in the order of the questions.
async fn answers(questions: &[Value]) -> Vec<bool> {
    let create = ["create", "-o", "json", "-f", "-"];
    let answers = kubectl_on(unattended().await, &create, Some(&list(questions))).await.expect("kubectl create");
    let answers = serde_json::Deserializer::from_str(&answers).into_iter::<Value>();
    answers.map(|answer| answer.expect("JSON")["status"]["allowed"] == true).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_grants_what_is_written_there_and_nothing_else() {
    let bindings = list(&ROLES.map(|(role, _)| binding(role)));
    let apply = ["apply", "--server-side", "-f", "-"];
    kubectl_on(unattended().await, &apply, Some(&bindings)).await.expect("kubectl apply");
    // The roles of Kubernetes are put together a moment after one that belongs to them is stored.
    until("view to be put together", async || {
        answers(&[question("view", "directories", "get"), question("admin", "directories", "get")])
            .await
            .iter()
            .all(|allowed| *allowed)
            .then_some(())
    })
    .await;
    for (role, grants) in ROLES {
        let cases: Vec<_> = RESOURCES
            .iter()
            .zip(grants)
            .flat_map(|(resource, granted)| EVERY_VERB.map(|verb| (*resource, verb, granted.contains(&verb))))
            .collect();
        let questions: Vec<_> = cases.iter().map(|(resource, verb, _)| question(role, resource, verb)).collect();
        let answers = answers(&questions).await;
        assert_eq!(answers.len(), cases.len());
        for ((resource, verb, granted), answer) in cases.into_iter().zip(answers) {
            assert_eq!(answer, granted, "{role}: {verb} {resource}");
        }
    }
}
