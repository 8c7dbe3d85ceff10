//! Objects that name a value which another one has: whether they may be told so, and which attribute it is.
//!
//! The index knows the claims and not the attributes, so each conflict is read live once. An object that nobody may know
//! of yet (a create in progress, or one that was cut short) is told nothing: it loses its name and is removed, and the
//! condition would make it count as acknowledged.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::rounds::json_of;
use super::user::{self, Conflict};
use super::writer::{Target, write};
use crate::controller::leader::Leading;
use crate::rules::resource::Resource;
use crate::store::Error;
use crate::store::WatchedDirectory;
use crate::store::claims::holder::Holder;
use crate::store::claims::step::Subject as _;
use crate::store::index::{self, Index};
use crate::store::kind::Kind;

/// The conflicts of one kind in one Directory. As many entries as there are objects in conflict.
#[derive(Default)]
pub struct Contested(HashMap<Arc<str>, Known>);

/// One object in conflict.
struct Known {
    /// As the index has it.
    seen: index::UnownedValue,
    generation: i64,
    conflict: Conflict,
}

impl Contested {
    /// The conflict of an object.
    pub fn conflict(&self, name: &str) -> Option<&Conflict> {
        self.0.get(name).map(|known| &known.conflict)
    }

    /// Looks at what the index shows; reads what is new.
    pub async fn look(
        &mut self,
        leading: &Leading,
        directory: &WatchedDirectory,
        index: &Index,
        kind: Resource,
    ) -> Result<(), Error> {
        let mut found: HashMap<Arc<str>, Known> = HashMap::new();
        let mut after: Option<Arc<str>> = None;
        loop {
            let batch = index.conflicts(kind, after.as_deref());
            let Some(last) = batch.last() else { break };
            after = Some(Arc::clone(&last.name));
            for seen in batch {
                // Of several values the first one is told. One that nobody has is being claimed.
                if seen.holder.is_none() || found.contains_key(&seen.name) {
                    continue;
                }
                let name = Arc::clone(&seen.name);
                let known = match self.0.remove(&name).filter(|known| known.seen == seen) {
                    Some(known) => Some(known),
                    None => read(leading, directory, index, kind, seen).await?,
                };
                found.extend(known.map(|known| (name, known)));
            }
        }
        self.0 = found;
        Ok(())
    }

    /// Tells the objects that are not visible; those that are have their status from who goes over all of them.
    pub async fn write_hidden(
        &self,
        leading: &Leading,
        directory: &WatchedDirectory,
        index: &Index,
        kind: Resource,
    ) -> Result<(), Error> {
        for (name, Known { generation, conflict, .. }) in &self.0 {
            if index.is_visible(kind, name) {
                continue;
            }
            let stands = json_of(index.status(kind, name).as_deref());
            let observed = user::Observed {
                generation: *generation,
                status: &stands,
                effective: stands.get("effective").cloned(),
                conflict: Some(conflict),
            };
            let Some(wanted) = user::status(&observed, Timestamp::now()) else { continue };
            let fields = ["observedGeneration", "conditions"];
            let target = Target { kind: Kind::of(kind), namespace: &directory.namespace, name, version: None };
            write(leading, target, &stands, &wanted, &fields).await?;
        }
        Ok(())
    }
}

/// Reads an object in conflict; nothing where it is gone, has changed, or may not be told.
async fn read(
    leading: &Leading,
    directory: &WatchedDirectory,
    index: &Index,
    kind: Resource,
    seen: index::UnownedValue,
) -> Result<Option<Known>, Error> {
    let object = match leading.store.objects().get(Kind::of(kind), &directory.namespace, &seen.name).await {
        Ok(object) => object,
        Err(Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let generation = object.generation();
    let holder = Holder::new(object, Timestamp::now(), &directory.unique);
    let value = holder.committed().into_iter().find(|value| value.claim_name == seen.claim_name);
    let known = index.was_visible(kind, &seen.name) || holder.is_known();
    let (Some(value), Some(rival), true) = (value, seen.holder.clone(), known) else { return Ok(None) };
    let conflict = Conflict { attribute: value.claimed.attribute, holder: rival };
    Ok(Some(Known { seen, generation, conflict }))
}
