//! Which endpoint a path names, and which methods it takes: one table.

use http::Method;
use percent_encoding::percent_decode_str;

/// What stands before namespace and Directory.
const ROOT: [&str; 2] = ["scim", "v2"];
/// In a pattern: any one segment.
const PARAMETER: &str = "{}";

/// An endpoint of a Directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    ServiceProviderConfig,
    ResourceTypes,
    ResourceType,
    Schemas,
    Schema,
    Users,
    UsersSearch,
    User,
    Groups,
    GroupsSearch,
    Group,
    Search,
    Bulk,
    Me,
}

/// The endpoints. The first pattern that fits wins, so that `.search` is no id. HEAD goes wherever GET goes.
const TABLE: &[(&[&str], Endpoint, &str, &[Method])] = &[
    (&["ServiceProviderConfig"], Endpoint::ServiceProviderConfig, "ServiceProviderConfig", &[Method::GET]),
    (&["ResourceTypes"], Endpoint::ResourceTypes, "ResourceTypes", &[Method::GET]),
    (&["ResourceTypes", PARAMETER], Endpoint::ResourceType, "ResourceTypes/{name}", &[Method::GET]),
    (&["Schemas"], Endpoint::Schemas, "Schemas", &[Method::GET]),
    (&["Schemas", PARAMETER], Endpoint::Schema, "Schemas/{urn}", &[Method::GET]),
    (&["Users"], Endpoint::Users, "Users", &[Method::GET, Method::POST]),
    (&["Users", ".search"], Endpoint::UsersSearch, "Users/.search", &[Method::POST]),
    (&["Users", PARAMETER], Endpoint::User, "Users/{id}", ONE),
    (&["Groups"], Endpoint::Groups, "Groups", &[Method::GET, Method::POST]),
    (&["Groups", ".search"], Endpoint::GroupsSearch, "Groups/.search", &[Method::POST]),
    (&["Groups", PARAMETER], Endpoint::Group, "Groups/{id}", ONE),
    (&[".search"], Endpoint::Search, ".search", &[Method::POST]),
    (&["Bulk"], Endpoint::Bulk, "Bulk", &[Method::POST]),
    (&["Me"], Endpoint::Me, "Me", &[Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]),
];

/// The methods of one resource.
const ONE: &[Method] = &[Method::GET, Method::PUT, Method::PATCH, Method::DELETE];

/// A path below a Directory, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) directory: String,
    rest: Vec<String>,
}

/// An endpoint with its parameter, where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    /// The pattern, for the log and the metrics.
    pub(super) label: &'static str,
    pub(super) methods: &'static [Method],
    /// The id, name or URN; empty where there is none.
    pub(super) parameter: String,
}

impl Place {
    /// Reads a path. `prefix` is that of the public URL, which an ingress may have left in. Slashes at the end and
    /// doubled ones mean nothing: administrators type the tenant URL with and without them.
    pub(super) fn read(path: &str, prefix: &str) -> Option<Self> {
        let mut segments = segments(path);
        let prefix = segments_of(prefix);
        if !prefix.is_empty() && segments.clone().take(prefix.len()).eq(prefix.iter().copied()) {
            segments.nth(prefix.len() - 1);
        }
        for expected in ROOT {
            segments.next().filter(|segment| *segment == expected)?;
        }
        let mut decoded = segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned());
        let (namespace, directory) = (decoded.next()?, decoded.next()?);
        Some(Self { namespace, directory, rest: decoded.collect() })
    }

    /// The endpoint of the rest of the path.
    pub(super) fn route(&self) -> Option<Route> {
        let fits = |pattern: &[&str]| {
            pattern.len() == self.rest.len()
                && pattern.iter().zip(&self.rest).all(|(expected, given)| *expected == PARAMETER || expected == given)
        };
        let (pattern, endpoint, label, methods) = TABLE.iter().find(|(pattern, ..)| fits(pattern))?;
        let parameter = pattern.iter().position(|part| *part == PARAMETER).map(|at| self.rest[at].clone());
        Some(Route { endpoint: *endpoint, label, methods, parameter: parameter.unwrap_or_default() })
    }
}

impl Route {
    /// Whether the method fits.
    pub(super) fn takes(&self, method: &Method) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.methods.contains(method)
    }

    /// Whether the method changes a resource. A search does not, though it is a POST.
    pub(super) fn writes(&self, method: &Method) -> bool {
        let is_resource =
            matches!(self.endpoint, Endpoint::Users | Endpoint::User | Endpoint::Groups | Endpoint::Group);
        is_resource && matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
    }

    /// The value of `Allow`.
    pub(super) fn allow(&self) -> String {
        let names = self.methods.iter().map(Method::as_str);
        let names = names.flat_map(|name| if name == "GET" { vec![name, "HEAD"] } else { vec![name] });
        names.collect::<Vec<_>>().join(", ")
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn segments_of(path: &str) -> Vec<&str> {
    segments(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> Option<(&'static str, String)> {
        Place::read(path, "/rollcall")?.route().map(|route| (route.label, route.parameter))
    }

    #[test]
    fn paths_find_their_endpoints() {
        for (path, label, parameter) in [
            ("/scim/v2/acme/staff/Users", "Users", ""),
            ("/scim/v2/acme/staff/Users/", "Users", ""),
            ("//scim/v2//acme/staff//Users", "Users", ""),
            ("/scim/v2/acme/staff/Users/alice-1", "Users/{id}", "alice-1"),
            ("/scim/v2/acme/staff/Users/a%2Fb", "Users/{id}", "a/b"),
            ("/scim/v2/acme/staff/Users/.search", "Users/.search", ""),
            ("/scim/v2/acme/staff/.search", ".search", ""),
            ("/scim/v2/acme/staff/Groups/x", "Groups/{id}", "x"),
            ("/scim/v2/acme/staff/Schemas/urn%3aietf:x:2.0:User", "Schemas/{urn}", "urn:ietf:x:2.0:User"),
            ("/scim/v2/acme/staff/ResourceTypes/User", "ResourceTypes/{name}", "User"),
            ("/scim/v2/acme/staff/Bulk", "Bulk", ""),
            ("/rollcall/scim/v2/acme/staff/Me", "Me", ""),
        ] {
            assert_eq!(route(path), Some((label, parameter.to_owned())), "{path}");
        }
    }

    #[test]
    fn what_is_no_endpoint_finds_none() {
        for path in [
            "/scim/v2/acme/staff",
            "/scim/v2/acme/staff/Nothing",
            "/scim/v2/acme/staff/users",
            "/scim/v2/acme/staff/Users/x/y",
            "/scim/v2/acme/staff/Me/x",
        ] {
            assert!(Place::read(path, "").is_some_and(|place| place.route().is_none()), "{path}");
        }
        for path in
            ["", "/", "*", "/scim/v2", "/scim/v2/acme", "/v2/acme/staff/Users", "/other/scim/v2/acme/staff/Users"]
        {
            assert_eq!(Place::read(path, "/rollcall"), None, "{path}");
        }
    }

    #[test]
    fn a_write_is_what_changes_a_resource() {
        for (path, method, expected) in [
            ("Users", Method::POST, true),
            ("Users/x", Method::PUT, true),
            ("Users/x", Method::PATCH, true),
            ("Users/x", Method::DELETE, true),
            ("Groups", Method::POST, true),
            ("Users", Method::GET, false),
            ("Users/x", Method::HEAD, false),
            ("Users/.search", Method::POST, false),
            ("Groups/.search", Method::POST, false),
            (".search", Method::POST, false),
            ("Bulk", Method::POST, false),
        ] {
            let place = Place::read(&format!("/scim/v2/a/b/{path}"), "").expect("a place");
            assert_eq!(place.route().expect("a route").writes(&method), expected, "{method} {path}");
        }
    }

    #[test]
    fn allow_names_the_methods_that_fit() {
        let route = |path| Place::read(path, "").and_then(|place| place.route()).expect("a route");
        let users = route("/scim/v2/a/b/Users");
        assert_eq!(users.allow(), "GET, HEAD, POST");
        assert!(users.takes(&Method::HEAD) && !users.takes(&Method::TRACE) && !users.takes(&Method::PATCH));
        assert_eq!(route("/scim/v2/a/b/Users/x").allow(), "GET, HEAD, PUT, PATCH, DELETE");
        assert_eq!(route("/scim/v2/a/b/.search").allow(), "POST");
    }
}
