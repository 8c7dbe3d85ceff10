//! The metric of who may log in, which the leader tells.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{Entry, Metrics, registered};

pub(super) const LOGIN_READY: Entry = (
    "rollcall_login_ready",
    "Whether people can log in at the provider (1) or not (0), by Directory, as its condition LoginReady says; told by the leader.",
);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DirectoryLabels {
    namespace: String,
    directory: String,
}

/// What is told.
#[derive(Debug)]
pub(super) struct LoginReady(Family<DirectoryLabels, Gauge>);

impl LoginReady {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        Self(registered(registry, LOGIN_READY, Family::default()))
    }
}

impl Metrics {
    /// Whether people can log in to each Directory that says so: namespace, Directory, whether. Those that are not named are
    /// forgotten.
    pub fn set_login_ready(&self, directories: impl IntoIterator<Item = (String, String, bool)>) {
        let _replacing = self.0.replacing.lock();
        self.0.login_ready.0.clear();
        for (namespace, directory, is_ready) in directories {
            self.0.login_ready.0.get_or_create(&DirectoryLabels { namespace, directory }).set(i64::from(is_ready));
        }
    }
}
