//! The cookie that binds a login, or the hand-over of a session, to one browser.
//!
//! What travels through addresses names the browser by a digest of its cookie. Somebody who is sent such an address by another
//! person does not have the cookie, and is not logged in as that person.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The letters of a value of the cookie.
pub const LENGTH: usize = 43;

/// A new value of the cookie.
pub fn generate() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What names a browser without its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrowserDigest(pub(super) [u8; 32]);

impl BrowserDigest {
    /// That of the browser with this cookie.
    pub fn of(binding: &str) -> Self {
        Self(Sha256::digest(binding).into())
    }

    /// Whether the browser has one of these cookies.
    pub fn is_of_any<'a>(&self, mut bindings: impl Iterator<Item = &'a str>) -> bool {
        bindings.any(|binding| bool::from(Self::of(binding).0.ct_eq(&self.0)))
    }

    /// The digest as a parameter of a query.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest in a parameter of a query.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_names_one_browser_and_is_read_as_it_was_written() {
        let (mine, other) = (generate(), generate());
        let digest = BrowserDigest::of(&mine);
        for (name, bindings, expected) in [
            ("the same browser", &[mine.as_str()][..], true),
            ("among other cookies", &[&other, &mine], true),
            ("another browser", &[&other], false),
            ("the digest is no cookie", &[&digest.to_text()], false),
            ("an empty cookie", &[""], false),
            ("no cookie", &[], false),
        ] {
            assert_eq!(digest.is_of_any(bindings.iter().copied()), expected, "{name}");
        }
        assert_eq!((mine.len(), digest.to_text().len()), (LENGTH, LENGTH));
        assert_eq!(BrowserDigest::parse(&digest.to_text()), Some(digest));
        for text in ["", "short", &"A".repeat(LENGTH + 1), &"*".repeat(LENGTH), &"_".repeat(LENGTH)] {
            assert_eq!(BrowserDigest::parse(text), None, "{text}");
        }
    }
}
