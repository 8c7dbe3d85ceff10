//! `DirectoryClaim`: one taken unique value.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::DirectoryRef;

/// Most characters of the name of a claimed attribute.
pub const MAX_ATTRIBUTE: usize = 300;
/// Most characters of a claimed value in canonical form.
pub const MAX_VALUE: usize = 2048;

/// One value of one attribute, taken by one object for as long as that object lives and names it. The operator makes
/// and removes claims; people never edit them.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "DirectoryClaim",
    namespaced,
    doc = "One unique value that is taken. Written by the operator alone.",
    derive = "PartialEq",
    shortname = "dclaim",
    category = "rollcall",
    selectable = ".spec.directoryRef.name",
    selectable = ".spec.attribute",
    selectable = ".spec.value",
    selectable = ".spec.holder",
    printcolumn(name = "Directory", type_ = "string", json_path = ".spec.directoryRef.name"),
    printcolumn(name = "Attribute", type_ = "string", json_path = ".spec.attribute"),
    printcolumn(name = "Value", type_ = "string", json_path = ".spec.value"),
    printcolumn(name = "Holder", type_ = "string", json_path = ".spec.holder"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.directoryRef == oldSelf.directoryRef && self.attribute == oldSelf.attribute && self.value == oldSelf.value && self.holder == oldSelf.holder")
    .message("only the nonce of a claim may change"))]
pub struct DirectoryClaimSpec {
    /// The Directory in which the value is unique. Required and immutable.
    pub directory_ref: DirectoryRef,
    /// What is claimed: User.userName, User.link and so on; 1 to 300 characters. Required and immutable.
    #[schemars(length(min = 1, max = MAX_ATTRIBUTE))]
    pub attribute: String,
    /// The value in canonical form, up to 2,048 characters. Required and immutable.
    #[schemars(length(min = 1, max = MAX_VALUE))]
    pub value: String,
    /// The name of the object that holds it, 1 to 63 characters. Required and immutable: a claim has one holder for
    /// life.
    #[schemars(length(min = 1, max = 63))]
    pub holder: String,
    /// Changed by each acquisition, so that each is a write; up to 64 characters. Required.
    #[schemars(length(min = 1, max = 64))]
    pub nonce: String,
}
