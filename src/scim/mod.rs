//! SCIM 2.0 (RFC 7643, RFC 7644) as values: schemas, resources, paths, filters and patches.
//!
//! Nothing in here knows Kubernetes, HTTP, a clock or another module of ours.

pub mod case;
pub mod deactivation;
pub mod discovery;
mod entra;
pub mod error;
pub mod extension;
pub mod filter;
pub mod json;
pub mod limits;
pub mod list;
pub mod members;
pub mod patch;
pub mod path;
pub mod projection;
pub mod resource;
pub mod schema;
pub mod sort;

pub use error::Error;

/// A resource's attributes, or those of a complex value: JSON members under the schema's spelling.
pub type Attributes = serde_json::Map<String, serde_json::Value>;
