//! Sealed texts: what browsers carry for us and cannot read or change.
//!
//! A sealed text is base64url of a key id, a random nonce of 24 bytes and the ciphertext of XChaCha20-Poly1305. Each purpose has
//! a key of its own, derived from a root key, and the purpose, the Directory and the scope are associated data: a text that is
//! presented for another purpose, Directory or host does not open.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The bytes of a key.
pub const KEY_LENGTH: usize = 32;
/// The bytes of a nonce: so many that they may be random.
const NONCE_LENGTH: usize = 24;
/// The bytes of the tag behind the ciphertext.
const TAG_LENGTH: usize = 16;
/// What every sealed text has beside what is sealed.
const OVERHEAD: usize = 1 + NONCE_LENGTH + TAG_LENGTH;
/// The longest text that is opened: no cookie or query parameter of ours is longer.
const MAX_SEALED: usize = 4096;

/// What a key is derived for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The cookie of a session.
    Session,
    /// The `state` of a login at the provider.
    State,
    /// The ticket that hands a session over to an application's host.
    Ticket,
    /// The token in a form of ours.
    Form,
    /// The signature under assertions to applications.
    Assertion,
    /// The links and marks of built-in accounts.
    Password,
}

impl Purpose {
    pub(super) const ALL: [Self; 6] =
        [Self::Session, Self::State, Self::Ticket, Self::Form, Self::Assertion, Self::Password];

    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::State => "state",
            Self::Ticket => "ticket",
            Self::Form => "form",
            Self::Assertion => "assertion",
            Self::Password => "password",
        }
    }
}

/// What a sealed text is for: it opens for the same again and for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use<'a> {
    /// The purpose.
    pub purpose: Purpose,
    /// The namespace of the Directory.
    pub namespace: &'a str,
    /// The name of the Directory.
    pub directory: &'a str,
    /// Where within the Directory it may be used, such as one application; empty: at our own host.
    pub scope: &'a str,
}

impl Use<'_> {
    /// The associated data. Names of Kubernetes hold no `|`, and the scope comes last, so two uses never read alike.
    fn associated(&self) -> String {
        let Self { purpose, namespace, directory, scope } = self;
        format!("{}|{namespace}/{directory}|{scope}", purpose.as_str())
    }
}

/// Why a text does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotOpen {
    /// It is none of ours, it was changed, or it is for something else.
    Forged,
    /// It names a key that is not known: it may be newer than the keys of this replica.
    UnknownKey,
}

/// A key from which those of each purpose are derived. Nothing shows its bytes, and they are wiped when it is dropped.
#[derive(Clone)]
pub struct RootKey {
    id: u8,
    bytes: Zeroizing<[u8; KEY_LENGTH]>,
    /// One for each purpose, in the order of [`Purpose::ALL`].
    subkeys: Zeroizing<[[u8; KEY_LENGTH]; Purpose::ALL.len()]>,
}

impl RootKey {
    /// The root key of these bytes.
    pub fn new(bytes: [u8; KEY_LENGTH]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let derivation = Hkdf::new(None, &*bytes);
        let subkeys = Zeroizing::new(Purpose::ALL.map(|purpose| expand(&derivation, purpose.as_str())));
        let [id, ..] = expand(&derivation, "id");
        Self { id, bytes, subkeys }
    }

    /// What sealed texts call the key. It tells nothing of its bytes.
    pub fn id(&self) -> u8 {
        self.id
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.bytes
    }

    /// A key for a purpose within one Directory that is not sealing, such as signing.
    pub fn derive(&self, purpose: Purpose, namespace: &str, directory: &str) -> [u8; KEY_LENGTH] {
        let derivation = Hkdf::new(None, &*self.bytes);
        expand(&derivation, &format!("{}|{namespace}/{directory}", purpose.as_str()))
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        let place = Purpose::ALL.iter().position(|known| *known == purpose).unwrap_or_default();
        XChaCha20Poly1305::new((&self.subkeys[place]).into())
    }

    /// Seals `plain`.
    pub fn seal(&self, use_: &Use<'_>, plain: &[u8]) -> String {
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let associated = use_.associated();
        let payload = Payload { msg: plain, aad: associated.as_bytes() };
        let sealed = self.cipher(use_.purpose).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("so few bytes can be encrypted");
        let mut bytes = Vec::with_capacity(OVERHEAD + plain.len());
        bytes.push(self.id);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open(&self, use_: &Use<'_>, nonce: [u8; NONCE_LENGTH], sealed: &[u8]) -> Option<Vec<u8>> {
        let associated = use_.associated();
        let payload = Payload { msg: sealed, aad: associated.as_bytes() };
        self.cipher(use_.purpose).decrypt(&XNonce::from(nonce), payload).ok()
    }
}

/// Opens a sealed text with whichever of the keys sealed it.
pub fn open<'k>(keys: impl Iterator<Item = &'k RootKey>, use_: &Use<'_>, text: &str) -> Result<Vec<u8>, CannotOpen> {
    if text.len() > MAX_SEALED {
        return Err(CannotOpen::Forged);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CannotOpen::Forged)?;
    let (id, rest) = bytes.split_first().ok_or(CannotOpen::Forged)?;
    let (nonce, sealed) = rest.split_first_chunk().ok_or(CannotOpen::Forged)?;
    if sealed.len() < TAG_LENGTH {
        return Err(CannotOpen::Forged);
    }
    let mut is_known = false;
    // Two keys may have one id.
    for key in keys.filter(|key| key.id == *id) {
        is_known = true;
        if let Some(plain) = key.open(use_, *nonce, sealed) {
            return Ok(plain);
        }
    }
    Err(if is_known { CannotOpen::Forged } else { CannotOpen::UnknownKey })
}

fn expand(derivation: &Hkdf<Sha256>, info: &str) -> [u8; KEY_LENGTH] {
    let mut key = [0; KEY_LENGTH];
    derivation.expand_multi_info(&[b"rollcall v1|", info.as_bytes()], &mut key).expect("32 bytes can be derived");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Use<'_> = Use { purpose: Purpose::Session, namespace: "n", directory: "staff", scope: "" };

    fn key(byte: u8) -> RootKey {
        RootKey::new([byte; KEY_LENGTH])
    }

    fn opened(use_: &Use<'_>, text: &str) -> Result<Vec<u8>, CannotOpen> {
        open([key(1), key(2)].iter(), use_, text)
    }

    #[test]
    fn what_was_sealed_opens_for_the_same_use_alone() {
        let sealed = key(1).seal(&HERE, b"ada");
        assert_eq!(opened(&HERE, &sealed).as_deref(), Ok(&b"ada"[..]));
        assert_eq!(sealed.len(), ((OVERHEAD + 3) * 4).div_ceil(3));
        assert_ne!(sealed, key(1).seal(&HERE, b"ada"), "a nonce is never used again");
        for (name, other) in [
            ("another purpose", Use { purpose: Purpose::Ticket, ..HERE }),
            ("another namespace", Use { namespace: "m", ..HERE }),
            ("another Directory", Use { directory: "guests", ..HERE }),
            ("another scope", Use { scope: "app:wiki", ..HERE }),
            ("the same letters elsewhere", Use { namespace: "n/staff", directory: "", ..HERE }),
        ] {
            assert_eq!(opened(&other, &sealed), Err(CannotOpen::Forged), "{name}");
        }
    }

    #[test]
    fn threat_29_a_sealed_text_that_was_changed_anywhere_does_not_open() {
        let sealed = key(2).seal(&HERE, b"a session of somebody");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).expect("base64url");
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                assert!(opened(&HERE, &URL_SAFE_NO_PAD.encode(changed)).is_err(), "bit {bit} of byte {place}");
            }
        }
        for place in 0..sealed.len() {
            let letter = if sealed.as_bytes()[place] == b'A' { "B" } else { "A" };
            let mut changed = sealed.clone();
            changed.replace_range(place..=place, letter);
            assert!(opened(&HERE, &changed).is_err(), "letter {place}");
            assert!(opened(&HERE, &sealed[..place]).is_err(), "the first {place} letters");
        }
        for (name, text) in [
            ("nothing", String::new()),
            ("padding", format!("{sealed}=")),
            ("more behind", format!("{sealed}AAAA")),
            ("no base64url", "a session".to_owned()),
            ("very long", "A".repeat(MAX_SEALED + 4)),
        ] {
            assert_eq!(opened(&HERE, &text), Err(CannotOpen::Forged), "{name}");
        }
    }

    #[test]
    fn a_key_that_is_not_known_is_told_from_a_forgery() {
        let sealed = key(3).seal(&HERE, b"ada");
        assert_eq!(opened(&HERE, &sealed), Err(CannotOpen::UnknownKey));
        assert_eq!(open([].iter(), &HERE, &sealed), Err(CannotOpen::UnknownKey));
    }

    #[test]
    fn each_purpose_and_directory_has_a_key_of_its_own() {
        let root = key(1);
        let mut derived = vec![*root.bytes];
        for purpose in Purpose::ALL {
            for directory in ["staff", "guests"] {
                derived.push(root.derive(purpose, "n", directory));
            }
        }
        derived.extend(*root.subkeys);
        let number = derived.len();
        derived.sort_unstable();
        derived.dedup();
        assert_eq!(derived.len(), number);
    }
}
