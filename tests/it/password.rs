//! Accounts with a password of ours: invitations, logging in, changing the password, and what does not work.

use serde_json::json;

use crate::support::built_in::{BuiltIn, PASSWORD, Visitor, token_of};
use crate::support::until;

const NEW_PASSWORD: &str = "gravel-moon-canoe-0815";

#[tokio::test(flavor = "multi_thread")]
async fn threat_50_an_invited_person_sets_a_password_once_and_logs_in() {
    let people = BuiltIn::new().await;
    let id = people.person("ada", None).await;
    let link = people.invite(&id).await;
    let mut visitor = Visitor::new(&people);
    let page = visitor.open(&link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Choose a password") && page.text.contains("Contoso &#38; Partners"), "{}", page.text);
    for (new, again, expected) in [
        ("short", "short", "too short"),
        (PASSWORD, "something else", "not the same"),
        ("Password1234!", "Password1234!", "guessed first"),
    ] {
        let answer = visitor.submit(&link, &[("new", new), ("again", again)]).await;
        assert_eq!(answer.status, 422, "{new}");
        assert!(answer.text.contains(expected), "{new}: {}", answer.text);
    }
    let answer = visitor.submit(&link, &[("new", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    for path in [link.as_str(), &link.replace("token=", "token=A"), &link.replace(&id, "nobody")] {
        assert_eq!(visitor.open(path).await.status, 410, "{path}");
    }
    until("the Secret of the link is gone", async || {
        people.directory.get("secret", &format!("{id}-invitation")).await.is_none().then_some(())
    })
    .await;

    assert!(!visitor.is_signed_in().await);
    let answer = visitor.log_in("ada", "a wrong password").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    let nobody = Visitor::new(&people).log_in("nobody", "a wrong password").await;
    let without_token = |text: &str| text.replace(&token_of(text), "");
    assert_eq!(without_token(&answer.text), without_token(&nobody.text), "nothing tells whether a name is somebody's");
    let answer = visitor.log_in("ada", PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(answer.header("location").ends_with(&people.path("portal", "")), "{}", answer.header("location"));
    let portal = visitor.open(&people.path("portal", "")).await;
    assert_eq!(portal.status, 200, "{}", portal.text);
    assert!(portal.text.contains("You are signed in as ada of Contoso"), "{}", portal.text);

    let token = link.split("token=").nth(1).expect("a token");
    let (object, log) = (people.object(&id).await.to_string(), people.operator.log());
    for secret in [token, PASSWORD, "argon2id"] {
        assert!(!object.contains(secret) && !log.contains(secret), "{secret} stands where it must not");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_session_of_the_person() {
    let people = BuiltIn::new().await;
    let id = people.person("bob", None).await;
    people.give_password(&id).await;
    let (mut here, mut elsewhere) = (people.logged_in("bob").await, people.logged_in("bob").await);
    let page = people.path("login", "/change-password");
    let wrong = [("password", "a wrong password"), ("new", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    assert_eq!(here.submit(&page, &wrong).await.status, 403);
    let right = [("password", PASSWORD), ("new", NEW_PASSWORD), ("again", NEW_PASSWORD)];
    let answer = here.submit(&page, &right).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    until("the other session is over", async || (!elsewhere.is_signed_in().await).then_some(())).await;
    assert_eq!(Visitor::new(&people).log_in("bob", PASSWORD).await.status, 403);
    assert_eq!(Visitor::new(&people).log_in("bob", NEW_PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_49_wrong_passwords_make_a_person_wait() {
    let people = BuiltIn::new().await;
    let id = people.person("cid", None).await;
    people.give_password(&id).await;
    for _ in 0..5 {
        assert_eq!(Visitor::new(&people).log_in("cid", "a wrong password").await.status, 403);
    }
    let answer = Visitor::new(&people).log_in("cid", PASSWORD).await;
    assert_eq!(answer.status, 429, "{}", answer.text);
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=10).contains(&seconds), "{seconds}");
    let secret = people.directory.get("secret", &format!("{id}-password")).await.expect("the Secret");
    let told = secret["metadata"]["annotations"]["rollcall.dev/failed-logins"].as_str().expect("other replicas know");
    assert!(told.starts_with("5 "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_or_browser_logs_nobody_in() {
    let people = BuiltIn::new().await;
    let id = people.person("dan", None).await;
    people.give_password(&id).await;
    let (page, user_name) = (people.path("login", "/password"), people.user_name("dan"));
    let mut visitor = Visitor::new(&people);
    let token = token_of(&visitor.open(&page).await.text);
    let fields = |token| [("userName", user_name.as_str()), ("password", PASSWORD), ("form", token)];
    assert_eq!(visitor.post(&page, "cross-site", &fields(&token)).await.status, 403, "another site");
    assert_eq!(visitor.post(&page, "same-origin", &fields("")).await.status, 403, "no token");
    let mut other = Visitor::new(&people);
    other.open(&page).await;
    assert_eq!(other.post(&page, "same-origin", &fields(&token)).await.status, 403, "another browser's token");
    assert_eq!(visitor.post(&page, "same-origin", &fields(&token)).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_opens_nothing_for_whoever_logs_in_another_way_or_is_kept_out() {
    let people = BuiltIn::new().await;
    let id = people.person("eve", None).await;
    people.give_password(&id).await;
    let mut visitor = people.logged_in("eve").await;
    assert!(visitor.is_signed_in().await);
    people.patch(&id, json!({ "loginMethod": "OpenIDConnect" })).await;
    until("the session is over", async || (!visitor.is_signed_in().await).then_some(())).await;
    assert_eq!(Visitor::new(&people).log_in("eve", PASSWORD).await.status, 403);
    people.patch(&id, json!({ "loginMethod": null, "suspended": true })).await;
    assert_eq!(Visitor::new(&people).log_in("eve", PASSWORD).await.status, 403);
    people.patch(&id, json!({ "suspended": false })).await;
    assert_eq!(Visitor::new(&people).log_in("eve", PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_built_in_accounts_there_is_no_form() {
    let people = BuiltIn::new().await;
    let login = json!({ "login": { "method": "Disabled", "builtIn": { "enabled": true } } });
    people.directory.apply_directory(login).await;
    let mut visitor = Visitor::new(&people);
    let page = people.path("login", "/password");
    until("the form is closed", async || (visitor.open(&page).await.status == 403).then_some(())).await;
}
