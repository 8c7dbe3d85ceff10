//! What a body says about the members of a group.
//!
//! Members are no attribute of the stored group: each is an edge on the resource that it names. So operations on
//! `members` never meet a list. Read in the order of the body, they come down to one intent: what becomes of each id that
//! they name, and whether those that they do not name stay. Ten thousand operations are ten thousand steps, whatever the
//! size of the group.
//!
//! A lost member is worse than a kept one: Entra never looks at the members of a group and never sends one again. What can
//! be read in two ways therefore removes less, or is refused, and nothing but the whole list (`remove` with a path and
//! no value, `replace`) and a selector that asks for something else than an id (`members[type eq "User"]`) remove somebody
//! who was not named. Such a selector is carried along and tested on each member.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::filter::{Filter, Operator, conjuncts, matches_element};
use super::json::kind_of;
use super::path::{AttributePath, member, shown};
use super::schema::GROUP;

/// Most selectors of one body that are tested on every member of the group. Those that name one member are not among them.
pub const MAX_SELECTORS: usize = 16;

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
    /// By id, the selectors that name it and came after its edit: they remove it where they match.
    of_one: BTreeMap<String, Vec<Filter>>,
    /// The selectors that name nobody: they remove whom they match.
    of_any: Vec<Filter>,
    /// By id, how many of those came before its edit, and so have nothing to say about it; absent for none.
    since: BTreeMap<String, usize>,
}

impl Members {
    /// Whether those that the body does not name may be removed.
    pub fn reaches_others(&self) -> bool {
        self.replaces || !self.of_any.is_empty()
    }

    /// Whether those that the body does not name are removed.
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// What the operations without a condition say of each id that they name, in the order of the ids.
    pub fn edits(&self) -> &BTreeMap<String, Edit> {
        &self.edits
    }

    /// Each id that the body names, once.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let conditional = self.of_one.keys().filter(|id| !self.edits.contains_key(*id));
        self.edits.keys().chain(conditional).map(String::as_str)
    }

    /// Whether the body names this id.
    pub fn names(&self, id: &str) -> bool {
        self.edits.contains_key(id) || self.of_one.contains_key(id)
    }

    /// What becomes of the member of this id, whose element in `members` would be `element`; nothing where it stays as it
    /// is.
    pub fn becomes(&self, id: &str, element: &Value) -> Option<Edit> {
        let since = self.since.get(id).copied().unwrap_or_default();
        let of_any = self.of_any.iter().skip(since);
        let mut selectors = self.of_one.get(id).into_iter().flatten().chain(of_any);
        if selectors.any(|selector| matches_element(selector, element, GROUP.attribute("members"))) {
            return Some(Edit::Remove);
        }
        self.edits.get(id).copied().or(self.replaces.then_some(Edit::Remove))
    }

    /// The same as the whole list: what PUT says, also where it has no `members`.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.replaces = true;
        self.edits.retain(|_, edit| *edit == Edit::Add);
        self
    }

    pub(super) fn add(&mut self, ids: Vec<String>) {
        for id in ids {
            self.edit(id, Edit::Add);
        }
    }

    pub(super) fn remove(&mut self, ids: Vec<String>) {
        for id in ids {
            // Of an empty group nobody need be removed.
            if self.replaces {
                self.forget(&id);
            } else {
                self.edit(id, Edit::Remove);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self { replaces: true, ..Self::default() };
    }

    /// Removes those whom a selector selects.
    pub(super) fn remove_selected(&mut self, selected: Selected) -> Result<(), Error> {
        match selected {
            Selected::Ids(ids) => self.remove(ids),
            Selected::One(id, _) if self.replaces && !self.edits.contains_key(&id) => {}
            Selected::One(id, selector) => self.of_one.entry(id).or_default().push(selector),
            Selected::Any(_) if self.of_any.len() == MAX_SELECTORS => {
                let message = format!(
                    "The body has more than {MAX_SELECTORS} selectors of members that name nobody; name the members, as in \
                     value eq \"ID\"."
                );
                return Err(Error::TooLarge(message));
            }
            Selected::Any(selector) => self.of_any.push(selector),
        }
        Ok(())
    }

    fn edit(&mut self, id: String, edit: Edit) {
        self.forget(&id);
        if !self.of_any.is_empty() {
            self.since.insert(id.clone(), self.of_any.len());
        }
        self.edits.insert(id, edit);
    }

    fn forget(&mut self, id: &str) {
        self.edits.remove(id);
        self.of_one.remove(id);
        self.since.remove(id);
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

/// Whom a selector of members selects.
#[derive(Debug, PartialEq)]
pub(super) enum Selected {
    /// These: `members[value eq "A"]`, `members[value eq "A" or value eq "B"]`.
    Ids(Vec<String>),
    /// This one, where the selector holds for it: `members[value eq "A" and type eq "User"]`.
    One(String, Filter),
    /// Everybody for whom it holds: `members[type eq "User"]`.
    Any(Filter),
}

/// Whom a selector of members selects. One that asks for what members do not show is refused: nobody has it, and with a
/// `not` around it everybody would be removed.
pub(super) fn selected(selector: &Filter, text: &str) -> Result<Selected, Error> {
    if let Some(ids) = ids_of(selector) {
        return Ok(Selected::Ids(ids));
    }
    if !asks_for_what_is_shown(selector) {
        return Err(Error::InvalidPath(format!(
            "The selector {} of members asks for something else than their value, type and $ref; name a member, as in \
             value eq \"ID\".",
            shown(text)
        )));
    }
    let one = conjuncts(selector).into_iter().find_map(id_of);
    Ok(match one {
        Some(id) => Selected::One(id.to_owned(), selector.clone()),
        None => Selected::Any(selector.clone()),
    })
}

fn ids_of(selector: &Filter) -> Option<Vec<String>> {
    match selector {
        Filter::Or(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(ids_of).collect();
            parts.map(|ids| ids.concat())
        }
        single => id_of(single).map(|id| vec![id.to_owned()]),
    }
}

fn id_of(part: &Filter) -> Option<&str> {
    match part {
        Filter::Compare(path, Operator::Eq, Value::String(id)) if path.is_plain("value") => Some(id),
        _ => None,
    }
}

fn asks_for_what_is_shown(selector: &Filter) -> bool {
    let is_shown = |path: &AttributePath| ["value", "type", "$ref"].iter().any(|name| path.is_plain(name));
    match selector {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().all(asks_for_what_is_shown),
        Filter::Not(inner) => asks_for_what_is_shown(inner),
        Filter::Present(path) | Filter::Compare(path, ..) => is_shown(path),
        Filter::Element(..) => false,
    }
}
