//! Why the process ends by itself: each cause has a sentence, in the log and in the termination message.

use std::path::Path;

use crate::support::Operator;

/// How `rollcall run` ended by itself.
struct Ended {
    code: Option<i32>,
    /// Standard output and standard error.
    text: String,
    /// The termination message; nothing where none was written.
    message: Option<String>,
}

/// Runs `rollcall run` with these flags until it ends by itself. The termination message goes into `file`.
async fn run_until_it_ends(flags: &[&str], file: &Path) -> Ended {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .arg("run")
        .args(flags)
        .envs(["ROLLCALL_LISTEN", "ROLLCALL_ADMIN_LISTEN"].map(|name| (name, "127.0.0.1:0")))
        .env("ROLLCALL_TERMINATION_MESSAGE_FILE", file)
        .kill_on_drop(true)
        .output()
        .await
        .expect("it runs");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Ended { code: output.status.code(), text, message: std::fs::read_to_string(file).ok() }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_the_process_ended_is_in_its_termination_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let secret = "token-that-nobody-may-read";
    std::fs::write(file("broken"), format!("users: [{{ name: x, user: {secret} }}]\n")).expect("a file");
    let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    std::fs::write(file("tls.crt"), pair.cert.pem()).expect("a file");
    std::fs::write(file("other.key"), other.signing_key.serialize_pem()).expect("a file");
    std::fs::write(file("junk"), "junk").expect("a file");
    let (nowhere, broken, junk) = (file("nowhere"), file("broken"), file("junk"));
    let (cert, key) = (file("tls.crt"), file("other.key"));
    for (name, flags, code, words) in [
        ("a flag that nobody knows", vec!["--colour"], 2, vec!["--colour", "rollcall run --help"]),
        ("a value that is none", vec!["--listen", "nowhere"], 2, vec!["--listen", "0.0.0.0:8080"]),
        ("a file that is missing", vec!["--kubeconfig", &nowhere], 1, vec!["cannot connect to the cluster", &nowhere]),
        ("a kubeconfig that is none", vec!["--kubeconfig", &broken], 1, vec!["it is no kubeconfig in YAML"]),
        ("an address that is taken", vec!["--listen", &taken], 1, vec!["cannot listen on", &taken]),
        ("no certificate", vec!["--tls-cert", &nowhere, "--tls-key", &key], 1, vec!["cannot read", &nowhere]),
        ("no PEM", vec!["--tls-cert", &junk, "--tls-key", &key], 1, vec![&junk, "holds no certificate in PEM"]),
        ("another's key", vec!["--tls-cert", &cert, "--tls-key", &key], 1, vec![&cert, &key, "the same Secret"]),
    ] {
        let message_file = folder.path().join("message");
        let Ended { code: ended, text, message } = run_until_it_ends(&flags, &message_file).await;
        let message = message.unwrap_or_else(|| panic!("{name}: no termination message: {text}"));
        assert_eq!(ended, Some(code), "{name}: {text}");
        for word in words {
            assert!(message.contains(word) && text.contains(word), "{name}: {word} is not in {message:?} or {text}");
        }
        assert!(
            message.lines().count() == 1 && !message.contains(secret) && !text.contains(secret),
            "{name}: {message}"
        );
        std::fs::remove_file(&message_file).expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_termination_message_that_cannot_be_written_hides_no_cause() {
    let file = Path::new("/nowhere/message");
    for (flags, code, word) in [(&["--colour"][..], 2, "--colour"), (&["--kubeconfig", "/none"], 1, "/none")] {
        let Ended { code: ended, text, message } = run_until_it_ends(flags, file).await;
        assert_eq!((ended, message), (Some(code), None), "{text}");
        let [cause, complaint] = &text.lines().collect::<Vec<_>>()[..] else { panic!("two lines: {text}") };
        assert!(cause.contains(word) && complaint.contains("/nowhere/message"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_asked_to_end_leaves_no_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("message");
    let mut operator = Operator::start(&["--termination-message-file", &file.display().to_string()]).await;
    operator.terminate();
    assert!(operator.ended().await.success(), "{}", operator.log());
    assert!(!file.exists());
}
