//! `DirectoryGroup`: one group. Who belongs to it stands on the members.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DirectoryRef;
use super::conditions::conditions;
use super::directory_user::pending;
use super::scim_group::ScimGroup;

/// One group. `metadata.name` is the SCIM id: it never changes and is never used again.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DirectoryGroup",
    namespaced,
    doc = "One group. metadata.name is the SCIM id; the members name the group in their spec.memberOf.",
    derive = "PartialEq",
    status = "DirectoryGroupStatus",
    shortname = "dgroup",
    category = "rollcall",
    selectable = ".spec.directoryRef.name",
    selectable = ".spec.scim.displayName",
    selectable = ".spec.scim.externalId",
    printcolumn(name = "DisplayName", type_ = "string", json_path = ".spec.scim.displayName"),
    printcolumn(name = "Members", type_ = "integer", json_path = ".status.memberCount"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Since", type_ = "date", json_path = ".status.stateSince"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Directory", type_ = "string", json_path = ".spec.directoryRef.name", priority = "1"),
    validation = Rule::new("size(self.metadata.name) <= 63")
        .message("metadata.name is the SCIM id: at most 63 characters"),
    validation = Rule::new("!has(self.metadata.generateName)").message("generateName is not supported: the name is the SCIM id")
)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryGroupSpec {
    /// The Directory that the group belongs to. Required and immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("directoryRef is immutable"))]
    pub directory_ref: DirectoryRef,
    /// What the identity provider says about the group, as it was sent, under the names of RFC 7643. Replaced as a whole by
    /// its one owner. Required.
    #[x_kube(merge_strategy = MapMerge::Atomic)]
    pub scim: ScimGroup,
    /// The ids of the groups that this group is a direct member of, sorted; at most 2,048 of at most 63 characters. The
    /// identity provider's. Default: none. Entra nests no groups; what another client nests is stored and gives nobody
    /// access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2048), inner(length(min = 1, max = 63)))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub member_of: Vec<String>,
    /// Write-ahead mark of a change in progress: claimed attribute to wanted value; at most 8, of at most 300 and 2,048
    /// characters. The operator's. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "pending")]
    #[x_kube(validation = Rule::new("self.all(attribute, size(attribute) >= 1 && size(attribute) <= 300)")
        .message("a claimed attribute has 1 to 300 characters"))]
    pub pending: BTreeMap<String, String>,
    /// When the group was deleted over SCIM, an RFC 3339 time: a tombstone, hidden from SCIM, its values free. The
    /// operator's; the annotation rollcall.dev/undelete asks it to bring the group back. Purged after the Directory's
    /// retention. Default: not deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// Whether the operator has begun to purge the deleted group: its members are taken off, and
    /// rollcall.dev/undelete no longer brings it back. The operator's. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purging: Option<bool>,
    /// Whether the object lost its name before it was ever acknowledged; it is looked at once more and then removed. The
    /// operator's. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<bool>,
}

/// What a group is, in one word: the first that holds, in the order Deleted, Conflict, Active.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// SCIM shows the group.
    Active,
    /// The group was deleted: a tombstone.
    Deleted,
    /// Another object has a value that must be unique.
    Conflict,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What the operator concludes about a group.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryGroupStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// How many direct members the group has, disabled people included and deleted ones not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub member_count: Option<i64>,
    /// The ids of the first members in the order of their ids, at most 100 of at most 63 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "atomic"))]
    pub first_members: Vec<String>,
    /// A digest of who the direct members are, 16 hexadecimal digits: the same for the same members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 16, max = 16))]
    pub members_digest: Option<String>,
    /// When the direct members last changed, as far as anybody has seen: one joined, left or was deleted. An RFC 3339 time;
    /// it counts as a modification of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_changed_at: Option<Time>,
    /// What the group is, in one word. Required once there is a status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupState")]
    pub state: Option<GroupState>,
    /// Since when the state is what it is, an RFC 3339 time. A restore loses it; deletions keep theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Time>,
    /// Ready, with Stalled beside it where somebody has to change something; one entry for each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}
