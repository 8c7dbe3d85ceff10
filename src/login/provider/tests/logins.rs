//! Logins and tokens against the provider of the tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::super::{
    AllowedAuthorities, AuthorizationRequest, LoginRefused, ProviderProblem, ProviderSettings, Providers, ReadSecret,
    Remedy, TokenRefused, code_challenge,
};
use super::server::{Answer, DISCOVERY, KEYS, Server, TENANT, TOKEN, document};
use super::signer::{OWN, Signed, changed, token};
use crate::api::directory_login::LoginMode;
use crate::api::secret::{self, Secret};
use crate::metrics::Metrics;
use crate::store::{SecretError, Seen, WatchedDirectory};

pub const CALLBACK: &str = "https://rollcall.example/login/people/staff/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const OBJECT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const SECRET: &str = "planted-s3cret+/=&";

/// A Directory with this registration beside what reaches the server.
pub fn directory(server: &Server, changes: &Value) -> WatchedDirectory {
    let oidc = json!({
        "authority": server.authority(), "clientID": "web", "nativeClientID": "native",
        "clientSecretRef": { "name": "entra" }, "caBundle": server.ca_bundle,
    });
    with_login(&json!({
        "oidc": changed(oidc, changes),
        "tokens": { "audiences": ["api://rollcall"], "acceptIdTokens": true },
    }))
}

/// A Directory with this login.
pub fn with_login(login: &Value) -> WatchedDirectory {
    WatchedDirectory {
        namespace: "people".to_owned(),
        name: "staff".to_owned(),
        spec: serde_json::from_value(json!({ "login": login })).expect("a spec"),
        unique: Arc::default(),
        seen: Seen::default(),
    }
}

/// A Secret of this type.
pub fn secret_of(secret_type: &'static str, value: &'static str) -> Box<ReadSecret> {
    Box::new(move |_, name, wanted| {
        let object = json!({
            "metadata": { "name": name }, "type": secret_type,
            "data": { "clientSecret": data_encoding::BASE64.encode(value.as_bytes()) },
        });
        Box::pin(async move { Secret::read(object.into(), wanted).map_err(SecretError::OtherType) })
    })
}

pub fn settings(server: &Server) -> ProviderSettings {
    settings_for(server.host())
}

/// An operator that may ask this host, which is on loopback, and has no token of its own.
pub fn settings_for(host: String) -> ProviderSettings {
    ProviderSettings {
        allowed: AllowedAuthorities { hosts: vec![host], private: true },
        proxy: None,
        assertion_file: PathBuf::from("/nowhere/token"),
    }
}

pub fn providers(settings: ProviderSettings, read_secret: Box<ReadSecret>) -> Providers {
    Providers::with(settings, read_secret, Box::new(|_, _| true), Metrics::default())
}

pub fn with_secret(server: &Server) -> Providers {
    providers(settings(server), secret_of(secret::CLIENT_SECRET, SECRET))
}

pub fn claims(server: &Server, audience: &str) -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": server.issuer(), "aud": audience, "sub": "pairwise", "tid": TENANT, "oid": OBJECT, "ver": "2.0",
        "iat": now, "nbf": now, "exp": now + 3600, "upn": "adele@contoso.example", "acct": 0,
    })
}

pub fn signed(claims: &Value, key_id: &str) -> String {
    token(&json!({ "typ": "JWT", "alg": "RS256", "kid": key_id }), claims, Signed::By(&OWN))
}

/// Lets the server exchange codes for an ID token with these claims changed.
fn issue(server: &Server, changes: &Value) {
    let claims = changed(changed(claims(server, "web"), &json!({ "nonce": "the-nonce" })), changes);
    server.behave(move |path, _| {
        let answer = json!({ "token_type": "Bearer", "access_token": "opaque", "expires_in": 3600, "id_token": signed(&claims, "own") });
        path.ends_with(TOKEN).then_some(Answer::Json(answer))
    });
}

fn form(body: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn a_person_logs_in_with_a_code_and_the_client_proves_itself() {
    let server = Server::start().await;
    issue(&server, &json!({}));
    let (providers, directory) = (with_secret(&server), directory(&server, &json!({})));
    assert_eq!(providers.tenant(&directory).as_deref(), Some(TENANT), "the authority says it");
    let challenge = code_challenge(VERIFIER);
    let request = AuthorizationRequest {
        state: "s",
        nonce: "the-nonce",
        code_challenge: &challenge,
        redirect_uri: CALLBACK,
        ..AuthorizationRequest::default()
    };
    let url = providers.authorize(&directory, &request).await.expect("an address");
    assert!(url.as_str().starts_with(&format!("{}/oauth2/v2.0/authorize?", server.authority())), "{url}");
    let account = providers.redeem(&directory, "the-code", VERIFIER, "the-nonce", CALLBACK).await.expect("an account");
    assert_eq!((account.tenant.as_str(), account.object.as_str()), (TENANT, OBJECT));
    let sent = form(&server.last_body(TOKEN));
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
        ("client_id", "web"),
        ("client_secret", SECRET),
    ];
    assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!((server.count(DISCOVERY), server.count(KEYS)), (1, 1), "what is known is not asked again");
    let url = providers.sign_out_url(&directory, "https://rollcall.example/", None).await.expect("an address");
    assert!(url.as_str().starts_with(&format!("{}/oauth2/v2.0/logout?", server.authority())), "{url}");
}

#[tokio::test]
async fn a_domain_of_the_tenant_leads_to_its_id() {
    let server = Server::start().await;
    issue(&server, &json!({}));
    let providers = with_secret(&server);
    let by_domain = directory(&server, &json!({ "authority": format!("https://{}/contoso.example", server.host()) }));
    assert_eq!(providers.tenant(&by_domain), None, "nobody has asked yet");
    providers.redeem(&by_domain, "c", VERIFIER, "the-nonce", CALLBACK).await.expect("an account");
    assert_eq!(providers.tenant(&by_domain).as_deref(), Some(TENANT));
}

#[tokio::test]
async fn the_token_of_the_service_account_takes_the_place_of_a_secret_and_is_read_each_time() {
    let server = Server::start().await;
    issue(&server, &json!({}));
    let folder = tempfile::tempdir().expect("a folder");
    let assertion_file = folder.path().join("token");
    let settings = ProviderSettings { assertion_file: assertion_file.clone(), ..settings(&server) };
    let providers = providers(settings, secret_of("Opaque", SECRET));
    let changes = json!({ "clientSecretRef": null, "clientAssertion": "ServiceAccountToken" });
    let directory = directory(&server, &changes);
    let redeem = || providers.redeem(&directory, "c", VERIFIER, "the-nonce", CALLBACK);
    for (case, content) in
        [("no file", None), ("an empty one", Some(" \n")), ("a long one", Some(&*"x".repeat(20_000)))]
    {
        if let Some(content) = content {
            std::fs::write(&assertion_file, content).expect("a file");
        }
        let refused = redeem().await.expect_err(case);
        assert_eq!(refused.as_str(), "ClientAssertionMissing", "{case}");
    }
    for token in ["eyJh.first.x", "eyJh.second.x"] {
        std::fs::write(&assertion_file, format!("{token}\n")).expect("a file");
        redeem().await.expect("an account");
        let sent = form(&server.last_body(TOKEN));
        assert_eq!(sent["client_assertion"], token);
        assert_eq!(sent["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert!(!sent.contains_key("client_secret"), "{sent:?}");
    }
}

#[tokio::test]
async fn threat_34_a_secret_of_another_type_is_sent_nowhere() {
    let server = Server::start().await;
    issue(&server, &json!({}));
    let directory = directory(&server, &json!({}));
    for other in ["Opaque", "kubernetes.io/tls", "rollcall.dev/password"] {
        let providers = providers(settings(&server), secret_of(other, SECRET));
        let problem = providers.probe(&directory, Duration::ZERO).await.expect_err(other);
        assert_eq!(problem.reason().as_str(), "ClientSecretOfOtherType", "{problem}");
        assert_eq!(server.count(""), 0, "nobody is asked anything");
        let refused = providers.redeem(&directory, "c", VERIFIER, "the-nonce", CALLBACK).await.expect_err(other);
        assert_eq!(refused.as_str(), "ClientSecretOfOtherType");
        assert_eq!(server.count(TOKEN), 0, "no code is exchanged");
        assert!(!format!("{problem} {refused:?}").contains(SECRET));
        server.clear();
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_is_told_by_its_name() {
    let server = Server::start().await;
    let directory = directory(&server, &json!({}));
    type Outcome = fn() -> SecretError;
    let outcomes: [(&str, Outcome, &str); 3] = [
        ("missing", || SecretError::Missing, "ClientSecretMissing"),
        ("forbidden", || SecretError::Forbidden, "Forbidden"),
        ("away", || SecretError::Store(crate::store::Error::NotFound), "ProviderUnreachable"),
    ];
    for (case, outcome, reason) in outcomes {
        let read_secret: Box<ReadSecret> = Box::new(move |_, _, _| Box::pin(async move { Err(outcome()) }));
        let problem =
            providers(settings(&server), read_secret).probe(&directory, Duration::ZERO).await.expect_err(case);
        assert_eq!(problem.reason().as_str(), reason, "{case}");
        assert!(problem.to_string().contains("entra"), "{problem}");
    }
    for (case, value) in [("empty", " \n"), ("long", &*Box::leak("x".repeat(5000).into_boxed_str()))] {
        let providers = providers(settings(&server), secret_of(secret::CLIENT_SECRET, value));
        let problem = providers.probe(&directory, Duration::ZERO).await.expect_err(case);
        assert_eq!(problem.reason().as_str(), "ClientSecretMissing", "{case}");
    }
}

#[tokio::test]
async fn entra_is_asked_whether_it_accepts_the_operator_and_nothing_else_it_says_counts() {
    let server = Server::start().await;
    let (providers, entra) = (with_secret(&server), directory(&server, &json!({})));
    for (case, status, error, description, refused) in [
        (
            "a wrong secret",
            401,
            "invalid_client",
            "AADSTS7000215: Invalid client secret <script>",
            Some("AADSTS7000215"),
        ),
        ("one that has expired", 401, "invalid_client", "AADSTS7000222: expired", Some("has expired")),
        ("no federated credential", 401, "invalid_client", "AADSTS700213: x", Some("service account")),
        ("no federated credential, as Entra said it before", 400, "invalid_request", "AADSTS70021: x", Some("fits")),
        ("no such application", 400, "unauthorized_client", "AADSTS700016: x", Some("not registered")),
        ("a code that nobody knows", 401, "invalid_client", "AADSTS999999: x", Some("does not accept")),
        ("an assignment is missing", 400, "invalid_grant", "AADSTS501051: x", None),
        ("a rule of the tenant", 400, "invalid_grant", "AADSTS53003: x", None),
        ("an application of another kind", 400, "unauthorized_client", "AADSTS700054: x", None),
        ("a scope", 400, "invalid_scope", "AADSTS70011: x", None),
        ("trouble of its own", 503, "temporarily_unavailable", "AADSTS90033: x", None),
    ] {
        server.behave(move |path, _| {
            let answer = json!({ "error": error, "error_description": description });
            path.ends_with(TOKEN).then_some(Answer::Status(status, answer))
        });
        match (providers.probe(&entra, Duration::ZERO).await, refused) {
            (Ok(tenant), None) => assert_eq!(&*tenant, TENANT, "{case}"),
            (Err(problem), Some(part)) => {
                let message = problem.to_string();
                assert_eq!(problem.reason().as_str(), "RegistrationRefused", "{case}: {message}");
                assert!(message.contains(part) && message.contains(&server.host()), "{case}: {message}");
                assert!(!message.contains("script") && !message.contains(SECRET), "{case}: {message}");
            }
            (found, _) => panic!("{case}: {found:?}"),
        }
    }
    let sent = form(&server.last_body(TOKEN));
    let expected = [
        ("grant_type", "client_credentials"),
        ("scope", "web/.default"),
        ("client_id", "web"),
        ("client_secret", SECRET),
    ];
    assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    server.clear();
    let issuer = json!({ "flavor": "Generic", "authority": server.issuer() });
    providers.probe(&directory(&server, &issuer), Duration::ZERO).await.expect("a provider");
    assert_eq!(server.count(TOKEN), 0, "a provider that is not Entra is not asked");
}

#[tokio::test]
async fn a_provider_may_have_its_token_endpoint_at_another_host_and_it_is_named_where_it_fails() {
    let (issuer, other) = (Server::start().await, Server::start().await);
    let token_endpoint = document(&other.host())["token_endpoint"].clone();
    let discovered = changed(document(&issuer.host()), &json!({ "token_endpoint": token_endpoint }));
    issuer.behave(move |path, _| path.ends_with(DISCOVERY).then(|| Answer::Json(discovered.clone())));
    let claims = changed(claims(&issuer, "web"), &json!({ "nonce": "the-nonce" }));
    other.behave(move |path, _| {
        let answer = json!({ "token_type": "Bearer", "access_token": "opaque", "id_token": signed(&claims, "own") });
        path.ends_with(TOKEN).then_some(Answer::Json(answer))
    });
    let bundle = format!("{}{}", issuer.ca_bundle, other.ca_bundle);
    let oidc = json!({ "flavor": "Generic", "authority": issuer.issuer(), "caBundle": bundle });
    let (directory, settings_of) = (directory(&issuer, &oidc), |hosts: &[String]| ProviderSettings {
        allowed: AllowedAuthorities { hosts: hosts.to_vec(), private: true },
        ..settings(&issuer)
    });
    let hosts = [issuer.host(), other.host()];
    let both = || providers(settings_of(&hosts), secret_of(secret::CLIENT_SECRET, SECRET));
    both().redeem(&directory, "c", VERIFIER, "the-nonce", CALLBACK).await.expect("an account");
    let one = providers(settings_of(&[issuer.host()]), secret_of(secret::CLIENT_SECRET, SECRET));
    let problem = one.probe(&directory, Duration::ZERO).await.expect_err("a host that is not allowed");
    assert!(problem.to_string().contains(&other.host()), "{problem}");
    assert_eq!(other.count(TOKEN), 1, "the secret goes to no host that is not allowed");
    drop(other);
    let refused = both().redeem(&directory, "c", VERIFIER, "the-nonce", CALLBACK).await.expect_err("nobody answers");
    assert!(refused.to_string().starts_with(&format!("{} cannot be reached", hosts[1])), "{refused}");
}

#[tokio::test]
async fn an_answer_that_says_no_is_told_in_a_sentence_of_ours() {
    let server = Server::start().await;
    let (providers, directory) = (with_secret(&server), directory(&server, &json!({})));
    for (status, error, description, remedy) in [
        (
            401,
            "invalid_client",
            "AADSTS7000222: The provided client secret keys for app <script>",
            Remedy::Registration,
        ),
        (400, "invalid_grant", "AADSTS54005: OAuth2 Authorization code was already redeemed", Remedy::Again),
        (400, "invalid_grant", "", Remedy::Again),
    ] {
        server.behave(move |path, _| {
            let answer = json!({ "error": error, "error_description": description, "trace_id": "t" });
            path.ends_with(TOKEN).then_some(Answer::Status(status, answer))
        });
        let refused = providers.redeem(&directory, "c", VERIFIER, "the-nonce", CALLBACK).await.expect_err(error);
        let LoginRefused::Answer(refusal) = refused else { panic!("{refused:?}") };
        assert_eq!(refusal.remedy, remedy);
        assert!(!refusal.sentence.contains("AADSTS") && !refusal.sentence.contains("script"));
    }
}

#[tokio::test]
async fn a_login_is_refused_where_its_id_token_is_not_believed_or_a_guest_s() {
    let server = Server::start().await;
    let providers = with_secret(&server);
    for (case, changes, oidc, expected) in [
        ("another nonce", json!({ "nonce": "other" }), json!({}), "Nonce"),
        ("another tenant", json!({ "tid": OBJECT }), json!({}), "Tenant"),
        ("for another client", json!({ "aud": "native" }), json!({}), "Audience"),
        ("an issuer of another tenant", json!({ "iss": "https://login.example.com" }), json!({}), "Issuer"),
        ("a guest where none may", json!({ "acct": 1 }), json!({ "allowGuests": false }), "Guest"),
        ("a guest", json!({ "acct": 1 }), json!({}), ""),
    ] {
        issue(&server, &changes);
        let found = providers.redeem(&directory(&server, &oidc), "c", VERIFIER, "the-nonce", CALLBACK).await;
        assert_eq!(found.map_or_else(|refused| refused.as_str(), |_| ""), expected, "{case}");
    }
}

#[tokio::test]
async fn a_token_that_somebody_shows_is_judged_by_what_the_directory_accepts() {
    let server = Server::start().await;
    let providers = with_secret(&server);
    let (directory, now) = (directory(&server, &json!({})), Timestamp::now());
    let access = changed(claims(&server, "api://rollcall"), &json!({ "scp": "access_as_user", "azp": "native" }));
    let mut without = directory.clone();
    without.spec.login.as_mut().expect("a login").tokens = None;
    let mut disabled = directory.clone();
    disabled.spec.login.as_mut().expect("a login").method = LoginMode::Disabled;
    for (case, directory, claims, expected) in [
        ("an access token", &directory, access.clone(), "good"),
        ("an ID token of the native registration", &directory, claims(&server, "native"), "good"),
        ("an ID token of the web registration", &directory, claims(&server, "web"), "Audience"),
        ("an access token for others", &directory, changed(access.clone(), &json!({ "aud": "api://x" })), "Audience"),
        ("another issuer", &directory, changed(access.clone(), &json!({ "iss": "https://x.example" })), "Issuer"),
        ("without the scope", &directory, changed(access.clone(), &json!({ "scp": "other" })), "Scope"),
        ("where none is accepted", &without, access.clone(), "NotAccepted"),
        ("where nobody logs in", &disabled, access, "NotAccepted"),
    ] {
        let found = providers.verify_token(directory, &signed(&claims, "own"), now).await;
        assert_eq!(found.map_or_else(|refused| refused.as_str(), |_| "good"), expected, "{case}");
    }
}

#[tokio::test]
async fn threat_27_ten_thousand_invented_key_ids_make_one_fetch() {
    let server = Server::start().await;
    let (providers, directory) = (with_secret(&server), directory(&server, &json!({})));
    let now = Timestamp::now();
    let access = changed(claims(&server, "api://rollcall"), &json!({ "scp": "access_as_user", "azp": "native" }));
    providers.verify_token(&directory, &signed(&access, "own"), now).await.expect("a good token");
    let before = server.count(KEYS);
    // Their signatures are as good as any: nobody gets to look at them.
    let good = signed(&access, "own");
    let (_, rest) = good.split_once('.').expect("a payload");
    let invented = (0..10_000).map(|number| {
        let header = json!({ "alg": "RS256", "kid": format!("invented-{number}") }).to_string();
        format!("{}.{rest}", data_encoding::BASE64URL_NOPAD.encode(header.as_bytes()))
    });
    let asked = invented.map(|token| {
        let (providers, directory) = (&providers, &directory);
        async move { providers.verify_token(directory, &token, now).await }
    });
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| *answer == Err(TokenRefused::UnknownKey)));
    assert_eq!(server.count(KEYS) - before, 1);
    providers.verify_token(&directory, &good, now).await.expect("the good key still counts");
}

#[tokio::test]
async fn many_who_come_at_once_to_an_unknown_provider_make_one_request_of_each_kind() {
    let server = Server::start().await;
    let (providers, directory) = (with_secret(&server), directory(&server, &json!({})));
    let access = changed(claims(&server, "api://rollcall"), &json!({ "scp": "access_as_user" }));
    let good = signed(&access, "own");
    let asked = (0..100).map(|_| providers.verify_token(&directory, &good, Timestamp::now()));
    assert!(futures::future::join_all(asked).await.iter().all(Result::is_ok));
    assert_eq!((server.count(DISCOVERY), server.count(KEYS)), (1, 1));
}

#[tokio::test]
async fn another_registration_begins_anew_and_the_end_of_a_directory_is_forgotten() {
    let server = Server::start().await;
    let there = Arc::new(parking_lot::Mutex::new(true));
    let is_there = Arc::clone(&there);
    let is_there = Box::new(move |_: &str, name: &str| name != "staff" || *is_there.lock());
    let secret = secret_of(secret::CLIENT_SECRET, SECRET);
    let providers = Providers::with(settings(&server), secret, is_there, Metrics::default());
    let (first, second) = (directory(&server, &json!({})), directory(&server, &json!({ "clientID": "another" })));
    for (directory, discoveries) in [(&first, 1), (&first, 1), (&second, 2), (&second, 2), (&first, 3)] {
        let request = AuthorizationRequest { redirect_uri: CALLBACK, ..AuthorizationRequest::default() };
        providers.authorize(directory, &request).await.expect("an address");
        assert_eq!(server.count(DISCOVERY), discoveries);
    }
    *there.lock() = false;
    let mut guests = first.clone();
    guests.name = "guests".to_owned();
    assert!(providers.tenant(&guests).is_some());
    let known: Vec<_> = providers.0.known.read().keys().cloned().collect();
    assert_eq!(known, [("people".to_owned(), "guests".to_owned())]);
    let mut nobody = first;
    nobody.spec.login = None;
    let request = AuthorizationRequest::default();
    assert_eq!(providers.authorize(&nobody, &request).await, Err::<Url, _>(ProviderProblem::NotConfigured));
}
