//! What a filter selects.

use serde_json::Value;

use super::compare::holds;
use super::{Filter, Operator};
use crate::scim::case::same_name;
use crate::scim::path::{AttributePath, member};
use crate::scim::schema::{Attribute, ResourceType};
use crate::scim::{Attributes, entra};

/// Whether a whole resource (with `id`, `schemas` and `meta`) is selected.
pub fn matches(filter: &Filter, resource: &Attributes, resource_type: &'static ResourceType) -> bool {
    evaluate(filter, PathBase::Resource(resource, resource_type))
}

/// Whether one element of a multi-valued attribute is selected by what stands between brackets.
pub fn matches_element(filter: &Filter, element: &Value, attribute: Option<&'static Attribute>) -> bool {
    evaluate(filter, PathBase::Element(element, attribute))
}

/// What the paths of a filter are relative to.
#[derive(Clone, Copy)]
enum PathBase<'a> {
    Resource(&'a Attributes, &'static ResourceType),
    Element(&'a Value, Option<&'static Attribute>),
}

impl<'a> PathBase<'a> {
    /// The value of the path's attribute, not yet of its sub-attribute.
    fn value(self, path: &AttributePath) -> Option<&'a Value> {
        match self {
            Self::Resource(resource, _) => path.attribute_value(resource),
            Self::Element(Value::Object(element), _) => member(element, path.attribute.as_deref()?),
            // The elements of a list of plain values, such as `schemas`, are their own `value`.
            Self::Element(element, _) => {
                path.attribute.as_deref().filter(|name| same_name(name, "value")).map(|_| element)
            }
        }
    }

    fn definition(self, path: &AttributePath) -> Option<&'static Attribute> {
        match self {
            Self::Resource(_, resource_type) => path.attribute_definition(resource_type),
            Self::Element(_, attribute) => attribute?.sub_attribute(path.attribute.as_deref()?),
        }
    }
}

fn evaluate(filter: &Filter, scope: PathBase<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| evaluate(part, scope)),
        Filter::Or(parts) => parts.iter().any(|part| evaluate(part, scope)),
        Filter::Not(inner) => !evaluate(inner, scope),
        Filter::Present(path) => is_present(path, scope),
        Filter::Compare(path, operator, Value::Null) => is_present(path, scope) == (*operator == Operator::Ne),
        Filter::Compare(path, operator, wanted) => compares(path, *operator, wanted, scope),
        Filter::Element(path, selector) => {
            let attribute = scope.definition(path);
            elements(scope.value(path)).iter().any(|element| matches_element(selector, element, attribute))
        }
    }
}

/// A comparison with a multi-valued attribute holds where it holds for one of its values; `ne` also where there is
/// none.
fn compares(path: &AttributePath, operator: Operator, wanted: &Value, scope: PathBase<'_>) -> bool {
    let leaf = leaf_definition(scope.definition(path), path.sub_attribute.as_deref());
    let values = leaves(scope.value(path), path.sub_attribute.as_deref());
    if values.is_empty() {
        return operator == Operator::Ne;
    }
    values.iter().any(|value| holds(value, operator, wanted, leaf))
}

/// "Has a non-empty or non-null value, or … a non-empty node for complex attributes" (RFC 7644 table 3).
fn is_present(path: &AttributePath, scope: PathBase<'_>) -> bool {
    let Some(value) = scope.value(path) else { return false };
    match &path.sub_attribute {
        None => entra::holds_something(value),
        Some(_) => !leaves(Some(value), path.sub_attribute.as_deref()).is_empty(),
    }
}

/// The elements of a value: itself where it is no list.
pub(super) fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(elements)) => elements,
        Some(single) => std::slice::from_ref(single),
    }
}

/// The single values that a comparison is about: those of the sub-attribute, and of complex values without one those
/// of `value` (RFC 7643 section 2.4).
pub fn leaves<'a>(value: Option<&'a Value>, sub_attribute: Option<&str>) -> Vec<&'a Value> {
    let leaf = |element: &'a Value| match (element, sub_attribute) {
        (Value::Object(members), name) => member(members, name.unwrap_or("value")),
        (plain, None) => Some(plain),
        (plain, Some(name)) => same_name(name, "value").then_some(plain),
    };
    let found = elements(value).iter().filter_map(leaf);
    found.flat_map(|value| elements(Some(value))).filter(|value| entra::holds_something(value)).collect()
}

/// What the table says of the values that [`leaves`] finds.
pub fn leaf_definition(
    attribute: Option<&'static Attribute>,
    sub_attribute: Option<&str>,
) -> Option<&'static Attribute> {
    let attribute = attribute?;
    match sub_attribute {
        None if attribute.sub_attributes.is_empty() => Some(attribute),
        None => attribute.sub_attribute("value"),
        Some(name) => attribute.sub_attribute(name),
    }
}
