//! What ends early: the process while it serves, and a client while it speaks.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::wait::DEADLINE;
use crate::support::{Client, Directory, Operator, until};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_makes_it_unready_and_then_ends_it() {
    let mut operator = Operator::start(&[]).await;
    operator.terminate();
    until("the readiness to fail while it still serves", || async {
        (operator.admin("/readyz").await.0 == 503).then_some(())
    })
    .await;
    let status = operator.ended().await;
    assert!(status.success(), "{status}: {}", operator.log());
}

fn host(client: &Client) -> &str {
    client.base.split('/').nth(2).expect("a host")
}

/// The head of a POST of a user with a body of this length.
fn head(directory: &Directory, client: &Client, length: usize) -> String {
    let path = client.base.splitn(4, '/').nth(3).expect("a path");
    format!(
        "POST /{path}/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {length}\r\n",
        directory.secret
    )
}

/// Reads until the text ends like this.
async fn read_until(socket: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let byte = socket.read_u8().await.unwrap_or_else(|error| panic!("{error} behind {text:?}"));
        text.push(byte.into());
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_lets_a_request_in_flight_finish() {
    let directory = Directory::new().await;
    let mut operator = Operator::start(&[]).await;
    let client = directory.client(&operator).await;
    let body = json!({ "userName": "alice" }).to_string();
    let mut socket = TcpStream::connect(host(&client)).await.expect("a connection");
    let head = head(&directory, &client, body.len());
    socket.write_all(format!("{head}Expect: 100-continue\r\n\r\n").as_bytes()).await.expect("it reads");
    // It asks for the body once it has taken the request on.
    let asked = read_until(&mut socket, "\r\n\r\n").await;
    assert!(asked.starts_with("HTTP/1.1 100 "), "{asked}");
    let (first, rest) = body.split_at(5);
    socket.write_all(first.as_bytes()).await.expect("it reads");

    operator.terminate();
    let address = host(&client).to_owned();
    until("new connections to be refused", async || TcpStream::connect(&address).await.err()).await;
    socket.write_all(rest.as_bytes()).await.expect("it still reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("an answer, and then the end of the connection");
    assert!(answer.starts_with("HTTP/1.1 201 ") && answer.contains("\"alice\""), "{answer}");
    let status = operator.ended().await;
    assert!(status.success(), "{status}: {}", operator.log());
    assert_eq!(directory.list("directoryusers").await.len(), 1, "what was acknowledged is stored");
}

fn names(list: &[Value]) -> Vec<&str> {
    let mut names: Vec<_> = list.iter().map(|user| user["userName"].as_str().expect("a userName")).collect();
    names.sort_unstable();
    names
}

/// The users of the list once it agrees with what is stored: each has an object and owns its name, and nothing is left
/// over.
async fn settled(directory: &Directory, client: &Client) -> Vec<Value> {
    until("list, objects and claims to agree", async || {
        let list = client.get("/Users?count=200").await.expect(200);
        let list = list["Resources"].as_array().cloned().unwrap_or_default();
        let (users, claims) = (directory.list("directoryusers").await, directory.list("directoryclaims").await);
        let is_whole = |user: &Value| {
            users.iter().any(|object| object["metadata"]["name"] == user["id"])
                && claims.iter().filter(|claim| claim["spec"]["holder"] == user["id"]).count() == 1
        };
        let agree = list.len() == users.len() && users.len() == claims.len() && list.iter().all(is_whole);
        agree.then_some(list)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_a_whole_user_or_none() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    let (mut cut_short, mut complete) = (Vec::new(), Vec::new());
    for number in 0..80 {
        let name = format!("user-{number:02}");
        let body = json!({ "userName": name, "displayName": "x".repeat(200) }).to_string();
        let request = format!("{}\r\n{body}", head(&directory, &client, body.len()));
        // Every other one says all that it has to say, and waits for the answer a little: some go before the first call
        // to the API server, some between two of them.
        let sent = if number % 2 == 0 { request.len() } else { request.len() - number * 3 };
        // The last of them waits for its answer, so that there is somebody to look at below.
        let patience = if number == 78 { DEADLINE } else { Duration::from_millis(number as u64) };
        let mut socket = TcpStream::connect(host(&client)).await.expect("a connection");
        socket.write_all(&request.as_bytes()[..sent]).await.expect("it reads");
        if number % 2 == 0 {
            drop(timeout(patience, socket.read_u8()).await);
        }
        drop(socket);
        if number % 2 == 0 { complete.push(name) } else { cut_short.push(name) }
    }
    let list = settled(&directory, &client).await;
    assert!(names(&list).contains(&"user-78"), "who waits for the answer is there");
    for name in names(&list) {
        assert!(complete.iter().any(|sent| sent == name), "{name} was never sent whole");
    }
    // No name is lost: it is taken by a whole user, or free.
    for name in cut_short.iter().chain(&complete) {
        let status = client.post("/Users", &json!({ "userName": name })).await.status;
        let may_be = if cut_short.contains(name) { &[201][..] } else { &[201, 409] };
        assert!(may_be.contains(&status), "{name}: {status}");
    }
    let list = settled(&directory, &client).await;
    let mut expected: Vec<_> = cut_short.iter().chain(&complete).map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(names(&list), expected);
}
