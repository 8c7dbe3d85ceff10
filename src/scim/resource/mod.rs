//! A resource out of a body: names folded to the schema's spelling, values coerced, what is empty dropped.
//!
//! The body of a POST or PUT is a PATCH that replaces each of its members on an empty resource: so it is read in every
//! form that PATCH is (dotted names, URNs before names, whole extensions, texts for booleans), by the same code.

mod check;
#[cfg(test)]
mod tests;
pub(super) mod value;

pub(super) use check::{check, check_elements, check_extensions};

use serde_json::Value;

use super::case::same_name;
use super::extension::Extension;
use super::members::Members;
use super::patch;
use super::path::{is_urn, member};
use super::schema::{GROUP, ResourceType, USER};
use super::{Attributes, Error};

/// What a body says about a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The client's attributes; extension objects stand under their URN. Neither `id` nor `meta` nor `schemas`.
    pub attributes: Attributes,
    /// Attributes that a known schema does not have: ignored, and named here for the log and the metric.
    pub ignored: Vec<String>,
    /// Paths of sub-attributes that a known attribute does not have: kept as they were sent, and named here for the log and
    /// the metric, since most are a typo in a mapping.
    pub unknown: Vec<String>,
    /// What it says about the members of a group; of a user nothing.
    pub members: Members,
}

/// Reads the body of a POST or PUT.
pub fn parse(body: Attributes, resource_type: &'static ResourceType) -> Result<Parsed, Error> {
    parse_with(body, resource_type, &[])
}

/// [`parse`] where extensions are declared beside those of the table.
pub fn parse_with(
    body: Attributes,
    resource_type: &'static ResourceType,
    declared: &[Extension],
) -> Result<Parsed, Error> {
    check_schemas(&body, resource_type)?;
    let patch = patch::replacement(body, resource_type, declared)?;
    patch::apply(&patch, &Attributes::new(), resource_type)
}

/// Refuses a body that calls itself a resource of another type: a group that is sent to `/Users` by mistake. Beyond that the
/// `schemas` of a body are not asked.
fn check_schemas(body: &Attributes, resource_type: &'static ResourceType) -> Result<(), Error> {
    let schemas = match member(body, "schemas") {
        Some(Value::Array(schemas)) => schemas.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let names = |urn: &str| schemas.iter().filter_map(Value::as_str).any(|schema| same_name(schema, urn));
    let other = [&USER, &GROUP].into_iter().find(|other| other.name != resource_type.name && names(other.schema.urn));
    match other {
        Some(other) if !names(resource_type.schema.urn) => Err(Error::InvalidSyntax(format!(
            "The body has the schema of a {}, which /{} does not take; send it to /{}, or send the schema of a {}.",
            other.name, resource_type.endpoint, other.endpoint, resource_type.name
        ))),
        _ => Ok(()),
    }
}

/// The `schemas` of a resource with these attributes: the core schema, then each extension that is there, known ones
/// first. Entra leaves the URNs of custom extensions out of the `schemas` that it sends, so those are not asked.
pub fn schemas_of(resource_type: &'static ResourceType, attributes: &Attributes) -> Vec<String> {
    let is_known = |urn: &str| resource_type.extensions.iter().any(|schema| same_name(schema.urn, urn));
    let known = resource_type.extensions.iter().map(|schema| schema.urn).filter(|urn| attributes.contains_key(*urn));
    let mut unknown: Vec<_> =
        attributes.keys().map(String::as_str).filter(|name| is_urn(name) && !is_known(name)).collect();
    unknown.sort_unstable();
    std::iter::once(resource_type.schema.urn).chain(known).chain(unknown).map(str::to_owned).collect()
}
