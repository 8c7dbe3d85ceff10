//! Declared extensions: what their attributes count as.
//!
//! An attribute that is declared counts by its type, a list that came as one text is split at its commas, and what is
//! absent counts as the default. An extension without declared attributes takes arbitrary keys, and each counts as text
//! by the rule of [`text`]. What is not of its type counts as absent, without the default, and leaves a note: a mapping
//! that is wrong must not look like one that is missing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::effective::{Note, note};
use crate::api::directory::{DeclaredAttribute, DeclaredExtension, ExtensionType};
use crate::scim::Attributes;
use crate::scim::case::same_name;
use crate::scim::extension::{Extension, ExtensionAttribute};
use crate::scim::json::{number_text, one_form};
use crate::scim::path::{member, shown};
use crate::scim::schema::{AttributeType, USER};

/// The extensions that a Directory declares, and for each what its attributes count as where they are absent.
pub fn compile(
    declared: &[DeclaredExtension],
    problems: &mut Vec<String>,
) -> (Vec<Extension>, Vec<Map<String, Value>>) {
    let mut extensions: Vec<Extension> = Vec::with_capacity(declared.len());
    let mut defaults = Vec::with_capacity(declared.len());
    for DeclaredExtension { schema, attributes } in declared {
        if USER.schema_by_urn(schema).is_some() {
            problems.push(format!("extension {} is a schema of SCIM itself: it is ignored", shown(schema)));
        } else if extensions.iter().any(|known| same_name(&known.urn, schema)) {
            problems.push(format!("extension {} is declared twice: the first one counts", shown(schema)));
        } else {
            let (known, values) = compile_attributes(schema, attributes, problems);
            extensions.push(Extension { urn: schema.clone(), attributes: known });
            defaults.push(values);
        }
    }
    (extensions, defaults)
}

fn compile_attributes(
    urn: &str,
    declared: &[DeclaredAttribute],
    problems: &mut Vec<String>,
) -> (Vec<ExtensionAttribute>, Map<String, Value>) {
    let mut attributes: Vec<ExtensionAttribute> = Vec::with_capacity(declared.len());
    let mut defaults = Map::new();
    for DeclaredAttribute { name, type_, multi_valued, default } in declared {
        if attributes.iter().any(|known| same_name(&known.name, name)) {
            problems.push(format!("{urn}:{name} is declared twice: the first one counts"));
            continue;
        }
        if type_.counts_as() != *type_ {
            problems.push(format!("the type of {urn}:{name} is of a newer version: it counts as String"));
        }
        let kind = attribute_type_of(*type_);
        let attribute = ExtensionAttribute { name: name.clone(), kind, multi_valued: multi_valued.unwrap_or(false) };
        if let Some(default) = default {
            match value_of(&Value::String(default.clone()), &attribute) {
                (Some(value), false) => drop(defaults.insert(name.clone(), value)),
                _ => problems.push(format!("the default of {urn}:{name} is not {}: it is ignored", expected(kind))),
            }
        }
        attributes.push(attribute);
    }
    (attributes, defaults)
}

fn attribute_type_of(type_: ExtensionType) -> AttributeType {
    match type_.counts_as() {
        ExtensionType::String | ExtensionType::Unknown => AttributeType::String,
        ExtensionType::Boolean => AttributeType::Boolean,
        ExtensionType::Integer => AttributeType::Integer,
        ExtensionType::Decimal => AttributeType::Decimal,
        ExtensionType::DateTime => AttributeType::DateTime,
    }
}

fn expected(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Boolean => "true or false",
        AttributeType::Integer => "a whole number",
        AttributeType::Decimal => "a number",
        AttributeType::DateTime => "an RFC 3339 time",
        AttributeType::String | AttributeType::Binary | AttributeType::Reference | AttributeType::Complex => "a text",
    }
}

/// The effective values of every declared extension that has any.
pub fn effective(
    extensions: &[Extension],
    defaults: &[Map<String, Value>],
    attributes: &Attributes,
    notes: &mut Vec<Note>,
) -> BTreeMap<String, Map<String, Value>> {
    let values = extensions.iter().zip(defaults).map(|(extension, defaults)| {
        let sent = member(attributes, &extension.urn).and_then(Value::as_object);
        let values = if extension.attributes.is_empty() {
            sent.into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value_as_text(value)?.into())))
                .collect()
        } else {
            declared_values(extension, defaults, sent, notes)
        };
        (extension.urn.clone(), values)
    });
    values.filter(|(_, values): &(String, Map<_, _>)| !values.is_empty()).collect()
}

fn declared_values(
    extension: &Extension,
    defaults: &Map<String, Value>,
    sent: Option<&Attributes>,
    notes: &mut Vec<Note>,
) -> Map<String, Value> {
    let mut values = Map::new();
    for attribute in &extension.attributes {
        let sent = sent.and_then(|sent| member(sent, &attribute.name)).filter(|value| !value.is_null());
        let (value, is_wrong) = match sent {
            None => (defaults.get(&attribute.name).cloned(), false),
            Some(value) => value_of(value, attribute),
        };
        if is_wrong {
            let path = format!("{}:{}", extension.urn, attribute.name);
            note(notes, Note::WrongType { path, expected: expected(attribute.kind) });
        }
        values.extend(value.map(|value| (attribute.name.clone(), value)));
    }
    values
}

/// What a value counts as, and whether something in it is not of the type.
fn value_of(sent: &Value, attribute: &ExtensionAttribute) -> (Option<Value>, bool) {
    let elements = match sent {
        Value::Array(elements) => elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    if !attribute.multi_valued {
        return match elements {
            [single] => {
                let value = simple(single, attribute.kind);
                let is_wrong = value.is_none();
                (value, is_wrong)
            }
            [] => (None, false),
            _ => (None, true),
        };
    }
    let (mut values, mut is_wrong) = (Vec::new(), false);
    for element in elements {
        let parts = match only_value(element) {
            Value::String(text) => {
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
            }
            other => vec![other.clone()],
        };
        for part in parts {
            match simple(&part, attribute.kind) {
                Some(value) => values.push(value),
                None => is_wrong = true,
            }
        }
    }
    ((!values.is_empty()).then_some(Value::Array(values)), is_wrong)
}

/// The `value` of an object that says nothing else: `{"value": "x"}` is Entra's form of `"x"` in a custom list.
fn only_value(element: &Value) -> &Value {
    match element {
        Value::Object(members) if members.len() == 1 => member(members, "value").unwrap_or(element),
        other => other,
    }
}

/// A single value as its type has it; nothing where it is of another type.
fn simple(value: &Value, kind: AttributeType) -> Option<Value> {
    let value = only_value(value);
    match (kind, value) {
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => None,
        (AttributeType::Boolean, Value::Bool(_)) => Some(value.clone()),
        (AttributeType::Boolean, Value::String(word)) => match word.trim() {
            word if word.eq_ignore_ascii_case("true") => Some(true.into()),
            word if word.eq_ignore_ascii_case("false") => Some(false.into()),
            _ => None,
        },
        (AttributeType::Integer, Value::Number(number)) => whole(number.clone()),
        (AttributeType::Integer, Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        (AttributeType::Decimal, Value::Number(number)) => Some(one_form(number.clone()).into()),
        (AttributeType::Decimal, Value::String(text)) => {
            text.trim().parse().ok().and_then(Number::from_f64).map(|number| one_form(number).into())
        }
        (AttributeType::DateTime, Value::String(text)) => {
            text.trim().parse::<Timestamp>().is_ok().then(|| value.clone())
        }
        (AttributeType::Boolean | AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime, _) => None,
        (AttributeType::String | AttributeType::Binary | AttributeType::Reference | AttributeType::Complex, value) => {
            value_as_text(value).map(Value::from)
        }
    }
}

fn whole(number: Number) -> Option<Value> {
    let number = one_form(number);
    (!number.is_f64()).then_some(Value::Number(number))
}

/// A value of any type as text, by this rule: text as it is; `true` and `false`; a whole number by its digits; a decimal
/// in the shortest form that reads back as the same number, with an exponent where it is very large or small; a list by
/// the texts of its elements with a comma between; an object that has `value` alone as that; any other object as compact
/// JSON with its members in the order of their names. Null, and what is empty, is no value.
fn value_as_text(value: &Value) -> Option<String> {
    let text = match only_value(value) {
        Value::Null => return None,
        Value::Bool(boolean) => boolean.to_string(),
        Value::Number(number) => number_text(number.clone()),
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().filter_map(value_as_text).collect::<Vec<_>>().join(","),
        Value::Object(members) if members.is_empty() => String::new(),
        object @ Value::Object(_) => object.to_string(),
    };
    (!text.is_empty()).then_some(text)
}
