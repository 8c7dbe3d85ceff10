//! A login that is under way: the `state` that travels to the provider and back is all of it.
//!
//! Nothing is kept of it here, and one small cookie binds every login of a browser to that browser: tabs do not disturb one
//! another, and no number of attempts makes the cookies grow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::binding::BrowserDigest;
use super::fields::{FieldReader, FieldWriter};
use super::provider::code_challenge;

/// The version of the binary form.
const FORM: u8 = 1;
/// How long somebody may take at the provider.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// The longest `state`: providers and the proxies before them refuse long addresses.
pub const MAX_STATE: usize = 1800;
/// The longest address of the provider, where that can be had.
pub const MAX_AUTHORIZE_URL: usize = 2048;

/// A login that is under way.
#[derive(Clone, PartialEq, Eq)]
pub struct Transaction {
    nonce: [u8; 32],
    verifier: [u8; 32],
    browser: BrowserDigest,
    /// The application that the person wants to use; none: the portal.
    pub application: Option<String>,
    /// Where the person goes after the login, a whole address that was checked.
    pub return_to: String,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// Why a login that comes back is not this browser's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotYours {
    /// It took too long.
    Expired,
    /// Another browser began it, or the browser lost its cookie.
    OtherBrowser,
}

impl Transaction {
    /// A new login of the browser that carries `binding`.
    pub fn begin(binding: &str, application: Option<String>, return_to: String, now: Timestamp) -> Self {
        let expires_at = now.checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        let (nonce, verifier) = (rand::random(), rand::random());
        Self { nonce, verifier, browser: BrowserDigest::of(binding), application, return_to, expires_at }
    }

    /// The nonce of the ID token.
    pub fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.nonce)
    }

    /// The verifier of PKCE (RFC 7636).
    pub fn verifier(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.verifier)
    }

    /// The challenge of PKCE, by its method S256.
    pub fn challenge(&self) -> String {
        code_challenge(&self.verifier())
    }

    /// That the browser which carries one of these cookies began the login, and not too long ago.
    pub fn check<'a>(&self, bindings: impl Iterator<Item = &'a str>, now: Timestamp) -> Result<(), NotYours> {
        if !self.browser.is_of_any(bindings) {
            return Err(NotYours::OtherBrowser);
        }
        if now >= self.expires_at { Err(NotYours::Expired) } else { Ok(()) }
    }

    /// The binary form, which is then sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { nonce, verifier, browser, application, return_to, expires_at } = self;
        let mut writer = FieldWriter::new(FORM);
        [nonce, verifier, &browser.0].into_iter().for_each(|bytes| writer.bytes(bytes));
        writer.optional_text(application.as_deref());
        writer.text(return_to);
        writer.time(*expires_at);
        writer.finish()
    }

    /// The login of a binary form; nothing where another version wrote it.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = FieldReader::new(bytes, FORM)?;
        let transaction = Self {
            nonce: reader.bytes()?,
            verifier: reader.bytes()?,
            browser: BrowserDigest(reader.bytes()?),
            application: reader.optional_text()?,
            return_to: reader.text()?,
            expires_at: reader.time()?,
        };
        reader.end()?;
        Some(transaction)
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::login::root_keys::RootKeys;
    use crate::login::sealing::{Purpose, Use};

    fn begun(return_to: &str) -> Transaction {
        let now = Timestamp::from_second(1_000).expect("a time");
        Transaction::begin("mine", Some("wiki".to_owned()), return_to.to_owned(), now)
    }

    #[test]
    fn threat_28_a_login_that_comes_back_belongs_to_the_browser_that_began_it() {
        let transaction = begun("https://wiki.contoso.example/");
        let end = 1_000 + PATIENCE.as_secs();
        for (name, bindings, now, expected) in [
            ("the same browser", &["mine"][..], 1_000, Ok(())),
            ("among other cookies", &["theirs", "mine"], 1_000, Ok(())),
            ("the last moment", &["mine"], end - 1, Ok(())),
            ("too late", &["mine"], end, Err(NotYours::Expired)),
            ("another browser", &["theirs"], 1_000, Err(NotYours::OtherBrowser)),
            ("another browser, too late", &["theirs"], end, Err(NotYours::OtherBrowser)),
            ("no cookie", &[], 1_000, Err(NotYours::OtherBrowser)),
            ("an empty cookie", &[""], 1_000, Err(NotYours::OtherBrowser)),
        ] {
            let now = Timestamp::from_second(now).expect("a time");
            assert_eq!(transaction.check(bindings.iter().copied(), now), expected, "{name}");
        }
    }

    #[test]
    fn a_login_is_read_as_it_was_written_and_each_has_secrets_of_its_own() {
        let transaction = begun("https://wiki.contoso.example/page?q=a%20b");
        let bytes = transaction.to_bytes();
        assert!(Transaction::of_bytes(&bytes).is_some_and(|read| read == transaction));
        for end in 0..bytes.len() {
            assert!(Transaction::of_bytes(&bytes[..end]).is_none(), "the first {end} bytes");
        }
        let other = begun("https://wiki.contoso.example/");
        assert_ne!(transaction.nonce(), other.nonce());
        assert_ne!(transaction.verifier(), other.verifier());
        assert_eq!(transaction.verifier().len(), 43, "RFC 7636 section 4.1");
        assert_eq!(transaction.challenge(), URL_SAFE_NO_PAD.encode(Sha256::digest(transaction.verifier().as_bytes())));
    }

    #[test]
    fn a_state_grows_with_its_return_address_alone() {
        let keys = RootKeys::generate();
        let use_ = Use { purpose: Purpose::State, namespace: "n", directory: "staff", scope: "" };
        for (length, longest) in [(100, 450), (1_024, MAX_STATE)] {
            let state = keys.seal(&use_, &begun(&"a".repeat(length)).to_bytes());
            assert!(state.len() <= longest, "{length}: {}", state.len());
        }
    }
}
