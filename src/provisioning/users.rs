//! Single users: read, rule, write. What another replica does at the same time is the claim protocol's business.

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::deactivation::deactivate_all_the_same;
use super::mentions::Unknown;
use super::representation::to_stored;
use super::requested_change::RequestedChange;
use super::{Context, Error, EtagCondition, Stored, object};
use crate::api::Object;
use crate::api::directory::Naming;
use crate::rules::mapping::{self, to_attributes};
use crate::rules::naming::{canonical, opaque_name, readable_name};
use crate::rules::policy::Policy;
use crate::rules::resource::Resource;
use crate::rules::standing::is_built_in;
use crate::scim::deactivation::{is_asked_by_patch, is_asked_by_replacement};
use crate::scim::resource::{self, Parsed};
use crate::scim::schema::USER;
use crate::scim::{self, Attributes, json, patch};

const NOT_YOURS: &str = "this account was written by people and no provisioning has changed it yet, so provisioning may \
                         not delete it; deactivate it instead, or delete the DirectoryUser with kubectl";

/// `POST /Users`: the user is stored and owns its userName when this returns.
pub async fn create(context: &Context, body: &[u8]) -> Result<Stored, Error> {
    let policy = context.policy();
    let parsed = resource::parse_with(json::parse_object(body)?, &USER, policy.extensions())?;
    let unknown = Unknown::of(&parsed);
    let attributes = parsed.attributes;
    context.note.subject(Resource::User, |name| attributes.get(name));
    context.check(&policy, None, &attributes)?;
    let user_name = attributes.get("userName").and_then(Value::as_str).unwrap_or_default();
    let new_name = object_names(context, Resource::User, user_name);
    let directory = &context.directory;
    let object = mapping::new_user(&directory.name, &directory.namespace, &new_name(), attributes, Timestamp::now());
    let stored = object::create(context, Resource::User, object, new_name).await?;
    context.report_unknown(&unknown, Resource::User, &stored);
    Ok(to_stored(context, &stored))
}

/// Draws names for a new object. Where nothing is stored the first one follows from the Directory and the name of the resource,
/// so that every replica would give it the same, at any time.
pub(super) fn object_names(context: &Context, kind: Resource, name: &str) -> impl Fn() -> String + Send + use<> {
    let naming = context.directory.spec.naming;
    let (prefix, fallback) = match kind {
        Resource::User => ('u', "user"),
        Resource::Group => ('g', "group"),
    };
    let (namespace, directory) = (&context.directory.namespace, &context.directory.name);
    let told = [namespace, directory, kind.name_attribute(), &canonical(name)].join("\n");
    let first = Mutex::new(context.store.observation().map(|_| digest_number(&told)));
    let name = name.to_owned();
    move || {
        let entropy = first.lock().take().unwrap_or_else(rand::random);
        object_name(naming, (prefix, fallback), &name, entropy)
    }
}

/// A number that follows from a text.
fn digest_number(text: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(text).into();
    let (half, _) = digest.split_at(16);
    half.iter().fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// The name of a new object: of its own name, or of `fallback` where that leaves nothing, or opaque.
fn object_name(naming: Naming, (prefix, fallback): (char, &str), name: &str, entropy: u128) -> String {
    match naming.counts_as() {
        Naming::Readable => readable_name(name, fallback, entropy),
        Naming::Opaque | Naming::Unknown => opaque_name(prefix, entropy),
    }
}

/// `GET /Users/{id}`, linearizably.
pub async fn get(context: &Context, id: &str) -> Result<Stored, Error> {
    Ok(to_stored(context, &object::get(context, Resource::User, id).await?))
}

/// `PUT /Users/{id}`: what the client owns is replaced, and what it left out is gone, save `active`.
pub async fn replace(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    body: &[u8],
) -> Result<Stored, Error> {
    let requested = RequestedChange::new(Resource::User, id, if_match);
    let refusal = match replace_whole(context, &requested, body).await {
        Ok(stored) => return Ok(stored),
        Err(refusal) => refusal,
    };
    Err(deactivate_all_the_same(context, &requested, refusal, || is_asked_by_replacement(body)).await)
}

/// What a client is told whose change was refused before it was tried: the same as after a try.
pub async fn refused(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    refusal: Error,
    asks: impl FnOnce() -> bool,
) -> Error {
    deactivate_all_the_same(context, &RequestedChange::new(Resource::User, id, if_match), refusal, asks).await
}

async fn replace_whole(context: &Context, requested: &RequestedChange<'_>, body: &[u8]) -> Result<Stored, Error> {
    let policy = context.policy();
    let parsed = resource::parse_with(json::parse_object(body)?, &USER, policy.extensions())?;
    change(context, &policy, requested, |_| Ok(parsed.clone())).await
}

/// `PATCH /Users/{id}`: all operations or none, save that a refused request deactivates all the same.
pub async fn patch(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    body: &[u8],
) -> Result<Stored, Error> {
    let requested = RequestedChange::new(Resource::User, id, if_match);
    let refusal = match patch_whole(context, &requested, body).await {
        Ok(stored) => return Ok(stored),
        Err(refusal) => refusal,
    };
    Err(deactivate_all_the_same(context, &requested, refusal, || is_asked_by_patch(body)).await)
}

async fn patch_whole(context: &Context, requested: &RequestedChange<'_>, body: &[u8]) -> Result<Stored, Error> {
    let policy = context.policy();
    let mut operations = patch::parse_with(&json::parse_object(body)?, &USER, policy.extensions())?;
    if policy.add_means_replace_when_single() {
        operations = operations.replacing_a_single_addition("roles");
    }
    change(context, &policy, requested, |current| patch::apply(&operations, current, &USER)).await
}

/// A change under the rules of the Directory. A write that changes nothing is asked about them as well: that is how an
/// administrator learns what is missing.
async fn change(
    context: &Context,
    policy: &Policy,
    requested: &RequestedChange<'_>,
    edit: impl Fn(&Attributes) -> Result<Parsed, scim::Error> + Send + Sync,
) -> Result<Stored, Error> {
    let place = |object: &Object, before: &Attributes, attributes: Attributes| {
        let changed = mapping::changed_user(object, attributes, &context.author, Timestamp::now());
        let after = to_attributes(changed.as_ref().unwrap_or(object).scim());
        context.check(policy, Some(before), &after)?;
        Ok(changed)
    };
    let object = object::change(context, requested, edit, place).await?;
    Ok(to_stored(context, &object))
}

/// `DELETE /Users/{id}`: a tombstone, and the values are free. Whoever is deleted already is not found, brake or no brake.
pub async fn delete(context: &Context, id: &str, if_match: Option<&EtagCondition>) -> Result<(), Error> {
    let (namespace, directory) = (&context.directory.namespace, &context.directory.name);
    // Held until the index has the tombstone, or until there will be none. A try after a lost race keeps its place.
    let begun = Mutex::new(None);
    let bury = |object: &Object| {
        if is_built_in(object) {
            return Err(Error::Scim(scim::Error::InvalidValue(NOT_YOURS.to_owned())));
        }
        let now = Timestamp::now();
        let mut begun = begun.lock();
        if begun.is_none() {
            *begun = Some(context.begin_deletion(now)?);
        }
        Ok(mapping::tombstone(object, &context.author, now))
    };
    let deleted = object::delete(context, &RequestedChange::new(Resource::User, id, if_match), bury).await;
    if matches!(deleted, Err(Error::Braked { .. })) && context.store.observation().is_none() {
        context.metrics.braked_deletion(namespace, directory);
    }
    deleted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_nothing_of_a_person_unless_the_directory_lets_it() {
        for (naming, is_readable) in [(Naming::Readable, true), (Naming::Opaque, false), (Naming::Unknown, false)] {
            let name = object_name(naming, ('u', "user"), "ada@contoso.example", rand::random());
            assert_eq!(name.contains("ada"), is_readable, "{naming:?}: {name}");
            assert_eq!(name.starts_with("u-"), !is_readable, "{naming:?}: {name}");
        }
    }
}
