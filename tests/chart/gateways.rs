//! The real API server takes the examples for gateways, by the kinds of the Gateway API and of Envoy Gateway.
//!
//! No gateway runs here. What Envoy does with such a policy is shown by `tests/doors`.

use std::path::Path;

use control_plane::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::render::{documents, go_module};
use crate::support::cluster::kubectl_on;
use crate::support::until;

/// The kinds: the Go module, the folder, and the files in it. ExternalAuth is in the experimental channel.
const KINDS: [(&str, &str, &[&str]); 2] = [
    (
        "sigs.k8s.io/gateway-api@v1.6.0",
        "config/crd/experimental",
        &["gateway.networking.k8s.io_httproutes.yaml", "gateway.networking.k8s.io_referencegrants.yaml"],
    ),
    (
        "github.com/envoyproxy/gateway@v1.9.1",
        "charts/gateway-helm/charts/crds/crds/generated",
        &["gateway.envoyproxy.io_securitypolicies.yaml", "gateway.envoyproxy.io_clienttrafficpolicies.yaml"],
    ),
];

async fn apply(plane: &ControlPlane, objects: &[Value]) -> Result<String, String> {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    kubectl_on(plane, &["apply", "--server-side", "--validate=strict", "-f", "-"], Some(&list)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_the_examples_for_gateways_under_strict_validation() {
    // One of its own: other tests have the standard channel's HTTPRoute.
    let plane = &ControlPlane::start(Options::default()).await.expect("a control plane");
    let namespaces = ["acme", "gateways", "rollcall-system"]
        .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
    apply(plane, &namespaces).await.expect("namespaces");
    for (module, folder, files) in KINDS {
        for file in files {
            let path = go_module(module, folder).join(file).display().to_string();
            kubectl_on(plane, &["apply", "--server-side", "-f", &path], None).await.expect("a kind");
        }
    }
    until("the kinds to be announced", async || {
        let kinds = "httproutes,referencegrants,securitypolicies,clienttrafficpolicies";
        kubectl_on(plane, &["get", kinds, "-A"], None).await.ok()
    })
    .await;
    for example in ["gateway-api/wiki.yaml", "envoy-gateway/wiki.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/proxies").join(example);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{example}: {error}"));
        let mut objects = documents(&text);
        assert!(objects.len() >= 2, "{example}: {} objects", objects.len());
        apply(plane, &objects).await.unwrap_or_else(|error| panic!("{example}: {error}"));
        // That the check is on is seen by what it refuses.
        objects[0]["spec"]["hostname"] = json!("misspelt");
        let refused = apply(plane, &objects).await.expect_err("a misspelt field");
        assert!(refused.contains("hostname"), "{example}: {refused}");
    }
}
