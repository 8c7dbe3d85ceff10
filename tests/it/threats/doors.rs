//! Requests that nobody sends by mistake, at every door that the login has brought.

use super::{callback, parameter, request, send};
use crate::support::built_in::BuiltIn;
use crate::support::login::{Browser, Company, PUBLIC_URL};
use crate::support::{Directory, Operator};

/// What every request carries: no answer may repeat it.
const MARK: &str = "zqxjkv";

/// What an answer may be to whom is nobody: never one that lets in, and none that says that something broke.
const REFUSALS: &[u16] = &[200, 302, 303, 400, 401, 403, 404, 410];

/// The doors of a Directory: paths, and the methods that each takes beside HEAD.
fn doors(directory: &Directory) -> Vec<(String, &'static [&'static str])> {
    let place = format!("{}/{}", directory.namespace, directory.name);
    let any: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"];
    vec![
        (format!("/login/{place}"), &["GET"]),
        (format!("/login/{place}/callback"), &["GET"]),
        (format!("/login/{place}/signed-out"), &["GET"]),
        (format!("/login/{place}/client-config"), &["GET"]),
        (format!("/login/{place}/password"), &["GET", "POST"]),
        (format!("/login/{place}/invitation"), &["GET", "POST"]),
        (format!("/login/{place}/change-password"), &["GET", "POST"]),
        (format!("/login/{place}/sign-out"), &["POST"]),
        (format!("/login/{place}/sign-out-everywhere"), &["POST"]),
        (format!("/portal/{place}"), &["GET"]),
        (format!("/portal/{place}/people"), &["GET"]),
        (format!("/portal/{place}/people/ada/suspension"), &["GET", "POST"]),
        (format!("/app/{place}/wiki/session"), &["GET"]),
        (format!("/app/{place}/wiki/sign-out"), &["POST"]),
        (format!("/app/{place}/wiki/oauth-protected-resource"), &["GET"]),
        (format!("/oauth2/{place}/introspect"), &["POST"]),
        (format!("/oauth2/{place}/userinfo"), &["GET"]),
        (format!("/oauth2/{place}/jwks"), &["GET"]),
        (format!("/check/nginx/{place}/wiki"), any),
        (format!("/check/forward/{place}/wiki"), any),
        (format!("/check/envoy/{place}/wiki/x"), any),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_method_header_or_length_breaks_a_door_or_comes_back_in_an_answer() {
    let people = BuiltIn::new().await;
    try_everything(people.operator, &people.directory).await;
    let Some(company) = Company::new().await else { return };
    try_everything(&company.site.replicas[0], &company.directory).await;
}

async fn try_everything(operator: &Operator, directory: &Directory) {
    let long = MARK.repeat(4_000);
    let many: Vec<_> = (0..120).map(|number| format!("x-{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), MARK)).collect();
    for (path, methods) in doors(directory) {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"] {
            let (status, text) = send(operator, &request(method, &format!("{path}?{MARK}={MARK}"), &[])).await;
            let is_taken = methods.contains(&method) || (method == "HEAD" && methods.contains(&"GET"));
            assert_eq!(status == 405, !is_taken, "{method} {path}: {text}");
            assert!((200..500).contains(&status), "{method} {path}: {text}");
            assert!(!text.contains(MARK) || text.contains("\r\nlocation: "), "{method} {path} repeats: {text}");
            let head = text.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
            let is_page = head.contains("content-type: text/html");
            assert_eq!(is_page, head.contains("content-security-policy: default-src 'none'"), "{path}: {head}");
            assert!(!head.contains("access-control-allow"), "no other site's script reads an answer: {head}");
        }
        let method = methods[0];
        let cookies = format!("{MARK}={}", "x".repeat(30_000));
        for (what, target, headers, expected) in [
            ("a long address", format!("{path}?a={long}"), &[][..], &[414][..]),
            ("a long header", path.clone(), &[("x-a", long.as_str()), ("x-b", &long)], &[431]),
            ("many headers", path.clone(), &many, &[431]),
            ("two hosts", path.clone(), &[("host", "evil.example")], &[400]),
            ("a long cookie", path.clone(), &[("cookie", &cookies)], REFUSALS),
            ("escapes", format!("{path}?a=%00%ff%zz&%=%"), &[], REFUSALS),
            ("bytes of a header", path.clone(), &[("cookie", "a=\u{fc}\u{202e}"), ("origin", "\u{fc}")], REFUSALS),
            (
                "a type of nobody's",
                path.clone(),
                &[("accept", "../../etc/passwd"), ("content-type", "a/b/c")],
                REFUSALS,
            ),
        ] {
            let (status, text) = send(operator, &request(method, &target, headers)).await;
            assert!(expected.contains(&status), "{what} at {path}: {}", &text[..text.len().min(600)]);
            assert!(!text.contains(MARK) && !text.contains("evil"), "{what} at {path} repeats what was sent");
        }
    }
    assert_eq!(operator.admin("/readyz").await.0, 200, "it is well after all this");
    assert!(!operator.log().contains("panicked"), "nothing panicked");
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_another_type_size_or_site_are_refused() {
    let people = BuiltIn::new().await;
    send_forms(people.operator, &people.directory).await;
    let Some(company) = Company::new().await else { return };
    send_forms(&company.site.replicas[0], &company.directory).await;
}

async fn send_forms(operator: &Operator, directory: &Directory) {
    let form = "application/x-www-form-urlencoded";
    for (path, _) in doors(directory).iter().filter(|(_, methods)| methods.contains(&"POST") && methods.len() < 3) {
        let (large, fields) = (format!("a={}", MARK.repeat(50_000)), "a=b&".repeat(10_000));
        for (what, media_type, site, body) in [
            ("JSON", "application/json", "same-origin", "{\"userName\":\"a\"}"),
            ("parts", "multipart/form-data; boundary=x", "same-origin", "--x--"),
            ("another site", form, "cross-site", "form=x"),
            ("a large body", form, "same-origin", large.as_str()),
            ("many fields", form, "same-origin", &fields),
            ("no text", form, "same-origin", "form=%ff%00&userName=%ff&password=%ff"),
            ("a field twice", form, "same-origin", "form=x&form=y"),
        ] {
            let length = body.len().to_string();
            let headers = [
                ("content-type", media_type),
                ("content-length", &length),
                ("sec-fetch-site", site),
                ("origin", PUBLIC_URL),
            ];
            let mut bytes = request("POST", path, &headers);
            bytes.extend_from_slice(body.as_bytes());
            let (status, text) = send(operator, &bytes).await;
            let is_refused = [303, 400, 401, 403, 404, 410, 413, 415].contains(&status);
            assert!(is_refused && !text.contains(MARK), "{what} at {path}: {text}");
        }
    }
    assert_eq!(operator.admin("/readyz").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_43_no_answer_that_is_about_a_person_may_be_kept() {
    let Some(company) = Company::new().await else { return };
    let (_, ada, _) = company.person("ada").await;
    let mut browser = Browser::new(&company, 0);
    let back = callback(&company, &mut browser, &ada).await;
    let state = parameter(&back, "state");
    let answers = [
        browser.open(&back).await,
        browser.open(&company.start_at("wiki", None)).await,
        browser.open(&format!("{}?state={state}&error=access_denied", company.login_page("/callback"))).await,
        browser.open(&company.login_page("/signed-out")).await,
        browser.open(&format!("{PUBLIC_URL}/portal/{}/staff", company.directory.namespace)).await,
        browser.open("https://wiki.contoso.example/.rollcall/session?ticket=x").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{}: {}", answer.status, answer.text);
    }
    for (path, _) in doors(&company.directory).iter().filter(|(path, _)| path.starts_with("/check/")) {
        let (status, text) = send(&company.site.replicas[0], &request("GET", path, &[])).await;
        assert!(text.to_lowercase().contains("\r\ncache-control: no-store\r\n"), "{path}: {status}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_15_http_2_is_not_spoken() {
    let operator = Operator::shared().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    let (status, text) = send(operator, preface).await;
    assert!(status == 0 || (400..600).contains(&status), "{status}: {text}");
    let upgrade = [("upgrade", "h2c"), ("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA"), ("connection", "upgrade")];
    let (status, text) = send(operator, &request("GET", "/", &upgrade)).await;
    assert!(status == 404 && !text.contains("101 Switching"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_takes_nobody_s_cookie_away() {
    let Some(company) = Company::new().await else { return };
    // Browsers send no cookie along with such a form, and yet keep the cookies of the answer.
    let mut browser = Browser::new(&company, 0);
    for page in ["/sign-out", "/sign-out-everywhere"] {
        for headers in
            [&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..], &[], &[("origin", "null")]]
        {
            let answer = browser.send("POST", &company.login_page(page), headers, Some(String::new())).await;
            assert_eq!(answer.status, 403, "{page} {headers:?}");
            assert_eq!(answer.header("set-cookie"), "", "{page} {headers:?}");
        }
    }
}
