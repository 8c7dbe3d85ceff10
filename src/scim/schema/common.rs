//! What every resource has (RFC 7643 section 3.1).

use super::{Attribute, AttributeType, Mutability, Returned, Uniqueness};

/// The common attributes. `/Schemas` shows `externalId` alone of them: Entra offers an admin only what it finds there.
pub(super) static COMMON: &[Attribute] = &[
    Attribute {
        mutability: Mutability::ReadOnly,
        returned: Returned::Always,
        uniqueness: Uniqueness::Server,
        ..Attribute::exact("id", "The identifier of the resource here. It never changes and is never used again.")
    },
    Attribute::exact("externalId", "The identifier of the resource at the provisioning client."),
    // Derived from what the resource holds: Entra leaves the URNs of custom extensions out.
    Attribute {
        multi_valued: true,
        required: true,
        mutability: Mutability::ReadOnly,
        returned: Returned::Always,
        ..Attribute::reference("schemas", &["uri"], "The schemas whose attributes the resource holds.")
    },
    Attribute::complex("meta", META, "What the server knows about the resource.").read_only(),
];

const META: &[Attribute] = &[
    Attribute::exact("resourceType", "The kind of the resource.").read_only(),
    Attribute {
        case_exact: true,
        ..Attribute::new("created", AttributeType::DateTime, "When the resource was created.")
    }
    .read_only(),
    Attribute {
        case_exact: true,
        ..Attribute::new("lastModified", AttributeType::DateTime, "When an attribute of the resource last changed.")
    }
    .read_only(),
    Attribute::reference("location", &["uri"], "The address of the resource.").read_only(),
    Attribute::exact("version", "The entity tag of the resource.").read_only(),
];
