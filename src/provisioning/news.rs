//! What a request tells by an Event on the object that it is about, for whoever runs `kubectl describe`: what was ignored of it, and
//! that somebody else asked for a value which the object has.
//!
//! No request waits for an Event, and none fails by one. Each object is told of one thing once an hour. A provider that sends
//! thousands of such requests gets a few Events a minute and no more; the metrics count all of them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::Context;
use crate::api::Object;
use crate::api::event::EventReason;
use crate::rules::resource::Resource;
use crate::store::events::{Happening, this_hour};
use crate::store::kind::Kind;

/// How long one object is not told of the same thing again.
const PAUSE: Duration = Duration::from_secs(3600);
/// Over which time the Events of a replica are counted, and how many there may be in it.
const WINDOW: Duration = Duration::from_secs(60);
const MAX_IN_WINDOW: usize = 30;

/// What this process has told.
static TOLD: Mutex<Option<Told>> = Mutex::new(None);

impl Context {
    /// Tells of the request by an Event on this object, unless that was done within the hour, or too much was told lately. The
    /// sentence names the request. Nothing is told of a Directory that is observed: its objects may not be there.
    pub(super) fn tell(&self, kind: Resource, object: &Object, reason: EventReason, sentence: &str) {
        if self.store.observation().is_some() {
            return;
        }
        let is_news = TOLD.lock().get_or_insert_default().is_news(object.uid(), reason, Instant::now());
        if !is_news {
            return;
        }
        let author = &self.author;
        let note = format!("{sentence} ({} with the key {}, request {})", author.method, author.key, author.request_id);
        let (store, object, at) = (self.store.clone(), object.clone(), this_hour(Timestamp::now()));
        tokio::spawn(async move {
            let (namespace, name, uid) = (object.namespace(), object.name(), object.uid());
            let happening = Happening { kind: Kind::of(kind), namespace, name, uid, reason, at, note };
            if let Err(error) = store.event(&happening).await {
                tracing::debug!(namespace, name, event = reason.as_str(), reason = %error, "an Event was not written");
            }
        });
    }
}

/// What was told when, at most [`MAX_IN_WINDOW`] for each [`WINDOW`] of the last [`PAUSE`].
#[derive(Default)]
struct Told {
    objects: HashMap<(String, EventReason), Instant>,
    window: Option<(Instant, usize)>,
}

impl Told {
    /// Whether this is to be told of the object with this uid; it counts as told from then on.
    fn is_news(&mut self, uid: &str, reason: EventReason, now: Instant) -> bool {
        self.objects.retain(|_, at| now.saturating_duration_since(*at) < PAUSE);
        let count = match self.window {
            Some((since, count)) if now.saturating_duration_since(since) < WINDOW => count,
            _ => {
                self.window = Some((now, 0));
                0
            }
        };
        let told = (uid.to_owned(), reason);
        if count == MAX_IN_WINDOW || self.objects.contains_key(&told) {
            return false;
        }
        self.objects.insert(told, now);
        self.window = self.window.map(|(since, count)| (since, count + 1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_told_once_an_hour_and_a_replica_tells_a_few_things_a_minute() {
        let (start, mut told) = (Instant::now(), Told::default());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let wanted = EventReason::ValueWanted;
        for (seconds, uid, reason, expected) in [
            (0, "u-1", wanted, true),
            (1, "u-1", wanted, false),
            (1, "u-1", EventReason::AttributesIgnored, true),
            (1, "u-2", wanted, true),
            (3599, "u-1", wanted, false),
            (3600, "u-1", wanted, true),
        ] {
            assert_eq!(told.is_news(uid, reason, at(seconds)), expected, "{uid} {reason:?} after {seconds} s");
        }
        let many = |told: &mut Told, seconds: u64| {
            (0..1000).filter(|number| told.is_news(&format!("v-{seconds}-{number}"), wanted, at(seconds))).count()
        };
        assert_eq!(
            (many(&mut told, 9000), many(&mut told, 9059), many(&mut told, 9060)),
            (MAX_IN_WINDOW, 0, MAX_IN_WINDOW)
        );
        assert_eq!(told.objects.len(), 2 * MAX_IN_WINDOW, "what is long past is forgotten");
    }
}
