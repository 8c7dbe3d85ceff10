//! The doors for tokens, with a real provider: whose token it is, and that nobody learns why one is not good.

use control_plane::entra::{Client as Registration, EntraOptions, EntraProvider, Forgery, SigningKey, can_run};
use serde_json::{Value, json};

use crate::support::client::{Answer, http};
use crate::support::cluster::{apply, shared};
use crate::support::directory::sha256;
use crate::support::session::Seals;
use crate::support::{Client, Directory, Operator, until};

const ADELE: &str = "adele@contoso.example";
const ADELE_ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const STRANGER: &str = "stranger@contoso.example";
/// What `spec.login.tokens` accepts.
const AUDIENCE: &str = "api://native";

/// A Directory whose people are at a real provider, with the key of a gateway and the application `mcp`, which takes tokens.
struct Scene {
    provider: EntraProvider,
    operator: Operator,
    directory: Directory,
    scim: Client,
    adele: String,
}

/// None on a machine that cannot run a provider, which is said aloud.
async fn scene(more: Value) -> Option<Scene> {
    if !can_run() {
        return None;
    }
    let options = EntraOptions { tls: true, ..EntraOptions::default() };
    let provider = EntraProvider::start(options).await.unwrap_or_else(|error| panic!("{error}"));
    let users = json!([
        { "oid": ADELE_ID, "upn": ADELE, "name": "Adele Vance", "acct": 0 },
        { "oid": "aaaaaaaa-0000-4000-8000-000000000009", "upn": STRANGER, "acct": 0 },
    ]);
    provider.add_users(users.as_array().expect("users")).await.expect("users");
    let redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
    provider.add_clients(&[Registration::Native { id: "native".to_owned(), redirect_uris }]).await.expect("a client");

    let host = provider.origin().strip_prefix("https://").expect("TLS").to_owned();
    let flags =
        ["--private-authorities", "--allowed-authority-hosts", &host, "--public-url", "https://id.contoso.example"];
    let operator = Operator::start(&flags).await;
    let oidc = json!({
        "authority": provider.authority(), "caBundle": provider.certificate_authority(), "clientID": "web",
        "nativeClientID": "native", "clientSecretRef": { "name": "entra" },
    });
    let mut tokens = json!({ "audiences": [AUDIENCE] });
    tokens.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    let directory = Directory::with_spec(json!({ "login": { "oidc": oidc, "tokens": tokens } })).await;
    let key = json!({ "sha256": sha256("secret-of-a-gateway"), "scopes": ["introspect"] });
    directory.apply_key("gateway", key).await;
    let mcp = json!({ "directoryRef": { "name": "staff" }, "hosts": ["mcp.contoso.example"], "acceptBearer": true });
    apply(&directory.object("DirectoryApplication", "mcp", mcp)).await;
    let scim = directory.client(&operator).await;
    let adele =
        json!({ "userName": ADELE, "externalId": ADELE_ID, "displayName": "Adele Vance", "userType": "Premium" });
    let adele = scim.create(&adele).await;
    scim.post("/Groups", &json!({ "displayName": "Wiki", "members": [{ "value": adele }] })).await.expect(201);
    let scene = Scene { provider, operator, directory, scim, adele };
    let good = scene.token(Some(ADELE), json!({})).await;
    until("the operator to know all of it", async || {
        (scene.introspect(&good).await.json()["active"] == true && scene.check(&good, "").await.status == 200)
            .then_some(())
    })
    .await;
    Some(scene)
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await.expect("text"),
    }
}

impl Scene {
    /// An access token for the audience that is accepted, with these claims changed.
    async fn token(&self, user: Option<&str>, claims: Value) -> String {
        self.forged(user, claims, json!({}), SigningKey::Current).await
    }

    async fn forged(&self, user: Option<&str>, claims: Value, header: Value, key: SigningKey) -> String {
        let mut all = json!({ "aud": AUDIENCE, "scp": "access_as_user", "azp": "native", "nonce": null });
        all.as_object_mut().expect("an object").extend(claims.as_object().cloned().expect("an object"));
        self.provider.sign(user, "native", &Forgery { header, claims: all, key }).await.expect("a token")
    }

    fn url(&self, door: &str, path: &str) -> String {
        format!("{}{door}/{}/{}{path}", self.operator.public_url, self.directory.namespace, self.directory.name)
    }

    async fn ask(&self, secret: &str, form: &str) -> Answer {
        let request =
            http().post(self.url("/oauth2", "/introspect")).header("authorization", format!("Bearer {secret}"));
        read(request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())).await
    }

    async fn introspect(&self, token: &str) -> Answer {
        self.ask("secret-of-a-gateway", &format!("token={token}")).await
    }

    async fn userinfo(&self, token: &str) -> Answer {
        read(http().get(self.url("/oauth2", "/userinfo")).header("authorization", format!("Bearer {token}"))).await
    }

    async fn check(&self, token: &str, cookie: &str) -> Answer {
        let request = http().get(self.url("/check/forward", "/mcp")).header("authorization", format!("Bearer {token}"));
        read(request.header("cookie", cookie)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_while_its_person_has_access() {
    let Some(scene) = scene(json!({})).await else { return };
    let token = scene.token(Some(ADELE), json!({})).await;
    let answer = scene.introspect(&token).await;
    assert_eq!(answer.header("cache-control"), "no-store", "threat 43");
    let answer = answer.expect(200);
    let now = jiff::Timestamp::now().as_second();
    let expires = answer["exp"].as_i64().expect("a time");
    assert!((now + 50..=now + 60).contains(&expires), "threat 43: nobody keeps the answer for long: {answer}");
    for (name, expected) in [
        ("active", json!(true)),
        ("sub", json!(scene.adele)),
        ("username", json!(ADELE)),
        ("oid", json!(ADELE_ID)),
        ("tid", json!(scene.provider.tenant())),
        ("client_id", json!("native")),
        ("scope", json!("access_as_user")),
        ("groups", json!(["Wiki"])),
        ("user_type", json!("Premium")),
        ("aud", json!(AUDIENCE)),
    ] {
        assert_eq!(answer[name], expected, "{name}: {answer}");
    }
    let user = scene.userinfo(&token).await.expect(200);
    let expected = json!({
        "sub": scene.adele, "preferred_username": ADELE, "name": "Adele Vance", "groups": ["Wiki"], "user_type": "Premium",
    });
    assert_eq!(user, expected);
    let passed = scene.check(&token, "").await;
    assert_eq!((passed.status, passed.header("x-auth-request-uid")), (200, &*scene.adele));

    let path = format!("/Users/{}", scene.adele);
    scene.scim.patch(&path, json!([{ "op": "replace", "path": "active", "value": false }])).await.expect(200);
    assert_eq!(scene.introspect(&token).await.expect(200), json!({ "active": false }), "on the next request");
    assert_eq!(scene.userinfo(&token).await.status, 401);
    assert_eq!(scene.check(&token, "").await.status, 401);
    scene.scim.patch(&path, json!([{ "op": "replace", "path": "active", "value": true }])).await.expect(200);
    assert_eq!(scene.introspect(&token).await.expect(200)["active"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn threats_24_25_26_and_44_a_token_that_is_not_good_is_told_apart_from_no_other() {
    let Some(scene) = scene(json!({})).await else { return };
    let now = jiff::Timestamp::now().as_second();
    let adele = Some(ADELE);
    let cookie = {
        let object = scene.directory.get("directoryuser", &scene.adele).await.expect("the person");
        Seals::read(shared().await.plane).await.cookie(&object, "mcp")
    };
    let with = async |claims: Value| scene.token(adele, claims).await;
    let signed = async |key: SigningKey, header: Value| scene.forged(adele, json!({}), header, key).await;
    // The last is whether the check door takes the token for one of ours, and so judges it beside a session.
    for (name, token, is_ours) in [
        ("unsigned", signed(SigningKey::None, json!({})).await, true),
        ("a foreign key", signed(SigningKey::Foreign, json!({})).await, true),
        ("HS256 with the public key", signed(SigningKey::PublicKeyAsSecret, json!({})).await, true),
        ("no key id", signed(SigningKey::Current, json!({ "kid": null })).await, true),
        ("an unknown key id", signed(SigningKey::Current, json!({ "kid": "unknown" })).await, true),
        ("for the web client", with(json!({ "aud": "web" })).await, true),
        ("for Graph", with(json!({ "aud": "00000003-0000-0000-c000-000000000000" })).await, true),
        ("an ID token", with(json!({ "aud": "native", "scp": null })).await, true),
        ("without the scope", with(json!({ "scp": "other" })).await, true),
        ("about an application", with(json!({ "scp": null, "idtyp": "app", "roles": ["x"] })).await, true),
        ("over", with(json!({ "exp": now - 3_600, "iat": now - 7_200, "nbf": now - 7_200 })).await, true),
        ("of the future", with(json!({ "nbf": now + 3_600 })).await, true),
        ("of version 1.0", with(json!({ "ver": "1.0" })).await, true),
        ("of another tenant", with(json!({ "tid": "7b0cf7f3-0000-4000-8000-000000000000" })).await, true),
        ("of another issuer", with(json!({ "iss": "https://evil.example/v2.0" })).await, false),
        ("a claim of another type", with(json!({ "oid": 7 })).await, true),
        ("of nobody in the Directory", scene.token(Some(STRANGER), json!({})).await, true),
        ("no token", "nonsense".to_owned(), false),
    ] {
        let answer = scene.introspect(&token).await;
        assert_eq!((answer.status, &*answer.text), (200, r#"{"active":false}"#), "{name}");
        let answer = scene.userinfo(&token).await;
        let text = r#"{"error":"invalid_token","error_description":"the access token is not accepted"}"#;
        assert_eq!((answer.status, &*answer.text), (401, text), "{name}");
        assert_eq!(scene.check(&token, "").await.status, 401, "{name}: alone");
        let beside = scene.check(&token, &cookie).await.status;
        assert_eq!(beside, if is_ours { 401 } else { 200 }, "{name}: beside a session");
        assert!(!scene.operator.log().contains(&token), "{name}: threat 9: no token in the log");
    }
    let forms = [("", 400), ("token=a&token=b", 400), ("other=a", 400)];
    for (form, status) in forms {
        assert_eq!(scene.ask("secret-of-a-gateway", form).await.status, status, "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_key_of_the_scope_may_ask_and_it_may_do_nothing_else() {
    let Some(scene) = scene(json!({})).await else { return };
    let token = scene.token(Some(ADELE), json!({})).await;
    let form = format!("token={token}");
    let other = Directory::new().await;
    let gateway = scene.scim.authorized("Bearer secret-of-a-gateway");
    for (name, secret, status) in [
        ("no key of ours", "guessed", 401),
        ("a key of another Directory", &*other.secret, 401),
        ("a key of provisioning", &*scene.directory.secret, 403),
        ("the gateway's", "secret-of-a-gateway", 200),
    ] {
        assert_eq!(scene.ask(secret, &form).await.status, status, "threat 44: {name}");
    }
    let anonymous =
        http().post(scene.url("/oauth2", "/introspect")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(read(anonymous.body(form)).await.status, 401, "threat 44: nobody");
    let scim = gateway.get("/Users").await;
    assert_eq!(scim.status, 403, "a gateway's key opens no provisioning: {}", scim.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_of_the_native_app_is_taken_where_the_directory_says_so() {
    let Some(scene) = scene(json!({ "acceptIdTokens": true })).await else { return };
    let id_token = scene.token(Some(ADELE), json!({ "aud": "native", "azp": null, "scp": null })).await;
    assert_eq!(scene.introspect(&id_token).await.expect(200)["active"], true);
    let of_web = scene.token(Some(ADELE), json!({ "aud": "web", "azp": null, "scp": null })).await;
    assert_eq!(scene.introspect(&of_web).await.expect(200), json!({ "active": false }), "threat 25");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_learn_beforehand_what_they_need() {
    let Some(scene) = scene(json!({})).await else { return };
    let config = read(http().get(scene.url("/login", "/client-config"))).await.expect(200);
    let scopes = ["openid", "profile", "offline_access", "api://native/access_as_user"];
    let expected = json!({
        "authority": scene.provider.authority(), "client_id": "native", "redirect_uris": [], "scopes": scopes,
    });
    assert_eq!(config, expected);
    let metadata = http().get(scene.url("/app", "/mcp/oauth-protected-resource")).header("host", "mcp.contoso.example");
    let metadata = read(metadata).await.expect(200);
    assert_eq!(metadata["resource"], "https://mcp.contoso.example");
    assert_eq!(metadata["authorization_servers"], json!([scene.provider.issuer()]));
    assert_eq!(read(http().get(scene.url("/app", "/nothing/oauth-protected-resource"))).await.status, 404);
    let refused = read(http().get(scene.url("/check/envoy", "/mcp/x")).header("host", "mcp.contoso.example")).await;
    let challenge = refused.header("www-authenticate").to_owned();
    let document = "resource_metadata=\"https://mcp.contoso.example/.well-known/oauth-protected-resource\"";
    assert!(refused.status == 401 && challenge.ends_with(document), "{challenge}");
    let keys = read(http().get(scene.url("/oauth2", "/jwks"))).await.expect(200);
    // One key, and a previous and a next one where somebody rotates the root key.
    let keys = keys["keys"].as_array().expect("a list of keys");
    assert!((1..=3).contains(&keys.len()), "{keys:?}");
    assert!(keys.iter().all(|key| key["crv"] == "Ed25519" && key.get("d").is_none()), "public halves alone: {keys:?}");
}
