//! What one Directory lets its client learn or change about another.

use serde_json::json;

use crate::support::{Directory, Operator};

#[tokio::test(flavor = "multi_thread")]
async fn threat_7_an_id_of_another_directory_is_nobodys_here() {
    let operator = Operator::shared().await;
    let (own, other) = (Directory::new().await, Directory::new().await);
    let (client, stranger) = (own.client(operator).await, other.client(operator).await);
    let id = stranger.create(&json!({ "userName": "ada@contoso.example", "active": true })).await;
    let path = format!("/Users/{id}");
    let inactive = json!([{ "op": "replace", "path": "active", "value": false }]);
    let nobody = client.get("/Users/nobody-at-all").await.expect_error(404, None);
    for (what, answer) in [
        ("GET", client.get(&path).await),
        ("PUT", client.put(&path, &json!({ "userName": "ada@contoso.example", "active": false })).await),
        ("PATCH", client.patch(&path, inactive).await),
        ("DELETE", client.delete(&path).await),
    ] {
        let detail = answer.expect_error(404, None);
        assert_eq!(detail.replace(&id, ""), nobody.replace("nobody-at-all", ""), "{what} tells that there is somebody");
    }
    let group = json!({ "displayName": "Staff", "members": [{ "value": id }] });
    let group = client.post("/Groups", &group).await.expect(201);
    assert_eq!(group.get("members"), None, "{group}");
    assert_eq!(stranger.get(&path).await.expect(200)["active"], true, "nothing has become of the person");
    let object = other.get("directoryuser", &id).await.expect("the person");
    assert_eq!(object["spec"].get("memberOf"), None, "{object}");
}
