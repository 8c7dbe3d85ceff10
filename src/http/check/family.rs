//! What a proxy says of the request that it asks about.
//!
//! Each family of proxies has headers of its own, and only those are read: a client's own `X-Forwarded-Host` reaches us through
//! nginx, and its `X-Original-Url` through Caddy. Nothing here decides who gets in. It says where to send somebody after the
//! login, for which host an assertion is, and whether the client is a browser that shows a page; the application itself stands
//! in the path of the door, where the owner of the route has put it.

use http::header::{ACCEPT, HOST, UPGRADE};
use http::{HeaderMap, Method, Uri};

/// A family of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `auth_request` of nginx: anything but 2xx, 401 and 403 is a failure to it.
    Nginx,
    /// Traefik, Caddy, HAProxy: our answer goes to the client.
    Forward,
    /// `ext_authz` of Envoy: the client's path comes after ours.
    Envoy,
}

/// The request that a proxy asks about, as far as the proxy says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Original {
    /// The host with its port, as it was sent.
    pub(super) host: Option<String>,
    /// Path and query, as they were sent.
    pub(super) target: Option<String>,
    /// Whether a browser is about to show the answer as a page: it can follow a redirect to the login. A script, a WebSocket
    /// and a form that was posted cannot.
    pub(super) is_navigation: bool,
}

impl Family {
    /// Whether the proxy hands a redirect of ours to the client.
    pub(super) fn redirects(self) -> bool {
        self != Self::Nginx
    }

    /// What the proxy says. `sent` is the address that it asked for, before the edge brought it into its form.
    pub(super) fn original(self, method: &Method, sent: &Uri, headers: &HeaderMap) -> Original {
        let (host, target, original_method) = match self {
            Self::Nginx => {
                let (host, target) = one(headers, "x-original-url").and_then(split).unzip();
                (host, target, one(headers, "x-original-method"))
            }
            Self::Forward => {
                let (host, target) = (one(headers, "x-forwarded-host"), one(headers, "x-forwarded-uri"));
                (host, target, one(headers, "x-forwarded-method"))
            }
            Self::Envoy => (one(headers, HOST.as_str()), after_application(sent), None),
        };
        let original_method = original_method.unwrap_or(method.as_str());
        Original {
            host: host.map(str::to_owned),
            target: target.filter(|target| is_target(target)).map(str::to_owned),
            is_navigation: is_navigation(original_method, headers),
        }
    }
}

/// The one value of a header. Two lines say two things, and then nothing is believed.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next()?.to_str().ok()?;
    lines.next().is_none().then_some(line)
}

/// Host, and path with query, of an address such as nginx makes of `$scheme://$http_host$request_uri`.
fn split(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    Some(rest.split_at(rest.find('/')?))
}

/// What of the address comes after our part of it, `/check/envoy/NAMESPACE/DIRECTORY/APPLICATION`, whatever path the public URL
/// puts before that.
fn after_application(sent: &Uri) -> Option<&str> {
    const OURS: &str = "/check/envoy/";
    const SEGMENTS: usize = 3;
    let sent = sent.path_and_query()?.as_str();
    let rest = &sent[sent.find(OURS)? + OURS.len()..];
    let (slash, _) = rest.match_indices('/').nth(SEGMENTS - 1)?;
    Some(&rest[slash..])
}

/// Whether a text can stand as path and query in an address: what is not visible ASCII is escaped there.
fn is_target(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_navigation(method: &str, headers: &HeaderMap) -> bool {
    if method != Method::GET.as_str() || headers.contains_key(UPGRADE) {
        return false;
    }
    if let Some(mode) = headers.get("sec-fetch-mode") {
        return mode == "navigate";
    }
    let accepts_html = |line: &http::HeaderValue| line.to_str().is_ok_and(|line| line.contains("text/html"));
    headers.get_all(ACCEPT).iter().any(accepts_html) && !headers.contains_key("x-requested-with")
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        lines.iter().map(line).collect()
    }

    fn place(family: Family, sent: &str, lines: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let original = family.original(&Method::GET, &sent.parse().expect("an address"), &headers(lines));
        (original.host, original.target)
    }

    #[test]
    fn each_family_reads_its_own_headers() {
        use Family::{Envoy, Forward, Nginx};
        let url = ("x-original-url", "https://wiki.contoso.example/a%20b?c=%2F&d");
        let (host, target) = (("x-forwarded-host", "wiki.contoso.example"), ("x-forwarded-uri", "/a%20b?c=%2F&d"));
        let (ours, wiki) = ("/check/nginx/acme/staff/wiki", ("host", "wiki.contoso.example"));
        let expected = ("wiki.contoso.example", "/a%20b?c=%2F&d");
        for (name, family, sent, lines, expected) in [
            ("nginx", Nginx, ours, &[url][..], Some(expected)),
            ("nginx, and headers of another family", Nginx, ours, &[host, target], None),
            ("nginx, and no path", Nginx, ours, &[("x-original-url", "https://wiki.contoso.example")], None),
            ("nginx, twice", Nginx, ours, &[url, url], None),
            ("forward", Forward, ours, &[host, target, url], Some(expected)),
            ("forward, and headers of another family", Forward, ours, &[url], None),
            ("envoy", Envoy, "/check/envoy/acme/staff/wiki/a%20b?c=%2F&d", &[wiki, host, url], Some(expected)),
            (
                "envoy behind a path",
                Envoy,
                "/rollcall/check/envoy/acme/staff/wiki/a%20b?c=%2F&d",
                &[wiki],
                Some(expected),
            ),
        ] {
            let expected = expected.map(|(host, target)| (host.to_owned(), target.to_owned())).unzip();
            assert_eq!(place(family, sent, lines), expected, "{name}");
        }
        let double = place(Envoy, "/check/envoy/acme/staff/wiki//a//b/", &[]).1;
        assert_eq!(double.as_deref(), Some("//a//b/"), "the client's path is left as it is");
        let bare = place(Envoy, "/check/envoy/acme/staff/wiki", &[]).1;
        assert_eq!(bare, None);
    }

    #[test]
    fn a_target_that_cannot_stand_in_an_address_is_none() {
        for target in ["a", "http://evil.example/", "/a b", "/a\tb", ""] {
            let lines = [("x-forwarded-host", "h"), ("x-forwarded-uri", target)];
            assert_eq!(place(Family::Forward, "/", &lines).1, None, "{target:?}");
        }
    }

    #[test]
    fn only_a_page_that_a_browser_is_about_to_show_is_a_navigation() {
        for (name, method, lines, expected) in [
            ("a page", "GET", &[PAGE][..], true),
            ("a page, by its mode", "GET", &[("sec-fetch-mode", "navigate")], true),
            ("an XHR that accepts HTML", "GET", &[PAGE, ("x-requested-with", "XMLHttpRequest")], false),
            ("fetch()", "GET", &[PAGE, ("sec-fetch-mode", "cors")], false),
            ("an API client", "GET", &[("accept", "*/*")], false),
            ("nothing said", "GET", &[], false),
            ("a form that is posted", "POST", &[PAGE, ("sec-fetch-mode", "navigate")], false),
            ("a WebSocket", "GET", &[("upgrade", "websocket"), ("sec-fetch-mode", "websocket")], false),
            ("a WebSocket of an old browser", "GET", &[PAGE, ("upgrade", "websocket")], false),
            ("HEAD", "HEAD", &[PAGE], false),
        ] {
            let lines = headers(&[lines, &[("x-forwarded-method", method)]].concat());
            let original = Family::Forward.original(&Method::GET, &Uri::from_static("/"), &lines);
            assert_eq!(original.is_navigation, expected, "{name}");
        }
        let own = Family::Envoy.original(&Method::POST, &Uri::from_static("/"), &headers(&[PAGE]));
        assert!(!own.is_navigation, "Envoy sends the client's own method");
    }
}
