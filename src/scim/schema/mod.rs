//! The attribute table: what each attribute is, in the terms of RFC 7643 section 7.
//!
//! One table drives parsing, coercion, patching, filtering, sorting, projection and `/Schemas`. An attribute
//! that is not in it is not lost: unknown sub-attributes of complex values and undeclared extensions are kept as
//! they were sent.

mod common;
mod group;
#[cfg(test)]
mod tests;
mod user;

pub use group::GROUP;
pub(super) use user::DISPLAY;
pub use user::USER;

use super::case::same_name;

/// The type of an attribute's value (RFC 7643 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Text.
    String,
    /// True or false; Entra also sends the words as text.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// An RFC 3339 time.
    DateTime,
    /// Base64 text.
    Binary,
    /// A URI. Not checked: Microsoft's Validator sends random letters.
    Reference,
    /// An object with sub-attributes.
    Complex,
}

/// Who may write an attribute, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// Set by the server alone; ignored in a body, refused in a PATCH.
    ReadOnly,
    /// The client's.
    ReadWrite,
    /// Set once.
    Immutable,
    /// Never returned.
    WriteOnly,
}

/// When an attribute is part of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// Whatever `attributes` and `excludedAttributes` say.
    Always,
    /// Never.
    Never,
    /// Unless left out by request.
    Default,
    /// Only when asked for.
    Request,
}

/// Whether two resources may hold the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniqueness {
    /// They may.
    None,
    /// Not on this service provider (here: not in one Directory).
    Server,
    /// Nowhere.
    Global,
}

/// One attribute or sub-attribute.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// The spelling that answers use.
    pub name: &'static str,
    /// The type of the value, or of each value.
    pub kind: AttributeType,
    /// Whether it holds an array.
    pub multi_valued: bool,
    /// One sentence for `/Schemas`.
    pub description: &'static str,
    /// Whether a resource cannot be without it.
    pub required: bool,
    /// Whether letter case matters in comparisons.
    pub case_exact: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Whether it is unique.
    pub uniqueness: Uniqueness,
    /// Suggested values; others are accepted too.
    pub canonical_values: &'static [&'static str],
    /// What a reference points to.
    pub reference_types: &'static [&'static str],
    /// The parts of a complex attribute.
    pub sub_attributes: &'static [Attribute],
}

impl Attribute {
    /// An attribute with the defaults of RFC 7643 section 2.2, on which the tables build.
    const fn new(name: &'static str, kind: AttributeType, description: &'static str) -> Self {
        Self {
            name,
            kind,
            multi_valued: false,
            description,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, AttributeType::String, description)
    }

    /// Text that holds an id, a tag or a URN: letter case matters.
    const fn exact(name: &'static str, description: &'static str) -> Self {
        Self { case_exact: true, ..Self::text(name, description) }
    }

    /// References are case-exact (RFC 7643 section 2.3.7).
    const fn reference(name: &'static str, types: &'static [&'static str], description: &'static str) -> Self {
        Self { case_exact: true, reference_types: types, ..Self::new(name, AttributeType::Reference, description) }
    }

    const fn complex(name: &'static str, parts: &'static [Attribute], description: &'static str) -> Self {
        Self { sub_attributes: parts, ..Self::new(name, AttributeType::Complex, description) }
    }

    const fn list(name: &'static str, parts: &'static [Attribute], description: &'static str) -> Self {
        Self { multi_valued: true, ..Self::complex(name, parts, description) }
    }

    const fn of(self, canonical_values: &'static [&'static str]) -> Self {
        Self { canonical_values, ..self }
    }

    const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    /// The sub-attribute of this name, in any letter case.
    pub fn sub_attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.sub_attributes.iter().find(|sub| same_name(sub.name, name))
    }
}

/// A schema: the core schema of a resource type, or an extension.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Its URN.
    pub urn: &'static str,
    /// Its name in `/Schemas`.
    pub name: &'static str,
    /// Its description in `/Schemas`.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of this name, in any letter case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| same_name(attribute.name, name))
    }
}

/// A kind of resource with an endpoint of its own.
#[derive(Clone, Copy, Debug)]
pub struct ResourceType {
    /// `User` or `Group`.
    pub name: &'static str,
    /// `Users` or `Groups`, without a slash.
    pub endpoint: &'static str,
    /// One sentence for `/ResourceTypes`.
    pub description: &'static str,
    /// The core schema, whose attributes stand at the top of a resource.
    pub schema: &'static Schema,
    /// Attributes that every resource has (RFC 7643 section 3.1): `id`, `externalId`, `meta`, `schemas`.
    pub common: &'static [Attribute],
    /// Extensions; each stands under its URN, and none is required.
    pub extensions: &'static [&'static Schema],
}

impl ResourceType {
    /// The core or common attribute of this name, in any letter case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        let common = self.common.iter().find(|attribute| same_name(attribute.name, name));
        self.schema.attribute(name).or(common)
    }

    /// The core schema or extension with this URN, in any letter case.
    pub fn schema_by_urn(&self, urn: &str) -> Option<&'static Schema> {
        std::iter::once(self.schema).chain(self.extensions.iter().copied()).find(|schema| same_name(schema.urn, urn))
    }
}
