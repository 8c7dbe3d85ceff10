//! The metrics of logins and sessions.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Entry, Metrics, registered};

pub(super) const LOGINS: Entry = (
    "rollcall_logins_total",
    "Attempts to log in that came back from the provider or with a password, by Directory, method and result.",
);
pub(super) const SIGN_OUTS: Entry =
    ("rollcall_sign_outs_total", "People who signed out, by Directory and whether of one session or of all.");

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    namespace: String,
    directory: String,
    method: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignOutLabels {
    namespace: String,
    directory: String,
    sessions: &'static str,
}

/// What is counted.
#[derive(Debug)]
pub(super) struct LoginCounts {
    logins: Family<LoginLabels, Counter>,
    sign_outs: Family<SignOutLabels, Counter>,
}

impl LoginCounts {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        Self {
            logins: registered(registry, LOGINS, Family::default()),
            sign_outs: registered(registry, SIGN_OUTS, Family::default()),
        }
    }
}

impl Metrics {
    /// Counts an attempt to log in to a Directory that is there; the result is one word of ours.
    pub fn login(&self, namespace: &str, directory: &str, method: &'static str, result: &'static str) {
        let (namespace, directory) = (namespace.to_owned(), directory.to_owned());
        self.0.logins.logins.get_or_create(&LoginLabels { namespace, directory, method, result }).inc();
    }

    /// Counts somebody who signed out: of `one` session or of `all`.
    pub fn signed_out(&self, namespace: &str, directory: &str, sessions: &'static str) {
        let (namespace, directory) = (namespace.to_owned(), directory.to_owned());
        self.0.logins.sign_outs.get_or_create(&SignOutLabels { namespace, directory, sessions }).inc();
    }
}
