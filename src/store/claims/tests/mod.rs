//! The JSON behind the steps. The protocol itself is explored in `tests/claims`.

mod operations;
mod rules;

use crate::store::kind::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::holder::{Claim, Holder, IDLE_AFTER, KNOWN_AFTER};
use super::known::{RESTORED_AFTER, SPARED_AFTER};
use super::step::{Subject, is_live};
use super::{Edited, Error, acquire_for_rule, change, create, delete, release, settle};
use crate::api::Object;
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::rules::naming::{
    ClaimedValue, Force, GROUP_EXTERNAL_ID, GROUP_NAME, LINK, USER_EXTERNAL_ID, USER_NAME, claim_name,
};
use crate::store::{Presence, Store};

const NOW: &str = "2026-07-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn ago(age: SignedDuration) -> String {
    (now() - age).to_string()
}

fn ada() -> Object {
    let object = json!({
        "apiVersion": "rollcall.dev/v1alpha1",
        "kind": "DirectoryUser",
        "metadata": {
            "name": "ada-1", "namespace": "people", "uid": "u-1", "resourceVersion": "7",
            "annotations": { "example.com/kept": "yes" },
            "creationTimestamp": ago(SignedDuration::from_secs(5)),
        },
        "spec": {
            "directoryRef": { "name": "staff" },
            "managedBy": "Provisioning",
            "scim": { "userName": "Ada", "meta": { "created": ago(SignedDuration::from_secs(5)) } },
            "link": { "tenantID": "T", "objectID": "O" },
            "fieldOfANewerVersion": { "kept": true },
        },
    });
    object.into()
}

/// A group with two values.
fn sales() -> Object {
    let object = json!({
        "apiVersion": "rollcall.dev/v1alpha1",
        "kind": "DirectoryGroup",
        "metadata": {
            "name": "sales-1", "namespace": "people", "uid": "g-1", "resourceVersion": "8",
            "annotations": { "example.com/kept": "yes" },
            "creationTimestamp": ago(SignedDuration::from_secs(5)),
        },
        "spec": {
            "directoryRef": { "name": "staff" },
            "scim": {
                "displayName": "Sales", "externalId": "E1", "meta": { "created": ago(SignedDuration::from_secs(5)) },
            },
            "fieldOfANewerVersion": { "kept": true },
        },
    });
    object.into()
}

fn group(object: Object) -> Holder {
    let rules = [(GROUP_EXTERNAL_ID, Force::InForce), (USER_EXTERNAL_ID, Force::InForce)].into_iter().collect();
    Holder::new(object, now(), &Arc::new(rules))
}

fn user(object: Object) -> Holder {
    Holder::new(object, now(), &Arc::default())
}

/// Ada with one field set.
fn ada_with(pointer: &str, value: Value) -> Holder {
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
    let mut object = ada();
    object.pointer_mut(parent).expect("a parent")[field] = value;
    user(object)
}

fn claim(attribute: &str, value: &str) -> Claim {
    let claim = json!({ "spec": {
        "directoryRef": { "name": "staff" }, "attribute": attribute, "value": value, "holder": "ada-1", "nonce": "n",
    } });
    Claim(claim.into())
}

/// The explorer's view of an object, as a value: what the steps read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Compact {
    committed: BTreeMap<String, String>,
    pending: BTreeMap<String, String>,
    deleted: bool,
    rejected: bool,
}

fn compact(user: &Holder) -> Compact {
    let map = |values: Vec<super::UniqueValue>| {
        values.into_iter().map(|value| (value.claimed.attribute, value.claimed.value)).collect()
    };
    Compact {
        committed: map(user.committed()),
        pending: map(user.pending()),
        deleted: user.is_deleted(),
        rejected: user.is_rejected(),
    }
}

#[test]
fn an_edit_of_the_json_is_the_same_edit_of_what_the_steps_see() {
    let values = user(ada()).committed();
    type Edit = (&'static str, fn(&mut Holder), fn(&mut Compact));
    let edits: [Edit; 7] = [
        (
            "names all values",
            |user| user.set_pending(&user.committed()),
            |seen| seen.pending.clone_from(&seen.committed),
        ),
        (
            "names one value",
            |user| user.set_pending(&user.committed()[..1]),
            |seen| {
                seen.pending = seen
                    .committed
                    .iter()
                    .filter(|(name, _)| [USER_NAME, GROUP_NAME].contains(&name.as_str()))
                    .map(own)
                    .collect();
            },
        ),
        ("names nothing", |user| user.set_pending(&[]), |seen| seen.pending.clear()),
        ("rejects", Holder::reject, |seen| seen.rejected = true),
        ("acknowledges", Holder::acknowledge, |seen| seen.rejected = false),
        (
            "brings back",
            |user| *user = to(user.brought_back()).unwrap_or_else(|| user.clone()),
            |seen| {
                seen.deleted = false;
            },
        ),
        ("takes the version of another read", |user| *user = user.clone().at_version_of(&self::user(ada())), |_| {}),
    ];
    let mut start = ada_with("/spec/deletedAt", NOW.into());
    start.object["metadata"]["annotations"][UNDELETE_ANNOTATION] = "please".into();
    let mut asked_back = sales();
    asked_back["spec"]["deletedAt"] = NOW.into();
    asked_back["metadata"]["annotations"][UNDELETE_ANNOTATION] = "please".into();
    let starts = [
        user(ada()),
        start,
        ada_with("/spec/pending", json!({ USER_NAME: "bob", "User.later": "x" })),
        group(sales()),
        group(asked_back),
    ];
    assert_eq!(group(sales()).committed().len(), 2);
    assert_eq!(values.len(), 2);
    for start in starts {
        for (first, edit_first, model_first) in &edits {
            for (second, edit_second, model_second) in &edits {
                let (mut edited, mut expected) = (start.clone(), compact(&start));
                edit_first(&mut edited);
                edit_second(&mut edited);
                model_first(&mut expected);
                model_second(&mut expected);
                assert_eq!(compact(&edited), expected, "{first}, then {second}");
                assert_eq!(edited.object["spec"]["fieldOfANewerVersion"], json!({ "kept": true }), "{first}, {second}");
                assert_eq!(edited.object["metadata"]["annotations"]["example.com/kept"], "yes", "{first}, {second}");
            }
        }
    }
}

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

fn to(edited: Edited<Holder>) -> Option<Holder> {
    match edited {
        Edited::To(user) => Some(user),
        Edited::Nothing | Edited::NotMine => None,
    }
}

#[test]
fn marks_that_are_taken_off_leave_no_trace_in_the_json() {
    let before = ada();
    let mut edited = user(before.clone());
    edited.set_pending(&edited.committed());
    assert_eq!(edited.object["spec"]["pending"], json!({ USER_NAME: "ada", LINK: "t/o" }));
    edited.reject();
    edited.acknowledge();
    edited.set_pending(&[]);
    assert_eq!(edited.object, before);
}

#[test]
fn values_are_acquired_by_claim_name_and_the_name_comes_last() {
    let mut values = user(ada()).committed();
    values.sort();
    let order: Vec<_> = values.iter().map(|value| value.claimed.attribute.as_str()).collect();
    assert_eq!(order, [LINK, USER_NAME]);
    let pending = json!({ USER_NAME: "ada", "User.a": "1", "User.b": "2", "User.c": "3" });
    let mut values = ada_with("/spec/pending", pending).pending();
    values.sort();
    let (name, others) = values.split_last().expect("four values");
    assert_eq!(name.claimed.attribute, USER_NAME);
    assert!(others.is_sorted_by_key(|value| &value.claim_name));
    assert_eq!(user(ada()).name_claim(), claim_name("staff", USER_NAME, "ada"));
}

#[test]
fn a_claim_is_live_while_its_holder_names_the_value() {
    let deleted = |pending: Value| {
        let mut object = ada();
        object["spec"]["deletedAt"] = NOW.into();
        object["spec"]["pending"] = pending;
        user(object)
    };
    let mut elsewhere = claim(USER_NAME, "ada");
    elsewhere.0["spec"]["directoryRef"]["name"] = "guests".into();
    let cases = [
        ("the committed name", user(ada()), claim(USER_NAME, "ada"), true),
        ("the committed link", user(ada()), claim(LINK, "t/o"), true),
        ("another value", user(ada()), claim(USER_NAME, "bob"), false),
        ("the value of another attribute", user(ada()), claim(LINK, "ada"), false),
        ("the same value in another directory", user(ada()), elsewhere, false),
        ("a pending value", ada_with("/spec/pending", json!({ USER_NAME: "bob" })), claim(USER_NAME, "bob"), true),
        (
            "what was committed before",
            ada_with("/spec/pending", json!({ USER_NAME: "bob" })),
            claim(USER_NAME, "ada"),
            true,
        ),
        ("a tombstone", deleted(Value::Null), claim(USER_NAME, "ada"), false),
        ("a tombstone on its way back", deleted(json!({ USER_NAME: "ada" })), claim(USER_NAME, "ada"), true),
        ("a link that was taken off", ada_with("/spec/link", Value::Null), claim(LINK, "t/o"), false),
        ("the name of a group", group(sales()), claim(GROUP_NAME, "sales"), true),
        ("a value of a group under its rule", group(sales()), claim(GROUP_EXTERNAL_ID, "E1"), true),
        ("the same, its rule turned off", user(sales()), claim(GROUP_EXTERNAL_ID, "E1"), true),
        ("the same value of a user", group(sales()), claim(USER_EXTERNAL_ID, "E1"), false),
        (
            "the displayName of a user",
            ada_with("/spec/scim/displayName", "Sales".into()),
            claim(GROUP_NAME, "sales"),
            false,
        ),
    ];
    for (case, holder, claim, live) in cases {
        assert_eq!(is_live(&claim, &holder), live, "{case}");
    }
}

#[test]
fn an_attribute_of_a_newer_version_is_not_understood() {
    for (attribute, understood) in [
        (USER_NAME, true),
        (LINK, true),
        (GROUP_EXTERNAL_ID, true),
        (GROUP_NAME, true),
        ("User.later", false),
        ("", false),
    ] {
        assert_eq!(Holder::understands(&claim(attribute, "x")), understood, "{attribute}");
    }
}

#[test]
fn an_object_may_have_been_acknowledged_unless_it_is_young_provisioned_and_unsettled() {
    let condition = |name: &str, status: &str| json!({ "conditions": [{ "type": name, "status": status }] });
    let created = |age: SignedDuration| {
        let mut holder = ada_with("/spec/scim/meta/created", ago(age).into());
        holder.object["metadata"]["creationTimestamp"] = ago(age).into();
        holder
    };
    let second = SignedDuration::from_secs(1);
    let made_before =
        |age: SignedDuration| ada_with("/spec/scim/meta/created", ago(SignedDuration::from_secs(5) + age).into());
    let cases = [
        ("just made", user(ada()), false),
        ("stored long after it was made", made_before(RESTORED_AFTER + second), true),
        ("stored when a slow create may store it", made_before(RESTORED_AFTER), false),
        ("almost old enough", created(KNOWN_AFTER - second), false),
        ("old enough", created(KNOWN_AFTER), true),
        ("of the future", created(-second), false),
        ("without a time", ada_with("/spec/scim/meta", json!({})), true),
        ("with a time that nobody can read", ada_with("/spec/scim/meta/created", "yesterday".into()), true),
        ("made by people", ada_with("/spec/managedBy", "People".into()), true),
        ("managed in a newer way", ada_with("/spec/managedBy", "Later".into()), true),
        ("settled", ada_with("/status", condition("Ready", "True")), true),
        ("settled, then in conflict", ada_with("/status", condition("Ready", "False")), true),
        ("settled by a version before", ada_with("/status", condition("NameClaimed", "True")), true),
        ("a group, just made", group(sales()), false),
        ("with another condition", ada_with("/status", condition("AccessGranted", "True")), false),
    ];
    for (case, holder, known) in cases {
        assert_eq!(holder.is_known(), known, "{case}");
    }
}

#[test]
fn the_janitor_spares_what_may_be_back_from_a_restore() {
    let second = SignedDuration::from_secs(1);
    for (apart, spared) in [(SPARED_AFTER, false), (SPARED_AFTER + second, true), (RESTORED_AFTER + second, true)] {
        let mut holder = ada_with("/spec/scim/meta/created", ago(apart).into());
        holder.object["metadata"]["creationTimestamp"] = NOW.into();
        assert_eq!(holder.is_spared(), spared, "{apart:?}");
    }
}

#[test]
fn an_object_is_idle_when_nobody_wrote_it_for_a_while() {
    let second = SignedDuration::from_secs(1);
    let written = |ages: &[SignedDuration]| {
        let entries: Vec<_> = ages.iter().map(|age| json!({ "manager": "m", "time": ago(*age) })).collect();
        ada_with("/metadata/managedFields", entries.into())
    };
    let long = SignedDuration::from_hours(1);
    let cases = [
        ("made just now", user(ada()), false),
        ("made long ago", ada_with("/metadata/creationTimestamp", ago(long).into()), true),
        ("no time at all", ada_with("/metadata/creationTimestamp", Value::Null), true),
    ];
    for (case, user, idle) in cases {
        assert_eq!(user.is_idle(), idle, "{case}");
    }
    let old = |mut user: Holder| {
        user.object["metadata"]["creationTimestamp"] = ago(long).into();
        user
    };
    assert!(old(written(&[long, IDLE_AFTER])).is_idle());
    assert!(!old(written(&[long, IDLE_AFTER - second])).is_idle(), "the newest write counts");
}

#[test]
fn a_tombstone_comes_back_only_when_asked_and_without_the_marks() {
    assert_eq!(user(ada()).brought_back(), Edited::NotMine, "it is not deleted");
    let mut tombstone = ada_with("/spec/deletedAt", NOW.into());
    assert_eq!(tombstone.brought_back(), Edited::NotMine, "nobody asked");
    tombstone.object["metadata"]["annotations"][UNDELETE_ANNOTATION] = "".into();
    assert_eq!(tombstone.brought_back(), Edited::To(user(ada())));
}

#[test]
fn a_claim_names_its_holder_and_another_nonce_each_time() {
    let holder = user(ada());
    let value = holder.committed().into_iter().find(|value| value.claimed.attribute == LINK).expect("a link");
    let claim = Claim::new("people", "staff", &value, &holder, "first");
    let expected = json!({
        "apiVersion": "rollcall.dev/v1alpha1",
        "kind": "DirectoryClaim",
        "metadata": {
            "name": claim_name("staff", LINK, "t/o"),
            "namespace": "people",
            "labels": { "rollcall.dev/directory": "staff" },
            "ownerReferences": [
                { "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser", "name": "ada-1", "uid": "u-1" },
            ],
        },
        "spec": {
            "directoryRef": { "name": "staff" },
            "attribute": "User.link",
            "value": "t/o",
            "holder": "ada-1",
            "nonce": "first",
        },
    });
    assert_eq!(*claim.0, expected);
    let of_group = &Claim::new("people", "staff", &value, &group(sales()), "first").0["metadata"]["ownerReferences"][0];
    assert_eq!(
        *of_group,
        json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryGroup", "name": "sales-1", "uid": "g-1" })
    );
    let mut restored = claim.clone();
    restored.0["metadata"].as_object_mut().expect("an object").remove("ownerReferences");
    restored.0["metadata"]["resourceVersion"] = "9".into();
    let touched = restored.touched(&holder, "second");
    let mut expected = claim.clone();
    expected.0["metadata"]["resourceVersion"] = "9".into();
    expected.0["spec"]["nonce"] = "second".into();
    assert_eq!(touched, expected);
    assert!(claim.is_on("staff", &value));
    assert!(!claim.is_on("guests", &value));
    let other = ClaimedValue { attribute: LINK.to_owned(), value: "t/p".to_owned() };
    let mut collision = value;
    collision.claimed = other;
    assert!(!claim.is_on("staff", &collision), "another value with the same digest");
}

#[test]
fn the_operations_can_run_on_any_thread() {
    fn is_send(_: impl Send) {}
    fn check(store: &Store) {
        is_send(create(store, &Presence::default(), Object::default(), String::new));
        is_send(change(store, &Presence::default(), Kind::USER, "", "", |_| Ok::<_, Error>(None)));
        is_send(delete(store, &Presence::default(), Kind::USER, "", "", |_| Ok::<_, Error>(Object::default())));
        is_send(settle(store, Kind::USER, "", "", Timestamp::UNIX_EPOCH));
        is_send(release(store, "", ""));
        is_send(acquire_for_rule(store, Kind::USER, "", "", ""));
    }
    let _ = check;
}
