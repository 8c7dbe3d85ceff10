//! From an object that was read to the resource that it holds, and whether the Directory's client may see it.
//!
//! The groups of a user and the members of a group are edges, and come from the index: nothing of them is in `spec.scim`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, Error, EtagCondition, GroupMembers, Stored};
use crate::api::directory::GroupsMode;
use crate::rules::mapping::{Identity, etag, group_etag, identity_of, to_resource};
use crate::rules::membership::groups_of;
use crate::rules::naming::{Resource, UniqueRules, ambiguous, too_long};
use crate::rules::standing::{Standing, group_standing, standing};
use crate::scim;
use crate::scim::schema::{GROUP, ResourceType, USER};
use crate::store::index::{Index, Membership, Record};
use crate::store::objects::Kind;

/// What the table says of the resources of a kind.
pub fn type_of(kind: Kind) -> &'static ResourceType {
    if kind == Kind::Group { &GROUP } else { &USER }
}

/// The index where the Directory's groups have members, and nothing where it ignores them: none is shown then, and none
/// that was stored before is lost.
pub(super) fn edges(context: &Context) -> Option<Arc<Index>> {
    let ignored = context.directory.spec.groups.mode.counts_as() == GroupsMode::Ignore;
    (!ignored).then(|| context.store.index(&context.directory.namespace, &context.directory.name))
}

/// The user that an object holds.
pub(super) fn to_stored(context: &Context, object: &Value) -> Stored {
    stored(Kind::User, edges(context).as_ref(), object)
}

/// The resource of this kind that an object holds; without `edges` nothing of groups and members.
pub(super) fn stored(kind: Kind, edges: Option<&Arc<Index>>, object: &Value) -> Stored {
    let identity = identity_of(object);
    let groups = |index: &Arc<Index>| index.groups_among(&groups_of(object));
    resource(kind, edges, &identity, &object["spec"]["scim"], groups)
}

/// The same from what the index has of it.
pub(super) fn stored_record(kind: Kind, edges: Option<&Arc<Index>>, record: &Record) -> Stored {
    let scim: Value = serde_json::from_slice(&record.scim).unwrap_or_default();
    let uid = String::from_utf8_lossy(&record.uid);
    let identity = Identity { id: &record.name, generation: record.generation, uid: &uid };
    resource(kind, edges, &identity, &scim, |index| index.memberships(kind, &record.name))
}

fn resource(
    kind: Kind,
    edges: Option<&Arc<Index>>,
    identity: &Identity<'_>,
    scim: &Value,
    groups: impl FnOnce(&Arc<Index>) -> Vec<Membership>,
) -> Stored {
    let mut resource = to_resource(type_of(kind), identity, scim);
    let (mut etag, mut members) = (etag(identity), None);
    match (kind, edges) {
        (Kind::Group, Some(index)) => {
            etag = group_etag(identity, index.members_digest(identity.id));
            resource["meta"]["version"] = etag.as_str().into();
            members = Some(GroupMembers { index: Arc::clone(index), group: identity.id.into() });
        }
        (_, Some(index)) => {
            let groups: Vec<_> = groups(index).into_iter().map(group_of_user).collect();
            if !groups.is_empty() {
                resource.insert("groups".to_owned(), groups.into());
            }
        }
        (_, None) => {}
    }
    Stored { id: identity.id.to_owned(), etag, resource, members }
}

/// An element of a user's `groups`, save its `$ref`.
fn group_of_user(membership: Membership) -> Value {
    let Membership { group, display_name } = membership;
    json!({ "value": &*group, "display": display_name, "type": "direct" })
}

/// Where an object of this kind stands for the Directory's client.
pub(super) fn standing_of(context: &Context, kind: Kind, object: &Value) -> Standing {
    let directory = &context.directory;
    if kind == Kind::Group {
        group_standing(object, &directory.name)
    } else {
        standing(object, &directory.name, directory.spec.provisioning.built_in_users)
    }
}

/// That the object is a resource of this kind of the Directory.
pub(super) fn require_present(context: &Context, kind: Kind, object: &Value) -> Result<(), Error> {
    match standing_of(context, kind, object) {
        Standing::Present => Ok(()),
        Standing::Absent => Err(Error::NotFound),
        Standing::Unsettled => {
            Err(Error::Unavailable { reason: "the janitor has yet to settle this resource".to_owned() })
        }
    }
}

/// That every unique value of an object that is about to be written can be claimed. Found only by the API server, the
/// object would have been written already. What `before` could not claim either stands in nobody's way: a rule that was
/// turned on later must not keep a person in. Nor must a second value that comes with `active: false`: nobody can claim
/// several, so nobody loses any, and it is asked about when the person becomes active.
pub(super) fn require_claimable(
    context: &Context,
    kind: Kind,
    before: Option<&Value>,
    after: &Value,
) -> Result<(), Error> {
    let rules = context.store.unique_rules(&context.directory.namespace, &context.directory.name);
    let unclaimable = |object: &Value| unclaimable(kind.resource(), &object["spec"], &rules);
    match unclaimable(after) {
        Some(sentence) if before.and_then(unclaimable).as_ref() != Some(&sentence) => {
            Err(scim::Error::InvalidValue(sentence).into())
        }
        _ => Ok(()),
    }
}

/// Why a unique value cannot be claimed: there are several of it, or it is longer than a claim holds.
fn unclaimable(resource: Resource, spec: &Value, rules: &UniqueRules) -> Option<String> {
    let is_asked = spec["scim"]["active"] != false;
    let several = is_asked.then(|| ambiguous(resource, spec, rules)).flatten().map(|attribute| {
        format!("{attribute} is unique in this directory and has more than one value; map one value to it.")
    });
    several.or_else(|| {
        let attribute = too_long(resource, spec, rules)?;
        Some(format!("{attribute} is unique in this directory and too long for that; map a shorter value to it."))
    })
}

/// That the object is the version that `If-Match` names: its own attributes, whatever its members are, of which the index
/// may know less than the client.
pub(super) fn require_match(if_match: Option<&EtagCondition>, object: &Value) -> Result<(), Error> {
    match if_match {
        Some(condition) if !condition.matches_own(&etag(&identity_of(object))) => Err(Error::PreconditionFailed),
        _ => Ok(()),
    }
}
