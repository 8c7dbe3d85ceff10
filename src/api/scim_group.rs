//! `spec.scim` of a DirectoryGroup: the core attributes of RFC 7643 section 4.2 under their SCIM names, save `members`.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scim_user::{Meta, extensions};

/// What the identity provider says about a group. Its members say themselves where they belong.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ScimGroup {
    /// The name of the group, unique in the Directory whatever its letter case; 1 to 1,024 characters. Required.
    #[schemars(length(min = 1, max = 1024))]
    pub display_name: String,
    /// The provider's own identifier, 1 to 1,024 characters. Entra sends the object id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub external_id: Option<String>,
    /// When the group came and last changed, over SCIM; changes of its members do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// Extension objects by the URN of their schema, at most 32.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "extensions")]
    pub extensions: BTreeMap<String, Value>,
}
