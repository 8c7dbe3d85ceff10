//! Objects to put into the index.

use serde_json::json;

use super::*;
use crate::rules::naming::{GROUP_NAME, USER_NAME, claim_name, claimed_values};

/// A user or group that says this of itself.
pub(super) fn resource(name: &str, version: u32, spec: &Value) -> Object {
    json!({ "metadata": { "name": name, "resourceVersion": version.to_string() }, "spec": spec }).into()
}

pub(super) fn user_spec(user_name: &str, member_of: &[&str]) -> Value {
    let scim = json!({ "userName": user_name, "displayName": "Same", "active": true });
    json!({ "managedBy": "Provisioning", "scim": scim, "memberOf": member_of })
}

pub(super) fn group_spec(display_name: &str, member_of: &[&str]) -> Value {
    json!({ "scim": { "displayName": display_name }, "memberOf": member_of })
}

pub(super) fn claim(attribute: &str, value: &str, holder: &str, version: u32) -> Object {
    let metadata = json!({ "name": claim_name(DIRECTORY, attribute, value), "resourceVersion": version.to_string() });
    json!({ "metadata": metadata, "spec": { "attribute": attribute, "value": value, "holder": holder } }).into()
}

/// The claims on all that an object names.
pub(super) fn claims_of(kind: Resource, object: &Object, rules: &IndexRules, version: u32) -> Vec<Object> {
    let values = claimed_values(kind, object.spec(), &rules.unique);
    values.iter().map(|value| claim(&value.attribute, &value.value, object.name(), version)).collect()
}

pub(super) fn put(index: &Index, kind: Kind, name: &str, version: u32, spec: &Value, origin: Origin<'_>) {
    index.put(kind, DIRECTORY, &resource(name, version, spec), origin);
}

/// A user who owns the name.
pub(super) fn add_user(index: &Index, name: &str, user_name: &str, member_of: &[&str], version: u32) {
    put(index, Kind::USER, name, version, &user_spec(user_name, member_of), WATCH);
    index.put(Kind::CLAIM, DIRECTORY, &claim(USER_NAME, user_name, name, version), WATCH);
}

/// A group that owns the name.
pub(super) fn add_group(index: &Index, name: &str, display_name: &str, member_of: &[&str], version: u32) {
    put(index, Kind::GROUP, name, version, &group_spec(display_name, member_of), WATCH);
    index.put(Kind::CLAIM, DIRECTORY, &claim(GROUP_NAME, &display_name.to_lowercase(), name, version), WATCH);
}
