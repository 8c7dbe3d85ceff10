//! The audit stream of a running operator: what it tells, and what it never does.

use serde_json::{Value, json};

use crate::support::client::http;
use crate::support::{Client, Directory, Operator, until};

#[tokio::test(flavor = "multi_thread")]
async fn every_change_and_every_refusal_is_one_line_with_fixed_fields_and_no_value() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    let operator = Operator::start(&["--audit-file", &path.display().to_string(), "--log-level", "error"]).await;
    let directory =
        Directory::with_spec(json!({ "naming": "Opaque", "users": { "requiredAttributes": ["nickName"] } })).await;
    let scim = directory.client(&operator).await;
    let planted = "planted-secret-4711";
    let person =
        |name: &str| json!({ "userName": format!("{name}@{planted}.example"), "nickName": planted, "active": true });
    let ada = scim.create(&person("ada")).await;
    let path_of_ada = format!("/Users/{ada}");
    let operations = |operations: Value| json!([operations]);
    let title = operations(json!({ "op": "add", "path": "title", "value": planted }));
    assert_eq!(scim.patch(&path_of_ada, title.clone()).await.status, 200);
    assert_eq!(scim.patch(&path_of_ada, title).await.status, 200, "nothing changes");
    let without = json!({ "userName": format!("bob@{planted}.example"), "active": true });
    assert_eq!(scim.post("/Users", &without).await.status, 400);
    let inactive = operations(json!({ "op": "replace", "path": "active", "value": false }));
    assert_eq!(scim.patch(&path_of_ada, inactive).await.status, 200);
    assert_eq!(scim.delete(&path_of_ada).await.status, 204);
    let stranger = Client::new(scim.base.clone(), planted);
    assert_eq!(stranger.get("/Users").await.status, 401);

    let text = std::fs::read_to_string(&path).expect("the file");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of_test: Vec<_> = lines.iter().filter(|line| line["namespace"] == directory.namespace.as_str()).collect();
    let told: Vec<_> = of_test
        .iter()
        .filter(|line| line["action"] != "authenticate" || line["reason"] == "unknown_key")
        .map(|line| ["message", "action", "outcome", "reason"].map(|field| line[field].as_str().unwrap_or("-")))
        .collect();
    assert!(told.ends_with(&[["not authenticated", "authenticate", "denied", "unknown_key"]]), "{told:?}");
    let changes: Vec<_> = told.into_iter().filter(|line| line[1] != "authenticate").collect();
    assert_eq!(
        changes,
        [
            ["created", "create", "done", "-"],
            ["updated", "update", "done", "-"],
            ["refused", "create", "denied", "invalidValue"],
            ["deactivated", "deactivate", "done", "-"],
            ["deleted", "delete", "done", "-"],
        ],
        "{text}"
    );
    let updated = of_test.iter().find(|line| line["message"] == "updated").expect("the change");
    assert_eq!((&updated["key"], &updated["object"], &updated["after"]), (&json!("key"), &json!(ada), &json!("title")));
    assert_eq!((&updated["door"], &updated["format"], &updated["before"]), (&json!("scim"), &json!(1), &Value::Null));
    assert!(updated["span"]["request_id"].is_string() && updated["span"]["client"].is_string(), "{updated}");
    assert!(!text.contains(planted) && !text.contains(&directory.secret), "a value stands in the audit stream: {text}");
    assert!(!operator.log().contains("\"audit\""), "the log level leaves it out of the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_is_changed_while_the_operator_runs() {
    let operator = Operator::start(&["--log-level", "error"]).await;
    let url = format!("{}/log-level", operator.admin_url);
    let directory = Directory::new().await;
    let scim = directory.client(&operator).await;
    let has_requests = || operator.log().contains("\"message\":\"request\"");
    assert!(!has_requests(), "{}", operator.log());
    let loud = http().put(&url).body("loud").send().await.expect("an answer");
    assert_eq!(loud.status(), 400);
    let long = http().put(&url).body("x".repeat(2_000)).send().await.expect("an answer");
    assert_eq!(long.status(), 413);
    let changed = http().put(&url).body("info").send().await.expect("an answer");
    assert_eq!(changed.status(), 200);
    scim.get("/Users").await;
    until("requests are logged", async || has_requests().then_some(())).await;
    let reset = http().delete(&url).send().await.expect("an answer");
    assert!(reset.text().await.expect("a text").contains("error"), "what the flags said");
}
