//! Who may do what in the portal, and what a suspension there writes.
//!
//! Whoever may log in sees their own entry. The roll and the switch are for administrators. The switch is the portal's own:
//! `spec.suspended` belongs to the people of the cluster, and nothing here writes it.

use serde_json::json;

use crate::api::Object;
use crate::api::directory::PortalRole;
use crate::rules::mapping::time_text;
use jiff::Timestamp;

/// Longest reason of a suspension, in characters.
pub const MAX_REASON: usize = 1024;

/// Why somebody may not switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchDenied {
    /// Only administrators may.
    NoAdministrator,
    /// Nobody keeps themselves out by mistake.
    Oneself,
    /// The other person has a higher role.
    HigherRole,
}

/// Whether somebody of this role sees the roll of the Directory.
pub fn may_see_people(role: Option<PortalRole>) -> bool {
    matches!(role, Some(PortalRole::Admin | PortalRole::EnterpriseAdmin))
}

/// Whether a person may suspend another one, or lift a suspension: each by SCIM id and the role that counts.
pub fn may_switch(
    (actor, role): (&str, Option<PortalRole>),
    (person, other_role): (&str, Option<PortalRole>),
) -> Result<(), SwitchDenied> {
    if !may_see_people(role) {
        return Err(SwitchDenied::NoAdministrator);
    }
    if actor == person {
        return Err(SwitchDenied::Oneself);
    }
    // A role that only a newer version knows may be a higher one.
    if role == Some(PortalRole::Admin) && matches!(other_role, Some(PortalRole::EnterpriseAdmin | PortalRole::Unknown))
    {
        return Err(SwitchDenied::HigherRole);
    }
    Ok(())
}

/// The person, suspended by `by`; every session is over. Nothing where the portal keeps the person out already.
pub fn suspended(person: &Object, by: &str, reason: &str, now: Timestamp) -> Option<Object> {
    if person.is_suspended_by_portal() {
        return None;
    }
    let mut suspension = json!({ "at": time_text(now), "by": by });
    if !reason.is_empty() {
        suspension["reason"] = reason.into();
    }
    let mut suspended = person.clone();
    suspended.set_portal_suspension(Some(suspension));
    suspended.raise_session_epoch();
    Some(suspended)
}

/// The person without the portal's suspension. Nothing where there is none.
pub fn lifted(person: &Object) -> Option<Object> {
    person.is_suspended_by_portal().then(|| {
        let mut lifted = person.clone();
        lifted.set_portal_suspension(None);
        lifted
    })
}

#[cfg(test)]
mod tests {
    use PortalRole::{Admin, EnterpriseAdmin, ReadOnly, Unknown, User};

    use super::*;

    #[test]
    fn administrators_switch_others_of_no_higher_role() {
        for (name, actor, person, expected) in [
            ("an Admin, a person without a role", ("ada", Some(Admin)), ("bob", None), Ok(())),
            ("an Admin, a User", ("ada", Some(Admin)), ("bob", Some(User)), Ok(())),
            ("an Admin, an Admin", ("ada", Some(Admin)), ("bob", Some(Admin)), Ok(())),
            (
                "an Admin, an EnterpriseAdmin",
                ("ada", Some(Admin)),
                ("bob", Some(EnterpriseAdmin)),
                Err(SwitchDenied::HigherRole),
            ),
            ("an Admin, a newer role", ("ada", Some(Admin)), ("bob", Some(Unknown)), Err(SwitchDenied::HigherRole)),
            ("two EnterpriseAdmins", ("ada", Some(EnterpriseAdmin)), ("bob", Some(EnterpriseAdmin)), Ok(())),
            ("oneself", ("ada", Some(EnterpriseAdmin)), ("ada", Some(EnterpriseAdmin)), Err(SwitchDenied::Oneself)),
            ("a User", ("ada", Some(User)), ("bob", None), Err(SwitchDenied::NoAdministrator)),
            ("a ReadOnly", ("ada", Some(ReadOnly)), ("bob", None), Err(SwitchDenied::NoAdministrator)),
            ("a newer role", ("ada", Some(Unknown)), ("bob", None), Err(SwitchDenied::NoAdministrator)),
            ("no role", ("ada", None), ("bob", None), Err(SwitchDenied::NoAdministrator)),
        ] {
            assert_eq!(may_switch(actor, person), expected, "{name}");
        }
    }

    #[test]
    fn a_suspension_ends_every_session_and_lifting_it_brings_none_back() {
        let now = Timestamp::from_second(0).expect("a time");
        let person = Object::from(json!({ "metadata": { "name": "bob-1" }, "spec": { "suspended": false } }));
        let out = suspended(&person, "ada-1", "left his laptop", now).expect("a change");
        assert_eq!(
            out["spec"]["portalSuspension"],
            json!({ "at": "1970-01-01T00:00:00.000Z", "by": "ada-1", "reason": "left his laptop" })
        );
        assert_eq!((out.session_epoch(), &out["spec"]["suspended"]), (1, &json!(false)));
        assert_eq!(suspended(&out, "eve-1", "", now), None, "who did it first stands there");
        let back = lifted(&out).expect("a change");
        assert_eq!((back.is_suspended_by_portal(), back.session_epoch()), (false, 1));
        assert_eq!(lifted(&back), None);
        let silent = suspended(&person, "ada-1", "", now).expect("a change");
        assert!(silent["spec"]["portalSuspension"]["reason"].is_null());
    }
}
