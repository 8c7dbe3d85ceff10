//! Microsoft's lists of tests against the operator, in both dialects, beside other people.

use rollcall::simulator::client::{self, Endpoint, Token};
use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::{Report, Section};
use rollcall::simulator::suites::{SUITES, SuiteContext};
use serde_json::json;

use crate::support::{Directory, Operator};

#[tokio::test]
async fn the_lists_of_microsoft_pass_in_both_dialects_and_leave_nothing_behind() {
    // The lists delete whom they make.
    let directory = Directory::with_spec(json!({ "maxDeletesPerHour": 1_000_000 })).await;
    let operator = Operator::shared().await;
    let scim = directory.client(operator).await;
    for number in 0..12 {
        scim.create(&json!({ "userName": format!("somebody-{number}@a.example") })).await;
    }
    let (mut failed, mut passed) = (Report::default(), 0);
    for (number, dialect) in [PatchDialect::Legacy, PatchDialect::Standard].into_iter().enumerate() {
        for suite in SUITES {
            let endpoint = Endpoint::parse(&scim.base).expect("a URL");
            let token = Token::new(&directory.secret).expect("a token");
            let client = client::Client::new(endpoint, token, client::DEADLINE, 1, None).expect("a client");
            let domain = format!("{}-{number}.example", suite.name);
            let sections = (suite.run)(&SuiteContext { client, seed: 1, domain, keep: false, dialect }).await;
            passed += sections.iter().flat_map(|section| &section.checks).filter(|check| check.passed).count();
            failed.sections.extend(sections.into_iter().filter(|section| !section.is_clean()).map(only_failures));
        }
    }
    assert!(failed.sections.is_empty(), "{}", failed.to_text());
    // Each list has dozens of tests: none that was skipped as a whole passes for a clean one.
    assert!(passed > 2 * 60, "only {passed} tests were made");
    let (users, groups) = (scim.get("/Users").await.expect(200), scim.get("/Groups").await.expect(200));
    assert_eq!((&users["totalResults"], &groups["totalResults"]), (&json!(12), &json!(0)), "{users}");
}

fn only_failures(mut section: Section) -> Section {
    section.checks.retain(|check| !check.passed);
    section
}
