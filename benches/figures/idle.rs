//! What replicas write while nothing happens.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::support::cluster::kubectl_on;
use crate::table::{Figure, Goal};
use crate::{Bench, statuses};

/// Replicas, that of the benchmark included.
const REPLICAS: usize = 3;

/// Longer than a replica keeps what it has to tell of the last requests: the Directory's status is written once a minute.
const AFTERWARDS: Duration = Duration::from_secs(90);

/// Waits with three replicas for `bench.scale.idle_seconds` and counts what the API server was asked to write, but for Leases.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let _others = [bench.replica().await, bench.replica().await];
    statuses::settle(bench).await?;
    tokio::time::sleep(AFTERWARDS.min(Duration::from_secs(bench.scale.idle_seconds))).await;
    let before = writes(bench).await?;
    tokio::time::sleep(Duration::from_secs(bench.scale.idle_seconds)).await;
    let after = writes(bench).await?;
    let made = |(what, count): (&String, &f64)| {
        let made = count - before.get(what).unwrap_or(&0.0);
        (made > 0.0).then(|| (what.clone(), made))
    };
    let made: Vec<_> = after.iter().filter_map(made).collect();
    let total = made.iter().fold(0.0, |total, (_, count)| total + count);
    let told: Vec<_> = made.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let measured = format!("{REPLICAS} replicas, {} s; {}", bench.scale.idle_seconds, told.join(", "));
    let name = "writes while idle, but for Leases";
    Ok(vec![Figure { name, measured, value: total, goal: Goal::AtMost(0.0) }])
}

/// How often the API server was asked to write each kind, by everybody.
async fn writes(bench: &Bench) -> Result<BTreeMap<String, f64>> {
    let metrics = kubectl_on(&bench.plane, &["get", "--raw", "/metrics"], None).await.map_err(anyhow::Error::msg)?;
    let mut counts = BTreeMap::new();
    for line in metrics.lines().filter_map(|line| line.strip_prefix("apiserver_request_total{")) {
        let (labels, count) = line.rsplit_once("} ").context("labels and a count")?;
        let label = |name: &str| {
            let rest = &labels[labels.find(&format!("{name}=\""))? + name.len() + 2..];
            rest.split('"').next()
        };
        let (verb, resource) = (label("verb").unwrap_or_default(), label("resource").unwrap_or_default());
        // A review is asked with a POST and stored nowhere.
        let is_write = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"].contains(&verb);
        if is_write && resource != "leases" && !resource.ends_with("reviews") {
            *counts.entry(format!("{verb} {resource}")).or_default() += count.parse::<f64>()?;
        }
    }
    Ok(counts)
}
