//! The request that makes a change over SCIM, as marks on objects name it.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::mapping::time_text;
use crate::api::directory_user::LastDeactivation;

/// Who asks for a change, and by which request. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The method of the request.
    pub method: Arc<str>,
    /// The name of the DirectoryKey.
    pub key: Arc<str>,
    /// The id of the request, as the log and the answer have it.
    pub request_id: Arc<str>,
}

impl Author {
    /// The mark of a deactivation or deletion at `now`.
    pub fn mark(&self, now: Timestamp) -> Value {
        let Self { method, key, request_id } = self;
        json!({ "at": time_text(now), "method": **method, "key": **key, "requestID": **request_id })
    }
}

#[cfg(test)]
impl Author {
    /// Somebody, for tests of something else.
    pub fn somebody() -> Self {
        Self { method: "PATCH".into(), key: "entra".into(), request_id: "r-1".into() }
    }
}

/// A mark in words, as messages have it.
pub fn in_words(request: &LastDeactivation) -> String {
    let LastDeactivation { at, method, key, request_id } = request;
    let at = at.0;
    format!("by {method} at {at:.0} with the key {key}, request {request_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_as_it_was_written() {
        let now: Timestamp = "2026-03-01T10:00:00.123Z".parse().expect("a time");
        let mark: LastDeactivation =
            serde_json::from_value(Author::somebody().mark(now)).expect("the mark of the kind");
        assert_eq!(mark.at.0, now);
        assert_eq!(in_words(&mark), "by PATCH at 2026-03-01T10:00:00Z with the key entra, request r-1");
    }
}
