//! Keys: what opens a Directory, what does not, and that nobody learns why.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::support::directory::sha256;
use crate::support::{Directory, Operator, until};

fn basic(user: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{secret}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_the_same_401() {
    let (directory, other) = (Directory::new().await, Directory::new().await);
    let past = json!({ "sha256": sha256("expired"), "notBefore": "2020-01-01T00:00:00Z", "expiresAt": "2020-01-02T00:00:00Z" });
    directory.apply_key("expired", past).await;
    directory.apply_key("early", json!({ "sha256": sha256("early"), "notBefore": "2999-01-01T00:00:00Z" })).await;
    directory.apply_key("revoked", json!({ "sha256": sha256("revoked"), "revoked": true })).await;
    // Its own process: these refusals empty the bucket of the test's address.
    let operator = Operator::start(&[]).await;
    let client = directory.client(&operator).await;
    let wrong = client.authorized("Bearer wrong").get("/Users").await;
    let unknown_directory = {
        let mut stranger = client.authorized("Bearer wrong");
        stranger.base = client.base.replace("/staff", "/nobody");
        stranger.get("/Users").await
    };
    let mut refusals = vec![("a wrong key of an unknown directory", unknown_directory)];
    for (name, authorization) in [
        ("no credentials", String::new()),
        ("an expired key", "Bearer expired".to_owned()),
        ("a key that is not valid yet", "Bearer early".to_owned()),
        ("a revoked key", "Bearer revoked".to_owned()),
        ("a key of another directory", format!("Bearer {}", other.secret)),
        ("another scheme", "Digest x".to_owned()),
        ("Basic without a colon", format!("Basic {}", BASE64_STANDARD.encode("wrong"))),
        ("Basic with a wrong secret", basic("key", "wrong")),
        ("the hash in place of the secret", format!("Bearer {}", sha256(&directory.secret))),
    ] {
        refusals.push((name, client.authorized(&authorization).get("/Users").await));
    }
    for (name, refusal) in refusals {
        assert_eq!((refusal.status, &refusal.text), (401, &wrong.text), "{name}");
        assert_eq!(refusal.header("www-authenticate"), wrong.header("www-authenticate"), "{name}");
        assert!(refusal.header("www-authenticate").starts_with("Bearer"), "{name}");
    }
    let metrics = operator.metrics().await;
    for (reason, count) in [
        ("missing", 1),
        ("malformed", 2),
        ("unknown_key", 3),
        ("other_directory", 1),
        ("not_yet_valid", 1),
        ("expired", 1),
        ("revoked", 1),
    ] {
        let labels = format!("reason=\"{reason}\",namespace=\"{}\",directory=\"staff\"", directory.namespace);
        let line = format!("rollcall_authentication_failures_total{{{labels}}} {count}");
        assert!(metrics.lines().any(|given| given == line), "{line}: {metrics}");
    }
    let line = "rollcall_authentication_failures_total{reason=\"unknown_key\",namespace=\"\",directory=\"\"} 1";
    assert!(metrics.lines().any(|given| given == line), "a name that a client makes up is no label: {metrics}");
    let log = operator.log();
    assert!(!log.contains(&directory.secret) && !log.contains(&other.secret), "a secret in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_as_bearer_and_as_basic_until_that_is_refused() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    for authorization in [
        format!("Bearer {}", directory.secret),
        format!("bearer {}", directory.secret),
        basic("key", &directory.secret),
        basic("", &directory.secret),
        basic("anything", &directory.secret),
    ] {
        client.authorized(&authorization).get("/Users").await.expect(200);
    }
    let refused = client.authorized(&basic("key", &directory.secret));
    directory.apply_directory(json!({ "provisioning": { "basic": "Refuse" } })).await;
    until("Basic to be refused", || async { refused.get("/Users").await.is_refused().then_some(()) }).await;
    client.get("/Users").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_bites_at_once() {
    let directory = Directory::new().await;
    directory.apply_key("second", json!({ "sha256": sha256("second") })).await;
    let client = directory.client(Operator::shared().await).await;
    let second = client.authorized("Bearer second");
    until("the second key to be known", || async { (second.get("/Users").await.status == 200).then_some(()) }).await;
    directory.apply_key("second", json!({ "sha256": sha256("second"), "revoked": true })).await;
    until("the second key to be refused", || async { second.get("/Users").await.is_refused().then_some(()) }).await;
    directory.kubectl(&["delete", "directorykey", "key"]).await.expect("kubectl delete");
    until("the first key to be refused", || async { client.get("/Users").await.is_refused().then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_key_of_a_directory_that_is_not_there_is_503_until_it_is_back() {
    let directory = Directory::new().await;
    directory.apply_key("revoked", json!({ "sha256": sha256("revoked"), "revoked": true })).await;
    let operator = Operator::start(&[]).await;
    let client = directory.client(&operator).await;
    directory.allow_deletion().await;
    directory.kubectl(&["delete", "directory", "staff"]).await.expect("kubectl delete");
    let answer = until("the deletion to be seen", async || {
        let answer = client.get("/Users").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert!(!answer.header("retry-after").is_empty());
    answer.expect_error(503, None);
    // Nobody else learns of it.
    for secret in ["wrong", "revoked"] {
        client.authorized(&format!("Bearer {secret}")).get("/Users").await.expect_error(401, None);
    }
    let metrics = operator.metrics().await;
    let line = "rollcall_authentication_failures_total{reason=\"unknown_directory\",namespace=\"\",directory=\"\"} ";
    assert!(metrics.contains(line), "{metrics}");
    assert!(operator.log().contains("\"reason\":\"unknown_directory\""), "{}", operator.log());
    directory.apply_directory(json!({})).await;
    until("the Directory to be back", async || (client.get("/Users").await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_directory_is_503_so_that_nothing_is_lost() {
    let directory = Directory::new().await;
    let client = directory.client(Operator::shared().await).await;
    directory.apply_directory(json!({ "provisioning": { "mode": "Disabled" } })).await;
    let answer = until("the endpoint to be disabled", || async {
        let answer = client.get("/Users").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert!(!answer.header("retry-after").is_empty());
    client.post("/Users", &json!({ "userName": "a" })).await.expect_error(503, None);
    assert!(client.authorized("Bearer wrong").get("/Users").await.is_refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_wrong_keys_is_limited_and_a_good_key_passes_all_the_same() {
    let directory = Directory::new().await;
    let operator = Operator::start(&[]).await;
    let client = directory.client(&operator).await;
    let wrong = client.authorized("Bearer wrong");
    let mut limited = None;
    for _ in 0..1_000 {
        let answer = wrong.get("/Users").await;
        if answer.status == 429 {
            limited = Some(answer);
            break;
        }
        assert_eq!(answer.status, 401);
    }
    let limited = limited.expect("the bucket is empty after a thousand failures");
    assert!(limited.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    client.get("/Users").await.expect(200);
}
