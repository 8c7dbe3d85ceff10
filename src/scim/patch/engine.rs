//! One operation on the attributes of a resource: the table of effects that Entra relies on.
//!
//! Add and Replace do the same but for whole lists. Entra says Add when what a GET returned lacks the value, and
//! Replace when it differs; what the server holds by then may be another thing.

use serde_json::Value;

use super::list;
use super::{Action, Operation};
use crate::scim::case::same_name;
use crate::scim::path::{AttributePath, shown};
use crate::scim::resource::value::{Input, Part, assigned_parts};
use crate::scim::resource::{check_elements, check_extensions};
use crate::scim::schema::{Attribute, ResourceType};
use crate::scim::{Attributes, Error, entra, limits};

/// How much comparing one PATCH may still cause.
pub struct Work {
    left: usize,
}

impl Default for Work {
    fn default() -> Self {
        Self { left: limits::MAX_WORK }
    }
}

impl Work {
    /// Pays for comparisons before they are made.
    pub fn charge(&mut self, cost: usize) -> Result<(), Error> {
        match self.left.checked_sub(cost) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let message =
                    "The request needs more comparisons than one request may; send fewer values or operations at once.";
                Err(Error::TooLarge(message.to_owned()))
            }
        }
    }
}

/// What one attribute is changed by.
pub struct ValueChange<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// What the table says of the attribute.
    pub attribute: Option<&'static Attribute>,
    /// The sub-attribute, in the schema's spelling.
    pub sub_attribute: Option<&'a str>,
}

impl ValueChange<'_> {
    /// Whether what the operation names ends up without a value.
    pub fn unassigns(&self) -> bool {
        self.operation.action == Action::Remove || self.operation.input == Input::Nothing
    }

    /// The parts that an element or a complex value gets.
    pub fn parts(&self) -> Vec<Part> {
        match (&self.operation.input, self.sub_attribute) {
            (Input::One(value), Some(sub)) => vec![(sub.to_owned(), Some(value.clone()))],
            (Input::Parts(parts), None) => parts.clone(),
            (_, Some(sub)) => vec![(sub.to_owned(), None)],
            (_, None) => Vec::new(),
        }
    }
}

/// Carries out one operation.
pub fn apply(
    attributes: &mut Attributes,
    operation: &Operation,
    resource_type: &'static ResourceType,
    work: &mut Work,
) -> Result<(), Error> {
    let path = &operation.target.path;
    let attribute = operation.target.attribute(resource_type);
    let sub_attribute = operation.target.sub_attribute(resource_type).map(|sub| sub.name);
    let change = ValueChange { operation, attribute, sub_attribute: sub_attribute.or(path.sub_attribute.as_deref()) };
    let Some(urn) = &path.schema else {
        return match &path.attribute {
            Some(name) => write(attributes, name, &change, work),
            None => Ok(()),
        };
    };
    if let Some(extension) = stored_extension(attributes, operation, resource_type) {
        return write_extension(attributes, &extension, operation, work);
    }
    let urn = stored_name(attributes, urn);
    let Some(name) = &path.attribute else {
        attributes.remove(&urn);
        return Ok(());
    };
    within(attributes, &urn, |extension| write(extension, name, &change, work))?;
    check_extensions(attributes, resource_type)
}

/// Changes the object of an extension, which is there as long as something is in it.
fn within(
    attributes: &mut Attributes,
    urn: &str,
    change: impl FnOnce(&mut Attributes) -> Result<(), Error>,
) -> Result<(), Error> {
    let value = attributes.entry(urn).or_insert_with(|| Value::Object(Attributes::new()));
    let mut extension = value.as_object_mut().map(std::mem::take).unwrap_or_default();
    change(&mut extension)?;
    if extension.is_empty() {
        attributes.remove(urn);
    } else {
        *value = Value::Object(extension);
    }
    Ok(())
}

/// A path of an unknown schema is split at its last colon; where that makes the URN of an extension that the resource
/// holds, the extension is meant.
fn stored_extension(
    attributes: &Attributes,
    operation: &Operation,
    resource_type: &'static ResourceType,
) -> Option<String> {
    let path = &operation.target.path;
    let is_known = resource_type.schema_by_urn(path.schema.as_deref()?).is_some();
    if is_known || operation.target.selector.is_some() || path.sub_attribute.is_some() || path.attribute.is_none() {
        return None;
    }
    let urn = stored_name(attributes, &path.to_string());
    attributes.contains_key(&urn).then_some(urn)
}

fn write_extension(
    attributes: &mut Attributes,
    urn: &str,
    operation: &Operation,
    work: &mut Work,
) -> Result<(), Error> {
    let Input::Parts(parts) = &operation.input else {
        if operation.action == Action::Remove || operation.input == Input::Nothing {
            attributes.remove(urn);
            return Ok(());
        }
        return Err(Error::InvalidValue(format!("{urn} is an extension; its value must be an object of attributes.")));
    };
    within(attributes, urn, |extension| {
        for (name, value) in parts {
            let input = match value.clone() {
                None => Input::Nothing,
                Some(Value::Array(elements)) => Input::Many(elements),
                Some(Value::Object(members)) => {
                    Input::Parts(members.into_iter().map(|(name, value)| (name, Some(value))).collect())
                }
                Some(simple) => Input::One(simple),
            };
            let operation = Operation { action: operation.action, target: operation.target.clone(), input };
            write(extension, name, &ValueChange { operation: &operation, attribute: None, sub_attribute: None }, work)?;
        }
        Ok(())
    })
}

/// The name under which a member is stored, whatever the letter case it is asked for in.
fn stored_name(members: &Attributes, name: &str) -> String {
    let stored = || members.keys().find(|key| same_name(key, name)).cloned();
    if members.contains_key(name) { name.to_owned() } else { stored().unwrap_or_else(|| name.to_owned()) }
}

/// Changes one attribute of the core schema or of an extension.
fn write(members: &mut Attributes, name: &str, change: &ValueChange<'_>, work: &mut Work) -> Result<(), Error> {
    if change.unassigns() && change.attribute.is_some_and(entra::keeps_its_value) {
        return Ok(());
    }
    let name = match change.attribute {
        Some(_) => name.to_owned(),
        None => {
            work.charge(members.len())?;
            stored_name(members, name)
        }
    };
    let current = members.get_mut(&name).map_or(Value::Null, Value::take);
    let is_single = change.attribute.map_or(current.is_object(), |attribute| !attribute.multi_valued);
    let is_selected = match &change.operation.target.selector {
        Some(selector) if is_single => list::selects(&current, selector, change.attribute, work)?,
        _ => true,
    };
    let next = if !is_selected && change.unassigns() {
        current
    } else if !is_selected && change.attribute.is_some() {
        return Err(nothing_selected(change));
    } else if change.operation.target.selector.is_some() && !(is_single && is_selected) {
        list::write_selected(current, change, work)?
    } else if change.sub_attribute.is_some() {
        write_part(current, change, work)?
    } else {
        write_whole(current, change, work)?
    };
    // Not only at the end: what each operation looks at stays small.
    if let (Some(_), Value::Array(elements)) = (change.attribute, &next) {
        let path = AttributePath { sub_attribute: None, ..change.operation.target.path.clone() };
        check_elements(elements, &path.to_string())?;
    }
    if entra::is_unassigned(&next) {
        members.remove(&name);
    } else {
        members.insert(name, next);
    }
    Ok(())
}

/// A selector on a single value holds for that value or for nothing; it makes no other one.
fn nothing_selected(change: &ValueChange<'_>) -> Error {
    let target = &change.operation.target;
    let selector = target.selector.as_ref().map_or("", |selector| &selector.text);
    Error::NoTarget(format!(
        "{} is not selected by {}: the value that is there is another one.",
        AttributePath { sub_attribute: None, ..target.path.clone() },
        shown(selector)
    ))
}

/// `attr`.
fn write_whole(current: Value, change: &ValueChange<'_>, work: &mut Work) -> Result<Value, Error> {
    let is_list = change.attribute.map_or(current.is_array(), |attribute| attribute.multi_valued);
    Ok(match (change.operation.action, &change.operation.input) {
        (Action::Remove, Input::Many(given)) if is_list => list::without(current, given, change.attribute, work)?,
        (Action::Remove, _) => Value::Null,
        // Adding nothing to a list leaves it as it is.
        (Action::Add, Input::Nothing) if is_list => current,
        (_, Input::Nothing) => Value::Null,
        (Action::Add, Input::Many(given)) => list::with(current, given.clone(), change.attribute, work)?,
        (Action::Replace, Input::Many(given)) => Value::Array(given.clone()),
        (Action::Add, Input::One(given)) if is_list => {
            list::with(current, vec![given.clone()], change.attribute, work)?
        }
        (_, Input::One(value)) => value.clone(),
        (Action::Add, Input::Parts(parts)) if is_list => {
            list::with(current, vec![assigned_parts(parts.clone())], change.attribute, work)?
        }
        (Action::Replace, Input::Parts(parts)) if is_list => Value::Array(vec![assigned_parts(parts.clone())]),
        (_, Input::Parts(parts)) => merge(current, parts.clone(), change.attribute),
    })
}

/// `attr.sub`; for a list, that of every element.
fn write_part(current: Value, change: &ValueChange<'_>, work: &mut Work) -> Result<Value, Error> {
    let is_list = change.attribute.map_or(current.is_array(), |attribute| attribute.multi_valued);
    if is_list {
        return list::write_every(current, change, work);
    }
    work.charge(current.as_object().map_or(0, Attributes::len))?;
    Ok(merge(current, change.parts(), change.attribute))
}

/// Sets and unassigns parts of a complex value; those that are not named stay (RFC 7644 section 3.5.2.3).
pub fn merge(current: Value, parts: Vec<Part>, attribute: Option<&'static Attribute>) -> Value {
    let mut object = match current {
        Value::Object(object) => object,
        // An element of a custom list of texts.
        Value::Null | Value::Array(_) => Attributes::new(),
        simple => Attributes::from_iter([("value".to_owned(), simple)]),
    };
    let before = object.get("value").cloned();
    let mut named = Vec::with_capacity(parts.len());
    for (name, value) in parts {
        let name = stored_name(&object, &name);
        match value {
            Some(value) => object.insert(name.clone(), value),
            None => object.remove(&name),
        };
        named.push(name);
    }
    // `$ref` and `displayName` describe the manager that `value` names, and say nothing of the next one.
    let refers = attribute.is_some_and(|attribute| attribute.sub_attribute("$ref").is_some());
    if refers && object.get("value") != before.as_ref() {
        let has_value = object.contains_key("value");
        object.retain(|name, _| has_value && named.contains(name));
    }
    Value::Object(object)
}
