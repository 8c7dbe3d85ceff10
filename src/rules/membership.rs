//! Membership as it is stored: each member names the groups that it belongs to, in `spec.memberOf`.
//!
//! So a change of one member is one write of one small object, whatever the size of the group, and two changes of one
//! group never meet. `lastModified` of the member stays: it speaks of the member's own attributes.

use crate::api::Object;

/// Most groups that one resource belongs to. The kinds in `api` state the same.
pub const MAX_GROUPS: usize = 2_048;

/// That a resource belongs to as many groups as it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// `object` as a member of `group`; nothing where it is one already.
pub fn joined(object: &Object, group: &str) -> Result<Option<Object>, Full> {
    let mut groups = object.member_of();
    if groups.contains(&group) {
        return Ok(None);
    }
    if groups.len() >= MAX_GROUPS {
        return Err(Full);
    }
    groups.push(group);
    Ok(Some(with(object, groups)))
}

/// `object` without its membership of `group`; nothing where it has none.
pub fn left(object: &Object, group: &str) -> Option<Object> {
    let mut groups = object.member_of();
    let before = groups.len();
    groups.retain(|named| *named != group);
    (groups.len() < before).then(|| with(object, groups))
}

fn with(object: &Object, groups: Vec<&str>) -> Object {
    let mut changed = object.clone();
    changed.set_member_of(groups.into_iter().map(str::to_owned).collect());
    changed
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member_of(groups: &[&str]) -> Object {
        let mut spec = json!({ "scim": { "userName": "a", "meta": { "lastModified": "t" } }, "newer": 1 });
        if !groups.is_empty() {
            spec["memberOf"] = json!(groups);
        }
        json!({ "metadata": { "name": "a-1" }, "spec": spec }).into()
    }

    #[test]
    fn edges_come_and_go_and_nothing_else_moves() {
        for (name, before, after) in [
            ("the first", &[][..], &["g"][..]),
            ("in order", &["a", "z"], &["a", "g", "z"]),
            ("there already", &["a", "g"], &["a", "g"]),
            ("out of order and twice", &["z", "a", "z"], &["a", "g", "z"]),
        ] {
            let joined = joined(&member_of(before), "g").expect("room");
            assert_eq!(joined.is_none(), before.contains(&"g"), "{name}");
            assert_eq!(joined.unwrap_or_else(|| member_of(before)), member_of(after), "{name}");
        }
        for (name, before, after) in [
            ("the last", &["g"][..], &[][..]),
            ("one of three", &["a", "g", "z"], &["a", "z"]),
            ("twice", &["g", "z", "g"], &["z"]),
            ("not there", &["a"], &["a"]),
            ("not there at all", &[], &[]),
        ] {
            let left = left(&member_of(before), "g");
            assert_eq!(left.is_none(), !before.contains(&"g"), "{name}");
            assert_eq!(left.unwrap_or_else(|| member_of(before)), member_of(after), "{name}");
        }
    }

    #[test]
    fn a_resource_belongs_to_so_many_groups_and_no_more() {
        let groups: Vec<_> = (0..MAX_GROUPS).map(|number| format!("g{number:04}")).collect();
        let mut groups: Vec<_> = groups.iter().map(String::as_str).collect();
        assert_eq!(joined(&member_of(&groups), "g"), Err(Full));
        assert_eq!(joined(&member_of(&groups), "g0007"), Ok(None), "who is there already stays");
        let last = groups.pop().expect("one");
        let object = joined(&member_of(&groups), last).expect("room").expect("a change");
        assert_eq!(object.member_of().len(), MAX_GROUPS);
    }
}
