//! What a tool found against what is written down: reading both, and the differences in words.

use serde::Deserialize;

/// An entry of `accepted.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accepted {
    pub(crate) tool: String,
    /// The name of the check, as the tool calls it.
    pub(crate) check: String,
    /// A part of what the tool says.
    pub(crate) says: String,
    /// Why the server stays as it is.
    pub(crate) reason: String,
}

/// What one run of a tool said.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) tool: String,
    /// How many checks were carried out, failed ones included.
    pub(crate) checks: usize,
    pub(crate) findings: Vec<Finding>,
}

/// A check that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: String,
    pub(crate) says: String,
}

/// The form that both tools print.
#[derive(Deserialize)]
struct Printed {
    results: Vec<PrintedCheck>,
}

#[derive(Deserialize)]
struct PrintedCheck {
    name: String,
    status: String,
    #[serde(default)]
    message: String,
}

impl Accepted {
    /// Reads the list.
    pub(crate) fn read(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("accepted.json: {error}"))
    }

    fn covers(&self, tool: &str, finding: &Finding) -> bool {
        self.tool == tool && self.check == finding.check && finding.says.contains(&self.says)
    }
}

impl Report {
    /// Reads what a tool printed. Warnings and deviations from a recommendation are findings like any other; a check that
    /// was skipped was not carried out. A status that is not known is a finding, so that none is lost.
    pub(crate) fn read(tool: &str, text: &str) -> Result<Self, serde_json::Error> {
        let printed: Printed = serde_json::from_str(text)?;
        let carried_out: Vec<_> = printed.results.into_iter().filter(|check| !is(check, &SKIPPED)).collect();
        let checks = carried_out.len();
        let findings = carried_out.into_iter().filter(|check| !is(check, &GOOD));
        let findings = findings.map(|check| Finding { check: check.name, says: check.message }).collect();
        Ok(Self { tool: tool.to_owned(), checks, findings })
    }
}

const SKIPPED: [&str; 2] = ["skip", "skipped"];
const GOOD: [&str; 4] = ["pass", "success", "compliant", "acceptable"];

fn is(check: &PrintedCheck, statuses: &[&str]) -> bool {
    statuses.contains(&check.status.as_str())
}

/// The differences: what was found and is not in the list, what is in the list and was not found, and tools that carried
/// out fewer checks than `least` names for them.
pub(crate) fn compare(reports: &[Report], accepted: &[Accepted], least: &[(&str, usize)]) -> Vec<String> {
    let mut differences = Vec::new();
    for report in reports {
        let new = |finding: &&Finding| !accepted.iter().any(|entry| entry.covers(&report.tool, finding));
        let new = report.findings.iter().filter(new);
        differences.extend(new.map(|finding| format!("new: {}: {}: {}", report.tool, finding.check, finding.says)));
        let (_, least) = least.iter().find(|(tool, _)| *tool == report.tool).copied().unwrap_or_default();
        if report.checks < least {
            differences.push(format!("{} carried out {} checks, not the usual {least}", report.tool, report.checks));
        }
    }
    let found = |entry: &Accepted| {
        reports.iter().any(|report| report.findings.iter().any(|finding| entry.covers(&report.tool, finding)))
    };
    let gone = accepted.iter().filter(|entry| !found(entry));
    differences.extend(gone.map(|entry| format!("no longer found: {}: {}: {}", entry.tool, entry.check, entry.says)));
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(printed: &str, least: usize) -> Vec<String> {
        let accepted = r#"[{"tool": "t", "check": "a", "says": "not removed", "reason": "Meant so."}]"#;
        let report = Report::read("t", printed).expect("a report");
        compare(&[report], &Accepted::read(accepted), &[("t", least)])
    }

    #[test]
    fn what_is_written_down_and_found_is_no_difference() {
        let printed = r#"{"results": [{"name": "a", "status": "error", "message": "x is not removed"}]}"#;
        assert_eq!(differences(printed, 1), Vec::<String>::new());
    }

    #[test]
    fn anything_else_is_one() {
        let accepted = r#"{"name": "a", "status": "fail", "message": "not removed"}"#;
        for (more, least, expected) in [
            (r#"{"name": "a", "status": "fail", "message": "other"}"#, 1, "new: t: a: other"),
            (r#"{"name": "b", "status": "warn", "message": "not removed"}"#, 1, "new: t: b: not removed"),
            (r#"{"name": "b", "status": "who knows"}"#, 1, "new: t: b: "),
            (r#"{"name": "b", "status": "skip"}"#, 2, "t carried out 1 checks, not the usual 2"),
        ] {
            assert_eq!(differences(&format!("{{\"results\": [{accepted}, {more}]}}"), least), [expected]);
        }
        let passed = r#"{"results": [{"name": "a", "status": "success", "message": "not removed"}]}"#;
        assert_eq!(differences(passed, 1), ["no longer found: t: a: not removed"]);
    }
}
