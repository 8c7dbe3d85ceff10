//! A real browser opens pages, follows names to loopback, and finds what keeps people from using a page.

use std::path::Path;
use std::time::Duration;

use control_plane::{Browser, Tour};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Serves one page to everybody, and returns its address.
async fn page() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            drop(stream.read(&mut head).await);
            let body = "<!DOCTYPE html><title>The application</title>";
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    address
}

#[tokio::test]
#[ignore = "downloads a browser; the lane of the doors runs it"]
async fn a_tour_sees_pages_as_people_do() {
    let browser = tokio::task::spawn_blocking(Browser::locate).await.expect("no panic");
    let browser = browser.unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a folder");
    let screenshot = folder.path().join("page.png");
    let address = page().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tour.mjs");
    let tour = Tour {
        script: &script,
        input: json!({ "screenshot": screenshot }),
        hosts: &[("app.contoso.example:80", &address)],
        deadline: Duration::from_secs(120),
    };
    let result = browser.run(tour).await.unwrap_or_else(|error| panic!("{error}"));
    let expected =
        json!({ "dark": true, "found": [], "mistakes": ["label"], "title": "The application", "width": 390 });
    assert_eq!(result, expected);
    let image = std::fs::read(&screenshot).expect("a screenshot");
    assert!(image.starts_with(b"\x89PNG") && image.len() > 1000, "{} bytes", image.len());
}

#[tokio::test]
#[ignore = "downloads a browser; the lane of the doors runs it"]
async fn a_tour_that_fails_says_why() {
    let browser = tokio::task::spawn_blocking(Browser::locate).await.expect("no panic");
    let browser = browser.unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("wrong.mjs");
    std::fs::write(&script, "export default async () => { throw new Error('the button is not there'); };")
        .expect("a file");
    let tour = Tour { script: &script, input: json!({}), hosts: &[], deadline: Duration::from_secs(120) };
    let error = browser.run(tour).await.expect_err("it fails").to_string();
    assert!(error.contains("the button is not there") && error.contains("wrong.mjs"), "{error}");
}
