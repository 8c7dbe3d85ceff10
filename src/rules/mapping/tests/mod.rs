//! The mapping as tables here, whole cycles of Entra in `cycles`.

mod cycles;

use serde_json::json;

use super::*;
use crate::rules::naming::DELETED_LABEL;
use crate::scim::schema::USER;

const NOW: Timestamp = Timestamp::constant(1_767_225_600, 123_456_789);
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn attributes(value: Value) -> Attributes {
    let Value::Object(attributes) = value else { panic!("{value} is no object") };
    attributes
}

fn stored() -> Object {
    let object = json!({
        "metadata": { "name": "alice-x", "generation": 3, "uid": "0123456789ab", "labels": { "team": "a" } },
        "spec": {
            "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "fromTheFuture": { "x": 1 },
            "scim": {
                "userName": "alice", "active": true,
                "extensions": { ENTERPRISE: { "department": "Bicycles" } },
                "meta": { "created": "2025-01-01T00:00:00Z", "lastModified": "2025-02-01T00:00:00Z" },
            },
        },
    });
    object.into()
}

#[test]
fn attributes_come_back_as_they_were_stored() {
    let cases = [
        json!({ "userName": "a" }),
        json!({ "userName": "a", "active": false, "name": { "givenName": "A", "x-new": 1 } }),
        json!({ "userName": "a", ENTERPRISE: { "manager": { "value": "m" } }, "urn:x:y": { "a.b": [1, 1.5] } }),
    ];
    for case in cases {
        let scim = to_scim(attributes(case.clone()), Times::default());
        assert_eq!(to_attributes(&scim), attributes(case));
        assert!(scim.as_object().expect("an object").keys().all(|name| !name.starts_with("urn:")));
    }
}

#[test]
fn a_resource_has_id_schemas_and_meta() {
    let object = stored();
    let identity = Identity { id: "alice-x", generation: 3, uid: "0123456789ab" };
    let resource = to_resource(&USER, &identity, &object["spec"]["scim"]);
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": "alice-x", "userName": "alice", "active": true, ENTERPRISE: { "department": "Bicycles" },
        "meta": {
            "resourceType": "User", "version": "W/\"3.01234567\"",
            "created": "2025-01-01T00:00:00Z", "lastModified": "2025-02-01T00:00:00Z",
        },
    });
    assert_eq!(Value::Object(resource), expected);
}

#[test]
fn a_new_user_is_active_unless_it_says_otherwise() {
    for (sent, expected) in [(json!({ "userName": "a" }), true), (json!({ "userName": "a", "active": false }), false)] {
        let object = new_user("staff", "hr", "a-b", attributes(sent), NOW);
        assert_eq!(object["spec"]["scim"]["active"], expected);
        assert_eq!(object["spec"]["scim"]["meta"]["created"], "2026-01-01T00:00:00.123Z");
        assert_eq!(object["spec"].get("suspended"), None, "admin-owned fields are not the operator's to write");
    }
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let object = stored();
    let same = to_attributes(&object["spec"]["scim"]);
    assert_eq!(changed_user(&object, same, &Author::somebody(), NOW), None);
}

#[test]
fn a_put_without_active_keeps_the_stored_value() {
    let mut object = stored();
    object["spec"]["scim"]["active"] = false.into();
    let changed =
        changed_user(&object, attributes(json!({ "userName": "b" })), &Author::somebody(), NOW).expect("a change");
    assert_eq!(changed["spec"]["scim"]["active"], false);
}

#[test]
fn a_change_keeps_what_it_does_not_know() {
    let changed =
        changed_user(&stored(), attributes(json!({ "userName": "b", "active": true })), &Author::somebody(), NOW)
            .expect("a change");
    assert_eq!(changed["spec"]["fromTheFuture"], json!({ "x": 1 }));
    assert_eq!(changed["metadata"]["labels"], json!({ "team": "a" }));
    assert_eq!(changed["spec"]["scim"]["meta"]["created"], "2025-01-01T00:00:00Z");
    assert_eq!(changed["spec"]["scim"]["meta"]["lastModified"], "2026-01-01T00:00:00.123Z");
    assert_eq!(changed["spec"].get("sessionEpoch"), None);
    assert_eq!(changed["spec"].get("lastDeactivation"), None);
}

#[test]
fn turning_active_off_ends_the_sessions_in_the_same_write() {
    let off = attributes(json!({ "userName": "alice", "active": false }));
    let once = changed_user(&stored(), off, &Author::somebody(), NOW).expect("a change");
    assert_eq!(once["spec"]["sessionEpoch"], 1);
    let mark = json!({ "at": "2026-01-01T00:00:00.123Z", "method": "PATCH", "key": "entra", "requestID": "r-1" });
    assert_eq!(once["spec"]["lastDeactivation"], mark);
    let on = attributes(json!({ "userName": "alice", "active": true }));
    let again = changed_user(&once, on, &Author::somebody(), NOW).expect("a change");
    assert_eq!(again["spec"]["sessionEpoch"], 1, "a reactivation keeps the epoch: older sessions stay dead");
    assert_eq!(again["spec"]["lastDeactivation"], mark, "and says what was before");
}

#[test]
fn an_account_that_people_wrote_is_adopted_by_its_first_write() {
    let mut object = stored();
    object["spec"]["managedBy"] = "People".into();
    let same = to_attributes(&object["spec"]["scim"]);
    let adopted =
        changed_user(&object, same.clone(), &Author::somebody(), NOW).expect("the write adopts, whatever it says");
    assert_eq!(adopted["spec"]["managedBy"], "Provisioning");
    assert_eq!(adopted["spec"]["scim"], object["spec"]["scim"], "no attribute has changed");
    assert_eq!(changed_user(&adopted, same, &Author::somebody(), NOW), None, "once");
    let changed =
        changed_user(&object, attributes(json!({ "userName": "b", "active": false })), &Author::somebody(), NOW)
            .expect("a change");
    assert_eq!((&changed["spec"]["managedBy"], &changed["spec"]["sessionEpoch"]), (&json!("Provisioning"), &json!(1)));
}

#[test]
fn a_tombstone_keeps_what_an_undelete_restores() {
    let mut object = stored();
    object["metadata"]["annotations"] = json!({ UNDELETE_ANNOTATION: "true", "team": "a" });
    object["spec"]["purging"] = true.into();
    let deleted = tombstone(&object, &Author::somebody(), NOW);
    assert_eq!(
        deleted["spec"]["purging"],
        json!(null),
        "a purge that had begun before somebody brought it back is none"
    );
    assert_eq!(deleted["metadata"]["annotations"], json!({ "team": "a" }), "an older wish to be undeleted is none");
    assert_eq!(deleted["spec"]["deletedAt"], "2026-01-01T00:00:00.123Z");
    assert_eq!(deleted["spec"]["sessionEpoch"], 1);
    assert_eq!(deleted["spec"]["lastDeactivation"], Author::somebody().mark(NOW));
    assert_eq!(deleted["metadata"]["labels"][DELETED_LABEL], "true");
    assert_eq!(deleted["spec"]["scim"], stored()["spec"]["scim"]);
    assert_eq!(deleted["spec"]["fromTheFuture"], stored()["spec"]["fromTheFuture"]);
}

#[test]
fn an_account_that_was_made_anew_at_the_provider_takes_the_link_off() {
    const OLD: &str = "aaaaaaaa-0000-4000-8000-000000000001";
    const NEW: &str = "bbbbbbbb-0000-4000-8000-000000000002";
    let link = |object: &str| json!({ "tenantID": "t", "objectID": object, "by": "externalId" });
    for (name, external_id, linked, new, is_unlinked) in [
        ("another account", Some(OLD), Some(OLD), json!(NEW), true),
        ("another account, after a nickname", Some("alice"), Some(OLD), json!(NEW), true),
        ("the account of the link", Some("alice"), Some(OLD), json!(OLD), false),
        ("the account of the link in capitals", Some("alice"), Some(OLD), json!(OLD.to_uppercase()), false),
        ("a nickname", Some(OLD), Some(OLD), json!("alice"), false),
        ("nothing", Some(OLD), Some(OLD), Value::Null, false),
        ("the same again", Some(NEW), Some(OLD), json!(NEW), false),
        ("no link", Some(OLD), None, json!(NEW), false),
        ("a link to a subject that is no GUID", Some(OLD), Some("sub"), json!(NEW), false),
    ] {
        let mut object = stored();
        if let Some(external_id) = external_id {
            object["spec"]["scim"]["externalId"] = external_id.into();
        }
        if let Some(linked) = linked {
            object["spec"]["link"] = link(linked);
        }
        let mut wanted = to_attributes(object.scim());
        wanted.remove("externalId");
        if !new.is_null() {
            wanted.insert("externalId".to_owned(), new);
        }
        wanted.insert("title".to_owned(), "Engineer".into());
        let changed = changed_user(&object, wanted, &Author::somebody(), NOW).expect("a change");
        let expected = if is_unlinked { None } else { linked.map(link) };
        assert_eq!(changed["spec"].get("link"), expected.as_ref(), "{name}");
        assert_eq!(changed.session_epoch(), i64::from(is_unlinked), "{name}");
    }
}
