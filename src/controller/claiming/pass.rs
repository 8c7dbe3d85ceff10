//! The passes over the holders of an attribute that is being made unique.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Pass, Passes, Place, claiming, place};
use crate::controller::leader::Leading;
use crate::rules::resource::Resource;
use crate::store::Error as StoreError;
use crate::store::WatchedDirectory;
use crate::store::claims::{Claimed, Error, acquire_for_rule};
use crate::store::index::Index;
use crate::store::kind::Kind;

/// Between two looks at which rules are being turned on.
const POLL: Duration = Duration::from_millis(500);
/// Between two passes for a rule that met a value of somebody else, or could not finish.
const PASS_INTERVAL: Duration = Duration::from_secs(2);

/// When a pass was made, and of what state of the index.
struct Made {
    at: Instant,
    changes: u64,
    done: bool,
}

/// Makes passes for ever.
pub async fn run(leading: Leading, passes: Passes) {
    let mut made = HashMap::new();
    loop {
        if leading.store.fresh(Instant::now()).is_ok() {
            look(&leading, &passes, &mut made).await;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// One look, for the tests of who writes what comes of it.
#[cfg(test)]
pub(in crate::controller) async fn look_once(leading: &Leading, passes: &Passes) {
    look(leading, passes, &mut HashMap::new()).await;
}

async fn look(leading: &Leading, passes: &Passes, made: &mut HashMap<Place, Made>) {
    let mut open = BTreeSet::new();
    for directory in leading.store.directories() {
        let WatchedDirectory { namespace, name, spec, seen, .. } = &*directory;
        let mut about = passes.about(&directory);
        for attribute in claiming(spec, &seen.status) {
            let place = place(&directory, &attribute);
            open.insert(place.clone());
            let before = about.remove(&attribute);
            let index = leading.store.index(namespace, name);
            let changes = index.changes();
            let last = made.get(&place);
            if before.is_some() && !last.is_none_or(|last| is_due(last, changes)) {
                continue;
            }
            if before.is_none() && last.is_some_and(|last| !last.done && last.at.elapsed() < PASS_INTERVAL) {
                continue;
            }
            let done = match pass(leading, &directory, &attribute, &index, before.as_ref()).await {
                Ok(pass) => {
                    tell(&directory, &attribute, before.as_ref(), &pass);
                    passes.set(&directory, &attribute, pass);
                    true
                }
                Err(error) => {
                    tracing::warn!(namespace, directory = name, attribute, %error, "a rule could not be turned on yet");
                    false
                }
            };
            made.insert(place, Made { at: Instant::now(), changes, done });
        }
    }
    made.retain(|place, _| open.contains(place));
    passes.retain(&open);
}

/// A pass that met rivals is made again when something has changed; it may be that one of them has gone.
fn is_due(last: &Made, changes: u64) -> bool {
    (!last.done || last.changes != changes) && last.at.elapsed() >= PASS_INTERVAL
}

fn tell(directory: &WatchedDirectory, attribute: &str, before: Option<&Pass>, pass: &Pass) {
    let WatchedDirectory { namespace, name, .. } = directory;
    if before.is_none_or(|before| before.taken != pass.taken) {
        let taken = pass.taken.len();
        tracing::info!(
            namespace,
            directory = name,
            attribute,
            taken,
            "claimed the values of an attribute for their holders"
        );
    }
}

/// Acquires the value for every holder. After a pass that met rivals only they are asked again, and who came since: the
/// others have their claims by a write of that pass, or by one of their own.
async fn pass(
    leading: &Leading,
    directory: &WatchedDirectory,
    attribute: &str,
    index: &Index,
    before: Option<&Pass>,
) -> Result<Pass, Error> {
    let kind = Resource::of_attribute(attribute).unwrap_or(Resource::User);
    let names = oldest_first(index.living(kind));
    let names: Vec<_> = match before {
        None => names,
        Some(before) => {
            let again: BTreeSet<_> =
                before.taken.iter().map(|(name, _)| name.clone()).chain(index.unsettled(kind)).collect();
            names.into_iter().filter(|name| again.contains(&**name)).collect()
        }
    };
    let WatchedDirectory { namespace, seen, .. } = directory;
    let mut taken = Vec::new();
    for name in names {
        leading.pace.turn().await;
        match acquire_for_rule(&leading.store, Kind::of(kind), namespace, &name, attribute).await {
            Ok(Claimed::Owned | Claimed::NoValue) => {}
            Ok(Claimed::Taken { holder }) => taken.push((name.to_string(), holder)),
            // Somebody deleted it meanwhile.
            Err(Error::NotFound | Error::Store(StoreError::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Pass { uid: seen.uid.clone(), generation: seen.generation, taken })
}

/// Names in the order in which their objects were created, as far as their `meta.created` says so; an account that people
/// wrote has none and comes first. Of objects of one moment, by name.
fn oldest_first(objects: Vec<(Arc<str>, Arc<[u8]>)>) -> Vec<Arc<str>> {
    let created = |scim: &[u8]| -> String {
        let scim: Value = serde_json::from_slice(scim).unwrap_or_default();
        scim["meta"]["created"].as_str().unwrap_or_default().to_owned()
    };
    let mut objects: Vec<_> = objects.into_iter().map(|(name, scim)| (created(&scim), name)).collect();
    objects.sort();
    objects.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_holder_is_the_first_to_be_asked() {
        let object = |name: &str, scim: &str| (Arc::from(name), Arc::from(scim.as_bytes()));
        let objects = vec![
            object("c", r#"{"meta":{"created":"2026-02-01T00:00:00Z"}}"#),
            object("b", r#"{"meta":{"created":"2026-01-01T00:00:00Z"}}"#),
            object("a", r#"{"meta":{"created":"2026-02-01T00:00:00Z"}}"#),
            object("z", "{}"),
        ];
        assert_eq!(oldest_first(objects), ["z", "b", "a", "c"].map(Arc::from));
    }
}
