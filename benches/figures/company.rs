//! A company that joins through the simulator: how long it takes, and that the cycle after it writes nothing.

use std::sync::Arc;

use anyhow::{Result, bail};
use rollcall::simulator::client::Token;
use rollcall::simulator::scenario::Scenario;
use rollcall::simulator::{Options, Plan, run};
use serde_json::json;

use crate::load::CONNECTIONS;
use crate::{Bench, COMPANY, secret};

/// Decides names, attributes and groups of everybody.
const SEED: u64 = 20_000;

/// Runs the cycle in which everybody joins, and prints what the simulator reports of it.
pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let (people, groups) = bench.scale.company;
    let directory = bench.directory(COMPANY).await;
    let scenario = json!({
        "name": "join", "description": "Everybody joins.", "people": people, "groups": groups,
        "steps": [{
            "title": "everybody joins",
            "changes": [{ "do": "join", "who": "all" }, { "do": "assignGroups", "groups": "all" }],
        }],
    });
    let scenario = Scenario::parse(&scenario.to_string()).map_err(anyhow::Error::msg)?;
    let mut options = Options::new(&directory.scim.base, Token::new(&secret(COMPANY))?, "join");
    (options.plan, options.seed, options.keep) = (Plan::Given(Box::new(scenario)), Some(SEED), true);
    options.parallel = CONNECTIONS;
    options.progress = Arc::new(|_| ());

    println!(
        "\nthe simulator: {people} people and {groups} groups, {CONNECTIONS} at a time, in batches of {}",
        options.batch
    );
    let report = run(options).await;
    let Some(section) = report.sections.first() else { bail!("the simulator did not run: {:?}", report.error) };
    let traffic = section.traffic.clone().unwrap_or_default();
    let seconds = section.elapsed.as_secs_f64();
    println!(
        "  joined in {seconds:.0} s: {} requests, {} of them writes, {:.0} per second; p99 {:.0} ms",
        traffic.requests,
        traffic.writes,
        traffic.requests as f64 / seconds,
        traffic.percentile(99).as_secs_f64() * 1000.0,
    );
    println!("  with the silent second cycle and the checks {:.0} s", report.elapsed.as_secs_f64());
    for check in &section.checks {
        println!("  {:<6} {} ({})", if check.passed { "ok" } else { "FAILED" }, check.name, check.found);
    }
    for entry in section.log.failures().iter().take(10) {
        println!("  FAILED {} {:?}: {}", entry.object, entry.action, entry.reason);
    }
    Ok(())
}
