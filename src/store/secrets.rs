//! Secrets, one at a time: each is asked for by its name and believed only where it is of the type that is asked for.
//!
//! Whoever may write a Directory names a Secret in it. Were any type taken, that person could make the operator send
//! somebody else's Secret of the namespace to an address of the same Directory.

use jiff::Timestamp;

use super::kind::Kind;
use super::{Error, Store};
use crate::api::Secret;

/// The Secret with the keys that seal sessions, in the namespace of the Lease.
pub const LOGIN_KEYS_NAME: &str = "rollcall-login-keys";

/// Why there is nothing of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none of this name.
    #[error("there is no Secret of this name")]
    Missing,
    /// There is one, of this type in place of the one that was asked for. Nothing of it was read.
    #[error("the Secret is of type {0}")]
    OtherType(String),
    /// The operator may not read it.
    #[error("the operator's account may not read Secrets here")]
    Forbidden,
    /// The API server could not be asked.
    #[error(transparent)]
    Store(Error),
}

impl From<Error> for SecretError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::Missing,
            Error::Forbidden(_) => Self::Forbidden,
            error => Self::Store(error),
        }
    }
}

impl Store {
    /// Reads one Secret of this type, linearizably.
    pub async fn secret(&self, namespace: &str, name: &str, secret_type: &str) -> Result<Secret, SecretError> {
        let object = self.objects().get(Kind::SECRET, namespace, name).await?;
        Secret::read(object, secret_type).map_err(SecretError::OtherType)
    }

    /// The same, and what time the API server's clock showed when it answered, if it said so.
    pub async fn secret_with_time(
        &self,
        namespace: &str,
        name: &str,
        secret_type: &str,
    ) -> Result<(Secret, Option<Timestamp>), SecretError> {
        let (object, time) = self.objects().get_with_time(Kind::SECRET, namespace, name).await?;
        Ok((Secret::read(object, secret_type).map_err(SecretError::OtherType)?, time))
    }

    /// Creates a Secret; returns it as it was stored. [`Error::Exists`] where there is one of this name.
    pub async fn create_secret(&self, namespace: &str, secret: &Secret) -> Result<Secret, Error> {
        let stored = self.objects().create(Kind::SECRET, namespace, &secret.to_object()).await?;
        own(stored, secret)
    }

    /// Replaces a Secret if nobody has written it since it was read; returns it as it was stored.
    pub async fn replace_secret(&self, namespace: &str, secret: &Secret) -> Result<Secret, Error> {
        let stored = self.objects().replace(Kind::SECRET, namespace, &secret.to_object()).await?;
        own(stored, secret)
    }

    /// Deletes a Secret if nobody has written it since it was read.
    pub async fn delete_secret(&self, namespace: &str, secret: &Secret) -> Result<(), Error> {
        self.objects().delete(Kind::SECRET, namespace, &secret.to_object()).await
    }
}

/// What the API server says it stored: the type of a Secret never changes.
fn own(stored: crate::api::Object, written: &Secret) -> Result<Secret, Error> {
    let read = Secret::read(stored, written.secret_type());
    read.map_err(|other| Error::Other(format!("a Secret was stored with the type {other}")))
}
