//! Who belongs to which group, both ways.
//!
//! An edge is a number of four bytes on the side of the member, and a pointer to the member's name on the side of the
//! group, where only visible members stand. Groups are known here as soon as somebody names them, whether or not there is
//! such a group: an edge may come before its group, and outlives it.

use std::collections::HashMap;
use std::iter::Peekable;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::order::Order;
use super::{MAX_BATCH, Member};
use crate::rules::resource::Resource;

/// A group that somebody names. The number is used again once nobody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupId(u32);

/// The edges of one Directory.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupEdges {
    ids: HashMap<Arc<str>, GroupId>,
    groups: Vec<Group>,
    free: Vec<GroupId>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    name: Arc<str>,
    /// How many objects name it, visible or not.
    named: u32,
    users: Order,
    groups: Order,
    digest: u64,
}

impl GroupEdges {
    /// The numbers of these groups, in the order of their names and each once, on behalf of one object that names them from
    /// now on. The numbers differ between replicas, and the order does not.
    pub(super) fn name(&mut self, groups: &[&str]) -> Box<[GroupId]> {
        let mut names = groups.to_vec();
        names.sort_unstable();
        names.dedup();
        let ids: Box<[_]> = names.into_iter().map(|group| self.id(group)).collect();
        ids.iter().for_each(|id| self.groups[id.place()].named += 1);
        ids
    }

    /// Whether a group is among these, which are in the order of their names.
    pub(super) fn contains(&self, groups: &[GroupId], group: &str) -> bool {
        groups.binary_search_by(|id| (*self.groups[id.place()].name).cmp(group)).is_ok()
    }

    /// Undoes [`Self::name`].
    pub(super) fn forget(&mut self, ids: &[GroupId]) {
        for id in ids {
            let group = &mut self.groups[id.place()];
            group.named -= 1;
            if group.named == 0 {
                self.ids.remove(&group.name);
                *group = Group::default();
                self.free.push(*id);
            }
        }
    }

    /// Changes the groups in which an object stands as a visible member. What is in both lists stays as it is.
    pub(super) fn change(&mut self, kind: Resource, member: &Arc<str>, before: &[GroupId], after: &[GroupId]) {
        if before == after {
            return;
        }
        // The sum of the digests by XOR does not depend on their order, and whoever leaves takes his part along.
        let digest = digest(kind, member);
        for id in missing(before, after) {
            let group = &mut self.groups[id.place()];
            group.digest ^= digest;
            group.order_of(kind).remove(member);
        }
        for id in missing(after, before) {
            let group = &mut self.groups[id.place()];
            group.digest ^= digest;
            group.order_of(kind).insert(member);
        }
    }

    /// The names of these groups.
    pub(super) fn names<'a>(&'a self, ids: &'a [GroupId]) -> impl Iterator<Item = &'a Arc<str>> {
        ids.iter().map(|id| &self.groups[id.place()].name)
    }

    /// The number of a group that somebody names, visible or not.
    pub(super) fn known(&self, group: &str) -> Option<GroupId> {
        self.ids.get(group).copied()
    }

    /// How many visible members a group has.
    pub(super) fn count(&self, group: &str) -> usize {
        self.group(group).map_or(0, |group| group.users.len() + group.groups.len())
    }

    /// A digest of who they are.
    pub(super) fn digest(&self, group: &str) -> u64 {
        self.group(group).map_or(0, |group| group.digest)
    }

    /// The next visible members after this name.
    pub(super) fn members(&self, group: &str, after: &str) -> Vec<Member> {
        let Some(group) = self.group(group) else { return Vec::new() };
        let (mut users, mut groups) = (group.users.after(after).peekable(), group.groups.after(after).peekable());
        let mut members: Vec<_> = std::iter::from_fn(|| smaller(&mut users, &mut groups)).take(MAX_BATCH + 1).collect();
        // A user and a group may have one name in theory. The next batch starts after a name, so both come in the same one.
        let twins = members.get(MAX_BATCH).is_some_and(|next| next.name == members[MAX_BATCH - 1].name);
        members.truncate(MAX_BATCH - usize::from(twins));
        members
    }

    fn id(&mut self, name: &str) -> GroupId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.groups.push(Group::default());
            GroupId(u32::try_from(self.groups.len() - 1).expect("fewer groups than bytes of memory"))
        });
        let name: Arc<str> = name.into();
        self.groups[id.place()].name = Arc::clone(&name);
        self.ids.insert(name, id);
        id
    }

    fn group(&self, name: &str) -> Option<&Group> {
        Some(&self.groups[self.ids.get(name)?.place()])
    }
}

impl GroupId {
    fn place(self) -> usize {
        usize::try_from(self.0).expect("a number of 32 bits")
    }
}

impl Group {
    fn order_of(&mut self, kind: Resource) -> &mut Order {
        match kind {
            Resource::User => &mut self.users,
            Resource::Group => &mut self.groups,
        }
    }
}

/// The groups that stand in one of the two lists alone.
pub(super) fn moved(before: &[GroupId], after: &[GroupId]) -> Vec<GroupId> {
    if before == after {
        return Vec::new();
    }
    missing(before, after).into_iter().chain(missing(after, before)).collect()
}

/// The groups of one list that are not in another one.
fn missing(groups: &[GroupId], other: &[GroupId]) -> Vec<GroupId> {
    let mut other = other.to_vec();
    other.sort_unstable();
    groups.iter().filter(|id| other.binary_search(id).is_err()).copied().collect()
}

/// What one member adds to the digest of a group. It stands in ETags and in statuses, so it is the same in every process
/// and every version: the first eight bytes of the SHA-256 of kind and name.
fn digest(kind: Resource, name: &str) -> u64 {
    let kind = match kind {
        Resource::User => "User",
        Resource::Group => "Group",
    };
    let hash: [u8; 32] = Sha256::digest(format!("{kind}/{name}")).into();
    hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// The smaller one of the next user and the next group by name; the user where the names are the same.
fn smaller<'a>(
    users: &mut Peekable<impl Iterator<Item = &'a Arc<str>>>,
    groups: &mut Peekable<impl Iterator<Item = &'a Arc<str>>>,
) -> Option<Member> {
    let user_first = match (users.peek(), groups.peek()) {
        (Some(user), Some(group)) => user <= group,
        (user, _) => user.is_some(),
    };
    let (kind, name) = if user_first { (Resource::User, users.next()) } else { (Resource::Group, groups.next()) };
    Some(Member { kind, name: Arc::clone(name?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replicas of two versions that run side by side must agree, and a status outlives them.
    #[test]
    fn the_digest_of_a_member_is_the_same_for_ever() {
        let cases =
            [(Resource::User, "ada-1", 0x9b0a_28f2_6764_6643), (Resource::Group, "ada-1", 0xacd1_9f97_faa0_d612)];
        for (kind, name, expected) in cases {
            assert_eq!(digest(kind, name), expected, "{kind:?} {name}");
        }
    }
}
