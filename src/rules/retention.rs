//! How long a deleted person or group is kept, and when it may be deleted for good.
//!
//! Nothing is purged on doubt: a time or a retention that nobody can read keeps the tombstone, and so does a `deletedAt` in
//! the future, until the retention after it has passed.

use jiff::{SignedDuration, Timestamp};

use super::brake::WINDOW;
use super::naming::UNDELETE_ANNOTATION;
use crate::api::{DirectorySpec, Object};

/// How long a tombstone is kept at least, whatever the retention is: the tombstones of the last hour are what the brake on
/// mass deletion counts, and a purge must not hide them from it.
pub const MIN_RETENTION: SignedDuration = WINDOW;

/// What decides about the end of a deleted object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// When it was deleted; nothing where that cannot be read.
    pub deleted_at: Option<Timestamp>,
    /// Whether somebody asks for it back.
    pub asked_back: bool,
    /// Whether a change is in progress, such as an undelete.
    pub in_change: bool,
    /// Whether its purge has begun. Of a group: members may have been taken off already.
    pub purging: bool,
}

impl Tombstone {
    /// What an object says; nothing where it is not deleted.
    pub fn of(object: &Object) -> Option<Self> {
        object.is_deleted().then(|| Self {
            deleted_at: object.deleted_at(),
            asked_back: is_asked_back(object),
            in_change: object.pending().next().is_some(),
            purging: object.is_purging(),
        })
    }
}

/// Whether an object is a tombstone that somebody asks for. Once its purge has begun, nobody gets it back: a group may have
/// lost some of its members by then.
pub fn is_asked_back(object: &Object) -> bool {
    object.is_deleted() && !object.is_purging() && object.has_annotation(UNDELETE_ANNOTATION)
}

/// What becomes of a tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays, until something about it or about the retention changes.
    Stays,
    /// Its retention ends at this time.
    Waits(Timestamp),
    /// It is purged.
    Ends,
}

/// What becomes of a tombstone at `now`.
///
/// A retention that is shortened or lengthened counts for those who are deleted already. A purge that has begun is finished
/// whatever the retention says by then: a group that has lost some of its members must not come back without them.
pub fn fate(tombstone: &Tombstone, retention: Option<SignedDuration>, now: Timestamp) -> Fate {
    let Tombstone { deleted_at, asked_back, in_change, purging } = *tombstone;
    if purging {
        return Fate::Ends;
    }
    if asked_back || in_change {
        return Fate::Stays;
    }
    let (Some(deleted_at), Some(retention)) = (deleted_at, retention) else { return Fate::Stays };
    let end = deleted_at.checked_add(retention.max(MIN_RETENTION)).unwrap_or(Timestamp::MAX);
    if end <= now { Fate::Ends } else { Fate::Waits(end) }
}

/// `spec.retention`, such as `30d`, `720h` or `1d12h`; nothing where it is none, as one of a newer version.
pub fn retention(spec: &DirectorySpec) -> Option<SignedDuration> {
    duration(&spec.retention)
}

/// A duration in days, hours, minutes and seconds, such as `1d12h`; nothing where it is none.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
        let seconds = match after.chars().next()? {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let number: i64 = number.parse().ok()?;
        total = total.checked_add(SignedDuration::from_secs(number.checked_mul(seconds)?))?;
        // Each unit is one byte.
        rest = &after[1..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-03-31T10:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn spec(retention: &str) -> DirectorySpec {
        DirectorySpec { retention: retention.to_owned(), ..DirectorySpec::default() }
    }

    #[test]
    fn a_retention_is_read_as_the_kind_describes_it() {
        let cases = [
            ("30d", Some(30 * 24)),
            ("720h", Some(720)),
            ("1d12h", Some(36)),
            ("1d2h60m3600s", Some(28)),
            ("0s", Some(0)),
            ("", None),
            ("30", None),
            ("d", None),
            ("2w", None),
            ("1.5h", None),
            ("-1h", None),
            ("9223372036854775807d", None),
        ];
        for (text, hours) in cases {
            assert_eq!(retention(&spec(text)), hours.map(SignedDuration::from_hours), "{text:?}");
        }
    }

    #[test]
    fn a_tombstone_ends_when_its_retention_has_passed_and_never_on_doubt() {
        let days = |days: i64| Some(SignedDuration::from_hours(24 * days));
        let deleted =
            |text: &str| Tombstone { deleted_at: Some(at(text)), asked_back: false, in_change: false, purging: false };
        let old = deleted("2026-03-01T10:00:00Z");
        let waits = |text: &str| Fate::Waits(at(text));
        let cases = [
            ("its time has come", old, days(30), Fate::Ends),
            ("its time has long been over", deleted("2020-01-01T00:00:00Z"), days(30), Fate::Ends),
            ("a second early", deleted("2026-03-01T10:00:01Z"), days(30), waits("2026-03-31T10:00:01Z")),
            ("the retention was shortened", deleted("2026-03-30T09:00:00Z"), days(1), Fate::Ends),
            ("the retention was lengthened", old, days(31), waits("2026-04-01T10:00:00Z")),
            ("no time to keep anybody", deleted("2026-03-31T09:30:00Z"), days(0), waits("2026-03-31T10:30:00Z")),
            ("no time to keep anybody, an hour later", deleted("2026-03-31T09:00:00Z"), days(0), Fate::Ends),
            ("deleted in the future", deleted("2026-04-01T00:00:00Z"), days(1), waits("2026-04-02T00:00:00Z")),
            ("a clock that went back", deleted("2026-03-31T10:00:01Z"), days(0), waits("2026-03-31T11:00:01Z")),
            (
                "at the end of time",
                Tombstone { deleted_at: Some(Timestamp::MAX), ..old },
                days(30),
                Fate::Waits(Timestamp::MAX),
            ),
            ("asked back", Tombstone { asked_back: true, ..old }, days(30), Fate::Stays),
            ("on its way back", Tombstone { in_change: true, ..old }, days(30), Fate::Stays),
            ("a time that nobody can read", Tombstone { deleted_at: None, ..old }, days(30), Fate::Stays),
            ("a retention that nobody can read", old, None, Fate::Stays),
            ("begun, and then asked back", Tombstone { purging: true, asked_back: true, ..old }, days(30), Fate::Ends),
            ("begun, and the retention lengthened", Tombstone { purging: true, ..old }, days(3650), Fate::Ends),
        ];
        for (case, tombstone, retention, expected) in cases {
            assert_eq!(fate(&tombstone, retention, at(NOW)), expected, "{case}");
        }
    }
}
