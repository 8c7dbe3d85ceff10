//! What the doctor prints: a line for each check, and below it what to do.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Examination;
use super::finding::{Finding, FindingState};

/// Columns of the id of a check.
const ID_WIDTH: usize = 15;
/// Columns of the state.
const STATE_WIDTH: usize = 8;

/// For people.
pub fn text(examination: &Examination) -> String {
    let Examination { namespace, directory, findings, .. } = examination;
    let mut text = format!("Directory {namespace}/{directory}\n\n");
    for Finding { check, state, summary, advice } in findings {
        let state = state.as_str();
        writeln!(text, "{state:STATE_WIDTH$} {check:ID_WIDTH$} {summary}").ok();
        if !advice.is_empty() {
            writeln!(text, "{:STATE_WIDTH$} {:ID_WIDTH$} -> {advice}", "", "").ok();
        }
    }
    let count = |state| examination.count(state);
    let number = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let problems = number(count(FindingState::Problem), "problem");
    writeln!(text, "\n{problems}, {} unknown, {} ok", count(FindingState::Unknown), count(FindingState::Ok)).ok();
    text
}

/// For programs.
pub fn json(examination: &Examination) -> Value {
    let Examination { namespace, directory, at, findings } = examination;
    json!({
        "namespace": namespace, "directory": directory, "at": at.to_string(),
        "problems": examination.count(FindingState::Problem),
        "unknown": examination.count(FindingState::Unknown),
        "findings": findings,
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::{ok, problem, unknown};
    use super::*;

    #[test]
    fn a_check_is_a_line_and_its_advice_another_one() {
        let findings = vec![
            ok("all is well").of_check("kinds"),
            problem("no key opens it", "make one").of_check("keys"),
            unknown("pods cannot be looked at", "").of_check("replicas"),
        ];
        let at = "2026-03-01T10:00:00Z".parse().expect("a time");
        let examination = Examination { namespace: "acme".to_owned(), directory: "staff".to_owned(), at, findings };
        let expected = "Directory acme/staff\n\n\
                        ok       kinds           all is well\n\
                        problem  keys            no key opens it\n\
                        \u{20}                        -> make one\n\
                        unknown  replicas        pods cannot be looked at\n\n\
                        1 problem, 1 unknown, 1 ok\n";
        assert_eq!(text(&examination), expected);
        let json = json(&examination);
        assert_eq!(
            json["findings"][1],
            json!({ "check": "keys", "state": "problem",
            "summary": "no key opens it", "advice": "make one" })
        );
        assert_eq!((&json["problems"], &json["unknown"]), (&json!(1), &json!(1)));
    }
}
