use serde_json::json;

use super::*;
use crate::rules::naming::{USER_NAME, claim_name};
use crate::store::kind::Kind;
use crate::store::memory::Memory;

#[tokio::test]
async fn what_cannot_be_changed_is_looked_at_in_every_pass_and_never_counted() {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    let metrics = Metrics::default();
    for name in ["first-1", "second-1"] {
        memory.put(Kind::USER, &json!({
            "metadata": { "name": name, "namespace": "people" },
            "spec": { "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": "ada" } },
        }));
    }
    for value in ["ada", "nobody"] {
        memory.put(
            Kind::CLAIM,
            &json!({
                "metadata": { "name": claim_name("staff", USER_NAME, value), "namespace": "people" },
                "spec": {
                    "directoryRef": { "name": "staff" }, "attribute": USER_NAME, "value": value, "holder": "first-1",
                },
            }),
        );
    }
    memory.fill(&store);
    for number in 0..3 {
        pass(&store, &metrics).await;
        let asked = memory.asked();
        assert!(asked.contains(&"POST directoryclaims".to_owned()), "the conflict is looked at in pass {number}");
        assert!(asked.contains(&"GET directoryclaims".to_owned()), "the claim is looked at in pass {number}");
    }
    let text = metrics.text();
    let counted: Vec<_> = text.lines().filter(|line| line.starts_with("rollcall_janitor_actions_total")).collect();
    assert_eq!(counted, [r#"rollcall_janitor_actions_total{action="released"} 1"#]);
}
