//! The configurations of `examples/proxies`, each run by the real proxy: who gets to the application, and what it is told. A lane
//! of its own, because it downloads and builds proxies:
//!
//! ```text
//! cargo test --workspace --test doors -- --ignored --nocapture
//! ```
//!
//! One table for all five. The operator is the real one, on a control plane with the chart; people sign in at a provider that looks
//! like Microsoft Entra ID, through the proxy; an application stands behind it that says what it was sent. Between proxy and
//! operator a wire remembers what was asked.
#![allow(clippy::print_stdout, reason = "the table of cases by proxies is worth reading")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]

mod application;
mod browser;
mod caddy;
mod cases;
mod client;
mod company;
mod envoy;
mod faults;
mod forged;
mod haproxy;
mod nginx;
mod places;
mod scene;
mod server;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the operator's tests stand on more than these")]
mod support;
mod traefik;
mod wire;

use std::sync::Arc;

use control_plane::Proxy;
use serde_json::json;

use company::Company;
use scene::Scene;

/// What one case came to at each proxy.
type Row = (&'static str, Vec<Result<(), String>>);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "downloads and builds proxies; see the top of this file"]
async fn every_proxy_lets_in_whom_rollcall_lets_in_and_nobody_else() {
    let company = Arc::new(Company::found(json!({})).await);
    let mut scenes = Vec::new();
    for proxy in Proxy::ALL {
        scenes.push(Scene::start(proxy, Arc::clone(&company)).await);
    }
    let shared = cases::Shared::new(&company).await;
    let mut rows: Vec<Row> = Vec::new();
    for case in cases::CASES {
        let mut results = Vec::new();
        for scene in &scenes {
            results.push((case.run)(scene, &shared).await);
        }
        rows.push((case.name, results));
    }
    rows.push(("a replica whose watch is silent lets nobody in", faults::silent_watch(&company, &scenes).await));
    rows.push(("nobody gets in while the operator is gone", faults::gone(&company, &scenes).await));
    print(&rows);
    let failures = rows.iter().flat_map(|(case, results)| {
        let failed = results.iter().zip(Proxy::ALL).filter_map(|(result, proxy)| Some((proxy, result.as_ref().err()?)));
        failed.map(move |(proxy, error)| format!("{}: {case}: {error}", proxy.name()))
    });
    let failures: Vec<_> = failures.collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Prints a line for each case and a column for each proxy.
fn print(rows: &[Row]) {
    let names = Proxy::ALL.map(Proxy::name);
    println!("\n| Case | {} |\n|{}", names.join(" | "), " --- |".repeat(names.len() + 1));
    for (case, results) in rows {
        let shown: Vec<_> = results.iter().map(|result| if result.is_ok() { "yes" } else { "NO" }).collect();
        println!("| {case} | {} |", shown.join(" | "));
    }
}
