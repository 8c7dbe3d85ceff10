use serde_json::{Value, json};

use super::*;
use crate::api::directory_login::Login;
use crate::store::memory::Memory;

const PASSWORD_OF_ADA: &str = "correct horse battery";

struct Cluster {
    memory: Memory,
    store: Store,
    passwords: Passwords,
    directory: Arc<WatchedDirectory>,
}

/// A Directory whose people are `people`, each with its spec beside what every person has.
fn cluster(people: &[(&str, Value)]) -> Cluster {
    let memory = Memory::default();
    let login = json!({ "method": "BuiltIn", "builtIn": { "enabled": true } });
    serde_json::from_value::<Login>(login.clone()).expect("a login");
    memory.put(
        Kind::DIRECTORY,
        &json!({ "metadata": { "name": "staff", "namespace": "people" }, "spec": { "login": login } }),
    );
    for (name, spec) in people {
        let mut person = json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser",
            "metadata": { "name": format!("{name}-1"), "namespace": "people", "labels": { "rollcall.dev/directory": "staff" } },
            "spec": {
                "directoryRef": { "name": "staff" }, "managedBy": "People",
                "scim": { "userName": format!("{name}@contoso.example"), "active": true },
            },
        });
        person["spec"].as_object_mut().expect("fields").extend(spec.as_object().expect("fields").clone());
        let user_name = person["spec"]["scim"]["userName"].as_str().expect("a name").to_owned();
        let person = memory.put(Kind::USER, &person);
        memory.put(
            Kind::CLAIM,
            &json!({
                "metadata": {
                    "name": claim_name("staff", USER_NAME, &user_name), "namespace": "people",
                    "ownerReferences": [person.owner_reference()],
                },
                "spec": {
                    "directoryRef": { "name": "staff" }, "attribute": USER_NAME, "value": user_name,
                    "holder": person.name(), "nonce": "n",
                },
            }),
        );
    }
    let store = memory.store(|_| None);
    memory.fill(&store);
    let directory = store.directory("people", "staff").expect("the Directory");
    Cluster { passwords: Passwords::new(store.clone()), memory, store, directory }
}

impl Cluster {
    async fn give(&self, id: &str, password: &str) {
        let person = self.store.objects().get(Kind::USER, "people", id).await.expect("a person");
        self.passwords.set(&person, password).await.expect("a password");
    }

    async fn log_in(&self, user_name: &str, password: &str, now: i64) -> Result<String, PasswordRefused> {
        let attempt = Attempt { user_name, password, source: "192.0.2.7".parse().expect("an address") };
        let now = Timestamp::from_second(now).expect("a time");
        self.passwords.log_in(&self.directory, attempt, now).await.map(|person| person.name().to_owned())
    }

    fn secrets(&self) -> Vec<Object> {
        self.memory.all(Kind::SECRET)
    }
}

fn wrong(user: Option<&str>, reason: &'static str) -> Result<String, PasswordRefused> {
    Err(PasswordRefused::Wrong { user: user.map(str::to_owned), reason })
}

#[tokio::test]
async fn a_person_logs_in_with_the_name_and_the_password_and_nobody_else_does() {
    let cluster = cluster(&[
        ("ada", json!({})),
        ("eve", json!({ "suspended": true })),
        ("bob", json!({ "loginMethod": "OpenIDConnect" })),
        ("cid", json!({})),
    ]);
    for id in ["ada-1", "eve-1", "bob-1"] {
        cluster.give(id, PASSWORD_OF_ADA).await;
    }
    for (name, user_name, password, expected) in [
        ("right", "ada@contoso.example", PASSWORD_OF_ADA, Ok("ada-1".to_owned())),
        ("another letter case of the name", "Ada@Contoso.Example", PASSWORD_OF_ADA, Ok("ada-1".to_owned())),
        ("a wrong password", "ada@contoso.example", "correct horse", wrong(Some("ada-1"), "WrongPassword")),
        ("nobody's name", "dan@contoso.example", PASSWORD_OF_ADA, wrong(None, "NoSuchName")),
        ("no name", "", PASSWORD_OF_ADA, wrong(None, "NoSuchName")),
        ("suspended", "eve@contoso.example", PASSWORD_OF_ADA, wrong(Some("eve-1"), "Suspended")),
        ("logs in at the provider", "bob@contoso.example", PASSWORD_OF_ADA, wrong(Some("bob-1"), "MethodUnavailable")),
        ("has no password", "cid@contoso.example", PASSWORD_OF_ADA, wrong(Some("cid-1"), "NoPassword")),
        ("an empty password", "cid@contoso.example", "", wrong(Some("cid-1"), "NoPassword")),
    ] {
        assert_eq!(cluster.log_in(user_name, password, 1_000).await, expected, "{name}");
    }
}

#[tokio::test]
async fn threat_49_a_name_that_nobody_has_costs_the_same_calls_as_one_that_somebody_has() {
    let cluster = cluster(&[("ada", json!({}))]);
    cluster.give("ada-1", PASSWORD_OF_ADA).await;
    cluster.memory.asked();
    let mut calls = Vec::new();
    for user_name in ["ada@contoso.example", "dan@contoso.example"] {
        drop(cluster.log_in(user_name, "a wrong password", 1_000).await);
        calls.push(cluster.memory.asked());
    }
    assert_eq!(calls[0], ["GET directoryclaims", "GET directoryusers", "GET secrets", "GET directoryclaims"]);
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test]
async fn threat_49_failures_make_a_person_wait_on_every_replica_until_a_login_succeeds() {
    let cluster = cluster(&[("ada", json!({}))]);
    cluster.give("ada-1", PASSWORD_OF_ADA).await;
    for _ in 0..FREE_OF_NAME {
        assert!(matches!(
            cluster.log_in("ada@contoso.example", "wrong", 1_000).await,
            Err(PasswordRefused::Wrong { .. })
        ));
    }
    let until = Timestamp::from_second(1_010).expect("a time");
    assert_eq!(
        cluster.log_in("ada@contoso.example", PASSWORD_OF_ADA, 1_005).await,
        Err(PasswordRefused::Wait(until)),
        "the right password waits too"
    );
    // Another replica has seen nothing but the Secret.
    let other = Cluster { passwords: Passwords::new(cluster.store.clone()), ..cluster };
    assert_eq!(other.log_in("ada@contoso.example", PASSWORD_OF_ADA, 1_005).await, Err(PasswordRefused::Wait(until)));
    assert_eq!(other.log_in("ada@contoso.example", PASSWORD_OF_ADA, 1_010).await, Ok("ada-1".to_owned()));
    let annotations = other.secrets()[0]["metadata"]["annotations"].clone();
    assert_eq!(annotations, json!({}), "the failures are over");
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_the_old_one() {
    let cluster = cluster(&[("ada", json!({}))]);
    cluster.give("ada-1", PASSWORD_OF_ADA).await;
    let epoch = |cluster: &Cluster| cluster.memory.all(Kind::USER)[0].session_epoch();
    assert_eq!(epoch(&cluster), 1);
    let change = async |old: &str, new: &str| {
        let source = "192.0.2.7".parse().expect("an address");
        let attempt = Attempt { user_name: "ada@contoso.example", password: old, source };
        cluster.passwords.change(&cluster.directory, attempt, new, Timestamp::from_second(1_000).expect("a time")).await
    };
    for (name, old, new, expected) in [
        ("short", PASSWORD_OF_ADA, "x", Err(PasswordRefused::Weak(Weakness::TooShort))),
        ("the same", PASSWORD_OF_ADA, PASSWORD_OF_ADA, Err(PasswordRefused::Unchanged)),
        (
            "a wrong old one",
            "wrong",
            "tide-lamp-orbit",
            Err(PasswordRefused::Wrong { user: Some("ada-1".to_owned()), reason: "WrongPassword" }),
        ),
        ("a good one", PASSWORD_OF_ADA, "tide-lamp-orbit", Ok(())),
    ] {
        assert_eq!(change(old, new).await, expected, "{name}");
    }
    assert_eq!(epoch(&cluster), 2);
    assert_eq!(cluster.log_in("ada@contoso.example", "tide-lamp-orbit", 1_000).await, Ok("ada-1".to_owned()));
    assert!(cluster.log_in("ada@contoso.example", PASSWORD_OF_ADA, 1_000).await.is_err());
}

#[tokio::test]
async fn a_secret_of_another_type_or_owner_is_no_password() {
    let cluster = cluster(&[("ada", json!({})), ("bob", json!({}))]);
    cluster.give("ada-1", PASSWORD_OF_ADA).await;
    let mut stolen = cluster.secrets().remove(0).as_json().clone();
    stolen["metadata"]["name"] = "bob-1-password".into();
    cluster.memory.put(Kind::SECRET, &stolen);
    assert_eq!(
        cluster.log_in("bob@contoso.example", PASSWORD_OF_ADA, 1_000).await,
        wrong(Some("bob-1"), "NoPassword"),
        "a hash that was copied is its owner's"
    );
    stolen["type"] = "Opaque".into();
    cluster.memory.put(Kind::SECRET, &stolen);
    assert_eq!(cluster.log_in("bob@contoso.example", PASSWORD_OF_ADA, 1_000).await, wrong(Some("bob-1"), "NoPassword"));
    let bob = cluster.store.objects().get(Kind::USER, "people", "bob-1").await.expect("bob");
    let written = cluster.passwords.set(&bob, "tide-lamp-orbit").await;
    assert_eq!(written, Err(PasswordRefused::Store(SecretError::OtherType("Opaque".to_owned()))), "it is left alone");
}

#[tokio::test]
async fn the_hash_is_nowhere_but_in_the_secret() {
    let cluster = cluster(&[("ada", json!({}))]);
    cluster.give("ada-1", PASSWORD_OF_ADA).await;
    let person = cluster.memory.all(Kind::USER)[0].as_json().to_string();
    assert!(!person.contains("argon2") && !person.contains(PASSWORD_OF_ADA));
    let secret = cluster.secrets().remove(0);
    assert_eq!((secret.name(), secret.secret_type()), ("ada-1-password", PASSWORD));
    assert!(!secret.as_json().to_string().contains(PASSWORD_OF_ADA));
}

#[tokio::test]
async fn a_new_password_is_judged_as_it_will_be_compared() {
    let cluster = cluster(&[("ada", json!({}))]);
    let ada = cluster.store.objects().get(Kind::USER, "people", "ada-1").await.expect("a person");
    let words = ["o", "u", "a", "i", "e", "y", "o", "u", "a"].map(|letter| format!("{letter}\u{308}")).concat();
    assert_eq!(words.chars().count(), 18);
    let refused = cluster.passwords.prepare(&ada, &words).await.err();
    assert_eq!(refused, Some(PasswordRefused::Weak(Weakness::TooShort)), "nine letters, however they are written");
    let prepared = cluster.passwords.prepare(&ada, PASSWORD_OF_ADA).await.expect("a good password");
    assert!(cluster.secrets().is_empty(), "nothing is written before the link is used up");
    cluster.passwords.save(&ada, prepared).await.expect("a password");
    assert_eq!(cluster.log_in("ada@contoso.example", PASSWORD_OF_ADA, 0).await, Ok("ada-1".to_owned()));
}
