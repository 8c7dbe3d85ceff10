//! Bodies and attribute values, made up from the session's chance.

use serde_json::{Map, Value, json};

use super::path::{ENTERPRISE, GROUP, USER, target};
use super::session::SuiteSession;

/// What an attribute is filled with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filling {
    Letters,
    Guid,
    Address,
    Phone,
    /// Always true.
    True,
    /// Not checked by anybody, and so kept plausible.
    TimeZone,
}

/// The attributes that the Validator fills, replaces and adds, beside userName and the manager.
const ATTRIBUTES: &[(&str, Filling)] = &[
    ("active", Filling::True),
    ("displayName", Filling::Letters),
    ("title", Filling::Letters),
    ("preferredLanguage", Filling::Letters),
    ("externalId", Filling::Guid),
    ("nickName", Filling::Letters),
    ("profileUrl", Filling::Letters),
    ("userType", Filling::Letters),
    ("locale", Filling::Letters),
    ("timezone", Filling::TimeZone),
    ("name.givenName", Filling::Letters),
    ("name.familyName", Filling::Letters),
    ("name.formatted", Filling::Letters),
    ("name.middleName", Filling::Letters),
    ("name.honorificPrefix", Filling::Letters),
    ("name.honorificSuffix", Filling::Letters),
    ("emails[type eq \"work\"].primary", Filling::True),
    ("emails[type eq \"work\"].value", Filling::Address),
    ("addresses[type eq \"work\"].formatted", Filling::Letters),
    ("addresses[type eq \"work\"].streetAddress", Filling::Letters),
    ("addresses[type eq \"work\"].locality", Filling::Letters),
    ("addresses[type eq \"work\"].region", Filling::Letters),
    ("addresses[type eq \"work\"].postalCode", Filling::Letters),
    ("addresses[type eq \"work\"].country", Filling::Letters),
    ("phoneNumbers[type eq \"work\"].value", Filling::Phone),
    ("phoneNumbers[type eq \"mobile\"].value", Filling::Phone),
    ("phoneNumbers[type eq \"fax\"].value", Filling::Phone),
    ("roles[primary eq \"True\"].display", Filling::Letters),
    ("roles[primary eq \"True\"].value", Filling::Letters),
    ("roles[primary eq \"True\"].type", Filling::Letters),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", Filling::Letters),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", Filling::Letters),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter", Filling::Letters),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization", Filling::Letters),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division", Filling::Letters),
];

/// What a non-gallery application maps by default, beside userName, active and the manager.
pub(super) const MAPPED: &[&str] = &[
    "displayName",
    "title",
    "emails[type eq \"work\"].value",
    "preferredLanguage",
    "name.givenName",
    "name.familyName",
    "name.formatted",
    "addresses[type eq \"work\"].formatted",
    "addresses[type eq \"work\"].streetAddress",
    "addresses[type eq \"work\"].locality",
    "addresses[type eq \"work\"].region",
    "addresses[type eq \"work\"].postalCode",
    "addresses[type eq \"work\"].country",
    "phoneNumbers[type eq \"work\"].value",
    "phoneNumbers[type eq \"mobile\"].value",
    "phoneNumbers[type eq \"fax\"].value",
    "externalId",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
];

/// Attributes with values, by path.
pub(super) type PathValues = Vec<(&'static str, Value)>;

/// New values for everything that the Validator fills.
pub(super) fn attributes(session: &SuiteSession) -> PathValues {
    ATTRIBUTES.iter().map(|(path, filling)| (*path, fill(session, *filling))).collect()
}

/// New values for what an application maps by default.
pub(super) fn mapped(session: &SuiteSession) -> PathValues {
    let of = |path: &&'static str| {
        let filling =
            ATTRIBUTES.iter().find(|(known, _)| known == path).map_or(Filling::Letters, |(_, filling)| *filling);
        (*path, fill(session, filling))
    };
    MAPPED.iter().map(of).collect()
}

fn fill(session: &SuiteSession, filling: Filling) -> Value {
    match filling {
        Filling::Letters => session.letters().into(),
        Filling::Guid => session.guid().into(),
        Filling::Address => session.address().into(),
        Filling::Phone => session.phone().into(),
        Filling::True => true.into(),
        Filling::TimeZone => "America/Guayaquil".into(),
    }
}

/// A body that creates a user with these attributes.
pub(super) fn user(user_name: &str, attributes: &[(&str, Value)]) -> Value {
    let mut body = Map::new();
    body.insert("schemas".to_owned(), json!([USER, ENTERPRISE]));
    body.insert("userName".to_owned(), user_name.into());
    for (path, value) in attributes {
        target(path).write(&mut body, value.clone());
    }
    body.insert("meta".to_owned(), json!({ "resourceType": "User" }));
    let mut body = Value::Object(body);
    // The one boolean that the Validator writes as text in the body of a POST.
    if let Some(primary) = body.pointer_mut("/roles/0/primary") {
        *primary = "True".into();
    }
    body
}

/// A user with no more than a name.
pub(super) fn bare_user(user_name: &str) -> Value {
    json!({ "schemas": [USER], "userName": user_name })
}

/// A body that creates an empty group.
pub(super) fn group(display_name: &str, external_id: &str) -> Value {
    json!({ "schemas": [GROUP], "externalId": external_id, "displayName": display_name })
}

/// The same as Entra writes it, with a second schema that nobody else knows.
pub(super) fn entra_group(display_name: &str, external_id: &str) -> Value {
    let mut body = group(display_name, external_id);
    body["schemas"] = json!([GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]);
    body["meta"] = json!({ "resourceType": "Group" });
    body
}
