//! SCIM 2.0 (RFC 7643, RFC 7644) as values: schemas, resources, paths, filters and patches.
//!
//! Nothing in here knows Kubernetes, HTTP, a clock or another module of ours.

pub mod case;
pub mod error;
pub mod schema;

pub use error::Error;

/// A resource's attributes, or those of a complex value: JSON members under the schema's spelling.
pub type Attributes = serde_json::Map<String, serde_json::Value>;
