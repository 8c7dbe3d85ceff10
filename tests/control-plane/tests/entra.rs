//! The OpenID provider behaves as Entra does in what a relying party sees of it.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use control_plane::entra::{
    Client, Credential, EntraOptions, EntraProvider, Fault, Forgery, Place, SigningKey, Visit, can_run,
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

const SECRET: &str = "a-secret-of-the-web-client";
const CALLBACK: &str = "https://rollcall.example/login/staff/contoso/callback";
const ADELE: &str = "adele@contoso.example";
const ADELE_ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// The verifier and the challenge of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}

/// Sends a request and reads the answer; an answer that does not come is an error.
async fn ask(url: &str, form: Option<&str>) -> Result<Answer, hyper::Error> {
    let uri: Uri = url.parse().expect("an address");
    let authority = uri.authority().expect("an authority").as_str();
    let stream = TcpStream::connect(authority).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let path = uri.path_and_query().expect("a path").as_str();
    let request = Request::builder().method(if form.is_some() { "POST" } else { "GET" }).uri(path);
    let request = request.header("host", authority).header("content-type", "application/x-www-form-urlencoded");
    let body = Full::<Bytes>::from(form.unwrap_or_default().to_owned());
    let answer = sender.send_request(request.body(body).expect("a request")).await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.into_body().collect().await?.to_bytes() })
}

async fn get(url: &str) -> Answer {
    ask(url, None).await.expect("an answer")
}

async fn discover(provider: &EntraProvider) -> Value {
    get(&format!("{}/.well-known/openid-configuration", provider.issuer())).await.json()
}

/// None on a machine that cannot run one.
async fn start(options: EntraOptions) -> Option<EntraProvider> {
    if !can_run() {
        return None;
    }
    let provider = EntraProvider::start(options).await.unwrap_or_else(|error| panic!("{error}"));
    let users = json!([
        { "oid": ADELE_ID, "upn": ADELE, "email": ADELE, "name": "Adele Vance", "acct": 0 },
        { "oid": "aaaaaaaa-0000-4000-8000-000000000002", "preferred_username": "guest@fabrikam.example", "acct": 1 },
    ]);
    provider.add_users(users.as_array().expect("users")).await.expect("users");
    let redirect_uris = vec![CALLBACK.to_owned()];
    let web = Client::Web { id: "web".to_owned(), secret: SECRET.to_owned(), redirect_uris };
    let redirect_uris = ["http://127.0.0.1/cb", "com.example.app:/callback"].map(str::to_owned).to_vec();
    let native = Client::Native { id: "native".to_owned(), redirect_uris };
    provider.add_clients(&[web, native, Client::Device { id: "device".to_owned() }]).await.expect("clients");
    Some(provider)
}

/// The address that a relying party sends people to.
fn authorize(provider: &EntraProvider, client: &str, callback: &str, more: &str) -> String {
    let callback = callback.replace(':', "%3A").replace('/', "%2F");
    format!(
        "{}/oauth2/v2.0/authorize?client_id={client}&response_type=code&redirect_uri={callback}&scope=openid%20profile%20email%20\
         User.Read&state=the-state&nonce=the-nonce&code_challenge={CHALLENGE}&code_challenge_method=S256{more}",
        provider.authority()
    )
}

/// The query of an address that the provider sent somebody to.
fn returned(visit: &Visit) -> BTreeMap<String, String> {
    let Visit::Left(location) = visit else { panic!("{visit:?}") };
    let query = location.split_once('?').expect("a query").1;
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

async fn exchange(provider: &EntraProvider, client: &str, callback: &str, code: &str, proof: &str) -> Answer {
    let form = format!(
        "grant_type=authorization_code&client_id={client}&code={code}&redirect_uri={callback}&code_verifier={VERIFIER}{proof}"
    );
    ask(&format!("{}/oauth2/v2.0/token", provider.authority()), Some(&form)).await.expect("an answer")
}

fn decode(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').take(2).map(|part| serde_json::from_slice(&decode(part)).expect("JSON"));
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

/// Whether a token is signed with a key of the published set, under that key's id.
async fn is_genuine(provider: &EntraProvider, token: &str) -> bool {
    let keys = get(&format!("{}/discovery/v2.0/keys", provider.authority())).await.json();
    let (header, _) = parts(token);
    let keys = keys["keys"].as_array().expect("keys");
    let Some(key) = keys.iter().find(|key| key["kid"] == header["kid"]) else { return false };
    let (n, e) = (decode(key["n"].as_str().expect("n")), decode(key["e"].as_str().expect("e")));
    let (signed, signature) = token.rsplit_once('.').expect("a signature");
    let public = ring::signature::RsaPublicKeyComponents { n: &n, e: &e };
    public.verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)).is_ok()
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_that_works_once() {
    let Some(provider) = start(EntraOptions::default()).await else { return };
    let document = discover(&provider).await;
    assert_eq!(document["issuer"], provider.issuer());
    assert_eq!(document["token_endpoint"], format!("{}/oauth2/v2.0/token", provider.authority()));
    assert!(document.get("code_challenge_methods_supported").is_none(), "Entra does not say that it supports PKCE");

    let url = authorize(&provider, "web", CALLBACK, &format!("&login_hint={ADELE}"));
    let back = returned(&provider.visit(&url, None, "a").await.expect("a visit"));
    assert_eq!((back["state"].as_str(), back.contains_key("iss")), ("the-state", false), "{back:?}");

    let wrong = exchange(&provider, "web", CALLBACK, &back["code"], "&client_secret=wrong").await;
    assert_eq!((wrong.status, &wrong.json()["error_codes"]), (401, &json!([7_000_215])));
    let good = format!("&client_secret={SECRET}");
    let tokens = exchange(&provider, "web", CALLBACK, &back["code"], &good).await;
    assert_eq!(tokens.status, 200, "{:?}", tokens.body);
    let token = tokens.json()["id_token"].as_str().expect("an ID token").to_owned();
    assert!(is_genuine(&provider, &token).await);
    let (_, claims) = parts(&token);
    let expected = json!({
        "iss": provider.issuer(), "aud": "web", "nonce": "the-nonce", "tid": provider.tenant(), "oid": ADELE_ID, "upn": ADELE,
        "preferred_username": ADELE, "email": ADELE, "name": "Adele Vance", "acct": 0, "ver": "2.0",
    });
    for (claim, value) in expected.as_object().expect("claims") {
        assert_eq!(&claims[claim], value, "{claim}");
    }
    let again = exchange(&provider, "web", CALLBACK, &back["code"], &good).await;
    assert_eq!((again.status, &again.json()["error"]), (400, &json!("invalid_grant")));

    let counts = provider.counts().await.expect("counts");
    assert_eq!((counts["discovery"], counts["jwks"], counts["token"]), (1, 1, 3), "{counts:?}");
    let requests = provider.requests().await.expect("requests");
    let sent = requests.iter().find(|request| request["route"] == "authorize").expect("a request");
    assert_eq!(sent["query"]["code_challenge"], CHALLENGE);
}

#[tokio::test]
async fn a_native_client_needs_no_secret_and_comes_back_to_any_port_of_loopback() {
    let Some(provider) = start(EntraOptions::default()).await else { return };
    for callback in ["http://127.0.0.1:50123/cb", "com.example.app:/callback"] {
        let url = authorize(&provider, "native", callback, "");
        let Visit::Page { status: 200, body } = provider.visit(&url, None, callback).await.expect("a visit") else {
            panic!("no page for somebody whom nobody knows")
        };
        assert!(body.contains("Email or user name"), "{body}");
        let back = returned(&provider.visit(&url, Some("guest@fabrikam.example"), callback).await.expect("a visit"));
        let tokens = exchange(&provider, "native", callback, &back["code"], "").await.json();
        let (_, claims) = parts(tokens["id_token"].as_str().expect("an ID token"));
        assert_eq!((&claims["acct"], claims.get("upn")), (&json!(1), None), "a guest has no upn");
    }
    let device = format!("{}/oauth2/v2.0/devicecode", provider.authority());
    let device = ask(&device, Some("client_id=device&scope=openid")).await.expect("an answer").json();
    assert!(device["user_code"].is_string(), "{device}");
}

#[tokio::test]
async fn a_session_signs_in_silently_until_its_user_is_blocked() {
    let Some(provider) = start(EntraOptions::default()).await else { return };
    let url = |more: &str| authorize(&provider, "web", CALLBACK, more);
    let visit = async |more: &str, user| provider.visit(&url(more), user, "a").await.expect("a visit");
    assert!(returned(&visit("", Some(ADELE)).await).contains_key("code"));
    assert!(returned(&visit("", None).await).contains_key("code"), "the session is enough");
    assert!(matches!(visit("&prompt=select_account", None).await, Visit::Page { status: 200, .. }));
    let other = returned(&visit("&login_hint=guest@fabrikam.example", None).await);
    assert!(other.contains_key("code"), "a hint changes the user: {other:?}");
    returned(&visit(&format!("&login_hint={ADELE}"), None).await);

    let blocked = [json!({ "oid": ADELE_ID, "upn": ADELE, "blocked": true })];
    provider.add_users(&blocked).await.expect("users");
    let refused = returned(&visit("", None).await);
    assert_eq!(refused["error"], "access_denied");
    assert!(refused["error_description"].starts_with("AADSTS50105"), "{refused:?}");
    let stranger = provider.visit(&url("&prompt=none"), None, "b").await.expect("a visit");
    assert_eq!(returned(&stranger)["error"], "login_required");

    let mistake = provider.add_users(&[json!({ "oid": "x", "shoe_size": 43 })]).await.expect_err("no such claim");
    assert!(mistake.to_string().contains("a user has no claim shoe_size"), "{mistake}");
}

#[tokio::test]
async fn only_the_authority_of_the_tenant_has_its_issuer() {
    let Some(provider) = start(EntraOptions::default()).await else { return };
    let (origin, tenant) = (provider.origin(), provider.tenant());
    for (authority, issuer) in [
        (format!("{tenant}/v2.0"), provider.issuer()),
        ("contoso.example/v2.0".to_owned(), provider.issuer()),
        (tenant.to_owned(), format!("https://sts.windows.net/{tenant}/")),
        ("common/v2.0".to_owned(), format!("{origin}/{{tenantid}}/v2.0")),
        ("organizations/v2.0".to_owned(), format!("{origin}/{{tenantid}}/v2.0")),
    ] {
        let document = get(&format!("{origin}/{authority}/.well-known/openid-configuration")).await.json();
        assert_eq!(document["issuer"], issuer, "{authority}");
    }
    let other = get(&format!("{origin}/fabrikam.example/v2.0/.well-known/openid-configuration")).await;
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn keys_roll_over_and_tokens_are_forged_as_asked() {
    let Some(provider) = start(EntraOptions::default()).await else { return };
    let sign = async |claims: Value, key| {
        let forgery = Forgery { claims, key, ..Forgery::default() };
        provider.sign(Some(ADELE), "web", &forgery).await.expect("a token")
    };
    let before = sign(json!({}), SigningKey::Current).await;
    let kid = provider.rotate().await.expect("a key");
    let after = sign(json!({ "scp": "access_as_user", "upn": null }), SigningKey::Current).await;
    let (header, claims) = parts(&after);
    assert_eq!(
        (header["kid"].as_str(), &claims["scp"], claims.get("upn")),
        (Some(&*kid), &json!("access_as_user"), None)
    );
    assert!(is_genuine(&provider, &before).await && is_genuine(&provider, &after).await, "the old key is published");
    for (key, algorithm) in [
        (SigningKey::Foreign, "RS256"),
        (SigningKey::PublicKeyAsSecret, "HS256"),
        (SigningKey::Secret(SECRET.to_owned()), "HS256"),
        (SigningKey::None, "none"),
    ] {
        let token = sign(json!({}), key).await;
        assert_eq!(parts(&token).0["alg"], algorithm);
        assert!(!is_genuine(&provider, &token).await, "{algorithm}");
    }
    assert!(is_genuine(&provider, &sign(json!({}), SigningKey::Old).await).await);
    provider.rotate_and_forget().await.expect("a key");
    assert!(!is_genuine(&provider, &after).await, "its key is gone");
}

#[tokio::test]
async fn faults_happen_where_and_as_often_as_they_are_asked_for() {
    let Some(provider) = start(EntraOptions::default()).await else { return };
    let url = format!("{}/.well-known/openid-configuration", provider.issuer());
    let fail = async |fault: Fault, times| provider.fail(Place::Discovery, &fault, times).await.expect("a fault");
    fail(Fault::Down, Some(2)).await;
    for _ in 0..2 {
        assert!(ask(&url, None).await.is_err(), "the connection is closed");
    }
    assert_eq!(get(&url).await.status, 200, "it was for two requests");

    fail(Fault::Garbage, None).await;
    assert!(serde_json::from_slice::<Value>(&get(&url).await.body).is_err());
    fail(Fault::Redirect("http://127.0.0.1:1/".to_owned()), None).await;
    let answer = get(&url).await;
    assert_eq!((answer.status, answer.headers["location"].as_bytes()), (302, &b"http://127.0.0.1:1/"[..]));
    fail(Fault::LyingIssuer("https://evil.example/v2.0".to_owned()), None).await;
    assert_eq!(get(&url).await.json()["issuer"], "https://evil.example/v2.0");
    fail(Fault::Huge(3 << 20), None).await;
    assert!(get(&url).await.body.len() > 3 << 20);
    fail(Fault::Answer { status: 503, body: json!({ "error": "temporarily_unavailable" }) }, None).await;
    assert_eq!(get(&url).await.status, 503);
    fail(Fault::Members(json!({ "jwks_uri": "http://169.254.169.254/keys", "userinfo_endpoint": null })), None).await;
    let document = get(&url).await.json();
    assert_eq!(document["jwks_uri"], "http://169.254.169.254/keys");
    assert!(document.get("userinfo_endpoint").is_none());
    fail(Fault::Slow(Duration::from_secs(600)), None).await;
    let late = tokio::time::timeout(Duration::from_millis(300), ask(&url, None)).await;
    assert!(late.is_err(), "an answer within the time");
    provider.heal(Place::Discovery).await.expect("no fault");
    assert_eq!(get(&url).await.json()["issuer"], provider.issuer());

    // A forged ID token comes from the token endpoint, as the relying party gets it.
    let forgery = Forgery { claims: json!({ "tid": "another", "nonce": null }), ..Forgery::default() };
    provider.fail(Place::Token, &Fault::IdToken(forgery), Some(1)).await.expect("a fault");
    let back = provider.visit(&authorize(&provider, "web", CALLBACK, ""), Some(ADELE), "a").await.expect("a visit");
    let proof = format!("&client_secret={SECRET}");
    let tokens = exchange(&provider, "web", CALLBACK, &returned(&back)["code"], &proof).await.json();
    let (_, claims) = parts(tokens["id_token"].as_str().expect("an ID token"));
    assert_eq!((&claims["tid"], claims.get("nonce")), (&json!("another"), None));
}

#[tokio::test]
async fn a_federated_client_proves_itself_with_a_token_of_the_issuer_that_is_trusted() {
    const SUBJECT: &str = "system:serviceaccount:rollcall:rollcall";
    const AUDIENCE: &str = "api://AzureADTokenExchange";
    let Some(provider) = start(EntraOptions::default()).await else { return };
    // Another provider signs as the API server of a cluster would.
    let Some(cluster) = start(EntraOptions::default()).await else { return };
    let credential = Credential {
        issuer: cluster.issuer(),
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        keys: get(&format!("{}/discovery/v2.0/keys", cluster.authority())).await.json(),
    };
    let client = Client::Federated { id: "federated".to_owned(), credential, redirect_uris: vec![CALLBACK.to_owned()] };
    provider.add_clients(&[client]).await.expect("a client");
    let assertion = async |audience, claims: Value, key| {
        let token = cluster.sign(None, audience, &Forgery { claims, key, ..Forgery::default() }).await;
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        format!("&client_assertion_type={kind}&client_assertion={}", token.expect("a token"))
    };
    let subject = json!({ "sub": SUBJECT });
    let url = authorize(&provider, "federated", CALLBACK, "");
    for (what, proof, code) in [
        ("the right token", assertion(AUDIENCE, subject.clone(), SigningKey::Current).await, None),
        ("no token", String::new(), Some(7_000_218)),
        ("a secret", "&client_secret=guessed".to_owned(), Some(7_000_218)),
        ("another subject", assertion(AUDIENCE, json!({ "sub": "x" }), SigningKey::Current).await, Some(700_213)),
        (
            "another audience",
            assertion("https://kubernetes.default.svc", subject.clone(), SigningKey::Current).await,
            Some(700_213),
        ),
        ("a foreign key", assertion(AUDIENCE, subject.clone(), SigningKey::Foreign).await, Some(700_213)),
        (
            "an old token",
            assertion(AUDIENCE, json!({ "sub": SUBJECT, "exp": 1 }), SigningKey::Current).await,
            Some(700_024),
        ),
    ] {
        let back = returned(&provider.visit(&url, Some(ADELE), "a").await.expect("a visit"));
        let answer = exchange(&provider, "federated", CALLBACK, &back["code"], &proof).await;
        let expected = (if code.is_some() { 401 } else { 200 }, code);
        let got = answer.json();
        assert_eq!((answer.status, got["error_codes"][0].as_i64()), expected, "{what}: {got}");
    }
}

#[tokio::test]
async fn it_speaks_https_with_a_certificate_of_its_authority() {
    let Some(provider) =
        start(EntraOptions { tls: true, host: "localhost".to_owned(), ..EntraOptions::default() }).await
    else {
        return;
    };
    assert!(provider.issuer().starts_with("https://localhost:"), "{}", provider.issuer());
    assert!(provider.certificate_authority().is_some_and(|pem| pem.contains("BEGIN CERTIFICATE")));
    // The person's browser trusts that authority and nobody else.
    let url = authorize(&provider, "web", CALLBACK, &format!("&login_hint={ADELE}"));
    let back = returned(&provider.visit(&url, None, "a").await.expect("a visit"));
    assert!(back.contains_key("code"), "{back:?}");
}
