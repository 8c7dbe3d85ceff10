//! What the operator was seen to do against what the chart lets it do.
//!
//! The API server's audit log has every request of the operator's account over the whole run, with the binding that allowed it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cluster::{NAMESPACE, RELEASE, root};
use crate::wait::{DEADLINE, within};

/// API group, resource with its subresource, verb.
type Right = (String, String, String);

/// Rights that this run does not use, each with the reason why the operator has them all the same.
const UNUSED: [(&str, &str, &str, &str); 8] = [
    ("rollcall.dev", "directoryapplications/status", "patch", "there is no application in this run"),
    ("rollcall.dev", "directorykeys", "get", "no key of this run is minted"),
    ("rollcall.dev", "directorykeys", "create", "no key of this run is rotated"),
    ("rollcall.dev", "directorykeys", "update", "no key of this run is minted"),
    ("rollcall.dev", "directoryreports", "create", "no Directory of this run is observed"),
    ("rollcall.dev", "directoryreports/status", "patch", "no Directory of this run is observed"),
    ("", "secrets", "update", "passwords of built-in accounts change, and there are none here"),
    ("", "secrets", "delete", "invitations end, and there are none here"),
];

/// Writes the policy: every request of the operator's account and nothing else, without bodies.
pub(crate) fn write_policy(folder: &Path) -> PathBuf {
    let path = folder.join("audit-policy.json");
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [{ "level": "Metadata", "users": [account()] }, { "level": "None" }],
    });
    fs::write(&path, policy.to_string()).expect("a file");
    path
}

fn account() -> String {
    format!("system:serviceaccount:{NAMESPACE}:{RELEASE}")
}

/// How long the API server may take to learn of a role that was just made: it reads them by a watch of its own, and a pod of a
/// release that is being installed may be quicker.
const ROLE_LAG: SignedDuration = SignedDuration::from_secs(10);

/// What the audit log says.
#[derive(Debug, Default)]
struct Seen {
    used: BTreeMap<Right, usize>,
    /// What the API server refused.
    denied: BTreeSet<Right>,
    /// What every account may do, with the binding that says so.
    by_everybody: BTreeSet<(Right, String)>,
}

/// Compares both ways and prints what it compared. What is refused in the times of `excused` is no mistake of the chart: while a
/// release is uninstalled its account loses its rights before its pods have ended, and an API server that is starting refuses
/// everybody until it has read the roles.
pub(crate) async fn compare(audit_log: &Path, excused: &[Range<Timestamp>]) {
    let granted = granted();
    let allowed = UNUSED.map(|(group, resource, verb, _)| (group.to_owned(), resource.to_owned(), verb.to_owned()));
    let surplus = |seen: &Seen| -> Vec<Right> {
        granted.iter().filter(|right| !seen.used.contains_key(*right) && !allowed.contains(right)).cloned().collect()
    };
    // Replicas that have just come back to the API server are not done with what they do then.
    within(DEADLINE, async || surplus(&read(audit_log, excused)).is_empty().then_some(())).await;
    let seen = read(audit_log, excused);
    let (surplus, Seen { used, denied, by_everybody }) = (surplus(&seen), seen);
    println!("   rights used over the whole run:");
    for ((group, resource, verb), times) in &used {
        println!("   {verb:7} {resource}.{group}: {times}");
    }
    println!("   by what every account may: {by_everybody:?}");
    let missing: Vec<_> = used.keys().filter(|right| !granted.contains(*right)).collect();
    println!("   used and not granted: {missing:?}; denied: {denied:?}; granted and not used: {surplus:?}");
    assert!(used.len() > 10, "a log of so few requests is not that of a whole run");
    assert!(denied.is_empty(), "the operator asked for what the chart does not grant: {denied:?}");
    assert!(missing.is_empty(), "allowed by something else than files/rbac.yaml: {missing:?}");
    assert!(surplus.is_empty(), "granted by files/rbac.yaml and never used: {surplus:?}");
    let used_now: Vec<_> = allowed.iter().filter(|right| used.contains_key(*right)).collect();
    assert!(used_now.is_empty(), "used, so they need no reason any more: {used_now:?}");
}

fn read(audit_log: &Path, excused: &[Range<Timestamp>]) -> Seen {
    let log = fs::read_to_string(audit_log).expect("the audit log");
    let mut seen = Seen::default();
    let (mut allowed, mut denied) = (BTreeMap::<_, Vec<Timestamp>>::new(), Vec::new());
    for event in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let reason = event["annotations"]["authorization.k8s.io/reason"].as_str().unwrap_or_default();
        let (right, namespace) =
            (right(&event), event["objectRef"]["namespace"].as_str().unwrap_or_default().to_owned());
        let at = event["requestReceivedTimestamp"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let at = at.expect("an audit event has a time");
        if event["annotations"]["authorization.k8s.io/decision"] != "allow" {
            if !excused.iter().any(|time| time.contains(&at)) {
                denied.push((right, namespace, at));
            }
            continue;
        }
        allowed.entry((right.clone(), namespace)).or_default().push(at);
        if reason.contains(&format!("\"{RELEASE}")) {
            *seen.used.entry(right).or_default() += 1;
        } else {
            seen.by_everybody.insert((right, reason.to_owned()));
        }
    }
    for (right, namespace, at) in denied {
        let then = allowed.get(&(right.clone(), namespace)).into_iter().flatten();
        match then.filter(|then| **then > at && then.duration_since(at) < ROLE_LAG).min() {
            Some(then) => println!("   {right:?} was denied at {at} and allowed at {then}"),
            None => drop(seen.denied.insert(right)),
        }
    }
    seen
}

fn right(event: &Value) -> Right {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &event["objectRef"];
    if object.is_null() {
        return (String::new(), text(&event["requestURI"]), text(&event["verb"]));
    }
    let resource = match object["subresource"].as_str() {
        Some(subresource) => format!("{}/{subresource}", text(&object["resource"])),
        None => text(&object["resource"]),
    };
    (text(&object["apiGroup"]), resource, text(&event["verb"]))
}

/// Every right of `files/rbac.yaml`.
fn granted() -> BTreeSet<Right> {
    let text = fs::read_to_string(root().join("charts/rollcall/files/rbac.yaml")).expect("the rights");
    let mut rights = BTreeSet::new();
    for document in text.split("\n---\n") {
        let role: Value = serde_yaml::from_str(document).expect("a role");
        for rule in role["rules"].as_array().expect("rules") {
            let list = |name: &str| rule[name].as_array().cloned().unwrap_or_default();
            for group in list("apiGroups") {
                for resource in list("resources") {
                    for verb in list("verbs") {
                        let text = |value: &Value| value.as_str().expect("a text").to_owned();
                        rights.insert((text(&group), text(&resource), text(&verb)));
                    }
                }
            }
        }
    }
    rights
}
