//! Paths of unique attributes: how a claim names one, and which value it finds.
//!
//! A path is part of the digest in a claim's name, so it has one spelling: names as the schema has them, single blanks,
//! the values of a selector in canonical form. Written in any other way it is the same attribute.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{GROUP_EXTERNAL_ID, USER_NAME, canonical};
use crate::api::directory_claim::MAX_ATTRIBUTE;
use crate::rules::resource::Resource;
use crate::scim::Attributes;
use crate::scim::filter::{Filter, Operator, leaf_definition, leaves, matches_element};
use crate::scim::patch::PatchTarget;
use crate::scim::path::AttributePath;
use crate::scim::schema::{Attribute, AttributeType, Mutability};

/// The path of an attribute that can be unique.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClaimedPath {
    resource: Resource,
    path: AttributePath,
    selector: Option<Filter>,
    /// The whole of it as claims name it, kind and all.
    attribute: String,
}

impl ClaimedPath {
    /// Reads a path as an administrator writes it; nothing where no claim can be read from it: it does not parse, names
    /// nothing that the core schema has, something that the server sets, is unique anyway or only true or false, or selects
    /// by more than equality.
    pub(super) fn parse(resource: Resource, text: &str) -> Option<Self> {
        let PatchTarget { mut path, selector } = PatchTarget::parse(text, resource.schema()).ok()?;
        let definition = path.attribute_definition(resource.schema());
        if path.attribute.is_none() || path.schema.is_none() && definition.is_none() {
            return None;
        }
        if let Some(definition) = definition {
            let leaf = leaf_definition(Some(definition), path.sub_attribute.as_deref())?;
            if [definition, leaf].iter().any(|part| part.mutability == Mutability::ReadOnly)
                || leaf.kind == AttributeType::Boolean
                || selector.is_some() && !definition.multi_valued
            {
                return None;
            }
            if !definition.sub_attributes.is_empty() {
                path.sub_attribute.get_or_insert_with(|| leaf.name.to_owned());
            }
        }
        let selector = match selector {
            None => None,
            Some(selector) => Some(canonical_selector(selector.filter, definition)?),
        };
        let attribute = format!("{}.{}", prefix(resource), spelling(&path, selector.as_ref())?);
        let is_new = attribute != USER_NAME && attribute.chars().count() <= MAX_ATTRIBUTE;
        is_new.then_some(Self { resource, path, selector, attribute })
    }

    /// Reads a claimed attribute; nothing where it is not spelled as this version spells it. Of groups only
    /// [`GROUP_EXTERNAL_ID`] can be made unique.
    pub(super) fn of_attribute(attribute: &str) -> Option<Self> {
        let (_, text) = attribute.split_once('.')?;
        let resource = Resource::of_attribute(attribute)?;
        if resource == Resource::Group && attribute != GROUP_EXTERNAL_ID {
            return None;
        }
        Self::parse(resource, text).filter(|path| path.attribute == attribute)
    }

    /// As claims name it.
    pub(super) fn attribute(&self) -> &str {
        &self.attribute
    }

    /// Whose attribute it is.
    pub(super) fn resource(&self) -> Resource {
        self.resource
    }

    /// The different values in a `spec.scim`, in canonical form.
    pub(super) fn values(&self, scim: &Value) -> BTreeSet<String> {
        let definition = self.path.attribute_definition(self.resource.schema());
        let sub = self.path.sub_attribute.as_deref();
        let is_exact = leaf_definition(definition, sub).is_some_and(|leaf| leaf.case_exact);
        let place = if self.path.schema.is_some() { &scim["extensions"] } else { scim };
        let value = place.as_object().and_then(|place: &Attributes| self.path.attribute_value(place));
        let elements = match value {
            Some(Value::Array(elements)) => elements,
            single => single.map_or(&[][..], std::slice::from_ref),
        };
        let is_selected = |element: &&Value| {
            self.selector.as_ref().is_none_or(|selector| matches_element(selector, element, definition))
        };
        let texts = elements
            .iter()
            .filter(is_selected)
            .flat_map(|element| leaves(Some(element), sub))
            .filter_map(claimable_text);
        texts.map(|text| if is_exact { text } else { canonical(&text) }).collect()
    }

    /// The one value in a `spec.scim`; nothing where there are several.
    pub(super) fn value(&self, scim: &Value) -> Option<String> {
        let mut values = self.values(scim);
        let value = values.pop_first();
        value.filter(|_| values.is_empty())
    }
}

fn prefix(resource: Resource) -> &'static str {
    resource.schema().name
}

fn claimable_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The selector with its values in canonical form and its conditions in order; nothing where it asks for more than that
/// members are equal to something.
fn canonical_selector(filter: Filter, of: Option<&'static Attribute>) -> Option<Filter> {
    match filter {
        Filter::And(parts) => {
            let mut parts: Vec<_> =
                parts.into_iter().map(|part| canonical_selector(part, of)).collect::<Option<_>>()?;
            parts.sort_by_cached_key(condition);
            Some(Filter::And(parts))
        }
        Filter::Compare(path, Operator::Eq, Value::String(value)) if path.sub_attribute.is_none() => {
            let member = path.attribute.as_deref().and_then(|name| of?.sub_attribute(name));
            let value = if member.is_some_and(|member| member.case_exact) { value } else { canonical(&value) };
            Some(Filter::Compare(path, Operator::Eq, Value::String(value)))
        }
        Filter::Compare(path, Operator::Eq, value @ (Value::Bool(_) | Value::Number(_)))
            if path.sub_attribute.is_none() =>
        {
            Some(Filter::Compare(path, Operator::Eq, value))
        }
        _ => None,
    }
}

/// A canonical selector as text; nothing for any other.
fn condition(filter: &Filter) -> Option<String> {
    match filter {
        Filter::And(parts) => Some(parts.iter().map(condition).collect::<Option<Vec<_>>>()?.join(" and ")),
        Filter::Compare(path, Operator::Eq, value) => Some(format!("{path} eq {value}")),
        _ => None,
    }
}

fn spelling(path: &AttributePath, selector: Option<&Filter>) -> Option<String> {
    let Some(selector) = selector else { return Some(path.to_string()) };
    let whole = AttributePath { sub_attribute: None, ..path.clone() };
    let sub = path.sub_attribute.as_deref().map(|sub| format!(".{sub}")).unwrap_or_default();
    Some(format!("{whole}[{}]{sub}", condition(selector)?))
}
