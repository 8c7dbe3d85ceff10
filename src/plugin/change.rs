//! `suspend`, `unsuspend` and `undelete`: the changes of a person that are an administrator's to make.

use jiff::{SignedDuration, Timestamp};

use super::people::person_json;
use super::place::ChosenDirectory;
use super::{Answer, PluginError, failed};
use crate::api::Object;
use crate::rules::naming::UNDELETE_ANNOTATION;
use crate::store::kind::Kind;

/// How often a change is tried again that somebody else's write overtook.
const MAX_ATTEMPTS: usize = 5;

/// A change of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonChange {
    /// Keep the person out.
    Suspend,
    /// No longer.
    Unsuspend,
    /// Ask a tombstone back.
    Undelete,
}

impl PersonChange {
    /// The object as it should be; nothing where it is so already.
    pub fn apply(self, person: &Object) -> Option<Object> {
        let mut changed = person.clone();
        match self {
            Self::Suspend => changed.set("suspended", true.into()),
            Self::Unsuspend => changed.set("suspended", false.into()),
            Self::Undelete => changed.set_annotation(UNDELETE_ANNOTATION, "true"),
        }
        let is_so_already = match self {
            Self::Suspend => person.is_suspended(),
            Self::Unsuspend => !person.is_suspended(),
            Self::Undelete => !person.is_deleted() || person.has_annotation(UNDELETE_ANNOTATION),
        };
        (!is_so_already).then_some(changed)
    }

    /// What was done, or had been done before.
    pub fn sentence(self, person: &Object, is_done: bool) -> String {
        let name = person.scim()["userName"].as_str().unwrap_or_default();
        let id = person.name();
        let named = format!("{name} ({id})");
        match (self, is_done) {
            (Self::Suspend, true) => format!("{named} is suspended: out at every door within a second"),
            (Self::Suspend, false) => format!("{named} was suspended already"),
            (Self::Unsuspend, _) if person.is_suspended_by_portal() => format!(
                "{named} is suspended in the portal as well, and stays out: somebody with the role has to lift it there"
            ),
            (Self::Unsuspend, true) => format!("{named} is no longer suspended"),
            (Self::Unsuspend, false) => format!("{named} was not suspended"),
            (Self::Undelete, true) => {
                format!("{named} is asked back: the operator brings the person back once the name is free")
            }
            (Self::Undelete, false) if person.is_deleted() => {
                format!("{named} is asked back already and waits: somebody else may have the name by now")
            }
            (Self::Undelete, false) => format!("{named} is not deleted"),
        }
    }
}

/// Changes a person.
pub async fn change(place: &ChosenDirectory, text: &str, change: PersonChange) -> Result<Answer, PluginError> {
    for _ in 0..MAX_ATTEMPTS {
        let person = place.person(text).await?;
        let Some(changed) = change.apply(&person) else { return Ok(answer(change, &person, false)) };
        let (kind, namespace) = (Kind::USER, &place.namespace);
        match place.store.objects().replace(kind, namespace, &changed).await {
            Ok(written) => return Ok(answer(change, &written, true)),
            Err(crate::store::Error::Conflict) => {}
            Err(error) => return Err(failed(format!("change {}", person.name()))(error)),
        }
    }
    Err(PluginError::Absent(format!("{text} is changed by somebody else all the time: try again")))
}

fn answer(change: PersonChange, person: &Object, is_done: bool) -> Answer {
    let mut json = person_json(person);
    json["changed"] = is_done.into();
    Answer { text: format!("{}\n", change.sentence(person, is_done)), json, is_yes: true }
}

/// How long ago something was, for people.
pub fn ago(since: Timestamp, now: Timestamp) -> String {
    let passed: SignedDuration = now.duration_since(since);
    format!("{since:.0} ({} ago)", crate::doctor::checks::shown(passed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_that_changes_nothing_is_not_written() {
        let person = |spec: serde_json::Value, annotations: serde_json::Value| -> Object {
            json!({ "metadata": { "name": "ada-1", "annotations": annotations }, "spec": spec }).into()
        };
        let deleted = json!({ "deletedAt": "2026-01-01T00:00:00Z" });
        for (change, spec, annotations, is_written) in [
            (PersonChange::Suspend, json!({}), json!({}), true),
            (PersonChange::Suspend, json!({ "suspended": true }), json!({}), false),
            (PersonChange::Unsuspend, json!({ "suspended": true }), json!({}), true),
            (PersonChange::Unsuspend, json!({}), json!({}), false),
            (PersonChange::Undelete, deleted.clone(), json!({}), true),
            (PersonChange::Undelete, deleted, json!({ "rollcall.dev/undelete": "true" }), false),
            (PersonChange::Undelete, json!({}), json!({}), false),
        ] {
            let person = person(spec.clone(), annotations);
            assert_eq!(change.apply(&person).is_some(), is_written, "{change:?} {spec}");
        }
    }
}
