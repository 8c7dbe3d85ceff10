//! Where an object stands for SCIM: whether a Directory's client sees it.

use crate::api::Object;
use crate::api::directory::BuiltInUsers;

/// What SCIM makes of a DirectoryUser that was read live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is a resource of this Directory.
    Present,
    /// 404: a tombstone, an object of another Directory, or an account that people wrote (`managedBy: People`) in a
    /// Directory that hides these.
    Absent,
    /// It lost its name before it was acknowledged, and the janitor is about to look once more: 503.
    Unsettled,
}

/// The standing of a DirectoryGroup in `directory`; groups are the identity provider's, all of them.
pub fn group_standing(object: &Object, directory: &str) -> Standing {
    standing_where(object, directory, true)
}

/// The standing of `object` in `directory`. Whether it owns its name is not asked: nobody knows the id of an object
/// that never did, and one that lost its name in a restore must stay within the provider's reach, or nobody could
/// mend it.
///
/// An account that people wrote is a resource where the Directory lists these; the first write over SCIM adopts it
/// (`mapping::changed_user`). Until then SCIM may not delete it: see [`is_built_in`].
pub fn standing(object: &Object, directory: &str, built_in_users: BuiltInUsers) -> Standing {
    let is_shown = object.managed_by() == "Provisioning"
        || is_built_in(object) && built_in_users.counts_as() == BuiltInUsers::Listed;
    standing_where(object, directory, is_shown)
}

/// What holds for users and groups alike, where objects of this sort are shown.
fn standing_where(object: &Object, directory: &str, is_shown: bool) -> Standing {
    if object.directory() != directory || !is_shown || object.is_deleted() {
        Standing::Absent
    } else if object.is_rejected() {
        Standing::Unsettled
    } else {
        Standing::Present
    }
}

/// Whether people wrote the account (`managedBy: People`) and SCIM has not adopted it.
///
/// Such an account is not deleted over SCIM, also where it is listed. It is often the one that is left when the provider
/// is away, its manifest lies in somebody's Git, and a client that never wrote to it has no reason to end it. Whoever
/// does want to can write to it first, which says who is responsible from then on, or delete it with kubectl.
pub fn is_built_in(object: &Object) -> bool {
    object.managed_by() == "People"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_living_groups_of_the_directory_are_present() {
        let cases = [
            ("a group", json!({}), Standing::Present),
            ("of another directory", json!({ "directoryRef": { "name": "guests" } }), Standing::Absent),
            ("a tombstone", json!({ "deletedAt": "2026-01-01T00:00:00Z", "rejected": true }), Standing::Absent),
            ("rejected", json!({ "rejected": true }), Standing::Unsettled),
        ];
        for (name, difference, expected) in cases {
            let mut spec = json!({ "directoryRef": { "name": "staff" } });
            spec.as_object_mut().expect("an object").extend(difference.as_object().cloned().expect("an object"));
            assert_eq!(group_standing(&json!({ "spec": spec }).into(), "staff"), expected, "{name}");
        }
    }

    #[test]
    fn only_living_people_of_the_directory_are_present() {
        let cases = [
            ("a person", json!({}), Standing::Present),
            ("of another directory", json!({ "directoryRef": { "name": "guests" } }), Standing::Absent),
            ("a tombstone", json!({ "deletedAt": "2026-01-01T00:00:00Z" }), Standing::Absent),
            (
                "a rejected tombstone",
                json!({ "deletedAt": "2026-01-01T00:00:00Z", "rejected": true }),
                Standing::Absent,
            ),
            ("a built-in account", json!({ "managedBy": "People" }), Standing::Absent),
            ("an account of a newer version's", json!({ "managedBy": "Robots" }), Standing::Absent),
            ("rejected", json!({ "rejected": true }), Standing::Unsettled),
            ("once rejected", json!({ "rejected": false }), Standing::Present),
            ("suspended, which is no business of SCIM", json!({ "suspended": true }), Standing::Present),
        ];
        for (name, difference, expected) in cases {
            let mut spec = json!({ "directoryRef": { "name": "staff" }, "managedBy": "Provisioning" });
            spec.as_object_mut().expect("an object").extend(difference.as_object().cloned().expect("an object"));
            assert_eq!(standing(&json!({ "spec": spec }).into(), "staff", BuiltInUsers::Hidden), expected, "{name}");
        }
    }

    #[test]
    fn built_in_accounts_are_present_where_they_are_listed() {
        let people = json!({ "directoryRef": { "name": "staff" }, "managedBy": "People" });
        let robots = json!({ "directoryRef": { "name": "staff" }, "managedBy": "Robots" });
        let mut deleted = people.clone();
        deleted["deletedAt"] = "2026-01-01T00:00:00Z".into();
        let mut rejected = people.clone();
        rejected["rejected"] = true.into();
        let cases = [
            ("listed", &people, BuiltInUsers::Listed, Standing::Present),
            ("hidden", &people, BuiltInUsers::Hidden, Standing::Absent),
            ("a value of a newer version", &people, BuiltInUsers::Unknown, Standing::Absent),
            ("somebody else's account", &robots, BuiltInUsers::Listed, Standing::Absent),
            ("a tombstone", &deleted, BuiltInUsers::Listed, Standing::Absent),
            ("rejected", &rejected, BuiltInUsers::Listed, Standing::Unsettled),
        ];
        for (name, spec, built_in, expected) in cases {
            assert_eq!(standing(&json!({ "spec": spec }).into(), "staff", built_in), expected, "{name}");
        }
        assert!(is_built_in(&json!({ "spec": people }).into()) && !is_built_in(&json!({ "spec": robots }).into()));
    }
}
