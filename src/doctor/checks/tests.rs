use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::blind::Blind;
use super::super::finding::FindingState;
use super::super::observe::ClientSecret;
use super::super::people::People;
use super::super::probe::ProbeAnswer;
use super::*;
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
    observed: Observed,
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
            observed: Observed {
                namespace: "acme".to_owned(),
                name: "staff".to_owned(),
                kinds: Ok(()),
                directory: Ok(directory),
                leases: Ok(vec![object("Lease", "rollcall", lease, json!({}))]),
                pods: Ok(vec![pod]),
                keys: Ok(Vec::new()),
                people: Ok(People::default()),
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
fn the_checks_of_the_cluster() {
    check_all(&[
        (
            "an older kind",
            |seen| {
                let reason = "the cluster does not know the field spec.x of DirectoryUser: apply the files of crds/";
                seen.observed.kinds = Err(Blind::Failed(reason.to_owned()));
            },
            "kinds",
            Problem,
            "apply the files of crds/",
        ),
        (
            "no Directory",
            |seen| seen.observed.directory = Err(Blind::Absent),
            "directory",
            Problem,
            "no Directory staff",
        ),
        (
            "a right is missing",
            |seen| seen.observed.directory = Err(Blind::Forbidden("get directories in acme".to_owned())),
            "directory",
            Unknown,
            "an account that may get directories in acme",
        ),
        (
            "being deleted",
            |seen| seen.set(json!({ "metadata": { "deletionTimestamp": NOW } })),
            "directory",
            Problem,
            "503 meanwhile",
        ),
        ("no Lease", |seen| seen.observed.leases = Ok(Vec::new()), "operator", Problem, "no operator has ever led"),
        (
            "a Lease of yesterday",
            |seen| {
                let spec =
                    json!({ "holderIdentity": "x", "renewTime": "2026-02-28T10:00:00Z", "leaseDurationSeconds": 15 });
                seen.observed.leases = Ok(vec![object("Lease", "rollcall", spec, json!({}))]);
            },
            "operator",
            Problem,
            "since 24 hours",
        ),
        (
            "a Lease that was given back",
            |seen| {
                let spec = json!({ "holderIdentity": "", "renewTime": NOW, "leaseDurationSeconds": 15 });
                seen.observed.leases = Ok(vec![object("Lease", "rollcall", spec, json!({}))]);
            },
            "operator",
            Problem,
            "no replica leads",
        ),
        (
            "leases may not be listed",
            |seen| seen.observed.leases = Err(Blind::Forbidden("list leases".to_owned())),
            "operator",
            Unknown,
            "list leases",
        ),
        ("no pod", |seen| seen.observed.pods = Ok(Vec::new()), "replicas", Unknown, "--operator-namespace"),
        (
            "a pod that is not ready",
            |seen| {
                let status = json!({ "conditions": [condition_json("Ready", "False", "", "")] });
                seen.observed.pods = Ok(vec![object("Pod", "rollcall-2", json!({}), status)]);
            },
            "replicas",
            Problem,
            "1 of 1 pods are not ready: rollcall-2",
        ),
    ]);
}

#[test]
fn the_checks_of_the_directory() {
    let answer = |status: u16, with_key: bool, is_scim: bool| ProbeAnswer {
        url: "https://scim.contoso.example/scim/v2/acme/staff".to_owned(),
        with_key,
        status,
        is_scim,
        detail: "the cluster is away".to_owned(),
    };
    for (status, with_key, is_scim, state, words) in [
        (200, true, true, Fine, "accepts the key"),
        (401, false, true, Fine, "--key-file"),
        (401, true, true, Problem, "Secret Token"),
        (403, true, true, Problem, "scope provision"),
        (429, false, true, Problem, "too many requests"),
        (503, true, true, Problem, "the cluster is away"),
        (404, true, false, Problem, "ingress"),
        (200, true, false, Problem, "ingress"),
    ] {
        let mut seen = Seen::in_order();
        seen.observed.probe = Ok(answer(status, with_key, is_scim));
        let findings = seen.findings();
        let finding = findings.iter().find(|finding| finding.check == "connection").expect("the check");
        assert_eq!(finding.state, state, "{status}: {finding:?}");
        assert!(format!("{} {}", finding.summary, finding.advice).contains(words), "{finding:?}");
    }
    check_all(&[
        (
            "new",
            |seen| seen.directory["status"] = Value::Null,
            "ready",
            Problem,
            "no operator has looked at the Directory yet",
        ),
        ("changed", |seen| seen.set(json!({ "metadata": { "generation": 2 } })), "ready", Problem, "last change"),
        (
            "not Ready",
            |seen| seen.stand("Ready", "False", "InvalidPolicy", "the extension is misspelt"),
            "ready",
            Problem,
            "not Ready (InvalidPolicy): the extension is misspelt",
        ),
        (
            "only half on",
            |seen| seen.stand("Ready", "True", "Serving", "nobody logs in: spec.login is absent"),
            "ready",
            Fine,
            "nobody logs in",
        ),
        (
            "no public address",
            |seen| drop(seen.directory["status"].as_object_mut().expect("a status").remove("scimEndpoint")),
            "endpoint",
            Unknown,
            "publicUrl",
        ),
        (
            "not https",
            |seen| seen.set(json!({ "status": { "scimEndpoint": "http://scim.contoso.example/x" } })),
            "endpoint",
            Problem,
            "not https",
        ),
        (
            "not asked",
            |seen| seen.observed.probe = Err(Blind::NotAsked("name --url".to_owned())),
            "connection",
            Unknown,
            "--url",
        ),
        (
            "disabled",
            |seen| seen.set(json!({ "spec": { "provisioning": { "mode": "Disabled" } } })),
            "provisioning",
            Problem,
            "set spec.provisioning.mode to Enabled",
        ),
        (
            "observed",
            |seen| seen.set(json!({ "spec": { "provisioning": { "mode": "Observe" } } })),
            "provisioning",
            Fine,
            "DirectoryReport",
        ),
    ]);
}

#[test]
fn the_checks_of_the_keys() {
    check_all(&[
        ("none", |seen| seen.keys.clear(), "keys", Problem, "there is no key"),
        ("revoked", |seen| seen.key(json!({ "revoked": true })), "keys", Problem, "entra is revoked"),
        ("expired", |seen| seen.key(json!({ "expiresAt": NOW })), "keys", Problem, "entra has expired"),
        (
            "too early",
            |seen| seen.key(json!({ "notBefore": "2026-04-01T00:00:00Z" })),
            "keys",
            Problem,
            "not valid yet",
        ),
        ("another scope", |seen| seen.key(json!({ "scopes": ["introspect"] })), "keys", Problem, "scope provision"),
        (
            "not minted yet",
            |seen| seen.key(json!({ "sha256": null, "mint": { "secretName": "x" } })),
            "keys",
            Problem,
            "entra has no secret yet",
        ),
        (
            "keys may not be listed",
            |seen| seen.observed.keys = Err(Blind::Forbidden("list directorykeys in acme".to_owned())),
            "keys",
            Unknown,
            "list directorykeys in acme",
        ),
        ("usable", |_| {}, "keys", Fine, "usable: entra"),
        (
            "expires soon",
            |seen| seen.key(json!({ "expiresAt": "2026-03-08T10:00:00Z" })),
            "key-expiry",
            Problem,
            "entra in 7 days",
        ),
        (
            "expires soon, and a successor is there",
            |seen| {
                seen.keys.push(seen.keys[0].clone());
                seen.key(json!({ "expiresAt": "2026-03-08T10:00:00Z" }));
            },
            "key-expiry",
            Fine,
            "the last key lasts",
        ),
        ("permanent", |seen| seen.key(json!({ "expiresAt": null })), "key-expiry", Fine, "never expires: entra"),
        (
            "unused",
            |seen| {
                let mut key: Value = seen.keys[0].clone().into();
                key["status"]["lastUsed"] = "2026-01-01T00:00:00Z".into();
                seen.keys[0] = key.into();
            },
            "key-use",
            Problem,
            "not used for 30 days: entra",
        ),
        ("used", |_| {}, "key-use", Fine, "entra 60 minutes ago"),
    ]);
}

#[test]
fn the_checks_of_the_traffic() {
    check_all(&[
        (
            "nobody ever came",
            |seen| {
                seen.directory["status"]["provisioning"] = Value::Null;
                seen.keys.clear();
            },
            "contact",
            Problem,
            "Start provisioning",
        ),
        (
            "silent for three cycles",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "lastContact": "2026-03-01T07:50:00Z" } } }));
                seen.keys[0] = {
                    let mut key: Value = seen.keys[0].clone().into();
                    key["status"] = json!({});
                    key.into()
                };
            },
            "contact",
            Problem,
            "last heard 2 hours ago",
        ),
        (
            "silent, as the operator says",
            |seen| seen.stand("Stale", "True", "Silent", "nothing for 3 cycles"),
            "contact",
            Problem,
            "nothing for 3 cycles",
        ),
        (
            "a wrong token",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "failedAuthentications":
                    { "count": 3, "lastTime": "2026-03-01T09:55:00Z", "reason": "unknown_key" } } } }));
            },
            "authentication",
            Problem,
            "Test Connection",
        ),
        (
            "a wrong token, long ago",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "failedAuthentications":
                    { "count": 3, "lastTime": "2026-02-01T09:55:00Z", "reason": "expired" } } } }));
            },
            "authentication",
            Fine,
            "28 days ago",
        ),
        (
            "mapping without mail",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "lastError": {
                    "time": "2026-03-01T09:55:00Z", "request": "POST /Users", "subject": "ada@contoso.example", "status": 400,
                    "scimType": "invalidValue", "detail": "This directory requires emails", "requestID": "r-1" } } } }));
            },
            "last-error",
            Problem,
            "Provisioning > Mappings; then Provision on demand for that person (request r-1 in the log)",
        ),
        (
            "an error that has not come again",
            |seen| {
                seen.set(json!({ "status": { "provisioning": { "lastError": { "time": "2026-03-01T08:00:00Z", "status": 409 } } } }));
            },
            "last-error",
            Fine,
            "the last refusal is old",
        ),
        (
            "refusals",
            |seen| seen.set(json!({ "status": { "provisioning": { "cycle": { "refused": 7 } } } })),
            "refusals",
            Problem,
            "Incremental: 1 created, 0 updated, 0 deactivated, 0 deleted, 7 refused",
        ),
    ]);
}

#[test]
fn the_checks_of_the_people() {
    check_all(&[
        ("nobody although the provider comes", |seen| seen.users.clear(), "people", Problem, "Default Access"),
        ("nobody, and the records are scoped", |seen| seen.users.clear(), "people", Problem, "All Records"),
        (
            "nobody, and nobody came",
            |seen| {
                seen.users.clear();
                seen.keys.clear();
                seen.directory["status"]["provisioning"] = Value::Null;
            },
            "people",
            Fine,
            "nobody is here yet",
        ),
        (
            "people may not be listed",
            |seen| seen.observed.people = Err(Blind::Forbidden("list directoryusers in acme".to_owned())),
            "people",
            Unknown,
            "list directoryusers in acme",
        ),
        (
            "mail is required",
            |seen| {
                seen.set(json!({ "spec": { "users": { "requiredAttributes": ["emails[type eq \"work\"].value"] } } }))
            },
            "mapping",
            Problem,
            "usually mapped from mail",
        ),
        (
            "mail is required, of somebody inactive",
            |seen| {
                seen.set(json!({ "spec": { "users": { "requiredAttributes": ["title"] } } }));
                seen.users = vec![user("ada@contoso.example", json!({ "scim": { "active": false } }))];
            },
            "mapping",
            Fine,
            "",
        ),
        (
            "no e-mail address, and people log in by name",
            |seen| {
                seen.login(json!({}));
                seen.users.push(user("ada", json!({ "scim": { "externalId": "ada" } })));
            },
            "user-names",
            Problem,
            "1 userNames do not have the form of an e-mail address (ada)",
        ),
        (
            "no e-mail address, and nobody logs in",
            |seen| seen.users.push(user("ada", json!({}))),
            "user-names",
            Fine,
            "map userPrincipalName to userName",
        ),
        (
            "no object id, and people log in by it",
            |seen| {
                seen.login(json!({ "match": "ObjectId" }));
                seen.users.push(user("bob@contoso.example", json!({ "scim": { "externalId": "bob" } })));
            },
            "user-names",
            Problem,
            "map objectId to externalId",
        ),
        (
            "a name taken",
            |seen| {
                let mut ada: Value = seen.users[0].clone().into();
                ada["status"]["conditions"] = json!([condition_json("NameClaimed", "False", "Taken", "")]);
                seen.users[0] = ada.into();
            },
            "conflicts",
            Problem,
            "ada@contoso.example (ada)",
        ),
        (
            "an undelete that waits",
            |seen| {
                let mut ada: Value = seen.users[0].clone().into();
                ada["spec"]["deletedAt"] = NOW.into();
                ada["metadata"]["annotations"] = json!({ "rollcall.dev/undelete": "true" });
                seen.users.push(ada.into());
            },
            "deleted",
            Problem,
            "1 deleted objects are asked back and wait: ada",
        ),
        (
            "groups ignored",
            |seen| seen.set(json!({ "spec": { "groups": { "mode": "Ignore" } } })),
            "groups",
            Fine,
            "disable Provision Microsoft Entra ID Groups",
        ),
        (
            "groups ignored and required",
            |seen| {
                seen.set(json!({ "spec": { "groups": { "mode": "Ignore" } } }));
                let spec = json!({ "require": { "groups": ["Ops"] } });
                let status = json!({ "conditions": [condition_json("Ready", "True", "", "")] });
                seen.observed.applications = Ok(vec![object("DirectoryApplication", "wiki", spec, status)]);
            },
            "groups",
            Problem,
            "an application requires groups",
        ),
        ("no groups", |seen| seen.groups.clear(), "groups", Fine, "no group was sent"),
        (
            "duplicates",
            |seen| seen.stand("DuplicateExternalId", "True", "Duplicates", "2 users have an externalId"),
            "duplicates",
            Problem,
            "map objectId to externalId",
        ),
        (
            "the quota is reached",
            |seen| seen.stand("QuotaReached", "True", "Reached", "5 of 5 active users"),
            "quota",
            Problem,
            "5 of 5 active users",
        ),
        (
            "the quota is near",
            |seen| seen.stand("QuotaReached", "False", "Nearly", "4 of 5 active users"),
            "quota",
            Fine,
            "raise spec.users.quota",
        ),
        (
            "deletions are braked",
            |seen| seen.stand("MassDeleteBlocked", "True", "LimitReached", "50 people were deleted"),
            "mass-delete",
            Problem,
            "massDeleteOverrideUntil",
        ),
    ]);
}

#[test]
fn the_checks_of_the_login() {
    check_all(&[
        ("no login", |_| {}, "login", Fine, "the Directory has no spec.login"),
        ("a login", |seen| seen.login(json!({})), "login", Fine, "the provider answers"),
        (
            "disabled",
            |seen| seen.set(json!({ "spec": { "login": { "method": "Disabled" } } })),
            "login",
            Problem,
            "spec.login.method is Disabled",
        ),
        (
            "not ready",
            |seen| {
                seen.login(json!({}));
                seen.stand("LoginReady", "False", "ProviderUnreachable", "no route");
            },
            "login",
            Problem,
            "(ProviderUnreachable): no route",
        ),
        ("redirect URIs", |seen| seen.login(json!({})), "redirect-uris", Fine, "login/acme/staff/callback"),
        (
            "no redirect URIs",
            |seen| {
                seen.login(json!({}));
                seen.directory["status"]["redirectURIs"] = Value::Null;
            },
            "redirect-uris",
            Problem,
            "publicUrl",
        ),
        (
            "no Secret",
            |seen| {
                seen.login(json!({}));
                seen.observed.client_secret = Some(Err(Blind::Absent));
            },
            "client-secret",
            Problem,
            "kubectl -n acme create secret generic entra --type rollcall.dev/client-secret",
        ),
        (
            "a Secret of another type",
            |seen| {
                seen.login(json!({}));
                let secret = ClientSecret { secret_type: "Opaque".to_owned(), has_entry: true };
                seen.observed.client_secret = Some(Ok(secret));
            },
            "client-secret",
            Problem,
            "delete it, then",
        ),
        (
            "Secrets may not be read",
            |seen| {
                seen.login(json!({}));
                seen.observed.client_secret = Some(Err(Blind::Forbidden("get secrets in acme".to_owned())));
            },
            "client-secret",
            Unknown,
            "get secrets in acme",
        ),
        (
            "an application whose host is taken",
            |seen| {
                let status = json!({ "conditions": [condition_json("Ready", "False", "HostTaken", "wiki.example")] });
                seen.observed.applications = Ok(vec![object("DirectoryApplication", "wiki", json!({}), status)]);
            },
            "applications",
            Problem,
            "wiki (HostTaken: wiki.example)",
        ),
    ]);
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
