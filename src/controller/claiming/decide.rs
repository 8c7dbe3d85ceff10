//! How far each rule should be, and who is to be asked for it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::Pass;
use crate::api::directory::DirectorySpec;
use crate::api::directory_status::{UniqueAttributeState, UniqueAttributeStatus};
use crate::rules::naming::wanted;
use crate::rules::resource::Resource;

/// A rule that is being claimed, and the state of the Directory's spec that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRule {
    /// The attribute.
    pub attribute: String,
    /// Whose attribute it is.
    pub kind: Resource,
    /// `metadata.uid` of the Directory.
    pub uid: String,
    /// `metadata.generation` of the Directory.
    pub generation: i64,
}

/// Who is to be asked for a rule, and what those who were asked have said. As many entries as there are objects.
#[derive(Debug)]
pub struct Asking {
    /// Whose attribute it is.
    pub kind: Resource,
    uid: String,
    generation: i64,
    left: VecDeque<Arc<str>>,
    /// The names in `left`.
    waiting: HashSet<Arc<str>>,
    /// Whose value is somebody else's, and who that is.
    taken: BTreeMap<Arc<str>, String>,
    /// Whether something was answered that nobody has been told.
    news: bool,
}

impl Asking {
    /// Everybody is to be asked, in this order.
    pub fn new(rule: &OpenRule, names: Vec<Arc<str>>) -> Self {
        Self {
            kind: rule.kind,
            uid: rule.uid.clone(),
            generation: rule.generation,
            waiting: names.iter().cloned().collect(),
            left: names.into(),
            taken: BTreeMap::new(),
            news: true,
        }
    }

    /// Whether the rule is the same, of the same state of the spec.
    pub fn is_about(&self, rule: &OpenRule) -> bool {
        (&self.uid, self.generation) == (&rule.uid, rule.generation)
    }

    /// An object has changed, or its rival has. It is asked again if its answer may be another one: the others have their
    /// claims by a write of this pass, or by one of their own.
    pub fn note(&mut self, name: &Arc<str>, is_unsettled: bool) {
        if (is_unsettled || self.taken.contains_key(name)) && self.waiting.insert(Arc::clone(name)) {
            self.left.push_back(Arc::clone(name));
        }
    }

    /// Whether somebody is to be asked, or told.
    pub fn has_work(&self) -> bool {
        self.news || !self.left.is_empty()
    }

    /// Who is to be asked next.
    pub fn take(&mut self) -> Option<Arc<str>> {
        let name = self.left.pop_front()?;
        self.waiting.remove(&name);
        Some(name)
    }

    /// Somebody could not be asked, and is the first again, for the oldest has the better right. One that the API server
    /// refuses comes after the others, and stands in nobody's way.
    pub fn put_back(&mut self, name: Arc<str>, is_refused: bool) {
        if self.waiting.insert(Arc::clone(&name)) {
            if is_refused { self.left.push_back(name) } else { self.left.push_front(name) }
        }
    }

    /// Whether only one is left to be asked.
    pub fn is_last(&self) -> bool {
        self.left.len() == 1
    }

    /// Somebody was asked, and this one has the value.
    pub fn answered(&mut self, name: &Arc<str>, holder: Option<String>) {
        match holder {
            Some(holder) => drop(self.taken.insert(Arc::clone(name), holder)),
            None => drop(self.taken.remove(name)),
        }
        self.news = true;
    }

    /// What the pass came to, once: when nobody is left to be asked.
    pub fn finished(&mut self) -> Option<Pass> {
        if !self.news || !self.left.is_empty() {
            return None;
        }
        self.news = false;
        let taken = self.taken.iter().map(|(name, holder)| (name.to_string(), holder.clone()));
        Some(Pass { uid: self.uid.clone(), generation: self.generation, taken: taken.collect() })
    }
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
pub fn claiming(spec: &DirectorySpec, status: &Value) -> Vec<String> {
    wanted(spec).into_iter().filter(|attribute| standing(status, attribute) == Some("Claiming")).collect()
}

fn standing<'a>(status: &'a Value, attribute: &str) -> Option<&'a str> {
    let attributes = status["uniqueAttributes"].as_array().into_iter().flatten();
    attributes.into_iter().find(|standing| standing["attribute"] == attribute)?["state"].as_str()
}

/// Names in the order in which their objects were created, as far as their `meta.created` says so; an account that people
/// wrote has none and comes first. Of objects of one moment, by name.
pub fn oldest_first(objects: Vec<(Arc<str>, Arc<[u8]>)>) -> Vec<Arc<str>> {
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

    #[test]
    fn who_may_answer_otherwise_is_asked_again_and_nobody_else() {
        let rule = OpenRule {
            attribute: "User.externalId".to_owned(),
            kind: Resource::User,
            uid: "u".to_owned(),
            generation: 3,
        };
        let names = ["a", "b", "c"].map(Arc::<str>::from);
        let [a, b, c] = &names;
        let mut asking = Asking::new(&rule, names.to_vec());
        let taken =
            |pass: Option<Pass>| pass.map(|pass| pass.taken.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        for (name, holder) in [(a, None), (b, Some("a")), (c, None)] {
            assert_eq!(taken(asking.finished()), None);
            assert_eq!(asking.take().as_ref(), Some(name));
            asking.answered(name, holder.map(str::to_owned));
        }
        assert_eq!(taken(asking.finished()).expect("a pass"), ["b"]);
        assert_eq!((taken(asking.finished()), asking.has_work()), (None, false), "it is told once");

        asking.note(c, false);
        assert!(!asking.has_work(), "who has its claim has it");
        let d = Arc::from("d");
        for _ in 0..2 {
            asking.note(b, false);
            asking.note(&d, true);
        }
        assert_eq!(asking.take().as_ref(), Some(b));
        asking.put_back(Arc::clone(b), false);
        assert_eq!(asking.take().as_ref(), Some(b), "who could not be asked is the first again");
        asking.put_back(Arc::clone(b), true);
        assert!(!asking.is_last());
        assert_eq!(asking.take(), Some(Arc::clone(&d)), "who is refused stands in nobody's way");
        assert!(asking.is_last());
        assert_eq!(asking.take().as_ref(), Some(b));
        asking.answered(b, None);
        assert_eq!(asking.take(), None);
        asking.answered(&d, None);
        assert_eq!(taken(asking.finished()).expect("a pass"), Vec::<String>::new());
        assert!(asking.is_about(&rule) && !asking.is_about(&OpenRule { generation: 4, ..rule }));
    }

    #[test]
    fn a_rule_that_nobody_has_a_value_for_is_in_force_at_once() {
        let rule = OpenRule {
            attribute: "User.externalId".to_owned(),
            kind: Resource::User,
            uid: "u".to_owned(),
            generation: 3,
        };
        let mut asking = Asking::new(&rule, Vec::new());
        assert!(asking.has_work());
        assert_eq!(asking.finished(), Some(Pass { uid: "u".to_owned(), generation: 3, taken: Vec::new() }));
    }
}
