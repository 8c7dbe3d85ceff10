//! The next step with a Directory: a pure function.

use std::time::Duration;

use super::{HEARD_POLL, QUIET_TIME};
use crate::api::directory::DeletionPolicy;

/// What is seen of a Directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedDeletion {
    /// `spec.deletionPolicy`.
    pub policy: DeletionPolicy,
    /// Whether somebody has deleted it and finalizers keep it.
    pub is_terminating: bool,
    /// Whether ours is among them.
    pub has_finalizer: bool,
    /// Whether nothing belongs to it.
    pub is_empty: bool,
    /// How long ago the watches were last heard of: what was made since may be missing.
    pub silence: Duration,
    /// All finalizers.
    pub finalizers: Vec<String>,
    /// Which state of it this is.
    pub version: String,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionStep {
    /// Nothing, until something changes.
    Nothing,
    /// Put the finalizer on: without it the Directory would go before the people.
    PutFinalizer,
    /// Take the finalizer off.
    TakeFinalizer,
    /// Delete some of what belongs to it.
    DeleteSome,
    /// Look again after this time.
    Wait(Duration),
}

/// The next step with a Directory that has been known to be in deletion for this long.
///
/// A policy that came too late stays without effect: Kubernetes takes no new finalizer on what is being deleted.
pub fn decide(seen: &ObservedDeletion, ending_for: Duration) -> DeletionStep {
    let deletes = seen.policy.counts_as() == DeletionPolicy::Delete;
    match (deletes, seen.is_terminating, seen.has_finalizer) {
        (true, false, false) => DeletionStep::PutFinalizer,
        (true, false, true) | (true, true, false) | (false, _, false) => DeletionStep::Nothing,
        (false, _, true) => DeletionStep::TakeFinalizer,
        (true, true, true) if !seen.is_empty => DeletionStep::DeleteSome,
        (true, true, true) if ending_for < QUIET_TIME => DeletionStep::Wait(QUIET_TIME - ending_for),
        // Whom the last request made is known once the watches were heard of after its end.
        (true, true, true) if seen.silence > ending_for - QUIET_TIME => DeletionStep::Wait(HEARD_POLL),
        (true, true, true) => DeletionStep::TakeFinalizer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_after_its_people_where_its_policy_says_so() {
        use DeletionPolicy::{Delete, Retain, Unknown};
        use DeletionStep::{DeleteSome, Nothing, PutFinalizer, TakeFinalizer, Wait};
        let long = QUIET_TIME;
        // Policy; whether it is being deleted, has the finalizer, is empty; for how long.
        let cases = [
            ("people stay", Retain, (false, false, false), Duration::ZERO, Nothing),
            ("people are to go", Delete, (false, false, false), Duration::ZERO, PutFinalizer),
            ("people are to go, and it is seen to", Delete, (false, true, false), Duration::ZERO, Nothing),
            ("people are to stay after all", Retain, (false, true, false), Duration::ZERO, TakeFinalizer),
            ("a policy of a newer version", Unknown, (false, false, false), Duration::ZERO, Nothing),
            ("a policy of a newer version, in deletion", Unknown, (true, true, false), long, TakeFinalizer),
            ("in deletion", Delete, (true, true, false), Duration::ZERO, DeleteSome),
            ("still in deletion", Delete, (true, true, false), long, DeleteSome),
            ("nobody is left", Delete, (true, true, true), Duration::ZERO, Wait(long)),
            ("nobody is left, and no request", Delete, (true, true, true), long, TakeFinalizer),
            ("taken back in the middle", Retain, (true, true, false), long, TakeFinalizer),
            ("the policy came too late", Delete, (true, false, false), long, Nothing),
            ("somebody else's finalizer", Retain, (true, false, false), long, Nothing),
        ];
        for (case, policy, (is_terminating, has_finalizer, is_empty), ending_for, expected) in cases {
            let seen = ObservedDeletion {
                policy,
                is_terminating,
                has_finalizer,
                is_empty,
                silence: Duration::ZERO,
                finalizers: Vec::new(),
                version: String::new(),
            };
            assert_eq!(decide(&seen, ending_for), expected, "{case}");
        }
    }

    #[test]
    fn a_directory_goes_only_after_the_watches_were_heard_of_behind_the_last_request() {
        let second = Duration::from_secs(1);
        for (silence, expected) in [
            (Duration::ZERO, DeletionStep::TakeFinalizer),
            (5 * second, DeletionStep::TakeFinalizer),
            (6 * second, DeletionStep::Wait(HEARD_POLL)),
        ] {
            let seen = ObservedDeletion {
                policy: DeletionPolicy::Delete,
                is_terminating: true,
                has_finalizer: true,
                is_empty: true,
                silence,
                finalizers: Vec::new(),
                version: String::new(),
            };
            assert_eq!(decide(&seen, QUIET_TIME + 5 * second), expected, "{silence:?}");
        }
    }
}
