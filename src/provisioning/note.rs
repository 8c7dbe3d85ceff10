//! What is noted about an operation on its way, for whoever tells what came of a request: whom it is about, and what it changed.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use crate::rules::resource::Resource;
use crate::rules::traffic::Effect;

/// The note of one operation. It outlives a client that goes away, as the operation does. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct OperationNote(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    subject: Option<String>,
    effect: Option<Effect>,
}

impl OperationNote {
    /// Notes the userName or the displayName of the resource that the operation is about.
    pub(super) fn subject<'a>(&self, kind: Resource, attribute: impl FnOnce(&str) -> Option<&'a Value>) {
        let name = match kind {
            Resource::User => "userName",
            Resource::Group => "displayName",
        };
        if let Some(subject) = attribute(name).and_then(Value::as_str) {
            self.0.lock().subject = Some(subject.to_owned());
        }
    }

    /// Notes what the operation changed. That a person was deactivated says more than that the same request changed members.
    pub(super) fn effect(&self, effect: Effect) {
        self.0.lock().effect.get_or_insert(effect);
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
