//! A value of a body, read by the table: names folded to the schema's spelling, texts coerced, what is empty dropped.
//!
//! What is left is as it was sent, byte for byte: Entra compares it with its own value in every cycle and patches what
//! differs, for ever.

use serde_json::{Number, Value};

use crate::scim::json::{kind_of, one_form};
use crate::scim::schema::{Attribute, AttributeType, Mutability};
use crate::scim::{Attributes, Error, entra};

/// A part of a complex value: its name, and its value or nothing where the part is to be unassigned.
pub type Part = (String, Option<Value>);

/// A value that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Null, an empty text, list or object.
    Nothing,
    /// A simple value.
    One(Value),
    /// A list.
    Many(Vec<Value>),
    /// The parts of a complex value that were named.
    Parts(Vec<Part>),
}

impl Input {
    /// The value by itself, where there is nothing to merge it with.
    pub fn into_value(self) -> Option<Value> {
        let value = match self {
            Self::Nothing => return None,
            Self::One(value) => value,
            Self::Many(elements) => Value::Array(elements),
            Self::Parts(parts) => assigned_parts(parts),
        };
        (!entra::is_unassigned(&value)).then_some(value)
    }
}

/// Reads the value of an attribute or sub-attribute. `name` is what an error calls it; without a definition the value
/// is taken as it is.
pub fn read(value: Value, definition: Option<&'static Attribute>, name: &str) -> Result<Input, Error> {
    match definition {
        None => Ok(read_unknown(value)),
        _ if entra::is_unassigned(&value) => Ok(Input::Nothing),
        Some(attribute) if attribute.multi_valued => read_list(value, attribute, name),
        Some(attribute) if attribute.kind == AttributeType::Complex => read_element(value, definition, name),
        Some(attribute) => Ok(Input::One(simple(value, attribute, name)?)),
    }
}

/// Reads one complex value: that of a single-valued attribute, or one element of a list.
pub fn read_element(value: Value, definition: Option<&'static Attribute>, name: &str) -> Result<Input, Error> {
    let value = entra::only_element(value);
    if entra::is_unassigned(&value) {
        return Ok(Input::Nothing);
    }
    let Some(attribute) = definition else {
        return Ok(match read_unknown(value) {
            Input::One(value) => Input::Parts(vec![("value".to_owned(), Some(value))]),
            other => other,
        });
    };
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) => match entra::complex_value(text, attribute) {
            Some(object) => object,
            None => return Err(wrong_type(name, "an object", "a string")),
        },
        other => return Err(wrong_type(name, "an object", kind_of(&other))),
    };
    Ok(Input::Parts(parts(object, attribute, name)?))
}

/// The object that the parts with a value make.
pub fn assigned_parts(parts: Vec<Part>) -> Value {
    Value::Object(parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

fn read_unknown(value: Value) -> Input {
    match value {
        Value::Object(object) if object.is_empty() => Input::Nothing,
        Value::Object(object) => {
            Input::Parts(object.into_iter().map(|(name, value)| (name, entra::assigned(value))).collect())
        }
        other => match entra::assigned(other) {
            None => Input::Nothing,
            Some(Value::Array(elements)) => Input::Many(elements),
            Some(simple) => Input::One(simple),
        },
    }
}

fn read_list(value: Value, attribute: &'static Attribute, name: &str) -> Result<Input, Error> {
    let sent = match value {
        Value::Array(elements) => elements,
        single => vec![single],
    };
    let mut elements = Vec::with_capacity(sent.len());
    for element in sent {
        elements.extend(list_element(element, attribute, name)?);
    }
    if elements.is_empty() {
        return Ok(Input::Nothing);
    }
    one_primary(&elements, name)?;
    Ok(Input::Many(elements))
}

fn list_element(element: Value, attribute: &'static Attribute, name: &str) -> Result<Option<Value>, Error> {
    if entra::is_unassigned(&element) {
        return Ok(None);
    }
    if attribute.kind != AttributeType::Complex {
        return simple(element, attribute, name).map(Some);
    }
    if element.is_array() {
        return Err(wrong_type(name, "a list of objects", "a list of arrays"));
    }
    let Input::Parts(parts) = read_element(element, Some(attribute), name)? else { return Ok(None) };
    let something_was_dropped = parts.iter().any(|(_, value)| value.is_none());
    let element = assigned_parts(parts);
    let says_nothing = entra::is_unassigned(&element) || something_was_dropped && entra::is_left_over(&element);
    Ok((!says_nothing).then_some(element))
}

/// RFC 7643 section 2.4: `primary` is true for at most one element.
pub fn one_primary(elements: &[Value], name: &str) -> Result<(), Error> {
    if elements.iter().filter(|element| is_primary(element)).count() > 1 {
        let message = format!("More than one element of {name} has primary true; at most one can be the primary one.");
        return Err(Error::InvalidValue(message));
    }
    Ok(())
}

/// Whether an element is the primary one of its list.
pub fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// Reads the members of a complex value. What only the server sets is dropped; what the table does not know is kept.
pub fn parts(object: Attributes, attribute: &'static Attribute, name: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::with_capacity(object.len());
    for (key, value) in object {
        match entra::sub_attribute(attribute, &key) {
            Some(sub) if sub.mutability == Mutability::ReadOnly => {}
            Some(sub) => {
                let value = read(value, Some(sub), &format!("{name}.{}", sub.name))?.into_value();
                parts.push((sub.name.to_owned(), value));
            }
            None => parts.push((key, entra::assigned(value))),
        }
    }
    Ok(parts)
}

fn simple(value: Value, attribute: &Attribute, name: &str) -> Result<Value, Error> {
    let sent = kind_of(&value);
    let (read, expected) = match attribute.kind {
        AttributeType::Boolean => (entra::boolean(&value).map(Value::Bool), "true or false"),
        AttributeType::Integer => (integer(value), "a whole number"),
        AttributeType::Decimal => (decimal(value), "a number"),
        AttributeType::String
        | AttributeType::DateTime
        | AttributeType::Binary
        | AttributeType::Reference
        | AttributeType::Complex => (value.is_string().then_some(value), "a string"),
    };
    // "a string" for both is how a text that is neither word, nor a number, is refused.
    let sent = if sent == "a string" { "another text" } else { sent };
    read.ok_or_else(|| wrong_type(name, expected, sent))
}

fn integer(value: Value) -> Option<Value> {
    match value {
        Value::Number(number) => (number.is_i64() || number.is_u64()).then_some(Value::Number(number)),
        Value::String(text) => text.parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}

fn decimal(value: Value) -> Option<Value> {
    match value {
        Value::Number(number) => Some(one_form(number).into()),
        Value::String(text) => text.parse().ok().and_then(Number::from_f64).map(|number| one_form(number).into()),
        _ => None,
    }
}

fn wrong_type(name: &str, expected: &str, sent: &str) -> Error {
    Error::InvalidValue(format!("{name} must be {expected}, but {sent} was sent; correct its attribute mapping."))
}
