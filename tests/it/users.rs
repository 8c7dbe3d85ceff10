//! Users over the wire: what Entra sends, with the answer that it needs.

use serde_json::{Value, json};

use crate::support::{Client, Directory, Operator, until};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

async fn start() -> (Directory, Client) {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

/// Alice as Entra's default mapping creates her (4.2).
fn alice() -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Alice@Contoso.com", "active": true,
        "displayName": "Alice Able", "emails": [{ "primary": true, "type": "work", "value": "alice@contoso.com" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "Alice" }, "roles": [],
        ENTERPRISE: { "employeeNumber": "701984", "department": "Bicycles" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_test_gets_empty_lists() {
    let (_directory, client) = start().await;
    for path in [
        "/Users?filter=userName+eq+%227a7ac2a0-29a6-4bd4-8b4c-0e6c7e4e2a1f%22",
        "/Users/?filter=externalId+eq+%227a7ac2a0-29a6-4bd4-8b4c-0e6c7e4e2a1f%22",
        "/Users?filter=emails%5btype+eq+%22work%22%5d.value+eq+%22nobody@x%22",
        "/Users?aadOptscim062020&filter=userName%20eq%20%22nobody%22",
        "/Groups?excludedAttributes=members&filter=displayName+eq+%227a7ac2a0%22",
        "//Users?count=1",
        "/Groups?count=1",
        "/Users?filter=",
    ] {
        let answer = client.get(path).await;
        assert!(answer.header("content-type").starts_with("application/scim+json"), "{path}: {:?}", answer.headers);
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
        });
        assert_eq!(answer.expect(200), expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_user_is_there_as_it_was_sent() {
    let (directory, client) = start().await;
    let answer = client.post("/Users", &alice()).await;
    let location = answer.header("location").to_owned();
    let created = answer.expect(201);
    let id = created["id"].as_str().expect("an id");
    assert!(id.starts_with("alice-"), "{id}");
    assert_eq!(location, format!("{}/Users/{id}", client.base));
    assert_eq!(created["meta"]["location"], location);
    assert_eq!(created["schemas"], json!([CORE, ENTERPRISE]));

    let read = client.get(&format!("/Users/{id}")).await;
    assert_eq!(read.header("etag"), created["meta"]["version"].as_str().expect("a version"));
    let read = read.expect(200);
    assert_eq!(read, created);
    for attribute in ["externalId", "userName", "active", "displayName", "emails", "name", ENTERPRISE] {
        assert_eq!(read[attribute], alice()[attribute], "{attribute}");
    }
    assert_eq!(read.get("roles"), None, "an empty list is no value");

    let object = directory.get("directoryuser", id).await.expect("the object");
    assert_eq!(object["spec"]["scim"]["userName"], "Alice@Contoso.com");
    assert_eq!(object["spec"]["scim"]["extensions"][ENTERPRISE]["department"], "Bicycles");
    assert_eq!(object["metadata"]["labels"]["rollcall.dev/directory"], "staff");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_match_query_finds_the_user_at_once() {
    let (_directory, client) = start().await;
    let id = client.create(&alice()).await;
    for filter in [
        "userName eq \"alice@contoso.com\"",
        "userName eq \"ALICE@CONTOSO.COM\"",
        "USERNAME Eq alice@contoso.com",
        "externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"",
        "emails[type eq \"work\"].value eq \"ALICE@contoso.com\"",
        "emails[type eq \"work\" and value eq \"alice@contoso.com\"]",
        "emails.value eq \"alice@contoso.com\"",
        "displayName eq \"alice able\"",
        "userName eq \"alice@contoso.com\" and active eq true",
        "userName sw \"ali\" and (name.familyName co \"bl\" or title pr)",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"bicycles\"",
        "active eq true and (meta.lastModified ge \"0001-01-03T00:00:00.0000000Z\" and meta.lastModified le \"9000-01-01T00:00:00Z\")",
        &format!("id eq \"{id}\""),
    ] {
        let query: String = form_encode(filter);
        let list = client.get(&format!("/Users?filter={query}")).await.expect(200);
        assert_eq!(list["totalResults"], 1, "{filter}: {list}");
        assert_eq!(list["Resources"][0]["id"], id, "{filter}");
        let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
        assert_eq!(client.post("/Users/.search", &search).await.expect(200), list, "{filter}");
    }
    for filter in [
        "externalId eq \"0A21F0F2-8D2A-4F8E-BF98-7363C4AED4EF\"",
        "userName eq \"alice@contoso.com\" and active eq false",
        "emails[type eq \"home\"].value eq \"alice@contoso.com\"",
        "id eq \"nobody\"",
        "userName eq \"alice\"",
    ] {
        let list = client.get(&format!("/Users?filter={}", form_encode(filter))).await.expect(200);
        assert_eq!(list["totalResults"], 0, "{filter}: {list}");
    }
}

/// As Entra encodes a query: `+` for a blank, percent escapes for the rest.
fn form_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
        .collect()
}

/// Patches a new Alice with `operations`, and compares what GET returns with `expected`, pointer by pointer; null is absent.
async fn check_patch(client: &Client, name: &str, operations: Value, expected: &[(&str, Value)]) {
    let mut body = alice();
    body["userName"] = format!("{}@contoso.com", name.replace(' ', "-")).into();
    let id = client.create(&body).await;
    let path = format!("/Users/{id}");
    let answered = client.patch(&path, operations.clone()).await.expect(200);
    let read = client.get(&path).await.expect(200);
    assert_eq!(answered, read, "{name}: the answer is what a GET returns");
    for (pointer, value) in expected {
        assert_eq!(read.pointer(pointer).unwrap_or(&Value::Null), value, "{name}: {pointer} of {read}");
    }
    let again = client.patch(&path, operations).await.expect(200);
    assert_eq!(again["meta"]["version"], read["meta"]["version"], "{name}: the same PATCH again writes nothing");
    client.delete(&path).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_of_both_dialects_do_what_entra_means() {
    let (_directory, client) = start().await;
    let department = format!("{ENTERPRISE}:department");
    let pointer = |attribute: &str| format!("/{ENTERPRISE}/{attribute}");
    check_patch(
        &client,
        "without the flag",
        json!([
            { "op": "Replace", "path": "displayName", "value": "Alice A." },
            { "op": "Add", "path": "title", "value": "Lead" },
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "a.able@contoso.com" },
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 425 555 0101" },
            { "op": "Replace", "path": "addresses[type eq \"work\"].formatted", "value": "18/2111" },
            { "op": "Replace", "path": "name.familyName", "value": "Abel" },
            { "op": "Replace", "path": department, "value": "Sales" },
            { "op": "Replace", "path": "active", "value": "False" },
        ]),
        &[
            ("/displayName", json!("Alice A.")),
            ("/title", json!("Lead")),
            ("/emails", json!([{ "primary": true, "type": "work", "value": "a.able@contoso.com" }])),
            ("/phoneNumbers", json!([{ "type": "mobile", "value": "+1 425 555 0101" }])),
            ("/addresses", json!([{ "type": "work", "formatted": "18/2111" }])),
            ("/name/familyName", json!("Abel")),
            ("/name/givenName", json!("Alice")),
            (&pointer("department"), json!("Sales")),
            (&pointer("employeeNumber"), json!("701984")),
            ("/active", json!(false)),
        ],
    )
    .await;
    check_patch(
        &client,
        "with the flag",
        json!([
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a.able@contoso.com" },
            { "op": "add", "value": { "title": "Lead", (format!("{ENTERPRISE}:employeeNumber")): "1" } },
            { "op": "replace", "value": { "displayName": "Alice A.", "name.givenName": "Al", "name.familyName": "Abel", "active": false } },
        ]),
        &[
            ("/title", json!("Lead")),
            (&pointer("employeeNumber"), json!("1")),
            (&pointer("department"), json!("Bicycles")),
            ("/displayName", json!("Alice A.")),
            ("/name", json!({ "formatted": "Alice Able", "givenName": "Al", "familyName": "Abel" })),
            ("/active", json!(false)),
        ],
    )
    .await;
    check_patch(
        &client,
        "a manager as a string",
        json!([{ "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "no-such-person" }]),
        &[(&pointer("manager"), json!({ "value": "no-such-person" }))],
    )
    .await;
    check_patch(
        &client,
        "a manager behind a dot",
        json!([{ "op": "Add", "path": format!("{ENTERPRISE}.manager"), "value": "m" }]),
        &[(&pointer("manager"), json!({ "value": "m" }))],
    )
    .await;
    check_patch(
        &client,
        "an empty text unassigns",
        json!([
            { "op": "replace", "path": department, "value": "" },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "" },
            { "op": "replace", "path": "title", "value": null },
        ]),
        &[(&pointer("department"), Value::Null), ("/emails", Value::Null), ("/title", Value::Null)],
    )
    .await;
    check_patch(
        &client,
        "a role by its primary flag",
        json!([{ "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" }]),
        &[("/roles", json!([{ "primary": true, "value": "Admin" }]))],
    )
    .await;
    check_patch(
        &client,
        "a custom extension",
        json!([{ "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName:folders", "value": "a,b" }]),
        &[("/urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName/folders", json!("a,b"))],
    )
    .await;
    check_patch(&client, "no operations", json!([]), &[("/displayName", json!("Alice Able"))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_understood_is_no_silent_success() {
    let (_directory, client) = start().await;
    let mut body = alice();
    body[ENTERPRISE]["manager"] = json!({ "value": "m1" });
    let id = client.create(&body).await;
    let path = format!("/Users/{id}");
    let manager = format!("{ENTERPRISE}:manager[value eq \"m1\"].value");
    for wrong in ["displayName[value eq \"Alice Able\"]", "userName.x"] {
        for op in ["remove", "replace"] {
            let operation = json!([{ "op": op, "path": wrong, "value": "x" }]);
            client.patch(&path, operation).await.expect_error(400, Some("invalidPath"));
        }
    }
    let set = json!([{ "op": "replace", "path": "manager[value eq \"m2\"].value", "value": "m3" }]);
    client.patch(&path, set).await.expect_error(400, Some("noTarget"));
    let given = "name[givenName eq \"Alice\"].familyName";
    for (path_of, pointer) in
        [(manager.as_str(), format!("/{ENTERPRISE}/manager")), (given, "/name/familyName".to_owned())]
    {
        let removed = client.patch(&path, json!([{ "op": "remove", "path": path_of }])).await.expect(200);
        assert_eq!(removed.pointer(&pointer), None, "{path_of}");
        client.patch(&path, json!([{ "op": "remove", "path": path_of }])).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_schema_has_is_counted_and_named_once() {
    let (directory, client) = start().await;
    let operator = Operator::shared().await;
    let id = client.create(&json!({ "userName": "alice", "name": { "first": "A" }, "shoeSize": 43 })).await;
    let path = format!("/Users/{id}");
    for _ in 0..2 {
        let typo = json!([{ "op": "Add", "path": "emails[type eq \"work\"].valu", "value": "a@x" }]);
        let read = client.patch(&path, typo).await.expect(200);
        assert_eq!(read["emails"], json!([{ "type": "work", "valu": "a@x" }]), "kept as it was sent");
        client.patch(&path, json!([{ "op": "Add", "path": "shoeSize", "value": 43 }])).await.expect(200);
    }
    let metrics = operator.metrics().await;
    for (name, count) in [("ignored_attributes", 3), ("unknown_sub_attributes", 3)] {
        let namespace = &directory.namespace;
        let line = format!("rollcall_{name}_total{{namespace=\"{namespace}\",directory=\"staff\"}} {count}");
        assert!(metrics.lines().any(|given| given == line), "{line}: {metrics}");
    }
    let last = format!("the-end-of-{}", directory.namespace);
    client.send("GET", "/Users", &[("x-request-id", &last)], None).await.expect(200);
    until("the log to tell the last request", async || operator.log().contains(&last).then_some(())).await;
    let log = operator.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named: Vec<_> = lines
        .filter(|line| line["namespace"] == directory.namespace.as_str() && line.get("attributes").is_some())
        .map(|line| line["attributes"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(named, ["shoeSize", "name.first", "emails.valu"], "plain names, each once");
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "userName": "g" });
    client.post("/Users", &group).await.expect_error(400, Some("invalidSyntax"));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_kept_with_its_tabs_and_lines_and_shown_in_one_row() {
    let (directory, client) = start().await;
    let body = json!({
        "userName": "alice", "displayName": "x\ty\r\nz", "title": "Lead\nof \u{7}two\u{0}",
        "name": { "formatted": "A\tB" }, ENTERPRISE: { "department": "one\r\ntwo" },
    });
    let id = client.create(&body).await;
    let path = format!("/Users/{id}");
    let read = client.get(&path).await.expect(200);
    for attribute in ["displayName", "title", "name", ENTERPRISE] {
        assert_eq!(read[attribute], body[attribute], "{attribute}");
    }
    let filter = form_encode("displayName eq \"x\\ty\\r\\nz\"");
    assert_eq!(client.get(&format!("/Users?filter={filter}")).await.expect(200)["totalResults"], 1);
    check_patch(
        &client,
        "lines",
        json!([{ "op": "Replace", "path": "displayName", "value": "p\tq\nr" }]),
        &[("/displayName", json!("p\tq\nr"))],
    )
    .await;
    client.post("/Groups", &json!({ "displayName": "x\ty" })).await.expect_error(400, Some("invalidValue"));
    let wide = directory.kubectl(&["get", "duser", "-o", "wide", "--no-headers"]).await.expect("kubectl get");
    let rows: Vec<_> = wide.lines().map(|row| row.split_whitespace().collect::<Vec<_>>()).collect();
    // What follows a tab would stand in the next column, so this column is the last one, and kubectl cuts it at a line.
    assert!(rows.len() == 2 && rows[0].ends_with(&["x", "y..."]) && rows[1].ends_with(&["p", "q..."]), "{wide:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_user_name_is_409_in_any_letter_case() {
    let (_directory, client) = start().await;
    let id = client.create(&alice()).await;
    let mut shouting = alice();
    shouting["userName"] = "ALICE@CONTOSO.COM".into();
    let detail = client.post("/Users", &shouting).await.expect_error(409, Some("uniqueness"));
    assert!(detail.contains("userName"), "{detail}");
    let bob = client.create(&json!({ "userName": "bob@contoso.com" })).await;
    let rename = json!([{ "op": "Replace", "path": "userName", "value": "alice@contoso.COM" }]);
    client.patch(&format!("/Users/{bob}"), rename.clone()).await.expect_error(409, Some("uniqueness"));
    assert_eq!(client.get(&format!("/Users/{bob}")).await.expect(200)["userName"], "bob@contoso.com");
    // Only the spelling differs: the person's own name.
    let spelling = json!([{ "op": "Replace", "path": "userName", "value": "ALICE@contoso.com" }]);
    client.patch(&format!("/Users/{id}"), spelling).await.expect(200);
    // Freed by a deletion, the name is there for the taking.
    client.delete(&format!("/Users/{id}")).await.expect(204);
    let renamed = client.patch(&format!("/Users/{bob}"), rename).await.expect(200);
    assert_eq!((&renamed["userName"], &renamed["id"]), (&json!("alice@contoso.COM"), &json!(bob)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_is_gone_and_its_name_is_free() {
    let (directory, client) = start().await;
    let id = client.create(&alice()).await;
    let path = format!("/Users/{id}");
    client.delete(&path).await.expect(204);
    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "x" }]);
    client.get(&path).await.expect_error(404, None);
    client.patch(&path, rename).await.expect_error(404, None);
    client.put(&path, &alice()).await.expect_error(404, None);
    client.delete(&path).await.expect_error(404, None);
    assert_eq!(client.get("/Users?filter=userName+eq+%22alice@contoso.com%22").await.expect(200)["totalResults"], 0);
    assert_eq!(client.get("/Users").await.expect(200)["totalResults"], 0);
    let tombstone = directory.get("directoryuser", &id).await.expect("a tombstone");
    assert!(tombstone["spec"]["deletedAt"].is_string());
    assert_eq!(tombstone["spec"]["scim"]["active"], true, "so that an undelete restores it");
    assert_eq!(tombstone["spec"]["sessionEpoch"], 1);
    assert_ne!(client.create(&alice()).await, id, "an id is never used again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_stays_visible() {
    let (directory, client) = start().await;
    let id = client.create(&alice()).await;
    let path = format!("/Users/{id}");
    client.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["active"], false);
    assert_eq!(client.get("/Users?filter=userName+eq+%22alice@contoso.com%22").await.expect(200)["totalResults"], 1);
    let epoch = directory.get("directoryuser", &id).await.expect("the object")["spec"]["sessionEpoch"].clone();
    assert_eq!(epoch, 1, "the write that turned active off ended the sessions");
    client.patch(&path, json!([{ "op": "Add", "path": "active", "value": "True" }])).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["active"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_replaces_what_the_client_owns() {
    let (_directory, client) = start().await;
    let id = client.create(&alice()).await;
    let path = format!("/Users/{id}");
    client.patch(&path, json!([{ "op": "Replace", "path": "active", "value": false }])).await.expect(200);
    let body = json!({ "userName": "alice@contoso.com", "name": { "formatted": "NewName" }, "id": "other", "displayname": "A" });
    let replaced = client.put(&path, &body).await.expect(200);
    assert_eq!((&replaced["id"], &replaced["name"]), (&json!(id), &json!({ "formatted": "NewName" })));
    assert_eq!(replaced["displayName"], "A", "names fold to the schema's spelling");
    assert_eq!(replaced.get("emails"), None);
    assert_eq!(replaced["active"], false, "nobody is let in by an omission");
    client.put(&path, &json!({ "displayName": "x" })).await.expect_error(400, Some("invalidValue"));
    client.put("/Users/nobody", &body).await.expect_error(404, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_stable_and_say_where_they_are() {
    let (_directory, client) = start().await;
    let mut ids = Vec::new();
    for number in 0..11 {
        ids.push(
            client
                .create(&json!({ "userName": format!("user-{number:02}@x"), "title": format!("{}", 10 - number) }))
                .await,
        );
    }
    ids.sort();
    let mut seen = Vec::new();
    for start in [1, 6, 11] {
        let page = client.get(&format!("/Users?startIndex={start}&count=5")).await.expect(200);
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(11), &json!(start)));
        let resources = page["Resources"].as_array().expect("Resources");
        assert_eq!(page["itemsPerPage"], resources.len());
        seen.extend(resources.iter().map(|user| user["id"].as_str().expect("an id").to_owned()));
    }
    assert_eq!(seen, ids, "sorted by id, nothing twice, nothing missing");
    let cases = [
        ("count=0", 0, 1),
        ("count=-3", 0, 1),
        ("startIndex=-5&count=2", 2, 1),
        ("startIndex=99", 0, 99),
        ("COUNT=3", 3, 1),
    ];
    for (query, length, start) in cases {
        let page = client.get(&format!("/Users?{query}")).await.expect(200);
        assert_eq!(page["Resources"].as_array().map(Vec::len), Some(length), "{query}");
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(11), &json!(start)), "{query}");
    }
    let sorted =
        client.get("/Users?sortBy=userName&sortOrder=descending&count=2&attributes=userName").await.expect(200);
    let names: Vec<_> =
        sorted["Resources"].as_array().into_iter().flatten().map(|user| user["userName"].clone()).collect();
    assert_eq!(names, ["user-10@x", "user-09@x"]);
    assert_eq!(sorted["Resources"][0].get("title"), None);
    assert_eq!(sorted["Resources"][0].get("meta"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_and_their_exclusion_shape_every_answer() {
    let (_directory, client) = start().await;
    let id = client.create(&alice()).await;
    let keys = |value: Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let read = |query: &str| format!("/Users/{id}?{query}");
    assert_eq!(
        keys(client.get(&read("attributes=userName,emails")).await.expect(200)),
        ["emails", "id", "schemas", "userName"]
    );
    assert_eq!(keys(client.get(&read("attributes=name.givenName")).await.expect(200)), ["id", "name", "schemas"]);
    let without = client.get(&read(&format!("excludedAttributes=emails,{ENTERPRISE}:department,id"))).await.expect(200);
    assert_eq!((without.get("emails"), &without["id"]), (None, &json!(id)));
    assert_eq!(without[ENTERPRISE], json!({ "employeeNumber": "701984" }));
    client.get(&read("attributes=userName&excludedAttributes=emails")).await.expect_error(400, Some("invalidValue"));
    let patched = client
        .patch(&read("attributes=title"), json!([{ "op": "add", "path": "title", "value": "Lead" }]))
        .await
        .expect(200);
    assert_eq!(keys(patched), ["id", "schemas", "title"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_guard_reads_and_writes() {
    let (_directory, client) = start().await;
    let id = client.create(&alice()).await;
    let path = format!("/Users/{id}");
    let etag = client.get(&path).await.header("etag").to_owned();
    let cached = client.send("GET", &path, &[("if-none-match", &etag)], None).await;
    assert_eq!((cached.status, cached.text.as_str()), (304, ""));
    let title =
        |title: &str| Some(json!({ "Operations": [{ "op": "replace", "path": "title", "value": title }] }).to_string());
    client.send("PATCH", &path, &[("if-match", &etag)], title("Lead")).await.expect(200);
    client.send("PATCH", &path, &[("if-match", &etag)], title("Chief")).await.expect_error(412, None);
    client.send("PUT", &path, &[("if-match", &etag)], Some(alice().to_string())).await.expect_error(412, None);
    client.send("DELETE", &path, &[("if-match", &etag)], None).await.expect_error(412, None);
    assert_eq!(client.get(&path).await.expect(200)["title"], "Lead");
    client.send("PATCH", &path, &[("if-match", "*")], title("Chief")).await.expect(200);
    assert_eq!(client.send("GET", &path, &[("if-none-match", &etag)], None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_wrote_survives() {
    let (directory, client) = start().await;
    let id = client.create(&alice()).await;
    // A member that this version does not know, in a complex element, as a newer replica would store it.
    let patch = json!({ "spec": { "scim": { "name": { "preferredGivenName": "Al" } } } });
    directory
        .kubectl(&["patch", "directoryuser", &id, "--type=merge", "-p", &patch.to_string()])
        .await
        .expect("kubectl patch");
    let title = json!([{ "op": "replace", "path": "title", "value": "Lead" }]);
    client.patch(&format!("/Users/{id}"), title).await.expect(200);
    let object = directory.get("directoryuser", &id).await.expect("the object");
    assert_eq!(object["spec"]["scim"]["name"]["preferredGivenName"], "Al");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_names_the_resource_that_has_the_value() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let ada = client.create(&json!({ "userName": "ada" })).await;
    let eve = client.create(&json!({ "userName": "eve" })).await;
    let group = client.post("/Groups", &json!({ "displayName": "Blue" })).await.expect(201);
    let rename = json!([{ "op": "replace", "path": "userName", "value": "Ada" }]);
    for (answer, attribute, holder) in [
        (client.post("/Users", &json!({ "userName": "ADA" })).await, "userName", ada.as_str()),
        (client.patch(&format!("/Users/{eve}"), rename).await, "userName", &ada),
        (
            client.post("/Groups", &json!({ "displayName": "blue" })).await,
            "displayName",
            group["id"].as_str().expect("an id"),
        ),
    ] {
        let detail = answer.expect_error(409, Some("uniqueness"));
        let expected =
            format!("{attribute} is taken by the resource with the id \"{holder}\"; give one of the two another value");
        assert_eq!(detail, expected);
    }
}
