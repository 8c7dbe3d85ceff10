//! The tables behind the lock of one Directory, and how they hang together.
//!
//! What is derived (who is visible and member of what, what is unsettled, which claims are dead) is kept up to date with
//! every change, so that nobody has to look through 100,000 records for it. Two rules carry this: what an object *owns*
//! changes only with the object or with a claim that it holds, and whether a claim is *alive* only with the claim or with
//! its holder. So a change looks at the object and the claims that it names or named, and at nothing else. Other rules of
//! the Directory change everything: then every object and every claim is looked at again, a batch at a time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::claim::{ClaimId, IndexedClaim};
use super::dirty::Marker;
use super::edges::{GroupEdges, moved};
use super::resource::{Claims, IndexedResource};
use super::visible::{Active, Resources, change, member_of};
use super::{IndexRules, UnownedValue};
use crate::rules::resource::Resource;
use crate::store::version::Origin;

/// The tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    rules: Arc<IndexRules>,
    users: Resources,
    groups: Resources,
    pub(super) edges: GroupEdges,
    pub(super) active: Active,
    claims: HashMap<ClaimId, IndexedClaim>,
    /// The attributes of the claims.
    attributes: HashSet<Arc<str>>,
    /// Claims that the janitor has to look at.
    pub(super) dead: BTreeSet<ClaimId>,
    /// When the members of a group last changed, as far as this replica knows: what its status says, or a change of its own.
    members_changed_at: HashMap<Arc<str>, Timestamp>,
    /// The tenant of the account that was linked last.
    tenant: Arc<str>,
    dirty: Marker,
}

impl Tables {
    pub(super) fn new(dirty: Marker) -> Self {
        Self { dirty, ..Self::default() }
    }

    /// A copy of which nobody is told.
    pub(super) fn silent_copy(&self) -> Self {
        Self { dirty: Marker::default(), ..self.clone() }
    }

    /// Whether there is nothing in them.
    pub(super) fn is_empty(&self) -> bool {
        self.users.records.is_empty() && self.groups.records.is_empty() && self.claims.is_empty()
    }

    /// The rules that the tables are kept by.
    pub(super) fn rules(&self) -> &Arc<IndexRules> {
        &self.rules
    }

    /// The resources of a kind.
    pub(super) fn resources(&self, kind: Resource) -> &Resources {
        match kind {
            Resource::User => &self.users,
            Resource::Group => &self.groups,
        }
    }

    fn resources_mut(&mut self, kind: Resource) -> &mut Resources {
        match kind {
            Resource::User => &mut self.users,
            Resource::Group => &mut self.groups,
        }
    }

    /// A user or group.
    pub(super) fn resource(&self, kind: Resource, name: &str) -> Option<(&Arc<str>, &IndexedResource)> {
        self.resources(kind).records.get_key_value(name).map(|(name, resource)| (name, &**resource))
    }

    /// Whether there is a group of this name and it is visible.
    pub(super) fn shows_group(&self, name: &str) -> bool {
        self.resource(Resource::Group, name).is_some_and(|(_, group)| group.shown)
    }

    /// The holder of a claim, if the claim is alive.
    pub(super) fn live_holder(&self, id: ClaimId) -> Option<&str> {
        let claim = self.claims.get(&id)?;
        let (_, holder) = self.resource(claim.kind(), &claim.holder)?;
        holder.named().any(|named| named == id).then_some(&claim.holder)
    }

    /// The living objects of a kind that name the value of a claim, with the claim or without it: the live holder first.
    pub(super) fn naming(&self, kind: Resource, id: ClaimId) -> impl Iterator<Item = &str> {
        let is_of_kind = self.claims.get(&id).is_some_and(|claim| claim.kind() == kind);
        let holder = self.live_holder(id).filter(|_| is_of_kind);
        let unowned = self.resources(kind).unowned.get(&id).into_iter().flatten();
        holder.into_iter().chain(unowned.map(|name| &**name))
    }

    fn owns(&self, kind: Resource, name: &str, id: ClaimId) -> bool {
        self.claims.get(&id).is_some_and(|claim| *claim.holder == *name && claim.kind() == kind)
    }

    /// Takes in a state of a resource and the groups that it names; older ones only confirm that it is there.
    pub(super) fn put(
        &mut self,
        kind: Resource,
        name: &str,
        mut new: Box<IndexedResource>,
        member_of: &[&str],
        origin: Origin<'_>,
    ) {
        let resources = self.resources_mut(kind);
        let known = resources.records.get_mut(name);
        let news = origin.is_news(new.stamp.version, known.as_ref().map(|known| known.stamp));
        match known {
            Some(known) if !news => return known.stamp.confirm(origin),
            None if !news => return,
            _ => {}
        }
        let old = resources.records.remove_entry(name);
        let (name, mut old) = old.map_or_else(|| (Arc::from(name), None), |(name, old)| (name, Some(old)));
        let mut touched: Vec<_> = old.iter().flat_map(|old| old.named()).collect();
        touched.extend(new.named());
        // The new edges come before the old ones go, so that a group that stands in both keeps its number.
        new.member_of = self.edges.name(member_of);
        if let Some((shared, _)) = self.active.get_key_value(&new.user_type) {
            new.user_type = shared.clone();
        }
        self.share_tenant(&mut new);
        new.was_shown = old.as_ref().is_some_and(|old| old.was_shown);
        new.unowned = old.as_mut().map(|old| std::mem::take(&mut old.unowned)).unwrap_or_default();
        self.derive(kind, &name, &mut new);
        let is_turned = old.as_deref().is_some_and(|old| new.turns(old));
        let before = old.as_deref().filter(|old| old.shown);
        self.show(kind, &name, before, new.shown.then_some(&*new));
        let deleted_at = old.as_ref().and_then(|old| old.deleted_at);
        self.resources_mut(kind).set_deleted_at(&name, deleted_at, new.deleted_at);
        let wanted_back = old.as_deref().map(IndexedResource::wanted_back).unwrap_or_default();
        self.resources_mut(kind).set_wanted_back(&name, &wanted_back, &new.wanted_back());
        if let Some(old) = old {
            self.edges.forget(&old.member_of);
        }
        self.dirty.resource(kind, &name);
        if is_turned {
            self.dirty.urgent(kind, &name);
        }
        self.share_name(&name, &new);
        self.resources_mut(kind).records.insert(name, new);
        touched.into_iter().for_each(|id| self.derive_claim(id));
    }

    /// Forgets a resource, unless something later than `version` is known.
    pub(super) fn remove(&mut self, kind: Resource, name: &str, version: u128) {
        let resources = self.resources_mut(kind);
        if resources.records.get(name).is_some_and(|known| known.stamp.version > version && version > 0) {
            return;
        }
        let Some((name, old)) = resources.records.remove_entry(name) else { return };
        resources.unsettled.remove(&name);
        resources.ambiguous.remove(&name);
        resources.set_unowned(&name, &old.unowned, &[]);
        resources.set_wanted_back(&name, &old.wanted_back(), &[]);
        resources.set_deleted_at(&name, old.deleted_at, None);
        if kind == Resource::Group {
            self.members_changed_at.remove(&name);
        }
        self.show(kind, &name, Some(&*old).filter(|old| old.shown), None);
        self.edges.forget(&old.member_of);
        old.named().for_each(|id| self.derive_claim(id));
        self.dirty.resource(kind, &name);
    }

    /// Takes in a state of a claim; older ones only confirm that the claim is there.
    pub(super) fn put_claim(&mut self, id: ClaimId, mut claim: IndexedClaim, origin: Origin<'_>) {
        let known = self.claims.get_mut(&id);
        let news = origin.is_news(claim.stamp.version, known.as_ref().map(|known| known.stamp));
        match known {
            Some(known) if !news => return known.stamp.confirm(origin),
            None if !news => return,
            _ => {}
        }
        if let Some(shared) = self.attributes.get(&claim.attribute) {
            claim.attribute = Arc::clone(shared);
        } else {
            self.attributes.insert(Arc::clone(&claim.attribute));
        }
        if let Some((name, _)) = self.resource(claim.kind(), &claim.holder) {
            claim.holder = Arc::clone(name);
        }
        let (kind, holder) = (claim.kind(), Arc::clone(&claim.holder));
        let before = self.claims.insert(id, claim);
        self.derive_again(kind, &holder);
        self.derive_claim(id);
        // The same name again with another holder: a dead claim was removed and the value taken by somebody else.
        if let Some(before) = before {
            if before.holder != holder || before.kind() != kind {
                self.derive_again(before.kind(), &before.holder);
            }
            self.forget_attribute(before);
        }
    }

    /// Forgets a claim, unless something later than `version` is known.
    pub(super) fn remove_claim(&mut self, id: ClaimId, version: u128) {
        if self.claims.get(&id).is_some_and(|claim| claim.stamp.version > version && version > 0) {
            return;
        }
        if let Some(claim) = self.claims.remove(&id) {
            self.derive_again(claim.kind(), &claim.holder);
            self.derive_claim(id);
            self.forget_attribute(claim);
        }
    }

    /// Forgets the resources that a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep(&mut self, kind: Resource, version: u128, epoch: u32) {
        let resources = self.resources(kind);
        let gone = resources.records.iter().filter(|(_, resource)| resource.stamp.is_gone(version, epoch));
        let gone: Vec<_> = gone.map(|(name, _)| Arc::clone(name)).collect();
        gone.iter().for_each(|name| self.remove(kind, name, version));
    }

    /// Forgets the claims that a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep_claims(&mut self, version: u128, epoch: u32) {
        let gone = self.claims.iter().filter(|(_, claim)| claim.stamp.is_gone(version, epoch));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|id| self.remove_claim(id, version));
    }

    /// Changes the rules. Nothing is derived from them before [`Self::set_claims`] and [`Self::derive_claim`] have been
    /// called for everything that is there.
    pub(super) fn set_rules(&mut self, rules: Arc<IndexRules>) {
        self.rules = rules;
    }

    /// The names of all resources of a kind.
    pub(super) fn names(&self, kind: Resource) -> Vec<Arc<str>> {
        self.resources(kind).records.keys().cloned().collect()
    }

    /// The ids of all claims.
    pub(super) fn claim_ids(&self) -> Vec<ClaimId> {
        self.claims.keys().copied().collect()
    }

    /// How many claims there are.
    pub(super) fn claim_count(&self) -> usize {
        self.claims.len()
    }

    /// The claims.
    pub(super) fn claims(&self) -> impl Iterator<Item = ClaimId> {
        self.claims.keys().copied()
    }

    /// Changes the claims that a resource names, if its body is still this one.
    pub(super) fn set_claims(&mut self, kind: Resource, name: &Arc<str>, scim: &Arc<[u8]>, claims: Claims) {
        let resources = self.resources_mut(kind);
        let Some(resource) = resources.records.get_mut(name) else { return };
        if !Arc::ptr_eq(&resource.scim, scim) {
            // It was replaced meanwhile, and the new state was read by the new rules.
            return;
        }
        let mut touched: Vec<_> = resource.named().collect();
        let owned = resource.owns_its_values();
        let wanted_back = resource.wanted_back();
        resource.claims = claims;
        touched.extend(resource.named());
        let wanted_now = resource.wanted_back();
        resources.set_wanted_back(name, &wanted_back, &wanted_now);
        if wanted_back != wanted_now {
            self.dirty.resource(kind, name);
        }
        self.derive_again(kind, name);
        // A rule that has come into force denies access to somebody who lacks the same claim as before.
        let known = self.resource(kind, name).filter(|(_, resource)| resource.owns_its_values() != owned);
        if let Some((name, _)) = known {
            self.dirty.resource(kind, name);
        }
        touched.into_iter().for_each(|id| self.derive_claim(id));
    }

    /// When the members of a group last changed.
    pub(super) fn members_changed_at(&self, group: &str) -> Option<Timestamp> {
        self.members_changed_at.get(group).copied()
    }

    /// Notes that the members of a group changed at this time. Of a group that is not here nothing is kept.
    pub(super) fn note_members_changed(&mut self, group: &str, at: Timestamp) {
        let Some((name, _)) = self.resource(Resource::Group, group) else { return };
        let name = Arc::clone(name);
        let known = self.members_changed_at.entry(name).or_insert(at);
        *known = at.max(*known);
    }

    /// Looks again whether a claim is dead, and at those who name its value and do not own it: they are seen only while
    /// nobody else has it, and that a rival has gone is no change of their own.
    pub(super) fn derive_claim(&mut self, id: ClaimId) {
        let judged = self.claims.get(&id).is_some_and(|claim| claim.is_judged(&self.rules.unique));
        if judged && self.live_holder(id).is_none() {
            if self.dead.insert(id) {
                self.dirty.dead_claim(&id.name());
            }
        } else if self.dead.remove(&id) {
            self.dirty.living_claim(&id.name());
        }
        for kind in Resource::ALL {
            // Whoever waits for the value to come back has something to do, or to tell.
            self.resources(kind)
                .wanted_back
                .get(&id)
                .into_iter()
                .flatten()
                .for_each(|name| self.dirty.resource(kind, name));
            let names = self.resources(kind).unowned.get(&id).cloned().unwrap_or_default();
            for name in names {
                self.dirty.resource(kind, &name);
                self.derive_again(kind, &name);
            }
        }
    }

    /// The claims that a resource lacks; of a tombstone that is asked back, those that keep it from coming back.
    pub(super) fn conflicts_of(&self, kind: Resource, name: &str) -> Vec<UnownedValue> {
        let Some((name, resource)) = self.resource(kind, name) else { return Vec::new() };
        let wanted_back = resource.wanted_back();
        if !wanted_back.is_empty() {
            let taken = wanted_back.into_iter().filter(|id| self.live_holder(*id).is_some());
            return taken.map(|id| self.conflict(name, id)).collect();
        }
        let unowned = resource.unowned.iter().filter(|_| resource.is_at_rest());
        unowned.map(|id| self.conflict(name, *id)).collect()
    }

    fn conflict(&self, name: &Arc<str>, id: ClaimId) -> UnownedValue {
        UnownedValue { name: Arc::clone(name), claim_name: id.name(), holder: self.live_holder(id).map(str::to_owned) }
    }

    /// Looks again at what follows from a resource that is in the tables.
    fn derive_again(&mut self, kind: Resource, name: &str) {
        let resources = self.resources_mut(kind);
        let Some((name, mut resource)) = resources.records.remove_entry(name) else { return };
        let was_shown = resource.shown;
        if self.derive(kind, &name, &mut resource) {
            self.dirty.resource(kind, &name);
        }
        if was_shown != resource.shown {
            self.show(kind, &name, was_shown.then_some(&*resource), resource.shown.then_some(&*resource));
        }
        self.resources_mut(kind).records.insert(name, resource);
    }

    /// Decides whether a resource is visible, whether it is unsettled and what it does not own. Says whether any of that
    /// changed.
    fn derive(&mut self, kind: Resource, name: &Arc<str>, resource: &mut IndexedResource) -> bool {
        let owns = |id| self.owns(kind, name, id);
        let is_free = |id| self.live_holder(id).is_none();
        let was_shown = resource.shown;
        let owns_name = resource.claims.name().is_some_and(owns);
        let is_seen = |id| owns_name || resource.is_seen_without_claim(is_free(id));
        resource.shown = resource.may_be_shown(&self.rules) && resource.claims.name().is_some_and(is_seen);
        // A slow create that is shown before it has its claims may still be refused.
        resource.was_shown |= resource.shown && (owns_name || resource.is_relied_on());
        let unsettled = resource.is_unsettled(owns);
        let is_living = !resource.marks.deleted && !resource.marks.rejected;
        let unowned: Box<[_]> = resource.claims.iter().filter(|id| is_living && !owns(*id)).collect();
        let before = std::mem::replace(&mut resource.unowned, unowned);
        let resources = self.resources_mut(kind);
        resources.set_unowned(name, &before, &resource.unowned);
        if is_living && resource.claims.is_ambiguous() {
            resources.ambiguous.insert(Arc::clone(name));
        } else {
            resources.ambiguous.remove(name);
        }
        let moved =
            if unsettled { resources.unsettled.insert(Arc::clone(name)) } else { resources.unsettled.remove(name) };
        moved || was_shown != resource.shown || before != resource.unowned
    }

    /// Takes what is visible of a resource from one state to another; none is not visible.
    fn show(
        &mut self,
        kind: Resource,
        name: &Arc<str>,
        before: Option<&IndexedResource>,
        after: Option<&IndexedResource>,
    ) {
        let moved = moved(member_of(before), member_of(after));
        self.edges.names(&moved).for_each(|group| self.dirty.resource(Resource::Group, group));
        let resources = match kind {
            Resource::User => &mut self.users,
            Resource::Group => &mut self.groups,
        };
        change((kind, name), before, after, &mut resources.visible, &mut self.edges, &mut self.active);
    }

    /// The claims of an object share its name, whichever came first.
    fn share_name(&mut self, name: &Arc<str>, resource: &IndexedResource) {
        for id in resource.named() {
            if let Some(claim) = self.claims.get_mut(&id)
                && claim.holder == *name
            {
                claim.holder = Arc::clone(name);
            }
        }
    }

    /// Nearly everybody's account is of one tenant, so they share its name.
    fn share_tenant(&mut self, resource: &mut IndexedResource) {
        let Some(account) = resource.logins.as_mut().and_then(|logins| logins.account.as_mut()) else { return };
        if *account.tenant == *self.tenant {
            account.tenant = Arc::clone(&self.tenant);
        } else {
            self.tenant = Arc::clone(&account.tenant);
        }
    }

    /// Forgets an attribute that was the last claim's.
    fn forget_attribute(&mut self, claim: IndexedClaim) {
        let attribute = claim.attribute;
        // This one and the one in the table.
        if Arc::strong_count(&attribute) == 2 {
            self.attributes.remove(&attribute);
        }
    }
}
