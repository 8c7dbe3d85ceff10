//! Writes what this replica has seen of the identity providers into `status.provisioning` of their Directories.
//!
//! Every replica writes what it saw itself, so nobody has to ask another one. A Directory is written at most once a minute by all
//! replicas together: who sees that another one has just written waits for the next minute, and the one that wrote last lets the
//! others go first. Each write is conditional on the state that it adds to, so no number is lost between two replicas. Two things
//! make the numbers inexact: a process that is killed takes along what it has not written, and a write whose answer is lost may
//! be added again. Nothing is written while nothing is seen.

mod act;
mod decide;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use self::act::{Added, State, write};
use super::dirty_names::{ERROR_PAUSE, fresh, synced};
use super::told::Told;
use crate::metrics::Metrics;
use crate::redaction::without_values;
use crate::store::index::dirty::DirectoryName;
use crate::store::{Store, WatchedDirectory};

/// How long the first request waits for those after it.
const BURST: Duration = Duration::from_millis(500);
/// After a write that met a newer state, until the next one: by then the watch has told it.
const MOVED_PAUSE: Duration = Duration::from_secs(1);
/// How often a write at the end of the process is tried that meets a newer state each time.
const LAST_TRIES: usize = 8;
/// Between two such tries: by then the watch has told the newer state.
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// Writes until `stop`.
pub async fn run(store: Store, metrics: Metrics, stop: CancellationToken) {
    let mut writer = Writer::new(store, metrics);
    if stop.run_until_cancelled(synced(&writer.store)).await.is_some() {
        loop {
            let next = writer.write_due(Instant::now(), Timestamp::now()).await;
            // A write is never cut: what it writes is nowhere else.
            if stop.run_until_cancelled(writer.wait(next)).await.is_none() {
                break;
            }
        }
    }
}

/// Writes what is left once no request comes any more, whoever has written last. The watches still have to be at work.
pub async fn write_rest(store: &Store) {
    for name in store.traffic().names() {
        for _ in 0..LAST_TRIES {
            let Some(directory) = store.directory(name.namespace(), name.name()) else { break };
            match write(store, &name, State::of(&directory), Timestamp::now()).await {
                Ok(Added::Moved) => sleep(LAST_PAUSE).await,
                Ok(Added::Done(_) | Added::Nothing) => break,
                Err(error) => {
                    report::failed(&name, &without_values(&error.to_string()));
                    break;
                }
            }
        }
    }
}

struct Writer {
    store: Store,
    metrics: Metrics,
    /// As many entries as there are Directories of which something was seen.
    turns: HashMap<DirectoryName, Turn>,
    told: Told,
}

/// When this replica may write a Directory.
struct Turn {
    /// `updatedAt`, as it was when this was decided.
    updated_at: Value,
    /// From when on.
    due: Instant,
}

impl Writer {
    fn new(store: Store, metrics: Metrics) -> Self {
        Self { store, metrics, turns: HashMap::new(), told: Told::default() }
    }

    /// Waits until something is seen, or until this time.
    async fn wait(&self, next: Option<Instant>) {
        let due = async {
            match next {
                Some(next) => sleep_until(next.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.store.traffic().changed() => sleep(BURST).await,
            () = due => {}
        }
        fresh(&self.store).await;
    }

    /// Writes the Directories whose turn has come; says when the next one's comes.
    async fn write_due(&mut self, instant: Instant, now: Timestamp) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for name in self.store.traffic().names() {
            let Some(directory) = self.store.directory(name.namespace(), name.name()) else {
                self.store.traffic().take(&name);
                continue;
            };
            let due = self.due(&name, &directory, instant, now);
            let due = if due <= instant { self.write_one(&name, &directory, instant, now).await } else { Some(due) };
            next = next.into_iter().chain(due).min();
        }
        let is_there = |name: &DirectoryName| self.store.directory(name.namespace(), name.name()).is_some();
        self.turns.retain(|name, _| is_there(name));
        next
    }

    /// From when on this replica may write a Directory. What a clock of another replica says decides once, when it is seen: one
    /// that is ten minutes off must not put this off for ten minutes.
    fn due(&mut self, name: &DirectoryName, of: &WatchedDirectory, instant: Instant, now: Timestamp) -> Instant {
        let updated_at = &of.seen.status["provisioning"]["updatedAt"];
        if let Some(turn) = self.turns.get(name).filter(|turn| turn.updated_at == *updated_at) {
            return turn.due;
        }
        let due = instant + decide::wait(updated_at.as_str().and_then(|at| at.parse().ok()), now);
        self.turns.insert(name.clone(), Turn { updated_at: updated_at.clone(), due });
        due
    }

    /// Writes one Directory; says when to try again where that was in vain.
    async fn write_one(
        &mut self,
        name: &DirectoryName,
        of: &WatchedDirectory,
        instant: Instant,
        now: Timestamp,
    ) -> Option<Instant> {
        let pause = match write(&self.store, name, State::of(of), now).await {
            Ok(Added::Done(updated_at)) => {
                self.told.success();
                self.metrics.status_written("directories");
                let due = instant + decide::PAUSE + decide::COURTESY;
                self.turns.insert(name.clone(), Turn { updated_at, due });
                return None;
            }
            Ok(Added::Nothing) => return None,
            Ok(Added::Moved) => MOVED_PAUSE,
            Err(error) => {
                let reason = without_values(&error.to_string());
                self.told.failure(&reason, || report::failed(name, &reason));
                ERROR_PAUSE
            }
        };
        let turn = self.turns.get_mut(name)?;
        turn.due = instant + pause;
        Some(turn.due)
    }
}
