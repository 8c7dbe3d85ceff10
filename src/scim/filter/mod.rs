//! Filters (RFC 7644 section 3.4.2.2): the grammar, bounded in length and depth, and what they select.
//!
//! Beside the grammar of the RFC they take what Entra and Microsoft's tools send: a sub-attribute behind brackets
//! (`emails[type eq "work"].value eq "x"`), values without quotes, and booleans as text. A filter that was read holds
//! operands of the attribute's type and orders only what has an order, so evaluation cannot fail.

pub(super) mod compare;
mod evaluate;
mod parser;
#[cfg(test)]
mod tests;

pub use evaluate::{leaf_definition, leaves, matches, matches_element};
pub use parser::{MAX_DEPTH, MAX_LENGTH, MAX_NODES, parse, parse_selector};

use serde_json::Value;

use super::path::AttributePath;

/// A filter as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// All of them hold.
    And(Vec<Filter>),
    /// One of them holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The attribute has a value (`pr`).
    Present(AttributePath),
    /// The attribute compares.
    Compare(AttributePath, Operator, Value),
    /// One element of a multi-valued attribute holds all of it: `emails[type eq "work"]`. Paths inside are
    /// relative: `attribute` names the sub-attribute.
    Element(AttributePath, Box<Filter>),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Operator {
    /// All of them, as they are spelled.
    const SPELLINGS: [(&str, Self); 9] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("co", Self::Co),
        ("sw", Self::Sw),
        ("ew", Self::Ew),
        ("gt", Self::Gt),
        ("ge", Self::Ge),
        ("lt", Self::Lt),
        ("le", Self::Le),
    ];
}

/// Whether a filter looks at this core attribute.
pub fn looks_at(filter: &Filter, attribute: &str) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(|part| looks_at(part, attribute)),
        Filter::Not(inner) => looks_at(inner, attribute),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Element(path, _) => path.is_core(attribute),
    }
}

/// The attributes that a filter names, each as often as it does; in a selector the parts of an element.
pub fn attributes(filter: &Filter) -> Vec<&str> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().flat_map(attributes).collect(),
        Filter::Not(inner) => attributes(inner),
        Filter::Present(path) | Filter::Compare(path, ..) | Filter::Element(path, _) => {
            path.attribute.as_deref().into_iter().collect()
        }
    }
}

/// Whether a filter looks at an address: at `meta.location`, or at the `$ref` of a reference.
pub fn looks_at_addresses(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().any(looks_at_addresses),
        Filter::Not(inner) => looks_at_addresses(inner),
        Filter::Present(path) | Filter::Compare(path, ..) => path.names_address(),
        Filter::Element(path, selector) => path.names_address() || looks_at_addresses(selector),
    }
}

/// The parts of a filter that all have to hold. A caller that finds `userName eq "x"` among them may look that one
/// name up and check the rest, where it would have gone through every resource.
pub fn conjuncts(filter: &Filter) -> Vec<&Filter> {
    match filter {
        Filter::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}
