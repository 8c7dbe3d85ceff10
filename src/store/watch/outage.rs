//! Waits between attempts, and one log line for each outage instead of one for each attempt.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::status::Watch;
use crate::store::Error;

/// The longest wait after the first failure; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait at all: a fraction of the limit of freshness, so that a short outage is not made a long one.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The failures since the watch last worked.
#[derive(Debug, Default)]
pub(super) struct Outage {
    failures: u32,
    logged: Option<Discriminant<Error>>,
}

impl Outage {
    /// Notes a failure and waits, for a random part of the time, so that many watches do not return at once.
    pub(super) async fn wait(&mut self, watch: &Watch, error: &Error) {
        let sort = discriminant(error);
        if self.logged != Some(sort) {
            self.logged = Some(sort);
            let (kind, namespace) = (watch.kind.plural, watch.scope());
            tracing::warn!(kind, namespace, %error, "a watch has failed and is tried again until it works");
        }
        watch.set_failure(Some(error.to_string()));
        let share: f64 = rand::random();
        let wait = longest_wait(self.failures).mul_f64(share);
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(wait).await;
    }

    /// Notes that the watch works.
    pub(super) fn end(&mut self, watch: &Watch) {
        if self.logged.take().is_some() {
            watch.set_failure(None);
            tracing::info!(kind = watch.kind.plural, namespace = watch.scope(), "a watch works again");
        }
        self.failures = 0;
    }
}

fn longest_wait(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1u32.checked_shl(failures).unwrap_or(u32::MAX)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound() {
        let waits: Vec<_> = [0, 1, 2, 5, 6, 31, 32, u32::MAX].map(longest_wait).map(|wait| wait.as_millis()).into();
        assert_eq!(waits, [100, 200, 400, 3_200, 5_000, 5_000, 5_000, 5_000]);
    }
}
