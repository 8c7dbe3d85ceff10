//! `Directory.status.provisioning`: what the identity provider's requests did, as of about a minute ago.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most earlier cycles that are kept.
pub const MAX_EARLIER_CYCLES: usize = 3;
/// Longest name, request, reason and identifier in characters.
pub const MAX_TEXT: usize = 256;
/// Longest answer that is kept, in characters.
pub const MAX_DETAIL: usize = 1024;
/// The largest whole number that every reader of JSON knows exactly.
pub const MAX_COUNT: i64 = 9_007_199_254_740_991;

/// What the identity provider's requests did. Each replica adds what it saw, at most once a minute for each Directory; a
/// replica that is killed loses what it had not added yet.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningStatus {
    /// When a replica last added what it saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Time>,
    /// When the last request with a good key came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact: Option<Time>,
    /// When such a request was last carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Time>,
    /// The last request that was not carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
    /// The cycle under way, or the last one. A cycle is a row of requests with less than five minutes between one and the
    /// next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycle: Option<Cycle>,
    /// The cycles before it, the newest first; at most 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "atomic"))]
    pub earlier_cycles: Vec<Cycle>,
    /// The usual time from the beginning of one cycle to the next, in seconds, 0 or more. Default: it is not known before
    /// the third cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub cadence_seconds: Option<i64>,
    /// The last row of requests whose credentials did not open the Directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_authentications: Option<FailedAuthentications>,
}

/// A request that was not carried out.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastError {
    /// When it was answered. Required.
    pub time: Time,
    /// Method and path, without the values in it; at most 256 characters. Required.
    #[schemars(length(max = 256))]
    pub request: String,
    /// Whom or what it was about: userName, displayName, or the SCIM id; at most 256 characters. Default: it named nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub subject: Option<String>,
    /// The status of the answer, 400 to 599. Required.
    #[schemars(range(min = 400, max = 599))]
    pub status: i32,
    /// The `scimType` of the answer, at most 64 characters. Default: it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub scim_type: Option<String>,
    /// The sentence of the answer without the values that it quotes, and of a 5xx the reason; at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub detail: Option<String>,
    /// The `X-Request-Id` of the answer, which the log has as well; at most 256 characters. Required.
    #[serde(rename = "requestID")]
    #[schemars(length(max = 256))]
    pub request_id: String,
    /// The DirectoryKey of the request, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub key: Option<String>,
}

/// One cycle of the identity provider, in numbers of requests.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Cycle {
    /// When its first request came. Required.
    pub started_at: Time,
    /// When its last request came, so far. Required.
    pub last_request_at: Time,
    /// Initial until the first cycle that stored something has ended, then Incremental. Required.
    pub phase: CyclePhase,
    /// All requests with a good key.
    #[serde(flatten)]
    pub counts: CycleCounts,
}

/// What the requests of a cycle came to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CycleCounts {
    /// Requests with a good key, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub requests: i64,
    /// Those that created a user or a group, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub created: i64,
    /// Those that changed one, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub updated: i64,
    /// Those that deactivated a user, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub deactivated: i64,
    /// Those that deleted a user or a group, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub deleted: i64,
    /// Writes that were refused with a 4xx, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub refused: i64,
    /// Requests that were answered with a 5xx, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub failed: i64,
}

/// What a cycle is for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CyclePhase {
    /// Everybody comes for the first time.
    Initial,
    /// Changes alone come.
    Incremental,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// A row of requests whose credentials did not open the Directory, with less than ten minutes between one and the next.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FailedAuthentications {
    /// How many there were, 0 or more. Required.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub count: i64,
    /// When the first one came. Required.
    pub first_time: Time,
    /// When the last one came. Required.
    pub last_time: Time,
    /// What was wrong with the last one, as the log and the metric spell it, such as unknown_key; at most 64 characters.
    /// Required.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// The DirectoryKey that the last one named, at most 256 characters. Default: its secret is that of no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub key: Option<String>,
}
