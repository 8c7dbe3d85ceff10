//! The first writer of statuses: what is seen of Directories, groups and users, written where it differs from what stands.
//!
//! For each kind a pure function says what the status should be; `writer` writes the difference. Nothing is written while
//! nothing changes, after a restart neither. The duty is woken by the counter of each index and not by objects, so a burst
//! of changes is one write for each object that they are about, and a group that is renamed touches no member. Of one
//! round, the Directory comes first, then its groups, then as many users as `USERS_PER_ROUND`: nobody waits for the counts
//! because the policy of 20,000 people has changed.

mod conditions;
mod conflicts;
mod directory;
mod group;
mod rounds;
#[cfg(test)]
mod tests;
mod user;
mod writer;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rounds::Round;

use super::claiming::Passes;
use super::leader::Leading;
use crate::metrics::QuotaUse;
use crate::store::Error;

/// Between two looks at whether anything has changed.
const POLL: Duration = Duration::from_millis(500);
/// After what time everything is looked at without a change: a condition may depend on the time.
const REVIEW: Duration = Duration::from_secs(60);
/// After a write that the API server could not take, until the next look.
const ERROR_PAUSE: Duration = Duration::from_secs(5);
/// Most users whose status is written before Directory and groups are looked at again.
const USERS_PER_ROUND: usize = 25;

/// Looks and writes for ever.
pub async fn run(leading: Leading, passes: Passes) {
    let mut rounds = HashMap::new();
    let mut told = None;
    loop {
        let pause = match look(&leading, &passes, &mut rounds).await {
            Ok(finished) => {
                told = None;
                if finished { POLL } else { Duration::ZERO }
            }
            Err(error) => {
                let reason = error.to_string();
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(reason, "a status could not be written and is written later");
                    told = Some(reason);
                }
                ERROR_PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// One look at every Directory; says whether it came to the end of each. An API server that is away ends it: the next write
/// would fare no better. Any other error (a right is missing in one namespace, a webhook forbids a write) is that of one
/// Directory, and is returned when the others have been looked at.
async fn look(
    leading: &Leading,
    passes: &Passes,
    rounds: &mut HashMap<(String, String), Round>,
) -> Result<bool, Error> {
    if leading.store.fresh(Instant::now()).is_err() {
        return Ok(true);
    }
    let directories = leading.store.directories();
    let place = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    rounds.retain(|(namespace, name), _| leading.store.directory(namespace, name).is_some());
    let mut finished = Ok(true);
    for directory in directories {
        let index = leading.store.index(&directory.namespace, &directory.name);
        let round = rounds.entry(place(&directory.namespace, &directory.name)).or_default();
        match round.make(leading, passes, &directory, &index).await {
            Ok(whole) => finished = finished.map(|finished| finished && whole),
            Err(error @ Error::Unavailable { .. }) => return Err(error),
            Err(error) => finished = finished.and(Err(error)),
        }
    }
    report(leading, rounds);
    finished
}

/// What the metrics tell of the Directories.
fn report(leading: &Leading, rounds: &HashMap<(String, String), Round>) {
    let quotas = rounds.iter().flat_map(|((namespace, directory), round)| {
        round.quota().iter().map(|usage| QuotaUse {
            namespace: namespace.clone(),
            directory: directory.clone(),
            user_type: usage.user_type.clone().unwrap_or_default(),
            used: i64::try_from(usage.used).unwrap_or(i64::MAX),
            limit: i64::try_from(usage.limit).unwrap_or(i64::MAX),
        })
    });
    leading.metrics.set_quotas(quotas);
    let duplicates = rounds.iter().flat_map(|((namespace, directory), round)| {
        let counts = round.duplicates().into_iter();
        counts.map(|(kind, count)| (namespace.clone(), directory.clone(), kind, count))
    });
    leading.metrics.set_duplicates(duplicates);
}
