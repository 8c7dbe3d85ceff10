//! `DirectoryApplication`: one application behind an ingress, and who may use it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DirectoryRef;
use super::conditions::conditions;
use super::directory::PortalRole;

/// One application whose proxy asks Rollcall about each request, and who of a Directory may use it. A change acts on the next
/// request.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DirectoryApplication",
    namespaced,
    doc = "One application behind an ingress: its hosts and who may use it.",
    derive = "PartialEq",
    status = "DirectoryApplicationStatus",
    shortname = "dapp",
    category = "rollcall",
    selectable = ".spec.directoryRef.name",
    printcolumn(name = "Directory", type_ = "string", json_path = ".spec.directoryRef.name"),
    printcolumn(name = "Hosts", type_ = "string", json_path = ".spec.hosts"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("size(self.metadata.name) <= 63")
        .message("the name of an application is a part of an address: at most 63 characters"),
    validation = Rule::new("self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
        .message("the name of an application is a part of an address: a-z, 0-9 and '-', no dot")
)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryApplicationSpec {
    /// The Directory whose people use the application. Required and immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("directoryRef is immutable"))]
    pub directory_ref: DirectoryRef,
    /// What the pages call the application, 1 to 100 characters. Default: the first of its hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,
    /// The hosts at which browsers find the application, such as wiki.contoso.example or *.wiki.contoso.example, with a port
    /// where it is not 443; 1 to 16 of at most 253 characters. People are sent back to these after the login and nowhere
    /// else. Required.
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(
        length(min = 1, max = 16),
        inner(
            length(min = 1, max = 253),
            regex(pattern = r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(:[0-9]{1,5})?$")
        )
    )]
    pub hosts: Vec<String>,
    /// How browsers reach the hosts: https (the default), or http for tests on one machine.
    #[serde(default)]
    pub scheme: HostScheme,
    /// Who may use the application. Default: everybody in the Directory who may log in.
    #[serde(default)]
    pub require: Requirement,
    /// Whether access tokens of the provider are accepted beside the session, as spec.login.tokens of the Directory says.
    /// Default false.
    #[serde(default)]
    pub accept_bearer: bool,
    /// Which further headers tell the application who it is: Remote adds Remote-User, Remote-Email, Remote-Name and
    /// Remote-Groups. X-Auth-Request-* always come. At most 1. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 1))]
    pub headers: Vec<HeaderFamily>,
    /// The networks in CIDR form from which proxies may ask about this application, such as 10.0.0.0/8; at most 32 of at most
    /// 64 characters. Default: any that reach the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(network, isCIDR(network))").message("a network is written like 10.0.0.0/8"))]
    #[schemars(length(max = 32), inner(length(min = 1, max = 64)))]
    pub trusted_proxies: Vec<String>,
}

/// How browsers reach an application.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostScheme {
    /// With TLS.
    #[default]
    #[serde(rename = "https")]
    Https,
    /// Without.
    #[serde(rename = "http")]
    Http,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Further headers that tell an application who it is.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFamily {
    /// `Remote-User` and the like.
    Remote,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Who may use an application. Each list that is not empty must be met by one of its entries, and all lists must be met.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Requirement {
    /// Groups of which the person must be a direct member of one, by displayName, whatever its letter case, or by SCIM id; at
    /// most 64 of at most 256 characters. Default: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    pub groups: Vec<String>,
    /// Portal roles of which the person must have one, as it counts for the Directory: ReadOnly, User, Admin, EnterpriseAdmin;
    /// at most 4. Default: any or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 4))]
    pub roles: Vec<PortalRole>,
    /// userTypes of which the person must have one, as it counts for the Directory; at most 32 of at most 256 characters.
    /// Default: any or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 32), inner(length(min = 1, max = 256)))]
    pub user_types: Vec<String>,
    /// People of whom the person must be one, by userName, whatever its letter case, or by SCIM id; at most 256 of at most 256
    /// characters. Default: anybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(max = 256), inner(length(min = 1, max = 256)))]
    pub users: Vec<String>,
}

/// What the operator has seen of an application.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryApplicationStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready; one entry for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}
