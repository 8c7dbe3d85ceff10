//! Single groups: their own attributes first, under the claim protocol, and then the edges of their members.

use jiff::Timestamp;
use serde_json::Value;

use super::mentions::Unknown;
use super::representation::{edges, stored};
use super::requested_change::RequestedChange;
use super::users::object_names;
use super::{Context, Error, EtagCondition, Stored, members, object};
use crate::api::Object;
use crate::rules::mapping;
use crate::rules::resource::Resource;
use crate::scim::members::Members;
use crate::scim::resource::{self, Parsed};
use crate::scim::schema::GROUP;
use crate::scim::{self, Attributes, json, patch};

/// `POST /Groups`: the group is stored, owns its displayName and has its members when this returns.
pub async fn create(context: &Context, body: &[u8]) -> Result<Stored, Error> {
    let parsed = resource::parse(json::parse_object(body)?, &GROUP)?;
    let unknown = Unknown::of(&parsed);
    let Parsed { attributes, members, .. } = parsed;
    let display_name = attributes.get("displayName").and_then(Value::as_str).unwrap_or_default();
    let new_name = object_names(context, Resource::Group, display_name);
    let directory = &context.directory;
    let object = mapping::new_group(&directory.name, &directory.namespace, &new_name(), attributes, Timestamp::now());
    let object = object::create(context, Resource::Group, object, new_name).await?;
    context.report_unknown(&unknown, Resource::Group, &object);
    finish(context, object, &members).await
}

/// `GET /Groups/{id}`: the group linearizably, its members from the index.
pub async fn get(context: &Context, id: &str) -> Result<Stored, Error> {
    let object = object::get(context, Resource::Group, id).await?;
    Ok(stored(Resource::Group, edges(context).as_ref(), &object))
}

/// `PUT /Groups/{id}`: what the client left out is gone, members included.
pub async fn replace(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    body: &[u8],
) -> Result<Stored, Error> {
    let parsed = resource::parse(json::parse_object(body)?, &GROUP)?;
    let object = change(context, id, if_match, |_| Ok(parsed.clone())).await?;
    finish(context, object, &parsed.members.whole()).await
}

/// `PATCH /Groups/{id}`. RFC 7644 wants all operations or none. What the body says is checked whole before the first
/// write; but members are objects of their own, so a failure of the cluster half-way leaves some of them changed. The
/// answer is 503 then, and the repeated request, which changes nothing twice, does the rest.
pub async fn patch(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    body: &[u8],
) -> Result<Stored, Error> {
    let operations = patch::parse(&json::parse_object(body)?, &GROUP)?;
    let object = change(context, id, if_match, |current| patch::apply(&operations, current, &GROUP)).await?;
    finish(context, object, operations.members()).await
}

/// A change of the group's own attributes; where only members change, it is read and not written.
async fn change(
    context: &Context,
    id: &str,
    if_match: Option<&EtagCondition>,
    edit: impl Fn(&Attributes) -> Result<Parsed, scim::Error> + Send + Sync,
) -> Result<Object, Error> {
    let place =
        |object: &Object, _: &Attributes, attributes| Ok(mapping::changed_group(object, attributes, Timestamp::now()));
    object::change(context, &RequestedChange::new(Resource::Group, id, if_match), edit, place).await
}

/// Writes the edges, then tells of the whole.
async fn finish(context: &Context, object: Object, members: &Members) -> Result<Stored, Error> {
    members::write(context, &object, members).await?;
    Ok(stored(Resource::Group, edges(context).as_ref(), &object))
}

/// `DELETE /Groups/{id}`: a tombstone, and the values are free. The members stay and no longer show the group.
pub async fn delete(context: &Context, id: &str, if_match: Option<&EtagCondition>) -> Result<(), Error> {
    let bury = |object: &Object| Ok(mapping::group_tombstone(object, Timestamp::now()));
    object::delete(context, &RequestedChange::new(Resource::Group, id, if_match), bury).await
}
