//! Against a server without a defect every scenario passes, in both dialects and with every match.

use serde_json::json;

use rollcall::simulator::client::Token;
use rollcall::simulator::patch::PatchDialect;
use rollcall::simulator::report::{Remains, Report, Verdict};
use rollcall::simulator::{MatchBy, Options, Plan, run};

use crate::server::{Defect, Server};

/// The options of a run with a seed.
pub(crate) fn options(server: &Server, scenario: &str, dialect: PatchDialect) -> Options {
    let token = Token::new("t0ken").expect("a token");
    Options { dialect: Some(dialect), seed: Some(7), ..Options::new(&server.url, token, scenario) }
}

fn assert_passed(report: &Report) {
    assert_eq!(report.verdict(), Verdict::Passed, "{}", report.to_text());
}

#[tokio::test]
async fn every_scenario_passes_in_both_dialects_and_leaves_the_endpoint_as_it_was() {
    for scenario in ["person", "reorganisation", "unassign-everybody", "restart"] {
        for dialect in [PatchDialect::Legacy, PatchDialect::Standard] {
            let server = Server::start(Defect::None).await;
            let stranger = server.add_user(json!({ "userName": "stranger@elsewhere.example", "active": true }));
            // Fewer than a person would choose, so that the test is quick.
            let people = (scenario == "reorganisation").then_some(40);
            let report = run(Options { people, ..options(&server, scenario, dialect) }).await;
            assert_passed(&report);
            assert_eq!(server.counts(), (1, 0), "{scenario}: {stranger} alone is left");
            assert_eq!(server.oddities(), Vec::<String>::new(), "{scenario}");
        }
    }
}

#[tokio::test]
async fn people_are_matched_by_what_was_chosen() {
    for match_by in [MatchBy::UserName, MatchBy::ExternalId, MatchBy::Mail] {
        let server = Server::start(Defect::None).await;
        let report =
            run(Options { match_by: Some(match_by), ..options(&server, "restart", PatchDialect::Legacy) }).await;
        assert_passed(&report);
    }
}

#[tokio::test]
async fn batches_and_work_side_by_side_come_to_the_same() {
    for (batch, parallel) in [(1, 1), (5, 8), (100, 64)] {
        let server = Server::start(Defect::None).await;
        let report = run(Options {
            batch,
            parallel,
            people: Some(300),
            groups: Some(8),
            keep: true,
            ..options(&server, "company", PatchDialect::Standard)
        })
        .await;
        assert_passed(&report);
        assert_eq!(server.counts(), (300, 8));
        assert!(report.traffic().requests > 900);
    }
}

#[tokio::test]
async fn a_429_is_waited_out() {
    let server = Server::start(Defect::Throttles).await;
    let report = run(options(&server, "person", PatchDialect::Legacy)).await;
    assert_passed(&report);
    assert!(report.traffic().statuses[&429] > 10, "{}", report.to_text());
}

#[tokio::test]
async fn what_was_kept_is_matched_by_the_next_run_and_not_created_again() {
    let server = Server::start(Defect::None).await;
    let by_id = |dialect| Options { match_by: Some(MatchBy::ExternalId), ..options(&server, "restart", dialect) };
    let first = run(Options { keep: true, ..by_id(PatchDialect::Legacy) }).await;
    assert_passed(&first);
    let second = run(by_id(PatchDialect::Standard)).await;
    let created = second.to_json().to_string().matches("\"action\":\"Create\"").count();
    assert_eq!(created, 0, "{}", second.to_text());
    assert_eq!(server.counts(), (60, 6), "what a run did not make it does not delete");
}

#[tokio::test]
async fn without_an_endpoint_there_is_no_verdict_on_it() {
    for (url, text) in [("http://127.0.0.1:1/scim", "cannot be reached: no answer"), ("scim.example", "cannot be used")]
    {
        let server = Server::start(Defect::None).await;
        let report = run(Options { url: url.to_owned(), ..options(&server, "person", PatchDialect::Legacy) }).await;
        assert_eq!(report.verdict(), Verdict::CouldNotRun, "{}", report.to_text());
        assert!(report.to_text().contains(text), "{}", report.to_text());
    }
    let server = Server::start(Defect::None).await;
    let report = run(options(&server, "nothing", PatchDialect::Legacy)).await;
    assert!(report.to_text().contains("there is no scenario"), "{}", report.to_text());
    let person = || options(&server, "person", PatchDialect::Legacy);
    for (options, text) in [
        (Options { people: Some(0), ..person() }, "--people is 0, and has to be between 1 and"),
        (Options { batch: 1001, ..person() }, "--batch is 1001, and has to be between 1 and"),
        (Options { mappings: Some("{}".to_owned()), ..person() }, "the mappings cannot be used"),
    ] {
        let report = run(options).await;
        assert_eq!(report.verdict(), Verdict::CouldNotRun, "{}", report.to_text());
        assert!(report.to_text().contains(text), "{}", report.to_text());
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let server = Server::start(Defect::None).await;
    let flagged =
        Options { url: format!("{}?aadOptscim062020", server.url), ..options(&server, "person", PatchDialect::Legacy) };
    let guard = |threshold| Options {
        deletion_threshold: threshold,
        ..options(&server, "unassign-everybody", PatchDialect::Legacy)
    };
    for (options, text) in [
        (flagged.clone(), "--dialect says legacy"),
        (Options { people: Some(20), ..guard(Some(20)) }, "choose --deletion-threshold below 20"),
        (
            Options { people: Some(4), ..options(&server, "person", PatchDialect::Legacy) },
            "the scenario person needs at least 12 people; --people says 4",
        ),
        (
            Options { groups: Some(2), ..options(&server, "person", PatchDialect::Legacy) },
            "the scenario person needs at least 3 groups; --groups says 2",
        ),
    ] {
        let report = run(options).await;
        assert_eq!(report.verdict(), Verdict::CouldNotRun, "{}", report.to_text());
        assert!(report.to_text().contains(text), "{}", report.to_text());
    }
    assert_eq!(server.oddities(), Vec::<String>::new());
    let report = run(Options { people: Some(20), ..guard(None) }).await;
    assert_passed(&report);
    assert_passed(&run(Options { dialect: Some(PatchDialect::Standard), ..flagged }).await);
}

#[tokio::test]
async fn an_interrupted_run_cleans_up() {
    let server = Server::start(Defect::None).await;
    let options = options(&server, "person", PatchDialect::Legacy);
    let stop = std::sync::Arc::clone(&options.stop);
    let progress: std::sync::Arc<dyn Fn(&str) + Send + Sync> = std::sync::Arc::new(move |text| {
        if text.starts_with("5.") {
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let report = run(Options { progress, ..options }).await;
    assert_eq!(report.verdict(), Verdict::CouldNotRun, "{}", report.to_text());
    assert_eq!(server.counts(), (0, 0));
}

#[tokio::test]
async fn an_endpoint_that_dies_in_a_cycle_is_told_once() {
    let server = Server::start(Defect::HangsUpLater).await;
    let report = run(options(&server, "unassign-everybody", PatchDialect::Legacy)).await;
    let text = report.to_short_text();
    assert_eq!((report.verdict(), report.sections.len()), (Verdict::Findings, 3), "{text}");
    assert!(text.contains("FAIL  the endpoint still answers after the cycle"), "{text}");
    assert!(text.contains("more failed alike: no answer") && text.contains("4 steps were not run"), "{text}");
    assert!(report.remains.is_some() && text.lines().count() < 60, "{text}");
    server.heal();
    let report = run(Options { plan: Plan::CleanUp, ..options(&server, "", PatchDialect::Legacy) }).await;
    assert_eq!((report.verdict(), server.counts()), (Verdict::Passed, (0, 0)), "{}", report.to_text());
}

#[tokio::test]
async fn what_a_broken_run_left_is_deleted_by_its_seed() {
    let server = std::sync::Arc::new(Server::start(Defect::None).await);
    let stranger = server.add_user(json!({ "userName": "stranger@elsewhere.example", "active": true }));
    let breaking = std::sync::Arc::clone(&server);
    let progress: std::sync::Arc<dyn Fn(&str) + Send + Sync> = std::sync::Arc::new(move |text| {
        if text.starts_with("2.") {
            breaking.break_down(Defect::HangsUp);
        }
    });
    let report = run(Options { progress, ..options(&server, "unassign-everybody", PatchDialect::Legacy) }).await;
    let text = report.to_short_text();
    assert_eq!(report.remains, Some(Remains { users: 60, groups: 4, seed: 7 }), "{text}");
    assert!(text.contains("--clean-up --seed 7"), "{text}");
    assert!(text.contains("57 more ") && text.contains("not tried, because the endpoint does not answer"), "{text}");
    assert!(text.lines().count() < 60, "what fails alike is said once: {text}");
    server.heal();
    let other = run(Options { plan: Plan::CleanUp, seed: Some(8), ..options(&server, "", PatchDialect::Legacy) }).await;
    assert_eq!((other.verdict(), server.counts()), (Verdict::Passed, (61, 4)), "another seed is another run");
    let clean_up = || Options { plan: Plan::CleanUp, ..options(&server, "", PatchDialect::Legacy) };
    server.break_down(Defect::IgnoresDelete);
    let report = run(clean_up()).await;
    assert_eq!(report.remains, Some(Remains { users: 60, groups: 4, seed: 7 }), "a 204 alone proves nothing");
    assert_eq!(report.verdict(), Verdict::Findings);
    server.heal();
    let report = run(clean_up()).await;
    assert_passed(&report);
    assert_eq!((server.counts(), report.remains), ((1, 0), None), "{stranger} alone is left");
}
