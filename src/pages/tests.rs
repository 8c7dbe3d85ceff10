use std::path::Path;

use axum::body::Body;
use http::header::CONTENT_SECURITY_POLICY;
use http::{Response, StatusCode};

use super::*;

/// A small PNG: a mark and a word.
const LOGO: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAKAAAAAgAQMAAACvseG2AAAABlBMVEUAAAA6j5zJOYJiAAAAAnRSTlMA/1uRIrUA\
                    AABfSURBVHjaY2AgAfA/GISCzB/4Dxw4/B9IfbCHiNn3Yxfk4TEw+HDAAEgxHDiAX5DBwOAM0YKHQYJA+wgLHgAJMhhABP/hFOQhVhDs\
                    zQMGzB/sD0C8iVMQI+AGVpBoAABmUnX94BOr0QAAAABJRU5ErkJggg==";

/// Markup in every place where somebody else's words may stand (threat 32).
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{7*7}}\u{202e}";

/// The values that a gallery of all pages is filled with.
struct Values<'a> {
    company: &'a str,
    logo: Option<&'a str>,
    name: &'a str,
    user_name: &'a str,
    other: &'a str,
    contact: &'a str,
    query: &'a str,
    request_id: &'a str,
    token: &'a str,
}

const REALISTIC: Values<'_> = Values {
    company: "Contoso",
    logo: Some(LOGO),
    name: "Adele Vance",
    user_name: "adele.vance@contoso.example",
    other: "Retail manager, European stores",
    contact: "Write to the service desk: help@contoso.example, telephone 4711.",
    query: "van",
    request_id: "6f0c1c1e-7a58-4f0f-9a53-4be1c4d9a6d2",
    token: "k1.AAAA",
};

fn everything_hostile() -> Values<'static> {
    Values {
        company: HOSTILE,
        logo: None,
        name: HOSTILE,
        user_name: HOSTILE,
        other: HOSTILE,
        contact: HOSTILE,
        query: HOSTILE,
        request_id: HOSTILE,
        token: HOSTILE,
    }
}

/// A page by the name of its screenshot.
type Named = (&'static str, Response<Body>);

/// Every page.
fn gallery(values: &Values<'_>) -> Vec<Named> {
    [log_in_pages(values), portal_pages(values), notices(values)].into_iter().flatten().collect()
}

fn log_in_pages(values: &Values<'_>) -> Vec<Named> {
    let Values { company, logo, user_name, other, token, .. } = *values;
    let ok = StatusCode::OK;
    let frame = || PageFrame { company, logo, ..PageFrame::default() };
    let provider = || Some(ProviderButton { href: "/login/acme/staff?app=wiki", is_microsoft: true });
    let new_password = |heading, asks_for_old, problem| NewPasswordPage {
        frame: frame(),
        heading,
        user_name,
        asks_for_old,
        action: "/login/acme/staff/invitation",
        token,
        problem,
        cancel: asks_for_old.then_some("/portal/acme/staff"),
    };
    vec![
        (
            "sign-in",
            answer(
                ok,
                &SignInPage {
                    frame: frame(),
                    application: Some(other).filter(|_| company == HOSTILE).or(Some("the wiki")),
                    provider: provider(),
                    password: Some("/login/acme/staff/password?app=wiki"),
                },
            ),
        ),
        (
            "password",
            answer(
                ok,
                &PasswordPage {
                    frame: frame(),
                    application: Some("the wiki"),
                    action: "/login/acme/staff/password",
                    token,
                    problem: Some(texts::WRONG_PASSWORD),
                    provider: provider(),
                },
            ),
        ),
        ("invitation", answer(ok, &new_password(texts::SET_PASSWORD, false, None))),
        ("change-password", answer(ok, &new_password(texts::CHANGE_PASSWORD, true, Some(texts::PASSWORD_TOO_COMMON)))),
    ]
}

fn portal_pages(values: &Values<'_>) -> Vec<Named> {
    let Values { company, logo, name, user_name, other, query, token, .. } = *values;
    let ok = StatusCode::OK;
    let portal = |place| {
        let navigation =
            Some(Navigation { me: "/portal/acme/staff", people: Some("/portal/acme/staff/people"), place });
        PageFrame { company, logo, navigation, ..PageFrame::default() }
    };
    let fact = |label, value| PageFact { label, value };
    let signed_in = SignedInPage {
        frame: portal(PortalPart::Me),
        name,
        facts: vec![
            fact(texts::FACT_NAME, name),
            fact(texts::FACT_USER_NAME, user_name),
            fact(texts::FACT_TITLE, other),
            fact(texts::FACT_ROLE, "Admin"),
        ],
        groups: vec![other, "All staff", "Retail", "Store managers Europe", "Wiki editors"],
        has_more_groups: true,
        method: texts::METHOD_MICROSOFT,
        since: "2026-11-27T08:04:11Z".parse().expect("a time"),
        until: "2026-11-27T16:04:11Z".parse().expect("a time"),
        token,
        sign_out: "/login/acme/staff/sign-out",
        sign_out_everywhere: "/login/acme/staff/sign-out-everywhere",
        change_password: Some("/login/acme/staff/change-password"),
    };
    let suspension = |is_suspended, facts| SuspensionPage {
        frame: portal(PortalPart::People),
        name,
        user_name,
        is_suspended,
        facts,
        action: "/portal/acme/staff/people/adele-1/suspension",
        token,
        problem: None,
        cancel: "/portal/acme/staff/people",
    };
    vec![
        ("signed-in", answer(ok, &signed_in)),
        ("roll", answer(ok, &roll(portal(PortalPart::People), values))),
        (
            "roll-empty",
            answer(
                ok,
                &RollPage {
                    count: &texts::count(0, 0, 0, true),
                    query,
                    rows: Vec::new(),
                    previous: None,
                    next: None,
                    ..roll(portal(PortalPart::People), values)
                },
            ),
        ),
        ("suspend", answer(ok, &suspension(false, Vec::new()))),
        (
            "lift-suspension",
            answer(
                ok,
                &suspension(
                    true,
                    vec![
                        fact(texts::FACT_SUSPENDED_SINCE, "26 November 2026, 17:40 UTC"),
                        fact(texts::FACT_SUSPENSION_REASON, other),
                    ],
                ),
            ),
        ),
    ]
}

fn notices(values: &Values<'_>) -> Vec<Named> {
    let Values { company, logo, contact, request_id, .. } = *values;
    let ok = StatusCode::OK;
    let frame = || PageFrame { company, logo, ..PageFrame::default() };
    vec![
        (
            "denied",
            answer(
                StatusCode::FORBIDDEN,
                &NoticePage::denied(
                    frame(),
                    texts::denied::INACTIVE,
                    Some(contact),
                    request_id,
                    Some("/login/acme/staff?prompt=select_account"),
                ),
            ),
        ),
        (
            "error",
            answer(
                StatusCode::BAD_GATEWAY,
                &NoticePage::error(frame(), texts::error::PROVIDER, request_id, Some("/login/acme/staff")),
            ),
        ),
        ("signed-out", answer(ok, &NoticePage::signed_out(frame(), false, "/login/acme/staff"))),
        ("signed-out-everywhere", answer(ok, &NoticePage::signed_out(frame(), true, "/login/acme/staff"))),
        (
            "password-saved",
            answer(
                ok,
                &NoticePage::password_saved(
                    frame(),
                    PageLink { href: "/login/acme/staff/password", label: texts::SIGN_IN },
                ),
            ),
        ),
    ]
}

fn roll<'a>(frame: PageFrame<'a>, values: &Values<'a>) -> RollPage<'a> {
    let row = |name, user_name, user_type, role, access, is_suspended: Option<bool>| PersonRow {
        name,
        user_name,
        user_type,
        role,
        has_access: access == texts::ACCESS_GRANTED,
        access,
        switch: is_suspended
            .map(|is_suspended| SuspensionSwitch { href: "/portal/acme/staff/people/x/suspension", is_suspended }),
    };
    let (granted, suspended, inactive) =
        (texts::ACCESS_GRANTED, texts::ACCESS_SUSPENDED_BY_PORTAL, texts::ACCESS_INACTIVE);
    RollPage {
        frame,
        action: "/portal/acme/staff/people",
        query: values.query,
        count: "5 people were found; 1 to 5 are shown.",
        rows: vec![
            row(values.name, values.user_name, "Premium", "Admin", granted, None),
            row("Hugo van Dijk", "hugo.vandijk@contoso.example", "Standard", "User", granted, Some(false)),
            row(
                "Ivana Petrović",
                "ivana.petrovic@contoso.example",
                values.other,
                texts::NOTHING,
                suspended,
                Some(true),
            ),
            row("Jordan Vandermeer", "j.vandermeer@contoso.example", "Standard", "ReadOnly", inactive, Some(false)),
            row("Vanessa Okoye", "vanessa@contoso.example", "Premium", "EnterpriseAdmin", granted, None),
        ],
        previous: Some("/portal/acme/staff/people?page=1&q=van"),
        next: Some("/portal/acme/staff/people?page=3&q=van"),
    }
}

async fn html(answer: Response<Body>) -> String {
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    String::from_utf8(body.to_vec()).expect("text")
}

/// How often a text stands in another.
fn times(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

/// The values of an attribute of all elements of a name.
fn attributes<'a>(html: &'a str, element: &str, attribute: &str) -> Vec<&'a str> {
    let (open, name) = (format!("<{element} "), format!("{attribute}=\""));
    let tags = html.match_indices(&open).filter_map(|(at, open)| html[at + open.len()..].split('>').next());
    let value = |tag: &'a str| {
        let at = tag.match_indices(&name).map(|(at, _)| at).find(|at| *at == 0 || tag[..*at].ends_with(' '))?;
        tag[at + name.len()..].split('"').next()
    };
    tags.filter_map(value).collect()
}

#[tokio::test]
async fn every_page_has_a_language_a_title_one_heading_and_a_way_past_the_header() {
    for (name, answer) in gallery(&REALISTIC) {
        let html = html(answer).await;
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        for part in ["<h1>", "<main id=\"main\"", "href=\"#main\"", "<title>", "name=\"viewport\"", "<footer>"] {
            assert_eq!(times(&html, part), 1, "{name}: {part}");
        }
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).expect("a title");
        assert!(title.ends_with(" · Contoso") && title.len() > " · Contoso".len(), "{name}: {title}");
    }
}

#[tokio::test]
async fn every_field_that_people_fill_in_has_a_label() {
    let mut fields = 0;
    for (name, answer) in gallery(&REALISTIC) {
        let html = html(answer).await;
        let labels = attributes(&html, "label", "for");
        let hidden = times(&html, "type=\"hidden\"") + times(&html, "aria-label=\"User name\"");
        let ids: Vec<_> =
            ["input", "textarea"].into_iter().flat_map(|element| attributes(&html, element, "id")).collect();
        assert!(ids.iter().all(|id| labels.contains(id)), "{name}: {ids:?} {labels:?}");
        assert_eq!(labels.len() + hidden, times(&html, "<input") + times(&html, "<textarea"), "{name}");
        fields += labels.len();
    }
    assert!(fields > 8, "{fields}");
}

#[tokio::test]
async fn threat_32_markup_in_names_and_queries_stays_text() {
    let mut shown = 0;
    for (name, answer) in gallery(&everything_hostile()) {
        let html = html(answer).await;
        assert!(!html.contains("<script") && !html.contains("<img src=x"), "{name}:\n{html}");
        assert!(!html.contains("\"'>"), "{name} ends an attribute");
        shown += times(&html, "&#60;script&#62;");
    }
    assert!(shown > 20, "the values are shown {shown} times");
}

#[tokio::test]
async fn a_page_brings_no_script_and_nothing_that_its_policy_forbids() {
    for (name, answer) in gallery(&REALISTIC) {
        let header = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        let html = html(answer).await;
        let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
        assert_eq!(style, stylesheet::TEXT, "{name}: what the digest is of");
        assert!(header.contains(&stylesheet::digest()), "{header}");
        for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(header.split("; ").any(|part| part == directive), "{name}: {directive} in {header}");
        }
        for part in [" style=", "<script", "javascript:", " onclick", " onload", "http://", "https://"] {
            assert!(!html.contains(part), "{name} has {part}");
        }
    }
}

#[test]
fn every_answer_is_for_one_person_and_for_once() {
    for (name, answer) in gallery(&REALISTIC) {
        for (header, expected) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(answer.headers()[header], expected, "{name}: {header}");
        }
    }
}

/// What is left of a template without tags and what stands for values.
fn bare_text(template: &str) -> String {
    let mut rest = template;
    let mut text = String::new();
    let brackets = [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<", ">")];
    'text: while !rest.is_empty() {
        for (open, close) in brackets {
            if let Some(inside) = rest.strip_prefix(open) {
                rest = inside.split_once(close).map_or("", |(_, after)| after);
                continue 'text;
            }
        }
        let mut letters = rest.chars();
        text.extend(letters.next());
        rest = letters.as_str();
    }
    text
}

#[test]
fn no_text_stands_outside_the_one_place_for_texts() {
    assert_eq!(bare_text("<p class=\"a\">{{ x }} and {% if y %}{# z #}b</p>"), " and b");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut templates = 0;
    for entry in std::fs::read_dir(folder).expect("the templates") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "html") {
            let template = std::fs::read_to_string(&path).expect("text");
            // A tag whose attributes depend on something holds brackets within brackets; what stands there is no text either.
            let words: String =
                bare_text(&without_conditions(&template)).chars().filter(|letter| letter.is_alphabetic()).collect();
            assert_eq!(words, "", "{}", path.display());
            templates += 1;
        }
    }
    assert!(templates > 5, "{templates}");
}

/// A template without what askama itself reads.
fn without_conditions(template: &str) -> String {
    let mut kept = String::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once("{%") {
        kept.push_str(before);
        rest = inside.split_once("%}").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

/// Every page in a real browser. Where `ROLLCALL_SCREENSHOTS` names a folder, pictures of all of them are put there, as those of
/// `docs/screenshots` were: `ROLLCALL_SCREENSHOTS=docs/screenshots cargo test --lib pages -- --ignored`.
#[tokio::test]
#[ignore = "needs Chromium: the lane of the browser runs it"]
async fn a_real_browser_finds_every_page_usable_by_everybody() {
    let mut pages = Vec::new();
    for (name, answer) in gallery(&REALISTIC) {
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        pages.push(serde_json::json!({ "name": name, "policy": policy, "html": html(answer).await }));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let screenshots = std::env::var("ROLLCALL_SCREENSHOTS").ok().map(|folder| root.join(folder));
    let browser = control_plane::Browser::locate().unwrap_or_else(|error| panic!("{error}"));
    let tour = control_plane::Tour {
        script: &root.join("tests/browser/pages.mjs"),
        input: serde_json::json!({ "pages": pages, "screenshots": screenshots }),
        hosts: &[],
        deadline: std::time::Duration::from_secs(300),
    };
    let wrong = browser.run(tour).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(wrong, serde_json::json!([]));
}
