//! `DirectoryReport`: what provisioning would have done to a Directory that is observed.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::DirectoryRef;
use super::conditions::conditions;

/// What provisioning would have done to one Directory with `provisioning.mode: Observe`. It has the name of its Directory, and
/// the operator makes and writes it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DirectoryReport",
    namespaced,
    doc = "What provisioning would have done to a Directory that is observed. Written by the operator alone.",
    derive = "PartialEq",
    status = "DirectoryReportStatus",
    shortname = "dreport",
    category = "rollcall",
    selectable = ".spec.directoryRef.name",
    printcolumn(name = "Create", type_ = "integer", json_path = ".status.users.wouldCreate"),
    printcolumn(name = "Change", type_ = "integer", json_path = ".status.users.wouldChange"),
    printcolumn(name = "Deactivate", type_ = "integer", json_path = ".status.users.wouldDeactivate"),
    printcolumn(name = "Delete", type_ = "integer", json_path = ".status.users.wouldDelete"),
    printcolumn(name = "Refuse", type_ = "integer", json_path = ".status.users.wouldRefuse"),
    printcolumn(name = "Groups", type_ = "integer", json_path = ".status.groups.wouldCreate"),
    printcolumn(name = "Cycles", type_ = "integer", json_path = ".status.completeCycles"),
    printcolumn(name = "LastRequest", type_ = "date", json_path = ".status.lastRequestAt"),
    printcolumn(name = "Ended", type_ = "date", json_path = ".status.endedAt", priority = "1"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryReportSpec {
    /// The Directory that is observed. Required and immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("directoryRef is immutable"))]
    pub directory_ref: DirectoryRef,
}

/// What would have been done since `startedAt`, compared with what is in the cluster.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectoryReportStatus {
    /// The generation of this object that the operator has seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation of the Directory by whose mode the report goes on or has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub directory_generation: Option<i64>,
    /// When the observation began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When the observation ended: the mode of the Directory is another one. The next observation replaces the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// When the identity provider last sent a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_request_at: Option<Time>,
    /// When it last sent a request that would have written something if it had been accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_write_at: Option<Time>,
    /// How many provisioning cycles with a write are complete: twenty seconds passed without a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub complete_cycles: Option<i64>,
    /// When the last request of the last complete cycle came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_cycle_ended_at: Option<Time>,
    /// People, each counted once for each thing that would happen to them, however often it was asked for and by however
    /// many replicas. Exact to a thousand, and within two percent beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<UserOutcomes>,
    /// Groups, counted alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupOutcomes>,
    /// Memberships, counted alike: one for each member of each group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<MemberOutcomes>,
    /// How many people and groups would be refused, by reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "refusals")]
    pub refusals: Vec<Refusals>,
    /// Some of those to whom something would happen, at most 25 for each thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 125), extend("x-kubernetes-list-type" = "atomic"))]
    pub examples: Vec<Example>,
    /// For the operator: whom the replicas have counted, in a form of bounded length from which nobody can be read.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "counted")]
    pub counted: BTreeMap<String, String>,
    /// Ready: its reason is Observing while the observation goes on, and Ended after that. Its message says what would happen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

/// How many people something would happen to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct UserOutcomes {
    /// They are not in the cluster, and would be created.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_create: i64,
    /// They are in the cluster, and other attributes than active would change.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_change: i64,
    /// They are active in the cluster, and would be deactivated. They can still log in.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_deactivate: i64,
    /// They are in the cluster, and would be deleted.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_delete: i64,
    /// A request about them would be refused.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_refuse: i64,
}

/// How many groups something would happen to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupOutcomes {
    /// They are not in the cluster, and would be created.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_create: i64,
    /// They are in the cluster, and their own attributes would change.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_change: i64,
    /// They are in the cluster, and would be deleted.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_delete: i64,
    /// A request about them would be refused.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_refuse: i64,
}

/// How many memberships would come and go.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct MemberOutcomes {
    /// Somebody would join a group.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_add: i64,
    /// Somebody would leave a group.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub would_remove: i64,
}

/// How many people and groups would be refused for one reason.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Refusals {
    /// The scimType of the answer (RFC 7644 section 3.12), such as invalidValue or uniqueness; massDeletion where
    /// maxDeletesPerHour refuses a deletion; other for everything else.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// How many.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub count: i64,
}

/// Somebody to whom something would happen.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Example {
    /// What would happen: Create, Change, Deactivate, Delete or Refuse.
    #[schemars(length(max = 16))]
    pub outcome: String,
    /// User or Group.
    #[schemars(length(max = 16))]
    pub kind: String,
    /// The SCIM id, which is the name of the object where there is one. Absent where a create would be refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub id: String,
    /// userName or displayName, as it was sent; at most 128 bytes.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 128))]
    pub name: String,
    /// The attributes that would change, by path and without their values; at most 12.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 12), inner(length(max = 64)), extend("x-kubernetes-list-type" = "atomic"))]
    pub attributes: Vec<String>,
    /// Why it would be refused: an entry of refusals.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub reason: String,
    /// What the identity provider is answered, without the values that it names; at most 256 bytes.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 256))]
    pub detail: String,
}

fn refusals(generator: &mut SchemaGenerator) -> Schema {
    let item = Refusals::json_schema(generator);
    json_schema!({
        "type": "array", "items": item, "maxItems": 16,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["reason"],
    })
}

/// As many texts as there are numbers in a report, each as long as the longest that an observation makes.
fn counted(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 32, "additionalProperties": { "type": "string", "maxLength": 5464 },
    })
}
