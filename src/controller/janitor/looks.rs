//! Which unsettled objects to look at between two passes.
//!
//! An object is looked at once it was unsettled at two looks in a row, for most are creates and changes in progress and
//! settle by themselves; and then not again before the next pass, unless somebody else has the value that it lacks, or
//! nobody any more. So an object that is in conflict for months costs a few calls a minute, however much happens around it.

use std::collections::HashMap;

use crate::rules::resource::Resource;
use crate::store::Store;
use crate::store::index::Index;

/// The unsettled objects of a Directory, and for each who has the values that it lacks.
type Unsettled = HashMap<(Resource, String), Vec<Option<String>>>;

/// Namespace and Directory.
type Place = (String, String);

/// What earlier looks have seen. As many entries as there are unsettled objects.
#[derive(Default)]
pub struct Looks(HashMap<Place, Look>);

#[derive(Default)]
struct Look {
    /// What was unsettled at the last look.
    before: Unsettled,
    /// How it was when somebody looked at it last.
    looked_at: Unsettled,
}

impl Looks {
    /// Notes that everything has just been looked at.
    pub fn note_pass(&mut self, store: &Store) {
        self.0 = store
            .indexes()
            .into_iter()
            .map(|(namespace, directory, index)| {
                let now = unsettled(&index);
                ((namespace, directory), Look { before: now.clone(), looked_at: now })
            })
            .collect();
    }

    /// What is to be looked at now: namespace, Directory, kind, name.
    pub fn due(&mut self, store: &Store) -> Vec<(String, String, Resource, String)> {
        let mut due = Vec::new();
        for (namespace, directory, index) in store.indexes() {
            let look = self.0.entry((namespace.clone(), directory.clone())).or_default();
            let objects = look.at(unsettled(&index)).into_iter();
            due.extend(objects.map(|(kind, name)| (namespace.clone(), directory.clone(), kind, name)));
        }
        due
    }
}

impl Look {
    /// What is to be looked at when this is unsettled now.
    fn at(&mut self, now: Unsettled) -> Vec<(Resource, String)> {
        self.looked_at.retain(|object, _| now.contains_key(object));
        let due = now.iter().filter(|(object, holders)| {
            self.before.contains_key(*object) && self.looked_at.get(*object) != Some(*holders)
        });
        let due: Vec<_> = due.map(|(object, holders)| (object.clone(), holders.clone())).collect();
        self.looked_at.extend(due.iter().cloned());
        self.before = now;
        due.into_iter().map(|(object, _)| object).collect()
    }
}

fn unsettled(index: &Index) -> Unsettled {
    let mut unsettled = Unsettled::new();
    for kind in Resource::ALL {
        unsettled.extend(index.unsettled(kind).into_iter().map(|name| ((kind, name), Vec::new())));
        let mut after: Option<String> = None;
        loop {
            let batch = index.conflicts(kind, after.as_deref());
            let Some(last) = batch.last() else { break };
            after = Some(last.name.to_string());
            for conflict in batch {
                if let Some(holders) = unsettled.get_mut(&(kind, conflict.name.to_string())) {
                    holders.push(conflict.holder);
                }
            }
        }
    }
    unsettled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_looked_at_once_and_again_when_its_rival_is_another_one() {
        let mut look = Look::default();
        let object = || (Resource::User, "ada-1".to_owned());
        let with = |holder: Option<&str>| Unsettled::from([(object(), vec![holder.map(str::to_owned)])]);
        let steps = [
            ("a create in progress", with(None), false),
            ("it has settled", Unsettled::new(), false),
            ("unsettled again", with(Some("bob-1")), false),
            ("and still", with(Some("bob-1")), true),
            ("nothing new", with(Some("bob-1")), false),
            ("another rival", with(Some("eve-1")), true),
            ("the rival is gone", with(None), true),
            ("nothing new", with(None), false),
        ];
        for (step, now, expected) in steps {
            assert_eq!(look.at(now), if expected { vec![object()] } else { Vec::new() }, "{step}");
        }
    }
}
