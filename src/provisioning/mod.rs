//! One function per SCIM operation; knows no HTTP.

mod addresses;
mod brake;
mod checks;
mod deactivation;
pub mod error;
pub mod groups;
pub mod lists;
mod lookup;
mod members;
mod mentions;
mod news;
mod note;
mod object;
mod policy;
mod representation;
mod requested_change;
pub mod resources;
pub mod users;

use std::sync::Arc;

pub use crate::rules::author::Author;
pub use crate::rules::etag::EtagCondition;
pub use addresses::{member_element, with_addresses};
pub use error::Error;
pub use note::{ChangedNames, OperationNote};

use crate::metrics::Metrics;
use crate::scim::Attributes;
use crate::store::index::{Index, Member};
use crate::store::{Presence, Store, WatchedDirectory};

/// What every operation needs: the Directory it works in, the store, the metrics, the client. One for each request.
#[derive(Clone)]
pub struct Context {
    /// The Directory of the URL.
    pub directory: Arc<WatchedDirectory>,
    /// The cluster.
    pub store: Store,
    /// The metrics.
    pub metrics: Metrics,
    /// The request, as marks on the objects that it changes name it.
    pub author: Author,
    /// Whether the client is still there.
    pub client: Presence,
    /// What the operation notes of itself.
    pub note: OperationNote,
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
