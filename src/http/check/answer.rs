//! What the check door answers, in the form that each family of proxies understands.
//!
//! No proxy may keep an answer: whoever is deactivated is out at the next request.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER as RETRY_AFTER_HEADER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::limits::RETRY_AFTER;
use crate::http::edge::{Answer, Refused, Why};

/// Where to sign in, for proxies that make the redirect themselves; only where a browser can follow one.
pub(super) const LOGIN: HeaderName = HeaderName::from_static("x-rollcall-login");

/// How somebody who is not signed in is told so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignIn {
    /// The proxy hands our redirect to the client.
    Redirect(HeaderValue),
    /// The proxy makes the redirect.
    Hint(HeaderValue),
    /// The client is told, and follows no redirect.
    Plain,
}

/// The answer that lets a request pass. It has a line in the log at the level `debug`: there are thousands of them a second.
pub(super) fn pass(headers: Vec<(HeaderName, HeaderValue)>) -> Answer {
    let mut answer = empty(StatusCode::OK);
    answer.extensions_mut().insert(Why { is_routine: true, ..Why::default() });
    answer.headers_mut().extend(headers);
    answer
}

/// The answer to somebody without a live session. `challenge` is the `WWW-Authenticate`.
pub(super) fn sign_in(how: SignIn, challenge: HeaderValue, reason: &str) -> Answer {
    let mut answer = match &how {
        SignIn::Redirect(_) => empty(StatusCode::FOUND),
        SignIn::Hint(_) | SignIn::Plain => {
            text(StatusCode::UNAUTHORIZED, "You are not signed in. Load the page again to sign in.\n")
        }
    };
    match how {
        SignIn::Redirect(address) => drop(answer.headers_mut().insert(LOCATION, address)),
        SignIn::Hint(address) => drop(answer.headers_mut().insert(LOGIN, address)),
        SignIn::Plain => {}
    }
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    told(answer, reason, true)
}

/// The answer to a token that does not open the application.
pub(super) fn bad_token(challenge: HeaderValue, reason: &str) -> Answer {
    let mut answer = text(StatusCode::UNAUTHORIZED, "The access token is not accepted here. Get a new one.\n");
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    told(answer, reason, true)
}

/// The answer to somebody who is known and may not use the application, unless there is a page for it.
pub(super) fn denied(page: Option<Answer>, reason: &str) -> Answer {
    let sentence = "You are signed in, and you may not use this application. Ask your administrator.\n";
    told(page.unwrap_or_else(|| text(StatusCode::FORBIDDEN, sentence)), reason, true)
}

/// The answer to a proxy that asks about nothing that there is, or may not ask.
pub(super) fn misdirected(reason: &str) -> Answer {
    let sentence = "This address is not set up. Compare the proxy's configuration with the DirectoryApplication.\n";
    told(text(StatusCode::FORBIDDEN, sentence), reason, false)
}

/// The answer while nobody can tell who has access.
pub(super) fn unavailable(reason: &str) -> Answer {
    let mut answer =
        text(StatusCode::SERVICE_UNAVAILABLE, "Access cannot be checked at the moment. Try again in a few seconds.\n");
    answer.headers_mut().insert(RETRY_AFTER_HEADER, RETRY_AFTER.as_secs().into());
    told(answer, reason, false)
}

/// The answer at an address of this door that asks nothing.
pub(super) fn no_question() -> Answer {
    text(StatusCode::NOT_FOUND, "A proxy asks at /check/FAMILY/NAMESPACE/DIRECTORY/APPLICATION.\n")
}

/// What the edge refuses.
pub(super) fn refused(refused: &Refused) -> Answer {
    let (status, sentence) = match refused {
        Refused::UrlTooLong => (StatusCode::URI_TOO_LONG, "The address is too long.\n"),
        Refused::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.\n"),
        Refused::NoHost => (StatusCode::BAD_REQUEST, "A request names one host.\n"),
        Refused::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.\n"),
        Refused::Panic => return unavailable("panic"),
    };
    text(status, sentence)
}

fn told(mut answer: Answer, reason: &str, is_expected: bool) -> Answer {
    answer.extensions_mut().insert(Why { reason: Some(reason.to_owned()), is_expected, ..Why::default() });
    answer
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn text(status: StatusCode, sentence: &'static str) -> Answer {
    let mut answer = empty(status);
    *answer.body_mut() = Body::from(sentence);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
