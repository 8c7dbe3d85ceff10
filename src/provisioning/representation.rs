//! From an object to the resource that it holds.
//!
//! The groups of a user and the members of a group are edges, and come from the index: nothing of them is in `spec.scim`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Context, GroupMembers, Stored};
use crate::api::Object;
use crate::api::directory::GroupsMode;
use crate::rules::etag::{etag, groups_digest};
use crate::rules::mapping::{Identity, identity_of, time_text, to_resource};
use crate::rules::resource::Resource;
use crate::scim::Attributes;
use crate::store::index::{Index, Membership, Record};

/// The index where the Directory's groups have members, and nothing where it ignores them: none is shown then, and none
/// that was stored before is lost.
pub(super) fn edges(context: &Context) -> Option<Arc<Index>> {
    let ignored = context.directory.spec.groups.mode.counts_as() == GroupsMode::Ignore;
    (!ignored).then(|| context.store.index(&context.directory.namespace, &context.directory.name))
}

/// The user that an object holds.
pub(super) fn to_stored(context: &Context, object: &Object) -> Stored {
    stored(Resource::User, edges(context).as_ref(), object)
}

/// The resource of this kind that an object holds; without `edges` nothing of groups and members.
pub(super) fn stored(kind: Resource, edges: Option<&Arc<Index>>, object: &Object) -> Stored {
    let identity = identity_of(object);
    let groups = |index: &Arc<Index>| index.groups_among(&object.member_of());
    resource(kind, edges, &identity, object.scim(), groups)
}

/// The same from what the index has of it.
pub(super) fn stored_record(kind: Resource, edges: Option<&Arc<Index>>, record: &Record) -> Stored {
    let scim: Value = serde_json::from_slice(&record.scim).unwrap_or_default();
    let uid = String::from_utf8_lossy(&record.uid);
    let identity = Identity { id: &record.name, generation: record.generation, uid: &uid };
    resource(kind, edges, &identity, &scim, |index| index.memberships(kind, &record.name))
}

fn resource(
    kind: Resource,
    edges: Option<&Arc<Index>>,
    identity: &Identity<'_>,
    scim: &Value,
    groups: impl FnOnce(&Arc<Index>) -> Vec<Membership>,
) -> Stored {
    let mut resource = to_resource(kind.schema(), identity, scim);
    let (mut beside, mut members) = (None, None);
    match (kind, edges) {
        (Resource::Group, Some(index)) => {
            beside = Some(index.members_digest(identity.id));
            move_last_modified(&mut resource, index.members_changed_at(identity.id));
            members = Some(GroupMembers { index: Arc::clone(index), group: identity.id.into() });
        }
        (Resource::User, Some(index)) => {
            let groups = groups(index);
            beside = digest_of(&groups);
            if !groups.is_empty() {
                let groups: Vec<_> = groups.into_iter().map(group_of_user).collect();
                resource.insert("groups".to_owned(), groups.into());
            }
        }
        (_, None) => {}
    }
    let etag = etag(identity, beside);
    resource["meta"]["version"] = etag.as_str().into();
    Stored { id: identity.id.to_owned(), etag, resource, members }
}

/// The entity tag of an object that was read, as this replica sees what is shown beside it.
pub(super) fn etag_of(context: &Context, kind: Resource, object: &Object) -> String {
    let identity = identity_of(object);
    let beside = edges(context).and_then(|index| match kind {
        Resource::User => digest_of(&index.groups_among(&object.member_of())),
        Resource::Group => Some(index.members_digest(identity.id)),
    });
    etag(&identity, beside)
}

fn digest_of(groups: &[Membership]) -> Option<u64> {
    groups_digest(groups.iter().map(|membership| (&*membership.group, membership.display_name.as_str())))
}

/// A group changes when its members do: `meta.lastModified` is the later time of the two.
fn move_last_modified(group: &mut Attributes, members_changed_at: Option<Timestamp>) {
    let Some(changed_at) = members_changed_at else { return };
    let own: Option<Timestamp> = group["meta"]["lastModified"].as_str().and_then(|time| time.parse().ok());
    if own.is_none_or(|own| own < changed_at) {
        group["meta"]["lastModified"] = time_text(changed_at).into();
    }
}

/// An element of a user's `groups`, save its `$ref`.
fn group_of_user(membership: Membership) -> Value {
    let Membership { group, display_name } = membership;
    json!({ "value": &*group, "display": display_name, "type": "direct" })
}
