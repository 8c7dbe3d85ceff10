//! What the passes of this leader came to: the claiming sets it, and the statuses tell it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::WatchedDirectory;
use crate::store::index::dirty::DirectoryName;

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

/// The last pass for each rule. Cheap to clone; as many entries as there are rules.
#[derive(Clone, Default)]
pub struct Passes(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    passes: HashMap<(DirectoryName, String), Pass>,
    /// Rules that have begun anew since somebody asked.
    anew: HashSet<(DirectoryName, String)>,
}

impl Passes {
    /// The last pass for each attribute, of those that were about this state of the Directory's spec.
    pub fn about(&self, directory: &WatchedDirectory) -> BTreeMap<String, Pass> {
        let WatchedDirectory { namespace, name, seen, .. } = directory;
        let name = DirectoryName::new(namespace, name);
        let known = self.0.lock();
        let passes = known
            .passes
            .iter()
            .filter(|((of, _), pass)| *of == name && (&pass.uid, pass.generation) == (&seen.uid, seen.generation));
        passes.map(|((_, attribute), pass)| (attribute.clone(), pass.clone())).collect()
    }

    /// Notes a pass; returns the one before.
    pub fn set(&self, directory: &DirectoryName, attribute: &str, pass: Pass) -> Option<Pass> {
        self.0.lock().passes.insert((directory.clone(), attribute.to_owned()), pass)
    }

    /// Forgets the pass for an attribute whose rule begins anew.
    pub fn forget(&self, directory: &DirectoryName, attribute: &str) {
        let rule = (directory.clone(), attribute.to_owned());
        let mut known = self.0.lock();
        known.passes.remove(&rule);
        known.anew.insert(rule);
    }

    /// Whether a rule has begun anew since this was last asked: a pass that began before says nothing.
    pub fn take_anew(&self, directory: &DirectoryName, attribute: &str) -> bool {
        self.0.lock().anew.remove(&(directory.clone(), attribute.to_owned()))
    }

    /// Forgets all that is known of a Directory that is gone.
    pub fn forget_directory(&self, directory: &DirectoryName) {
        let mut known = self.0.lock();
        known.passes.retain(|(of, _), _| of != directory);
        known.anew.retain(|(of, _)| of != directory);
    }

    /// Forgets the passes for attributes of a Directory that are not being claimed any more.
    pub fn retain(&self, directory: &DirectoryName, is_open: impl Fn(&str) -> bool) {
        let mut known = self.0.lock();
        known.passes.retain(|(of, attribute), _| of != directory || is_open(attribute));
    }
}
