//! Operations on groups, and on values whose rule is turned on, against an API server in memory.

use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::super::{Claimed, Error, Settlement, acquire_for_rule, change, create, delete, release, settle};
use super::{NOW, now};
use crate::api::Object;
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::rules::naming::{GROUP_EXTERNAL_ID, GROUP_NAME, USER_EXTERNAL_ID, claim_name};
use crate::store::kind::Kind;
use crate::store::memory::{Memory, refusal};
use crate::store::version::Origin;
use crate::store::{Presence, Store};

const LONG_AGO: &str = "2026-01-01T00:00:00Z";

/// How far the rules on `externalId` are; `Off` stands in no status.
const OFF: &str = "Off";
const CLAIMING: &str = "Claiming";
const IN_FORCE: &str = "InForce";

/// Tells the store of its Directory, in which the rules on `externalId` are this far.
fn tell_rules(store: &Store, version: u32, state: &str) {
    let rules =
        [USER_EXTERNAL_ID, GROUP_EXTERNAL_ID].map(|attribute| json!({ "attribute": attribute, "state": state }));
    let directory = json!({
        "metadata": { "namespace": "people", "name": "staff", "resourceVersion": version.to_string() },
        "spec": { "uniqueExternalId": { "users": "Enforce", "groups": "Enforce" } },
        "status": { "uniqueAttributes": if state == OFF { json!([]) } else { json!(rules) } },
    });
    store.0.cache.put(Kind::DIRECTORY, &directory.into(), Origin::Watch(1));
}

fn store_with(memory: &Memory, state: &str) -> Store {
    let store = memory.store(|_| None);
    tell_rules(&store, 1, state);
    store
}

/// A group that came over SCIM at this time.
fn group(name: &str, display_name: &str, external_id: &str, created: &str) -> Object {
    let object = json!({
        "apiVersion": "rollcall.dev/v1alpha1",
        "kind": "DirectoryGroup",
        "metadata": { "name": name, "namespace": "people", "creationTimestamp": LONG_AGO },
        "spec": {
            "directoryRef": { "name": "staff" },
            "scim": { "displayName": display_name, "externalId": external_id, "meta": { "created": created } },
        },
    });
    object.into()
}

fn with_external_id(external_id: &str) -> impl Fn(&Object) -> Result<Option<Object>, Error> {
    move |object| {
        let mut new = object.clone();
        new["spec"]["scim"]["externalId"] = external_id.into();
        Ok(Some(new))
    }
}

/// The claims there are: attribute, value, holder.
fn claims(memory: &Memory) -> Vec<(String, String, String)> {
    let claims = memory.all(Kind::CLAIM).into_iter().map(|claim| {
        assert_eq!(claim["metadata"]["ownerReferences"][0]["kind"], "DirectoryGroup");
        let text = |field: &str| claim["spec"][field].as_str().expect("text").to_owned();
        (text("attribute"), text("value"), text("holder"))
    });
    let mut claims: Vec<_> = claims.collect();
    claims.sort();
    claims
}

fn claimed(claims: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let claims =
        claims.iter().map(|(attribute, value, holder)| ((*attribute).into(), (*value).into(), (*holder).into()));
    let mut claims: Vec<_> = claims.collect();
    claims.sort();
    claims
}

#[tokio::test]
async fn a_group_claims_its_name_and_from_claiming_on_its_external_id() {
    for (state, expected) in [
        (OFF, claimed(&[(GROUP_NAME, "sales", "sales-1")])),
        (CLAIMING, claimed(&[(GROUP_NAME, "sales", "sales-1"), (GROUP_EXTERNAL_ID, "E1", "sales-1")])),
        (IN_FORCE, claimed(&[(GROUP_NAME, "sales", "sales-1"), (GROUP_EXTERNAL_ID, "E1", "sales-1")])),
    ] {
        let memory = Memory::default();
        let store = store_with(&memory, state);
        create(&store, &Presence::default(), group("sales-1", "Sales", "E1", NOW), String::new).await.expect("made");
        assert_eq!(claims(&memory), expected, "{state}");
    }
}

#[tokio::test]
async fn a_taken_value_is_an_error_only_where_its_rule_is_in_force() {
    for (state, is_error) in [(OFF, false), (CLAIMING, false), (IN_FORCE, true)] {
        let memory = Memory::default();
        let store = store_with(&memory, IN_FORCE);
        create(&store, &Presence::default(), group("sales-1", "Sales", "E1", NOW), String::new).await.expect("made");
        create(&store, &Presence::default(), group("ops-1", "Ops", "E2", NOW), String::new).await.expect("made");
        tell_rules(&store, 2, state);
        let taken = Err(Error::Taken { attribute: GROUP_EXTERNAL_ID.to_owned(), holder: "sales-1".to_owned() });
        for early in [false, true] {
            if early {
                memory.fill(&store);
            }
            let name = format!("new-{early}");
            let made =
                create(&store, &Presence::default(), group(&name, &name, "E1", NOW), String::new).await.map(|_| ());
            assert_eq!(made, if is_error { taken.clone() } else { Ok(()) }, "{state}, create, {early}");
            let known = memory.all(Kind::GROUP).iter().any(|group| group["metadata"]["name"] == name);
            assert_eq!(known, !is_error, "{state}, {early}");
        }
        let changed = change(&store, &Presence::default(), Kind::GROUP, "people", "ops-1", with_external_id("E1"))
            .await
            .map(|_| ());
        assert_eq!(changed, if is_error { taken } else { Ok(()) }, "{state}, change");
        let holder =
            claims(&memory).into_iter().find(|(attribute, value, _)| attribute == GROUP_EXTERNAL_ID && value == "E1");
        assert_eq!(holder.expect("a claim").2, "sales-1", "{state}");
        let again = create(&store, &Presence::default(), group("sales-2", "SALES", "E9", NOW), String::new).await;
        assert!(
            matches!(again, Err(Error::Taken { attribute, .. }) if attribute == GROUP_NAME),
            "{state}: the name always is"
        );
    }
}

#[tokio::test]
async fn nothing_is_removed_for_a_value_whose_rule_is_being_turned_on() {
    for (state, expected) in [(CLAIMING, Settlement::Settled), (IN_FORCE, Settlement::Removed)] {
        let memory = Memory::default();
        let store = store_with(&memory, IN_FORCE);
        create(&store, &Presence::default(), group("sales-1", "Sales", "E1", NOW), String::new).await.expect("made");
        // A create that was cut short; nobody was told of it.
        memory.put(Kind::GROUP, &group("ops-1", "Ops", "E1", NOW));
        tell_rules(&store, 2, state);
        assert_eq!(settle(&store, Kind::GROUP, "people", "ops-1", now()).await, Ok(expected), "{state}");
        let owns_name = claims(&memory).contains(&(GROUP_NAME.into(), "ops".into(), "ops-1".into()));
        assert_eq!(owns_name, expected == Settlement::Settled, "{state}: it acquires the rest");
    }
}

#[tokio::test]
async fn the_kind_of_a_holder_is_told_by_the_claim() {
    let memory = Memory::default();
    let store = store_with(&memory, IN_FORCE);
    create(&store, &Presence::default(), group("sales-1", "Sales", "E1", NOW), String::new).await.expect("made");
    // A user of the same name that names other values, and one whose group is gone.
    let user = json!({
        "metadata": { "name": "sales-1", "namespace": "people" },
        "spec": { "directoryRef": { "name": "staff" }, "scim": { "userName": "sales", "externalId": "E1" } },
    });
    memory.put(Kind::USER, &user);
    for (attribute, value) in [(GROUP_NAME, "sales"), (GROUP_EXTERNAL_ID, "E1")] {
        assert_eq!(release(&store, "people", &claim_name("staff", attribute, value)).await, Ok(false), "{attribute}");
    }
    let tombstone = |object: &Object| {
        let mut tombstone = object.clone();
        tombstone["spec"]["deletedAt"] = NOW.into();
        Ok::<_, Error>(tombstone)
    };
    delete(&store, &Presence::default(), Kind::GROUP, "people", "sales-1", tombstone).await.expect("deleted");
    // What the delete itself releases after its answer may have come first.
    for (attribute, value) in [(GROUP_NAME, "sales"), (GROUP_EXTERNAL_ID, "E1")] {
        release(&store, "people", &claim_name("staff", attribute, value)).await.expect("looked at");
    }
    assert_eq!(claims(&memory), []);
}

#[tokio::test]
async fn a_group_that_is_asked_back_has_all_its_values_again() {
    let memory = Memory::default();
    let store = store_with(&memory, IN_FORCE);
    let mut tombstone = group("sales-1", "Sales", "E1", LONG_AGO);
    tombstone["spec"]["deletedAt"] = LONG_AGO.into();
    tombstone["metadata"]["annotations"] = json!({ UNDELETE_ANNOTATION: "yes" });
    memory.put(Kind::GROUP, &tombstone);
    assert_eq!(settle(&store, Kind::GROUP, "people", "sales-1", now()).await, Ok(Settlement::BroughtBack));
    assert!(memory.all(Kind::GROUP)[0]["spec"]["deletedAt"].is_null());
    assert_eq!(claims(&memory), claimed(&[(GROUP_NAME, "sales", "sales-1"), (GROUP_EXTERNAL_ID, "E1", "sales-1")]));
}

#[tokio::test]
async fn the_leader_writes_the_claim_of_each_holder_and_says_who_was_there_before() {
    let memory = Memory::default();
    let store = store_with(&memory, OFF);
    for (name, external_id) in [("sales-1", "E1"), ("ops-1", "E1"), ("hr-1", "E3")] {
        create(&store, &Presence::default(), group(name, name, external_id, NOW), String::new).await.expect("made");
    }
    let mut bare = group("bare-1", "Bare", "E4", NOW);
    bare["spec"]["scim"].as_object_mut().expect("attributes").remove("externalId");
    memory.put(Kind::GROUP, &bare);
    let mut deleted = group("gone-1", "Gone", "E5", NOW);
    deleted["spec"]["deletedAt"] = NOW.into();
    memory.put(Kind::GROUP, &deleted);
    tell_rules(&store, 2, CLAIMING);
    let claim = |name: &'static str| acquire_for_rule(&store, Kind::GROUP, "people", name, GROUP_EXTERNAL_ID);
    let nonce = || {
        let claims = memory.all(Kind::CLAIM);
        let mut own = claims.iter().filter(|claim| claim["spec"]["value"] == "E1");
        own.next().expect("a claim")["spec"]["nonce"].clone()
    };
    assert_eq!(claim("sales-1").await, Ok(Claimed::Owned));
    let first = nonce();
    assert_eq!(claim("sales-1").await, Ok(Claimed::Owned));
    assert_ne!(nonce(), first, "its own claim is written all the same");
    let cases = [
        ("ops-1", Claimed::Taken { holder: "sales-1".to_owned() }),
        ("hr-1", Claimed::Owned),
        ("bare-1", Claimed::NoValue),
        ("gone-1", Claimed::NoValue),
        ("nobody-1", Claimed::NoValue),
    ];
    for (name, expected) in cases {
        assert_eq!(claim(name).await, Ok(expected), "{name}");
    }
    let of_users = acquire_for_rule(&store, Kind::GROUP, "people", "hr-1", USER_EXTERNAL_ID).await;
    assert_eq!(of_users, Ok(Claimed::NoValue), "an attribute of the other kind");
}

#[tokio::test]
async fn each_try_sees_the_rules_anew() {
    let memory = Memory::default();
    let place: Arc<OnceLock<Store>> = Arc::default();
    let seen = Arc::clone(&place);
    // The first commit loses a race; meanwhile the rule is turned on.
    let store = memory.store(move |asked| {
        let is_first =
            asked.method == "PUT" && asked.body["spec"]["pending"].is_null() && asked.kind == "directorygroups";
        let store =
            seen.get().filter(|store| is_first && store.unique_rules("people", "staff").iter().next().is_none())?;
        tell_rules(store, 2, CLAIMING);
        Some(refusal(409, "Conflict"))
    });
    tell_rules(&store, 1, OFF);
    create(&store, &Presence::default(), group("sales-1", "Sales", "E1", NOW), String::new).await.expect("made");
    assert!(place.set(store.clone()).is_ok());
    change(&store, &Presence::default(), Kind::GROUP, "people", "sales-1", with_external_id("E2"))
        .await
        .expect("changed");
    assert!(claims(&memory).contains(&(GROUP_EXTERNAL_ID.into(), "E2".into(), "sales-1".into())));
}
