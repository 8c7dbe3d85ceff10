//! How people ask a deleted person or group back: the index looks for it to give the janitor work, the
//! claim protocol to do it.

use serde_json::Value;

pub(super) use crate::rules::naming::UNDELETE_ANNOTATION;

/// Whether an object has the annotation; its value does not matter.
pub(super) fn is_asked_back(object: &Value) -> bool {
    !object["metadata"]["annotations"][UNDELETE_ANNOTATION].is_null()
}
