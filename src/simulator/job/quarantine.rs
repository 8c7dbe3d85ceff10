//! When a job stops trusting its target. Pure.

use std::time::Duration;

use super::escrow::HOUR;

/// So many failures, and more than [`FAILED_PERCENT`] of the attempts, are too many.
pub const MANY_FAILURES: u64 = 5_000;
/// See [`MANY_FAILURES`].
pub const FAILED_PERCENT: u64 = 40;
/// More failures than this are too many whatever else succeeds.
pub const MAX_FAILURES: u64 = 40_000;
/// As [`MAX_FAILURES`], with the failures of references among them.
pub const MAX_FAILURES_WITH_REFERENCES: u64 = 60_000;
/// The time between two cycles.
pub const CYCLE: Duration = Duration::from_secs(40 * 60);
/// The time between two cycles in quarantine.
pub const CYCLE_IN_QUARANTINE: Duration = HOUR.saturating_mul(24);
/// After this long in quarantine the job is switched off.
pub const MAX_QUARANTINE: Duration = HOUR.saturating_mul(24 * 28);

/// What was tried and what failed since the last restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Objects that were tried.
    pub attempts: u64,
    /// Objects that failed.
    pub failures: u64,
    /// References that failed.
    pub reference_failures: u64,
}

impl Attempts {
    /// Why so many failures end in quarantine, if they do.
    pub fn too_many(&self) -> Option<String> {
        let Self { attempts, failures, reference_failures } = *self;
        let is_large_part = failures * 100 > attempts * FAILED_PERCENT;
        if failures >= MANY_FAILURES && is_large_part {
            Some(format!("{failures} of {attempts} attempts failed"))
        } else if failures > MAX_FAILURES || failures + reference_failures > MAX_FAILURES_WITH_REFERENCES {
            Some(format!("{failures} attempts and {reference_failures} references failed"))
        } else {
            None
        }
    }
}

/// What keeps a job in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineCause {
    /// The target; a connection test that passes ends it.
    Target,
    /// More would be disabled or deleted than the administrator's threshold; only the administrator ends it.
    AccidentalDeletions,
}

/// A job in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Of what kind.
    pub cause: QuarantineCause,
    /// Why, in a sentence.
    pub reason: String,
    /// Since when.
    pub since: Duration,
}

impl Quarantine {
    /// Whether the job is switched off by now.
    pub fn is_disabled(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) > MAX_QUARANTINE
    }
}

/// The time until the next cycle.
pub fn next_cycle(quarantine: Option<&Quarantine>) -> Duration {
    if quarantine.is_some() { CYCLE_IN_QUARANTINE } else { CYCLE }
}
