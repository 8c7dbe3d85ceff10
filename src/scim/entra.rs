//! Entra's dialect: what its provisioning sends beside RFC 7644, each deviation in one function with the payload that
//! was seen.

use serde_json::Value;

use super::case::same_name;
use super::filter::{Filter, Operator};
use super::schema::{Attribute, DISPLAY};
use super::{Attributes, json};

/// `"active": "False"`, `"primary": "True"`, in any letter case, wherever the table says Boolean.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// `"title": null`, `"roles": []`, `{"op": "replace", "path": "title", "value": ""}`: no value. RFC 7643 section 2.5
/// says so of null and of empty arrays; an empty text means it too, and one that is returned is patched in every
/// cycle.
pub fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is left of a value once everything in it that [`is_unassigned`] is dropped, at every level; numbers in their one
/// form.
pub fn assigned(value: Value) -> Option<Value> {
    let value = match value {
        Value::Array(elements) => elements.into_iter().filter_map(assigned).collect(),
        Value::Object(members) => {
            members.into_iter().filter_map(|(name, value)| Some((name, assigned(value)?))).collect()
        }
        Value::Number(number) => json::one_form(number).into(),
        other => other,
    };
    (!is_unassigned(&value)).then_some(value)
}

/// Whether [`assigned`] leaves something of a value: `{"name": {"givenName": ""}}` holds nothing.
pub fn holds_something(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(holds_something),
        Value::Object(members) => members.values().any(holds_something),
        single => !is_unassigned(single),
    }
}

/// `"manager": "ID"`, `{"op": "add", "path": "members", "value": "ID"}`: the text is the `value` of a complex value.
pub fn complex_value(text: String, attribute: &Attribute) -> Option<Attributes> {
    has_value(attribute).then(|| Attributes::from_iter([("value".to_owned(), Value::String(text))]))
}

/// `{"op": "Add", "path": "manager", "value": [{"$ref": "…", "value": "ID"}]}`: a list of one for a single value.
pub fn only_element(value: Value) -> Value {
    match value {
        Value::Array(mut elements) if elements.len() == 1 => elements.remove(0),
        other => other,
    }
}

/// `emails.display` is missing in the table, because Microsoft's Validator fails on a schema that has it; a client may
/// send it all the same, and it is then of the same type as everywhere else.
pub fn sub_attribute(attribute: &Attribute, name: &str) -> Option<&'static Attribute> {
    let known = attribute.sub_attribute(name);
    let is_display = attribute.multi_valued && has_value(attribute) && same_name(name, DISPLAY.name);
    known.or_else(|| is_display.then_some(&DISPLAY))
}

fn has_value(attribute: &Attribute) -> bool {
    attribute.sub_attribute("value").is_some()
}

/// `{"op": "Remove", "path": "active"}` and its like change nothing: whether a person is let in is not decided by an
/// omission.
pub fn keeps_its_value(attribute: &Attribute) -> bool {
    attribute.name == "active"
}

/// `{"op": "replace", "path": "emails[type eq \"work\"].value", "value": ""}` leaves `{"type": "work"}`, which says
/// nothing any more.
pub fn is_left_over(element: &Value) -> bool {
    element.as_object().is_some_and(|members| members.keys().all(|name| name == "type" || name == "primary"))
}

/// The members of the element that `emails[type eq "work"]` asks for where there is none. RFC 7644 has noTarget there;
/// Entra expects the element. Nothing where the selector is more than `eq` and `and`.
pub fn element_asked_for(selector: &Filter) -> Option<Attributes> {
    let conditions = match selector {
        Filter::And(conditions) => conditions.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut members = Attributes::new();
    for condition in conditions {
        match condition {
            Filter::And(_) => members.extend(element_asked_for(condition)?),
            Filter::Compare(path, Operator::Eq, value) if path.sub_attribute.is_none() => {
                members.insert(path.attribute.clone()?, value.clone());
            }
            _ => return None,
        }
    }
    Some(members)
}

/// The attribute of Entra that is usually mapped to a required one, for the sentence about its absence.
pub fn usual_source(attribute: &Attribute) -> &'static str {
    match attribute.name {
        "userName" => "userPrincipalName",
        _ => "displayName",
    }
}

/// The custom extensions that admins invent end like the schemas of the RFC:
/// `urn:ietf:params:scim:schemas:extension:Contoso:2.0:User`. Such a path alone is the extension, not an attribute
/// `User` of `…:Contoso:2.0`.
pub fn is_whole_extension(path: &str, resource_type_name: &str) -> bool {
    path.rsplit_once(':').is_some_and(|(_, last)| same_name(last, resource_type_name))
}
