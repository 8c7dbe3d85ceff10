//! The Directories and the keys, as the watch last saw them.
//!
//! Decoding is lenient where the types say so, and what does not decode even so (a newer version wrote it) is reported
//! once and treated as closed: an unreadable Directory serves nothing, an unreadable key opens nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::objects::Kind;
use super::version::{Origin, Stamp, version_of};
use crate::api::directory_status::UniqueAttributeStatus;
use crate::api::{DirectoryKeySpec, DirectorySpec, DirectoryStatus};
use crate::rules::naming::UniqueRules;

/// Most keys of one digest in one namespace that are looked at. The bound is per namespace, so that nobody can push out
/// a key of somebody else by copies of its hash.
pub const MAX_KEYS_PER_DIGEST: usize = 16;
/// Bytes of a SHA-256.
const DIGEST_LENGTH: usize = 32;

/// A Directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Directory {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub spec: DirectorySpec,
    /// Which values are unique beside the names, as far as its status says.
    pub unique: Arc<UniqueRules>,
    /// Which state of it this is.
    pub seen: Seen,
}

/// One state of an object, for who writes the status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// `metadata.uid`: after a restore it is another object.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`.
    pub version: String,
    /// `status` as it stands, unknown fields included.
    pub status: Value,
}

impl Seen {
    fn of(object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
        Self {
            uid: text("uid"),
            generation: object["metadata"]["generation"].as_i64().unwrap_or_default(),
            version: text("resourceVersion"),
            status: object["status"].clone(),
        }
    }
}

/// A DirectoryKey.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it opens, and when.
    pub spec: DirectoryKeySpec,
}

type Digest = [u8; DIGEST_LENGTH];

/// Namespace, then name.
type ByName<T> = BTreeMap<String, BTreeMap<String, T>>;

/// What is known of one object. One that cannot be read is known all the same, or an older state could return.
struct Entry<T> {
    stamp: Stamp,
    value: Option<Arc<T>>,
}

/// The objects of one kind.
struct Table<T> {
    entries: ByName<Entry<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    fn get(&self, namespace: &str, name: &str) -> Option<&Arc<T>> {
        self.entries.get(namespace)?.get(name)?.value.as_ref()
    }

    /// Takes in a state if it is news. Returns whether it was, and the value that it replaced.
    fn put(
        &mut self,
        (namespace, name): (&str, &str),
        version: u128,
        origin: Origin<'_>,
        value: impl FnOnce() -> Option<T>,
    ) -> (bool, Option<Arc<T>>) {
        let known = self.entries.get_mut(namespace).and_then(|entries| entries.get_mut(name));
        let news = origin.is_news(version, known.as_ref().map(|known| known.stamp));
        if !news {
            known.into_iter().for_each(|known| known.stamp.confirm(origin));
            return (false, None);
        }
        let entry = Entry { stamp: origin.stamp(version), value: value().map(Arc::new) };
        let before = self.entries.entry(namespace.to_owned()).or_default().insert(name.to_owned(), entry);
        (true, before.and_then(|before| before.value))
    }

    /// Forgets an object, unless something later than `version` is known. Returns what it was.
    fn remove(&mut self, namespace: &str, name: &str, version: u128) -> Option<Arc<T>> {
        let entries = self.entries.get_mut(namespace)?;
        if entries.get(name)?.stamp.version > version && version > 0 {
            return None;
        }
        let removed = entries.remove(name)?.value;
        if entries.is_empty() {
            self.entries.remove(namespace);
        }
        removed
    }

    /// The objects that a list does not show, in the namespace of the watch or in all.
    fn gone(&self, scope: Option<&str>, version: u128, epoch: u32) -> Vec<(String, String)> {
        let namespaces = self.entries.iter().filter(|(namespace, _)| scope.is_none_or(|scope| scope == *namespace));
        let entries = namespaces.flat_map(|(namespace, entries)| entries.iter().map(move |entry| (namespace, entry)));
        let gone = entries.filter(|(_, (_, entry))| entry.stamp.is_gone(version, epoch));
        gone.map(|(namespace, (name, _))| (namespace.clone(), name.clone())).collect()
    }
}

/// The Directories and keys of the cluster.
#[derive(Default)]
pub(super) struct Registry {
    directories: RwLock<Table<Directory>>,
    keys: RwLock<Keys>,
}

#[derive(Default)]
struct Keys {
    table: Table<Key>,
    by_digest: HashMap<Digest, ByName<Arc<Key>>>,
}

impl Registry {
    /// A Directory that can be read.
    pub(super) fn directory(&self, namespace: &str, name: &str) -> Option<Arc<Directory>> {
        self.directories.read().get(namespace, name).cloned()
    }

    /// Every Directory that can be read.
    pub(super) fn directories(&self) -> Vec<Arc<Directory>> {
        let directories = self.directories.read();
        let entries = directories.entries.values().flat_map(BTreeMap::values);
        entries.filter_map(|entry| entry.value.clone()).collect()
    }

    /// The keys of this digest, of each namespace at most [`MAX_KEYS_PER_DIGEST`].
    pub(super) fn keys(&self, digest: &Digest) -> Vec<Arc<Key>> {
        let keys = self.keys.read();
        let namespaces = keys.by_digest.get(digest).into_iter().flat_map(BTreeMap::values);
        namespaces.flat_map(|names| names.values().take(MAX_KEYS_PER_DIGEST)).cloned().collect()
    }

    /// Takes in a state of a Directory.
    pub(super) fn put_directory(&self, object: &Value, origin: Origin<'_>) {
        let Some((namespace, name)) = names(object) else { return };
        let directory = || {
            let spec = spec_of(Kind::Directory, object)?;
            let unique = Arc::new(UniqueRules::of(&spec, &status_of(object)));
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            Some(Directory { namespace, name, spec, unique, seen: Seen::of(object) })
        };
        self.directories.write().put((namespace, name), version_of(object), origin, directory);
    }

    /// Takes in the end of a Directory.
    pub(super) fn remove_directory(&self, object: &Value) {
        let Some((namespace, name)) = names(object) else { return };
        self.directories.write().remove(namespace, name, version_of(object));
    }

    /// Forgets the Directories that a list does not show.
    pub(super) fn sweep_directories(&self, scope: Option<&str>, version: u128, epoch: u32) {
        let mut directories = self.directories.write();
        for (namespace, name) in directories.gone(scope, version, epoch) {
            directories.remove(&namespace, &name, version);
        }
    }

    /// Takes in a state of a key.
    pub(super) fn put_key(&self, object: &Value, origin: Origin<'_>) {
        let Some((namespace, name)) = names(object) else { return };
        let spec = || spec_of(Kind::Key, object);
        let key = || Some(Key { namespace: namespace.to_owned(), name: name.to_owned(), spec: spec()? });
        let mut keys = self.keys.write();
        let (news, before) = keys.table.put((namespace, name), version_of(object), origin, key);
        if news {
            keys.close(before.as_deref());
            keys.open(namespace, name);
        }
    }

    /// Takes in the end of a key.
    pub(super) fn remove_key(&self, object: &Value) {
        let Some((namespace, name)) = names(object) else { return };
        self.keys.write().remove(namespace, name, version_of(object));
    }

    /// Forgets the keys that a list does not show.
    pub(super) fn sweep_keys(&self, scope: Option<&str>, version: u128, epoch: u32) {
        let mut keys = self.keys.write();
        for (namespace, name) in keys.table.gone(scope, version, epoch) {
            keys.remove(&namespace, &name, version);
        }
    }
}

impl Keys {
    fn remove(&mut self, namespace: &str, name: &str, version: u128) {
        let removed = self.table.remove(namespace, name, version);
        self.close(removed.as_deref());
    }

    /// Lets the key in the table be found by its digest.
    fn open(&mut self, namespace: &str, name: &str) {
        let Some(key) = self.table.get(namespace, name) else { return };
        let Some(digest) = digest_of(&key.spec) else { return };
        let keys = self.by_digest.entry(digest).or_default().entry(namespace.to_owned()).or_default();
        keys.insert(name.to_owned(), Arc::clone(key));
    }

    /// Undoes [`Self::open`].
    fn close(&mut self, key: Option<&Key>) {
        let Some(key) = key else { return };
        let Some(digest) = digest_of(&key.spec) else { return };
        let Some(namespaces) = self.by_digest.get_mut(&digest) else { return };
        if let Some(names) = namespaces.get_mut(&key.namespace) {
            names.remove(&key.name);
            if names.is_empty() {
                namespaces.remove(&key.namespace);
            }
        }
        if namespaces.is_empty() {
            self.by_digest.remove(&digest);
        }
    }
}

fn digest_of(spec: &DirectoryKeySpec) -> Option<Digest> {
    let digest = data_encoding::HEXLOWER.decode(spec.sha256.as_ref()?.as_bytes()).ok()?;
    digest.try_into().ok()
}

fn names(object: &Value) -> Option<(&str, &str)> {
    let metadata = &object["metadata"];
    Some((metadata["namespace"].as_str()?, metadata["name"].as_str()?))
}

/// The typed `spec` of an object. What cannot be read is logged, once for each state of the object.
fn spec_of<T: DeserializeOwned>(kind: Kind, object: &Value) -> Option<T> {
    match T::deserialize(&object["spec"]) {
        Ok(spec) => Some(spec),
        Err(error) => {
            let (namespace, name) = names(object).unwrap_or_default();
            let kind = kind.plural();
            tracing::warn!(kind, namespace, name, %error, "an object cannot be read and is treated as closed");
            None
        }
    }
}

/// What the status says of unique attributes. Each entry is read by itself, so that one which a newer version wrote takes no
/// rule out of force.
fn status_of(object: &Value) -> DirectoryStatus {
    let entries = object["status"]["uniqueAttributes"].as_array().into_iter().flatten();
    let unique_attributes = entries.filter_map(|entry| UniqueAttributeStatus::deserialize(entry).ok()).collect();
    DirectoryStatus { unique_attributes, ..DirectoryStatus::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::naming::{Force, GROUP_EXTERNAL_ID, USER_EXTERNAL_ID};

    const WATCH: Origin<'_> = Origin::Watch(1);

    fn key(namespace: &str, name: &str, version: u32, spec: &Value) -> Value {
        json!({ "metadata": { "namespace": namespace, "name": name, "resourceVersion": version.to_string() }, "spec": spec })
    }

    fn spec(byte: &str) -> Value {
        json!({ "directoryRef": { "name": "staff" }, "sha256": byte.repeat(32) })
    }

    fn names_of(registry: &Registry, byte: u8) -> Vec<String> {
        registry.keys(&[byte; 32]).iter().map(|key| format!("{}/{}", key.namespace, key.name)).collect()
    }

    #[test]
    fn keys_are_found_by_their_digest_alone() {
        let registry = Registry::default();
        registry.put_key(&key("b", "one", 1, &spec("11")), WATCH);
        registry.put_key(&key("a", "two", 2, &spec("11")), WATCH);
        registry.put_key(&key("a", "other", 3, &spec("22")), WATCH);
        assert_eq!(names_of(&registry, 0x11), ["a/two", "b/one"]);
        assert_eq!(names_of(&registry, 0x33), Vec::<String>::new());

        registry.put_key(&key("a", "two", 5, &spec("33")), WATCH);
        registry.put_key(&key("a", "two", 4, &spec("11")), WATCH);
        assert_eq!(names_of(&registry, 0x11), ["b/one"], "a digest that was replaced opens nothing");
        assert_eq!(names_of(&registry, 0x33), ["a/two"]);

        registry.remove_key(&key("b", "one", 6, &spec("11")));
        assert_eq!(names_of(&registry, 0x11), Vec::<String>::new());
        assert_eq!(registry.keys.read().by_digest.len(), 2, "nothing is left of what nobody has");
    }

    #[test]
    fn a_key_that_cannot_be_read_opens_nothing() {
        let registry = Registry::default();
        registry.put_key(&key("a", "one", 1, &spec("11")), WATCH);
        let unreadable = [
            json!({ "directoryRef": { "name": "staff" }, "sha256": 7 }),
            json!({ "directoryRef": { "name": "staff" }, "sha256": "11".repeat(31) }),
            json!({ "directoryRef": { "name": "staff" }, "sha256": "zz".repeat(32) }),
            json!({ "directoryRef": { "name": "staff" }, "mint": { "secretName": "x" } }),
            json!({ "sha256": "11".repeat(32) }),
            json!({ "directoryRef": { "name": "staff" }, "sha256": "11".repeat(32), "expiresAt": "soon" }),
        ];
        for (version, spec) in (2..).zip(unreadable) {
            registry.put_key(&key("a", "one", version, &spec), WATCH);
            assert_eq!(names_of(&registry, 0x11), Vec::<String>::new(), "{spec}");
        }
        registry.put_key(&key("a", "one", 1, &spec("11")), WATCH);
        assert_eq!(names_of(&registry, 0x11), Vec::<String>::new(), "an older state does not come back");
        registry.put_key(&key("a", "one", 99, &spec("11")), WATCH);
        assert_eq!(names_of(&registry, 0x11), ["a/one"]);
    }

    #[test]
    fn copies_of_a_hash_are_bounded_and_push_nobody_out() {
        let registry = Registry::default();
        registry.put_key(&key("victim", "key", 1, &spec("11")), WATCH);
        for number in 0..40 {
            registry.put_key(&key("attacker", &format!("k{number:02}"), 2 + number, &spec("11")), WATCH);
        }
        let names = names_of(&registry, 0x11);
        assert_eq!(names.len(), MAX_KEYS_PER_DIGEST + 1);
        assert!(names.contains(&"victim/key".to_owned()));
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_absent_until_it_can() {
        let registry = Registry::default();
        let directory = |version: u32, spec: Value| {
            let version = version.to_string();
            json!({ "metadata": { "namespace": "n", "name": "staff", "resourceVersion": version }, "spec": spec })
        };
        registry.put_directory(&directory(1, json!({ "provisioning": { "mode": "Later" } })), WATCH);
        assert!(registry.directory("n", "staff").is_some(), "an unknown value is no decode error");
        registry.put_directory(&directory(2, json!({ "provisioning": "x" })), WATCH);
        assert_eq!(registry.directory("n", "staff"), None);
        registry.put_directory(&directory(3, json!({})), WATCH);
        assert_eq!(registry.directory("n", "staff").expect("readable").spec.retention, "720h");
        assert_eq!(registry.directory("m", "staff"), None);
        registry.remove_directory(&directory(2, json!({})));
        assert!(registry.directory("n", "staff").is_some(), "a later state than the removed one");
        registry.remove_directory(&directory(4, json!({})));
        assert_eq!(registry.directory("n", "staff"), None);
    }

    #[test]
    fn a_directory_carries_the_rules_that_can_be_read_of_its_status() {
        let registry = Registry::default();
        let directory = |version: u32, status: Value| {
            let spec = json!({ "uniqueExternalId": { "users": "Enforce", "groups": "Enforce" } });
            let metadata = json!({ "namespace": "n", "name": "staff", "resourceVersion": version.to_string() });
            json!({ "metadata": metadata, "spec": spec, "status": status })
        };
        let users = json!({ "attribute": USER_EXTERNAL_ID, "state": "InForce" });
        let groups = json!({ "attribute": GROUP_EXTERNAL_ID, "state": "Claiming" });
        let both = [(USER_EXTERNAL_ID, Force::InForce), (GROUP_EXTERNAL_ID, Force::Claiming)];
        let cases: [(&str, Value, &[_]); 5] = [
            ("no status", Value::Null, &[]),
            ("both", json!({ "uniqueAttributes": [users, groups] }), &both),
            (
                "one of a newer version between",
                json!({ "uniqueAttributes": [users, { "attribute": 7 }, groups] }),
                &both,
            ),
            ("conditions that cannot be read", json!({ "conditions": 7, "uniqueAttributes": [users] }), &both[..1]),
            ("something else", json!({ "uniqueAttributes": "x" }), &[]),
        ];
        for (version, (case, status, expected)) in (1..).zip(cases) {
            registry.put_directory(&directory(version, status), WATCH);
            let directory = registry.directory("n", "staff").expect("readable");
            assert_eq!(directory.unique.iter().collect::<Vec<_>>(), expected, "{case}");
        }
    }

    #[test]
    fn a_list_removes_what_it_does_not_show_in_its_own_namespace() {
        let registry = Registry::default();
        for namespace in ["a", "b"] {
            registry.put_key(&key(namespace, "old", 1, &spec("11")), WATCH);
            registry.put_key(&key(namespace, "own", 9, &spec("11")), Origin::Own(&|| 0));
        }
        registry.put_key(&key("a", "listed", 2, &spec("11")), Origin::Watch(2));
        registry.sweep_keys(Some("a"), 5, 2);
        assert_eq!(names_of(&registry, 0x11), ["a/listed", "a/own", "b/old", "b/own"]);
        registry.sweep_keys(None, 5, 3);
        assert_eq!(names_of(&registry, 0x11), ["a/own", "b/own"]);
    }
}
