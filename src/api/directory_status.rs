//! `Directory.status`: what the operator has seen of a Directory.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conditions::conditions;
use super::provisioning_status::ProvisioningStatus;

/// What the operator has seen of a Directory.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Reconciling, Stalled, LoginReady, and the alarms: Stale, NoUsers, MappingSuspect, OperationsRefused,
    /// ManyDeactivated, AuthenticationFailing, QuotaReached, DuplicateExternalId, MassDeleteBlocked; one entry for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// The tenant URL to enter in the provider's provisioning, at most 2,048 characters. Default: the operator was started
    /// without --public-url and does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub scim_endpoint: Option<String>,
    /// How far the Directory is set up, and what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupStatus>,
    /// What the identity provider's requests did, as of about a minute ago. Default: none has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<ProvisioningStatus>,
    /// Where the provider sends people back to; for the registration. Default: nobody logs in.
    #[serde(default, rename = "redirectURIs", skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<RedirectUris>,
    /// Attributes that are unique beside the name, and how far the operator is in making them so; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["attribute"]))]
    pub unique_attributes: Vec<UniqueAttributeStatus>,
    /// How many resources SCIM shows, as of a moment ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<DirectoryCounts>,
    /// How far each quota of spec.users.quota is used: that of the whole Directory first, then those of userTypes; at most
    /// 33.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 33), extend("x-kubernetes-list-type" = "atomic"))]
    pub quota: Vec<QuotaStatus>,
}

/// Where the provider sends people back to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RedirectUris {
    /// Of the registration's platform Web; at most 4 of at most 2,048 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), inner(length(max = 2048)), extend("x-kubernetes-list-type" = "atomic"))]
    pub web: Vec<String>,
    /// Of the registration's platform Mobile and desktop applications; at most 16 of at most 512 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub native: Vec<String>,
}

/// How far a Directory is set up.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SetupStatus {
    /// The first step that is not done, in a sentence of at most 1,024 characters. Default: all steps are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub next_step: Option<String>,
    /// The steps in their order, those left out that this Directory does not need; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub steps: Vec<SetupStep>,
}

/// One step of the way to a Directory that works.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SetupStep {
    /// DirectoryReady, KeyIssued, FirstContact, FirstUser or LoginReady. Required.
    pub name: SetupStepName,
    /// Whether it is done. Required.
    pub done: bool,
}

/// The steps of the way to a Directory that works.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupStepName {
    /// The condition Ready is True.
    DirectoryReady,
    /// A DirectoryKey opens the Directory for provisioning.
    KeyIssued,
    /// A request with a good key has come.
    FirstContact,
    /// The provider has written a user.
    FirstUser,
    /// The condition LoginReady is True.
    LoginReady,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How many resources SCIM shows.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryCounts {
    /// Users, active or not; deleted ones are not counted. 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub users: i64,
    /// Users who are active. 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub active_users: i64,
    /// Groups. 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub groups: i64,
}

/// How far one quota is used.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct QuotaStatus {
    /// The userType that is counted, 1 to 256 characters. Default: all active users are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub user_type: Option<String>,
    /// How many are active. 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub used: i64,
    /// How many may be, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub limit: i64,
}

/// How far the operator is in making an attribute unique.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct UniqueAttributeStatus {
    /// The attribute, as claims name it; 1 to 300 characters. Required.
    #[schemars(length(min = 1, max = 300))]
    pub attribute: String,
    /// Claiming: values are being claimed, the old rule is in force. InForce: a second use is refused. Required.
    pub state: UniqueAttributeState,
}

/// The two steps in which a rule is turned on.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueAttributeState {
    /// Values are being claimed.
    Claiming,
    /// A second use is refused.
    InForce,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}
