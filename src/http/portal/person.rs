//! A person as the pages show one: the attributes that people know each other by, and what counts of them.

use serde_json::Value;

use crate::api::directory::PortalRole;
use crate::rules::mapping::to_attributes;
use crate::rules::policy::Policy;
use crate::rules::profile::{email, full_name};

/// Most characters of a value on a page.
const MAX_SHOWN: usize = 200;

/// What the pages show of one person.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) user_name: String,
    pub(super) email: String,
    pub(super) title: String,
    pub(super) department: String,
    pub(super) user_type: String,
    pub(super) role: Option<PortalRole>,
}

impl Shown {
    /// The person in a `spec.scim`, as compact JSON, under the policy of the Directory.
    pub(super) fn of(scim: &[u8], policy: &Policy) -> Self {
        Self::of_json(&serde_json::from_slice(scim).unwrap_or_default(), policy)
    }

    /// The same from JSON.
    pub(super) fn of_json(scim: &Value, policy: &Policy) -> Self {
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let effective = policy.effective(&to_attributes(scim));
        let user_name = text(&scim["userName"]);
        Self {
            name: full_name(&scim["displayName"], &scim["name"]).map_or_else(|| user_name.clone(), |name| cut(&name)),
            user_name,
            email: email(&scim["emails"]).map(cut).unwrap_or_default(),
            title: text(&scim["title"]),
            department: text(&scim["extensions"][ENTERPRISE]["department"]),
            user_type: effective.user_type.as_deref().map(cut).unwrap_or_default(),
            role: effective.portal_role,
        }
    }

    /// The role as the pages spell it.
    pub(super) fn role_name(&self) -> Option<&'static str> {
        self.role?.known().map(PortalRole::as_str)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map(cut).unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.trim().chars().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::DirectorySpec;

    #[test]
    fn a_person_is_shown_by_the_best_name_that_there_is() {
        let policy = Policy::of(&serde_json::from_value::<DirectorySpec>(json!({})).expect("a spec"));
        let long = "x".repeat(2 * MAX_SHOWN);
        for (scim, name, email) in [
            (json!({ "userName": "u", "displayName": "Ada L" }), "Ada L", ""),
            (json!({ "userName": "u", "name": { "formatted": "Ada Lovelace" } }), "Ada Lovelace", ""),
            (json!({ "userName": "u", "name": { "givenName": "Ada", "familyName": "Lovelace" } }), "Ada Lovelace", ""),
            (json!({ "userName": "u", "name": { "familyName": "Lovelace" } }), "Lovelace", ""),
            (json!({ "userName": "u", "displayName": " " }), "u", ""),
            (
                json!({ "userName": "u", "emails": [{ "value": "a@x" }, { "value": "b@x", "type": "work" }] }),
                "u",
                "b@x",
            ),
            (
                json!({ "userName": "u", "emails": [{ "value": "a@x", "primary": true }, { "type": "work" }] }),
                "u",
                "a@x",
            ),
            (json!({ "displayName": long }), &long[..MAX_SHOWN], ""),
            (json!({ "userName": 7, "emails": 7 }), "", ""),
        ] {
            let shown = Shown::of_json(&scim, &policy);
            assert_eq!((shown.name.as_str(), shown.email.as_str()), (name, email), "{scim}");
        }
        let admin = json!({ "userName": "u", "roles": [{ "value": "EnterpriseAdmin" }] });
        assert_eq!(Shown::of_json(&admin, &policy).role_name(), Some("Admin"), "what SCIM may give at most");
    }
}
