//! The relying party against a certified provider that looks like Entra. Unlike the one of the other cases it checks codes,
//! verifiers, secrets and assertions itself.

use std::collections::BTreeMap;
use std::time::Duration;

use control_plane::entra::{
    Client, Credential, EntraOptions, EntraProvider, Fault, Forgery, Place, SigningKey, Visit, can_run,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::super::{AuthorizationRequest, LoginRefused, Prompt, ProviderSettings, Providers, Remedy, code_challenge};
use super::logins::{CALLBACK, VERIFIER, providers, secret_of, settings_for, with_login};
use super::signer::changed;
use crate::api::secret;
use crate::store::WatchedDirectory;

const SECRET: &str = "s3cret of the registration+/=&";
const ADELE: &str = "adele@contoso.example";
const ADELE_ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const SUBJECT: &str = "system:serviceaccount:rollcall-system:rollcall";
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// A provider over HTTPS with one person and a web registration; none on a machine that cannot run one.
async fn start() -> Option<EntraProvider> {
    if !can_run() {
        return None;
    }
    let entra = EntraProvider::start(EntraOptions { tls: true, ..EntraOptions::default() }).await;
    let entra = entra.unwrap_or_else(|error| panic!("{error}"));
    entra.add_users(&[json!({ "oid": ADELE_ID, "upn": ADELE, "acct": 0 })]).await.expect("a user");
    let redirect_uris = vec![CALLBACK.to_owned()];
    let web = Client::Web { id: "web".to_owned(), secret: SECRET.to_owned(), redirect_uris };
    entra.add_clients(&[web]).await.expect("a client");
    Some(entra)
}

/// A Directory whose people are this provider's.
fn directory(entra: &EntraProvider, changes: &Value) -> WatchedDirectory {
    let oidc = json!({
        "authority": entra.authority(), "clientID": "web", "nativeClientID": "native",
        "clientSecretRef": { "name": "entra" }, "caBundle": entra.certificate_authority(),
    });
    with_login(&json!({ "oidc": changed(oidc, changes), "tokens": { "audiences": ["api://rollcall"] } }))
}

fn settings(entra: &EntraProvider) -> ProviderSettings {
    settings_for(entra.origin().trim_start_matches("https://").to_owned())
}

fn with_secret(entra: &EntraProvider) -> Providers {
    providers(settings(entra), secret_of(secret::CLIENT_SECRET, SECRET))
}

/// What a person at a browser comes back with after a login.
async fn come_back(
    entra: &EntraProvider,
    providers: &Providers,
    directory: &WatchedDirectory,
    prompt: Option<Prompt>,
) -> BTreeMap<String, String> {
    let challenge = code_challenge(VERIFIER);
    let request = AuthorizationRequest {
        state: "the state+/=",
        nonce: "the-nonce",
        code_challenge: &challenge,
        redirect_uri: CALLBACK,
        prompt,
        login_hint: None,
    };
    let url = providers.authorize(directory, &request).await.expect("an address");
    match entra.visit(url.as_str(), Some(ADELE), "browser").await.expect("a visit") {
        Visit::Left(location) => {
            let location: Url = location.parse().expect("an address");
            assert!(location.as_str().starts_with(CALLBACK), "{location}");
            location.query_pairs().into_owned().collect()
        }
        page @ Visit::Page { .. } => panic!("{page:?}"),
    }
}

#[tokio::test]
async fn a_person_of_entra_logs_in_over_https_once_for_each_code() {
    let Some(entra) = start().await else { return };
    let (providers, directory) = (with_secret(&entra), directory(&entra, &json!({})));
    providers.probe(&directory, Duration::ZERO).await.expect("a provider");
    let back = come_back(&entra, &providers, &directory, None).await;
    assert_eq!(back["state"], "the state+/=");
    let redeem = async |code: &str, verifier, nonce| {
        let account = providers.redeem(&directory, code, verifier, nonce, CALLBACK).await;
        account.map(|account| (account.tenant, account.object, account.upn, account.is_guest))
    };
    let account = redeem(&back["code"], VERIFIER, "the-nonce").await.expect("an account");
    assert_eq!(account, (entra.tenant().to_owned(), ADELE_ID.to_owned(), Some(ADELE.to_owned()), false));
    let LoginRefused::Answer(refusal) = redeem(&back["code"], VERIFIER, "the-nonce").await.expect_err("used") else {
        panic!("the provider was not asked")
    };
    assert_eq!(refusal.remedy, Remedy::Again, "{}", refusal.sentence);

    // Somebody else's code is worth nothing without the verifier, nor with another nonce.
    let code = come_back(&entra, &providers, &directory, Some(Prompt::SelectAccount)).await.remove("code");
    let stolen =
        redeem(&code.expect("a code"), "a-verifier-of-somebody-else-and-long-enough-for-it", "the-nonce").await;
    assert!(matches!(stolen, Err(LoginRefused::Answer(_))), "{stolen:?}");
    let code = come_back(&entra, &providers, &directory, None).await.remove("code").expect("a code");
    assert_eq!(redeem(&code, VERIFIER, "another").await.expect_err("another nonce").as_str(), "Nonce");

    let counts = entra.counts().await.expect("counts");
    assert_eq!((counts["discovery"], counts["jwks"]), (1, 1), "what is known is not asked again: {counts:?}");

    let other = super::logins::providers(settings(&entra), secret_of(secret::CLIENT_SECRET, "wrong"));
    let code = come_back(&entra, &providers, &directory, None).await.remove("code").expect("a code");
    let refused = other.redeem(&directory, &code, VERIFIER, "the-nonce", CALLBACK).await.expect_err("a wrong secret");
    let LoginRefused::Answer(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.remedy, Remedy::Registration, "{}", refusal.sentence);
    let problem = other.probe(&directory, Duration::ZERO).await.expect_err("told before anybody logs in");
    assert_eq!(problem.reason().as_str(), "RegistrationRefused", "{problem}");

    for request in entra.requests().await.expect("requests") {
        if request["route"] == "authorize" && request["query"].get("client_id").is_some() {
            assert_eq!(request["query"]["code_challenge_method"], "S256", "{request}");
        }
    }
}

#[tokio::test]
async fn a_domain_and_a_plain_authority_lead_to_the_tenant_and_no_other_authority_does() {
    let Some(entra) = start().await else { return };
    let providers = with_secret(&entra);
    for (authority, expected) in [
        (entra.authority(), None),
        (entra.issuer(), None),
        (format!("{}/contoso.example/v2.0", entra.origin()), None),
        (format!("{}/common", entra.origin()), Some("TenantIndependentAuthority")),
        (format!("{}/organizations/v2.0", entra.origin()), Some("TenantIndependentAuthority")),
    ] {
        let directory = directory(&entra, &json!({ "authority": authority }));
        let found = providers.probe(&directory, Duration::ZERO).await;
        let problem = found.as_ref().err().map(|problem| problem.reason().as_str());
        assert_eq!(problem, expected, "{authority}");
        assert!(found.is_err() || found.is_ok_and(|tenant| &*tenant == entra.tenant()), "{authority}");
    }
}

#[tokio::test]
async fn logins_go_on_while_keys_roll_over_and_forged_tokens_do_not_log_in() {
    let Some(entra) = start().await else { return };
    let (providers, directory) = (with_secret(&entra), directory(&entra, &json!({})));
    let log_in = async || {
        let code = come_back(&entra, &providers, &directory, None).await.remove("code").expect("a code");
        providers.redeem(&directory, &code, VERIFIER, "the-nonce", CALLBACK).await
    };
    log_in().await.expect("an account");
    entra.rotate().await.expect("a key");
    log_in().await.expect("an account by the new key");
    let claims = |claims| Forgery { claims, ..Forgery::default() };
    let key = |key| Forgery { key, ..Forgery::default() };
    for (case, forgery) in [
        ("another tenant", claims(json!({ "tid": ADELE_ID }))),
        ("another audience", claims(json!({ "aud": "native" }))),
        ("over", claims(json!({ "exp": 1 }))),
        ("from the future", claims(json!({ "nbf": 4_102_444_800_u64 }))),
        ("without a nonce", claims(json!({ "nonce": null }))),
        ("of version 1", claims(json!({ "ver": "1.0" }))),
        ("of an application", claims(json!({ "idtyp": "app" }))),
        ("a foreign key", key(SigningKey::Foreign)),
        ("no signature", key(SigningKey::None)),
        ("the public key as a secret", key(SigningKey::PublicKeyAsSecret)),
        ("the client's secret", key(SigningKey::Secret(SECRET.to_owned()))),
    ] {
        entra.fail(Place::Token, &Fault::IdToken(forgery), Some(1)).await.expect("a fault");
        let refused = log_in().await.expect_err(case);
        assert!(matches!(refused, LoginRefused::Token(_)), "{case}: {refused:?}");
    }
    log_in().await.expect("an account once more");
}

#[tokio::test]
async fn the_token_of_the_service_account_is_all_that_a_federated_registration_needs() {
    let (Some(entra), Some(cluster)) = (start().await, start().await) else { return };
    // Another provider signs as the API server of a cluster does.
    let issue = async |subject: &str, key| {
        let forgery = Forgery { claims: json!({ "sub": subject }), key, ..Forgery::default() };
        cluster.sign(None, AUDIENCE, &forgery).await.expect("a token")
    };
    let credential = Credential {
        issuer: cluster.issuer(),
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: cluster.keys().await.expect("keys"),
    };
    let client = Client::Federated { id: "web".to_owned(), credential, redirect_uris: vec![CALLBACK.to_owned()] };
    entra.add_clients(&[client]).await.expect("a client");
    let folder = tempfile::tempdir().expect("a folder");
    let assertion_file = folder.path().join("token");
    let settings = ProviderSettings { assertion_file: assertion_file.clone(), ..settings(&entra) };
    let providers = providers(settings, secret_of("Opaque", SECRET));
    let changes = json!({ "clientSecretRef": null, "clientAssertion": "ServiceAccountToken" });
    let directory = directory(&entra, &changes);
    for (case, token, is_let_in) in [
        ("of another account", issue("system:serviceaccount:other:other", SigningKey::Current).await, false),
        ("of a foreign key", issue(SUBJECT, SigningKey::Foreign).await, false),
        ("the operator's own", issue(SUBJECT, SigningKey::Current).await, true),
    ] {
        std::fs::write(&assertion_file, token).expect("a file");
        let code = come_back(&entra, &providers, &directory, None).await.remove("code").expect("a code");
        let account = providers.redeem(&directory, &code, VERIFIER, "the-nonce", CALLBACK).await;
        assert_eq!(account.is_ok(), is_let_in, "{case}: {account:?}");
    }
}

#[tokio::test]
async fn an_access_token_for_the_application_s_own_scope_is_verified() {
    let Some(entra) = start().await else { return };
    let (providers, directory) = (with_secret(&entra), directory(&entra, &json!({})));
    for (case, claims, is_good) in [
        ("with the scope", json!({ "scp": "access_as_user", "azp": "native" }), true),
        ("without a scope", json!({ "azp": "native" }), false),
        ("of an application", json!({ "scp": "access_as_user", "idtyp": "app" }), false),
    ] {
        let forgery = Forgery { claims, ..Forgery::default() };
        let token = entra.sign(Some(ADELE), "api://rollcall", &forgery).await.expect("a token");
        let verified = providers.verify_token(&directory, &token, Timestamp::now()).await;
        assert_eq!(verified.is_ok(), is_good, "{case}");
    }
}
