//! Events: what happened to an object, for whoever runs `kubectl describe` or `kubectl events`.
//!
//! An Event is named after what it tells: the object's uid, the reason and the time at which it happened. Whoever says it a second
//! time, another replica or the next leader, finds it there. The API server removes Events after an hour, so nothing is decided
//! by one, and one that cannot be written is no reason to fail.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::kind::Kind;
use super::notices::{Notice, NoticeSort};
use super::{Error, Store};
use crate::api::Object;
use crate::api::event::EventReason;

/// Most bytes of the sentence of an Event: the API server takes no more.
const MAX_NOTE: usize = 1024;
/// The type of the Events that somebody should look at.
const WARNING: &str = "Warning";
/// Who tells: the controller, and in place of a replica the same, for any of them may tell it.
const REPORTER: &str = "rollcall.dev/rollcall";

/// What happened to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening<'a> {
    /// The kind of the object.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its whole uid: without it kubectl does not find the Event.
    pub uid: &'a str,
    /// What happened.
    pub reason: EventReason,
    /// When it happened. All who tell of one thing have to give one time, such as that of the condition's transition.
    pub at: Timestamp,
    /// A sentence for people, with names of objects and no values of theirs.
    pub note: String,
}

impl Store {
    /// Tells what happened to an object. That it was told before is no error.
    pub async fn event(&self, happening: &Happening<'_>) -> Result<(), Error> {
        match self.objects().create(Kind::EVENT, happening.namespace, &event(happening)).await {
            Ok(_) => {
                if happening.reason.event_type() == WARNING {
                    self.notices().tell(|| alarm(happening));
                }
                Ok(())
            }
            Err(Error::Exists) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The hour that `now` is in: the time of what is told once an hour, however often it happens and at how many replicas.
pub fn this_hour(now: Timestamp) -> Timestamp {
    now.round(TimestampRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc)).unwrap_or(now)
}

fn alarm(happening: &Happening<'_>) -> Notice {
    let Happening { kind, namespace, name, uid: _, reason, at, note } = happening;
    Notice {
        sort: NoticeSort::Alarm,
        namespace: (*namespace).to_owned(),
        directory: (*kind == Kind::DIRECTORY).then(|| (*name).to_owned()),
        subject: format!("{}/{name}", kind.name),
        reason: reason.as_str().to_owned(),
        note: note.clone(),
        at: *at,
        request: None,
    }
}

fn event(happening: &Happening<'_>) -> Object {
    let Happening { kind, namespace, name, uid, reason, at, note } = happening;
    let end = (0..=MAX_NOTE.min(note.len())).rev().find(|end| note.is_char_boundary(*end)).unwrap_or_default();
    json!({
        "apiVersion": Kind::EVENT.api_version(),
        "kind": Kind::EVENT.name,
        "metadata": { "name": event_name(happening), "namespace": namespace },
        "eventTime": format!("{at:.6}"),
        "type": reason.event_type(),
        "reason": reason.as_str(),
        "action": reason.action(),
        "note": note[..end],
        "regarding": {
            "apiVersion": kind.api_version(), "kind": kind.name, "namespace": namespace, "name": name, "uid": uid,
        },
        "reportingController": REPORTER,
        "reportingInstance": REPORTER,
    })
    .into()
}

/// The name of the object and a digest, as the names of Events usually are.
fn event_name(Happening { name, uid, reason, at, .. }: &Happening<'_>) -> String {
    let digest: [u8; 32] = Sha256::digest(format!("{uid}/{}/{}", reason.as_str(), at.as_millisecond())).into();
    format!("{name}.{}", data_encoding::HEXLOWER.encode(&digest[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    fn happening(uid: &'static str, reason: EventReason, at: &str) -> Happening<'static> {
        let (namespace, name, note) = ("people", "ada-1", format!("x{}", "é".repeat(MAX_NOTE)));
        Happening { kind: Kind::USER, namespace, name, uid, reason, at: at.parse().expect("a time"), note }
    }

    #[test]
    fn an_event_is_named_after_the_object_the_reason_and_the_time() {
        let at = "2026-03-01T10:00:00Z";
        let name = event_name(&happening("u1", EventReason::AccountLinked, at));
        assert_eq!(name, event_name(&happening("u1", EventReason::AccountLinked, at)));
        for other in [
            happening("u2", EventReason::AccountLinked, at),
            happening("u1", EventReason::IdentityConflict, at),
            happening("u1", EventReason::AccountLinked, "2026-03-01T10:00:01Z"),
        ] {
            assert_ne!(event_name(&other), name, "{other:?}");
        }
        assert!(name.starts_with("ada-1.") && name.len() == "ada-1.".len() + 16, "{name}");
    }

    #[tokio::test]
    async fn what_is_told_twice_is_one_event() {
        let memory = Memory::default();
        let store = memory.store(|_| None);
        let mut notices = store.notices().listen().expect("the first listener");
        let linked = happening("u1", EventReason::AccountLinked, "2026-03-01T10:00:00Z");
        assert_eq!((store.event(&linked).await, store.event(&linked).await), (Ok(()), Ok(())));
        let events = memory.all(Kind::EVENT);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["note"].as_str().map(str::len), Some(MAX_NOTE - 1), "no half of a letter");
        assert_eq!(events[0]["regarding"]["uid"], "u1");
        assert_eq!(events[0]["eventTime"], "2026-03-01T10:00:00.000000Z");
        assert!(notices.try_recv().is_err(), "nobody has to look at it");
        let conflict = happening("u1", EventReason::IdentityConflict, "2026-03-01T10:00:00Z");
        assert_eq!((store.event(&conflict).await, store.event(&conflict).await), (Ok(()), Ok(())));
        assert_eq!(notices.try_recv().expect("a notice").subject, "DirectoryUser/ada-1");
        assert!(notices.try_recv().is_err(), "the second time it is no news");
    }
}
