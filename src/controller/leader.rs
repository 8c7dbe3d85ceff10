//! The one replica that does what needs to be done once.
//!
//! The gate is here and nowhere else: a duty runs while this replica leads, is dropped where it stands when it leads no
//! more, and begins anew with the next leader. So a duty remembers nothing that it cannot see in the cluster again, and
//! each of its writes is conditional or says the same when said twice. A replica that cannot take part in the election (a
//! right is missing, the API server is away) serves SCIM as before, says so once and tries again.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::dirty_names::synced;
use super::write_rate::WriteRate;
use super::{Duty, Tools};
use crate::metrics::Metrics;
use crate::store::lease::Candidate;

/// After an election that could not be held, until the next.
const ELECTION_PAUSE: Duration = Duration::from_secs(2);

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

/// Takes part in the election until `stop`, and does the duties while this replica leads: `duties` makes those of a new leader,
/// which run for ever. The error names a duty that broke.
pub async fn run(
    tools: Tools,
    mut candidate: Candidate,
    duties: fn(&Tools) -> Vec<Duty>,
    stop: CancellationToken,
) -> Result<(), String> {
    tools.metrics.set_leader(false);
    let mut told = None;
    // Who does not see the cluster has nothing to lead.
    stop.run_until_cancelled(synced(&tools.store)).await;
    while let Some(changed) = stop.run_until_cancelled(candidate.changed()).await {
        match changed {
            Ok(false) => {}
            Ok(true) => {
                told = None;
                // A new leader has made no writes yet.
                let tools = Tools { write_rate: WriteRate::default(), ..tools.clone() };
                let end = lead(&mut candidate, &tools.metrics, duties(&tools), &stop).await;
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
async fn lead(candidate: &mut Candidate, metrics: &Metrics, duties: Vec<Duty>, stop: &CancellationToken) -> End {
    let (identity, namespace) = (candidate.identity().to_owned(), candidate.namespace().to_owned());
    tracing::info!(identity, namespace, "this replica leads: it does the work in the background that is done once");
    metrics.set_leader(true);
    let mut duties: JoinSet<()> = duties.into_iter().collect();
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
