//! Writes the reports of Directories that are observed.
//!
//! It runs on every replica: each knows what it was asked, and nobody else does. A report is read, joined with what this replica
//! saw, and written if nobody wrote since; the join is a union of sets, so it loses nothing and counts nobody twice, whoever
//! comes first. When to write is a question of time as much as of news, so a clock asks for it every second; that costs a look at
//! memory, and no call.

mod act;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use self::act::Joined;
use self::decide::{Due, ReportPace};
use self::observe::ReportSubject;
use super::dirty_names::{ERROR_PAUSE, synced};
use super::told::Told;
use super::tools::Tools;
use crate::redaction::without_values;
use crate::store::index::dirty::DirectoryName;

/// Between two looks at what was observed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// How long the last reports may take when the process ends.
const LAST_REPORTS: Duration = Duration::from_secs(5);

/// Writes reports until `stop`, and then those that are not written yet.
pub async fn run(tools: Tools, stop: CancellationToken) {
    let mut reports = Reports { tools, paces: BTreeMap::new(), told: Told::default(), rests_until: None };
    let watching = async {
        synced(&reports.tools.store).await;
        let mut looks = interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            reports.look(Timestamp::now(), Instant::now(), false).await;
        }
    };
    if stop.run_until_cancelled(watching).await.is_none() {
        // Another replica, or this one after its start, is told the rest by the provider's next cycle.
        drop(timeout(LAST_REPORTS, reports.look(Timestamp::now(), Instant::now(), true)).await);
    }
}

/// What this replica remembers of the reports that it writes: as much as there are Directories.
struct Reports {
    tools: Tools,
    paces: BTreeMap<DirectoryName, ReportPace>,
    told: Told,
    rests_until: Option<Instant>,
}

impl Reports {
    /// Writes what is due, and what is news where these are the last reports.
    async fn look(&mut self, now: Timestamp, instant: Instant, is_last: bool) {
        if self.rests_until.is_some_and(|until| instant < until) {
            return;
        }
        let subjects = observe::subjects(&self.tools.store);
        self.paces.retain(|name, _| subjects.iter().any(|subject| subject.name == *name));
        for subject in subjects {
            let pace = self.paces.entry(subject.name.clone()).or_default();
            let looked = match pace.due(&subject, now, instant, is_last) {
                None => continue,
                Some(Due::Check) => {
                    act::check(&self.tools, &subject, pace.uid()).await.map(|looked| (Due::Check, looked))
                }
                Some(Due::Join) => {
                    act::join(&self.tools, &subject, pace.uid(), now).await.map(|looked| (Due::Join, looked))
                }
            };
            match looked {
                Ok((Due::Check, Joined::Written(_) | Joined::Unchanged(_))) => pace.checked(instant),
                Ok((Due::Join, Joined::Written(uid))) => {
                    report::written(&self.tools.metrics);
                    pace.joined(&subject, Some(uid), now, instant);
                    self.end(&subject);
                }
                Ok((Due::Join, Joined::Unchanged(uid))) => {
                    pace.joined(&subject, uid, now, instant);
                    self.end(&subject);
                }
                Ok((_, Joined::StartedOver)) => {
                    report::started_over(&subject);
                    *pace = ReportPace::default();
                }
                Err(error) => {
                    let reason = without_values(&error.to_string());
                    self.told.failure(&reason, || report::failed(&subject, &reason));
                    self.rests_until = Some(instant + ERROR_PAUSE);
                    return;
                }
            }
        }
        self.told.success();
    }

    /// Forgets what was observed of a Directory whose report has ended.
    fn end(&self, subject: &ReportSubject) {
        if !subject.is_observed {
            self.tools.store.end_observation(&subject.name);
        }
    }
}
