//! The report for programs. Names follow the provisioning log of Microsoft Graph where it has one.

use serde_json::{Map, Value, json};

use super::{Report, Section};
use crate::simulator::client::Traffic;

/// The whole report.
pub(super) fn render(report: &Report) -> Value {
    let settings: Map<String, Value> =
        report.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let sums = report.sums();
    json!({
        "verdict": report.verdict(),
        "error": report.error,
        "settings": settings,
        "totals": {
            "operations": { "succeeded": sums.succeeded, "failed": sums.failed },
            "checks": { "passed": sums.checks_passed, "failed": sums.checks_failed, "leftOut": sums.left_out },
        },
        "remains": report.remains,
        "elapsedSeconds": report.elapsed.as_secs_f64(),
        "traffic": traffic(&report.traffic()),
        "sections": report.sections.iter().map(section).collect::<Vec<_>>(),
    })
}

fn section(section: &Section) -> Value {
    let counts = section.log.counts().map(
        |(kind, action, status, count)| json!({ "kind": kind, "action": action, "status": status, "count": count }),
    );
    json!({
        "title": section.title,
        "elapsedSeconds": section.elapsed.as_secs_f64(),
        "traffic": section.traffic.as_ref().map(traffic),
        "counts": counts.collect::<Vec<_>>(),
        "failures": section.log.failures(),
        "others": section.log.named(),
        "othersNotNamed": section.log.unnamed(),
        "checks": section.checks,
        "leftOut": section.left_out,
    })
}

fn traffic(traffic: &Traffic) -> Value {
    let statuses: Map<String, Value> =
        traffic.statuses.iter().map(|(status, count)| (status.to_string(), Value::from(*count))).collect();
    let milliseconds = |percent| traffic.percentile(percent).as_secs_f64() * 1000.0;
    json!({
        "requests": traffic.requests,
        "writes": traffic.writes,
        "statuses": statuses,
        "errors": traffic.errors,
        "p50Milliseconds": milliseconds(50),
        "p99Milliseconds": milliseconds(99),
        "slowestMilliseconds": traffic.slowest().as_secs_f64() * 1000.0,
    })
}
