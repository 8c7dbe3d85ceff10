//! `rollcall self-test` against a running operator, under the account and the rights that the chart gives to `helm test`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::render::{NAMESPACE, find, render, run};
use crate::support::cluster::{kubectl, shared};
use crate::support::{Operator, until};

/// Gives the account of `helm test` its rights in the release's namespace, as the chart has them; returns its kubeconfig.
async fn account() -> PathBuf {
    let objects = render(&json!({}));
    let items = ["ServiceAccount", "Role", "RoleBinding"]
        .map(|kind| find(&objects, kind, "rollcall-test").expect(kind).clone());
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string();
    let plane = shared().await.plane;
    kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], Some(&list)).await.expect("kubectl apply");
    plane.service_account_kubeconfig(NAMESPACE, "rollcall-test").await.expect("a token for the test")
}

/// Runs the subcommand: what it printed, or that and its complaint.
async fn self_test(kubeconfig: &Path, service_url: &str, admin_url: &str, more: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.args(["self-test", "--namespace", NAMESPACE, "--service-url", service_url, "--admin-url", admin_url]);
    command.arg("--kubeconfig").arg(kubeconfig).args(more);
    tokio::task::spawn_blocking(move || run(command, "")).await.expect("it does not panic")
}

/// What the test left behind, of the kinds that it makes.
async fn left_behind() -> Vec<String> {
    let kinds = "directories,directorykeys,directoryusers,directoryclaims";
    let found = kubectl(&["-n", NAMESPACE, "get", kinds, "-o", "name"], None).await.expect("kubectl get");
    found.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_test_says_what_it_did_and_leaves_nothing_behind() {
    let kubeconfig = account().await;
    let operator = Operator::shared().await;
    let said = self_test(&kubeconfig, &operator.public_url, &operator.admin_url, &[]).await;
    let said = said.unwrap_or_else(|error| panic!("{error}\n{}", operator.log()));
    let steps = [
        "ok: a replica is ready",
        "ok: created the Directory rollcall-system/helm-test-",
        "ok: the key opens the Directory through the Service",
        "ok: created the person self-test-",
        "ok: read the person over SCIM",
        "ok: read the DirectoryUser in the API server",
        "ok: deleted the person over SCIM",
        "ok: removed the person, the key and the Directory",
    ];
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), steps.len(), "{said}");
    for (line, step) in lines.iter().zip(steps) {
        assert!(line.starts_with(step), "{line:?} and not {step:?}");
    }

    // Nobody serves SCIM there: the test fails, names the step, and removes what it had made.
    let failed = self_test(&kubeconfig, &operator.admin_url, &operator.admin_url, &[]).await;
    let failed = failed.expect_err("the admin listener speaks no SCIM");
    assert!(
        failed.contains("error: cannot open the Directory with its key: the answer is 404 and not 200"),
        "{failed}"
    );
    assert_eq!(left_behind().await, Vec::<String>::new());

    // It is over TLS, with a certificate that no authority of this machine knows.
    let folder = tempfile::tempdir().expect("a folder");
    let [cert, key, other] = ["cert", "key", "other"].map(|name| folder.path().join(name).display().to_string());
    let made = rcgen::generate_simple_self_signed(["scim.example.com".to_owned()]).expect("a certificate");
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let stranger = rcgen::generate_simple_self_signed(["scim.example.com".to_owned()]).expect("a certificate");
    std::fs::write(&other, stranger.cert.pem()).expect("written");
    let secure = Operator::start(&["--tls-cert", &cert, "--tls-key", &key]).await;
    let url = secure.public_url.replace("http://", "https://");
    let said = self_test(&kubeconfig, &url, &secure.admin_url, &["--tls-cert", &cert]).await;
    said.unwrap_or_else(|error| panic!("{error}\n{}", secure.log()));
    let refused = self_test(&kubeconfig, &url, &secure.admin_url, &["--tls-cert", &other, "--wait-seconds", "1"]).await;
    let refused = refused.expect_err("the certificate of somebody else");
    assert!(refused.contains("error: cannot open the Directory with its key: no answer"), "{refused}");
    assert_eq!(left_behind().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_test_names_a_right_that_is_missing() {
    shared().await;
    let plane = shared().await.plane;
    let nobody = plane.user_kubeconfig("nobody", &[]).expect("a kubeconfig");
    let operator = Operator::shared().await;
    let failed = self_test(&nobody, &operator.public_url, &operator.admin_url, &[]).await.expect_err("no rights");
    assert!(failed.contains("error: cannot create a Directory: the API server says 403"), "{failed}");
    assert!(failed.contains("cannot create resource \"directories\""), "{failed}");
}
