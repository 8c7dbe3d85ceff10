//! What the log of the background work leaves out: the words of a policy of the cluster, which may quote a person.

use serde_json::json;

use crate::leader::{allow_lease, leads, replica};
use crate::support::cluster::{apply, kubectl};
use crate::support::{Directory, until};

/// A policy that takes no status of a group in this namespace, and quotes the group's name when it says so.
async fn deny_statuses(namespace: &str, reason: &str) {
    let api_version = "admissionregistration.k8s.io/v1";
    let rule = json!({ "apiGroups": ["rollcall.dev"], "apiVersions": ["*"], "operations": ["UPDATE"],
        "resources": ["directorygroups/status"] });
    apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": api_version, "kind": "ValidatingAdmissionPolicy", "metadata": { "name": namespace },
            "spec": {
                "matchConstraints": {
                    "resourceRules": [rule],
                    "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } },
                },
                "validations": [{
                    "expression": "false", "reason": reason,
                    "messageExpression": "'there is no status of ' + object.spec.scim.displayName",
                }],
            },
        },
        {
            "apiVersion": api_version, "kind": "ValidatingAdmissionPolicyBinding", "metadata": { "name": namespace },
            "spec": { "policyName": namespace, "validationActions": ["Deny"] },
        },
    ] }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_says_of_somebody_is_not_repeated() {
    for reason in ["Invalid", "Forbidden"] {
        let directory = Directory::with_spec(json!({ "naming": "Opaque" })).await;
        let namespace = &directory.namespace;
        deny_statuses(namespace, reason).await;
        allow_lease(namespace).await;
        let operator = replica(namespace, "only").await;
        until("it to lead", async || leads(&operator).await.then_some(())).await;
        let client = directory.client(&operator).await;
        let line = format!("ValidatingAdmissionPolicy '{namespace}' with binding '{namespace}' denied request: …");
        let mut number = 0;
        // A policy is in force a moment after it was applied, and a status is written once.
        until("the log to name the policy", async || {
            number += 1;
            let body = json!({ "displayName": format!("Friends of ada@contoso.example {number}") });
            client.post("/Groups", &body).await.expect(201);
            operator.log().contains(&line).then_some(())
        })
        .await;
        assert!(!operator.log().contains("contoso.example"), "{reason}: {}", operator.log());
        let policy = ["delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", namespace];
        kubectl(&policy, None).await.expect("they are deleted");
    }
}
