//! Attributes and sub-attributes that no schema has: typos in a mapping. Each request counts them; the log names each once
//! an hour, and Events name it on a few objects, because Entra sends the same mapping for everybody and in every cycle.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Context;
use crate::api::Object;
use crate::api::event::EventReason;
use crate::rules::resource::Resource;
use crate::scim::resource::Parsed;

/// How long the log does not name a path again.
const PAUSE: Duration = Duration::from_secs(3600);

/// Most paths of one Directory that are remembered; further ones are counted and not named until older ones are forgotten.
const MAX_REMEMBERED: usize = 256;

/// On how many objects an Event names one path within the hour.
const MAX_OBJECTS: usize = 10;

/// What this process has named. A mutex of std: nothing waits while it is held.
static MENTIONED: Mutex<Option<Mentioned>> = Mutex::new(None);

/// What a body holds that no schema has.
#[derive(Clone, Debug, Default)]
pub(super) struct Unknown {
    ignored: Vec<String>,
    stored: Vec<String>,
}

impl Unknown {
    pub(super) fn of(parsed: &Parsed) -> Self {
        Self { ignored: parsed.ignored.clone(), stored: parsed.unknown.clone() }
    }
}

impl Context {
    /// Counts what no schema has of a request about this object, and names it to the log where that was not done within the hour.
    /// An Event names what was ignored.
    pub(super) fn report_unknown(&self, unknown: &Unknown, kind: Resource, object: &Object) {
        let Unknown { ignored, stored } = unknown;
        if ignored.is_empty() && stored.is_empty() {
            return;
        }
        let (namespace, directory) = (&self.directory.namespace, &self.directory.name);
        let new = |paths: &[String]| {
            let mut mentioned = MENTIONED.lock().unwrap_or_else(PoisonError::into_inner);
            let mentioned = mentioned.get_or_insert_default();
            let new = mentioned.first_of_the_hour(namespace, directory, paths, Instant::now());
            (new.join(", "), mentioned.for_one_more_object(namespace, directory, paths).join(", "))
        };
        let (attributes, on_object) = new(ignored);
        if !on_object.is_empty() {
            let sentence = format!(
                "no schema has {on_object}, so what was sent under these names was ignored: correct the attribute mapping of the \
                 identity provider, or declare the extension in spec.users.extensions of the Directory"
            );
            self.tell(kind, object, EventReason::AttributesIgnored, &sentence);
        }
        if !attributes.is_empty() {
            tracing::info!(namespace, directory, attributes, "attributes that no schema has were ignored");
        }
        let (attributes, _) = new(stored);
        if !attributes.is_empty() {
            tracing::info!(
                namespace,
                directory,
                attributes,
                "sub-attributes that no schema has are kept as they are sent"
            );
        }
        self.metrics.ignored_attributes(namespace, directory, ignored.len());
        self.metrics.unknown_sub_attributes(namespace, directory, stored.len());
    }
}

/// Which paths were named, by namespace and Directory.
#[derive(Default)]
struct Mentioned(HashMap<(String, String), HashMap<String, Named>>);

/// When a path was named to the log, and on how many objects since.
struct Named {
    at: Instant,
    objects: usize,
}

impl Mentioned {
    /// Those of `paths` that were not named within the hour before `now`; they count as named from then on.
    fn first_of_the_hour<'a>(
        &mut self,
        namespace: &str,
        directory: &str,
        paths: &'a [String],
        now: Instant,
    ) -> Vec<&'a str> {
        // Directories that are gone are forgotten with their last path.
        self.0.retain(|_, named| {
            named.retain(|_, path| now.saturating_duration_since(path.at) < PAUSE);
            !named.is_empty()
        });
        if paths.is_empty() {
            return Vec::new();
        }
        let named = self.0.entry((namespace.to_owned(), directory.to_owned())).or_default();
        let mut seen = HashSet::new();
        let mut new: Vec<_> = paths
            .iter()
            .filter(|path| !named.contains_key(*path) && seen.insert(path.as_str()))
            .map(String::as_str)
            .collect();
        new.truncate(MAX_REMEMBERED.saturating_sub(named.len()));
        named.extend(new.iter().map(|path| ((*path).to_owned(), Named { at: now, objects: 0 })));
        new
    }

    /// Those of `paths` that are to be named on one more object: each is, on a few objects after it was named to the log.
    fn for_one_more_object<'a>(&mut self, namespace: &str, directory: &str, paths: &'a [String]) -> Vec<&'a str> {
        let Some(named) = self.0.get_mut(&(namespace.to_owned(), directory.to_owned())) else { return Vec::new() };
        let mut told = BTreeSet::new();
        for path in paths {
            if let Some(named) = named.get_mut(path)
                && named.objects < MAX_OBJECTS
                && told.insert(path.as_str())
            {
                named.objects += 1;
            }
        }
        told.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_once_an_hour_for_each_directory() {
        let paths = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (start, mut mentioned) = (Instant::now(), Mentioned::default());
        for (minutes, directory, sent, named) in [
            (0, "staff", vec!["shoeSize", "name.first", "shoeSize"], vec!["shoeSize", "name.first"]),
            (1, "staff", vec!["shoeSize"], vec![]),
            (1, "guests", vec!["shoeSize"], vec!["shoeSize"]),
            (2, "staff", vec!["badge", "shoeSize"], vec!["badge"]),
            (59, "staff", vec!["shoeSize", "name.first"], vec![]),
            (60, "staff", vec!["shoeSize", "badge"], vec!["shoeSize"]),
            (62, "staff", vec![], vec![]),
            (62, "staff", vec!["badge", "shoeSize"], vec!["badge"]),
        ] {
            let now = start + Duration::from_secs(minutes * 60);
            let paths = paths(&sent);
            let found = mentioned.first_of_the_hour("acme", directory, &paths, now);
            assert_eq!(found, named, "{sent:?} of {directory} after {minutes} minutes");
        }
    }

    #[test]
    fn a_path_is_named_on_a_few_objects_an_hour() {
        let (now, mut mentioned) = (Instant::now(), Mentioned::default());
        let paths = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let sent = paths(&["shoeSize", "badge", "shoeSize"]);
        assert_eq!(mentioned.for_one_more_object("acme", "staff", &sent), [""; 0], "nobody has named it to the log");
        mentioned.first_of_the_hour("acme", "staff", &sent, now);
        for _ in 0..MAX_OBJECTS {
            assert_eq!(mentioned.for_one_more_object("acme", "staff", &sent), ["badge", "shoeSize"]);
        }
        assert_eq!(mentioned.for_one_more_object("acme", "staff", &sent), [""; 0]);
        mentioned.first_of_the_hour("acme", "staff", &sent, now + PAUSE);
        assert_eq!(mentioned.for_one_more_object("acme", "staff", &sent), ["badge", "shoeSize"]);
    }

    #[test]
    fn so_many_paths_are_remembered_and_no_more() {
        let (now, mut mentioned) = (Instant::now(), Mentioned::default());
        let paths: Vec<_> = (0..MAX_REMEMBERED + 10).map(|number| format!("x{number}")).collect();
        assert_eq!(mentioned.first_of_the_hour("acme", "staff", &paths, now).len(), MAX_REMEMBERED);
        assert_eq!(mentioned.first_of_the_hour("acme", "staff", &paths, now), [""; 0], "counted, and not named");
        assert_eq!(
            mentioned.first_of_the_hour("acme", "other", &paths[..1], now).len(),
            1,
            "another Directory has its own"
        );
        let later = now + PAUSE;
        assert_eq!(mentioned.first_of_the_hour("acme", "staff", &paths[..2], later).len(), 2);
        assert_eq!(mentioned.0.len(), 1, "a Directory that is silent is forgotten");
    }
}
