//! Headers that a client forges: none of them reaches the application as the operator's word, or the operator as the proxy's.

use crate::cases::{Check, NAVIGATION, Shared, ensure, has_status, login};
use crate::places::HOST;
use crate::scene::Scene;

/// What an application takes for the operator's word.
const IDENTITY: [&str; 13] = [
    "X-Auth-Request-User",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Groups-Truncated",
    "X-Auth-Request-Role",
    "X-Auth-Request-User-Type",
    "X-Auth-Request-Uid",
    "X-Rollcall-Assertion",
    "Remote-User",
    "Remote-Email",
    "Remote-Name",
    "Remote-Groups",
];

pub(crate) async fn identity(scene: &Scene, _: &Shared) -> Check {
    for name in IDENTITY {
        for spelling in spellings(name) {
            let request = format!(
                "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nCookie: {}\r\n{spelling}: forged\r\n{spelling}: forged again\r\n\r\n",
                scene.live
            );
            let answer = scene.send_text(&request).await;
            let status = answer.get(9..12).unwrap_or_default();
            // A proxy may as well refuse such a request.
            let is_answered = status == "400" || (status == "200" && answer.contains("\"application\":true"));
            ensure(is_answered && !answer.contains("forged"), || format!("{spelling}: {answer}"))?;
        }
    }
    Ok(())
}

/// A name as it is, in small letters, in capitals and in both by turns, each with every choice of its hyphens made underscores.
fn spellings(name: &str) -> Vec<String> {
    let hyphens = name.matches('-').count();
    let spelled = |choice: u32| -> String {
        let parts: Vec<_> = name.split('-').collect();
        let joints = (0..hyphens).map(|number| if choice >> number & 1 == 1 { "_" } else { "-" }).chain([""]);
        parts.iter().zip(joints).map(|(part, joint)| format!("{part}{joint}")).collect()
    };
    let by_turns = |name: &str| -> String {
        let letters = name.chars().enumerate();
        letters
            .map(|(at, letter)| if at % 2 == 0 { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() })
            .collect()
    };
    let mut spellings: Vec<_> = (0..1 << hyphens).map(spelled).collect();
    let underscores = name.replace('-', "_");
    for name in [name, &underscores] {
        spellings.extend([name.to_lowercase(), name.to_uppercase(), by_turns(name)]);
    }
    spellings
}

/// What a client may say about where its request goes.
const ORIGIN: [(&str, &str); 9] = [
    ("x-original-url", "https://evil.example/forged"),
    ("x-original-uri", "/forged"),
    ("x-original-method", "FORGED"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-uri", "/forged"),
    ("x-forwarded-method", "FORGED"),
    ("x-forwarded-proto", "http"),
    ("forwarded", "host=evil.example;proto=http"),
    ("x-rewrite-url", "/forged"),
];

pub(crate) async fn origin(scene: &Scene, _: &Shared) -> Check {
    let target = "/true?q=1";
    scene.wire.take_questions();
    has_status(&scene.get_live(target, &ORIGIN).await, 200)?;
    let questions = scene.wire.take_questions();
    let [question] = &questions[..] else { return Err(format!("{} questions", questions.len())) };
    // Each family of proxies has its own headers, and those have to be the proxy's.
    let own: &[(&str, &str)] = if question.target.starts_with("/check/nginx/") {
        &[("x-original-url", "https://wiki.contoso.example/true?q=1"), ("x-original-method", "GET")]
    } else if question.target.starts_with("/check/forward/") {
        &[
            ("x-forwarded-host", HOST),
            ("x-forwarded-uri", target),
            ("x-forwarded-method", "GET"),
            ("x-forwarded-proto", "https"),
        ]
    } else {
        ensure(question.target == "/check/envoy/acme/staff/wiki/true?q=1", || question.target.clone())?;
        &[("host", HOST)]
    };
    for (name, value) in own {
        let lines: Vec<_> = question.headers.get_all(*name).iter().collect();
        ensure(lines == [value], || format!("the operator was told {name} {lines:?}"))?;
    }
    // And nobody is led astray by them.
    let answer = scene.get(target, &[&[NAVIGATION][..], &ORIGIN].concat()).await;
    has_status(&answer, 302)?;
    ensure(answer.header("location") == Some(&login(target)), || format!("location {:?}", answer.header("location")))
}
