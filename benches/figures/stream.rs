//! A group with all its members in one answer: how much memory the operator needs for it, and how long it takes.
//!
//! Memory that the operator freed before and kept may hide what one answer needs, so the same is measured with all
//! connections reading at once, and divided by their number.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::load::{CONNECTIONS, median, run};
use crate::memory;
use crate::support::client::http;
use crate::table::{Figure, Goal};
use crate::{Bench, Directory, secret};

/// In bytes: what the goal and the figures count by.
const MIB: f64 = 1024.0 * 1024.0;
/// Extra memory that one answer may need, in MiB.
const EXTRA: f64 = 2.0;

/// Reads the group in rounds, by one connection and by all at once.
pub(crate) async fn measure(bench: &Bench, directory: &Directory, path: &str, members: usize) -> Result<Vec<Figure>> {
    let (http, url, secret) = (http(), format!("{}{path}", directory.scim.base), secret(directory.name));
    // Reads the body as it comes and keeps nothing: the client's memory and time are no part of the figure.
    let read = async |_| {
        let mut answer = http.get(&url).bearer_auth(&secret).send().await?.error_for_status()?;
        while answer.chunk().await?.is_some() {}
        anyhow::Ok(())
    };
    let whole: Value = http.get(&url).bearer_auth(&secret).send().await?.error_for_status()?.json().await?;
    let found = whole["members"].as_array().map_or(0, Vec::len);
    ensure!(found == members, "{url} has {found} members, not {members}");

    let (mut times, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.scale.rounds {
        let started = Instant::now();
        alone.push(extra(bench, async || read(0).await).await?);
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        together.push(extra(bench, async || run(CONNECTIONS, &read).await.map(drop)).await? / CONNECTIONS as f64);
    }
    let time = format!("{:.0} ms to the whole body of {:.1} MiB", median(times), whole.to_string().len() as f64 / MIB);
    Ok(vec![
        figure("MiB for one answer of all members", &alone, time),
        figure("the same, each of 8 at once", &together, "the largest of the rounds counts".to_owned()),
    ])
}

/// How far the operator's memory rises above where it was, in bytes.
async fn extra(bench: &Bench, work: impl AsyncFnOnce() -> Result<()>) -> Result<f64> {
    memory::forget_peak(&bench.operator)?;
    let before = memory::resident(&bench.operator)?;
    work().await?;
    Ok(memory::peak(&bench.operator)?.saturating_sub(before) as f64)
}

/// The largest of the rounds: a median would hide the one that grew.
fn figure(name: &'static str, extra: &[f64], measured: String) -> Figure {
    let largest = extra.iter().copied().fold(0.0, f64::max) / MIB;
    let measured = format!("median {:.2}; {measured}", median(extra.to_vec()) / MIB);
    Figure { name, measured, value: largest, goal: Goal::AtMost(EXTRA) }
}
