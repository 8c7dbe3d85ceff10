//! Makes a link, or takes one away: the only writer of the Secrets of invitations.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::decide::{InvitationStep, step};
use super::report;
use crate::api::secret::INVITATION;
use crate::api::{Object, Secret};
use crate::controller::tools::Tools;
use crate::login::invitation::{digest, end, new_token, path};
use crate::rules::naming::DIRECTORY_LABEL;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;
use crate::store::{Error, SecretError};

/// The entry of the Secret with the whole link; missing where the operator does not know its public address.
const URL: &str = "url";
/// The entry with the link below the public address.
const PATH: &str = "path";

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationOutcome {
    /// All is as it should be, until this time if there is one.
    Settled(Option<Timestamp>),
    /// Something was written, or somebody was quicker: it is looked at again.
    Moved,
}

/// Does what the invitation of a person asks for. Read live: the index may be behind, and the status decides.
pub async fn settle(
    tools: &Tools,
    directory: &DirectoryName,
    person: &str,
    now: Timestamp,
) -> Result<InvitationOutcome, Error> {
    let namespace = directory.namespace();
    let person = match tools.store.objects().get(Kind::USER, namespace, person).await {
        Ok(person) if person.directory() == directory.name() => person,
        Ok(_) | Err(Error::NotFound) => return Ok(InvitationOutcome::Settled(None)),
        Err(error) => return Err(error),
    };
    match step(&person, now) {
        InvitationStep::Rest(until) => Ok(InvitationOutcome::Settled(until)),
        InvitationStep::Make { secret, asked } => make(tools, directory, &person, &secret, asked, now).await,
        InvitationStep::TakeAway { secret } => {
            take_away(tools, namespace, &person, &secret).await?;
            Ok(InvitationOutcome::Settled(None))
        }
        InvitationStep::Forget { secret } => {
            if let Some(secret) = secret {
                take_away(tools, namespace, &person, &secret).await?;
            }
            // Written or not, it is looked at again: somebody may have asked for another link.
            tell(tools, &person, Value::Null).await.map(|_| InvitationOutcome::Moved)
        }
    }
}

/// Makes a link: the digest is told first, so that no link is out which opens nothing. A leader that ends between the two leaves a
/// digest without a link; the Secret is missing then, and whoever waits for it asks anew.
async fn make(
    tools: &Tools,
    directory: &DirectoryName,
    person: &Object,
    name: &str,
    asked: Timestamp,
    now: Timestamp,
) -> Result<InvitationOutcome, Error> {
    let namespace = directory.namespace();
    let ends = end(asked, now);
    let token = new_token();
    // Exactly as it was asked for, or the next look would take it for another wish.
    let told = |digest: Value, problem: Value| {
        json!({
            "secretName": name, "askedUntil": asked.to_string(), "expiresAt": ends.to_string(),
            "tokenDigest": digest, "usedAt": null, "problem": problem,
        })
    };
    let old = match tools.store.secret(namespace, name, INVITATION).await {
        Ok(secret) if secret.object().only_owner() == Some(person.uid()) => Some(secret),
        Err(SecretError::Missing) => None,
        Err(SecretError::Store(error)) => return Err(error),
        Ok(_) | Err(SecretError::OtherType(_)) => {
            let problem = format!(
                "there is a Secret {name} already, and it is not the operator's: delete it, or name another one in \
                 spec.invitation.secretName"
            );
            return stand_still(tools, person, told(Value::Null, problem.into())).await;
        }
        Err(SecretError::Forbidden) => {
            let problem = "the operator may not read and write Secrets here: grant its account the chart's rights";
            return stand_still(tools, person, told(Value::Null, problem.into())).await;
        }
    };
    tools.write_rate.turn().await;
    if !tell(tools, person, told(digest(&token).into(), Value::Null)).await? {
        return Ok(InvitationOutcome::Moved);
    }
    let link = path(namespace, directory.name(), person.name(), &token);
    let mut secret = old.clone().unwrap_or_else(|| Secret::new(name, INVITATION));
    secret.data.clear();
    if let Some(url) = &tools.public_url {
        secret.data.insert(URL.to_owned(), format!("{}{link}", url.trim_end_matches('/')).into_bytes());
    }
    secret.data.insert(PATH.to_owned(), link.into_bytes());
    secret.object_mut().set_label(DIRECTORY_LABEL, directory.name());
    secret.object_mut().set_owner(person.owner_reference());
    let written = match old {
        Some(_) => tools.store.replace_secret(namespace, &secret).await,
        None => tools.store.create_secret(namespace, &secret).await,
    };
    if let Err(error) = written {
        // The digest of a link that nobody has is taken back, and the next look makes another one.
        report::not_written(directory, person.name(), &error);
        let current = tools.store.objects().get(Kind::USER, namespace, person.name()).await?;
        tell(tools, &current, told(Value::Null, "the Secret could not be written; it is tried again".into())).await?;
        return Err(error);
    }
    report::invited(directory, person.name(), name);
    Ok(InvitationOutcome::Settled(Some(ends)))
}

/// Tells what stands in the way, unless it is told already.
async fn stand_still(tools: &Tools, person: &Object, told: Value) -> Result<InvitationOutcome, Error> {
    if person.status()["invitation"]["problem"] != told["problem"] {
        tell(tools, person, told).await?;
    }
    Ok(InvitationOutcome::Settled(None))
}

/// Writes what the status tells of the invitation, unless somebody wrote the object meanwhile; says whether it was written.
async fn tell(tools: &Tools, person: &Object, invitation: Value) -> Result<bool, Error> {
    let patch = json!({
        "metadata": { "resourceVersion": person.resource_version() },
        "status": { "invitation": invitation },
    });
    match tools.store.write_status(Kind::USER, person.namespace(), person.name(), &patch).await {
        Ok(_) => Ok(true),
        Err(Error::Conflict | Error::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes the Secret of a link, if it is the operator's and this person's.
async fn take_away(tools: &Tools, namespace: &str, person: &Object, name: &str) -> Result<(), Error> {
    let secret = match tools.store.secret(namespace, name, INVITATION).await {
        Ok(secret) if secret.object().only_owner() == Some(person.uid()) => secret,
        Ok(_) | Err(SecretError::Missing | SecretError::OtherType(_) | SecretError::Forbidden) => return Ok(()),
        Err(SecretError::Store(error)) => return Err(error),
    };
    tools.write_rate.turn().await;
    match tools.store.delete_secret(namespace, &secret).await {
        Ok(()) | Err(Error::NotFound | Error::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
