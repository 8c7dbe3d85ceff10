//! What every door has around its routes: the bounds of the edge, told in the door's own words.
//!
//! The edge and axum find out that a request is too large, that a method does not fit or that a handler has panicked, and
//! only the door knows how its clients read an error.

use std::any::Any;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn, map_response};
use http::header::{ALLOW, HOST};
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use tower_http::catch_panic::CatchPanicLayer;

use super::limits::{MAX_HEADER_BYTES, MAX_URL};
use super::{Answer, RequestNote};

/// Why a request came to no handler, or to no end there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The request target is longer than [`MAX_URL`].
    UrlTooLong,
    /// The headers are larger than [`MAX_HEADER_BYTES`].
    HeadersTooLarge,
    /// A request of HTTP/1.1 names one host in its header `Host` (RFC 9112 section 3.2).
    NoHost,
    /// The route does not take the method; the value of `Allow`.
    Method(String),
    /// A handler panicked. The log has a line about it.
    Panic,
}

/// A door at `prefix`, which may hold parameters and may be empty: its routes, and the way in which it answers what the
/// edge refuses. The routes bring their own fallback and their own credentials.
pub fn door(prefix: &str, routes: Router, render: fn(&Refused) -> Answer) -> Router {
    let refuse = move |mut request: Request, next: Next| async move {
        match request.extensions_mut().remove::<Refused>() {
            Some(refused) => render(&refused),
            None => next.run(request).await,
        }
    };
    // A router knows what a path takes when the answer leaves it, hence one router around another.
    let door = Router::new()
        .fallback_service(routes.layer(from_fn(note_route)))
        .layer(map_response(move |answer: Answer| async move {
            match allowed(&answer) {
                Some(allow) => with_allow(render(&Refused::Method(allow.clone())), &allow),
                None => answer,
            }
        }))
        .layer(from_fn(refuse))
        .layer(CatchPanicLayer::custom(move |_: Box<dyn Any + Send>| render(&Refused::Panic)));
    if prefix.is_empty() { door } else { Router::new().nest(prefix, door) }
}

/// What the edge refuses of a request before it looks where it goes.
pub(super) fn check(request: &Request) -> Result<(), Refused> {
    let (uri, headers) = (request.uri(), request.headers());
    if uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_URL) {
        return Err(Refused::UrlTooLong);
    }
    if size(headers) > MAX_HEADER_BYTES {
        return Err(Refused::HeadersTooLarge);
    }
    if request.version() == Version::HTTP_11 && headers.get_all(HOST).iter().count() != 1 {
        return Err(Refused::NoHost);
    }
    Ok(())
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// The pattern of the route, below the door's prefix, is what log and metrics call it.
async fn note_route(request: Request, next: Next) -> Answer {
    if let (Some(note), Some(pattern)) =
        (request.extensions().get::<RequestNote>(), request.extensions().get::<MatchedPath>())
    {
        note.route(pattern.as_str().trim_start_matches('/'));
    }
    next.run(request).await
}

/// The methods that axum allows in a 405, one and the next with a comma and a blank between them.
fn allowed(answer: &Answer) -> Option<String> {
    let is_refused = answer.status() == StatusCode::METHOD_NOT_ALLOWED;
    let allow = answer.headers().get(ALLOW).filter(|_| is_refused)?;
    Some(allow.to_str().unwrap_or_default().split(',').map(str::trim).collect::<Vec<_>>().join(", "))
}

fn with_allow(mut answer: Answer, allow: &str) -> Answer {
    if let Ok(allow) = HeaderValue::from_str(allow) {
        answer.headers_mut().insert(ALLOW, allow);
    }
    answer
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::IntoResponse as _;
    use axum::routing::get;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;

    fn render(refused: &Refused) -> Answer {
        let status = match refused {
            Refused::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Refused::Panic => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        (status, format!("{refused:?}")).into_response()
    }

    async fn panic() {
        panic!("a test does this");
    }

    /// Two doors on one listener, each with its own word for what it does not know.
    fn doors() -> Router {
        let routes = |name: &'static str| {
            let routes = Router::new().route("/x/{id}", get(|| async { "x" }).put(|| async { "x" }));
            routes.route("/panic", get(panic)).fallback(move || async move { (StatusCode::NOT_FOUND, name) })
        };
        let (one, other) = (door("/one/{name}", routes("one"), render), door("/other", routes("other"), render));
        let elsewhere = door("", Router::new().fallback(|| async { (StatusCode::NOT_FOUND, "elsewhere") }), render);
        elsewhere.merge(one).merge(other)
    }

    async fn ask(method: &str, path: &str) -> (u16, String, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let answer = TowerToHyperService::new(doors()).call(request).await.expect("an answer");
        let allow = answer.headers().get(ALLOW).map_or("", |allow| allow.to_str().expect("text")).to_owned();
        let (status, body) = (answer.status().as_u16(), answer.into_body());
        let body = axum::body::to_bytes(body, 1024).await.expect("a body");
        (status, allow, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn each_door_answers_below_its_prefix_and_the_edge_elsewhere() {
        for (method, path, status, allow, body) in [
            ("GET", "/one/a/x/1", 200, "", "x"),
            ("HEAD", "/one/a/x/1", 200, "", ""),
            ("POST", "/one/a/x/1", 405, "GET, HEAD, PUT", "Method(\"GET, HEAD, PUT\")"),
            ("BREW", "/other/x/1", 405, "GET, HEAD, PUT", "Method(\"GET, HEAD, PUT\")"),
            ("GET", "/one/a/nothing", 404, "", "one"),
            ("GET", "/one/a", 404, "", "one"),
            ("GET", "/other/x", 404, "", "other"),
            ("GET", "/other/panic", 500, "", "Panic"),
            ("GET", "/one", 404, "", "elsewhere"),
            ("GET", "/", 404, "", "elsewhere"),
        ] {
            let expected = (status, allow.to_owned(), body.to_owned());
            assert_eq!(ask(method, path).await, expected, "{method} {path}");
        }
    }

    #[tokio::test]
    async fn what_the_edge_refuses_comes_to_no_handler() {
        for path in ["/one/a/x/1", "/one/a/nothing", "/nowhere"] {
            let mut request = Request::builder().uri(path).body(Body::empty()).expect("a request");
            request.extensions_mut().insert(Refused::NoHost);
            let answer = TowerToHyperService::new(doors()).call(request).await.expect("an answer");
            assert_eq!(answer.status(), 400, "{path}");
        }
    }

    #[test]
    fn a_request_has_one_host_a_short_url_and_small_headers() {
        let long = "x".repeat(MAX_URL);
        let request = |path: &str, version, lines: &[(&str, &str)]| {
            let mut request = Request::builder().uri(path).version(version);
            for (name, value) in lines {
                request = request.header(*name, *value);
            }
            request.body(Body::empty()).expect("a request")
        };
        let (host, v11) = (("host", "x"), Version::HTTP_11);
        for (name, request, expected) in [
            ("a good one", request("/", v11, &[host]), Ok(())),
            ("no host", request("/", v11, &[]), Err(Refused::NoHost)),
            ("two hosts", request("/", v11, &[host, host]), Err(Refused::NoHost)),
            ("no host in HTTP/1.0", request("/", Version::HTTP_10, &[]), Ok(())),
            ("a long URL", request(&format!("/{long}"), v11, &[host]), Err(Refused::UrlTooLong)),
            ("a long query", request(&format!("/?{long}"), v11, &[host]), Err(Refused::UrlTooLong)),
            ("as long as may be", request(&format!("/{}", &long[1..]), v11, &[host]), Ok(())),
            (
                "large headers",
                request("/", v11, &[host, ("x", &"x".repeat(MAX_HEADER_BYTES))]),
                Err(Refused::HeadersTooLarge),
            ),
        ] {
            assert_eq!(check(&request), expected, "{name}");
        }
    }
}
