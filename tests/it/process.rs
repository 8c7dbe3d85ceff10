//! The process: flags, probes, metrics, the log, TLS.

use std::path::Path;

use serde_json::json;

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
    let people = format!("rollcall_visible_users{{namespace=\"{}\",directory=\"staff\"}}", directory.namespace);
    for (name, value) in [
        ("rollcall_http_requests_total{method=\"GET\",route=\"Users\",status=\"200\"}", Some("2")),
        ("rollcall_http_requests_total{method=\"POST\",route=\"Users\",status=\"201\"}", Some("1")),
        ("rollcall_http_requests_total{method=\"GET\",route=\"Users\",status=\"401\"}", Some("1")),
        ("rollcall_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}", Some("1")),
        ("rollcall_http_request_duration_seconds_count{method=\"GET\",route=\"Users\"}", Some("3")),
        ("rollcall_authentication_failures_total{reason=\"unknown_key\"}", Some("1")),
        (&people, Some("1")),
        ("rollcall_watch_age_seconds{kind=\"directoryusers\"}", None),
        ("rollcall_connections{listener=\"public\"}", None),
    ] {
        let given = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        assert!(given.is_some() && (value.is_none() || given == value), "{name} is not {value:?}: {metrics}");
    }
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
