//! The schemas that the lists of tests name, and what they say at a path.

use serde_json::Value;

use crate::simulator::mapping::TargetPath;

/// The enterprise extension of RFC 7643 section 4.3.
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The core schema of a user.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core schema of a group.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Where the manager of a person stands.
pub(super) const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// A path of the lists.
pub(super) fn target(path: &str) -> TargetPath {
    TargetPath::parse(path).expect("the lists have paths that can be read")
}

/// What a resource has at a path; null is nothing.
pub(super) fn read<'r>(resource: &'r Value, path: &str) -> Option<&'r Value> {
    target(path).read(resource)
}
