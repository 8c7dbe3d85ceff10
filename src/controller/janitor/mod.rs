//! The janitor heals what a crash, a restore or a person with kubectl leaves behind.
//!
//! Every replica makes a pass at its start and every minute over what its index shows as unsettled. No pass needs to be
//! alone: each step is a step of the claim protocol, safe under every interleaving with requests and with other janitors.
//! Between two passes it looks every two seconds for objects that nobody has looked at yet (`looks`), so that a person
//! who is asked back, or whose rival has gone, does not wait for a minute.

mod action;
mod looks;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::time::MissedTickBehavior;

use self::action::JanitorAction;
use self::looks::Looks;
use crate::metrics::Metrics;
use crate::rules::resource::Resource;
use crate::store::Store;
use crate::store::claims::{self, Settlement};
use crate::store::index::Index;
use crate::store::kind::Kind;

/// Between two passes.
const PASS_INTERVAL: Duration = Duration::from_secs(60);
/// Between two looks for what is new.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// Between two looks at whether the watches are synced, before the first pass: an index that is not whole would show
/// every claim as dead.
const SYNC_POLL: Duration = Duration::from_millis(100);

/// Makes passes for ever.
pub async fn run(store: Store, metrics: Metrics) {
    while !store.synced() {
        tokio::time::sleep(SYNC_POLL).await;
    }
    let mut interval = tokio::time::interval(LOOK_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut looks, mut passed) = (Looks::default(), None::<Instant>);
    loop {
        interval.tick().await;
        if passed.is_none_or(|passed| passed.elapsed() >= PASS_INTERVAL) {
            passed = Some(Instant::now());
            pass(&store, &metrics).await;
            looks.note_pass(&store);
        } else {
            look(&store, &metrics, &mut looks).await;
        }
    }
}

/// Settles what is new since the last pass.
async fn look(store: &Store, metrics: &Metrics, looks: &mut Looks) {
    for (namespace, directory, kind, name) in looks.due(store) {
        if store.fresh(Instant::now()).is_err() {
            return;
        }
        settle(store, metrics, kind, (&namespace, &directory, &name)).await;
    }
}

async fn pass(store: &Store, metrics: &Metrics) {
    for (namespace, directory, index) in store.indexes() {
        // What a silent watch shows is not what is there. The protocol would read everything live and do no harm; but
        // an API server that is away needs no more calls.
        if store.fresh(Instant::now()).is_err() {
            return;
        }
        settle_objects(store, metrics, &namespace, &directory, &index).await;
        release_claims(store, metrics, &namespace, &directory, &index).await;
    }
}

async fn settle_objects(store: &Store, metrics: &Metrics, namespace: &str, directory: &str, index: &Index) {
    for kind in Resource::ALL {
        for name in index.unsettled(kind) {
            settle(store, metrics, kind, (namespace, directory, &name)).await;
        }
    }
}

async fn settle(store: &Store, metrics: &Metrics, kind: Resource, object: (&str, &str, &str)) {
    let (namespace, _, name) = object;
    let settled = claims::settle(store, Kind::of(kind), namespace, name, Timestamp::now()).await;
    let outcome = settled.map(|settlement| settlement != Settlement::Nothing);
    report(metrics, JanitorAction::Settled, outcome, object);
}

async fn release_claims(store: &Store, metrics: &Metrics, namespace: &str, directory: &str, index: &Index) {
    for name in index.dead_claims() {
        let outcome = claims::release(store, namespace, &name).await;
        report(metrics, JanitorAction::Released, outcome, (namespace, directory, &name));
    }
}

/// Counts what was done: an object that is in conflict for months is looked at in every pass, and nothing is done about
/// it. What cannot be settled is looked at again in the next pass.
fn report(metrics: &Metrics, action: JanitorAction, done: Result<bool, claims::Error>, object: (&str, &str, &str)) {
    let (namespace, directory, name) = object;
    match done {
        Ok(true) => metrics.janitor(action.as_str()),
        Ok(false) => {}
        Err(error) => {
            metrics.janitor(JanitorAction::Failed.as_str());
            let wanted = action.as_str();
            tracing::warn!(namespace, directory, object = name, wanted, %error, "the janitor could not finish");
        }
    }
}
