//! Paths in one form before they are routed.
//!
//! Administrators type the tenant URL with and without a slash at the end, and double slashes when they put it together;
//! an ingress may leave the path of the public URL in, or strip it. A router compares to the letter, so all of that ends
//! here, and so do the two spellings of a letter that need not be escaped.

use http::Uri;
use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is escaped in a segment: everything but the unreserved characters of RFC 3986 section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address without `prefix`, empty segments and needless escapes. What is not UTF-8 becomes the sign for that, so that
/// it is a name which nobody has.
pub(super) fn tidied(uri: &Uri, prefix: &str) -> Option<Uri> {
    let (path, query) = (uri.path(), uri.query());
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let prefix: Vec<_> = prefix.split('/').filter(|segment| !segment.is_empty()).collect();
    if !prefix.is_empty() && segments.clone().take(prefix.len()).eq(prefix.iter().copied()) {
        segments.nth(prefix.len() - 1);
    }
    let mut tidied = String::with_capacity(path.len());
    for segment in segments {
        tidied.push('/');
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        tidied.extend(utf8_percent_encode(&decoded, ESCAPED));
    }
    if tidied.is_empty() {
        tidied.push('/');
    }
    if let Some(query) = query {
        tidied.push('?');
        tidied.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(tidied).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_brought_into_one_form() {
        for (given, expected) in [
            ("/scim/v2/acme/staff/Users", "/scim/v2/acme/staff/Users"),
            ("/scim/v2/acme/staff/Users/", "/scim/v2/acme/staff/Users"),
            ("//scim/v2//acme/staff//Users", "/scim/v2/acme/staff/Users"),
            ("/rollcall/scim/v2/acme/staff/Me?a=b//&c", "/scim/v2/acme/staff/Me?a=b//&c"),
            ("/rollcall", "/"),
            ("/other/scim/v2", "/other/scim/v2"),
            ("/", "/"),
            ("/?a", "/?a"),
            ("/Users/a%2Fb", "/Users/a%2Fb"),
            ("/Users/a%2fb", "/Users/a%2Fb"),
            ("/%55sers/%2Esearch", "/Users/.search"),
            ("/Schemas/urn:ietf%3aparams", "/Schemas/urn%3Aietf%3Aparams"),
            ("/Users/%FF", "/Users/%EF%BF%BD"),
            ("/Users/{id}", "/Users/%7Bid%7D"),
            ("http://x:1/rollcall/livez/", "http://x:1/livez"),
        ] {
            let uri = given.parse().expect(given);
            let tidied = tidied(&uri, "/rollcall").expect(given);
            assert_eq!(tidied.to_string(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_no_path_stays_what_it_is() {
        let none = tidied(&"example.com:443".parse().expect("an authority"), "");
        assert_eq!(none, None, "the target of CONNECT");
        assert!(tidied(&"*".parse().expect("a target"), "").is_some());
    }
}
