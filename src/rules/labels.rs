//! The labels of users and groups, by which people select them: whose they are, and which of them are tombstones.

use super::naming::{DELETED_LABEL, DIRECTORY_LABEL};
use crate::api::Object;

/// The value of the label of tombstones.
const DELETED: &str = "true";

/// Whether the labels of an object say what its spec says.
pub fn are_right(object: &Object) -> bool {
    let deleted = object.is_deleted().then_some(DELETED);
    object.label(DIRECTORY_LABEL) == Some(object.directory()) && object.label(DELETED_LABEL) == deleted
}

/// Makes the labels of an object say what its spec says; other labels are people's.
pub fn set(object: &mut Object) {
    let directory = object.directory().to_owned();
    object.set_label(DIRECTORY_LABEL, &directory);
    set_deleted(object);
}

/// The same of the label of tombstones alone.
pub fn set_deleted(object: &mut Object) {
    if object.is_deleted() {
        object.set_label(DELETED_LABEL, DELETED);
    } else {
        object.remove_label(DELETED_LABEL);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn labels_follow_the_spec_and_those_of_people_stay() {
        let directory = |value: &str| json!({ DIRECTORY_LABEL: value, "team": "a" });
        let deleted = json!({ DIRECTORY_LABEL: "staff", DELETED_LABEL: "true", "team": "a" });
        for (case, labels, deleted_at, is_right, expected) in [
            ("in order", directory("staff"), Value::Null, true, directory("staff")),
            ("of another Directory", directory("guests"), Value::Null, false, directory("staff")),
            ("a tombstone in order", deleted.clone(), json!("2026-01-01T00:00:00Z"), true, deleted.clone()),
            (
                "a tombstone of a version before",
                directory("staff"),
                json!("2026-01-01T00:00:00Z"),
                false,
                deleted.clone(),
            ),
            ("one that was brought back by hand", deleted, Value::Null, false, directory("staff")),
        ] {
            let mut spec = json!({ "directoryRef": { "name": "staff" } });
            if !deleted_at.is_null() {
                spec["deletedAt"] = deleted_at;
            }
            let mut object = Object::from(json!({ "metadata": { "labels": labels }, "spec": spec }));
            assert_eq!(are_right(&object), is_right, "{case}");
            set(&mut object);
            assert_eq!(object["metadata"]["labels"], expected, "{case}");
            assert!(are_right(&object), "{case}");
        }
    }
}
