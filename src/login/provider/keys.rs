//! The signing keys of a provider, by the rules that Microsoft gives for their rollover.
//!
//! Several keys are valid at once, and a new one may come without a word. Each key counts for a day after it was last
//! published. The set is fetched again every hour, and when a token names a key that nobody knows: then once in five minutes at
//! most, or whoever sends tokens with invented key ids would make the operator ask the provider for each.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJsonWebKeyType, CoreJsonWebKeyUse};

/// How long a key counts after it was last seen in a set.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// After what time a set is fetched again.
pub const REFRESH: Duration = Duration::from_secs(60 * 60);
/// Between two fetches because of a key that nobody knows.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Most keys that are kept; a set of Entra has about six.
const MAX_KEYS: usize = 64;
/// Longest id of a key.
pub const MAX_KEY_ID: usize = 256;

/// The keys that are known.
#[derive(Debug, Default)]
pub struct KeyCache {
    keys: BTreeMap<String, KnownKey>,
    fetched: Option<Instant>,
    unknown_asked: Option<Instant>,
}

#[derive(Debug)]
struct KnownKey {
    key: Arc<CoreJsonWebKey>,
    last_seen: Instant,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLookup {
    /// This is it.
    Known(Arc<CoreJsonWebKey>),
    /// The set has to be fetched to tell.
    MustFetch,
    /// Nobody knows it, and the provider was asked a moment ago.
    Unknown,
}

impl KeyCache {
    /// The key of this id at `now`.
    pub fn look_up(&self, id: &str, now: Instant) -> KeyLookup {
        let known = self.keys.get(id).filter(|known| now.saturating_duration_since(known.last_seen) < KEPT);
        match known {
            Some(known) => KeyLookup::Known(Arc::clone(&known.key)),
            None if self.unknown_asked.is_some_and(|at| now.saturating_duration_since(at) < UNKNOWN_PAUSE) => {
                KeyLookup::Unknown
            }
            None => KeyLookup::MustFetch,
        }
    }

    /// Whether the set has been known for so long that it is to be fetched again.
    pub fn is_due(&self, now: Instant) -> bool {
        self.fetched.is_some_and(|at| now.saturating_duration_since(at) >= REFRESH)
    }

    /// Whether any set was ever fetched.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The provider has been asked for a key that nobody knew, and may not be asked again for a while.
    pub fn asked_for_unknown(&mut self, now: Instant) {
        self.unknown_asked = Some(now);
    }

    /// Takes in a set. The error is that it has no key to verify anything with; what was known is kept.
    pub fn take_in(&mut self, set: &CoreJsonWebKeySet, now: Instant) -> Result<(), &'static str> {
        let usable =
            set.keys().iter().filter(|key| is_usable(key)).filter_map(|key| Some((key.key_id()?.as_str(), key)));
        let usable: Vec<_> = usable.filter(|(id, _)| id.len() <= MAX_KEY_ID).take(MAX_KEYS).collect();
        if usable.is_empty() {
            return Err("its key set has no RSA key with an id");
        }
        for (id, key) in usable {
            let known = KnownKey { key: Arc::new(key.clone()), last_seen: now };
            self.keys.insert(id.to_owned(), known);
        }
        self.keys.retain(|_, known| now.saturating_duration_since(known.last_seen) < KEPT);
        while self.keys.len() > MAX_KEYS {
            let oldest = self.keys.iter().min_by_key(|(_, known)| known.last_seen).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.keys.remove(&id));
        }
        self.fetched = Some(now);
        Ok(())
    }
}

/// Whether signatures of tokens may be verified with a key.
fn is_usable(key: &CoreJsonWebKey) -> bool {
    let signs = key.key_use().is_none_or(|key_use| *key_use == CoreJsonWebKeyUse::Signature);
    signs && *key.key_type() == CoreJsonWebKeyType::RSA
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3600);

    fn key(id: &str) -> Value {
        json!({ "kty": "RSA", "use": "sig", "kid": id, "n": "sXch", "e": "AQAB", "x5c": ["MII"], "issuer": "https://x" })
    }

    fn set(keys: &[Value]) -> CoreJsonWebKeySet {
        serde_json::from_value(json!({ "keys": keys })).expect("a set")
    }

    fn is_known(cache: &KeyCache, id: &str, now: Instant) -> bool {
        matches!(cache.look_up(id, now), KeyLookup::Known(_))
    }

    #[test]
    fn a_key_counts_for_a_day_after_it_was_last_published() {
        let start = Instant::now();
        let mut cache = KeyCache::default();
        cache.take_in(&set(&[key("old"), key("new")]), start).expect("keys");
        cache.take_in(&set(&[key("new")]), start + HOUR).expect("keys");
        for (hours, old, new) in [(1, true, true), (23, true, true), (24, false, true), (25, false, false)] {
            let now = start + hours * HOUR;
            assert_eq!((is_known(&cache, "old", now), is_known(&cache, "new", now)), (old, new), "after {hours} h");
        }
    }

    #[test]
    fn threat_27_an_unknown_key_is_asked_for_once_in_five_minutes() {
        let start = Instant::now();
        let mut cache = KeyCache::default();
        assert_eq!(cache.look_up("any", start), KeyLookup::MustFetch, "nothing is known");
        cache.take_in(&set(&[key("current")]), start).expect("keys");
        let mut fetches = 0;
        for number in 0..10_000_u32 {
            let now = start + Duration::from_millis(20) * number;
            if cache.look_up(&format!("invented-{number}"), now) == KeyLookup::MustFetch {
                cache.asked_for_unknown(now);
                fetches += 1;
            }
            assert!(is_known(&cache, "current", now));
        }
        assert_eq!(fetches, 1, "10,000 within 200 s");
        assert_eq!(cache.look_up("invented", start + 5 * MINUTE - MINUTE / 60), KeyLookup::Unknown);
        assert_eq!(cache.look_up("invented", start + 5 * MINUTE), KeyLookup::MustFetch);
    }

    #[test]
    fn a_set_is_due_after_an_hour_and_one_without_keys_takes_none_away() {
        let start = Instant::now();
        let mut cache = KeyCache::default();
        assert!(!cache.is_due(start) && cache.is_empty(), "nobody has asked yet");
        cache.take_in(&set(&[key("current")]), start).expect("keys");
        assert!(!cache.is_due(start + 59 * MINUTE) && cache.is_due(start + HOUR));
        for (case, keys) in [
            ("none", vec![]),
            ("one for encryption", vec![json!({ "kty": "RSA", "use": "enc", "kid": "e", "n": "sXch", "e": "AQAB" })]),
            ("one without an id", vec![json!({ "kty": "RSA", "use": "sig", "n": "sXch", "e": "AQAB" })]),
            ("a symmetric one", vec![json!({ "kty": "oct", "kid": "s", "k": "AAAA" })]),
            ("one with a long id", vec![key(&"x".repeat(MAX_KEY_ID + 1))]),
        ] {
            cache.take_in(&set(&keys), start + HOUR).expect_err(case);
            assert!(is_known(&cache, "current", start + HOUR) && cache.is_due(start + HOUR), "{case}");
        }
    }

    #[test]
    fn only_so_many_keys_are_kept() {
        let start = Instant::now();
        let mut cache = KeyCache::default();
        for round in 0..4_u32 {
            let keys: Vec<_> = (0..MAX_KEYS + 10).map(|number| key(&format!("{round}-{number}"))).collect();
            cache.take_in(&set(&keys), start + MINUTE * round).expect("keys");
            assert_eq!(cache.keys.len(), MAX_KEYS);
            assert!(is_known(&cache, &format!("{round}-0"), start + MINUTE * round), "the newest are kept");
        }
    }
}
