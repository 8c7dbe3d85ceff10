//! The cases of the cluster, the Directory and its keys.

use serde_json::{Value, json};

use super::*;

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
