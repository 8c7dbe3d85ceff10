//! `DirectoryKey.status`, and what is to be done about the secret and the successor of a key.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::api::conditions::{ConditionType, Reason};
use crate::api::directory_key::Scope;
use crate::api::event::EventReason;
use crate::controller::status::decide::conditions::{READINESS, Readiness, Wanted, insert_list, merge, readiness};
use crate::controller::status::decide::difference;
use crate::rules::key::expiry::{ExpiryStage, stage};
use crate::rules::key::{KeyVerdict, check};
use crate::rules::naming::DELIVERED_ANNOTATION;
use crate::rules::retention::duration;
use crate::store::WatchedKey;

/// The conditions that are written here.
const OWNED: [ConditionType; 5] =
    [READINESS[0], READINESS[1], READINESS[2], ConditionType::Expiring, ConditionType::Delivered];
/// The fields that are written here. `lastUsed` is written by the replica that saw the use.
const FIELDS: &[&str] = &["observedGeneration", "state", "expires", "conditions"];
/// What `status.expires` says of a permanent key.
const NEVER: &str = "Never";

/// What is seen of the Secret of a minted key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSeen {
    /// There is none of this name.
    Missing,
    /// It is the key's own.
    Own {
        /// The SHA-256 of the secret in it.
        sha256: String,
        /// When it was created.
        created_at: Option<Timestamp>,
        /// What time it is by the slower one of two clocks, this replica's and that of the API server.
        now: Timestamp,
    },
    /// It is somebody else's, or does not hold what the operator put into it.
    Strange,
    /// The operator may not read it.
    Forbidden,
}

/// What is to be done about the secret of a minted key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MintStep {
    /// Make the Secret.
    MakeSecret,
    /// Write the hash of the secret that is there into the key.
    WriteHash(String),
    /// Delete the Secret: the secret was handed over.
    DeleteSecret,
    /// Nothing, and this is how it stands.
    Rest(Minted),
}

/// How the minting of a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minted {
    /// The key brings its hash, or is not to be minted as things are.
    Never,
    /// The operator is at work.
    Underway,
    /// Somebody else's Secret has the name.
    SecretTaken,
    /// The operator may not read and write Secrets.
    Forbidden,
    /// The Secret is there, until this time if there is one.
    SecretThere(Option<Timestamp>),
    /// The key has its hash, and the Secret is gone.
    SecretGone,
}

/// How the rotation of a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The Directory asks for none.
    NotAsked,
    /// The Directory asks for it, and this key brings its hash: nobody but its owner can replace it.
    NotMinted,
    /// The key is not rotated as it is: it is revoked, has an end, or has no secret yet.
    None,
    /// A successor is due at this time.
    Due(Timestamp),
    /// A key that is no successor of this one has the name that the successor would get.
    NameTaken(String),
}

/// What a key is good for, at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyState {
    /// It opens its Directory.
    Active,
    /// It opens its Directory, and ends within 30 days.
    Expiring,
    /// Its notBefore is yet to come.
    NotYetValid,
    /// Its expiresAt is over.
    Expired,
    /// Somebody has revoked it.
    Revoked,
    /// The operator is making its secret.
    Minting,
    /// The operator cannot make its secret: the condition Ready says what to do.
    MintFailed,
    /// There is no Directory that it could open.
    NoDirectory,
}

impl KeyState {
    /// `status.state`.
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Expiring => "Expiring",
            Self::NotYetValid => "NotYetValid",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
            Self::Minting => "Minting",
            Self::MintFailed => "MintFailed",
            Self::NoDirectory => "NoDirectory",
        }
    }
}

/// What is seen of a key.
#[derive(Clone, Debug)]
pub struct ObservedKey<'a> {
    /// The key.
    pub key: &'a WatchedKey,
    /// Whether its Directory is there and stays.
    pub has_directory: bool,
    /// Its secret.
    pub minted: Minted,
    /// How its rotation stands.
    pub rotation: Rotation,
    /// The name of its successor, if a rotation has made one.
    pub successor: Option<String>,
}

/// How the minting of a key stands where nobody needs to look at its Secret; nothing where somebody does. Nothing is minted for a
/// key that opens nothing, and a Secret that was seen to be gone is not looked for again.
pub fn mints(key: &WatchedKey, has_directory: bool, now: Timestamp) -> Option<Minted> {
    let has_hash = key.spec.sha256.is_some();
    let is_void = matches!(check(&key.spec, Scope::Provision, now), KeyVerdict::Revoked | KeyVerdict::Expired);
    if key.spec.mint.is_none() || !has_hash && (is_void || !has_directory) {
        return Some(Minted::Never);
    }
    let conditions = key.seen.status["conditions"].as_array().into_iter().flatten();
    let mut delivered = conditions.filter(|condition| condition["type"] == ConditionType::Delivered.as_str());
    let is_gone = has_hash && delivered.any(|condition| condition["status"] == "True");
    is_gone.then_some(Minted::SecretGone)
}

/// What is to be changed in the status; nothing where it stands as it should.
pub fn difference_of(observed: &ObservedKey<'_>, now: Timestamp) -> Option<Map<String, Value>> {
    difference(&observed.key.seen.status, &status(observed, now), FIELDS)
}

/// What comes next for the secret of a minted key. Whoever leads does the same, and after a crash the next look goes on where it
/// stood: the Secret is made before the hash is written, and a Secret that is there is taken up and never made again.
pub fn mint_step(key: &WatchedKey, secret: SecretSeen) -> MintStep {
    let has_hash = key.spec.sha256.is_some();
    match secret {
        SecretSeen::Forbidden if has_hash => MintStep::Rest(Minted::Never),
        SecretSeen::Forbidden => MintStep::Rest(Minted::Forbidden),
        SecretSeen::Missing | SecretSeen::Strange if has_hash => MintStep::Rest(Minted::SecretGone),
        SecretSeen::Missing => MintStep::MakeSecret,
        SecretSeen::Strange => MintStep::Rest(Minted::SecretTaken),
        SecretSeen::Own { sha256, .. } if !has_hash => MintStep::WriteHash(sha256),
        SecretSeen::Own { created_at, now, .. } => {
            let end = delete_secret_after(key).zip(created_at).and_then(|(after, at)| at.checked_add(after).ok());
            if key.is_delivered || end.is_some_and(|end| end <= now) {
                return MintStep::DeleteSecret;
            }
            MintStep::Rest(Minted::SecretThere(end))
        }
    }
}

/// `spec.mint.deleteSecretAfter`; nothing where there is none, or nobody can read it.
fn delete_secret_after(key: &WatchedKey) -> Option<SignedDuration> {
    duration(key.spec.mint.as_ref()?.delete_secret_after.as_ref()?)
}

/// The status as it should stand.
fn status(observed: &ObservedKey<'_>, now: Timestamp) -> Map<String, Value> {
    let ObservedKey { key, minted, .. } = observed;
    let generation = key.seen.generation;
    let expires = key.spec.expires_at.as_ref().map_or_else(|| NEVER.to_owned(), |end| format!("{:.0}", end.0));
    let mut conditions = ready(observed, now);
    conditions.push(expiring(observed, now));
    conditions.extend(delivered(*minted));
    let mut wanted = Map::new();
    wanted.insert("observedGeneration".to_owned(), generation.into());
    wanted.insert("state".to_owned(), state(observed, now).as_str().into());
    wanted.insert("expires".to_owned(), expires.into());
    let conditions = merge(&key.seen.status["conditions"], &OWNED, conditions, generation, now);
    insert_list(&mut wanted, "conditions", conditions);
    wanted
}

/// What the key is good for. What is final comes first.
fn state(observed: &ObservedKey<'_>, now: Timestamp) -> KeyState {
    let spec = &observed.key.spec;
    match check(spec, spec.scopes.first().copied().unwrap_or(Scope::Provision), now) {
        KeyVerdict::Revoked => KeyState::Revoked,
        KeyVerdict::Expired => KeyState::Expired,
        _ if !observed.has_directory => KeyState::NoDirectory,
        verdict => match observed.minted {
            Minted::SecretTaken | Minted::Forbidden => KeyState::MintFailed,
            _ if spec.sha256.is_none() => KeyState::Minting,
            _ if verdict == KeyVerdict::NotYetValid => KeyState::NotYetValid,
            _ if is_alarm(stage_of(observed, now).0) => KeyState::Expiring,
            _ => KeyState::Active,
        },
    }
}

/// A key is ready once everything is as its spec says, and a spec may say that it opens nothing: a commit that revokes a key, or
/// an old one that has ended, must not keep Flux and Argo CD waiting.
fn ready(observed: &ObservedKey<'_>, now: Timestamp) -> Vec<Wanted> {
    let key = observed.key;
    let (standing, reason, message) = match state(observed, now) {
        KeyState::Active | KeyState::Expiring => {
            (Readiness::Ready, Reason::InForce, format!("the key opens the Directory {}", key.directory()))
        }
        KeyState::NotYetValid => {
            let start = key.spec.not_before.as_ref().map_or(now, |start| start.0);
            (Readiness::Ready, Reason::NotYetValid, format!("the key opens nothing before {start:.0} (spec.notBefore)"))
        }
        KeyState::Expired => {
            let message = "the key opens nothing any more: its spec.expiresAt is over. Delete it, once nobody uses it";
            (Readiness::Ready, Reason::Expired, message.to_owned())
        }
        KeyState::Revoked => {
            let message = "the key opens nothing: spec.revoked is true. Delete it, once nobody asks about it any more";
            (Readiness::Ready, Reason::Revoked, message.to_owned())
        }
        KeyState::NoDirectory => {
            let name = key.directory();
            let message = format!("there is no Directory {name} in this namespace, or it is being deleted: create it");
            (Readiness::Waiting, Reason::DirectoryMissing, message)
        }
        KeyState::Minting => (Readiness::Reconciling, Reason::Minting, "the operator is making the secret".to_owned()),
        KeyState::MintFailed => {
            let name = key.spec.mint.as_ref().map_or_else(String::new, |mint| mint.secret_name.clone());
            let (reason, message) = if observed.minted == Minted::Forbidden {
                let message = "the operator's account may not get and create Secrets in this namespace: grant it the rights \
                               of the chart (value minting.enabled), or bring your own hash in spec.sha256";
                (Reason::Forbidden, message.to_owned())
            } else {
                let message = format!(
                    "there is a Secret {name} that the operator did not make for this key, and it is left alone: delete it, \
                     or make another key with another spec.mint.secretName"
                );
                (Reason::SecretTaken, message)
            };
            (Readiness::Stalled, reason, message)
        }
    };
    readiness(standing, reason, &message)
}

/// How near the end is; of a key that is revoked nobody is warned.
fn stage_of(observed: &ObservedKey<'_>, now: Timestamp) -> (ExpiryStage, Option<Timestamp>) {
    stage(observed.key.spec.expires_at.as_ref().map(|end| end.0), now)
}

fn is_alarm(stage: ExpiryStage) -> bool {
    matches!(stage, ExpiryStage::Within30Days | ExpiryStage::Within7Days | ExpiryStage::Within1Day)
}

fn expiring(observed: &ObservedKey<'_>, now: Timestamp) -> Wanted {
    let (stage, _) = stage_of(observed, now);
    let spec = &observed.key.spec;
    let end = spec.expires_at.as_ref().map_or_else(String::new, |end| format!("{:.0}", end.0));
    let soon = |reason| {
        let message = match &observed.successor {
            Some(successor) => format!(
                "the key ends at {end}, and {successor} comes in its place: put the new secret into the identity provider \
                 before that"
            ),
            None => format!(
                "the key ends at {end}: make its successor, put the new secret into the identity provider, and delete this \
                 key when nobody uses it any more"
            ),
        };
        (reason, message)
    };
    let (reason, message) = match stage {
        _ if observed.key.is_revoked() => (Reason::Revoked, "the key is revoked".to_owned()),
        ExpiryStage::Within30Days => soon(Reason::Within30Days),
        ExpiryStage::Within7Days => soon(Reason::Within7Days),
        ExpiryStage::Within1Day => soon(Reason::Within1Day),
        ExpiryStage::Over => (Reason::Expired, format!("the key ended at {end}")),
        ExpiryStage::Distant => (Reason::Distant, format!("the key ends at {end}")),
        ExpiryStage::Permanent => permanent(&observed.rotation),
    };
    Wanted { name: ConditionType::Expiring, holds: !observed.key.is_revoked() && is_alarm(stage), reason, message }
}

/// What is said of a key without an end.
fn permanent(rotation: &Rotation) -> (Reason, String) {
    let permanent =
        "the key never ends: whoever learns its secret has it until somebody revokes the key. Set spec.expiresAt";
    match rotation {
        Rotation::NotAsked | Rotation::None => (Reason::Permanent, permanent.to_owned()),
        Rotation::NotMinted => {
            let message = format!("{permanent}; spec.keyRotation of its Directory replaces only keys that are minted");
            (Reason::Permanent, message)
        }
        Rotation::Due(due) => {
            (Reason::Rotates, format!("its successor is made at {due:.0}, as spec.keyRotation of its Directory says"))
        }
        Rotation::NameTaken(name) => {
            let message = format!(
                "its successor is due, and there is a DirectoryKey {name} that is none of its successors: give that one \
                 another name"
            );
            (Reason::SuccessorTaken, message)
        }
    }
}

fn delivered(minted: Minted) -> Option<Wanted> {
    let (holds, reason, message) = match minted {
        Minted::Never | Minted::Underway | Minted::SecretTaken | Minted::Forbidden => return None,
        Minted::SecretThere(until) => {
            let until = until.map(|until| format!(" It is deleted at {until:.0}.")).unwrap_or_default();
            let message = format!(
                "take the secret out of the Secret, then set the annotation {DELIVERED_ANNOTATION}, and the Secret is \
                 deleted.{until}"
            );
            (false, Reason::SecretThere, message)
        }
        Minted::SecretGone => (true, Reason::SecretGone, "the Secret is gone, and the key goes on working".to_owned()),
    };
    Some(Wanted { name: ConditionType::Delivered, holds, reason, message })
}

/// What people are to be told before the status is written: that the key has come nearer to its end. The time is the same
/// whoever tells it.
pub fn warning(observed: &ObservedKey<'_>, now: Timestamp) -> Option<(EventReason, Timestamp, String)> {
    let Wanted { reason, message, .. } = expiring(observed, now);
    let event = match reason {
        Reason::Within30Days | Reason::Within7Days | Reason::Within1Day => EventReason::KeyExpiring,
        Reason::Expired => EventReason::KeyExpired,
        _ => return None,
    };
    let stands = observed.key.seen.status["conditions"].as_array().into_iter().flatten();
    let mut stands = stands.filter(|condition| condition["type"] == ConditionType::Expiring.as_str());
    let is_told = stands.any(|condition| condition["reason"] == reason.as_str());
    let begun = stage_of(observed, now).1?;
    // A key that was made with few days left has been in this stage since it is there.
    let at = observed.key.created_at.map_or(begun, |created| begun.max(created));
    (!is_told).then(|| (event, at, format!("{}: {message}", reason.as_str())))
}
