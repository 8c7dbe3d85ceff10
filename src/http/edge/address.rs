//! What a request says about where it came from and where it went.
//!
//! Forwarded headers are believed when the connection comes from a trusted proxy, and only then. `X-Forwarded-*` wins over
//! `Forwarded`: common ingresses set the former and pass a client's `Forwarded` through. Of several values the last is
//! the one that the proxy on the other end of our connection wrote; those before it may be the client's.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HOST};
use ipnet::IpNet;

/// Longest host that is put into an answer.
const MAX_HOST: usize = 255;

/// What is known of addresses before a request comes.
#[derive(Clone, Debug, Default)]
pub struct Addressing {
    /// `--public-url`: scheme, host and path prefix, without a slash at the end.
    pub public_url: Option<String>,
    /// `--trusted-proxies`.
    pub trusted_proxies: Vec<IpNet>,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The other end.
    pub peer: SocketAddr,
    /// This end.
    pub local: SocketAddr,
    /// Whether it is a TLS connection.
    pub tls: bool,
}

impl Addressing {
    /// The path in the public URL, before that of a door. An ingress may or may not strip it.
    pub(super) fn path_prefix(&self) -> &str {
        let after_scheme =
            self.public_url.as_deref().and_then(|url| url.split_once("://")).map_or("", |(_, rest)| rest);
        after_scheme.find('/').map_or("", |slash| &after_scheme[slash..])
    }

    /// Scheme, host and path prefix for addresses in answers. `target_host` is the host of an absolute request target.
    pub fn origin(&self, ends: &Ends, target_host: Option<&str>, headers: &HeaderMap) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let forwarded = self.forwarded(ends, headers);
        let scheme = match forwarded.scheme.as_deref() {
            Some("https") => "https",
            Some("http") => "http",
            _ if ends.tls => "https",
            _ => "http",
        };
        let host = asked_host(forwarded, target_host, headers).unwrap_or_else(|| ends.local.to_string());
        format!("{scheme}://{host}")
    }

    /// The host that a request asks for, by the word of a trusted proxy where there is one, if the public URL names another.
    /// Letter case and the port that its scheme implies make no difference. A name of the cluster's own DNS is no other host:
    /// Entra cannot have it, and `helm test` does.
    pub fn unexpected_host(&self, ends: &Ends, target_host: Option<&str>, headers: &HeaderMap) -> Option<String> {
        let (scheme, rest) = self.public_url.as_deref()?.split_once("://")?;
        let expected = rest.split('/').next().unwrap_or_default();
        let asked = asked_host(self.forwarded(ends, headers), target_host, headers)?;
        let port = if scheme == "https" { ":443" } else { ":80" };
        let bare = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
        (bare(&asked) != bare(expected) && !is_of_the_cluster(&asked)).then_some(asked)
    }

    /// What a trusted proxy at the other end says of scheme and host.
    fn forwarded(&self, ends: &Ends, headers: &HeaderMap) -> Forwarded {
        if self.trusts(ends.peer.ip()) { Forwarded::read(headers) } else { Forwarded::default() }
    }

    /// The address of the client: that of the other end, unless a trusted proxy names another.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        // From the nearest to the farthest: the first that we do not trust is the client; what it says itself is not read.
        for hop in hops(headers).into_iter().rev() {
            let Some(address) = hop else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// The host that a request asks for; nothing where it names none that can stand in a URL.
fn asked_host(forwarded: Forwarded, target_host: Option<&str>, headers: &HeaderMap) -> Option<String> {
    let named = forwarded.host.or_else(|| target_host.and_then(sane_host));
    named.or_else(|| header(headers, HOST.as_str()).and_then(sane_host))
}

/// The source that a client's failures are charged to: its address, or its network of IPv6, of which one customer has a
/// whole /64.
pub fn source_of(address: IpAddr) -> IpAddr {
    const NETWORK: u32 = 64;
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() >> (u128::BITS - NETWORK) << (u128::BITS - NETWORK);
            IpAddr::V6(network.into())
        }
    }
}

#[derive(Default)]
struct Forwarded {
    scheme: Option<String>,
    host: Option<String>,
}

impl Forwarded {
    fn read(headers: &HeaderMap) -> Self {
        let last = |name| values(headers, name).pop();
        let element = values(headers, FORWARDED.as_str()).pop().unwrap_or_default();
        Self {
            scheme: last("x-forwarded-proto").or_else(|| parameter(&element, "proto")).map(|text| text.to_lowercase()),
            host: last("x-forwarded-host").or_else(|| parameter(&element, "host")).as_deref().and_then(sane_host),
        }
    }
}

/// The addresses that the request passed, the client's first; nothing for one that is none (`unknown`, `_hidden`).
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let forwarded_for = values(headers, "x-forwarded-for");
    if !forwarded_for.is_empty() {
        return forwarded_for.iter().map(|text| ip(text)).collect();
    }
    let elements = values(headers, FORWARDED.as_str());
    elements.iter().map(|element| parameter(element, "for").as_deref().and_then(ip)).collect()
}

/// The values of a list header, over all its lines.
fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A parameter of an element of `Forwarded` (RFC 7239).
fn parameter(element: &str, name: &str) -> Option<String> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// An address, with or without a port.
fn ip(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

/// A host, with or without a port, that can stand in a URL.
fn sane_host(text: &str) -> Option<String> {
    let is_sane = !text.is_empty()
        && text.len() <= MAX_HOST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
    is_sane.then(|| text.to_owned())
}

/// Whether a host, with a port or without, is a Service's name within the cluster.
fn is_of_the_cluster(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.').to_ascii_lowercase();
    [".svc", ".svc.cluster.local"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn addressing(public_url: Option<&str>) -> Addressing {
        let trusted_proxies = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network")).to_vec();
        Addressing { public_url: public_url.map(str::to_owned), trusted_proxies }
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        lines.iter().map(line).collect()
    }

    fn ends(peer: &str, tls: bool) -> Ends {
        let local = "192.0.2.1:8080".parse().expect("an address");
        Ends { peer: SocketAddr::new(peer.parse().expect("an address"), 4711), local, tls }
    }

    #[test]
    fn addresses_in_answers() {
        let host = ("host", "scim.example.com");
        let forwarded = [host, ("x-forwarded-proto", "https"), ("x-forwarded-host", "outside.example.com:8443")];
        let standard =
            [host, ("forwarded", "for=192.0.2.9;proto=http;host=x, for=192.0.2.8; Proto=HTTPS ;host=\"y:1\"")];
        for (name, peer, tls, lines, expected) in [
            ("the host header", "192.0.2.7", false, &[host][..], "http://scim.example.com"),
            ("over TLS", "192.0.2.7", true, &[host], "https://scim.example.com"),
            ("no host header", "192.0.2.7", false, &[], "http://192.0.2.1:8080"),
            ("a host that is none", "192.0.2.7", false, &[("host", "a/b?c")], "http://192.0.2.1:8080"),
            ("a proxy that is trusted", "10.1.1.1", false, &forwarded, "https://outside.example.com:8443"),
            ("the same as IPv6", "::ffff:10.1.1.1", false, &forwarded, "https://outside.example.com:8443"),
            ("a proxy that is not", "192.0.2.7", false, &forwarded, "http://scim.example.com"),
            ("the standard header", "fd00::1", false, &standard, "https://y:1"),
            (
                "a scheme that is none",
                "10.1.1.1",
                false,
                &[host, ("x-forwarded-proto", "gopher")],
                "http://scim.example.com",
            ),
            (
                "a client's own before the proxy's",
                "10.1.1.1",
                false,
                &[("x-forwarded-host", "evil"), ("x-forwarded-host", "good")],
                "http://good",
            ),
        ] {
            assert_eq!(addressing(None).origin(&ends(peer, tls), None, &headers(lines)), expected, "{name}");
        }
        let public = addressing(Some("https://example.com/rollcall"));
        assert_eq!(public.origin(&ends("10.1.1.1", false), None, &headers(&forwarded)), "https://example.com/rollcall");
        let absolute = addressing(None).origin(&ends("192.0.2.7", false), Some("target:1"), &headers(&[host]));
        assert_eq!(absolute, "http://target:1", "RFC 9112 section 3.2.2");
    }

    #[test]
    fn a_host_that_the_public_url_does_not_name_is_found() {
        let (public, with_port) = ("https://scim.example.com/rollcall", "http://scim.example.com:8080");
        let host = |name| [("host", name)];
        let forwarded = [("host", "10.1.2.3:8080"), ("x-forwarded-host", "scim.example.com")];
        for (name, url, peer, lines, expected) in [
            ("the same", Some(public), "192.0.2.7", &host("scim.example.com")[..], None),
            ("in capitals", Some(public), "192.0.2.7", &host("SCIM.Example.COM"), None),
            ("with the port of https", Some(public), "192.0.2.7", &host("scim.example.com:443"), None),
            ("another port", Some(public), "192.0.2.7", &host("scim.example.com:80"), Some("scim.example.com:80")),
            ("a port that is named", Some(with_port), "192.0.2.7", &host("scim.example.com:8080"), None),
            (
                "a port that is missing",
                Some(with_port),
                "192.0.2.7",
                &host("scim.example.com"),
                Some("scim.example.com"),
            ),
            ("another host", Some(public), "192.0.2.7", &host("other.example.com"), Some("other.example.com")),
            ("a proxy that is trusted", Some(public), "10.1.1.1", &forwarded, None),
            ("a proxy that is not", Some(public), "192.0.2.7", &forwarded, Some("10.1.2.3:8080")),
            ("no host", Some(public), "192.0.2.7", &[], None),
            ("a Service", Some(public), "192.0.2.7", &host("rollcall.rollcall-system.svc"), None),
            ("a Service with a port", Some(public), "192.0.2.7", &host("rollcall.rollcall-system.svc:8080"), None),
            (
                "a Service in full",
                Some(public),
                "192.0.2.7",
                &host("Rollcall.rollcall-system.svc.cluster.local."),
                None,
            ),
            ("a host that is called svc", Some(public), "192.0.2.7", &host("svc"), Some("svc")),
            (
                "a host whose name only starts so",
                Some(public),
                "192.0.2.7",
                &host("rollcall.svc.example.com"),
                Some("rollcall.svc.example.com"),
            ),
            ("no public URL", None, "192.0.2.7", &host("other.example.com"), None),
        ] {
            let found = addressing(url).unexpected_host(&ends(peer, false), None, &headers(lines));
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_path_prefix_is_that_of_the_public_url() {
        for (url, prefix) in [
            (None, ""),
            (Some("https://example.com"), ""),
            (Some("https://example.com/rollcall"), "/rollcall"),
            (Some("https://example.com:8443/a/b"), "/a/b"),
        ] {
            assert_eq!(addressing(url).path_prefix(), prefix);
        }
    }

    #[test]
    fn the_client_is_the_one_behind_trusted_proxies() {
        let forwarded_for = |value| headers(&[("x-forwarded-for", value)]);
        for (name, peer, lines, expected) in [
            ("a direct client", "192.0.2.7", headers(&[]), "192.0.2.7"),
            ("a direct client that pretends", "192.0.2.7", forwarded_for("198.51.100.1"), "192.0.2.7"),
            ("behind a proxy", "10.1.1.1", forwarded_for("198.51.100.1"), "198.51.100.1"),
            ("behind two", "10.1.1.1", forwarded_for("198.51.100.1, 10.2.2.2"), "198.51.100.1"),
            (
                "one that pretends behind a proxy",
                "10.1.1.1",
                forwarded_for("203.0.113.1, 198.51.100.1"),
                "198.51.100.1",
            ),
            ("with a port", "10.1.1.1", forwarded_for("198.51.100.1:4711"), "198.51.100.1"),
            ("an unknown client", "10.1.1.1", forwarded_for("198.51.100.1, unknown"), "10.1.1.1"),
            ("a proxy that says nothing", "10.1.1.1", headers(&[]), "10.1.1.1"),
            ("IPv6", "2001:db8:1:2:3:4:5:6", headers(&[]), "2001:db8:1:2:3:4:5:6"),
            ("IPv4 in IPv6", "::ffff:192.0.2.7", headers(&[]), "192.0.2.7"),
            (
                "the standard header",
                "10.1.1.1",
                headers(&[("forwarded", "for=\"[2001:db8:1:2::9]:4711\"")]),
                "2001:db8:1:2::9",
            ),
            (
                "both headers",
                "10.1.1.1",
                headers(&[("forwarded", "for=203.0.113.1"), ("x-forwarded-for", "198.51.100.1")]),
                "198.51.100.1",
            ),
        ] {
            let client = addressing(None).client(peer.parse().expect("an address"), &lines);
            assert_eq!(client, expected.parse::<IpAddr>().expect("an address"), "{name}");
        }
    }

    #[test]
    fn failures_are_charged_to_an_address_or_to_a_network_of_ipv6() {
        for (client, source) in [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")] {
            let given = source_of(client.parse().expect("an address"));
            assert_eq!(given, source.parse::<IpAddr>().expect("an address"), "{client}");
        }
    }
}
