//! How fast work in the background may write: people wait for requests, and nobody waits for this.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Most writes a second of all duties of a leader together.
pub const WRITES_PER_SECOND: u32 = 50;

/// The turns in which the duties write. Cheap to clone; unused turns do not accumulate.
#[derive(Clone)]
pub struct WriteRate {
    turns: Arc<Mutex<Interval>>,
    /// Where the writes of one duty wait for each other.
    own_queue: Arc<Mutex<()>>,
}

impl Default for WriteRate {
    fn default() -> Self {
        let mut turns = interval(Duration::from_secs(1) / WRITES_PER_SECOND);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { turns: Arc::new(Mutex::new(turns)), own_queue: Arc::default() }
    }
}

impl WriteRate {
    /// The same turns for one duty more. Each duty has at most one write in the common queue, so that several statuses which wait at
    /// once do not push back the claiming of a rule.
    pub fn share(&self) -> Self {
        Self { turns: Arc::clone(&self.turns), own_queue: Arc::default() }
    }

    /// Waits for the next turn to write.
    pub async fn turn(&self) {
        let _first_of_its_duty = self.own_queue.lock().await;
        self.turns.lock().await.tick().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures::stream::FuturesUnordered;
    use futures::{FutureExt as _, StreamExt as _};

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

    #[tokio::test]
    async fn a_duty_with_many_writes_leaves_each_other_one_its_share() {
        let rate = WriteRate::default();
        let (statuses, claiming) = (rate.share(), rate.share());
        let wait = |duty: &WriteRate, name| {
            let duty = duty.clone();
            async move {
                duty.turn().await;
                name
            }
        };
        let many = (0..4).map(|_| wait(&statuses, 's').left_future());
        let few = (0..3).map(|_| wait(&claiming, 'c').right_future());
        let turns: String = many.chain(few).collect::<FuturesUnordered<_>>().collect().await;
        assert_eq!(turns, "scscscs");
    }
}
