use super::*;

fn entry(object: &str, status: Status, code: Option<ErrorCode>) -> Entry {
    let reason = if code.is_some() { "the name is taken" } else { "" };
    Entry {
        kind: EntryKind::User,
        object: object.to_owned(),
        action: Action::Create,
        status,
        code,
        reason: reason.to_owned(),
    }
}

fn report() -> Report {
    let mut section = Section::new("Cycle 1: everybody joins");
    for number in 0..MAX_NAMED + 5 {
        section.log.add(entry(&format!("p{number}@a.example"), Status::Success, None));
    }
    section.log.add(entry("ada@a.example", Status::Failure, Some(ErrorCode::EntryConflict)));
    section.checks.push(Check::passed("no 5xx", "25 requests"));
    section.checks.push(Check::equal("the number of users", &25, &24));
    section.left_out.push(LeftOut { name: "GET /Token".to_owned(), reason: "no such endpoint".to_owned() });
    Report {
        settings: vec![("scenario", "person".into()), ("people", 12.into())],
        sections: vec![section],
        ..Report::default()
    }
}

#[test]
fn the_text_shows_failures_whole_and_counts_the_rest() {
    let text = report().to_text();
    for line in [
        "  scenario  person",
        "== Cycle 1: everybody joins",
        "   User   Create   Success      15",
        "   User   Create   Failure       1",
        "   ada@a.example  Create   Failure  EntryConflict: the name is taken",
        "   p9@a.example   Create   Success",
        "   and 5 more that did not fail",
        "   ok    no 5xx (25 requests)",
        "   FAIL  the number of users",
        "         expected: 25",
        "         found:    24",
        "   left out: GET /Token: no such endpoint",
        "FINDINGS: 15 operations succeeded, 1 failed; 1 checks passed, 1 failed, 1 left out",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
    }
    assert!(!text.contains("p10@a.example"), "{text}");
}

#[test]
fn the_verdict_decides_the_exit_status() {
    assert_eq!(report().verdict().exit_status(), 1);
    let mut passed = report();
    passed.sections[0].checks.pop();
    assert_eq!(passed.verdict(), Verdict::Findings, "a failed object is a finding");
    passed.sections[0].log = Log::default();
    assert_eq!(passed.verdict().exit_status(), 0);
    passed.error = Some("no connection".to_owned());
    assert_eq!(passed.verdict().exit_status(), 2);
}

#[test]
fn the_json_says_the_same() {
    let json = report().to_json();
    assert_eq!(json["verdict"], "Findings");
    assert_eq!(json["sections"][0]["failures"][0]["code"], "EntryConflict");
    assert_eq!(json["sections"][0]["othersNotNamed"], 5);
    assert_eq!(json["sections"][0]["checks"][1]["found"], "24");
    assert_eq!(json["sections"][0]["leftOut"][0]["name"], "GET /Token");
    assert_eq!(json["settings"], serde_json::json!({ "scenario": "person", "people": 12 }));
    assert_eq!(json["totals"]["operations"], serde_json::json!({ "succeeded": 15, "failed": 1 }));
    assert_eq!(json["totals"]["checks"], serde_json::json!({ "passed": 1, "failed": 1, "leftOut": 1 }));
    assert_eq!(json["remains"], serde_json::Value::Null);
}

#[test]
fn what_is_well_takes_a_line_and_what_fails_alike_a_few() {
    let mut report = report();
    let mut suite = Section::new("Users");
    suite.checks.push(Check::passed("a user is created", ""));
    report.sections.push(suite.clone());
    for number in 0..70 {
        let object = format!("b{number}@a.example");
        report.sections[0].log.add(entry(&object, Status::Failure, Some(ErrorCode::EntryConflict)));
    }
    report.remains = Some(Remains { users: 60, groups: 4, seed: 7 });
    let text = report.to_short_text();
    for line in [
        "ok    Users: 1 checks",
        "   and 68 more failed alike: the name is taken",
        "   1 other checks passed, 1 left out",
        "60 people and 4 groups of this run remain on the endpoint. To delete them: the same --url and token with \
         --clean-up --seed 7",
        "FINDINGS: 15 operations succeeded, 71 failed; 2 checks passed, 1 failed, 1 left out",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
    }
    assert_eq!(text.matches("EntryConflict").count(), text::MAX_ALIKE, "{text}");
    assert!(!text.contains("no 5xx"), "{text}");
    let text = Report { sections: vec![suite], ..Report::default() }.to_text();
    assert!(text.ends_with("PASSED: 1 checks passed, 0 failed, 0 left out\n"), "{text}");
    let text = Report { error: Some("no connection".to_owned()), ..Report::default() }.to_text();
    assert!(text.ends_with("COULD NOT RUN: no connection\n"), "{text}");
}
