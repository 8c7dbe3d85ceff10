//! What every duty of the leader works with.

use super::write_rate::WriteRate;
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
}
