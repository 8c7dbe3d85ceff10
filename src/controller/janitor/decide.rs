//! What is to be done about an object or a claim, and when.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::act::Acted;
use super::observe::ObservedName;
use crate::store::Error as StoreError;
use crate::store::claims::Error;
use crate::store::claims::holder::IDLE_AFTER;
use crate::store::index::Upkeep;

/// How long a create is left alone before its object is rolled forward: it takes milliseconds. That is safe at any time, and
/// until it is done whoever asks for the value is told to come again.
const ROLL_FORWARD_AFTER: Duration = Duration::from_secs(3);
/// After a look at an object on which somebody was at work.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
/// After an attempt that may go better in a moment.
const RETRY: Duration = Duration::from_secs(5);
/// After one that may go better once somebody has mended something, such as a missing right.
const SLOW_RETRY: Duration = Duration::from_secs(60);

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealingStep {
    /// Let the object go through the janitor's part of the claim protocol.
    Settle,
    /// Make its labels say what its spec says.
    Label,
    /// Remove the claim, if it is dead indeed.
    Release,
}

/// What to do now, and after what time to look again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// To be done now, in this order.
    pub steps: Vec<HealingStep>,
    /// When there may be more to do, if there will.
    pub wait: Option<Duration>,
}

/// What to do about what is seen at `now`.
pub fn decide(seen: &ObservedName, now: Timestamp) -> Decision {
    match seen {
        ObservedName::Claim { dead } => {
            Decision { steps: dead.then_some(HealingStep::Release).into_iter().collect(), wait: None }
        }
        ObservedName::Object(object) => {
            let wait = object.unsettled.then(|| time_to_leave_alone(object, now));
            let settle = wait == Some(Duration::ZERO);
            // What may be a restored object is settled when its age tells.
            let is_young = settle && !object.rejected && !object.deleted && now < object.known_from;
            let known = is_young.then(|| object.known_from.duration_since(now).unsigned_abs());
            let steps = [settle.then_some(HealingStep::Settle), (!object.labelled).then_some(HealingStep::Label)];
            Decision {
                steps: steps.into_iter().flatten().collect(),
                wait: wait.filter(|wait| !wait.is_zero()).or(known),
            }
        }
    }
}

/// How long an unsettled object is left to whoever may be at work on it.
///
/// A mark of a change, and an object that nobody may know of yet, may belong to a request that is under way. Nobody is at
/// work on the others: an account that people wrote, one that was acknowledged and has lost a claim, one that is asked back
/// or was found never to have been acknowledged.
fn time_to_leave_alone(object: &Upkeep, now: Timestamp) -> Duration {
    let alone = if object.rejected {
        Duration::ZERO
    } else if object.in_change {
        IDLE_AFTER.unsigned_abs()
    } else if object.deleted || now >= object.known_from {
        Duration::ZERO
    } else {
        ROLL_FORWARD_AFTER
    };
    let Some(written_at) = object.written_at else { return Duration::ZERO };
    // An object from the future, by the clock of another machine, is not left alone for ever.
    let age = now.duration_since(written_at).max(SignedDuration::ZERO).unsigned_abs();
    alone.saturating_sub(age)
}

/// After what time a step is taken again, if it is. What the API server refuses is not, until the object changes or all
/// objects are reviewed.
pub fn retry(acted: &Result<Acted, Error>) -> Option<Duration> {
    match acted {
        Ok(Acted::Nothing | Acted::Changed) => None,
        Ok(Acted::Busy) => Some(BUSY_PAUSE),
        Err(Error::NotFound | Error::Taken { .. }) => None,
        Err(Error::Busy { .. }) => Some(RETRY),
        Err(Error::Store(error)) => match error {
            StoreError::NotFound | StoreError::Invalid(_) | StoreError::TooLarge => None,
            StoreError::Conflict | StoreError::Exists | StoreError::Gone | StoreError::Unavailable { .. } => {
                Some(RETRY)
            }
            StoreError::Forbidden(_) | StoreError::Other(_) => Some(SLOW_RETRY),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW + seconds).expect("a time")
    }

    /// A person who was created over SCIM ten seconds ago and owns the name.
    fn person() -> Upkeep {
        Upkeep {
            unsettled: false,
            in_change: false,
            rejected: false,
            deleted: false,
            known_from: at(590),
            written_at: Some(at(-10)),
            labelled: true,
        }
    }

    #[test]
    fn an_object_is_settled_when_no_request_can_be_at_work_on_it() {
        let creating = Upkeep { unsettled: true, ..person() };
        let known = Upkeep { known_from: Timestamp::MIN, ..creating };
        let changing = Upkeep { in_change: true, ..known };
        let settle = |wait: u64| {
            let steps = if wait == 0 { vec![HealingStep::Settle] } else { Vec::new() };
            Decision { steps, wait: (wait > 0).then(|| Duration::from_secs(wait)) }
        };
        let cases = [
            ("nothing is amiss", person(), Decision::default()),
            ("a create that may be in progress", Upkeep { written_at: Some(at(-1)), ..creating }, settle(2)),
            ("one that is slow", creating, Decision { wait: Some(Duration::from_secs(590)), ..settle(0) }),
            (
                "one that says no time",
                Upkeep { written_at: None, ..creating },
                Decision { wait: Some(Duration::from_secs(590)), ..settle(0) },
            ),
            ("one by a clock that is fast", Upkeep { written_at: Some(at(3600)), ..creating }, settle(3)),
            ("somebody who was acknowledged, or whom people wrote", known, settle(0)),
            ("a change that may be in progress", changing, settle(20)),
            ("one that must be over", Upkeep { written_at: Some(at(-31)), ..changing }, settle(0)),
            ("a tombstone that is asked back", Upkeep { deleted: true, ..creating }, settle(0)),
            ("one on its way back", Upkeep { deleted: true, ..changing }, settle(20)),
            ("never acknowledged", Upkeep { rejected: true, ..creating }, settle(0)),
        ];
        for (case, object, expected) in cases {
            assert_eq!(decide(&ObservedName::Object(object), at(0)), expected, "{case}");
        }
    }

    #[test]
    fn a_label_that_is_missing_is_written_at_once() {
        let unlabelled = Upkeep { labelled: false, ..person() };
        let unsettled = Upkeep { unsettled: true, known_from: Timestamp::MIN, ..unlabelled };
        assert_eq!(decide(&ObservedName::Object(unlabelled), at(0)).steps, [HealingStep::Label]);
        assert_eq!(decide(&ObservedName::Object(unsettled), at(0)).steps, [HealingStep::Settle, HealingStep::Label]);
    }

    #[test]
    fn a_claim_is_released_while_it_is_dead() {
        for (dead, expected) in [(true, vec![HealingStep::Release]), (false, Vec::new())] {
            assert_eq!(decide(&ObservedName::Claim { dead }, at(0)), Decision { steps: expected, wait: None });
        }
    }

    #[test]
    fn what_may_go_better_later_is_tried_again() {
        let store = |error| Err(Error::Store(error));
        let cases = [
            (Ok(Acted::Changed), None),
            (Ok(Acted::Nothing), None),
            (Ok(Acted::Busy), Some(BUSY_PAUSE)),
            (Err(Error::Busy { reason: String::new() }), Some(RETRY)),
            (store(StoreError::Unavailable { reason: String::new() }), Some(RETRY)),
            (store(StoreError::Invalid("x".to_owned())), None),
            (store(StoreError::Other("forbidden".to_owned())), Some(SLOW_RETRY)),
        ];
        for (acted, expected) in cases {
            assert_eq!(retry(&acted), expected, "{acted:?}");
        }
    }
}
