//! The one replica that does what needs to be done once.
//!
//! The gate is here and nowhere else: a duty runs while this replica leads, is dropped where it stands when it leads no
//! more, and begins anew with the next leader. So a duty remembers nothing that it cannot see in the cluster again, and
//! each of its writes is conditional or says the same when said twice. A replica that cannot take part in the election (a
//! right is missing, the API server is away) serves SCIM as before, says so once and tries again.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::claiming::{self, Passes};
use super::pace::Pace;
use super::status;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::store::lease::Candidate;

/// Between two looks at whether the watches are synced: who does not see the cluster has nothing to lead.
const SYNC_POLL: Duration = Duration::from_millis(100);
/// After an election that could not be held, until the next.
const ELECTION_PAUSE: Duration = Duration::from_secs(2);

/// What every duty has: the cluster, the metrics, and the pace that all of them share.
#[derive(Clone)]
pub struct Leading {
    /// The cluster.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// When to write.
    pub pace: Pace,
}

/// The duties of a leader: one line for each. They run for ever, and one that ends ends the process.
fn duties(leading: &Leading) -> JoinSet<()> {
    let mut duties = JoinSet::new();
    let passes = Passes::default();
    duties.spawn(status::run(leading.clone(), passes.clone()));
    duties.spawn(claiming::run(leading.clone(), passes));
    duties
}

/// Why a leader leads no more.
#[derive(Debug)]
enum End {
    /// The process ends.
    Asked,
    /// Another replica leads, or nobody knows: the reason.
    Lost(String),
    /// A duty ended.
    Broken(String),
}

/// Takes part in the election until `stop`, and does the duties while it leads. The error names a duty that broke.
pub async fn run(
    store: Store,
    metrics: Metrics,
    mut candidate: Candidate,
    stop: CancellationToken,
) -> Result<(), String> {
    metrics.set_leader(false);
    let synced = async {
        while !store.synced() {
            tokio::time::sleep(SYNC_POLL).await;
        }
    };
    let mut told = None;
    stop.run_until_cancelled(synced).await;
    while let Some(changed) = stop.run_until_cancelled(candidate.changed()).await {
        match changed {
            Ok(false) => {}
            Ok(true) => {
                told = None;
                let end = lead(&store, &metrics, &mut candidate, &stop).await;
                match end {
                    End::Asked => break,
                    End::Lost(reason) => tracing::info!(reason, "this replica leads no more"),
                    End::Broken(reason) => return Err(reason),
                }
            }
            Err(error) => {
                let reason = error.to_string();
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(reason, "cannot take part in the election of a leader; SCIM is served all the same");
                    told = Some(reason);
                }
                stop.run_until_cancelled(tokio::time::sleep(ELECTION_PAUSE)).await;
            }
        }
    }
    if let Err(error) = candidate.release().await {
        tracing::info!(%error, "the Lease could not be given back; it runs out");
    }
    Ok(())
}

/// Does the duties until this replica leads no more; none is at work any more when it returns.
async fn lead(store: &Store, metrics: &Metrics, candidate: &mut Candidate, stop: &CancellationToken) -> End {
    let (identity, namespace) = (candidate.identity().to_owned(), candidate.namespace().to_owned());
    tracing::info!(identity, namespace, "this replica leads: it does the work in the background");
    metrics.set_leader(true);
    let mut duties = duties(&Leading { store: store.clone(), metrics: metrics.clone(), pace: Pace::default() });
    let end = loop {
        tokio::select! {
            () = stop.cancelled() => break End::Asked,
            changed = candidate.changed() => match changed {
                Ok(true) => {}
                Ok(false) => break End::Lost("another replica leads".to_owned()),
                Err(error) => break End::Lost(error.to_string()),
            },
            Some(ended) = duties.join_next() => break End::Broken(match ended {
                Ok(()) => "nobody asked it to".to_owned(),
                Err(error) => error.to_string(),
            }),
        }
    };
    duties.shutdown().await;
    metrics.set_leader(false);
    end
}
