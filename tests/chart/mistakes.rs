//! Values with a mistake are refused, with the sentence that names it.

use control_plane::Helm;
use serde_json::{Value, json};

use crate::render::{HASH, template};

/// A key with this spec beside its Directory.
fn key(spec: Value) -> Value {
    let mut key = json!({ "keys": { "entra": { "spec": { "directoryRef": { "name": "staff" } } } } });
    let fields = key["keys"]["entra"]["spec"].as_object_mut().expect("a spec");
    fields.extend(spec.as_object().expect("fields").clone());
    key
}

#[rustfmt::skip]
fn mistakes() -> Vec<(Value, &'static str)> {
    let secret = "dk1_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc_mkFNnA";
    let hash_wanted = "at '/keys/entra/spec/sha256': value must be 'the SHA-256 that `rollcall key new` prints, 64 hexadecimal digits in \
                       lower case, and never the secret'";
    let elsewhere = json!({ "publicUrl": "https://scim.example.com", "ingress": { "enabled": true, "host": "other.example.com" } });
    let routed_elsewhere = json!({
        "publicUrl": "https://scim.example.com",
        "httpRoute": { "enabled": true, "hostname": "other.example.com", "parentRefs": [{ "name": "public" }] },
    });
    let two_hosts = json!({
        "ingress": { "enabled": true, "host": "scim.example.com" },
        "httpRoute": { "enabled": true, "hostname": "other.example.com", "parentRefs": [{ "name": "public" }] },
    });
    vec![
        // Misspelt keys, at every depth.
        (json!({ "replicas": 3 }), "at '': additional properties 'replicas' not allowed"),
        (json!({ "image": { "pullpolicy": "Always" } }), "at '/image': additional properties 'pullpolicy' not allowed"),
        (json!({ "crds": { "enabled": true } }), "at '/crds': additional properties 'enabled' not allowed"),
        (json!({ "ingress": { "hosts": ["scim.example.com"] } }), "at '/ingress': additional properties 'hosts' not allowed"),
        (json!({ "tls": { "secret": "rollcall-tls" } }), "at '/tls': additional properties 'secret' not allowed"),
        (json!({ "resources": { "request": {} } }), "at '/resources': additional properties 'request' not allowed"),
        (json!({ "securityContext": { "runAsRoot": true } }), "at '/securityContext': additional properties 'runAsRoot' not allowed"),
        (json!({ "tolerations": [{ "keys": "x" }] }), "at '/tolerations/0': additional properties 'keys' not allowed"),
        (json!({ "probes": { "startup": { "period": 1 } } }), "at '/probes/startup': additional properties 'period' not allowed"),
        (json!({ "directories": { "staff": { "specs": {} } } }), "at '/directories/staff': additional properties 'specs' not allowed"),
        (key(json!({ "sha256": HASH, "secret": secret })), "at '/keys/entra/spec': additional properties 'secret' not allowed"),
        // Values of the wrong type, form or range.
        (json!({ "replicaCount": 0 }), "at '/replicaCount': minimum: got 0, want 1"),
        (json!({ "replicaCount": "two" }), "at '/replicaCount': got string, want integer"),
        (json!({ "image": { "tag": "v 1" } }), "at '/image/tag': value must be 'a tag such as 0.1.0'"),
        (json!({ "image": { "digest": "sha256:abc" } }), "at '/image/digest': value must be 'a digest: sha256: and 64 hexadecimal digits"),
        (json!({ "image": { "pullPolicy": "Sometimes" } }), "value must be one of 'IfNotPresent', 'Always', 'Never'"),
        (json!({ "imagePullSecrets": ["registry"] }), "at '/imagePullSecrets/0': got string, want object"),
        (json!({ "publicUrl": "scim.example.com" }), "at '/publicUrl': value must be 'a URL such as https://scim.example.com"),
        (json!({ "publicUrl": "https://scim.example.com/?x" }), "at '/publicUrl': value must be 'a URL such as https://scim.example.com"),
        (json!({ "namespaces": "acme" }), "at '/namespaces': got string, want array"),
        (json!({ "namespaces": ["Acme"] }), "at '/namespaces/0': value must be 'a name of lower-case letters, digits and dashes'"),
        (json!({ "trustedProxies": ["ingress"] }), "at '/trustedProxies/0': value must be 'a network such as 10.0.0.0/8, or an address'"),
        (json!({ "log": { "format": "yaml" } }), "at '/log/format': value must be one of 'json', 'text'"),
        (json!({ "service": { "port": 70000 } }), "at '/service/port': maximum: got 70,000, want 65,535"),
        (json!({ "service": { "type": "ExternalName" } }), "value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"),
        (json!({ "ingress": { "host": "https://scim.example.com" } }), "value must be 'a host such as scim.example.com, without scheme, port and path'"),
        (json!({ "podDisruptionBudget": { "maxUnavailable": 0 } }), "at '/podDisruptionBudget/maxUnavailable': minimum: got 0, want 1"),
        (json!({ "terminationGracePeriodSeconds": 10 }), "at '/terminationGracePeriodSeconds': minimum: got 10, want 40"),
        (json!({ "tls": { "secretName": "Rollcall_TLS" } }), "at '/tls/secretName': value must be 'a name of lower-case letters"),
        (json!({ "hostUsers": "no" }), "at '/hostUsers': got string, want null or boolean"),
        (json!({ "extraEnv": [{ "value": "x" }] }), "at '/extraEnv/0': missing property 'name'"),
        (json!({ "commonLabels": { "team": 1 } }), "at '/commonLabels/team': got number, want string"),
        (json!({ "serviceMonitor": { "interval": "30" } }), "at '/serviceMonitor/interval': value must be 'a duration such as 30s or 1m'"),
        (json!({ "directories": { "Staff": {} } }), "at '/directories': additional properties 'Staff' not allowed"),
        (key(json!({ "sha256": secret })), hash_wanted),
        (key(json!({ "sha256": HASH.to_uppercase() })), hash_wanted),
        (key(json!({})), "at '/keys/entra/spec': missing property 'sha256'"),
        (key(json!({ "sha256": HASH, "expiresAt": "tomorrow" })), "value must be 'an RFC 3339 time such as 2027-01-31T00:00:00Z'"),
        // Values that do not go together.
        (elsewhere, "ingress.host is other.example.com and the host of the public URL https://scim.example.com is scim.example.com"),
        (routed_elsewhere, "httpRoute.hostname is other.example.com and the host of the public URL https://scim.example.com is"),
        (two_hosts, "httpRoute.hostname is other.example.com and the host of the public URL https://scim.example.com is"),
        (json!({ "ingress": { "enabled": true } }), "ingress.host: give the host by which Entra ID reaches the operator"),
        (json!({ "httpRoute": { "enabled": true } }), "httpRoute.hostname: give the host by which Entra ID reaches the operator"),
        (json!({ "httpRoute": { "enabled": true, "hostname": "a.example" } }), "httpRoute.parentRefs: name the Gateway that takes the route"),
        (json!({ "serviceAccount": { "create": false } }), "serviceAccount.name: name the account that the pods run under"),
        (json!({ "extraArgs": ["--public-url=https://a.example"] }), "extraArgs: the chart sets --public-url itself; use the value publicUrl"),
        (json!({ "namespaces": ["acme"], "directories": { "staff": { "namespace": "other" } } }), "directories.staff: the operator does not look after the namespace other"),
        (json!({ "directories": { "staff": { "spec": { "user": {} } } } }), "directories.staff.spec.user: there is no such field; there are deletionPolicy, groups"),
        (json!({ "directories": { "staff": { "spec": { "users": { "extensions": [{ "shema": "urn:x" }] } } } } }), "directories.staff.spec.users.extensions[0].shema: there is no such field"),
        (json!({ "applications": { "wiki": { "spec": { "directoryRef": { "name": "staff" }, "host": "wiki.contoso.example" } } } }), "applications.wiki.spec.host: there is no such field; there are acceptBearer, directoryRef"),
        (json!({ "applications": { "wiki.contoso": { "spec": { "directoryRef": { "name": "staff" } } } } }), "at '/applications': additional properties 'wiki.contoso' not allowed"),
        (json!({ "applications": { "wiki": {} } }), "at '/applications/wiki': missing property 'spec'"),
        (json!({ "applications": { "wiki": { "spec": {} } } }), "at '/applications/wiki/spec': missing property 'directoryRef'"),
        (json!({ "namespaces": ["acme"], "applications": { "wiki": { "namespace": "other", "spec": { "directoryRef": { "name": "staff" } } } } }), "applications.wiki: the operator does not look after the namespace other"),
        (json!({ "login": { "allowedAuthorityHosts": ["https://idp.example"] } }), "at '/login/allowedAuthorityHosts/0': value must be 'a host such as login.microsoftonline.com"),
        (json!({ "login": { "clientAssertion": { "expirationSeconds": 60 } } }), "at '/login/clientAssertion/expirationSeconds': minimum: got 60, want 600"),
        (json!({ "extraArgs": ["--private-authorities"] }), "extraArgs: the chart sets --private-authorities itself; use the value login.privateAuthorities"),
        (json!({ "webhook": { "url": "hooks.example.com" } }), "at '/webhook/url': value must be 'a URL such as https://hooks.example.com/rollcall'"),
        (json!({ "traces": { "endpoint": "collector:4317" } }), "at '/traces/endpoint': value must be 'the address of a collector such as http://collector.observability:4318'"),
        (json!({ "traces": { "ratio": 10 } }), "at '/traces/ratio': maximum: got 10, want 1"),
        (json!({ "extraArgs": ["--otlp-endpoint=http://x"] }), "extraArgs: the chart sets --otlp-endpoint itself; use the value traces.endpoint"),
        (json!({ "prometheusRule": { "disabled": ["RollcallSilent"] } }), "there is no alert RollcallSilent; there are RollcallProvisioningSilent"),
    ]
}

#[test]
fn a_mistake_in_the_values_is_named() {
    for version in [Helm::Four, Helm::Three] {
        for (values, sentence) in mistakes() {
            let complaint = template(version, &values, &[]).expect_err(&format!("{version:?} takes {values}"));
            assert!(complaint.contains(sentence), "{version:?}: {values}: {sentence:?} is not in\n{complaint}");
        }
    }
}

#[test]
fn a_secret_among_the_values_is_refused_without_being_shown() {
    let secret = "dk1_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc_mkFNnA";
    let complaint = template(Helm::Four, &key(json!({ "sha256": secret })), &[]).expect_err("a secret is no hash");
    assert!(!complaint.contains(secret), "{complaint}");
}
