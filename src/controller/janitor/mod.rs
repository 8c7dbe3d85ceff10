//! The janitor heals what a crash, a restore or a person with kubectl leaves behind.
//!
//! It runs on every replica. Neither of them needs to be alone: each step is a step of the claim protocol, safe under every
//! interleaving with requests and with other janitors. What it leaves to a request that may be at work stands in its queue
//! until the time at which that request must be over; everything else it does at once.

mod act;
mod action;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::Timestamp;

use super::dirty_names::{DirtyNames, synced};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::index::dirty::DirtyName;

/// Most objects that are healed at the same time: after a restore there are thousands, and each takes a few calls.
const HEALED_AT_ONCE: usize = 4;

/// Heals for ever.
pub async fn run(store: Store, metrics: Metrics) {
    synced(&store).await;
    let mut names = DirtyNames::new(store.clone(), metrics.clone(), "janitor", observe::interest);
    loop {
        let mut next = vec![names.next().await.name];
        let now = Instant::now();
        let more = std::iter::from_fn(|| names.take(now)).map(|taken| taken.name);
        next.extend(more.take(HEALED_AT_ONCE - 1));
        let healed = join_all(next.iter().map(|name| heal(&store, &metrics, name, Timestamp::now()))).await;
        for (name, wait) in next.into_iter().zip(healed) {
            if let Some(wait) = wait {
                names.look_at(name, Instant::now() + wait);
            }
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
