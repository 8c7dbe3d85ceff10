//! Turning a rule of uniqueness on, in two steps that `Directory.status.uniqueAttributes` shows.
//!
//! *Claiming* first: every writer names and acquires the value as if the rule were in force, and a taken one is no error.
//! Who has seen that is no danger any more; so nobody waits for anybody. Then the leader acquires the value for every
//! holder, the oldest first, with a write also where the claim is its own already: a claim from an earlier time in force
//! may be in the hands of a release that has paused since. When a pass met no value of somebody else, the rule is *in
//! force*. Duplicates keep it Claiming: nobody is changed or removed for it.
//!
//! The state is in the status alone. What a pass came to is remembered by this leader, as a state of the Directory's spec
//! that it was about: a rule that was turned off and on again, or a Directory that a restore made anew, begins anew.

mod pass;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

#[cfg(test)]
pub(super) use pass::look_once;
pub use pass::run;

use crate::api::directory::DirectorySpec;
use crate::api::directory_status::{UniqueAttributeState, UniqueAttributeStatus};
use crate::rules::naming::wanted;
use crate::store::WatchedDirectory;

/// What a pass over the holders of an attribute came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// `metadata.uid` of the Directory.
    pub uid: String,
    /// `metadata.generation` of the Directory.
    pub generation: i64,
    /// Objects whose value is somebody else's, and who that is.
    pub taken: Vec<(String, String)>,
}

/// Namespace, WatchedDirectory, attribute.
type Place = (String, String, String);

/// What the passes of this leader came to. Cheap to clone; as many entries as there are rules.
#[derive(Clone, Default)]
pub struct Passes(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    passes: HashMap<Place, Pass>,
    /// How many passes were made.
    count: u64,
}

impl Passes {
    /// The last pass for each attribute, of those that were about this state of the Directory's spec.
    pub fn about(&self, directory: &WatchedDirectory) -> BTreeMap<String, Pass> {
        let WatchedDirectory { namespace, name, seen, .. } = directory;
        let known = self.0.lock();
        let passes = known.passes.iter().filter(|((in_namespace, of, _), pass)| {
            (in_namespace, of, &pass.uid, pass.generation) == (namespace, name, &seen.uid, seen.generation)
        });
        passes.map(|((_, _, attribute), pass)| (attribute.clone(), pass.clone())).collect()
    }

    /// How many passes were made: who goes by them need not look while it rests.
    pub fn count(&self) -> u64 {
        self.0.lock().count
    }

    fn set(&self, directory: &WatchedDirectory, attribute: &str, pass: Pass) {
        let mut known = self.0.lock();
        known.count += 1;
        known.passes.insert(place(directory, attribute), pass);
    }

    /// Forgets the pass for an attribute whose rule begins anew.
    pub fn forget(&self, directory: &WatchedDirectory, attribute: &str) {
        self.0.lock().passes.remove(&place(directory, attribute));
    }

    /// Forgets the passes for attributes that are not being claimed any more.
    fn retain(&self, open: &BTreeSet<Place>) {
        self.0.lock().passes.retain(|place, _| open.contains(place));
    }
}

fn place(directory: &WatchedDirectory, attribute: &str) -> Place {
    (directory.namespace.clone(), directory.name.clone(), attribute.to_owned())
}

/// How far each attribute that the spec wants to be unique should be: what is new begins with Claiming, what no pass met a
/// rival for is in force, what is not wanted any more goes.
pub fn progress(spec: &DirectorySpec, status: &Value, passes: &BTreeMap<String, Pass>) -> Vec<UniqueAttributeStatus> {
    let next = |attribute: String| {
        let clean = || passes.get(&attribute).is_some_and(|pass| pass.taken.is_empty());
        let state = match standing(status, &attribute) {
            Some("InForce") => UniqueAttributeState::InForce,
            Some("Claiming") if clean() => UniqueAttributeState::InForce,
            _ => UniqueAttributeState::Claiming,
        };
        UniqueAttributeStatus { attribute, state }
    };
    wanted(spec).into_iter().map(next).collect()
}

/// The attributes that are wanted and that the status does not name: their rule begins.
pub fn begun(spec: &DirectorySpec, status: &Value) -> Vec<String> {
    wanted(spec).into_iter().filter(|attribute| standing(status, attribute).is_none()).collect()
}

/// The attributes that are wanted and being claimed.
fn claiming(spec: &DirectorySpec, status: &Value) -> Vec<String> {
    wanted(spec).into_iter().filter(|attribute| standing(status, attribute) == Some("Claiming")).collect()
}

fn standing<'a>(status: &'a Value, attribute: &str) -> Option<&'a str> {
    let attributes = status["uniqueAttributes"].as_array().into_iter().flatten();
    attributes.into_iter().find(|standing| standing["attribute"] == attribute)?["state"].as_str()
}
