//! One object at a time, for the work in the background: what there may be to do about it.

use std::sync::Arc;

use jiff::Timestamp;

use super::dirty::DirtySubject;
use super::{Index, Record, UnownedValue, record};
use crate::rules::resource::Resource;

/// What the janitor has to know of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// Whether it names a claim that it does not own, carries a mark, or is a tombstone that is asked back.
    pub unsettled: bool,
    /// Whether a change of it is in progress (`spec.pending`).
    pub in_change: bool,
    /// Whether it is marked as never acknowledged.
    pub rejected: bool,
    /// Whether it is a tombstone.
    pub deleted: bool,
    /// From when on it counts as acknowledged.
    pub known_from: Timestamp,
    /// When it was last written, if it says so.
    pub written_at: Option<Timestamp>,
    /// Whether its labels say what its spec says.
    pub labelled: bool,
}

impl Index {
    /// What the janitor has to know of an object; nothing where there is none.
    pub fn upkeep(&self, kind: Resource, name: &str) -> Option<Upkeep> {
        let tables = self.tables.read();
        let (name, resource) = tables.resource(kind, name)?;
        let seconds = |seconds| Timestamp::from_second(seconds).ok();
        Some(Upkeep {
            unsettled: tables.resources(kind).unsettled.contains(name),
            in_change: !resource.pending.is_empty(),
            rejected: resource.marks.rejected,
            deleted: resource.marks.deleted,
            // Somebody may know of what was visible.
            known_from: seconds(resource.known_from).filter(|_| !resource.was_shown).unwrap_or(Timestamp::MIN),
            written_at: resource.written_at.and_then(seconds),
            labelled: resource.marks.labelled,
        })
    }

    /// An object, visible or not.
    pub fn record(&self, kind: Resource, name: &str) -> Option<Record> {
        record(&self.tables.read(), kind, name)
    }

    /// Values that an object names and does not own. None where it is rejected or a change is in progress; where it is deleted
    /// and asked back, those that others have.
    pub fn conflicts_of(&self, kind: Resource, name: &str) -> Vec<UnownedValue> {
        self.tables.read().conflicts_of(kind, name)
    }

    /// Whether a unique attribute of an object, whose rule is in force, has several values: then it owns none of them.
    pub fn has_several_values(&self, kind: Resource, name: &str) -> bool {
        let tables = self.tables.read();
        let resource = tables.resource(kind, name).filter(|(_, resource)| resource.is_at_rest());
        resource.is_some_and(|(_, resource)| resource.claims.is_ambiguous_in_force())
    }

    /// Whether the holder of this claim is not shown as alive and naming the value.
    pub fn is_dead_claim(&self, claim_name: &str) -> bool {
        super::ClaimId::parse(claim_name).is_some_and(|id| self.tables.read().dead.contains(&id))
    }

    /// Everything that somebody may have work on: all groups, all users and the dead claims.
    pub fn subjects(&self) -> Vec<DirtySubject> {
        let tables = self.tables.read();
        let resources = [Resource::Group, Resource::User].into_iter();
        let resources = resources.flat_map(|kind| tables.names(kind).into_iter().map(move |name| (kind, name)));
        let resources: Vec<_> = resources.map(|(kind, name)| DirtySubject::of(kind, &name)).collect();
        let claims = tables.dead.iter().map(|id| DirtySubject::Claim(Arc::from(id.name())));
        resources.into_iter().chain(claims).collect()
    }
}
