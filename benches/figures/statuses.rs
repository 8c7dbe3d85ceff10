//! How fast the leader writes statuses when everybody of a large Directory needs one at once, and what SCIM has left meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::load::{median, run};
use crate::people::{STRIDE, expect, new_title};
use crate::support::cluster;
use crate::support::wait::within;
use crate::table::{Figure, Goal};
use crate::{Bench, Directory, object};

/// Statuses a second that are asked for; the leader makes no more than 50 writes.
const RATE: f64 = 45.0;
/// The part of its rate that SCIM keeps meanwhile.
const KEPT: f64 = 0.75;
/// Longer than the statuses take that are waited for.
const DEADLINE: Duration = Duration::from_secs(120);
/// Longer than a status for everybody takes.
const SETTLED: Duration = Duration::from_secs(3_600);
/// Nothing was written for so long: nothing waits.
const QUIET: Duration = Duration::from_secs(3);

/// Gives a Directory a rule that makes a difference for everybody, and measures from the first status to the last of
/// `bench.scale.statuses`, with SCIM at work all the time. The others are still being written when it returns, so it comes last.
pub(crate) async fn measure(bench: &Bench, directory: &Directory) -> Result<Vec<Figure>> {
    settle(bench).await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        alone.push(scim(bench, directory).await?);
    }
    settle(bench).await?;
    let before = written(bench).await;
    let rule = json!({ "users": { "userTypes": { "allowed": ["Member"], "default": "Member" } } });
    let rule = object(directory.name, "Directory", rule).to_string();
    // Only its own field, or the login that another part has set would go.
    let apply = ["apply", "--server-side", "--field-manager", "statuses", "-f", "-"];
    cluster::kubectl_on(&bench.plane, &apply, Some(&rule)).await.map_err(anyhow::Error::msg)?;
    let wanted = bench.scale.statuses.min(directory.people.len());
    let (first_at, first) = reach(bench, before + 1).await?;
    while written(bench).await < before + wanted {
        ensure!(first_at.elapsed() < DEADLINE, "{wanted} statuses within {DEADLINE:?}");
        beside.push(scim(bench, directory).await?);
    }
    let (last_at, last) = reach(bench, before + wanted).await?;
    let (count, seconds) = ((last - first) as f64, (last_at - first_at).as_secs_f64());
    let column = |rounds: &[[f64; 2]], index: usize| median(rounds.iter().map(|round| round[index]).collect());
    let kept = |name, index| {
        let (beside, alone) = (column(&beside, index), column(&alone, index));
        let measured = format!("{beside:.0}/s of {alone:.0}/s");
        Figure { name, measured, value: beside / alone, goal: Goal::AtLeast(KEPT) }
    };
    let rate = Figure {
        name: "statuses per second, all people",
        measured: format!("{count} in {seconds:.1} s while {} people need one", directory.people.len()),
        value: count / seconds,
        goal: Goal::AtLeast(RATE),
    };
    Ok(vec![rate, kept("GET beside them / alone", 0), kept("PATCH beside them / alone", 1)])
}

/// Waits until the leader has written every status that is due, unless nobody wants to wait for that.
pub(crate) async fn settle(bench: &Bench) -> Result<()> {
    if !bench.scale.settles {
        return Ok(());
    }
    let mut last = (written(bench).await, Instant::now());
    let settled = within(SETTLED, async || {
        let now = written(bench).await;
        if now != last.0 {
            last = (now, Instant::now());
        }
        (last.1.elapsed() > QUIET).then_some(())
    });
    settled.await.with_context(|| format!("a leader that has nothing to write within {SETTLED:?}"))
}

/// The rates of reads and of writes that change people.
async fn scim(bench: &Bench, Directory { scim, people, .. }: &Directory) -> Result<[f64; 2]> {
    let person = |number: usize| format!("/Users/{}", people[number * STRIDE % people.len()]);
    let read = run(bench.scale.writes, async |number| expect(&scim.get(&person(number)).await, 200));
    let read = read.await?.per_second;
    let write = run(bench.scale.writes, async |number| {
        let change = json!([{ "op": "Replace", "path": "title", "value": new_title() }]);
        expect(&scim.patch(&person(number), change).await, 200)
    });
    Ok([read, write.await?.per_second])
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
