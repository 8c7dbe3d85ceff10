//! The root keys: every sealed text and every signature comes from one of them.
//!
//! They stand in one Secret that the replicas share. There are two: what is sealed now is sealed with the current one, and what
//! the previous one sealed still opens. A rotation makes the current one the previous one, so whatever was sealed two rotations
//! ago is over.

use std::collections::BTreeMap;

use super::sealing::{self, CannotOpen, KEY_LENGTH, Purpose, RootKey, Use};

/// The annotation on the Secret with which people ask for a new key.
pub const ROTATE_ANNOTATION: &str = "rollcall.dev/rotate";

const CURRENT: &str = "current";
const PREVIOUS: &str = "previous";

/// The entries of the Secret, or of one that is to be written.
pub type Entries = BTreeMap<String, Vec<u8>>;

/// The root keys as the Secret has them.
#[derive(Clone)]
pub struct RootKeys {
    current: RootKey,
    previous: Option<RootKey>,
}

/// Why the entries of a Secret are no keys. Nothing of their values is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// There is no current key.
    #[error("the entry current is missing")]
    Missing,
    /// A key has the wrong length.
    #[error("the entry {entry} has {length} bytes in place of {KEY_LENGTH}")]
    Length {
        /// The entry.
        entry: &'static str,
        /// How many bytes it has.
        length: usize,
    },
}

impl RootKeys {
    /// New keys: a current one and no previous one.
    pub fn generate() -> Self {
        Self { current: RootKey::new(rand::random()), previous: None }
    }

    /// The keys in the entries of the Secret.
    pub fn of(entries: &Entries) -> Result<Self, BadKeys> {
        let current = key(entries, CURRENT)?.ok_or(BadKeys::Missing)?;
        Ok(Self { current, previous: key(entries, PREVIOUS)? })
    }

    /// The entries that hold these keys.
    pub fn entries(&self) -> Entries {
        let keys = [(CURRENT, Some(&self.current)), (PREVIOUS, self.previous.as_ref())];
        keys.into_iter().filter_map(|(entry, key)| Some((entry.to_owned(), key?.bytes().to_vec()))).collect()
    }

    /// The keys after a rotation. The new one has an id that the one before it does not have, or a replica could not tell that
    /// it lacks the new one.
    #[must_use]
    pub fn rotated(&self) -> Self {
        let mut current = RootKey::new(rand::random());
        while current.id() == self.current.id() {
            current = RootKey::new(rand::random());
        }
        Self { current, previous: Some(self.current.clone()) }
    }

    /// Whether both hold the same keys.
    pub fn is_same(&self, other: &Self) -> bool {
        let bytes = |keys: &Self| (*keys.current.bytes(), keys.previous.as_ref().map(|key| *key.bytes()));
        bytes(self) == bytes(other)
    }

    /// Seals with the current key.
    pub fn seal(&self, use_: &Use<'_>, plain: &[u8]) -> String {
        self.current.seal(use_, plain)
    }

    /// Opens what either key sealed.
    pub fn open(&self, use_: &Use<'_>, text: &str) -> Result<Vec<u8>, CannotOpen> {
        sealing::open(self.live(), use_, text)
    }

    /// A key for a purpose within one Directory, of each root key, the current one first.
    pub fn derive(&self, purpose: Purpose, namespace: &str, directory: &str) -> Vec<[u8; KEY_LENGTH]> {
        self.live().map(|key| key.derive(purpose, namespace, directory)).collect()
    }

    fn live(&self) -> impl Iterator<Item = &RootKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

fn key(entries: &Entries, entry: &'static str) -> Result<Option<RootKey>, BadKeys> {
    let Some(bytes) = entries.get(entry) else { return Ok(None) };
    let bytes = bytes.as_slice().try_into().map_err(|_| BadKeys::Length { entry, length: bytes.len() })?;
    Ok(Some(RootKey::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Use<'_> = Use { purpose: Purpose::Session, namespace: "n", directory: "staff", scope: "" };

    #[test]
    fn the_entries_of_a_secret_are_keys_or_it_is_told_what_is_wrong_with_them() {
        let key = |length: usize| vec![7; length];
        for (name, entries, expected) in [
            ("one key", vec![("current", key(32))], None),
            ("two keys", vec![("current", key(32)), ("previous", vec![8; 32])], None),
            ("what a newer version added", vec![("current", key(32)), ("next", key(1))], None),
            ("nothing", vec![], Some(BadKeys::Missing)),
            ("no current one", vec![("previous", key(32))], Some(BadKeys::Missing)),
            ("a short one", vec![("current", key(31))], Some(BadKeys::Length { entry: "current", length: 31 })),
            (
                "a long previous one",
                vec![("current", key(32)), ("previous", key(33))],
                Some(BadKeys::Length { entry: "previous", length: 33 }),
            ),
        ] {
            let entries = entries.into_iter().map(|(name, key)| (name.to_owned(), key)).collect();
            assert_eq!(RootKeys::of(&entries).err(), expected, "{name}");
        }
    }

    #[test]
    fn what_was_sealed_before_a_rotation_opens_until_the_next_one() {
        let first = RootKeys::generate();
        let sealed = first.seal(&HERE, b"ada");
        let second = first.rotated();
        let third = second.rotated();
        assert_eq!(second.open(&HERE, &sealed).as_deref(), Ok(&b"ada"[..]));
        assert!(third.open(&HERE, &sealed).is_err());
        assert_eq!(
            first.open(&HERE, &second.seal(&HERE, b"eve")),
            Err(CannotOpen::UnknownKey),
            "a replica that lags behind"
        );
        let read = RootKeys::of(&second.entries()).expect("two keys");
        assert!(read.is_same(&second) && !read.is_same(&first) && !read.is_same(&third));
        assert_eq!(read.derive(Purpose::Assertion, "n", "staff").len(), 2);
    }
}
