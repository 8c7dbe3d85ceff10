//! The people and groups of one Directory in memory: a projection of the objects, for lists and look-ups.
//!
//! Watch events and own writes meet here in one place, and the later resourceVersion wins, in whatever order they come.
//! The index is a hint and never the ground of a safety decision: who needs to be sure reads the object.

mod claim;
mod deletion;
pub mod dirty;
mod edges;
mod feed;
mod order;
mod person;
mod resource;
mod status;
mod tables;
#[cfg(test)]
mod tests;
mod upkeep;
mod visible;

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::rules::naming::UniqueRules;
use crate::rules::resource::Resource;
use claim::ClaimId;
pub use deletion::Remaining;
use dirty::{DirectoryName, Marker, Subscribers};
use parking_lot::RwLock;
pub use person::KnownPerson;
use resource::hash;
use tables::Tables;
pub use upkeep::Upkeep;

/// Most records that one call copies under the lock.
pub const MAX_BATCH: usize = 200;

/// Most names that stand as examples for many.
pub const MAX_EXAMPLES: usize = 10;

/// One resource as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `metadata.name`, the SCIM id.
    pub name: Arc<str>,
    /// `metadata.generation`.
    pub generation: i64,
    /// First eight characters of `metadata.uid`.
    pub uid: [u8; 8],
    /// `spec.scim` as compact JSON.
    pub scim: Arc<[u8]>,
}

/// What a resource can be found by, in the form of [`crate::rules::naming::index_keys`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LookupKey {
    /// `externalId`.
    ExternalId(String),
    /// Canonical `displayName`.
    DisplayName(String),
    /// Canonical value of any e-mail address.
    Email(String),
}

/// A resource that is a member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is.
    pub kind: Resource,
    /// `metadata.name`, the SCIM id.
    pub name: Arc<str>,
}

/// A group that a resource is a direct member of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// `metadata.name` of the group, its SCIM id.
    pub group: Arc<str>,
    /// `displayName` of the group, as it was sent.
    pub display_name: String,
}

/// An object that does not own a value that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnownedValue {
    /// `metadata.name` of the object.
    pub name: Arc<str>,
    /// The name of the claim on the value.
    pub claim_name: String,
    /// `metadata.name` of the object that has the value, if anybody does.
    pub holder: Option<String>,
}

/// Users whom a login may not find: how many, and the names of up to [`MAX_EXAMPLES`] of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginAttributes {
    /// The userName is no e-mail address.
    pub unlike_addresses: (usize, Vec<String>),
    /// There is no externalId.
    pub without_external_id: (usize, Vec<String>),
}

/// What the index has to know of a Directory's rules. With other ones, what is visible and unsettled differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexRules {
    /// Which values are claimed.
    pub unique: UniqueRules,
    /// Whether accounts that people write are visible.
    pub built_in_users_listed: bool,
}

/// The index. Visible are people who are not deleted and not rejected, whom the identity provider writes (built-in accounts
/// are hidden unless the rules list them), and who own their name; or on whom somebody may rely while nobody else owns the
/// name, as after a restore without claims. Groups alike.
#[derive(Debug, Default)]
pub struct Index {
    tables: RwLock<Tables>,
    /// Seeded anew for each index, so that nobody can choose values that collide.
    hasher: RandomState,
}

impl Index {
    /// The index of this Directory, which tells `subscribers` what becomes dirty in it.
    pub(super) fn new(directory: DirectoryName, subscribers: Arc<Subscribers>) -> Self {
        let tables = Tables::new(Marker::new(directory, subscribers));
        Self { tables: RwLock::new(tables), ..Self::default() }
    }

    /// A copy that goes its own way, and of which nobody is told. The bodies are shared.
    pub(super) fn fork(&self) -> Self {
        Self { tables: RwLock::new(self.tables.read().silent_copy()), hasher: self.hasher.clone() }
    }

    /// How many resources of a kind are visible.
    pub fn visible(&self, kind: Resource) -> usize {
        self.tables.read().resources(kind).visible.order.len()
    }

    /// Visible resources in the order of their names: `count` of them (at most [`MAX_BATCH`]) after skipping `skip`, and
    /// how many there are in all, from the same moment.
    pub fn page(&self, kind: Resource, skip: usize, count: usize) -> (usize, Vec<Record>) {
        let tables = self.tables.read();
        let order = &tables.resources(kind).visible.order;
        let names = order.skip(skip).take(count.min(MAX_BATCH));
        (order.len(), names.filter_map(|name| record(&tables, kind, name)).collect())
    }

    /// The next visible resources after this name, at most [`MAX_BATCH`]; an empty batch is the end.
    pub fn batch(&self, kind: Resource, after: Option<&str>) -> Vec<Record> {
        let tables = self.tables.read();
        // Nothing comes before the empty text.
        let names = tables.resources(kind).visible.order.after(after.unwrap_or_default()).take(MAX_BATCH);
        names.filter_map(|name| record(&tables, kind, name)).collect()
    }

    /// Names of visible resources that may have this value; each is to be read live. At most [`MAX_BATCH`].
    pub fn candidates(&self, kind: Resource, key: &LookupKey) -> Vec<String> {
        let hash = hash(key, &self.hasher);
        let tables = self.tables.read();
        tables.resources(kind).visible.by_key(hash).take(MAX_BATCH).map(ToString::to_string).collect()
    }

    /// The next visible direct members of a group after this name, in the order of their names, at most [`MAX_BATCH`]; an
    /// empty batch is the end. A deleted group has none.
    pub fn members(&self, group: &str, after: Option<&str>) -> Vec<Member> {
        let tables = self.tables.read();
        if tables.shows_group(group) { tables.edges.members(group, after.unwrap_or_default()) } else { Vec::new() }
    }

    /// How many visible direct members a group has.
    pub fn member_count(&self, group: &str) -> usize {
        let tables = self.tables.read();
        if tables.shows_group(group) { tables.edges.count(group) } else { 0 }
    }

    /// A digest of who the visible direct members of a group are: the same for the same members, whatever the order in
    /// which they came, on every replica and after each start.
    pub fn members_digest(&self, group: &str) -> u64 {
        let tables = self.tables.read();
        if tables.shows_group(group) { tables.edges.digest(group) } else { 0 }
    }

    /// When the members of a group last changed, as far as this replica knows: its own changes at once, those of others when
    /// the leader has written the time into the status.
    pub fn members_changed_at(&self, group: &str) -> Option<Timestamp> {
        self.tables.read().members_changed_at(group)
    }

    /// Notes that this process changed the members of a group.
    pub fn note_members_changed(&self, group: &str, at: Timestamp) {
        self.tables.write().note_members_changed(group, at);
    }

    /// The visible groups among these, with their names; what `groups` of a user shows.
    pub fn groups_among(&self, ids: &[&str]) -> Vec<Membership> {
        ids.chunks(MAX_BATCH).flat_map(|ids| self.groups_of_batch(ids)).collect()
    }

    /// The visible groups that the index knows a resource to be a direct member of: [`Self::groups_among`] for one that
    /// comes from the index itself.
    pub fn memberships(&self, kind: Resource, name: &str) -> Vec<Membership> {
        let groups: Vec<Arc<str>> = {
            let tables = self.tables.read();
            let Some((_, resource)) = tables.resource(kind, name) else { return Vec::new() };
            tables.edges.names(&resource.member_of).cloned().collect()
        };
        let mut ids: Vec<_> = groups.iter().map(|group| &**group).collect();
        ids.sort_unstable();
        self.groups_among(&ids)
    }

    fn groups_of_batch(&self, ids: &[&str]) -> Vec<Membership> {
        let groups: Vec<_> = {
            let tables = self.tables.read();
            let groups = ids.iter().filter_map(|id| tables.resource(Resource::Group, id));
            let shown = groups.filter(|(_, group)| group.shown);
            shown.map(|(name, group)| (Arc::clone(name), group.display_name.clone())).collect()
        };
        let text = |name: Option<Arc<str>>| name.map(|name| name.to_string()).unwrap_or_default();
        groups.into_iter().map(|(group, name)| Membership { group, display_name: text(name) }).collect()
    }

    /// How many visible users are active, by their `userType` as it was sent.
    pub fn active_users(&self) -> BTreeMap<Option<Arc<str>>, usize> {
        self.tables.read().active.clone()
    }

    /// The `status` of an object, as last seen; nothing where it has none or the object is unknown.
    pub fn status(&self, kind: Resource, name: &str) -> Option<Value> {
        let kept = self.tables.read().resource(kind, name)?.1.status.clone()?;
        Some(kept.json())
    }

    /// The holder that the index knows for a claim, if the index also knows that holder as alive and naming the value.
    pub fn live_holder(&self, claim_name: &str) -> Option<String> {
        let id = ClaimId::parse(claim_name)?;
        self.tables.read().live_holder(id).map(str::to_owned)
    }

    /// Names of the living objects that name the value of a claim, with the claim or without it, at most [`MAX_BATCH`]: a
    /// missing claim is no proof of a free value.
    pub fn naming(&self, kind: Resource, claim_name: &str) -> Vec<String> {
        let Some(id) = ClaimId::parse(claim_name) else { return Vec::new() };
        self.tables.read().naming(kind, id).take(MAX_BATCH).map(str::to_owned).collect()
    }

    /// Names of the living objects that have several values of a unique attribute, at most [`MAX_BATCH`]: no claim leads to
    /// them.
    pub fn ambiguous(&self, kind: Resource) -> Vec<String> {
        self.tables.read().resources(kind).ambiguous.iter().take(MAX_BATCH).map(ToString::to_string).collect()
    }

    /// Names of the objects on which the janitor has work: not owning a claimed value, pending, rejected, or a tombstone
    /// that is asked back by annotation.
    pub fn unsettled(&self, kind: Resource) -> Vec<String> {
        let tables = self.tables.read();
        tables.resources(kind).unsettled.iter().map(ToString::to_string).collect()
    }

    /// Whether a resource is visible.
    pub fn is_visible(&self, kind: Resource, name: &str) -> bool {
        self.tables.read().resource(kind, name).is_some_and(|(_, resource)| resource.shown)
    }

    /// Whether a resource is or was visible, as far as this process has seen: somebody may know of it.
    pub fn was_visible(&self, kind: Resource, name: &str) -> bool {
        self.tables.read().resource(kind, name).is_some_and(|(_, resource)| resource.was_shown)
    }

    /// Every object of a kind that is not deleted, visible or not: its name and its `spec.scim`. The bodies are shared, not
    /// copied.
    pub fn living(&self, kind: Resource) -> Vec<(Arc<str>, Arc<[u8]>)> {
        let tables = self.tables.read();
        let living = tables.resources(kind).records.iter().filter(|(_, resource)| !resource.marks.deleted);
        living.map(|(name, resource)| (Arc::clone(name), Arc::clone(&resource.scim))).collect()
    }

    /// How many visible resources of a kind have the externalId of another visible one, and the names of up to
    /// [`MAX_EXAMPLES`] of them.
    pub fn duplicate_external_ids(&self, kind: Resource) -> (usize, Vec<String>) {
        let tables = self.tables.read();
        tables.resources(kind).visible.duplicates()
    }

    /// Visible users whom the provider writes and whom a login may not find.
    pub fn login_attributes(&self) -> LoginAttributes {
        let tables = self.tables.read();
        tables.resources(Resource::User).visible.login_attributes()
    }

    /// Names of the claims whose holder the index does not show as alive and naming the value. Claims on attributes that
    /// this version does not know are left to those that do.
    pub fn dead_claims(&self) -> Vec<String> {
        self.tables.read().dead.iter().map(|id| id.name()).collect()
    }

    /// Whether it knows neither a resource nor a claim.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.read().is_empty()
    }
}

fn record(tables: &Tables, kind: Resource, name: &str) -> Option<Record> {
    let (name, resource) = tables.resource(kind, name)?;
    Some(Record {
        name: Arc::clone(name),
        generation: resource.generation,
        uid: resource.uid,
        scim: Arc::clone(&resource.scim),
    })
}
