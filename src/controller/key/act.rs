//! Makes the secrets and the successors of keys: the only writer of both.

use jiff::Timestamp;
use serde_json::json;

use super::decide::{MintStep, Minted, Rotation, mint_step};
use super::observe::{self, DirectoryOfKeys, Successor, TOKEN};
use super::report;
use crate::api::secret::KEY_TOKEN;
use crate::api::{API_VERSION, Object, Secret};
use crate::controller::tools::Tools;
use crate::rules::key::rotation::RotationRule;
use crate::rules::key::secret::KeySecret;
use crate::rules::naming::{DIRECTORY_LABEL, PREDECESSOR_ANNOTATION};
use crate::store::kind::Kind;
use crate::store::{Error, WatchedDirectory, WatchedKey};

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyStep<T> {
    /// Something was written, or somebody was quicker: the key is looked at again at once.
    Again,
    /// There is nothing to do, and this is how it stands.
    Rest(T),
}

/// Does the next step for the secret of a key.
pub async fn mint(tools: &Tools, key: &WatchedKey, now: Timestamp) -> Result<KeyStep<Minted>, Error> {
    let Some(mint) = &key.spec.mint else { return Ok(KeyStep::Rest(Minted::Never)) };
    let secret = observe::secret(&tools.store, key, &mint.secret_name, now).await?;
    match mint_step(key, secret) {
        MintStep::Rest(minted) => Ok(KeyStep::Rest(minted)),
        MintStep::MakeSecret => make_secret(tools, key, &mint.secret_name).await,
        MintStep::WriteHash(sha256) => write_hash(tools, key, &sha256).await.map(|()| KeyStep::Again),
        MintStep::DeleteSecret => delete_secret(tools, key, &mint.secret_name).await,
    }
}

/// Creates the Secret. Its secret stands nowhere else, and the next look takes the hash from there, so that nothing is lost when
/// this process ends here.
async fn make_secret(tools: &Tools, key: &WatchedKey, name: &str) -> Result<KeyStep<Minted>, Error> {
    let token = KeySecret::from_bytes(rand::random());
    let mut secret = Secret::new(name, KEY_TOKEN);
    secret.data.insert(TOKEN.to_owned(), token.expose().as_bytes().to_vec());
    secret.object_mut().set_label(DIRECTORY_LABEL, key.directory());
    let owner = json!({ "apiVersion": API_VERSION, "kind": Kind::KEY.name, "name": key.name, "uid": key.seen.uid });
    secret.object_mut().set_owner(owner);
    tools.write_rate.turn().await;
    match tools.store.create_secret(&key.namespace, &secret).await {
        // Somebody was quicker: the next look says whose it is.
        Ok(_) | Err(Error::Exists) => Ok(KeyStep::Again),
        Err(Error::Forbidden(_)) => Ok(KeyStep::Rest(Minted::Forbidden)),
        Err(error) => Err(error),
    }
}

/// Writes the hash into the key, unless it has one by now or is another key.
async fn write_hash(tools: &Tools, key: &WatchedKey, sha256: &str) -> Result<(), Error> {
    let secret = key.spec.mint.as_ref().map_or("", |mint| mint.secret_name.as_str());
    report::tell_minted(tools, key, secret).await?;
    tools.write_rate.turn().await;
    let write = |live: &Object| {
        (live.uid() == key.seen.uid && live.text("sha256").is_empty()).then(|| {
            let mut written = live.clone();
            written.set("sha256", sha256.into());
            written
        })
    };
    if tools.store.edit(Kind::KEY, &key.namespace, &key.name, write).await? {
        report::minted(key);
    }
    Ok(())
}

/// Deletes the Secret, if it is still this key's.
async fn delete_secret(tools: &Tools, key: &WatchedKey, name: &str) -> Result<KeyStep<Minted>, Error> {
    let secret = match tools.store.secret_with_time(&key.namespace, name, KEY_TOKEN).await {
        Ok((secret, _)) if observe::own_token(&secret, key).is_some() => secret,
        _ => return Ok(KeyStep::Again),
    };
    tools.write_rate.turn().await;
    match tools.store.delete_secret(&key.namespace, &secret).await {
        Ok(()) | Err(Error::NotFound | Error::Conflict) => Ok(KeyStep::Again),
        Err(error) => Err(error),
    }
}

/// Does the next step for the successor of a key.
pub async fn rotate(
    tools: &Tools,
    key: &WatchedKey,
    directory: &DirectoryOfKeys,
    now: Timestamp,
) -> Result<KeyStep<Rotation>, Error> {
    match (observe::successor_of(&tools.store, key, directory.rotation, now), directory.rotation) {
        (Successor::NotDue(rotation), _) => Ok(KeyStep::Rest(rotation)),
        (Successor::WithoutSecret(due), _) => Ok(KeyStep::Rest(Rotation::Due(due))),
        (Successor::Missing(name, secret), _) => {
            let Some(of) = tools.store.directory(&key.namespace, key.directory()) else { return Ok(KeyStep::Again) };
            create_successor(tools, key, &of, (&name, &secret)).await.map(|()| KeyStep::Again)
        }
        (Successor::Usable { name, since }, Some(rule)) => {
            set_end(tools, key, &name, (rule, since, now)).await.map(|()| KeyStep::Again)
        }
        (Successor::Usable { .. }, None) => Ok(KeyStep::Rest(Rotation::NotAsked)),
    }
}

/// Creates the successor. Its name follows from that of the key, so two leaders create it once.
async fn create_successor(
    tools: &Tools,
    key: &WatchedKey,
    directory: &WatchedDirectory,
    (name, secret): (&str, &str),
) -> Result<(), Error> {
    let mut spec = json!({
        "directoryRef": { "name": key.directory() },
        "mint": { "secretName": secret },
        "scopes": key.spec.scopes,
    });
    if let Some(after) = key.spec.mint.as_ref().and_then(|mint| mint.delete_secret_after.as_ref()) {
        spec["mint"]["deleteSecretAfter"] = after.as_str().into();
    }
    for (field, text) in [("displayName", &key.spec.display_name), ("description", &key.spec.description)] {
        if let Some(text) = text {
            spec[field] = text.as_str().into();
        }
    }
    let owner = json!({
        "apiVersion": API_VERSION, "kind": Kind::DIRECTORY.name, "name": directory.name, "uid": directory.seen.uid,
    });
    let mut successor: Object = json!({
        "apiVersion": API_VERSION, "kind": Kind::KEY.name,
        "metadata": { "name": name, "namespace": key.namespace }, "spec": spec,
    })
    .into();
    successor.set_label(DIRECTORY_LABEL, key.directory());
    successor.set_annotation(PREDECESSOR_ANNOTATION, &key.name);
    successor.set_owner(owner);
    tools.write_rate.turn().await;
    match tools.store.create(Kind::KEY, &key.namespace, &successor).await {
        Ok(()) => {
            report::successor_made(key, name);
            Ok(())
        }
        // Somebody was quicker: the watch tells of it soon.
        Err(Error::Exists) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives the key its end, unless it has one by now or is another key.
async fn set_end(
    tools: &Tools,
    key: &WatchedKey,
    successor: &str,
    (rule, since, now): (RotationRule, Timestamp, Timestamp),
) -> Result<(), Error> {
    let Ok(end) = now.checked_add(rule.overlap) else { return Ok(()) };
    let end = format!("{end:.0}");
    report::tell_rotated(tools, key, (successor, &end), since).await?;
    tools.write_rate.turn().await;
    let write = |live: &Object| {
        (live.uid() == key.seen.uid && live.text("expiresAt").is_empty()).then(|| {
            let mut written = live.clone();
            written.set("expiresAt", end.as_str().into());
            written
        })
    };
    if tools.store.edit(Kind::KEY, &key.namespace, &key.name, write).await? {
        report::rotated(key, successor, &end);
    }
    Ok(())
}
