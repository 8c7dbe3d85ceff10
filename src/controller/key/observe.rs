//! What is seen of a key: its Directory, its Secret and its successor.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::decide::{Rotation, SecretSeen};
use crate::api::Secret;
use crate::api::secret::KEY_TOKEN;
use crate::rules::key::rotation::{RotationRule, due, successor};
use crate::rules::key::secret::KeySecret;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};
use crate::store::{Error, SecretError, Store, WatchedKey};

/// The entry of a Secret that holds the secret of a key.
pub const TOKEN: &str = "token";
/// How long the first change of a Directory waits for those after it: people come by the hundred.
const BURST: Duration = Duration::from_millis(500);

/// What is looked at: keys at once, and Directories, because keys depend on them.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::Key(_) => Some(Duration::ZERO),
        DirtySubject::Directory => Some(BURST),
        DirtySubject::Group(_) | DirtySubject::User(_) | DirtySubject::Claim(_) | DirtySubject::Application(_) => None,
    }
}

/// What keys depend on in a Directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryOfKeys {
    /// How often its minted keys are replaced, if they are.
    pub rotation: Option<RotationRule>,
}

/// What is seen of a Directory; nothing where it is not there or is being deleted.
pub fn directory(store: &Store, name: &DirectoryName) -> Option<DirectoryOfKeys> {
    let directory = store.directory(name.namespace(), name.name())?;
    (!directory.seen.is_terminating).then(|| DirectoryOfKeys { rotation: RotationRule::of(&directory.spec) })
}

/// How the queue calls a key.
pub fn name_of(namespace: &str, directory: &str, key: &str) -> DirtyName {
    DirtyName { directory: DirectoryName::new(namespace, directory), subject: DirtySubject::Key(key.into()) }
}

/// The Secret that a minted key names, read live. It is the key's own where it has the operator's type, the key for its only owner
/// and a secret in it.
pub async fn secret(store: &Store, key: &WatchedKey, name: &str, now: Timestamp) -> Result<SecretSeen, Error> {
    let (secret, time) = match store.secret_with_time(&key.namespace, name, KEY_TOKEN).await {
        Ok(read) => read,
        Err(SecretError::Missing) => return Ok(SecretSeen::Missing),
        Err(SecretError::OtherType(_)) => return Ok(SecretSeen::Strange),
        Err(SecretError::Forbidden) => return Ok(SecretSeen::Forbidden),
        Err(SecretError::Store(error)) => return Err(error),
    };
    let Some(token) = own_token(&secret, key) else { return Ok(SecretSeen::Strange) };
    let now = time.map_or(now, |time| now.min(time));
    Ok(SecretSeen::Own { sha256: token.sha256(), created_at: secret.object().creation_timestamp(), now })
}

/// The secret in a Secret, if the Secret is this key's.
pub fn own_token(secret: &Secret, key: &WatchedKey) -> Option<KeySecret> {
    let is_own = secret.object().only_owner() == Some(key.seen.uid.as_str());
    secret.entry(TOKEN).filter(|_| is_own).and_then(KeySecret::parse)
}

/// The successor of a key, as far as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Successor {
    /// None is due, or none can be made.
    NotDue(Rotation),
    /// It is due and not there, and is called this; the second name is that of its Secret.
    Missing(String, String),
    /// It is there and has no secret yet.
    WithoutSecret(Timestamp),
    /// It can be used.
    Usable {
        /// Its name.
        name: String,
        /// Since when it is there: every leader knows that, and tells of the rotation under this time.
        since: Timestamp,
    },
}

/// Looks for the successor of a key.
pub fn successor_of(store: &Store, key: &WatchedKey, rule: Option<RotationRule>, now: Timestamp) -> Successor {
    let Some(rule) = rule else { return Successor::NotDue(Rotation::NotAsked) };
    let Some(mint) = &key.spec.mint else { return Successor::NotDue(Rotation::NotMinted) };
    let Some(due) = due(&key.spec, key.created_at, rule) else { return Successor::NotDue(Rotation::None) };
    if now < due {
        return Successor::NotDue(Rotation::Due(due));
    }
    let (name, secret) = successor(&key.name, mint, key.predecessor.is_some());
    let Some(there) = store.key(&key.namespace, &name) else { return Successor::Missing(name, secret) };
    let is_successor = there.predecessor.as_deref() == Some(key.name.as_str()) && there.directory() == key.directory();
    match (is_successor, is_usable(&there)) {
        (false, _) => Successor::NotDue(Rotation::NameTaken(name)),
        (true, false) => Successor::WithoutSecret(due),
        (true, true) => Successor::Usable { name, since: there.created_at.unwrap_or(due) },
    }
}

/// The name of the successor of a key, if a rotation has made one.
pub fn named_successor(store: &Store, key: &WatchedKey) -> Option<String> {
    let keys = store.keys_of(&key.namespace, key.directory());
    let mut successors = keys.iter().filter(|other| other.predecessor.as_deref() == Some(key.name.as_str()));
    successors.next().map(|successor| successor.name.clone())
}

/// Whether a key has no end yet, so that a successor that can be used changes something about it.
pub fn waits_for_successor(store: &Store, name: &DirtyName) -> bool {
    let DirtySubject::Key(key) = &name.subject else { return false };
    store.key(name.directory.namespace(), key).is_some_and(|key| key.spec.expires_at.is_none())
}

fn is_usable(key: &Arc<WatchedKey>) -> bool {
    key.spec.sha256.is_some() && !key.is_revoked()
}
