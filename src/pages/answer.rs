//! A page as an answer of HTTP, with the headers that keep a page what it is.

use std::sync::LazyLock;

use axum::body::Body;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};

use super::{View, stylesheet};

/// Most origins beside our own to which a form may lead.
const MAX_FORM_TARGETS: usize = 4;

/// The policy without its `form-action`.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = stylesheet::digest();
    format!("default-src 'none'; style-src '{style}'; img-src data:; frame-ancestors 'none'; base-uri 'none'")
});

/// The answer that shows a page.
pub fn answer(status: StatusCode, page: &impl View) -> Response<Body> {
    let html = page.render().expect("a template writes into memory and calls nothing that fails");
    let mut answer = Response::new(Body::from(html));
    *answer.status_mut() = status;
    let policy = HeaderValue::from_str(&policy(&page.frame().form_targets));
    for (name, value) in [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A page that could not be given its own policy would be the one to attack: then nothing is allowed.
        (CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'"))),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ] {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// The Content-Security-Policy of a page whose forms lead to these origins beside ours.
fn policy(form_targets: &[String]) -> String {
    let mut targets: Vec<&str> = form_targets.iter().map(String::as_str).filter(|target| is_origin(target)).collect();
    targets.truncate(MAX_FORM_TARGETS);
    let targets: String = targets.iter().map(|target| format!(" {target}")).collect();
    format!("{}; form-action 'self'{targets}", *POLICY)
}

/// Whether a text is scheme, host and port and nothing that would end the directive.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_us_and_to_whole_origins_alone() {
        let targets = |targets: &[&str]| {
            let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
            policy(&targets).rsplit_once("form-action ").expect("a directive").1.to_owned()
        };
        for (given, expected) in [
            (&[][..], "'self'"),
            (&["https://wiki.contoso.example"], "'self' https://wiki.contoso.example"),
            (&["http://127.0.0.1:8080", "https://[::1]:1"], "'self' http://127.0.0.1:8080 https://[::1]:1"),
            (&["https://a.example; script-src *"], "'self'"),
            (&["https://a.example *"], "'self'"),
            (&["https://a.example/path", "javascript:x", "https://", "*"], "'self'"),
        ] {
            assert_eq!(targets(given), expected, "{given:?}");
        }
        let many = ["https://a.example"; 2 * MAX_FORM_TARGETS];
        assert_eq!(targets(&many).split(' ').count(), 1 + MAX_FORM_TARGETS);
    }
}
