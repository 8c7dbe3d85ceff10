//! The objects that would be in the cluster, had a Directory that is observed been served: a layer over those that are.
//!
//! The code that serves reads and writes through it and does not know of it. A write is sent to the API server as one that is
//! only tried (`dryRun=All`): schemas, policies and claims that are taken refuse it as they always do, and nothing is stored.
//! What it would have led to is kept here, in memory, and read from here afterwards. Everything else is read from the cluster.
//!
//! An object that somebody else changes in the cluster meanwhile is read from there again: what would have become of its older
//! state is forgotten.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::Value;

use crate::api::Object;
use crate::rules::resource::Resource;
use crate::store::Error;
use crate::store::index::Index;
use crate::store::kind::Kind;
use crate::store::objects::Objects;
use crate::store::version::{LAST_VERSION, Origin};

/// What an entry takes beside its text.
const BYTES_PER_ENTRY: usize = 128;

/// What would be there.
#[derive(Debug)]
pub struct Layer {
    /// The Directory.
    directory: String,
    entries: Mutex<HashMap<(Kind, String), Entry>>,
    /// About how many bytes the entries take.
    bytes: AtomicUsize,
    versions: AtomicU64,
    /// A copy of the index that knows what would be there.
    index: Arc<Index>,
}

/// One object.
#[derive(Debug)]
struct Entry {
    /// The object in the cluster when this layer first had another one, if there was one.
    stands: Option<Text>,
    /// The object as it would be; nothing where it would be gone.
    would_be: Option<Text>,
}

/// An object as JSON.
type Text = Arc<[u8]>;

/// What the layer knows of an object.
pub(in crate::store) enum Known {
    /// Nothing: it is as in the cluster.
    Nothing,
    /// It would be there.
    There(Object),
    /// It would be gone.
    Gone,
}

impl Layer {
    /// A layer over a Directory, with nothing in it. `index` is a copy of the Directory's.
    pub(super) fn new(directory: &str, index: Arc<Index>) -> Self {
        let (entries, bytes, versions) = (Mutex::default(), AtomicUsize::new(0), AtomicU64::new(0));
        Self { directory: directory.to_owned(), entries, bytes, versions, index }
    }

    /// The index of what would be there.
    pub(in crate::store) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether it is over objects of this kind.
    pub(in crate::store) fn covers(kind: Kind) -> bool {
        [Kind::USER, Kind::GROUP, Kind::CLAIM].contains(&kind)
    }

    /// Takes in an object that would have been written.
    pub(in crate::store) fn apply(&self, kind: Kind, object: &Object) {
        self.index.put(kind, &self.directory, object, Origin::Own(&|| 0));
    }

    /// The object of this name in the cluster, if there was one, and as it would be; nothing where nothing would happen to it.
    pub(super) fn both(&self, kind: Resource, name: &str) -> Option<(Option<Object>, Object)> {
        let entries = self.entries.lock();
        let Entry { stands, would_be } = entries.get(&(Kind::of(kind), name.to_owned()))?;
        Some((stands.as_ref().and_then(object_of), would_be.as_ref().and_then(object_of)?))
    }

    /// What is known of an object.
    pub(in crate::store) fn known(&self, kind: Kind, name: &str) -> Known {
        match self.entries.lock().get(&(kind, name.to_owned())) {
            None => Known::Nothing,
            Some(Entry { would_be, .. }) => would_be.as_ref().and_then(object_of).map_or(Known::Gone, Known::There),
        }
    }

    /// The object in the cluster over which there would be another one.
    fn stands(&self, kind: Kind, name: &str) -> Option<Object> {
        self.entries.lock().get(&(kind, name.to_owned()))?.stands.as_ref().and_then(object_of)
    }

    /// Keeps an object as it would be, in place of the version that `replaces` names, none meaning that it is new; returns it
    /// as stored, and nothing where somebody else was quicker.
    fn keep(&self, kind: Kind, replaces: Option<&str>, stands: Option<&Object>, mut object: Object) -> Option<Object> {
        let version = LAST_VERSION + 1 + u128::from(self.versions.fetch_add(1, Ordering::Relaxed));
        object.set_version(&version.to_string());
        let text = text_of(&object);
        let mut entries = self.entries.lock();
        let key = (kind, object.name().to_owned());
        let known = entries.get(&key).and_then(|entry| entry.would_be.as_ref()).and_then(object_of);
        if known.as_ref().map(Object::resource_version) != replaces.filter(|version| is_ours(version)) {
            return None;
        }
        let entry = entries.entry(key).or_insert(Entry { stands: None, would_be: None });
        self.forget_bytes(entry);
        if entry.stands.is_none() {
            entry.stands = stands.map(text_of);
        }
        entry.would_be = Some(text);
        self.bytes.fetch_add(bytes_of(entry), Ordering::Relaxed);
        Some(object)
    }

    /// Keeps that an object would be gone. What never was in the cluster leaves nothing behind.
    fn keep_gone(&self, kind: Kind, name: &str, stands: Option<&Object>) {
        let mut entries = self.entries.lock();
        let key = (kind, name.to_owned());
        let mut entry = entries.remove(&key).unwrap_or(Entry { stands: None, would_be: None });
        self.forget_bytes(&entry);
        entry.would_be = None;
        entry.stands = entry.stands.or_else(|| stands.map(text_of));
        if entry.stands.is_some() {
            self.bytes.fetch_add(bytes_of(&entry), Ordering::Relaxed);
            entries.insert(key, entry);
        }
    }

    /// Forgets what would become of an object.
    fn forget(&self, kind: Kind, name: &str) {
        if let Some(entry) = self.entries.lock().remove(&(kind, name.to_owned())) {
            self.forget_bytes(&entry);
        }
    }

    fn forget_bytes(&self, entry: &Entry) {
        if entry.stands.is_some() || entry.would_be.is_some() {
            self.bytes.fetch_sub(bytes_of(entry), Ordering::Relaxed);
        }
    }

    /// Tries the create of an object, and keeps it.
    pub(in crate::store) async fn create(
        &self,
        objects: &Objects,
        kind: Kind,
        namespace: &str,
        object: &Object,
    ) -> Result<Object, Error> {
        let created = match self.known(kind, object.name()) {
            Known::There(_) => return Err(Error::Exists),
            Known::Nothing => objects.try_create(kind, namespace, object).await?,
            // The API server has one of this name, and would not try another.
            Known::Gone => {
                let mut created = object.clone();
                created.set_created(&format!("would-be-{}", self.versions.fetch_add(1, Ordering::Relaxed)), 1);
                created
            }
        };
        self.keep(kind, None, None, without_managers(created)).ok_or(Error::Exists)
    }

    /// Tries the replacement of an object that still has the resourceVersion in `object`, and keeps it.
    pub(in crate::store) async fn replace(
        &self,
        objects: &Objects,
        kind: Kind,
        namespace: &str,
        object: &Object,
    ) -> Result<Object, Error> {
        let (current, stands) = match self.known(kind, object.name()) {
            Known::Gone => return Err(Error::NotFound),
            Known::There(current) => {
                let stands = self.stands(kind, object.name());
                (current, stands)
            }
            Known::Nothing => {
                let stands = objects.get_from_cluster(kind, namespace, object.name()).await?;
                (stands.clone(), Some(stands))
            }
        };
        if current.resource_version() != object.resource_version() {
            return Err(Error::Conflict);
        }
        let tried = self.try_replacement(objects, (kind, namespace), object, stands.as_ref()).await?;
        let is_same = tried.spec() == current.spec();
        let mut replaced = without_managers(tried);
        replaced.set_created(current.uid(), current.generation() + i64::from(!is_same));
        let replaces = Some(current.resource_version());
        self.keep(kind, replaces, stands.as_ref(), replaced).ok_or(Error::Conflict)
    }

    /// Asks the API server what it would make of an object: over one that is there as a change of it, else as a new one.
    async fn try_replacement(
        &self,
        objects: &Objects,
        (kind, namespace): (Kind, &str),
        object: &Object,
        stands: Option<&Object>,
    ) -> Result<Object, Error> {
        let mut tried = object.clone();
        let Some(stands) = stands else {
            // A tombstone is made by a change, and nobody may create one.
            if object.is_deleted() {
                return Ok(tried);
            }
            tried.forget_version();
            return objects.try_create(kind, namespace, &tried).await;
        };
        tried.set_version_of(stands);
        match objects.try_replace(kind, namespace, &tried).await {
            Err(moved_on @ (Error::Conflict | Error::NotFound)) => {
                self.forget(kind, object.name());
                self.index.remove(kind, &unversioned(object));
                self.apply(kind, &objects.get_from_cluster(kind, namespace, object.name()).await?);
                Err(moved_on)
            }
            tried => tried,
        }
    }

    /// Tries the removal of an object that still has the uid and the resourceVersion in `object`, and keeps that it would be
    /// gone.
    pub(in crate::store) async fn delete(
        &self,
        objects: &Objects,
        kind: Kind,
        namespace: &str,
        object: &Object,
    ) -> Result<(), Error> {
        let stands = match self.known(kind, object.name()) {
            Known::Gone => return Err(Error::NotFound),
            Known::There(current) if current.resource_version() != object.resource_version() => {
                return Err(Error::Conflict);
            }
            Known::There(_) => None,
            Known::Nothing => {
                objects.try_delete(kind, namespace, object).await?;
                Some(object)
            }
        };
        self.keep_gone(kind, object.name(), stands);
        self.index.remove(kind, &unversioned(object));
        Ok(())
    }
}

/// Whether a resourceVersion is one of a layer.
fn is_ours(version: &str) -> bool {
    version.parse().is_ok_and(|version: u128| version > LAST_VERSION)
}

/// The object without a version, so that nothing later is known of it than its end.
fn unversioned(object: &Object) -> Object {
    let mut object = object.clone();
    object.forget_version();
    object
}

/// Who manages which field is of no use here, and takes more than the rest.
fn without_managers(mut object: Object) -> Object {
    object.forget_managers();
    object
}

fn text_of(object: &Object) -> Text {
    object.as_json().to_string().into_bytes().into()
}

fn object_of(text: &Text) -> Option<Object> {
    serde_json::from_slice::<Value>(text).ok().map(Object::from)
}

fn bytes_of(entry: &Entry) -> usize {
    let texts = entry.stands.iter().chain(&entry.would_be);
    BYTES_PER_ENTRY + texts.map(|text| text.len()).sum::<usize>()
}
