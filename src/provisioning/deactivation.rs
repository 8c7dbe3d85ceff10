//! A refused change of a person that says `active: false` deactivates the person all the same.
//!
//! Who has left must be out, whatever else the identity provider sends in the same request: a title that is too long, a
//! name that somebody else has. Entra repeats a refused request unchanged for as long as the value is wrong.

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::Value;

use super::checks::require_present;
use super::object::{await_index, require_match};
use super::{Context, Error, EtagCondition};
use crate::api::Object;
use crate::rules::mapping::{changed_user, to_attributes};
use crate::rules::resource::Resource;
use crate::store::claims;
use crate::store::kind::Kind;

/// The person that a change is asked for, and the version that it is about.
pub(super) struct RequestedChange<'a> {
    /// The SCIM id.
    pub(super) id: &'a str,
    /// The client's condition.
    pub(super) if_match: Option<&'a EtagCondition>,
    /// The object for which the condition held when the change was tried.
    matched: OnceLock<Object>,
}

impl<'a> RequestedChange<'a> {
    pub(super) fn new(id: &'a str, if_match: Option<&'a EtagCondition>) -> Self {
        Self { id, if_match, matched: OnceLock::new() }
    }

    /// Remembers the version for which the condition held, before anything of it is written.
    pub(super) fn matched(&self, object: &Object) {
        if self.if_match.is_some() {
            self.matched.get_or_init(|| object.clone());
        }
    }

    /// That the object is the version that the client means. The change that was refused may have left a mark on the
    /// object and taken it away again, which raises the generation and with it the entity tag; the version is the same.
    fn require_match(&self, context: &Context, object: &Object) -> Result<(), Error> {
        match self.matched.get() {
            Some(matched) if is_same_version(matched, object) => Ok(()),
            _ => require_match(context, Resource::User, self.if_match, object),
        }
    }
}

/// Whether two states of an object differ in marks of the claim protocol alone.
fn is_same_version(a: &Object, b: &Object) -> bool {
    let spec = |object: &Object| {
        let mut spec = object.spec().as_object().cloned().unwrap_or_default();
        spec.remove("pending");
        spec
    };
    a.uid() == b.uid() && spec(a) == spec(b)
}

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
    if requested.matched.get().is_none() {
        await_index(context, Resource::User, requested.id, requested.if_match).await?;
    }
    let was_active = OnceLock::new();
    let edit = |object: &Object| {
        require_present(context, Resource::User, object)?;
        requested.require_match(context, object)?;
        let mut attributes = to_attributes(object.scim());
        if attributes.insert("active".to_owned(), Value::Bool(false)) == Some(Value::Bool(false)) {
            return Ok::<_, Error>(None);
        }
        was_active.get_or_init(|| ());
        Ok(changed_user(object, attributes, Timestamp::now()))
    };
    let namespace = &context.directory.namespace;
    claims::change(&context.store, &context.client, Kind::USER, namespace, requested.id, edit).await?;
    Ok(was_active.get().is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mark_of_the_claim_protocol_makes_no_other_version() {
        let object = |uid: &str, name: &str, generation: i64, is_pending: bool| {
            let mut object = json!({
                "metadata": { "name": "ada", "uid": uid, "generation": generation },
                "spec": { "scim": { "userName": name } },
            });
            if is_pending {
                object["spec"]["pending"] = json!({ "id": "x" });
            }
            Object::from(object)
        };
        let read = object("u", "ada", 1, false);
        for (name, other, expected) in [
            ("the same", object("u", "ada", 1, false), true),
            ("marked", object("u", "ada", 2, true), true),
            ("marked and cleared", object("u", "ada", 3, false), true),
            ("changed by somebody else", object("u", "eve", 3, false), false),
            ("made anew", object("v", "ada", 1, false), false),
        ] {
            assert_eq!(is_same_version(&read, &other), expected, "{name}");
        }
    }
}
