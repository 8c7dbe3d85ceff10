//! The table of cases, one for all proxies.

use std::future::Future;
use std::pin::Pin;

use crate::client::{Answer, Message};
use crate::door::{DENIED, EXPIRED, IDENTITY, LIVE, LOGIN, MANY_GROUPS, STALE, many_groups};
use crate::scene::{HOST, Scene};

type Check = Result<(), String>;
type Run = for<'a> fn(&'a Scene) -> Pin<Box<dyn Future<Output = Check> + 'a>>;

/// One row.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a live session is let in, and the application is told who it is",
        run: |scene| Box::pin(allow(scene)),
    },
    Case { name: "a deep link without a session leads to the login and back", run: |scene| Box::pin(deep_link(scene)) },
    Case { name: "a session that is over leads to the login", run: |scene| Box::pin(expired(scene)) },
    Case { name: "a script without a session gets 401 and no page", run: |scene| Box::pin(script(scene)) },
    Case { name: "a person who may not use the application gets 403", run: |scene| Box::pin(denied(scene)) },
    Case { name: "a door that does not know lets nobody in", run: |scene| Box::pin(stale(scene)) },
    Case { name: "no spelling of a forged header reaches the application", run: |scene| Box::pin(forged(scene)) },
    Case { name: "forged headers do not reach the door's question", run: |scene| Box::pin(forged_origin(scene)) },
    Case { name: "a WebSocket is opened with a session and not without", run: |scene| Box::pin(websocket(scene)) },
    Case { name: "large groups reach the application whole", run: |scene| Box::pin(large_groups(scene)) },
    Case { name: "a posted body reaches the application and not the door", run: |scene| Box::pin(body(scene)) },
    Case { name: "the application keeps its own Authorization and its own 401", run: |scene| Box::pin(own(scene)) },
    Case {
        name: "Rollcall's own addresses at the application's host need no session",
        run: |scene| Box::pin(addresses(scene)),
    },
    Case { name: "no detour around the door reaches the application", run: |scene| Box::pin(detours(scene)) },
];

const NAVIGATION: (&str, &str) = ("sec-fetch-mode", "navigate");
const SCRIPT: (&str, &str) = ("sec-fetch-mode", "cors");

fn ensure(holds: bool, what: impl Fn() -> String) -> Check {
    if holds { Ok(()) } else { Err(what()) }
}

fn has_status(answer: &Answer, status: u16) -> Check {
    ensure(answer.status == status, || {
        format!("status {} and not {status}: {}", answer.status, String::from_utf8_lossy(&answer.body))
    })
}

/// What the application was sent under a name, in any line.
fn values(answer: &Answer, name: &str) -> Result<Vec<String>, String> {
    let sent = answer.sent().ok_or_else(|| format!("{} is not the application's answer", answer.status))?;
    let lines = sent["headers"].as_array().cloned().unwrap_or_default();
    let own = lines.iter().filter(|line| line[0] == name).filter_map(|line| line[1].as_str());
    Ok(own.map(str::to_owned).collect())
}

/// The application was told `value`; an empty value may be left out.
fn is_told(answer: &Answer, name: &str, value: &str) -> Check {
    let told = values(answer, name)?;
    let fits = told == [value] || (value.is_empty() && told.is_empty());
    ensure(fits, || format!("{name} is {told:?} and not {value:?}"))
}

fn is_not_let_in(scene: &Scene, before: usize) -> Check {
    ensure(scene.application.requests() == before, || "the application was reached".to_owned())
}

async fn allow(scene: &Scene) -> Check {
    let answer = scene.get("/a%20page?with=a%26query", &[LIVE]).await;
    has_status(&answer, 200)?;
    for (name, value) in IDENTITY {
        is_told(&answer, name, value)?;
    }
    is_told(&answer, "host", HOST)?;
    let target = answer.sent().map(|sent| sent["target"].clone()).unwrap_or_default();
    ensure(target == "/a%20page?with=a%26query", || format!("the application was asked for {target}"))
}

async fn leads_to_login(scene: &Scene, headers: &[(&str, &str)]) -> Check {
    let before = scene.application.requests();
    let target = "/deep/page?a=b%26c&d=%0A";
    let answer = scene.get(target, headers).await;
    has_status(&answer, 302)?;
    let place = target.replace('%', "%25").replace('&', "%26").replace('?', "%3F");
    let expected = format!("{LOGIN}https://{HOST}{place}");
    ensure(answer.header("location") == Some(&expected), || {
        format!("location {:?}, not {expected}", answer.header("location"))
    })?;
    is_not_let_in(scene, before)
}

async fn deep_link(scene: &Scene) -> Check {
    leads_to_login(scene, &[NAVIGATION]).await
}

async fn expired(scene: &Scene) -> Check {
    leads_to_login(scene, &[NAVIGATION, EXPIRED]).await
}

async fn script(scene: &Scene) -> Check {
    let before = scene.application.requests();
    for headers in [&[SCRIPT][..], &[SCRIPT, EXPIRED], &[]] {
        let answer = scene.get("/api/pages", headers).await;
        has_status(&answer, 401)?;
        ensure(answer.header("location").is_none(), || "a redirect".to_owned())?;
        ensure(answer.header("www-authenticate").is_some(), || "no WWW-Authenticate".to_owned())?;
    }
    is_not_let_in(scene, before)
}

async fn denied(scene: &Scene) -> Check {
    let before = scene.application.requests();
    has_status(&scene.get("/", &[NAVIGATION, DENIED]).await, 403)?;
    is_not_let_in(scene, before)
}

async fn stale(scene: &Scene) -> Check {
    let before = scene.application.requests();
    let answer = scene.get("/", &[NAVIGATION, STALE]).await;
    ensure(answer.status >= 500, || format!("status {}", answer.status))?;
    is_not_let_in(scene, before)
}

async fn forged(scene: &Scene) -> Check {
    let names =
        IDENTITY.iter().map(|(name, _)| *name).chain(["remote-user", "remote-email", "remote-name", "remote-groups"]);
    for name in names {
        for spelling in spellings(name) {
            let answer = scene.get("/", &[LIVE, (&spelling, "forged"), (&spelling, "forged again")]).await;
            // A proxy may as well refuse such a request.
            if answer.status == 400 {
                continue;
            }
            has_status(&answer, 200)?;
            let sent = answer.sent().ok_or("no answer of the application")?;
            ensure(!sent.to_string().contains("forged"), || format!("{spelling}: {}", sent["headers"]))?;
        }
    }
    Ok(())
}

/// A name with each of its hyphens kept or made an underscore.
fn spellings(name: &str) -> Vec<String> {
    let hyphens = name.matches('-').count();
    let spelled = |choice: u32| {
        let parts: Vec<_> = name.split('-').collect();
        let joints = (0..hyphens).map(|number| if choice >> number & 1 == 1 { "_" } else { "-" }).chain([""]);
        parts.iter().zip(joints).map(|(part, joint)| format!("{part}{joint}")).collect()
    };
    (0..1 << hyphens).map(spelled).collect()
}

async fn forged_origin(scene: &Scene) -> Check {
    let forged = [
        ("x-original-url", "https://evil.example/forged"),
        ("x-original-method", "FORGED"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-uri", "/forged"),
        ("x-forwarded-method", "FORGED"),
        ("x-forwarded-proto", "http"),
    ];
    scene.door.take_questions();
    let headers = [&[LIVE][..], &forged].concat();
    has_status(&scene.get("/true?q=1", &headers).await, 200)?;
    let questions = scene.door.take_questions();
    let [question] = &questions[..] else { return Err(format!("{} questions", questions.len())) };
    // Each family of the door reads its own headers, and those have to be the proxy's.
    let own: &[(&str, &str)] = if question.target.starts_with("/check/nginx/") {
        &[("x-original-url", "https://wiki.contoso.example/true?q=1"), ("x-original-method", "GET")]
    } else if question.target.starts_with("/check/forward/") {
        &[
            ("x-forwarded-host", HOST),
            ("x-forwarded-uri", "/true?q=1"),
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
        ]
    } else {
        ensure(question.target == "/check/envoy/acme/staff/wiki/true?q=1", || question.target.clone())?;
        &[("host", HOST)]
    };
    for (name, value) in own {
        let lines: Vec<_> = question.headers.get_all(*name).iter().collect();
        ensure(lines == [value], || format!("the door was told {name} {lines:?}"))?;
    }
    Ok(())
}

async fn websocket(scene: &Scene) -> Check {
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-fetch-mode", "websocket"),
    ];
    let answer = scene.get("/live", &[&upgrade[..], &[LIVE]].concat()).await;
    has_status(&answer, 101)?;
    ensure(answer.body == b"echo", || format!("{:?} came back", answer.body))?;
    let before = scene.application.requests();
    has_status(&scene.get("/live", &upgrade).await, 401)?;
    is_not_let_in(scene, before)
}

async fn large_groups(scene: &Scene) -> Check {
    let answer = scene.get("/", &[MANY_GROUPS]).await;
    is_told(&answer, "x-auth-request-groups", &many_groups())
}

async fn body(scene: &Scene) -> Check {
    let body = "a page of the wiki ".repeat(2000);
    scene.door.take_questions();
    let answer = scene.send(&Message { method: "POST", target: "/pages", headers: &[LIVE], body: &body }).await;
    has_status(&answer, 200)?;
    let sent = answer.sent().ok_or("no answer of the application")?;
    ensure(sent["body"] == body && sent["method"] == "POST", || "the body is another one".to_owned())?;
    let questions = scene.door.take_questions();
    ensure(questions.iter().all(|question| question.body == 0), || "the door was sent the body".to_owned())?;
    ensure(questions.len() == 1, || {
        format!("{} questions: {:?}", questions.len(), questions.first().map(|one| &one.method))
    })
}

async fn own(scene: &Scene) -> Check {
    let authorization = ("authorization", "Basic d2lraTp3aWtp");
    is_told(&scene.get("/", &[LIVE, authorization]).await, authorization.0, authorization.1)?;
    let refusal = scene.get("/own-refusal", &[LIVE, NAVIGATION]).await;
    has_status(&refusal, 401)?;
    ensure(refusal.sent().is_some(), || "the application's answer was replaced".to_owned())
}

async fn addresses(scene: &Scene) -> Check {
    for (target, asked) in [
        ("/.rollcall/session?ticket=a%2Bb", "/app/acme/staff/wiki/session?ticket=a%2Bb"),
        ("/.well-known/oauth-protected-resource", "/app/acme/staff/wiki/oauth-protected-resource"),
    ] {
        scene.door.take_questions();
        let answer = scene.get(target, &[]).await;
        has_status(&answer, 200)?;
        let questions = scene.door.take_questions();
        let [question] = &questions[..] else { return Err(format!("{} questions for {target}", questions.len())) };
        ensure(question.target == asked, || format!("{target} became {}", question.target))?;
        ensure(question.header("host") == Some(HOST), || format!("host {:?}", question.header("host")))?;
    }
    Ok(())
}

async fn detours(scene: &Scene) -> Check {
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
