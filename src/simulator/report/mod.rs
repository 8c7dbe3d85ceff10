//! The report: what an Entra administrator finds in the provisioning log, and what was checked beside it.
//!
//! A [`Report`] has [`Section`]s: one for each cycle of a job or each group of tests of a suite. A section holds the
//! objects that were provisioned ([`Log`]), the [`Check`]s that independent requests made, and what was [`LeftOut`].
//! Failures are always whole; successes are counted, and the first of them are named.

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::simulator::client::Traffic;

/// How many successes and skips of one section are kept by name; the others are counted.
pub const MAX_NAMED: usize = 10;

/// What kind of object an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum EntryKind {
    /// A person.
    User,
    /// A group.
    Group,
    /// The job itself: its connection test, its quarantine.
    Job,
}

/// What was done, in the words of the provisioning log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Action {
    /// The object was created.
    Create,
    /// Attributes, references or members were changed.
    Update,
    /// `active` was set to false.
    Disable,
    /// The object was deleted.
    Delete,
    /// Anything else: a match, a read.
    Other,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Status {
    /// Done.
    Success,
    /// Refused or broken; the object is tried again in a later cycle.
    Failure,
    /// Nothing was sent, and the reason says why.
    Skipped,
}

/// Error codes of the provisioning log, spelled as Entra spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ErrorCode {
    /// 400.
    BadRequest,
    /// More than one object answers the match query.
    DuplicateTargetEntries,
    /// 409: another object has the value.
    EntryConflict,
    /// Left out because of its state in the source: disabled, out of scope, no value to match by.
    EntrySynchronizationSkipped,
    /// 403.
    InsufficientRights,
    /// 500, 502, 503.
    InternalServerError,
    /// 404 for an object that the job has a link to.
    InvalidAnchor,
    /// 405.
    MethodNotAllowed,
    /// 501.
    NotImplemented,
    /// A filter answered with something other than a list.
    SystemForCrossDomainIdentityManagementBadResponse,
    /// The endpoint does not behave as a SCIM endpoint.
    SystemForCrossDomainIdentityManagementServiceIncompatible,
    /// A filter was refused.
    SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering,
    /// More than one hit, or members in a group that was read without them.
    SystemForCrossDomainIdentityManagementMultipleEntriesInResponse,
    /// The answer did not come in time.
    Timeout,
    /// 429, still after the waits.
    TooManyRequests,
    /// 401.
    Unauthorized,
    /// 413, 415, 422.
    UnprocessableEntity,
    /// Any other answer, or none.
    WebExceptionProtocolError,
    /// The job is in quarantine because too much was to be disabled or deleted at once.
    AccidentalDeletesPrevention,
}

/// One line of the provisioning log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What kind of object.
    pub kind: EntryKind,
    /// The object as an administrator knows it: the userName or the displayName.
    pub object: String,
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub status: Status,
    /// Entra's name of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// Why, in a sentence; for a success what was changed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The entries of one section: failures whole, the rest counted and the first of it named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    counts: BTreeMap<(EntryKind, Action, Status), u64>,
    failures: Vec<Entry>,
    named: Vec<Entry>,
}

impl Log {
    /// Adds an entry.
    pub fn add(&mut self, entry: Entry) {
        *self.counts.entry((entry.kind, entry.action, entry.status)).or_default() += 1;
        if entry.status == Status::Failure {
            self.failures.push(entry);
        } else if self.named.len() < MAX_NAMED {
            self.named.push(entry);
        }
    }

    /// How many entries there are of this kind, action and status.
    pub fn count(&self, kind: EntryKind, action: Action, status: Status) -> u64 {
        self.counts.get(&(kind, action, status)).copied().unwrap_or_default()
    }

    /// Every failure.
    pub fn failures(&self) -> &[Entry] {
        &self.failures
    }

    /// The first successes and skips.
    pub fn named(&self) -> &[Entry] {
        &self.named
    }

    /// How many successes and skips are counted and not named.
    pub fn unnamed(&self) -> u64 {
        self.counts.values().sum::<u64>() - (self.failures.len() + self.named.len()) as u64
    }

    /// The counts, by kind, action and status.
    pub fn counts(&self) -> impl Iterator<Item = (EntryKind, Action, Status, u64)> {
        self.counts.iter().map(|((kind, action, status), count)| (*kind, *action, *status, *count))
    }
}

/// An assertion that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What has to hold, as a sentence.
    pub name: String,
    /// Whether it does.
    pub passed: bool,
    /// What was expected; of a passed check it may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What was found.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub found: String,
}

impl Check {
    /// A check that holds; `found` says how much was looked at.
    pub fn passed(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), passed: true, expected: String::new(), found: found.into() }
    }

    /// A check that does not hold.
    pub fn failed(name: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), passed: false, expected: expected.into(), found: found.into() }
    }

    /// A check of two values that have to be equal.
    pub fn equal<T: PartialEq + std::fmt::Display>(name: impl Into<String>, expected: &T, found: &T) -> Self {
        if expected == found {
            Self::passed(name, found.to_string())
        } else {
            Self::failed(name, expected.to_string(), found.to_string())
        }
    }
}

/// A test that was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// What it would have tested.
    pub name: String,
    /// Why it was not.
    pub reason: String,
}

/// One cycle of a job, or one group of tests of a suite.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// What it is.
    pub title: String,
    /// The provisioning log.
    pub log: Log,
    /// What was sent and how it was answered.
    pub traffic: Option<Traffic>,
    /// How long it took.
    pub elapsed: Duration,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What was not tested.
    pub left_out: Vec<LeftOut>,
}

impl Section {
    /// An empty section.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Whether nothing failed in it.
    pub fn is_clean(&self) -> bool {
        self.log.failures().is_empty() && self.checks.iter().all(|check| check.passed)
    }

    /// The section for people.
    pub fn to_text(&self) -> String {
        text::render_section(self)
    }
}

/// What the run says about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// No object failed and every check holds. Exit status 0.
    Passed,
    /// An object failed or a check does not hold. Exit status 1.
    Findings,
    /// The run could not be made: bad options, no connection. Exit status 2.
    CouldNotRun,
}

impl Verdict {
    /// The exit status of the process.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Findings => 1,
            Self::CouldNotRun => 2,
        }
    }
}

/// What a run made and did not delete, as far as the endpoint has told it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remains {
    /// How many users.
    pub users: usize,
    /// How many groups.
    pub groups: usize,
    /// The seed by which `--clean-up` finds them.
    pub seed: u64,
}

/// How many operations and checks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Objects on which an operation succeeded.
    pub succeeded: u64,
    /// Objects on which one failed.
    pub failed: u64,
    /// Checks that hold.
    pub checks_passed: usize,
    /// Checks that do not.
    pub checks_failed: usize,
    /// Tests that were not made.
    pub left_out: usize,
}

/// A whole run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was run and with which settings, as pairs of name and value. No secret is among them.
    pub settings: Vec<(&'static str, serde_json::Value)>,
    /// The cycles or groups of tests, in order.
    pub sections: Vec<Section>,
    /// What the run left on the endpoint, if anything.
    pub remains: Option<Remains>,
    /// Why the run ended early, where it did.
    pub error: Option<String>,
    /// The wall time.
    pub elapsed: Duration,
}

impl Report {
    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        if self.error.is_some() {
            Verdict::CouldNotRun
        } else if self.sections.iter().all(Section::is_clean) {
            Verdict::Passed
        } else {
            Verdict::Findings
        }
    }

    /// Every failed check of every section.
    pub fn failed_checks(&self) -> impl Iterator<Item = &Check> {
        self.sections.iter().flat_map(|section| &section.checks).filter(|check| !check.passed)
    }

    /// Every object that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Entry> {
        self.sections.iter().flat_map(|section| section.log.failures())
    }

    /// How much ended how in all sections.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for section in &self.sections {
            for (.., status, count) in section.log.counts() {
                match status {
                    Status::Success => sums.succeeded += count,
                    Status::Failure => sums.failed += count,
                    Status::Skipped => {}
                }
            }
            let passed = section.checks.iter().filter(|check| check.passed).count();
            sums.checks_passed += passed;
            sums.checks_failed += section.checks.len() - passed;
            sums.left_out += section.left_out.len();
        }
        sums
    }

    /// The traffic of all sections.
    pub fn traffic(&self) -> Traffic {
        let mut sum = Traffic::default();
        for traffic in self.sections.iter().filter_map(|section| section.traffic.as_ref()) {
            sum.add(traffic);
        }
        sum
    }

    /// The report for people, whole.
    pub fn to_text(&self) -> String {
        text::render(self, text::Length::Whole)
    }

    /// The report for people with one line for each section in which nothing failed, and of the others the failures.
    pub fn to_short_text(&self) -> String {
        text::render(self, text::Length::Short)
    }

    /// The report for programs.
    pub fn to_json(&self) -> serde_json::Value {
        json::render(self)
    }
}
