//! The metrics of requests to OpenID providers.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Entry, Metrics, registered};

pub(super) const PROVIDER_REQUESTS: Entry = (
    "rollcall_provider_requests_total",
    "Requests to OpenID providers, by Directory, operation (discovery, keys, token) and result (ok, unreachable, invalid).",
);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    namespace: String,
    directory: String,
    operation: &'static str,
    result: &'static str,
}

/// What is counted.
#[derive(Debug)]
pub(super) struct ProviderRequests(Family<ProviderLabels, Counter>);

impl ProviderRequests {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        Self(registered(registry, PROVIDER_REQUESTS, Family::default()))
    }
}

impl Metrics {
    /// Counts a request to the provider of a Directory.
    pub fn provider_request(&self, namespace: &str, directory: &str, operation: &'static str, result: &'static str) {
        let (namespace, directory) = (namespace.to_owned(), directory.to_owned());
        let labels = ProviderLabels { namespace, directory, operation, result };
        self.0.provider_requests.0.get_or_create(&labels).inc();
    }
}
