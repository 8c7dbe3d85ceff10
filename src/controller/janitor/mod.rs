//! The janitor heals what a crash, a restore or a person with kubectl leaves behind.
//!
//! It runs on every replica. Neither of them needs to be alone: each step is a step of the claim protocol, safe under every
//! interleaving with requests and with other janitors. What it leaves to a request that may be at work stands in its queue
//! until the time at which that request must be over; everything else it does at once.

mod act;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::dirty_names::{DirtyNames, synced};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::index::dirty::DirtyName;

/// Heals for ever.
pub async fn run(store: Store, metrics: Metrics) {
    synced(&store).await;
    let mut names = DirtyNames::new(store.clone(), observe::interest);
    loop {
        let name = names.next().await.name;
        if let Some(wait) = heal(&store, &metrics, &name, Timestamp::now()).await {
            names.look_at(name, Instant::now() + wait);
        }
    }
}

/// Heals what is wrong with one object or claim at `now`; says after what time it is to be looked at again.
async fn heal(store: &Store, metrics: &Metrics, name: &DirtyName, now: Timestamp) -> Option<Duration> {
    let decision = decide::decide(&observe::observe(store, name)?, now);
    let mut wait = decision.wait;
    for step in decision.steps {
        let acted = act::act(store, step, name, now).await;
        report::report(metrics, step, &acted, name);
        wait = wait.into_iter().chain(decide::retry(&acted)).min();
    }
    wait
}
