//! The Group resource type (RFC 7643 section 4.2).

use super::common::COMMON;
use super::{Attribute, Mutability, ResourceType, Schema, Uniqueness};

/// `/Groups`.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "Groups",
    description: "Group",
    schema: &CORE_GROUP,
    common: COMMON,
    extensions: &[],
};

static CORE_GROUP: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "Group",
    attributes: &[
        // Unique, though RFC 7643 does not ask for it: two hits of a match query stop Entra.
        Attribute {
            required: true,
            uniqueness: Uniqueness::Server,
            ..Attribute::text("displayName", "The name of the group, unique whatever its letter case.")
        },
        Attribute::list("members", MEMBERS, "The users that belong to the group."),
    ],
};

/// A member is added and removed as a whole: none of its parts can change. A `display` is taken and not kept, and so it is
/// not announced: it would cost a look at each member, and RFC 7643 section 8.7.1 has none either.
const MEMBERS: &[Attribute] = &[
    Attribute { mutability: Mutability::Immutable, ..Attribute::exact("value", "The id of the member.") },
    Attribute {
        mutability: Mutability::Immutable,
        ..Attribute::reference("$ref", &["User", "Group"], "The address of the member.")
    },
    Attribute { mutability: Mutability::Immutable, ..Attribute::text("type", "The kind of the member.") }
        .of(&["User", "Group"]),
];
