//! Operations on lists: appending, removing by value, and what a selector selects.

use std::collections::HashSet;

use serde_json::Value;

use super::engine::{ValueChange, Work, merge};
use super::target::Selector;
use crate::scim::case::canonical;
use crate::scim::filter::matches_element;
use crate::scim::path::{member, shown};
use crate::scim::resource::value::{Part, assigned_parts, is_primary, parts};
use crate::scim::schema::{Attribute, Mutability};
use crate::scim::{Attributes, Error, entra};

/// What looking at an element costs beside the comparison of its text.
const COST_OF_ELEMENT: usize = 16;

/// As many given elements are compared with all of a list one by one.
const FEW: usize = 8;

fn elements(current: Value) -> Vec<Value> {
    match current {
        Value::Array(elements) => elements,
        Value::Null => Vec::new(),
        single => vec![single],
    }
}

/// The list with those elements appended that it does not hold yet.
pub fn with(
    current: Value,
    given: Vec<Value>,
    attribute: Option<&'static Attribute>,
    work: &mut Work,
) -> Result<Value, Error> {
    let mut list = elements(current);
    let is_new = if given.len() <= FEW {
        work.charge(list.len() * given.len())?;
        new_among_few(&list, &given, attribute)
    } else {
        work.charge(list.iter().chain(&given).map(cost).sum())?;
        new_among_many(&list, &given, attribute)
    };
    let before = list.len();
    list.extend(given.into_iter().zip(is_new).filter(|(_, is_new)| *is_new).map(|(element, _)| element));
    let written: Vec<usize> = (before..list.len()).collect();
    keep_one_primary(&mut list, &written, attribute);
    Ok(Value::Array(list))
}

/// For each given element whether it is neither in the list nor before it among the given.
fn new_among_few(list: &[Value], given: &[Value], attribute: Option<&'static Attribute>) -> Vec<bool> {
    let is_same = |other: &Value, element: &Value| {
        other == element || is_its_value(element, attribute) && value_of(other) == value_of(element)
    };
    let is_new =
        |(index, element): (usize, &Value)| !list.iter().chain(&given[..index]).any(|other| is_same(other, element));
    given.iter().enumerate().map(is_new).collect()
}

/// The same for long lists: hashing everything once costs less than comparing all with all.
fn new_among_many(list: &[Value], given: &[Value], attribute: Option<&'static Attribute>) -> Vec<bool> {
    let mut whole: HashSet<&Value> = list.iter().collect();
    let mut values: HashSet<&Value> = list.iter().map(value_of).collect();
    let is_new = |element| {
        let is_there =
            whole.contains(element) || is_its_value(element, attribute) && values.contains(value_of(element));
        whole.insert(element);
        values.insert(value_of(element));
        !is_there
    };
    given.iter().map(is_new).collect()
}

/// What an element is known by: its `value`, or itself.
fn value_of(element: &Value) -> &Value {
    element.get("value").unwrap_or(element)
}

/// Whether an element is there already if another one of the same `value` is: it says nothing else, or its `value`
/// cannot change, as a group member's.
fn is_its_value(element: &Value, attribute: Option<&'static Attribute>) -> bool {
    let only_value = element.as_object().is_none_or(|members| members.len() == 1 && members.contains_key("value"));
    let immutable = |sub: &Attribute| sub.mutability == Mutability::Immutable;
    let by_value = attribute.and_then(|attribute| attribute.sub_attribute("value")).is_some_and(immutable);
    only_value || by_value && element.get("value").is_some()
}

/// The list without the given elements: those of the same `value` and `type`, or, where no `value` is given, with all
/// the members that are.
pub fn without(
    current: Value,
    given: &[Value],
    attribute: Option<&'static Attribute>,
    work: &mut Work,
) -> Result<Value, Error> {
    let mut list = elements(current);
    let (by_value, by_members): (Vec<&Value>, Vec<&Value>) =
        given.iter().partition(|element| !element.is_object() || element.get("value").is_some());
    let cost: usize = list.iter().chain(given).map(cost).sum();
    work.charge(cost.saturating_mul(1 + by_members.len()))?;
    let case_exact =
        attribute.and_then(|attribute| attribute.sub_attribute("value")).is_none_or(|value| value.case_exact);
    let key = |element: &Value| match value_of(element) {
        Value::String(text) if !case_exact => canonical(text),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let kind = |element: &Value| element.get("type").and_then(Value::as_str).map(str::to_lowercase);
    let removed: HashSet<(String, Option<String>)> =
        by_value.iter().map(|element| (key(element), kind(element))).collect();
    list.retain(|element| {
        let (key, kind) = (key(element), kind(element));
        let named = removed.contains(&(key.clone(), None)) || kind.is_some() && removed.contains(&(key, kind));
        !named && !by_members.iter().any(|given| holds(element, given))
    });
    Ok(Value::Array(list))
}

fn holds(element: &Value, given: &Value) -> bool {
    given.as_object().is_some_and(|members| members.iter().all(|(name, value)| element.get(name) == Some(value)))
}

/// `attr.sub` of a list: that of every element, or of a new one.
pub fn write_every(current: Value, change: &ValueChange<'_>, work: &mut Work) -> Result<Value, Error> {
    let mut list = elements(current);
    work.charge(list.iter().map(cost).sum())?;
    if change.unassigns() {
        unassign(&mut list, change, |_| true);
    } else if list.is_empty() {
        list.push(assigned_parts(change.parts()));
    } else {
        let all: Vec<usize> = (0..list.len()).collect();
        set(&mut list, &all, &change.parts(), change.attribute);
    }
    Ok(Value::Array(list))
}

/// `attr[selector]` and `attr[selector].sub`.
pub fn write_selected(current: Value, change: &ValueChange<'_>, work: &mut Work) -> Result<Value, Error> {
    let Some(selector) = &change.operation.target.selector else { return Ok(current) };
    let mut list = elements(current);
    let selected = select(&list, selector, change.attribute, work)?;
    if change.unassigns() {
        unassign(&mut list, change, |index| selected.binary_search(&index).is_ok());
        return Ok(Value::Array(list));
    }
    let parts = change.parts();
    if !selected.is_empty() {
        set(&mut list, &selected, &parts, change.attribute);
        return Ok(Value::Array(list));
    }
    if parts.iter().all(|(_, value)| value.is_none()) {
        return Ok(Value::Array(list));
    }
    let element = created(selector, parts, change)?;
    with(Value::Array(list), vec![element], change.attribute, work)
}

/// The element that a selector without a match asks for, with its parts set. Later operations with the same selector
/// find it: six parts of an address make one address.
fn created(selector: &Selector, given: Vec<Part>, change: &ValueChange<'_>) -> Result<Value, Error> {
    let name = change.operation.target.path.to_string();
    let Some(members) = entra::element_asked_for(&selector.filter) else {
        return Err(Error::NoTarget(format!(
            "No element of {name} is selected by {}, and only comparisons with eq can make one.",
            shown(&selector.text)
        )));
    };
    let mut element = match change.attribute {
        Some(attribute) => assigned_parts(parts(members, attribute, &name)?),
        None => entra::assigned(Value::Object(members)).unwrap_or_else(|| Value::Object(Attributes::new())),
    };
    element = merge(element, given, None);
    Ok(element)
}

/// Whether a selector selects a single value; null is none.
pub fn selects(
    value: &Value,
    selector: &Selector,
    attribute: Option<&'static Attribute>,
    work: &mut Work,
) -> Result<bool, Error> {
    work.charge(cost(value).saturating_mul(selector.nodes))?;
    Ok(!value.is_null() && matches_element(&selector.filter, value, attribute))
}

fn select(
    list: &[Value],
    selector: &Selector,
    attribute: Option<&'static Attribute>,
    work: &mut Work,
) -> Result<Vec<usize>, Error> {
    let cost: usize = list.iter().map(cost).sum();
    work.charge(cost.saturating_mul(selector.nodes))?;
    let is_selected = |element: &Value| matches_element(&selector.filter, element, attribute);
    Ok(list.iter().enumerate().filter(|(_, element)| is_selected(element)).map(|(index, _)| index).collect())
}

fn cost(element: &Value) -> usize {
    COST_OF_ELEMENT + text_length(element)
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(elements) => elements.iter().map(text_length).sum(),
        Value::Object(members) => members.values().map(text_length).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
    }
}

/// Sets parts of the elements at `indices`.
fn set(list: &mut Vec<Value>, indices: &[usize], parts: &[Part], attribute: Option<&'static Attribute>) {
    let unassigns = parts.iter().any(|(_, value)| value.is_none());
    for index in indices {
        let element = list[*index].take();
        list[*index] = merge(element, parts.to_vec(), None);
    }
    keep_one_primary(list, indices, attribute);
    if unassigns {
        for index in indices.iter().rev() {
            if entra::is_unassigned(&list[*index]) || entra::is_left_over(&list[*index]) {
                list.remove(*index);
            }
        }
    }
}

/// Unassigns the sub-attribute of the elements that are meant, or drops them whole.
fn unassign(list: &mut Vec<Value>, change: &ValueChange<'_>, is_meant: impl Fn(usize) -> bool) {
    let mut index = 0;
    list.retain_mut(|element| {
        index += 1;
        if !is_meant(index - 1) {
            return true;
        }
        let Some(sub) = change.sub_attribute else { return false };
        let has_it = match element {
            Value::Object(members) => member(members, sub).is_some(),
            // An element of a custom list of texts has no part but its `value`.
            _ => sub == "value",
        };
        if has_it {
            *element = merge(element.take(), vec![(sub.to_owned(), None)], None);
        }
        !has_it || !entra::is_left_over(element)
    });
}

/// An element that became the primary one takes that from the others (RFC 7644 section 3.5.2); of several written at
/// once the last one keeps it.
fn keep_one_primary(list: &mut [Value], written: &[usize], attribute: Option<&'static Attribute>) {
    let has_primary = attribute.is_some_and(|attribute| attribute.sub_attribute("primary").is_some());
    let Some(kept) = written.iter().rev().find(|index| is_primary(&list[**index])) else { return };
    if !has_primary {
        return;
    }
    for (index, element) in list.iter_mut().enumerate() {
        if index != *kept && is_primary(element) {
            element["primary"] = Value::Bool(false);
        }
    }
}
