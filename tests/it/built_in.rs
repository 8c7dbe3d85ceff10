//! Accounts that people wrote: hidden from SCIM or listed, and adopted by the first write.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

/// A Directory with an account that people wrote, once that owns its name.
async fn start(built_in_users: &str) -> (Directory, Client) {
    let spec = json!({ "provisioning": { "builtInUsers": built_in_users } });
    let directory = Directory::with_spec(spec).await;
    let client = directory.client(Operator::shared().await).await;
    let account = directory.object(
        "DirectoryUser",
        "break-glass",
        json!({
            "directoryRef": { "name": directory.name }, "managedBy": "People",
            "scim": { "userName": "Glass", "active": true, "displayName": "Break Glass" },
        }),
    );
    directory.kubectl_with(&["create", "-f", "-"], &account.to_string()).await.expect("an account");
    // The pass at a replica's start claims the name.
    let _replica = Operator::start(&[]).await;
    until("the account owns its name", || async {
        let claims = directory.list("directoryclaim").await;
        claims.iter().any(|claim| claim["spec"]["holder"] == "break-glass").then_some(())
    })
    .await;
    (directory, client)
}

async fn found(client: &Client, path: &str) -> Value {
    client.get(path).await.expect(200)["totalResults"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_account_is_absent_and_its_name_is_taken() {
    let (directory, client) = start("Hidden").await;
    let filters = ["/Users", "/Users?filter=userName+eq+%22glass%22", "/Users?filter=displayName+eq+%22Break+Glass%22"];
    for path in filters {
        assert_eq!(found(&client, path).await, 0, "{path}");
    }
    let path = "/Users/break-glass";
    client.get(path).await.expect_error(404, None);
    client.put(path, &json!({ "userName": "x" })).await.expect_error(404, None);
    client.patch(path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect_error(404, None);
    client.delete(path).await.expect_error(404, None);
    let detail = client.post("/Users", &json!({ "userName": "GLASS" })).await.expect_error(409, Some("uniqueness"));
    assert_eq!(
        detail, "userName is taken by an account of the directory's own; give one of the two another value",
        "of an account that is hidden nothing else is told"
    );
    let spec = directory.get("directoryuser", "break-glass").await.expect("the object")["spec"].clone();
    assert_eq!((&spec["managedBy"], &spec["scim"]["active"]), (&json!("People"), &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_account_is_there_and_the_first_write_adopts_it() {
    let (directory, client) = start("Listed").await;
    let path = "/Users/break-glass";
    let read = client.get(path).await.expect(200);
    assert_eq!((&read["userName"], &read["id"]), (&json!("Glass"), &json!("break-glass")));
    for path in ["/Users", "/Users?filter=userName+eq+%22glass%22", "/Users?filter=displayName+eq+%22Break+Glass%22"] {
        until("the index lists the account", || async { (found(&client, path).await == 1).then_some(()) }).await;
    }
    let detail = client.delete(path).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("written by people"), "{detail}");
    let managed_by = || async {
        directory.get("directoryuser", "break-glass").await.expect("the object")["spec"]["managedBy"].clone()
    };
    assert_eq!(managed_by().await, "People", "reading adopts nobody, and neither does what is refused");

    let title = json!([{ "op": "Add", "path": "title", "value": "T" }]);
    assert_eq!(client.patch(path, title.clone()).await.expect(200)["title"], "T");
    assert_eq!(managed_by().await, "Provisioning");
    let before = client.get(path).await.expect(200);
    client.patch(path, title).await.expect(200);
    assert_eq!(client.get(path).await.expect(200)["meta"], before["meta"], "once");
    client.delete(path).await.expect(204);
    client.get(path).await.expect_error(404, None);
}
