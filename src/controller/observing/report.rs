//! Tells what came of the writing of reports.

use super::observe::ReportSubject;
use crate::metrics::Metrics;
use crate::store::kind::Kind;

/// A report was written.
pub fn written(metrics: &Metrics) {
    metrics.status_written(Kind::REPORT.plural);
}

/// Somebody deleted a report.
pub fn started_over(subject: &ReportSubject) {
    let (namespace, directory) = (subject.name.namespace(), subject.name.name());
    tracing::info!(namespace, directory, "the report was deleted: the observation of the Directory begins anew");
}

/// A report could not be written.
pub fn failed(subject: &ReportSubject, reason: &str) {
    let (namespace, directory) = (subject.name.namespace(), subject.name.name());
    tracing::warn!(namespace, directory, reason, "the report of an observed Directory could not be written");
}
