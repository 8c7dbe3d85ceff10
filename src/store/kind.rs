//! The kinds of objects that the store reads, writes and watches, as descriptors.
//!
//! Whatever works on objects takes a descriptor, so a kind that comes, one of Kubernetes itself included, is a constant and
//! no code.

use crate::api::{GROUP, VERSION};
use crate::rules::resource::Resource;

/// Longest name of an object: a DNS subdomain.
const MAX_NAME: usize = 253;
/// Longest name of a namespace: a DNS label.
const MAX_LABEL: usize = 63;

/// Whether the objects of a kind lie in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KindScope {
    /// Each lies in one.
    Namespaced,
    /// They belong to the whole cluster.
    Cluster,
}

/// One kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The API group; empty for the core group of Kubernetes.
    pub group: &'static str,
    /// The version in which the objects are read and written.
    pub version: &'static str,
    /// `kind`, as objects state it.
    pub name: &'static str,
    /// As URLs and kubectl have it; also the label of metrics and the word of log lines.
    pub plural: &'static str,
    /// Whether its objects lie in namespaces.
    pub scope: KindScope,
}

impl Kind {
    /// A tenant.
    pub const DIRECTORY: Self = Self::ours("Directory", "directories");
    /// A credential.
    pub const KEY: Self = Self::ours("DirectoryKey", "directorykeys");
    /// A person.
    pub const USER: Self = Self::ours("DirectoryUser", "directoryusers");
    /// A group.
    pub const GROUP: Self = Self::ours("DirectoryGroup", "directorygroups");
    /// One taken unique value.
    pub const CLAIM: Self = Self::ours("DirectoryClaim", "directoryclaims");
    /// An application behind an ingress.
    pub const APPLICATION: Self = Self::ours("DirectoryApplication", "directoryapplications");
    /// What would have been done to a Directory that is observed. Read when it is written, and never watched.
    pub const REPORT: Self = Self::ours("DirectoryReport", "directoryreports");
    /// A Secret of Kubernetes. Read one by one and never watched: other people's are none of the operator's business.
    pub const SECRET: Self = Self::of_kubernetes("", "Secret", "secrets");
    /// An Event of Kubernetes: what happened to an object, for whoever describes it.
    pub const EVENT: Self = Self::of_kubernetes("events.k8s.io", "Event", "events");

    /// What elects a leader. Only commands that a person runs read it this way; replicas use [`super::lease`].
    pub const LEASE: Self = Self::of_kubernetes("coordination.k8s.io", "Lease", "leases");
    /// A pod of Kubernetes. Only commands that a person runs read it.
    pub const POD: Self = Self::of_kubernetes("", "Pod", "pods");

    /// The kinds that are watched. An index is believed only while all of them are fresh.
    pub const WATCHED: [Self; 6] =
        [Self::DIRECTORY, Self::KEY, Self::APPLICATION, Self::USER, Self::GROUP, Self::CLAIM];

    const fn ours(name: &'static str, plural: &'static str) -> Self {
        Self { group: GROUP, version: VERSION, name, plural, scope: KindScope::Namespaced }
    }

    const fn of_kubernetes(group: &'static str, name: &'static str, plural: &'static str) -> Self {
        Self { group, version: "v1", name, plural, scope: KindScope::Namespaced }
    }

    /// Group and version, as objects state them.
    pub fn api_version(self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The kind whose objects hold the resources of this type.
    pub fn of(resource: Resource) -> Self {
        match resource {
            Resource::User => Self::USER,
            Resource::Group => Self::GROUP,
        }
    }

    /// The type of the resources that objects of this kind hold, if they hold any.
    pub fn resource(self) -> Option<Resource> {
        [Resource::User, Resource::Group].into_iter().find(|resource| Self::of(*resource) == self)
    }

    /// The path of all objects, in one namespace or in all; nothing where there can be no such namespace.
    pub(super) fn collection_path(self, namespace: Option<&str>) -> Option<String> {
        let Self { group, version, plural, .. } = self;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match (self.scope, namespace) {
            (KindScope::Cluster, _) | (KindScope::Namespaced, None) => Some(format!("{root}/{plural}")),
            (KindScope::Namespaced, Some(namespace)) => {
                is_label(namespace).then(|| format!("{root}/namespaces/{namespace}/{plural}"))
            }
        }
    }

    /// The path of one object; nothing where no object can have the name. Names come out of clients' URLs: one like `../x`
    /// must not lead elsewhere, and a DNS name needs no escapes. The namespace of an object of the whole cluster is ignored.
    pub(super) fn object_path(self, namespace: &str, name: &str) -> Option<String> {
        let collection = self.collection_path(Some(namespace))?;
        is_subdomain(name).then(|| format!("{collection}/{name}"))
    }
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('.').all(is_part)
}

fn is_label(name: &str) -> bool {
    name.len() <= MAX_LABEL && is_part(name)
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('-')
        && !part.ends_with('-')
        && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_an_object_can_have_become_a_path() {
        let long_label = "a".repeat(MAX_LABEL + 1);
        let cases = [
            ("an id", "staff", "alice-able-bcdfghjklmnpqr", true),
            ("a subdomain", "staff", "a.b-c.9", true),
            ("a label of 63", "staff", &long_label[1..], true),
            ("a path", "staff", "../x", false),
            ("two dots", "staff", "..", false),
            ("a slash", "staff", "a/b", false),
            ("an escape", "staff", "a%2fb", false),
            ("a query", "staff", "a?watch=true", false),
            ("a fragment", "staff", "a#b", false),
            ("nothing", "staff", "", false),
            ("capitals", "staff", "Alice", false),
            ("a dash in front", "staff", "-a", false),
            ("a dash behind", "staff", "a-", false),
            ("a letter that DNS lacks", "staff", "é", false),
            ("a line end", "staff", "a\r\nb", false),
            ("a namespace that leads elsewhere", "a/../b", "alice", false),
            ("a namespace with a dot", "a.b", "alice", false),
            ("a namespace of 64", &long_label, "alice", false),
        ];
        for (case, namespace, name, valid) in cases {
            let path = Kind::USER.object_path(namespace, name);
            let expected = format!("/apis/rollcall.dev/v1alpha1/namespaces/{namespace}/directoryusers/{name}");
            assert_eq!(path, valid.then_some(expected), "{case}");
        }
        assert!(is_subdomain(&"a".repeat(MAX_NAME)));
        assert!(!is_subdomain(&"a".repeat(MAX_NAME + 1)));
    }

    #[test]
    fn group_version_and_scope_make_the_path_of_any_kind() {
        let kind = |group, version, plural, scope| Kind { group, version, name: "", plural, scope };
        for (kind, namespace, expected) in [
            (Kind::DIRECTORY, None, "/apis/rollcall.dev/v1alpha1/directories/x"),
            (Kind::SECRET, Some("staff"), "/api/v1/namespaces/staff/secrets/x"),
            (Kind::EVENT, Some("staff"), "/apis/events.k8s.io/v1/namespaces/staff/events/x"),
            (
                kind("rbac.authorization.k8s.io", "v1", "clusterroles", KindScope::Cluster),
                Some("staff"),
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
            ),
        ] {
            let collection = kind.collection_path(namespace).expect("a path");
            assert_eq!(format!("{collection}/x"), expected);
        }
    }

    #[test]
    fn users_and_groups_are_the_kinds_that_hold_resources() {
        let holders: Vec<_> = Kind::WATCHED.into_iter().filter_map(Kind::resource).collect();
        assert_eq!(holders, [Resource::User, Resource::Group]);
    }
}
