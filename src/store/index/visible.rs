//! The resources of one kind, and what is derived from those that are visible.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::claim::ClaimId;
use super::edges::{GroupEdges, GroupId};
use super::order::Order;
use super::resource::IndexedResource;
use super::{LoginAttributes, MAX_EXAMPLES};
use crate::rules::resource::Resource;

/// The resources of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    /// Each in a place of its own: a table keeps a third of its places free, and a free place should cost nothing.
    pub(super) records: HashMap<Arc<str>, Box<IndexedResource>>,
    pub(super) visible: Visible,
    /// Names of objects that the janitor has to look at.
    pub(super) unsettled: BTreeSet<Arc<str>>,
    /// Names of objects with several values of a unique attribute: no claim leads to them.
    pub(super) ambiguous: BTreeSet<Arc<str>>,
    /// When the tombstones were deleted, in milliseconds since 1970, and their names.
    pub(super) tombstones: BTreeSet<(i64, Arc<str>)>,
    /// Values that living objects name and do not own, and the names of those objects.
    pub(super) unowned: Names,
    /// Values that tombstones need to come back that are asked back, and the names of those tombstones.
    pub(super) wanted_back: Names,
}

/// Who has to do with a claim.
pub(super) type Names = HashMap<ClaimId, BTreeSet<Arc<str>>>;

impl Resources {
    /// Goes over from the time at which an object was deleted, if it was, to another one.
    pub(super) fn set_deleted_at(&mut self, name: &Arc<str>, before: Option<i64>, after: Option<i64>) {
        if before != after {
            before.map(|time| self.tombstones.remove(&(time, Arc::clone(name))));
            after.map(|time| self.tombstones.insert((time, Arc::clone(name))));
        }
    }

    /// Goes over from the values that an object did not own to those that it does not own now.
    pub(super) fn set_unowned(&mut self, name: &Arc<str>, before: &[ClaimId], after: &[ClaimId]) {
        set_names(&mut self.unowned, name, before, after);
    }

    /// Goes over from the values that an object needed to come back to those that it needs now.
    pub(super) fn set_wanted_back(&mut self, name: &Arc<str>, before: &[ClaimId], after: &[ClaimId]) {
        set_names(&mut self.wanted_back, name, before, after);
    }
}

fn set_names(table: &mut Names, name: &Arc<str>, before: &[ClaimId], after: &[ClaimId]) {
    for id in before.iter().filter(|id| !after.contains(id)) {
        if let Some(names) = table.get_mut(id) {
            names.remove(name);
            if names.is_empty() {
                table.remove(id);
            }
        }
    }
    for id in after.iter().filter(|id| !before.contains(id)) {
        table.entry(*id).or_default().insert(Arc::clone(name));
    }
}

/// The visible resources of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Visible {
    /// Their names.
    pub(super) order: Order,
    /// Hash of a look-up key, and who has it.
    keys: BTreeSet<(u64, Arc<str>)>,
    /// Those whose externalId somebody else has as well.
    duplicates: BTreeSet<Arc<str>>,
    /// Users whom the provider writes and whose userName is no e-mail address.
    unlike_addresses: BTreeSet<Arc<str>>,
    /// Users whom the provider writes and who have no externalId.
    without_external_id: BTreeSet<Arc<str>>,
}

/// How many visible users are active, by their `userType`.
pub(super) type Active = BTreeMap<Option<Arc<str>>, usize>;

impl Visible {
    /// Names of those who have the key with this hash, in order.
    pub(super) fn by_key(&self, hash: u64) -> impl Iterator<Item = &Arc<str>> {
        let first = (hash, Arc::from(""));
        self.keys.range(first..).take_while(move |(other, _)| *other == hash).map(|(_, name)| name)
    }

    /// How many have the externalId of somebody else, and some of their names.
    pub(super) fn duplicates(&self) -> (usize, Vec<String>) {
        let examples = self.duplicates.iter().take(MAX_EXAMPLES);
        (self.duplicates.len(), examples.map(ToString::to_string).collect())
    }

    /// Users whom a login may not find.
    pub(super) fn login_attributes(&self) -> LoginAttributes {
        let of = |names: &BTreeSet<Arc<str>>| {
            (names.len(), names.iter().take(MAX_EXAMPLES).map(ToString::to_string).collect())
        };
        LoginAttributes {
            unlike_addresses: of(&self.unlike_addresses),
            without_external_id: of(&self.without_external_id),
        }
    }

    /// Notes whether a login may find this user.
    fn note_login_attributes(&mut self, name: &Arc<str>, user: Option<&IndexedResource>) {
        let user = user.filter(|user| user.marks.provisioned);
        let sets = [
            (&mut self.unlike_addresses, user.is_some_and(|user| user.marks.unlike_address)),
            (&mut self.without_external_id, user.is_some_and(|user| user.external_id.is_none())),
        ];
        for (set, belongs) in sets {
            if belongs {
                set.insert(Arc::clone(name));
            } else {
                set.remove(name);
            }
        }
    }

    /// Changes what is known of one resource from one state to another, none meaning that it is not visible. What is the
    /// same in both is not touched.
    fn change(&mut self, name: &Arc<str>, before: Option<&IndexedResource>, after: Option<&IndexedResource>) {
        match (before, after) {
            (None, Some(_)) => self.order.insert(name),
            (Some(_), None) => self.order.remove(name),
            _ => {}
        }
        let (old, new) = (keys(before), keys(after));
        for key in old.iter().filter(|key| new.binary_search(key).is_err()) {
            self.keys.remove(&(*key, Arc::clone(name)));
        }
        self.keys.extend(new.iter().filter(|key| old.binary_search(key).is_err()).map(|key| (*key, Arc::clone(name))));

        let external_id = |state: Option<&IndexedResource>| state.and_then(|resource| resource.external_id);
        let (old, new) = (external_id(before), external_id(after));
        if old != new {
            self.duplicates.remove(name);
            self.note_end_of_duplicate(old);
            self.note_duplicate(name, new);
        }
    }

    /// Who remains alone with an externalId has none of somebody else any more.
    fn note_end_of_duplicate(&mut self, external_id: Option<u64>) {
        let mut holders = external_id.into_iter().flat_map(|external_id| self.by_key(external_id));
        let (first, second) = (holders.next().cloned(), holders.next().cloned());
        drop(holders);
        if let (Some(only), None) = (first, second) {
            self.duplicates.remove(&only);
        }
    }

    /// Who comes to an externalId that somebody else has, and the one who had it alone.
    fn note_duplicate(&mut self, name: &Arc<str>, external_id: Option<u64>) {
        let holders = external_id.into_iter().flat_map(|external_id| self.by_key(external_id));
        let holders: Vec<_> = holders.take(2).cloned().collect();
        if holders.len() > 1 {
            self.duplicates.extend(holders);
            self.duplicates.insert(Arc::clone(name));
        }
    }
}

fn keys(state: Option<&IndexedResource>) -> &[u64] {
    state.map_or(&[], |resource| &resource.keys)
}

/// The groups that a visible resource names.
pub(super) fn member_of(state: Option<&IndexedResource>) -> &[GroupId] {
    state.map_or(&[], |resource| &resource.member_of)
}

/// Changes everything that is derived from one visible resource.
pub(super) fn change(
    (kind, name): (Resource, &Arc<str>),
    before: Option<&IndexedResource>,
    after: Option<&IndexedResource>,
    visible: &mut Visible,
    edges: &mut GroupEdges,
    active: &mut Active,
) {
    visible.change(name, before, after);
    if kind == Resource::User {
        visible.note_login_attributes(name, after);
    }
    edges.change(kind, name, member_of(before), member_of(after));
    if let Some(before) = before.filter(|resource| resource.marks.active)
        && let Some(count) = active.get_mut(&before.user_type)
    {
        *count -= 1;
        if *count == 0 {
            active.remove(&before.user_type);
        }
    }
    if let Some(after) = after.filter(|resource| resource.marks.active) {
        *active.entry(after.user_type.clone()).or_default() += 1;
    }
}
