use serde_json::{Value, json};

use super::*;
use crate::api::Object;
use crate::api::secret::KEY_TOKEN;
use crate::rules::key::secret::KeySecret;
use crate::rules::naming::{DELIVERED_ANNOTATION, PREDECESSOR_ANNOTATION};
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

const NOW: &str = "2026-03-01T12:00:00Z";
const CREATED: &str = "2026-01-01T00:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A leader among others, at a time of its own.
struct Leader {
    memory: Memory,
    keys: Keys,
    now: Timestamp,
}

impl Leader {
    fn of(memory: &Memory, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let keys = Keys::new(Tools::of(memory.store(meddle)));
        Self { memory: memory.clone(), keys, now: time(NOW) }
    }

    fn new() -> Self {
        let memory = Memory::default();
        memory.set_date("");
        put(&memory, Kind::DIRECTORY, "staff", json!({}), &json!({}));
        Self::of(&memory, |_| None)
    }

    /// Looks at everything that is due within a minute of the queue's time; returns what was written.
    async fn look(&mut self) -> Vec<String> {
        self.memory.fill(&self.keys.tools.store);
        self.memory.asked();
        let soon = Instant::now() + Duration::from_secs(60);
        // A key that cannot be minted comes back again and again.
        for _ in 0..20 {
            let Some(taken) = self.keys.names.take(soon) else { break };
            self.keys.look(taken.name, self.now, Instant::now()).await;
            self.memory.fill(&self.keys.tools.store);
        }
        self.memory.asked().into_iter().filter(|asked| !asked.starts_with("GET")).collect()
    }

    fn key(&self, name: &str) -> Object {
        let keys = self.memory.all(Kind::KEY).into_iter();
        keys.into_iter().find(|key| key.name() == name).unwrap_or_else(|| panic!("there is no key {name}"))
    }

    fn status(&self, name: &str) -> Value {
        self.key(name).status().clone()
    }

    /// The reason of a condition, with its status before it.
    fn condition(&self, name: &str, of: &str) -> String {
        let status = self.status(name);
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let found = conditions.into_iter().find(|condition| condition["type"] == of);
        found.map_or_else(String::new, |it| {
            format!("{} {}", it["status"].as_str().unwrap_or_default(), it["reason"].as_str().unwrap_or_default())
        })
    }

    fn events(&self) -> Vec<String> {
        let events = self.memory.all(Kind::EVENT).into_iter();
        let mut events: Vec<_> = events
            .map(|event| {
                let note = event["note"].as_str().unwrap_or_default();
                format!(
                    "{} {}",
                    event["reason"].as_str().unwrap_or_default(),
                    note.split(':').next().unwrap_or_default()
                )
            })
            .collect();
        events.sort();
        events
    }

    fn token(&self, secret: &str) -> Option<KeySecret> {
        let secrets = self.memory.all(Kind::SECRET).into_iter();
        let secret = secrets.into_iter().find(|it| it.name() == secret)?;
        KeySecret::parse(crate::api::Secret::read(secret, KEY_TOKEN).ok()?.entry(observe::TOKEN)?)
    }
}

fn put(memory: &Memory, kind: Kind, name: &str, spec: Value, metadata: &Value) {
    let known = memory.all(kind).into_iter().find(|object| object.name() == name);
    let mut object = known.unwrap_or_else(|| {
        let metadata = json!({ "name": name, "namespace": "people", "creationTimestamp": CREATED });
        json!({ "apiVersion": kind.api_version(), "kind": kind.name, "metadata": metadata }).into()
    });
    object["spec"] = spec;
    if kind == Kind::KEY {
        object["spec"]["directoryRef"] = json!({ "name": "staff" });
    }
    for (field, value) in metadata.as_object().expect("fields") {
        object["metadata"][field] = value.clone();
    }
    memory.put(kind, &object);
}

fn hashed(more: &Value) -> Value {
    let mut spec = json!({ "sha256": "11".repeat(32) });
    spec.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    spec
}

fn minting() -> Value {
    json!({ "mint": { "secretName": "token" } })
}

#[tokio::test]
async fn a_key_says_what_it_is_good_for() {
    for (case, spec, state, ready, expiring, expires) in [
        ("permanent", json!({}), "Active", "True InForce", "False Permanent", "Never"),
        (
            "long",
            json!({ "expiresAt": "2027-03-01T00:00:00Z" }),
            "Active",
            "True InForce",
            "False Distant",
            "2027-03-01T00:00:00Z",
        ),
        (
            "a month",
            json!({ "expiresAt": "2026-03-31T12:00:00Z" }),
            "Expiring",
            "True InForce",
            "True Within30Days",
            "2026-03-31T12:00:00Z",
        ),
        (
            "a week",
            json!({ "expiresAt": "2026-03-08T12:00:00Z" }),
            "Expiring",
            "True InForce",
            "True Within7Days",
            "2026-03-08T12:00:00Z",
        ),
        (
            "a day",
            json!({ "expiresAt": "2026-03-01T12:00:01Z" }),
            "Expiring",
            "True InForce",
            "True Within1Day",
            "2026-03-01T12:00:01Z",
        ),
        ("over", json!({ "expiresAt": NOW }), "Expired", "True Expired", "False Expired", NOW),
        ("revoked", json!({ "revoked": true, "expiresAt": NOW }), "Revoked", "True Revoked", "False Revoked", NOW),
        (
            "later",
            json!({ "notBefore": "2026-03-02T00:00:00Z" }),
            "NotYetValid",
            "True NotYetValid",
            "False Permanent",
            "Never",
        ),
        ("introspects", json!({ "scopes": ["introspect"] }), "Active", "True InForce", "False Permanent", "Never"),
    ] {
        let mut leader = Leader::new();
        put(&leader.memory, Kind::KEY, "key", hashed(&spec), &json!({}));
        leader.look().await;
        let status = leader.status("key");
        assert_eq!((&status["state"], &status["expires"]), (&json!(state), &json!(expires)), "{case}");
        assert_eq!(status["observedGeneration"], 1, "{case}");
        assert_eq!(leader.condition("key", "Ready"), ready, "{case}");
        assert_eq!(leader.condition("key", "Expiring"), expiring, "{case}");
        assert_eq!(leader.look().await, [""; 0], "{case}: nothing has changed");
        let mut next = Leader::of(&leader.memory, |_| None);
        assert_eq!(next.look().await, [""; 0], "{case}: a new leader has nothing to say");
    }
}

#[tokio::test]
async fn a_key_follows_its_directory() {
    let mut leader = Leader::of(&Memory::default(), |_| None);
    put(&leader.memory, Kind::KEY, "key", hashed(&json!({})), &json!({}));
    put(&leader.memory, Kind::KEY, "minted", minting(), &json!({}));
    leader.look().await;
    for key in ["key", "minted"] {
        assert_eq!(leader.status(key)["state"], "NoDirectory");
        assert_eq!(leader.condition(key, "Ready"), "False DirectoryMissing");
    }
    assert_eq!(leader.memory.all(Kind::SECRET).len(), 0, "nothing is minted for nobody");
    put(&leader.memory, Kind::DIRECTORY, "staff", json!({}), &json!({}));
    leader.look().await;
    assert_eq!(
        (leader.status("key")["state"].clone(), leader.status("minted")["state"].clone()),
        ("Active".into(), "Active".into())
    );
}

#[tokio::test]
async fn each_warning_is_one_event_whoever_leads() {
    let mut leader = Leader::new();
    put(&leader.memory, Kind::KEY, "key", hashed(&json!({ "expiresAt": "2026-06-01T00:00:00Z" })), &json!({}));
    let expected =
        ["KeyExpired Expired", "KeyExpiring Within1Day", "KeyExpiring Within30Days", "KeyExpiring Within7Days"];
    for (now, events) in [
        ("2026-05-01T00:00:00Z", &expected[..0]),
        ("2026-05-02T00:00:00Z", &expected[2..3]),
        ("2026-05-20T00:00:00Z", &expected[2..3]),
        ("2026-05-25T00:00:00Z", &expected[2..]),
        ("2026-05-31T00:00:00Z", &expected[1..]),
        ("2026-06-01T00:00:00Z", &expected),
        ("2026-07-01T00:00:00Z", &expected),
    ] {
        leader.now = time(now);
        // Another one leads each time, and one that crashes between the Event and the status comes first.
        let mut crashing = Leader::of(&leader.memory, |asked| (asked.method == "PATCH").then(|| refusal(500, "crash")));
        crashing.now = leader.now;
        crashing.look().await;
        let mut next = Leader::of(&leader.memory, |_| None);
        next.now = leader.now;
        next.look().await;
        assert_eq!(next.events(), events, "{now}");
    }
}

#[tokio::test]
async fn a_secret_is_minted_once_whatever_call_fails() {
    // The call that fails, once, after it was carried out or in place of it.
    for failing in ["POST secrets", "PUT directorykeys", "POST events", "PATCH directorykeys", "GET secrets"] {
        for is_carried_out in [true, false] {
            let memory = Memory::default();
            memory.set_date("");
            put(&memory, Kind::DIRECTORY, "staff", json!({}), &json!({}));
            put(&memory, Kind::KEY, "key", minting(), &json!({}));
            let (server, failed) = (memory.clone(), std::sync::atomic::AtomicBool::new(false));
            let mut leader = Leader::of(&memory, move |asked| {
                let is_it = format!("{} {}", asked.method, asked.kind) == failing;
                (is_it && !failed.swap(true, std::sync::atomic::Ordering::Relaxed)).then(|| {
                    if is_carried_out {
                        server.carry_out(asked);
                    }
                    refusal(500, "crash")
                })
            });
            leader.look().await;
            // Its successor knows nothing of what it did.
            let mut next = Leader::of(&memory, |_| None);
            next.look().await;
            let token = next.token("token").unwrap_or_else(|| panic!("{failing}: there is a secret"));
            assert_eq!(next.key("key").text("sha256"), token.sha256(), "{failing}, {is_carried_out}");
            assert_eq!(next.status("key")["state"], "Active", "{failing}, {is_carried_out}");
            assert_eq!(next.condition("key", "Delivered"), "False SecretThere", "{failing}");
            assert_eq!(next.condition("key", "Reconciling"), "", "{failing}");
            assert_eq!(next.events(), ["KeyMinted the operator has made the secret of the key"], "{failing}");
            let everything = format!("{:?} {:?}", memory.all(Kind::KEY), memory.all(Kind::EVENT));
            assert!(!everything.contains(token.expose()), "{everything}");
            let owner = memory.all(Kind::SECRET)[0].only_owner().map(str::to_owned);
            assert_eq!(owner.as_deref(), Some(next.key("key").uid()), "it goes with the key");
            assert_eq!(next.look().await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_secret_of_somebody_else_is_left_alone() {
    let token = json!({ "token": data_encoding::BASE64.encode(KeySecret::from_bytes([7; 32]).expose().as_bytes()) });
    for (case, secret) in [
        ("another type", json!({ "type": "Opaque", "data": token })),
        ("no owner", json!({ "type": KEY_TOKEN, "data": token })),
        (
            "another owner",
            json!({ "type": KEY_TOKEN, "data": token, "metadata": { "ownerReferences": [{ "uid": "x" }] } }),
        ),
        ("no secret in it", json!({ "type": KEY_TOKEN, "data": { "token": "eA==" } })),
    ] {
        let mut leader = Leader::new();
        let mut secret = secret;
        secret["metadata"]["name"] = "token".into();
        leader.memory.put(Kind::SECRET, &secret);
        put(&leader.memory, Kind::KEY, "key", minting(), &json!({}));
        let before = leader.memory.all(Kind::SECRET);
        leader.look().await;
        assert_eq!(leader.memory.all(Kind::SECRET), before, "{case}");
        assert_eq!(leader.key("key").text("sha256"), "", "{case}");
        assert_eq!(leader.status("key")["state"], "MintFailed", "{case}");
        assert_eq!(leader.condition("key", "Ready"), "False SecretTaken", "{case}");
        assert_eq!(leader.condition("key", "Stalled"), "True SecretTaken", "{case}");
        // Nobody tells that it is gone.
        leader.memory.remove(Kind::SECRET, "token");
        leader.look().await;
        assert_eq!(leader.status("key")["state"], "Active", "{case}");
        assert_eq!(leader.condition("key", "Stalled"), "", "{case}");
    }
}

#[tokio::test]
async fn a_mint_without_the_right_says_so_and_goes_on_once_it_is_there() {
    for verb in ["GET", "POST"] {
        let memory = Memory::default();
        put(&memory, Kind::DIRECTORY, "staff", json!({}), &json!({}));
        put(&memory, Kind::KEY, "key", minting(), &json!({}));
        let mut leader = Leader::of(&memory, move |asked| {
            let message = "secrets is forbidden: User \"x\" cannot do it";
            let answer = json!({ "kind": "Status", "code": 403, "reason": "Forbidden", "message": message });
            (asked.kind == "secrets" && asked.method == verb).then(|| (403, answer.to_string()))
        });
        leader.look().await;
        assert_eq!(leader.condition("key", "Ready"), "False Forbidden", "{verb}");
        assert_eq!(leader.status("key")["state"], "MintFailed", "{verb}");
        let mut next = Leader::of(&memory, |_| None);
        next.look().await;
        assert_eq!(next.status("key")["state"], "Active", "{verb}");
    }
}

#[tokio::test]
async fn a_secret_goes_when_it_was_handed_over_or_its_time_is_over() {
    let later = "2026-03-02T12:00:00Z";
    for (case, mint, now, date, is_gone) in [
        ("for ever", json!({ "secretName": "token" }), later, "", false),
        ("a day that is not over", json!({ "secretName": "token", "deleteSecretAfter": "24h" }), NOW, "", false),
        ("a day that is over", json!({ "secretName": "token", "deleteSecretAfter": "24h" }), later, "", true),
        (
            "a day that is over by a clock that is ahead",
            json!({ "secretName": "token", "deleteSecretAfter": "24h" }),
            later,
            "Sun, 01 Mar 2026 12:10:00 GMT",
            false,
        ),
    ] {
        let mut leader = Leader::new();
        put(&leader.memory, Kind::KEY, "key", json!({ "mint": mint }), &json!({}));
        leader.look().await;
        let mut secret = leader.memory.all(Kind::SECRET)[0].clone();
        secret["metadata"]["creationTimestamp"] = NOW.into();
        leader.memory.put(Kind::SECRET, &secret);
        leader.memory.set_date(date);
        let mut next = Leader::of(&leader.memory, |_| None);
        next.now = time(now);
        next.look().await;
        assert_eq!(next.token("token").is_none(), is_gone, "{case}");
        let delivered = if is_gone { "True SecretGone" } else { "False SecretThere" };
        assert_eq!(next.condition("key", "Delivered"), delivered, "{case}");
        // Somebody has taken it.
        let key = next.key("key");
        put(
            &next.memory,
            Kind::KEY,
            "key",
            key.spec().clone(),
            &json!({ "annotations": { DELIVERED_ANNOTATION: "yes" } }),
        );
        next.look().await;
        assert_eq!(next.token("token"), None, "{case}");
        assert_eq!(next.condition("key", "Delivered"), "True SecretGone", "{case}");
        assert_eq!(next.status("key")["state"], "Active", "{case}");
        next.memory.asked();
        next.look().await;
        assert!(
            !next.memory.asked().iter().any(|asked| asked.contains("secrets")),
            "{case}: it is not looked for again"
        );
    }
}

#[tokio::test]
async fn a_minted_key_gets_a_successor_and_then_its_end_once_whoever_leads() {
    let rotating = json!({ "keyRotation": { "every": "30d", "overlap": "7d" } });
    for failing in ["", "POST directorykeys", "POST secrets", "PUT directorykeys", "POST events"] {
        let memory = Memory::default();
        memory.set_date("");
        put(&memory, Kind::DIRECTORY, "staff", rotating.clone(), &json!({}));
        let spec = json!({
            "mint": { "secretName": "token", "deleteSecretAfter": "24h" }, "sha256": "11".repeat(32),
            "displayName": "Entra", "scopes": ["provision", "introspect"],
        });
        put(&memory, Kind::KEY, "entra", spec, &json!({}));
        put(&memory, Kind::KEY, "own", hashed(&json!({})), &json!({}));
        let mut early = Leader::of(&memory, |_| None);
        early.now = time("2026-01-30T23:59:59Z");
        early.look().await;
        assert_eq!(memory.all(Kind::KEY).len(), 2, "it is not due");
        assert_eq!(early.condition("entra", "Expiring"), "False Rotates");

        let (server, failures) = (memory.clone(), std::sync::atomic::AtomicUsize::new(0));
        let mut leader = Leader::of(&memory, move |asked| {
            let is_it = format!("{} {}", asked.method, asked.kind) == failing;
            (is_it && failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 1).then(|| {
                server.carry_out(asked);
                refusal(500, "crash")
            })
        });
        leader.look().await;
        let mut next = Leader::of(&memory, |_| None);
        next.look().await;
        next.look().await;
        let keys: Vec<_> = memory.all(Kind::KEY).iter().map(|key| key.name().to_owned()).collect();
        assert_eq!(keys, ["entra", "entra-2", "own"], "{failing}");
        let successor = next.key("entra-2");
        assert_eq!(successor.annotation(PREDECESSOR_ANNOTATION), Some("entra"));
        assert_eq!(successor.spec()["displayName"], "Entra");
        assert_eq!(successor.spec()["scopes"], json!(["provision", "introspect"]));
        assert_eq!(successor.spec()["mint"], json!({ "secretName": "token-2", "deleteSecretAfter": "24h" }));
        assert_eq!(successor.text("sha256"), next.token("token-2").expect("a secret").sha256(), "{failing}");
        assert_eq!(successor.text("expiresAt"), "");
        assert_eq!(next.key("entra").text("expiresAt"), "2026-03-08T12:00:00Z", "{failing}");
        assert_eq!(next.condition("entra", "Expiring"), "True Within7Days");
        let status = next.status("entra").to_string();
        assert!(status.contains("the key ends at 2026-03-08T12:00:00Z, and entra-2 comes in its place"), "{status}");
        let rotations = next.events().into_iter().filter(|event| event.starts_with("KeyRotated")).count();
        assert_eq!(rotations, 1, "{failing}");
        assert_eq!(next.key("own").text("expiresAt"), "", "what people bring, people replace");
        assert_eq!(next.look().await, [""; 0], "{failing}");
    }
}

#[tokio::test]
async fn a_key_keeps_going_while_its_successor_cannot_be_used() {
    let rotating = json!({ "keyRotation": { "every": "30d", "overlap": "7d" } });
    let mut leader = Leader::new();
    put(&leader.memory, Kind::DIRECTORY, "staff", rotating, &json!({}));
    let spec = json!({ "mint": { "secretName": "token" }, "sha256": "11".repeat(32) });
    put(&leader.memory, Kind::KEY, "entra", spec, &json!({}));
    leader.memory.put(Kind::SECRET, &json!({ "metadata": { "name": "token-2" }, "type": "Opaque" }));
    leader.look().await;
    assert_eq!(leader.condition("entra-2", "Ready"), "False SecretTaken");
    assert_eq!(leader.key("entra").text("expiresAt"), "", "the old key works on");
    leader.memory.remove(Kind::SECRET, "token-2");
    leader.look().await;
    leader.look().await;
    assert_eq!(leader.key("entra").text("expiresAt"), "2026-03-08T12:00:00Z");

    // A key of the name that nobody made as a successor.
    let mut leader = Leader::new();
    put(
        &leader.memory,
        Kind::DIRECTORY,
        "staff",
        json!({ "keyRotation": { "every": "30d", "overlap": "7d" } }),
        &json!({}),
    );
    put(
        &leader.memory,
        Kind::KEY,
        "entra",
        json!({ "mint": { "secretName": "t" }, "sha256": "11".repeat(32) }),
        &json!({}),
    );
    put(&leader.memory, Kind::KEY, "entra-2", hashed(&json!({})), &json!({}));
    leader.look().await;
    assert_eq!(leader.condition("entra", "Expiring"), "False SuccessorTaken");
    assert_eq!(leader.key("entra").text("expiresAt"), "");
    assert_eq!(leader.look().await, [""; 0]);
}
