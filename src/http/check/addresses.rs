//! The addresses in answers: where to sign in, and where the metadata of an application stands.

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::family::Original;
use super::limits::MAX_LOGIN_URL;
use crate::api::DirectoryApplicationSpec;
use crate::login::return_address::{KnownApplication, ReturnAddress};
use crate::rules::application::{first_host, origin, own_host};
use crate::store::WatchedApplication;

/// The challenge to somebody who has no token and needs none.
const CHALLENGE: &str = "Bearer realm=\"rollcall\"";

/// What is escaped in a parameter of a query. What is left out keeps an address readable and short.
const PARAMETER: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'=')
    .add(b'>')
    .add(b'\\')
    .add(b'`');

/// Where the client of a request signs in: the login of the Directory, which leads back to what was asked for.
///
/// What was asked for is on a host of the application, whatever the proxy says, and the login takes it as a way back; otherwise
/// the way back is the application's front page. It comes back by the application's own scheme: a proxy that ends TLS often
/// names the wrong one.
pub(super) fn login(public_url: &str, application: &WatchedApplication, original: &Original) -> Option<HeaderValue> {
    let WatchedApplication { namespace, name, spec, .. } = application;
    let base = format!("{public_url}/login/{namespace}/{}?app={name}", application.directory());
    let known = [KnownApplication { name, spec }];
    let is_taken = |wanted: &str| ReturnAddress::parse(wanted, "/", &known).is_ok_and(|address| address.fits());
    let wanted = return_address(spec, original).filter(|wanted| is_taken(wanted));
    let with_return = wanted.map(|wanted| format!("{base}&rd={}", utf8_percent_encode(&wanted, PARAMETER)));
    let address = with_return.filter(|address| address.len() <= MAX_LOGIN_URL).unwrap_or(base);
    HeaderValue::from_str(&address).ok()
}

fn return_address(application: &DirectoryApplicationSpec, original: &Original) -> Option<String> {
    let host = own_host(application, original.host.as_deref()?)?;
    Some(format!("{}{}", origin(application, &host), original.target.as_deref()?))
}

/// The host of the application for which a request was made; where the proxy names none of its hosts, the first.
pub(super) fn application_host(application: &DirectoryApplicationSpec, original: &Original) -> Option<String> {
    let asked = original.host.as_deref().and_then(|host| own_host(application, host));
    asked.or_else(|| first_host(application).map(str::to_owned))
}

/// `WWW-Authenticate`: where tokens are accepted it says where a client learns which ones (RFC 9728 section 5.1).
pub(super) fn challenge(
    application: &DirectoryApplicationSpec,
    original: &Original,
    is_token_bad: bool,
) -> HeaderValue {
    let mut challenge = CHALLENGE.to_owned();
    if is_token_bad {
        challenge.push_str(", error=\"invalid_token\"");
    }
    if let Some(host) = application_host(application, original).filter(|_| application.accept_bearer) {
        let origin = origin(application, &host);
        challenge.push_str(&format!(", resource_metadata=\"{origin}/.well-known/oauth-protected-resource\""));
    }
    HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static(CHALLENGE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::login::return_address::MAX_RETURN_ADDRESS;
    use crate::store::Seen;

    fn application(accept_bearer: bool) -> WatchedApplication {
        let spec = json!({
            "directoryRef": { "name": "staff" }, "hosts": ["wiki.contoso.example", "*.apps.contoso.example"],
            "acceptBearer": accept_bearer,
        });
        WatchedApplication {
            namespace: "acme".to_owned(),
            name: "wiki".to_owned(),
            spec: serde_json::from_value(spec).expect("a spec"),
            seen: Seen::default(),
        }
    }

    fn original(host: &str, target: &str) -> Original {
        Original { host: Some(host.to_owned()), target: Some(target.to_owned()), is_navigation: true }
    }

    #[test]
    fn threat_41_the_way_back_leads_to_a_host_of_the_application_whatever_the_proxy_says() {
        let base = "https://id.contoso.example/login/acme/staff?app=wiki";
        let long = format!("/{}", "x".repeat(MAX_RETURN_ADDRESS));
        let dense = format!("/?{}", "&".repeat(900));
        for (host, target, rd) in [
            ("wiki.contoso.example", "/", Some("https://wiki.contoso.example/")),
            ("WIKI.contoso.example:443", "/a", Some("https://wiki.contoso.example/a")),
            ("x.apps.contoso.example", "/a", Some("https://x.apps.contoso.example/a")),
            (
                "wiki.contoso.example",
                "/a%20b?c=%2F&d=1+2#e",
                Some("https://wiki.contoso.example/a%2520b?c%3D%252F%26d%3D1%2B2%23e"),
            ),
            ("evil.example", "/", None),
            ("wiki.contoso.example@evil.example", "/", None),
            ("wiki.contoso.example:8443", "/", None),
            ("", "/", None),
            ("wiki.contoso.example", &long, None),
            ("wiki.contoso.example", &dense, None),
            ("wiki.contoso.example", "/a%5Cb", None),
            ("wiki.contoso.example", "/a%0ab", None),
        ] {
            let address = login("https://id.contoso.example", &application(false), &original(host, target));
            let expected = rd.map_or_else(|| base.to_owned(), |rd| format!("{base}&rd={rd}"));
            assert_eq!(address.expect("an address"), expected, "{host}{target}");
        }
        let nothing = login("https://id.contoso.example", &application(false), &Original::default());
        assert_eq!(nothing.expect("an address"), base);
    }

    #[test]
    fn the_challenge_names_the_metadata_where_tokens_are_accepted() {
        let asked = original("x.apps.contoso.example", "/");
        let of = |accept_bearer, original: &Original, is_token_bad| {
            let challenge = challenge(&application(accept_bearer).spec, original, is_token_bad);
            challenge.to_str().expect("text").to_owned()
        };
        let metadata =
            |host: &str| format!("resource_metadata=\"https://{host}/.well-known/oauth-protected-resource\"");
        assert_eq!(of(false, &asked, false), CHALLENGE);
        assert_eq!(of(true, &asked, false), format!("{CHALLENGE}, {}", metadata("x.apps.contoso.example")));
        let elsewhere = original("evil.example", "/");
        let expected = format!("{CHALLENGE}, error=\"invalid_token\", {}", metadata("wiki.contoso.example"));
        assert_eq!(of(true, &elsewhere, true), expected, "no header repeats what was sent");
    }
}
