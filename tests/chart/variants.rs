//! Values of installations as teams have them. Each is linted, rendered by both versions of Helm, and applied.

use control_plane::Helm;
use serde_json::{Value, json};

use crate::render::{HASH, KINDS_ARE_THERE, chart, documents, helm, run, template};

/// A name and the values; what they need beside the chart is made by [`crate::apply`].
pub(crate) fn variants() -> Vec<(&'static str, Value)> {
    vec![
        ("the defaults", json!({})),
        ("one replica", json!({ "replicaCount": 1 })),
        (
            "behind an Ingress",
            json!({
                "ingress": {
                    "enabled": true, "className": "traefik", "host": "scim.example.com", "tls": { "secretName": "public-tls" },
                    "annotations": { "cert-manager.io/cluster-issuer": "letsencrypt" },
                },
                "trustedProxies": ["10.42.0.0/16"],
            }),
        ),
        (
            "behind a Gateway",
            json!({
                "publicUrl": "https://example.com/rollcall",
                "httpRoute": { "enabled": true, "parentRefs": [{ "name": "public", "namespace": "gateways", "sectionName": "https" }] },
            }),
        ),
        (
            "TLS at the pods, with a load balancer",
            json!({
                "tls": { "secretName": "rollcall-tls" }, "publicUrl": "https://scim.example.com",
                "service": { "type": "LoadBalancer", "trafficDistribution": "PreferClose", "annotations": { "a.example/b": "c" } },
            }),
        ),
        (
            "a list of namespaces, with Directories and keys",
            json!({
                "namespaces": ["acme", "globex"],
                "directories": {
                    "staff": { "namespace": "acme", "spec": { "users": { "quota": { "activeUsers": 500, "byUserType": { "Guest": 5 } }, "requiredAttributes": ["title"] } } },
                    "globex-staff": { "name": "staff", "namespace": "globex", "labels": { "team": "it" } },
                },
                "keys": {
                    "entra": {
                        "namespace": "acme",
                        "spec": { "directoryRef": { "name": "staff" }, "sha256": HASH, "expiresAt": "2099-01-31T00:00:00Z" },
                    },
                },
            }),
        ),
        (
            "monitored",
            json!({
                "serviceMonitor": {
                    "enabled": true, "labels": { "release": "prometheus" },
                    "relabelings": [{ "sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node" }],
                    "metricRelabelings": [{ "action": "drop", "sourceLabels": ["__name__"], "regex": "rollcall_connections" }],
                },
                "prometheusRule": { "enabled": true, "alertLabels": { "team": "identity" }, "disabled": ["RollcallNoLeader"] },
                "dashboard": { "enabled": true, "annotations": { "grafana_folder": "Identity" } },
            }),
        ),
        (
            "behind network policies",
            json!({ "networkPolicy": {
                "enabled": true,
                "scimFrom": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "traefik" } } }],
                "adminFrom": [{ "ipBlock": { "cidr": "10.0.0.0/8" } }],
            } }),
        ),
        (
            "with logins at a provider inside the cluster",
            json!({
                "login": {
                    "allowedAuthorityHosts": ["login.microsoftonline.com", "idp.example.com:8443"], "privateAuthorities": true,
                    "clientAssertion": { "enabled": true, "audience": "api://x", "expirationSeconds": 600 },
                },
                "networkPolicy": { "enabled": true },
                "directories": { "staff": {} },
                "applications": { "wiki": { "spec": {
                    "directoryRef": { "name": "staff" }, "hosts": ["wiki.contoso.example"], "require": { "groups": ["Wiki"] },
                } } },
            }),
        ),
        (
            "told of alarms, with traces",
            json!({
                "webhook": { "url": "https://hooks.example.com/rollcall", "secretName": "rollcall-webhook" },
                "traces": { "endpoint": "http://collector.observability:4318", "ratio": 0.1 },
                "networkPolicy": { "enabled": true },
            }),
        ),
        ("without logins", json!({ "login": { "enabled": false } })),
        ("the operator alone", bare()),
        ("every knob of the pods", pods()),
    ]
}

/// A cluster whose administrators have made everything else already.
fn bare() -> Value {
    json!({
        "crds": { "install": false }, "rbac": { "create": false }, "tests": { "enabled": false },
        "serviceAccount": { "create": false, "name": "default" }, "podDisruptionBudget": { "enabled": false },
    })
}

fn pods() -> Value {
    json!({
        "nameOverride": "roll", "fullnameOverride": "roll", "commonLabels": { "team": "identity" },
        "image": { "repository": "registry.example.com/rollcall", "digest": format!("sha256:{HASH}"), "pullPolicy": "Always" },
        "imagePullSecrets": [{ "name": "registry" }],
        "serviceAccount": { "annotations": { "a.example/b": "c" } },
        "log": { "level": "info,rollcall=debug", "format": "text" },
        "priorityClassName": "system-cluster-critical", "hostUsers": false, "terminationGracePeriodSeconds": 60,
        "podLabels": { "tier": "control" }, "podAnnotations": { "a.example/b": "c" },
        "nodeSelector": { "kubernetes.io/os": "linux" },
        "tolerations": [{ "key": "dedicated", "operator": "Equal", "value": "identity", "effect": "NoSchedule" }],
        "affinity": { "podAntiAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [{
            "weight": 1,
            "podAffinityTerm": { "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": { "a": "b" } } },
        }] } },
        "topologySpreadConstraints": [{
            "topologyKey": "topology.kubernetes.io/zone", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": { "matchLabels": { "tier": "control" } },
        }],
        "podSecurityContext": { "runAsUser": 1000, "fsGroup": 1000 }, "securityContext": { "privileged": false },
        "resources": { "requests": { "cpu": 1, "memory": "1Gi" }, "limits": null },
        "probes": { "liveness": { "periodSeconds": 20, "initialDelaySeconds": 5 } },
        "extraArgs": ["--replica-name=a"],
        "extraEnv": [{ "name": "ROLLCALL_LEASE_NAMESPACE", "valueFrom": { "fieldRef": { "fieldPath": "metadata.namespace" } } }],
        "extraVolumes": [{ "name": "extra", "emptyDir": { "sizeLimit": "1Mi" } }],
        "extraVolumeMounts": [{ "name": "extra", "mountPath": "/extra", "readOnly": true }],
        "tls": { "secretName": "rollcall-tls" },
    })
}

#[test]
fn helm_lint_has_nothing_to_say_under_strict_rules() {
    for (name, values) in variants() {
        for version in [Helm::Four, Helm::Three] {
            let mut command = helm(version);
            command.args(["lint", "--strict", "--quiet", "-f", "-"]).arg(chart());
            let said = run(command, &values.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(said.trim().is_empty(), "{name}: {said}");
        }
    }
}

#[test]
fn both_versions_of_helm_render_the_same() {
    for (name, values) in variants() {
        for arguments in [&KINDS_ARE_THERE[..], &[]] {
            let rendered = |version| {
                let text = template(version, &values, arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
                let mut objects: Vec<_> = documents(&text).iter().map(Value::to_string).collect();
                // The versions order objects of one kind differently.
                objects.sort();
                objects
            };
            assert_eq!(rendered(Helm::Four), rendered(Helm::Three), "{name}");
        }
    }
}

#[test]
fn the_notes_say_the_next_commands() {
    let cases = [
        (
            json!({}),
            &[
                "helm test rollcall -n rollcall-system",
                "kind: Directory",
                "key new --namespace acme --directory staff",
                "https://YOUR-HOST/scim/v2/acme/staff",
                "There is no public URL yet",
            ][..],
            &[][..],
        ),
        (
            json!({ "publicUrl": "https://scim.example.com/", "directories": { "people": { "namespace": "globex" } } }),
            &["key new --namespace globex --directory people", "https://scim.example.com/scim/v2/globex/people"],
            &["kind: Directory", "There is no public URL yet"],
        ),
        (
            json!({ "tests": { "enabled": false }, "namespaces": ["initech"] }),
            &["looks after initech", "namespace: initech", "key new --namespace initech --directory staff"],
            &["helm test"],
        ),
    ];
    for (values, said, unsaid) in cases {
        // `helm template` shows no notes, an installation that is only tried out does.
        let mut command = helm(Helm::Four);
        command.args(["install", "rollcall"]).arg(chart()).args([
            "-n",
            "rollcall-system",
            "--dry-run=client",
            "-f",
            "-",
        ]);
        let text = run(command, &values.to_string()).unwrap_or_else(|error| panic!("{values}: {error}"));
        let notes = text.split_once("NOTES:").expect("notes").1;
        for words in said {
            assert!(notes.contains(words), "{values}: {words:?} is not in\n{notes}");
        }
        for words in unsaid {
            assert!(!notes.contains(words), "{values}: {words:?} is in\n{notes}");
        }
    }
}
