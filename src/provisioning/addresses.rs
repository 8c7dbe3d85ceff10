//! The addresses in a resource: they depend on the one that the client used, and so nothing stored holds them. What is shown
//! and what a filter looks at are made here alike.

use serde_json::{Value, json};

use crate::rules::resource::Resource;
use crate::scim::Attributes;
use crate::scim::schema::{GROUP, ResourceType, USER};

/// A whole resource with the addresses that this request makes of it. `base` is the address of the Directory's endpoint.
pub fn with_addresses(mut resource: Attributes, base: &str, resource_type: &ResourceType) -> Attributes {
    let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
    let location = Value::from(format!("{base}/{}/{id}", resource_type.endpoint));
    if let Some(meta) = resource.entry("meta").or_insert_with(|| json!({})).as_object_mut() {
        meta.insert("location".to_owned(), location);
    }
    let is_user = resource_type.name == USER.name;
    if let Some(groups) = resource.get_mut("groups").filter(|_| is_user).and_then(Value::as_array_mut) {
        for group in groups {
            group["$ref"] = format!("{base}/{}/{}", GROUP.endpoint, group["value"].as_str().unwrap_or_default()).into();
        }
    }
    resource
}

/// The element of a group's `members` for the resource of this kind and id.
pub fn member_element(base: &str, kind: Resource, id: &str) -> Value {
    let ResourceType { name, endpoint, .. } = kind.schema();
    json!({ "value": id, "$ref": format!("{base}/{endpoint}/{id}"), "type": name })
}
