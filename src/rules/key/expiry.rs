//! How near the end of a key is, and when that changes next.

use jiff::{SignedDuration, Timestamp};

use crate::api::DirectoryKeySpec;

/// How near the end is. People are warned three times, each time once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryStage {
    /// There is no end: whoever has the secret has it for ever.
    Permanent,
    /// The end is more than 30 days away.
    Distant,
    /// It is at most 30 days away.
    Within30Days,
    /// It is at most 7 days away.
    Within7Days,
    /// It is at most a day away.
    Within1Day,
    /// The key has ended.
    Over,
}

/// The stages that have a beginning, the earliest first, and how long before the end each begins.
const STAGES: [(ExpiryStage, SignedDuration); 4] = [
    (ExpiryStage::Within30Days, SignedDuration::from_hours(30 * 24)),
    (ExpiryStage::Within7Days, SignedDuration::from_hours(7 * 24)),
    (ExpiryStage::Within1Day, SignedDuration::from_hours(24)),
    (ExpiryStage::Over, SignedDuration::ZERO),
];

/// The stage of a key with this end at `now`, and since when it is in that stage; the first two have no beginning.
pub fn stage(end: Option<Timestamp>, now: Timestamp) -> (ExpiryStage, Option<Timestamp>) {
    let Some(end) = end else { return (ExpiryStage::Permanent, None) };
    let begun = STAGES.iter().rev().map(|(stage, before)| (*stage, begin(end, *before)));
    let mut begun = begun.filter(|(_, begin)| *begin <= now);
    begun.next().map_or((ExpiryStage::Distant, None), |(stage, begin)| (stage, Some(begin)))
}

/// The next moment at which a key counts as something else than at `now`, by time alone.
pub fn next_change(key: &DirectoryKeySpec, now: Timestamp) -> Option<Timestamp> {
    let end = key.expires_at.as_ref().map(|end| end.0);
    let begins = STAGES.iter().filter_map(|(_, before)| Some(begin(end?, *before)));
    begins.chain(key.not_before.as_ref().map(|start| start.0)).filter(|moment| *moment > now).min()
}

fn begin(end: Timestamp, before: SignedDuration) -> Timestamp {
    end.checked_sub(before).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn the_stages_begin_30_7_and_1_days_before_the_end() {
        let end = time("2026-03-31T12:00:00Z");
        for (now, stage_now, since) in [
            ("2026-03-01T11:59:59Z", ExpiryStage::Distant, None),
            ("2026-03-01T12:00:00Z", ExpiryStage::Within30Days, Some("2026-03-01T12:00:00Z")),
            ("2026-03-24T11:59:59Z", ExpiryStage::Within30Days, Some("2026-03-01T12:00:00Z")),
            ("2026-03-24T12:00:00Z", ExpiryStage::Within7Days, Some("2026-03-24T12:00:00Z")),
            ("2026-03-30T12:00:00Z", ExpiryStage::Within1Day, Some("2026-03-30T12:00:00Z")),
            ("2026-03-31T11:59:59Z", ExpiryStage::Within1Day, Some("2026-03-30T12:00:00Z")),
            ("2026-03-31T12:00:00Z", ExpiryStage::Over, Some("2026-03-31T12:00:00Z")),
            ("2036-03-31T12:00:00Z", ExpiryStage::Over, Some("2026-03-31T12:00:00Z")),
        ] {
            assert_eq!(stage(Some(end), time(now)), (stage_now, since.map(time)), "{now}");
        }
        assert_eq!(stage(None, end), (ExpiryStage::Permanent, None));
        assert_eq!(stage(Some(Timestamp::MIN), Timestamp::MIN), (ExpiryStage::Over, Some(Timestamp::MIN)));
    }

    #[test]
    fn a_key_is_looked_at_again_at_the_next_moment_that_changes_it() {
        let key = |start: Option<&str>, end: Option<&str>| -> DirectoryKeySpec {
            let spec = json!({ "directoryRef": { "name": "staff" }, "notBefore": start, "expiresAt": end });
            serde_json::from_value(spec).expect("a key")
        };
        let end = Some("2026-03-31T12:00:00Z");
        for (case, key, now, expected) in [
            ("a permanent key", key(None, None), "2026-01-01T00:00:00Z", None),
            (
                "one that begins",
                key(Some("2026-02-01T00:00:00Z"), end),
                "2026-01-01T00:00:00Z",
                Some("2026-02-01T00:00:00Z"),
            ),
            (
                "one that has begun",
                key(Some("2026-02-01T00:00:00Z"), end),
                "2026-02-01T00:00:00Z",
                Some("2026-03-01T12:00:00Z"),
            ),
            ("one in its last month", key(None, end), "2026-03-01T12:00:00Z", Some("2026-03-24T12:00:00Z")),
            ("one on its last day", key(None, end), "2026-03-31T00:00:00Z", Some("2026-03-31T12:00:00Z")),
            ("one that is over", key(None, end), "2026-03-31T12:00:00Z", None),
        ] {
            assert_eq!(next_change(&key, time(now)), expected.map(time), "{case}");
        }
    }
}
