//! Each defect is found, and the report names it.

use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::Verdict;
use rollcall::simulator::scenario::Scenario;
use rollcall::simulator::{Options, Plan, run};

use crate::scenarios::options;
use crate::server::{Defect, Server};

/// Everything that one of the defects needs in order to show, in few cycles.
const SHORT_LIFE: &str = r#"{
    "name": "short-life", "description": "", "people": 6, "groups": 3, "steps": [
        { "title": "people join", "changes": [{ "do": "join", "who": "all" }, { "do": "assignGroups", "groups": "all" }] },
        { "title": "attributes change", "changes": [
            { "do": "rename", "who": [0, 1, 2] },
            { "do": "set", "who": "all", "attributes": { "mail": "First.Choice{n}@Mail.{domain}", "department": "X" } }
        ] },
        { "title": "members change", "changes": [
            { "do": "addMembers", "groups": 0, "who": "all" }, { "do": "removeMembers", "groups": 1, "who": 2 }
        ] },
        { "title": "an account is disabled", "changes": [{ "do": "disable", "who": 3 }] },
        { "title": "and enabled", "changes": [{ "do": "enable", "who": 3 }], "run": "restart" },
        { "title": "and deleted", "changes": [{ "do": "purge", "who": 3 }], "hours": 720 }
    ]
}"#;

const BOTH: &[PatchDialect] = &[PatchDialect::Legacy, PatchDialect::Standard];

fn plan() -> Plan {
    Plan::Given(Box::new(Scenario::parse(SHORT_LIFE).expect("a scenario")))
}

#[tokio::test]
async fn without_a_defect_nothing_is_found() {
    for dialect in BOTH {
        let server = Server::start(Defect::None).await;
        let report = run(Options { plan: plan(), ..options(&server, "", *dialect) }).await;
        assert_eq!(report.verdict(), Verdict::Passed, "{}", report.to_text());
    }
}

#[tokio::test]
async fn each_defect_is_found_and_named() {
    let cases: &[(Defect, &[PatchDialect], &str)] = &[
        (Defect::ActiveAsText, BOTH, "active is the text \"True\" and not the boolean true"),
        (Defect::AppendsOnFilteredAdd, BOTH, "a second one was appended"),
        (Defect::EmptiesGroupOnRemove, &[PatchDialect::Legacy], "members, not"),
        (Defect::ReturnsMembers, BOTH, "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"),
        (Defect::LagsAfterCreate, BOTH, "FAIL  a new person is found by a filter right after the 201"),
        (Defect::SplitsUrnAtDot, BOTH, "a schema URN was split at its dot"),
        (Defect::HidesInactive, BOTH, "(inactive): 0 hits"),
        (Defect::LowersMail, BOTH, "writes of emails[type eq \"work\"].value ("),
        (Defect::NotFoundForNothing, BOTH, "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (Defect::KeepsFirstMember, BOTH, "missing:"),
        (Defect::CutsMembers, BOTH, "3 members, not"),
        (Defect::NoGroups, BOTH, "NotImplemented"),
        (Defect::IgnoresDottedKeys, &[PatchDialect::Standard], "name.familyName is"),
        (Defect::RefusesCapitals, &[PatchDialect::Legacy], "BadRequest: 400 the operation Add is not known"),
        (Defect::BreaksOnPatch, BOTH, "InternalServerError: 500 null pointer"),
        (Defect::ManagerAsText, BOTH, "and should be {\"value\":"),
        (Defect::DeletesOnDisable, BOTH, "GET by id: 404 not found"),
        (Defect::LeavesGroupsOnDisable, BOTH, "missing:"),
        (Defect::IgnoresDelete, BOTH, "FAIL  there are as many users as there should be"),
    ];
    let mut missed = Vec::new();
    for (defect, dialects, expected) in cases {
        for dialect in *dialects {
            let server = Server::start(*defect).await;
            let report = run(Options { plan: plan(), ..options(&server, "", *dialect) }).await;
            let text = report.to_text();
            if report.verdict() != Verdict::Findings || !text.contains(expected) {
                let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("   ok ")).collect();
                missed.push(format!("{defect:?} {dialect:?}: {expected:?} is not in\n{}", lines.join("\n")));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

#[tokio::test]
async fn what_cannot_begin_is_no_finding() {
    for (defect, expected) in [
        (Defect::RefusesToken, "COULD NOT RUN: the endpoint refuses the token (401 no such token)"),
        (Defect::SpeaksHtml, "is no JSON object"),
    ] {
        for scenario in ["person", "validator"] {
            let server = Server::start(defect).await;
            let report = run(options(&server, scenario, PatchDialect::Legacy)).await;
            let text = report.to_text();
            assert_eq!((report.verdict(), report.sections.len()), (Verdict::CouldNotRun, 0), "{text}");
            assert!(text.contains(expected) && !text.contains("quarantine"), "{text}");
        }
    }
    // Entra's own connection test is a finding about the endpoint; the job is not in quarantine before it ever ran.
    let server = Server::start(Defect::NotFoundForNothing).await;
    let report = run(options(&server, "person", PatchDialect::Legacy)).await;
    assert!(!report.to_text().contains("quarantine") && report.verdict() == Verdict::Findings, "{}", report.to_text());
}

#[tokio::test]
async fn an_external_id_that_no_filter_finds_is_created_twice() {
    let server = Server::start(Defect::ForgetsExternalId).await;
    let mut options = options(&server, "restart", PatchDialect::Legacy);
    options.match_by = Some(rollcall::simulator::MatchBy::ExternalId);
    let text = run(options).await.to_text();
    assert!(text.contains("FAIL  after a full reset nobody is created twice"), "{text}");
    assert!(text.contains("belongs to"), "{text}");
}
