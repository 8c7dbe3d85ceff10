//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).
//!
//! Names that no resource has select nothing and are no error. `id` and `schemas` are always returned.

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::case::same_name;
use super::path::AttributePath;
use super::schema::{ResourceType, Returned};
use super::{Attributes, Error};

/// Most names in a list.
pub const MAX_NAMES: usize = 200;

/// Which attributes an answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    selection: Selection,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Selection {
    #[default]
    Everything,
    Only(Vec<AttributePath>),
    Without(Vec<AttributePath>),
}

impl Projection {
    /// Reads the two lists; both at once is an error.
    pub fn parse(
        attributes: Option<&str>,
        excluded_attributes: Option<&str>,
        resource_type: &'static ResourceType,
    ) -> Result<Self, Error> {
        let is_given = |list: &&str| !list.trim().is_empty();
        let read = |list| paths(list, resource_type);
        let selection = match (attributes.filter(is_given), excluded_attributes.filter(is_given)) {
            (None, None) => Selection::Everything,
            (Some(attributes), None) => Selection::Only(read(attributes)?),
            (None, Some(excluded)) => Selection::Without(read(excluded)?),
            (Some(_), Some(_)) => {
                let message = "attributes and excludedAttributes exclude each other; send one of them.";
                return Err(Error::InvalidValue(message.to_owned()));
            }
        };
        Ok(Self { selection })
    }

    /// Whether neither list was sent.
    pub fn is_everything(&self) -> bool {
        self.selection == Selection::Everything
    }

    /// Whether an answer holds anything of this core attribute, which is returned by default.
    pub fn wants(&self, attribute: &str) -> bool {
        match &self.selection {
            Selection::Everything => true,
            Selection::Only(paths) => paths.iter().any(|path| path.is_core(attribute)),
            Selection::Without(paths) => !paths.iter().any(|path| path.is_plain(attribute)),
        }
    }

    /// What is left of one element of this core attribute, where the elements do not come with the resource.
    pub fn element(&self, attribute: &str, element: Value) -> Option<Value> {
        let (Selection::Only(paths) | Selection::Without(paths)) = &self.selection else { return Some(element) };
        let parts: Vec<_> = paths.iter().filter(|path| path.is_core(attribute)).map(part).collect();
        let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
        if matches!(self.selection, Selection::Only(_)) { only(element, &parts) } else { without(element, &parts) }
    }

    /// What is left of a whole resource.
    pub fn apply(&self, resource: Attributes, resource_type: &'static ResourceType) -> Attributes {
        let always = |name: &str| resource_type.attribute(name).is_some_and(|known| known.returned == Returned::Always);
        let left = match &self.selection {
            Selection::Everything => return resource,
            Selection::Only(paths) => {
                let mut wanted: Vec<_> = paths.iter().map(|path| steps(path, &resource)).collect();
                wanted.extend(resource.keys().filter(|name| always(name)).map(|name| vec![name.clone()]));
                only(resource.into(), &wanted.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Selection::Without(paths) => {
                let mut unwanted: Vec<_> = paths.iter().map(|path| steps(path, &resource)).collect();
                unwanted.retain(|steps| steps.first().is_none_or(|first| !always(first)));
                without(resource.into(), &unwanted.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
        };
        match left {
            Some(Value::Object(left)) => left,
            _ => Attributes::new(),
        }
    }
}

/// The paths of a list. Its commas may stand within a value filter: Microsoft's collection sends
/// `attributes=emails[type eq "work"]`, which is in no RFC, and is content with all of `emails`.
fn paths(list: &str, resource_type: &'static ResourceType) -> Result<Vec<AttributePath>, Error> {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut plain = String::with_capacity(list.len());
    for character in list.chars() {
        match character {
            '"' if depth > 0 => in_string = !in_string,
            _ if in_string => {}
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            other => plain.push(other),
        }
    }
    if plain.split(',').count() > MAX_NAMES {
        let message = format!("attributes or excludedAttributes name more than {MAX_NAMES} attributes; send fewer.");
        return Err(Error::InvalidValue(message));
    }
    Ok(plain.split(',').filter_map(|path| AttributePath::parse(path, resource_type).ok()).collect())
}

/// A path as the names to follow from the top of a resource.
fn steps(path: &AttributePath, resource: &Attributes) -> Vec<String> {
    // The path of a whole extension that no schema declares reads like that of an attribute.
    let whole = path.to_string();
    if path.schema.is_some() && resource.keys().any(|key| same_name(key, &whole)) {
        return vec![whole];
    }
    let AttributePath { schema, attribute, sub_attribute } = path;
    [schema, attribute, sub_attribute].into_iter().flatten().cloned().collect()
}

/// The names to follow from an element of the path's attribute.
fn part(path: &AttributePath) -> Vec<String> {
    path.sub_attribute.iter().cloned().collect()
}

/// The steps that go on from a member of this name.
fn following<'a>(steps: &[&'a [String]], name: &str) -> Vec<&'a [String]> {
    let first = |steps: &&'a [String]| steps.split_first().filter(|(first, _)| same_name(first, name));
    steps.iter().filter_map(first).map(|(_, rest)| rest).collect()
}

/// The parts of a value that some steps lead to, of a list those of each element.
fn only(value: Value, wanted: &[&[String]]) -> Option<Value> {
    if wanted.iter().any(|steps| steps.is_empty()) {
        return Some(value);
    }
    match value {
        Value::Object(members) => {
            let part = |(name, value): (String, Value)| {
                let wanted = following(wanted, &name);
                Some((name, only(value, &wanted)?))
            };
            let left: Attributes = members.into_iter().filter_map(part).collect();
            (!left.is_empty()).then_some(Value::Object(left))
        }
        Value::Array(elements) => {
            let left: Vec<_> = elements.into_iter().filter_map(|element| only(element, wanted)).collect();
            (!left.is_empty()).then_some(Value::Array(left))
        }
        _ => None,
    }
}

/// What is left of a value without the parts that some steps lead to. Nothing is left of an object or a list that
/// becomes empty: it would be no value (RFC 7643 section 2.5).
fn without(value: Value, unwanted: &[&[String]]) -> Option<Value> {
    if unwanted.is_empty() {
        return Some(value);
    }
    if unwanted.iter().any(|steps| steps.is_empty()) {
        return None;
    }
    match value {
        Value::Object(members) => {
            let part = |(name, value): (String, Value)| {
                let unwanted = following(unwanted, &name);
                Some((name, without(value, &unwanted)?))
            };
            let left: Attributes = members.into_iter().filter_map(part).collect();
            (!left.is_empty()).then_some(Value::Object(left))
        }
        Value::Array(elements) => {
            let left: Vec<_> = elements.into_iter().filter_map(|element| without(element, unwanted)).collect();
            (!left.is_empty()).then_some(Value::Array(left))
        }
        plain => Some(plain),
    }
}
