//! The metrics of the check door and of those for tokens.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Entry, Metrics, registered};

pub(super) const CHECKS: Entry = (
    "rollcall_checks_total",
    "Requests that proxies asked about, by Directory, application and result; none for applications that are not there.",
);
pub(super) const TOKENS: Entry = (
    "rollcall_token_questions_total",
    "Tokens that somebody asked about, by Directory, endpoint and result; none for Directories that are not there.",
);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    namespace: String,
    directory: String,
    application: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    namespace: String,
    directory: String,
    endpoint: &'static str,
    result: &'static str,
}

/// What is counted.
#[derive(Debug)]
pub(super) struct Checks {
    checks: Family<CheckLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
}

impl Checks {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        Self {
            checks: registered(registry, CHECKS, Family::default()),
            tokens: registered(registry, TOKENS, Family::default()),
        }
    }
}

impl Metrics {
    /// Counts a question about an application that is there.
    pub fn checked(&self, namespace: &str, directory: &str, application: &str, result: &'static str) {
        let (namespace, directory, application) = (namespace.to_owned(), directory.to_owned(), application.to_owned());
        self.0.checks.checks.get_or_create(&CheckLabels { namespace, directory, application, result }).inc();
    }

    /// Counts a question about a token.
    pub fn token_asked(&self, namespace: &str, directory: &str, endpoint: &'static str, result: &'static str) {
        let (namespace, directory) = (namespace.to_owned(), directory.to_owned());
        self.0.checks.tokens.get_or_create(&TokenLabels { namespace, directory, endpoint, result }).inc();
    }
}
