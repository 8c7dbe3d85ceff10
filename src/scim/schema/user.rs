//! The User resource type and its enterprise extension (RFC 7643 sections 4.1 and 4.3).

use super::{ResourceType, Schema};

/// `/Users`.
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "Users",
    description: "User Account",
    schema: &CORE_USER,
    common: &[],
    extensions: &[&ENTERPRISE_USER],
};

static CORE_USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User Account",
    attributes: &[],
};

static ENTERPRISE_USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &[],
};
