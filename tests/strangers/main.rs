//! Public SCIM test tools, which know nothing of this project, against the running operator: a lane of its own, because it
//! needs Python 3.10 or later and a package index.
//!
//! ```text
//! cargo test --workspace --test strangers -- --ignored
//! ```
//!
//! The tools of `requirements.txt` are installed into a virtual environment below `target/tmp`, once per set of versions.
//! Each runs against an empty Directory of its own. What it finds is compared with `accepted.json`, which says of every
//! finding why it stays: a finding that is not in the list fails, and so does an entry that no tool reports any more, and a
//! tool that checks less than it used to.
//!
//! To settle a new finding: mend the server, or write down the reason. `says` is a part of the tool's sentence that does not
//! change from run to run.
#![allow(clippy::print_stdout, reason = "what each tool checked is worth a line")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]
#![allow(
    dead_code,
    unused_imports,
    reason = "the integration tests' support is shared, and this lane needs a part of it"
)]

#[path = "../it/support/mod.rs"]
mod support;

mod findings;
mod tools;

use support::{Directory, Operator};

use findings::{Accepted, Report};
use tools::TOOLS;

const ACCEPTED: &str = include_str!("accepted.json");

#[tokio::test]
#[ignore = "needs Python and a package index; see the top of this file"]
async fn public_test_tools_find_what_is_written_down_and_nothing_else() {
    let environment = tools::install().await;
    let operator = Operator::shared().await;
    let mut reports = Vec::new();
    for tool in TOOLS {
        let directory = Directory::with_spec(serde_json::json!({ "maxDeletesPerHour": 1_000_000 })).await;
        let client = directory.client(operator).await;
        let said = tools::run(tool, &environment, &client.base, &directory.secret).await;
        let report = Report::read(tool.name, &said).unwrap_or_else(|error| panic!("{}: {error}\n{said}", tool.name));
        println!("{}: {} checks, {} findings", tool.name, report.checks, report.findings.len());
        reports.push(report);
    }
    let least = TOOLS.iter().map(|tool| (tool.name, tool.least_checks)).collect::<Vec<_>>();
    let differences = findings::compare(&reports, &Accepted::read(ACCEPTED), &least);
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn every_accepted_finding_has_its_reason() {
    for accepted in Accepted::read(ACCEPTED) {
        assert!(TOOLS.iter().any(|tool| tool.name == accepted.tool), "no such tool: {accepted:?}");
        assert!(!accepted.says.is_empty() && accepted.reason.ends_with('.'), "a reason is a sentence: {accepted:?}");
    }
}
