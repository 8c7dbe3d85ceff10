//! Every limit and every malformed request: status, `scimType`, a sentence, and nothing changed. And of all of them:
//! no panic, no 5xx but the announced ones, no secret in an answer or in the log.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::client::NO_SECRET;
use crate::support::{Client, Directory, Operator, until};

async fn start() -> (Directory, Client) {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    (directory, client)
}

/// What holds after every kind of bad input. Answers are looked at for secrets wherever a client or [`raw`] reads one.
/// `announced` is how many 501 this test asked for.
async fn nothing_broke(directory: &Directory, client: &Client, announced: usize) {
    let operator = Operator::shared().await;
    let last = format!("the-end-of-{}", directory.namespace);
    client.send("GET", "/Users", &[("x-request-id", &last)], None).await.expect(200);
    until("the log to tell the last request", async || operator.log().contains(&last).then_some(())).await;
    let log = operator.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // The log is that of all tests; a panic is anybody's concern, and statuses are those of this Directory.
    let (mut seen, mut unsupported) = (0, 0);
    for line in lines {
        assert_ne!(line["message"], "panic", "{line}");
        if line["span"]["namespace"] != directory.namespace.as_str() {
            continue;
        }
        seen += 1;
        match line["status"].as_u64().unwrap_or_default() {
            501 => unsupported += 1,
            status => assert!(status < 500, "{line}"),
        }
    }
    assert!(seen > 1, "the log tells the requests of this test");
    assert_eq!(unsupported, announced, "of 501");
    assert!(!log.contains(NO_SECRET), "a secret in the log");
}

async fn stored(directory: &Directory) -> usize {
    directory.list("directoryusers").await.len() + directory.list("directoryclaims").await.len()
}

/// A request that is wrong: its name, method, path, body, and the answer's status, `scimType` and a word of the detail.
type Case<'a> = (&'a str, &'a str, &'a str, String, u16, Option<&'a str>, &'a str);

fn check_detail(name: &str, detail: &str, word: &str) {
    assert!(!word.is_empty() && detail.contains(word), "{name}: {detail:?} does not say {word:?}");
    assert!(detail.len() > 20 && detail.len() < 1_000, "{name}: {detail:?} is no sentence");
}

async fn check(client: &Client, cases: Vec<Case<'_>>) {
    for (name, method, path, body, status, scim_type, word) in cases {
        let body = (!body.is_empty()).then_some(body);
        let answer = client.send(method, path, &[], body).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        check_detail(name, &answer.expect_error(status, scim_type), word);
    }
}

/// Bodies that are no user, whatever the method: name, body, `scimType` and a word of the detail.
fn no_users() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let deep = format!("{{\"userName\":\"a\",\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
    let long = json!({ "userName": "x".repeat(400) }).to_string();
    let two_primaries = json!({ "userName": "a", "emails": [
        { "value": "a", "primary": true }, { "value": "b", "primary": true },
    ] });
    let many = json!({ "userName": "a", "emails": vec![json!({ "value": "a" }); 65] });
    let text = |name, body: &str, scim_type, word| (name, body.to_owned(), scim_type, word);
    vec![
        text("nothing but blanks", " ", "invalidSyntax", "JSON"),
        text("half an object", "{", "invalidSyntax", "JSON"),
        text("two objects", "{}{}", "invalidSyntax", "JSON"),
        text("half a surrogate pair", "{\"userName\":\"\\ud800\"}", "invalidSyntax", "JSON"),
        text("a list", "[]", "invalidSyntax", "object"),
        text("a number", "1", "invalidSyntax", "object"),
        text("null", "null", "invalidSyntax", "object"),
        text("too deep", &deep, "invalidSyntax", "32"),
        text("a megabyte of brackets", &"[".repeat(1_000_000), "invalidSyntax", "32"),
        text("no userName", "{\"displayName\":\"x\"}", "invalidValue", "userName"),
        text("an empty userName", "{\"userName\":\"\"}", "invalidValue", "userName"),
        text("a userName that is null", "{\"userName\":null}", "invalidValue", "userName"),
        text("a userName that is a number", "{\"userName\":1}", "invalidValue", "userName"),
        text("a userName that is a list", "{\"userName\":[\"a\"]}", "invalidValue", "userName"),
        text("a userName that is too long", &long, "invalidValue", "userName"),
        text("active is neither", "{\"userName\":\"a\",\"active\":\"maybe\"}", "invalidValue", "active"),
        text("a name that is text", "{\"userName\":\"a\",\"name\":\"A\"}", "invalidValue", "name"),
        text("emails that are a number", "{\"userName\":\"a\",\"emails\":1}", "invalidValue", "emails"),
        text("two primaries", &two_primaries.to_string(), "invalidValue", "primary"),
        text("more e-mails than a user may have", &many.to_string(), "invalidValue", "emails"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_wrong_say_what_is_wrong() {
    let (directory, client) = start().await;
    let posts = no_users()
        .into_iter()
        .map(|(name, body, scim_type, word)| (name, "POST", "/Users", body, 400, Some(scim_type), word));
    check(&client, posts.collect()).await;
    assert_eq!(stored(&directory).await, 0, "nothing of it was stored");

    let created = client.post("/Users", &json!({ "userName": "alice", "displayName": "Alice" })).await.expect(201);
    let path = format!("/Users/{}", created["id"].as_str().expect("an id"));
    let puts = no_users()
        .into_iter()
        .map(|(name, body, scim_type, word)| (name, "PUT", path.as_str(), body, 400, Some(scim_type), word));
    check(&client, puts.collect()).await;
    let bob = json!({ "userName": "bob" }).to_string();
    check(&client, vec![("a user that does not exist", "PUT", "/Users/nobody", bob, 404, None, "no resource")]).await;
    assert_eq!(client.get(&path).await.expect(200), created, "nothing of it was stored");
    nothing_broke(&directory, &client, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_sets_is_ignored_in_a_resource() {
    let (directory, client) = start().await;
    let sent = json!({
        "userName": "alice", "id": "mine", "meta": { "version": "mine", "created": "mine", "resourceType": 1 },
        "groups": [{ "value": "admins" }],
    });
    let created = client.post("/Users", &sent).await.expect(201);
    let path = format!("/Users/{}", created["id"].as_str().expect("an id"));
    let replaced = client.put(&path, &sent).await.expect(200);
    for answer in [created, replaced] {
        let text = answer.to_string();
        assert!(!text.contains("mine") && !text.contains("admins"), "{text}");
        assert_eq!(answer["meta"]["resourceType"], "User");
    }
    nothing_broke(&directory, &client, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_that_are_wrong_change_nothing() {
    let (directory, client) = start().await;
    let created = client.post("/Users", &json!({ "userName": "alice", "displayName": "Alice" })).await.expect(201);
    let path = format!("/Users/{}", created["id"].as_str().expect("an id"));
    let body = |operations: Value| json!({ "Operations": operations }).to_string();
    // Behind an operation that is good: all or nothing.
    let good = json!({ "op": "replace", "path": "displayName", "value": "changed" });
    let operation = |name, operation: Value, scim_type, word| {
        let body = body(json!([good, operation]));
        (name, "PATCH", path.as_str(), body, 400, Some(scim_type), word)
    };
    let set = |path: &str, value: Value| json!({ "op": "replace", "path": path, "value": value });
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName";
    let whole = |name, body, word| (name, "PATCH", path.as_str(), body, 400, Some("invalidSyntax"), word);
    let mut cases = vec![
        whole("no JSON", "{".to_owned(), "JSON"),
        whole("no Operations", "{}".to_owned(), "Operations"),
        whole("Operations is no list", body(json!(1)), "Operations"),
        operation("an operation that is none", json!("add"), "invalidSyntax", "Operations"),
        operation("no op", json!({ "path": "title", "value": "x" }), "invalidSyntax", "op"),
        operation("an unknown op", json!({ "op": "move", "path": "title" }), "invalidSyntax", "move"),
        operation("no value", json!({ "op": "add", "path": "title" }), "invalidValue", "title"),
        operation("neither path nor object", json!({ "op": "add", "value": "x" }), "invalidValue", "object"),
        operation("a removal without a path", json!({ "op": "remove" }), "noTarget", "path"),
        operation("the userName removed", json!({ "op": "remove", "path": "userName" }), "mutability", "userName"),
        operation("a userName of nothing", set("userName", json!("")), "invalidValue", "userName"),
        operation("a wrong type", set("name", json!(1)), "invalidValue", "name"),
        operation("a boolean that is none", set("active", json!("maybe")), "invalidValue", "active"),
        operation("a selector without a match", set("emails[value co \"x\"].type", json!("x")), "noTarget", "emails"),
    ];
    cases.extend(
        [
            ("a path that is no text", json!(1), "string"),
            ("a bracket that is open", json!("emails["), "emails["),
            ("a selector of nothing", json!("emails[]"), "emails[]"),
            ("a selector that is none", json!("emails[type is \"work\"].value"), "is"),
            ("brackets in brackets", json!("[".repeat(10_000)), "path"),
            ("brackets in a selector", json!(format!("emails[{}]", "(".repeat(10_000))), "selector"),
            ("two dots", json!("name..givenName"), "name..givenName"),
            ("a blank within", json!("display Name"), "display Name"),
        ]
        .map(|(name, path, word)| {
            operation(name, json!({ "op": "replace", "path": path, "value": "x" }), "invalidPath", word)
        }),
    );
    cases.extend(
        [
            ("the id", "id", "id"),
            ("the version", "meta.version", "meta.version"),
            ("all of meta", "meta", "meta"),
            ("the groups", "groups", "groups"),
            ("the manager's name", manager, "manager.displayName"),
        ]
        .map(|(name, path, word)| operation(name, set(path, json!("x")), "mutability", word)),
    );
    let many = json!(vec![json!({ "op": "remove", "path": "title" }); 10_001]);
    cases.push(("too many operations", "PATCH", &path, body(many), 413, None, "10000"));
    check(&client, cases).await;
    let read = client.get(&path).await.expect(200);
    assert_eq!(read, created, "all or nothing");
    nothing_broke(&directory, &client, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_are_wrong_are_refused_in_the_url_and_in_a_search() {
    let (directory, client) = start().await;
    let (brackets, selectors) = ("(".repeat(10_000), "a[".repeat(5_000));
    let (few_brackets, ors) = ("(".repeat(4_000), vec!["a eq 1"; 800].join(" or "));
    let deep = format!("{}title pr{}", "not (".repeat(40), ")".repeat(40));
    for (filter, word) in [
        ("userName eq", "nothing"),
        ("userName", "operator"),
        ("userName is \"x\"", "\"is\""),
        ("active gt true", "active"),
        ("meta.created gt \"yesterday\"", "time"),
        ("userName eq \"x", "without an end"),
        ("(title pr", "')'"),
        ("title pr)", "character 9"),
        (brackets.as_str(), "8192"),
        (selectors.as_str(), "8192"),
        (few_brackets.as_str(), "32"),
        (ors.as_str(), "200"),
        (deep.as_str(), "32"),
    ] {
        let name: String = filter.chars().take(40).collect();
        let search = client.post("/Users/.search", &json!({ "filter": filter })).await;
        check_detail(&name, &search.expect_error(400, Some("invalidFilter")), word);
        // Escaped where that fits into a URL.
        let escaped: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = if escaped.len() < 16_000 { &escaped } else { &filter.replace(' ', "+") };
        let list = client.get(&format!("/Users?filter={query}")).await;
        check_detail(&name, &list.expect_error(400, Some("invalidFilter")), word);
    }
    for (name, body, scim_type, word) in [
        ("a search that is no JSON", "{".to_owned(), "invalidSyntax", "JSON"),
        ("a search that is a list", "[]".to_owned(), "invalidSyntax", "object"),
        ("a filter that is an object", json!({ "filter": {} }).to_string(), "invalidValue", "filter"),
        ("a count that is text", json!({ "count": "many" }).to_string(), "invalidValue", "count"),
        ("attributes that are numbers", json!({ "attributes": [1] }).to_string(), "invalidValue", "attributes"),
    ] {
        for path in ["/Users/.search", "/.search"] {
            let answer = client.send("POST", path, &[], Some(body.clone())).await;
            check_detail(name, &answer.expect_error(400, Some(scim_type)), word);
        }
    }
    for (query, scim_type, word) in [
        ("count=many", "invalidValue", "count"),
        ("startIndex=1.5", "invalidValue", "startIndex"),
        ("sortBy=name%5B", "invalidPath", "name["),
        ("sortBy=title&sortOrder=up", "invalidValue", "sortOrder"),
        ("attributes=userName&excludedAttributes=title", "invalidValue", "excludedAttributes"),
        ("filter=%FF", "invalidValue", "UTF-8"),
    ] {
        let answer = client.get(&format!("/Users?{query}")).await;
        check_detail(query, &answer.expect_error(400, Some(scim_type)), word);
    }
    let long = client.get(&format!("/Users?filter={}", "x".repeat(17_000))).await;
    check_detail("a long URL", &long.expect_error(414, None), ".search");
    assert_eq!(stored(&directory).await, 0);
    nothing_broke(&directory, &client, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_places_that_do_not_exist_say_so() {
    let (directory, client) = start().await;
    for (method, path, allow) in [
        ("PUT", "/Users", "GET, HEAD, POST"),
        ("PATCH", "/Users", "GET, HEAD, POST"),
        ("POST", "/Users/x", "GET, HEAD, PUT, PATCH, DELETE"),
        ("DELETE", "/Schemas", "GET, HEAD"),
        ("GET", "/Users/.search", "POST"),
        ("TRACE", "/Users", "GET, HEAD, POST"),
        ("OPTIONS", "/Users", "GET, HEAD, POST"),
        ("BREW", "/Users", "GET, HEAD, POST"),
    ] {
        let answer = client.send(method, path, &[], None).await;
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        check_detail(method, &answer.expect_error(405, None), allow);
    }
    for path in ["/Nothing", "/Users/x/y", "/Schemas/urn:nobody", "/ResourceTypes/Nothing", "/users-and-more"] {
        check_detail(path, &client.get(path).await.expect_error(404, None), "no endpoint");
    }
    for path in ["/Users/nobody", "/Users/UPPER", "/Users/a%2Fb", "/Users/..%2fx", "/Groups/x"] {
        check_detail(path, &client.get(path).await.expect_error(404, None), "resource");
    }
    for (method, path, word) in [("POST", "/Bulk", "bulk"), ("GET", "/Me", "/Me")] {
        let answer = client.send(method, path, &[], Some("{}".to_owned())).await;
        check_detail(path, &answer.expect_error(501, None), word);
    }
    for (header, value, word) in [
        ("content-encoding", "gzip", "Content-Encoding"),
        ("content-type", "text/plain", "text/plain"),
        ("content-type", "application/json-patch+json", "application/scim+json"),
    ] {
        let body = json!({ "userName": "a" }).to_string();
        let answer = client.send("POST", "/Users", &[(header, value)], Some(body)).await;
        check_detail(value, &answer.expect_error(415, None), word);
    }
    let large = json!({ "userName": "a", "title": "x".repeat(1_100_000) });
    check_detail("a large body", &client.post("/Users", &large).await.expect_error(413, None), "1048576");
    assert_eq!(stored(&directory).await, 0);
    nothing_broke(&directory, &client, 2).await;
}

/// Writes bytes as they are and returns what comes back until the server closes.
async fn raw(client: &Client, bytes: &[u8]) -> String {
    let address = client.base.split('/').nth(2).expect("a host");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let mut answer = Vec::new();
    let (mut reader, mut writer) = socket.split();
    // The server may close before it has read everything: that is an answer too.
    let write = async { drop(writer.write_all(bytes).await) };
    let read = async { drop(reader.read_to_end(&mut answer).await) };
    tokio::time::timeout(std::time::Duration::from_secs(40), async { tokio::join!(write, read) })
        .await
        .expect("the server closes");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(!answer.contains(NO_SECRET), "{answer}");
    answer
}

/// Checks that a raw answer has this status and the error body of RFC 7644, which says this word.
fn check_raw(name: &str, answer: &str, status: u16, word: &str) {
    let shown: String = answer.chars().take(300).collect();
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {shown:?}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{name}: {shown:?}"));
    assert!(head.to_lowercase().contains("content-type: application/scim+json"), "{name}: {shown:?}");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}: {shown:?}"));
    let scim_type = (status == 400).then_some("invalidSyntax");
    assert_eq!((&body["status"], body["scimType"].as_str()), (&json!(status.to_string()), scim_type), "{name}");
    check_detail(name, body["detail"].as_str().unwrap_or_default(), word);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wire_has_bounds() {
    let (directory, client) = start().await;
    let path = client.base.splitn(4, '/').nth(3).expect("a path").to_owned();
    let rest = format!("Host: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n", directory.secret);
    let head = format!("POST /{path}/Users HTTP/1.1\r\n{rest}");
    let many: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, "x".repeat(65_536));
    let url = format!("GET /{path}/Users?filter={}", "x".repeat(100_000));
    let no_host =
        |hosts: &str| format!("GET /{path}/Users HTTP/1.1\r\n{hosts}Authorization: x\r\nConnection: close\r\n\r\n");
    for (name, bytes, status, word) in [
        ("no host", no_host(""), 400, "Host"),
        ("two hosts", no_host("Host: x\r\nHost: y\r\n"), 400, "Host"),
        ("a large header", format!("{head}X: {}\r\n\r\n", "x".repeat(40_000)), 431, "32768"),
        ("a long URL", format!("{} HTTP/1.1\r\n{rest}\r\n", &url[..20_000]), 414, "16384"),
        ("a body without end", format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(40)), 413, "1048576"),
        ("a chunk that is none", format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400, "body"),
        ("a body that is announced as larger", format!("{head}Content-Length: 1048577\r\n\r\n"), 413, "1048576"),
    ] {
        check_raw(name, &raw(&client, bytes.as_bytes()).await, status, word);
    }
    // What is no HTTP/1.1 within the bounds never comes to the door: a bare status, and the end of the connection.
    for (name, bytes, statuses) in [
        ("two lengths", format!("{head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"), &[400][..]),
        ("a length that is none", format!("{head}Content-Length: two\r\n\r\n{{}}"), &[400]),
        ("an encoding that is none", format!("{head}Transfer-Encoding: zip\r\n\r\n{{}}"), &[400]),
        ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), &[400]),
        ("a flood of headers", format!("{head}{many}\r\n"), &[431]),
        ("a huge header", format!("{head}X: {}\r\n\r\n", "x".repeat(64_000)), &[431]),
        ("a URL without end", url.clone(), &[414, 431]),
    ] {
        let answer = raw(&client, bytes.as_bytes()).await;
        let is_bare = |status: &u16| answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.ends_with("\r\n\r\n");
        assert!(statuses.iter().any(is_bare), "{name}: {answer:?}");
    }
    let json = "Content-Type: application/scim+json\r\n";
    let no_text = [format!("{head}{json}Content-Length: 16\r\n\r\n").as_bytes(), b"{\"userName\":\"\xff\"}"].concat();
    let answer = raw(&client, &no_text).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"invalidSyntax\""), "not UTF-8: {answer}");
    // The slow ones run side by side: each is cut at its own limit, and the rest is served meanwhile.
    let half_a_body = format!("{head}{json}Content-Length: 100\r\n\r\n{{");
    let half_a_head = format!("{head}X-Slow:");
    let (silent, half_a_line, half_a_header, slow_body, served) = tokio::join!(
        raw(&client, b""),
        raw(&client, b"GET / HT"),
        raw(&client, half_a_head.as_bytes()),
        raw(&client, half_a_body.as_bytes()),
        client.get("/Users"),
    );
    served.expect(200);
    // Nobody has asked anything yet: the connection is closed without a word.
    for (name, answer) in [("silence", silent), ("half a line", half_a_line), ("half a head", half_a_header)] {
        assert_eq!(answer, "", "{name}");
    }
    check_raw("half a body", &slow_body, 408, "in time");
    assert_eq!(stored(&directory).await, 0);
    nothing_broke(&directory, &client, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_members_that_are_wrong_change_nothing() {
    let (directory, client) = start().await;
    let user = client.create(&json!({ "userName": "alice" })).await;
    let body = json!({ "displayName": "Team Blue", "members": [{ "value": user }] });
    let group = client.post("/Groups", &body).await.expect(201)["id"].as_str().expect("an id").to_owned();
    let path = format!("/Groups/{group}");
    // The leader counts the member by then, and writes when that was.
    until("the status of the group", async || {
        let object = directory.get("directorygroup", &group).await?;
        (object["status"]["memberCount"] == 1).then_some(())
    })
    .await;
    let before = client.get(&path).await.expect(200);
    let patch = |operations: Value| json!({ "Operations": operations }).to_string();
    let on = |op: &str, value: Value| patch(json!([{ "op": op, "path": "members", "value": value }]));
    let remove = |path: &str| patch(json!([{ "op": "remove", "path": path }]));
    let ids = |count: usize| (0..count).map(|number| json!({ "value": format!("u{number}") })).collect::<Value>();
    let many: Value = (0..10_001)
        .map(|number| json!({ "op": "remove", "path": format!("members[value eq \"u{number}\"]") }))
        .collect();
    let both = json!([{ "op": "replace", "path": "displayName", "value": "Red" }, { "op": "add", "path": "members", "value": [7] }]);
    let put = |body: Value| body.to_string();
    let invalid = Some("invalidValue");
    let cases: Vec<Case<'_>> = vec![
        ("no name", "POST", "/Groups", "{}".to_owned(), 400, invalid, "displayName"),
        ("an empty name", "POST", "/Groups", put(json!({ "displayName": "" })), 400, invalid, "displayName"),
        ("a number as the name", "POST", "/Groups", put(json!({ "displayName": 7 })), 400, invalid, "displayName"),
        ("a line break", "POST", "/Groups", put(json!({ "displayName": "a\nb" })), 400, invalid, "control"),
        ("too long", "POST", "/Groups", put(json!({ "displayName": "x".repeat(1_025) })), 400, invalid, "1024"),
        (
            "long in small letters",
            "POST",
            "/Groups",
            put(json!({ "displayName": "\u{1d160}".repeat(1_024) })),
            400,
            invalid,
            "too long",
        ),
        (
            "members that are none",
            "POST",
            "/Groups",
            put(json!({ "displayName": "X", "members": [7] })),
            400,
            invalid,
            "id",
        ),
        ("a name for a PUT", "PUT", &path, put(json!({ "externalId": "e" })), 400, invalid, "displayName"),
        ("the name removed", "PATCH", &path, remove("displayName"), 400, Some("mutability"), "displayName"),
        ("a number", "PATCH", &path, on("add", json!([7])), 400, invalid, "a number"),
        ("an object without a value", "PATCH", &path, on("Remove", json!([{ "display": "A" }])), 400, invalid, "value"),
        ("an empty text", "PATCH", &path, on("replace", json!("")), 400, invalid, "empty text"),
        (
            "a selector of what members do not show",
            "PATCH",
            &path,
            remove("members[not (display eq \"A\")]"),
            400,
            Some("invalidPath"),
            "value eq",
        ),
        ("null removed", "PATCH", &path, on("remove", Value::Null), 400, invalid, "null"),
        ("a name of a member", "PATCH", &path, remove("members.display"), 400, Some("invalidPath"), "remove"),
        ("a part of a member", "PATCH", &path, remove("members.type"), 400, Some("mutability"), "remove"),
        ("an attribute beside", "PATCH", &path, patch(both), 400, invalid, "a number"),
        ("10,001 members", "PATCH", &path, on("add", ids(10_001)), 413, None, "10000"),
        ("10,001 operations", "PATCH", &path, patch(many), 413, None, "10000"),
        (
            "10,001 of a PUT",
            "PUT",
            &path,
            put(json!({ "displayName": "X", "members": ids(10_001) })),
            413,
            None,
            "10000",
        ),
    ];
    check(&client, cases).await;
    assert_eq!(client.get(&path).await.expect(200), before);
    let objects = directory.list("directorygroups").await.len();
    assert_eq!((objects, stored(&directory).await), (1, 3), "a user, a group and their claims");
    nothing_broke(&directory, &client, 0).await;
}
