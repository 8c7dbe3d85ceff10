//! How fast the leader writes statuses when everybody of a large Directory needs one at once.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::support::cluster;
use crate::support::wait::within;
use crate::table::{Figure, Goal};
use crate::{Bench, Directory, object};

/// Statuses a second that are asked for; the leader makes no more than 50 writes.
const RATE: f64 = 45.0;
/// Longer than the statuses take that are waited for.
const DEADLINE: Duration = Duration::from_secs(120);

/// Gives a Directory a rule that makes a difference for everybody, and measures from the first status to the last of
/// `bench.scale.statuses`. The others are still being written when it returns, so it comes last.
pub(crate) async fn measure(bench: &Bench, directory: &Directory) -> Result<Vec<Figure>> {
    let before = written(bench).await;
    let rule = json!({ "users": { "userTypes": { "allowed": ["Member"], "default": "Member" } } });
    let rule = object(directory.name, "Directory", rule).to_string();
    let apply = ["apply", "--server-side", "-f", "-"];
    cluster::kubectl_on(&bench.plane, &apply, Some(&rule)).await.map_err(anyhow::Error::msg)?;
    let wanted = bench.scale.statuses.min(directory.people.len());
    let (first_at, first) = reach(bench, before + 1).await?;
    let (last_at, last) = reach(bench, before + wanted).await?;
    let (count, seconds) = ((last - first) as f64, (last_at - first_at).as_secs_f64());
    Ok(vec![Figure {
        name: "statuses per second, all people",
        measured: format!("{count} in {seconds:.1} s while {} people need one", directory.people.len()),
        value: count / seconds,
        goal: Goal::AtLeast(RATE),
    }])
}

/// When so many had been written, and how many there were by then.
async fn reach(bench: &Bench, count: usize) -> Result<(Instant, usize)> {
    let reached = within(DEADLINE, async || {
        let written = written(bench).await;
        (written >= count).then(|| (Instant::now(), written))
    });
    reached.await.with_context(|| format!("{count} statuses within {DEADLINE:?}"))
}

/// How many statuses of people the operator has written.
async fn written(bench: &Bench) -> usize {
    let metrics = bench.operator.metrics().await;
    let line =
        metrics.lines().find_map(|line| line.strip_prefix("rollcall_status_writes_total{kind=\"directoryusers\"} "));
    line.and_then(|count| count.parse().ok()).unwrap_or(0)
}
