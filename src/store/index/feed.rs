//! What comes into the index: states and ends of objects, lists, and the rules of the Directory.

use std::sync::Arc;

use serde_json::Value;

use super::claim::{Claim, ClaimId};
use super::resource::{Claims, Resource};
use super::{Index, IndexRules, MAX_BATCH};
use crate::rules::membership::groups_of;
use crate::store::objects::Kind;
use crate::store::version::{Origin, version_of};

impl Index {
    /// Takes in a state of an object of this Directory.
    pub(in crate::store) fn put(&self, kind: Kind, directory: &str, object: &Value, origin: Origin<'_>) {
        let Some(name) = object["metadata"]["name"].as_str() else { return };
        let (stamp, member_of) = (origin.stamp(version_of(object)), groups_of(object));
        let mut rules = Arc::clone(self.tables.read().rules());
        loop {
            // Hashing and encoding are done before the lock is taken, and again where the rules have changed meanwhile.
            let resource = Resource::project((kind, directory), object, stamp, &rules, &self.hasher);
            let mut tables = self.tables.write();
            if Arc::ptr_eq(&rules, tables.rules()) {
                return tables.put(kind, name, resource, &member_of, origin);
            }
            rules = Arc::clone(tables.rules());
        }
    }

    /// Takes in the end of an object.
    pub(in crate::store) fn remove(&self, kind: Kind, object: &Value) {
        let Some(name) = object["metadata"]["name"].as_str() else { return };
        self.tables.write().remove(kind, name, version_of(object));
    }

    /// Takes in a state of a DirectoryClaim. One whose name is no digest was made by hand and claims nothing.
    pub(in crate::store) fn put_claim(&self, object: &Value, origin: Origin<'_>) {
        let Some(id) = claim_id(object) else { return };
        let claim = Claim::project(object, origin.stamp(version_of(object)));
        self.tables.write().put_claim(id, claim, origin);
    }

    /// Takes in the end of a DirectoryClaim.
    pub(in crate::store) fn remove_claim(&self, object: &Value) {
        let Some(id) = claim_id(object) else { return };
        self.tables.write().remove_claim(id, version_of(object));
    }

    /// Forgets the objects of a kind that a list of `version`, taken in `epoch`, does not show.
    pub(in crate::store) fn sweep(&self, kind: Kind, version: u128, epoch: u32) {
        self.tables.write().sweep(kind, version, epoch);
    }

    /// Forgets the claims that a list of `version`, taken in `epoch`, does not show.
    pub(in crate::store) fn sweep_claims(&self, version: u128, epoch: u32) {
        self.tables.write().sweep_claims(version, epoch);
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
        for kind in [Kind::User, Kind::Group] {
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
    fn read_again(&self, kind: Kind, directory: &str, names: &[Arc<str>], rules: &Arc<IndexRules>) -> bool {
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

fn claim_id(object: &Value) -> Option<ClaimId> {
    ClaimId::parse(object["metadata"]["name"].as_str()?)
}
