//! The chart: what Helm makes of it, what the API server says to that, and whether it fits the binary.
//!
//! Helm 4 and Helm 3 are built from their Go modules, once, and so is the control plane. Third-party kinds come from the Go
//! modules of their projects, and promtool from Debian's package. Nothing here needs a kubelet: pods are admitted and do not
//! run.
#![allow(clippy::print_stderr, reason = "what a machine lacks for a part of this lane is said in a line")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]
#![allow(
    dead_code,
    unused_imports,
    reason = "the integration tests' support is shared, and this lane needs a part of it"
)]

#[path = "../it/support/mod.rs"]
mod support;

mod alerts;
mod apply;
mod binary;
mod dashboards;
mod drift;
mod gateways;
mod install;
mod mistakes;
mod render;
mod self_test;
mod templates;
mod variants;
