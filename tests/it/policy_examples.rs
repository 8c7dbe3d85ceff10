//! The Directories of `examples/` hold what they say: one user that each takes, and those that it refuses.

use serde_json::{Value, json};

use crate::support::cluster::root;
use crate::support::{Client, Directory, Operator};

const METADATA: &str = "urn:ietf:params:scim:schemas:extension:2.0:Metadata";
const FOLDERS: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";

/// The Directory of an example, in a namespace of its own, with changes to its `spec.users`.
async fn start(example: &str, users: Value) -> (Directory, Client) {
    let path = root().join(format!("examples/{example}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut manifest: Value = serde_yaml::from_str(&text).expect("a manifest");
    for (name, value) in users.as_object().expect("an object") {
        manifest["spec"]["users"][name] = value.clone();
    }
    let directory = Directory::with_spec(manifest["spec"].take()).await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

/// Takes `user`, returns it as it was sent, and refuses it with each of the changes (null takes an attribute away).
async fn check(client: &Client, user: &Value, refused: &[(&str, Value, &str)]) {
    for (attribute, value, word) in refused {
        let mut user = user.clone();
        match value {
            Value::Null => drop(user.as_object_mut().expect("an object").remove(*attribute)),
            value => user[attribute] = value.clone(),
        }
        let detail = client.post("/Users", &user).await.expect_error(400, Some("invalidValue"));
        assert!(detail.contains(word), "{attribute}: {detail}");
    }
    let id = client.create(user).await;
    let read = client.get(&format!("/Users/{id}")).await.expect(200);
    for (attribute, value) in user.as_object().expect("an object") {
        assert_eq!(&read[attribute], value, "{attribute}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn federated_directory_asks_for_a_name_to_show() {
    let (_directory, client) = start("federated-directory", json!({})).await;
    let user = json!({ "userName": "alice@contoso.com", "displayName": "Alice Able" });
    check(&client, &user, &[("displayName", Value::Null, "usually mapped from displayName")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_enterprise_toolkit_asks_for_names_an_address_and_one_of_two_types() {
    let (_directory, client) = start("enterprise-toolkit", json!({})).await;
    let user = json!({
        "userName": "alice@contoso.com", "name": { "givenName": "Alice", "familyName": "Able" },
        "emails": [{ "type": "work", "value": "alice@contoso.com" }], "userType": "Premium",
        "roles": [{ "value": "EnterpriseAdmin" }], FOLDERS: { "folders": "one, two" }, METADATA: { "Cost.Center": 7 },
    });
    let refused = [
        ("name", json!({ "familyName": "Able" }), "usually mapped from givenName"),
        ("name", json!({ "givenName": "Alice" }), "usually mapped from surname"),
        ("emails", Value::Null, "usually mapped from mail"),
        ("emails", json!([{ "type": "home", "value": "alice@home" }]), "usually mapped from mail"),
        ("userType", json!("premium"), "\"Premium\" or \"Standard\""),
    ];
    check(&client, &user, &refused).await;
    let mut without_type = user;
    without_type["userName"] = "bob@contoso.com".into();
    without_type["emails"][0]["value"] = "bob@contoso.com".into();
    without_type.as_object_mut().expect("an object").remove("userType");
    check(&client, &without_type, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keepnet_asks_for_an_address_and_counts_licences() {
    let (_directory, client) = start("keepnet", json!({ "quota": { "activeUsers": 1 } })).await;
    let user = json!({ "userName": "alice@contoso.com", "emails": [{ "type": "work", "value": "alice@contoso.com" }] });
    check(&client, &user, &[("emails", Value::Null, "usually mapped from mail")]).await;
    let mut next = user;
    next["userName"] = "bob@contoso.com".into();
    let detail = client.post("/Users", &next).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("1 of 1 active users"), "{detail}");
}
