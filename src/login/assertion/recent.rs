//! Assertions that were signed a moment ago: a page is dozens of requests, and what they say is the same.
//!
//! A signature is most of what the answer to a check costs. So an assertion is handed out again for a few seconds, as long as it
//! would say the same by the same key; nothing about access hangs on that, because each request is judged before.

use std::sync::Arc;

use quick_cache::sync::Cache;
use serde::Serialize;

use super::{Assertion, SigningKey};

/// For so many seconds an assertion is handed out again.
pub const HANDED_OUT: i64 = 10;
/// Most assertions that are kept, of about a kilobyte each; those that nobody asked for lately give way.
const MAX_KEPT: usize = 4_096;

/// Assertions that may be handed out again.
pub struct RecentAssertions(Cache<String, Recent>);

#[derive(Clone)]
struct Recent {
    signed_at: i64,
    token: Arc<str>,
}

/// What two assertions have in common where the second may be the first.
#[derive(Serialize)]
struct Content<'a>(&'a str, &'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

impl Default for RecentAssertions {
    fn default() -> Self {
        Self(Cache::new(MAX_KEPT))
    }
}

impl RecentAssertions {
    /// The assertion, signed by `key` now or within the last ten seconds.
    pub fn sign(&self, key: &SigningKey, assertion: &Assertion<'_>) -> Arc<str> {
        let Assertion { issuer, audience, subject, user_name, email, now } = *assertion;
        let content = Content(&key.id, issuer, audience, subject, user_name, email);
        // What is encoded here always becomes JSON, and two contents never become the same.
        let content = serde_json::to_string(&content).unwrap_or_default();
        let age = |recent: &Recent| now.as_second() - recent.signed_at;
        if let Some(recent) = self.0.get(&content).filter(|recent| (0..HANDED_OUT).contains(&age(recent))) {
            return recent.token;
        }
        let token: Arc<str> = key.sign(assertion).into();
        self.0.insert(content, Recent { signed_at: now.as_second(), token: Arc::clone(&token) });
        token
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn assertion(subject: &str) -> Assertion<'_> {
        Assertion {
            issuer: "https://id.contoso.example/acme/staff",
            audience: "wiki.contoso.example",
            subject,
            user_name: Some("ada@contoso.example"),
            email: None,
            now: NOW,
        }
    }

    #[test]
    fn an_assertion_is_handed_out_again_while_it_would_say_the_same() {
        let key = |seed| SigningKey::from_seed(&[seed; 32]).expect("a key");
        let (key, other) = (key(7), key(8));
        let ada = assertion("ada-1");
        let later = |seconds| NOW + SignedDuration::from_secs(seconds);
        for (name, key_then, asked, is_same) in [
            ("a moment later", &key, Assertion { now: later(9), ..ada }, true),
            ("too late", &key, Assertion { now: later(10), ..ada }, false),
            ("a clock that went back", &key, Assertion { now: later(-1), ..ada }, false),
            ("another person", &key, assertion("ada-2"), false),
            ("another application", &key, Assertion { audience: "crm.contoso.example", ..ada }, false),
            ("another Directory", &key, Assertion { issuer: "https://id.contoso.example/acme/guests", ..ada }, false),
            ("another name", &key, Assertion { user_name: Some("ada.l@contoso.example"), ..ada }, false),
            ("the name as an address", &key, Assertion { user_name: None, email: ada.user_name, ..ada }, false),
            ("another key", &other, ada, false),
        ] {
            let recent = RecentAssertions::default();
            let first = recent.sign(&key, &ada);
            let second = recent.sign(key_then, &asked);
            assert_eq!(Arc::ptr_eq(&first, &second), is_same, "{name}");
            assert_eq!(
                *second == *key_then.sign(&asked),
                !is_same,
                "{name}: what is signed anew says what was asked for"
            );
        }
    }

    #[test]
    fn so_many_assertions_are_kept_and_no_more() {
        let (recent, key) = (RecentAssertions::default(), SigningKey::from_seed(&[7; 32]).expect("a key"));
        for number in 0..2 * MAX_KEPT {
            recent.sign(&key, &assertion(&number.to_string()));
        }
        assert!((MAX_KEPT / 2..=MAX_KEPT).contains(&recent.len()), "{}", recent.len());
    }
}
