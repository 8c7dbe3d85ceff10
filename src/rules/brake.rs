//! The brake on mass deletion: how many people SCIM may delete within an hour.
//!
//! A mapping or a scope that somebody gets wrong lets the identity provider delete everybody. The tombstones of the last hour
//! are the counter, so every replica counts the same without asking another one. A deactivation is no deletion and is never
//! braked.

use jiff::{SignedDuration, Timestamp};

use crate::api::DirectorySpec;

/// How long a deletion counts.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// The default limit of a small Directory.
pub const MIN_DEFAULT_LIMIT: usize = 50;
/// The default limit of a large one is its people divided by this.
pub const DEFAULT_SHARE: usize = 10;

/// How far a Directory is from the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// How many people were deleted within the hour.
    pub deleted: usize,
    /// How many may be.
    pub limit: usize,
    /// Until when the limit is lifted, if it is at this moment.
    pub lifted_until: Option<Timestamp>,
    /// When a deletion goes through again, if none does and nothing else changes. Never where the limit is 0.
    pub opens_at: Option<Timestamp>,
}

impl Brake {
    /// Whether as many were deleted as may be.
    pub fn is_limit_reached(&self) -> bool {
        self.deleted >= self.limit
    }

    /// Whether the next deletion is refused.
    pub fn is_on(&self) -> bool {
        self.is_limit_reached() && self.lifted_until.is_none()
    }

    /// Whether one more deletion goes through while so many are under way and not counted yet.
    pub fn admits(&self, under_way: usize) -> bool {
        self.lifted_until.is_some() || self.deleted + under_way < self.limit
    }

    /// When this is to be looked at again although nothing changes.
    pub fn changes_at(&self) -> Option<Timestamp> {
        self.lifted_until.or(self.opens_at).filter(|_| self.is_limit_reached())
    }
}

/// The deletions that count at `now`: later than the first time and no later than the second. One that a fast clock dated
/// ahead counts as well, unless it is further ahead than an hour: a clock that was wrong by a year must not brake for a year.
pub fn window(now: Timestamp) -> (Timestamp, Timestamp) {
    (now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN), now.checked_add(WINDOW).unwrap_or(Timestamp::MAX))
}

/// How many of so many people go at once in an ordinary company: the default limit on deletions, and above it a burst of
/// deactivations is told.
pub fn ordinary_limit(people: usize) -> usize {
    people.div_euclid(DEFAULT_SHARE).max(MIN_DEFAULT_LIMIT)
}

/// Where a Directory with so many people stands at `now`. `deletions` are those within the [`window`], the oldest first.
///
/// The default limit is a share of the people who were there before the deletions, so that it does not shrink with each.
pub fn brake(spec: &DirectorySpec, people: usize, deletions: &[Timestamp], now: Timestamp) -> Brake {
    let explicit = spec.max_deletes_per_hour.map(|limit| usize::try_from(limit).unwrap_or(0));
    let limit = |deleted: usize| explicit.unwrap_or(ordinary_limit(people + deleted));
    let deleted = deletions.len();
    let reached = deleted >= limit(deleted);
    let until = spec.mass_delete_override_until.as_ref().map(|until| until.0);
    // The oldest deletions leave the window first.
    let gone = (1..=deleted).find(|gone| deleted - gone < limit(deleted - gone)).filter(|_| reached);
    Brake {
        deleted,
        limit: limit(deleted),
        lifted_until: until.filter(|until| *until > now),
        opens_at: gone.and_then(|gone| deletions[gone - 1].checked_add(WINDOW).ok()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).expect("a time")
    }

    fn spec(spec: serde_json::Value) -> DirectorySpec {
        serde_json::from_value(spec).expect("a spec")
    }

    /// So many deletions, one in each minute, the last one a minute ago.
    fn deletions(count: i64) -> Vec<Timestamp> {
        (0..count).map(|number| at(number - count)).collect()
    }

    #[test]
    fn so_many_people_may_be_deleted_within_an_hour_and_no_more() {
        let limited = |limit: i64| spec(json!({ "maxDeletesPerHour": limit }));
        let lifted =
            |minutes: i64| spec(json!({ "maxDeletesPerHour": 2, "massDeleteOverrideUntil": at(minutes).to_string() }));
        // Directory, people who are left, deletions; the limit, whether the brake is on, when it changes.
        let cases = [
            ("nobody was deleted", spec(json!({})), 20, 0, (50, false, None)),
            ("fewer than the limit", limited(3), 20, 2, (3, false, None)),
            ("as many as the limit", limited(3), 20, 3, (3, true, Some(57))),
            ("more than the limit, by the watch lag", limited(3), 20, 5, (3, true, Some(57))),
            ("no deletions at all", limited(0), 20, 0, (0, true, None)),
            ("no deletions at all, after some", limited(0), 20, 2, (0, true, None)),
            ("fifty of a few", spec(json!({})), 10, 49, (50, false, None)),
            ("a tenth of many", spec(json!({})), 560, 56, (61, false, None)),
            ("a tenth of those who were there before", spec(json!({})), 540, 60, (60, true, Some(1))),
            ("lifted", lifted(5), 20, 9, (2, false, Some(5))),
            ("lifted, and below the limit", lifted(5), 20, 1, (2, false, None)),
            ("no longer lifted", lifted(0), 20, 2, (2, true, Some(58))),
        ];
        for (case, spec, people, count, (limit, is_on, changes_at)) in cases {
            let brake = brake(&spec, people, &deletions(count), at(0));
            assert_eq!((brake.limit, brake.is_on()), (limit, is_on), "{case}: {brake:?}");
            assert_eq!(brake.changes_at(), changes_at.map(at), "{case}");
        }
    }

    #[test]
    fn a_deletion_goes_through_once_the_hour_has_passed() {
        let limited = spec(json!({ "maxDeletesPerHour": 2 }));
        let all = [at(0), at(10), at(20)];
        let counted = |now| {
            let (after, until) = window(now);
            let counted: Vec<_> = all.into_iter().filter(|time| *time > after && *time <= until).collect();
            brake(&limited, 100, &counted, now)
        };
        let first = counted(at(30));
        assert_eq!((first.is_on(), first.opens_at), (true, Some(at(70))));
        assert!(counted(at(69)).is_on());
        assert!(!counted(at(70)).is_on(), "the first two no longer count");
    }

    #[test]
    fn deletions_under_way_count_as_if_they_were_done() {
        let limited = spec(json!({ "maxDeletesPerHour": 3 }));
        let lifted = spec(json!({ "maxDeletesPerHour": 3, "massDeleteOverrideUntil": at(1).to_string() }));
        for (spec, deleted, under_way, admits) in [
            (&limited, 0, 0, true),
            (&limited, 0, 2, true),
            (&limited, 0, 3, false),
            (&limited, 2, 0, true),
            (&limited, 2, 1, false),
            (&limited, 3, 0, false),
            (&lifted, 3, 5, true),
        ] {
            let brake = brake(spec, 100, &deletions(deleted), at(0));
            assert_eq!(brake.admits(under_way), admits, "{deleted} deleted, {under_way} under way: {brake:?}");
        }
    }

    #[test]
    fn a_clock_that_was_ahead_brakes_for_an_hour_or_two_and_not_for_ever() {
        let counts = |minutes: i64| {
            let (after, until) = window(at(0));
            at(minutes) > after && at(minutes) <= until
        };
        for (minutes, expected) in [(-60, false), (-59, true), (0, true), (60, true), (61, false), (600_000, false)] {
            assert_eq!(counts(minutes), expected, "{minutes}");
        }
    }
}
