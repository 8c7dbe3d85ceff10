//! How an object as it would be differs from the one in the cluster.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::ObservedOutcome;
use crate::api::Object;

/// What would happen to one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What it amounts to; nothing where nothing would happen.
    pub outcomes: Vec<ObservedOutcome>,
    /// The attributes that would change, by path.
    pub attributes: Vec<String>,
}

/// The difference between the object in the cluster, if there is one, and the same as it would be. What would be created and
/// deleted again leaves nothing behind.
pub fn difference(stands: Option<&Object>, would_be: &Object) -> Difference {
    let Some(stands) = stands else {
        let outcomes = if would_be.is_deleted() { Vec::new() } else { vec![ObservedOutcome::Create] };
        return Difference { outcomes, attributes: Vec::new() };
    };
    if would_be.is_deleted() {
        let outcomes = if stands.is_deleted() { Vec::new() } else { vec![ObservedOutcome::Delete] };
        return Difference { outcomes, attributes: Vec::new() };
    }
    let (before, after) = (stands.scim(), would_be.scim());
    let attributes = changed_paths(before, after);
    let is_deactivated = before["active"] != false && after["active"] == false;
    let is_changed = attributes.iter().any(|path| path != "active" || !is_deactivated);
    let outcomes = [(is_deactivated, ObservedOutcome::Deactivate), (is_changed, ObservedOutcome::Change)];
    let outcomes = outcomes.into_iter().filter_map(|(holds, outcome)| holds.then_some(outcome)).collect();
    Difference { outcomes, attributes }
}

/// The paths of what differs, in order. `schemas` and `meta` follow from the rest.
fn changed_paths(before: &Value, after: &Value) -> Vec<String> {
    let mut paths = BTreeSet::new();
    for name in names_of_both(before, after).filter(|name| !["schemas", "meta"].contains(name)) {
        let (before, after) = (&before[name], &after[name]);
        if name == "extensions" {
            names_of_both(before, after).for_each(|urn| differing(&mut paths, urn, ':', &before[urn], &after[urn]));
        } else {
            differing(&mut paths, name, '.', before, after);
        }
    }
    paths.into_iter().collect()
}

/// Adds the path of a value that differs: of an object its members, and the whole where it comes or goes.
fn differing(paths: &mut BTreeSet<String>, path: &str, separator: char, before: &Value, after: &Value) {
    if before == after {
        return;
    }
    if before.is_object() && after.is_object() {
        let names = names_of_both(before, after).filter(|name| before[*name] != after[*name]);
        paths.extend(names.map(|name| format!("{path}{separator}{name}")));
    } else {
        paths.insert(path.to_owned());
    }
}

fn names_of_both<'a>(one: &'a Value, other: &'a Value) -> impl Iterator<Item = &'a str> + use<'a> {
    let names = |value: &'a Value| value.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
    names(one).chain(names(other)).collect::<BTreeSet<_>>().into_iter()
}
