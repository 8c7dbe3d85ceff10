//! One function per SCIM operation; knows no HTTP.

pub mod error;
pub mod lists;
mod lookup;
pub mod users;

use std::sync::Arc;

pub use error::Error;

use crate::metrics::Metrics;
use crate::scim::Attributes;
use crate::store::Store;
use crate::store::registry::Directory;

/// What every operation needs: the Directory it works in, the store, the metrics. One for each request.
#[derive(Clone)]
pub struct Context {
    /// The Directory of the URL.
    pub directory: Arc<Directory>,
    /// The cluster.
    pub store: Store,
    /// The metrics.
    pub metrics: Metrics,
}

impl Context {
    /// Tells of attributes that were ignored because no schema has them: Entra's mapping sends them in every cycle.
    fn report_ignored(&self, ignored: &[String]) {
        if !ignored.is_empty() {
            let Directory { namespace, name, .. } = self.directory.as_ref();
            tracing::info!(namespace, directory = name, attributes = ?ignored, "attributes that no schema has were ignored");
            self.metrics.ignored_attributes(namespace, name, ignored.len());
        }
    }
}

/// A resource as it is stored: whole, with `id`, `schemas` and `meta`, save `meta.location`.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The SCIM id.
    pub id: String,
    /// The entity tag, as `meta.version` and the header `ETag` have it.
    pub etag: String,
    /// The attributes.
    pub resource: Attributes,
}

/// The header `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtagCondition {
    /// `*`.
    Any,
    /// One of these, compared weakly.
    OneOf(Vec<String>),
}

impl EtagCondition {
    /// Reads the value of the header: `*`, or entity tags between commas.
    pub fn parse(header: &str) -> Self {
        match header.trim() {
            "*" => Self::Any,
            tags => Self::OneOf(tags.split(',').map(|tag| strong(tag.trim()).to_owned()).collect()),
        }
    }

    /// Whether a resource with this entity tag is meant.
    pub fn matches(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| tag == strong(etag)),
        }
    }
}

fn strong(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

#[cfg(test)]
mod tests {
    use super::EtagCondition;

    #[test]
    fn entity_tags_are_compared_weakly() {
        let cases = [
            ("*", true),
            ("W/\"3.0123\"", true),
            ("\"3.0123\"", true),
            ("W/\"2.0123\", W/\"3.0123\"", true),
            ("W/\"2.0123\"", false),
            ("", false),
        ];
        for (header, expected) in cases {
            assert_eq!(EtagCondition::parse(header).matches("W/\"3.0123\""), expected, "{header:?}");
        }
    }
}
