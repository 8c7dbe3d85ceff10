//! The control plane is real, and nothing of it outlives the process that started it.

#[path = "../../it/support/wait.rs"]
#[allow(dead_code, reason = "the operator's tests wait for more than these")]
mod wait;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use control_plane::{ControlPlane, Options, Process, shared};

fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("the program runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Polls a condition until the deadline.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    wait::until(what, async || condition().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_may_do_everything_and_a_plain_user_nothing() {
    let plane = shared().await;
    let (ok, text) = run(plane.kubectl().args(["get", "namespaces"]));
    assert!(ok && text.contains("kube-system"), "{text}");
    let user = plane.user_kubeconfig("bob@contoso.com", &["developers"]).expect("a kubeconfig");
    let (ok, text) = run(plane.kubectl().env("KUBECONFIG", user).args(["get", "namespaces"]));
    assert!(!ok && text.contains("User \"bob@contoso.com\" cannot list"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_has_a_real_token() {
    let plane = shared().await;
    until("the default service account", || {
        run(plane.kubectl().args(["-n", "default", "get", "serviceaccount", "default"])).0
    })
    .await;
    let account = plane.service_account_kubeconfig("default", "default").await.expect("a kubeconfig");
    let (ok, text) = run(plane.kubectl().env("KUBECONFIG", account).args(["auth", "whoami"]));
    assert!(ok && text.contains("system:serviceaccount:default:default"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_object_owns_is_collected_with_it() {
    let plane = shared().await;
    let kubectl = |arguments: &[&str]| run(plane.kubectl().args(["-n", "default"]).args(arguments));
    assert!(kubectl(&["create", "configmap", "owner"]).0);
    let (_, uid) = kubectl(&["get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}"]);
    assert!(kubectl(&["create", "configmap", "owned"]).0);
    let reference = format!(
        "{{\"metadata\":{{\"ownerReferences\":[{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"owner\",\"uid\":\"{uid}\"}}]}}}}"
    );
    assert!(kubectl(&["patch", "configmap", "owned", "-p", &reference]).0);
    assert!(kubectl(&["delete", "configmap", "owner"]).0);
    until("the garbage collector", || !kubectl(&["get", "configmap", "owned"]).0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_goes_and_comes_back_with_its_data() {
    let mut plane = ControlPlane::start(Options { fsync: true }).await.expect("a control plane");
    assert!(run(plane.kubectl().args(["create", "namespace", "kept"])).0);
    plane.stop_api_server();
    assert!(!run(plane.kubectl().args(["--request-timeout=2s", "get", "namespace", "kept"])).0);
    plane.restart_api_server().await.expect("the API server starts again");
    let (ok, text) = run(plane.kubectl().args(["get", "namespace", "kept"]));
    assert!(ok, "{text}");
    let ids = plane.process_ids();
    assert!(ids.len() == 3 && ids.iter().all(|id| is_running(*id)), "{ids:?}");
    drop(plane);
    assert!(ids.iter().all(|id| !is_running(*id)), "dropped, and yet it runs");
}

#[tokio::test]
async fn processes_end_with_the_one_that_started_them_and_leave_nothing() {
    // This test starts itself again as the process that is killed: see below.
    let folder = tempfile::tempdir().expect("a folder");
    let mut parent = Command::new(std::env::current_exe().expect("a test binary"))
        .args(["--exact", "helper_that_starts_processes_and_waits", "--ignored", "--nocapture"])
        .env("CONTROL_PLANE_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let ids = folder.path().join("ids");
    until("the grandchildren to run", || ids.exists()).await;
    let ids = std::fs::read_to_string(&ids).expect("ids");
    let ids: Vec<u32> = ids.split_whitespace().map(|id| id.parse().expect("a number")).collect();
    assert!(ids.len() == SLEEPERS.len() && ids.iter().all(|id| is_running(*id)));
    parent.kill().expect("SIGKILL");
    parent.wait().expect("it ends");
    until("the grandchildren to be gone", || !ids.iter().any(|id| is_running(*id))).await;
    until("their data to be gone", || !folder.path().join("data").exists()).await;
}

/// Several, as the programs of a control plane, on one folder: the last one to go clears it.
const SLEEPERS: [&str; 3] = ["sleep-1", "sleep-2", "sleep-3"];

#[test]
#[ignore = "a part of the test above, which runs it as a process of its own"]
fn helper_that_starts_processes_and_waits() {
    let folder = std::env::var_os("CONTROL_PLANE_TEST_FOLDER").map(PathBuf::from).expect("set by the test above");
    let data = folder.join("data");
    // As deep as the folders of etcd, so that clearing it takes a moment.
    for number in 0..200 {
        std::fs::create_dir_all(data.join(format!("{number}/a/b"))).expect("a folder");
    }
    let processes = SLEEPERS.map(|name| Process::start(name, &["sleep", "1000"], &data).expect("a process"));
    let ids = processes.each_ref().map(|process| process.id().to_string()).join(" ");
    std::fs::write(folder.join("ids.new"), ids).expect("a file");
    std::fs::rename(folder.join("ids.new"), folder.join("ids")).expect("a file");
    std::mem::forget(processes);
    std::thread::park();
}

#[test]
fn without_go_the_message_names_three_ways_out() {
    let empty = tempfile::tempdir().expect("a folder");
    let output = Command::new(std::env::current_exe().expect("a test binary"))
        .args(["--exact", "helper_that_starts_a_control_plane", "--ignored", "--nocapture"])
        .env("PATH", empty.path())
        .env(control_plane::CACHE_VARIABLE, empty.path())
        .env_remove("KUBEBUILDER_ASSETS")
        .output()
        .expect("a process");
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    for way in ["install Go", "KUBEBUILDER_ASSETS", "--context"] {
        assert!(text.contains(way), "{way}: {text}");
    }
}

#[tokio::test]
#[ignore = "a part of the test above, which runs it as a process of its own"]
async fn helper_that_starts_a_control_plane() {
    ControlPlane::start(Options::default()).await.map(drop).unwrap_or_else(|error| panic!("{error}"));
}

/// Whether the process is there and is more than an entry that waits for its parent.
fn is_running(id: u32) -> bool {
    let (ok, state) = run(Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]));
    ok && !state.trim_start().starts_with('Z')
}
