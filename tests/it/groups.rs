//! Groups over the wire: what Entra sends, with the answer that it needs. Their members have a file of their own.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const MICROSOFTS: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

async fn start() -> (Directory, Client) {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

/// Team Blue as Entra creates it (5.1).
fn blue() -> Value {
    json!({
        "schemas": [CORE, MICROSOFTS], "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "Team Blue", "meta": { "resourceType": "Group" },
    })
}

async fn group(client: &Client, body: &Value) -> String {
    let created = client.post("/Groups", body).await.expect(201);
    created["id"].as_str().expect("an id").to_owned()
}

/// A filter as a query.
fn query(filter: &str) -> String {
    let escaped = filter.bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        letter if letter.is_ascii_alphanumeric() => char::from(letter).to_string(),
        other => format!("%{other:02x}"),
    });
    format!("filter={}", escaped.collect::<String>())
}

/// The names of the groups that a filter selects.
async fn found(client: &Client, filter: &str) -> Vec<String> {
    let list = client.get(&format!("/Groups?{}", query(filter))).await.expect(200);
    let names = list["Resources"].as_array().expect("resources").iter();
    let names: Vec<_> = names.map(|group| group["displayName"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(list["totalResults"], names.len(), "{list}");
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_group_is_there_as_it_was_sent() {
    let (directory, client) = start().await;
    let answer = client.post("/Groups", &blue()).await;
    let location = answer.header("location").to_owned();
    let created = answer.expect(201);
    let id = created["id"].as_str().expect("an id");
    assert!(id.starts_with("team-blue-"), "{id}");
    assert_eq!(location, format!("{}/Groups/{id}", client.base));
    assert_eq!(created["meta"]["location"], location);
    assert_eq!(created["meta"]["resourceType"], "Group");
    assert_eq!(created["schemas"], json!([CORE]), "Microsoft's own schema is nobody's");
    assert_eq!(created.get("members"), None, "{created}");

    let read = client.get(&format!("/Groups/{id}")).await;
    assert_eq!(read.header("etag"), created["meta"]["version"].as_str().expect("a version"));
    let read = read.expect(200);
    assert_eq!(read, created);
    assert_eq!((&read["displayName"], &read["externalId"]), (&blue()["displayName"], &blue()["externalId"]));

    let object = directory.get("directorygroup", id).await.expect("the object");
    assert_eq!(object["spec"]["scim"]["displayName"], "Team Blue");
    assert_eq!(object["metadata"]["labels"]["rollcall.dev/directory"], "staff");
    let shown = directory.kubectl(&["get", "directorygroups"]).await.expect("a table");
    assert!(shown.contains("Team Blue"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_match_query_finds_the_group_at_once() {
    let (_directory, client) = start().await;
    let id = group(&client, &blue()).await;
    for filter in [
        "displayName eq \"Team Blue\"",
        "displayName eq \"tEAM bLUE\"",
        "externalId eq \"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159\"",
        "displayName eq \"Team Blue\" and externalId eq \"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159\"",
        &format!("id eq \"{id}\""),
        "displayName sw \"Team\"",
        "urn:ietf:params:scim:schemas:core:2.0:Group:displayName eq \"Team Blue\"",
        "not (displayName eq \"Team Red\")",
    ] {
        assert_eq!(found(&client, filter).await, ["Team Blue"], "{filter}");
    }
    for filter in [
        "displayName eq \"Team Red\"",
        "externalId eq \"8AA1A0C0-c4c3-4bc0-b4a5-2ef676900159\"",
        "displayName eq \"Team Blue\" and externalId eq \"x\"",
        "id eq \"team-red\"",
    ] {
        assert_eq!(found(&client, filter).await, [""; 0], "{filter}");
    }
    let search = json!({ "filter": "displayName eq \"team blue\"", "attributes": ["externalId"] });
    let list = client.post("/Groups/.search", &search).await.expect(200);
    assert_eq!(list["totalResults"], 1);
    assert_eq!(list["Resources"][0]["displayName"], Value::Null);
    assert_eq!(list["Resources"][0]["externalId"], blue()["externalId"]);
    client.get("/Groups?filter=displayName+eq").await.expect_error(400, Some("invalidFilter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_group_of_the_name_is_refused_and_a_rename_moves_the_name() {
    let (directory, client) = start().await;
    let id = group(&client, &blue()).await;
    let path = format!("/Groups/{id}");
    for name in ["Team Blue", "TEAM BLUE"] {
        let detail =
            client.post("/Groups", &json!({ "displayName": name })).await.expect_error(409, Some("uniqueness"));
        assert!(detail.contains("displayName"), "{detail}");
    }
    let red = group(&client, &json!({ "displayName": "Team Red", "members": [] })).await;
    let to_blue = json!([{ "op": "Replace", "path": "displayName", "value": "team blue" }]);
    client.patch(&format!("/Groups/{red}"), to_blue).await.expect_error(409, Some("uniqueness"));

    let before = client.get(&path).await.expect(200);
    let rename = json!([{ "op": "replace", "value": { "displayName": "Team Green" } }]);
    let renamed = client.patch(&path, rename.clone()).await;
    assert_eq!(renamed.text, "", "204 has no body");
    assert_ne!(renamed.header("etag"), before["meta"]["version"]);
    renamed.expect(204);
    assert_eq!(found(&client, "displayName eq \"team green\"").await, ["Team Green"]);
    assert_eq!(found(&client, "displayName eq \"team blue\"").await, [""; 0]);
    let version = directory.get("directorygroup", &id).await.expect("the object")["metadata"]["generation"].clone();
    client.patch(&path, rename).await.expect(204);
    let unchanged = directory.get("directorygroup", &id).await.expect("the object");
    assert_eq!(unchanged["metadata"]["generation"], version, "nothing changed, nothing is written");

    until("the old name to be free", async || {
        let answer = client.post("/Groups", &json!({ "displayName": "TEAM Blue" })).await;
        (answer.status == 201).then_some(())
    })
    .await;
    let named = client.patch(&format!("{path}?attributes=displayName"), json!([])).await.expect(200);
    assert_eq!((&named["displayName"], &named["externalId"]), (&"Team Green".into(), &Value::Null));
    let replaced = client.put(&path, &json!({ "displayName": "Team Violet" })).await.expect(200);
    assert_eq!((&replaced["displayName"], replaced.get("externalId")), (&"Team Violet".into(), None));
    assert_eq!(replaced["meta"]["created"], before["meta"]["created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_groups_with_one_external_id_are_made_and_the_directory_says_so() {
    let (directory, client) = start().await;
    let mut ids = Vec::new();
    for name in ["Red", "Green", "Blue"] {
        ids.push(group(&client, &json!({ "displayName": name, "externalId": "one for all" })).await);
    }
    assert_eq!(found(&client, "externalId eq \"one for all\"").await.len(), 3);
    // `group` wants a 201 of each; the alarm is the leader's, so it has a Lease's time.
    let alarm = ["wait", "--for=condition=DuplicateExternalId", "directory/staff", "--timeout=60s"];
    directory.kubectl(&alarm).await.expect("the alarm stands");
    let object = directory.get("directory", "staff").await.expect("the Directory");
    let conditions = object["status"]["conditions"].as_array().expect("conditions");
    let of = |name: &str| conditions.iter().find(|condition| condition["type"] == name).expect("a condition");
    let message = of("DuplicateExternalId")["message"].as_str().expect("a message");
    assert!(message.starts_with("3 groups have an externalId that another one has as well"), "{message}");
    assert!(ids.iter().any(|id| message.contains(id.as_str())), "{message}");
    assert_eq!((&of("Ready")["status"], &of("Ready")["reason"]), (&json!("True"), &json!("Serving")));
    let claims = directory.list("directoryclaims").await;
    let attributes: Vec<_> = claims.iter().map(|claim| &claim["spec"]["attribute"]).collect();
    assert_eq!(attributes, ["Group.displayName"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_external_id_is_refused_where_the_rule_is_in_force() {
    let (directory, client) = start().await;
    directory.apply_directory(json!({ "uniqueExternalId": { "groups": "Enforce" } })).await;
    let rule = json!({ "status": { "uniqueAttributes": [{ "attribute": "Group.externalId", "state": "InForce" }] } });
    let patch = ["patch", "directory", "staff", "--subresource=status", "--type=merge", "-p"];
    directory.kubectl(&[&patch[..], &[&rule.to_string()]].concat()).await.expect("a status");
    let mut number = 0;
    until("the rule to be in force at the operator", async || {
        number += 1;
        let first = json!({ "displayName": format!("A {number}"), "externalId": format!("e-{number}") });
        client.post("/Groups", &first).await.expect(201);
        let second = json!({ "displayName": format!("B {number}"), "externalId": format!("e-{number}") });
        let answer = client.post("/Groups", &second).await;
        (answer.status != 201).then(|| answer.expect_error(409, Some("uniqueness")))
    })
    .await;
    let filter = format!("externalId eq \"e-{number}\"");
    assert_eq!(found(&client, &filter).await, [format!("A {number}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_group_is_gone_and_its_name_is_free() {
    let (directory, client) = start().await;
    let id = group(&client, &blue()).await;
    let path = format!("/Groups/{id}");
    client.send("DELETE", &path, &[("if-match", "W/\"9.x\"")], None).await.expect_error(412, None);
    client.delete(&path).await.expect(204);
    client.get(&path).await.expect_error(404, None);
    client.delete(&path).await.expect_error(404, None);
    client.patch(&path, json!([])).await.expect_error(404, None);
    client.put(&path, &blue()).await.expect_error(404, None);
    assert_eq!(found(&client, "displayName eq \"Team Blue\"").await, [""; 0]);
    let object = directory.get("directorygroup", &id).await.expect("a tombstone");
    assert!(object["spec"]["deletedAt"].is_string(), "{object}");
    until("the name to be free", async || (client.post("/Groups", &blue()).await.status == 201).then_some(())).await;
    client.delete("/Groups/nobody").await.expect_error(404, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_sorted_and_projected() {
    let (_directory, client) = start().await;
    let names = ["Delta", "alpha", "Charlie", "bravo", "Echo"];
    for name in names {
        group(&client, &json!({ "displayName": name, "externalId": name })).await;
    }
    let sorted = client.get("/Groups?sortBy=displayName&attributes=displayName").await.expect(200);
    let shown: Vec<_> =
        sorted["Resources"].as_array().expect("a list").iter().map(|one| one["displayName"].clone()).collect();
    assert_eq!(shown, ["alpha", "bravo", "Charlie", "Delta", "Echo"]);
    assert_eq!(sorted["Resources"][0].as_object().expect("an object").len(), 3, "id and schemas come along: {sorted}");

    let mut ids = Vec::new();
    for start in [1, 3, 5] {
        let page = client.get(&format!("/Groups?startIndex={start}&count=2")).await.expect(200);
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&5.into(), &start.into()), "{page}");
        let resources = page["Resources"].as_array().expect("a list");
        assert_eq!(page["itemsPerPage"], resources.len());
        ids.extend(resources.iter().map(|one| one["id"].as_str().expect("an id").to_owned()));
    }
    assert!(ids.len() == 5 && ids.is_sorted(), "{ids:?}");
    assert_eq!(client.get("/Groups?count=0").await.expect(200)["totalResults"], 5);
    assert_eq!(client.get("/Users").await.expect(200)["totalResults"], 0, "groups are no users");
    let by_search = json!({ "filter": "displayName eq \"delta\"" });
    assert_eq!(
        client.post("/.search", &by_search).await.expect(200)["totalResults"],
        1,
        "the root searches groups as well"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn entity_tags_guard_a_group() {
    let (_directory, client) = start().await;
    let user = client.create(&json!({ "userName": "alice" })).await;
    let path = format!("/Groups/{}", group(&client, &blue()).await);
    let etag = client.get(&path).await.header("etag").to_owned();
    let unchanged = client.send("GET", &path, &[("if-none-match", &etag)], None).await;
    assert_eq!((unchanged.status, unchanged.text.as_str(), unchanged.header("etag")), (304, "", etag.as_str()));

    let add = json!({ "Operations": [{ "op": "add", "path": "members", "value": user }] }).to_string();
    client.send("PATCH", &path, &[("if-match", &etag)], Some(add.clone())).await.expect(204);
    let with_member = client.send("GET", &path, &[("if-none-match", &etag)], None).await;
    let changed = with_member.header("etag").to_owned();
    assert_ne!(changed, etag, "a cached answer must not outlive the members that it shows");
    assert_eq!(with_member.expect(200)["meta"]["version"], changed);
    // The version from before the change of members names what is no more.
    client.send("PATCH", &path, &[("if-match", &etag)], Some(add.clone())).await.expect_error(412, None);
    let rename = json!({ "Operations": [{ "op": "replace", "path": "displayName", "value": "X" }] }).to_string();
    client.send("PATCH", &path, &[("if-match", &changed)], Some(rename)).await.expect(204);
    client.send("PATCH", &path, &[("if-match", &changed)], Some(add.clone())).await.expect_error(412, None);
    client.send("PATCH", &path, &[("if-match", "*")], Some(add)).await.expect(204);
}

/// SCIM-SDK#913 and its like: the filter is a JSON string, and finds whatever a name may hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_any_signs_is_found_again() {
    let (_directory, client) = start().await;
    let printable: String = (b' '..=b'~').map(char::from).collect();
    let names = [
        printable.as_str(),
        "a) or (displayName pr",
        "R&D (Köln) #1",
        "and",
        "\"quoted\"",
        "back\\slash",
        "100%+",
        "x].y",
        " leading and trailing ",
        "名前 \u{1f600}",
    ];
    for name in names {
        group(&client, &json!({ "displayName": name })).await;
    }
    for name in names {
        let filter = format!("displayName eq {}", Value::from(name));
        assert_eq!(found(&client, &filter).await, [name], "{filter}");
    }
    let longest = "x".repeat(1_024);
    group(&client, &json!({ "displayName": longest })).await;
    assert_eq!(found(&client, &format!("displayName eq \"{longest}\"")).await, [longest]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_directory_asks_to_come_back_later() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    directory.apply_directory(json!({ "provisioning": { "mode": "Disabled" } })).await;
    until("the operator to know", async || (client.get("/Groups").await.status == 503).then_some(())).await;
    let answer = client.post("/Groups", &blue()).await;
    assert_eq!(answer.header("retry-after"), "300");
    answer.expect_error(503, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_at_the_root_finds_users_and_groups_by_what_they_show() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let user = client.create(&json!({ "userName": "ada", "displayName": "Same", "title": "T" })).await;
    let body = json!({ "displayName": "Same", "members": [{ "value": user }] });
    let group = client.post("/Groups", &body).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let addresses = [format!("{}/Users/{user}", client.base), format!("{}/Groups/{group}", client.base)];
    for (filter, expected) in [
        ("displayName eq \"same\"".to_owned(), vec![&user, &group]),
        ("userName eq \"ada\"".to_owned(), vec![&user]),
        (format!("members eq \"{user}\""), vec![&group]),
        (format!("members.$ref eq \"{}\"", addresses[0]), vec![&group]),
        (format!("members[$ref eq \"{}\"]", addresses[0]), vec![&group]),
        (format!("groups.$ref eq \"{}\"", addresses[1]), vec![&user]),
        (format!("meta.location eq \"{}\"", addresses[0]), vec![&user]),
        (format!("meta.location eq \"{}\"", addresses[1]), vec![&group]),
        (format!("meta.location ne \"{}\"", addresses[1]), vec![&user]),
        ("shoeSize eq 43".to_owned(), vec![]),
    ] {
        let search = json!({ "filter": filter, "attributes": ["displayName", "userName", "meta.location", "members"] });
        let list = client.post("/.search", &search).await.expect(200);
        let found: Vec<_> = list["Resources"].as_array().expect("a list").iter().map(|found| &found["id"]).collect();
        assert_eq!(found, expected, "{filter}: {list}");
        assert_eq!(
            (&list["totalResults"], &list["itemsPerPage"]),
            (&json!(found.len()), &json!(found.len())),
            "{filter}"
        );
    }
    let whole = client.post("/.search", &json!({ "sortBy": "userName" })).await.expect(200)["Resources"].take();
    for (number, path) in [format!("/Users/{user}"), format!("/Groups/{group}")].iter().enumerate() {
        assert_eq!(whole[number], client.get(path).await.expect(200), "as a GET shows it");
    }
    let second = client.post("/.search", &json!({ "startIndex": 2, "count": 1 })).await.expect(200);
    assert_eq!((&second["Resources"][0]["id"], &second["totalResults"]), (&json!(group), &json!(2)));
}
