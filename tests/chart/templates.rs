//! What the values do: a table of values and what stands where in the objects.

use serde_json::{Value, json};

use crate::render::{HASH, documents, find, of_kind, render, template};

const CONTAINER: &str = "/spec/template/spec/containers/0";

/// The Services, and what is the chart's to say about every object.
#[rustfmt::skip]
fn service_cases() -> Vec<(Value, &'static str, String, Value)> {
    let at = |path: &str| path.to_owned();
    let container = |path: &str| format!("{CONTAINER}{path}");
    vec![
        // The Service.
        (json!({}), "Service/rollcall", at("/spec/ports/0/port"), json!(80)),
        (json!({}), "Service/rollcall", at("/spec/ports/1"), json!({ "name": "admin", "port": 9090, "targetPort": "admin", "protocol": "TCP", "appProtocol": "http" })),
        (json!({ "service": { "port": 8443 } }), "Service/rollcall", at("/spec/ports/0/port"), json!(8443)),
        (json!({ "service": { "type": "NodePort" } }), "Service/rollcall", at("/spec/type"), json!("NodePort")),
        // Probes and metrics are not for whoever reaches a load balancer or a node.
        (json!({ "service": { "type": "NodePort" } }), "Service/rollcall", at("/spec/ports/1"), json!(null)),
        (json!({ "service": { "type": "LoadBalancer" } }), "Service/rollcall", at("/spec/ports/1"), json!(null)),
        (json!({ "service": { "type": "LoadBalancer" } }), "Service/rollcall-admin", at("/spec/type"), json!("ClusterIP")),
        (json!({ "service": { "type": "LoadBalancer" } }), "Service/rollcall-admin", at("/spec/ports/0/name"), json!("admin")),
        (json!({ "service": { "type": "LoadBalancer" } }), "Pod/rollcall-test", at("/spec/containers/0/args/2"), json!("--admin-url=http://rollcall-admin.rollcall-system.svc:9090")),
        (json!({ "service": { "loadBalancerSourceRanges": ["192.0.2.0/24"] } }), "Service/rollcall", at("/spec/loadBalancerSourceRanges"), json!(["192.0.2.0/24"])),
        (json!({ "service": { "externalTrafficPolicy": "Local" } }), "Service/rollcall", at("/spec/externalTrafficPolicy"), json!("Local")),
        (json!({ "service": { "loadBalancerClass": "example.com/lb" } }), "Service/rollcall", at("/spec/loadBalancerClass"), json!("example.com/lb")),
        // A label that selects is the chart's.
        (json!({ "commonLabels": { "app.kubernetes.io/name": "x", "team": "it" } }), "Service/rollcall", at("/metadata/labels/app.kubernetes.io~1name"), json!("rollcall")),
        (json!({ "commonLabels": { "app.kubernetes.io/name": "x", "team": "it" } }), "Service/rollcall", at("/metadata/labels/team"), json!("it")),
        // What looks like a number stays a text.
        (json!({ "namespaces": ["123"] }), "Role/rollcall", at("/metadata/namespace"), json!("123")),
        (json!({ "log": { "level": "info: x" } }), "Deployment/rollcall", container("/args/1"), json!("--log-level=info: x")),
        (json!({ "service": { "trafficDistribution": "PreferClose" } }), "Service/rollcall", at("/spec/trafficDistribution"), json!("PreferClose")),
    ]
}

/// Values, the object (`Kind/name`), the place in it, and what is there; null where there is nothing.
#[rustfmt::skip]
fn cases() -> Vec<(Value, &'static str, String, Value)> {
    let at = |path: &str| path.to_owned();
    let container = |path: &str| format!("{CONTAINER}{path}");
    let pod = |path: &str| format!("/spec/template/spec{path}");
    let ingress = |host: &str| json!({ "ingress": { "enabled": true, "host": host } });
    let key = json!({ "keys": { "entra": { "namespace": "acme", "spec": { "directoryRef": { "name": "staff" }, "sha256": HASH } } } });
    let route = json!({ "publicUrl": "https://example.com/rollcall", "httpRoute": { "enabled": true, "parentRefs": [{ "name": "public" }] } });
    let mut timed = route.clone();
    timed["httpRoute"]["timeouts"] = json!({ "request": "40s" });
    let tls = json!({ "tls": { "secretName": "rollcall-tls" } });
    let selector = json!({ "app.kubernetes.io/name": "rollcall", "app.kubernetes.io/instance": "rollcall" });
    vec![
        // The Deployment.
        (json!({}), "Deployment/rollcall", at("/spec/replicas"), json!(2)),
        (json!({}), "Deployment/rollcall", at("/spec/strategy/rollingUpdate"), json!({ "maxSurge": 1, "maxUnavailable": 0 })),
        (json!({}), "Deployment/rollcall", at("/spec/selector/matchLabels"), selector.clone()),
        (json!({}), "Deployment/rollcall", container("/image"), json!("rollcall:0.1.0")),
        (json!({ "image": { "tag": "x" } }), "Deployment/rollcall", container("/image"), json!("rollcall:x")),
        (json!({ "image": { "tag": "x", "digest": format!("sha256:{HASH}") } }), "Deployment/rollcall", container("/image"), json!(format!("rollcall@sha256:{HASH}"))),
        (json!({ "imagePullSecrets": [{ "name": "a" }] }), "Deployment/rollcall", pod("/imagePullSecrets"), json!([{ "name": "a" }])),
        (json!({}), "Deployment/rollcall", pod("/terminationGracePeriodSeconds"), json!(45)),
        (json!({}), "Deployment/rollcall", container("/terminationMessagePolicy"), json!("FallbackToLogsOnError")),
        (json!({}), "Deployment/rollcall", container("/env"), json!([{ "name": "ROLLCALL_TERMINATION_MESSAGE_FILE", "value": "/dev/termination-log" }])),
        (json!({ "extraEnv": [{ "name": "A", "value": "b" }] }), "Deployment/rollcall", container("/env/1/name"), json!("A")),
        (json!({}), "Deployment/rollcall", container("/args"), json!(["run", "--log-level=info", "--log-format=json"])),
        (json!({ "extraArgs": ["--replica-name=a b"] }), "Deployment/rollcall", container("/args/3"), json!("--replica-name=a b")),
        (json!({ "traces": { "endpoint": "http://collector:4318", "ratio": 0.1 } }), "Deployment/rollcall", container("/args/4"), json!("--otlp-ratio=0.1")),
        (json!({ "webhook": { "url": "https://hooks.example.com/x" } }), "Deployment/rollcall", container("/args/3"), json!("--webhook-url=https://hooks.example.com/x")),
        (json!({ "webhook": { "secretName": "a" } }), "Deployment/rollcall", "/spec/template/spec/volumes/0/secret/secretName".to_owned(), json!("a")),
        (json!({ "namespaces": ["a", "b"] }), "Deployment/rollcall", container("/args/4"), json!("--namespace=b")),
        (json!({ "trustedProxies": ["10.0.0.0/8"] }), "Deployment/rollcall", container("/args/3"), json!("--trusted-proxies=10.0.0.0/8")),
        (json!({}), "Deployment/rollcall", container("/resources/limits/cpu"), json!(null)),
        (json!({}), "Deployment/rollcall", container("/resources/limits/memory"), json!("256Mi")),
        (json!({ "resources": { "limits": { "memory": "1Gi" } } }), "Deployment/rollcall", container("/resources/requests/cpu"), json!("50m")),
        (json!({}), "Deployment/rollcall", container("/startupProbe/httpGet"), json!({ "path": "/livez", "port": "admin" })),
        (json!({}), "Deployment/rollcall", container("/livenessProbe/httpGet"), json!({ "path": "/livez", "port": "admin" })),
        (json!({}), "Deployment/rollcall", container("/readinessProbe/httpGet"), json!({ "path": "/readyz", "port": "admin" })),
        (json!({ "probes": { "readiness": { "failureThreshold": 9 } } }), "Deployment/rollcall", container("/readinessProbe/failureThreshold"), json!(9)),
        (json!({}), "Deployment/rollcall", container("/securityContext/readOnlyRootFilesystem"), json!(true)),
        (json!({}), "Deployment/rollcall", pod("/securityContext/runAsNonRoot"), json!(true)),
        (json!({}), "Deployment/rollcall", pod("/hostUsers"), json!(null)),
        (json!({ "hostUsers": false }), "Deployment/rollcall", pod("/hostUsers"), json!(false)),
        (json!({}), "Deployment/rollcall", pod("/topologySpreadConstraints/0/labelSelector/matchLabels"), selector.clone()),
        (json!({}), "Deployment/rollcall", pod("/topologySpreadConstraints/1/topologyKey"), json!("topology.kubernetes.io/zone")),
        (json!({ "priorityClassName": "high" }), "Deployment/rollcall", pod("/priorityClassName"), json!("high")),
        (json!({ "nodeSelector": { "a": "b" } }), "Deployment/rollcall", pod("/nodeSelector"), json!({ "a": "b" })),
        (json!({ "podAnnotations": { "a": "b" } }), "Deployment/rollcall", at("/spec/template/metadata/annotations"), json!({ "a": "b" })),
        (json!({ "podLabels": { "a": "b" } }), "Deployment/rollcall", at("/spec/template/metadata/labels/a"), json!("b")),
        // Pods must stay selected, whatever labels they get.
        (json!({ "podLabels": { "app.kubernetes.io/name": "x" } }), "Deployment/rollcall", at("/spec/template/metadata/labels/app.kubernetes.io~1name"), json!("rollcall")),
        (json!({ "commonLabels": { "a": "b" } }), "Service/rollcall", at("/metadata/labels/a"), json!("b")),
        (json!({ "extraVolumes": [{ "name": "x", "emptyDir": {} }] }), "Deployment/rollcall", pod("/volumes"), json!([{ "name": "x", "emptyDir": {} }])),
        (json!({ "fullnameOverride": "roll" }), "Deployment/roll", at("/spec/selector/matchLabels"), selector.clone()),
        // TLS.
        (tls.clone(), "Deployment/rollcall", container("/args/3"), json!("--tls-cert=/etc/rollcall/tls/tls.crt")),
        (tls.clone(), "Deployment/rollcall", pod("/volumes/0/secret/secretName"), json!("rollcall-tls")),
        (tls.clone(), "Deployment/rollcall", container("/volumeMounts/0/mountPath"), json!("/etc/rollcall/tls")),
        (tls.clone(), "Service/rollcall", at("/spec/ports/0/port"), json!(443)),
        (tls.clone(), "Service/rollcall", at("/spec/ports/0/appProtocol"), json!("https")),
        (tls, "Pod/rollcall-test", at("/spec/containers/0/args/1"), json!("--service-url=https://rollcall.rollcall-system.svc:443")),
        (json!({}), "Service/rollcall", at("/spec/selector"), selector.clone()),
        // The host makes the public URL.
        (ingress("scim.example.com"), "Deployment/rollcall", container("/args/3"), json!("--public-url=https://scim.example.com")),
        (ingress("scim.example.com"), "Ingress/rollcall", at("/spec/rules/0/host"), json!("scim.example.com")),
        (ingress("scim.example.com"), "Ingress/rollcall", at("/spec/tls"), json!(null)),
        (json!({ "publicUrl": "https://Scim.Example.com:8443/x/", "ingress": { "enabled": true } }), "Ingress/rollcall", at("/spec/rules/0/host"), json!("scim.example.com")),
        (json!({ "publicUrl": "https://a.example/x/", "ingress": { "enabled": true } }), "Ingress/rollcall", at("/spec/rules/0/http/paths/0/path"), json!("/x")),
        (json!({ "ingress": { "enabled": true, "host": "a.example", "tls": { "secretName": "t" } } }), "Ingress/rollcall", at("/spec/tls"), json!([{ "hosts": ["a.example"], "secretName": "t" }])),
        (json!({ "ingress": { "host": "a.example" } }), "Deployment/rollcall", container("/args/3"), json!(null)),
        (route.clone(), "HTTPRoute/rollcall", at("/spec/hostnames"), json!(["example.com"])),
        (route.clone(), "HTTPRoute/rollcall", at("/spec/rules/0/matches/0/path"), json!({ "type": "PathPrefix", "value": "/rollcall" })),
        (timed, "HTTPRoute/rollcall", at("/spec/rules/0/timeouts"), json!({ "request": "40s" })),
        (route, "HTTPRoute/rollcall", at("/spec/rules/0/backendRefs"), json!([{ "name": "rollcall", "port": 80 }])),
        (json!({ "httpRoute": { "enabled": true, "hostname": "a.example", "parentRefs": [{ "name": "g" }] } }), "Deployment/rollcall", container("/args/3"), json!("--public-url=https://a.example")),
        // Rights.
        (json!({}), "ClusterRoleBinding/rollcall", at("/subjects"), json!([{ "kind": "ServiceAccount", "name": "rollcall", "namespace": "rollcall-system" }])),
        (json!({ "namespaces": ["acme"] }), "Role/rollcall", at("/metadata/namespace"), json!("acme")),
        (json!({ "namespaces": ["acme"] }), "RoleBinding/rollcall", at("/roleRef/kind"), json!("Role")),
        (json!({ "serviceAccount": { "create": false, "name": "mine" } }), "Deployment/rollcall", pod("/serviceAccountName"), json!("mine")),
        // The test makes its objects where the operator looks.
        (json!({ "namespaces": ["acme"] }), "Role/rollcall-test", at("/metadata/namespace"), json!("acme")),
        (json!({ "namespaces": ["acme"] }), "Pod/rollcall-test", at("/spec/containers/0/args/3"), json!("--namespace=acme")),
        (json!({}), "Pod/rollcall-test", at("/spec/containers/0/args"), json!(["self-test", "--service-url=http://rollcall.rollcall-system.svc:80", "--admin-url=http://rollcall.rollcall-system.svc:9090", "--namespace=rollcall-system"])),
        (json!({}), "Pod/rollcall-test", at("/metadata/labels/app.kubernetes.io~1name"), json!("rollcall-test")),
        // The kinds are kept.
        (json!({}), "CustomResourceDefinition/directories.rollcall.dev", at("/metadata/annotations/helm.sh~1resource-policy"), json!("keep")),
        // Directories and keys.
        (json!({ "directories": { "staff": {} } }), "Directory/staff", at("/metadata/namespace"), json!("rollcall-system")),
        (json!({ "directories": { "staff": {} } }), "Directory/staff", at("/spec"), json!({})),
        (json!({ "directories": { "a": { "name": "staff", "namespace": "acme" } } }), "Directory/staff", at("/metadata/namespace"), json!("acme")),
        (json!({ "directories": { "staff": {} } }), "Directory/staff", at("/metadata/annotations"), json!({ "helm.sh/resource-policy": "keep" })),
        (key.clone(), "DirectoryKey/entra", at("/spec"), json!({ "directoryRef": { "name": "staff" }, "sha256": HASH })),
        (key.clone(), "DirectoryKey/entra", at("/metadata/labels/rollcall.dev~1directory"), json!("staff")),
        (key, "DirectoryKey/entra", at("/metadata/annotations"), json!({ "rollcall.dev/tracked-by-helm": "true" })),
        // Monitoring.
        (json!({ "serviceMonitor": { "enabled": true } }), "ServiceMonitor/rollcall", at("/spec/endpoints/0/honorLabels"), json!(true)),
        (json!({ "serviceMonitor": { "enabled": true } }), "ServiceMonitor/rollcall", at("/spec/selector/matchLabels"), selector),
        (json!({ "serviceMonitor": { "enabled": true, "labels": { "release": "p" } } }), "ServiceMonitor/rollcall", at("/metadata/labels/release"), json!("p")),
        (json!({ "prometheusRule": { "enabled": true } }), "PrometheusRule/rollcall", at("/spec/groups/0/rules/0/alert"), json!("RollcallProvisioningSilent")),
        (json!({ "prometheusRule": { "enabled": true, "disabled": ["RollcallProvisioningSilent"] } }), "PrometheusRule/rollcall", at("/spec/groups/0/rules/0/alert"), json!("RollcallWatchSilent")),
        (json!({ "prometheusRule": { "enabled": true, "alertLabels": { "team": "it" } } }), "PrometheusRule/rollcall", at("/spec/groups/0/rules/0/labels"), json!({ "severity": "warning", "team": "it" })),
        (json!({ "dashboard": { "enabled": true } }), "ConfigMap/rollcall-dashboard", at("/metadata/labels/grafana_dashboard"), json!("1")),
        // Policies.
        (json!({}), "PodDisruptionBudget/rollcall", at("/spec/maxUnavailable"), json!(1)),
        (json!({ "podDisruptionBudget": { "maxUnavailable": "50%" } }), "PodDisruptionBudget/rollcall", at("/spec/maxUnavailable"), json!("50%")),
        (json!({ "networkPolicy": { "enabled": true } }), "NetworkPolicy/rollcall", at("/spec/ingress/0/from"), json!(null)),
        (json!({ "networkPolicy": { "enabled": true }, "traces": { "endpoint": "http://collector:4318" } }), "NetworkPolicy/rollcall", at("/spec/egress/1/ports/0/port"), json!(4318)),
        (json!({ "networkPolicy": { "enabled": true }, "webhook": { "url": "http://hooks.example.com/x" } }), "NetworkPolicy/rollcall", at("/spec/egress/1/ports/0/port"), json!(80)),
        (json!({ "networkPolicy": { "enabled": true }, "webhook": { "url": "https://hooks.example.com/x" } }), "NetworkPolicy/rollcall", at("/spec/egress/1"), json!(null)),
        (json!({ "networkPolicy": { "enabled": true, "adminFrom": [{ "ipBlock": { "cidr": "10.0.0.0/8" } }] } }), "NetworkPolicy/rollcall", at("/spec/ingress/1/from/1/podSelector/matchLabels/app.kubernetes.io~1name"), json!("rollcall-test")),
    ]
}

#[test]
fn values_do_what_they_say() {
    for (values, object, path, expected) in cases().into_iter().chain(service_cases()) {
        let (kind, name) = object.split_once('/').expect("a kind and a name");
        let objects = render(&values);
        let found = find(&objects, kind, name).unwrap_or_else(|| panic!("{values}: there is no {object}"));
        assert_eq!(found.pointer(&path).unwrap_or(&Value::Null), &expected, "{values}: {object} {path}");
    }
}

#[test]
fn what_is_off_makes_no_object() {
    let off = |values: Value, kinds: &[&str]| {
        let objects = render(&values);
        for kind in kinds {
            assert!(of_kind(&objects, kind).is_empty(), "{values}: {kind}");
        }
    };
    let by_default = [
        "Ingress",
        "HTTPRoute",
        "NetworkPolicy",
        "ServiceMonitor",
        "PrometheusRule",
        "ConfigMap",
        "Directory",
        "DirectoryKey",
    ];
    off(json!({}), &by_default);
    off(json!({ "replicaCount": 1 }), &["PodDisruptionBudget"]);
    off(json!({ "podDisruptionBudget": { "enabled": false } }), &["PodDisruptionBudget"]);
    off(json!({ "crds": { "install": false } }), &["CustomResourceDefinition"]);
    off(json!({ "tests": { "enabled": false } }), &["Pod"]);
    let objects = render(
        &json!({ "rbac": { "create": false }, "serviceAccount": { "create": false, "name": "x" }, "tests": { "enabled": false } }),
    );
    for kind in ["ServiceAccount", "Role"] {
        assert!(of_kind(&objects, kind).is_empty(), "{kind}");
    }
    assert!(find(&objects, "ClusterRole", "rollcall").is_none());
    assert!(find(&render(&json!({ "namespaces": ["acme"] })), "ClusterRole", "rollcall").is_none(), "Roles alone");
}

#[test]
fn every_namespaced_object_names_its_namespace() {
    // Otherwise `helm template | kubectl apply` would put it into whatever the context says.
    let whole_cluster = [
        "CustomResourceDefinition",
        "ClusterRole",
        "ClusterRoleBinding",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ];
    for (name, values) in crate::variants::variants() {
        for object in render(&values) {
            let kind = object["kind"].as_str().expect("a kind");
            let is_named = object["metadata"]["namespace"].is_string();
            assert_eq!(is_named, !whole_cluster.contains(&kind), "{name}: {kind} {}", object["metadata"]["name"]);
        }
    }
}

#[test]
fn on_the_first_installation_directories_come_after_their_kinds() {
    let values = json!({
        "directories": { "staff": {} },
        "keys": { "entra": { "spec": { "directoryRef": { "name": "staff" }, "sha256": HASH } } },
    });
    let hooks = |values: &Value, arguments: &[&str]| {
        let text = template(control_plane::Helm::Four, values, arguments).expect("rendered");
        let objects = documents(&text);
        [("Directory", "staff"), ("DirectoryKey", "entra")].map(|(kind, name)| {
            let object = find(&objects, kind, name).expect("the object");
            let annotation = |name: &str| object["metadata"]["annotations"][name].clone();
            (annotation("helm.sh/hook"), annotation("helm.sh/hook-weight"), annotation("meta.helm.sh/release-name"))
        })
    };
    let hook = |hook: &str, weight: &str| (json!(hook), json!(weight), json!("rollcall"));
    let plain = (json!(null), json!(null), json!(null));
    assert_eq!(hooks(&values, &[]), [hook("post-install", "1"), hook("post-install,post-rollback", "2")]);
    assert_eq!(hooks(&values, &crate::render::KINDS_ARE_THERE), [plain.clone(), plain.clone()]);
    // Somebody else brings the kinds, and has brought them before.
    let mut others = values.clone();
    others["crds"] = json!({ "install": false });
    assert_eq!(hooks(&others, &[]), [plain.clone(), plain]);
}
