//! When each key was last used, told without a write for each request.
//!
//! Each replica keeps the latest use of each key in memory and writes it into `status.lastUsed` where that is older than an hour.
//! How much older differs from replica to replica and from key to key, so that the first one to write spares the others the same
//! write. What a replica has not written when it ends is lost: the time may be an hour old.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::json;

use crate::redaction::without_values;
use crate::store::kind::Kind;
use crate::store::{Error, Store, WatchedKey};

/// How old `status.lastUsed` is at least when it is written again, and how much more it may be.
const LEAST_AGE: Duration = Duration::from_secs(50 * 60);
const AGE_SPREAD: Duration = Duration::from_secs(20 * 60);
/// How long the first use after a while waits for another replica to tell of it, at most.
const FIRST_SPREAD: Duration = Duration::from_secs(10);
/// Between two looks at what is to be written.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// After a write that the API server does not take, until the next look.
pub(super) const FAILED_PAUSE: Duration = Duration::from_secs(60);

/// The latest use of each key that was used since its status was written: by namespace, then by name. No more than there are keys.
#[derive(Debug, Default)]
pub(super) struct LastUses(Mutex<HashMap<String, HashMap<String, KeyUse>>>);

/// The latest use of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyUse {
    /// Of which object: another one may come under the name.
    uid: String,
    at: Timestamp,
    /// Not written before this time.
    not_before: Timestamp,
    /// Not written before the status is this old.
    least_age: SignedDuration,
}

/// Where between nothing and the whole of a spread a time lies: two parts from 0 to 1.
pub(super) type Jitter = (f64, f64);

impl LastUses {
    /// Notes that a key has opened its Directory.
    pub(super) fn note(&self, key: &WatchedKey, now: Timestamp, jitter: impl FnOnce() -> Jitter) {
        let mut uses = self.0.lock();
        let known = uses.get_mut(&key.namespace).and_then(|uses| uses.get_mut(&key.name));
        if let Some(known) = known.filter(|known| known.uid == key.seen.uid) {
            known.at = known.at.max(now);
            return;
        }
        let (first, age) = jitter();
        let after = |time: Duration| now.checked_add(time).unwrap_or(Timestamp::MAX);
        let use_of_key = KeyUse {
            uid: key.seen.uid.clone(),
            at: now,
            not_before: after(FIRST_SPREAD.mul_f64(first)),
            least_age: SignedDuration::try_from(LEAST_AGE + AGE_SPREAD.mul_f64(age)).unwrap_or(SignedDuration::MAX),
        };
        uses.entry(key.namespace.clone()).or_default().insert(key.name.clone(), use_of_key);
    }

    /// Writes what is to be written by now, one key after the other. The error is that of the first write that failed in a way
    /// that the next one would fail in as well.
    pub(super) async fn write(&self, store: &Store, now: Timestamp) -> Result<(), Error> {
        for (namespace, name, at, version) in self.due(store, now) {
            let patch = json!({
                "metadata": { "resourceVersion": version },
                "status": { "lastUsed": format!("{at:.0}") },
            });
            match store.write_status(Kind::KEY, &namespace, &name, &patch).await {
                // Somebody was quicker, and the watch tells of it soon.
                Ok(_) | Err(Error::Conflict | Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is to be written, and forgets what need not be written any more.
    fn due(&self, store: &Store, now: Timestamp) -> Vec<(String, String, Timestamp, String)> {
        let mut due = Vec::new();
        let mut uses = self.0.lock();
        for (namespace, uses) in uses.iter_mut() {
            uses.retain(|name, of_key| {
                let Some(key) = store.key(namespace, name).filter(|key| key.seen.uid == of_key.uid) else {
                    return false;
                };
                let last: Option<Timestamp> = key.seen.status["lastUsed"].as_str().and_then(|last| last.parse().ok());
                // The status has whole seconds.
                if last.is_some_and(|last| of_key.at.as_second() <= last.as_second()) {
                    return false;
                }
                let is_old = last.is_none_or(|last| now.duration_since(last) >= of_key.least_age);
                if is_old && of_key.not_before <= now {
                    due.push((namespace.clone(), name.clone(), of_key.at, key.seen.version.clone()));
                }
                true
            });
        }
        uses.retain(|_, uses| !uses.is_empty());
        due
    }
}

/// What the log is told of a write that failed.
pub(super) fn tell(error: &Error) {
    let reason = without_values(&error.to_string());
    tracing::warn!(reason, "when keys were last used could not be written and is written later");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    fn time(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("a time")
    }

    /// One replica.
    struct Replica {
        memory: Memory,
        store: Store,
        uses: LastUses,
        jitter: Jitter,
    }

    impl Replica {
        fn of(memory: &Memory, jitter: Jitter) -> Self {
            let store = memory.store(|_| None);
            memory.fill(&store);
            Self { memory: memory.clone(), store, uses: LastUses::default(), jitter }
        }

        fn note(&self, now: Timestamp) {
            self.memory.fill(&self.store);
            let key = self.store.key("people", "key").expect("a key");
            self.uses.note(&key, now, || self.jitter);
        }

        /// How many writes it made at this time.
        async fn write(&self, now: Timestamp) -> usize {
            self.memory.fill(&self.store);
            self.memory.asked();
            self.uses.write(&self.store, now).await.expect("written");
            self.memory.asked().len()
        }
    }

    fn memory() -> Memory {
        let memory = Memory::default();
        let spec = json!({ "directoryRef": { "name": "staff" }, "sha256": "11".repeat(32) });
        memory.put(Kind::KEY, &json!({ "metadata": { "name": "key", "namespace": "people" }, "spec": spec }));
        memory
    }

    fn last_used(memory: &Memory) -> Option<Timestamp> {
        memory.all(Kind::KEY)[0].status()["lastUsed"].as_str().map(|last| last.parse().expect("a time"))
    }

    #[tokio::test]
    async fn thousands_of_uses_are_one_write_an_hour() {
        let memory = memory();
        let replica = Replica::of(&memory, (0.5, 0.5));
        let mut writes = Vec::new();
        // Ten uses a minute for four hours.
        for minute in 0..240 {
            for second in 0..10 {
                replica.note(time(minute).checked_add(SignedDuration::from_secs(second)).expect("a time"));
            }
            let now = time(minute).checked_add(SignedDuration::from_secs(10)).expect("a time");
            if replica.write(now).await > 0 {
                writes.push(minute);
            }
        }
        assert_eq!(writes, [0, 60, 120, 180]);
        let last = last_used(&memory).expect("written");
        assert!(last >= time(180) && last < time(181), "{last}");
    }

    #[tokio::test]
    async fn the_last_use_is_told_an_hour_later_and_then_nothing_is_written() {
        let memory = memory();
        let replica = Replica::of(&memory, (0.0, 0.0));
        replica.note(time(0));
        assert_eq!(replica.write(time(0)).await, 1);
        replica.note(time(20));
        let mut writes = Vec::new();
        for minute in 1..600 {
            if replica.write(time(minute)).await > 0 {
                writes.push(minute);
            }
        }
        assert_eq!((writes, last_used(&memory)), (vec![50], Some(time(20))));
        assert!(replica.uses.0.lock().is_empty(), "nothing is kept of it");
    }

    #[tokio::test]
    async fn of_several_replicas_one_writes() {
        let memory = memory();
        let replicas: Vec<_> =
            (0..4).map(|it| Replica::of(&memory, (f64::from(it) / 4.0, f64::from(it) / 4.0))).collect();
        let mut writes = 0;
        for tick in 0..(3 * 60 * 30) {
            let now = time(0).checked_add(SignedDuration::from_secs(2 * tick)).expect("a time");
            for replica in &replicas {
                replica.note(now);
                writes += replica.write(now).await;
            }
        }
        // At once, and then each time the one with the shortest patience.
        assert_eq!(writes, 1 + 3, "four replicas under load for three hours");
    }

    #[tokio::test]
    async fn a_key_that_is_made_anew_has_not_been_used() {
        let memory = memory();
        let replica = Replica::of(&memory, (0.0, 0.0));
        replica.note(time(0));
        let mut other = memory.all(Kind::KEY)[0].clone();
        other["metadata"]["uid"] = "another".into();
        memory.put(Kind::KEY, &other);
        assert_eq!(replica.write(time(1)).await, 0);
        assert_eq!(last_used(&memory), None);
    }
}
