//! The tables behind the lock of one Directory, and how they hang together.
//!
//! What is derived (who is visible, what is unsettled, which claims are dead) is kept up to date with every change, so
//! that nobody has to look through 100,000 records for it. Two rules carry this: what an object *owns* changes only with
//! the object or with a claim that it holds, and whether a claim is *alive* only with the claim or with its holder. So a
//! change looks at the object and the claims that it names or named, and at nothing else.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::order::Order;
use super::person::{Claim, ClaimId, Person};
use crate::store::version::Origin;

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    people: HashMap<Arc<str>, Person>,
    claims: HashMap<ClaimId, Claim>,
    /// Names of visible people.
    pub(super) shown: Order,
    /// Hash of a look-up key, and who has it.
    keys: BTreeSet<(u64, Arc<str>)>,
    /// Names of objects that the janitor has to look at.
    pub(super) unsettled: BTreeSet<Arc<str>>,
    /// Claims that the janitor has to look at.
    pub(super) dead: BTreeSet<ClaimId>,
}

impl Tables {
    /// Whether there is nothing in them.
    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty() && self.claims.is_empty()
    }

    /// A person.
    pub(super) fn person(&self, name: &str) -> Option<(&Arc<str>, &Person)> {
        self.people.get_key_value(name)
    }

    /// People who may have the key with this hash, in the order of their names, whether visible or not.
    pub(super) fn by_key(&self, hash: u64) -> impl Iterator<Item = (&Arc<str>, &Person)> {
        let first = (hash, Arc::from(""));
        self.keys.range(first..).take_while(move |(other, _)| *other == hash).filter_map(|(_, name)| self.person(name))
    }

    /// The holder of a claim, if the claim is alive.
    pub(super) fn live_holder(&self, id: ClaimId) -> Option<&str> {
        let holder = &*self.claims.get(&id)?.holder;
        self.people.get(holder)?.named().any(|named| named == id).then_some(holder)
    }

    /// Takes in a state of a person; older ones only confirm that the person is there.
    pub(super) fn put_person(&mut self, name: &str, person: Person, origin: Origin<'_>) {
        let known = self.people.get_mut(name);
        let news = origin.is_news(person.stamp.version, known.as_ref().map(|known| known.stamp));
        match known {
            Some(known) if !news => return known.stamp.confirm(origin),
            None if !news => return,
            _ => {}
        }
        let before = self.take_person(name);
        let (name, mut touched) = before.unwrap_or_else(|| (name.into(), Vec::new()));
        touched.extend(person.named());
        self.keys.extend(person.keys.iter().map(|key| (*key, Arc::clone(&name))));
        self.people.insert(Arc::clone(&name), person);
        self.derive_person(&name);
        touched.into_iter().for_each(|id| self.derive_claim(id));
    }

    /// Forgets a person, unless something later than `version` is known.
    pub(super) fn remove_person(&mut self, name: &str, version: u128) {
        if self.people.get(name).is_some_and(|known| known.stamp.version > version && version > 0) {
            return;
        }
        if let Some((_, touched)) = self.take_person(name) {
            touched.into_iter().for_each(|id| self.derive_claim(id));
        }
    }

    /// Takes a person out of every table; returns the name and the claims to look at again.
    fn take_person(&mut self, name: &str) -> Option<(Arc<str>, Vec<ClaimId>)> {
        let (name, person) = self.people.remove_entry(name)?;
        for key in &person.keys {
            self.keys.remove(&(*key, Arc::clone(&name)));
        }
        if person.shown {
            self.shown.remove(&name);
        }
        self.unsettled.remove(&name);
        let named = person.named().collect();
        Some((name, named))
    }

    /// Takes in a state of a claim; older ones only confirm that the claim is there.
    pub(super) fn put_claim(&mut self, id: ClaimId, claim: Claim, origin: Origin<'_>) {
        let known = self.claims.get_mut(&id);
        let news = origin.is_news(claim.stamp.version, known.as_ref().map(|known| known.stamp));
        match known {
            Some(known) if !news => return known.stamp.confirm(origin),
            None if !news => return,
            _ => {}
        }
        let holder = claim.holder.clone();
        let before = self.claims.insert(id, claim);
        self.derive_claim(id);
        self.derive_person(&holder);
        // The same name again with another holder: a dead claim was removed and the value taken by somebody else.
        if let Some(before) = before
            && before.holder != holder
        {
            self.derive_person(&before.holder);
        }
    }

    /// Forgets a claim, unless something later than `version` is known.
    pub(super) fn remove_claim(&mut self, id: ClaimId, version: u128) {
        if self.claims.get(&id).is_some_and(|known| known.stamp.version > version && version > 0) {
            return;
        }
        if let Some(claim) = self.claims.remove(&id) {
            self.derive_claim(id);
            self.derive_person(&claim.holder);
        }
    }

    /// Forgets the people whom a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep_people(&mut self, version: u128, epoch: u32) {
        let gone = self.people.iter().filter(|(_, person)| person.stamp.is_gone(version, epoch));
        let gone: Vec<_> = gone.map(|(name, _)| Arc::clone(name)).collect();
        gone.iter().for_each(|name| self.remove_person(name, version));
    }

    /// Forgets the claims that a list of `version`, taken in `epoch`, does not show.
    pub(super) fn sweep_claims(&mut self, version: u128, epoch: u32) {
        let gone = self.claims.iter().filter(|(_, claim)| claim.stamp.is_gone(version, epoch));
        let gone: Vec<_> = gone.map(|(id, _)| *id).collect();
        gone.into_iter().for_each(|id| self.remove_claim(id, version));
    }

    fn derive_person(&mut self, name: &str) {
        let Some((key, person)) = self.people.get_key_value(name) else { return };
        let owns = |id: ClaimId| self.claims.get(&id).is_some_and(|claim| *claim.holder == *name);
        let marks = person.marks;
        let shown = marks.provisioned && !marks.deleted && !marks.rejected && person.name_claim.is_some_and(owns);
        let unsettled = marks.rejected
            || !person.pending.is_empty()
            || if marks.deleted { marks.asked_back } else { !person.committed().all(owns) };
        let key = Arc::clone(key);
        if unsettled {
            self.unsettled.insert(Arc::clone(&key));
        } else {
            self.unsettled.remove(&key);
        }
        let person = self.people.get_mut(name).expect("it was there a line ago");
        if person.shown != shown {
            person.shown = shown;
            if shown { self.shown.insert(&key) } else { self.shown.remove(&key) }
        }
    }

    fn derive_claim(&mut self, id: ClaimId) {
        let known = self.claims.get(&id).is_some_and(|claim| claim.known);
        if known && self.live_holder(id).is_none() {
            self.dead.insert(id);
        } else {
            self.dead.remove(&id);
        }
    }
}
