//! People log in at their provider, over HTTP and on two replicas, and are out at once when they are to be out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use control_plane::entra::{Fault, Place};
use futures::future::join_all;
use rollcall::login::root_keys::RootKeys;
use rollcall::login::sealing::{Purpose, Use};
use rollcall::login::session::Session;
use serde_json::{Value, json};

use crate::support::built_in::token_of;
use crate::support::client::Answer;
use crate::support::cluster::{self, kubectl};
use crate::support::login::{Browser, Company, End, PUBLIC_URL, encoded, own_site};
use crate::support::until;
use crate::support::wait::{JANITOR_DEADLINE, within};

const OUR_HOST: &str = "login.contoso.example";
const WIKI: &str = "wiki.contoso.example";
const DEEP_LINK: &str = "https://wiki.contoso.example/My%20Page?q=a%20b%0A%5C%26&next=https://evil.example/";

/// The root keys of the operator, which an administrator may read.
async fn keys() -> RootKeys {
    let secret = kubectl(&["-n", cluster::NAMESPACE, "get", "secret", "rollcall-login-keys", "-o", "json"], None).await;
    let secret: Value = serde_json::from_str(&secret.expect("the Secret")).expect("JSON");
    let entries: BTreeMap<_, _> = secret["data"].as_object().expect("entries").iter().collect();
    let decode = |(name, value): (&String, &Value)| {
        (name.clone(), BASE64_STANDARD.decode(value.as_str().expect("text")).expect("Base64"))
    };
    RootKeys::of(&entries.into_iter().map(decode).collect()).expect("keys")
}

/// The session that a browser has at our own host.
async fn session(company: &Company, browser: &Browser<'_>) -> Session {
    let (_, sealed) = browser.session(OUR_HOST).expect("a session");
    let (namespace, directory) = (&company.directory.namespace, &company.directory.name);
    let opened = keys().await.open(&Use { purpose: Purpose::Session, namespace, directory, scope: "" }, sealed);
    Session::of_bytes(&opened.expect("a session of ours")).expect("a session")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_and_comes_to_the_page_that_was_asked_for() {
    let Some(company) = Company::new().await else { return };
    let (id, upn, oid) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    let end = browser.follow(&company.start_at("wiki", Some(DEEP_LINK)), Some(&upn.to_uppercase())).await;
    assert_eq!(end.application(), DEEP_LINK, "the deep link comes back as it was");

    let link = &company.object(&id).await["spec"]["link"];
    assert_eq!((&link["objectID"], &link["tenantID"]), (&json!(oid), &json!(company.site.provider.tenant())));
    assert_eq!(link["by"], "upn");
    for host in [OUR_HOST, WIKI] {
        let (name, value) = browser.session(host).expect("a session");
        assert!(name.len() + value.len() < 500, "{host}: {} bytes", name.len() + value.len());
    }
    assert_ne!(browser.session(OUR_HOST), browser.session(WIKI), "each host has a cookie of its own");
    for replica in 0..2 {
        let mut copy = browser.copied_to(replica);
        assert!(copy.is_signed_in().await, "replica {replica}");
        let end = copy.follow(&company.start_at("wiki", Some(DEEP_LINK)), None).await;
        assert_eq!(end.application(), DEEP_LINK, "the second login asks nobody");
    }
    let log = company.site.replicas[0].log();
    let mut lines = log.lines().filter(|line| line.contains("\"audit\"") && line.contains(&id));
    let line = lines.find(|line| line.contains("\"action\":\"login\"")).expect("an audit line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    let told = (&line["message"], &line["application"], &line["way"], &line["joined_by"]);
    assert_eq!(told, (&json!("login"), &json!("wiki"), &json!("OpenIDConnect"), &json!("upn")));
    assert!(!line.to_string().contains(&upn), "nobody is named: {line}");
    let metrics = company.site.replicas[0].metrics().await;
    let counted = format!(
        "namespace=\"{}\",directory=\"staff\",method=\"OpenIDConnect\",result=\"Granted\"",
        company.directory.namespace
    );
    assert!(metrics.contains(&counted), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_30_a_deactivation_ends_every_session_and_a_reactivation_brings_none_back() {
    let Some(company) = Company::new().await else { return };
    let (id, upn, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&upn).await;
    let mut elsewhere = browser.copied_to(1);
    assert!(elsewhere.is_signed_in().await);
    let active = |active: &str| json!([{ "op": "Replace", "path": "active", "value": active }]);
    company.scim.patch(&format!("/Users/{id}"), active("False")).await.expect(200);
    assert!(!browser.is_signed_in().await, "the replica that was told knows at once");
    until("the other replica to know", async || (!elsewhere.is_signed_in().await).then_some(())).await;
    let page = browser.follow(&company.start_at("wiki", None), Some(&upn)).await.page();
    assert_eq!(page.status, 403);
    assert!(page.text.contains("has been deactivated"), "{}", page.text);
    company.scim.patch(&format!("/Users/{id}"), active("True")).await.expect(200);
    until("the person to get in again", async || {
        let end = Browser::new(&company, 1).follow(&company.start_at("wiki", None), Some(&upn)).await;
        matches!(end, End::Application(_)).then_some(())
    })
    .await;
    assert!(!browser.is_signed_in().await && !elsewhere.is_signed_in().await, "older sessions stay dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_cookie_is_dead_after_the_sign_out() {
    let Some(company) = Company::new().await else { return };
    let (id, upn, _) = company.person("ada").await;
    let (mut browser, mut phone) = (Browser::new(&company, 0), Browser::new(&company, 0));
    browser.log_in(&upn).await;
    phone.log_in(&upn).await;
    let (mut copy, mut copy_elsewhere) = (browser.copied_to(0), browser.copied_to(1));
    assert!(copy.is_signed_in().await && copy_elsewhere.is_signed_in().await);

    let sign_out = format!("https://{WIKI}/.rollcall/sign-out");
    for (name, headers) in [
        ("another site", &[("sec-fetch-site", "cross-site")][..]),
        ("a sibling", &[("sec-fetch-site", "same-site"), ("origin", "https://wiki.contoso.example")]),
        ("another origin", &[("origin", "https://evil.example")]),
        ("nobody", &[]),
    ] {
        assert_eq!(browser.send("POST", &sign_out, headers, None).await.status, 403, "{name}");
    }
    assert!(browser.is_signed_in().await);
    let answer = browser.send("POST", &sign_out, &[("origin", "https://wiki.contoso.example")], None).await;
    assert_eq!((answer.status, answer.header("location")), (303, company.login_page("/signed-out").as_str()));
    assert!(browser.session(WIKI).is_none(), "the browser forgets it");
    assert!(!copy.is_signed_in().await, "a copy at our own host, at the same replica");
    until("the copy to be dead on the other replica", async || (!copy_elsewhere.is_signed_in().await).then_some(()))
        .await;
    assert!(phone.is_signed_in().await, "the other session goes on");
    let object = company.object(&id).await;
    assert_eq!(object["spec"]["endedSessions"].as_array().map(Vec::len), Some(1), "{object}");

    let page = browser.open(&company.login_page("/signed-out")).await;
    assert!(page.status == 200 && page.text.contains("You are signed out"), "{}", page.text);
    let answer = browser.open(&company.start_at("wiki", None)).await;
    assert!(answer.header("location").contains("prompt=select_account"), "{}", answer.header("location"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_all_sessions_and_takes_a_form_of_ours() {
    let Some(company) = Company::new().await else { return };
    let (_, upn, _) = company.person("ada").await;
    let (mut browser, mut phone) = (Browser::new(&company, 0), Browser::new(&company, 0));
    browser.log_in(&upn).await;
    phone.log_in(&upn).await;
    // The token stands in the form on one's own page.
    let portal = format!("{PUBLIC_URL}/portal/{}/{}", company.directory.namespace, company.directory.name);
    let (own, foreign) = (token_of(&browser.open(&portal).await.text), token_of(&phone.open(&portal).await.text));
    let everywhere = company.login_page("/sign-out-everywhere");
    let ours = ("sec-fetch-site", "same-origin");
    for (name, headers, body) in [
        ("no token", &[ours][..], String::new()),
        ("the token of another session", &[ours], format!("form={foreign}")),
        ("another site", &[("sec-fetch-site", "cross-site")], format!("form={own}")),
        ("no origin", &[], format!("form={own}")),
    ] {
        let answer = browser.send("POST", &everywhere, headers, Some(body)).await;
        assert_eq!(answer.status, 403, "{name}: {}", answer.text);
    }
    assert!(browser.is_signed_in().await && phone.is_signed_in().await);
    let answer = browser.send("POST", &everywhere, &[ours], Some(format!("form={own}"))).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.header("location");
    assert!(location.starts_with(company.site.provider.origin()), "the provider's session ends as well: {location}");
    let back = encoded(&company.login_page("/signed-out"));
    assert!(location.contains(&back), "{location}");
    assert!(browser.session(OUR_HOST).is_none());
    assert!(!phone.is_signed_in().await, "the other session is over");
    let page = browser.open(&company.login_page("/signed-out")).await;
    assert!(page.text.contains("All your sessions are over"), "{}", page.text);
    assert_eq!(browser.send("POST", &everywhere, &[ours], None).await.status, 303, "twice is no mistake");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_28_a_login_belongs_to_the_browser_that_began_it() {
    let Some(company) = Company::new().await else { return };
    let (_, upn, _) = company.person("ada").await;
    let mut attacker = Browser::new(&company, 0);
    let start = company.start_at("wiki", Some(DEEP_LINK));
    let answer = attacker.open(&start).await;
    let visit = company.site.provider.visit(answer.header("location"), Some(&upn), "attacker").await.expect("a visit");
    let control_plane::entra::Visit::Left(callback) = visit else { panic!("{visit:?}") };

    let mut victim = Browser::new(&company, 0);
    let page = victim.open(&callback).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert!(page.text.contains("begun in another browser") && page.text.contains("/login/"), "{}", page.text);
    assert!(victim.session(OUR_HOST).is_none());
    victim.open(&start).await;
    assert_eq!(victim.open(&callback).await.status, 400, "with a cookie of its own");
    let other = callback.replace(&format!("/{}/", company.directory.namespace), "/default/");
    assert_eq!(attacker.open(&other).await.status, 404, "at a Directory that is not there");

    assert_eq!(attacker.follow(&callback, None).await.application(), DEEP_LINK, "its own browser gets in");
    let again = attacker.follow(&callback, None).await;
    assert_eq!(again.application(), DEEP_LINK, "the back button: a used state sends whoever is in onward");
    attacker.cookies.get_mut(OUR_HOST).expect("cookies").retain(|name, _| !name.contains("session"));
    let page = attacker.open(&callback).await;
    assert_eq!(page.status, 400, "a used state without a session starts anew: {}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn tabs_of_one_browser_do_not_lose_their_logins_to_one_another() {
    let Some(company) = Company::new().await else { return };
    let (_, upn, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    let pages = ["https://wiki.contoso.example/1", "https://wiki.contoso.example/2", "https://wiki.contoso.example/3"];
    let mut callbacks = Vec::new();
    for page in pages {
        let answer = browser.open(&company.start_at("wiki", Some(page))).await;
        let visit = company.site.provider.visit(answer.header("location"), Some(&upn), &page[page.len() - 1..]).await;
        let Ok(control_plane::entra::Visit::Left(callback)) = visit else { panic!("{visit:?}") };
        callbacks.push(callback);
    }
    for (page, callback) in pages.iter().zip(&callbacks).rev() {
        assert_eq!(browser.follow(callback, None).await.application(), *page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_people_of_the_directory_get_in_and_are_told_why_not() {
    let Some(company) = Company::new().await else { return };
    let domain = format!("{}.example", company.directory.namespace);
    let scim = async |name: &str, more: Value| {
        let mut user = json!({ "userName": format!("{name}@{domain}"), "active": true });
        user.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        company.scim.create(&user).await
    };
    let stranger = format!("stranger@{domain}");
    company.account(&stranger, json!({})).await;
    let ada = scim("ada", json!({ "emails": [{ "value": format!("adele@{domain}"), "type": "work" }] })).await;
    let adele = format!("eve@{domain}");
    company
        .account(&adele, json!({ "email": format!("ada@{domain}"), "preferred_username": format!("ada@{domain}") }))
        .await;
    let reused = format!("bob@{domain}");
    let bob = scim("bob", json!({ "externalId": "bbbbbbbb-0000-4000-8000-000000000002" })).await;
    company.account(&reused, json!({})).await;
    let idle = format!("carol@{domain}");
    let carol = scim("carol", json!({ "active": false })).await;
    company.account(&idle, json!({})).await;
    let held = format!("dora@{domain}");
    let dora = scim("dora", json!({})).await;
    company.account(&held, json!({})).await;
    let suspend = ["patch", "directoryuser", &dora, "--type=merge", "-p", r#"{"spec":{"suspended":true}}"#];
    company.directory.kubectl(&suspend).await.expect("kubectl patch");
    for (name, account, sentence, reason) in [
        ("a stranger", &stranger, "is not in this directory", "NotInDirectory"),
        ("threat 21: somebody else's addresses in the token", &adele, "is not in this directory", "NotInDirectory"),
        ("threat 22: a upn that was given to somebody else", &reused, "does not match the entry", "IdentityConflict"),
        ("inactive", &idle, "has been deactivated", "Inactive"),
        ("suspended", &held, "has been suspended", "Suspended"),
    ] {
        let mut browser = Browser::new(&company, 0);
        let page = browser.follow(&company.start_at("wiki", None), Some(account)).await.page();
        assert_eq!(page.status, 403, "{name}: {}", page.text);
        assert!(page.text.contains(sentence), "{name}: {}", page.text);
        assert!(browser.session(OUR_HOST).is_none(), "{name}");
        for (header, value) in
            [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")]
        {
            assert_eq!(page.header(header), value, "{name}: {header}");
        }
        let log = company.site.replicas[0].log();
        let is_told = |line: &str| {
            line.contains("login denied") && line.contains(reason) && line.contains(&company.directory.namespace)
        };
        assert!(log.lines().any(is_told), "{name}: no audit line");
    }
    let events = company.directory.list("events.events.k8s.io").await;
    let told = events.iter().find(|event| event["reason"] == "IdentityConflict").expect("an Event");
    assert_eq!((&told["regarding"]["name"], &told["type"]), (&json!(bob), &json!("Warning")), "threat 22 is told");
    for id in [ada, bob, carol, dora] {
        assert_eq!(company.object(&id).await["spec"].get("link"), None, "nobody was linked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_first_logins_at_once_one_links_the_account() {
    let Some(company) = Company::new().await else { return };
    let (id, upn, oid) = company.person("ada").await;
    let logins = (0..20).map(|number| {
        let (company, upn) = (&company, &upn);
        async move {
            let end = Browser::new(company, number % 2).follow(&company.start_at("wiki", None), Some(upn)).await;
            end.application()
        }
    });
    let ends = join_all(logins).await;
    assert!(ends.iter().all(|end| end == "https://wiki.contoso.example/"), "{ends:?}");
    let object = company.object(&id).await;
    assert_eq!((&object["spec"]["link"]["objectID"], &object["spec"]["pending"]), (&json!(oid), &Value::Null));
    let claims = company.directory.list("directoryclaims").await;
    let links: Vec<_> = claims.iter().filter(|claim| claim["spec"]["attribute"] == "User.link").collect();
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(links[0]["spec"]["holder"], json!(id));
    let events = company.directory.list("events.events.k8s.io").await;
    let told: Vec<_> = events.iter().filter(|event| event["reason"] == "AccountLinked").collect();
    assert_eq!(told.len(), 1, "it is told once: {told:?}");
    assert_eq!(told[0]["regarding"]["name"], json!(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_made_anew_at_the_provider_takes_over_and_the_old_one_is_out() {
    let Some(company) = Company::new().await else { return };
    let upn = format!("ada@{}.example", company.directory.namespace);
    let old = company.account(&upn, json!({})).await;
    let id = company.scim.create(&json!({ "userName": upn, "externalId": old, "active": true })).await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&upn).await;
    assert_eq!(company.object(&id).await["spec"]["link"]["by"], "externalId");
    let new_upn = format!("ada-new@{}.example", company.directory.namespace);
    let new = company.account(&new_upn, json!({})).await;
    let patch = json!([{ "op": "Replace", "path": "externalId", "value": new }]);
    company.scim.patch(&format!("/Users/{id}"), patch).await.expect(200);
    assert!(!browser.is_signed_in().await, "the session of the old account is over");
    let spec = &company.object(&id).await["spec"];
    assert_eq!((spec.get("link"), &spec["sessionEpoch"]), (None, &json!(1)));
    until("the new account to get in", async || {
        let end = Browser::new(&company, 0).follow(&company.start_at("wiki", None), Some(&new_upn)).await;
        matches!(end, End::Application(_)).then_some(())
    })
    .await;
    let page = Browser::new(&company, 0).follow(&company.start_at("wiki", None), Some(&upn)).await.page();
    assert_eq!(page.status, 403, "the old account: {}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_29_a_cookie_counts_where_it_was_given_and_nowhere_else() {
    let (Some(company), Some(other)) = (Company::new().await, Company::new().await) else { return };
    let (_, upn, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&upn).await;
    let (name, own) =
        browser.session(OUR_HOST).map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a session");
    let of_wiki = browser.session(WIKI).expect("a session").1.to_owned();
    let mut changed = own.clone();
    changed.replace_range(100..101, if own.as_bytes()[100] == b'A' { "B" } else { "A" });
    let mut planted = Browser::new(&company, 0);
    for (case, value, expected) in [
        ("its own", own.clone(), true),
        ("that of the application", of_wiki, false),
        ("a changed one", changed, false),
        ("garbage", "garbage".to_owned(), false),
    ] {
        planted.cookies = BTreeMap::from([(OUR_HOST.to_owned(), BTreeMap::from([(name.clone(), value)]))]);
        assert_eq!(planted.is_signed_in().await, expected, "{case}");
    }
    let digest = rollcall::login::cookie::digest(&other.directory.namespace, &other.directory.name);
    let mut elsewhere = Browser::new(&other, 0);
    let swapped = BTreeMap::from([(format!("__Host-rollcall-session-{digest}"), own.clone())]);
    elsewhere.cookies = BTreeMap::from([(OUR_HOST.to_owned(), swapped)]);
    assert!(!elsewhere.is_signed_in().await, "at another Directory");
    let mut fixated = Browser::new(&company, 0);
    fixated.cookies = BTreeMap::from([(OUR_HOST.to_owned(), BTreeMap::from([(name, "planted".to_owned())]))]);
    fixated.log_in(&upn).await;
    assert_ne!(fixated.session(OUR_HOST).expect("a session").1, "planted", "a login makes a new cookie");
    assert_ne!(session(&company, &fixated).await.id, session(&company, &browser).await.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn threats_31_and_32_nothing_that_was_sent_leads_elsewhere_or_comes_back() {
    let Some(company) = Company::new().await else { return };
    let mut browser = Browser::new(&company, 0);
    for rd in ["https://evil.example/", "//evil.example", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"]
    {
        let answer = browser.open(&company.start_at("wiki", Some(rd))).await;
        assert_eq!(answer.status, 400, "{rd}");
        assert!(!answer.text.contains("evil") && !answer.text.contains("alert"), "{}", answer.text);
    }
    let twice = format!("{}&rd={}", company.start_at("wiki", Some(DEEP_LINK)), encoded(DEEP_LINK));
    for (name, url) in [
        ("two", twice),
        ("an application that is not there", company.start_at("evil", None)),
        ("a loop", company.start_at("wiki", Some("https://wiki.contoso.example/.rollcall/session?ticket=x"))),
    ] {
        assert_eq!(browser.open(&url).await.status, 400, "{name}");
    }
    let long = format!("https://wiki.contoso.example/{}", "a".repeat(2_000));
    let answer = browser.open(&company.start_at("wiki", Some(&long))).await;
    assert_eq!(answer.status, 303, "too long is no error");
    assert!(answer.header("location").len() < 2_048, "{}", answer.header("location").len());

    let state_of = |answer: &Answer| {
        let location: url::Url = answer.header("location").parse().expect("an address");
        location.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned()
    };
    let state = state_of(&answer);
    let markup = "<script>alert(1)</script>";
    let callback = format!(
        "{}?error=access_denied&error_description={}&state={state}",
        company.login_page("/callback"),
        encoded(&format!("AADSTS50105: {markup}"))
    );
    let page = browser.open(&callback).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("not assigned") && !page.text.contains("script"), "{}", page.text);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    // What passes by itself is no refusal of the person.
    let state = state_of(&browser.open(&company.start_at("wiki", None)).await);
    let callback = format!("{}?error=temporarily_unavailable&state={state}", company.login_page("/callback"));
    assert_eq!(browser.open(&callback).await.status, 503);
    let page = browser.open(&format!("{PUBLIC_URL}/login/{}/nobody", company.directory.namespace)).await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"), "people read pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_a_domain_needs_no_hand_over() {
    let Some(company) = Company::with_login(json!({ "session": { "cookieDomain": "contoso.example" } })).await else {
        return;
    };
    let (_, upn, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&upn).await;
    let (name, _) = browser.session("contoso.example").expect("a cookie of the domain");
    assert!(name.starts_with("__Secure-rollcall-session-"), "{name}");
    assert!(browser.session(OUR_HOST).is_none() && browser.session(WIKI).is_none());
    assert!(browser.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_47_a_provider_that_is_down_stops_new_logins_alone() {
    let Some(site) = own_site().await else { return };
    let company = Company::at(site, json!({})).await;
    let (_, upn, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&upn).await;
    let mut late = Browser::new(&company, 0);
    let answer = late.open(&company.start_at("wiki", None)).await;
    let visit = site.provider.visit(answer.header("location"), Some(&upn), "late").await;
    let Ok(control_plane::entra::Visit::Left(callback)) = visit else { panic!("{visit:?}") };
    site.provider.fail(Place::Token, &Fault::Down, None).await.expect("a fault");
    let page = late.open(&callback).await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(page.text.contains("cannot be reached") && !page.header("retry-after").is_empty(), "{}", page.text);
    assert!(browser.is_signed_in().await, "sessions go on");
    site.provider.heal(Place::Token).await.expect("no fault");
    assert_eq!(
        late.follow(&company.start_at("wiki", None), Some(&upn)).await.application(),
        "https://wiki.contoso.example/"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_made_where_somebody_asks_and_seals_once_every_replica_knows_it() {
    let Some(company) = Company::new().await else { return };
    let (_, upn, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&upn).await;
    let before = keys().await;
    let annotate = async |annotation: &str| {
        let secret = ["-n", cluster::NAMESPACE, "annotate", "secret", "rollcall-login-keys", annotation, "--overwrite"];
        kubectl(&secret, None).await.expect("kubectl annotate");
    };
    let changed = async |before: &RootKeys| {
        let changed = within(JANITOR_DEADLINE, async || {
            let after = keys().await;
            (!after.is_same(before)).then_some(after)
        });
        changed.await.expect("other keys")
    };
    annotate("rollcall.dev/rotate=now").await;
    let announced = changed(&before).await;
    let (namespace, directory) = (company.directory.namespace.as_str(), company.directory.name.as_str());
    let use_ = Use { purpose: Purpose::Form, namespace, directory, scope: "" };
    assert!(before.open(&use_, &announced.seal(&use_, b"x")).is_ok(), "the new key does not seal before it is known");
    annotate("rollcall.dev/next-from=2026-01-01T00:00:00Z").await;
    let after = changed(&announced).await;
    assert!(after.open(&use_, &before.seal(&use_, b"x")).is_ok(), "the key before it is the previous one");
    assert!(before.open(&use_, &after.seal(&use_, b"x")).is_err());
    assert!(announced.open(&use_, &after.seal(&use_, b"x")).is_ok(), "every replica knew it");
    for replica in 0..2 {
        let mut copy = browser.copied_to(replica);
        assert!(copy.is_signed_in().await, "replica {replica}");
        // Whichever replica has the new key seals with it, and the other one reads it when it is shown one.
        let mut other = Browser::new(&company, replica);
        let answer = other.open(&company.start_at("wiki", None)).await;
        let visit = company.site.provider.visit(answer.header("location"), Some(&upn), "other").await;
        let Ok(control_plane::entra::Visit::Left(callback)) = visit else { panic!("{visit:?}") };
        other.replica = 1 - replica;
        assert_eq!(other.follow(&callback, None).await.application(), "https://wiki.contoso.example/", "{replica}");
    }
}

/// The Events about bursts of denials. Others of the Directory may be there: an operator that may not ask this provider says so.
async fn denials(company: &Company) -> Vec<Value> {
    let events = company.directory.list("events.events.k8s.io").await.into_iter();
    events.filter(|event| event["reason"] == "ManyDenials").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_denials_are_told_on_the_directory() {
    let Some(company) = Company::new().await else { return };
    let stranger = format!("stranger@{}.example", company.directory.namespace);
    company.account(&stranger, json!({})).await;
    for number in 0..20 {
        let told = denials(&company).await;
        assert!(told.is_empty(), "after {number} denials: {told:?}");
        let end = Browser::new(&company, 0).follow(&company.start_at("wiki", None), Some(&stranger)).await;
        assert_eq!(end.page().status, 403);
    }
    let events = denials(&company).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["regarding"]["kind"], "Directory");
}
