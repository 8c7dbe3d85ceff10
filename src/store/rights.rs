//! Whether the operator's account has the rights that the operator uses, and whether the namespaces that it serves exist.
//!
//! The API server is asked about each right by itself: every authenticated account may ask that about itself
//! (`system:basic-user`), and the one question that lists all rights is answered in part only where another authorizer than
//! RBAC is at work, as on every cluster of kubeadm. No right on namespaces is needed either: a create that is only tried
//! (`dryRun`) fails with 404 where the namespace is missing.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::Error;
use super::kind::Kind;
use super::lease::LEASE_NAME;
use super::objects::Objects;
use crate::api::{API_VERSION, GROUP};

/// How many questions are asked at the same time: the answers are quick, and others wait at the API server too.
const AT_ONCE: usize = 8;
/// Most entries of what is missing in a sentence; each is one resource in one place.
const MAX_NAMED: usize = 6;

/// Rights on some resources, as a rule of a Role has them.
struct Rule {
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// The one object that they are for; none: all.
    object: Option<&'static str>,
}

/// What serving and the work of the leader take, in every namespace that is served. A test compares it with
/// `charts/rollcall/files/rbac.yaml`, where each right is explained.
const SERVING: &[Rule] = &[
    rule(&["directories", "directorykeys"], &["list", "watch"]),
    rule(&["directories"], &["patch"]),
    rule(
        &["directoryusers", "directorygroups", "directoryclaims"],
        &["get", "list", "watch", "create", "update", "delete"],
    ),
    rule(&["directories/status", "directoryusers/status", "directorygroups/status"], &["patch"]),
];

/// What the election of a leader takes, in the namespace of the Lease.
const ELECTION: &[Rule] = &[
    Rule { group: LEASES, resources: &["leases"], verbs: &["create"], object: None },
    Rule { group: LEASES, resources: &["leases"], verbs: &["get", "patch"], object: Some(LEASE_NAME) },
];

/// The API group of Leases.
const LEASES: &str = "coordination.k8s.io";

const fn rule(resources: &'static [&'static str], verbs: &'static [&'static str]) -> Rule {
    Rule { group: GROUP, resources, verbs, object: None }
}

/// One right in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// The namespace; none: all.
    pub namespace: Option<String>,
    /// The resource, with its subresource behind a slash.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
    group: &'static str,
    object: Option<&'static str>,
}

/// What the operator lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lacking {
    /// The rights that it does not have.
    pub rights: Vec<Right>,
    /// The namespaces that it is to serve and that do not exist.
    pub namespaces: Vec<String>,
}

/// Asks for what is missing: in the namespaces that are served (none: all), and in that of the Lease.
pub(super) async fn lacking(
    objects: &Objects,
    namespaces: &[Option<String>],
    lease_namespace: &str,
) -> Result<Lacking, Error> {
    let serving = namespaces.iter().flat_map(|namespace| rights(SERVING, namespace.as_deref()));
    let wanted: Vec<_> = serving.chain(rights(ELECTION, Some(lease_namespace))).collect();
    let answers = stream::iter(wanted).map(|right| async { is_granted(objects, &right).await.map(|yes| (right, yes)) });
    let answers: Vec<_> = answers.buffered(AT_ONCE).try_collect().await?;
    let rights = answers.into_iter().filter(|(_, is_granted)| !is_granted).map(|(right, _)| right).collect();
    let mut missing = Vec::new();
    for namespace in namespaces.iter().flatten() {
        if !exists(objects, namespace).await? {
            missing.push(namespace.clone());
        }
    }
    Ok(Lacking { rights, namespaces: missing })
}

/// The rights of some rules in one namespace, or in all.
fn rights(rules: &'static [Rule], namespace: Option<&str>) -> impl Iterator<Item = Right> {
    let namespace = namespace.map(str::to_owned);
    rules.iter().flat_map(move |Rule { group, resources, verbs, object }| {
        let namespace = namespace.clone();
        resources.iter().flat_map(move |resource| {
            let namespace = namespace.clone();
            verbs.iter().map(move |verb| Right { namespace: namespace.clone(), resource, verb, group, object: *object })
        })
    })
}

async fn is_granted(objects: &Objects, right: &Right) -> Result<bool, Error> {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((right.resource, ""));
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": {
            "namespace": right.namespace.as_deref().unwrap_or_default(),
            "group": right.group, "resource": resource, "subresource": subresource,
            "verb": right.verb, "name": right.object.unwrap_or_default(),
        } },
    });
    let answer = objects.ask("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &question).await?;
    Ok(answer["status"]["allowed"] == true)
}

/// Whether a namespace exists. Any answer but that it does not counts as yes: what else is wrong is found elsewhere.
async fn exists(objects: &Objects, namespace: &str) -> Result<bool, Error> {
    let Some(path) = Kind::CLAIM.collection_path(Some(namespace)) else { return Ok(false) };
    let name = "whether-the-namespace-exists";
    let claim = json!({
        "apiVersion": API_VERSION,
        "kind": Kind::CLAIM.name,
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "directoryRef": { "name": name }, "attribute": "User.userName", "value": name, "holder": name, "nonce": name },
    });
    match objects.ask(&format!("{path}?dryRun=All"), &claim).await {
        Err(Error::NotFound) => Ok(false),
        Err(error @ Error::Unavailable { .. }) => Err(error),
        _ => Ok(true),
    }
}

impl Right {
    /// Whether only the election of a leader needs it: without it SCIM is served all the same.
    pub fn is_of_election(&self) -> bool {
        self.group == LEASES
    }
}

impl Lacking {
    /// What of it keeps the operator from serving.
    #[must_use]
    pub fn without_election(&self) -> Self {
        let rights = self.rights.iter().filter(|right| !right.is_of_election()).cloned().collect();
        Self { rights, namespaces: self.namespaces.clone() }
    }

    /// What is missing and what to do, in one sentence; nothing where nothing is missing.
    pub fn sentence(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.namespaces.is_empty() {
            let named = bounded(self.namespaces.clone(), ", ");
            parts.push(format!("--namespace names what does not exist: {named}; create it, or take it off the list"));
        }
        // In a namespace that does not exist nobody has a right by a Role, and one sentence about it is enough.
        let is_there = |right: &&Right| !right.namespace.as_ref().is_some_and(|name| self.namespaces.contains(name));
        let mut places: BTreeMap<(Option<&str>, &str), Vec<&str>> = BTreeMap::new();
        for right in self.rights.iter().filter(is_there) {
            places.entry((right.namespace.as_deref(), right.resource)).or_default().push(right.verb);
        }
        if !places.is_empty() {
            let named = places.into_iter().map(|((namespace, resource), verbs)| {
                let place = namespace.map_or("all namespaces".to_owned(), |name| format!("the namespace {name}"));
                format!("{} {resource} in {place}", verbs.join(", "))
            });
            let named = bounded(named.collect(), "; ");
            parts.push(format!(
                "the operator's account may not {named}: grant it the rights of the chart's rbac.yaml (where a namespace \
                 of --namespace lacks all of them, it may not exist)"
            ));
        }
        (!parts.is_empty()).then(|| format!("{}; the operator notices by itself", parts.join("; ")))
    }
}

/// The first of a list, and how many there are beside them.
fn bounded(list: Vec<String>, separator: &str) -> String {
    let more = list.len().saturating_sub(MAX_NAMED);
    let named = list.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join(separator);
    if more > 0 { format!("{named}{separator}and {more} more") } else { named }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Deserialize as _;
    use serde_json::Value;

    use super::*;

    fn texts(list: &Value) -> Vec<&str> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Group, resource, verb and name of all that a role of the chart grants.
    fn granted(kind: &str) -> BTreeSet<(String, String, String, String)> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/rollcall/files/rbac.yaml");
        let chart = std::fs::read_to_string(path).expect("the chart's rules");
        let roles = serde_yaml::Deserializer::from_str(&chart).map(|role| Value::deserialize(role).expect("YAML"));
        let mut granted = BTreeSet::new();
        for role in roles.filter(|role| role["kind"] == kind) {
            for rule in role["rules"].as_array().expect("rules") {
                let names = if rule["resourceNames"].is_null() { vec![""] } else { texts(&rule["resourceNames"]) };
                for group in texts(&rule["apiGroups"]) {
                    for resource in texts(&rule["resources"]) {
                        for verb in texts(&rule["verbs"]) {
                            granted.extend(
                                names.iter().map(|name| [group, resource, verb, name].map(str::to_owned).into()),
                            );
                        }
                    }
                }
            }
        }
        granted
    }

    #[test]
    fn the_table_has_the_rights_that_the_chart_grants() {
        for (kind, rules, namespace) in [("ClusterRole", SERVING, None), ("Role", ELECTION, Some("rollcall-system"))] {
            let used: BTreeSet<_> = rights(rules, namespace)
                .map(|Right { group, resource, verb, object, .. }| {
                    [group, resource, verb, object.unwrap_or_default()].map(str::to_owned).into()
                })
                .collect();
            assert_eq!(used, granted(kind), "{kind}");
        }
    }

    fn right(namespace: Option<&str>, resource: &'static str, verb: &'static str) -> Right {
        let group = if resource == "leases" { LEASES } else { GROUP };
        Right { namespace: namespace.map(str::to_owned), resource, verb, group, object: None }
    }

    #[test]
    fn a_sentence_names_what_is_missing_and_what_to_do() {
        let lacking = |rights: &[Right], namespaces: &[&str]| {
            let namespaces = namespaces.iter().map(ToString::to_string).collect();
            Lacking { rights: rights.to_vec(), namespaces }
        };
        let mend = ": grant it the rights of the chart's rbac.yaml (where a namespace of --namespace lacks all of them, it \
                    may not exist); the operator notices by itself";
        for (given, expected) in [
            (lacking(&[], &[]), None),
            (
                lacking(&[right(None, "directoryusers", "list"), right(None, "directoryusers", "watch")], &[]),
                Some(format!("the operator's account may not list, watch directoryusers in all namespaces{mend}")),
            ),
            (
                lacking(&[right(Some("b"), "directories/status", "patch"), right(Some("a"), "leases", "get")], &[]),
                Some(format!(
                    "the operator's account may not get leases in the namespace a; patch directories/status in the \
                     namespace b{mend}"
                )),
            ),
            (
                lacking(&[right(Some("gone"), "directoryusers", "list")], &["gone"]),
                Some(
                    "--namespace names what does not exist: gone; create it, or take it off the list; the operator notices \
                     by itself"
                        .to_owned(),
                ),
            ),
        ] {
            assert_eq!(given.sentence(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_sentence_is_bounded() {
        let rights: Vec<_> = (0..100).map(|number| right(Some(&format!("n{number}")), "directories", "get")).collect();
        let lacking = Lacking { rights, namespaces: Vec::new() };
        let sentence = lacking.sentence().expect("much is missing");
        assert!(sentence.contains("; and 94 more: grant it") && sentence.len() < 1000, "{sentence}");
    }

    #[test]
    fn the_election_is_not_needed_for_serving() {
        let lacking = Lacking { rights: vec![right(Some("a"), "leases", "get")], namespaces: Vec::new() };
        assert_eq!(lacking.without_election(), Lacking::default());
        assert_eq!(lacking.without_election().sentence(), None);
    }
}
