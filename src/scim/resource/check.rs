//! What must hold of a resource as a whole before it is stored: what is required is there, and nothing exceeds its
//! bound. Types are not asked here, for whatever was sent has been read by the table.

use serde_json::Value;

use super::value::one_primary;
use crate::scim::schema::{Attribute, Mutability, ResourceType};
use crate::scim::{Attributes, Error, entra, limits};

/// Checks a resource that is to replace `stored`, or to be created where that is empty. What has not changed is not
/// looked at: a value from before a bound was lowered must not stand in the way of `active: false`.
pub fn check(attributes: &Attributes, stored: &Attributes, resource_type: &'static ResourceType) -> Result<(), Error> {
    for attribute in resource_type.schema.attributes.iter().filter(|attribute| attribute.required) {
        if attribute.mutability != Mutability::ReadOnly && !attributes.contains_key(attribute.name) {
            return Err(missing(attribute));
        }
    }
    for (name, value) in attributes {
        let definition = resource_type.attribute(name);
        if stored.get(name) == Some(value) {
            continue;
        }
        if let Some(attribute) = definition {
            check_attribute(value, attribute, name)?;
        } else if let (Some(schema), Value::Object(members)) = (resource_type.schema_by_urn(name), value) {
            for (member, value) in members {
                if let Some(attribute) = schema.attribute(member) {
                    check_attribute(value, attribute, &format!("{name}:{member}"))?;
                }
            }
        }
    }
    check_extensions(attributes, resource_type)?;
    check_size(attributes, stored)
}

/// Checks the size of a resource that grows. `active` is not counted: whatever else a person has, it can be turned off.
fn check_size(attributes: &Attributes, stored: &Attributes) -> Result<(), Error> {
    let (size, most) = (size_of(attributes), limits::MAX_RESOURCE_BYTES);
    if size > most && size > size_of(stored) {
        let message =
            format!("The resource would have {size} bytes; at most {most} are kept. Map fewer or shorter values.");
        return Err(Error::TooLarge(message));
    }
    Ok(())
}

fn size_of(attributes: &Attributes) -> usize {
    let counted = attributes.iter().filter(|(name, _)| *name != "active");
    counted.map(|(name, value)| name.len() + value.to_string().len()).sum()
}

/// Checks the number of extensions.
pub fn check_extensions(attributes: &Attributes, resource_type: &'static ResourceType) -> Result<(), Error> {
    let count = attributes.keys().filter(|name| resource_type.attribute(name).is_none()).count();
    if count > limits::MAX_EXTENSIONS {
        let message = format!(
            "The resource has {count} extensions; at most {} are kept. Map fewer extension schemas.",
            limits::MAX_EXTENSIONS
        );
        return Err(Error::InvalidValue(message));
    }
    Ok(())
}

/// Checks the number of elements of a list.
pub fn check_elements(elements: &[Value], name: &str) -> Result<(), Error> {
    let (count, most) = (elements.len(), limits::MAX_ELEMENTS);
    if count > most {
        let message = format!("{name} has {count} elements; at most {most} are kept. Map fewer values to it.");
        return Err(Error::InvalidValue(message));
    }
    Ok(())
}

fn missing(attribute: &Attribute) -> Error {
    let (name, source) = (attribute.name, entra::usual_source(attribute));
    Error::InvalidValue(format!(
        "{name} is required, but is missing or empty; map an attribute that every object in scope has, such as \
         {source}, to {name}."
    ))
}

fn check_text(text: &str, attribute: &Attribute, name: &str) -> Result<(), Error> {
    if text.chars().any(|character| character.is_control() && !limits::takes_control(character, attribute)) {
        let message = format!("{name} holds a control character, such as a line break; remove it.");
        return Err(Error::InvalidValue(message));
    }
    check_length(text, attribute, name)
}

fn check_attribute(value: &Value, attribute: &'static Attribute, name: &str) -> Result<(), Error> {
    match value {
        Value::String(text) => check_text(text, attribute, name),
        Value::Array(elements) => {
            check_elements(elements, name)?;
            one_primary(elements, name)?;
            elements.iter().try_for_each(|element| check_parts(element, attribute, name))
        }
        other => check_parts(other, attribute, name),
    }
}

fn check_parts(value: &Value, attribute: &'static Attribute, name: &str) -> Result<(), Error> {
    for (key, value) in value.as_object().into_iter().flatten() {
        if let (Some(sub), Value::String(text)) = (entra::sub_attribute(attribute, key), value) {
            check_text(text, sub, &format!("{name}.{key}"))?;
        }
    }
    Ok(())
}

fn check_length(text: &str, attribute: &Attribute, name: &str) -> Result<(), Error> {
    let most = limits::max_characters(attribute);
    // No character is shorter than a byte: most texts need not be counted.
    if text.len() > most && text.chars().count() > most {
        let message = format!("{name} has {} characters; at most {most} are kept.", text.chars().count());
        return Err(Error::InvalidValue(message));
    }
    Ok(())
}
