//! Sorting (RFC 7644 section 3.4.2.3).
//!
//! Resources are ordered by a key that is made of one value of each. Two keys always have an order, and always the same
//! one: a sort may panic on less, and custom attributes hold whatever was sent, numbers in one person and texts in the
//! next. Resources with equal keys keep the order they come in, so a caller that wants pages without overlap sorts what
//! is ordered by `id` already, with a stable sort.

#[cfg(test)]
mod tests;

use std::cmp::{Ordering, Reverse};

use serde_json::Value;

use super::filter::compare::{instant, number, simple_text};
use super::filter::{leaf_definition, leaves};
use super::path::{AttributePath, member};
use super::schema::{Attribute, AttributeType, ResourceType};
use super::{Attributes, case, entra};

/// `sortBy` and `sortOrder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// What is compared.
    pub by: AttributePath,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// What a resource is sorted by, of one [`Sort`]. Absent values come last when ascending, first when descending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Directed);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Directed {
    Ascending(Rank),
    Descending(Reverse<Rank>),
}

/// Values of one type stand together, the types in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Boolean(bool),
    Number(Number),
    Instant(i128),
    Text(String),
    Absent,
}

#[derive(Clone, Copy, Debug)]
struct Number(f64);

/// The key of a whole resource.
pub fn key(sort: &Sort, resource: &Attributes, resource_type: &'static ResourceType) -> Key {
    let sub_attribute = sort.by.sub_attribute.as_deref();
    let leaf = leaf_definition(sort.by.attribute_definition(resource_type), sub_attribute);
    let rank = value(&sort.by, resource).and_then(|value| rank(value, leaf)).unwrap_or(Rank::Absent);
    Key(if sort.descending { Directed::Descending(Reverse(rank)) } else { Directed::Ascending(rank) })
}

/// The value that a resource is sorted by: of a multi-valued attribute the primary one, or else the first.
fn value<'a>(by: &AttributePath, resource: &'a Attributes) -> Option<&'a Value> {
    let value = by.attribute_value(resource)?;
    let is_primary = |element: &&Value| {
        element.as_object().and_then(|element| member(element, "primary")).is_some_and(|primary| primary == true)
    };
    let element = value.as_array().and_then(|elements| elements.iter().find(is_primary)).unwrap_or(value);
    leaves(Some(element), by.sub_attribute.as_deref()).first().copied()
}

/// Where a value stands, by the type that the table gives it, and without a table by that of JSON. Nothing for one that
/// is not of its attribute's type.
fn rank(value: &Value, attribute: Option<&Attribute>) -> Option<Rank> {
    Some(match (attribute.map(|attribute| attribute.kind), value) {
        (Some(AttributeType::Boolean), _) | (None, Value::Bool(_)) => Rank::Boolean(entra::boolean(value)?),
        (Some(AttributeType::Decimal | AttributeType::Integer), _) | (None, Value::Number(_)) => {
            Rank::Number(Number(number(value)?))
        }
        (Some(AttributeType::DateTime), _) => Rank::Instant(instant(value.as_str()?)?),
        (Some(AttributeType::Complex), _) => return None,
        (Some(AttributeType::String | AttributeType::Binary | AttributeType::Reference) | None, _) => {
            let text = simple_text(value)?;
            let is_exact = attribute.is_some_and(|attribute| attribute.case_exact);
            Rank::Text(if is_exact { text.into_owned() } else { case::canonical(&text) })
        }
    })
}

impl Ord for Number {
    /// Zero has two signs and is one number.
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}
