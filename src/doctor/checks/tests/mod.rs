//! Each check with what it has to see: a Directory in order, and one thing about it that is not.

#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]

mod directory;
mod people;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::doctor::blind::Blind;
use crate::doctor::finding::FindingState;
use crate::doctor::observe::ClientSecret;
use crate::doctor::people::Population;
use crate::doctor::probe::ProbeAnswer;
use crate::rules::policy::Policy;

const NOW: &str = "2026-03-01T10:00:00Z";

fn object(kind: &str, name: &str, spec: Value, status: Value) -> Object {
    json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": kind,
        "metadata": { "name": name, "namespace": "acme", "generation": 1, "creationTimestamp": "2026-02-20T10:00:00Z" },
        "spec": spec, "status": status,
    })
    .into()
}

fn condition_json(name: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": name, "status": status, "reason": reason, "message": message })
}

fn user(name: &str, spec: Value) -> Object {
    let mut whole = json!({ "managedBy": "Provisioning", "scim": { "userName": name, "active": true,
        "externalId": "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d" } });
    merge(&mut whole, spec);
    object("DirectoryUser", name.split('@').next().expect("a name"), whole, json!({}))
}

fn merge(value: &mut Value, more: Value) {
    match (value, more) {
        (Value::Object(value), Value::Object(more)) => {
            more.into_iter().for_each(|(name, more)| merge(value.entry(name).or_insert(Value::Null), more));
        }
        (value, more) => *value = more,
    }
}

/// What is seen of a Directory in which everything is in order; each case changes it.
struct Seen {
    directory: Value,
    keys: Vec<Object>,
    users: Vec<Object>,
    groups: Vec<Object>,
    observed: ObservedCluster,
}

impl Seen {
    fn in_order() -> Self {
        let lease = json!({ "holderIdentity": "rollcall-1", "renewTime": "2026-03-01T09:59:55.000000Z",
            "leaseDurationSeconds": 15 });
        let pod =
            object("Pod", "rollcall-1", json!({}), json!({ "conditions": [condition_json("Ready", "True", "", "")] }));
        let directory = object(
            "Directory",
            "staff",
            json!({}),
            json!({
                "observedGeneration": 1, "conditions": [condition_json("Ready", "True", "Serving", "")],
                "scimEndpoint": "https://scim.contoso.example/scim/v2/acme/staff",
                "provisioning": { "lastContact": "2026-03-01T09:50:00Z",
                    "cycle": { "phase": "Incremental", "created": 1, "refused": 0 } },
            }),
        );
        let spec = json!({ "sha256": "0".repeat(64), "directoryRef": { "name": "staff" }, "scopes": ["provision"],
            "expiresAt": "2027-01-01T00:00:00Z" });
        let key = object("DirectoryKey", "entra", spec, json!({ "lastUsed": "2026-03-01T09:00:00Z" }));
        Self {
            directory: directory.clone().into(),
            keys: vec![key],
            users: vec![user("ada@contoso.example", json!({}))],
            groups: vec![object("DirectoryGroup", "g", json!({ "scim": { "displayName": "Ops" } }), json!({}))],
            observed: ObservedCluster {
                namespace: "acme".to_owned(),
                name: "staff".to_owned(),
                kinds: Ok(()),
                directory: Ok(directory),
                leases: Ok(vec![object("Lease", "rollcall", lease, json!({}))]),
                pods: Ok(vec![pod]),
                keys: Ok(Vec::new()),
                people: Ok(Population::default()),
                applications: Ok(Vec::new()),
                client_secret: None,
                probe: Ok(ProbeAnswer {
                    url: "https://scim.contoso.example/scim/v2/acme/staff".to_owned(),
                    with_key: true,
                    status: 200,
                    is_scim: true,
                    detail: String::new(),
                }),
            },
        }
    }

    fn findings(mut self) -> Vec<Finding> {
        if self.observed.directory.is_ok() {
            let directory = Object::from(self.directory.clone());
            let policy = Policy::of(&spec_of(&directory).expect("a spec"));
            self.observed.directory = Ok(directory);
            if let Ok(people) = &mut self.observed.people {
                self.users.iter().for_each(|user| people.add_user(user, &policy));
                self.groups.iter().for_each(|group| people.add_group(group));
            }
        }
        if self.observed.keys.is_ok() {
            self.observed.keys = Ok(self.keys);
        }
        run(&self.observed, NOW.parse().expect("a time"))
    }

    fn set(&mut self, more: Value) {
        merge(&mut self.directory, more);
    }

    fn stand(&mut self, name: &str, status: &str, reason: &str, message: &str) {
        let conditions = self.directory["status"]["conditions"].as_array_mut().expect("conditions");
        conditions.retain(|condition| condition["type"] != name);
        conditions.push(condition_json(name, status, reason, message));
    }

    fn key(&mut self, spec: Value) {
        let mut key: Value = self.keys[0].clone().into();
        merge(&mut key["spec"], spec);
        self.keys[0] = key.into();
    }

    fn login(&mut self, oidc: Value) {
        let mut whole = json!({ "authority": "https://login.microsoftonline.com/contoso.example", "clientID": "web",
            "clientSecretRef": { "name": "entra", "key": "clientSecret" } });
        merge(&mut whole, oidc);
        self.set(
            json!({ "spec": { "login": { "method": "OpenIDConnect", "oidc": whole } }, "status": { "redirectURIs": {
            "web": ["https://scim.contoso.example/login/acme/staff/callback"] } } }),
        );
        self.stand("LoginReady", "True", "Ready", "the provider answers");
        let secret = ClientSecret { secret_type: "rollcall.dev/client-secret".to_owned(), has_entry: true };
        self.observed.client_secret = Some(Ok(secret));
    }
}

use FindingState::{Ok as Fine, Problem, Unknown};

type Edit = fn(&mut Seen);
type Case = (&'static str, Edit, &'static str, FindingState, &'static str);

#[track_caller]
fn check_all(cases: &[Case]) {
    for (name, edit, check, state, words) in cases {
        let mut seen = Seen::in_order();
        edit(&mut seen);
        let findings = seen.findings();
        let finding =
            findings.iter().find(|finding| finding.check == *check).unwrap_or_else(|| panic!("{name}: {check}"));
        let told = format!("{} -> {}", finding.summary, finding.advice);
        assert_eq!(finding.state, *state, "{name}: {told}");
        assert!(told.contains(words), "{name}: {told}");
        if finding.state == Problem {
            assert!(!finding.advice.is_empty(), "{name}: a problem without what to do");
        }
    }
}

#[test]
fn nothing_is_wrong_with_a_directory_that_is_in_order() {
    let findings = Seen::in_order().findings();
    assert_eq!(findings.iter().map(|finding| finding.check).collect::<Vec<_>>(), ids().collect::<Vec<_>>());
    for finding in findings {
        assert_eq!(finding.state, FindingState::Ok, "{finding:?}");
    }
}

#[test]
fn every_check_has_an_id_of_its_own() {
    assert_eq!(ids().collect::<BTreeSet<_>>().len(), ids().count());
}

#[test]
fn the_page_tells_of_every_check_in_its_order() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let table = page.lines().skip_while(|line| !line.starts_with("| Check |")).skip(2);
    let told: Vec<_> = table
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(id, _)| id.to_owned()))
        .collect();
    assert_eq!(told, ids().collect::<Vec<_>>(), "the table in docs/doctor.md");
}
