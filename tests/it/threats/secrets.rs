//! Secrets that travel through a login, searched for wherever they must not stand.

use control_plane::entra::{Forgery, SigningKey};
use serde_json::{Value, json};

use super::{OUR_HOST, WIKI, callback, parameter};
use crate::support::Directory;
use crate::support::built_in::{BuiltIn, PASSWORD, Visitor, token_of};
use crate::support::client::http;
use crate::support::login::{Browser, Company};

/// All that anybody may read of a namespace beside its Secrets: our kinds with their statuses, Events, and what a controller
/// could have written elsewhere.
async fn cluster(directory: &Directory) -> String {
    let kinds = "directories,directorykeys,directoryusers,directorygroups,directoryclaims,directoryapplications,directoryreports,\
                 events,events.events.k8s.io,configmaps,leases";
    directory.kubectl(&["get", kinds, "-o", "json"]).await.expect("kubectl get")
}

#[track_caller]
fn nowhere(secrets: &[(&str, String)], places: &[(&str, String)]) {
    for (name, secret) in secrets {
        assert!(secret.len() >= 16, "{name} is no secret: {secret:?}");
        for (place, text) in places {
            assert!(text.len() > 100, "{place} is empty");
            let found = text.find(secret.as_str()).map(|at| &text[at.saturating_sub(300)..at]);
            assert!(found.is_none(), "{name} stands in {place} after {}", found.unwrap_or_default());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_9_no_secret_of_a_login_stands_in_a_log_a_metric_an_object_or_an_event() {
    let Some(company) = Company::new().await else { return };
    let (id, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    let back = callback(&company, &mut browser, &ada).await;
    let begin = browser.open(&back).await.header("location").to_owned();
    let login = browser.open(&begin).await.header("location").to_owned();
    let ticket = browser.open(&login).await.header("location").to_owned();
    assert_eq!(browser.open(&ticket).await.header("location"), super::DEEP_LINK);
    let (namespace, directory) = (&company.directory.namespace, &company.directory.name);
    let cookie = |host: &str| browser.session(host).map(|(_, value)| value.to_owned()).expect("a session");
    let mut secrets = vec![
        ("the code", parameter(&back, "code")),
        ("the state", parameter(&back, "state")),
        ("what asks for a ticket", parameter(&begin, "begin")),
        ("the name of the browser", parameter(&login, "browser")),
        ("the ticket", parameter(&ticket, "ticket")),
        ("the cookie at our host", cookie(OUR_HOST)),
        ("the cookie at the application", cookie(WIKI)),
        ("the binding at our host", browser.cookies[OUR_HOST]["__Host-rollcall-login"].clone()),
        ("the binding at the application", browser.cookies[WIKI]["__Host-rollcall-login"].clone()),
        ("the client secret", "secret-of-the-registration".to_owned()),
        ("the key of provisioning", company.directory.secret.clone()),
    ];

    let forgery = Forgery { header: json!({}), claims: json!({ "aud": "api://x" }), key: SigningKey::Current };
    let token = company.site.provider.sign(Some(&ada), namespace, &forgery).await.expect("a token");
    let replica = &company.site.replicas[0];
    let wiki = format!("{}={}", browser.session(WIKI).expect("a session").0, cookie(WIKI));
    let mut assertion = String::new();
    for (authorization, path) in [
        (None, format!("/check/forward/{namespace}/{directory}/wiki")),
        (Some(&token), format!("/check/forward/{namespace}/{directory}/wiki")),
        (Some(&token), format!("/oauth2/{namespace}/{directory}/userinfo")),
        (Some(&token), format!("/oauth2/{namespace}/{directory}/userinfo?access_token={token}")),
    ] {
        let mut asked = http().get(format!("{}{path}", replica.public_url)).header("cookie", &wiki);
        if let Some(token) = authorization {
            asked = asked.header("authorization", format!("Bearer {token}"));
        }
        let answer = asked.send().await.expect("an answer");
        let told = answer.headers().get("x-rollcall-assertion").and_then(|told| told.to_str().ok());
        assertion = told.map(str::to_owned).filter(|told| !told.is_empty()).unwrap_or(assertion);
    }
    secrets.push(("the token of the provider", token));
    secrets.push(("the assertion", assertion));

    // Failures say more than successes do.
    browser.open(&back).await;
    Browser::new(&company, 1).open(&back).await;
    Browser::new(&company, 1).open(&ticket).await;
    browser.open(&format!("{}?error=x&error_description={}", back, parameter(&back, "code"))).await;
    let sign_out = format!("https://{WIKI}/.rollcall/sign-out");
    let answer = browser.send("POST", &sign_out, &[("origin", "https://wiki.contoso.example")], None).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let inactive = json!([{ "op": "replace", "path": "active", "value": false }]);
    company.scim.patch(&format!("/Users/{id}"), inactive).await.expect(200);

    let [one, other] = &company.site.replicas;
    let places = [
        ("the log", one.log()),
        ("the log of the other replica", other.log()),
        ("the metrics", one.metrics().await),
        ("the cluster", cluster(&company.directory).await),
    ];
    let audit: Vec<Value> = one
        .log()
        .lines()
        .filter(|line| line.contains("\"audit\"") && line.contains(namespace.as_str()))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for message in ["login", "signed out"] {
        assert!(audit.iter().any(|line| line["message"] == message), "no audit line {message}: {audit:?}");
    }
    nowhere(&secrets, &places);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_9_no_password_invitation_or_form_stands_in_a_log_a_metric_an_object_or_an_event() {
    let people = BuiltIn::new().await;
    let id = people.person("ada", None).await;
    let link = people.invite(&id).await;
    let mut visitor = Visitor::new(&people);
    let form = token_of(&visitor.open(&link).await.text);
    let answer = visitor.submit(&link, &[("new", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    visitor.open(&link).await;
    let wrong = "a-wrong-password-0815";
    assert_eq!(visitor.log_in("ada", wrong).await.status, 403);
    // People type their password where their name belongs.
    assert_eq!(visitor.log_in("tide-lamp-orbit-4711-as-a-name", wrong).await.status, 403);
    assert_eq!(visitor.log_in("ada", PASSWORD).await.status, 303);
    let secret = people.directory.get("secret", &format!("{id}-password")).await.expect("the Secret");
    assert!(!secret.to_string().contains(PASSWORD), "not even there");
    let secrets = [
        ("the password", PASSWORD.to_owned()),
        ("the wrong password", wrong.to_owned()),
        ("the invitation", link.split("token=").nth(1).expect("a token").to_owned()),
        ("the token of the form", form),
    ];
    let places = [
        ("the log", people.operator.log()),
        ("the metrics", people.operator.metrics().await),
        ("the cluster", cluster(&people.directory).await),
    ];
    nowhere(&secrets, &places);
    let object = people.object(&id).await.to_string();
    assert!(!object.contains("argon2id"), "the hash is in the Secret alone: {object}");
}
