//! The people of one Directory in memory: a projection of the objects, for lists and look-ups.
//!
//! Watch events and own writes meet here in one place, and the later resourceVersion wins, in whatever order they come.
//! The index is a hint and never the ground of a safety decision: who needs to be sure reads the object.

mod order;
mod person;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value;

use super::objects::Kind;
use super::version::{Origin, version_of};
use crate::rules::naming::UniqueRules;
use person::{Claim, ClaimId, Person, hash};
use tables::Tables;

/// Most records that one call copies under the lock.
pub const MAX_BATCH: usize = 200;

/// One person as the index has them.
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

/// What a person can be found by, in the form of [`crate::rules::naming::index_keys`].
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
    /// [`Kind::User`] or [`Kind::Group`].
    pub kind: Kind,
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

/// What the index has to know of a Directory's rules. With other ones, what is visible and unsettled differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexRules {
    /// Which values are claimed.
    pub unique: UniqueRules,
    /// Whether accounts that people write are visible.
    pub built_in_users_listed: bool,
}

/// The index. Visible are people who own their name, are not deleted and not rejected, and whom the identity provider
/// writes: built-in accounts are hidden unless the rules list them. Groups alike.
///
/// Functions that take a kind are about [`Kind::User`] or [`Kind::Group`]; of any other the index has nothing.
#[derive(Debug, Default)]
pub struct Index {
    tables: RwLock<Tables>,
    /// Seeded anew for each index, so that nobody can choose values that collide.
    hasher: RandomState,
}

impl Index {
    /// How many resources of a kind are visible.
    pub fn visible(&self, kind: Kind) -> usize {
        if kind == Kind::User { self.tables.read().shown.len() } else { 0 }
    }

    /// Visible resources in the order of their names: `count` of them (at most [`MAX_BATCH`]) after skipping `skip`, and
    /// how many there are in all, from the same moment.
    pub fn page(&self, kind: Kind, skip: usize, count: usize) -> (usize, Vec<Record>) {
        if kind != Kind::User {
            return (0, Vec::new());
        }
        let tables = self.tables.read();
        let names = tables.shown.skip(skip).take(count.min(MAX_BATCH));
        (tables.shown.len(), names.filter_map(|name| record(&tables, name)).collect())
    }

    /// The next visible resources after this name, at most [`MAX_BATCH`]; an empty batch is the end.
    pub fn batch(&self, kind: Kind, after: Option<&str>) -> Vec<Record> {
        if kind != Kind::User {
            return Vec::new();
        }
        let tables = self.tables.read();
        // Nothing comes before the empty text.
        let names = tables.shown.after(after.unwrap_or_default()).take(MAX_BATCH);
        names.filter_map(|name| record(&tables, name)).collect()
    }

    /// Names of visible resources that may have this value; each is to be read live. At most [`MAX_BATCH`].
    pub fn candidates(&self, kind: Kind, key: &LookupKey) -> Vec<String> {
        if kind != Kind::User {
            return Vec::new();
        }
        let tables = self.tables.read();
        let people = tables.by_key(hash(key, &self.hasher)).filter(|(_, person)| person.shown);
        people.take(MAX_BATCH).map(|(name, _)| name.to_string()).collect()
    }

    /// The next visible direct members of a group after this name, in the order of their names, at most [`MAX_BATCH`]; an
    /// empty batch is the end. A deleted group has none.
    pub fn members(&self, _group: &str, _after: Option<&str>) -> Vec<Member> {
        Vec::new()
    }

    /// How many visible direct members a group has.
    pub fn member_count(&self, _group: &str) -> usize {
        0
    }

    /// A digest of who the visible direct members of a group are: the same for the same members, whatever the order in
    /// which they came, on this replica and until it ends.
    pub fn members_digest(&self, _group: &str) -> u64 {
        0
    }

    /// The visible groups among these, with their names; what `groups` of a user shows.
    pub fn groups_among(&self, _ids: &[&str]) -> Vec<Membership> {
        Vec::new()
    }

    /// How many visible users are active, by their `userType` as it was sent.
    pub fn active_users(&self) -> BTreeMap<Option<Arc<str>>, usize> {
        BTreeMap::new()
    }

    /// A counter that moves with every change of the index: who works off what is in it need not look while it rests.
    pub fn changes(&self) -> u64 {
        0
    }

    /// The `status` of an object as compact JSON, as last seen; nothing where it has none or the object is unknown.
    pub fn status(&self, _kind: Kind, _name: &str) -> Option<Arc<[u8]>> {
        None
    }

    /// The holder that the index knows for a claim, if the index also knows that holder as alive and naming the value.
    pub fn live_holder(&self, claim_name: &str) -> Option<String> {
        let id = ClaimId::parse(claim_name)?;
        self.tables.read().live_holder(id).map(str::to_owned)
    }

    /// Names of the objects on which the janitor has work: not owning a claimed value, pending, rejected, or a tombstone
    /// that is asked back by annotation.
    pub fn unsettled(&self, kind: Kind) -> Vec<String> {
        if kind != Kind::User {
            return Vec::new();
        }
        self.tables.read().unsettled.iter().map(ToString::to_string).collect()
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

    /// Takes in a state of an object of this Directory.
    pub(super) fn put(&self, kind: Kind, directory: &str, object: &Value, origin: Origin<'_>) {
        if kind != Kind::User {
            return;
        }
        let Some(name) = object["metadata"]["name"].as_str() else { return };
        // Hashing and encoding are done before the lock is taken.
        let stamp = origin.stamp(version_of(object));
        let person = Person::project(directory, object, stamp, &self.hasher);
        self.tables.write().put_person(name, person, origin);
    }

    /// Takes in the end of an object.
    pub(super) fn remove(&self, kind: Kind, object: &Value) {
        if kind != Kind::User {
            return;
        }
        let Some(name) = object["metadata"]["name"].as_str() else { return };
        self.tables.write().remove_person(name, version_of(object));
    }

    /// Takes in a state of a DirectoryClaim. One whose name is no digest was made by hand and claims nothing.
    pub(super) fn put_claim(&self, object: &Value, origin: Origin<'_>) {
        let Some(id) = claim_id(object) else { return };
        let claim = Claim::project(object, origin.stamp(version_of(object)));
        self.tables.write().put_claim(id, claim, origin);
    }

    /// Takes in the end of a DirectoryClaim.
    pub(super) fn remove_claim(&self, object: &Value) {
        let Some(id) = claim_id(object) else { return };
        self.tables.write().remove_claim(id, version_of(object));
    }

    /// Forgets the objects of a kind that a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep(&self, kind: Kind, version: u128, epoch: u32) {
        if kind == Kind::User {
            self.tables.write().sweep_people(version, epoch);
        }
    }

    /// Forgets the claims that a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep_claims(&self, version: u128, epoch: u32) {
        self.tables.write().sweep_claims(version, epoch);
    }
}

fn claim_id(object: &Value) -> Option<ClaimId> {
    ClaimId::parse(object["metadata"]["name"].as_str()?)
}

fn record(tables: &Tables, name: &str) -> Option<Record> {
    let (name, person) = tables.person(name)?;
    Some(Record {
        name: Arc::clone(name),
        generation: person.generation,
        uid: person.uid,
        scim: Arc::clone(&person.scim),
    })
}
