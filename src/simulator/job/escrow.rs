//! Objects that failed, and when each is tried again: after 6, 12 and 24 hours, then daily, for 28 days.
//!
//! Pure: the time is an argument. It is the simulated time since the job began.

use std::collections::BTreeMap;
use std::time::Duration;

/// One simulated hour.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
/// After this long an object is given up.
pub const MAX_AGE: Duration = HOUR.saturating_mul(24 * 28);

/// The wait after so many failures of one object.
pub fn gap(failures: u32) -> Duration {
    match failures {
        0 | 1 => 6 * HOUR,
        2 => 12 * HOUR,
        _ => 24 * HOUR,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    since: Duration,
    failures: u32,
    due: Duration,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escrow<Key> {
    held: BTreeMap<Key, Held>,
}

impl<Key> Default for Escrow<Key> {
    fn default() -> Self {
        Self { held: BTreeMap::new() }
    }
}

impl<Key: Ord + Copy> Escrow<Key> {
    /// Holds an object that failed, longer each time.
    pub fn fail(&mut self, key: Key, now: Duration) {
        let held = self.held.entry(key).or_insert(Held { since: now, failures: 0, due: now });
        held.failures += 1;
        held.due = now + gap(held.failures);
    }

    /// Lets an object go: it succeeded, or it is gone.
    pub fn release(&mut self, key: Key) {
        self.held.remove(&key);
    }

    /// Whether an object is held.
    pub fn holds(&self, key: Key) -> bool {
        self.held.contains_key(&key)
    }

    /// Which objects are to be tried at this time.
    pub fn due(&self, now: Duration) -> Vec<Key> {
        let due = self.held.iter().filter(|(key, held)| held.due <= now && self.will_be_tried(**key, now));
        due.map(|(key, _)| *key).collect()
    }

    /// Whether an object is held and will be tried again, now or later.
    pub fn will_be_tried(&self, key: Key, now: Duration) -> bool {
        self.held.get(&key).is_some_and(|held| now - held.since <= MAX_AGE)
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// A restart forgets all of them.
    pub fn clear(&mut self) {
        self.held.clear();
    }
}
