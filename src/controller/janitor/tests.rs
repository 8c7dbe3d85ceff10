use serde_json::{Value, json};

use super::*;
use crate::rules::naming::{USER_NAME, claim_name};
use crate::store::kind::Kind;
use crate::store::memory::Memory;

/// Looks at everything that is dirty now.
async fn work_off(memory: &Memory, names: &mut DirtyNames, (store, metrics): (&Store, &Metrics), now: Instant) {
    while let Some(taken) = names.take(now) {
        // Nothing watches this API server, so what was written is told here.
        memory.fill(store);
        if let Some(wait) = heal(store, metrics, &taken.name, Timestamp::now()).await {
            names.look_at(taken.name, now + wait);
        }
    }
}

fn user(name: &str, user_name: &str, labels: &Value) -> Value {
    json!({
        "kind": "DirectoryUser",
        "metadata": { "name": name, "namespace": "people", "labels": labels },
        "spec": { "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": user_name } },
    })
}

fn claim(value: &str, holder: &str) -> Value {
    json!({
        "metadata": { "name": claim_name("staff", USER_NAME, value), "namespace": "people" },
        "spec": { "directoryRef": { "name": "staff" }, "attribute": USER_NAME, "value": value, "holder": holder },
    })
}

fn counted(metrics: &Metrics) -> Vec<String> {
    let text = metrics.text();
    let lines = text.lines().filter(|line| line.starts_with("rollcall_janitor_actions_total"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_cannot_be_changed_is_looked_at_in_every_review_and_never_counted() {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    let metrics = Metrics::default();
    let label = json!({ "rollcall.dev/directory": "staff" });
    for name in ["first-1", "second-1"] {
        memory.put(Kind::USER, &user(name, "ada", &label));
    }
    for value in ["ada", "nobody"] {
        memory.put(Kind::CLAIM, &claim(value, "first-1"));
    }
    memory.fill(&store);
    for number in 0..3 {
        let mut names = DirtyNames::new(store.clone(), Metrics::default(), "janitor", observe::interest);
        work_off(&memory, &mut names, (&store, &metrics), Instant::now()).await;
        let asked = memory.asked();
        assert!(asked.contains(&"POST directoryclaims".to_owned()), "the conflict is looked at in review {number}");
        assert!(asked.contains(&"GET directoryclaims".to_owned()), "the claim is looked at in review {number}");
        work_off(&memory, &mut names, (&store, &metrics), Instant::now() + Duration::from_secs(60)).await;
        assert_eq!(memory.asked(), Vec::<String>::new(), "nothing is looked at again while nothing changes");
    }
    assert_eq!(counted(&metrics), [r#"rollcall_janitor_actions_total{action="released"} 1"#]);
}

#[tokio::test]
async fn an_object_that_lacks_the_label_of_its_directory_gets_it_once() {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    let metrics = Metrics::default();
    let cases = [("bare-1", json!({ "team": "x" })), ("other-1", json!({ "rollcall.dev/directory": "guests" }))];
    for (name, labels) in &cases {
        memory.put(Kind::USER, &user(name, name, labels));
        memory.put(Kind::CLAIM, &claim(name, name));
    }
    memory.fill(&store);
    let mut names = DirtyNames::new(store.clone(), Metrics::default(), "janitor", observe::interest);
    let soon = Instant::now() + Duration::from_secs(1);
    work_off(&memory, &mut names, (&store, &metrics), soon).await;
    assert_eq!(memory.asked().iter().filter(|asked| asked.starts_with("PUT")).count(), cases.len());
    for (object, (name, mut labels)) in memory.all(Kind::USER).iter().zip(cases) {
        labels["rollcall.dev/directory"] = "staff".into();
        assert_eq!(object["metadata"]["labels"], labels, "{name}");
        assert_eq!(object["spec"], user(name, name, &labels)["spec"], "{name}");
    }
    work_off(&memory, &mut names, (&store, &metrics), soon + Duration::from_secs(900)).await;
    assert_eq!(memory.asked(), Vec::<String>::new());
    assert_eq!(counted(&metrics), [r#"rollcall_janitor_actions_total{action="labelled"} 2"#]);
}

#[tokio::test]
async fn the_loser_of_a_value_is_looked_at_when_its_rival_lets_go() {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    let metrics = Metrics::default();
    let label = json!({ "rollcall.dev/directory": "staff" });
    for name in ["first-1", "second-1"] {
        memory.put(Kind::USER, &user(name, "ada", &label));
    }
    memory.put(Kind::CLAIM, &claim("ada", "first-1"));
    memory.fill(&store);
    let mut names = DirtyNames::new(store.clone(), Metrics::default(), "janitor", observe::interest);
    let soon = Instant::now() + Duration::from_secs(1);
    work_off(&memory, &mut names, (&store, &metrics), soon).await;
    memory.put(Kind::USER, &user("first-1", "eve", &label));
    memory.put(Kind::CLAIM, &claim("eve", "first-1"));
    memory.fill(&store);
    work_off(&memory, &mut names, (&store, &metrics), soon).await;
    let claims = memory.all(Kind::CLAIM);
    let holder = claims.iter().find(|claim| claim["spec"]["value"] == "ada").map(|claim| &claim["spec"]["holder"]);
    assert_eq!(holder, Some(&json!("second-1")));
}
