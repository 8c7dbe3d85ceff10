//! Membership: the forms of PATCH that Entra sends for the members of a group.

use serde_json::{Value, json};

use super::{PATCH_OP, PatchDialect};

/// What happens to members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipChange {
    /// They join.
    Add,
    /// They leave. Without the flag this is `Remove members` with a value, which is not in RFC 7644.
    Remove,
}

/// The bodies for these members, so many in each.
pub fn member_bodies(change: MembershipChange, ids: &[String], batch: usize, dialect: PatchDialect) -> Vec<Value> {
    ids.chunks(batch.max(1)).map(|ids| body(change, ids, dialect)).collect()
}

fn body(change: MembershipChange, ids: &[String], dialect: PatchDialect) -> Value {
    let legacy = |op| vec![json!({ "op": op, "path": "members", "value": with_reference(ids) })];
    let operations = match (change, dialect) {
        (MembershipChange::Add, PatchDialect::Legacy) => legacy("Add"),
        (MembershipChange::Remove, PatchDialect::Legacy) => legacy("Remove"),
        (MembershipChange::Add, PatchDialect::Standard) => {
            let value: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
            vec![json!({ "op": "add", "path": "members", "value": value })]
        }
        (MembershipChange::Remove, PatchDialect::Standard) => ids
            .iter()
            .map(|id| json!({ "op": "remove", "path": format!("members[value eq {}]", Value::from(id.as_str())) }))
            .collect(),
    };
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

fn with_reference(ids: &[String]) -> Vec<Value> {
    ids.iter().map(|id| json!({ "$ref": null, "value": id })).collect()
}
