//! The Group resource type (RFC 7643 section 4.2).

use super::{ResourceType, Schema};

/// `/Groups`.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "Groups",
    description: "Group",
    schema: &CORE_GROUP,
    common: &[],
    extensions: &[],
};

static CORE_GROUP: Schema =
    Schema { urn: "urn:ietf:params:scim:schemas:core:2.0:Group", name: "Group", description: "Group", attributes: &[] };
