//! Changed, planted and swapped texts at the callback and at the check door, and headers that somebody made up.

use super::{OUR_HOST, WIKI, callback, changed, parameter};
use crate::support::client::Answer;
use crate::support::login::{Browser, Company, encoded};

/// Asks the check door of the first replica with these headers.
async fn check(company: &Company, application: &str, headers: &[(&str, &str)]) -> Answer {
    let (namespace, directory) = (&company.directory.namespace, &company.directory.name);
    let base = &company.site.replicas[0].public_url;
    let url = format!("{base}/check/forward/{namespace}/{directory}/{application}");
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let mut request = client.expect("a client").get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.expect("text") }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_28_a_state_that_was_changed_anywhere_logs_nobody_in() {
    let (Some(company), Some(other)) = (Company::new().await, Company::new().await) else { return };
    let (_, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    let url = callback(&company, &mut browser, &ada).await;
    let (state, code) = (parameter(&url, "state"), parameter(&url, "code"));
    let page = company.login_page("/callback");
    for changed in changed(&state) {
        let answer = browser.open(&format!("{page}?code={code}&state={changed}")).await;
        assert_eq!(answer.status, 400, "{changed}");
    }
    let mut stranger = Browser::new(&other, 0);
    let of_other = callback(&other, &mut stranger, &ada).await;
    for (name, query) in [
        ("no state", format!("code={code}")),
        ("no code", format!("state={state}")),
        ("an empty code", format!("code=&state={state}")),
        ("two states", format!("code={code}&state={state}&state={state}")),
        ("two codes", format!("code={code}&code=x&state={state}")),
        ("the state of another Directory", format!("code={code}&state={}", parameter(&of_other, "state"))),
        ("a cookie for a state", format!("code={code}&state={}", browser.cookies[OUR_HOST]["__Host-rollcall-login"])),
        ("a long state", format!("code={code}&state={}", "A".repeat(9_000))),
    ] {
        let answer = browser.open(&format!("{page}?{query}")).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        assert!(browser.session(OUR_HOST).is_none(), "{name}");
    }
    let injected = browser.open(&format!("{page}?code=a-code-of-somebody-else&state={state}")).await;
    assert_eq!(injected.status, 403, "the provider knows no such code: {}", injected.text);
    assert!(browser.session(OUR_HOST).is_none());
    let end = browser.follow(&url, None).await;
    assert_eq!(end.application(), super::DEEP_LINK, "nothing of all this has spoilt the login");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_29_a_cookie_that_was_changed_anywhere_opens_no_application() {
    let Some(company) = Company::new().await else { return };
    let (_, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&ada).await;
    let (name, value) = browser.session(WIKI).expect("a session");
    let own = browser.session(OUR_HOST).expect("a session").1;
    let status = async |cookie: String| check(&company, "wiki", &[("cookie", &cookie)]).await.status;
    assert_eq!(status(format!("{name}={value}")).await, 200);
    for changed in changed(value) {
        assert_eq!(status(format!("{name}={changed}")).await, 401, "{changed}");
    }
    company.apply_application("lab", "lab.contoso.example").await;
    for (case, cookie, expected) in [
        ("of our own host", format!("{name}={own}"), 401),
        ("under another name", format!("__Host-rollcall-session={value}"), 401),
        ("the fifth of its name", format!("{}{name}={value}", format!("{name}=x; ").repeat(4)), 200),
        ("the sixth: no more are tried", format!("{}{name}={value}", format!("{name}=x; ").repeat(5)), 401),
        ("ten thousand of its name", format!("{name}=x; ").repeat(900), 401),
    ] {
        assert_eq!(status(cookie).await, expected, "{case}");
    }
    let at_lab = check(&company, "lab", &[("cookie", &format!("{name}={value}"))]).await.status;
    assert!([401, 403].contains(&at_lab), "at another application: {at_lab}");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_41_made_up_headers_and_parameters_change_no_answer() {
    let Some(company) = Company::new().await else { return };
    let (_, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&ada).await;
    let (name, value) = browser.session(WIKI).expect("a session");
    let cookie = format!("{name}={value}");
    company.apply_application("lab", "lab.contoso.example").await;
    crate::support::until("the operator to know the application", async || {
        (check(&company, "lab", &[]).await.status == 401).then_some(())
    })
    .await;
    let page = ("sec-fetch-mode", "navigate");
    let login = format!("{}?app=lab", company.login_page(""));
    for (case, headers) in [
        ("another application's host", &[("x-forwarded-host", WIKI), ("x-forwarded-uri", "/")][..]),
        ("another family's", &[("x-original-url", "https://wiki.contoso.example/"), ("x-original-method", "GET")]),
        ("a stranger's host", &[("x-forwarded-host", "evil.example"), ("x-forwarded-uri", "/")]),
        ("a host with a user", &[("x-forwarded-host", "lab.contoso.example@evil.example"), ("x-forwarded-uri", "/")]),
        ("an address for a path", &[("x-forwarded-host", "lab.contoso.example"), ("x-forwarded-uri", "https://evil/")]),
        ("two hosts", &[("x-forwarded-host", "lab.contoso.example, evil.example"), ("x-forwarded-uri", "/")]),
        ("paths that others skip", &[("x-forwarded-uri", "/public/../admin"), ("x-auth-request-redirect", "//evil")]),
        ("an identity", &[("x-auth-request-user", "ada"), ("remote-user", "ada"), ("x-forwarded-user", "ada")]),
    ] {
        let headers = [headers, &[("cookie", cookie.as_str()), page]].concat();
        let answer = check(&company, "lab", &headers).await;
        assert_eq!((answer.status, answer.header("location")), (302, login.as_str()), "{case}");
    }
    let (namespace, directory) = (&company.directory.namespace, &company.directory.name);
    let at = |family: &str, rest: &str| format!("/check/{family}/{namespace}/{directory}{rest}");
    for (target, expected) in [
        (at("forward", "/wiki"), 200),
        (at("forward", "/lab?application=wiki&allowed_groups=x&skip=true"), 401),
        (at("forward", "/lab/../wiki"), 404),
        (at("forward", "/lab/%2e%2e/wiki"), 404),
        (at("forward", "/lab%2f..%2fwiki"), 403),
        (at("forward", "/lab;/wiki"), 404),
        (at("envoy", "/lab/../wiki"), 401),
        (at("envoy", "/lab/%2e%2e/wiki"), 401),
        (at("envoy", "/lab/..%2fwiki"), 401),
        (at("envoy", "/lab//evil.example/"), 401),
        (at("envoy", &format!("/lab{}", at("envoy", "/wiki"))), 401),
        (at("envoy", "/lab?a=b&application=wiki"), 401),
        ("/check/../check/forward".to_owned(), 404),
    ] {
        let asked = super::request("GET", &target, &[("cookie", &cookie)]);
        let (status, text) = super::send(&company.site.replicas[0], &asked).await;
        assert_eq!(status, expected, "{target}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_31_no_return_address_of_an_attacker_is_taken_at_any_door() {
    const PAYLOADS: [&str; 40] = [
        "//evil.example",
        "///evil.example",
        "////evil.example/%2e%2e",
        "/\\evil.example",
        "\\\\evil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "/%0d%0aLocation:%20https://evil.example",
        "/\t/evil.example",
        "/%2f%2fevil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https://evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "http://wiki.contoso.example/",
        "https://evil.example#wiki.contoso.example",
        "https://evil.example?wiki.contoso.example",
        "https://evil.example\\wiki.contoso.example",
        "https://wiki.contoso.example\\@evil.example",
        "https://wiki.contoso.example@evil.example",
        "https://wiki.contoso.example:x@evil.example",
        "https://wiki.contoso.example%40evil.example",
        "https://wiki.contoso.example.evil.example",
        "https://wiki.contoso.example%2eevil.example",
        "https://wiki.contoso.example%00.evil.example",
        "https://evilwiki.contoso.example",
        "https://wiki.contoso.example:444/",
        "https://[::1]/",
        "https://0x7f000001/",
        "https://wiki\u{3002}contoso\u{3002}example.evil.example",
        "https://\u{ff45}vil.example",
        "javascript:alert(1)",
        "javascript://wiki.contoso.example/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "/login/x/staff/sign-out",
        "/portal/../login",
        "/",
        "https://wiki.contoso.example/.rollcall/session?ticket=x",
        "https://wiki.contoso.example/a/../.rollcall/sign-out",
    ];
    let Some(company) = Company::new().await else { return };
    let (_, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    browser.log_in(&ada).await;
    let mut nobody = Browser::new(&company, 1);
    for payload in PAYLOADS {
        for (who, browser) in [("with a session", &mut browser), ("without", &mut nobody)] {
            let answer = browser.open(&company.start_at("wiki", Some(payload))).await;
            assert_eq!(answer.status, 400, "{who}: {payload}: {}", answer.header("location"));
            assert!(!answer.text.to_lowercase().contains("evil"), "{who}: {payload} is repeated");
        }
    }
    let good = encoded("https://wiki.contoso.example/");
    for query in [
        format!("app=wiki&rd={good}&rd=https://evil.example"),
        format!("app=wiki&rd=https://evil.example&rd={good}"),
        format!("app=wiki&app=wiki&rd={good}"),
        format!("app=wiki&r%64={good}&rd={good}"),
    ] {
        assert_eq!(browser.open(&format!("{}?{query}", company.login_page(""))).await.status, 400, "{query}");
    }
}
