//! What the requests of an identity provider did to a Directory, in numbers.
//!
//! Each replica gathers what it sees in a [`SeenTraffic`] and adds it to `status.provisioning` about once a minute ([`joined`]).
//! Nothing is gathered that grows with the requests: 10,000 refused operations are a number and the last one of them.
//!
//! Nobody tells an operator where a cycle of the provider begins. Entra ID sends nothing between two cycles, and within one it
//! pauses for seconds only, so a cycle is a row of requests with no long pause in it ([`QUIET`]).

mod joined;
pub mod silence;

use jiff::{SignedDuration, Timestamp};

pub use joined::joined;

use crate::api::provisioning_status::{CycleCounts, LastError};

/// A pause of this length ends a cycle.
pub const QUIET: SignedDuration = SignedDuration::from_mins(5);
/// A pause of this length ends a row of failed authentications.
pub const FAILURES_LAST: SignedDuration = SignedDuration::from_mins(10);
/// Most cycles that a replica keeps apart until it has added them; while the API server is away there may be many.
const MAX_BURSTS: usize = 4;

/// What one request changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It created a user or a group.
    Created,
    /// It changed one.
    Updated,
    /// It deactivated a user.
    Deactivated,
    /// It deleted a user or a group.
    Deleted,
}

/// What came of one request with a good key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// When it was answered.
    pub at: Timestamp,
    /// Whether it asked for a change.
    pub is_write: bool,
    /// The status of the answer.
    pub status: u16,
    /// What it changed, if anything; a refused request may have deactivated somebody.
    pub effect: Option<Effect>,
    /// What is told of it where it was not carried out.
    pub error: Option<LastError>,
}

/// Whether an answer is an error that somebody may have to look at. A client that asks for a resource which is gone, or
/// deletes it, goes on as if nothing had happened.
pub fn is_error(method: &str, status: u16) -> bool {
    let is_gone = status == 404 && matches!(method, "GET" | "HEAD" | "DELETE");
    status >= 400 && !is_gone
}

/// Requests whose credentials did not open the Directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFailures {
    /// How many.
    pub count: i64,
    /// When the first one came.
    pub first: Timestamp,
    /// When the last one came.
    pub last: Timestamp,
    /// What was wrong with the last one.
    pub reason: &'static str,
    /// The key that the last one named.
    pub key: Option<String>,
}

/// Requests with no long pause in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Burst {
    first: Timestamp,
    last: Timestamp,
    counts: CycleCounts,
}

/// What was seen of one Directory and is in no status yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenTraffic {
    /// The oldest first.
    bursts: Vec<Burst>,
    last_success: Option<Timestamp>,
    last_error: Option<LastError>,
    failures: Option<SeenFailures>,
}

impl SeenTraffic {
    /// Takes in what came of a request.
    pub fn note(&mut self, request: SeenRequest) {
        let SeenRequest { at, is_write, status, effect, error } = request;
        let one_if = i64::from;
        let counts = CycleCounts {
            requests: 1,
            created: one_if(effect == Some(Effect::Created)),
            updated: one_if(effect == Some(Effect::Updated)),
            deactivated: one_if(effect == Some(Effect::Deactivated)),
            deleted: one_if(effect == Some(Effect::Deleted)),
            refused: one_if(is_write && error.is_some() && status < 500),
            failed: one_if(status >= 500),
        };
        self.add(Burst { first: at, last: at, counts });
        if status < 400 {
            self.last_success = self.last_success.max(Some(at));
        }
        self.last_error = later(self.last_error.take(), error, |error| error.time.0);
    }

    /// Takes in a request whose credentials did not open the Directory.
    pub fn note_failure(&mut self, at: Timestamp, reason: &'static str, key: Option<String>) {
        let failure = SeenFailures { count: 1, first: at, last: at, reason, key };
        self.failures = Some(match self.failures.take() {
            Some(before) => row(before, failure),
            None => failure,
        });
    }

    /// Takes in what was seen before and could not be written.
    pub fn put_back(&mut self, before: Self) {
        let Self { bursts, last_success, last_error, failures } = before;
        bursts.into_iter().for_each(|burst| self.add(burst));
        self.last_success = self.last_success.max(last_success);
        self.last_error = later(last_error, self.last_error.take(), |error| error.time.0);
        self.failures = match (failures, self.failures.take()) {
            (Some(before), Some(after)) => Some(row(before, after)),
            (before, after) => before.or(after),
        };
    }

    fn add(&mut self, burst: Burst) {
        match self.bursts.iter_mut().rev().find(|known| are_one((known.first, known.last), (burst.first, burst.last))) {
            Some(known) => {
                known.first = known.first.min(burst.first);
                known.last = known.last.max(burst.last);
                known.counts = sum(known.counts, burst.counts);
            }
            None => {
                self.bursts.push(burst);
                self.bursts.sort_by_key(|burst| burst.first);
            }
        }
        if self.bursts.len() > MAX_BURSTS {
            self.bursts.remove(0);
        }
    }
}

/// The two rows of failures as one, or the later one where there is a long pause between them.
fn row(before: SeenFailures, after: SeenFailures) -> SeenFailures {
    let (before, after) = if before.last <= after.last { (before, after) } else { (after, before) };
    if after.first.duration_since(before.last) >= FAILURES_LAST {
        return after;
    }
    let (count, first) = (before.count.saturating_add(after.count), before.first.min(after.first));
    SeenFailures { count, first, ..after }
}

/// Whether requests from and until these times belong to one cycle.
fn are_one(one: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> bool {
    let gap = one.0.max(other.0).duration_since(one.1.min(other.1));
    gap < QUIET
}

fn sum(one: CycleCounts, other: CycleCounts) -> CycleCounts {
    CycleCounts {
        requests: one.requests.saturating_add(other.requests),
        created: one.created.saturating_add(other.created),
        updated: one.updated.saturating_add(other.updated),
        deactivated: one.deactivated.saturating_add(other.deactivated),
        deleted: one.deleted.saturating_add(other.deleted),
        refused: one.refused.saturating_add(other.refused),
        failed: one.failed.saturating_add(other.failed),
    }
}

/// The later of two, the second one where both are of one time.
fn later<T>(one: Option<T>, other: Option<T>, time: impl Fn(&T) -> Timestamp) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if time(&one) > time(&other) { one } else { other }),
        (one, other) => other.or(one),
    }
}

#[cfg(test)]
mod tests;
