//! Observes which attribute an object in conflict lacks, and whether it may be told so.
//!
//! The index knows the claims and not the attributes, so each conflict is read live once. An object that nobody may know
//! of yet (a create in progress, or one that was cut short) is told nothing: it loses its name and is removed, and the
//! condition would make it count as acknowledged.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::decide::ownership::Conflict;
use crate::rules::resource::Resource;
use crate::store::claims::holder::Holder;
use crate::store::claims::known::known_from;
use crate::store::claims::step::Subject as _;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};
use crate::store::index::{Index, UnownedValue};
use crate::store::kind::Kind;
use crate::store::{Error, Store, WatchedDirectory};

/// The conflicts that were read. As many entries as there are objects in conflict.
#[derive(Default)]
pub struct Contested(HashMap<DirtyName, Known>);

/// One object in conflict.
struct Known {
    /// As the index has it.
    seen: UnownedValue,
    conflict: Conflict,
}

impl Contested {
    /// The conflict of an object that was looked at.
    pub fn conflict(&self, kind: Resource, directory: &DirectoryName, name: &Arc<str>) -> Option<&Conflict> {
        let name = DirtyName { directory: directory.clone(), subject: DirtySubject::of(kind, name) };
        self.0.get(&name).map(|known| &known.conflict)
    }

    /// Forgets the conflicts of a Directory that is gone.
    pub fn forget(&mut self, directory: &DirectoryName) {
        self.0.retain(|name, _| name.directory != *directory);
    }

    /// Looks at what the index shows of an object; reads what is new. Where the object may not be told yet, says from when
    /// on it may.
    pub async fn look(
        &mut self,
        store: &Store,
        of: &WatchedDirectory,
        index: &Index,
        (kind, name): (Resource, &Arc<str>),
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let directory = DirectoryName::new(&of.namespace, &of.name);
        let key = DirtyName { directory, subject: DirtySubject::of(kind, name) };
        // Of several values the first one is told. One that nobody has is being claimed.
        let seen = index.conflicts_of(kind, name).into_iter().find(|seen| seen.holder.is_some());
        let known = self.0.remove(&key);
        let Some(seen) = seen else { return Ok(None) };
        if let Some(known) = known.filter(|known| known.seen == seen) {
            self.0.insert(key, known);
            return Ok(None);
        }
        Ok(match read(store, of, index, kind, seen, now).await? {
            Read::Known(known) => {
                self.0.insert(key, known);
                None
            }
            Read::Nothing => None,
            Read::KnownFrom(time) => Some(time),
        })
    }
}

enum Read {
    Known(Known),
    /// It is gone or has changed.
    Nothing,
    /// It may be told from this time on.
    KnownFrom(Timestamp),
}

async fn read(
    store: &Store,
    of: &WatchedDirectory,
    index: &Index,
    kind: Resource,
    seen: UnownedValue,
    now: Timestamp,
) -> Result<Read, Error> {
    let object = match store.objects().get(Kind::of(kind), &of.namespace, &seen.name).await {
        Ok(object) => object,
        Err(Error::NotFound) => return Ok(Read::Nothing),
        Err(error) => return Err(error),
    };
    let time = known_from(&object);
    let holder = Holder::new(object, now, &of.unique).seen_visible(index.was_visible(kind, &seen.name));
    if !holder.is_known() && !holder.is_spared() {
        return Ok(Read::KnownFrom(time));
    }
    let value = holder.committed().into_iter().find(|value| value.claim_name == seen.claim_name);
    let (Some(value), Some(rival)) = (value, seen.holder.clone()) else { return Ok(Read::Nothing) };
    let conflict = Conflict::Taken { attribute: value.claimed.attribute, holder: rival };
    Ok(Read::Known(Known { seen, conflict }))
}
