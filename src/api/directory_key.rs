//! `DirectoryKey`: one credential for exactly one Directory.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DirectoryRef;
use super::conditions::conditions;

/// Most characters of `displayName`.
pub const MAX_DISPLAY_NAME: usize = 100;
/// Most characters of `description`.
pub const MAX_DESCRIPTION: usize = 250;

/// One credential for the SCIM endpoint of one Directory. Only the hash of the secret is here, so the manifest can be
/// committed.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DirectoryKey",
    namespaced,
    doc = "One credential for exactly one Directory; only the SHA-256 of its secret is here.",
    derive = "PartialEq",
    status = "DirectoryKeyStatus",
    shortname = "dkey",
    category = "rollcall",
    selectable = ".spec.directoryRef.name",
    printcolumn(name = "Directory", type_ = "string", json_path = ".spec.directoryRef.name"),
    printcolumn(name = "DisplayName", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expires"),
    printcolumn(name = "LastUsed", type_ = "date", json_path = ".status.lastUsed"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.sha256) || has(self.mint)").message("give sha256 (rollcall key new prints it) or mint"))]
#[x_kube(validation = Rule::new("!has(oldSelf.sha256) || (has(self.sha256) && self.sha256 == oldSelf.sha256)").message("a key's hash never changes: make a new DirectoryKey"))]
#[x_kube(validation = Rule::new("!has(self.notBefore) || !has(self.expiresAt) || self.notBefore < self.expiresAt").message("notBefore must be earlier than expiresAt"))]
pub struct DirectoryKeySpec {
    /// The one Directory that the key opens. Required and immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("directoryRef is immutable: make a new DirectoryKey"))]
    pub directory_ref: DirectoryRef,
    /// Lower-case hex SHA-256 of the whole secret, 64 characters. Default: none; required unless the key is minted, and
    /// set once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 64, max = 64), regex(pattern = "^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
    /// Lets the operator make the secret, once, and write its hash into sha256. Default: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mint: Option<Mint>,
    /// From when on the key is valid, an RFC 3339 time. Default: from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Until when the key is valid, an RFC 3339 time later than notBefore. Default: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Whether the key is void. Default false. It takes effect at once. Taking it back opens the key again, for whoever
    /// has the secret: where a secret may be known to others, make a new DirectoryKey and leave this one revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// A name that people recognise, 1 to 100 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = MAX_DISPLAY_NAME))]
    pub display_name: Option<String>,
    /// What the key is for, up to 250 characters. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = MAX_DESCRIPTION))]
    pub description: Option<String>,
    /// What the key may do: provision (the default), introspect; 1 to 8, each once.
    #[serde(default = "default_scopes")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(min = 1, max = 8))]
    pub scopes: Vec<Scope>,
}

fn default_scopes() -> Vec<Scope> {
    vec![Scope::Provision]
}

/// What a key may do.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read and write users and groups over SCIM.
    #[serde(rename = "provision")]
    Provision,
    /// Ask whether a token is good and whose it is (RFC 7662).
    #[serde(rename = "introspect")]
    Introspect,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How the operator makes a secret.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Mint {
    /// The Secret that is made in the namespace of the key, with the secret under token; a Kubernetes name of 1 to 253
    /// characters. A Secret of this name that somebody else made is never touched: the key is not made then, and its
    /// condition Ready says so. Required.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub secret_name: String,
    /// How long after it was made the Secret is deleted again, such as 24h; at most 87600h. Default: never. The annotation
    /// rollcall.dev/delivered on the key deletes it at once. The key goes on working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"))]
    #[x_kube(validation = Rule::new("size(self) > 0 && duration(self) <= duration('87600h')")
        .message("deleteSecretAfter is a duration such as 24h, at most 87600h"))]
    pub delete_secret_after: Option<String>,
}

/// How the minted keys of a Directory follow one another.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(self.overlap.endsWith('d') ? int(self.overlap.replace('d', '')) * 24 : int(self.overlap.replace('h', ''))) \
    < (self.every.endsWith('d') ? int(self.every.replace('d', '')) * 24 : int(self.every.replace('h', '')))")
    .message("overlap must be shorter than every"))]
pub struct KeyRotation {
    /// How old a minted key becomes before a successor is made, in days or hours such as 90d or 720h; 24h to 3650d. It is
    /// counted from notBefore of the key, or from its creation. Required.
    #[schemars(length(min = 2, max = 6), regex(pattern = "^[0-9]{1,5}[dh]$"))]
    #[x_kube(validation = Rule::new("!self.matches('^[0-9]{1,5}[dh]$') || \
        ((self.endsWith('d') ? int(self.replace('d', '')) * 24 : int(self.replace('h', ''))) >= 24 && \
        (self.endsWith('d') ? int(self.replace('d', '')) * 24 : int(self.replace('h', ''))) <= 87600)")
        .message("every is 24h to 3650d"))]
    pub every: String,
    /// How long a key works beside its successor, in days or hours such as 14d; 1h or more, and shorter than every. It begins
    /// when the successor has its secret. Required.
    #[schemars(length(min = 2, max = 6), regex(pattern = "^[0-9]{1,5}[dh]$"))]
    #[x_kube(validation = Rule::new("!self.matches('^[0-9]{1,5}[dh]$') || int(self.replace('d', '').replace('h', '')) >= 1")
        .message("overlap is at least 1h"))]
    pub overlap: String,
}

/// What the operator has seen of a key.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryKeyStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What the key is good for: Active, Expiring (Active, and it ends within 30 days), NotYetValid, Expired, Revoked, Minting,
    /// MintFailed or NoDirectory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub state: Option<String>,
    /// When the key ends: spec.expiresAt, or Never for a permanent key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub expires: Option<String>,
    /// When the key last opened its Directory; it is written at most about once an hour, so it may be an hour old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Time>,
    /// Ready, Expiring, Delivered, Reconciling, Stalled; one entry for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}
