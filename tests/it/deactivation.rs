//! Nothing stands in the way of a deactivation: whatever else a request says, and however it is refused.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

const NUMBER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber";

async fn start() -> (Directory, Client) {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

/// The object, and what of it a deactivation may not touch.
async fn object(directory: &Directory, id: &str) -> (Value, Value) {
    let object = directory.get("directoryuser", id).await.expect("the object");
    let mut rest = object["spec"].clone();
    rest["scim"]["active"].take();
    rest["scim"]["meta"]["lastModified"].take();
    rest["sessionEpoch"].take();
    rest["lastDeactivation"].take();
    (object, rest)
}

fn off() -> Value {
    json!({ "op": "Replace", "path": "active", "value": "False" })
}

/// Makes a person, sends `body` and expects this refusal, an inactive person and nothing else changed.
async fn check(
    directory: &Directory,
    client: &Client,
    number: usize,
    method: &str,
    body: &Value,
    (status, scim_type): (u16, Option<&str>),
) {
    let name = format!("ada{number}@contoso.example");
    let id = client.create(&json!({ "userName": name, "displayName": "Ada", NUMBER: format!("n{number}") })).await;
    let path = format!("/Users/{id}");
    let (_, before) = object(directory, &id).await;
    let send = async || client.send(method, &path, &[], Some(body.to_string())).await;
    let detail = send().await.expect_error(status, scim_type);
    assert!(
        detail.ends_with("The person was deactivated all the same; nothing else of the request was stored."),
        "{detail}"
    );
    let (after, rest) = object(directory, &id).await;
    assert_eq!(
        (&after["spec"]["scim"]["active"], &after["spec"]["sessionEpoch"]),
        (&json!(false), &json!(1)),
        "{body}"
    );
    assert_eq!(rest, before, "{body}");
    assert_eq!(client.get(&path).await.expect(200)["active"], false, "{body}");
    let again = send().await.expect_error(status, scim_type);
    assert!(again.contains("The person is inactive already"), "{again}");
    let (untouched, _) = object(directory, &id).await;
    assert_eq!(untouched["spec"], after["spec"], "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_deactivates_all_the_same() {
    let (directory, client) = start().await;
    client.create(&json!({ "userName": "eve@contoso.example" })).await;
    let set = |path: &str, value: Value| json!({ "op": "replace", "path": path, "value": value });
    let invalid = (400, Some("invalidValue"));
    let patches = [
        (set("userName", json!("a\u{7}b")), invalid),
        (set("title", json!("x".repeat(1_025))), invalid),
        (set("name", json!(7)), invalid),
        (set("userName", json!("")), invalid),
        (set("userName", json!("EVE@contoso.example")), (409, Some("uniqueness"))),
        (json!({ "op": "move", "path": "title" }), (400, Some("invalidSyntax"))),
        (json!(7), (400, Some("invalidSyntax"))),
        (set("emails[type eq", json!("x")), (400, Some("invalidPath"))),
        (set("id", json!("x")), (400, Some("mutability"))),
    ];
    let mut number = 0;
    for (operation, refusal) in patches {
        for operations in [json!([off(), operation]), json!([operation, off()])] {
            number += 1;
            check(&directory, &client, number, "PATCH", &json!({ "Operations": operations }), refusal).await;
        }
    }
    for body in [
        json!({ "userName": "x", "title": "x".repeat(1_025), "active": "false" }),
        json!({ "active": false }),
        json!({ "userName": 7, "ACTIVE": false }),
    ] {
        number += 1;
        check(&directory, &client, number, "PUT", &body, invalid).await;
    }
    number += 1;
    let taken = json!({ "userName": "eve@contoso.example", "active": false });
    check(&directory, &client, number, "PUT", &taken, (409, Some("uniqueness"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_refuses_does_not_keep_anybody_in() {
    let directory = Directory::with_spec(json!({ "users": { "uniqueAttributes": [NUMBER] } })).await;
    let client = directory.client(Operator::shared().await).await;
    let in_force = json!({ "attribute": format!("User.{NUMBER}"), "state": "InForce" });
    until("the rule to be in force", async || {
        let status = directory.get("directory", &directory.name).await?["status"].take();
        status["uniqueAttributes"].as_array()?.contains(&in_force).then_some(())
    })
    .await;
    let long = json!({ "op": "replace", "path": NUMBER, "value": "\u{1d160}".repeat(1_024) });
    let probe = json!({ "userName": "probe", NUMBER: long["value"] });
    until("the operator to know the rule", async || (client.post("/Users", &probe).await.status == 400).then_some(()))
        .await;
    let body = json!({ "Operations": [off(), long] });
    check(&directory, &client, 1, "PATCH", &body, (400, Some("invalidValue"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_precondition_holds_for_a_deactivation_as_well() {
    let (directory, client) = start().await;
    client.create(&json!({ "userName": "eve" })).await;
    let id = client.create(&json!({ "userName": "ada" })).await;
    let path = format!("/Users/{id}");
    let tag = client.get(&path).await.header("etag").to_owned();
    let send = async |tag: &str, operation: Value| {
        let body = json!({ "Operations": [off(), operation] }).to_string();
        client.send("PATCH", &path, &[("if-match", tag)], Some(body)).await
    };
    let wrong = json!({ "op": "replace", "path": "title", "value": 7 });
    let taken = json!({ "op": "replace", "path": "userName", "value": "eve" });
    let detail = send("W/\"9.x\"", wrong.clone()).await.expect_error(400, Some("invalidValue"));
    assert!(!detail.contains("deactivated"), "{detail}");
    send("W/\"9.x\"", taken.clone()).await.expect_error(412, None);
    assert_eq!(client.get(&path).await.expect(200)["active"], true, "another version was meant");
    let detail = send(&tag, taken).await.expect_error(409, Some("uniqueness"));
    assert!(detail.contains("deactivated all the same"), "the version is the one that was read: {detail}");
    assert_eq!(object(&directory, &id).await.0["spec"]["scim"]["active"], false);

    let on = json!({ "op": "replace", "path": "active", "value": true });
    client.patch(&path, json!([on])).await.expect(200);
    for operations in [json!([off(), wrong, on]), json!([wrong])] {
        let detail = client.patch(&path, operations).await.expect_error(400, Some("invalidValue"));
        assert!(!detail.contains("deactivated"), "{detail}");
    }
    assert_eq!(client.get(&path).await.expect(200)["active"], true, "the last word counts");
    for query in ["attributes=id&excludedAttributes=title", "x=%ff"] {
        client.patch(&path, json!([on])).await.expect(200);
        let wrong = format!("{path}?{query}");
        let detail = client.patch(&wrong, json!([off()])).await.expect_error(400, Some("invalidValue"));
        assert!(detail.contains("deactivated all the same"), "a query that is wrong keeps nobody in: {detail}");
    }
    let nobody = client.patch("/Users/nobody", json!([off(), wrong])).await;
    assert!(!nobody.expect_error(400, Some("invalidValue")).contains("deactivated"));
}
