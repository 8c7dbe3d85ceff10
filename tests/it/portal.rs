//! The portal: one's own page, the roll for administrators, and the switch that suspends a person.

use serde_json::json;

use crate::support::built_in::{BuiltIn, PASSWORD, Visitor, token_of};
use crate::support::until;

/// A Directory with somebody of each role who can log in; returns it and their ids in the order of `ROLES`.
async fn company() -> (BuiltIn, Vec<String>) {
    let people = BuiltIn::new().await;
    let mut ids = Vec::new();
    for (name, role) in ROLES {
        let id = people.person(name, role).await;
        people.give_password(&id).await;
        ids.push(id);
    }
    (people, ids)
}

const ROLES: [(&str, Option<&str>); 4] =
    [("ella", Some("EnterpriseAdmin")), ("amir", Some("Admin")), ("uma", Some("User")), ("nora", None)];

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_the_roll_and_nobody_else_does() {
    let (people, _) = company().await;
    let (portal, roll) = (people.path("portal", ""), people.path("portal", "/people"));
    let stranger = Visitor::new(&people).open(&roll).await;
    assert_eq!(stranger.status, 303, "{}", stranger.text);
    assert!(stranger.header("location").contains("/login/"), "{}", stranger.header("location"));
    for (name, sees) in [("ella", true), ("amir", true), ("uma", false), ("nora", false)] {
        let mut visitor = people.logged_in(name).await;
        let own = visitor.open(&portal).await;
        assert!(own.text.contains(&format!("You are signed in as {name} of Contoso")), "{}", own.text);
        assert_eq!(own.text.contains("People</a>"), sees, "{name}: the way to the roll");
        let answer = visitor.open(&roll).await;
        assert_eq!(answer.status, if sees { 200 } else { 403 }, "{name}: {}", answer.text);
        assert_eq!(answer.text.contains("uma of Contoso"), sees, "{name}");
        for (header, expected) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
            assert_eq!(answer.header(header), expected, "{name}");
        }
    }
    let mut ella = people.logged_in("ella").await;
    let found = ella.open(&format!("{roll}?q=UMA")).await;
    assert!(found.text.contains("One person was found") && !found.text.contains("amir of"), "{}", found.text);
    let hostile = ella.open(&format!("{roll}?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")).await;
    assert!(hostile.text.contains("Nobody was found") && !hostile.text.contains("<script"), "{}", hostile.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_in_the_portal_ends_every_session_until_somebody_lifts_it() {
    let (people, ids) = company().await;
    let (id, page) = (&ids[2], people.path("portal", &format!("/people/{}/suspension", ids[2])));
    let (mut amir, mut uma) = (people.logged_in("amir").await, people.logged_in("uma").await);
    assert!(uma.is_signed_in().await);
    let answer = amir.submit(&page, &[("suspended", "true"), ("reason", " lost the laptop ")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    until("the session of uma is over", async || (!uma.is_signed_in().await).then_some(())).await;
    assert_eq!(Visitor::new(&people).log_in("uma", PASSWORD).await.status, 403);
    let spec = people.object(id).await["spec"].clone();
    assert_eq!(spec["portalSuspension"]["by"], ids[1].as_str());
    assert_eq!(spec["portalSuspension"]["reason"], "lost the laptop");
    assert!(spec["suspended"].is_null(), "that field belongs to the people of the cluster");
    let asked = amir.open(&page).await;
    assert!(asked.text.contains("Lift the suspension?") && asked.text.contains("lost the laptop"), "{}", asked.text);
    let answer = amir.submit(&page, &[("suspended", "false")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(people.object(id).await["spec"]["portalSuspension"].is_null());
    until("uma can log in again", async || {
        (Visitor::new(&people).log_in("uma", PASSWORD).await.status == 303).then_some(())
    })
    .await;
    assert!(!uma.is_signed_in().await, "the old session stays over");
    assert!(people.operator.log().contains("suspension lifted"), "the audit log tells it");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_is_held_to_roles_and_to_our_own_forms() {
    let (people, ids) = company().await;
    let page = |person: usize| people.path("portal", &format!("/people/{}/suspension", ids[person]));
    let mut amir = people.logged_in("amir").await;
    let token = token_of(&amir.open(&page(2)).await.text);
    let suspend = |token| [("suspended", "true"), ("form", token)];
    for (name, path, site, token, expected) in [
        ("a higher role", page(0), "same-origin", token.as_str(), 403),
        ("oneself", page(1), "same-origin", &token, 403),
        ("another site", page(2), "cross-site", &token, 403),
        ("no token", page(2), "same-origin", "", 403),
        ("nobody", people.path("portal", "/people/nobody-1/suspension"), "same-origin", &token, 404),
    ] {
        let answer = amir.post(&path, site, &suspend(token)).await;
        assert_eq!(answer.status, expected, "{name}: {}", answer.text);
    }
    let mut uma = people.logged_in("uma").await;
    assert_eq!(uma.post(&page(3), "same-origin", &suspend(&token)).await.status, 403, "no administrator");
    for id in &ids {
        assert_eq!(people.object(id).await["spec"]["portalSuspension"], json!(null), "{id}");
    }
    let answer = amir.post(&page(2), "same-origin", &suspend(&token)).await;
    assert_eq!(answer.status, 303, "the token itself is good: {}", answer.text);
}
