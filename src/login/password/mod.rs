//! Accounts with a password of ours, for people who are not at the provider.
//!
//! A person has one way to log in at a time: who logs in at the provider has no use for a password here, and the other way
//! round. The answer to a wrong password does not tell whether anybody has the name, neither by its words nor by the work that
//! goes before it.

pub mod delays;
pub mod hashing;
pub mod quality;
mod secret;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use self::delays::{Delays, FREE_OF_NAME, Suspect};
use self::hashing::{Hashing, PasswordVerdict, QueueFull};
use self::quality::{MAX_LENGTH, Weakness};
use crate::api::directory_user::LoginMethod;
use crate::api::secret::PASSWORD;
use crate::api::{Object, Secret};
use crate::rules::access::{self, Denial, LoginRules};
use crate::rules::naming::{USER_NAME, canonical, claim_name};
use crate::store::kind::Kind;
use crate::store::{Error, SecretError, Store, WatchedDirectory, claims};

/// Attempts of everybody in a second: what the hashes of one replica bear.
pub const ATTEMPTS_PER_SECOND: u32 = 30;
/// Longest user name that is looked up.
const MAX_NAME: usize = 256;
/// How often a write is tried that somebody else's write comes before.
const ATTEMPTS_TO_WRITE: usize = 5;
/// A name that no object has: who is looked up in vain costs as many calls as anybody else.
const NOBODY: &str = "nobody";

/// Logs people in by their passwords, and changes these. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    store: Store,
    hashing: Hashing,
    delays: Arc<Delays>,
    everybody: Arc<DefaultDirectRateLimiter>,
}

/// An attempt to log in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The user name as it was typed.
    pub user_name: &'a str,
    /// The password as it was typed.
    pub password: &'a str,
    /// Who tries.
    pub source: IpAddr,
}

/// Why an attempt came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Nobody has this name and password, or the person may not log in with it. The person's id and the reason are for the audit
    /// line and for nobody else.
    #[error("wrong: {reason}")]
    Wrong {
        /// The SCIM id, where the name is somebody's.
        user: Option<String>,
        /// Why.
        reason: &'static str,
    },
    /// There were too many failures; an attempt is looked at again then.
    #[error("too many failures: wait until {0}")]
    Wait(Timestamp),
    /// Too many people log in at this moment.
    #[error("too many log in at once")]
    Busy,
    /// The new password is not taken.
    #[error("the new password is not taken: {0:?}")]
    Weak(Weakness),
    /// The new password is the old one.
    #[error("the new password is the old one")]
    Unchanged,
    /// The cluster could not be asked.
    #[error(transparent)]
    Store(SecretError),
}

impl From<QueueFull> for PasswordRefused {
    fn from(_: QueueFull) -> Self {
        Self::Busy
    }
}

impl From<Weakness> for PasswordRefused {
    fn from(weakness: Weakness) -> Self {
        Self::Weak(weakness)
    }
}

impl From<Error> for PasswordRefused {
    fn from(error: Error) -> Self {
        Self::Store(error.into())
    }
}

/// A new password that is good enough, hashed and not saved yet.
pub struct NewPassword {
    hash: String,
}

/// Somebody whose password is looked at.
struct Candidate {
    person: Object,
    secret: Option<Secret>,
}

impl Passwords {
    /// The passwords of the people of `store`.
    pub fn new(store: Store) -> Self {
        let rate = NonZeroU32::new(ATTEMPTS_PER_SECOND).unwrap_or(NonZeroU32::MIN);
        let everybody = Arc::new(RateLimiter::direct(Quota::per_second(rate)));
        Self { store, hashing: Hashing::default(), delays: Arc::default(), everybody }
    }

    /// Logs a person in: the object, as it was read live, of somebody who has this name and this password and has access now.
    pub async fn log_in(
        &self,
        directory: &WatchedDirectory,
        attempt: Attempt<'_>,
        now: Timestamp,
    ) -> Result<Object, PasswordRefused> {
        let (name, typed) = (canonical(attempt.user_name), normalized(attempt.password));
        let suspects = [suspect(directory, &name), Suspect::source(attempt.source)];
        if let Some(until) = self.delays.wait(&suspects, now) {
            return Err(PasswordRefused::Wait(until));
        }
        self.everybody.check().map_err(|_| PasswordRefused::Busy)?;
        let candidate = self.find(directory, &name).await?;
        let secret = candidate.as_ref().and_then(|candidate| candidate.secret.as_ref());
        if let Some(until) =
            secret.and_then(secret::failures).and_then(|told| self.delays.learn(&suspects[0], told, now))
        {
            return Err(PasswordRefused::Wait(until));
        }
        self.delays.begin(&suspects, now).map_err(PasswordRefused::Wait)?;
        let denial = match &candidate {
            Some(candidate) => self.denial(directory, &candidate.person).await,
            None => {
                // As many calls as for somebody.
                drop(self.store.objects().get(Kind::CLAIM, &directory.namespace, NOBODY).await);
                Ok(None)
            }
        };
        let denial = denial.inspect_err(|_| self.delays.undecided(&suspects))?;
        let hash = match (&candidate, denial) {
            // Who may not log in with a password has none here, whatever lies in a Secret.
            (Some(Candidate { person, secret: Some(secret) }), None) => secret::hash_for(secret, person),
            _ => None,
        };
        let has_hash = hash.is_some();
        let verdict = self.hashing.verify(typed.clone(), hash).await;
        let verdict = verdict.inspect_err(|_| self.delays.undecided(&suspects))?;
        let Some(Candidate { person, secret }) = candidate else {
            return Err(PasswordRefused::Wrong { user: None, reason: "NoSuchName" });
        };
        let reason = match denial {
            Some(reason) => reason,
            None if !has_hash => "NoPassword",
            None if verdict == PasswordVerdict::Wrong => "WrongPassword",
            None => {
                self.delays.succeeded(&suspects);
                self.after_success(directory, &person, secret, typed, verdict).await;
                return Ok(person);
            }
        };
        if reason == "WrongPassword" {
            self.tell_failures(directory, secret, &suspects[0]).await;
        }
        Err(PasswordRefused::Wrong { user: Some(person.name().to_owned()), reason })
    }

    /// Changes the password of a person who is logged in and knows the old one. Every session of the person is over then.
    pub async fn change(
        &self,
        directory: &WatchedDirectory,
        attempt: Attempt<'_>,
        new: &str,
        now: Timestamp,
    ) -> Result<(), PasswordRefused> {
        quality::check(&normalized(new), attempt.user_name)?;
        if normalized(new) == normalized(attempt.password) {
            return Err(PasswordRefused::Unchanged);
        }
        let person = self.log_in(directory, attempt, now).await?;
        self.set(&person, new).await
    }

    /// Gives a person a password, and ends every session of the person. Whether the person may have it was found out before.
    pub async fn set(&self, person: &Object, new: &str) -> Result<(), PasswordRefused> {
        let new = self.prepare(person, new).await?;
        self.save(person, new).await
    }

    /// Whether a person may have a new password, and its hash: all that can be refused without anybody having to write.
    pub async fn prepare(&self, person: &Object, new: &str) -> Result<NewPassword, PasswordRefused> {
        let user_name = person.scim()["userName"].as_str().unwrap_or_default();
        let new = normalized(new);
        quality::check(&new, user_name)?;
        Ok(NewPassword { hash: self.hashing.hash(new).await? })
    }

    /// Saves a password that was prepared for a person, and ends every session of the person.
    pub async fn save(&self, person: &Object, NewPassword { hash }: NewPassword) -> Result<(), PasswordRefused> {
        self.write(person, &hash).await?;
        // After the password: a session that began with the old one in between must not stay.
        for _ in 0..ATTEMPTS_TO_WRITE {
            let mut is_gone = true;
            let raise = |read: &Object| {
                is_gone = false;
                let mut raised = read.clone();
                raised.raise_session_epoch();
                Some(raised)
            };
            if self.store.edit(Kind::USER, person.namespace(), person.name(), raise).await? || is_gone {
                return Ok(());
            }
        }
        Err(Error::Conflict.into())
    }

    /// Why a person, as just read, may not log in with a password, if it is so: in a word for the audit line.
    pub async fn denial(&self, directory: &WatchedDirectory, person: &Object) -> Result<Option<&'static str>, Error> {
        let owns_its_values = claims::owns_its_values(&self.store, person).await?;
        let rules = LoginRules::of(directory.spec.login.as_ref(), None);
        Ok(match access::decide(&access::person(person, owns_its_values), &rules) {
            Ok(LoginMethod::BuiltIn) => None,
            Ok(_) => Some(Denial::MethodUnavailable.as_str()),
            Err(denial) => Some(denial.as_str()),
        })
    }

    /// Who holds a name, read live, with the Secret of the password.
    async fn find(&self, directory: &WatchedDirectory, name: &str) -> Result<Option<Candidate>, PasswordRefused> {
        let (objects, namespace) = (self.store.objects(), &directory.namespace);
        let found = |read| match read {
            Ok(object) => Ok(Some(object)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        };
        let mut person = None;
        if !name.is_empty() && name.len() <= MAX_NAME {
            let claim = claim_name(&directory.name, USER_NAME, name);
            let claim = found(objects.get(Kind::CLAIM, namespace, &claim).await)?;
            let holder = claim.as_ref().map_or(NOBODY, |claim| claim.text("holder"));
            person = found(objects.get(Kind::USER, namespace, holder).await)?;
        }
        let is_named = |person: &Object| person.scim()["userName"].as_str().is_some_and(|own| canonical(own) == name);
        let person = person.filter(|person| person.directory() == directory.name && is_named(person));
        let secret = secret::name_of(person.as_ref().map_or(NOBODY, Object::name));
        let secret = match self.store.secret(namespace, &secret, PASSWORD).await {
            Ok(secret) => Some(secret),
            Err(SecretError::Missing | SecretError::OtherType(_)) => None,
            Err(error) => return Err(PasswordRefused::Store(error)),
        };
        Ok(person.map(|person| Candidate { person, secret }))
    }

    async fn write(&self, person: &Object, hash: &str) -> Result<(), PasswordRefused> {
        let (namespace, name) = (person.namespace(), secret::name_of(person.name()));
        for _ in 0..ATTEMPTS_TO_WRITE {
            let written = match self.store.secret(namespace, &name, PASSWORD).await {
                Ok(mut secret) => {
                    secret::adopt(&mut secret, person, hash);
                    self.store.replace_secret(namespace, &secret).await
                }
                Err(SecretError::Missing) => self.store.create_secret(namespace, &secret::new(person, hash)).await,
                Err(error) => return Err(PasswordRefused::Store(error)),
            };
            match written {
                Err(Error::Conflict | Error::Exists | Error::NotFound) => {}
                written => return Ok(written.map(drop)?),
            }
        }
        Err(Error::Conflict.into())
    }

    /// Tells other replicas that the failures are over, and hashes anew where the parameters are old. Nothing of it matters to
    /// the person, so nothing that fails is told.
    async fn after_success(
        &self,
        directory: &WatchedDirectory,
        person: &Object,
        secret: Option<Secret>,
        password: String,
        verdict: PasswordVerdict,
    ) {
        let Some(mut secret) = secret else { return };
        let had_failures = secret::failures(&secret).is_some();
        secret::set_failures(&mut secret, None);
        let mut is_changed = had_failures;
        if verdict == PasswordVerdict::RightButOld
            && let Ok(hash) = self.hashing.hash(password).await
        {
            secret::adopt(&mut secret, person, &hash);
            is_changed = true;
        }
        if is_changed {
            drop(self.store.replace_secret(&directory.namespace, &secret).await);
        }
    }

    /// Tells other replicas of failures once there is a wait for them. A write that loses a race is left out: whoever won it told
    /// of as many.
    async fn tell_failures(&self, directory: &WatchedDirectory, secret: Option<Secret>, suspect: &Suspect) {
        let streak = self.delays.streak(suspect).filter(|streak| streak.failures >= FREE_OF_NAME);
        if let (Some(streak), Some(mut secret)) = (streak, secret) {
            secret::set_failures(&mut secret, Some(streak));
            drop(self.store.replace_secret(&directory.namespace, &secret).await);
        }
    }
}

fn suspect(directory: &WatchedDirectory, name: &str) -> Suspect {
    let name = name.chars().take(MAX_NAME).collect();
    Suspect::Name(directory.namespace.clone(), directory.name.clone(), name)
}

/// A password in one of the ways to write it: keyboards differ in how they write an accent. What is too long to be one is cut,
/// and is not the right one anyway.
fn normalized(password: &str) -> String {
    password.nfc().take(4 * MAX_LENGTH).collect()
}
