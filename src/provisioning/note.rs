//! What is noted about an operation on its way, for whoever tells what came of a request: whom it is about, and what it changed.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use crate::rules::resource::Resource;
use crate::rules::traffic::Effect;
use crate::scim::Attributes;

/// The note of one operation. It outlives a client that goes away, as the operation does. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct OperationNote(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    subject: Option<String>,
    effect: Option<Effect>,
    changed: ChangedNames,
}

/// The attributes that an operation changed, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangedNames {
    /// Those that had a value and have another one or none.
    pub before: Vec<String>,
    /// Those that have a value and had another one or none.
    pub after: Vec<String>,
}

impl ChangedNames {
    /// What is different between two states of a resource.
    pub fn between(before: &Attributes, after: &Attributes) -> Self {
        let missing = |from: &Attributes, other: &Attributes| {
            let names = from.iter().filter(|(name, value)| *name != "meta" && other.get(*name) != Some(*value));
            names.map(|(name, _)| name.to_owned()).collect()
        };
        Self { before: missing(before, after), after: missing(after, before) }
    }
}

impl OperationNote {
    /// Notes the userName or the displayName of the resource that the operation is about.
    pub(super) fn subject<'a>(&self, kind: Resource, attribute: impl FnOnce(&str) -> Option<&'a Value>) {
        if let Some(subject) = attribute(kind.name_field()).and_then(Value::as_str) {
            self.0.lock().subject = Some(subject.to_owned());
        }
    }

    /// Notes what the operation changed. That a person was deactivated says more than that the same request changed members.
    pub(super) fn effect(&self, effect: Effect) {
        self.0.lock().effect.get_or_insert(effect);
    }

    /// Notes which attributes the operation changed.
    pub(super) fn changed(&self, changed: ChangedNames) {
        self.0.lock().changed = changed;
    }

    /// The attributes that the operation changed.
    pub fn known_changes(&self) -> ChangedNames {
        self.0.lock().changed.clone()
    }

    /// The userName or displayName, where it became known.
    pub fn known_subject(&self) -> Option<String> {
        self.0.lock().subject.clone()
    }

    /// What the operation changed, if anything.
    pub fn known_effect(&self) -> Option<Effect> {
        self.0.lock().effect
    }
}
