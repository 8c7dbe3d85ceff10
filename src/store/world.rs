//! All that the watches fill: the registry, and one index for each Directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use serde_json::Value;

use super::index::{Index, IndexRules};
use super::objects::Kind;
use super::registry::{Directory, Registry};
use super::version::Origin;
use crate::api::directory::BuiltInUsers;

/// Greater than every resourceVersion.
const EVERY_VERSION: u128 = u128::MAX;
/// The epoch of no synchronisation.
const NO_EPOCH: u32 = u32::MAX;

type Indexes = BTreeMap<String, BTreeMap<String, Arc<Index>>>;

/// What the operator knows of the cluster.
#[derive(Default)]
pub(super) struct World {
    /// The Directories and keys.
    pub(super) registry: Registry,
    /// By namespace, then by name of the Directory. An index comes into being with the first object that names its
    /// Directory, and goes when it is empty and its Directory gone. It is written to under the lock of this map, shared:
    /// who forgets an index holds the lock alone, so nothing can come into it meanwhile and be lost.
    indexes: RwLock<Indexes>,
}

impl World {
    /// The index of a Directory; an empty one where nothing names the Directory.
    pub(super) fn index(&self, namespace: &str, directory: &str) -> Arc<Index> {
        index_in(&self.indexes.read(), namespace, directory).cloned().unwrap_or_default()
    }

    /// Every index.
    pub(super) fn indexes(&self) -> Vec<(String, String, Arc<Index>)> {
        let indexes = self.indexes.read();
        let indexes = indexes.iter().flat_map(|(namespace, indexes)| {
            indexes.iter().map(move |(directory, index)| (namespace.clone(), directory.clone(), Arc::clone(index)))
        });
        indexes.collect()
    }

    /// Takes in a state of an object.
    pub(super) fn put(&self, kind: Kind, object: &Value, origin: Origin<'_>) {
        match kind {
            Kind::Directory => {
                self.registry.put_directory(object, origin);
                if let Some((namespace, name)) = names_of(object) {
                    self.follow_rules(namespace, name);
                }
            }
            Kind::Key => self.registry.put_key(object, origin),
            Kind::User | Kind::Group | Kind::Claim => {
                let Some((namespace, directory)) = directory_of(object) else { return };
                let indexes = self.indexes_with(namespace, directory);
                let Some(index) = index_in(&indexes, namespace, directory) else { return };
                match kind {
                    Kind::Claim => index.put_claim(object, origin),
                    _ => index.put(kind, directory, object, origin),
                }
                // An old state that is no news of anything.
                let unused = index.is_empty();
                drop(indexes);
                if unused {
                    self.forget_unused(namespace, directory);
                }
            }
        }
    }

    /// Takes in the end of an object.
    pub(super) fn remove(&self, kind: Kind, object: &Value) {
        match kind {
            Kind::Directory => {
                self.registry.remove_directory(object);
                if let Some((namespace, name)) = names_of(object) {
                    self.follow_rules(namespace, name);
                    self.forget_unused(namespace, name);
                }
            }
            Kind::Key => self.registry.remove_key(object),
            Kind::User | Kind::Group | Kind::Claim => {
                let Some((namespace, directory)) = directory_of(object) else { return };
                let index = self.index(namespace, directory);
                match kind {
                    Kind::Claim => index.remove_claim(object),
                    _ => index.remove(kind, object),
                }
                if index.is_empty() {
                    self.forget_unused(namespace, directory);
                }
            }
        }
    }

    /// Forgets the objects of a kind, in one namespace or in all, that a list of `version`, taken in `epoch`, does not
    /// show. Own writes from after the list stay.
    pub(super) fn sweep(&self, kind: Kind, scope: Option<&str>, version: u128, epoch: u32) {
        match kind {
            Kind::Directory => {
                self.registry.sweep_directories(scope, version, epoch);
                for (namespace, directory, _) in self.indexes() {
                    self.follow_rules(&namespace, &directory);
                }
            }
            Kind::Key => self.registry.sweep_keys(scope, version, epoch),
            Kind::User | Kind::Group | Kind::Claim => {
                for (namespace, _, index) in self.indexes() {
                    if scope.is_some_and(|scope| scope != namespace) {
                        continue;
                    }
                    match kind {
                        Kind::Claim => index.sweep_claims(version, epoch),
                        _ => index.sweep(kind, version, epoch),
                    }
                }
            }
        }
        if kind != Kind::Key {
            for (namespace, directory, index) in self.indexes() {
                if index.is_empty() {
                    self.forget_unused(&namespace, &directory);
                }
            }
        }
    }

    /// Forgets all objects of a kind, in one namespace or in all.
    pub(super) fn forget(&self, kind: Kind, scope: Option<&str>) {
        self.sweep(kind, scope, EVERY_VERSION, NO_EPOCH);
    }

    /// The indexes, with that of this Directory among them.
    fn indexes_with(&self, namespace: &str, directory: &str) -> RwLockReadGuard<'_, Indexes> {
        let indexes = self.indexes.read();
        if index_in(&indexes, namespace, directory).is_some() {
            return indexes;
        }
        drop(indexes);
        let mut indexes = self.indexes.write();
        let of_namespace = indexes.entry(namespace.to_owned()).or_default();
        let index = of_namespace.entry(directory.to_owned()).or_default();
        // Read after the index can be found: whoever changes the Directory from here on finds it too.
        index.set_rules(directory, || self.rules(namespace, directory));
        RwLockWriteGuard::downgrade(indexes)
    }

    /// Lets the index of a Directory go over to the rules that are in the registry by now.
    fn follow_rules(&self, namespace: &str, directory: &str) {
        self.index(namespace, directory).set_rules(directory, || self.rules(namespace, directory));
    }

    /// The rules of a Directory; the default ones while it is not there or cannot be read.
    fn rules(&self, namespace: &str, directory: &str) -> IndexRules {
        self.registry.directory(namespace, directory).as_deref().map(rules_of).unwrap_or_default()
    }

    /// Forgets an index that is empty and whose Directory is gone. One that is empty beside its Directory stays, so that
    /// the number of its people goes to 0 and not out of sight.
    fn forget_unused(&self, namespace: &str, directory: &str) {
        let mut indexes = self.indexes.write();
        let empty = index_in(&indexes, namespace, directory).is_some_and(|index| index.is_empty());
        if !empty || self.registry.directory(namespace, directory).is_some() {
            return;
        }
        if let Some(of_namespace) = indexes.get_mut(namespace) {
            of_namespace.remove(directory);
            if of_namespace.is_empty() {
                indexes.remove(namespace);
            }
        }
    }
}

fn rules_of(directory: &Directory) -> IndexRules {
    IndexRules {
        unique: directory.unique.as_ref().clone(),
        built_in_users_listed: directory.spec.provisioning.built_in_users.counts_as() == BuiltInUsers::Listed,
    }
}

fn index_in<'a>(indexes: &'a Indexes, namespace: &str, directory: &str) -> Option<&'a Arc<Index>> {
    indexes.get(namespace)?.get(directory)
}

/// Namespace and name of an object; nothing where it has none, which no API server sends.
fn names_of(object: &Value) -> Option<(&str, &str)> {
    Some((object["metadata"]["namespace"].as_str()?, object["metadata"]["name"].as_str()?))
}

/// Namespace and Directory of an object; nothing where it has none, which the kinds' schemas rule out.
fn directory_of(object: &Value) -> Option<(&str, &str)> {
    Some((object["metadata"]["namespace"].as_str()?, object["spec"]["directoryRef"]["name"].as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WATCH: Origin<'_> = Origin::Watch(1);

    fn object(name: &str, version: u32) -> Value {
        json!({
            "metadata": { "namespace": "n", "name": name, "resourceVersion": version.to_string() },
            "spec": { "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": name } },
        })
    }

    fn claim(version: u32) -> Value {
        object(&crate::rules::naming::claim_name("staff", "User.userName", "ada"), version)
    }

    fn known(world: &World) -> Vec<String> {
        world.indexes().into_iter().map(|(namespace, directory, _)| format!("{namespace}/{directory}")).collect()
    }

    #[test]
    fn an_index_goes_when_it_is_empty_and_its_directory_gone_whatever_ends_last() {
        type End = fn(&World);
        let ends: [(&str, End); 3] = [
            ("a person", |world| world.remove(Kind::User, &object("ada", 9))),
            ("a claim", |world| world.remove(Kind::Claim, &claim(9))),
            ("the Directory", |world| world.remove(Kind::Directory, &object("staff", 9))),
        ];
        for last in 0..ends.len() {
            let world = World::default();
            world.put(Kind::Directory, &object("staff", 1), WATCH);
            world.put(Kind::User, &object("ada", 2), WATCH);
            world.put(Kind::Claim, &claim(3), WATCH);
            for (_, end) in ends.iter().enumerate().filter(|(number, _)| *number != last).map(|(_, end)| end) {
                end(&world);
                assert_eq!(known(&world), ["n/staff"], "before {} ends", ends[last].0);
            }
            ends[last].1(&world);
            assert_eq!(known(&world), Vec::<String>::new(), "after {} has ended", ends[last].0);
            assert!(world.indexes.read().is_empty(), "no empty namespace is left");
            world.put(Kind::User, &object("ada", 12), WATCH);
            assert_eq!(world.index("n", "staff").unsettled(Kind::User), ["ada"], "it comes back with the next object");
        }
    }

    #[test]
    fn the_index_keeps_to_the_rules_that_its_directory_has_by_now() {
        let world = World::default();
        let directory = |version: u32, built_in_users: &str, state: &str| {
            let mut directory = object("staff", version);
            directory["spec"] = json!({ "provisioning": { "builtInUsers": built_in_users },
                "uniqueExternalId": { "users": "Enforce" } });
            directory["status"] = json!({ "uniqueAttributes": [{ "attribute": "User.externalId", "state": state }] });
            directory
        };
        let mut person = object("ada", 2);
        person["spec"]["managedBy"] = "People".into();
        person["spec"]["scim"]["externalId"] = "E1".into();
        let put = |object: &Value| world.put(Kind::Directory, object, WATCH);
        let seen = || {
            let index = world.index("n", "staff");
            (index.visible(Kind::User), index.unsettled(Kind::User).len())
        };
        put(&directory(1, "Listed", "Claiming"));
        world.put(Kind::User, &person, WATCH);
        let mut claim = claim(3);
        claim["spec"]["attribute"] = "User.userName".into();
        claim["spec"]["holder"] = "ada".into();
        world.put(Kind::Claim, &claim, WATCH);
        assert_eq!(seen(), (1, 1), "the Directory was there first");
        let elsewhere = object("guests", 4);
        put(&elsewhere);
        put(&directory(5, "Hidden", "Later"));
        assert_eq!(seen(), (0, 1), "another state of it: Hidden, and one that counts as Claiming");
        put(&directory(4, "Listed", "InForce"));
        assert_eq!(seen(), (0, 1), "an older state is no news");
        put(&directory(6, "Listed", "InForce"));
        assert_eq!(seen(), (1, 1));
        world.remove(Kind::Directory, &object("staff", 7));
        assert_eq!(seen(), (0, 0), "nobody has rules any more");
        put(&directory(8, "Listed", "InForce"));
        world.sweep(Kind::Directory, None, 9, 2);
        assert_eq!(seen(), (0, 0), "a list that does not show it");
    }

    #[test]
    fn a_list_that_shows_nobody_leaves_no_index() {
        for kind in [Kind::User, Kind::Directory] {
            let world = World::default();
            if kind == Kind::Directory {
                world.put(Kind::Directory, &object("staff", 1), WATCH);
            }
            world.put(Kind::User, &object("ada", 2), WATCH);
            world.sweep(Kind::User, None, 5, 2);
            assert_eq!(known(&world).len(), usize::from(kind == Kind::Directory));
            world.sweep(Kind::Directory, Some("n"), 5, 2);
            assert_eq!(known(&world), Vec::<String>::new());
        }
    }

    #[test]
    fn an_own_write_that_is_no_news_leaves_no_index() {
        let world = World::default();
        world.put(Kind::User, &object("ada", 2), Origin::Own(&|| 2));
        assert_eq!(known(&world), Vec::<String>::new());
    }
}
