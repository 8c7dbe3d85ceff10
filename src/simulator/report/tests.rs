use super::*;

fn entry(object: &str, status: Status, code: Option<ErrorCode>) -> Entry {
    let reason = if code.is_some() { "the name is taken" } else { "" };
    Entry {
        kind: Kind::User,
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
    Report { settings: vec![("scenario", "person".to_owned())], sections: vec![section], ..Report::default() }
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
    assert_eq!(json["settings"]["scenario"], "person");
}
