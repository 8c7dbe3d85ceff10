//! One function per SCIM operation; knows no HTTP.

mod addresses;
mod deactivation;
pub mod error;
pub mod groups;
pub mod lists;
mod lookup;
mod members;
mod mentions;
mod object;
mod policy;
mod stored;
pub mod users;

use std::sync::Arc;

pub use addresses::{member_element, with_addresses};
pub use error::Error;
pub use stored::type_of;

use crate::metrics::Metrics;
use crate::scim::Attributes;
use crate::store::Store;
use crate::store::index::{Index, Member};
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
    /// The address of the Directory's endpoint as the client names it, without a slash at the end: addresses in resources
    /// begin with it, and filters compare with them.
    pub base: Arc<str>,
}

/// A resource as it is stored: whole, with `id`, `schemas` and `meta`, save the addresses (`meta.location`, `$ref`) and the
/// members of a group.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The SCIM id.
    pub id: String,
    /// The entity tag, as `meta.version` and the header `ETag` have it.
    pub etag: String,
    /// The attributes.
    pub resource: Attributes,
    /// The members of a group, unless its Directory ignores them.
    pub members: Option<GroupMembers>,
}

/// The members of a group, to be read from the index a few at a time: a group has a hundred thousand.
#[derive(Clone, Debug)]
pub struct GroupMembers {
    index: Arc<Index>,
    group: Arc<str>,
}

impl GroupMembers {
    /// The next members after this id, in the order of their ids; an empty batch is the end.
    pub fn after(&self, id: Option<&str>) -> Vec<Member> {
        self.index.members(&self.group, id)
    }
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

    /// Whether a resource whose own attributes have this entity tag is meant, whatever its members are.
    pub fn matches_own(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| own(tag) == own(etag)),
        }
    }
}

/// The entity tag without the digest of a group's members, which comes after its second dot.
fn own(etag: &str) -> &str {
    let tag = strong(etag).trim_matches('"');
    tag.match_indices('.').nth(1).map_or(tag, |(dot, _)| &tag[..dot])
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

    #[test]
    fn a_write_asks_for_the_version_of_the_own_attributes_alone() {
        let cases = [
            ("W/\"3.0123.00ab\"", true),
            ("\"3.0123.00cd\"", true),
            ("W/\"3.0123\"", true),
            ("*", true),
            ("W/\"2.0123.00ab\", W/\"3.0123.00ef\"", true),
            ("W/\"2.0123.00ab\"", false),
            ("W/\"3.0124.00ab\"", false),
            ("W/\"3\"", false),
            ("", false),
        ];
        for (header, expected) in cases {
            let condition = EtagCondition::parse(header);
            assert_eq!(condition.matches_own("W/\"3.0123\""), expected, "{header:?}");
        }
        assert!(!EtagCondition::parse("W/\"3.0123.00ab\"").matches("W/\"3.0123.00cd\""), "a read asks for both");
    }
}
