use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::api::Object;
use crate::rules::resource::Resource;

/// What etcd and people can bear of one object.
const MAX_REPORT: usize = 256 * 1024;

fn object(scim: &Value, deleted: bool) -> Object {
    let mut object = json!({ "metadata": { "name": "ada-1" }, "spec": { "scim": scim } });
    if deleted {
        object["spec"]["deletedAt"] = "2026-03-01T10:00:00Z".into();
    }
    object.into()
}

#[test]
fn an_object_is_compared_with_the_one_in_the_cluster() {
    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let ada = json!({
        "userName": "ada", "active": true, "name": { "givenName": "Ada", "familyName": "Able" },
        "emails": [{ "type": "work", "value": "a@x" }], "extensions": { URN: { "department": "R&D" } },
        "schemas": ["a"], "meta": { "lastModified": "1" },
    });
    let with = |changes: &[(&str, Value)]| {
        let mut scim = ada.clone();
        for (pointer, value) in changes {
            *scim.pointer_mut(pointer).expect("a field") = value.clone();
        }
        scim
    };
    let urn = format!("/extensions/{URN}/department").replace("scim:schemas", "scim:schemas");
    let none: &[ObservedOutcome] = &[];
    for (name, after, outcomes, attributes) in [
        ("the same", with(&[("/meta/lastModified", "2".into()), ("/schemas", json!([]))]), none, vec![]),
        (
            "a title",
            {
                let mut scim = ada.clone();
                scim["title"] = "Dr".into();
                scim
            },
            &[ObservedOutcome::Change],
            vec!["title"],
        ),
        (
            "a surname",
            with(&[("/name/familyName", "Best".into())]),
            &[ObservedOutcome::Change],
            vec!["name.familyName"],
        ),
        ("an address", with(&[("/emails/0/value", "b@x".into())]), &[ObservedOutcome::Change], vec!["emails"]),
        (
            "a department",
            with(&[(&urn, "Sales".into())]),
            &[ObservedOutcome::Change],
            vec!["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"],
        ),
        ("out", with(&[("/active", false.into())]), &[ObservedOutcome::Deactivate], vec!["active"]),
        (
            "out and renamed",
            with(&[("/active", false.into()), ("/userName", "eve".into())]),
            &[ObservedOutcome::Deactivate, ObservedOutcome::Change],
            vec!["active", "userName"],
        ),
    ] {
        let found = difference(Some(&object(&ada, false)), &object(&after, false));
        assert_eq!(found.outcomes, outcomes, "{name}");
        assert_eq!(found.attributes, attributes, "{name}");
    }
    let inactive = with(&[("/active", false.into())]);
    let back = difference(Some(&object(&inactive, false)), &object(&ada, false));
    assert_eq!(
        (back.outcomes, back.attributes),
        (vec![ObservedOutcome::Change], vec!["active".to_owned()]),
        "in again"
    );
    for (name, before, after_deleted, expected) in [
        ("new", None, false, vec![ObservedOutcome::Create]),
        ("new and deleted again", None, true, vec![]),
        ("deleted", Some(object(&ada, false)), true, vec![ObservedOutcome::Delete]),
        ("deleted before", Some(object(&ada, true)), true, vec![]),
    ] {
        assert_eq!(difference(before.as_ref(), &object(&ada, after_deleted)).outcomes, expected, "{name}");
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
}

fn user<'a>(id: &'a str, name: &'a str) -> WouldBe<'a> {
    WouldBe { kind: Resource::User, id, name }
}

fn of(outcome: ObservedOutcome) -> Difference {
    Difference { outcomes: vec![outcome], attributes: vec!["title".to_owned()] }
}

#[test]
fn people_are_counted_once_whoever_saw_them_and_however_often() {
    let mut one = Tally::default();
    one.request(at(5), true);
    one.difference(user("ada-1", "ada"), &of(ObservedOutcome::Create));
    one.difference(user("ada-1", "ada"), &of(ObservedOutcome::Create));
    one.refusal(user("", "eve"), ObservedRefusal { reason: "uniqueness", detail: "taken" });
    one.membership("g", "ada-1", true);
    let mut other = Tally::default();
    other.request(at(7), false);
    other.difference(user("ada-1", "ada"), &of(ObservedOutcome::Create));
    other.difference(user("bob-1", "bob"), &of(ObservedOutcome::Change));
    other.refusal(user("", "eve"), ObservedRefusal { reason: "invalidValue", detail: "wrong" });
    other.membership("g", "ada-1", true);
    other.membership("g", "ada-1", false);
    other.membership("g", "bob-1", true);
    let (mut joined, mut turned) = (one.clone(), other.clone());
    joined.join(&other);
    turned.join(&one);
    for tally in [&joined, &turned] {
        let status = Value::Object(tally.to_status());
        assert_eq!(
            status["users"],
            json!({ "wouldCreate": 1, "wouldChange": 1, "wouldDeactivate": 0, "wouldDelete": 0, "wouldRefuse": 1 })
        );
        assert_eq!(status["members"], json!({ "wouldAdd": 2, "wouldRemove": 1 }));
        assert_eq!(
            status["refusals"],
            json!([{ "reason": "invalidValue", "count": 1 }, { "reason": "uniqueness", "count": 1 }])
        );
        assert_eq!(
            (&status["lastRequestAt"], &status["lastWriteAt"]),
            (&json!("1970-01-01T00:00:07Z"), &json!("1970-01-01T00:00:05Z"))
        );
        assert_eq!(Tally::of_status(&status), *tally, "what is written is read again");
    }
    let change = joined.to_status()["examples"]
        .as_array()
        .expect("examples")
        .iter()
        .find(|one| one["outcome"] == "Change")
        .cloned();
    assert_eq!(
        change,
        Some(json!({ "outcome": "Change", "kind": "User", "id": "bob-1", "name": "bob", "attributes": ["title"] }))
    );
    let again = joined.clone();
    joined.join(&one);
    joined.join(&again);
    assert_eq!(joined, again, "joining what is there changes nothing");
}

#[test]
fn a_report_of_a_hundred_thousand_people_stays_small() {
    let long = "🦀".repeat(1000);
    let attributes: Vec<_> = (0..40).map(|attribute| format!("{attribute}{long}")).collect();
    let mut tally = Tally::default();
    for number in 0..100_000 {
        let id = format!("{}-{number}", "x".repeat(50));
        let kind = if number % 2 == 0 { Resource::User } else { Resource::Group };
        let who = WouldBe { kind, id: &id, name: &long };
        // Few get room as examples, and all are counted.
        let attributes = if number < 1000 { attributes.clone() } else { Vec::new() };
        tally.difference(who, &Difference { outcomes: ObservedOutcome::ALL[..4].to_vec(), attributes });
        tally.refusal(who, ObservedRefusal { reason: &format!("reason{}", number % 40), detail: &long });
        tally.membership("g", &id, number % 2 == 0);
    }
    let status = tally.to_status();
    let bytes = Value::Object(status.clone()).to_string().len();
    assert!(bytes < MAX_REPORT, "{bytes}");
    let created = status["users"]["wouldCreate"].as_i64().expect("a number");
    assert!((49_000..=51_000).contains(&created), "{created}");
    let refusals = status["refusals"].as_array().expect("refusals");
    assert_eq!(refusals.len(), ReportLimits::REASONS);
    assert!(refusals.iter().any(|refusals| refusals["reason"] == "other"));
}

#[test]
fn a_status_that_somebody_else_wrote_is_read_as_far_as_it_can_be() {
    for status in [
        Value::Null,
        json!({ "counted": 7, "examples": "x", "refusals": {}, "lastRequestAt": "soon" }),
        json!({ "counted": { "users.create": "?" }, "examples": [{ "outcome": "Explode" }, { "kind": "User" }, 7] }),
    ] {
        assert_eq!(Tally::of_status(&status), Tally::default(), "{status}");
    }
}
