//! The configurations of `examples/proxies`, each run by the real proxy: who gets to the application, and what it is told. A lane
//! of its own, because it downloads and builds proxies:
//!
//! ```text
//! cargo test --workspace --test doors -- --ignored --nocapture
//! ```
//!
//! One table of cases for all five. Behind a proxy stands an application that says what it was sent. The door that the proxy asks
//! keeps to the contract of `/check` and remembers each question, so that every answer that Rollcall can give is tried, the worst
//! among them; that Rollcall answers so is shown by the tests of `src/http/check` and by `tests/it`.
#![allow(clippy::print_stdout, reason = "the table of proxies by cases is worth reading")]

mod application;
mod caddy;
mod cases;
mod client;
mod door;
mod envoy;
mod haproxy;
mod nginx;
mod scene;
mod server;
mod traefik;
#[path = "../it/support/wait.rs"]
#[allow(dead_code, reason = "the operator's tests wait for more than these")]
mod wait;

use control_plane::Proxy;

use scene::Scene;

#[tokio::test]
#[ignore = "downloads and builds proxies; see the top of this file"]
async fn every_proxy_lets_in_whom_the_door_lets_in_and_nobody_else() {
    let mut failures = Vec::new();
    for proxy in Proxy::ALL {
        let scene = Scene::start(proxy).await;
        for case in cases::CASES {
            let result = (case.run)(&scene).await;
            let shown = if result.is_ok() { "ok" } else { "FAILED" };
            println!("{:8} {:6} {}", proxy.name(), shown, case.name);
            failures.extend(result.err().map(|error| format!("{}: {}: {error}", proxy.name(), case.name)));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[tokio::test]
#[ignore = "downloads and builds proxies; see the top of this file"]
async fn nobody_gets_in_while_the_door_does_not_answer() {
    for proxy in Proxy::ALL {
        let scene = Scene::start(proxy).await;
        scene.close_door();
        let answer = scene.get("/", &[door::LIVE]).await;
        assert!(answer.status >= 500, "{}: {}", proxy.name(), answer.status);
        assert_eq!(scene.application.requests(), 0, "{}", proxy.name());
    }
}
