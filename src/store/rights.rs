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
use super::secrets::LOGIN_KEYS_NAME;
use crate::api::{API_VERSION, GROUP};

/// How many questions are asked at the same time: the answers are quick, and others wait at the API server too.
const AT_ONCE: usize = 8;
/// Most entries of what is missing in a sentence; each is one resource in one place.
const MAX_NAMED: usize = 6;

/// Rights on some resources, as a rule of a Role has them.
struct Rule {
    need: Need,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// The one object that they are for; none: all.
    object: Option<&'static str>,
}

/// What a right is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// To serve SCIM.
    Serving,
    /// To tell people what happened.
    Events,
    /// To let people log in.
    Login,
    /// To make secrets of keys.
    Minting,
    /// To elect a leader.
    Election,
}

/// What serving and the work of the leader take, in every namespace that is served. A test compares it with
/// `charts/rollcall/files/rbac.yaml`, where each right is explained.
const SERVING: &[Rule] = &[
    rule(&["directories", "directorykeys", "directoryapplications"], &["list", "watch"]),
    rule(&["directories"], &["patch"]),
    rule(
        &["directoryusers", "directorygroups", "directoryclaims"],
        &["get", "list", "watch", "create", "update", "delete"],
    ),
    rule(&["directoryreports"], &["get", "create"]),
    rule(&["directoryreports/status"], &["patch"]),
    rule(
        &[
            "directories/status",
            "directorykeys/status",
            "directoryusers/status",
            "directorygroups/status",
            "directoryapplications/status",
        ],
        &["patch"],
    ),
    Rule { need: Need::Events, group: EVENTS, resources: &["events"], verbs: &["create"], object: None },
];

/// What logins take, in every namespace that is served.
const LOGIN: &[Rule] = &[Rule {
    need: Need::Login,
    group: CORE,
    resources: &["secrets"],
    verbs: &["get", "create", "update", "delete"],
    object: None,
}];

/// What minting and rotating keys takes, in every namespace that is served.
const MINTING: &[Rule] = &[
    Rule {
        need: Need::Minting,
        group: GROUP,
        resources: &["directorykeys"],
        verbs: &["get", "create", "update"],
        object: None,
    },
    Rule {
        need: Need::Minting,
        group: CORE,
        resources: &["secrets"],
        verbs: &["get", "create", "delete"],
        object: None,
    },
];

/// What the keys that seal sessions take, in the namespace of the Lease.
const LOGIN_KEYS: &[Rule] = &[
    Rule { need: Need::Login, group: CORE, resources: &["secrets"], verbs: &["create"], object: None },
    Rule {
        need: Need::Login,
        group: CORE,
        resources: &["secrets"],
        verbs: &["get", "update"],
        object: Some(LOGIN_KEYS_NAME),
    },
];

/// What the election of a leader takes, in the namespace of the Lease.
const ELECTION: &[Rule] = &[
    Rule { need: Need::Election, group: LEASES, resources: &["leases"], verbs: &["create"], object: None },
    Rule {
        need: Need::Election,
        group: LEASES,
        resources: &["leases"],
        verbs: &["get", "patch"],
        object: Some(LEASE_NAME),
    },
];

/// The API group of Secrets.
const CORE: &str = "";
/// The API group of Events.
const EVENTS: &str = "events.k8s.io";
/// The API group of Leases.
const LEASES: &str = "coordination.k8s.io";

const fn rule(resources: &'static [&'static str], verbs: &'static [&'static str]) -> Rule {
    Rule { need: Need::Serving, group: GROUP, resources, verbs, object: None }
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
    need: Need,
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

/// What a cluster makes use of beside SCIM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InUse {
    /// Whether somebody may log in.
    pub(super) login: bool,
    /// Whether a key is to be minted or rotated.
    pub(super) minting: bool,
}

/// Asks for what is missing: in the namespaces that are served (none: all), and in that of the Lease. What logins and minting take
/// is missing only where they are in use.
pub(super) async fn lacking(
    objects: &Objects,
    namespaces: &[Option<String>],
    lease_namespace: &str,
    in_use: InUse,
) -> Result<Lacking, Error> {
    let served = |rules| namespaces.iter().flat_map(move |namespace| rights(rules, namespace.as_deref()));
    let own = |rules| rights(rules, Some(lease_namespace));
    let logins = served(LOGIN).chain(own(LOGIN_KEYS)).filter(|_| in_use.login);
    let of_logins = |right: &Right| in_use.login && right.resource == "secrets";
    let minting = served(MINTING).filter(|right| in_use.minting && !of_logins(right));
    let wanted: Vec<_> = served(SERVING).chain(logins).chain(minting).chain(own(ELECTION)).collect();
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
    rules.iter().flat_map(move |Rule { need, group, resources, verbs, object }| {
        let namespace = namespace.clone();
        resources.iter().flat_map(move |resource| {
            let namespace = namespace.clone();
            let right = move |verb: &'static str| Right {
                namespace: namespace.clone(),
                resource,
                verb,
                need: *need,
                group,
                object: *object,
            };
            verbs.iter().map(move |verb| right(verb))
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

impl Lacking {
    /// What of it keeps the operator from serving SCIM. Without a right on the Lease, on Events or on Secrets it is served all the
    /// same.
    #[must_use]
    pub fn for_serving(&self) -> Self {
        let rights = self.rights.iter().filter(|right| right.need == Need::Serving).cloned().collect();
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
        for (kind, rules, namespace) in [
            ("ClusterRole", &[SERVING, LOGIN, MINTING][..], None),
            ("Role", &[ELECTION, LOGIN_KEYS], Some("rollcall-system")),
        ] {
            let rights = rules.iter().flat_map(|rules| rights(rules, namespace));
            let used: BTreeSet<_> = rights
                .map(|Right { group, resource, verb, object, .. }| {
                    [group, resource, verb, object.unwrap_or_default()].map(str::to_owned).into()
                })
                .collect();
            assert_eq!(used, granted(kind), "{kind}");
        }
    }

    fn right(namespace: Option<&str>, resource: &'static str, verb: &'static str) -> Right {
        let (need, group) = match resource {
            "leases" => (Need::Election, LEASES),
            "events" => (Need::Events, EVENTS),
            "secrets" => (Need::Login, CORE),
            _ => (Need::Serving, GROUP),
        };
        Right { namespace: namespace.map(str::to_owned), resource, verb, need, group, object: None }
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
    fn neither_the_election_nor_events_nor_logins_are_needed_for_serving() {
        for resource in ["leases", "events", "secrets"] {
            let lacking = Lacking { rights: vec![right(Some("a"), resource, "get")], namespaces: Vec::new() };
            assert_eq!(lacking.for_serving(), Lacking::default(), "{resource}");
            assert_eq!(lacking.for_serving().sentence(), None, "{resource}");
        }
        let lacking = Lacking { rights: vec![right(None, "directoryapplications", "watch")], namespaces: Vec::new() };
        assert_eq!(lacking.for_serving(), lacking);
    }
}
