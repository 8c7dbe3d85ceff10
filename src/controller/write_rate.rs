//! How fast work in the background may write: people wait for requests, and nobody waits for this.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Most writes a second of all duties of a leader together.
pub const WRITES_PER_SECOND: u32 = 50;

/// The turns in which the duties write. Cheap to clone; unused turns do not accumulate.
#[derive(Clone)]
pub struct WriteRate(Arc<Mutex<Interval>>);

impl Default for WriteRate {
    fn default() -> Self {
        let mut turns = interval(Duration::from_secs(1) / WRITES_PER_SECOND);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Arc::new(Mutex::new(turns)))
    }
}

impl WriteRate {
    /// Waits for the next turn to write.
    pub async fn turn(&self) {
        self.0.lock().await.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn turns_of_all_who_share_a_rate_come_one_after_the_other() {
        let rate = WriteRate::default();
        let other = rate.clone();
        let started = Instant::now();
        for _ in 0..3 {
            tokio::join!(rate.turn(), other.turn());
        }
        // The first comes at once.
        let least = Duration::from_secs(1) / WRITES_PER_SECOND * 5;
        assert!(started.elapsed() >= least - Duration::from_millis(5), "{:?}", started.elapsed());
    }
}
