//! The root keys of this replica: read from the Secret that all replicas share, and made where there is none.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, timeout};

use super::root_keys::{NEXT_FROM_ANNOTATION, ROTATE_ANNOTATION, RootKeyRotation, RootKeys};
use super::sealing::{CannotOpen, Use};
use crate::api::Secret;
use crate::api::secret::LOGIN_KEYS;
use crate::store::{self, LOGIN_KEYS_NAME, SecretError, Store};

/// Between two looks at the Secret: so long a new key may stay unknown to a replica that nobody shows a text of it.
const INTERVAL: Duration = Duration::from_secs(30);
/// The same while it cannot be read.
const RETRY: Duration = Duration::from_secs(2);
/// Between two looks that unknown keys ask for: whoever makes up key ids does not make the replica ask the API server for each.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);
/// How often one look writes or reads again after another replica was quicker.
const TRIES: u32 = 4;

/// The root keys of this replica.
pub(super) struct KeyRing {
    store: Store,
    namespace: String,
    keys: ArcSwapOption<RootKeys>,
    /// Somebody has shown a text whose key is not known.
    asked: Notify,
    /// When the Secret was last looked at; held while it is.
    looked_at: Mutex<Option<Instant>>,
}

/// Why there are no keys. The sentences are for administrators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum KeysProblem {
    #[error(
        "the operator may not read or write the Secret {LOGIN_KEYS_NAME} of its own namespace: grant its account get, create and update"
    )]
    Forbidden,
    #[error(
        "the Secret {LOGIN_KEYS_NAME} is of type {0} and not {LOGIN_KEYS}: delete it, and the operator makes it anew"
    )]
    OtherType(String),
    #[error(
        "the Secret {LOGIN_KEYS_NAME} holds no keys ({0}): delete it, and the operator makes it anew; every session ends then"
    )]
    Bad(#[from] super::root_keys::BadKeys),
    #[error("the Secret {LOGIN_KEYS_NAME} cannot be read or written just now: {0}")]
    Store(String),
}

impl From<SecretError> for KeysProblem {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Forbidden => Self::Forbidden,
            SecretError::OtherType(other) => Self::OtherType(other),
            SecretError::Missing => Self::Store("it is gone again".to_owned()),
            SecretError::Store(error) => Self::Store(error.to_string()),
        }
    }
}

impl From<store::Error> for KeysProblem {
    fn from(error: store::Error) -> Self {
        Self::from(SecretError::from(error))
    }
}

impl KeyRing {
    /// The keys in the Secret of this namespace, which are not read yet.
    pub(super) fn new(store: Store, namespace: String) -> Self {
        let (keys, asked, looked_at) = (ArcSwapOption::empty(), Notify::new(), Mutex::new(None));
        Self { store, namespace, keys, asked, looked_at }
    }

    /// The keys, once they were read.
    pub(super) fn keys(&self) -> Option<Arc<RootKeys>> {
        self.keys.load_full()
    }

    /// Opens a sealed text. One whose key is not known makes the replica look at the Secret soon.
    pub(super) fn open(&self, use_: &Use<'_>, text: &str) -> Result<Vec<u8>, CannotOpen> {
        let opened = self.keys().ok_or(CannotOpen::UnknownKey).and_then(|keys| keys.open(use_, text));
        if opened == Err(CannotOpen::UnknownKey) {
            self.asked.notify_one();
        }
        opened
    }

    /// The same, and where the key is not known after a look at the Secret.
    pub(super) async fn open_patiently(&self, use_: &Use<'_>, text: &str) -> Result<Vec<u8>, CannotOpen> {
        match self.open(use_, text) {
            Err(CannotOpen::UnknownKey) => {
                if let Err(problem) = self.look(AT_MOST_EVERY).await {
                    tracing::debug!(reason = %problem, "the keys of sessions could not be read");
                }
                self.open(use_, text)
            }
            opened => opened,
        }
    }

    /// Looks at the Secret for ever.
    pub(super) async fn run(&self) {
        let mut told: Option<KeysProblem> = None;
        loop {
            let pause = match self.look(Duration::ZERO).await {
                Ok(()) => {
                    if told.take().is_some() {
                        tracing::info!("the keys of sessions are there");
                    }
                    INTERVAL
                }
                Err(problem) => {
                    if told.as_ref() != Some(&problem) {
                        tracing::warn!(reason = %problem, "the keys of sessions cannot be had; the last good ones stay in use");
                    }
                    told = Some(problem);
                    RETRY
                }
            };
            sleep(AT_MOST_EVERY.min(pause)).await;
            // Asked for or not, it is time then.
            drop(timeout(pause.saturating_sub(AT_MOST_EVERY), self.asked.notified()).await);
        }
    }

    /// Looks at the Secret, unless somebody has done so within this time.
    async fn look(&self, at_most_every: Duration) -> Result<(), KeysProblem> {
        let mut looked_at = self.looked_at.lock().await;
        if looked_at.is_some_and(|looked_at| looked_at.elapsed() < at_most_every) {
            return Ok(());
        }
        let keys = self.read().await;
        *looked_at = Some(Instant::now());
        let keys = keys?;
        if !self.keys().is_some_and(|known| known.is_same(&keys)) {
            self.keys.store(Some(Arc::new(keys)));
        }
        Ok(())
    }

    /// The keys in the Secret, made or rotated where that is to be done. Of several replicas one writes, and the others read
    /// what it wrote.
    async fn read(&self) -> Result<RootKeys, KeysProblem> {
        for _ in 0..TRIES {
            let secret = match self.store.secret(&self.namespace, LOGIN_KEYS_NAME, LOGIN_KEYS).await {
                Ok(secret) => secret,
                Err(SecretError::Missing) => {
                    let keys = RootKeys::generate();
                    let mut secret = Secret::new(LOGIN_KEYS_NAME, LOGIN_KEYS);
                    secret.data = keys.entries();
                    match self.store.create_secret(&self.namespace, &secret).await {
                        Err(store::Error::Exists) => continue,
                        created => created?,
                    };
                    tracing::info!(secret = LOGIN_KEYS_NAME, "made the keys of sessions");
                    return Ok(keys);
                }
                Err(error) => return Err(error.into()),
            };
            let keys = RootKeys::of(&secret.data)?;
            let object = secret.object();
            let is_asked = object.has_annotation(ROTATE_ANNOTATION);
            let next_from = object.annotation(NEXT_FROM_ANNOTATION).and_then(|from| from.parse().ok());
            let Some(RootKeyRotation { keys: rotated, next_from }) = keys.due(is_asked, next_from, Timestamp::now())
            else {
                return Ok(keys);
            };
            let mut new = secret;
            new.data = rotated.entries();
            if let Some(from) = next_from {
                new.object_mut().set_annotation(NEXT_FROM_ANNOTATION, &from.to_string());
                new.object_mut().remove_annotation(ROTATE_ANNOTATION);
            } else {
                new.object_mut().remove_annotation(NEXT_FROM_ANNOTATION);
            }
            match self.store.replace_secret(&self.namespace, &new).await {
                Err(store::Error::Conflict | store::Error::NotFound) => {}
                replaced => {
                    replaced?;
                    match next_from {
                        Some(from) => {
                            tracing::info!(secret = LOGIN_KEYS_NAME, %from, "made the next key of sessions, as asked by annotation");
                        }
                        None => tracing::info!(secret = LOGIN_KEYS_NAME, "the next key of sessions is in use"),
                    }
                    return Ok(rotated);
                }
            }
        }
        Err(KeysProblem::Store("other replicas were quicker every time".to_owned()))
    }
}
