//! How often the numbers of a Directory are written.
//!
//! While thousands of people come, each of them changes the counts, and to write each count would cost the API server as much as the
//! people do. A few writes go through at once, so that whoever changes something sees it; then there is one a minute. What turns
//! a condition or ends a step of the set-up never waits, and takes the numbers along.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde_json::{Map, Value};

use crate::store::index::dirty::DirectoryName;

/// Writes of numbers alone that go through at once.
const BURST: u32 = 5;
/// After this long one more does.
const PERIOD: Duration = Duration::from_secs(60);
/// The fields that hold numbers.
const NUMBERS: [&str; 3] = ["counts", "quota", "conditions"];

/// When the numbers of each Directory may be written; as many entries as there are Directories.
pub struct Pace(DefaultKeyedRateLimiter<DirectoryName>);

impl Default for Pace {
    fn default() -> Self {
        let burst = NonZeroU32::new(BURST).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::keyed(Quota::with_period(PERIOD).unwrap_or(Quota::per_minute(burst)).allow_burst(burst)))
    }
}

impl Pace {
    /// How long these changes of a status that stands have to wait, if they do.
    pub fn wait(&self, name: &DirectoryName, stands: &Value, changes: &Map<String, Value>) -> Option<Duration> {
        if !is_numbers_alone(stands, changes) {
            return None;
        }
        let refused = self.0.check_key(name).err()?;
        Some(refused.wait_time_from(DefaultClock::default().now()))
    }

    /// Forgets the Directories that have not been written for long; to be called when a Directory is gone.
    pub fn forget(&self) {
        self.0.retain_recent();
    }
}

/// Whether nothing changes but counts, and sentences with counts in them.
fn is_numbers_alone(stands: &Value, changes: &Map<String, Value>) -> bool {
    let conditions = changes.get("conditions").is_none_or(|after| turns(&stands["conditions"]) == turns(after));
    conditions && changes.keys().all(|field| NUMBERS.contains(&field.as_str()))
}

/// How conditions stand, without their sentences.
fn turns(conditions: &Value) -> Vec<Map<String, Value>> {
    let conditions = conditions.as_array().into_iter().flatten().filter_map(Value::as_object);
    let without_message = |condition: &Map<String, Value>| {
        let fields = condition.iter().filter(|(name, _)| *name != "message");
        fields.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    conditions.map(without_message).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_alone_are_written_a_few_times_and_then_once_a_minute() {
        let condition =
            |status: &str, message: &str| json!([{ "type": "Ready", "status": status, "message": message }]);
        let stands = json!({ "counts": { "users": 1 }, "conditions": condition("True", "1 of 9") });
        let (pace, staff) = (Pace::default(), DirectoryName::new("people", "staff"));
        let wait =
            |name: &DirectoryName, changes: Value| pace.wait(name, &stands, changes.as_object().expect("changes"));
        let counts = || json!({ "counts": { "users": 2 } });
        for _ in 0..BURST {
            assert_eq!(wait(&staff, counts()), None);
        }
        let pause = wait(&staff, counts()).expect("a pause");
        assert!(pause > Duration::ZERO && pause <= PERIOD, "{pause:?}");
        assert!(wait(&staff, json!({ "quota": [], "conditions": condition("True", "2 of 9") })).is_some());
        for (case, name, changes) in [
            ("another Directory", DirectoryName::new("people", "guests"), counts()),
            ("a condition turns", staff.clone(), json!({ "counts": {}, "conditions": condition("False", "1 of 9") })),
            ("a condition goes", staff.clone(), json!({ "conditions": null })),
            ("a step is done", staff.clone(), json!({ "counts": {}, "setup": {} })),
            ("another generation", staff.clone(), json!({ "observedGeneration": 2 })),
        ] {
            assert_eq!(wait(&name, changes), None, "{case}");
        }
    }
}
