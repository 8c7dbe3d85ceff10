//! The root keys: every sealed text and every signature comes from one of them.
//!
//! They stand in one Secret that the replicas share. What is sealed now is sealed with the current one, and what the previous
//! one sealed still opens. A rotation takes two steps. First the next key is written down, and seals nothing until every replica
//! has read it; otherwise a replica would be shown texts and signatures whose key it does not know. Then the next key becomes the
//! current one, and the current one the previous one, so whatever was sealed two rotations ago is over.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::sealing::{self, CannotOpen, KEY_LENGTH, Purpose, RootKey, Use};

/// The annotation on the Secret with which people ask for a new key.
pub const ROTATE_ANNOTATION: &str = "rollcall.dev/rotate";

/// The annotation on the Secret that says from when on the next key seals, an RFC 3339 time. The operator writes it.
pub const NEXT_FROM_ANNOTATION: &str = "rollcall.dev/next-from";

/// For so long the next key is known before it seals: two looks of a replica at the Secret, and a little more.
const NOTICE: SignedDuration = SignedDuration::from_secs(75);

const CURRENT: &str = "current";
const PREVIOUS: &str = "previous";
const NEXT: &str = "next";

/// The entries of the Secret, or of one that is to be written.
pub type Entries = BTreeMap<String, Vec<u8>>;

/// The root keys as the Secret has them.
#[derive(Clone)]
pub struct RootKeys {
    current: RootKey,
    previous: Option<RootKey>,
    next: Option<RootKey>,
}

/// A change of the keys that is due.
pub struct RootKeyRotation {
    /// The keys after it.
    pub keys: RootKeys,
    /// From when on the next key seals; nothing where there is none any more.
    pub next_from: Option<Timestamp>,
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
        Self { current: RootKey::new(rand::random()), previous: None, next: None }
    }

    /// The keys in the entries of the Secret.
    pub fn of(entries: &Entries) -> Result<Self, BadKeys> {
        let current = key(entries, CURRENT)?.ok_or(BadKeys::Missing)?;
        Ok(Self { current, previous: key(entries, PREVIOUS)?, next: key(entries, NEXT)? })
    }

    /// The entries that hold these keys.
    pub fn entries(&self) -> Entries {
        let keys = [(CURRENT, Some(&self.current)), (PREVIOUS, self.previous.as_ref()), (NEXT, self.next.as_ref())];
        keys.into_iter().filter_map(|(entry, key)| Some((entry.to_owned(), key?.bytes().to_vec()))).collect()
    }

    /// The change of the keys that is due at `now`. `is_asked` says that somebody asks for a new key, and `next_from` from when
    /// on the next key seals; where there is a next key and nobody can read its time, it is due.
    pub fn due(&self, is_asked: bool, next_from: Option<Timestamp>, now: Timestamp) -> Option<RootKeyRotation> {
        let Some(next) = &self.next else {
            return is_asked.then(|| RootKeyRotation {
                keys: Self { next: Some(self.another()), ..self.clone() },
                next_from: Some(now.saturating_add(NOTICE).unwrap_or(now)),
            });
        };
        let is_due = next_from.is_none_or(|from| from <= now || from.duration_since(now) > NOTICE);
        is_due.then(|| RootKeyRotation {
            keys: Self { current: next.clone(), previous: Some(self.current.clone()), next: None },
            next_from: None,
        })
    }

    /// A new key. It has an id that no other one has, or a replica could not tell that it lacks it.
    fn another(&self) -> RootKey {
        loop {
            let key = RootKey::new(rand::random());
            if self.live().all(|live| live.id() != key.id()) {
                return key;
            }
        }
    }

    /// Whether both hold the same keys.
    pub fn is_same(&self, other: &Self) -> bool {
        self.entries() == other.entries()
    }

    /// Seals with the current key.
    pub fn seal(&self, use_: &Use<'_>, plain: &[u8]) -> String {
        self.current.seal(use_, plain)
    }

    /// Opens what any of the keys sealed.
    pub fn open(&self, use_: &Use<'_>, text: &str) -> Result<Vec<u8>, CannotOpen> {
        sealing::open(self.live(), use_, text)
    }

    /// A key for a purpose within one Directory, of each root key, the current one first.
    pub fn derive(&self, purpose: Purpose, namespace: &str, directory: &str) -> Vec<[u8; KEY_LENGTH]> {
        self.live().map(|key| key.derive(purpose, namespace, directory)).collect()
    }

    fn live(&self) -> impl Iterator<Item = &RootKey> {
        std::iter::once(&self.current).chain(&self.previous).chain(&self.next)
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
            ("a next key", vec![("current", key(32)), ("next", vec![9; 32])], None),
            ("what a newer version added", vec![("current", key(32)), ("other", key(1))], None),
            ("nothing", vec![], Some(BadKeys::Missing)),
            ("no current one", vec![("previous", key(32))], Some(BadKeys::Missing)),
            ("a short one", vec![("current", key(31))], Some(BadKeys::Length { entry: "current", length: 31 })),
            (
                "a long previous one",
                vec![("current", key(32)), ("previous", key(33))],
                Some(BadKeys::Length { entry: "previous", length: 33 }),
            ),
            (
                "a short next one",
                vec![("current", key(32)), ("next", key(1))],
                Some(BadKeys::Length { entry: "next", length: 1 }),
            ),
        ] {
            let entries = entries.into_iter().map(|(name, key)| (name.to_owned(), key)).collect();
            assert_eq!(RootKeys::of(&entries).err(), expected, "{name}");
        }
    }

    /// The keys after a whole rotation that somebody asks for at `now`.
    fn rotated(keys: &RootKeys, now: Timestamp) -> RootKeys {
        let announced = keys.due(true, None, now).expect("somebody asks");
        let later = now.checked_add(NOTICE).expect("a time");
        announced.keys.due(false, announced.next_from, later).expect("it is time").keys
    }

    #[test]
    fn what_was_sealed_before_a_rotation_opens_until_the_next_one() {
        let now = Timestamp::UNIX_EPOCH;
        let first = RootKeys::generate();
        let sealed = first.seal(&HERE, b"ada");
        let second = rotated(&first, now);
        let third = rotated(&second, now);
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

    #[test]
    fn a_new_key_is_known_for_a_while_before_it_seals() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
        let at = |seconds| now + SignedDuration::from_secs(seconds);
        let first = RootKeys::generate();
        assert!(first.due(false, None, now).is_none(), "nobody asks");
        let RootKeyRotation { keys: announced, next_from } = first.due(true, None, now).expect("somebody asks");
        assert_eq!(next_from, Some(at(75)));
        assert!(first.open(&HERE, &announced.seal(&HERE, b"ada")).is_ok(), "a replica that lags behind opens it");
        assert_eq!(announced.derive(Purpose::Assertion, "n", "staff").len(), 2, "the next key is published");
        for (name, is_asked, next_from, seconds, expected) in [
            ("too early", false, Some(at(75)), 74, false),
            ("too early, and somebody asks again", true, Some(at(75)), 74, false),
            ("in time", false, Some(at(75)), 75, true),
            ("a time that nobody can read", false, None, 1, true),
            ("a time that no clock of ours wrote", false, Some(at(10_000)), 1, true),
        ] {
            let rotation = announced.due(is_asked, next_from, at(seconds));
            assert_eq!(rotation.is_some(), expected, "{name}");
            let Some(RootKeyRotation { keys, next_from }) = rotation else { continue };
            assert!(announced.open(&HERE, &keys.seal(&HERE, b"ada")).is_ok(), "{name}: it was known");
            assert!(first.open(&HERE, &keys.seal(&HERE, b"ada")).is_err(), "{name}: and is new");
            assert!(next_from.is_none() && keys.due(false, None, at(seconds)).is_none(), "{name}: it is done");
        }
    }
}
