//! The attributes of the source by name: what a mapping row may read and a scenario may set.
//!
//! A name that is not here would read as empty for everybody, so a misspelt one would pass unnoticed.

/// What a scenario may set on a person, and a mapping may read.
pub const OF_PEOPLE: [&str; 22] = [
    "userPrincipalName",
    "mailNickname",
    "givenName",
    "surname",
    "displayName",
    "userType",
    "employeeId",
    "preferredLanguage",
    "mail",
    "department",
    "jobTitle",
    "physicalDeliveryOfficeName",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "telephoneNumber",
    "mobile",
    "facsimileTelephoneNumber",
    // Nobody has these two until a scenario sets them.
    "companyName",
    "usageLocation",
];
/// What the state of a person decides; a scenario changes it by other means than `set`.
pub const OF_STATE: [&str; 3] = ["objectId", "accountEnabled", "IsSoftDeleted"];
/// What a mapping may read of a group.
pub const OF_GROUPS: [&str; 2] = ["objectId", "displayName"];
/// The roles of the application: what the functions for role assignments read.
pub const ROLES: &str = "appRoleAssignments";
/// How many attributes `extensionAttribute1` and so on there are.
const EXTENSIONS: usize = 15;

/// Whether a scenario may set it: an attribute of people, or an extension attribute, which nobody has until it is set.
pub fn can_be_set(name: &str) -> bool {
    OF_PEOPLE.contains(&name) || is_extension(name)
}

/// Whether a mapping row for users may read it.
pub fn is_of_people(name: &str) -> bool {
    can_be_set(name) || OF_STATE.contains(&name)
}

/// `extensionAttribute1` to `extensionAttribute15`, and `extension_APPLICATION_NAME` of a directory extension.
fn is_extension(name: &str) -> bool {
    let number = name.strip_prefix("extensionAttribute").and_then(|number| number.parse().ok());
    let named = name.strip_prefix("extension_").and_then(|rest| rest.split_once('_'));
    number.is_some_and(|number: usize| (1..=EXTENSIONS).contains(&number))
        || named.is_some_and(|(application, name)| !application.is_empty() && !name.is_empty())
}

/// What [`can_be_set`] accepts, for a sentence.
pub fn settable() -> String {
    format!("{}, extensionAttribute1 to {EXTENSIONS}, extension_APPLICATION_NAME", OF_PEOPLE.join(", "))
}

/// What [`is_of_people`] accepts, for a sentence.
pub fn readable() -> String {
    format!("{}, {}", OF_STATE.join(", "), settable())
}
