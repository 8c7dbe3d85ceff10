//! The built binary: what it says of itself, and its exit status.

use crate::server::{Defect, Server};

#[tokio::test]
async fn a_run_that_cannot_begin_says_why_in_a_line() {
    let server = Server::start(Defect::None).await;
    for (arguments, word) in [
        (
            vec!["--url", server.url.as_str(), "--token", "t0ken", "--people", "4"],
            "needs at least 12 people; --people says 4",
        ),
        (vec!["--url", server.url.as_str(), "--token-file", "/nowhere/token"], "cannot read /nowhere/token"),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_entra-simulator"))
            .args(&arguments)
            .env("RUST_BACKTRACE", "1")
            .kill_on_drop(true)
            .output()
            .await
            .expect("it runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(word) && !text.contains("backtrace"), "{arguments:?}: {text}");
    }
}
