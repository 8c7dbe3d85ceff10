//! What people, the log and the Events are told of keys. A secret is in none of it.

use jiff::Timestamp;

use super::decide::ObservedKey;
use super::decide::warning;
use crate::api::event::EventReason;
use crate::controller::told::Told;
use crate::controller::tools::Tools;
use crate::redaction::without_values;
use crate::store::events::Happening;
use crate::store::index::dirty::{DirtyName, DirtySubject};
use crate::store::kind::Kind;
use crate::store::{Error, WatchedKey};

/// Tells that a key has come nearer to its end, before the status says so: whoever leads after a crash in between tells it again,
/// under the same name, and it stays one Event.
pub async fn warn(tools: &Tools, observed: &ObservedKey<'_>, now: Timestamp) -> Result<(), Error> {
    let Some((reason, at, note)) = warning(observed, now) else { return Ok(()) };
    tell(tools, observed.key, reason, at, note).await
}

/// Tells that the secret of a key was made: at the time of its creation, for that is what every leader knows.
pub async fn tell_minted(tools: &Tools, key: &WatchedKey, secret: &str) -> Result<(), Error> {
    let at = key.created_at.unwrap_or_else(Timestamp::now);
    let note = format!("the operator has made the secret of the key: it is in the Secret {secret}, under token");
    tell(tools, key, EventReason::KeyMinted, at, note).await
}

/// Tells that a key has a successor that can be used.
pub async fn tell_rotated(
    tools: &Tools,
    key: &WatchedKey,
    (successor, end): (&str, &str),
    since: Timestamp,
) -> Result<(), Error> {
    let note = format!(
        "the key {successor} comes in the place of this one, which ends at {end}: put the new secret into the identity \
         provider before that"
    );
    tell(tools, key, EventReason::KeyRotated, since, note).await
}

/// Tells of something before it is written, so that it is told again where this process ends in between. While the API server is
/// away it fails; where no Event can be written at all, the work goes on without it.
async fn tell(tools: &Tools, key: &WatchedKey, reason: EventReason, at: Timestamp, note: String) -> Result<(), Error> {
    let (namespace, name, uid) = (key.namespace.as_str(), key.name.as_str(), key.seen.uid.as_str());
    tools.write_rate.turn().await;
    match tools.store.event(&Happening { kind: Kind::KEY, namespace, name, uid, reason, at, note }).await {
        Err(error @ Error::Unavailable { .. }) => Err(error),
        Err(error) => {
            tracing::warn!(reason = without_values(&error.to_string()), "an Event about a key could not be written");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The secret of a key was made.
pub fn minted(key: &WatchedKey) {
    let (namespace, name) = (&key.namespace, &key.name);
    tracing::info!(namespace, key = name, directory = key.directory(), "a key was minted");
}

/// A key has a successor, which is minted next.
pub fn successor_made(key: &WatchedKey, successor: &str) {
    let (namespace, name) = (&key.namespace, &key.name);
    tracing::info!(namespace, key = name, directory = key.directory(), successor, "a key is due and has a successor");
}

/// A key was given its end, because its successor can be used.
pub fn rotated(key: &WatchedKey, successor: &str, end: &str) {
    let (namespace, name) = (&key.namespace, &key.name);
    tracing::info!(namespace, key = name, directory = key.directory(), successor, end, "a key was rotated");
}

/// Something about a key could not be done.
pub fn failed(told: &mut Told, name: &DirtyName, error: &Error) {
    let DirtySubject::Key(key) = &name.subject else { return };
    let reason = without_values(&error.to_string());
    let (namespace, directory) = (name.directory.namespace(), name.directory.name());
    told.failure(&reason, || {
        tracing::warn!(
            namespace,
            directory,
            key = &**key,
            reason,
            "a key could not be looked after and is tried again"
        );
    });
}
