//! The real API server takes every variant, word by word, in namespaces of the Pod Security level `restricted`.

use std::path::Path;

use control_plane::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::render::{NAMESPACE, chart_file, documents, go_module, of_kind, render};
use crate::support::cluster::{kubectl_on, shared};
use crate::support::until;
use crate::variants::variants;

/// Third-party kinds: the Go module, and the files in it.
const THIRD_PARTIES: [(&str, &str, &[&str]); 2] = [
    (
        "sigs.k8s.io/gateway-api@v1.6.0",
        "config/crd/standard",
        &["gateway.networking.k8s.io_gateways.yaml", "gateway.networking.k8s.io_httproutes.yaml"],
    ),
    (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd",
        &["monitoring.coreos.com_servicemonitors.yaml", "monitoring.coreos.com_prometheusrules.yaml"],
    ),
];

/// Applies objects strictly; `arguments` come beside.
async fn apply(plane: &ControlPlane, objects: &[Value], arguments: &[&str]) -> Result<String, String> {
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
    let strictly = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-"];
    kubectl_on(plane, &[&strictly[..], arguments].concat(), Some(&list)).await
}

/// What the variants need beside the chart.
async fn prepare(plane: &ControlPlane) {
    let namespace = |name: &str| {
        let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
    };
    apply(plane, &[NAMESPACE, "acme", "globex"].map(namespace), &[]).await.expect("namespaces");
    for (module, folder, files) in THIRD_PARTIES {
        for file in files {
            let path = go_module(module, folder).join(file).display().to_string();
            kubectl_on(plane, &["apply", "--server-side", "-f", &path], None).await.expect("a third-party kind");
            kubectl_on(plane, &["wait", "--for=condition=Established", "--timeout=30s", "-f", &path], None)
                .await
                .expect("a kind");
        }
    }
    until("the third-party kinds to be announced", async || {
        kubectl_on(plane, &["get", "httproutes,servicemonitors,prometheusrules", "-A"], None).await.ok()
    })
    .await;
}

/// The pod that a Deployment would make.
fn pod_of(deployment: &Value) -> Value {
    let template = &deployment["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!("one-of-the-deployment");
    metadata["namespace"] = deployment["metadata"]["namespace"].clone();
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_every_variant_under_strict_validation() {
    // One of its own: the guards of a release with another account keep the operator of other tests from writing.
    let plane = &ControlPlane::start(Options::default()).await.expect("a control plane");
    prepare(plane).await;
    for (name, values) in variants() {
        let objects = render(&values);
        // A pod is admitted only where its account is there.
        let (pods, others): (Vec<_>, Vec<_>) = objects.iter().cloned().partition(|object| object["kind"] == "Pod");
        for (objects, arguments) in [(&others, &["--dry-run=server"][..]), (&others, &[]), (&pods, &[])] {
            if !objects.is_empty() {
                apply(plane, objects, arguments).await.unwrap_or_else(|error| panic!("{name} {arguments:?}: {error}"));
            }
        }
        until("the kinds to be announced", async || {
            kubectl_on(plane, &["get", "directories,directorykeys", "-A"], None).await.ok()
        })
        .await;
        let pod = pod_of(of_kind(&objects, "Deployment").remove(0));
        let admitted =
            kubectl_on(plane, &["create", "--dry-run=server", "--validate=strict", "-f", "-"], Some(&pod.to_string()))
                .await;
        admitted.unwrap_or_else(|error| panic!("{name}: {error}"));
        // The pod of `helm test` has a fixed name, and a pod cannot be changed into another.
        for pod in pods {
            let pod = pod["metadata"]["name"].as_str().expect("a name");
            kubectl_on(plane, &["-n", NAMESPACE, "delete", "pod", pod, "--force"], None).await.expect("the pod goes");
        }
    }
    // That the checks are on is seen by what they refuse.
    let mut deployment = of_kind(&render(&json!({})), "Deployment").remove(0).clone();
    deployment["spec"]["template"]["spec"]["hostUser"] = json!(false);
    let refused = apply(plane, &[deployment.clone()], &["--dry-run=server"]).await.expect_err("a misspelt field");
    assert!(refused.contains("hostUser"), "{refused}");
    let mut pod = pod_of(of_kind(&render(&json!({})), "Deployment").remove(0));
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let refused = kubectl_on(plane, &["create", "--dry-run=server", "-f", "-"], Some(&pod.to_string())).await;
    let refused = refused.expect_err("a pod that may become root");
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_takes_the_examples_of_artifact_hub() {
    let plane = shared().await.plane;
    let about = &documents(&chart_file("Chart.yaml"))[0];
    let examples = about["annotations"]["artifacthub.io/crdsExamples"].as_str().expect("an annotation");
    let examples = documents(examples).remove(0).as_array().expect("a list").clone();
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "artifact-hub" } });
    apply(plane, &[namespace], &[]).await.expect("a namespace");
    apply(plane, &examples, &["-n", "artifact-hub"]).await.expect("the examples");
}
