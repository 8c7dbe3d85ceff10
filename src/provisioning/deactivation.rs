//! A refused change of a person that says `active: false` deactivates the person all the same.
//!
//! Who has left must be out, whatever else the identity provider sends in the same request: a title that is too long, a
//! name that somebody else has. Entra repeats a refused request unchanged for as long as the value is wrong.

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::Value;

use super::checks::require_present;
use super::requested_change::RequestedChange;
use super::{Context, Error};
use crate::api::Object;
use crate::rules::mapping::{changed_user, to_attributes};
use crate::rules::resource::Resource;
use crate::rules::traffic::Effect;
use crate::store::claims;
use crate::store::kind::Kind;

/// Deactivates the person where the refused change asks for it, and returns what the client is answered: the refusal,
/// which then says what became of the person. Whoever may not change this person, or this version, deactivates nobody.
pub(super) async fn deactivate_all_the_same(
    context: &Context,
    requested: &RequestedChange<'_>,
    refusal: Error,
    asks: impl FnOnce() -> bool,
) -> Error {
    if matches!(refusal, Error::NotFound | Error::PreconditionFailed) || !asks() {
        return refusal;
    }
    let outcome = deactivate(context, requested).await;
    if matches!(outcome, Ok(true)) {
        context.note.effect(Effect::Deactivated);
    }
    if matches!(outcome, Ok(true)) && context.store.observation().is_none() {
        let (namespace, directory, id) = (&context.directory.namespace, &context.directory.name, requested.id);
        tracing::info!(namespace, directory, id, "a person was deactivated by a request that was refused otherwise");
    }
    // What a repetition heals is asked for again, and what is broken is told by its status: neither says more.
    let is_final = !matches!(refusal, Error::Unavailable { .. } | Error::Broken(_));
    match outcome {
        Ok(true) if is_final => Error::Deactivated(Box::new(refusal)),
        Ok(false) if is_final => Error::Inactive(Box::new(refusal)),
        // The person is still active, and a final refusal would keep the client from asking again.
        Err(error @ (Error::Unavailable { .. } | Error::Broken(_))) if is_final => error,
        _ => refusal,
    }
}

/// Sets `active` to false on the newest version of the person and changes nothing else; whether it had to be written. The
/// policy of the Directory is not asked: it never keeps anybody in.
async fn deactivate(context: &Context, requested: &RequestedChange<'_>) -> Result<bool, Error> {
    requested.await_index(context).await?;
    let was_active = OnceLock::new();
    let edit = |object: &Object| {
        require_present(context, Resource::User, object)?;
        requested.require_match(context, object)?;
        let mut attributes = to_attributes(object.scim());
        if attributes.insert("active".to_owned(), Value::Bool(false)) == Some(Value::Bool(false)) {
            return Ok::<_, Error>(None);
        }
        was_active.get_or_init(|| ());
        Ok(changed_user(object, attributes, &context.author, Timestamp::now()))
    };
    let namespace = &context.directory.namespace;
    claims::change(&context.store, &context.client, Kind::USER, namespace, requested.id, edit).await?;
    Ok(was_active.get().is_some())
}
