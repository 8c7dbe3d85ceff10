//! A provider that is away, slow, lying, or not where it should be.

use std::time::Duration;

use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::fetch::{FetchError, MAX_ANSWER, ProviderClient, Routes};
use super::super::{AllowedAuthorities, AuthorizationRequest, ProviderSettings, Providers, TokenRefused};
use super::logins::{CALLBACK, VERIFIER, directory, settings, with_secret};
use super::server::{Answer, DISCOVERY, KEYS, Server, TOKEN, document};
use super::signer::changed;
use crate::store::WatchedDirectory;

async fn problem(providers: &Providers, directory: &WatchedDirectory) -> String {
    let request = AuthorizationRequest { redirect_uri: CALLBACK, ..AuthorizationRequest::default() };
    match providers.authorize(directory, &request).await {
        Ok(_) => "none".to_owned(),
        Err(problem) => {
            assert!(!problem.to_string().contains("planted"), "nothing that came is repeated: {problem}");
            problem.reason().as_str().to_owned()
        }
    }
}

#[tokio::test]
async fn threat_33_a_provider_that_leads_elsewhere_is_refused_and_nobody_else_is_asked() {
    let (server, elsewhere) = (Server::start().await, Server::start().await);
    let directory = directory(&server, &json!({}));
    let (host, away) = (server.host(), elsewhere.host());
    let cases: [(&str, Value, &str); 7] = [
        ("as it should be", json!({}), "none"),
        ("keys at another port of loopback", json!({ "jwks_uri": format!("https://{away}/keys") }), "ProviderInvalid"),
        ("keys by another name of the host", json!({ "jwks_uri": "https://127.0.0.1/keys" }), "ProviderInvalid"),
        ("keys at the metadata service", json!({ "jwks_uri": "http://169.254.169.254/keys" }), "ProviderInvalid"),
        ("codes sent away", json!({ "token_endpoint": format!("https://{away}/planted") }), "ProviderInvalid"),
        ("people sent away", json!({ "authorization_endpoint": format!("https://{away}/a") }), "ProviderInvalid"),
        ("another issuer", json!({ "issuer": format!("https://{away}/planted/v2.0") }), "ProviderInvalid"),
    ];
    for (case, changes, expected) in cases {
        let changed = changed(document(&host), &changes);
        server.behave(move |path, _| path.ends_with(DISCOVERY).then(|| Answer::Json(changed.clone())));
        assert_eq!(problem(&with_secret(&server), &directory).await, expected, "{case}");
    }
    let location = format!("https://{away}{DISCOVERY}");
    server.behave(move |path, _| path.ends_with(DISCOVERY).then(|| Answer::Redirect(location.clone())));
    assert_eq!(problem(&with_secret(&server), &directory).await, "ProviderInvalid", "a redirect");
    assert_eq!(elsewhere.count(""), 0, "nobody followed");
}

#[tokio::test]
async fn threat_33_a_name_that_means_a_private_address_is_not_connected_to() {
    let server = Server::start().await;
    let allowed = AllowedAuthorities { private: false, ..settings(&server).allowed };
    let guarded = ProviderSettings { allowed, ..settings(&server) };
    let secret = Box::new(|_, _, _| panic!("no Secret is read"));
    let providers = Providers::with(guarded, secret, Box::new(|_, _| true), crate::metrics::Metrics::default());
    assert_eq!(problem(&providers, &directory(&server, &json!({}))).await, "AuthorityNotAllowed");
    assert_eq!(server.count(""), 0);
}

#[tokio::test]
async fn a_redirect_from_the_token_endpoint_is_not_followed() {
    let (server, elsewhere) = (Server::start().await, Server::start().await);
    let location = format!("https://{}/token", elsewhere.host());
    server.behave(move |path, _| path.ends_with(TOKEN).then(|| Answer::Redirect(location.clone())));
    let refused = with_secret(&server).redeem(&directory(&server, &json!({})), "c", VERIFIER, "n", CALLBACK).await;
    assert_eq!(refused.expect_err("no account").as_str(), "ProviderInvalid");
    assert_eq!(elsewhere.count(""), 0, "the client secret stays here");
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_by_what_is_wrong_with_it() {
    let server = Server::start().await;
    let directory = directory(&server, &json!({}));
    type Made = fn() -> Answer;
    let cases: [(&str, Made, &str); 7] = [
        ("no JSON", || Answer::Bytes(b"<html>planted".to_vec()), "ProviderInvalid"),
        ("no document", || Answer::Json(json!(["planted"])), "ProviderInvalid"),
        ("not found", || Answer::Status(404, json!({ "error": "planted" })), "ProviderInvalid"),
        ("an error", || Answer::Status(503, json!({ "error": "planted" })), "ProviderUnreachable"),
        ("too many requests", || Answer::Status(429, json!({})), "ProviderUnreachable"),
        ("longer than anything", || Answer::Bytes(vec![b' '; MAX_ANSWER + 1]), "ProviderInvalid"),
        ("just not too long", || Answer::Bytes(vec![b' '; MAX_ANSWER]), "ProviderInvalid"),
    ];
    for (case, answer, expected) in cases {
        server.behave(move |path, _| path.ends_with(DISCOVERY).then(answer));
        assert_eq!(problem(&with_secret(&server), &directory).await, expected, "{case}");
    }
}

#[tokio::test]
async fn bounds_hold_for_an_answer_that_is_long_and_one_that_never_comes() {
    let server = Server::start().await;
    let uri = format!("https://{}/x", server.host());
    let routes = Routes::new(None, true);
    let client = ProviderClient::new(&routes, Some(&server.ca_bundle));
    let client = client.expect("a client").with_deadline(Duration::from_millis(300));
    let ask = || client.send(Request::get(&uri).body(Vec::new()).expect("a request"));
    server.behave(|_, _| Some(Answer::Bytes(vec![b'x'; MAX_ANSWER])));
    assert_eq!(ask().await.expect("an answer").body().len(), MAX_ANSWER);
    server.behave(|_, _| Some(Answer::Bytes(vec![b'x'; MAX_ANSWER + 1])));
    assert!(matches!(ask().await, Err(FetchError::TooLong)));
    server.behave(|_, _| Some(Answer::Never));
    assert!(matches!(ask().await, Err(FetchError::Deadline)));
}

#[tokio::test]
async fn certificates_of_the_directory_are_trusted_and_nobody_else_s() {
    let (server, other) = (Server::start().await, Server::start().await);
    let providers = with_secret(&server);
    for (case, bundle, expected) in [
        ("its own", json!(server.ca_bundle), "none"),
        ("two of them", json!(format!("{}\n{}", other.ca_bundle, server.ca_bundle)), "none"),
        ("another one's", json!(other.ca_bundle), "ProviderUnreachable"),
        ("none", json!(null), "ProviderUnreachable"),
        ("no PEM", json!("-----BEGIN CERTIFICATE-----\nplanted"), "CaBundleInvalid"),
        ("no certificate", json!("planted"), "CaBundleInvalid"),
        (
            "a certificate that is none",
            json!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
            "CaBundleInvalid",
        ),
    ] {
        let directory = directory(&server, &json!({ "caBundle": bundle }));
        assert_eq!(problem(&providers, &directory).await, expected, "{case}");
    }
}

#[tokio::test]
async fn threat_47_a_provider_that_is_away_is_asked_once_and_what_was_known_goes_on() {
    let server = Server::start().await;
    let directory = directory(&server, &json!({}));
    let down = |server: &Server| server.behave(|_, _| Some(Answer::Status(503, json!({}))));
    down(&server);
    let cold = with_secret(&server);
    for _ in 0..20 {
        assert_eq!(problem(&cold, &directory).await, "ProviderUnreachable");
    }
    assert_eq!(server.count(DISCOVERY), 1, "those who come after it hear the same");
    let refused = cold.verify_token(&directory, &token_for(&server), Timestamp::now()).await;
    assert!(refused.expect_err("nobody can tell").is_unavailable());

    server.behave(|_, _| None);
    let warm = with_secret(&server);
    warm.verify_token(&directory, &token_for(&server), Timestamp::now()).await.expect("a good token");
    down(&server);
    warm.verify_token(&directory, &token_for(&server), Timestamp::now()).await.expect("the last good keys");
    assert_eq!(problem(&warm, &directory).await, "none", "the last good addresses");
    warm.probe(&directory, Duration::ZERO).await.expect_err("the condition tells it");
    warm.verify_token(&directory, &token_for(&server), Timestamp::now()).await.expect("and takes nothing away");
}

#[tokio::test]
async fn a_key_set_without_keys_is_no_reason_to_believe_anything() {
    let server = Server::start().await;
    let directory = directory(&server, &json!({}));
    for keys in
        [json!({ "keys": [] }), json!({}), json!([]), json!({ "keys": [{ "kty": "oct", "kid": "own", "k": "AAAA" }] })]
    {
        let answer = keys.clone();
        server.behave(move |path, _| path.ends_with(KEYS).then(|| Answer::Json(answer.clone())));
        let found = with_secret(&server).verify_token(&directory, &token_for(&server), Timestamp::now()).await;
        assert!(matches!(found, Err(TokenRefused::Unavailable(_))), "{keys}: {found:?}");
    }
}

fn token_for(server: &Server) -> String {
    let claims = changed(super::logins::claims(server, "api://rollcall"), &json!({ "scp": "access_as_user" }));
    super::logins::signed(&claims, "own")
}
