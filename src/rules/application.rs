//! Who may use an application, and which hosts are its own.
//!
//! This comes on top of [`super::access::decide()`]: it is asked about people who have access to the Directory.

use super::naming::canonical;
use super::profile::Profile;
use crate::api::DirectoryApplicationSpec;
use crate::api::directory_application::{HostScheme, Requirement};

/// Why a person who has access to the Directory may not use an application: the first list that is not met, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyDenial {
    /// `require.users` does not name the person.
    Users,
    /// The person is a direct member of none of `require.groups`.
    Groups,
    /// The person has none of `require.roles`.
    Roles,
    /// The person has none of `require.userTypes`.
    UserTypes,
}

impl PolicyDenial {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "NotAmongUsers",
            Self::Groups => "NotInGroups",
            Self::Roles => "RoleMissing",
            Self::UserTypes => "UserTypeMissing",
        }
    }
}

/// Whether a person meets every list that is not empty. `is_member_of_any` is asked only where groups are required: it looks
/// at the whole membership, whatever part of it fits into a header.
pub fn decide(
    require: &Requirement,
    id: &str,
    profile: &Profile,
    is_member_of_any: impl FnOnce(&[String]) -> bool,
) -> Result<(), PolicyDenial> {
    let Requirement { groups, roles, user_types, users } = require;
    if !users.is_empty() && !names_user(users, id, profile.user_name.as_deref()) {
        return Err(PolicyDenial::Users);
    }
    if !groups.is_empty() && !is_member_of_any(groups) {
        return Err(PolicyDenial::Groups);
    }
    // A role that a newer version wrote is nobody's: `Profile` never holds it.
    if !roles.is_empty() && !profile.portal_role.is_some_and(|role| roles.contains(&role)) {
        return Err(PolicyDenial::Roles);
    }
    let has_type = |user_type: &String| user_types.contains(user_type);
    if !user_types.is_empty() && !profile.user_type.as_ref().is_some_and(has_type) {
        return Err(PolicyDenial::UserTypes);
    }
    Ok(())
}

/// Whether a list names a user by SCIM id, or by userName in any letter case.
fn names_user(users: &[String], id: &str, user_name: Option<&str>) -> bool {
    if users.iter().any(|user| user == id) {
        return true;
    }
    let Some(user_name) = user_name.map(canonical) else { return false };
    users.iter().any(|user| canonical(user) == user_name)
}

/// The host of this application that a request was made for, in the form in which it stands in an address: lower case,
/// without the port that the scheme implies. Nothing where it is none of the application's.
pub fn own_host(application: &DirectoryApplicationSpec, asked: &str) -> Option<String> {
    let asked = without_default_port(asked, application.scheme.counts_as()).to_ascii_lowercase();
    let is_own = is_host(&asked) && application.hosts.iter().any(|host| covers(application, host, &asked));
    is_own.then_some(asked)
}

/// A host at which the application can be reached: the first that is no pattern. Nothing where all are patterns.
pub fn first_host(application: &DirectoryApplicationSpec) -> Option<&str> {
    let hosts = application.hosts.iter().map(|host| without_default_port(host, application.scheme.counts_as()));
    hosts.into_iter().find(|host| !host.starts_with("*."))
}

/// The origin of one of the application's hosts.
pub fn origin(application: &DirectoryApplicationSpec, host: &str) -> String {
    match application.scheme.counts_as() {
        HostScheme::Http => format!("http://{host}"),
        HostScheme::Https | HostScheme::Unknown => format!("https://{host}"),
    }
}

/// Whether an entry of `hosts` covers a host. `*.wiki.example` covers any name below `wiki.example` and not that name itself.
fn covers(application: &DirectoryApplicationSpec, entry: &str, host: &str) -> bool {
    let entry = without_default_port(entry, application.scheme.counts_as());
    match entry.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => entry == host,
    }
}

fn without_default_port(host: &str, scheme: HostScheme) -> &str {
    let port = default_port(scheme).to_string();
    host.strip_suffix(&port).and_then(|name| name.strip_suffix(':')).unwrap_or(host)
}

/// The port of a host that names none.
pub fn default_port(scheme: HostScheme) -> u16 {
    match scheme {
        HostScheme::Http => 80,
        HostScheme::Https | HostScheme::Unknown => 443,
    }
}

/// Longest host with its port.
const MAX_HOST: usize = 259;

/// Whether a text is a host name with a port or without: labels of letters, digits and inner dashes. A pattern would match
/// more than that at its start.
fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_label = |label: &str| {
        let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_port = !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= MAX_HOST && is_port && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::DirectorySpec;

    fn profile(scim: &Value) -> Profile {
        Profile::read(scim.to_string().as_bytes(), &DirectorySpec::default()).expect("a body")
    }

    fn application(hosts: &[&str], scheme: &str) -> DirectoryApplicationSpec {
        let spec = json!({ "directoryRef": { "name": "staff" }, "hosts": hosts, "scheme": scheme });
        serde_json::from_value(spec).expect("a spec")
    }

    #[test]
    fn a_person_meets_every_list_that_is_not_empty() {
        use PolicyDenial::{Groups, Roles, UserTypes, Users};
        let ada = json!({ "userName": "Ada@Contoso.example", "userType": "Premium", "roles": [{ "value": "Admin" }] });
        let nobody = json!({ "userName": "bob@contoso.example" });
        for (name, require, scim, is_member, expected) in [
            ("nothing is required", json!({}), &nobody, false, Ok(())),
            ("a group, and a member", json!({ "groups": ["Wiki"] }), &nobody, true, Ok(())),
            ("a group, and no member", json!({ "groups": ["Wiki"] }), &ada, false, Err(Groups)),
            ("a role that she has", json!({ "roles": ["User", "Admin"] }), &ada, false, Ok(())),
            ("a role that she does not have", json!({ "roles": ["User"] }), &ada, false, Err(Roles)),
            ("a higher role is no lower one", json!({ "roles": ["ReadOnly"] }), &ada, false, Err(Roles)),
            ("a role, and a person without", json!({ "roles": ["ReadOnly"] }), &nobody, false, Err(Roles)),
            ("a role of a newer version", json!({ "roles": ["Emperor"] }), &ada, false, Err(Roles)),
            ("a type", json!({ "userTypes": ["Premium"] }), &ada, false, Ok(())),
            ("a type in another letter case", json!({ "userTypes": ["premium"] }), &ada, false, Err(UserTypes)),
            ("a type, and a person without", json!({ "userTypes": ["Premium"] }), &nobody, false, Err(UserTypes)),
            ("a userName", json!({ "users": ["ADA@contoso.example"] }), &ada, false, Ok(())),
            ("an id", json!({ "users": ["ada-1"] }), &ada, false, Ok(())),
            ("an id in another letter case", json!({ "users": ["ADA-1"] }), &ada, false, Err(Users)),
            ("another's userName", json!({ "users": ["eve@contoso.example"] }), &ada, false, Err(Users)),
            ("two lists, both met", json!({ "groups": ["Wiki"], "userTypes": ["Premium"] }), &ada, true, Ok(())),
            (
                "two lists, one met",
                json!({ "groups": ["Wiki"], "userTypes": ["Premium"] }),
                &nobody,
                true,
                Err(UserTypes),
            ),
            ("two lists, none met", json!({ "groups": ["Wiki"], "users": ["eve"] }), &ada, false, Err(Users)),
        ] {
            let require = serde_json::from_value(require).expect(name);
            assert_eq!(decide(&require, "ada-1", &profile(scim), |_| is_member), expected, "{name}");
        }
    }

    #[test]
    fn a_host_is_an_application_s_own_or_it_is_none() {
        let hosts = ["wiki.contoso.example", "*.apps.contoso.example", "dev.contoso.example:8443"];
        let wiki = application(&hosts, "https");
        for (asked, expected) in [
            ("wiki.contoso.example", Some("wiki.contoso.example")),
            ("WIKI.Contoso.example", Some("wiki.contoso.example")),
            ("wiki.contoso.example:443", Some("wiki.contoso.example")),
            ("wiki.contoso.example:80", None),
            ("a.apps.contoso.example", Some("a.apps.contoso.example")),
            ("a.b.apps.contoso.example", Some("a.b.apps.contoso.example")),
            ("apps.contoso.example", None),
            (".apps.contoso.example", None),
            ("evil.example/.apps.contoso.example", None),
            ("evil.example@a.apps.contoso.example", None),
            ("evil.example\\.apps.contoso.example", None),
            ("-.apps.contoso.example", None),
            ("a.apps.contoso.example:1", None),
            ("dev.contoso.example:8443", Some("dev.contoso.example:8443")),
            ("dev.contoso.example", None),
            ("wiki.contoso.example.evil.example", None),
            ("wiki.contoso.example:443:443", None),
            ("wiki.contoso.example:", None),
            ("", None),
        ] {
            assert_eq!(own_host(&wiki, asked).as_deref(), expected, "{asked}");
        }
        let plain = application(&["localhost:8080", "app.localhost:80"], "http");
        for (asked, expected) in [
            ("localhost:8080", Some("localhost:8080")),
            ("app.localhost", Some("app.localhost")),
            ("app.localhost:443", None),
        ] {
            assert_eq!(own_host(&plain, asked).as_deref(), expected, "{asked}");
        }
    }

    #[test]
    fn the_address_of_an_application_is_its_first_host_that_is_no_pattern() {
        for (hosts, scheme, expected) in [
            (&["*.a.example", "b.example:443"][..], "https", Some("https://b.example")),
            (&["a.example:8080"], "http", Some("http://a.example:8080")),
            (&["*.a.example"], "https", None),
        ] {
            let application = application(hosts, scheme);
            let address = first_host(&application).map(|host| origin(&application, host));
            assert_eq!(address.as_deref(), expected, "{hosts:?}");
        }
    }
}
