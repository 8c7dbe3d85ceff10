//! Groups: what is theirs alone. A group has no `active` and no sessions, and its members are not in its `spec.scim`.

use jiff::Timestamp;

use super::{Times, buried, new_object, time_text, times_of, to_attributes, to_scim};
use crate::api::Object;
use crate::scim::Attributes;

/// The DirectoryGroup of a group that is new.
pub fn new_group(directory: &str, namespace: &str, name: &str, attributes: Attributes, now: Timestamp) -> Object {
    new_object("DirectoryGroup", directory, (namespace, name), attributes, now)
}

/// `object` with these attributes in place of its own, or nothing where they are the same: a change of members alone
/// writes nothing here.
pub fn changed_group(object: &Object, attributes: Attributes, now: Timestamp) -> Option<Object> {
    let scim = object.scim();
    if to_attributes(scim) == attributes {
        return None;
    }
    let times = Times { last_modified: Some(time_text(now)), ..times_of(scim) };
    let mut changed = object.clone();
    changed.set_scim(to_scim(attributes, times));
    Some(changed)
}

/// `object` as a tombstone: hidden from SCIM, its values free. The members go on naming it, which nobody sees.
pub fn group_tombstone(object: &Object, now: Timestamp) -> Object {
    buried(object, now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::naming::{DIRECTORY_LABEL, UNDELETE_ANNOTATION};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn attributes(value: &serde_json::Value) -> Attributes {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_group_is_created_changed_and_buried() {
        let blue = || attributes(&json!({ "displayName": "Team Blue", "externalId": "8aa1" }));
        let group = new_group("staff", "people", "team-blue-1", blue(), at("2026-01-01T00:00:00Z"));
        let meta = json!({ "created": "2026-01-01T00:00:00.000Z", "lastModified": "2026-01-01T00:00:00.000Z" });
        assert_eq!(
            group["spec"],
            json!({
                "directoryRef": { "name": "staff" },
                "scim": { "displayName": "Team Blue", "externalId": "8aa1", "meta": meta },
            })
        );
        assert_eq!(group["metadata"]["labels"][DIRECTORY_LABEL], "staff");
        assert_eq!(changed_group(&group, blue(), at("2026-02-01T00:00:00Z")), None, "nothing changed");

        let mut kept = group.clone();
        kept["spec"]["memberOf"] = json!(["all-1"]);
        let renamed = attributes(&json!({ "displayName": "Team Red", "externalId": "8aa1" }));
        let changed = changed_group(&kept, renamed, at("2026-02-01T00:00:00Z")).expect("a change");
        assert_eq!(changed["spec"]["scim"]["displayName"], "Team Red");
        assert_eq!(changed["spec"]["scim"]["meta"]["created"], "2026-01-01T00:00:00.000Z");
        assert_eq!(changed["spec"]["scim"]["meta"]["lastModified"], "2026-02-01T00:00:00.000Z");
        assert_eq!(changed["spec"]["memberOf"], json!(["all-1"]));

        let mut asked_back = changed;
        asked_back["metadata"]["annotations"] = json!({ UNDELETE_ANNOTATION: "yes", "other": "1" });
        let tombstone = group_tombstone(&asked_back, at("2026-03-01T00:00:00Z"));
        assert_eq!(tombstone["spec"]["deletedAt"], "2026-03-01T00:00:00.000Z");
        assert_eq!(tombstone["metadata"]["annotations"], json!({ "other": "1" }));
        assert_eq!(tombstone["spec"].get("sessionEpoch"), None, "a group has no sessions");
    }
}
