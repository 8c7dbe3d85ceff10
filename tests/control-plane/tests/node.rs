//! A node runs pods, and nothing of it outlives the process that made it. Only root can run these:
//!
//! ```text
//! cargo test -p control-plane --test node -- --ignored
//! ```

#[path = "../../it/support/wait.rs"]
#[allow(dead_code, reason = "the operator's tests wait for more than these")]
mod wait;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use control_plane::node::{Node, NodeOptions, probe, run};

/// Runs kubectl on the node's control plane.
async fn kubectl(node: &Node, arguments: &[&str]) -> (bool, String) {
    let output = tokio::process::Command::from(node.plane().kubectl()).args(arguments).output().await;
    let output = output.expect("kubectl runs");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Whether this machine can run a node. Where it cannot, nothing below is proven, and that is said loudly.
#[allow(clippy::print_stdout, reason = "a test that proves nothing must say so")]
fn can_run() -> bool {
    let missing = probe().err();
    if let Some(error) = &missing {
        println!("\n!!! NOTHING IS PROVEN BY THIS TEST: {error}\n");
    }
    missing.is_none()
}

#[test]
#[ignore = "only root can make a node"]
fn a_pod_runs_on_a_node_that_leaves_nothing_behind() {
    if !can_run() {
        return;
    }
    let visit = async |node: &mut Node| {
        // The image that holds the namespaces of pods open is there on every node.
        let pod = ["run", "pause", "--image=rollcall.test/pause:1", "--image-pull-policy=Never"];
        assert!(kubectl(node, &pod).await.0);
        let (ok, text) = kubectl(node, &["wait", "--for=condition=Ready", "--timeout=60s", "pod/pause"]).await;
        assert!(ok, "{text}\n{}", node.logs());
        (node.folder().to_owned(), node.process_id())
    };
    let (folder, id) = run(&NodeOptions::default(), visit).unwrap_or_else(|error| panic!("{error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(gone(&folder, id));
}

#[test]
#[ignore = "only root can make a node"]
fn a_node_ends_with_a_process_that_is_killed() {
    if !can_run() {
        return;
    }
    // This test starts itself again as the process that is killed: see below.
    let folder = tempfile::tempdir().expect("a folder");
    let mut parent = Command::new(std::env::current_exe().expect("a test binary"))
        .args(["--exact", "helper_that_starts_a_node_and_waits", "--ignored", "--nocapture"])
        .env("CONTROL_PLANE_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let started = folder.path().join("started");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        wait::within(std::time::Duration::from_secs(120), async || started.exists().then_some(()))
            .await
            .expect("a node");
        let text = fs::read_to_string(&started).expect("a folder and a process id");
        let (folder, id) = text.split_once('\n').expect("two lines");
        parent.kill().expect("SIGKILL");
        parent.wait().expect("it ends");
        gone(&PathBuf::from(folder), id.parse().expect("a number")).await;
    });
}

#[test]
#[ignore = "a part of the test above, which runs it as a process of its own"]
fn helper_that_starts_a_node_and_waits() {
    let Some(folder) = std::env::var_os("CONTROL_PLANE_TEST_FOLDER").map(PathBuf::from) else { return };
    let visit = async |node: &mut Node| {
        let text = format!("{}\n{}", node.folder().display(), node.process_id());
        fs::write(folder.join("started.new"), text).expect("a file");
        fs::rename(folder.join("started.new"), folder.join("started")).expect("a file");
        std::future::pending::<()>().await;
    };
    run(&NodeOptions::default(), visit).unwrap_or_else(|error| panic!("{error}"));
}

/// Waits until the node's files, processes and cgroups are gone.
async fn gone(folder: &std::path::Path, id: u32) {
    wait::until("the folder of the node to be gone", async || (!folder.exists()).then_some(())).await;
    wait::until("process 1 of the node to be gone", async || {
        (!PathBuf::from(format!("/proc/{id}")).exists()).then_some(())
    })
    .await;
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    wait::until("the cgroups of the node to be gone", async || {
        let output = Command::new("find").args(["/sys/fs/cgroup", "-type", "d", "-name", &name]).output().ok()?;
        output.stdout.is_empty().then_some(())
    })
    .await;
}
