//! The door on an edge, over an API server in memory: who passes, who does not, and what each family of proxies is told.
#![allow(clippy::needless_pass_by_value, reason = "helpers take json!(…) as it is written")]

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::api::directory_user::LoginMethod;
use crate::http::edge::Edge;
use crate::http::edge::address::{Addressing, Ends};
use crate::http::side_by_side;
use crate::login::CookieHost;
use crate::login::provider::{AllowedAuthorities, ProviderSettings, Providers};
use crate::login::session::Session;
use crate::metrics::Metrics;
use crate::rules::naming::{GROUP_NAME, USER_NAME, canonical, claim_name};
use crate::store::Store;
use crate::store::kind::Kind;
use crate::store::memory::Memory;

const TENANT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const PUBLIC_URL: &str = "https://id.contoso.example";
const PAGE: (&str, &str) = ("accept", "text/html,*/*;q=0.8");
/// Every header that says who somebody is.
const TOLD: [&str; 9] = [
    "x-auth-request-user",
    "x-auth-request-preferred-username",
    "x-auth-request-email",
    "x-auth-request-groups",
    "x-auth-request-groups-truncated",
    "x-auth-request-role",
    "x-auth-request-user-type",
    "x-auth-request-uid",
    "x-rollcall-assertion",
];

/// The door for the Directories `staff` and `guests` of the namespace `acme`, with the applications `wiki` (everybody of
/// `staff`) and `sales` (the group Sales, with `Remote-*` and tokens).
struct Front {
    memory: Memory,
    store: Store,
    logins: Logins,
    edge: Edge,
    metrics: Metrics,
}

/// An answer, read whole.
struct Read {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Read {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }
}

impl Front {
    async fn new() -> Self {
        let (memory, metrics) = (Memory::default(), Metrics::default());
        let store = memory.store(|_| None);
        let allowed = AllowedAuthorities { hosts: vec!["login.microsoftonline.com".to_owned()], private: false };
        let settings = ProviderSettings { allowed, proxy: None, assertion_file: "/nowhere".into() };
        let providers = Providers::new(settings, &store, metrics.clone());
        let logins = Logins::new(store.clone(), providers, metrics.clone(), "acme".to_owned());
        let check = CheckDoor::new(logins.clone(), Some(PUBLIC_URL.to_owned()));
        let addressing = Addressing { public_url: Some(PUBLIC_URL.to_owned()), trusted_proxies: Vec::new() };
        let edge = Edge::new(side_by_side([check.door()]), addressing, metrics.clone(), false);
        let front = Self { memory, store, logins, edge, metrics };
        for name in ["staff", "guests"] {
            let oidc = json!({
                "authority": format!("https://login.microsoftonline.com/{TENANT}"), "clientID": "c",
                "clientSecretRef": { "name": "entra" },
            });
            let login = json!({ "oidc": oidc, "builtIn": { "enabled": true } });
            front.put(Kind::DIRECTORY, name, json!({ "login": login }));
        }
        front.application("wiki", json!({}));
        let sales = json!({ "require": { "groups": ["SALES"] }, "headers": ["Remote"], "acceptBearer": true });
        front.application("sales", sales);
        front.put(Kind::GROUP, "sales-1", of("staff", json!({ "scim": { "displayName": "Sales" } })));
        front.claim("staff", GROUP_NAME, "sales", "sales-1");
        front.person("ada-1", json!({}));
        front.tell();
        let running = tokio::spawn({
            let logins = front.logins.clone();
            async move { logins.run().await }
        });
        while front.logins.keys().is_none() {
            tokio::task::yield_now().await;
        }
        running.abort();
        front
    }

    fn put(&self, kind: Kind, name: &str, spec: Value) {
        self.memory.put(
            kind,
            &json!({ "metadata": { "name": name, "namespace": "acme", "uid": format!("{name}-uid-0") }, "spec": spec }),
        );
    }

    fn claim(&self, directory: &str, attribute: &str, value: &str, holder: &str) {
        let spec = of(directory, json!({ "attribute": attribute, "value": value, "holder": holder, "nonce": "0" }));
        self.put(Kind::CLAIM, &claim_name(directory, attribute, value), spec);
    }

    /// A person of `staff`, who owns the name.
    fn person(&self, id: &str, difference: Value) {
        let user_name = format!("{id}@contoso.example");
        let mut spec = of(
            "staff",
            json!({
                "managedBy": "Provisioning",
                "scim": { "userName": user_name, "displayName": "Ada L", "emails": [{ "value": "ada@contoso.example" }] },
            }),
        );
        spec.as_object_mut().expect("an object").extend(difference.as_object().cloned().expect("an object"));
        let name = spec["scim"]["userName"].as_str().expect("a name").to_owned();
        self.put(Kind::USER, id, spec);
        self.claim("staff", USER_NAME, &canonical(&name), id);
        self.tell();
    }

    fn application(&self, name: &str, difference: Value) {
        let mut spec = of("staff", json!({ "hosts": [format!("{name}.contoso.example")] }));
        spec.as_object_mut().expect("an object").extend(difference.as_object().cloned().expect("an object"));
        self.put(Kind::APPLICATION, name, spec);
        self.tell();
    }

    fn tell(&self) {
        self.memory.fill(&self.store);
    }

    /// A session of a person that was given to an application's host, edited.
    fn cookie(&self, directory: &str, application: &str, id: &str, edit: impl FnOnce(&mut Session)) -> String {
        let directory = self.store.directory("acme", directory).expect("a Directory");
        let now = Timestamp::now();
        let mut session = Session {
            id: rand::random(),
            user: id.to_owned(),
            uid: self.store.index("acme", "staff").person(id).map_or(*b"00000000", |person| person.uid),
            account_object: None,
            epoch: 0,
            issued_at: now,
            checked_at: now,
            seen_at: now,
            expires_at: now + SignedDuration::from_hours(8),
            method: LoginMethod::OpenIDConnect,
            login_hint: None,
        };
        edit(&mut session);
        let host = CookieHost::Application(application);
        let cookie = self.logins.session_cookie(&directory, &session, host, "id.contoso.example").expect("keys");
        cookie.split(';').next().expect("a cookie").to_owned()
    }

    fn session(&self) -> String {
        self.cookie("staff", "wiki", "ada-1", |_| {})
    }

    /// What a proxy is told about a request.
    async fn ask(&self, path: &str, lines: &[(&str, &str)]) -> Read {
        let ends = Ends {
            peer: "10.0.0.1:1".parse().expect("an address"),
            local: "10.0.0.2:2".parse().expect("an address"),
            tls: false,
        };
        let mut request = Request::builder().uri(path);
        if !lines.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "rollcall.rollcall-system.svc");
        }
        for (name, value) in lines {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        let answer = self.edge.answer(ends, request.body(Body::empty()).expect("a request")).await;
        let (head, body) = answer.into_parts();
        assert_eq!(
            head.headers.get("cache-control").map(HeaderValue::as_bytes),
            Some(&b"no-store"[..]),
            "threat 43: {path}"
        );
        let size: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        assert!(size + 60 <= limits::MAX_HEAD, "{path}: a head of {size} bytes");
        let body = to_bytes(body, 65_536).await.expect("a body");
        Read {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).expect("text"),
        }
    }

    async fn status(&self, application: &str, cookie: &str) -> u16 {
        self.ask(&format!("/check/nginx/acme/staff/{application}"), &[("cookie", cookie)]).await.status
    }
}

fn of(directory: &str, mut spec: Value) -> Value {
    spec["directoryRef"] = json!({ "name": directory });
    spec
}

#[tokio::test]
async fn a_live_session_passes_and_the_application_is_told_who_it_is() {
    let front = Front::new().await;
    let cookie = front.session();
    for path in
        ["/check/nginx/acme/staff/wiki", "/check/forward/acme/staff/wiki", "/check/envoy/acme/staff/wiki/a//b?c"]
    {
        let read = front.ask(path, &[("cookie", &cookie), PAGE]).await;
        assert_eq!((read.status, read.body.as_str()), (200, ""), "{path}");
        for name in TOLD {
            assert_eq!(read.headers.get_all(name).iter().count(), 1, "threat 40: {path}: {name} is always there");
        }
        assert_eq!(read.header("x-auth-request-user"), Some("ada-1@contoso.example"));
        assert_eq!(read.header("x-auth-request-email"), Some("ada@contoso.example"));
        assert_eq!(read.header("x-auth-request-uid"), Some("ada-1"));
        assert_eq!(read.header("remote-user"), None, "only where it is asked for");
        let assertion = read.header("x-rollcall-assertion").expect("an assertion");
        assert_eq!(assertion.split('.').count(), 3, "{assertion}");
        assert_eq!(read.header("set-cookie"), None, "no idle limit, no new cookie");
    }
    let text = front.metrics.text();
    let line =
        "rollcall_checks_total{namespace=\"acme\",directory=\"staff\",application=\"wiki\",result=\"allowed\"} 3";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn whoever_has_no_session_that_counts_is_out_at_the_next_request() {
    let front = Front::new().await;
    let session = front.session();
    let mut tampered = session.clone().into_bytes();
    let last = tampered.len() - 20;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).expect("text");
    let value = session.split_once('=').expect("a cookie").1;
    let past = Timestamp::now() - SignedDuration::from_hours(9);
    for (name, cookie, expected) in [
        ("a live one", session.clone(), 200),
        ("beside another cookie", format!("theme=dark; {session}; a=b"), 200),
        ("after a dead one of its name", format!("{tampered}; {session}"), 200),
        ("none", String::new(), 401),
        ("threat 29: tampered with", tampered.clone(), 401),
        ("threat 29: of another Directory", front.cookie("guests", "wiki", "ada-1", |_| {}), 401),
        ("under the name of another cookie", format!("session={value}"), 401),
        ("for another application's host", front.cookie("staff", "sales", "ada-1", |_| {}), 401),
        ("over", front.cookie("staff", "wiki", "ada-1", |session| session.expires_at = past), 401),
        (
            "threat 30: from before a deactivation",
            front.cookie("staff", "wiki", "ada-1", |session| session.epoch = -1),
            401,
        ),
        ("of somebody who is gone", front.cookie("staff", "wiki", "eve-1", |_| {}), 401),
        (
            "of an object that was made anew",
            front.cookie("staff", "wiki", "ada-1", |session| session.uid = *b"11111111"),
            401,
        ),
        (
            "by another way to log in",
            front.cookie("staff", "wiki", "ada-1", |session| session.method = LoginMethod::BuiltIn),
            401,
        ),
    ] {
        assert_eq!(front.status("wiki", &cookie).await, expected, "{name}");
    }
    let scim = |active: bool| json!({ "scim": { "userName": "ada-1@contoso.example", "active": active } });
    for (name, difference, expected) in [
        ("deactivated", scim(false), 401),
        ("active again, with the epoch that the deactivation raised", json!({ "sessionEpoch": 1 }), 401),
        ("suspended", json!({ "suspended": true }), 401),
        ("suspended in the portal", json!({ "portalSuspension": { "at": "2026-01-01T00:00:00Z", "by": "x" } }), 401),
        ("deleted", json!({ "deletedAt": "2026-01-01T00:00:00Z" }), 401),
        ("rejected", json!({ "rejected": true }), 401),
        ("with a password now", json!({ "loginMethod": "BuiltIn" }), 401),
        ("linked to another tenant", json!({ "link": { "tenantID": "t2", "objectID": "o" } }), 401),
        ("as before", json!({}), 200),
    ] {
        front.person("ada-1", difference);
        assert_eq!(front.status("wiki", &session).await, expected, "{name}");
    }
}

#[tokio::test]
async fn the_policy_of_an_application_acts_on_the_next_request() {
    let front = Front::new().await;
    let cookie = front.session();
    for (name, require, expected) in [
        ("everybody", json!({}), 200),
        ("a group that she is not in", json!({ "groups": ["Sales"] }), 403),
        ("a role that she does not have", json!({ "roles": ["Admin"] }), 403),
        ("her name", json!({ "users": ["ADA-1@contoso.example"] }), 200),
        ("another's name", json!({ "users": ["eve"] }), 403),
    ] {
        front.application("wiki", json!({ "require": require }));
        assert_eq!(front.status("wiki", &cookie).await, expected, "{name}");
    }
    front.application("wiki", json!({ "require": { "groups": ["sales"] } }));
    for (path, lines, is_page) in [
        ("/check/forward/acme/staff/wiki", vec![PAGE], true),
        ("/check/forward/acme/staff/wiki", vec![("accept", "*/*")], false),
        ("/check/nginx/acme/staff/wiki", vec![PAGE], false),
    ] {
        let read = front.ask(path, &[&lines[..], &[("cookie", &*cookie)]].concat()).await;
        let is_html = read.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        assert_eq!((read.status, is_html), (403, is_page), "{path}: {}", read.body);
        assert!(read.body.contains("You are signed in") && !read.body.contains("ada-1"), "{}", read.body);
    }
    front.person("ada-1", json!({ "memberOf": ["sales-1"] }));
    let read = front.ask("/check/nginx/acme/staff/wiki", &[("cookie", &cookie)]).await;
    assert_eq!((read.status, read.header("x-auth-request-groups")), (200, Some("Sales")), "a member now");
}

#[tokio::test]
async fn nobody_is_let_in_where_the_directory_is_being_deleted() {
    let front = Front::new().await;
    let cookie = front.session();
    assert_eq!(front.status("wiki", &cookie).await, 200);
    let mut directory = front.memory.all(Kind::DIRECTORY).into_iter().find(|one| one.name() == "staff").expect("staff");
    directory["metadata"]["deletionTimestamp"] = json!("2026-03-01T10:00:00Z");
    front.memory.put(Kind::DIRECTORY, &directory);
    front.tell();
    assert_eq!(front.status("wiki", &cookie).await, 403);
}

#[tokio::test]
async fn each_family_is_told_in_its_own_way_where_to_sign_in() {
    let front = Front::new().await;
    let login = format!("{PUBLIC_URL}/login/acme/staff?app=wiki");
    let deep = format!("{login}&rd=https://wiki.contoso.example/a%2520b?c%3D1%26d");
    let nginx = ("x-original-url", "http://wiki.contoso.example/a%20b?c=1&d");
    let forward = [
        ("x-forwarded-host", "wiki.contoso.example"),
        ("x-forwarded-uri", "/a%20b?c=1&d"),
        ("x-forwarded-proto", "http"),
    ];
    let (in_nginx, in_forward) = ("/check/nginx/acme/staff/wiki", "/check/forward/acme/staff/wiki");
    let in_envoy = "/check/envoy/acme/staff/wiki/a%20b?c=1&d";
    let (host, post) = (("host", "wiki.contoso.example"), ("x-forwarded-method", "POST"));
    let (xhr, cors) = (("x-requested-with", "XMLHttpRequest"), ("sec-fetch-mode", "cors"));
    for (name, path, lines, status, location, hint) in [
        ("nginx", in_nginx, [&[nginx, PAGE][..], &[]], 401, None, Some(deep.as_str())),
        ("nginx, which says nothing", in_nginx, [&[PAGE], &[]], 401, None, Some(&login)),
        ("nginx, an XHR", in_nginx, [&[nginx, PAGE, xhr], &[]], 401, None, None),
        ("threat 41: another family's headers", in_nginx, [&forward, &[PAGE]], 401, None, Some(&login)),
        (
            "threat 41: a host of nobody's",
            in_nginx,
            [&[("x-original-url", "https://evil.example/"), PAGE], &[]],
            401,
            None,
            Some(&login),
        ),
        ("forward", in_forward, [&forward, &[PAGE]], 302, Some(deep.as_str()), None),
        ("forward, fetch()", in_forward, [&forward, &[PAGE, cors]], 401, None, None),
        ("forward, a form that is posted", in_forward, [&forward, &[PAGE, post]], 401, None, None),
        ("forward, a WebSocket", in_forward, [&forward, &[PAGE, ("upgrade", "websocket")]], 401, None, None),
        ("forward, nothing but */*", in_forward, [&forward, &[("accept", "*/*")]], 401, None, None),
        ("envoy", in_envoy, [&[host, PAGE], &[]], 302, Some(&deep), None),
        ("envoy, an XHR", in_envoy, [&[host, xhr], &[]], 401, None, None),
    ] {
        let read = front.ask(path, &lines.concat()).await;
        assert_eq!(
            (read.status, read.header("location"), read.header("x-rollcall-login")),
            (status, location, hint),
            "{name}"
        );
        let challenge = (status == 401).then_some("Bearer realm=\"rollcall\"");
        assert_eq!(read.header("www-authenticate"), challenge, "{name}");
        for told in TOLD {
            assert_eq!(read.header(told), None, "{name}: {told}");
        }
    }
}

#[tokio::test]
async fn a_session_that_is_to_be_revalidated_goes_on_for_everything_but_a_navigation() {
    let front = Front::new().await;
    let long_ago = Timestamp::now() - SignedDuration::from_hours(2);
    let cookie = front.cookie("staff", "wiki", "ada-1", |session| session.checked_at = long_ago);
    let forward = ("x-forwarded-host", "wiki.contoso.example");
    for (name, lines, expected) in [
        ("a page", vec![PAGE], 302),
        ("an XHR", vec![PAGE, ("x-requested-with", "XMLHttpRequest")], 200),
        ("a POST", vec![PAGE, ("x-forwarded-method", "POST")], 200),
        ("a WebSocket", vec![("upgrade", "websocket"), ("sec-fetch-mode", "websocket")], 200),
    ] {
        let lines = [&lines[..], &[("cookie", &*cookie), forward]].concat();
        assert_eq!(front.ask("/check/forward/acme/staff/wiki", &lines).await.status, expected, "{name}");
    }
}

#[tokio::test]
async fn threat_40_forged_identity_headers_change_no_answer() {
    let front = Front::new().await;
    let cookie = front.session();
    let forged = TOLD.map(|name| (name, "admin"));
    let others = [("remote-user", "admin"), ("x_auth_request_groups", "admins"), ("x-forwarded-user", "admin")];
    let lines = [&forged[..], &others, &[("cookie", &*cookie)]].concat();
    let read = front.ask("/check/nginx/acme/staff/wiki", &lines).await;
    assert_eq!(read.status, 200);
    assert!(
        read.headers.values().all(|value| !value.as_bytes().windows(5).any(|part| part == b"admin")),
        "{:?}",
        read.headers
    );
    assert_eq!(front.ask("/check/nginx/acme/staff/wiki", &[&forged[..], &others].concat()).await.status, 401);
}

#[tokio::test]
async fn threat_42_a_display_name_with_line_breaks_adds_no_header() {
    let front = Front::new().await;
    let scim = json!({ "userName": "ada-1@contoso.example", "displayName": "Ada\r\nX-Admin: yes\r\n\r\n<h1>" });
    front.person("ada-1", json!({ "scim": scim, "memberOf": ["sales-1"] }));
    let cookie = front.cookie("staff", "sales", "ada-1", |_| {});
    let read = front.ask("/check/forward/acme/staff/sales", &[("cookie", &cookie)]).await;
    assert_eq!((read.status, read.header("remote-name")), (200, Some("Ada  X-Admin: yes    <h1>")));
    assert_eq!(read.header("x-admin"), None);
    assert_eq!(read.header("remote-groups"), Some("Sales"));
    let broken = json!({ "userName": "ada\r\nX-Admin: yes" });
    front.person("ada-1", json!({ "scim": broken, "memberOf": ["sales-1"] }));
    let read = front.ask("/check/forward/acme/staff/sales", &[("cookie", &cookie)]).await;
    assert_eq!(read.status, 403, "a name that cannot be told exactly is nobody's");
}

#[tokio::test]
async fn the_application_s_own_credentials_are_none_of_our_business_and_a_token_of_ours_is_judged() {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    let front = Front::new().await;
    front.person("ada-1", json!({ "memberOf": ["sales-1"] }));
    let token = |issuer: &str| {
        let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        format!(
            "Bearer {}.{}.eA",
            part(json!({ "alg": "none", "typ": "JWT" })),
            part(json!({ "iss": issuer, "oid": "o" }))
        )
    };
    let ours = token(&format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    let old = token(&format!("https://sts.windows.net/{TENANT}/"));
    let foreign = token("https://ci.example/");
    let (wiki, sales) = (front.session(), front.cookie("staff", "sales", "ada-1", |_| {}));
    for (name, application, cookie, authorization, expected) in [
        ("Basic beside a session", "sales", &sales, "Basic YWRhOng=", 200),
        ("a foreign token beside a session", "sales", &sales, &*foreign, 200),
        ("an opaque token beside a session", "sales", &sales, "Bearer ghp_0", 200),
        ("threat 24: a forged token of ours beside a session", "sales", &sales, &*ours, 401),
        ("threat 25: a token of version 1.0 beside a session", "sales", &sales, &*old, 401),
        ("a token of ours where none is accepted", "wiki", &wiki, &*ours, 200),
        ("a foreign token alone", "sales", &String::new(), &*foreign, 401),
    ] {
        let path = format!("/check/nginx/acme/staff/{application}");
        let read = front.ask(&path, &[("cookie", cookie), ("authorization", authorization)]).await;
        assert_eq!(read.status, expected, "{name}");
        if expected == 401 {
            let challenge = read.header("www-authenticate").expect("a challenge");
            let metadata = "resource_metadata=\"https://sales.contoso.example/.well-known/oauth-protected-resource\"";
            assert!(challenge.ends_with(metadata), "{name}: {challenge}");
            assert_eq!(challenge.contains("invalid_token"), authorization != foreign, "{name}: {challenge}");
        }
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_may_ask_about_an_application_that_names_some() {
    let front = Front::new().await;
    let cookie = front.session();
    for (networks, expected) in [
        (json!([]), 200),
        (json!(["10.0.0.0/8"]), 200),
        (json!(["192.0.2.0/24"]), 403),
        (json!(["192.0.2.0/24", "10.0.0.1/32"]), 200),
        (json!(["nonsense"]), 403),
    ] {
        front.application("wiki", json!({ "trustedProxies": networks }));
        let lines = [("cookie", &*cookie), ("x-forwarded-for", "192.0.2.1")];
        let read = front.ask("/check/nginx/acme/staff/wiki", &lines).await;
        assert_eq!(read.status, expected, "{networks}: what the client says of its address counts for nothing");
    }
}

#[tokio::test]
async fn an_address_that_asks_nothing_lets_nobody_in() {
    let front = Front::new().await;
    let cookie = front.session();
    for (path, expected) in [
        ("/check/nginx/acme/staff/nothing", 403),
        ("/check/nginx/acme/guests/wiki", 403),
        ("/check/nginx/other/staff/wiki", 403),
        ("/check/nginx/acme/staff/wiki/more", 404),
        ("/check/traefik/acme/staff/wiki", 404),
        ("/check/nginx/acme/staff", 404),
        ("/check", 404),
        ("/check/nginx/acme/staff/%ff", 403),
    ] {
        let read = front.ask(path, &[("cookie", &cookie), PAGE]).await;
        assert_eq!(read.status, expected, "{path}: {}", read.body);
        assert_eq!(read.header("x-auth-request-user"), None, "{path}");
    }
}

#[tokio::test]
async fn the_policy_sees_all_of_two_thousand_groups_and_the_header_those_that_fit() {
    let front = Front::new().await;
    let ids: Vec<_> = (0..2_000).map(|number| format!("group-{number:04}")).collect();
    for id in &ids {
        let name = format!("department of everything, {id}");
        front.put(Kind::GROUP, id, of("staff", json!({ "scim": { "displayName": name } })));
        front.claim("staff", GROUP_NAME, &name, id);
    }
    front.person("ada-1", json!({ "memberOf": ids }));
    front.application("wiki", json!({ "require": { "groups": ["Department of everything, group-1999"] } }));
    let read = front.ask("/check/nginx/acme/staff/wiki", &[("cookie", &front.session())]).await;
    assert_eq!((read.status, read.header("x-auth-request-groups-truncated")), (200, Some("true")));
    let groups = read.header("x-auth-request-groups").expect("always there");
    assert!(groups.len() <= limits::MAX_GROUPS_BYTES && groups.contains("everything%2C group-"), "{groups}");
}

#[tokio::test]
async fn an_idle_limit_renews_the_cookie_and_the_head_still_fits() {
    let front = Front::new().await;
    let mut directory = front.memory.all(Kind::DIRECTORY).into_iter().find(|one| one.name() == "staff").expect("staff");
    directory["spec"]["login"]["session"] = json!({ "idle": "30m" });
    front.put(Kind::DIRECTORY, "staff", directory.spec().clone());
    front.tell();
    let seen = Timestamp::now() - SignedDuration::from_mins(20);
    let cookie = front.cookie("staff", "wiki", "ada-1", |session| session.seen_at = seen);
    let read = front.ask("/check/nginx/acme/staff/wiki", &[("cookie", &cookie)]).await;
    let renewed = read.header("set-cookie").expect("a new cookie").to_owned();
    assert_eq!((read.status, renewed.contains("; HttpOnly; SameSite=Lax")), (200, true), "{renewed}");
    let renewed = renewed.split(';').next().expect("a cookie");
    assert_eq!(front.status("wiki", renewed).await, 200);
    let idle = Timestamp::now() - SignedDuration::from_mins(31);
    let cookie = front.cookie("staff", "wiki", "ada-1", |session| session.seen_at = idle);
    assert_eq!(front.status("wiki", &cookie).await, 401);
}

#[tokio::test]
async fn a_body_that_is_announced_is_not_waited_for_and_ends_the_connection() {
    let front = Front::new().await;
    let cookie = front.session();
    let ends = Ends {
        peer: "10.0.0.1:1".parse().expect("an address"),
        local: "10.0.0.2:2".parse().expect("an address"),
        tls: false,
    };
    let never = futures::stream::pending::<Result<hyper::body::Bytes, std::convert::Infallible>>();
    for (body, expected) in [(Body::from_stream(never), Some("close")), (Body::empty(), None)] {
        let request = Request::builder().method("POST").uri("/check/nginx/acme/staff/wiki").header("host", "x");
        let request =
            request.header("cookie", &cookie).header("content-length", "9000000000").header("expect", "100-continue");
        let answer = front.edge.answer(ends, request.body(body).expect("a request")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers().get("connection").map(|value| value.to_str().expect("text")), expected);
    }
}

#[tokio::test]
async fn nothing_is_known_before_the_keys_are_read() {
    let front = Front::new().await;
    let providers = front.logins.providers().clone();
    let logins = Logins::new(front.store.clone(), providers, front.metrics.clone(), "elsewhere".to_owned());
    let check = CheckDoor::new(logins, None);
    let edge = Edge::new(side_by_side([check.door()]), Addressing::default(), front.metrics.clone(), false);
    let cookie = front.session();
    let read = Front { edge, ..front }.ask("/check/nginx/acme/staff/wiki", &[("cookie", &cookie)]).await;
    assert_eq!((read.status, read.header("retry-after")), (503, Some("5")));
}
