use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::store::notices::Notices;

/// Answers each request with the next of these; an empty one never, and behind the last nobody answers either.
async fn receiver(answers: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                drop(stream.read(&mut bytes).await);
                match answers.get(number).filter(|status| !status.is_empty()) {
                    Some(status) => {
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        drop(stream.write_all(answer.as_bytes()).await);
                    }
                    None => std::future::pending().await,
                }
            });
        }
    });
    (url, asked)
}

fn patience() -> Patience {
    Patience { attempts: 3, first_pause: Duration::from_millis(1), deadline: Duration::from_millis(100) }
}

#[tokio::test]
async fn a_notice_is_sent_until_it_is_taken_or_the_attempts_are_used_up() {
    for (name, answers, is_delivered, requests) in [
        ("taken", &["200 OK"][..], true, 1),
        ("taken at last", &["503 Busy", "500 Broken", "204 No Content"], true, 3),
        ("it hangs, and takes the next attempt", &["", "200 OK"], true, 2),
        ("it hangs for ever", &[], false, 3),
        ("broken for ever", &["500 x", "500 x", "500 x", "200 OK"], false, 3),
        ("not wanted", &["400 Bad Request", "200 OK"], false, 1),
        ("moved", &["302 Found", "200 OK"], false, 1),
    ] {
        let (url, asked) = receiver(answers).await;
        let webhook =
            Webhook::new(url.parse().expect("a URL"), None, patience(), Metrics::default()).expect("a receiver");
        assert_eq!(webhook.deliver(&Notice::alarm("LoginNotReady")).await, is_delivered, "{name}");
        assert_eq!(asked.load(Ordering::SeqCst), requests, "{name}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_given_up_and_the_next_notice_is_tried() {
    let metrics = Metrics::default();
    let webhook =
        Webhook::new(Uri::from_static("http://127.0.0.1:1/"), None, patience(), metrics.clone()).expect("a receiver");
    let notices = Notices::default();
    let receiver = notices.listen().expect("the first listener");
    notices.tell(|| Notice::alarm("one"));
    notices.tell(|| Notice::alarm("two"));
    drop(notices);
    webhook.run(receiver).await;
    assert!(metrics.text().contains("rollcall_webhook_notices_total{result=\"given_up\"} 2"), "{}", metrics.text());
}

#[test]
fn pauses_grow_and_have_a_bound() {
    let seconds = |attempt, chance| pause(FIRST_PAUSE, attempt, chance).as_secs_f64();
    for (attempt, chance, expected) in
        [(1, 0.0, 1.0), (1, 1.0, 1.5), (2, 0.0, 2.0), (5, 0.0, 16.0), (6, 0.0, 30.0), (60, 1.0, 45.0)]
    {
        assert!((seconds(attempt, chance) - expected).abs() < 1e-9, "{attempt} {chance}");
    }
}
