//! The chart on a real node: the image is built from the Dockerfile, pods run it, and a release lives through what releases live
//! through. A lane of its own, because it needs root, minutes, Debian's packages and a release build:
//!
//! ```text
//! cargo test --workspace --test node -- --ignored --nocapture
//! ```
//!
//! Where the machine cannot run a node a loud line says why, and the same chart is applied to a control plane without pods: its
//! rights are then proven, and its image, probes, security context and Service are not. The last lines say which of the two ran.
#![allow(clippy::print_stdout, reason = "what ran, and how long it took, is worth reading")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]
#![allow(
    clippy::cast_precision_loss,
    dead_code,
    reason = "sizes are shown in megabytes; the integration tests' support is shared, and this lane needs a part of it"
)]

#[path = "../it/support/client.rs"]
mod client;
mod cluster;
mod image;
mod lifecycle;
mod load;
mod names;
mod rights;
#[path = "../it/support/wait.rs"]
mod wait;
mod without_pods;
mod wrong;

use std::time::Instant;

use control_plane::node::{self, NodeOptions};
use jiff::Timestamp;

use cluster::Cluster;

#[test]
#[ignore = "root, minutes and a release build; see the top of this file"]
fn the_chart_lives_on_a_real_node() {
    if let Err(error) = node::probe() {
        println!("\n!!! NO POD RUNS IN THIS TEST: {error}");
        println!(
            "!!! Image, probes, security context and Service are NOT proven on this machine; the chart is run without pods.\n"
        );
        runtime().block_on(without_pods::run());
        println!("== this was WITHOUT PODS");
        return;
    }
    let image = image::image();
    let folder = tempfile::tempdir().expect("a folder");
    let options = NodeOptions { audit_policy: Some(rights::write_policy(folder.path())) };
    let started = Instant::now();
    let ran = node::run(&options, async |node| {
        println!("== a node is ready after {:.1} s", started.elapsed().as_secs_f64());
        node.import(image).await.unwrap_or_else(|error| panic!("the image cannot be imported: {error}"));
        let uninstalled = lifecycle::run(&Cluster::new(node.plane()).await).await;
        let load = lifecycle::load_over_a_restart(&Cluster::new(node.plane()).await).await;
        let begin = Timestamp::now();
        node.restart_api_server().await.unwrap_or_else(|error| panic!("{error}"));
        let restarted = begin..Timestamp::now();
        lifecycle::end_after_a_restart(&Cluster::new(node.plane()).await, load).await;
        rights::compare(&node.plane().audit_log(), &[uninstalled, restarted]).await;
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    println!("== this was A REAL NODE, in {:.0} s", started.elapsed().as_secs_f64());
}

#[test]
#[ignore = "a helm that is built; see the top of this file"]
fn the_rendered_deployment_runs_as_a_process() {
    runtime().block_on(without_pods::run());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}
