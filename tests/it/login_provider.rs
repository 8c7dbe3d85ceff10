//! The relying party against a provider that looks like Entra: logins, tokens, and what the Directory says of them.

use std::path::PathBuf;
use std::sync::Arc;

use control_plane::entra::{Client, EntraOptions, EntraProvider, Fault, Forgery, Place, SigningKey, Visit, can_run};
use control_plane::{ControlPlane, Options};
use jiff::Timestamp;
use rollcall::login::provider::{
    AllowedAuthorities, AuthorizationRequest, LoginRefused, ProviderRefusal, ProviderSettings, Providers, Remedy,
    code_challenge,
};
use rollcall::metrics::Metrics;
use rollcall::store::{Settings, Store, WatchedDirectory};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Directory, Operator, cluster, until};

const ADELE: &str = "adele@contoso.example";
const ADELE_ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const BLOCKED: &str = "blocked@contoso.example";
const SECRET: &str = "planted-secret-of-the-web-client";
const CALLBACK: &str = "https://rollcall.example/login/people/staff/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const NONCE: &str = "the-nonce-of-the-login";
const LEASE: [&str; 2] = ["--lease-namespace", cluster::NAMESPACE];

/// A provider with two people and a registration; none on a machine that cannot run one.
async fn start() -> Option<EntraProvider> {
    if !can_run() {
        return None;
    }
    let options = EntraOptions { tls: true, host: "localhost".to_owned(), ..EntraOptions::default() };
    let provider = EntraProvider::start(options).await.unwrap_or_else(|error| panic!("{error}"));
    let users = [
        json!({ "oid": ADELE_ID, "upn": ADELE, "email": "somebody.else@contoso.example", "name": "Adele Vance", "acct": 0 }),
        json!({ "oid": "aaaaaaaa-0000-4000-8000-000000000002", "upn": BLOCKED, "blocked": true }),
    ];
    provider.add_users(&users).await.expect("users");
    let redirect_uris = vec![CALLBACK.to_owned()];
    let web = Client::Web { id: "web".to_owned(), secret: SECRET.to_owned(), redirect_uris };
    let native =
        Client::Native { id: "native".to_owned(), redirect_uris: vec!["com.contoso.app:/callback".to_owned()] };
    provider.add_clients(&[web, native]).await.expect("clients");
    Some(provider)
}

fn host(provider: &EntraProvider) -> String {
    provider.origin().trim_start_matches("https://").to_owned()
}

fn login(provider: &EntraProvider) -> Value {
    json!({
        "oidc": {
            "authority": provider.authority(), "clientID": "web", "nativeClientID": "native",
            "nativeRedirectURIs": ["com.contoso.app:/callback"],
            "clientSecretRef": { "name": "entra" }, "caBundle": provider.certificate_authority(),
        },
        "tokens": { "audiences": ["api://rollcall"], "acceptIdTokens": true },
    })
}

async fn apply_secret(directory: &Directory, name: &str, secret_type: &str, value: &str) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": secret_type,
        "metadata": { "name": name, "namespace": directory.namespace }, "stringData": { "clientSecret": value },
    });
    cluster::apply(&secret).await;
}

/// A relying party in this process, over the rights of the operator's account.
struct RelyingParty {
    providers: Providers,
    directory: Arc<WatchedDirectory>,
    stop: CancellationToken,
}

impl Drop for RelyingParty {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl RelyingParty {
    async fn of(directory: &Directory, provider: &EntraProvider) -> Self {
        let kubeconfig = Some(cluster::shared().await.operator_kubeconfig.clone());
        let settings = Settings { kubeconfig, context: None, namespaces: vec![directory.namespace.clone()] };
        let store = Store::connect(settings).await.expect("a store");
        let stop = CancellationToken::new();
        let (watched, stopped) = (store.clone(), stop.clone());
        tokio::spawn(async move { watched.run(stopped).await });
        let settings = ProviderSettings {
            allowed: AllowedAuthorities { hosts: vec![host(provider)], private: true },
            proxy: None,
            assertion_file: "/nowhere/token".into(),
        };
        let providers = Providers::new(settings, &store, Metrics::default());
        let seen = || async { store.directory(&directory.namespace, &directory.name) };
        let directory = until("the Directory to be seen", seen).await;
        Self { providers, directory, stop }
    }

    /// What the provider sends back to the callback when this person signs in.
    async fn visit(&self, provider: &EntraProvider, user: &str) -> url::Url {
        let challenge = code_challenge(VERIFIER);
        let request = AuthorizationRequest {
            state: "the-state",
            nonce: NONCE,
            code_challenge: &challenge,
            redirect_uri: CALLBACK,
            login_hint: Some(user),
            ..AuthorizationRequest::default()
        };
        let address = self.providers.authorize(&self.directory, &request).await.expect("an address");
        let visit = provider.visit(address.as_str(), Some(user), user).await.expect("a visit");
        let Visit::Left(location) = visit else { panic!("{visit:?}") };
        location.parse().expect("an address")
    }

    async fn code(&self, provider: &EntraProvider) -> String {
        parameter(&self.visit(provider, ADELE).await, "code").expect("a code")
    }
}

fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_person_logs_in_at_the_provider_once_for_each_code_and_the_secret_may_be_rotated() {
    let Some(provider) = start().await else { return };
    let directory = Directory::with_spec(json!({ "login": login(&provider) })).await;
    apply_secret(&directory, "entra", "rollcall.dev/client-secret", SECRET).await;
    let party = RelyingParty::of(&directory, &provider).await;
    let redeem =
        async |code: &str, nonce: &str| party.providers.redeem(&party.directory, code, VERIFIER, nonce, CALLBACK).await;
    let code = party.code(&provider).await;
    let account = redeem(&code, NONCE).await.expect("an account");
    assert_eq!((account.tenant.as_str(), account.object.as_str()), (provider.tenant(), ADELE_ID));
    assert_eq!((account.upn.as_deref(), account.is_guest), (Some(ADELE), false));
    let Err(LoginRefused::Answer(refusal)) = redeem(&code, NONCE).await else { panic!("a code works once") };
    assert_eq!(refusal.remedy, Remedy::Again, "{}", refusal.sentence);
    let refused = redeem(&party.code(&provider).await, "another").await.expect_err("another login");
    assert_eq!(refused.as_str(), "Nonce");

    apply_secret(&directory, "entra", "rollcall.dev/client-secret", "an old one").await;
    let refused = redeem(&party.code(&provider).await, NONCE).await.expect_err("a wrong secret");
    assert_eq!(refused.as_str(), "RegistrationRefused", "{refused}");
    apply_secret(&directory, "entra", "rollcall.dev/client-secret", SECRET).await;
    redeem(&party.code(&provider).await, NONCE).await.expect("the right one again");

    let back = party.visit(&provider, BLOCKED).await;
    let error = parameter(&back, "error").expect("an error");
    let refusal = ProviderRefusal::of(&error, parameter(&back, "error_description").as_deref());
    assert_eq!((refusal.code, refusal.remedy), (Some(50_105), Remedy::Administrator));
}

#[tokio::test]
async fn forged_id_tokens_of_the_token_endpoint_log_nobody_in() {
    let Some(provider) = start().await else { return };
    let directory = Directory::with_spec(json!({ "login": login(&provider) })).await;
    apply_secret(&directory, "entra", "rollcall.dev/client-secret", SECRET).await;
    let party = RelyingParty::of(&directory, &provider).await;
    let now = Timestamp::now().as_second();
    let other = "11111111-1111-4111-8111-111111111111";
    let claims = |claims: Value| Forgery { claims, ..Forgery::default() };
    let key = |key: SigningKey| Forgery { key, ..Forgery::default() };
    for (case, forgery, expected) in [
        ("another tenant", claims(json!({ "tid": other })), "Tenant"),
        ("another audience", claims(json!({ "aud": "native" })), "Audience"),
        ("another client", claims(json!({ "azp": "native" })), "AuthorizedParty"),
        ("expired", claims(json!({ "exp": now - 61 })), "Expired"),
        ("not yet valid", claims(json!({ "nbf": now + 3600 })), "NotYetValid"),
        ("issued long ago", claims(json!({ "iat": now - 3600 })), "TooOld"),
        ("no nonce", claims(json!({ "nonce": null })), "Nonce"),
        ("no object id", claims(json!({ "oid": null })), "NoObjectId"),
        ("version 1", claims(json!({ "ver": "1.0" })), "Version"),
        ("a foreign key", key(SigningKey::Foreign), "Signature"),
        ("no signature", key(SigningKey::None), "Algorithm"),
        ("the public key as a secret", key(SigningKey::PublicKeyAsSecret), "Algorithm"),
        ("the client's secret", key(SigningKey::Secret(SECRET.to_owned())), "Algorithm"),
        ("no key id", Forgery { header: json!({ "kid": null }), ..Forgery::default() }, "NoKeyId"),
    ] {
        let code = party.code(&provider).await;
        provider.fail(Place::Token, &Fault::IdToken(forgery), Some(1)).await.expect("a fault");
        let redeemed = party.providers.redeem(&party.directory, &code, VERIFIER, NONCE, CALLBACK).await;
        assert_eq!(redeemed.expect_err(case).as_str(), expected, "{case}");
    }
}

#[tokio::test]
async fn tokens_of_a_new_key_are_believed_at_once_and_those_of_the_old_one_still_are() {
    let Some(provider) = start().await else { return };
    let directory = Directory::with_spec(json!({ "login": login(&provider) })).await;
    let party = RelyingParty::of(&directory, &provider).await;
    let sign = async || {
        let claims = json!({ "scp": "access_as_user", "azp": "native", "aud": "api://rollcall" });
        let forgery = Forgery { claims, ..Forgery::default() };
        provider.sign(Some(ADELE), "native", &forgery).await.expect("a token")
    };
    let verify = async |token: &str| {
        let verified = party.providers.verify_token(&party.directory, token, Timestamp::now()).await;
        verified.map(|verified| verified.account.object).map_err(|refused| refused.as_str())
    };
    let before = sign().await;
    assert_eq!(verify(&before).await.as_deref(), Ok(ADELE_ID));
    provider.rotate_and_forget().await.expect("a key");
    assert_eq!(verify(&sign().await).await.as_deref(), Ok(ADELE_ID), "the set is fetched again");
    assert_eq!(verify(&before).await.as_deref(), Ok(ADELE_ID), "a key counts for a day");
    provider.rotate_and_forget().await.expect("a key");
    assert_eq!(verify(&sign().await).await, Err("UnknownKey"), "but not twice within five minutes");
    let counts = provider.counts().await.expect("counts");
    assert_eq!(counts["jwks"], 2, "{counts:?}");
}

/// A control plane of the test's own: two leaders with other flags would say two things of one Directory.
struct OwnCluster {
    plane: ControlPlane,
    kubeconfig: PathBuf,
}

impl OwnCluster {
    async fn start() -> Self {
        let plane = ControlPlane::start(Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
        let kubeconfig = cluster::install(&plane, &cluster::crds_folder()).await;
        Self { plane, kubeconfig }
    }

    async fn apply(&self, object: Value) {
        let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        let applied = cluster::kubectl_on(&self.plane, &arguments, Some(&object.to_string())).await;
        applied.unwrap_or_else(|error| panic!("{error}"));
    }

    async fn apply_login(&self, login: Option<Value>) {
        let mut spec = json!({});
        if let Some(login) = login {
            spec["login"] = login;
        }
        let metadata = json!({ "name": "staff", "namespace": "people" });
        self.apply(
            json!({ "apiVersion": "rollcall.dev/v1alpha1", "kind": "Directory", "metadata": metadata, "spec": spec }),
        )
        .await;
    }

    async fn status(&self) -> Value {
        let arguments = ["get", "directory", "staff", "-n", "people", "-o", "json"];
        let text = cluster::kubectl_on(&self.plane, &arguments, None).await.expect("kubectl get");
        serde_json::from_str::<Value>(&text).expect("kubectl prints JSON")["status"].clone()
    }

    /// Waits until `LoginReady` has this reason; the status then.
    async fn until_reason(&self, expected: &str) -> Value {
        let what = format!("LoginReady to have the reason {expected}");
        until(&what, || async {
            let status = self.status().await;
            (reason(&status).as_deref() == Some(expected)).then_some(status)
        })
        .await
    }
}

/// The reason of `LoginReady`.
fn reason(status: &Value) -> Option<String> {
    let conditions = status["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "LoginReady")?;
    ready["reason"].as_str().map(str::to_owned)
}

fn secret(name: &str, secret_type: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": secret_type,
        "metadata": { "name": name, "namespace": "people" }, "stringData": { "clientSecret": value },
    })
}

#[tokio::test]
async fn the_directory_says_whether_people_can_log_in_and_what_to_enter_in_the_registration() {
    let Some(provider) = start().await else { return };
    let own = OwnCluster::start().await;
    own.apply(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "people" } })).await;
    let host = host(&provider);
    let url = ["--public-url", "https://rollcall.example"];
    let flags = [&["--allowed-authority-hosts", &host, "--private-authorities"], &url[..], &LEASE[..]].concat();
    let operator = Operator::launch(&own.kubeconfig, &flags).await;
    own.apply_login(Some(login(&provider))).await;
    own.until_reason("ClientSecretMissing").await;
    own.apply(secret("opaque", "Opaque", SECRET)).await;
    let mut wrong = login(&provider);
    wrong["oidc"]["clientSecretRef"]["name"] = "opaque".into();
    own.apply_login(Some(wrong)).await;
    own.until_reason("ClientSecretOfOtherType").await;
    let counts = provider.counts().await.expect("counts");
    assert_eq!(counts.values().sum::<u64>(), 0, "threat 34: nobody was asked anything: {counts:?}");

    own.apply(secret("entra", "rollcall.dev/client-secret", SECRET)).await;
    own.apply_login(Some(login(&provider))).await;
    let status = own.until_reason("Ready").await;
    let base = "https://rollcall.example/login/people/staff";
    let web = json!([format!("{base}/callback"), format!("{base}/signed-out")]);
    assert_eq!(status["redirectURIs"], json!({ "web": web, "native": ["com.contoso.app:/callback"] }));
    let both = || async {
        let conditions = own.status().await["conditions"].as_array().cloned()?;
        let has = |name: &str| conditions.iter().any(|condition| condition["type"] == name);
        (has("Ready") && has("LoginReady")).then_some(())
    };
    until("the conditions of both writers", both).await;

    let at = |authority: String| {
        let mut login = login(&provider);
        login["oidc"]["authority"] = authority.into();
        Some(login)
    };
    for (authority, reason) in [
        (format!("{}/common", provider.origin()), "TenantIndependentAuthority"),
        ("https://login.example.com/contoso.example".to_owned(), "AuthorityNotAllowed"),
        (format!("{}/22222222-2222-4222-8222-222222222222", provider.origin()), "ProviderInvalid"),
        (format!("{}/contoso.example", provider.origin()), "Ready"),
    ] {
        own.apply_login(at(authority)).await;
        own.until_reason(reason).await;
    }
    let fault = Fault::Answer { status: 503, body: json!({ "error": "temporarily_unavailable" }) };
    provider.fail(Place::Discovery, &fault, None).await.expect("a fault");
    own.apply_login(at(provider.authority())).await;
    own.until_reason("ProviderUnreachable").await;
    provider.heal(Place::Discovery).await.expect("no fault");
    own.until_reason("Ready").await;
    let unknown = "the-id-of-the-secret-in-place-of-its-value";
    own.apply(secret("by-id", "rollcall.dev/client-secret", unknown)).await;
    let mut mistaken = login(&provider);
    mistaken["oidc"]["clientSecretRef"]["name"] = "by-id".into();
    own.apply_login(Some(mistaken)).await;
    let refused = own.until_reason("RegistrationRefused").await.to_string();
    assert!(refused.contains("AADSTS7000215") && refused.contains("its value, not its id"), "{refused}");
    assert!(!format!("{}{refused}", operator.log()).contains(unknown), "no secret is told");

    own.apply_login(None).await;
    until("the condition to go", || async { reason(&own.status().await).is_none().then_some(()) }).await;
    assert!(!format!("{}{status}", operator.log()).contains(SECRET), "no secret is told");
}
