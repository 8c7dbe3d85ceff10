//! The people of one Directory in memory: a projection of the objects, for lists and look-ups.
//!
//! Watch events and own writes meet here in one place, and the later resourceVersion wins, in whatever order they come.
//! The index is a hint and never the ground of a safety decision: who needs to be sure reads the object.

mod order;
mod person;
mod tables;
#[cfg(test)]
mod tests;

use std::hash::RandomState;
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value;

use super::version::{Origin, version_of};
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

/// The index. Visible are people who own their name, are not deleted and not rejected, and whom the identity provider
/// writes: built-in accounts are hidden.
#[derive(Debug, Default)]
pub struct Index {
    tables: RwLock<Tables>,
    /// Seeded anew for each index, so that nobody can choose values that collide.
    hasher: RandomState,
}

impl Index {
    /// How many people are visible.
    pub fn visible(&self) -> usize {
        self.tables.read().shown.len()
    }

    /// Visible people in the order of their names: `count` of them (at most [`MAX_BATCH`]) after skipping `skip`, and how
    /// many there are in all, from the same moment.
    pub fn page(&self, skip: usize, count: usize) -> (usize, Vec<Record>) {
        let tables = self.tables.read();
        let names = tables.shown.skip(skip).take(count.min(MAX_BATCH));
        (tables.shown.len(), names.filter_map(|name| record(&tables, name)).collect())
    }

    /// The next visible people after this name, at most [`MAX_BATCH`]; an empty batch is the end.
    pub fn batch(&self, after: Option<&str>) -> Vec<Record> {
        let tables = self.tables.read();
        // Nothing comes before the empty text.
        let names = tables.shown.after(after.unwrap_or_default()).take(MAX_BATCH);
        names.filter_map(|name| record(&tables, name)).collect()
    }

    /// Names of visible people who may have this value; each is to be read live. At most [`MAX_BATCH`].
    pub fn candidates(&self, key: &LookupKey) -> Vec<String> {
        let tables = self.tables.read();
        let people = tables.by_key(hash(key, &self.hasher)).filter(|(_, person)| person.shown);
        people.take(MAX_BATCH).map(|(name, _)| name.to_string()).collect()
    }

    /// The holder that the index knows for a claim, if the index also knows that holder as alive and naming the value.
    pub fn live_holder(&self, claim_name: &str) -> Option<String> {
        let id = ClaimId::parse(claim_name)?;
        self.tables.read().live_holder(id).map(str::to_owned)
    }

    /// Names of the objects on which the janitor has work: not owning a claimed value, pending, rejected, or a tombstone
    /// that is asked back by annotation.
    pub fn unsettled(&self) -> Vec<String> {
        self.tables.read().unsettled.iter().map(ToString::to_string).collect()
    }

    /// Names of the claims whose holder the index does not show as alive and naming the value. Claims on attributes that
    /// this version does not know are left to those that do.
    pub fn dead_claims(&self) -> Vec<String> {
        self.tables.read().dead.iter().map(|id| id.name()).collect()
    }

    /// Whether it knows neither a person nor a claim.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.read().is_empty()
    }

    /// Takes in a state of a DirectoryUser of this Directory.
    pub(super) fn put_person(&self, directory: &str, object: &Value, origin: Origin<'_>) {
        let Some(name) = object["metadata"]["name"].as_str() else { return };
        // Hashing and encoding are done before the lock is taken.
        let stamp = origin.stamp(version_of(object));
        let person = Person::project(directory, object, stamp, &self.hasher);
        self.tables.write().put_person(name, person, origin);
    }

    /// Takes in the end of a DirectoryUser.
    pub(super) fn remove_person(&self, object: &Value) {
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

    /// Forgets the people whom a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep_people(&self, version: u128, epoch: u32) {
        self.tables.write().sweep_people(version, epoch);
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
