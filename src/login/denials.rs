//! Bursts of denials: many people who are refused at one Directory within a short time are a mistake in its rules, or somebody
//! who tries one account after the other.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

/// So many denials within [`WINDOW`] are a burst. Each replica counts its own.
pub const MANY: u32 = 20;
/// How long a denial counts.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// The denials of this replica by namespace and Directory. What is over is forgotten with the next one that is counted.
#[derive(Default)]
pub(super) struct Denials(Mutex<HashMap<(String, String), Window>>);

struct Window {
    begun: Timestamp,
    count: u32,
}

impl Denials {
    /// Counts a denial, and says whether it is the one that makes them many.
    pub(super) fn count(&self, namespace: &str, directory: &str, now: Timestamp) -> bool {
        let mut windows = self.0.lock();
        windows.retain(|_, window| now.duration_since(window.begun) < WINDOW);
        let window = windows.entry((namespace.to_owned(), directory.to_owned()));
        let window = window.or_insert(Window { begun: now, count: 0 });
        window.count = window.count.saturating_add(1);
        window.count == MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_noticed_once_and_slow_denials_are_none() {
        let at = |seconds: i64| Timestamp::constant(1_767_225_600, 0) + SignedDuration::from_secs(seconds);
        for (name, apart, count, expected) in [
            ("one after the other", 1, 19, 0),
            ("a burst", 1, 20, 1),
            ("a long burst", 1, 100, 1),
            ("slow ones", 60, 100, 0),
            ("two bursts", 10, 60, 2),
        ] {
            let denials = Denials::default();
            let noticed = (0..count).filter(|number| denials.count("n", "staff", at(number * apart))).count();
            assert_eq!(noticed, expected, "{name}");
        }
        let denials = Denials::default();
        let noticed = (0..30).filter(|number| denials.count("n", &format!("d{}", number % 2), at(*number)));
        assert_eq!(noticed.count(), 0, "each Directory has a count of its own");
        denials.count("n", "staff", at(1_000));
        assert_eq!(denials.0.lock().len(), 1, "what is over is forgotten");
    }
}
