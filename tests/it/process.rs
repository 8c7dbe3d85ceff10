//! The process: flags, probes, metrics, the log, TLS.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::directory::sha256;
use crate::support::{Directory, Operator, until};

#[tokio::test(flavor = "multi_thread")]
async fn probes_metrics_and_request_ids_tell_what_goes_on() {
    let directory = Directory::new().await;
    let operator = Operator::start(&[]).await;
    let client = directory.client(&operator).await;
    assert_eq!(operator.admin("/livez").await.0, 200);
    assert_eq!(operator.admin("/readyz").await.0, 200);
    let answer = client.send("GET", "/Users", &[("x-request-id", "check-4711")], None).await;
    assert_eq!(answer.header("x-request-id"), "check-4711");
    assert!(!client.get("/Users").await.header("x-request-id").is_empty(), "a request without an id is given one");
    until("the log to tell the request", || async { operator.log().contains("check-4711").then_some(()) }).await;
    client.post("/Users", &json!({ "userName": "alice" })).await.expect(201);
    client.authorized("Bearer wrong").get("/Users").await.expect_error(401, None);
    client.get("/Nothing").await.expect_error(404, None);
    let metrics = operator.metrics().await;
    let staff = format!("namespace=\"{}\",directory=\"staff\"", directory.namespace);
    let people = format!("rollcall_visible_users{{{staff}}}");
    let requests = |method: &str, route: &str, status: u16| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        format!("rollcall_http_requests_total{{{labels},{staff}}}")
    };
    for (name, value) in [
        (requests("GET", "Users", 200).as_str(), Some("2")),
        (requests("POST", "Users", 201).as_str(), Some("1")),
        (requests("GET", "Users", 401).as_str(), Some("1")),
        (requests("GET", "none", 404).as_str(), Some("1")),
        ("rollcall_http_request_duration_seconds_count{method=\"GET\",route=\"Users\"}", Some("3")),
        (&format!("rollcall_authentication_failures_total{{reason=\"unknown_key\",{staff}}}"), Some("1")),
        ("rollcall_ready", Some("1")),
        (&people, Some("1")),
        ("rollcall_watch_age_seconds{kind=\"directoryusers\"}", None),
        ("rollcall_connections{listener=\"public\"}", None),
    ] {
        let given = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        assert!(given.is_some() && (value.is_none() || given == value), "{name} is not {value:?}: {metrics}");
    }
}

/// The line of the request with this id.
async fn line(operator: &Operator, id: &str) -> Value {
    until(&format!("the log to tell of {id}"), async || {
        let log = operator.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.find(|line| line["message"] == "request" && line["span"]["request_id"] == id)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_who_asked_for_whom_and_why_it_was_refused() {
    let directory = Directory::new().await;
    directory.apply_key("old", json!({ "sha256": sha256("old"), "revoked": true })).await;
    let operator = Operator::start(&["--trusted-proxies", "127.0.0.0/8"]).await;
    let client = directory.client(&operator).await;
    let alice = json!({ "userName": "alice@personal.example", "title": "x".repeat(20_000) });
    let (old, wrong) = (client.authorized("Bearer old"), client.authorized("Bearer wrong"));
    let id = client.create(&json!({ "userName": "alice@personal.example" })).await;
    let one = format!("/Users/{id}");
    let (key, id, detail) = (json!("key"), json!(id), json!("the credentials do not open this directory"));
    for (request_id, client, method, path, body, expected) in [
        ("why-read", &client, "GET", one.as_str(), None, [&json!(200), &key, &id, &Value::Null, &Value::Null]),
        (
            "why-taken",
            &client,
            "POST",
            "/Users",
            Some(json!({ "userName": "ALICE@personal.example" })),
            [&json!(409), &key, &Value::Null, &json!("uniqueness"), &Value::Null],
        ),
        ("why-long", &client, "PUT", &one, Some(alice), [&json!(400), &key, &id, &json!("invalidValue"), &Value::Null]),
        (
            "why-old",
            &old,
            "GET",
            &one,
            None,
            [&json!(401), &json!("old"), &Value::Null, &Value::Null, &json!("revoked")],
        ),
        (
            "why-wrong",
            &wrong,
            "GET",
            &one,
            None,
            [&json!(401), &Value::Null, &Value::Null, &Value::Null, &json!("unknown_key")],
        ),
    ] {
        let headers = [("x-request-id", request_id), ("x-forwarded-for", "203.0.113.9, 198.51.100.7")];
        client.send(method, path, &headers, body.map(|body| body.to_string())).await;
        let line = line(&operator, request_id).await;
        let span = &line["span"];
        let told = [&line["status"], &span["key"], &span["resource"], &line["scimType"], &line["reason"]];
        assert_eq!(told, expected, "{line}");
        assert_eq!((&span["client"], &span["method"]), (&json!("198.51.100.7"), &json!(method)), "{line}");
        assert!(line["duration_us"].is_u64() && (line["status"] != 401 || line["detail"] == detail), "{line}");
    }
    assert!(!operator.log().contains("personal.example"), "a value of a person in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_flag_is_one_clear_line() {
    for (arguments, word) in [
        (vec!["run", "--listen", "nowhere"], "--listen"),
        (vec!["run", "--trusted-proxies", "everybody"], "--trusted-proxies"),
        (vec!["run", "--public-url", "not a url"], "--public-url"),
        (vec!["run", "--tls-cert", "/nowhere.pem"], "--tls-key"),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(&arguments)
            .env("RUST_BACKTRACE", "1")
            .output()
            .await
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(word) && text.lines().count() == 1, "{arguments:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_people_can_act_on_comes_without_a_backtrace() {
    for (arguments, lines, word) in [
        // Once there is a log, the last word is in it.
        (
            vec!["run", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--kubeconfig", "/nowhere"],
            1,
            "/nowhere",
        ),
        (vec!["crds", "--output", "/dev/null/crds"], 2, "because: "),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(&arguments)
            .env("RUST_BACKTRACE", "1")
            .kill_on_drop(true)
            .output()
            .await
            .expect("it runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains(word) && text.lines().count() == lines, "{arguments:?}: {text}");
    }
}

/// A new certificate for loopback and its key, in the two files of the flags.
fn write_pair(folder: &Path) -> reqwest::Certificate {
    let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("tls.crt"), pair.cert.pem()).expect("a file");
    std::fs::write(folder.join("tls.key"), pair.signing_key.serialize_pem()).expect("a file");
    reqwest::Certificate::from_pem(pair.cert.pem().as_bytes()).expect("a certificate")
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_served_with_the_files_as_they_are_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut trusted = write_pair(folder.path());
    let (cert, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let flags = ["--tls-cert", &cert.display().to_string(), "--tls-key", &key.display().to_string()].map(str::to_owned);
    let operator = Operator::start(&flags.each_ref().map(String::as_str)).await;
    let url = format!("{}/scim/v2/nobody/staff/Users", operator.public_url.replace("http:", "https:"));
    for turn in ["at the start", "after the files have changed"] {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().expect("a client");
        until(&format!("an answer over TLS {turn}"), async || {
            let answer = client.get(&url).send().await.ok()?;
            (answer.status() == 401).then_some(())
        })
        .await;
        trusted = write_pair(folder.path());
    }
}
