use axum::response::IntoResponse as _;
use http::StatusCode;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::Notify;

use super::*;

const REQUEST: &[u8] = b"GET /Users HTTP/1.1\r\nHost: x\r\n\r\n";

async fn ok(_: Request<Incoming>) -> Answer {
    "{}".into_response()
}

/// Everything that the server says until it closes.
async fn rest(client: &mut DuplexStream) -> String {
    let mut bytes = Vec::new();
    timeout(Duration::from_secs(5), client.read_to_end(&mut bytes)).await.expect("in time").expect("an answer");
    String::from_utf8(bytes).expect("text")
}

/// One answer of a connection that stays open.
async fn one(client: &mut DuplexStream) -> String {
    let mut bytes = vec![0; 64 * 1024];
    let length = timeout(Duration::from_secs(5), client.read(&mut bytes)).await.expect("in time").expect("an answer");
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn what_is_no_request_gets_a_bare_status_at_any_place_of_a_connection() {
    let head = "GET / HTTP/1.1\r\nHost: x\r\n";
    let long = "x".repeat(2 * MAX_BUFFER);
    let many: String = (0..=MAX_HEADERS).map(|number| format!("x-{number}: 1\r\n")).collect();
    for (name, request, status) in [
        ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), "400"),
        ("two lengths", format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), "400"),
        ("a flood of headers", format!("{head}{many}\r\n"), "431"),
        ("a huge header", format!("{head}x: {long}\r\n\r\n"), "431"),
        ("a huge URL", format!("GET /{long} HTTP/1.1\r\n\r\n"), "431"),
    ] {
        for good_ones in 0..2 {
            // The wire is narrow: what is not read, the client cannot send.
            let (mut client, server) = duplex(16 * 1024);
            let stop = CancellationToken::new();
            let serving = serve(server, ok, || false, &stop, Bounds::default());
            let ((), answer) = tokio::join!(serving, async {
                for _ in 0..good_ones {
                    client.write_all(REQUEST).await.expect("sent");
                    assert!(one(&mut client).await.starts_with("HTTP/1.1 200 "));
                }
                let (mut reader, mut writer) = tokio::io::split(&mut client);
                let mut answer = Vec::new();
                let write = async { drop(writer.write_all(request.as_bytes()).await) };
                let read = async { drop(reader.read_to_end(&mut answer).await) };
                tokio::join!(write, read);
                drop(client);
                String::from_utf8(answer).expect("text")
            });
            let name = format!("{name} after {good_ones} good ones");
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
            assert!(answer.ends_with("\r\n\r\n"), "{name} has a body: {answer}");
        }
    }
}

/// Times so long that only the one that a test sets may end a connection within it.
fn bounds(set: impl FnOnce(&mut Bounds)) -> Bounds {
    let long = Duration::from_secs(3600);
    let times = ConnectionTimes { first_byte: long, head: long, request: long, idle: long };
    let mut bounds = Bounds { times, linger: long, linger_bytes: usize::MAX };
    set(&mut bounds);
    bounds
}

/// Serves what the client has sent, and nothing more, until the connection ends. Returns the client and how long that took.
async fn until_it_ends(sent: &[u8], wire: usize, bounds: Bounds) -> (DuplexStream, Duration) {
    let (mut client, server) = duplex(wire);
    client.write_all(sent).await.expect("sent");
    let large = |_| async { vec![b' '; LARGE].into_response() };
    let (stop, begun) = (CancellationToken::new(), Instant::now());
    let serving = serve(server, large, || false, &stop, bounds);
    timeout(Duration::from_secs(5), serving).await.expect("the connection ends");
    (client, begun.elapsed())
}

/// The body of a large answer.
const LARGE: usize = 64 * 1024;

#[tokio::test]
async fn each_phase_ends_a_connection_in_its_time_and_not_before() {
    let soon = Duration::from_millis(20);
    let (narrow, wide) = (1024, 1024 * 1024);
    // What was said before the end: nothing, the wire's fill of an answer, or all of it.
    for (name, sent, wire, bounds, said) in [
        ("a silent one", &b""[..], wide, bounds(|bounds| bounds.times.first_byte = soon), 0..1),
        ("half a head", b"GET / HT", wide, bounds(|bounds| bounds.times.head = soon), 0..1),
        ("a slow reader", REQUEST, narrow, bounds(|bounds| bounds.times.request = soon), 1..narrow + 1),
        ("an idle one", REQUEST, wide, bounds(|bounds| bounds.times.idle = soon), LARGE..2 * LARGE),
    ] {
        let (mut client, took) = until_it_ends(sent, wire, bounds).await;
        let read = rest(&mut client).await.len();
        assert!(said.contains(&read), "{name}: {read}");
        assert!(took >= soon, "{name}: cut after {took:?}");
    }
}

#[tokio::test]
async fn a_refused_client_is_read_from_for_a_while_and_no_longer() {
    let soon = Duration::from_millis(20);
    let (mut client, took) = until_it_ends(b"no HTTP\r\n\r\n", 1024, bounds(|bounds| bounds.linger = soon)).await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 400 ") && took >= soon, "read from for {took:?}");

    let most = 64 * 1024;
    let (mut client, server) = duplex(1024);
    let serving = async move {
        let bounds = bounds(|bounds| bounds.linger_bytes = most);
        serve(server, ok, || false, &CancellationToken::new(), bounds).await;
    };
    let flood = async {
        let mut sent = 0;
        while let Ok(length) = client.write(b"no HTTP\r\n\r\n").await {
            sent += length;
        }
        sent
    };
    let ((), sent) = tokio::join!(serving, flood);
    assert!((most..2 * most).contains(&sent), "{sent}");
}

#[tokio::test]
async fn a_connection_serves_until_it_is_asked_to_stop() {
    let (mut client, server) = duplex(64 * 1024);
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let serving = tokio::spawn(async move { serve(server, ok, || false, &asked, Bounds::default()).await });
    for _ in 0..2 {
        client.write_all(REQUEST).await.expect("sent");
        let answer = one(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && !answer.contains("close"), "{answer}");
    }
    stop.cancel();
    assert_eq!(rest(&mut client).await, "", "an idle connection ends at once");
    drop(client);
    serving.await.expect("it ended");
}

#[tokio::test]
async fn a_request_that_is_being_served_is_finished_first() {
    let (mut client, server) = duplex(64 * 1024);
    let stop = CancellationToken::new();
    let (asked, begun, go) = (stop.clone(), std::sync::Arc::new(Notify::new()), std::sync::Arc::new(Notify::new()));
    let (began, gone) = (begun.clone(), go.clone());
    let handler = move |_| {
        let (begun, go) = (began.clone(), gone.clone());
        async move {
            begun.notify_one();
            go.notified().await;
            StatusCode::NO_CONTENT.into_response()
        }
    };
    let serving = tokio::spawn(async move { serve(server, handler, || false, &asked, Bounds::default()).await });
    client.write_all(REQUEST).await.expect("sent");
    begun.notified().await;
    stop.cancel();
    go.notify_one();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 204"));
    drop(client);
    serving.await.expect("it ended");
}

#[tokio::test]
async fn when_connections_are_scarce_an_answer_is_the_last() {
    let (mut client, server) = duplex(64 * 1024);
    let serving =
        tokio::spawn(async move { serve(server, ok, || true, &CancellationToken::new(), Bounds::default()).await });
    client.write_all(REQUEST).await.expect("sent");
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("connection: close"), "{answer}");
    drop(client);
    serving.await.expect("it ended");
}
