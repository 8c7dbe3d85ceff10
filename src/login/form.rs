//! What proves that a form which comes back is one of ours: a sealed token in it, and where the browser says it comes from.
//!
//! The token is bound to the Directory and to its owner: the session of the person, or where there is none yet the cookie that
//! binds logins to a browser. So another site can neither make one nor use one that it was given.

use http::HeaderMap;
use http::header::ORIGIN;
use jiff::{SignedDuration, Timestamp};

use super::fields::{FieldReader, FieldWriter};
use super::root_keys::RootKeys;
use super::sealing::{Purpose, Use};

/// The version of the binary form.
const FORM: u8 = 1;
/// How long a form may stay open.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(1);
/// How far the clocks of two replicas may differ.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);
/// The browser's own word on where a request comes from (Fetch Metadata).
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Whose form it is, within one Directory.
#[derive(Clone, Copy, Debug)]
pub struct FormOwner<'a> {
    /// The namespace of the Directory.
    pub namespace: &'a str,
    /// The name of the Directory.
    pub directory: &'a str,
    /// The session or the browser, as a text that nobody else knows or can choose.
    pub owner: &'a str,
}

impl FormOwner<'_> {
    fn as_use(&self) -> Use<'_> {
        Use { purpose: Purpose::Form, namespace: self.namespace, directory: self.directory, scope: self.owner }
    }
}

/// A new token for a form.
pub fn token(keys: &RootKeys, owner: &FormOwner<'_>, now: Timestamp) -> String {
    let mut writer = FieldWriter::new(FORM);
    writer.time(now);
    keys.seal(&owner.as_use(), &writer.finish())
}

/// Whether a token was made for this owner, and not too long ago.
pub fn is_valid(keys: &RootKeys, owner: &FormOwner<'_>, token: &str, now: Timestamp) -> bool {
    let Ok(bytes) = keys.open(&owner.as_use(), token) else { return false };
    let made_at = FieldReader::new(&bytes, FORM).and_then(|mut reader| {
        let time = reader.time()?;
        reader.end().map(|()| time)
    });
    made_at.is_some_and(|made_at| {
        let age = now.duration_since(made_at);
        age < PATIENCE && age >= -CLOCK_SKEW
    })
}

/// Whether a browser says that a request comes from a page of ours. `Sec-Fetch-Site` is asked first, because a page that sends no
/// referrer makes `Origin` say `null`. A request that says nothing at all comes from no browser of these years.
pub fn is_same_origin(headers: &HeaderMap, own_origin: &str) -> bool {
    let one = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    };
    if headers.contains_key(SEC_FETCH_SITE) {
        return one(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin");
    }
    one(ORIGIN.as_str()).is_some_and(|origin| origin.as_bytes() == own_origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const ADA: FormOwner<'_> = FormOwner { namespace: "n", directory: "staff", owner: "session of ada" };

    #[test]
    fn a_token_is_good_for_its_owner_and_for_an_hour() {
        let keys = RootKeys::generate();
        let at = |second| Timestamp::from_second(second).expect("a time");
        let made = token(&keys, &ADA, at(10_000));
        let hour = PATIENCE.as_secs();
        for (name, owner, now, expected) in [
            ("at once", ADA, 10_000, true),
            ("just in time", ADA, 10_000 + hour - 1, true),
            ("too late", ADA, 10_000 + hour, false),
            ("a clock that lags behind", ADA, 9_940, true),
            ("from the future", ADA, 9_939, false),
            ("somebody else's", FormOwner { owner: "session of eve", ..ADA }, 10_000, false),
            ("of another Directory", FormOwner { directory: "guests", ..ADA }, 10_000, false),
        ] {
            assert_eq!(is_valid(&keys, &owner, &made, at(now)), expected, "{name}");
        }
        assert!(!is_valid(&RootKeys::generate(), &ADA, &made, at(10_000)), "other keys");
        assert!(!is_valid(&keys, &ADA, "", at(10_000)) && !is_valid(&keys, &ADA, &made[1..], at(10_000)));
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        let own = "https://login.contoso.example";
        type Sent = &'static [(&'static str, &'static str)];
        let cases: &[(&str, Sent, bool)] = &[
            ("our page", &[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            ("an older browser", &[("origin", "https://login.contoso.example")], true),
            ("a sibling", &[("sec-fetch-site", "same-site"), ("origin", "https://login.contoso.example")], false),
            ("another site", &[("sec-fetch-site", "cross-site")], false),
            ("the address bar", &[("sec-fetch-site", "none")], false),
            ("another origin", &[("origin", "https://evil.example")], false),
            ("one that begins alike", &[("origin", "https://login.contoso.example.evil.example")], false),
            ("no origin", &[("origin", "null")], false),
            ("nothing", &[], false),
            ("two answers", &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        ];
        for (name, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for (header, value) in *lines {
                headers.append(HeaderName::from_static(header), HeaderValue::from_static(value));
            }
            assert_eq!(is_same_origin(&headers, own), *expected, "{name}");
        }
    }
}
