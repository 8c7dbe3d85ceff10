//! Membership: the forms of PATCH that Entra sends for the members of a group.

use serde_json::{Value, json};

use super::{Dialect, PATCH_OP};

/// What happens to members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// They join.
    Add,
    /// They leave. Without the flag this is `Remove members` with a value, which is not in RFC 7644.
    Remove,
}

/// The bodies for these members, so many in each.
pub fn member_bodies(membership: Membership, ids: &[String], batch: usize, dialect: Dialect) -> Vec<Value> {
    ids.chunks(batch.max(1)).map(|ids| body(membership, ids, dialect)).collect()
}

fn body(membership: Membership, ids: &[String], dialect: Dialect) -> Value {
    let legacy = |op| vec![json!({ "op": op, "path": "members", "value": with_reference(ids) })];
    let operations = match (membership, dialect) {
        (Membership::Add, Dialect::Legacy) => legacy("Add"),
        (Membership::Remove, Dialect::Legacy) => legacy("Remove"),
        (Membership::Add, Dialect::Standard) => {
            let value: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
            vec![json!({ "op": "add", "path": "members", "value": value })]
        }
        (Membership::Remove, Dialect::Standard) => ids
            .iter()
            .map(|id| json!({ "op": "remove", "path": format!("members[value eq {}]", Value::from(id.as_str())) }))
            .collect(),
    };
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

fn with_reference(ids: &[String]) -> Vec<Value> {
    ids.iter().map(|id| json!({ "$ref": null, "value": id })).collect()
}
