//! From what is desired and what was read to the body of a PATCH, in either dialect.
//!
//! Pure. [`differences`] compares; [`body`] writes. An attribute that the source has not is never sent: Entra cannot
//! provision null. A value that the target has not, or has as `""`, is an `Add`; another value is a `Replace`.

mod members;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::simulator::mapping::{Row, TargetPath};
pub use members::{MembershipChange, member_bodies};

/// The schema of a PATCH body.
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// How a PATCH is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchDialect {
    /// Without the flag, and always on demand: capitalised operations, one for each attribute, booleans as text.
    Legacy,
    /// With `aadOptscim062020`: lower case, real booleans, single-valued attributes together in pathless operations.
    Standard,
}

/// Which operation a difference asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The target has nothing there.
    Add,
    /// The target has another value.
    Replace,
}

/// One difference between what is desired and what was read.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeChange<'a> {
    /// What is to be done.
    pub op: Op,
    /// Where.
    pub target: &'a TargetPath,
    /// The value to write.
    pub value: Value,
}

/// The differences of the mapped attributes, in the order of the rows.
pub fn differences<'a>(rows: &'a [Row], desired: &[Value], resource: &Value) -> Vec<AttributeChange<'a>> {
    let rows = rows.iter().zip(desired).filter(|(row, _)| !row.only_on_creation);
    rows.filter_map(|(row, desired)| difference(row, desired, resource)).collect()
}

fn difference<'a>(row: &'a Row, desired: &Value, resource: &Value) -> Option<AttributeChange<'a>> {
    let target = &row.target;
    let found = target.read(resource).filter(|found| **found != "");
    match desired {
        Value::Null => None,
        // `""` means unassigned: nothing there is what it asks for.
        Value::String(text) if text.is_empty() && found.is_none() => None,
        Value::Array(wanted) => list_difference(row, wanted, found),
        // Text where a boolean belongs is a difference, and stays one in every cycle.
        _ if found == Some(desired) => None,
        _ => {
            let op = if found.is_none() { Op::Add } else { Op::Replace };
            Some(AttributeChange { op, target, value: desired.clone() })
        }
    }
}

/// A list either adds what is missing or replaces the whole.
fn list_difference<'a>(row: &'a Row, wanted: &[Value], found: Option<&Value>) -> Option<AttributeChange<'a>> {
    let found = found.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_there = |element: &&Value| found.iter().any(|found| holds(found, element));
    let target = &row.target;
    if row.source.only_adds() {
        let missing: Vec<_> = wanted.iter().filter(|element| !is_there(element)).cloned().collect();
        return (!missing.is_empty()).then(|| AttributeChange { op: Op::Add, target, value: missing.into() });
    }
    let is_equal = wanted.len() == found.len() && wanted.iter().all(|element| is_there(&element));
    (!is_equal).then(|| AttributeChange { op: Op::Replace, target, value: wanted.into() })
}

/// Whether an element that was read has every part of the one that was sent. `primary: false` may be left out.
fn holds(found: &Value, sent: &Value) -> bool {
    sent.as_object().is_some_and(|parts| {
        parts.iter().all(|(name, part)| {
            let found = found.get(name);
            found == Some(part) || (*part == Value::Bool(false) && found.is_none())
        })
    })
}

/// The PATCH of these changes.
pub fn body(changes: &[AttributeChange<'_>], dialect: PatchDialect) -> Value {
    let operations = match dialect {
        PatchDialect::Legacy => changes.iter().map(legacy).collect(),
        PatchDialect::Standard => standard(changes),
    };
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

/// The PATCH that sets a reference: always text on its own path.
pub fn reference_body(op: Op, target: &TargetPath, id: &str, dialect: PatchDialect) -> Value {
    let operation = json!({ "op": op_name(op, dialect), "path": target.text(), "value": id });
    json!({ "schemas": [PATCH_OP], "Operations": [operation] })
}

fn op_name(op: Op, dialect: PatchDialect) -> &'static str {
    match (op, dialect) {
        (Op::Add, PatchDialect::Legacy) => "Add",
        (Op::Replace, PatchDialect::Legacy) => "Replace",
        (Op::Add, PatchDialect::Standard) => "add",
        (Op::Replace, PatchDialect::Standard) => "replace",
    }
}

fn legacy(change: &AttributeChange<'_>) -> Value {
    let value = match &change.value {
        Value::Bool(flag) => Value::from(if *flag { "True" } else { "False" }),
        value => value.clone(),
    };
    json!({ "op": op_name(change.op, PatchDialect::Legacy), "path": change.target.text(), "value": value })
}

/// Filtered paths and lists keep an operation of their own and come first; then all additions, then all replacements.
fn standard(changes: &[AttributeChange<'_>]) -> Vec<Value> {
    let stands_alone = |change: &&AttributeChange<'_>| change.target.is_filtered() || change.value.is_array();
    let mut operations: Vec<_> = changes
        .iter()
        .filter(stands_alone)
        .map(|change| {
            let op = op_name(change.op, PatchDialect::Standard);
            json!({ "op": op, "path": change.target.text(), "value": change.value })
        })
        .collect();
    for op in [Op::Add, Op::Replace] {
        let together = changes.iter().filter(|change| change.op == op && !stands_alone(change));
        let value: Map<_, _> = together.map(|change| (change.target.text().to_owned(), change.value.clone())).collect();
        if !value.is_empty() {
            operations.push(json!({ "op": op_name(op, PatchDialect::Standard), "value": value }));
        }
    }
    operations
}
