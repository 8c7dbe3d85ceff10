//! What an administrator sees when something that the pods need is wrong: pods of the chart's own template, each with one mistake.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client;
use crate::cluster::{Cluster, NAMESPACE, RELEASE};
use crate::wait::within;

const DEADLINE: Duration = Duration::from_secs(90);

/// A pod as the Deployment makes it, with another name and outside its Service.
pub(crate) async fn pod(cluster: &Cluster<'_>, name: &str) -> Value {
    let mut template = cluster.get(NAMESPACE, &["deployment", RELEASE]).await["spec"]["template"].take();
    template["apiVersion"] = "v1".into();
    template["kind"] = "Pod".into();
    template["metadata"] = json!({ "name": name, "namespace": NAMESPACE, "labels": { "mistake": name } });
    template
}

/// Adds to a list that may not be there.
pub(crate) fn push(list: &mut Value, items: impl IntoIterator<Item = Value>) {
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().expect("a list").extend(items);
}

/// Mounts a Secret of TLS and tells the operator of its files.
fn with_tls(mut pod: Value, secret: &str) -> Value {
    push(&mut pod["spec"]["volumes"], [json!({ "name": "wrong-tls", "secret": { "secretName": secret } })]);
    let container = &mut pod["spec"]["containers"][0];
    push(&mut container["volumeMounts"], [json!({ "name": "wrong-tls", "mountPath": "/wrong-tls", "readOnly": true })]);
    push(&mut container["args"], ["--tls-cert=/wrong-tls/tls.crt".into(), "--tls-key=/wrong-tls/tls.key".into()]);
    pod
}

/// Runs all of them.
pub(crate) async fn run(cluster: &Cluster<'_>) {
    a_key_that_does_not_fit_ends_the_pod_with_a_sentence(cluster).await;
    a_secret_that_is_not_there_is_named_by_an_event(cluster).await;
    a_right_that_is_missing_is_named_by_readiness(cluster).await;
}

async fn a_key_that_does_not_fit_ends_the_pod_with_a_sentence(cluster: &Cluster<'_>) {
    let made = || rcgen::generate_simple_self_signed(vec!["scim.contoso.example".to_owned()]).expect("a certificate");
    let (certificate, other) = (made(), made());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": { "name": "wrong-pair", "namespace": NAMESPACE },
        "stringData": { "tls.crt": certificate.cert.pem(), "tls.key": other.signing_key.serialize_pem() },
    });
    cluster.apply(&secret).await;
    cluster.apply(&with_tls(pod(cluster, "wrong-pair").await, "wrong-pair")).await;
    let message = within(DEADLINE, async || {
        let pod = cluster.get(NAMESPACE, &["pod", "wrong-pair"]).await;
        let status = &pod["status"]["containerStatuses"][0];
        let ended = [&status["state"]["terminated"], &status["lastState"]["terminated"]];
        ended.into_iter().find_map(|ended| Some((ended["exitCode"].as_i64()?, ended["message"].as_str()?.to_owned())))
    })
    .await;
    let (code, message) = message.expect("the pod ends and says why");
    println!("   wrong key: exit code {code}, termination message: {message}");
    assert!(code != 0 && ["certificate", "key"].iter().all(|word| message.contains(word)), "{message}");
    delete(cluster, "wrong-pair").await;
}

async fn a_secret_that_is_not_there_is_named_by_an_event(cluster: &Cluster<'_>) {
    cluster.apply(&with_tls(pod(cluster, "no-secret").await, "not-there")).await;
    let event = event(cluster, "no-secret", "FailedMount").await;
    println!("   no Secret: {event}");
    assert!(event.contains("not-there") && event.contains("not found"), "{event}");
    delete(cluster, "no-secret").await;
}

async fn a_right_that_is_missing_is_named_by_readiness(cluster: &Cluster<'_>) {
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "without-rights", "namespace": NAMESPACE },
    });
    cluster.apply(&account).await;
    let mut pod = pod(cluster, "no-rights").await;
    pod["spec"]["serviceAccountName"] = "without-rights".into();
    cluster.apply(&pod).await;
    let http = client::http();
    let said = within(DEADLINE, async || {
        let pod = cluster.get(NAMESPACE, &["pod", "no-rights"]).await;
        let answer = http.get(format!("http://{}:9090/readyz", pod["status"]["podIP"].as_str()?)).send().await.ok()?;
        let (status, readiness) = (answer.status().as_u16(), answer.text().await.ok()?);
        let log = cluster.kubectl(&["-n", NAMESPACE, "logs", "no-rights"]).await;
        let names_right =
            |line: &&str| line.contains("directoryusers") && ["list", "watch"].iter().any(|verb| line.contains(verb));
        let named = readiness.lines().chain(log.lines()).find(names_right)?.to_owned();
        (status == 503).then_some((readiness, named))
    })
    .await;
    let (readiness, named) = said.expect("neither readiness nor the log names the missing right");
    println!("   no rights: /readyz: {}\n   and: {named}", readiness.trim());
    println!("   {}", event(cluster, "no-rights", "Unhealthy").await);
    delete(cluster, "no-rights").await;
}

/// The message of an event of this reason about a pod, as `kubectl describe pod` shows it.
async fn event(cluster: &Cluster<'_>, pod: &str, reason: &str) -> String {
    let selector = format!("involvedObject.name={pod},reason={reason}");
    let found = within(DEADLINE, async || {
        let events = cluster.list(NAMESPACE, &["events", "--field-selector", &selector]).await;
        Some(events.first()?["message"].as_str()?.to_owned())
    })
    .await;
    match found {
        Some(message) => message,
        None => panic!("no event {reason} about {pod}:\n{}", cluster.pods_described().await),
    }
}

/// Deletes a pod and does not wait.
pub(crate) async fn delete(cluster: &Cluster<'_>, pod: &str) {
    cluster.kubectl(&["-n", NAMESPACE, "delete", "pod", pod, "--grace-period=1", "--wait=false"]).await;
}
