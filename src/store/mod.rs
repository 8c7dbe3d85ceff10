//! The only owner of the Kubernetes client.
//!
//! What is read and written goes straight to the API server ([`objects`], [`claims`]). What is remembered comes from
//! watches ([`watch`]) and from own writes, and is believed only while the watches are fresh ([`Store::fresh`]). Nothing
//! here knows SCIM or HTTP.

mod cache;
pub mod claims;
mod client;
mod deletions;
mod edit;
pub mod error;
pub mod events;
pub mod index;
pub mod kind;
pub mod lease;
pub mod lists;
#[cfg(test)]
pub(crate) mod memory;
pub mod notices;
pub mod objects;
pub mod observation;
mod presence;
pub mod rights;
mod schema_check;
mod secrets;
pub mod traffic;
mod version;
pub mod watch;
mod write_queue;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Client;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::Object;
use crate::rules::naming::UniqueRules;
use crate::rules::resource::Resource;
use cache::Cache;
pub use cache::{MAX_PER_DIGEST, Seen, WatchedApplication, WatchedDirectory, WatchedKey};
pub use client::{Settings, uses_kubeconfig};
pub use deletions::DeletionUnderWay;
use deletions::DeletionsUnderWay;
pub use error::Error;
use index::Index;
use index::dirty::{DirectoryName, DirtySubject, Interest, Subscription};
use kind::Kind;
use lease::Candidate;
use notices::Notices;
use objects::Objects;
use observation::{Observations, Observed};
pub use presence::Presence;
use rights::{InUse, Lacking};
pub use secrets::{LOGIN_KEYS_NAME, SecretError};
use traffic::TrafficRecord;
use watch::{Feed, MAX_LISTS, Watch};
use write_queue::{WriteQueues, WriteTurn};

/// What the operator knows of the cluster, and how it writes to it. Cheap to clone. A store of an observation writes nothing, and
/// knows what would be there ([`observation`]).
#[derive(Clone)]
pub struct Store(Arc<Inner>, Option<Arc<Observed>>);

struct Inner {
    objects: Objects,
    write_queues: WriteQueues,
    deletions: DeletionsUnderWay,
    cache: Cache,
    traffic: TrafficRecord,
    observations: Observations,
    notices: Notices,
    watches: Vec<Watch>,
    /// For lists and watches.
    client: Client,
    /// For the Lease.
    lease: Client,
}

impl Store {
    /// A store of this cluster; nothing is sent before it is used.
    pub async fn connect(settings: Settings) -> Result<Self, Error> {
        let clients = client::connect(&settings).await?;
        Ok(Self(
            Arc::new(Inner {
                objects: Objects::new(clients.requests),
                write_queues: WriteQueues::default(),
                deletions: DeletionsUnderWay::default(),
                cache: Cache::default(),
                traffic: TrafficRecord::default(),
                observations: Observations::default(),
                notices: Notices::default(),
                watches: watches(settings.namespaces),
                client: clients.watches,
                lease: clients.lease,
            }),
            None,
        ))
    }

    /// Runs every watch until `shutdown`. Returns earlier only when one of them ends against its nature: the process can
    /// then do nothing better than end as well.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), Error> {
        let lists = Arc::new(Semaphore::new(MAX_LISTS));
        let mut tasks = JoinSet::new();
        for number in 0..self.0.watches.len() {
            let (inner, lists) = (Arc::clone(&self.0), Arc::clone(&lists));
            tasks.spawn(async move {
                let Inner { client, cache, watches, .. } = &*inner;
                watch::run(Feed { client, cache, watch: &watches[number], lists: &lists }).await
            });
        }
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            Some(Err(error)) = tasks.join_next() => Err(Error::Other(format!("a watch has ended: {error}"))),
        }
    }

    /// Whether every watch has the whole state of the cluster.
    pub fn synced(&self) -> bool {
        self.0.watches.iter().all(Watch::synced)
    }

    /// Checks that the cluster serves every field that this version knows. [`Error::Other`] names the first that is
    /// missing; it heals when the definitions are applied.
    pub async fn check_schema(&self) -> Result<(), Error> {
        self.objects().check_schema().await
    }

    /// Which rights the operator lacks in the namespaces that it serves and in that of the Lease, and which of the former do
    /// not exist.
    pub async fn lacking(&self, lease_namespace: &str) -> Result<Lacking, Error> {
        let of_one_kind = self.0.watches.iter().filter(|watch| watch.kind == Kind::DIRECTORY);
        let namespaces: Vec<_> = of_one_kind.map(|watch| watch.namespace.clone()).collect();
        let directories = self.directories();
        let has_rotation = directories.iter().any(|directory| directory.spec.key_rotation.is_some());
        let in_use = InUse {
            login: directories.iter().any(|directory| directory.spec.login.is_some()),
            minting: has_rotation || self.all_keys().iter().any(|key| key.spec.mint.is_some()),
        };
        rights::lacking(self.objects(), &namespaces, lease_namespace, in_use).await
    }

    /// How long ago each kind was last heard of: the longest silence of its watches.
    pub fn freshness(&self, now: Instant) -> Vec<(Kind, Duration)> {
        let longest = |kind| {
            let watches = self.0.watches.iter().filter(|watch| watch.kind == kind);
            watches.map(|watch| watch.silence(now)).max().unwrap_or_default()
        };
        Kind::WATCHED.map(|kind| (kind, longest(kind))).into()
    }

    /// How many users or groups each Directory shows: namespace, name, number.
    pub fn counts(&self, resource: Resource) -> Vec<(String, String, usize)> {
        let indexes = self.indexes().into_iter();
        indexes.map(|(namespace, directory, index)| (namespace, directory, index.visible(resource))).collect()
    }

    /// The API server.
    pub fn objects(&self) -> &Objects {
        self.1.as_ref().map_or(&self.0.objects, |observed| &observed.objects)
    }

    /// The namespace of the kubeconfig's context, or that of the pod.
    pub fn default_namespace(&self) -> &str {
        self.0.client.default_namespace()
    }

    /// This replica as a candidate for the work in the background. The Lease lies in this namespace, else in the operator's
    /// own; `replica` is what people call this process, such as the name of its pod.
    pub fn candidate(&self, namespace: Option<&str>, replica: &str) -> Candidate {
        Candidate::new(self.0.lease.clone(), namespace, replica)
    }

    /// Merges `patch` into an object through its subresource `status`, and takes in what comes of it at once. As
    /// [`Objects::write_status`]. Returns the uid of the object.
    pub async fn write_status(&self, kind: Kind, namespace: &str, name: &str, patch: &Value) -> Result<String, Error> {
        let object = self.objects().write_status(kind, namespace, name, patch).await?;
        self.apply(kind, &object);
        Ok(object.uid().to_owned())
    }

    /// Waits for the right of this process to write one object.
    async fn write_turn(&self, kind: Kind, namespace: &str, name: &str) -> WriteTurn<'_> {
        self.0.write_queues.take(format!("{}/{namespace}/{name}", kind.plural)).await
    }

    /// Begins the deletion of a person of a Directory, unless `check` refuses it: it is told how many deletions this process has
    /// under way there, and no other one begins meanwhile. Whoever deletes holds what is returned until the index knows of the
    /// deletion, so that a count of deletions misses none of its own.
    pub fn begin_deletion<E>(
        &self,
        namespace: &str,
        directory: &str,
        check: impl FnOnce(usize) -> Result<(), E>,
    ) -> Result<DeletionUnderWay<'_>, E> {
        self.0.deletions.begin(DirectoryName::new(namespace, directory), check)
    }

    /// What somebody outside the cluster may want to be told at once.
    pub fn notices(&self) -> &Notices {
        &self.0.notices
    }

    /// What this replica has seen the identity providers do and is in no status yet.
    pub fn traffic(&self) -> &TrafficRecord {
        &self.0.traffic
    }

    /// The Directory, as the watch last saw it.
    pub fn directory(&self, namespace: &str, name: &str) -> Option<Arc<WatchedDirectory>> {
        self.0.cache.directory(namespace, name)
    }

    /// Every Directory that can be read, as the watch last saw them.
    pub fn directories(&self) -> Vec<Arc<WatchedDirectory>> {
        self.0.cache.directories()
    }

    /// Which values of a Directory are claimed, and how far each rule is, as the watch last saw it.
    /// Of a Directory that is not there or cannot be read none is.
    pub fn unique_rules(&self, namespace: &str, directory: &str) -> Arc<UniqueRules> {
        self.directory(namespace, directory).map(|directory| Arc::clone(&directory.unique)).unwrap_or_default()
    }

    /// The keys whose `sha256` is this digest, as the watch last saw them: usually one, none, and of each namespace at
    /// most [`MAX_PER_DIGEST`].
    pub fn keys(&self, digest: &[u8; 32]) -> Vec<Arc<WatchedKey>> {
        self.0.cache.keys(digest)
    }

    /// Every key that can be read, as the watch last saw them.
    pub fn all_keys(&self) -> Vec<Arc<WatchedKey>> {
        self.0.cache.all_keys()
    }

    /// The key, as the watch last saw it.
    pub fn key(&self, namespace: &str, name: &str) -> Option<Arc<WatchedKey>> {
        self.0.cache.key(namespace, name)
    }

    /// The keys of a Directory that can be read, as the watch last saw them, in the order of their names.
    pub fn keys_of(&self, namespace: &str, directory: &str) -> Vec<Arc<WatchedKey>> {
        self.0.cache.keys_of(namespace, directory)
    }

    /// The application, as the watch last saw it.
    pub fn application(&self, namespace: &str, name: &str) -> Option<Arc<WatchedApplication>> {
        self.0.cache.application(namespace, name)
    }

    /// The applications of a Directory that can be read, as the watch last saw them, in the order of their names.
    pub fn applications(&self, namespace: &str, directory: &str) -> Vec<Arc<WatchedApplication>> {
        self.0.cache.applications(namespace, directory)
    }

    /// Every application that can be read, as the watch last saw them.
    pub fn all_applications(&self) -> Vec<Arc<WatchedApplication>> {
        self.0.cache.all_applications()
    }

    /// The index of the people of a Directory.
    pub fn index(&self, namespace: &str, directory: &str) -> Arc<Index> {
        match &self.1 {
            Some(observed) => Arc::clone(observed.layer.index()),
            None => self.0.cache.index(namespace, directory),
        }
    }

    /// Every index: namespace, name of the Directory, index. For the janitor.
    pub fn indexes(&self) -> Vec<(String, String, Arc<Index>)> {
        self.0.cache.indexes()
    }

    /// What becomes dirty from now on, for one consumer.
    pub fn subscribe(&self, interest: Interest) -> Arc<Subscription> {
        self.0.cache.subscribers.add(interest)
    }

    /// Lets every subscriber look at a Directory, as after a change of it.
    pub fn mark_directory(&self, directory: &DirectoryName) {
        self.0.cache.mark_directory(directory.namespace(), directory.name());
    }

    /// Lets a subscriber look at every Directory and at everything in them.
    pub fn review(&self, subscription: &Subscription) {
        let directories = self.directories().into_iter();
        let directories = directories.map(|directory| DirectoryName::new(&directory.namespace, &directory.name));
        let mut everything: BTreeMap<_, _> =
            directories.map(|directory| (directory, vec![DirtySubject::Directory])).collect();
        for (namespace, directory, index) in self.indexes() {
            let subjects: &mut Vec<_> = everything.entry(DirectoryName::new(&namespace, &directory)).or_default();
            subjects.extend(index.subjects());
        }
        for application in self.all_applications() {
            let directory = DirectoryName::new(&application.namespace, application.directory());
            let subject = DirtySubject::Application(application.name.as_str().into());
            everything.entry(directory).or_default().push(subject);
        }
        for key in self.all_keys() {
            let directory = DirectoryName::new(&key.namespace, key.directory());
            let subject = DirtySubject::Key(key.name.as_str().into());
            everything.entry(directory).or_default().push(subject);
        }
        everything.into_iter().for_each(|(directory, subjects)| subscription.review(&directory, subjects));
    }

    /// Whether what the watches tell may be believed at `now`: all are synced and none has been silent for longer than
    /// [`watch::FRESHNESS_LIMIT`]. The error is [`Error::Unavailable`] and names the kind.
    pub fn fresh(&self, now: Instant) -> Result<(), Error> {
        self.0.watches.iter().try_for_each(|watch| watch.fresh(now))
    }

    /// Applies an object that this process has just written to the index, unless the index has a newer one.
    fn apply(&self, kind: Kind, object: &Object) {
        if let Some(observed) = &self.1 {
            return observed.layer.apply(kind, object);
        }
        // Where nothing watches, nothing could tell of the object's end.
        if let Some(watch) = self.0.watches.iter().find(|watch| watch.covers(kind, object.namespace())) {
            self.0.cache.put(kind, object, version::Origin::Own(&|| watch.told()));
        }
    }
}

/// A watch for each kind and namespace; no namespaces are all of them.
fn watches(mut namespaces: Vec<String>) -> Vec<Watch> {
    namespaces.sort();
    namespaces.dedup();
    let scopes = if namespaces.is_empty() { vec![None] } else { namespaces.into_iter().map(Some).collect() };
    let watches = scopes.iter().flat_map(|scope| Kind::WATCHED.map(|kind| Watch::new(kind, scope.clone())));
    watches.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_watch_for_each_kind_in_each_namespace() {
        let scopes = |namespaces: &[&str]| {
            let watches = watches(namespaces.iter().map(ToString::to_string).collect());
            watches.iter().map(|watch| (watch.namespace.clone(), watch.kind)).collect::<Vec<_>>()
        };
        assert_eq!(scopes(&[]), Kind::WATCHED.map(|kind| (None, kind)));
        let both = ["a", "b"].into_iter().flat_map(|name| Kind::WATCHED.map(|kind| (Some(name.to_owned()), kind)));
        assert_eq!(scopes(&["b", "a", "b"]), both.collect::<Vec<_>>());
    }
}
