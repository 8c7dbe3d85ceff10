//! What the watches fill: a table for each kind that is read whole, and one index for each Directory.

mod application;
mod directory;
mod key;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use application::WatchedApplication;
pub use directory::{Seen, WatchedDirectory};
pub use key::WatchedKey;
pub use table::MAX_PER_DIGEST;
use table::{Digest, Table};

use super::index::dirty::{DirectoryName, DirtySubject, Subscribers};
use super::index::{Index, IndexRules};
use super::kind::Kind;
use super::version::{LAST_VERSION, Origin};
use crate::api::Object;
use crate::api::directory::BuiltInUsers;

/// Greater than every resourceVersion.
const EVERY_VERSION: u128 = u128::MAX;
/// The epoch of no synchronisation.
const NO_EPOCH: u32 = u32::MAX;

type Indexes = BTreeMap<String, BTreeMap<String, Arc<Index>>>;

/// Where the objects of one kind go.
trait Sink {
    /// Takes in a state of an object.
    fn put(&self, object: &Object, origin: Origin<'_>);
    /// Takes in the end of an object.
    fn remove(&self, object: &Object);
    /// Forgets the objects, in one namespace or in all, that a list of `version`, taken in `epoch`, does not show. Own writes
    /// from after the list stay.
    fn sweep(&self, scope: Option<&str>, version: u128, epoch: u32);
}

/// What the operator knows of the cluster.
#[derive(Default)]
pub(super) struct Cache {
    directories: Table<WatchedDirectory>,
    keys: Table<WatchedKey>,
    applications: Table<WatchedApplication>,
    /// By namespace, then by name of the Directory. An index comes into being with the first object that names its
    /// Directory, and goes when it is empty and its Directory gone. It is written to under the lock of this map, shared:
    /// who forgets an index holds the lock alone, so nothing can come into it meanwhile and be lost.
    indexes: RwLock<Indexes>,
    /// Copies of indexes, of Directories that are observed: they are told everything that their indexes are told, and what
    /// would be there beside.
    forks: RwLock<BTreeMap<DirectoryName, Arc<Index>>>,
    /// Who is told what becomes dirty.
    pub(super) subscribers: Arc<Subscribers>,
}

impl Cache {
    /// A Directory that can be read.
    pub(super) fn directory(&self, namespace: &str, name: &str) -> Option<Arc<WatchedDirectory>> {
        self.directories.get(namespace, name)
    }

    /// Every Directory that can be read.
    pub(super) fn directories(&self) -> Vec<Arc<WatchedDirectory>> {
        self.directories.all()
    }

    /// Every key that can be read.
    pub(super) fn all_keys(&self) -> Vec<Arc<WatchedKey>> {
        self.keys.all()
    }

    /// An application that can be read.
    pub(super) fn application(&self, namespace: &str, name: &str) -> Option<Arc<WatchedApplication>> {
        self.applications.get(namespace, name)
    }

    /// The applications of a Directory that can be read, in the order of their names.
    pub(super) fn applications(&self, namespace: &str, directory: &str) -> Vec<Arc<WatchedApplication>> {
        let mut applications = self.applications.in_namespace(namespace);
        applications.retain(|application| application.directory() == directory);
        applications
    }

    /// Every application that can be read.
    pub(super) fn all_applications(&self) -> Vec<Arc<WatchedApplication>> {
        self.applications.all()
    }

    /// A key that can be read.
    pub(super) fn key(&self, namespace: &str, name: &str) -> Option<Arc<WatchedKey>> {
        self.keys.get(namespace, name)
    }

    /// The keys of a Directory that can be read, in the order of their names.
    pub(super) fn keys_of(&self, namespace: &str, directory: &str) -> Vec<Arc<WatchedKey>> {
        let mut keys = self.keys.in_namespace(namespace);
        keys.retain(|key| key.directory() == directory);
        keys
    }

    /// The keys of this digest, of each namespace at most [`MAX_PER_DIGEST`].
    pub(super) fn keys(&self, digest: &Digest) -> Vec<Arc<WatchedKey>> {
        self.keys.by_digest(digest)
    }

    /// The index of a Directory; an empty one where nothing names the Directory.
    pub(super) fn index(&self, namespace: &str, directory: &str) -> Arc<Index> {
        index_in(&self.indexes.read(), namespace, directory).cloned().unwrap_or_default()
    }

    /// A copy of the index of a Directory, which follows the index from now on and in place of an earlier copy.
    pub(super) fn fork(&self, directory: &DirectoryName) -> Arc<Index> {
        let (namespace, name) = (directory.namespace(), directory.name());
        // Nothing comes into an index while the lock of the map is held alone, and whatever ends meanwhile finds the copy.
        let indexes = self.indexes.write();
        let fork = Arc::new(index_in(&indexes, namespace, name).map(|index| index.fork()).unwrap_or_default());
        self.forks.write().insert(directory.clone(), Arc::clone(&fork));
        drop(indexes);
        fork.set_rules(name, || self.rules(namespace, name));
        fork
    }

    /// Lets the copy of an index follow it no more.
    pub(super) fn end_fork(&self, directory: &DirectoryName) {
        self.forks.write().remove(directory);
    }

    /// The copy of an index, if there is one.
    fn fork_of(&self, namespace: &str, directory: &str) -> Option<Arc<Index>> {
        let forks = self.forks.read();
        if forks.is_empty() { None } else { forks.get(&DirectoryName::new(namespace, directory)).cloned() }
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
    pub(super) fn put(&self, kind: Kind, object: &Object, origin: Origin<'_>) {
        match kind {
            Kind::APPLICATION => return self.put_application(object, origin),
            Kind::KEY => return self.put_key(object, origin),
            _ => {}
        }
        let directory = || self.directories.get(object.namespace(), object.name());
        let before = directory().filter(|_| kind == Kind::DIRECTORY);
        self.sink(kind, |sink| sink.put(object, origin));
        if kind == Kind::KEY {
            self.mark_directory(object.namespace(), object.directory());
        }
        if kind == Kind::DIRECTORY {
            self.follow_rules(object.namespace(), object.name());
            let after = directory();
            let is_news = !before.iter().zip(&after).any(|(before, after)| Arc::ptr_eq(before, after));
            if is_news {
                self.mark_directory(object.namespace(), object.name());
            }
        }
    }

    /// Takes in a state of an application, and tells of it if it is news.
    fn put_application(&self, object: &Object, origin: Origin<'_>) {
        let application = || self.applications.get(object.namespace(), object.name());
        let before = application();
        self.sink(Kind::APPLICATION, |sink| sink.put(object, origin));
        let after = application();
        let is_news = !before.iter().zip(&after).any(|(before, after)| Arc::ptr_eq(before, after));
        if let Some(application) = after.or(before).filter(|_| is_news) {
            self.mark_application(&application);
        }
    }

    /// Takes in a state of a key, and tells of it if it is news.
    fn put_key(&self, object: &Object, origin: Origin<'_>) {
        let key = || self.keys.get(object.namespace(), object.name());
        let before = key();
        self.sink(Kind::KEY, |sink| sink.put(object, origin));
        let after = key();
        let is_news = !before.iter().zip(&after).any(|(before, after)| Arc::ptr_eq(before, after));
        if let Some(key) = after.or(before).filter(|_| is_news) {
            self.mark_key(&key);
        }
    }

    /// Takes in the end of an object.
    pub(super) fn remove(&self, kind: Kind, object: &Object) {
        let application = self.applications.get(object.namespace(), object.name());
        let key = self.keys.get(object.namespace(), object.name());
        self.sink(kind, |sink| sink.remove(object));
        if let Some(key) = key.filter(|_| kind == Kind::KEY) {
            self.mark_key(&key);
        }
        if let Some(application) = application.filter(|_| kind == Kind::APPLICATION) {
            self.mark_application(&application);
        }
        if kind == Kind::KEY {
            self.mark_directory(object.namespace(), object.directory());
        }
        if kind == Kind::DIRECTORY {
            self.follow_rules(object.namespace(), object.name());
            self.forget_unused(object.namespace(), object.name());
            self.mark_directory(object.namespace(), object.name());
        }
    }

    /// Forgets the objects of a kind, in one namespace or in all, that a list of `version`, taken in `epoch`, does not
    /// show. Own writes from after the list stay.
    pub(super) fn sweep(&self, kind: Kind, scope: Option<&str>, version: u128, epoch: u32) {
        let known = if kind == Kind::DIRECTORY { self.directories.all() } else { Vec::new() };
        let applications = if kind == Kind::APPLICATION { self.applications.all() } else { Vec::new() };
        let keys = if kind == Kind::KEY { self.keys.all() } else { Vec::new() };
        self.sink(kind, |sink| sink.sweep(scope, version, epoch));
        let is_gone = |known: &&Arc<WatchedKey>| self.key(&known.namespace, &known.name).is_none();
        keys.iter().filter(is_gone).for_each(|gone| self.mark_key(gone));
        let is_gone = |known: &&Arc<WatchedApplication>| self.application(&known.namespace, &known.name).is_none();
        applications.iter().filter(is_gone).for_each(|gone| self.mark_application(gone));
        // A Directory in which nobody ever was has no index.
        let gone = known.iter().filter(|known| self.directories.get(&known.namespace, &known.name).is_none());
        gone.for_each(|gone| self.mark_directory(&gone.namespace, &gone.name));
        for (namespace, directory, index) in self.indexes() {
            if kind == Kind::DIRECTORY {
                self.follow_rules(&namespace, &directory);
                self.mark_directory(&namespace, &directory);
            }
            if index.is_empty() {
                self.forget_unused(&namespace, &directory);
            }
        }
    }

    /// Forgets all objects of a kind, in one namespace or in all.
    pub(super) fn forget(&self, kind: Kind, scope: Option<&str>) {
        self.sweep(kind, scope, EVERY_VERSION, NO_EPOCH);
    }

    /// Tells that a Directory is to be looked at.
    pub(super) fn mark_directory(&self, namespace: &str, directory: &str) {
        self.subscribers.mark(&DirectoryName::new(namespace, directory), &DirtySubject::Directory);
    }

    /// Tells that an application is to be looked at.
    fn mark_application(&self, application: &WatchedApplication) {
        let directory = DirectoryName::new(&application.namespace, application.directory());
        self.subscribers.mark(&directory, &DirtySubject::Application(application.name.as_str().into()));
    }

    /// Tells that a key is to be looked at.
    fn mark_key(&self, key: &WatchedKey) {
        let directory = DirectoryName::new(&key.namespace, key.directory());
        self.subscribers.mark(&directory, &DirtySubject::Key(key.name.as_str().into()));
    }

    /// Gives what `feed` has for a kind to where its objects go: a line for each kind.
    fn sink(&self, kind: Kind, feed: impl FnOnce(&dyn Sink)) {
        match kind {
            Kind::DIRECTORY => feed(&self.directories),
            Kind::KEY => feed(&self.keys),
            Kind::APPLICATION => feed(&self.applications),
            Kind::USER | Kind::GROUP | Kind::CLAIM => feed(&Indexed { cache: self, kind }),
            _ => tracing::debug!(kind = kind.plural, "nothing is kept of this kind"),
        }
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
        let new = || {
            let name = DirectoryName::new(namespace, directory);
            Arc::new(Index::new(name, Arc::clone(&self.subscribers)))
        };
        let index = of_namespace.entry(directory.to_owned()).or_insert_with(new);
        // Read after the index can be found: whoever changes the Directory from here on finds it too.
        index.set_rules(directory, || self.rules(namespace, directory));
        RwLockWriteGuard::downgrade(indexes)
    }

    /// Lets the index of a Directory go over to the rules that the Directory has by now.
    fn follow_rules(&self, namespace: &str, directory: &str) {
        let indexes = [Some(self.index(namespace, directory)), self.fork_of(namespace, directory)];
        for index in indexes.into_iter().flatten() {
            index.set_rules(directory, || self.rules(namespace, directory));
        }
    }

    /// The rules of a Directory; the default ones while it is not there or cannot be read.
    fn rules(&self, namespace: &str, directory: &str) -> IndexRules {
        self.directories.get(namespace, directory).as_deref().map(rules_of).unwrap_or_default()
    }

    /// Forgets an index that is empty and whose Directory is gone. One that is empty beside its Directory stays, so that
    /// the number of its people goes to 0 and not out of sight.
    fn forget_unused(&self, namespace: &str, directory: &str) {
        let mut indexes = self.indexes.write();
        let empty = index_in(&indexes, namespace, directory).is_some_and(|index| index.is_empty());
        if !empty || self.directories.get(namespace, directory).is_some() {
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

/// The objects of a kind that go into the index of their Directory. One without a Directory, which the schemas of the kinds
/// rule out, goes nowhere.
struct Indexed<'a> {
    cache: &'a Cache,
    kind: Kind,
}

impl Sink for Indexed<'_> {
    fn put(&self, object: &Object, origin: Origin<'_>) {
        let (namespace, directory) = (object.namespace(), object.directory());
        if directory.is_empty() {
            return;
        }
        let indexes = self.cache.indexes_with(namespace, directory);
        let Some(index) = index_in(&indexes, namespace, directory) else { return };
        index.put(self.kind, directory, object, origin);
        if let Some(fork) = self.cache.fork_of(namespace, directory) {
            fork.put(self.kind, directory, object, origin);
        }
        // The state was older than what was known, and brought nothing.
        let unused = index.is_empty();
        drop(indexes);
        if unused {
            self.cache.forget_unused(namespace, directory);
        }
    }

    fn remove(&self, object: &Object) {
        let (namespace, directory) = (object.namespace(), object.directory());
        let index = self.cache.index(namespace, directory);
        index.remove(self.kind, object);
        if let Some(fork) = self.cache.fork_of(namespace, directory) {
            fork.remove(self.kind, object);
        }
        if index.is_empty() {
            self.cache.forget_unused(namespace, directory);
        }
    }

    fn sweep(&self, scope: Option<&str>, version: u128, epoch: u32) {
        for (namespace, _, index) in self.cache.indexes() {
            if scope.is_none_or(|scope| scope == namespace) {
                index.sweep(self.kind, version, epoch);
            }
        }
        let forks = self.cache.forks.read();
        let in_scope = forks.iter().filter(|(name, _)| scope.is_none_or(|scope| scope == name.namespace()));
        // What only would be there is in no list, and stays.
        in_scope.for_each(|(_, fork)| fork.sweep(self.kind, version.min(LAST_VERSION), epoch));
    }
}

fn rules_of(directory: &WatchedDirectory) -> IndexRules {
    IndexRules {
        unique: directory.unique.as_ref().clone(),
        built_in_users_listed: directory.spec.provisioning.built_in_users.counts_as() == BuiltInUsers::Listed,
    }
}

fn index_in<'a>(indexes: &'a Indexes, namespace: &str, directory: &str) -> Option<&'a Arc<Index>> {
    indexes.get(namespace)?.get(directory)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::resource::Resource;

    const WATCH: Origin<'_> = Origin::Watch(1);

    fn object(name: &str, version: u32) -> Object {
        let object = json!({
            "metadata": { "namespace": "n", "name": name, "resourceVersion": version.to_string() },
            "spec": { "directoryRef": { "name": "staff" }, "managedBy": "Provisioning", "scim": { "userName": name } },
        });
        object.into()
    }

    fn claim(version: u32) -> Object {
        object(&crate::rules::naming::claim_name("staff", "User.userName", "ada"), version)
    }

    fn known(cache: &Cache) -> Vec<String> {
        cache.indexes().into_iter().map(|(namespace, directory, _)| format!("{namespace}/{directory}")).collect()
    }

    #[test]
    fn an_index_goes_when_it_is_empty_and_its_directory_gone_whatever_ends_last() {
        type End = fn(&Cache);
        let ends: [(&str, End); 3] = [
            ("a person", |cache| cache.remove(Kind::USER, &object("ada", 9))),
            ("a claim", |cache| cache.remove(Kind::CLAIM, &claim(9))),
            ("the Directory", |cache| cache.remove(Kind::DIRECTORY, &object("staff", 9))),
        ];
        for last in 0..ends.len() {
            let cache = Cache::default();
            cache.put(Kind::DIRECTORY, &object("staff", 1), WATCH);
            cache.put(Kind::USER, &object("ada", 2), WATCH);
            cache.put(Kind::CLAIM, &claim(3), WATCH);
            for (_, end) in ends.iter().enumerate().filter(|(number, _)| *number != last).map(|(_, end)| end) {
                end(&cache);
                assert_eq!(known(&cache), ["n/staff"], "before {} ends", ends[last].0);
            }
            ends[last].1(&cache);
            assert_eq!(known(&cache), Vec::<String>::new(), "after {} has ended", ends[last].0);
            assert!(cache.indexes.read().is_empty(), "no empty namespace is left");
            cache.put(Kind::USER, &object("ada", 12), WATCH);
            assert_eq!(
                cache.index("n", "staff").unsettled(Resource::User),
                ["ada"],
                "it comes back with the next object"
            );
        }
    }

    #[test]
    fn the_index_keeps_to_the_rules_that_its_directory_has_by_now() {
        let cache = Cache::default();
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
        let put = |object: &Object| cache.put(Kind::DIRECTORY, object, WATCH);
        let seen = || {
            let index = cache.index("n", "staff");
            (index.visible(Resource::User), index.unsettled(Resource::User).len())
        };
        put(&directory(1, "Listed", "Claiming"));
        cache.put(Kind::USER, &person, WATCH);
        let mut claim = claim(3);
        claim["spec"]["attribute"] = "User.userName".into();
        claim["spec"]["holder"] = "ada".into();
        cache.put(Kind::CLAIM, &claim, WATCH);
        assert_eq!(seen(), (1, 1), "the Directory was there first");
        let elsewhere = object("guests", 4);
        put(&elsewhere);
        put(&directory(5, "Hidden", "Later"));
        assert_eq!(seen(), (0, 1), "another state of it: Hidden, and one that counts as Claiming");
        put(&directory(4, "Listed", "InForce"));
        assert_eq!(seen(), (0, 1), "an older state is no news");
        put(&directory(6, "Listed", "InForce"));
        assert_eq!(seen(), (1, 1));
        cache.remove(Kind::DIRECTORY, &object("staff", 7));
        assert_eq!(seen(), (0, 0), "nobody has rules any more");
        put(&directory(8, "Listed", "InForce"));
        cache.sweep(Kind::DIRECTORY, None, 9, 2);
        assert_eq!(seen(), (0, 0), "a list that does not show it");
    }

    #[test]
    fn a_list_that_shows_nobody_leaves_no_index() {
        for kind in [Kind::USER, Kind::DIRECTORY] {
            let cache = Cache::default();
            if kind == Kind::DIRECTORY {
                cache.put(Kind::DIRECTORY, &object("staff", 1), WATCH);
            }
            cache.put(Kind::USER, &object("ada", 2), WATCH);
            cache.sweep(Kind::USER, None, 5, 2);
            assert_eq!(known(&cache).len(), usize::from(kind == Kind::DIRECTORY));
            cache.sweep(Kind::DIRECTORY, Some("n"), 5, 2);
            assert_eq!(known(&cache), Vec::<String>::new());
        }
    }

    #[test]
    fn an_own_write_that_is_no_news_leaves_no_index() {
        let cache = Cache::default();
        cache.put(Kind::USER, &object("ada", 2), Origin::Own(&|| 2));
        assert_eq!(known(&cache), Vec::<String>::new());
    }
}
