//! The webhook of a running operator: what its receiver gets, and that a receiver which hangs harms nobody.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Client, Directory, Operator, until};

/// One request: its head and its body.
type Received = (String, Value);

/// A receiver that refuses its first request and takes the others, or that answers nobody.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    async fn start(hangs: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&requests), hangs));
            }
        });
        Self { url, received }
    }
}

async fn serve(stream: TcpStream, received: Arc<Mutex<Vec<Received>>>, hangs: bool) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        stream.read_exact(&mut body).await.expect("a body");
        let is_first = {
            let mut received = received.lock();
            received.push((head, serde_json::from_slice(&body).expect("JSON")));
            received.len() == 1
        };
        if hangs {
            return std::future::pending().await;
        }
        let status = if is_first { "503 Busy" } else { "204 No Content" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.expect("an answer");
    }
}

/// A Directory that refuses whoever has no nickName, and its client.
async fn strict(operator: &Operator) -> (Directory, Client) {
    let directory = Directory::with_spec(json!({ "users": { "requiredAttributes": ["nickName"] } })).await;
    let scim = directory.client(operator).await;
    (directory, scim)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_is_sent_signed_and_again_until_it_is_taken() {
    let receiver = Receiver::start(false).await;
    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("written");
    let secret = secret.path().display().to_string();
    let operator = Operator::start(&["--webhook-url", &receiver.url, "--webhook-secret-file", &secret]).await;
    let (directory, scim) = strict(&operator).await;
    let refused = scim.post("/Users", &json!({ "userName": "planted@contoso.example", "active": true })).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let received = until("both attempts", async || {
        let received = receiver.received.lock().clone();
        (received.len() == 2).then_some(received)
    })
    .await;
    let [(head, event), (again, same)] = received.as_slice() else { panic!("two requests") };
    assert_eq!(event, same, "one notice, with one id");
    assert_eq!((&event["specversion"], &event["type"]), (&json!("1.0"), &json!("dev.rollcall.operation.refused")));
    let data = &event["data"];
    assert_eq!((&data["namespace"], &data["directory"]), (&json!(directory.namespace), &json!("staff")), "{event}");
    assert_eq!((&data["reason"], &data["key"]), (&json!("invalidValue"), &json!("key")), "{event}");
    assert_eq!(data["request"]["id"].as_str(), Some(refused.header("x-request-id")), "{event}");
    assert!(!event.to_string().contains("planted"), "nobody is named: {event}");
    assert!(head.contains("content-type: application/cloudevents+json"), "{head}");
    let header = |head: &str, name: &str| {
        head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned)).expect("a header")
    };
    assert_eq!(header(head, "webhook-id"), header(again, "webhook-id"));
    assert!(header(head, "webhook-signature").starts_with("v1,"), "{head}");
    until("the delivery is counted", async || {
        operator.metrics().await.contains("rollcall_webhook_notices_total{result=\"delivered\"} 1").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_harms_nobody_and_what_is_dropped_is_counted() {
    let receiver = Receiver::start(true).await;
    let operator = Operator::start(&["--webhook-url", &receiver.url]).await;
    let (_, scim) = strict(&operator).await;
    let started = Instant::now();
    for number in 0..1_010 {
        let person = json!({ "userName": format!("p{number}@contoso.example"), "active": true });
        assert_eq!(scim.post("/Users", &person).await.status, 400);
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    until("dropped notices are counted", async || {
        operator.metrics().await.contains("rollcall_webhook_notices_total{result=\"dropped\"}").then_some(())
    })
    .await;
    let good = json!({ "userName": "ada@contoso.example", "nickName": "ada", "active": true });
    assert_eq!(scim.post("/Users", &good).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_used_stops_the_start_with_its_flag() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "secret").expect("written");
    let file = file.path().display().to_string();
    for (flags, words) in [
        (&["--webhook-url", "receiver"][..], "--webhook-url"),
        (&["--webhook-secret-file", &file], "--webhook-secret-file: needs --webhook-url"),
        (&["--webhook-url", "https://x.example/", "--webhook-secret-file", &file], "holds no secret"),
    ] {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.arg("run").args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).args(flags);
        let output = command.kill_on_drop(true).output().await.expect("the operator starts");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        assert!(!output.status.success() && text.contains(words), "{words}: {text}");
    }
}
