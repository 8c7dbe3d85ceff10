//! The door that a proxy asks. It keeps to the contract of `/check`, and its answer is chosen by the session cookie.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};

use crate::server::Server;

const COOKIE: &str = "cookie";
/// A session of somebody who may use the application.
pub(crate) const LIVE: (&str, &str) = (COOKIE, "theme=dark; __Host-rollcall-session-k3v9qz=live");
/// One of somebody in many groups.
pub(crate) const MANY_GROUPS: (&str, &str) = (COOKIE, "__Host-rollcall-session-k3v9qz=many-groups");
/// One that is over.
pub(crate) const EXPIRED: (&str, &str) = (COOKIE, "__Host-rollcall-session-k3v9qz=expired");
/// One of somebody who may not use the application.
pub(crate) const DENIED: (&str, &str) = (COOKIE, "__Host-rollcall-session-k3v9qz=denied");
/// A replica that does not know the state of the cluster says so.
pub(crate) const STALE: (&str, &str) = (COOKIE, "__Host-rollcall-session-k3v9qz=stale");

/// Where a login begins.
pub(crate) const LOGIN: &str = "https://rollcall.contoso.example/login/acme/staff?app=wiki&rd=";
/// What the application is told of a live session. Headers are empty where there is nothing to say.
pub(crate) const IDENTITY: [(&str, &str); 9] = [
    ("x-auth-request-user", "ada@contoso.example"),
    ("x-auth-request-preferred-username", "ada@contoso.example"),
    ("x-auth-request-email", "ada.l@contoso.example"),
    ("x-auth-request-groups", "Wiki,Sales%2C%20North"),
    ("x-auth-request-groups-truncated", "false"),
    ("x-auth-request-role", ""),
    ("x-auth-request-user-type", ""),
    ("x-auth-request-uid", "ada-l-0123456789abcdefg"),
    ("x-rollcall-assertion", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"),
];

/// As many groups as an answer holds.
pub(crate) fn many_groups() -> String {
    (0..50).map(|number| format!("Group number {number:02} of a company")).collect::<Vec<_>>().join(",")
}

/// What the door was asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: usize,
}

impl Question {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(crate) struct Door {
    pub(crate) server: Server,
    questions: Arc<Mutex<Vec<Question>>>,
}

impl Door {
    pub(crate) async fn start() -> Self {
        let questions = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&questions);
        let server = Server::start(move |request| answer(request, Arc::clone(&told))).await;
        Self { server, questions }
    }

    /// The questions since the last look.
    pub(crate) fn take_questions(&self) -> Vec<Question> {
        std::mem::take(&mut self.questions.lock().expect("no panic"))
    }
}

async fn answer(request: Request<Incoming>, told: Arc<Mutex<Vec<Question>>>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    // The real door reads no body. One that a proxy sends along is counted.
    let body = if head.headers.contains_key("transfer-encoding") || head.headers.contains_key("content-length") {
        body.collect().await.map_or(0, |body| body.to_bytes().len())
    } else {
        0
    };
    let question = Question { method: head.method, target, headers: head.headers, body };
    let answer = judge(&question);
    told.lock().expect("no panic").push(question);
    answer
}

fn judge(question: &Question) -> Response<Full<Bytes>> {
    let answer = |status: StatusCode, text: &'static str| {
        let mut answer = Response::new(Full::from(text));
        *answer.status_mut() = status;
        answer.headers_mut().insert("cache-control", "no-store".parse().expect("a value"));
        answer.headers_mut().insert("content-type", "text/plain".parse().expect("a value"));
        answer
    };
    if question.target.starts_with("/app/acme/staff/wiki/") {
        return answer(StatusCode::OK, "an answer of Rollcall itself");
    }
    let Some((family, place)) = place(question) else {
        return answer(StatusCode::NOT_FOUND, "no such door");
    };
    let cookies = question.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let session = cookies.flat_map(|line| line.split("; ")).find_map(|cookie| cookie.split_once("session-k3v9qz="));
    match session.map(|(_, value)| value) {
        Some(kind @ ("live" | "many-groups")) => {
            let mut answer = answer(StatusCode::OK, "");
            for (name, value) in IDENTITY {
                answer.headers_mut().insert(name, value.parse().expect("a value"));
            }
            if kind == "many-groups" {
                answer.headers_mut().insert("x-auth-request-groups", many_groups().parse().expect("a value"));
            }
            answer
        }
        Some("denied") => answer(StatusCode::FORBIDDEN, "you may not use this application"),
        Some("stale") => answer(StatusCode::SERVICE_UNAVAILABLE, "try again"),
        _ => {
            let login = format!("{LOGIN}{}", place.replace('%', "%25").replace('&', "%26").replace('?', "%3F"));
            let is_page = question.header("sec-fetch-mode") == Some("navigate");
            let status = if is_page && family != "nginx" { StatusCode::FOUND } else { StatusCode::UNAUTHORIZED };
            let mut answer = answer(status, "sign in");
            let name = if family == "nginx" { "x-rollcall-login" } else { "location" };
            if is_page {
                answer.headers_mut().insert(name, login.parse().expect("a value"));
            }
            if status == StatusCode::UNAUTHORIZED {
                answer.headers_mut().insert("www-authenticate", "Bearer realm=\"wiki\"".parse().expect("a value"));
            }
            answer
        }
    }
}

/// The family of the proxy, and the address that its client wants, as that family says so.
fn place(question: &Question) -> Option<(&'static str, String)> {
    const APPLICATION: &str = "/acme/staff/wiki";
    let rest = question.target.strip_prefix("/check/")?;
    let family = ["nginx", "forward", "envoy"].into_iter().find(|family| rest.starts_with(family))?;
    let after = rest[family.len()..].strip_prefix(APPLICATION)?;
    let header = |name| question.header(name).unwrap_or_default();
    let place = match family {
        "nginx" => header("x-original-url").to_owned(),
        "forward" => {
            format!("{}://{}{}", header("x-forwarded-proto"), header("x-forwarded-host"), header("x-forwarded-uri"))
        }
        _ => format!("https://{}{after}", header("host")),
    };
    Some((family, place))
}
