//! What every duty of the leader works with.

#[cfg(test)]
use std::path::PathBuf;
use std::sync::Arc;

use super::write_rate::WriteRate;
use crate::login::provider::Providers;
#[cfg(test)]
use crate::login::provider::{AllowedAuthorities, ProviderSettings};
use crate::metrics::Metrics;
use crate::store::Store;

/// The cluster, the metrics, and the rate of writes that all duties share. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    /// The cluster.
    pub store: Store,
    /// What is counted.
    pub metrics: Metrics,
    /// When to write.
    pub write_rate: WriteRate,
    /// The providers at which people log in.
    pub providers: Providers,
    /// The operator's public URL, where it was told one.
    pub public_url: Option<Arc<str>>,
}

#[cfg(test)]
impl Tools {
    /// Tools for the cluster of a test, in which no provider may be asked.
    pub fn of(store: Store) -> Self {
        let metrics = Metrics::default();
        let allowed = AllowedAuthorities { hosts: vec!["login.microsoftonline.com:443".to_owned()], private: false };
        let settings = ProviderSettings { allowed, proxy: None, assertion_file: PathBuf::new() };
        let providers = Providers::new(settings, &store, metrics.clone());
        Self { store, metrics, write_rate: WriteRate::default(), providers, public_url: None }
    }
}
