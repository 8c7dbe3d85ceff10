//! What is deleted and what is to be deleted: tombstones, who still names a group, and what is left of a Directory.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

use super::dirty::DirtySubject;
use super::{Index, MAX_BATCH, Member};
use crate::api::DirectorySpec;
use crate::rules::brake::{Brake, brake, window};
use crate::rules::resource::Resource;
use crate::rules::retention::Tombstone;

/// How many objects of a Directory there are, whatever their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remaining {
    /// Users.
    pub users: usize,
    /// Groups.
    pub groups: usize,
    /// Claims.
    pub claims: usize,
}

impl Remaining {
    /// Whether there is nothing.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Index {
    /// What decides about the end of an object; nothing where it is unknown or not deleted.
    pub fn tombstone(&self, kind: Resource, name: &str) -> Option<Tombstone> {
        let tables = self.tables.read();
        let (_, resource) = tables.resource(kind, name)?;
        resource.marks.deleted.then(|| Tombstone {
            deleted_at: resource.deleted_at.and_then(|time| Timestamp::from_millisecond(time).ok()),
            asked_back: resource.marks.asked_back,
            in_change: !resource.pending.is_empty(),
            purging: resource.marks.purging,
        })
    }

    /// All tombstones whose time can be read, the groups first and of each kind the oldest first.
    pub fn tombstones(&self) -> Vec<DirtySubject> {
        let tables = self.tables.read();
        let of_kind =
            |kind| tables.resources(kind).tombstones.iter().map(move |(_, name)| DirtySubject::of(kind, name));
        of_kind(Resource::Group).chain(of_kind(Resource::User)).collect()
    }

    /// When the tombstones of a kind were deleted, of those deleted later than `after` and no later than `until`, in
    /// ascending order.
    pub fn deletions(&self, kind: Resource, (after, until): (Timestamp, Timestamp)) -> Vec<Timestamp> {
        // Nothing comes before the empty text, and names are not compared: the whole millisecond is in or out.
        let from = |time: Timestamp| (time.as_millisecond() + 1, Arc::from(""));
        let range = (Bound::Included(from(after)), Bound::Excluded(from(until)));
        let tables = self.tables.read();
        let times = tables.resources(kind).tombstones.range(range);
        times.filter_map(|(time, _)| Timestamp::from_millisecond(*time).ok()).collect()
    }

    /// How far the Directory, whose rules these are, is from the limit on deletions at `now`.
    pub fn brake(&self, spec: &DirectorySpec, now: Timestamp) -> Brake {
        brake(spec, self.visible(Resource::User), &self.deletions(Resource::User, window(now)), now)
    }

    /// Objects that name a group in `spec.memberOf`, visible or not, at most [`MAX_BATCH`] of them.
    pub fn naming_group(&self, group: &str) -> Vec<Member> {
        let tables = self.tables.read();
        let Some(id) = tables.edges.known(group) else { return Vec::new() };
        let of_kind = |kind: Resource| {
            let records = tables.resources(kind).records.iter();
            let naming = records.filter(move |(_, resource)| resource.member_of.contains(&id));
            naming.map(move |(name, _)| Member { kind, name: Arc::clone(name) })
        };
        Resource::ALL.into_iter().flat_map(of_kind).take(MAX_BATCH).collect()
    }

    /// How many objects there are.
    pub fn remaining(&self) -> Remaining {
        let tables = self.tables.read();
        let count = |kind| tables.resources(kind).records.len();
        Remaining { users: count(Resource::User), groups: count(Resource::Group), claims: tables.claim_count() }
    }

    /// A few objects that there are beside these, at most so many: groups while there are any, then users, then claims. So
    /// no group has members to tell of while these go.
    pub fn some_remaining(&self, beside: &HashSet<DirtySubject>, count: usize) -> Vec<DirtySubject> {
        let tables = self.tables.read();
        let others = |subject: &DirtySubject| !beside.contains(subject);
        for kind in [Resource::Group, Resource::User] {
            let subjects = tables.resources(kind).records.keys().map(|name| DirtySubject::of(kind, name));
            let subjects: Vec<_> = subjects.filter(others).take(count).collect();
            if !subjects.is_empty() {
                return subjects;
            }
        }
        tables.claims().map(|id| DirtySubject::Claim(Arc::from(id.name()))).filter(others).take(count).collect()
    }
}
