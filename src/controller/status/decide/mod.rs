//! What a status should be, for each kind a pure function, and what of it differs from what stands.

pub mod alarms;
pub mod conditions;
pub mod directory;
pub mod group;
pub mod ownership;
pub mod setup;
pub mod user;

use serde_json::{Map, Value};

/// The merge patch (RFC 7396) that makes of `fields` what is wanted; nothing where they are that already. Fields that are
/// not named are somebody else's.
pub fn difference(stands: &Value, wanted: &Map<String, Value>, fields: &[&str]) -> Option<Map<String, Value>> {
    let mut changes = Map::new();
    for field in fields {
        let (before, after) = (stands.get(field).unwrap_or(&Value::Null), wanted.get(*field).unwrap_or(&Value::Null));
        if !same(before, after) {
            changes.insert((*field).to_owned(), merge_patch(before, after));
        }
    }
    (!changes.is_empty()).then_some(changes)
}

/// What a merge patch must say to make `after` of `before`: a member that is to go is named with a null.
fn merge_patch(before: &Value, after: &Value) -> Value {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return after.clone() };
    let gone = before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let there = after.iter().map(|(name, value)| (name, before.get(name).unwrap_or(&Value::Null), value));
    let there = there.filter(|(_, before, after)| !same(before, after));
    let there = there.map(|(name, before, after)| (name.clone(), merge_patch(before, after)));
    gone.chain(there).collect::<Map<_, _>>().into()
}

/// Whether two values are equal once the API server has stored them: it gives 1.0 back as 1, and a status that never
/// equals what is wanted would be written for ever.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let fields = ["count", "list", "effective"];
        let cases = [
            ("nothing stands and nothing is wanted", json!(null), json!({}), None),
            ("all is as it should be", json!({ "count": 1, "list": [1] }), json!({ "count": 1, "list": [1] }), None),
            ("a number as it comes back", json!({ "count": { "a": [1] } }), json!({ "count": { "a": [1.0] } }), None),
            ("a field of somebody else", json!({ "other": 1 }), json!({}), None),
            ("a new field", json!(null), json!({ "count": 1 }), Some(json!({ "count": 1 }))),
            (
                "a changed list is written whole",
                json!({ "list": [1] }),
                json!({ "list": [1, 2] }),
                Some(json!({ "list": [1, 2] })),
            ),
            (
                "a field that goes",
                json!({ "count": 1, "list": [1] }),
                json!({ "count": 1 }),
                Some(json!({ "list": null })),
            ),
            (
                "members of an object come, change and go",
                json!({ "effective": { "a": 1, "b": { "c": 1, "d": 1 }, "e": 1 } }),
                json!({ "effective": { "a": 1, "b": { "c": 2 }, "f": 1 } }),
                Some(json!({ "effective": { "b": { "c": 2, "d": null }, "e": null, "f": 1 } })),
            ),
        ];
        for (case, stands, wanted, expected) in cases {
            let wanted = wanted.as_object().expect("an object");
            assert_eq!(difference(&stands, wanted, &fields).map(Value::Object), expected, "{case}");
        }
    }
}
