//! The operations on single users and groups alike, and what an observed Directory is told of each: what would have become of
//! the resource, and why it would have been refused.

use serde_json::Value;

use super::{Context, Error, EtagCondition, Stored, groups, users};
use crate::redaction::unquoted;
use crate::rules::observation::{ObservedRefusal, WouldBe};
use crate::rules::resource::Resource;
use crate::scim::json::parse_object;

/// `POST /Users`, `POST /Groups`.
pub async fn create(context: &Context, kind: Resource, body: &[u8]) -> Result<Stored, Error> {
    let created = match kind {
        Resource::Group => groups::create(context, body).await,
        Resource::User => users::create(context, body).await,
    };
    let id = created.as_ref().map_or("", |stored| &stored.id);
    note(context, kind, (id, body), created.as_ref().err());
    created
}

/// `GET` of one user or group.
pub async fn get(context: &Context, kind: Resource, id: &str) -> Result<Stored, Error> {
    match kind {
        Resource::Group => groups::get(context, id).await,
        Resource::User => users::get(context, id).await,
    }
}

/// `PUT`.
pub async fn replace(
    context: &Context,
    kind: Resource,
    id: &str,
    if_match: Option<&EtagCondition>,
    body: &[u8],
) -> Result<Stored, Error> {
    let replaced = match kind {
        Resource::Group => groups::replace(context, id, if_match, body).await,
        Resource::User => users::replace(context, id, if_match, body).await,
    };
    note(context, kind, (id, body), replaced.as_ref().err());
    replaced
}

/// `PATCH`.
pub async fn patch(
    context: &Context,
    kind: Resource,
    id: &str,
    if_match: Option<&EtagCondition>,
    body: &[u8],
) -> Result<Stored, Error> {
    let patched = match kind {
        Resource::Group => groups::patch(context, id, if_match, body).await,
        Resource::User => users::patch(context, id, if_match, body).await,
    };
    note(context, kind, (id, body), patched.as_ref().err());
    patched
}

/// What a client is told whose change of a user was refused before it was tried.
pub async fn refused(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    refusal: Error,
    asks: impl FnOnce() -> bool,
) -> Error {
    let refusal = users::refused(context, id, if_match, refusal, asks).await;
    note(context, Resource::User, (id, &[]), Some(&refusal));
    refusal
}

/// `DELETE`.
pub async fn delete(
    context: &Context,
    kind: Resource,
    id: &str,
    if_match: Option<&EtagCondition>,
) -> Result<(), Error> {
    let deleted = match kind {
        Resource::Group => groups::delete(context, id, if_match).await,
        Resource::User => users::delete(context, id, if_match).await,
    };
    note(context, kind, (id, &[]), deleted.as_ref().err());
    deleted
}

/// Notes what came of a request, where the Directory is observed. A refused one may have deactivated somebody all the same.
fn note(context: &Context, kind: Resource, (id, body): (&str, &[u8]), refusal: Option<&Error>) {
    let Some(observation) = context.store.observation() else { return };
    context.store.note_difference(kind, id);
    let Some((refusal, reason)) = refusal.and_then(|refusal| Some((refusal, reason_of(refusal)?))) else { return };
    // Who has no id yet is called by the name that the body gives.
    let name = if id.is_empty() { name_in(kind, body) } else { String::new() };
    observation.refusal(WouldBe { kind, id, name: &name }, ObservedRefusal { reason, detail: &detail_of(refusal) });
}

/// The `userName` or `displayName` in a body, if it can be read.
fn name_in(kind: Resource, body: &[u8]) -> String {
    let attribute = kind.name_field();
    let body = parse_object(body).unwrap_or_default();
    let value = body.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)).map(|(_, value)| value);
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The sentence of a refusal, without the values that it quotes. The API server quotes as it likes.
fn detail_of(error: &Error) -> String {
    match error {
        Error::Refused(_) => "the API server refuses the object".to_owned(),
        error => unquoted(&error.to_string()),
    }
}

/// The reason of a refusal that somebody has to look at. Neither an id that is not there any more nor what heals by itself is
/// one: the provider comes back by itself.
fn reason_of(error: &Error) -> Option<&'static str> {
    match error {
        Error::Scim(error) => Some(error.scim_type().unwrap_or("other")),
        Error::Taken { .. } => Some("uniqueness"),
        Error::Refused(_) => Some("invalidValue"),
        Error::Braked { .. } => Some("massDeletion"),
        Error::Deactivated(refusal) | Error::Inactive(refusal) => reason_of(refusal),
        Error::NotFound | Error::PreconditionFailed | Error::Unavailable { .. } | Error::Broken(_) => None,
    }
}
