//! Lists, totals and the members of a group may be a moment behind the last write.
//!
//! An endpoint of several replicas answers them from memory, and a write that one replica has answered reaches the others a
//! moment later. Entra never notices: it finds objects by a filter. A check that counted at once would find a fault where there
//! is none, and one that did not look again would miss that a list never becomes right.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::simulator::report::Check;

/// How long a list may be behind the last write; what is still wrong after that is a finding.
pub const MAX_LAG: Duration = Duration::from_secs(5);

/// How long the simulator waits between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The patience of one run with lists that are behind. It ends with the first list that stays wrong: from then on the endpoint
/// is known to be faulty, and each check looks once.
#[derive(Debug)]
pub struct ListPatience {
    max_lag: Duration,
    is_over: AtomicBool,
}

impl Default for ListPatience {
    /// Waits as long as a list may be behind.
    fn default() -> Self {
        Self { max_lag: MAX_LAG, is_over: AtomicBool::new(false) }
    }
}

impl ListPatience {
    /// Looks until `is_current` says yes or the patience ends. Returns what was seen last, and how long after the first look;
    /// zero when the first look was the last.
    pub async fn until_current<T, Looked: Future<Output = T>>(
        &self,
        look: impl Fn() -> Looked,
        is_current: impl Fn(&T) -> bool,
    ) -> (T, Duration) {
        let mut seen = look().await;
        let start = Instant::now();
        let mut lag = Duration::ZERO;
        while !is_current(&seen) && !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(PAUSE).await;
            seen = look().await;
            lag = start.elapsed();
            if lag >= self.max_lag && !is_current(&seen) {
                self.is_over.store(true, Ordering::Relaxed);
            }
        }
        (seen, lag)
    }

    /// Makes checks until all of them pass, as [`ListPatience::until_current`] does, and says in each how long that took.
    pub(super) async fn check<Looked: Future<Output = Vec<Check>>>(&self, look: impl Fn() -> Looked) -> Vec<Check> {
        let (mut checks, lag) = self.until_current(look, |checks| checks.iter().all(|check| check.passed)).await;
        if !lag.is_zero() {
            for check in &mut checks {
                check.found.push_str(&format!("; asked again for {:.1} s", lag.as_secs_f64()));
            }
        }
        checks
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// The check of a total that is right from this look on, and how often it was looked.
    async fn checked(patience: &ListPatience, right_from: usize) -> (Check, usize) {
        let looks = AtomicUsize::new(0);
        let mut checks = patience
            .check(|| {
                let look = looks.fetch_add(1, Ordering::Relaxed) + 1;
                async move { vec![Check::equal("the total", &7, &if look < right_from { 8 } else { 7 })] }
            })
            .await;
        (checks.remove(0), looks.into_inner())
    }

    #[tokio::test]
    async fn a_list_that_is_right_at_once_is_asked_once() {
        assert_eq!(checked(&ListPatience::default(), 1).await, (Check::passed("the total", "7"), 1));
    }

    #[tokio::test]
    async fn a_list_that_becomes_right_passes_and_says_how_long_it_took() {
        let (check, looks) = checked(&ListPatience::default(), 2).await;
        assert!(check.passed && check.found.starts_with("7; asked again for ") && looks == 2, "{check:?}");
    }

    #[tokio::test]
    async fn a_list_that_stays_wrong_is_a_finding_and_the_next_one_is_not_waited_for() {
        let patience = ListPatience { max_lag: Duration::ZERO, is_over: AtomicBool::new(false) };
        let (check, looks) = checked(&patience, usize::MAX).await;
        assert!(!check.passed && check.found.starts_with("8; asked again for ") && looks == 2, "{check:?}");
        assert_eq!(checked(&patience, 2).await, (Check::failed("the total", "7", "8"), 1));
    }
}
