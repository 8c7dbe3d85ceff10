//! What is observed: for each Directory of this mode what would be there, and what all requests came to.

mod layer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

pub(super) use layer::{Known, Layer};

use super::Store;
use super::index::dirty::DirectoryName;
use super::objects::Objects;
use crate::api::Object;
use crate::rules::observation::{Difference, ObservedRefusal, Tally, WouldBe, difference};
use crate::rules::resource::Resource;

/// Most bytes that all layers take before the largest of them is forgotten: those of 20,000 people, whose index takes as much
/// again. Whoever is forgotten is answered 404, the provider creates them again, and they are not counted twice.
pub const MAX_LAYERS: usize = 48 * 1024 * 1024;

/// One Directory that is observed, by this process.
#[derive(Debug)]
pub struct Observation {
    directory: DirectoryName,
    layer: RwLock<Arc<Layer>>,
    tally: Mutex<Tally>,
}

/// A store through which what is observed is read and written.
pub(super) struct Observed {
    pub(super) objects: Objects,
    pub(super) layer: Arc<Layer>,
    observation: Arc<Observation>,
}

/// Every Directory that is observed.
#[derive(Debug, Default)]
pub(super) struct Observations(Mutex<BTreeMap<DirectoryName, Arc<Observation>>>);

impl Observation {
    /// The Directory.
    pub fn directory(&self) -> &DirectoryName {
        &self.directory
    }

    /// What all requests came to.
    pub fn tally(&self) -> Tally {
        self.tally.lock().clone()
    }

    /// Notes that a request came.
    pub fn request(&self, at: Timestamp, is_write: bool) {
        self.tally.lock().request(at, is_write);
    }

    /// Notes what would happen to somebody.
    pub fn difference(&self, who: WouldBe<'_>, difference: &Difference) {
        self.tally.lock().difference(who, difference);
    }

    /// Notes that somebody would be refused.
    pub fn refusal(&self, who: WouldBe<'_>, refused: ObservedRefusal<'_>) {
        self.tally.lock().refusal(who, refused);
    }

    /// Notes that somebody would join or leave a group.
    pub fn membership(&self, group: &str, member: &str, joins: bool) {
        self.tally.lock().membership(group, member, joins);
    }
}

impl Store {
    /// This store, for the requests to a Directory that is observed: everything is read and checked as ever, and what is
    /// written is remembered and not stored.
    pub fn observing(&self, namespace: &str, directory: &str) -> Self {
        let name = DirectoryName::new(namespace, directory);
        let mut observations = self.0.observations.0.lock();
        let observation = observations.entry(name.clone()).or_insert_with(|| {
            let layer = RwLock::new(Arc::new(Layer::new(directory, self.0.cache.fork(&name))));
            Arc::new(Observation { directory: name.clone(), layer, tally: Mutex::default() })
        });
        let observation = Arc::clone(observation);
        let largest = largest_beyond(MAX_LAYERS, observations.values());
        drop(observations);
        if let Some(largest) = largest {
            let (namespace, directory) = (largest.directory.namespace(), largest.directory.name());
            tracing::warn!(
                namespace,
                directory,
                "more would be there than is remembered: who it is, is forgotten; how many it are, stays counted"
            );
            self.forget_layer(&largest);
        }
        let layer = Arc::clone(&observation.layer.read());
        let objects = self.0.objects.under(Arc::clone(&layer));
        Self(Arc::clone(&self.0), Some(Arc::new(Observed { objects, layer, observation })))
    }

    /// The observation, where this is the store of one.
    pub fn observation(&self) -> Option<&Observation> {
        self.1.as_ref().map(|observed| &*observed.observation)
    }

    /// Notes what would happen to a user or a group, as far as this store knows by now.
    pub fn note_difference(&self, kind: Resource, id: &str) {
        let Some(Observed { layer, observation, .. }) = self.1.as_deref() else { return };
        let Some((stands, would_be)) = layer.both(kind, id) else { return };
        let name = name_of(kind, &would_be);
        observation.difference(WouldBe { kind, id, name }, &difference(stands.as_ref(), &would_be));
    }

    /// Every observation of this process.
    pub fn observations(&self) -> Vec<Arc<Observation>> {
        self.0.observations.0.lock().values().cloned().collect()
    }

    /// Forgets everything that was observed, and begins anew.
    pub fn restart_observation(&self, observation: &Observation) {
        *observation.tally.lock() = Tally::default();
        self.forget_layer(observation);
    }

    /// Ends the observation of a Directory.
    pub fn end_observation(&self, directory: &DirectoryName) {
        if self.0.observations.0.lock().remove(directory).is_some() {
            self.0.cache.end_fork(directory);
        }
    }

    fn forget_layer(&self, observation: &Observation) {
        let name = &observation.directory;
        let mut layer = observation.layer.write();
        *layer = Arc::new(Layer::new(name.name(), self.0.cache.fork(name)));
    }
}

/// The largest layer, where all together take more than `limit`.
fn largest_beyond<'a>(
    limit: usize,
    observations: impl Iterator<Item = &'a Arc<Observation>>,
) -> Option<Arc<Observation>> {
    let sizes: Vec<_> = observations.map(|observation| (observation.layer.read().bytes(), observation)).collect();
    let all: usize = sizes.iter().map(|(bytes, _)| bytes).sum();
    let largest = sizes.into_iter().max_by_key(|(bytes, _)| *bytes).filter(|_| all > limit);
    largest.map(|(_, observation)| Arc::clone(observation))
}

/// The name of a user or a group, as it was sent.
fn name_of(kind: Resource, object: &Object) -> &str {
    object.scim().get(kind.name_field()).and_then(Value::as_str).unwrap_or_default()
}
