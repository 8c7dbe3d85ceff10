//! Values of a Directory's spec that a newer version wrote, in sentences for the owner of the Directory.
//!
//! What each of them counts as is [`crate::api::newer`]'s; the type of a declared attribute is told of where the
//! extension is compiled.

use std::fmt::Debug;

use crate::api::DirectorySpec;
use crate::api::directory::PortalRole;

/// One sentence for each value that is not known.
pub fn problems(spec: &DirectorySpec) -> Vec<String> {
    let DirectorySpec { provisioning, users, groups, unique_external_id, deletion_policy, naming, .. } = spec;
    let mut problems = Vec::new();
    tell(&mut problems, "provisioning.mode", provisioning.mode, provisioning.mode.counts_as());
    tell(&mut problems, "provisioning.source", provisioning.source, provisioning.source.counts_as());
    tell(&mut problems, "provisioning.basic", provisioning.basic, provisioning.basic.counts_as());
    let built_in_users = provisioning.built_in_users;
    tell(&mut problems, "provisioning.builtInUsers", built_in_users, built_in_users.counts_as());
    if let Some(types) = &users.user_types {
        tell(&mut problems, "users.userTypes.onInvalid", types.on_invalid, types.on_invalid.counts_as());
    }
    let ceiling = users.roles.as_ref().and_then(|roles| roles.max_from_scim);
    if ceiling.is_some_and(|ceiling: PortalRole| ceiling.known().is_none()) {
        problems.push("spec.users.roles.maxFromScim is of a newer version; until then SCIM gives no role".to_owned());
    }
    tell(&mut problems, "groups.mode", groups.mode, groups.mode.counts_as());
    let unique = unique_external_id;
    tell(&mut problems, "uniqueExternalId.users", unique.users, unique.users.counts_as());
    tell(&mut problems, "uniqueExternalId.groups", unique.groups, unique.groups.counts_as());
    tell(&mut problems, "deletionPolicy", *deletion_policy, deletion_policy.counts_as());
    tell(&mut problems, "naming", *naming, naming.counts_as());
    problems
}

fn tell<T: PartialEq + Copy + Debug>(problems: &mut Vec<String>, path: &str, value: T, counts_as: T) {
    if value != counts_as {
        problems.push(format!("spec.{path} is of a newer version and counts as {counts_as:?}"));
    }
}
