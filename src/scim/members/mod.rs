//! What a body says about the members of a group.
//!
//! Members are no attribute of the stored group: each is an edge on the resource that it names. So operations on
//! `members` never meet a list. Read in the order of the body, they come down to one intent: what becomes of each id that
//! they name, and whether those that they do not name stay. Ten thousand operations are ten thousand steps, whatever the
//! size of the group.
//!
//! A lost member is worse than a kept one: Entra never looks at the members of a group and never sends one again. What can
//! be read in two ways therefore removes less, or is refused, and nothing but the whole list (`remove` with a path and
//! no value, `replace`) removes somebody who was not named.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::filter::{Filter, Operator};
use super::json::kind_of;
use super::path::{member, shown};

/// What becomes of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It belongs to the group.
    Add,
    /// It does not.
    Remove,
}

/// The intent of all operations of one body together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Whether those that the body does not name are removed.
    replaces: bool,
    /// By id; of several operations on one id the last counts.
    edits: BTreeMap<String, Edit>,
}

impl Members {
    /// Whether those that the body does not name are removed.
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// What becomes of each id that the body names, in the order of the ids.
    pub fn edits(&self) -> &BTreeMap<String, Edit> {
        &self.edits
    }

    /// The same as the whole list: what PUT says, also where it has no `members`.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.replaces = true;
        self.edits.retain(|_, edit| *edit == Edit::Add);
        self
    }

    pub(super) fn add(&mut self, ids: Vec<String>) {
        self.edits.extend(ids.into_iter().map(|id| (id, Edit::Add)));
    }

    pub(super) fn remove(&mut self, ids: Vec<String>) {
        for id in ids {
            // Of an empty group nobody need be removed.
            if self.replaces {
                self.edits.remove(&id);
            } else {
                self.edits.insert(id, Edit::Remove);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.replaces = true;
        self.edits.clear();
    }
}

/// The ids in the value of an operation or of an attribute: a list of objects, one object, or an id by itself, which
/// Microsoft's own collections send. Whatever an object holds beside its `value` says nothing: `"$ref": null`,
/// `"displayName"`. Null and an empty list name nobody.
pub(super) fn ids(value: Value) -> Result<Vec<String>, Error> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(elements) => elements.into_iter().map(id).collect(),
        single => Ok(vec![id(single)?]),
    }
}

fn id(element: Value) -> Result<String, Error> {
    let named = match element {
        Value::Object(members) => match member(&members, "value") {
            Some(value) => value.clone(),
            None => return Err(no_id("an object without a value")),
        },
        other => other,
    };
    match named {
        Value::String(id) if id.is_empty() => Err(no_id("an empty text")),
        Value::String(id) => Ok(id),
        other => Err(no_id(kind_of(&other))),
    }
}

fn no_id(sent: &str) -> Error {
    Error::InvalidValue(format!(
        "A member is named by the id of a user, as in {{\"value\": \"ID\"}}, but {sent} was sent; nothing was changed."
    ))
}

/// The ids that a selector names: `members[value eq "A"]`, `members[value eq "A" or value eq "B"]`. One that asks for
/// anything else could mean everybody, and is refused.
pub(super) fn selected(selector: &Filter, text: &str) -> Result<Vec<String>, Error> {
    named(selector).ok_or_else(|| {
        Error::InvalidPath(format!(
            "The selector {} of members does not name them; it must compare their value with eq, as in value eq \"ID\".",
            shown(text)
        ))
    })
}

fn named(selector: &Filter) -> Option<Vec<String>> {
    match selector {
        Filter::Compare(path, Operator::Eq, Value::String(id)) if path.is_plain("value") => Some(vec![id.clone()]),
        Filter::Or(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(named).collect();
            parts.map(|ids| ids.concat())
        }
        _ => None,
    }
}
