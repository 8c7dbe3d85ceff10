//! The door on an edge: where requests lead, and what log and metrics tell of them.

use std::io;

use axum::body::Body;
use axum::extract::Request;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tracing_subscriber::EnvFilter;

use super::*;
use crate::config::LogFormat;
use crate::http::edge::Edge;
use crate::http::edge::address::{Addressing, Ends};
use crate::http::keys::Keys;
use crate::http::side_by_side;
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer};
use crate::telemetry;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The door of the Directory `staff` in the namespace `acme`, whose key `entra` has the secret `good`.
struct Front {
    edge: Edge,
    metrics: Metrics,
    log: Log,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Front {
    fn new(meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let (memory, metrics, log) = (Memory::default(), Metrics::default(), Log::default());
        let put = |kind, name: &str, spec: Value| {
            let metadata = json!({ "name": name, "namespace": "acme" });
            memory.put(kind, &json!({ "metadata": metadata, "spec": spec }));
        };
        let key = |secret: &str, directory: &str, revoked: bool| {
            let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(secret));
            json!({ "directoryRef": { "name": directory }, "sha256": sha256, "revoked": revoked })
        };
        let user_types = json!({ "allowed": ["Premium"], "onInvalid": "Reject" });
        put(Kind::DIRECTORY, "staff", json!({ "users": { "userTypes": user_types } }));
        put(Kind::KEY, "entra", key("good", "staff", false));
        put(Kind::KEY, "old", key("revoked", "staff", true));
        put(Kind::KEY, "orphan", key("orphan", "gone", false));
        let store = memory.store(meddle);
        memory.fill(&store);
        let readiness = ReplicaReadiness::default();
        readiness.set_schema_problem(None);
        let keys = Keys::new(store.clone(), metrics.clone());
        let scim = Scim::new(store, keys, metrics.clone(), readiness);
        let trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        let addressing = Addressing { public_url: Some("https://example.com/rollcall".to_owned()), trusted_proxies };
        let edge = Edge::new(side_by_side([scim.door()]), addressing, metrics.clone(), false);
        let writer = log.clone();
        let (subscriber, _) =
            telemetry::subscriber(LogFormat::Json, EnvFilter::new("info"), move || writer.clone(), None, None);
        Self { edge, metrics, log, _subscriber: tracing::subscriber::set_default(subscriber) }
    }

    /// The answer to a request that comes through a proxy.
    async fn ask(&self, method: &str, path: &str, secret: &str, body: &str) -> Answer {
        let ends = Ends {
            peer: "10.0.0.1:1".parse().expect("an address"),
            local: "10.0.0.2:2".parse().expect("an address"),
            tls: false,
        };
        let request = Request::builder().method(method).uri(path).header("host", "x");
        let request =
            request.header("authorization", format!("Bearer {secret}")).header("x-forwarded-for", "192.0.2.7");
        self.edge.answer(ends, request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// The line of the last request.
    fn line(&self) -> Value {
        let log = String::from_utf8(self.log.0.lock().clone()).expect("text");
        let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.rfind(|line| line["message"] == "request").expect("a line")
    }
}

#[tokio::test]
async fn paths_find_their_endpoints_in_every_spelling() {
    let front = Front::new(|_| None);
    for (path, status, route) in [
        ("/scim/v2/acme/staff/Users", 200, "Users"),
        ("/scim/v2/acme/staff/Users/", 200, "Users"),
        ("//scim/v2//acme/staff//Users?aadOptscim062020", 200, "Users"),
        ("/rollcall/scim/v2/acme/staff/Users", 200, "Users"),
        ("/scim/v2/acme/staff/%55sers", 200, "Users"),
        ("/scim/v2/acme/staff/Users/alice-1", 404, "Users/{id}"),
        ("/scim/v2/acme/staff/Users/a%2Fb", 404, "Users/{id}"),
        ("/scim/v2/acme/staff/Users/%ff", 404, "Users/{id}"),
        ("/scim/v2/acme/staff/Users/.search", 405, "Users/.search"),
        ("/scim/v2/acme/staff/.search", 405, ".search"),
        ("/scim/v2/acme/staff/Groups/x", 404, "Groups/{id}"),
        ("/scim/v2/acme/staff/Schemas/urn%3aietf:params:scim:schemas:core:2.0:User", 200, "Schemas/{urn}"),
        ("/scim/v2/acme/staff/ResourceTypes/User", 200, "ResourceTypes/{name}"),
        ("/scim/v2/acme/staff/ServiceProviderConfig", 200, "ServiceProviderConfig"),
        ("/scim/v2/acme/staff/Bulk", 405, "Bulk"),
        ("/scim/v2/acme/staff/Me", 501, "Me"),
        ("/scim/v2/acme/staff", 404, "none"),
        ("/scim/v2/acme/staff/Nothing", 404, "none"),
        ("/scim/v2/acme/staff/users", 404, "none"),
        ("/scim/v2/acme/staff/Users/x/y", 404, "none"),
        ("/scim/v2/acme", 404, "none"),
        ("/other/scim/v2/acme/staff/Users", 404, "none"),
        ("/", 404, "none"),
        ("*", 404, "none"),
    ] {
        let answer = front.ask("GET", path, "good", "").await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/scim+json", "{path}");
        assert_eq!(front.line()["span"]["route"], route, "{path}");
        // Whoever has no key learns nothing of a Directory, whatever is there.
        let answer = front.ask("GET", path, "wrong", "").await;
        assert_eq!(answer.status() == 401, path.contains("acme/staff") && !path.starts_with("/other"), "{path}");
    }
}

#[tokio::test]
async fn a_path_names_the_methods_that_it_takes() {
    let front = Front::new(|_| None);
    for (method, path, allow) in [
        ("PUT", "Users", "GET, HEAD, POST"),
        ("BREW", "Users", "GET, HEAD, POST"),
        ("OPTIONS", "Groups", "GET, HEAD, POST"),
        ("POST", "Users/x", "GET, HEAD, PUT, PATCH, DELETE"),
        ("HEAD", "Users/.search", "POST"),
        ("DELETE", "Schemas", "GET, HEAD"),
        ("TRACE", "Me", "GET, HEAD, POST, PUT, PATCH, DELETE"),
    ] {
        let path = format!("/scim/v2/acme/staff/{path}");
        let answer = front.ask(method, &path, "good", "").await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["allow"]),
            (405, &allow.parse().expect("a value")),
            "{path}"
        );
        let body = answer::bytes(answer);
        let says = String::from_utf8_lossy(&body).into_owned();
        assert!(method == "HEAD" || says.contains(&format!("this endpoint takes {allow}")), "{method} {path}: {says}");
        assert_eq!(front.ask(method, &path, "wrong", "").await.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_says_nothing_of_its_length() {
    let front = Front::new(|_| None);
    let created = front.ask("POST", "/scim/v2/acme/staff/Groups", "good", r#"{"displayName":"blue"}"#).await;
    let group: Value = serde_json::from_slice(&answer::bytes(created)).expect("JSON");
    let path = format!("/scim/v2/acme/staff/Groups/{}", group["id"].as_str().expect("an id"));
    let patch = r#"{"Operations":[{"op":"replace","path":"displayName","value":"red"}]}"#;
    for (method, body) in [("PATCH", patch), ("DELETE", "")] {
        let answer = front.ask(method, &path, "good", body).await;
        assert_eq!((answer.status().as_u16(), answer.headers().get("content-length")), (204, None), "{method}");
    }
}

#[tokio::test]
async fn the_line_of_a_request_says_who_whom_and_why() {
    let front = Front::new(|_| None);
    let (users, none) = ("/scim/v2/acme/staff/Users", Value::Null);
    let ada = r#"{"userName":"ada","userType":"Premium"}"#;
    let created = front.ask("POST", users, "good", ada).await;
    assert_eq!(created.status(), 201);
    let id = front.line()["span"]["resource"].as_str().expect("the id of what was made").to_owned();
    let one = format!("{users}/{id}");
    for (name, request, status, fields) in [
        ("a read", ("GET", one.as_str(), "good", ""), 200, [&json!("entra"), &json!(id), &none, &none, &none]),
        (
            "a refusal that quotes a value",
            ("POST", users, "good", r#"{"userName":"bob","userType":"\"s3cr3t\" or \\"}"#),
            400,
            [&json!("entra"), &none, &json!("invalidValue"), &json!("userType … is not allowed"), &none],
        ),
        (
            "a value that is taken",
            ("POST", users, "good", ada),
            409,
            [&json!("entra"), &none, &json!("uniqueness"), &json!("userName is taken"), &none],
        ),
        (
            "no such person",
            ("GET", &format!("{users}/nobody-1"), "good", ""),
            404,
            [&json!("entra"), &json!("nobody-1"), &none, &json!("no resource"), &none],
        ),
        (
            "what nobody can have as an id",
            ("GET", &format!("{users}/ada@s3cr3t"), "good", ""),
            404,
            [&json!("entra"), &none, &none, &json!("no resource"), &none],
        ),
        (
            "a body that is none",
            ("PUT", one.as_str(), "good", "["),
            400,
            [&json!("entra"), &json!(id), &json!("invalidSyntax"), &json!("The body is not JSON"), &none],
        ),
        (
            "a revoked key",
            ("GET", users, "revoked", ""),
            401,
            [&json!("old"), &none, &none, &json!("the credentials"), &json!("revoked")],
        ),
        (
            "a wrong key",
            ("GET", users, "s3cr3t", ""),
            401,
            [&none, &none, &none, &json!("the credentials"), &json!("unknown_key")],
        ),
        (
            "a key whose Directory is not there",
            ("GET", "/scim/v2/acme/gone/Users", "orphan", ""),
            503,
            [&json!("orphan"), &none, &none, &none, &json!("unknown_directory")],
        ),
    ] {
        let (method, path, secret, body) = request;
        assert_eq!(front.ask(method, path, secret, body).await.status(), status, "{name}");
        let line = front.line();
        let [key, resource, scim_type, detail, reason] = fields;
        let span = &line["span"];
        assert_eq!((&span["key"], &span["resource"]), (key, resource), "{name}: {line}");
        assert_eq!(
            (&line["status"], &line["scimType"], &line["reason"]),
            (&json!(status), scim_type, reason),
            "{name}: {line}"
        );
        let begins = detail.as_str().unwrap_or_default();
        assert!(line["detail"].as_str().unwrap_or_default().starts_with(begins), "{name}: {line}");
        assert_eq!(line["detail"].is_null(), detail.is_null(), "{name}: {line}");
        assert_eq!(
            (&span["client"], &span["namespace"], &span["method"]),
            (&json!("192.0.2.7"), &json!("acme"), &json!(method))
        );
        assert!(line["duration_us"].is_u64() && span["request_id"].is_string(), "{name}: {line}");
    }
    let log = String::from_utf8(front.log.0.lock().clone()).expect("text");
    assert!(!log.contains("s3cr3t"), "a value of somebody is in the log: {log}");
}

#[tokio::test]
async fn a_directory_that_is_there_is_a_label_and_no_other_name_is() {
    let front = Front::new(|_| None);
    for (path, secret) in
        [("/scim/v2/acme/staff/Users", "good"), ("/scim/v2/acme/made-up/Users", "good"), ("/x", "good")]
    {
        drop(front.ask("GET", path, secret, "").await);
    }
    drop(front.ask("GET", "/scim/v2/acme/staff/Users", "wrong", "").await);
    let (staff, none) = ("namespace=\"acme\",directory=\"staff\"", "namespace=\"\",directory=\"\"");
    let text = front.metrics.text();
    for line in [
        format!("rollcall_http_requests_total{{method=\"GET\",route=\"Users\",status=\"200\",{staff}}} 1"),
        format!("rollcall_http_requests_total{{method=\"GET\",route=\"Users\",status=\"401\",{staff}}} 1"),
        format!("rollcall_http_requests_total{{method=\"GET\",route=\"Users\",status=\"401\",{none}}} 1"),
        format!("rollcall_http_requests_total{{method=\"GET\",route=\"none\",status=\"404\",{none}}} 1"),
        format!("rollcall_authentication_failures_total{{reason=\"unknown_key\",{staff}}} 1"),
        format!("rollcall_authentication_failures_total{{reason=\"other_directory\",{none}}} 1"),
    ] {
        assert!(text.lines().any(|given| given == line), "{line}: {text}");
    }
    assert!(!text.contains("made-up"), "{text}");
}
