//! The cookies of a login: their names, how they are set, and how they are found among those of applications.
//!
//! Every name has a prefix that browsers enforce: `__Host-` binds a cookie to one host, `__Secure-` to TLS. The cookie of a
//! session carries a digest of its Directory in its name, so that two Directories at one host do not overwrite one another.

use std::fmt::Write as _;

use data_encoding::BASE32_NOPAD;
use http::HeaderMap;
use http::header::COOKIE;
use sha2::{Digest as _, Sha256};

/// Of several cookies of one name so many are tried: a browser that was given others cannot make us open them all.
pub const MAX_TRIED: usize = 5;
/// The cookie that binds the logins of a browser to it.
pub const LOGIN: &str = "__Host-rollcall-login";
/// The letters of the digest of a Directory.
const DIGEST_LENGTH: usize = 6;

/// Which hosts a browser sends the cookie of a session to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieReach<'a> {
    /// The one that set it.
    Host,
    /// This domain and all hosts below it.
    Domain(&'a str),
}

impl CookieReach<'_> {
    fn prefix(self) -> &'static str {
        match self {
            Self::Host => "__Host-rollcall-session-",
            Self::Domain(_) => "__Secure-rollcall-session-",
        }
    }
}

/// The digest by which names of cookies tell Directories apart.
pub fn digest(namespace: &str, directory: &str) -> String {
    let mut hash = Sha256::new();
    [namespace, "/", directory].iter().for_each(|part| hash.update(part));
    let mut digest = BASE32_NOPAD.encode(&hash.finalize());
    digest.truncate(DIGEST_LENGTH);
    digest.make_ascii_lowercase();
    digest
}

/// The name of the cookie of a session.
pub fn session(reach: CookieReach<'_>, digest: &str) -> String {
    format!("{}{digest}", reach.prefix())
}

/// The name of the cookie that says that somebody signed out: the next login lets the person choose an account.
pub fn signed_out(digest: &str) -> String {
    format!("__Host-rollcall-signed-out-{digest}")
}

/// A value of `Set-Cookie` for a cookie that ends with the browser. Cross-site requests other than navigations go without it.
pub fn set(name: &str, value: &str, reach: CookieReach<'_>) -> String {
    let mut cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let CookieReach::Domain(domain) = reach {
        write!(cookie, "; Domain={domain}").expect("writing to a String cannot fail");
    }
    cookie
}

/// A value of `Set-Cookie` that takes a cookie away.
pub fn clear(name: &str, reach: CookieReach<'_>) -> String {
    format!("{}; Max-Age=0", set(name, "", reach))
}

/// The values of the cookies of this name, at most [`MAX_TRIED`]. The cookies beside them may hold any bytes.
pub fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let named = cookies.filter_map(move |cookie| {
        let value = cookie.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        str::from_utf8(value).ok()
    });
    named.take(MAX_TRIED)
}

/// Whether a cookie of this domain reaches a host, which may have a port.
pub fn reaches(domain: &str, host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == domain || name.strip_suffix(domain).is_some_and(|below| below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_whatever_they_hold() {
        let name = session(CookieReach::Host, &digest("n", "staff"));
        for (case, lines, expected) in [
            ("alone", vec![format!("{name}=a")], vec!["a"]),
            ("among others", vec![format!("x=1; {name}=a;y=2")], vec!["a"]),
            ("beside an UTF-8 one", vec![format!("x=ä; {name}=a")], vec!["a"]),
            ("in several lines", vec![format!("{name}=a"), "x=1".to_owned(), format!("{name}=b")], vec!["a", "b"]),
            ("another name that begins alike", vec![format!("{name}x=a; x{name}=b")], vec![]),
            ("without a value", vec![format!("{name}=; {name}")], vec![""]),
            ("with a sign of equality", vec![format!("{name}=a=b")], vec!["a=b"]),
            ("many", vec![format!("{name}=a; ").repeat(9)], vec!["a"; MAX_TRIED]),
            ("none", vec![], vec![]),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
            }
            assert_eq!(values(&headers, &name).collect::<Vec<_>>(), expected, "{case}");
        }
    }

    #[test]
    fn cookies_have_the_attributes_that_their_prefixes_ask_for() {
        let host = set("__Host-x", "v", CookieReach::Host);
        assert_eq!(host, "__Host-x=v; Path=/; Secure; HttpOnly; SameSite=Lax");
        let domain = set("__Secure-x", "v", CookieReach::Domain("contoso.example"));
        assert_eq!(domain, "__Secure-x=v; Path=/; Secure; HttpOnly; SameSite=Lax; Domain=contoso.example");
        assert_eq!(
            clear("__Host-x", CookieReach::Host),
            "__Host-x=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        let names = [("n", "staff"), ("n", "guests"), ("m", "staff")]
            .map(|(namespace, directory)| session(CookieReach::Host, &digest(namespace, directory)));
        assert!(names[0] != names[1] && names[0] != names[2], "{names:?}");
        assert_eq!(names[0].len(), "__Host-rollcall-session-".len() + DIGEST_LENGTH);
    }

    #[test]
    fn a_domain_reaches_itself_and_what_is_below_it() {
        for (host, expected) in [
            ("contoso.example", true),
            ("wiki.contoso.example", true),
            ("a.b.contoso.example:8443", true),
            ("evilcontoso.example", false),
            ("contoso.example.evil.example", false),
            ("example", false),
        ] {
            assert_eq!(reaches("contoso.example", host), expected, "{host}");
        }
    }
}
