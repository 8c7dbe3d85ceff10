//! Attacks on the hand-over of a session to the host of an application.

use serde_json::json;

use super::{OUR_HOST, WIKI, changed, parameter};
use crate::support::cluster::apply;
use crate::support::login::{Browser, Company};
use crate::support::until;

/// The addresses of a hand-over to the wiki in a browser that is logged in: the one that asks for a ticket, and the one with it.
async fn hand_over(company: &Company, browser: &mut Browser<'_>) -> (String, String) {
    let begin = browser.open(&company.start_at("wiki", None)).await.header("location").to_owned();
    assert!(begin.starts_with(&format!("https://{WIKI}/.rollcall/session?begin=")), "{begin}");
    let login = browser.open(&begin).await.header("location").to_owned();
    let ticket = browser.open(&login).await.header("location").to_owned();
    assert!(ticket.starts_with(&format!("https://{WIKI}/.rollcall/session?ticket=")), "{ticket}");
    (begin, ticket)
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_28_a_ticket_logs_no_other_browser_in() {
    let Some(company) = Company::new().await else { return };
    let (_, mallory, _) = company.person("mallory").await;
    let (_, ada, _) = company.person("ada").await;
    let mut attacker = Browser::new(&company, 0);
    attacker.log_in(&mallory).await;
    let (begin, ticket) = hand_over(&company, &mut attacker).await;

    let mut stranger = Browser::new(&company, 0);
    let page = stranger.open(&ticket).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert!(page.text.contains("begun in another browser") && page.text.contains("/login/"), "{}", page.text);
    assert!(stranger.session(WIKI).is_none());

    let mut victim = Browser::new(&company, 1);
    victim.log_in(&ada).await;
    let own = victim.session(WIKI).map(|(_, value)| value.to_owned()).expect("a session");
    assert_eq!(victim.open(&ticket).await.status, 400, "with a cookie of its own");
    assert_eq!(victim.session(WIKI).expect("the session").1, own, "the victim's session stays");

    // What asks for a ticket can be shown to anybody: who follows it goes on with the own session.
    let login = victim.open(&begin).await.header("location").to_owned();
    let of_victim = victim.open(&login).await.header("location").to_owned();
    assert_eq!(attacker.open(&of_victim).await.status, 400, "a ticket of the victim that the attacker has read");
    // The victim is made to get a ticket for the attacker's browser, and cannot use it.
    let for_attacker = attacker.open(&begin).await.header("location").to_owned();
    let lent = victim.open(&for_attacker).await.header("location").to_owned();
    assert_eq!(victim.open(&lent).await.status, 400, "a ticket for the browser that is named in the address");

    assert_eq!(attacker.open(&ticket).await.status, 303, "its own browser");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_29_a_ticket_is_good_for_one_application_host_and_directory_and_in_no_other_form() {
    let (Some(company), Some(other)) = (Company::new().await, Company::new().await) else { return };
    company.apply_application("lab", "lab.contoso.example").await;
    let hosts = ["wiki.contoso.example", "wiki.fabrikam.example"];
    let spec = json!({ "directoryRef": { "name": company.directory.name }, "hosts": hosts });
    apply(&company.directory.object("DirectoryApplication", "wiki", spec)).await;
    let second = "https://wiki.fabrikam.example/";
    until("the operator to know the second host and application", async || {
        let mut browser = Browser::new(&company, 0);
        let known = browser.open(&company.start_at("wiki", Some(second))).await.status == 303;
        (known && browser.open(&company.start_at("lab", None)).await.status == 303).then_some(())
    })
    .await;
    let (_, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&ada).await;
    let (begin, ticket) = hand_over(&company, &mut browser).await;
    let (asking, sealed) = (parameter(&begin, "begin"), parameter(&ticket, "ticket"));
    // The cookie that binds the ticket is the same one at every host of this browser, so it is not what refuses.
    let binding = browser.cookies[WIKI].clone();
    for host in ["wiki.fabrikam.example", "lab.contoso.example"] {
        browser.cookies.insert(host.to_owned(), binding.clone());
    }
    let at = |query: &str| format!("https://{WIKI}/.rollcall/session?{query}");
    for (name, url) in [
        ("another host of the application", ticket.replace(WIKI, "wiki.fabrikam.example")),
        ("another application", ticket.replace(WIKI, "lab.contoso.example")),
        ("the same at another application", begin.replace(WIKI, "lab.contoso.example")),
        ("what asks for a ticket is none", at(&format!("ticket={asking}"))),
        ("a ticket asks for none", at(&format!("begin={sealed}"))),
        ("two tickets", at(&format!("ticket={sealed}&ticket={sealed}"))),
        ("both", at(&format!("ticket={sealed}&begin={asking}"))),
        ("neither", at("")),
        ("a cookie is no ticket", at(&format!("ticket={}", browser.session(OUR_HOST).expect("a session").1))),
        ("garbage", at("ticket=%00%ff")),
        ("a long one", at(&format!("ticket={}", "A".repeat(8_000)))),
    ] {
        let mut asking = browser.copied_to(1);
        asking.cookies.get_mut(WIKI).expect("cookies").retain(|name, _| !name.contains("session"));
        let answer = asking.open(&url).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        assert!(answer.header("set-cookie").is_empty(), "{name}");
    }
    let mut elsewhere = Browser::new(&other, 0);
    elsewhere.cookies.insert(WIKI.to_owned(), binding);
    assert_eq!(elsewhere.open(&ticket).await.status, 400, "another Directory");
    for changed in changed(&sealed) {
        assert_eq!(browser.open(&at(&format!("ticket={changed}"))).await.status, 400, "{changed}");
    }
    assert_eq!(browser.open(&ticket).await.status, 303, "as it was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_30_a_ticket_of_a_session_that_is_over_opens_nothing() {
    let Some(company) = Company::new().await else { return };
    let (id, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&ada).await;
    let (_, ticket) = hand_over(&company, &mut browser).await;
    let inactive = json!([{ "op": "replace", "path": "active", "value": false }]);
    company.scim.patch(&format!("/Users/{id}"), inactive).await.expect(200);
    browser.cookies.get_mut(WIKI).expect("cookies").retain(|name, _| !name.contains("session"));
    assert_eq!(browser.open(&ticket).await.status, 400);
    assert!(browser.session(WIKI).is_none());
}
