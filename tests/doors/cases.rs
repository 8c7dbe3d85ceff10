//! The table of cases, one for all proxies.

use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::client::{Answer, Message};
use crate::company::{Company, LOGIN};
use crate::forged;
use crate::places::HOST;
use crate::scene::Scene;

pub(crate) type Check = Result<(), String>;
type Run = for<'a> fn(&'a Scene, &'a Shared) -> Pin<Box<dyn Future<Output = Check> + 'a>>;

/// One row.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
}

/// What the cases of all proxies share.
pub(crate) struct Shared {
    /// The session of somebody in 2,000 groups.
    member_of_many: String,
}

impl Shared {
    pub(crate) async fn new(company: &Company) -> Self {
        let person = company.join("member-of-many").await;
        company.join_many_groups(&person).await;
        Self { member_of_many: company.seals.cookie(&company.object(&person).await, "wiki") }
    }
}

macro_rules! cases {
    ($($name:literal => $case:path,)*) => { &[$(Case { name: $name, run: |scene, shared| Box::pin($case(scene, shared)) }),*] };
}

/// In this order: the last ones take the access of the person who has signed in.
pub(crate) const CASES: &[Case] = cases![
    "a live session is let in, and the application is told who it is" => allow,
    "an application can verify who it is told" => assertion,
    "a deep link leads through the login and comes back whole" => deep_link,
    "a session that is over leads to the login" => expired,
    "a cookie that was changed in one letter leads to the login" => tampered,
    "a script without a session gets 401 and no redirect" => script,
    "a program learns which tokens are taken, and is let in with one of a person's" => program,
    "no spelling of a forged header reaches the application" => forged::identity,
    "forged headers do not reach the operator's question" => forged::origin,
    "a WebSocket is opened with a session and not without" => websocket,
    "a person in 2,000 groups is let in with a head of at most 4,096 bytes" => many_groups,
    "a posted body reaches the application and not the operator" => body,
    "the application keeps its own Authorization and its own 401" => own,
    "Rollcall's own addresses at the application's host need no session" => addresses,
    "no detour around the door reaches the application" => detours,
    "a person who leaves the group gets 403 at the next request" => denied,
    "a person who was deactivated over SCIM is out at the next request" => deactivated,
];

pub(crate) const NAVIGATION: (&str, &str) = ("sec-fetch-mode", "navigate");
const SCRIPT: (&str, &str) = ("sec-fetch-mode", "cors");

pub(crate) fn ensure(holds: bool, what: impl Fn() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

pub(crate) fn has_status(answer: &Answer, status: u16) -> Check {
    ensure(answer.status == status, || {
        format!("status {} and not {status}: {}", answer.status, String::from_utf8_lossy(&answer.body))
    })
}

/// What the application was sent under a name, in any line.
pub(crate) fn values(answer: &Answer, name: &str) -> Result<Vec<String>, String> {
    let sent = answer.sent().ok_or_else(|| format!("{} is not the application's answer", answer.status))?;
    let lines = sent["headers"].as_array().cloned().unwrap_or_default();
    let own = lines.iter().filter(|line| line[0] == name).filter_map(|line| line[1].as_str());
    Ok(own.map(str::to_owned).collect())
}

/// The application was told `value`; an empty value may be left out.
pub(crate) fn is_told(answer: &Answer, name: &str, value: &str) -> Check {
    let told = values(answer, name)?;
    let fits = told == [value] || (value.is_empty() && told.is_empty());
    ensure(fits, || format!("{name} is {told:?} and not {value:?}"))
}

pub(crate) fn is_not_let_in(scene: &Scene, before: usize) -> Check {
    ensure(scene.application.requests() == before, || "the application was reached".to_owned())
}

/// An address as the login's parameter has it.
pub(crate) fn login(target: &str) -> String {
    const ESCAPED: &[(&str, &str)] = &[("%", "%25"), ("&", "%26"), ("=", "%3D"), ("+", "%2B")];
    let target = ESCAPED.iter().fold(target.to_owned(), |target, (from, to)| target.replace(from, to));
    format!("{LOGIN}https://{HOST}{target}")
}

async fn allow(scene: &Scene, _: &Shared) -> Check {
    let target = "/a%20page?with=a%26query";
    let answer = scene.get(target, &[("cookie", &format!("theme=dark; {}", scene.live))]).await;
    has_status(&answer, 200)?;
    let (id, user_name) = (&scene.person.id, &scene.person.user_name);
    for (name, value) in [
        ("x-auth-request-user", user_name.as_str()),
        ("x-auth-request-preferred-username", user_name),
        ("x-auth-request-email", &user_name.replace('@', ".mail@")),
        ("x-auth-request-groups", "Wiki%2C North"),
        ("x-auth-request-groups-truncated", "false"),
        ("x-auth-request-role", ""),
        ("x-auth-request-user-type", "Employee"),
        ("x-auth-request-uid", id),
        ("host", HOST),
    ] {
        is_told(&answer, name, value)?;
    }
    let asked = answer.sent().map(|sent| sent["target"].clone()).unwrap_or_default();
    ensure(asked == target, || format!("the application was asked for {asked}"))
}

async fn assertion(scene: &Scene, _: &Shared) -> Check {
    let told = values(&scene.get_live("/", &[]).await, "x-rollcall-assertion")?;
    let [token] = &told[..] else { return Err(format!("{} assertions", told.len())) };
    let (signed, signature) = token.rsplit_once('.').ok_or("no signature")?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|error| error.to_string());
    let part = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).map_err(|error| error.to_string());
    let (header, claims) = signed.split_once('.').ok_or("no claims")?;
    let (header, claims) = (part(header)?, part(claims)?);
    let keys = scene.company.assertion_keys().await;
    let key = keys.get(header["kid"].as_str().unwrap_or_default()).ok_or("the key is not published")?;
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, decode(key)?);
    key.verify(signed.as_bytes(), &decode(signature)?).map_err(|_| "the signature is wrong")?;
    let (audience, subject) = (&claims["aud"], &claims["sub"]);
    let is_meant = audience.as_str().is_some_and(|audience| audience.contains(HOST)) && *subject == scene.person.id;
    ensure(is_meant, || format!("it is about {subject} and for {audience}"))
}

async fn leads_to_login(scene: &Scene, headers: &[(&str, &str)]) -> Check {
    let before = scene.application.requests();
    let target = "/deep/page?a=b%26c&d=%0A";
    let answer = scene.get(target, headers).await;
    has_status(&answer, 302)?;
    let expected = login(target);
    ensure(answer.header("location") == Some(&expected), || {
        format!("location {:?}, not {expected}", answer.header("location"))
    })?;
    is_not_let_in(scene, before)
}

async fn deep_link(scene: &Scene, _: &Shared) -> Check {
    leads_to_login(scene, &[NAVIGATION]).await?;
    scene.sign_in("/My%20Page?q=a%20b%0A%5C%26c&next=https://evil.example/%2F..").await.map(drop)
}

async fn expired(scene: &Scene, _: &Shared) -> Check {
    let object = scene.company.object(&scene.person).await;
    let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
    let over = scene.company.seals.edited(&object, "wiki", |session| {
        (session.issued_at, session.expires_at) = (yesterday, yesterday + SignedDuration::from_hours(8));
    });
    leads_to_login(scene, &[NAVIGATION, ("cookie", &over)]).await
}

async fn tampered(scene: &Scene, _: &Shared) -> Check {
    // The cookie of the session comes last: before it is the one that binds logins to the browser.
    let start = scene.live.rfind('=').ok_or("no cookie")? + 1;
    for place in (start..scene.live.len() - 1).step_by((scene.live.len() - start) / 8) {
        let letter = if scene.live.as_bytes()[place] == b'A' { "B" } else { "A" };
        let mut changed = scene.live.clone();
        changed.replace_range(place..=place, letter);
        leads_to_login(scene, &[NAVIGATION, ("cookie", &changed)]).await?;
    }
    Ok(())
}

async fn script(scene: &Scene, _: &Shared) -> Check {
    let before = scene.application.requests();
    for headers in [&[SCRIPT][..], &[SCRIPT, ("cookie", "__Host-rollcall-session-k3v9qz=no-session")], &[]] {
        let answer = scene.get("/api/pages", headers).await;
        has_status(&answer, 401)?;
        ensure(answer.header("location").is_none(), || "a redirect".to_owned())?;
        ensure(answer.header("www-authenticate").is_some(), || "no WWW-Authenticate".to_owned())?;
    }
    is_not_let_in(scene, before)
}

/// An MCP server behind the door is found like this (RFC 9728 section 5).
async fn program(scene: &Scene, _: &Shared) -> Check {
    let before = scene.application.requests();
    let refusal = scene.get("/mcp", &[]).await;
    has_status(&refusal, 401)?;
    let challenge = refusal.header("www-authenticate").unwrap_or_default();
    let metadata = challenge.split_once("resource_metadata=\"").and_then(|(_, rest)| rest.split_once('"'));
    let metadata = metadata.and_then(|(url, _)| url.strip_prefix(&format!("https://{HOST}")));
    let metadata = metadata.ok_or_else(|| format!("the challenge is {challenge:?}"))?;
    let document = scene.get(metadata, &[]).await;
    has_status(&document, 200)?;
    let document: Value = serde_json::from_slice(&document.body).map_err(|error| error.to_string())?;
    let expected = (format!("https://{HOST}"), scene.company.provider.issuer());
    ensure(
        (&document["resource"], &document["authorization_servers"][0]) == (&expected.0.into(), &expected.1.into()),
        || format!("the metadata are {document}"),
    )?;
    let token = scene.company.access_token(&scene.person).await;
    let changed = format!("{}{}", &token[..token.len() - 8], "AAAAAAAA");
    let refusal = scene.get("/mcp", &[("authorization", &format!("Bearer {changed}"))]).await;
    has_status(&refusal, 401)?;
    let challenge = refusal.header("www-authenticate").unwrap_or_default();
    ensure(challenge.contains("invalid_token"), || format!("the challenge is {challenge:?}"))?;
    is_not_let_in(scene, before)?;
    let answer = scene.get("/mcp", &[("authorization", &format!("Bearer {token}"))]).await;
    has_status(&answer, 200)?;
    is_told(&answer, "x-auth-request-uid", &scene.person.id)
}

async fn denied(scene: &Scene, _: &Shared) -> Check {
    let before = scene.application.requests();
    scene.company.leave_group(&scene.person).await;
    has_status(&scene.get_live("/", &[NAVIGATION]).await, 403)?;
    is_not_let_in(scene, before)?;
    scene.company.join_group(&scene.person).await;
    has_status(&scene.get_live("/", &[NAVIGATION]).await, 200)
}

async fn deactivated(scene: &Scene, _: &Shared) -> Check {
    has_status(&scene.get_live("/", &[NAVIGATION]).await, 200)?;
    scene.company.deactivate(&scene.person).await;
    leads_to_login(scene, &[NAVIGATION, ("cookie", &scene.live)]).await?;
    let before = scene.application.requests();
    has_status(&scene.get_live("/", &[SCRIPT]).await, 401)?;
    is_not_let_in(scene, before)
}

async fn websocket(scene: &Scene, _: &Shared) -> Check {
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-fetch-mode", "websocket"),
    ];
    let answer = scene.get_live("/live", &upgrade).await;
    has_status(&answer, 101)?;
    ensure(answer.body == b"echo", || format!("{:?} came back", answer.body))?;
    let before = scene.application.requests();
    has_status(&scene.get("/live", &upgrade).await, 401)?;
    is_not_let_in(scene, before)
}

async fn many_groups(scene: &Scene, shared: &Shared) -> Check {
    drop(scene.wire.take_heads());
    let answer = scene.get("/", &[("cookie", &shared.member_of_many)]).await;
    has_status(&answer, 200)?;
    is_told(&answer, "x-auth-request-groups-truncated", "true")?;
    let groups = values(&answer, "x-auth-request-groups")?.concat();
    ensure(groups.contains("Department of everything%2C number "), || format!("the groups are {groups:?}"))?;
    let heads = scene.wire.take_heads();
    ensure(heads.len() == 1 && heads[0] <= 4_096, || format!("heads of {heads:?} bytes"))
}

async fn body(scene: &Scene, _: &Shared) -> Check {
    let body = "a page of the wiki ".repeat(2000);
    scene.wire.take_questions();
    let cookie = [("cookie", scene.live.as_str())];
    let answer = scene.send(&Message { method: "POST", target: "/pages", headers: &cookie, body: &body }).await;
    has_status(&answer, 200)?;
    let sent = answer.sent().ok_or("no answer of the application")?;
    ensure(sent["body"] == body && sent["method"] == "POST", || "the body is another one".to_owned())?;
    let questions = scene.wire.take_questions();
    ensure(questions.iter().all(|question| question.body == 0), || "a body was announced to the operator".to_owned())?;
    ensure(questions.len() == 1, || {
        format!("{} questions: {:?}", questions.len(), questions.first().map(|one| &one.method))
    })
}

async fn own(scene: &Scene, _: &Shared) -> Check {
    let authorization = ("authorization", "Basic d2lraTp3aWtp");
    is_told(&scene.get_live("/", &[authorization]).await, authorization.0, authorization.1)?;
    let refusal = scene.get_live("/own-refusal", &[NAVIGATION]).await;
    has_status(&refusal, 401)?;
    ensure(refusal.sent().is_some(), || "the application's answer was replaced".to_owned())
}

async fn addresses(scene: &Scene, _: &Shared) -> Check {
    let before = scene.application.requests();
    for (target, asked) in [
        ("/.rollcall/session?ticket=a%2Bb", "/app/acme/staff/wiki/session?ticket=a%2Bb"),
        ("/.well-known/oauth-protected-resource", "/app/acme/staff/wiki/oauth-protected-resource"),
    ] {
        scene.wire.take_questions();
        let answer = scene.get(target, &[]).await;
        ensure(answer.status < 500 && answer.status != 401, || format!("{target}: status {}", answer.status))?;
        let questions = scene.wire.take_questions();
        let [question] = &questions[..] else { return Err(format!("{} questions for {target}", questions.len())) };
        ensure(question.target == asked, || format!("{target} became {}", question.target))?;
        ensure(question.header("host") == Some(HOST), || format!("host {:?}", question.header("host")))?;
    }
    is_not_let_in(scene, before)
}

async fn detours(scene: &Scene, _: &Shared) -> Check {
    let before = scene.application.requests();
    for target in [
        "/.rollcall/../pages",
        "/.rollcall/%2e%2e/pages",
        "/.rollcall/..%2fpages",
        "//.rollcall/pages",
        "/.rollcall%2fpages",
        "/.ROLLCALL/pages",
        "/.well-known/oauth-protected-resource/../../pages",
        "/.well-known/oauth-protected-resource%2f..%2f..%2fpages",
        "/.rollcall-check",
        "/pages?/.rollcall/",
        "/pages;/.rollcall/",
        "/./pages",
    ] {
        let answer = scene.get(target, &[]).await;
        ensure(answer.sent().is_none(), || format!("{target} reached the application"))?;
    }
    is_not_let_in(scene, before)
}
