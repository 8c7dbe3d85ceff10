//! The object kinds, as types. Nothing is decided in here, save what a value counts as that only a newer version knows
//! ([`newer`]).
//!
//! The types are what `kubectl explain` shows and what a Git review reads; the CustomResourceDefinitions in `crds/`
//! are generated from them. Reading is lenient (an object that a newer version wrote must not blind an older one), and
//! writing never goes through these types: every writer edits raw JSON, so that unknown fields survive.
#![allow(clippy::duplicated_attributes, reason = "printcolumn and selectable are lists, one attribute for each entry")]

pub mod conditions;
pub mod crds;
pub mod directory;
pub mod directory_application;
pub mod directory_claim;
pub mod directory_group;
pub mod directory_key;
pub mod directory_login;
pub mod directory_report;
pub mod directory_status;
pub mod directory_user;
pub mod event;
pub mod newer;
mod object;
pub mod provisioning_status;
pub mod reference;
pub mod scim_group;
pub mod scim_user;
pub mod secret;
#[cfg(test)]
mod tests;
mod yaml;

pub use directory::{Directory, DirectorySpec};
pub use directory_application::{DirectoryApplication, DirectoryApplicationSpec};
pub use directory_claim::{DirectoryClaim, DirectoryClaimSpec};
pub use directory_group::{DirectoryGroup, DirectoryGroupSpec};
pub use directory_key::{DirectoryKey, DirectoryKeySpec};
pub use directory_report::{DirectoryReport, DirectoryReportSpec};
pub use directory_status::DirectoryStatus;
pub use directory_user::{DirectoryUser, DirectoryUserSpec};
pub use object::Object;
pub use secret::Secret;
pub use yaml::to_yaml;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API group of every kind.
pub const GROUP: &str = "rollcall.dev";
/// The one version until v1.
pub const VERSION: &str = "v1alpha1";
/// Both, as objects state them.
pub const API_VERSION: &str = "rollcall.dev/v1alpha1";

/// A Directory in the same namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryRef {
    /// The name of the Directory, a Kubernetes label of 1 to 63 characters. Required.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
}
