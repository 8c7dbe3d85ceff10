//! A Directory's policy over the wire: what is refused and in which words, whom nothing stops, and that a GET returns what
//! was sent whatever it amounts to.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

const METADATA: &str = "urn:ietf:params:scim:schemas:extension:2.0:Metadata";
const FOLDERS: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";

/// A Directory with this `spec.users`, and a client of it.
async fn start(users: Value) -> (Directory, Client) {
    let directory = Directory::with_spec(json!({ "users": users })).await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

/// Gives the Directory another spec and waits until the operator of this client goes by it.
async fn change_spec(directory: &Directory, client: &Client, mut spec: Value) {
    let mark = format!("urn:example:{}", spec.to_string().len());
    let extensions = spec["users"]["extensions"].as_array().cloned().unwrap_or_default();
    spec["users"]["extensions"] = extensions.into_iter().chain([json!({ "schema": mark })]).collect();
    directory.apply_directory(spec).await;
    let path = format!("/Schemas/{mark}");
    until("the operator knows the spec", || async { (client.get(&path).await.status == 200).then_some(()) }).await;
}

/// The generation, which the status does not move.
async fn version(directory: &Directory, id: &str) -> i64 {
    let object = directory.get("directoryuser", id).await.expect("the object");
    object["metadata"]["generation"].as_i64().expect("a generation")
}

/// Sends the operations twice: they take effect, a GET returns it, and the second time nothing is written. Returns what
/// the GET returned.
async fn patch_twice(directory: &Directory, client: &Client, id: &str, operations: Value) -> Value {
    let path = format!("/Users/{id}");
    let answered = client.patch(&path, operations.clone()).await.expect(200);
    let read = client.get(&path).await.expect(200);
    assert_eq!(answered, read, "the answer is what a GET returns");
    let before = version(directory, id).await;
    client.patch(&path, operations).await.expect(200);
    assert_eq!(version(directory, id).await, before, "the same PATCH again writes nothing");
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_attribute_is_asked_for_by_every_write() {
    let required = ["emails[type eq \"work\"].value", "name.givenName", "urn:x:y:badge"];
    let (directory, client) = start(json!({ "requiredAttributes": required })).await;
    let work = json!([{ "type": "work", "value": "a@x" }]);
    let whole = json!({ "userName": "a", "name": { "givenName": "A" }, "emails": work, "urn:x:y": { "badge": "1" } });
    for (missing, pointer, word) in
        [("emails", required[0], "mail)"), ("name", required[1], "givenName)"), ("urn:x:y", required[2], "add a row")]
    {
        let mut body = whole.clone();
        body.as_object_mut().expect("an object").remove(missing);
        let detail = client.post("/Users", &body).await.expect_error(400, Some("invalidValue"));
        assert!(detail.contains(&format!("requires {pointer}")) && detail.contains(word), "{detail}");
    }
    assert_eq!(directory.list("directoryuser").await, [json!(null); 0], "nothing of a refused user is stored");

    let id = client.create(&whole).await;
    let path = format!("/Users/{id}");
    let before = client.get(&path).await.expect(200);
    let clear = json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "" });
    let title = json!({ "op": "add", "path": "title", "value": "T" });
    let detail = client.patch(&path, json!([title, clear])).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("mail"), "{detail}");
    let put = json!({ "userName": "a", "emails": work });
    client.put(&path, &put).await.expect_error(400, Some("invalidValue"));
    assert_eq!(client.get(&path).await.expect(200), before, "all operations or none");

    let off = json!({ "op": "Replace", "path": "active", "value": "False" });
    let read = patch_twice(&directory, &client, &id, json!([off, clear])).await;
    assert_eq!(
        (&read["active"], read.get("emails")),
        (&json!(false), None),
        "a deactivation passes with all it brings"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_tightened_stops_nobody_who_is_there() {
    let (directory, client) = start(json!({})).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(client.create(&json!({ "userName": name, "userType": "Temp" })).await);
    }
    let path = |number: usize| format!("/Users/{}", ids[number]);
    let rules = json!({ "users": {
        "requiredAttributes": ["displayName"], "userTypes": { "allowed": ["Premium"] }, "quota": { "activeUsers": 1 },
    } });
    change_spec(&directory, &client, rules).await;

    assert_eq!(client.get("/Users").await.expect(200)["totalResults"], 3, "they stay");
    assert_eq!(client.get(&path(0)).await.expect(200)["active"], true);
    let title = json!({ "op": "add", "path": "title", "value": "T" });
    let detail = client.patch(&path(0), json!([title])).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("displayName"), "the next write says what is missing: {detail}");
    let name = json!({ "op": "add", "path": "displayName", "value": "A" });
    let detail = client.patch(&path(0), json!([title, name])).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("\"Temp\"") && detail.contains("\"Premium\""), "and what is wrong next: {detail}");
    let user_type = json!({ "op": "replace", "path": "userType", "value": "Premium" });
    let mended = client.patch(&path(0), json!([title, name, user_type])).await.expect(200);
    assert_eq!(mended["userType"], "Premium", "a quota that is passed already stops no update");

    let off = json!({ "op": "replace", "path": "active", "value": false });
    let on = json!({ "op": "replace", "path": "active", "value": true });
    client.patch(&path(1), json!([off])).await.expect(200);
    client.patch(&path(1), json!([title])).await.expect(200);
    client.patch(&path(1), json!([on])).await.expect_error(400, Some("invalidValue"));
    client.put(&path(2), &json!({ "userName": "c", "userType": "Other", "active": false })).await.expect(200);
    client.delete(&path(2)).await.expect(204);
}

/// `active: false` passes whatever comes with it: two values of a unique attribute are nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_unique_value_keeps_nobody_in() {
    let (directory, client) = start(json!({ "uniqueAttributes": ["emails[type eq \"work\"].value"] })).await;
    let in_force = json!({ "attribute": "User.emails[type eq \"work\"].value", "state": "InForce" });
    until("the rule to be in force", async || {
        let status = directory.get("directory", &directory.name).await?["status"].take();
        status["uniqueAttributes"].as_array()?.contains(&in_force).then_some(())
    })
    .await;
    let email = |name: &str| json!({ "type": "work", "value": format!("{name}@contoso.example") });
    let id = client.create(&json!({ "userName": "ada", "emails": [email("ada")] })).await;
    let path = format!("/Users/{id}");
    let second = json!({ "op": "add", "path": "emails", "value": [email("countess")] });
    let set = |active: bool| json!({ "op": "replace", "path": "active", "value": active });
    until("the operator to know the rule", async || {
        let answer = client.patch(&path, json!([second])).await;
        (answer.status == 400).then(|| answer.expect_error(400, Some("invalidValue")))
    })
    .await;
    client.patch(&path, json!([set(false), second])).await.expect(200);
    let filter = "emails%5Btype+eq+%22work%22%5D.value+eq+%22countess@contoso.example%22";
    let found = client.get(&format!("/Users?filter={filter}")).await.expect(200);
    assert_eq!(found["totalResults"], 1, "nobody has a claim on it, and it is found all the same");
    let detail = client.patch(&path, json!([set(true)])).await.expect_error(400, Some("invalidValue"));
    assert!(detail.contains("more than one value"), "{detail}");
    let one = json!({ "op": "replace", "path": "emails", "value": [email("countess")] });
    client.patch(&path, json!([set(true), one])).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_be_read_binds_nobody() {
    let (_directory, client) = start(json!({ "requiredAttributes": ["emails[type eq", "shoeSize"] })).await;
    client.create(&json!({ "userName": "a" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_type_that_is_not_allowed_is_refused_or_counts_as_the_default() {
    let (_directory, client) = start(json!({ "userTypes": { "allowed": ["Premium", "Standard"] } })).await;
    let of_type = |name: &str, user_type: Value| json!({ "userName": name, "userType": user_type });
    let id = client.create(&of_type("a", json!("Premium"))).await;
    client.create(&of_type("b", json!(null))).await;
    for wrong in ["premium", "Premium ", "Basic"] {
        let detail = client.post("/Users", &of_type("c", json!(wrong))).await.expect_error(400, Some("invalidValue"));
        assert!(detail.contains("\"Premium\" or \"Standard\""), "{detail}");
        let replace = json!([{ "op": "Replace", "path": "userType", "value": wrong }]);
        client.patch(&format!("/Users/{id}"), replace).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(client.get(&format!("/Users/{id}")).await.expect(200)["userType"], "Premium");

    let lenient = json!({ "allowed": ["Premium", "Standard"], "default": "Standard", "onInvalid": "UseDefault" });
    let (directory, client) = start(json!({ "userTypes": lenient })).await;
    let id = client.create(&of_type("a", json!("Basic"))).await;
    let replace = json!([{ "op": "Replace", "path": "userType", "value": "basic" }]);
    let read = patch_twice(&directory, &client, &id, replace).await;
    assert_eq!(read["userType"], "basic", "what was sent is what is returned, whatever it counts as");
    let object = directory.get("directoryuser", &id).await.expect("the object");
    assert_eq!(object["spec"]["scim"]["userType"], "basic");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_stored_as_they_were_sent_and_one_may_take_the_place_of_others() {
    let entras = json!({ "primary": true, "type": "WindowsAzureActiveDirectoryRole", "value": "EnterpriseAdmin" });
    let text = json!({ "value": "{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Admins\"}" });
    let add = |roles: Value| json!([{ "op": "Add", "path": "roles", "value": roles }]);

    let (directory, client) = start(json!({ "roles": { "maxFromScim": "User" } })).await;
    let id = client.create(&json!({ "userName": "a", "roles": [entras] })).await;
    let read = patch_twice(&directory, &client, &id, add(json!([text]))).await;
    assert_eq!(read["roles"], json!([entras, text]), "an Add adds, and nothing is capped in what is returned");

    let (directory, client) = start(json!({ "roles": { "addMeansReplaceWhenSingle": true } })).await;
    let id = client.create(&json!({ "userName": "a", "roles": [entras], "entitlements": [{ "value": "E" }] })).await;
    let read = patch_twice(&directory, &client, &id, add(json!([text]))).await;
    assert_eq!(read["roles"], json!([text]), "the role before it is gone");
    assert_eq!(read["entitlements"], json!([{ "value": "E" }]));
    let read = patch_twice(&directory, &client, &id, add(json!([{ "value": "X" }, { "value": "Y" }]))).await;
    assert_eq!(read["roles"].as_array().map(Vec::len), Some(3), "several are added to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_extensions_keep_every_key_and_are_in_the_schemas() {
    let (directory, client) = start(json!({ "extensions": [
        { "schema": METADATA },
        { "schema": FOLDERS, "attributes": [{ "name": "folders", "multiValued": true, "default": "root" }] },
    ] }))
    .await;
    let list = client.get("/Schemas").await.expect(200);
    let ids: Vec<_> = list["Resources"].as_array().expect("a list").iter().map(|schema| schema["id"].clone()).collect();
    assert!(ids.contains(&json!(METADATA)) && ids.contains(&json!(FOLDERS)), "{ids:?}");
    let schema = client.get(&format!("/Schemas/{FOLDERS}")).await.expect(200);
    let folders = &schema["attributes"][0];
    assert_eq!(
        (&folders["name"], &folders["type"], &folders["multiValued"]),
        (&json!("folders"), &json!("string"), &json!(true))
    );
    let types = client.get("/ResourceTypes/User").await.expect(200);
    assert_eq!(types["schemaExtensions"].as_array().map(Vec::len), Some(3), "{types}");
    assert_eq!(client.get("/ResourceTypes/Group").await.expect(200).get("schemaExtensions"), None);
    client.get("/Schemas/urn:example:undeclared").await.expect_error(404, None);

    let sent = json!({ "Cost.Center": 7, "Cost Center": "8", "a:b": ["x", { "value": true }], "Plain": 1.5 });
    let id = client.create(&json!({ "userName": "a", METADATA: sent, FOLDERS: { "folders": "one, two" } })).await;
    let read = client.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!((&read[METADATA], &read[FOLDERS]), (&sent, &json!({ "folders": "one, two" })), "as it was sent");
    for (key, value) in
        [("Cost.Center", json!("9")), ("Cost Center", json!("10")), ("a:b", json!("11")), ("New.Key", json!("12"))]
    {
        let operation = json!([{ "op": "Replace", "path": format!("{METADATA}:{key}"), "value": value }]);
        let read = patch_twice(&directory, &client, &id, operation).await;
        assert_eq!(read[METADATA][key], value, "{key}");
    }
    let read = patch_twice(
        &directory,
        &client,
        &id,
        json!([
            { "op": "Remove", "path": format!("{METADATA}:New.Key") },
            { "op": "replace", "path": format!("{FOLDERS}:folders"), "value": [{ "value": "1" }, { "value": "2" }] },
            { "op": "add", "value": { format!("{METADATA}:By.Name"): "13" } },
        ]),
    )
    .await;
    let expected = json!({ "Cost.Center": "9", "Cost Center": "10", "a:b": "11", "Plain": 1.5, "By.Name": "13" });
    assert_eq!(read[METADATA], expected);
    assert_eq!(read[FOLDERS]["folders"], json!([{ "value": "1" }, { "value": "2" }]));
    assert_eq!(
        client.put(&format!("/Users/{id}"), &read).await.expect(200)["meta"],
        read["meta"],
        "a PUT of it is none"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_people_is_never_changed_over_scim() {
    let (directory, client) = start(json!({})).await;
    let foreign = json!({ "suspended": false, "loginMethod": "BuiltIn", "memberOf": ["g"], "managedBy": "People" });
    let mut body = json!({ "userName": "a" });
    body.as_object_mut().expect("an object").extend(foreign.as_object().cloned().expect("an object"));
    let id = client.create(&body).await;
    let spec = directory.get("directoryuser", &id).await.expect("the object")["spec"].clone();
    for field in ["suspended", "loginMethod", "memberOf"] {
        assert_eq!(spec.get(field), None, "{field}");
        assert_eq!(spec["scim"].get(field), None, "{field}");
    }
    assert_eq!(spec["managedBy"], "Provisioning");
    let patch = r#"{"spec":{"suspended":true,"loginMethod":"OpenIDConnect"}}"#;
    directory.kubectl(&["patch", "directoryuser", &id, "--type=merge", "-p", patch]).await.expect("a patch by people");
    let path = format!("/Users/{id}");
    client.put(&path, &body).await.expect(200);
    let operations = json!([
        { "op": "replace", "path": "suspended", "value": false },
        { "op": "replace", "value": { "loginMethod": "BuiltIn", "suspended": "False", "title": "T" } },
        { "op": "remove", "path": "loginMethod" },
    ]);
    assert_eq!(client.patch(&path, operations).await.expect(200)["title"], "T");
    let spec = directory.get("directoryuser", &id).await.expect("the object")["spec"].clone();
    assert_eq!((&spec["suspended"], &spec["loginMethod"]), (&json!(true), &json!("OpenIDConnect")));
}
