//! The objects of one kind, as the watch last saw them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use serde::de::DeserializeOwned;

use super::Sink;
use crate::api::Object;
use crate::store::kind::Kind;
use crate::store::version::{Origin, Stamp, version_of};

/// Most objects of one digest in one namespace that are looked at. The bound is per namespace, so that nobody can push out
/// somebody else's key by copies of its hash.
pub const MAX_PER_DIGEST: usize = 16;
/// Bytes of a SHA-256.
const DIGEST_LENGTH: usize = 32;

/// A SHA-256 by which objects are found.
pub(in crate::store) type Digest = [u8; DIGEST_LENGTH];

/// Namespace, then name.
type ByName<T> = BTreeMap<String, BTreeMap<String, T>>;

/// What a kind has to say to be kept in a table.
pub(in crate::store) trait Tabled: Sized {
    /// The kind.
    const KIND: Kind;

    /// What is kept of an object; nothing where it cannot be read. It is treated as closed then: an unreadable Directory
    /// serves nothing, an unreadable key opens nothing.
    fn read(object: &Object) -> Option<Self>;

    /// The digest by which it is found, where it is found by one.
    fn digest(&self) -> Option<Digest> {
        None
    }

    /// Tells the log of a change that somebody has to see.
    fn log_change(_before: Option<&Self>, _after: Option<&Self>) {}
}

/// What is known of one object. One that cannot be read is known all the same, or an older state could return.
struct Entry<T> {
    stamp: Stamp,
    value: Option<Arc<T>>,
}

/// The objects of one kind.
pub(in crate::store) struct Table<T>(RwLock<State<T>>);

struct State<T> {
    entries: ByName<Entry<T>>,
    by_digest: HashMap<Digest, ByName<Arc<T>>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(RwLock::new(State { entries: BTreeMap::new(), by_digest: HashMap::new() }))
    }
}

impl<T: Tabled> Table<T> {
    /// An object that can be read.
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.0.read().entries.get(namespace)?.get(name)?.value.clone()
    }

    /// Every object that can be read.
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        let state = self.0.read();
        let entries = state.entries.values().flat_map(BTreeMap::values);
        entries.filter_map(|entry| entry.value.clone()).collect()
    }

    /// The objects of one namespace that can be read.
    pub(super) fn in_namespace(&self, namespace: &str) -> Vec<Arc<T>> {
        let state = self.0.read();
        let entries = state.entries.get(namespace).into_iter().flat_map(BTreeMap::values);
        entries.filter_map(|entry| entry.value.clone()).collect()
    }

    /// The objects of this digest, of each namespace at most [`MAX_PER_DIGEST`].
    pub(super) fn by_digest(&self, digest: &Digest) -> Vec<Arc<T>> {
        let state = self.0.read();
        let namespaces = state.by_digest.get(digest).into_iter().flat_map(BTreeMap::values);
        namespaces.flat_map(|names| names.values().take(MAX_PER_DIGEST)).cloned().collect()
    }
}

impl<T: Tabled> Sink for Table<T> {
    fn put(&self, object: &Object, origin: Origin<'_>) {
        self.0.write().put(object, origin);
    }

    fn remove(&self, object: &Object) {
        self.0.write().remove(object.namespace(), object.name(), version_of(object));
    }

    fn sweep(&self, scope: Option<&str>, version: u128, epoch: u32) {
        let mut state = self.0.write();
        for (namespace, name) in state.gone(scope, version, epoch) {
            state.remove(&namespace, &name, version);
        }
    }
}

impl<T: Tabled> State<T> {
    /// Takes in a state if it is news.
    fn put(&mut self, object: &Object, origin: Origin<'_>) {
        let (namespace, name, version) = (object.namespace(), object.name(), version_of(object));
        let known = self.entries.get_mut(namespace).and_then(|entries| entries.get_mut(name));
        if !origin.is_news(version, known.as_ref().map(|known| known.stamp)) {
            known.into_iter().for_each(|known| known.stamp.confirm(origin));
            return;
        }
        let value = T::read(object).map(Arc::new);
        let entry = Entry { stamp: origin.stamp(version), value: value.clone() };
        let before = self.entries.entry(namespace.to_owned()).or_default().insert(name.to_owned(), entry);
        let before = before.and_then(|before| before.value);
        T::log_change(before.as_deref(), value.as_deref());
        self.hide(namespace, name, before.as_deref());
        if let Some((value, digest)) = value.and_then(|value| Some((value.clone(), value.digest()?))) {
            let names = self.by_digest.entry(digest).or_default().entry(namespace.to_owned()).or_default();
            names.insert(name.to_owned(), value);
        }
    }

    /// Forgets an object, unless something later than `version` is known.
    fn remove(&mut self, namespace: &str, name: &str, version: u128) {
        let Some(entries) = self.entries.get_mut(namespace) else { return };
        if entries.get(name).is_none_or(|known| known.stamp.version > version && version > 0) {
            return;
        }
        let removed = entries.remove(name).and_then(|removed| removed.value);
        if entries.is_empty() {
            self.entries.remove(namespace);
        }
        self.hide(namespace, name, removed.as_deref());
    }

    /// Lets an object be found by its digest no more.
    fn hide(&mut self, namespace: &str, name: &str, value: Option<&T>) {
        let Some(digest) = value.and_then(Tabled::digest) else { return };
        let Some(namespaces) = self.by_digest.get_mut(&digest) else { return };
        if let Some(names) = namespaces.get_mut(namespace) {
            names.remove(name);
            if names.is_empty() {
                namespaces.remove(namespace);
            }
        }
        if namespaces.is_empty() {
            self.by_digest.remove(&digest);
        }
    }

    /// The objects that a list does not show, in the namespace of the watch or in all.
    fn gone(&self, scope: Option<&str>, version: u128, epoch: u32) -> Vec<(String, String)> {
        let namespaces = self.entries.iter().filter(|(namespace, _)| scope.is_none_or(|scope| scope == *namespace));
        let entries = namespaces.flat_map(|(namespace, entries)| entries.iter().map(move |entry| (namespace, entry)));
        let gone = entries.filter(|(_, (_, entry))| entry.stamp.is_gone(version, epoch));
        gone.map(|(namespace, (name, _))| (namespace.clone(), name.clone())).collect()
    }
}

/// The typed `spec` of an object. What cannot be read is logged, once for each state of the object.
pub(super) fn spec_of<T: DeserializeOwned>(kind: Kind, object: &Object) -> Option<T> {
    match T::deserialize(object.spec()) {
        Ok(spec) => Some(spec),
        Err(error) => {
            let (kind, namespace, name) = (kind.plural, object.namespace(), object.name());
            tracing::warn!(kind, namespace, name, %error, "an object cannot be read and is treated as closed");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::naming::{Force, GROUP_EXTERNAL_ID, USER_EXTERNAL_ID};
    use crate::store::cache::Cache;

    const WATCH: Origin<'_> = Origin::Watch(1);

    fn key(namespace: &str, name: &str, version: u32, spec: &Value) -> Object {
        let object = json!({ "metadata": { "namespace": namespace, "name": name, "resourceVersion": version.to_string() }, "spec": spec });
        object.into()
    }

    fn spec(byte: &str) -> Value {
        json!({ "directoryRef": { "name": "staff" }, "sha256": byte.repeat(32) })
    }

    fn names_of(cache: &Cache, byte: u8) -> Vec<String> {
        cache.keys.by_digest(&[byte; 32]).iter().map(|key| format!("{}/{}", key.namespace, key.name)).collect()
    }

    #[test]
    fn keys_are_found_by_their_digest_alone() {
        let cache = Cache::default();
        cache.keys.put(&key("b", "one", 1, &spec("11")), WATCH);
        cache.keys.put(&key("a", "two", 2, &spec("11")), WATCH);
        cache.keys.put(&key("a", "other", 3, &spec("22")), WATCH);
        assert_eq!(names_of(&cache, 0x11), ["a/two", "b/one"]);
        assert_eq!(names_of(&cache, 0x33), Vec::<String>::new());

        cache.keys.put(&key("a", "two", 5, &spec("33")), WATCH);
        cache.keys.put(&key("a", "two", 4, &spec("11")), WATCH);
        assert_eq!(names_of(&cache, 0x11), ["b/one"], "a digest that was replaced opens nothing");
        assert_eq!(names_of(&cache, 0x33), ["a/two"]);

        cache.keys.remove(&key("b", "one", 6, &spec("11")));
        assert_eq!(names_of(&cache, 0x11), Vec::<String>::new());
        assert_eq!(cache.keys.0.read().by_digest.len(), 2, "nothing is left of what nobody has");
    }

    #[test]
    fn a_key_that_cannot_be_read_opens_nothing() {
        let cache = Cache::default();
        cache.keys.put(&key("a", "one", 1, &spec("11")), WATCH);
        let unreadable = [
            json!({ "directoryRef": { "name": "staff" }, "sha256": 7 }),
            json!({ "directoryRef": { "name": "staff" }, "sha256": "11".repeat(31) }),
            json!({ "directoryRef": { "name": "staff" }, "sha256": "zz".repeat(32) }),
            json!({ "directoryRef": { "name": "staff" }, "mint": { "secretName": "x" } }),
            json!({ "sha256": "11".repeat(32) }),
            json!({ "directoryRef": { "name": "staff" }, "sha256": "11".repeat(32), "expiresAt": "soon" }),
        ];
        for (version, spec) in (2..).zip(unreadable) {
            cache.keys.put(&key("a", "one", version, &spec), WATCH);
            assert_eq!(names_of(&cache, 0x11), Vec::<String>::new(), "{spec}");
        }
        cache.keys.put(&key("a", "one", 1, &spec("11")), WATCH);
        assert_eq!(names_of(&cache, 0x11), Vec::<String>::new(), "an older state does not come back");
        cache.keys.put(&key("a", "one", 99, &spec("11")), WATCH);
        assert_eq!(names_of(&cache, 0x11), ["a/one"]);
    }

    #[test]
    fn copies_of_a_hash_are_bounded_and_push_nobody_out() {
        let cache = Cache::default();
        cache.keys.put(&key("victim", "key", 1, &spec("11")), WATCH);
        for number in 0..40 {
            cache.keys.put(&key("attacker", &format!("k{number:02}"), 2 + number, &spec("11")), WATCH);
        }
        let names = names_of(&cache, 0x11);
        assert_eq!(names.len(), MAX_PER_DIGEST + 1);
        assert!(names.contains(&"victim/key".to_owned()));
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_absent_until_it_can() {
        let cache = Cache::default();
        let directory = |version: u32, spec: Value| {
            let version = version.to_string();
            Object::from(
                json!({ "metadata": { "namespace": "n", "name": "staff", "resourceVersion": version }, "spec": spec }),
            )
        };
        cache.directories.put(&directory(1, json!({ "provisioning": { "mode": "Later" } })), WATCH);
        assert!(cache.directories.get("n", "staff").is_some(), "an unknown value is no decode error");
        cache.directories.put(&directory(2, json!({ "provisioning": "x" })), WATCH);
        assert_eq!(cache.directories.get("n", "staff"), None);
        cache.directories.put(&directory(3, json!({})), WATCH);
        assert_eq!(cache.directories.get("n", "staff").expect("readable").spec.retention, "720h");
        assert_eq!(cache.directories.get("m", "staff"), None);
        cache.directories.remove(&directory(2, json!({})));
        assert!(cache.directories.get("n", "staff").is_some(), "a later state than the removed one");
        cache.directories.remove(&directory(4, json!({})));
        assert_eq!(cache.directories.get("n", "staff"), None);
    }

    #[test]
    fn a_directory_carries_the_rules_that_can_be_read_of_its_status() {
        let cache = Cache::default();
        let directory = |version: u32, status: Value| {
            let spec = json!({ "uniqueExternalId": { "users": "Enforce", "groups": "Enforce" } });
            let metadata = json!({ "namespace": "n", "name": "staff", "resourceVersion": version.to_string() });
            Object::from(json!({ "metadata": metadata, "spec": spec, "status": status }))
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
            cache.directories.put(&directory(version, status), WATCH);
            let directory = cache.directories.get("n", "staff").expect("readable");
            assert_eq!(directory.unique.iter().collect::<Vec<_>>(), expected, "{case}");
        }
    }

    #[test]
    fn a_list_removes_what_it_does_not_show_in_its_own_namespace() {
        let cache = Cache::default();
        for namespace in ["a", "b"] {
            cache.keys.put(&key(namespace, "old", 1, &spec("11")), WATCH);
            cache.keys.put(&key(namespace, "own", 9, &spec("11")), Origin::Own(&|| 0));
        }
        cache.keys.put(&key("a", "listed", 2, &spec("11")), Origin::Watch(2));
        cache.keys.sweep(Some("a"), 5, 2);
        assert_eq!(names_of(&cache, 0x11), ["a/listed", "a/own", "b/old", "b/own"]);
        cache.keys.sweep(None, 5, 3);
        assert_eq!(names_of(&cache, 0x11), ["a/own", "b/own"]);
    }
}
