//! What an application and a page are told of a person: the attributes that identify one, as they count for the Directory.

use serde::Deserialize;
use serde_json::Value;

use super::policy;
use crate::api::DirectorySpec;
use crate::api::directory::PortalRole;
use crate::scim::Attributes;

/// The attributes of one person. Everything comes from SCIM and nothing from a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// `userName`.
    pub user_name: Option<String>,
    /// `displayName`; else `name.formatted`; else the given name and the family name.
    pub display_name: Option<String>,
    /// The primary e-mail address; else the first of type work; else the first.
    pub email: Option<String>,
    /// The userType that the person counts as.
    pub user_type: Option<String>,
    /// The portal role that the person counts as; never [`PortalRole::Unknown`].
    pub portal_role: Option<PortalRole>,
}

/// The part of `spec.scim` that is read. The rest, which may be a megabyte, is skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    user_name: Value,
    #[serde(default)]
    display_name: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    emails: Value,
    #[serde(default)]
    user_type: Value,
    #[serde(default)]
    roles: Value,
}

impl Profile {
    /// Reads `spec.scim` as compact JSON. Nothing where it is no JSON object.
    pub fn read(scim: &[u8], directory: &DirectorySpec) -> Option<Self> {
        let Body { user_name, display_name, name, emails, user_type, roles } = serde_json::from_slice(scim).ok()?;
        let sent = Attributes::from_iter([("userType".to_owned(), user_type), ("roles".to_owned(), roles)]);
        let policy::Counted { user_type, portal_role } = policy::counted(directory, &sent);
        Some(Self {
            user_name: text(user_name),
            display_name: full_name(&display_name, &name),
            email: email(&emails).map(str::to_owned),
            user_type,
            portal_role,
        })
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// What a person is called, by `displayName` and `name`: the display name, or else the parts of the name.
pub fn full_name(display_name: &Value, name: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let parts = [text(&name["givenName"]), text(&name["familyName"])].join(" ").trim().to_owned();
    [text(display_name), text(&name["formatted"]), parts].into_iter().find(|name| !name.is_empty())
}

/// The e-mail address of a person, by `emails`: the primary one, or else the first of type work, or else the first.
pub fn email(emails: &Value) -> Option<&str> {
    let emails = || emails.as_array().into_iter().flatten().filter(|email| email["value"].is_string());
    let primary = emails().find(|email| email["primary"] == true);
    let work = || emails().find(|email| email["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("work")));
    let chosen = primary.or_else(work).or_else(|| emails().next())?;
    chosen["value"].as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(scim: &Value, directory: &Value) -> Profile {
        let directory = serde_json::from_value(directory.clone()).expect("a spec");
        Profile::read(scim.to_string().as_bytes(), &directory).expect("a body")
    }

    #[test]
    fn the_email_is_the_primary_one_or_that_of_work_or_the_first() {
        let (home, work) = (json!({ "type": "home", "value": "h" }), json!({ "type": "Work", "value": "w" }));
        let primary = json!({ "primary": true, "value": "p" });
        for (emails, expected) in [
            (json!([home, work, primary]), Some("p")),
            (json!([home, work]), Some("w")),
            (json!([home]), Some("h")),
            (json!([{ "primary": true }, home]), Some("h")),
            (json!([]), None),
            (json!("w"), None),
            (Value::Null, None),
        ] {
            assert_eq!(read(&json!({ "emails": emails }), &json!({})).email.as_deref(), expected, "{emails}");
        }
    }

    #[test]
    fn a_person_is_called_by_the_best_name_that_there_is() {
        for (scim, expected) in [
            (json!({ "displayName": "Ada L", "name": { "formatted": "Ada Lovelace" } }), Some("Ada L")),
            (json!({ "name": { "formatted": "Ada Lovelace", "givenName": "A" } }), Some("Ada Lovelace")),
            (json!({ "name": { "givenName": "Ada", "familyName": "Lovelace" } }), Some("Ada Lovelace")),
            (json!({ "displayName": " ", "name": { "familyName": "Lovelace" } }), Some("Lovelace")),
            (json!({ "displayName": 7, "name": "Ada" }), None),
        ] {
            assert_eq!(read(&scim, &json!({})).display_name.as_deref(), expected, "{scim}");
        }
    }

    #[test]
    fn type_and_role_are_those_that_count() {
        let directory = json!({ "users": {
            "userTypes": { "allowed": ["Standard", "Premium"], "default": "Standard", "onInvalid": "UseDefault" },
            "roles": { "maxFromScim": "User" },
        }});
        let scim = json!({ "userName": "ada", "userType": "Gold", "roles": [{ "value": "EnterpriseAdmin" }] });
        let profile = read(&scim, &directory);
        assert_eq!((profile.user_type.as_deref(), profile.portal_role), (Some("Standard"), Some(PortalRole::User)));
        let nothing = read(&json!({ "name": { "formatted": "Ada L" } }), &json!({}));
        let expected = Profile { display_name: Some("Ada L".to_owned()), ..Profile::default() };
        assert_eq!(nothing, expected);
        assert_eq!(Profile::read(b"7", &DirectorySpec::default()), None);
    }
}
