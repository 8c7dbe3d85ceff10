//! The report for people: a compact table for each section, failures whole, the verdict last.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Entry, Report, Section, Status, Verdict};
use crate::simulator::client::Traffic;

/// The whole report.
pub(super) fn render(report: &Report) -> String {
    let mut text = String::from("entra-simulator report\n");
    let width = report.settings.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in &report.settings {
        let _ = writeln!(text, "  {name:<width$}  {value}");
    }
    for section in &report.sections {
        text.push_str(&render_section(section));
    }
    text.push('\n');
    text.push_str(&verdict(report));
    text
}

/// One section.
pub(super) fn render_section(section: &Section) -> String {
    let mut text = format!("\n== {}\n", section.title);
    if let Some(traffic) = &section.traffic {
        let _ = writeln!(text, "   {}", speed(traffic, section.elapsed));
    }
    for (kind, action, status, count) in section.log.counts() {
        let (kind, action, status) = (format!("{kind:?}"), format!("{action:?}"), format!("{status:?}"));
        let _ = writeln!(text, "   {kind:<5}  {action:<7}  {status:<7}  {count:>6}");
    }
    text.push_str(&entries(section));
    for check in &section.checks {
        if check.passed {
            let found = if check.found.is_empty() { String::new() } else { format!(" ({})", check.found) };
            let _ = writeln!(text, "   ok    {}{found}", check.name);
        } else {
            let _ = writeln!(text, "   FAIL  {}", check.name);
            let _ = writeln!(text, "         expected: {}", indented(&check.expected));
            let _ = writeln!(text, "         found:    {}", indented(&check.found));
        }
    }
    for left_out in &section.left_out {
        let _ = writeln!(text, "   left out: {}: {}", left_out.name, left_out.reason);
    }
    text
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n                   ")
}

/// Failures first and whole, then the first of the rest.
fn entries(section: &Section) -> String {
    let log = &section.log;
    let shown: Vec<_> = log.failures().iter().chain(log.named()).collect();
    if shown.is_empty() {
        return String::new();
    }
    let width = shown.iter().map(|entry| entry.object.chars().count()).max().unwrap_or_default().clamp(6, 48);
    let mut text = format!("   {:<width$}  ACTION   STATUS   REASON\n", "OBJECT");
    for entry in shown {
        let (action, status) = (format!("{:?}", entry.action), format!("{:?}", entry.status));
        let line = format!("   {:<width$}  {action:<7}  {status:<7}  {}", entry.object, reason(entry));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if log.unnamed() > 0 {
        let _ = writeln!(text, "   and {} more that did not fail", log.unnamed());
    }
    text
}

fn reason(entry: &Entry) -> String {
    match (&entry.code, entry.reason.is_empty()) {
        (Some(code), false) => format!("{code:?}: {}", entry.reason),
        (Some(code), true) => format!("{code:?}"),
        (None, _) => entry.reason.clone(),
    }
}

/// Requests, rate and latencies in a line.
fn speed(traffic: &Traffic, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = if seconds > 0.0 { traffic.requests as f64 / seconds } else { 0.0 };
    format!(
        "{} requests, {} of them writes, in {seconds:.1} s ({rate:.0}/s); p50 {}, p99 {}, slowest {}",
        traffic.requests,
        traffic.writes,
        milliseconds(traffic.percentile(50)),
        milliseconds(traffic.percentile(99)),
        milliseconds(traffic.slowest()),
    )
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn verdict(report: &Report) -> String {
    let checks = || report.sections.iter().flat_map(|section| &section.checks);
    let failed = report.failed_checks().count();
    let passed = checks().filter(|check| check.passed).count();
    let failures = report.failures().count();
    let left_out: usize = report.sections.iter().map(|section| section.left_out.len()).sum();
    let done: u64 = report
        .sections
        .iter()
        .flat_map(|section| section.log.counts())
        .filter(|(_, _, status, _)| *status == Status::Success)
        .map(|(.., count)| count)
        .sum();
    let traffic = report.traffic();
    let mut text = String::new();
    if traffic.requests > 0 {
        let _ = writeln!(text, "In all: {}", speed(&traffic, report.elapsed));
    }
    if let Some(error) = &report.error {
        let _ = writeln!(text, "The run ended early: {error}");
    }
    let word = match report.verdict() {
        Verdict::Passed => "PASSED",
        Verdict::Findings => "FINDINGS",
        Verdict::CouldNotRun => "COULD NOT RUN",
    };
    let _ = writeln!(
        text,
        "{word}: {done} operations succeeded, {failures} failed; {passed} checks passed, {failed} failed, {left_out} left out"
    );
    text
}
