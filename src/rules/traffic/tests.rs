use serde_json::{Value, json};

use super::silence::{longest_silence, look_again, silent_until};
use super::*;
use crate::api::directory::Source;
use crate::api::provisioning_status::{CyclePhase, MAX_DETAIL, MAX_TEXT, ProvisioningStatus};

/// A time on the day of the tests, in minutes since 10:00.
fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
    start.checked_add(SignedDuration::from_mins(minutes)).expect("a time")
}

fn text(minutes: i64) -> String {
    format!("{:.0}", at(minutes))
}

fn request(minutes: i64, status: u16, effect: Option<Effect>) -> SeenRequest {
    let error = (status >= 400).then(|| error(minutes, &status.to_string(), status));
    SeenRequest { at: at(minutes), is_write: true, status, effect, error }
}

fn error(minutes: i64, detail: &str, status: u16) -> LastError {
    LastError {
        time: at(minutes).into(),
        request: "PATCH /Users/{id}".to_owned(),
        subject: Some("ada@contoso.example".to_owned()),
        status: status.into(),
        scim_type: Some("invalidValue".to_owned()),
        detail: Some(detail.to_owned()),
        request_id: "r-1".to_owned(),
        key: Some("entra".to_owned()),
    }
}

fn traffic(requests: &[(i64, u16, Option<Effect>)]) -> SeenTraffic {
    let mut traffic = SeenTraffic::default();
    for (minutes, status, effect) in requests {
        traffic.note(request(*minutes, *status, *effect));
    }
    traffic
}

/// The status after each of these was added, one after the other, as JSON.
fn after(added: &[SeenTraffic]) -> ProvisioningStatus {
    added.iter().fold(ProvisioningStatus::default(), |stands, traffic| {
        // What is written and read again is what counts.
        let joined = joined(stands, traffic, at(600));
        serde_json::from_value(json!(joined)).expect("a status")
    })
}

/// Requests, and the effects, of each cycle, the newest first.
fn cycles(status: &ProvisioningStatus) -> Vec<(String, CyclePhase, [i64; 7])> {
    let cycles = status.cycle.iter().chain(&status.earlier_cycles);
    let cycles = cycles.map(|cycle| {
        let CycleCounts { requests, created, updated, deactivated, deleted, refused, failed } = cycle.counts;
        let counts = [requests, created, updated, deactivated, deleted, refused, failed];
        (format!("{:.0}", cycle.started_at.0), cycle.phase, counts)
    });
    cycles.collect()
}

#[test]
fn requests_are_counted_by_what_they_did() {
    use Effect::{Created, Deactivated, Deleted, Updated};
    let mut seen = traffic(&[
        (0, 200, None),
        (0, 201, Some(Created)),
        (0, 201, Some(Created)),
        (1, 200, Some(Updated)),
        (1, 200, None),
        (1, 200, Some(Deactivated)),
        (2, 204, Some(Deleted)),
        (2, 409, None),
        // It was refused, and deactivated the person all the same.
        (3, 400, Some(Deactivated)),
        (3, 503, None),
    ]);
    // A search that is refused, and a person who is gone, are no refused operations.
    seen.note(SeenRequest { is_write: false, ..request(3, 400, None) });
    seen.note(SeenRequest { error: None, ..request(3, 404, None) });
    let status = after(&[seen]);
    assert_eq!(cycles(&status), [(text(0), CyclePhase::Initial, [12, 2, 1, 2, 1, 2, 1])]);
    let value = json!(status);
    for (field, expected) in [
        ("updatedAt", json!(text(600))),
        ("lastContact", json!(text(3))),
        ("lastSuccess", json!(text(2))),
        ("cadenceSeconds", Value::Null),
        ("failedAuthentications", Value::Null),
    ] {
        assert_eq!(value[field], expected, "{field}");
    }
    assert_eq!(value["lastError"]["status"], 400, "the last one of two at one time");
    assert_eq!(value["cycle"]["lastRequestAt"], text(3));
}

#[test]
fn answers_that_nobody_has_to_look_at_are_no_errors() {
    for (method, status, expected) in [
        ("GET", 404, false),
        ("DELETE", 404, false),
        ("PATCH", 404, true),
        ("GET", 400, true),
        ("POST", 409, true),
        ("DELETE", 503, true),
        ("PATCH", 204, false),
        ("GET", 304, false),
    ] {
        assert_eq!(is_error(method, status), expected, "{method} {status}");
    }
}

#[test]
fn a_long_pause_ends_a_cycle_and_what_comes_after_the_first_people_is_incremental() {
    use Effect::{Created, Updated};
    let probe = || traffic(&[(0, 200, None)]);
    let first = || traffic(&[(20, 201, Some(Created)), (24, 201, Some(Created))]);
    let second = || traffic(&[(64, 200, Some(Updated))]);
    let third = || traffic(&[(104, 200, None)]);
    let expected = [
        (text(104), CyclePhase::Incremental, [1, 0, 0, 0, 0, 0, 0]),
        (text(64), CyclePhase::Incremental, [1, 0, 1, 0, 0, 0, 0]),
        (text(20), CyclePhase::Initial, [2, 2, 0, 0, 0, 0, 0]),
        (text(0), CyclePhase::Initial, [1, 0, 0, 0, 0, 0, 0]),
    ];
    let status = after(&[probe(), first(), second(), third()]);
    assert_eq!(cycles(&status), expected);
    assert_eq!(status.cadence_seconds, Some(40 * 60), "the middle of 20, 44 and 40 minutes");
    // A fifth one pushes the oldest out, and the phase stays.
    let fifth = after(&[probe(), first(), second(), third(), traffic(&[(144, 200, None)])]);
    assert_eq!(fifth.earlier_cycles.len(), 3);
    assert_eq!(fifth.cycle.expect("a cycle").phase, CyclePhase::Incremental);
    // One replica has seen several of them before it could write.
    let mut all = probe();
    for more in [first(), second(), third()] {
        all.put_back(more);
    }
    assert_eq!(cycles(&after(&[all])), expected);
}

#[test]
fn the_order_in_which_replicas_write_loses_no_number() {
    use Effect::{Created, Updated};
    let of_one = || traffic(&[(0, 201, Some(Created)), (2, 200, Some(Updated)), (40, 400, None)]);
    let of_another = || traffic(&[(1, 201, Some(Created)), (4, 409, None), (41, 200, Some(Updated))]);
    let (one, other) = (after(&[of_one(), of_another()]), after(&[of_another(), of_one()]));
    assert_eq!(one, other);
    let expected = [
        (text(40), CyclePhase::Incremental, [2, 0, 1, 0, 0, 1, 0]),
        (text(0), CyclePhase::Initial, [4, 2, 1, 0, 0, 1, 0]),
    ];
    assert_eq!(cycles(&one), expected);
    assert_eq!(one.last_error.expect("an error").time.0, at(40));
    // A replica that could not write for long tells of a cycle that is over.
    let late = after(&[of_another(), traffic(&[(80, 200, None)]), of_one()]);
    assert_eq!(cycles(&late)[0], (text(80), CyclePhase::Incremental, [1, 0, 0, 0, 0, 0, 0]));
    assert_eq!(cycles(&late)[1..], expected);
}

#[test]
fn failed_authentications_are_a_number_and_the_last_one() {
    let failures = |rows: &[(i64, &'static str, Option<&str>)]| {
        let mut traffic = SeenTraffic::default();
        for (minutes, reason, key) in rows {
            traffic.note_failure(at(*minutes), reason, key.map(str::to_owned));
        }
        traffic
    };
    let of_one = || failures(&[(0, "unknown_key", None), (5, "expired", Some("old"))]);
    let of_another = || failures(&[(3, "missing", None)]);
    let expected = json!({
        "count": 3, "firstTime": text(0), "lastTime": text(5), "reason": "expired", "key": "old",
    });
    for added in [vec![of_one(), of_another()], vec![of_another(), of_one()]] {
        let status = after(&added);
        assert_eq!(json!(status.failed_authentications), expected);
        assert_eq!((status.last_contact, status.cycle), (None, None), "nobody has come in");
    }
    let status = after(&[of_one(), failures(&[(15, "missing", None)])]);
    let alone = json!({ "count": 1, "firstTime": text(15), "lastTime": text(15), "reason": "missing" });
    assert_eq!(json!(status.failed_authentications), alone, "ten minutes later another row begins");
}

#[test]
fn ten_thousand_refusals_and_an_outage_of_the_api_server_take_no_more_room_than_a_few() {
    let mut seen = SeenTraffic::default();
    for number in 0..10_000 {
        seen.note(request(number * 10, 400, None));
        seen.note_failure(at(number), "unknown_key", None);
    }
    assert_eq!(seen.bursts.len(), MAX_BURSTS);
    let long = LastError {
        subject: Some("ä".repeat(5_000)),
        detail: Some("ä".repeat(5_000)),
        request_id: "r".repeat(5_000),
        ..error(200_000, "", 400)
    };
    seen.note(SeenRequest { error: Some(long), ..request(200_000, 400, None) });
    let status = after(&[seen]);
    let last = status.last_error.clone().expect("an error");
    let lengths = [last.subject, last.detail, Some(last.request_id)].map(|text| text.expect("text").chars().count());
    assert_eq!(lengths, [MAX_TEXT, MAX_DETAIL, MAX_TEXT]);
    assert!(json!(status).to_string().len() < 8_192, "{}", json!(status).to_string().len());
}

#[test]
fn silence_is_measured_in_the_cycles_that_were_learned() {
    let minutes = |source, cadence: Option<i64>| {
        longest_silence(source, cadence.map(|minutes| minutes * 60)).as_secs().div_euclid(60)
    };
    for (case, source, cadence, expected) in [
        ("Entra ID at first", Source::EntraID, None, 120),
        ("Entra ID", Source::EntraID, Some(41), 123),
        ("Entra ID with on-demand runs in between", Source::EntraID, Some(6), 120),
        ("Entra ID in quarantine", Source::EntraID, Some(24 * 60), 72 * 60),
        ("another one at first", Source::Generic, None, 120),
        ("another one that asks every hour", Source::Generic, Some(60), 180),
        ("another one that asks every few minutes", Source::Generic, Some(6), 30),
        ("one that asks once a month", Source::Generic, Some(30 * 24 * 60), 72 * 60),
        ("one of a newer version", Source::Unknown, Some(6), 30),
    ] {
        assert_eq!(minutes(source, cadence), expected, "{case}");
    }
}

#[test]
fn time_that_passes_is_looked_at_when_it_matters() {
    let status = after(&[{
        let mut seen = traffic(&[(0, 201, Some(Effect::Created)), (3, 200, None)]);
        seen.note_failure(at(1), "missing", None);
        seen
    }]);
    assert_eq!(silent_until(Source::EntraID, &status), Some(at(123)));
    let look = |minutes| look_again(Source::EntraID, &status, at(minutes));
    for (now, expected) in
        [(3, Some(at(8))), (8, Some(at(11))), (11, Some(at(123))), (122, Some(at(123))), (123, None), (10_000, None)]
    {
        assert_eq!(look(now), expected, "at {now}");
    }
    let nothing = ProvisioningStatus::default();
    assert_eq!((look_again(Source::EntraID, &nothing, at(0)), silent_until(Source::EntraID, &nothing)), (None, None));
}

#[test]
fn a_phase_of_a_newer_version_is_past_the_initial_one() {
    let newer = json!({
        "cycle": { "startedAt": text(0), "lastRequestAt": text(1), "phase": "Later", "requests": 1, "created": 0,
            "updated": 0, "deactivated": 0, "deleted": 0, "refused": 0, "failed": 0 },
    });
    let stands: ProvisioningStatus = serde_json::from_value(newer).expect("a status");
    let status = joined(stands, &traffic(&[(40, 200, None)]), at(40));
    assert_eq!(status.cycle.expect("a cycle").phase, CyclePhase::Incremental);
    assert_eq!(status.earlier_cycles[0].phase, CyclePhase::Incremental, "the API server takes no other word");
}
