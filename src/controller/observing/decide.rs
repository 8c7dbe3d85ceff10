//! When a report is written, and what stands in it then.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::observe::ReportSubject;
use crate::api::conditions::{ConditionType, Reason};
use crate::controller::status::decide::conditions::{Wanted, merge};
use crate::rules::observation::{ObservedOutcome, Tally};
use crate::rules::resource::Resource;

/// Between two writes of one report while requests come.
const WRITE_INTERVAL: Duration = Duration::from_secs(60);
/// Between two looks whether a report is still there: whoever deletes it waits so long for the new one.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// After so long without a request a cycle counts as complete.
pub const SILENCE: SignedDuration = SignedDuration::from_secs(20);

/// The fields of a status that the operator writes.
pub const FIELDS: &[&str] = &[
    "observedGeneration",
    "directoryGeneration",
    "startedAt",
    "endedAt",
    "lastRequestAt",
    "lastWriteAt",
    "completeCycles",
    "lastCycleEndedAt",
    "users",
    "groups",
    "members",
    "refusals",
    "examples",
    "counted",
    "conditions",
];

/// What is to be done about a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// To look whether it is still there.
    Check,
    /// To join what this replica saw.
    Join,
}

/// When this replica wrote a report, and what.
#[derive(Debug, Default)]
pub struct ReportPace {
    /// What it had seen then; nothing before the first look.
    told: Option<Tally>,
    told_at: Option<Instant>,
    checked_at: Option<Instant>,
    /// The last request before the silence that was told last.
    silent_since: Option<Timestamp>,
    silence_told_at: Option<Instant>,
    /// Whether the mode was Observe then.
    was_observed: bool,
    /// The report.
    uid: Option<String>,
}

impl ReportPace {
    /// The uid of the report that this replica has joined.
    pub fn uid(&self) -> Option<&str> {
        self.uid.as_deref()
    }

    /// What is due: a join at once when the observation begins or ends; with news after a minute, and once more when requests
    /// have stopped coming. So there are at most two writes a minute.
    pub fn due(&self, subject: &ReportSubject, now: Timestamp, instant: Instant, is_last: bool) -> Option<Due> {
        let Some(told) = &self.told else { return Some(Due::Join) };
        if subject.is_observed != self.was_observed {
            return Some(Due::Join);
        }
        let is_news = *told != subject.tally;
        if !subject.is_observed || is_last {
            return (is_news && is_last).then_some(Due::Join);
        }
        let rested = |at: Option<Instant>, long| at.is_none_or(|at| instant.saturating_duration_since(at) >= long);
        let is_silence_news = is_silent(&subject.tally, now) && self.silent_since != subject.tally.last_request_at;
        if (is_news && rested(self.told_at, WRITE_INTERVAL))
            || (is_silence_news && rested(self.silence_told_at, WRITE_INTERVAL))
        {
            return Some(Due::Join);
        }
        rested(self.checked_at, CHECK_INTERVAL).then_some(Due::Check)
    }

    /// Notes that a report is still there.
    pub fn checked(&mut self, instant: Instant) {
        self.checked_at = Some(instant);
    }

    /// Notes that a report stands as it should.
    pub fn joined(&mut self, subject: &ReportSubject, uid: Option<String>, now: Timestamp, instant: Instant) {
        // What has ended is forgotten, and the next observation has a report of its own.
        let is_observed = subject.is_observed;
        self.told = Some(if is_observed { subject.tally.clone() } else { Tally::default() });
        self.was_observed = is_observed;
        self.checked_at = Some(instant);
        self.uid = uid.filter(|_| is_observed);
        if is_silent(&subject.tally, now) && self.silent_since != subject.tally.last_request_at {
            self.silent_since = subject.tally.last_request_at;
            self.silence_told_at = Some(instant);
        } else {
            self.told_at = Some(instant);
        }
    }
}

/// Whether requests came, and none for a while.
fn is_silent(tally: &Tally, now: Timestamp) -> bool {
    tally.last_request_at.is_some_and(|at| now.duration_since(at) >= SILENCE)
}

/// A report as it stands.
pub struct StandingReport<'a> {
    /// `metadata.generation`.
    pub generation: i64,
    /// `status`.
    pub status: &'a Value,
}

/// The status as it should stand, with what this replica saw in it; nothing where a report has ended and there is nothing to add.
pub fn status(report: &StandingReport<'_>, subject: &ReportSubject, now: Timestamp) -> Map<String, Value> {
    let StandingReport { generation, status: stands } = report;
    let directory_generation = subject.directory.seen.generation;
    let judged_by = stands["directoryGeneration"].as_i64().unwrap_or_default();
    let has_ended = stands["endedAt"].is_string();
    // A replica that has not heard yet of the end has an older Directory, and begins nothing.
    let begins =
        subject.is_observed && (stands["startedAt"].is_null() || (has_ended && judged_by < directory_generation));
    let known = if begins { Tally::default() } else { Tally::of_status(stands) };
    let mut tally = known.clone();
    tally.join(&subject.tally);
    let mut wanted = tally.to_status();
    let mut set = |name: &str, value: Value| drop(wanted.insert(name.to_owned(), value));
    let kept = |name: &str| stands.get(name).filter(|_| !begins).cloned();
    let second = || Value::from(format!("{now:.0}"));
    set("observedGeneration", (*generation).into());
    let turns = begins || (!subject.is_observed && !has_ended);
    set("directoryGeneration", if turns { directory_generation } else { judged_by }.into());
    set("startedAt", kept("startedAt").unwrap_or_else(second));
    let ended_at = kept("endedAt").or_else(|| (!subject.is_observed).then(second));
    let ends = ended_at.is_some();
    if let Some(ended_at) = ended_at {
        set("endedAt", ended_at);
    }
    let cycles = kept("completeCycles").and_then(|cycles| cycles.as_i64()).unwrap_or_default();
    let last_cycle = kept("lastCycleEndedAt");
    let is_complete = is_cycle_complete(&known, &tally, last_cycle.as_ref(), ends, now);
    set("completeCycles", (cycles + i64::from(is_complete)).into());
    let last_request = tally.last_request_at.filter(|_| is_complete).map(|at| Value::from(format!("{at:.0}")));
    if let Some(last_cycle) = last_request.or(last_cycle) {
        set("lastCycleEndedAt", last_cycle);
    }
    let owned = [ConditionType::Ready];
    let ready = vec![ready(&tally, ends)];
    set("conditions", merge(&stands["conditions"], &owned, ready, *generation, now).into());
    wanted
}

/// Whether a cycle with a write is over that is not counted yet. What a clock that is ahead says of the last request does not
/// hold it up.
fn is_cycle_complete(known: &Tally, tally: &Tally, last_cycle: Option<&Value>, ends: bool, now: Timestamp) -> bool {
    let Some(last_write) = tally.last_write_at else { return false };
    let last_cycle: Option<Timestamp> = last_cycle.and_then(|time| time.as_str()?.parse().ok());
    let is_silent = |at: Option<Timestamp>| at.is_none_or(|at| at > now || now.duration_since(at) >= SILENCE);
    let is_counted = last_cycle.is_some_and(|counted| last_write.as_second() <= counted.as_second());
    !is_counted && (ends || (is_silent(known.last_request_at) && is_silent(tally.last_request_at)))
}

fn ready(tally: &Tally, has_ended: bool) -> Wanted {
    let number = |outcome| tally.number(Resource::User, outcome);
    let groups = tally.number(Resource::Group, ObservedOutcome::Create);
    let so_far = format!(
        "people: {} would be created, {} changed, {} deactivated, {} deleted, {} refused; groups: {groups} would be created",
        number(ObservedOutcome::Create),
        number(ObservedOutcome::Change),
        number(ObservedOutcome::Deactivate),
        number(ObservedOutcome::Delete),
        number(ObservedOutcome::Refuse),
    );
    let (reason, message) = if has_ended {
        (Reason::Ended, format!("the Directory is not observed any more; {so_far}"))
    } else {
        (Reason::Observing, format!("nothing is stored; {so_far}"))
    };
    Wanted { name: ConditionType::Ready, holds: true, reason, message }
}
