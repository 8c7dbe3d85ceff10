//! The operator's account may do what the suite makes it do, since the suite runs under it. Here: nothing beside that.

use serde_json::{Value, json};

use crate::support::cluster::{ACCOUNT, NAMESPACE, kubectl};

const EVERY_VERB: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

const GROUP: &str = "rollcall.dev";

/// What is granted on the kinds of this group.
const GRANTED: [(&str, &[&str]); 14] = [
    ("directories", &["list", "watch", "patch"]),
    ("directorykeys", &["get", "list", "watch", "create", "update"]),
    ("directoryapplications", &["list", "watch"]),
    ("directoryusers", &["get", "list", "watch", "create", "update", "delete"]),
    ("directorygroups", &["get", "list", "watch", "create", "update", "delete"]),
    ("directoryclaims", &["get", "list", "watch", "create", "update", "delete"]),
    ("directoryreports", &["get", "create"]),
    ("directoryreports/status", &["patch"]),
    ("directories/status", &["patch"]),
    ("directoryusers/status", &["patch"]),
    ("directorygroups/status", &["patch"]),
    ("directoryapplications/status", &["patch"]),
    ("directorykeys/status", &["patch"]),
    ("directoryclaims/status", &[]),
];

/// What is granted on the Lease of the leader, in the operator's own namespace.
const LEASE: &[&str] = &["get", "patch"];

/// What is granted on kinds of Kubernetes. Nobody is told which Secrets there are.
const OF_KUBERNETES: [(&str, &str, &[&str]); 3] = [
    ("", "secrets", &["get", "create", "update", "delete"]),
    ("events.k8s.io", "events", &["create"]),
    ("", "events", &[]),
];

/// What a process that was taken over would ask for first.
const NEVER: [(&str, &str); 7] = [
    ("", "serviceaccounts/token"),
    ("", "pods"),
    ("", "namespaces"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("coordination.k8s.io", "leases"),
];

/// Asks the API server whether the account may do this: everywhere, or in a namespace with an object of this name.
fn question(verb: &str, group: &str, resource: &str, object: Option<(&str, &str)>) -> Value {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let (namespace, name) = object.unwrap_or_default();
    json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {
            "user": account(),
            "groups": ["system:authenticated", "system:serviceaccounts", format!("system:serviceaccounts:{NAMESPACE}")],
            "resourceAttributes": { "verb": verb, "group": group, "resource": resource, "subresource": subresource,
                "namespace": namespace, "name": name },
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_grants_what_is_written_there_and_nothing_on_anything_else() {
    let granted = GRANTED.map(|(resource, verbs)| (GROUP, resource, verbs));
    let resources: Vec<_> = granted
        .into_iter()
        .chain(OF_KUBERNETES)
        .chain(NEVER.map(|(group, resource)| (group, resource, &[][..])))
        .collect();
    let questions: Vec<_> = resources
        .iter()
        .flat_map(|(group, resource, _)| EVERY_VERB.map(|verb| question(verb, group, resource, None)))
        .collect();
    let answers = answers(&questions).await;
    let expected = resources
        .iter()
        .flat_map(|(_, resource, granted)| EVERY_VERB.map(|verb| (verb, resource, granted.contains(&verb))));
    for (number, (verb, resource, granted)) in expected.enumerate() {
        assert_eq!(answers[number], granted, "{verb} {resource}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_leases_one_is_the_operators() {
    let places = [(NAMESPACE, "rollcall", LEASE), (NAMESPACE, "another", &[]), ("kube-system", "rollcall", &[])];
    for (namespace, name, granted) in places {
        let ask = |verb| question(verb, "coordination.k8s.io", "leases", Some((namespace, name)));
        let answers = answers(&EVERY_VERB.map(ask)).await;
        for (verb, allowed) in EVERY_VERB.into_iter().zip(answers) {
            // A right to create cannot be narrowed to a name.
            let granted = granted.contains(&verb) || (verb == "create" && namespace == NAMESPACE);
            assert_eq!(allowed, granted, "{verb} {namespace}/{name}");
        }
    }
}

/// What the API server answers, in the order of the questions.
async fn answers(questions: &[Value]) -> Vec<bool> {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": questions }).to_string();
    let answers = kubectl(&["create", "-o", "json", "-f", "-"], Some(&list)).await.expect("kubectl create");
    // One document after the other.
    let answers = serde_json::Deserializer::from_str(&answers).into_iter::<Value>();
    let answers: Vec<_> = answers.map(|answer| answer.expect("JSON")["status"]["allowed"] == true).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_kinds_can_be_read_without_a_right_on_their_definitions() {
    kubectl(&["get", "--raw", "/openapi/v3", "--as", &account()], None).await.expect("every account may read it");
}

fn account() -> String {
    format!("system:serviceaccount:{NAMESPACE}:{ACCOUNT}")
}
