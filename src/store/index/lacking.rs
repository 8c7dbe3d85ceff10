//! Which objects lack which claim, and who had each of these when somebody last looked.
//!
//! Without it nobody would learn that a rival has gone: that is a change of the rival, and not of the object that lacks the
//! value. As many entries as there are values that an object names and does not own.

use std::collections::{BTreeSet, HashMap};

use super::claim::ClaimId;
use super::dirty::DirtySubject;

/// By the claim that is lacking.
#[derive(Debug, Default)]
pub(super) struct Lacking(HashMap<ClaimId, Wanted>);

#[derive(Debug, Default)]
struct Wanted {
    holder: Option<Box<str>>,
    by: BTreeSet<DirtySubject>,
}

impl Lacking {
    /// Notes that an object lacks a claim, which `holder` has if anybody does. Says whether that is news.
    pub(super) fn insert(&mut self, id: ClaimId, subject: DirtySubject, holder: Option<&str>) -> bool {
        let wanted = self.0.entry(id).or_default();
        wanted.holder = holder.map(Box::from);
        wanted.by.insert(subject)
    }

    /// Notes that an object lacks a claim no longer, or names it no longer. Says whether that is news.
    pub(super) fn remove(&mut self, id: ClaimId, subject: &DirtySubject) -> bool {
        let Some(wanted) = self.0.get_mut(&id) else { return false };
        let was_there = wanted.by.remove(subject);
        if wanted.by.is_empty() {
            self.0.remove(&id);
        }
        was_there
    }

    /// The objects that lack a claim which has come into other hands.
    pub(super) fn moved(&mut self, id: ClaimId, holder: Option<&str>) -> Vec<DirtySubject> {
        match self.0.get_mut(&id) {
            Some(wanted) if wanted.holder.as_deref() != holder => {
                wanted.holder = holder.map(Box::from);
                wanted.by.iter().cloned().collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lacks_a_value_learns_that_it_has_changed_hands() {
        let id = ClaimId::of("staff", "User.userName", "ada").expect("a claim");
        let subject = |name: &str| DirtySubject::User(name.into());
        let mut lacking = Lacking::default();
        assert!(lacking.insert(id, subject("b"), Some("a")));
        assert!(!lacking.insert(id, subject("b"), Some("a")), "no news");
        assert!(lacking.insert(id, subject("c"), Some("a")));
        assert_eq!(lacking.moved(id, Some("a")), []);
        assert_eq!(lacking.moved(id, None), [subject("b"), subject("c")]);
        assert_eq!(lacking.moved(id, None), []);
        assert!(lacking.remove(id, &subject("b")) && !lacking.remove(id, &subject("b")));
        assert_eq!(lacking.moved(id, Some("b")), [subject("c")]);
        lacking.remove(id, &subject("c"));
        assert!(lacking.0.is_empty());
    }
}
