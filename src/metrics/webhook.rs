//! The metric of the webhook.

use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Entry, Metrics, registered};

pub(super) const WEBHOOK_NOTICES: Entry = (
    "rollcall_webhook_notices_total",
    "Notices for the webhook, by result: delivered, given_up after all attempts or a refusal, dropped because too many waited.",
);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// What is counted.
#[derive(Debug)]
pub(super) struct WebhookNotices(Family<ResultLabels, Counter>);

impl WebhookNotices {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        Self(registered(registry, WEBHOOK_NOTICES, Family::default()))
    }
}

impl Metrics {
    /// Counts what became of a notice.
    pub fn webhook_delivery(&self, result: &'static str) {
        self.0.webhook_notices.0.get_or_create(&ResultLabels { result }).inc();
    }

    /// How many notices were dropped so far.
    pub fn set_webhook_dropped(&self, dropped: u64) {
        if dropped > 0 {
            let counter = self.0.webhook_notices.0.get_or_create(&ResultLabels { result: "dropped" });
            counter.inner().store(dropped, Ordering::Relaxed);
        }
    }
}
