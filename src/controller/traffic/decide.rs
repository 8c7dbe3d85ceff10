//! When a replica may write, and what.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::controller::status::difference;
use crate::rules::traffic::{SeenTraffic, joined};

/// Between two writes of one Directory, by whichever replica.
pub const PAUSE: Duration = Duration::from_secs(60);
/// How much longer the replica waits that wrote last.
pub const COURTESY: Duration = Duration::from_secs(3);

/// How long to wait when the last write says that it was made at this time. One from the future was made by a clock that is
/// wrong, just before it was seen.
pub fn wait(updated_at: Option<Timestamp>, now: Timestamp) -> Duration {
    let Some(updated_at) = updated_at else { return Duration::ZERO };
    let age = Duration::try_from(now.duration_since(updated_at)).unwrap_or_default();
    PAUSE.saturating_sub(age)
}

/// The merge patch of the status that adds what was seen to what stands. What a newer version wrote and this one cannot read is
/// begun anew.
pub fn changes(status: &Value, traffic: &SeenTraffic, now: Timestamp) -> Option<Map<String, Value>> {
    let stands = serde_json::from_value(status["provisioning"].clone()).unwrap_or_default();
    let wanted = Map::from_iter([("provisioning".to_owned(), json!(joined(stands, traffic, now)))]);
    difference(status, &wanted, &["provisioning"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_written_once_a_minute_whatever_the_clocks_say() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
        for (case, updated_at, seconds) in [
            ("never written", None, 0),
            ("just written", Some("2026-03-01T10:00:00Z"), 60),
            ("written a while ago", Some("2026-03-01T09:59:20Z"), 20),
            ("written a minute ago", Some("2026-03-01T09:59:00Z"), 0),
            ("written long ago", Some("2026-02-01T10:00:00Z"), 0),
            ("written by a clock that is ten minutes fast", Some("2026-03-01T10:10:00Z"), 60),
        ] {
            let updated_at = updated_at.map(|at| at.parse().expect("a time"));
            assert_eq!(wait(updated_at, now), Duration::from_secs(seconds), "{case}");
        }
    }
}
