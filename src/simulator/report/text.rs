//! The report for people: a compact table for each section, failures first, the verdict last.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Check, Entry, Report, Section, Status, Verdict};
use crate::simulator::client::Traffic;

/// How many failures with one and the same reason are named.
pub(super) const MAX_ALIKE: usize = 3;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Everything.
    Whole,
    /// One line for what is well.
    Short,
}

/// The whole report.
pub(super) fn render(report: &Report, length: Length) -> String {
    let mut text = String::from("entra-simulator report\n");
    let width = report.settings.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in &report.settings {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "  {name:<width$}  {value}");
    }
    if length == Length::Short && !report.sections.is_empty() {
        text.push('\n');
    }
    for section in &report.sections {
        text.push_str(&match length {
            Length::Whole => render_section(section),
            Length::Short if section.is_clean() => clean(section),
            Length::Short => unclean(section),
        });
    }
    text.push('\n');
    text.push_str(&verdict(report));
    text
}

/// One section.
pub(super) fn render_section(section: &Section) -> String {
    let mut text = beginning(section);
    text.push_str(&entries(section.log.failures().iter().chain(section.log.named())));
    if section.log.unnamed() > 0 {
        let _ = writeln!(text, "   and {} more that did not fail", section.log.unnamed());
    }
    for check in &section.checks {
        text.push_str(&render_check(check));
    }
    for left_out in &section.left_out {
        let _ = writeln!(text, "   left out: {}: {}", left_out.name, left_out.reason);
    }
    text
}

/// A section in which nothing failed, in a line.
fn clean(section: &Section) -> String {
    let mut parts = Vec::new();
    for (kind, action, status, count) in section.log.counts() {
        parts.push(format!("{kind:?} {action:?} {status:?} {count}"));
    }
    let requests = section.traffic.as_ref().map_or(0, |traffic| traffic.requests);
    if requests > 0 {
        parts.push(format!("{requests} requests"));
    }
    if !section.checks.is_empty() {
        parts.push(format!("{} checks", section.checks.len()));
    }
    if !section.left_out.is_empty() {
        parts.push(format!("{} left out", section.left_out.len()));
    }
    if parts.is_empty() {
        parts.push("nothing to do".to_owned());
    }
    format!("ok    {}: {}\n", section.title, parts.join(", "))
}

/// What is wrong in a section.
fn unclean(section: &Section) -> String {
    let mut text = beginning(section);
    text.push_str(&entries(section.log.failures().iter()));
    for check in section.checks.iter().filter(|check| !check.passed) {
        text.push_str(&render_check(check));
    }
    let passed = section.checks.iter().filter(|check| check.passed).count();
    let _ = writeln!(text, "   {passed} other checks passed, {} left out", section.left_out.len());
    text
}

/// Title, traffic, counts.
fn beginning(section: &Section) -> String {
    let mut text = format!("\n== {}\n", section.title);
    if let Some(traffic) = &section.traffic {
        let _ = writeln!(text, "   {}", speed(traffic, section.elapsed));
    }
    for (kind, action, status, count) in section.log.counts() {
        let (kind, action, status) = (format!("{kind:?}"), format!("{action:?}"), format!("{status:?}"));
        let _ = writeln!(text, "   {kind:<5}  {action:<7}  {status:<7}  {count:>6}");
    }
    text
}

fn render_check(check: &Check) -> String {
    if check.passed {
        let found = if check.found.is_empty() { String::new() } else { format!(" ({})", check.found) };
        return format!("   ok    {}{found}\n", check.name);
    }
    format!(
        "   FAIL  {}\n         expected: {}\n         found:    {}\n",
        check.name,
        indented(&check.expected),
        indented(&check.found)
    )
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n                   ")
}

/// Entries as a table; of failures that are alike but for the object, the first ones and how many more there are.
fn entries<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let mut alike: BTreeMap<_, usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for entry in entries {
        let count = alike.entry((entry.status, entry.code, entry.reason.as_str())).or_default();
        *count += 1;
        if entry.status != Status::Failure || *count <= MAX_ALIKE {
            shown.push(entry);
        }
    }
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
    for ((status, _, reason), count) in alike {
        if status == Status::Failure && count > MAX_ALIKE {
            let _ = writeln!(text, "   and {} more failed alike: {reason}", count - MAX_ALIKE);
        }
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
    let sums = report.sums();
    let traffic = report.traffic();
    let mut text = String::new();
    if traffic.requests > 0 {
        let _ = writeln!(text, "In all: {}", speed(&traffic, report.elapsed));
    }
    if let Some(remains) = &report.remains {
        let _ = writeln!(
            text,
            "{} people and {} groups of this run remain on the endpoint. To delete them: the same --url and token with \
             --clean-up --seed {}",
            remains.users, remains.groups, remains.seed
        );
    }
    let word = match report.verdict() {
        Verdict::Passed => "PASSED",
        Verdict::Findings => "FINDINGS",
        Verdict::CouldNotRun => "COULD NOT RUN",
    };
    if let Some(error) = &report.error {
        let _ = writeln!(text, "{word}: {error}");
        if report.sections.is_empty() {
            return text;
        }
    }
    let mut parts = Vec::new();
    if sums.succeeded + sums.failed > 0 {
        parts.push(format!("{} operations succeeded, {} failed", sums.succeeded, sums.failed));
    }
    if sums.checks_passed + sums.checks_failed + sums.left_out > 0 {
        parts.push(format!(
            "{} checks passed, {} failed, {} left out",
            sums.checks_passed, sums.checks_failed, sums.left_out
        ));
    }
    if parts.is_empty() {
        parts.push("nothing was sent or checked".to_owned());
    }
    let word = if report.error.is_some() { "until then" } else { word };
    let _ = writeln!(text, "{word}: {}", parts.join("; "));
    text
}
