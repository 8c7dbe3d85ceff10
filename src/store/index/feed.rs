//! What comes into the index: states and ends of objects, lists, and the rules of the Directory.

use std::sync::Arc;

use jiff::Timestamp;

use super::claim::{ClaimId, IndexedClaim};
use super::resource::{Claims, IndexedResource};
use super::{Index, IndexRules, MAX_BATCH};
use crate::api::Object;
use crate::rules::resource::Resource;
use crate::store::kind::Kind;
use crate::store::version::{Origin, version_of};

impl Index {
    /// Takes in a state of an object of this Directory.
    pub(in crate::store) fn put(&self, kind: Kind, directory: &str, object: &Object, origin: Origin<'_>) {
        match kind.resource() {
            Some(resource) => self.put_resource(resource, directory, object, origin),
            None => self.put_claim(object, origin),
        }
    }

    /// Takes in the end of an object.
    pub(in crate::store) fn remove(&self, kind: Kind, object: &Object) {
        let (name, version) = (object.name(), version_of(object));
        match (kind.resource(), ClaimId::parse(name)) {
            (Some(resource), _) => self.tables.write().remove(resource, name, version),
            (None, Some(id)) => self.tables.write().remove_claim(id, version),
            (None, None) => {}
        }
    }

    /// Forgets the objects of a kind that a list of `version`, taken in `epoch`, does not show.
    pub(in crate::store) fn sweep(&self, kind: Kind, version: u128, epoch: u32) {
        match kind.resource() {
            Some(resource) => self.tables.write().sweep(resource, version, epoch),
            None => self.tables.write().sweep_claims(version, epoch),
        }
    }

    fn put_resource(&self, kind: Resource, directory: &str, object: &Object, origin: Origin<'_>) {
        let (name, stamp, member_of) = (object.name(), origin.stamp(version_of(object)), object.member_of());
        let mut rules = Arc::clone(self.tables.read().rules());
        loop {
            // Hashing and encoding are done before the lock is taken, and again where the rules have changed meanwhile.
            let resource = IndexedResource::project((kind, directory), object, stamp, &rules, &self.hasher);
            let mut tables = self.tables.write();
            if Arc::ptr_eq(&rules, tables.rules()) {
                tables.put(kind, name, Box::new(resource), &member_of, origin);
                if let Some(at) = members_changed_at(object).filter(|_| kind == Resource::Group) {
                    tables.note_members_changed(name, at);
                }
                return;
            }
            rules = Arc::clone(tables.rules());
        }
    }

    /// Takes in a state of a DirectoryClaim. One whose name is no digest was made by hand and claims nothing.
    fn put_claim(&self, object: &Object, origin: Origin<'_>) {
        let Some(id) = ClaimId::parse(object.name()) else { return };
        let claim = IndexedClaim::project(object, origin.stamp(version_of(object)));
        self.tables.write().put_claim(id, claim, origin);
    }

    /// Goes over to the rules that `rules` tells, and derives everything anew if they are others than before. `rules` is
    /// asked under the lock, so of two changes at the same time the one that is asked last stays.
    ///
    /// The bodies are read again without the lock, a batch at a time, and nobody waits for longer than a batch takes. Until
    /// all is done, objects that have not been looked at yet stand as under the old rules.
    pub(in crate::store) fn set_rules(&self, directory: &str, rules: impl Fn() -> IndexRules) {
        let (rules, claims) = {
            let mut tables = self.tables.write();
            let rules = rules();
            if rules == **tables.rules() {
                return;
            }
            let rules = Arc::new(rules);
            tables.set_rules(Arc::clone(&rules));
            (rules, tables.claim_ids())
        };
        for kind in Resource::ALL {
            let names = self.tables.read().names(kind);
            if !names.chunks(MAX_BATCH).all(|names| self.read_again(kind, directory, names, &rules)) {
                return;
            }
        }
        for ids in claims.chunks(MAX_BATCH) {
            let mut tables = self.tables.write();
            ids.iter().for_each(|id| tables.derive_claim(*id));
        }
    }

    /// Reads the bodies of these resources again under other rules. Says whether those rules are still the ones in use.
    fn read_again(&self, kind: Resource, directory: &str, names: &[Arc<str>], rules: &Arc<IndexRules>) -> bool {
        let resources: Vec<_> = {
            let tables = self.tables.read();
            let resources = names.iter().filter_map(|name| tables.resource(kind, name));
            resources.map(|(name, resource)| (name.clone(), resource.scim.clone(), resource.claims.clone())).collect()
        };
        let read = |(name, scim, claims): (Arc<str>, Arc<[u8]>, Claims)| {
            let claims = claims.project_anew(kind, directory, &scim, rules);
            (name, scim, claims)
        };
        let resources: Vec<_> = resources.into_iter().map(read).collect();
        let mut tables = self.tables.write();
        let in_use = Arc::ptr_eq(rules, tables.rules());
        if in_use {
            resources.into_iter().for_each(|(name, scim, claims)| tables.set_claims(kind, &name, &scim, claims));
        }
        in_use
    }
}

/// What the status of a group says of when its members last changed.
fn members_changed_at(object: &Object) -> Option<Timestamp> {
    object.status()["membersChangedAt"].as_str()?.parse().ok()
}
