//! Whole operations against an API server in memory: their bounds, what a pass of the janitor says it has done, and what
//! becomes of writes whose answers are lost.

use serde_json::json;

use super::super::driver::CLAIM_TRIES;
use super::super::known::{RESTORED_AFTER, SPARED_AFTER};
use super::super::{
    CHANGE_TRIES, Error, LOOK_TRIES, NAME_TRIES, SETTLE_TRIES, Settlement, StoreError, change, create, delete, release,
    settle,
};
use super::{NOW, ada, ago, claim, now};
use crate::api::Object;
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::rules::naming::{USER_NAME, claim_name};
use crate::store::kind::Kind;
use crate::store::memory::{Memory, refusal};
use crate::store::{Presence, Store};

const LONG_AGO: &str = "2026-01-01T00:00:00Z";

/// A person whom nobody has written for long.
fn person(name: &str, user_name: &str) -> Object {
    let mut object = ada();
    object["metadata"] = json!({ "name": name, "namespace": "people", "creationTimestamp": LONG_AGO });
    object["spec"]["scim"] = json!({ "userName": user_name, "meta": { "created": LONG_AGO } });
    object["spec"].as_object_mut().expect("a spec").remove("link");
    object
}

fn claim_of(value: &str, holder: &str) -> Object {
    let mut claim = claim(USER_NAME, value).0;
    claim["spec"]["holder"] = holder.into();
    claim["metadata"] = json!({ "name": claim_name("staff", USER_NAME, value), "namespace": "people" });
    claim
}

fn count(asked: &[String], call: &str) -> u32 {
    u32::try_from(asked.iter().filter(|asked| *asked == call).count()).expect("a few")
}

fn titled(title: &str) -> impl Fn(&Object) -> Result<Option<Object>, Error> {
    move |object| {
        let mut new = object.clone();
        new["spec"]["scim"]["title"] = title.into();
        Ok((new != *object).then_some(new))
    }
}

fn renamed(user_name: &str) -> impl Fn(&Object) -> Result<Option<Object>, Error> {
    move |object| {
        let mut new = object.clone();
        new["spec"]["scim"]["userName"] = user_name.into();
        Ok(Some(new))
    }
}

#[tokio::test]
async fn an_operation_without_a_rival_makes_no_call_too_many() {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    create(&store, &Presence::default(), person("ada-1", "ada"), String::new).await.expect("made");
    assert_eq!(memory.asked(), ["POST directoryusers", "POST directoryclaims", "GET directoryusers"]);
    change(&store, &Presence::default(), Kind::USER, "people", "ada-1", titled("Engineer")).await.expect("changed");
    assert_eq!(memory.asked(), ["GET directoryusers", "PUT directoryusers"]);
    change(&store, &Presence::default(), Kind::USER, "people", "ada-1", titled("Engineer")).await.expect("the same");
    assert_eq!(memory.asked(), ["GET directoryusers"], "nothing is written where nothing changes");
    change(&store, &Presence::default(), Kind::USER, "people", "ada-1", renamed("eve")).await.expect("renamed");
    let rename = ["GET directoryusers", "PUT directoryusers", "POST directoryclaims", "PUT directoryusers"];
    assert_eq!(memory.asked()[..4], rename, "what follows is the release of the old name");
}

#[tokio::test]
async fn a_create_gives_up_after_its_last_name() {
    let memory = Memory::default();
    let store = memory.store(|asked| (asked.method == "POST").then(|| refusal(409, "AlreadyExists")));
    let outcome = create(&store, &Presence::default(), person("ada-1", "ada"), || "ada-2".to_owned()).await;
    assert!(matches!(outcome, Err(Error::Busy { .. })), "{outcome:?}");
    assert_eq!(count(&memory.asked(), "POST directoryusers"), NAME_TRIES);
}

#[tokio::test]
async fn a_create_takes_another_name_where_its_own_is_taken() {
    let memory = Memory::default();
    memory.put(Kind::USER, &person("ada-1", "eve"));
    let made =
        create(&memory.store(|_| None), &Presence::default(), person("ada-1", "ada"), || "ada-2".to_owned()).await;
    assert_eq!(made.expect("made")["metadata"]["name"], "ada-2");
}

#[tokio::test]
async fn a_claim_that_comes_and_goes_ends_the_create_and_leaves_nothing() {
    let memory = Memory::default();
    let store = memory.store(|asked| {
        (asked.kind == "directoryclaims" && asked.method == "POST").then(|| refusal(409, "AlreadyExists"))
    });
    let outcome = create(&store, &Presence::default(), person("ada-1", "ada"), String::new).await;
    assert!(matches!(outcome, Err(Error::Store(StoreError::Unavailable { .. }))), "{outcome:?}");
    assert_eq!(count(&memory.asked(), "POST directoryclaims"), CLAIM_TRIES);
    assert_eq!(memory.all(Kind::USER), Vec::<Object>::new());
}

#[tokio::test]
async fn a_change_or_delete_that_loses_every_race_gives_up() {
    let memory = Memory::default();
    memory.put(Kind::USER, &person("ada-1", "ada"));
    let store = memory.store(|asked| (asked.method == "PUT").then(|| refusal(409, "Conflict")));
    let client = Presence::default();
    let changed = change(&store, &client, Kind::USER, "people", "ada-1", titled("Engineer"));
    let deleted = delete(&store, &client, Kind::USER, "people", "eve-1", |object| Ok::<_, Error>(object.clone()));
    memory.put(Kind::USER, &person("eve-1", "eve"));
    let (changed, deleted) = futures::join!(changed, deleted);
    assert!(matches!(changed, Err(Error::Busy { .. })), "{changed:?}");
    assert!(matches!(deleted, Err(Error::Busy { .. })), "{deleted:?}");
    assert_eq!(count(&memory.asked(), "PUT directoryusers"), 2 * CHANGE_TRIES);
}

#[tokio::test]
async fn a_pass_of_the_janitor_looks_at_an_object_a_few_times_at_most() {
    let memory = Memory::default();
    let mut object = person("ada-1", "ada");
    object["spec"]["pending"] = json!({ USER_NAME: "eve" });
    let object = memory.put(Kind::USER, &object);
    // Whatever is cleared is there again.
    let store = memory.store(move |asked| (asked.kind == "directoryusers").then(|| (200, object.to_string())));
    assert_eq!(settle(&store, Kind::USER, "people", "ada-1", now()).await, Ok(Settlement::Settled));
    assert_eq!(count(&memory.asked(), "GET directoryusers"), SETTLE_TRIES);
}

#[tokio::test]
async fn a_pass_says_what_it_has_done_and_nothing_else() {
    let pending = |mut object: Object, written: &str| {
        object["spec"]["pending"] = json!({ USER_NAME: "eve" });
        object["metadata"]["creationTimestamp"] = written.into();
        object
    };
    let deleted = |asked_back: bool| {
        let mut object = person("ada-1", "ada");
        object["spec"]["deletedAt"] = LONG_AGO.into();
        if asked_back {
            object["metadata"]["annotations"] = json!({ UNDELETE_ANNOTATION: "yes" });
        }
        object
    };
    let unacknowledged = || {
        let mut object = person("ada-1", "ada");
        object["spec"]["scim"]["meta"]["created"] = NOW.into();
        object
    };
    let ours = || Some(claim_of("ada", "ada-1"));
    let theirs = || Some(claim_of("ada", "rival-1"));
    let cases = [
        ("no such object", None, None, Settlement::Nothing, Settlement::Nothing),
        ("all is well", Some(person("ada-1", "ada")), ours(), Settlement::Nothing, Settlement::Nothing),
        ("its claim is missing", Some(person("ada-1", "ada")), None, Settlement::Settled, Settlement::Nothing),
        ("a conflict that stays", Some(person("ada-1", "ada")), theirs(), Settlement::Nothing, Settlement::Nothing),
        (
            "somebody is at work on it",
            Some(pending(person("ada-1", "ada"), NOW)),
            ours(),
            Settlement::Busy,
            Settlement::Busy,
        ),
        (
            "a change that was left",
            Some(pending(person("ada-1", "ada"), LONG_AGO)),
            ours(),
            Settlement::Settled,
            Settlement::Nothing,
        ),
        (
            "a change that was left, and a conflict",
            Some(pending(person("ada-1", "ada"), LONG_AGO)),
            theirs(),
            Settlement::Settled,
            Settlement::Nothing,
        ),
        ("a tombstone", Some(deleted(false)), None, Settlement::Nothing, Settlement::Nothing),
        ("a tombstone that is asked back", Some(deleted(true)), None, Settlement::BroughtBack, Settlement::Nothing),
        ("one whose name is taken", Some(deleted(true)), theirs(), Settlement::Nothing, Settlement::Nothing),
        ("never acknowledged", Some(unacknowledged()), theirs(), Settlement::Removed, Settlement::Nothing),
    ];
    for (case, object, claim, first, second) in cases {
        let memory = Memory::default();
        memory.put(Kind::USER, &person("rival-1", "ada"));
        object.iter().for_each(|object| drop(memory.put(Kind::USER, object)));
        claim.iter().for_each(|claim| drop(memory.put(Kind::CLAIM, claim)));
        let store = memory.store(|_| None);
        assert_eq!(settle(&store, Kind::USER, "people", "ada-1", now()).await, Ok(first), "{case}");
        assert_eq!(settle(&store, Kind::USER, "people", "ada-1", now()).await, Ok(second), "{case}, in the next pass");
    }
}

#[tokio::test]
async fn the_janitor_removes_nothing_that_a_restore_may_have_brought_back() {
    let second = jiff::SignedDuration::from_secs(1);
    let cases = [
        (SPARED_AFTER, Settlement::Removed),
        (SPARED_AFTER + second, Settlement::Nothing),
        (RESTORED_AFTER + second, Settlement::Nothing),
    ];
    for (apart, expected) in cases {
        let memory = Memory::default();
        memory.put(Kind::USER, &person("ada-1", "ada"));
        memory.put(Kind::CLAIM, &claim_of("ada", "ada-1"));
        let mut twin = person("ada-2", "ada");
        twin["spec"]["scim"]["meta"]["created"] = ago(second * 120).into();
        twin["metadata"]["creationTimestamp"] = ago(second * 120 - apart).into();
        memory.put(Kind::USER, &twin);
        let store = memory.store(|_| None);
        assert_eq!(settle(&store, Kind::USER, "people", "ada-2", now()).await, Ok(expected), "{apart:?}");
        assert_eq!(memory.all(Kind::USER).len(), if expected == Settlement::Removed { 1 } else { 2 }, "{apart:?}");
    }
}

#[tokio::test]
async fn a_claim_is_released_once_and_only_if_it_is_dead() {
    let memory = Memory::default();
    memory.put(Kind::USER, &person("ada-1", "ada"));
    memory.put(Kind::CLAIM, &claim_of("ada", "ada-1"));
    memory.put(Kind::CLAIM, &claim_of("eve", "ada-1"));
    let store = memory.store(|_| None);
    for (value, first) in [("ada", false), ("eve", true), ("bob", false)] {
        let name = claim_name("staff", USER_NAME, value);
        assert_eq!(release(&store, "people", &name).await, Ok(first), "{value}");
        assert_eq!(release(&store, "people", &name).await, Ok(false), "{value}, in the next pass");
    }
}

#[tokio::test]
async fn the_janitor_waits_for_its_turn() {
    let memory = Memory::default();
    memory.put(Kind::USER, &person("ada-1", "ada"));
    let store = memory.store(|_| None);
    let turn = store.write_turn(Kind::USER, "people", "ada-1").await;
    let mut pass = std::pin::pin!(settle(&store, Kind::USER, "people", "ada-1", now()));
    assert!(futures::poll!(&mut pass).is_pending());
    assert_eq!(memory.asked(), Vec::<String>::new(), "nothing is read before the turn");
    drop(turn);
    assert_eq!(pass.await, Ok(Settlement::Settled));
}

/// What is found live of an object that the index shows as having a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// It is gone.
    Gone,
    /// It is a tombstone.
    Deleted,
    /// It has another name.
    Renamed,
    /// It has the name and its claim.
    Held,
    /// It has the name and no claim, and is old.
    Acknowledged,
    /// It has the name and no claim, and is young.
    Unfinished,
}

/// What the index shows: `ada-1` with the claim on its name. It was never visible, so nothing but its age makes it known.
fn shown() -> Memory {
    let shown = Memory::default();
    let mut ada = person("ada-1", "ada");
    ada["spec"]["rejected"] = true.into();
    shown.put(Kind::USER, &ada);
    shown.put(Kind::CLAIM, &claim_of("ada", "ada-1"));
    shown
}

/// A store whose index shows that, and an API server that has this of `ada-1`.
fn behind_the_index(found: Found) -> (Memory, Store) {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    shown().fill(&store);
    let mut ada = person("ada-1", "ada");
    match found {
        Found::Deleted => ada["spec"]["deletedAt"] = LONG_AGO.into(),
        Found::Renamed => ada["spec"]["scim"]["userName"] = "eve".into(),
        Found::Held | Found::Unfinished => {
            let just_now = jiff::Timestamp::now().to_string();
            ada["metadata"]["creationTimestamp"] = just_now.as_str().into();
            ada["spec"]["scim"]["meta"]["created"] = just_now.into();
        }
        Found::Gone | Found::Acknowledged => {}
    }
    if found != Found::Gone {
        memory.put(Kind::USER, &ada);
    }
    if found == Found::Held {
        memory.put(Kind::CLAIM, &claim_of("ada", "ada-1"));
    }
    (memory, store)
}

#[tokio::test]
async fn what_the_index_shows_is_read_before_it_refuses_anything() {
    let taken = || Err(Error::Taken { attribute: USER_NAME.to_owned(), holder: "ada-1".to_owned() });
    let busy = || Err(Error::Busy { reason: "another object that names the value is still being created".to_owned() });
    let cases = [
        (Found::Gone, Ok(()), 1, 0),
        (Found::Deleted, Ok(()), 1, 0),
        (Found::Renamed, Ok(()), 1, 0),
        (Found::Held, taken(), 1, 1),
        (Found::Acknowledged, taken(), 1, 0),
        (Found::Unfinished, busy(), LOOK_TRIES, LOOK_TRIES),
    ];
    for (found, expected, reads, claim_reads) in cases {
        let (memory, store) = behind_the_index(found);
        let made = create(&store, &Presence::default(), person("ada-2", "ADA"), String::new).await.map(|_| ());
        assert_eq!(made, expected, "create, {found:?}");
        let asked = memory.asked();
        let is_write = |asked: &&String| !asked.starts_with("GET");
        // The last GET of a create is that of the new object.
        assert_eq!(count(&asked, "GET directoryusers"), reads + u32::from(made.is_ok()), "create, {found:?}");
        assert_eq!(count(&asked, "GET directoryclaims"), claim_reads, "create, {found:?}");
        assert_eq!(asked.iter().any(|asked| is_write(&asked)), made.is_ok(), "create, {found:?}");

        let (memory, store) = behind_the_index(found);
        memory.put(Kind::USER, &person("bob-1", "bob"));
        let changed =
            change(&store, &Presence::default(), Kind::USER, "people", "bob-1", renamed("ADA")).await.map(|_| ());
        assert_eq!(changed, expected, "change, {found:?}");
        let writes = memory.asked().iter().any(|asked| is_write(&asked));
        assert_eq!(writes, changed.is_ok(), "change, {found:?}");
    }
}

#[tokio::test]
async fn an_object_that_is_finished_meanwhile_is_told_of() {
    let (memory, _) = behind_the_index(Found::Unfinished);
    let (behind, looks) = (memory.clone(), std::sync::atomic::AtomicU32::new(0));
    let store = memory.store(move |asked| {
        let is_look = asked.method == "GET" && asked.kind == "directoryclaims";
        if is_look && looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            behind.put(Kind::CLAIM, &claim_of("ada", "ada-1"));
        }
        None
    });
    shown().fill(&store);
    let made = create(&store, &Presence::default(), person("ada-2", "ada"), String::new).await;
    assert!(matches!(made, Err(Error::Taken { .. })), "{made:?}");
    assert_eq!(count(&memory.asked(), "GET directoryclaims"), 2);
}

/// What becomes of the PUTs of one change: their number, and the answer in place of the API server's.
fn puts(memory: &Memory, answer: impl Fn(usize, &Memory) -> Option<(u16, String)> + Send + Sync + 'static) -> Store {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let behind = memory.clone();
    memory.store(move |asked| {
        if asked.method != "PUT" || asked.kind != "directoryusers" {
            return None;
        }
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let carried_out = (number == 0).then(|| behind.carry_out(asked));
        answer(number, &behind).or(carried_out)
    })
}

#[tokio::test]
async fn a_change_whose_answer_cannot_be_read_is_found_to_be_made() {
    let memory = Memory::default();
    memory.put(Kind::USER, &person("ada-1", "ada"));
    let store = puts(&memory, |number, _| (number == 0).then(|| (200, "<html>".to_owned())));
    // Not to be made twice, and refused the second time: as with If-Match.
    let calls = std::sync::atomic::AtomicU32::new(0);
    let once = |object: &Object| match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => titled("Engineer")(object),
        _ => Err(Error::NotFound),
    };
    let changed = change(&store, &Presence::default(), Kind::USER, "people", "ada-1", once).await.expect("changed");
    assert_eq!(changed["spec"]["scim"]["title"], "Engineer");
    assert_eq!(changed["metadata"]["generation"], 2);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_and_that_was_overtaken_is_unknown() {
    let memory = Memory::default();
    memory.put(Kind::USER, &person("ada-1", "ada"));
    let store = puts(&memory, |number, memory| {
        (number == 0).then(|| {
            let mut object = memory.all(Kind::USER).remove(0);
            object["spec"]["scim"]["title"] = "Manager".into();
            memory.put(Kind::USER, &object);
            (504, String::new())
        })
    });
    let calls = std::sync::atomic::AtomicU32::new(0);
    let once = |object: &Object| match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => titled("Engineer")(object),
        _ => Err(Error::NotFound),
    };
    let outcome = change(&store, &Presence::default(), Kind::USER, "people", "ada-1", once).await;
    assert!(matches!(outcome, Err(Error::Store(StoreError::Unavailable { .. }))), "{outcome:?}");
}

#[tokio::test]
async fn a_refusal_is_final_only_if_nothing_was_sent_before() {
    for (case, answers, unknown) in [
        ("at once", vec![refusal(403, "Forbidden")], false),
        ("after a lost answer", vec![(504, String::new()), refusal(403, "Forbidden")], true),
        ("after an answer that is no JSON", vec![(200, "<html>".to_owned()), refusal(422, "Invalid")], true),
    ] {
        let memory = Memory::default();
        memory.put(Kind::USER, &person("ada-1", "ada"));
        let store = puts(&memory, move |number, _| answers.get(number).cloned());
        let outcome = change(&store, &Presence::default(), Kind::USER, "people", "ada-1", titled("Engineer")).await;
        match outcome {
            Err(Error::Store(StoreError::Unavailable { .. })) => assert!(unknown, "{case}"),
            outcome => assert!(
                !unknown
                    && outcome == Err(Error::Store(StoreError::Other("the API server says 403: Forbidden".into()))),
                "{case}: {outcome:?}"
            ),
        }
    }
}

/// The commit of a rename is lost to a deactivation. The rename then frees the claim that it has won, and meets the object
/// again as the holder of that claim before it is tried anew.
#[tokio::test]
async fn a_rename_that_lost_to_a_deactivation_does_not_activate_again() {
    for (case, activates, expected) in [("an activation", true, false), ("a rename alone", false, true)] {
        let memory = Memory::default();
        let mut ada = person("ada-1", "ada");
        ada["spec"]["scim"]["active"] = true.into();
        memory.put(Kind::USER, &ada);
        let store = puts_in_turn(&memory, |number, memory| {
            if number == 1 {
                let mut object = memory.all(Kind::USER).remove(0);
                object["spec"]["scim"]["active"] = false.into();
                object["spec"]["sessionEpoch"] = 1.into();
                let generation = object["metadata"]["generation"].as_i64().expect("a generation");
                object["metadata"]["generation"] = (generation + 1).into();
                memory.put(Kind::USER, &object);
            }
        });
        let edit = |object: &Object| {
            let mut new = object.clone();
            new["spec"]["scim"]["userName"] = "eve".into();
            if activates {
                new["spec"]["scim"]["active"] = true.into();
            }
            Ok::<_, Error>(Some(new))
        };
        let changed = change(&store, &Presence::default(), Kind::USER, "people", "ada-1", edit).await;
        assert_eq!(changed.is_ok(), expected, "{case}: {changed:?}");
        assert!(expected || matches!(changed, Err(Error::Busy { .. })), "{case}: {changed:?}");
        assert_eq!(memory.all(Kind::USER)[0]["spec"]["scim"]["active"], false, "{case}");
    }
}

/// A store before whose PUTs of a user something else happens.
fn puts_in_turn(memory: &Memory, before: impl Fn(usize, &Memory) + Send + Sync + 'static) -> Store {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let behind = memory.clone();
    memory.store(move |asked| {
        if asked.method == "PUT" && asked.kind == "directoryusers" {
            before(number.fetch_add(1, std::sync::atomic::Ordering::Relaxed), &behind);
        }
        None
    })
}

#[tokio::test]
async fn nobody_is_created_for_a_client_that_has_gone() {
    let memory = Memory::default();
    let client = Presence::default();
    let gone = client.clone();
    // It goes while the create looks at somebody who has had the name.
    let store = memory.store(move |asked| {
        if asked.method == "GET" && asked.kind == "directoryusers" {
            gone.end();
        }
        None
    });
    let mut former = person("ada-0", "ada");
    memory.put(Kind::USER, &former);
    memory.fill(&store);
    former["spec"]["deletedAt"] = LONG_AGO.into();
    memory.put(Kind::USER, &former);
    let made = create(&store, &client, person("ada-1", "ada"), String::new).await;
    assert!(matches!(made, Err(Error::Busy { .. })), "{made:?}");
    assert_eq!(memory.all(Kind::USER).len(), 1, "nobody was made");
}
