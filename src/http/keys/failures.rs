//! How often one source may fail to authenticate.
//!
//! Only failures take from a bucket. A good key never looks at one: behind an ingress that forwards no addresses
//! everybody is one source, and one client's wrong key must not delay another's provisioning.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;

use super::{FAILURE_BURST, FAILURE_REFILL, MAX_SOURCES};

/// How often buckets that are full again are looked for, at most.
const TIDY_PAUSE: Duration = Duration::from_secs(1);

/// The buckets: at most [`MAX_SOURCES`] and one. While there are so many, all sources share that one, those with a bucket of
/// their own included: the limiter cannot be asked whether it knows one without being made to.
pub(super) struct Failures {
    buckets: DefaultKeyedRateLimiter<Option<IpAddr>>,
    tidied: Mutex<Instant>,
}

impl Default for Failures {
    fn default() -> Self {
        let burst = NonZeroU32::new(FAILURE_BURST).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(FAILURE_REFILL).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        Self { buckets: RateLimiter::keyed(quota), tidied: Mutex::new(Instant::now()) }
    }
}

impl Failures {
    /// Counts one failure. The error says after what time the next is allowed.
    pub(super) fn take(&self, source: IpAddr) -> Result<(), Duration> {
        let key = if self.has_room() { Some(source) } else { None };
        self.buckets.check_key(&key).map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }

    fn has_room(&self) -> bool {
        if self.buckets.len() < MAX_SOURCES {
            return true;
        }
        let mut tidied = self.tidied.lock();
        if tidied.elapsed() >= TIDY_PAUSE {
            *tidied = Instant::now();
            self.buckets.retain_recent();
        }
        self.buckets.len() < MAX_SOURCES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn the_failures_of_one_source_empty_its_own_bucket() {
        let failures = Failures::default();
        let allowed = (0..FAILURE_BURST * 2).filter(|_| failures.take(address(1)).is_ok()).count();
        assert!((FAILURE_BURST as usize..FAILURE_BURST as usize * 2).contains(&allowed), "{allowed}");
        let wait = failures.take(address(1)).expect_err("the bucket is empty");
        assert!(wait > Duration::ZERO && wait <= FAILURE_REFILL, "{wait:?}");
        assert_eq!(failures.take(address(2)), Ok(()));
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let failures = Failures::default();
        let sources = u32::try_from(MAX_SOURCES).expect("a small number") + 2 * FAILURE_BURST;
        let refused = (0..sources).filter(|number| failures.take(address(*number)).is_err()).count();
        assert!(failures.buckets.len() <= MAX_SOURCES + 1, "{}", failures.buckets.len());
        assert!(refused > 0, "beyond the bound all share one bucket");
        let known = address(0);
        assert!(failures.take(known).is_err(), "whoever has a bucket shares it too");
    }
}
