//! `DirectoryUser`: one person.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::DirectoryRef;
use super::conditions::conditions;
use super::directory::PortalRole;
use super::scim_user::ScimUser;

/// One person. `metadata.name` is the SCIM id: it never changes and is never used again.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DirectoryUser",
    namespaced,
    doc = "One person. metadata.name is the SCIM id.",
    derive = "PartialEq",
    status = "DirectoryUserStatus",
    shortname = "duser",
    category = "rollcall",
    selectable = ".spec.directoryRef.name",
    selectable = ".spec.scim.userName",
    selectable = ".spec.scim.externalId",
    selectable = ".spec.scim.active",
    selectable = ".spec.suspended",
    printcolumn(name = "UserName", type_ = "string", json_path = ".spec.scim.userName"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(
        name = "Access",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='AccessGranted')].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='AccessGranted')].reason",
        priority = "1"
    ),
    printcolumn(name = "Since", type_ = "date", json_path = ".status.stateSince"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Directory", type_ = "string", json_path = ".spec.directoryRef.name", priority = "1"),
    printcolumn(name = "DisplayName", type_ = "string", json_path = ".spec.scim.displayName", priority = "1"),
    validation = Rule::new("size(self.metadata.name) <= 63")
        .message("metadata.name is the SCIM id: at most 63 characters"),
    validation = Rule::new("!has(self.metadata.generateName)").message("generateName is not supported: the name is the SCIM id")
)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryUserSpec {
    /// The Directory that the person belongs to. Required and immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("directoryRef is immutable"))]
    pub directory_ref: DirectoryRef,
    /// Who writes spec.scim: the SCIM endpoint (Provisioning) or people (People, a built-in account). Required.
    pub managed_by: ManagedBy,
    /// What the identity provider says about the person, as it was sent, under the names of RFC 7643. Replaced as a
    /// whole by its one owner. Required.
    #[x_kube(merge_strategy = MapMerge::Atomic)]
    pub scim: ScimUser,
    /// The ids of the groups that the person is a direct member of, sorted; at most 2,048 of at most 63 characters. The
    /// identity provider's. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2048), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub member_of: Vec<String>,
    /// Whether an administrator keeps the person out, whatever the identity provider says. Default false. The operator
    /// never writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
    /// How the person logs in: OpenIDConnect or BuiltIn. An administrator's. Default: as the Directory says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LoginMethod")]
    pub login_method: Option<LoginMethod>,
    /// Asks for a one-time link with which the person sets a password. An administrator's. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// The account of the identity provider that first logged in as this person. The operator's. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Write-ahead mark of a change in progress: claimed attribute to wanted value; at most 8, of at most 300 and 2,048
    /// characters. The operator's. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "pending")]
    #[x_kube(validation = Rule::new("self.all(attribute, size(attribute) >= 1 && size(attribute) <= 300)")
        .message("a claimed attribute has 1 to 300 characters"))]
    pub pending: BTreeMap<String, String>,
    /// When the person was deleted over SCIM, an RFC 3339 time: a tombstone, hidden from SCIM, its values free. The
    /// operator's; the annotation rollcall.dev/undelete asks it to bring the person back. Purged after the Directory's
    /// retention. Default: not deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// Whether the object lost its name before it was ever acknowledged; it is looked at once more and then removed. The
    /// operator's. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<bool>,
    /// A counter, 0 to 2^53 - 1: sessions that carry an older one are over. Raised by the write that ends them. The
    /// operator's. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub session_epoch: Option<i64>,
    /// Sessions that were signed out before they would have ended by themselves; at most 16. The operator's. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["id".into()]))]
    #[schemars(length(max = 16))]
    pub ended_sessions: Vec<EndedSession>,
    /// Set when the portal keeps the person out. The operator's. Default: not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_suspension: Option<PortalSuspension>,
    /// The request over SCIM that last deactivated or deleted the person. The operator's. Default: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_deactivation: Option<LastDeactivation>,
}

pub(super) fn pending(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 8,
        "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 2048 },
    })
}

/// Who writes `spec.scim`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedBy {
    /// The SCIM endpoint.
    Provisioning,
    /// People.
    People,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How a person logs in.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMethod {
    /// At the identity provider.
    OpenIDConnect,
    /// With a password of ours.
    BuiltIn,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// A one-time link with which a person sets a password.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The Secret that will hold the link, a Kubernetes name of 1 to 253 characters. Required.
    #[schemars(length(min = 1, max = 253), regex(pattern = "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"))]
    pub secret_name: String,
    /// Until when the link works, an RFC 3339 time at most 72 hours ahead. Required.
    pub expires_at: Time,
}

/// An account of the identity provider, by what never changes about it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The tenant's id, 1 to 64 characters. Required.
    #[serde(rename = "tenantID")]
    #[schemars(length(min = 1, max = 64))]
    pub tenant_id: String,
    /// The account's object id, 1 to 64 characters. Required.
    #[serde(rename = "objectID")]
    #[schemars(length(min = 1, max = 64))]
    pub object_id: String,
    /// When the two were joined, an RFC 3339 time. Required.
    pub linked_at: Time,
    /// What joined them, up to 64 characters. Required.
    #[schemars(length(min = 1, max = 64))]
    pub by: String,
}

/// A session that was signed out.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EndedSession {
    /// The session's id, 1 to 64 characters. Required.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// When the session would have ended by itself, an RFC 3339 time: nothing is kept of it after that. Required.
    pub until: Time,
}

/// Why and since when the portal keeps a person out.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PortalSuspension {
    /// Since when, an RFC 3339 time. Required.
    pub at: Time,
    /// The id of the person who did it, up to 63 characters. Required.
    #[schemars(length(min = 1, max = 63))]
    pub by: String,
    /// Why, up to 1,024 characters. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
}

/// The request over SCIM that last deactivated or deleted a person.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastDeactivation {
    /// When, an RFC 3339 time. Required.
    pub at: Time,
    /// The method of the request, such as PATCH or DELETE, 1 to 16 characters. Required.
    #[schemars(length(min = 1, max = 16))]
    pub method: String,
    /// The DirectoryKey that the request came with, up to 253 characters. Required.
    #[schemars(length(max = 253))]
    pub key: String,
    /// The id under which the log and the answer's header X-Request-Id speak of the request, up to 128 characters. Required.
    #[serde(rename = "requestID")]
    #[schemars(length(max = 128))]
    pub request_id: String,
}

/// What a person is, in one word: the first that holds, in the order Deleted, Conflict, Inactive, Suspended, Active.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    /// Nothing about the person keeps them out.
    Active,
    /// The identity provider deactivated the person.
    Inactive,
    /// An administrator or the portal keeps the person out.
    Suspended,
    /// The person was deleted: a tombstone.
    Deleted,
    /// Another object has a value that must be unique.
    Conflict,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What the operator concludes about a person. Absent until a new object owns its name.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryUserStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What the person is, in one word. Required once there is a status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UserState")]
    pub state: Option<UserState>,
    /// Since when the state is what it is, an RFC 3339 time. A restore loses it; deletions and deactivations over SCIM keep
    /// theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Time>,
    /// Ready, with Stalled beside it where somebody has to change something, and AccessGranted where people log in to the
    /// Directory; one entry for each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// What counts for this person under the Directory's policy, where that is not what was sent or says more. Default: what
    /// was sent counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<EffectiveUser>,
    /// What became of spec.invitation. Default: nobody was invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationStatus>,
}

/// What became of an invitation. Of the link only a digest is here.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct InvitationStatus {
    /// The Secret with the link, as spec.invitation named it, 1 to 253 characters. Required.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// spec.invitation.expiresAt when the link was made, an RFC 3339 time: another one asks for a new link. Required.
    pub asked_until: Time,
    /// Until when the link works, an RFC 3339 time: at most 72 hours after it was made. Required.
    pub expires_at: Time,
    /// The SHA-256 of the link's token, 64 hexadecimal digits. Default: no link was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 64, max = 64))]
    pub token_digest: Option<String>,
    /// When the link was used, an RFC 3339 time. Default: not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Time>,
    /// Why no link could be made, a sentence of at most 1,024 characters. Default: nothing is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub problem: Option<String>,
}

/// What counts for a person under the policy of its Directory; spec.scim keeps what was sent.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveUser {
    /// The userType that the person counts as, up to 1,024 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub user_type: Option<String>,
    /// The role in the portal: ReadOnly, User, Admin or EnterpriseAdmin. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PortalRole")]
    pub portal_role: Option<PortalRole>,
    /// The declared extensions by their URN, at most 32, with the values that their attributes count as. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "extensions")]
    pub extensions: BTreeMap<String, serde_json::Value>,
    /// What was sent and does not count as it was sent, in sentences; at most 32 of at most 4,096 characters. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 4096)), extend("x-kubernetes-list-type" = "atomic"))]
    pub notes: Vec<String>,
}

fn extensions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 32,
        "additionalProperties": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
    })
}
