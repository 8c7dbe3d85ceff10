//! What an answer that never came leads to: the outcome is the same as if it had come, or a 503 that a repetition heals.

use serde_json::{Value, json};

use crate::support::client::Answer;
use crate::support::proxy::{Fault, Proxy};
use crate::support::{Client, Directory, Operator, cluster, until};

/// An operator that speaks to the real API server through the proxy.
pub(crate) struct Faulty {
    pub(crate) proxy: Proxy,
    pub(crate) operator: Operator,
    _folder: tempfile::TempDir,
}

pub(crate) async fn start() -> Faulty {
    let kubeconfig = std::fs::read(&cluster::shared().await.operator_kubeconfig).expect("a kubeconfig");
    let kubeconfig: Value = serde_json::from_slice(&kubeconfig).expect("JSON");
    let proxy = Proxy::start(&kubeconfig).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, proxy.kubeconfig(&kubeconfig).to_string()).expect("a file");
    let mut operator = Operator::launch(&path, &[]).await;
    operator.ready().await;
    Faulty { proxy, operator, _folder: folder }
}

/// Every object has its claims and every claim its holder.
async fn settled(directory: &Directory, users: usize) {
    until("one claim for each living object", async || {
        let objects = directory.list("directoryusers").await;
        let living = objects.iter().filter(|object| object["spec"].get("deletedAt").is_none());
        let mut living: Vec<_> = living.map(|object| object["metadata"]["name"].clone().to_string()).collect();
        let claims = directory.list("directoryclaims").await;
        let mut holders: Vec<_> = claims.iter().map(|claim| claim["spec"]["holder"].clone().to_string()).collect();
        living.sort();
        holders.sort();
        (living.len() == users && living == holders).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answers_are_lost_is_carried_out_once() {
    let faulty = start().await;
    for fault in [Fault::LoseAnswer, Fault::TimeOut, Fault::Refuse] {
        let directory = Directory::new().await;
        let client = directory.client(&faulty.operator).await;
        for (number, kind) in ["directoryusers", "directoryclaims"].into_iter().enumerate() {
            faulty.proxy.inject("POST", kind, fault, 1);
            let body = json!({ "userName": format!("person-{number}") });
            client.post("/Users", &body).await.expect(201);
            assert_eq!(faulty.proxy.waiting(), 0, "{fault:?} met no call");
            client.post("/Users", &body).await.expect_error(409, Some("uniqueness"));
        }
        settled(&directory, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answers_are_lost_is_carried_out() {
    let faulty = start().await;
    for fault in [Fault::LoseAnswer, Fault::TimeOut, Fault::Refuse] {
        let directory = Directory::new().await;
        let client = directory.client(&faulty.operator).await;
        let id = client.create(&json!({ "userName": "alice" })).await;
        let path = format!("/Users/{id}");
        // A plain change has one write; a rename has an intent, a claim and a commit.
        check_change(&faulty.proxy, &client, &path, fault, "title", &["directoryusers"]).await;
        check_change(&faulty.proxy, &client, &path, fault, "userName", &["directoryusers", "directoryclaims"]).await;
        faulty.proxy.inject("PUT", "directoryusers", fault, 1);
        client.delete(&path).await.expect(204);
        assert_eq!(faulty.proxy.waiting(), 0);
        client.get(&path).await.expect_error(404, None);
        settled(&directory, 0).await;
    }
}

async fn check_change(
    proxy: &Proxy,
    client: &Client,
    path: &str,
    fault: Fault,
    attribute: &str,
    kinds: &[&'static str],
) {
    for (number, kind) in kinds.iter().enumerate() {
        let value = format!("{attribute}-{number}");
        proxy.inject(if *kind == "directoryclaims" { "POST" } else { "PUT" }, kind, fault, 1);
        let operations = json!([{ "op": "Replace", "path": attribute, "value": value }]);
        client.patch(path, operations).await.expect(200);
        assert_eq!(proxy.waiting(), 0, "{fault:?} met no call");
        assert_eq!(client.get(path).await.expect(200)[attribute], value, "{fault:?} on {kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_one_version_whose_answers_are_lost_is_carried_out() {
    let faulty = start().await;
    for fault in [Fault::LoseAnswer, Fault::TimeOut, Fault::Refuse] {
        let directory = Directory::new().await;
        let client = directory.client(&faulty.operator).await;
        let made = client.post("/Users", &json!({ "userName": "alice" })).await.expect(201);
        let path = format!("/Users/{}", made["id"].as_str().expect("an id"));
        // A rename is two writes of the object, and the claim between them.
        let calls = [
            ("title", 0, "PUT", "directoryusers"),
            ("userName", 0, "PUT", "directoryusers"),
            ("userName", 1, "PUT", "directoryusers"),
            ("userName", 0, "POST", "directoryclaims"),
        ];
        let mut etag = made["meta"]["version"].as_str().expect("a version").to_owned();
        for (number, (attribute, passing, method, kind)) in calls.into_iter().enumerate() {
            let case = format!("{fault:?} on {method} {passing} of {kind}");
            faulty.proxy.inject_after(passing, method, kind, fault);
            let value = format!("{attribute}-{number}");
            let changed = if_match("PATCH", &client, &path, &etag, &operations(attribute, &value)).await;
            assert_eq!(faulty.proxy.waiting(), 0, "{case} met no call");
            assert_eq!(changed.status, 200, "{case}: {}", changed.text);
            let changed = changed.json();
            assert_eq!(changed[attribute], value, "{case}");
            let stale = if_match("PATCH", &client, &path, &etag, &operations("title", "stale")).await;
            stale.expect_error(412, None);
            changed["meta"]["version"].as_str().expect("a version").clone_into(&mut etag);
            assert_eq!(client.get(&path).await.expect(200), changed, "{case}");
        }
        // The same with PUT, and the end with DELETE.
        faulty.proxy.inject("PUT", "directoryusers", fault, 1);
        let replaced = if_match("PUT", &client, &path, &etag, &json!({ "userName": "userName-3" })).await.expect(200);
        faulty.proxy.inject("PUT", "directoryusers", fault, 1);
        let etag = replaced["meta"]["version"].as_str().expect("a version");
        if_match("DELETE", &client, &path, etag, &Value::Null).await.expect(204);
        assert_eq!(faulty.proxy.waiting(), 0);
        settled(&directory, 0).await;
    }
}

async fn if_match(method: &str, client: &Client, path: &str, etag: &str, body: &Value) -> Answer {
    let body = (!body.is_null()).then(|| body.to_string());
    client.send(method, path, &[("if-match", etag)], body).await
}

fn operations(attribute: &str, value: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "Replace", "path": attribute, "value": value }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_refuses_is_503_and_nothing_is_half_done() {
    let faulty = start().await;
    let directory = Directory::new().await;
    let client = directory.client(&faulty.operator).await;
    for kind in ["directoryusers", "directoryclaims"] {
        faulty.proxy.inject("POST", kind, Fault::Refuse, 100);
        let answer = client.post("/Users", &json!({ "userName": "alice" })).await;
        assert!(!answer.header("retry-after").is_empty());
        let detail = answer.expect_error(503, None);
        assert!(!detail.contains("503"), "a 5xx does not explain itself: {detail}");
        faulty.proxy.clear();
    }
    // What was left behind may still be finished by its creator: nobody is told that there is no such person.
    let left = client.get("/Users?filter=userName+eq+%22alice%22").await;
    assert!(left.status == 503 || left.expect(200)["totalResults"] == 1);
    let _janitor = Operator::start(&[]).await;
    settled(&directory, 1).await;
    faulty.proxy.inject("GET", "directoryusers", Fault::Refuse, 100);
    client.get("/Users/nobody").await.expect_error(503, None);
    faulty.proxy.clear();
    client.get("/Users/nobody").await.expect_error(404, None);
}
