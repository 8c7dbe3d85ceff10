use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::store::kind::Kind;
use crate::store::memory::{Asked, Memory, StoredAnswer, refusal};

struct Leader {
    memory: Memory,
    conditions: LoginConditions,
}

impl Leader {
    fn new(memory: &Memory, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Self {
        let public_url = Some("https://rollcall.example".into());
        let tools = Tools { public_url, ..Tools::of(memory.store(meddle)) };
        Self { memory: memory.clone(), conditions: LoginConditions::new(tools) }
    }

    /// Looks at whatever is dirty `after` this time; returns what was asked of the API server.
    async fn look(&mut self, after: Duration) -> Vec<String> {
        self.memory.fill(&self.conditions.tools.store);
        self.memory.asked();
        let now = Instant::now() + after;
        while let Some(taken) = self.conditions.names.take(now) {
            self.conditions.begin(taken).await;
            while let Some((name, probed)) = self.conditions.probes.next().await {
                self.conditions.finish(name, probed).await;
            }
            // Nothing watches this API server, so what was written is told here.
            self.memory.fill(&self.conditions.tools.store);
        }
        self.memory.asked()
    }

    /// Lets the time of every further probe have come: tests do not wait for it.
    fn forget_times(&mut self) {
        self.conditions.outcomes.values_mut().for_each(|known| known.again = Instant::now());
    }

    fn status(&self) -> Value {
        self.memory.all(Kind::DIRECTORY)[0].status().clone()
    }
}

fn put(memory: &Memory, login: &Value, status: &Value) {
    let metadata = json!({ "name": "staff", "namespace": "people" });
    memory.put(Kind::DIRECTORY, &json!({ "metadata": metadata, "spec": { "login": login }, "status": status }));
}

fn oidc(authority: &str) -> Value {
    json!({ "oidc": { "authority": authority, "clientID": "web", "clientSecretRef": { "name": "entra" } } })
}

const ENTRA: &str = "https://login.microsoftonline.com/contoso.example";

/// The reason of `LoginReady`.
fn reason(status: &Value) -> Option<String> {
    let conditions = status["conditions"].as_array()?.iter();
    let found = conditions.into_iter().find(|condition| condition["type"] == "LoginReady")?;
    Some(found["reason"].as_str().expect("a reason").to_owned())
}

fn secret_of(secret_type: &str) -> StoredAnswer {
    let object =
        json!({ "metadata": { "name": "entra" }, "type": secret_type, "data": { "clientSecret": "czNjcjN0" } });
    (200, object.to_string())
}

fn missing_right() -> StoredAnswer {
    let message = r#"secrets "entra" is forbidden: User "rollcall" cannot get resource "secrets""#;
    (403, json!({ "kind": "Status", "code": 403, "reason": "Forbidden", "message": message }).to_string())
}

#[tokio::test]
async fn the_condition_names_what_is_wrong_and_is_written_once() {
    type Answered = fn() -> StoredAnswer;
    let cases: [(&str, &str, Answered, &str); 6] = [
        ("a host that is not allowed", "https://login.example.com/t", || secret_of("Opaque"), "AuthorityNotAllowed"),
        (
            "every tenant",
            "https://login.microsoftonline.com/common",
            || secret_of("Opaque"),
            "TenantIndependentAuthority",
        ),
        ("no Secret", ENTRA, || refusal(404, "NotFound"), "ClientSecretMissing"),
        ("another Secret", ENTRA, || secret_of("Opaque"), "ClientSecretOfOtherType"),
        ("no right", ENTRA, missing_right, "Forbidden"),
        (
            "an empty Secret",
            ENTRA,
            || (200, json!({ "type": "rollcall.dev/client-secret" }).to_string()),
            "ClientSecretMissing",
        ),
    ];
    for (case, authority, secret, expected) in cases {
        let memory = Memory::default();
        put(&memory, &oidc(authority), &json!({ "conditions": [{ "type": "Ready", "status": "True" }] }));
        let mut leader = Leader::new(&memory, move |asked| (asked.kind == "secrets").then(secret));
        let asked = leader.look(Duration::ZERO).await;
        assert_eq!(reason(&leader.status()).as_deref(), Some(expected), "{case}");
        assert_eq!(leader.status()["conditions"][1]["type"], "Ready", "{case}: what others wrote stays");
        assert_eq!(leader.status()["redirectURIs"]["web"][0], "https://rollcall.example/login/people/staff/callback");
        assert_eq!(asked.iter().filter(|asked| asked.starts_with("PATCH")).count(), 1, "{case}: {asked:?}");
        assert!(!leader.status().to_string().contains("s3cr3t"), "{case}");
        assert_eq!(
            leader.look(Duration::from_secs(9)).await,
            Vec::<String>::new(),
            "{case}: nobody asks again at once"
        );
        leader.forget_times();
        let expected = if authority == ENTRA { vec!["GET secrets"] } else { Vec::new() };
        assert_eq!(leader.look(Duration::from_secs(11)).await, expected, "{case}: asked again, and nothing to write");
    }
}

#[tokio::test]
async fn another_login_is_looked_at_at_once_and_none_takes_the_condition_away() {
    let memory = Memory::default();
    put(&memory, &oidc("https://login.example.com/t"), &json!({}));
    let mut leader = Leader::new(&memory, |_| None);
    leader.look(Duration::ZERO).await;
    assert_eq!(reason(&leader.status()).as_deref(), Some("AuthorityNotAllowed"));
    put(&memory, &oidc("https://login.microsoftonline.com/organizations"), &leader.status());
    leader.look(Duration::ZERO).await;
    assert_eq!(reason(&leader.status()).as_deref(), Some("TenantIndependentAuthority"));
    put(&memory, &json!({ "method": "Disabled" }), &leader.status());
    leader.look(Duration::ZERO).await;
    assert_eq!((reason(&leader.status()), &leader.status()["redirectURIs"]), (None, &Value::Null));
}

#[tokio::test]
async fn a_directory_that_has_moved_on_is_looked_at_again() {
    let memory = Memory::default();
    put(&memory, &oidc("https://login.example.com/t"), &json!({}));
    let is_moving = Arc::new(AtomicBool::new(true));
    let moves = Arc::clone(&is_moving);
    let mut leader = Leader::new(&memory, move |asked| {
        let is_refused = asked.method == "PATCH" && moves.load(Ordering::Relaxed);
        is_refused.then(|| refusal(409, "Conflict"))
    });
    leader.look(Duration::ZERO).await;
    assert_eq!(reason(&leader.status()), None, "the other writer was quicker");
    is_moving.store(false, Ordering::Relaxed);
    leader.look(MOVED_PAUSE).await;
    assert_eq!(reason(&leader.status()).as_deref(), Some("AuthorityNotAllowed"));
}

#[tokio::test]
async fn an_api_server_that_is_away_is_no_trouble_of_the_login() {
    let memory = Memory::default();
    let stands = json!({ "conditions": [{ "type": "LoginReady", "status": "True", "reason": "Ready" }] });
    put(&memory, &oidc(ENTRA), &stands);
    let mut leader =
        Leader::new(&memory, |asked| (asked.kind == "secrets").then(|| refusal(503, "ServiceUnavailable")));
    leader.look(Duration::ZERO).await;
    assert_eq!(leader.status(), stands);
}
