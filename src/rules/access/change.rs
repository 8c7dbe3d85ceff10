//! What gives a person access, and whether a change that is tried again would give back what somebody has taken away.
//!
//! A change lost a race: somebody wrote the object between its read and its write. Most edits are made again on what the
//! other one left. An edit that gives access is not: the other one may have been told "this person is inactive" after the
//! client of this one had given up, and the last word that anybody was given must stay true.

use serde_json::Value;

use crate::api::Object;

/// Whether `new` gives access that `read` does not give.
pub fn gives(read: &Object, new: &Object) -> bool {
    turns_on(read, new, is_active)
        || turns_on(read, new, is_unsuspended)
        || gained(&new.member_of(), &read.member_of()).next().is_some()
        || gained(&roles(new), &roles(read)).next().is_some()
}

/// Whether `new`, made of `read`, gives access that was taken away since `before`, an earlier state of the same object, as
/// far as the two tell. Each deactivation raises `sessionEpoch`, so one that another write hides is told as well.
pub fn gives_back(before: &Object, read: &Object, new: &Object) -> bool {
    let was_deactivated = is_active(before) || read.session_epoch() > before.session_epoch();
    turns_on(read, new, is_active) && was_deactivated
        || turns_on(read, new, is_unsuspended) && is_unsuspended(before)
        || gained(&new.member_of(), &read.member_of()).any(|group| before.member_of().contains(group))
        || gained(&roles(new), &roles(read)).any(|role| roles(before).contains(role))
}

/// Whether nothing can have been given and taken away again between two states of an object: one write does one of the two.
pub fn tell_all(before: &Object, read: &Object) -> bool {
    read.generation() <= before.generation().saturating_add(1)
}

fn turns_on(read: &Object, new: &Object, is_on: fn(&Object) -> bool) -> bool {
    is_on(new) && !is_on(read)
}

/// A user without the attribute is active (`mapping::changed_user`).
fn is_active(object: &Object) -> bool {
    object.active().unwrap_or(true)
}

fn is_unsuspended(object: &Object) -> bool {
    !object.is_suspended()
}

fn roles(object: &Object) -> Vec<&Value> {
    object.scim()["roles"].as_array().into_iter().flatten().collect()
}

/// What `new` has and `old` has not.
fn gained<'a, T: PartialEq>(new: &'a [T], old: &'a [T]) -> impl Iterator<Item = &'a T> {
    new.iter().filter(|element| !old.contains(element))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(generation: i64, spec: &Value) -> Object {
        json!({ "metadata": { "name": "ada", "generation": generation }, "spec": spec }).into()
    }

    fn active(active: bool, epoch: i64) -> Value {
        json!({ "scim": { "active": active }, "sessionEpoch": epoch })
    }

    fn groups(names: &[&str]) -> Value {
        json!({ "scim": { "active": true }, "memberOf": names })
    }

    fn roles(names: &[&str]) -> Value {
        json!({ "scim": { "roles": names.iter().map(|name| json!({ "value": name })).collect::<Vec<_>>() } })
    }

    #[test]
    fn access_that_was_taken_away_meanwhile_is_not_given_back() {
        let suspended = |suspended: bool| json!({ "suspended": suspended });
        for (name, before, writes, read, new, expected) in [
            ("active over a deactivation", active(true, 0), 1, active(false, 1), active(true, 1), true),
            ("active, and somebody wrote a title", active(false, 1), 1, active(false, 1), active(true, 1), false),
            ("active, and several wrote", active(false, 1), 2, active(false, 1), active(true, 1), false),
            ("active over activation and deactivation", active(false, 1), 2, active(false, 2), active(true, 2), true),
            ("inactive over a deactivation", active(true, 0), 1, active(false, 1), active(false, 1), false),
            ("a title over a deactivation", active(true, 0), 5, active(false, 1), active(false, 1), false),
            ("inactive over an activation", active(false, 0), 1, active(true, 0), active(false, 1), false),
            ("a group over its removal", groups(&["g"]), 1, groups(&[]), groups(&["g"]), true),
            ("a group over another one", groups(&[]), 1, groups(&["h"]), groups(&["g", "h"]), false),
            ("a group over the removal of another one", groups(&["h"]), 1, groups(&[]), groups(&["g"]), false),
            ("a group over several writes", groups(&[]), 2, groups(&["h"]), groups(&["g", "h"]), false),
            ("a removal over several writes", groups(&["g"]), 3, groups(&["g", "h"]), groups(&["h"]), false),
            ("a role over its removal", roles(&["Admin"]), 1, roles(&[]), roles(&["Admin"]), true),
            ("a role over another one", roles(&[]), 1, roles(&["User"]), roles(&["User", "Admin"]), false),
            ("lifted over a suspension", suspended(false), 1, suspended(true), suspended(false), true),
            ("a suspension kept", suspended(false), 1, suspended(true), suspended(true), false),
        ] {
            let (before, read) = (object(5, &before), object(5 + writes, &read));
            assert_eq!(gives_back(&before, &read, &object(5 + writes, &new)), expected, "{name}");
            assert_eq!(tell_all(&before, &read), writes < 2, "{name}");
        }
    }

    #[test]
    fn what_gives_access_is_told_from_what_does_not() {
        for (name, read, new, expected) in [
            ("activation", active(false, 1), active(true, 1), true),
            ("deactivation", active(true, 0), active(false, 1), false),
            ("a group joined", groups(&["h"]), groups(&["g", "h"]), true),
            ("a group left", groups(&["g", "h"]), groups(&["h"]), false),
            ("a role given", roles(&[]), roles(&["Admin"]), true),
            ("a role taken", roles(&["Admin"]), roles(&[]), false),
            ("nothing", json!({}), json!({}), false),
        ] {
            assert_eq!(gives(&object(1, &read), &object(1, &new)), expected, "{name}");
        }
    }
}
