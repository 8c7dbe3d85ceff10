use http::HeaderMap;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::answer::{On, hits, id_of, judge, refusal, without_members};
use super::escrow::{Escrow, HOUR, MAX_AGE, gap};
use super::quarantine::{
    Attempts, CYCLE, CYCLE_IN_QUARANTINE, MAX_QUARANTINE, Quarantine, QuarantineCause, next_cycle,
};
use super::*;
use crate::simulator::client::{Response, TransportError};

fn answer(status: u16, json: Value) -> Response {
    let body = Bytes::from(json.to_string());
    Response { status, headers: HeaderMap::new(), body, json: Some(json), elapsed: Duration::ZERO }
}

#[test]
fn each_status_leads_where_entra_goes() {
    use ErrorCode as Code;
    for (status, on, expected) in [
        (200, On::Filter, None),
        (201, On::Create, None),
        (204, On::Patch, None),
        (404, On::Delete, None),
        (400, On::Filter, Some((Code::SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering, false))),
        (400, On::Patch, Some((Code::BadRequest, false))),
        (401, On::Patch, Some((Code::Unauthorized, true))),
        (403, On::Create, Some((Code::InsufficientRights, true))),
        (404, On::Filter, Some((Code::SystemForCrossDomainIdentityManagementServiceIncompatible, true))),
        (404, On::Read, Some((Code::InvalidAnchor, false))),
        (404, On::Patch, Some((Code::InvalidAnchor, false))),
        (404, On::Create, Some((Code::BadRequest, false))),
        (405, On::Patch, Some((Code::MethodNotAllowed, false))),
        (409, On::Create, Some((Code::EntryConflict, false))),
        (412, On::Patch, Some((Code::BadRequest, false))),
        (413, On::Patch, Some((Code::UnprocessableEntity, false))),
        (415, On::Create, Some((Code::UnprocessableEntity, false))),
        (422, On::Create, Some((Code::UnprocessableEntity, false))),
        (429, On::Patch, Some((Code::TooManyRequests, false))),
        (500, On::Read, Some((Code::InternalServerError, false))),
        (501, On::Create, Some((Code::NotImplemented, false))),
        (503, On::Delete, Some((Code::InternalServerError, false))),
        (302, On::Read, Some((Code::WebExceptionProtocolError, false))),
    ] {
        assert_eq!(refusal(on, status), expected, "{status} on {on:?}");
    }
    let deadline = judge(On::Read, Err(TransportError::Deadline(HOUR))).expect_err("no answer");
    assert_eq!(deadline.code, Code::Timeout);
    let error = answer(409, json!({ "detail": "userName is taken" }));
    assert_eq!(judge(On::Create, Ok(error)).expect_err("a conflict").reason, "409 userName is taken");
}

#[test]
fn an_answer_that_is_no_list_is_no_scim() {
    let list = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    for (json, expected) in [
        (json!({ "schemas": [list], "totalResults": 0, "Resources": [] }), Some(0)),
        (json!({ "schemas": [list], "totalResults": 0 }), Some(0)),
        (json!({ "schemas": [list], "totalResults": 1, "Resources": [{ "id": "1" }] }), Some(1)),
        (json!({ "schemas": [list], "totalResults": 1, "Resources": [] }), None),
        (json!({ "schemas": [list], "totalResults": "1", "Resources": [{}] }), None),
        (json!({ "totalResults": 0, "Resources": [] }), None),
        (json!([]), None),
    ] {
        let found = hits(&answer(200, json.clone()));
        assert_eq!(found.as_ref().ok().map(Vec::len), expected, "{json}");
        assert!(found.is_ok() || found.is_err_and(|problem| problem.quarantines), "{json}");
    }
    assert!(id_of(&json!({ "id": "" })).is_err() && id_of(&json!({ "id": 7 })).is_err());
    assert!(without_members(&json!({ "members": [] })).is_ok());
    assert!(without_members(&json!({ "members": [{ "value": "1" }] })).is_err());
}

#[test]
fn what_failed_is_tried_again_after_6_and_12_hours_and_then_daily() {
    assert_eq!([1, 2, 3, 4, 50].map(|failures| gap(failures) / 3600), [6, 12, 24, 24, 24].map(Duration::from_secs));
    let mut escrow = Escrow::default();
    let (mut now, mut tries) = (Duration::ZERO, Vec::new());
    escrow.fail(1, now);
    while now <= MAX_AGE + 48 * HOUR {
        if escrow.due(now) == [1] {
            tries.push(now.as_secs() / 3600);
            escrow.fail(1, now);
        }
        now += HOUR;
    }
    assert_eq!(tries[..5], [6, 18, 42, 66, 90]);
    assert!(tries.last().is_some_and(|last| *last <= 28 * 24), "{tries:?}");
    escrow.release(1);
    assert!(escrow.is_empty() && !escrow.holds(1));
    escrow.fail(2, now);
    escrow.clear();
    assert_eq!(escrow.len(), 0);
}

#[test]
fn too_many_failures_end_in_quarantine() {
    for (attempts, failures, reference_failures, expected) in [
        (0, 0, 0, false),
        (4_999, 4_999, 0, false),
        (10_000, 5_000, 0, true),
        (20_000, 5_000, 0, false),
        (12_500, 5_000, 0, false),
        (12_499, 5_000, 0, true),
        (1_000_000, 40_000, 0, false),
        (1_000_000, 40_001, 0, true),
        (1_000_000, 30_000, 30_000, false),
        (1_000_000, 30_000, 30_001, true),
    ] {
        let attempts = Attempts { attempts, failures, reference_failures };
        assert_eq!(attempts.too_many().is_some(), expected, "{attempts:?}");
    }
    let quarantine = Quarantine { cause: QuarantineCause::Target, reason: String::new(), since: HOUR };
    assert_eq!((next_cycle(None), next_cycle(Some(&quarantine))), (CYCLE, CYCLE_IN_QUARANTINE));
    assert!(!quarantine.is_disabled(HOUR + MAX_QUARANTINE));
    assert!(quarantine.is_disabled(2 * HOUR + MAX_QUARANTINE));
}
