use serde_json::{Value, json};

use super::*;
use crate::rules::author::Author;
use crate::rules::mapping::tombstone;
use crate::rules::naming::{USER_NAME, claim_name};
use crate::store::claims::{self, Error};
use crate::store::kind::Kind;
use crate::store::memory::Memory;
use crate::store::{Error as StoreError, Presence};

fn user(name: &str, user_name: &str) -> Object {
    let user = json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser",
        "metadata": { "name": name, "namespace": "people" },
        "spec": {
            "directoryRef": { "name": "staff" }, "managedBy": "Provisioning",
            "scim": { "userName": user_name, "active": true, "meta": { "created": "2026-01-01T00:00:00Z" } },
        },
    });
    user.into()
}

async fn create(store: &Store, name: &str, user_name: &str) -> Result<Object, Error> {
    claims::create(store, &Presence::default(), user(name, user_name), || format!("{name}-again")).await
}

async fn change(store: &Store, name: &str, field: &str, value: Value) -> Result<Object, Error> {
    let edit = |object: &Object| {
        let mut new = object.clone();
        new["spec"]["scim"][field] = value.clone();
        Ok(Some(new))
    };
    claims::change(store, &Presence::default(), Kind::USER, "people", name, edit).await
}

async fn bury(store: &Store, name: &str) -> Result<(), Error> {
    let now = "2026-03-01T10:00:00Z".parse().expect("a time");
    let edit = |object: &Object| Ok(tombstone(object, &Author::somebody(), now));
    claims::delete(store, &Presence::default(), Kind::USER, "people", name, edit).await
}

async fn user_name(store: &Store, name: &str) -> Result<String, StoreError> {
    store.objects().get(Kind::USER, "people", name).await.map(|user| name_of(Resource::User, &user).to_owned())
}

/// Everything in the cluster, and nothing of it may change.
fn cluster(memory: &Memory) -> Vec<Object> {
    [Kind::USER, Kind::CLAIM].into_iter().flat_map(|kind| memory.all(kind)).collect()
}

/// A cluster with ada, who owns her name, and a store that observes.
async fn scene() -> (Memory, Store, Store) {
    let memory = Memory::default();
    let store = memory.store(|_| None);
    create(&store, "ada-1", "ada").await.expect("ada is created");
    memory.fill(&store);
    let observing = store.observing("people", "staff");
    (memory, store, observing)
}

#[tokio::test]
async fn what_would_be_written_is_read_and_nothing_is_stored() {
    let (memory, store, observing) = scene().await;
    let before = cluster(&memory);
    create(&observing, "bob-1", "bob").await.expect("bob would be created");
    change(&observing, "bob-1", "userName", "rob".into()).await.expect("bob would be renamed");
    change(&observing, "ada-1", "title", "Dr".into()).await.expect("ada would have a title");
    assert_eq!(user_name(&observing, "bob-1").await.as_deref(), Ok("rob"));
    assert_eq!(
        observing.objects().get(Kind::USER, "people", "ada-1").await.expect("ada")["spec"]["scim"]["title"],
        "Dr"
    );
    let index = observing.index("people", "staff");
    assert_eq!(index.visible(Resource::User), 2);
    assert_eq!(cluster(&memory), before);
    assert_eq!(user_name(&store, "bob-1").await, Err(StoreError::NotFound));
    assert_eq!(store.index("people", "staff").visible(Resource::User), 1, "the real index knows nothing of it");
    let asked = memory.asked();
    assert!(asked.contains(&"POST directoryusers".to_owned()), "the API server is asked what it would say: {asked:?}");
}

#[tokio::test]
async fn a_name_is_taken_by_whoever_has_it_or_would_have_it() {
    let (memory, _, observing) = scene().await;
    let before = cluster(&memory);
    create(&observing, "bob-1", "bob").await.expect("bob would be created");
    let holder = |taken: Result<Object, Error>| match taken {
        Err(Error::Taken { holder, .. }) => holder,
        other => panic!("it is not taken: {other:?}"),
    };
    assert_eq!(holder(create(&observing, "ada-2", "ADA").await), "ada-1", "one who is there");
    assert_eq!(holder(create(&observing, "bob-2", "bob").await), "bob-1", "one who would be there");
    assert_eq!(holder(change(&observing, "bob-1", "userName", "ada".into()).await), "ada-1");
    // Ada would leave, and her name would be free.
    bury(&observing, "ada-1").await.expect("ada would be deleted");
    let mut freed = create(&observing, "ada-2", "ada").await;
    for _ in 0..100 {
        // Her claim is given up after the answer.
        if freed.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
        freed = create(&observing, "ada-2", "ada").await;
    }
    freed.expect("the name would be free");
    bury(&observing, "ada-2").await.expect("who never was there is deleted too");
    assert_eq!(cluster(&memory), before);
}

#[tokio::test]
async fn what_somebody_changes_in_the_cluster_meanwhile_is_seen() {
    let (memory, store, observing) = scene().await;
    change(&observing, "ada-1", "title", "Dr".into()).await.expect("ada would have a title");
    let mut suspended = store.objects().get(Kind::USER, "people", "ada-1").await.expect("ada");
    suspended["spec"]["suspended"] = true.into();
    store.objects().replace(Kind::USER, "people", &suspended).await.expect("an administrator suspends her");
    memory.fill(&store);
    let changed = change(&observing, "ada-1", "nickName", "A".into()).await.expect("ada would have a nickname");
    assert_eq!(changed["spec"]["suspended"], true);
    assert_eq!(changed["spec"]["scim"]["nickName"], "A");
    assert!(changed["spec"]["scim"]["title"].is_null(), "what would have become of her older state is forgotten");
}

#[tokio::test]
async fn a_layer_that_grows_too_large_is_forgotten_and_what_was_counted_stays() {
    let (_, store, observing) = scene().await;
    create(&observing, "bob-1", "bob").await.expect("bob would be created");
    observing.note_difference(Resource::User, "bob-1");
    let observations = store.observations();
    assert!(largest_beyond(MAX_LAYERS, observations.iter()).is_none());
    let largest = largest_beyond(1, observations.iter()).expect("more than a byte");
    store.forget_layer(&largest);
    assert_eq!(largest.layer.read().bytes(), 0);
    let again = store.observing("people", "staff");
    assert_eq!(user_name(&again, "bob-1").await, Err(StoreError::NotFound));
    assert_eq!(again.index("people", "staff").visible(Resource::User), 1);
    create(&again, "bob-1", "bob").await.expect("he would be created again, under the same id");
    again.note_difference(Resource::User, "bob-1");
    assert_eq!(largest.tally().number(Resource::User, crate::rules::observation::ObservedOutcome::Create), 1);
    store.restart_observation(&largest);
    assert_eq!(largest.tally(), Tally::default());
    store.end_observation(largest.directory());
    assert!(store.observations().is_empty());
}

#[tokio::test]
async fn bytes_are_counted_until_their_objects_are_forgotten() {
    let (_, store, observing) = scene().await;
    let layer = || Arc::clone(&store.observations()[0].layer.read());
    for number in 0..5 {
        let name = format!("person-{number}");
        create(&observing, &name, &name).await.expect("somebody would be created");
        change(&observing, &name, "title", "x".repeat(1000).into()).await.expect("somebody would have a title");
    }
    let five = layer().bytes();
    assert!((5 * 1000..50_000).contains(&five), "{five}");
    let claim = claim_name("staff", USER_NAME, "person-0");
    for (kind, name) in [(Kind::CLAIM, claim.as_str()), (Kind::USER, "person-0")] {
        let object = observing.objects().get(kind, "people", name).await.expect("it would be there");
        observing.objects().delete(kind, "people", &object).await.expect("it would be gone");
        assert_eq!(observing.objects().get(kind, "people", name).await, Err(StoreError::NotFound));
    }
    assert!(layer().bytes() < five - 1000);
}
