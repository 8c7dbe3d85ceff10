//! The secret of a key.
//!
//! The secret is 256 random bits, so a plain SHA-256 of it gives nothing away and is what the cluster holds.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What every secret starts with, so that scanners recognise one in a repository.
const PREFIX: &str = "dk1_";

/// A secret. Shown by [`KeySecret::expose`] and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret(String);

impl fmt::Debug for KeySecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeySecret")
    }
}

impl KeySecret {
    /// `dk1_`, the bytes, which have to be random, `_` and the CRC-32 of all before it: a slip of the mouse while copying
    /// shows before a server is asked.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let text = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
        let check = BASE64_URL_SAFE_NO_PAD.encode(crc32fast::hash(text.as_bytes()).to_be_bytes());
        Self(format!("{text}_{check}"))
    }

    /// Reads a secret; nothing where the text is none, or a character of it is wrong.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let bytes = text.strip_prefix(PREFIX)?.get(..43)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(bytes).ok()?.try_into().ok()?;
        Some(Self::from_bytes(bytes)).filter(|secret| secret.0 == text)
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What `spec.sha256` of its key holds.
    pub fn sha256(&self) -> String {
        data_encoding::HEXLOWER.encode(&Sha256::digest(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "dk1_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc_mkFNnA";

    #[test]
    fn a_secret_is_a_prefix_32_bytes_and_a_check() {
        let secret = KeySecret::from_bytes([7; 32]);
        assert_eq!(secret.expose(), TEXT);
        assert_eq!(secret.expose().len(), 4 + 43 + 1 + 6);
        assert_eq!(format!("{secret:?}"), "KeySecret");
    }

    #[test]
    fn a_secret_with_a_wrong_character_is_none() {
        assert_eq!(KeySecret::parse(TEXT.as_bytes()), Some(KeySecret::from_bytes([7; 32])));
        for (case, text) in [
            ("another character", TEXT.replace("Bwc_", "Bwd_")),
            ("another check", TEXT.replace("mkFNnA", "mkFNnB")),
            ("a line end", format!("{TEXT}\n")),
            ("another prefix", TEXT.replace("dk1_", "dk2_")),
            ("the start", TEXT[..40].to_owned()),
            ("nothing", String::new()),
        ] {
            assert_eq!(KeySecret::parse(text.as_bytes()), None, "{case}");
        }
        assert_eq!(KeySecret::parse(&[0xff; 54]), None);
    }
}
