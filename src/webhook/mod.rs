//! The webhook: alarms and refused changes as CloudEvents, sent to one receiver over HTTP.
//!
//! It is a courtesy. What must be known stands in statuses, Events and the audit stream; a notice is sent until the receiver takes
//! it or the attempts are used up, and none survives the process. Nothing waits for a receiver: notices stand in a queue of
//! bounded length ([`crate::store::notices`]), one request is under way at a time, and each has a deadline.

mod delivery;
mod envelope;
mod signature;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::Uri;
use jiff::Timestamp;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

use crate::egress::EgressError;
use crate::metrics::Metrics;
use crate::store::notices::Notice;
use delivery::{Courier, DeliveryAttempt};
pub use signature::WebhookSecret;

/// How often one notice is sent at most.
const MAX_ATTEMPTS: u32 = 6;
/// After the first attempt; each further pause is twice as long, and chance makes it up to half as long again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause, chance left out.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The pauses between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often one notice is sent at most.
    pub attempts: u32,
    /// After the first attempt.
    pub first_pause: Duration,
    /// How long one attempt may take.
    pub deadline: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: MAX_ATTEMPTS, first_pause: FIRST_PAUSE, deadline: delivery::DEADLINE }
    }
}

/// One receiver.
pub struct Webhook {
    courier: Courier,
    secret: Option<WebhookSecret>,
    patience: Patience,
    metrics: Metrics,
}

impl Webhook {
    /// The receiver at this address, an http or https URL. With a secret each request is signed.
    pub fn new(
        url: Uri,
        secret: Option<WebhookSecret>,
        patience: Patience,
        metrics: Metrics,
    ) -> Result<Self, EgressError> {
        Ok(Self { courier: Courier::new(url, patience.deadline)?, secret, patience, metrics })
    }

    /// Sends what comes, one after the other, for ever.
    pub async fn run(self, mut notices: Receiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            let is_delivered = self.deliver(&notice).await;
            self.metrics.webhook_delivery(if is_delivered { "delivered" } else { "given_up" });
        }
    }

    async fn deliver(&self, notice: &Notice) -> bool {
        // The same id for each attempt: a receiver that took one and was not heard takes no second one.
        let id = Uuid::new_v4().to_string();
        let body = envelope::envelope(&id, notice).to_string();
        for attempt in 1..=self.patience.attempts {
            let signature = self.secret.as_ref().map(|secret| secret.headers(&id, Timestamp::now(), &body));
            match self.courier.send(&body, signature).await {
                DeliveryAttempt::Taken => return true,
                DeliveryAttempt::Refused(reason) => {
                    tracing::warn!(reason, "the webhook refuses a notice, which is not sent again");
                    return false;
                }
                DeliveryAttempt::Failed(reason) if attempt == self.patience.attempts => {
                    tracing::warn!(reason, attempt, "the webhook does not take a notice, which is given up");
                }
                DeliveryAttempt::Failed(reason) => {
                    tracing::debug!(reason, attempt, "the webhook does not take a notice yet");
                    let chance = rand::random();
                    tokio::time::sleep(pause(self.patience.first_pause, attempt, chance)).await;
                }
            }
        }
        false
    }
}

/// The pause after an attempt; `chance` is 0 to 1.
fn pause(first: Duration, attempt: u32, chance: f64) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).min(LONGEST_PAUSE);
    doubled.mul_f64(1.0 + chance / 2.0)
}
