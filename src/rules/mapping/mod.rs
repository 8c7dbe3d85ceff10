//! Between SCIM attributes and the `spec.scim` of an object: the only place that knows both shapes.
//!
//! SCIM has extension objects beside the core attributes, under their URN, and renders `id`, `meta` and
//! `schemas` among them. `spec.scim` keeps what was sent, the extension objects under `extensions` (a URN
//! is no field name that `kubectl explain` could show) and two times under `meta`. Nothing is normalised:
//! Entra compares what it reads with what it sent, and repeats its PATCH in every cycle where they differ.

mod group;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use self::group::{changed_group, group_tombstone, new_group};
use super::author::Author;
use super::etag::etag;
use super::guid::is_guid;
use super::labels;
use super::naming::{DIRECTORY_LABEL, UNDELETE_ANNOTATION};
use super::standing::is_built_in;
use crate::api::{API_VERSION, Object};
use crate::scim::Attributes;
use crate::scim::path::is_urn;
use crate::scim::resource::schemas_of;
use crate::scim::schema::ResourceType;

const EXTENSIONS: &str = "extensions";
const META: &str = "meta";

/// When a resource came to be and when its own attributes last changed (RFC 7643 section 3.1), as RFC 3339
/// text. They stand in the spec because a restore drops everything but name, labels, annotations and spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Absent on objects that people wrote.
    pub created: Option<String>,
    /// Absent on objects that people wrote and nobody changed over SCIM.
    pub last_modified: Option<String>,
}

/// `now` as it is stored: RFC 3339 in UTC with milliseconds.
pub fn time_text(now: Timestamp) -> String {
    format!("{now:.3}")
}

/// The attributes that the client owns, out of a `spec.scim`.
pub fn to_attributes(scim: &Value) -> Attributes {
    let mut attributes = scim.as_object().cloned().unwrap_or_default();
    attributes.remove(META);
    if let Some(Value::Object(extensions)) = attributes.remove(EXTENSIONS) {
        attributes.extend(extensions);
    }
    attributes
}

/// The `spec.scim` that holds these attributes.
pub fn to_scim(attributes: Attributes, times: Times) -> Value {
    let (extensions, mut scim): (Map<_, _>, Map<_, _>) = attributes.into_iter().partition(|(name, _)| is_urn(name));
    if !extensions.is_empty() {
        scim.insert(EXTENSIONS.to_owned(), Value::Object(extensions));
    }
    let Times { created, last_modified } = times;
    let mut meta = Map::new();
    meta.extend(created.map(|created| ("created".to_owned(), created.into())));
    meta.extend(last_modified.map(|last_modified| ("lastModified".to_owned(), last_modified.into())));
    if !meta.is_empty() {
        scim.insert(META.to_owned(), Value::Object(meta));
    }
    Value::Object(scim)
}

/// The times in a `spec.scim`.
pub fn times_of(scim: &Value) -> Times {
    let text = |name: &str| scim[META][name].as_str().map(str::to_owned);
    Times { created: text("created"), last_modified: text("lastModified") }
}

/// What stands outside `spec.scim` and yet belongs to the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// `metadata.name`.
    pub id: &'a str,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.uid`, or its first eight characters.
    pub uid: &'a str,
}

/// The identity of an object.
pub fn identity_of(object: &Object) -> Identity<'_> {
    Identity { id: object.name(), generation: object.generation(), uid: object.uid() }
}

/// The whole resource: the client's attributes with `id`, `schemas` and `meta`, save `meta.location`, which
/// depends on the address the client used.
pub fn to_resource(resource_type: &'static ResourceType, identity: &Identity<'_>, scim: &Value) -> Attributes {
    let mut resource = to_attributes(scim);
    let schemas = schemas_of(resource_type, &resource);
    let mut meta = json!({ "resourceType": resource_type.name, "version": etag(identity, None) });
    let Times { created, last_modified } = times_of(scim);
    if let Some(last_modified) = last_modified.as_ref().or(created.as_ref()) {
        meta["lastModified"] = last_modified.as_str().into();
    }
    if let Some(created) = created {
        meta["created"] = created.into();
    }
    resource.insert("schemas".to_owned(), schemas.into());
    resource.insert("id".to_owned(), identity.id.into());
    resource.insert(META.to_owned(), meta);
    resource
}

/// The DirectoryUser of a person who is new: `attributes` as they were sent, marked as the identity
/// provider's. Without `active` in them the person is active.
pub fn new_user(directory: &str, namespace: &str, name: &str, mut attributes: Attributes, now: Timestamp) -> Object {
    attributes.entry("active").or_insert(Value::Bool(true));
    let mut user = new_object("DirectoryUser", directory, (namespace, name), attributes, now);
    user.set_managed_by("Provisioning");
    user
}

/// What a new user and a new group have alike; the object's place is its namespace and name.
fn new_object(kind: &str, directory: &str, place: (&str, &str), attributes: Attributes, now: Timestamp) -> Object {
    let (namespace, name) = place;
    let now = time_text(now);
    let times = Times { created: Some(now.clone()), last_modified: Some(now) };
    let object = json!({
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": { "name": name, "namespace": namespace, "labels": { DIRECTORY_LABEL: directory } },
        "spec": { "directoryRef": { "name": directory }, "scim": to_scim(attributes, times) },
    });
    object.into()
}

/// `object` with these attributes in place of its own, or nothing where they are the same: nothing is
/// written when nothing changed, and `lastModified` moves only when something did.
///
/// An account that people wrote (`managedBy: People`) is adopted by its first write, also by one that changes nothing: it
/// is the provider's from then on.
///
/// The object is edited as raw JSON, so a field of a newer version survives. The write that turns `active`
/// off raises `sessionEpoch` in the same PUT: sessions from before stay dead after a reactivation; and it says who asked for it.
/// The write that names another account of the provider (`names_another_account`) raises it as well, and takes the link off.
pub fn changed_user(object: &Object, mut attributes: Attributes, author: &Author, now: Timestamp) -> Option<Object> {
    let scim = object.scim();
    let active = object.active().unwrap_or(true);
    attributes.entry("active").or_insert(Value::Bool(active));
    let is_adopted = is_built_in(object);
    let is_same = to_attributes(scim) == attributes;
    if is_same && !is_adopted {
        return None;
    }
    let mut times = times_of(scim);
    if !is_same {
        times.last_modified = Some(time_text(now));
    }
    let mut changed = object.clone();
    if is_adopted {
        changed.set_managed_by("Provisioning");
    }
    let deactivated = active && attributes["active"] == Value::Bool(false);
    let unlinked = names_another_account(object, &attributes);
    changed.set_scim(to_scim(attributes, times));
    if unlinked {
        changed.remove_link();
    }
    if deactivated || unlinked {
        changed.raise_session_epoch();
    }
    if deactivated {
        changed.set_last_deactivation(author.mark(now));
    }
    Some(changed)
}

/// Whether a change gives a linked person the object id of another account as `externalId`: somebody deleted the account at the
/// provider and made it anew. The link would keep the new account out and let the old one in.
fn names_another_account(object: &Object, attributes: &Attributes) -> bool {
    let Some((_, linked)) = object.link() else { return false };
    let new = attributes.get("externalId").and_then(Value::as_str).unwrap_or_default();
    let is_change = object.scim()["externalId"] != new;
    is_change && is_guid(new) && is_guid(linked) && !new.eq_ignore_ascii_case(linked)
}

/// `object` as a tombstone: hidden from SCIM, its values free, its sessions over, and the author named. `active` stays as it is, so that an
/// undelete restores it. A wish to be undeleted that is older than the deletion is none: left on the object, it would
/// bring the person back at once.
pub fn tombstone(object: &Object, author: &Author, now: Timestamp) -> Object {
    let mut tombstone = buried(object, now);
    tombstone.raise_session_epoch();
    tombstone.set_last_deactivation(author.mark(now));
    tombstone
}

fn buried(object: &Object, now: Timestamp) -> Object {
    let mut tombstone = object.clone();
    tombstone.remove_annotation(UNDELETE_ANNOTATION);
    // Somebody brought a group back by hand after its purge had begun: this deletion has a retention of its own.
    tombstone.set_purging(false);
    tombstone.set_deleted_at(Some(time_text(now)));
    labels::set_deleted(&mut tombstone);
    tombstone
}
