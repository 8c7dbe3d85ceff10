//! Quotas over the wire, on one replica and on two.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

async fn start(users: Value) -> (Directory, Client) {
    let directory = Directory::with_spec(json!({ "users": users })).await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

fn set_active(active: bool) -> Value {
    json!([{ "op": "Replace", "path": "active", "value": active }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_refuses_one_more_and_nothing_else() {
    let (_directory, client) = start(json!({ "quota": { "activeUsers": 2 } })).await;
    let first = client.create(&json!({ "userName": "a" })).await;
    client.create(&json!({ "userName": "b" })).await;
    let detail = client.post("/Users", &json!({ "userName": "c" })).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("2 of 2 active users") && detail.contains("spec.users.quota.activeUsers"), "{detail}");
    let idle = client.create(&json!({ "userName": "c", "active": false })).await;
    let (first, idle) = (format!("/Users/{first}"), format!("/Users/{idle}"));
    client.patch(&idle, set_active(true)).await.expect_error(400, Some("invalidValue"));
    client.put(&idle, &json!({ "userName": "c", "active": true })).await.expect_error(400, Some("invalidValue"));
    client.patch(&first, json!([{ "op": "add", "path": "title", "value": "T" }])).await.expect(200);
    client.patch(&first, set_active(false)).await.expect(200);
    client.patch(&idle, set_active(true)).await.expect(200);
    client.patch(&first, set_active(true)).await.expect_error(400, Some("invalidValue"));
    client.delete(&idle).await.expect(204);
    client.patch(&first, set_active(true)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_a_user_type_counts_what_a_user_counts_as() {
    let (_directory, client) = start(json!({
        "userTypes": { "allowed": ["Premium", "Standard"], "default": "Standard", "onInvalid": "UseDefault" },
        "quota": { "byUserType": { "Premium": 1, "Standard": 2 } },
    }))
    .await;
    let of_type = |name: &str, user_type: Value| json!({ "userName": name, "userType": user_type });
    client.create(&of_type("a", json!("Premium"))).await;
    let absent = client.create(&of_type("b", json!(null))).await;
    client.create(&of_type("c", json!("premium"))).await;
    for (name, user_type) in [("d", json!("Premium")), ("e", json!(null)), ("f", json!("Standard")), ("g", json!("x"))]
    {
        let refused = client.post("/Users", &of_type(name, user_type)).await.expect_error(400, Some("invalidValue"));
        assert!(refused.contains("spec.users.quota.byUserType"), "{name}: {refused}");
    }
    let path = format!("/Users/{absent}");
    let change = |user_type: &str| json!([{ "op": "Replace", "path": "userType", "value": user_type }]);
    let refused = client.patch(&path, change("Premium")).await.expect_error(400, Some("invalidValue"));
    assert!(refused.contains("1 of 1 active users of userType \"Premium\""), "{refused}");
    let same = client.patch(&path, change("Standard")).await.expect(200);
    assert_eq!(same["userType"], "Standard", "it counted as that before");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_pass_a_quota_by_what_is_in_flight_and_no_more() {
    const QUOTA: usize = 3;
    const AT_ONCE: usize = 8;
    let (directory, one) = start(json!({ "quota": { "activeUsers": QUOTA } })).await;
    let other = directory.client(Operator::second().await).await;
    let create = |number: usize| {
        let client = if number.is_multiple_of(2) { one.clone() } else { other.clone() };
        async move { client.post("/Users", &json!({ "userName": format!("u{number}") })).await.status }
    };
    let answers = futures::future::join_all((0..AT_ONCE).map(create)).await;
    assert!(answers.iter().all(|status| [201, 400].contains(status)), "{answers:?}");
    let created = answers.iter().filter(|status| **status == 201).count();
    assert!(created >= QUOTA, "{answers:?}");
    for client in [&one, &other] {
        until("the replica knows everybody", || async {
            (client.get("/Users").await.expect(200)["totalResults"] == created).then_some(())
        })
        .await;
        let refused =
            client.post("/Users", &json!({ "userName": "late" })).await.expect_error(400, Some("invalidValue"));
        assert!(refused.contains(&format!("{created} of {QUOTA} active users")), "{refused}");
    }
}
