//! Events about conditions: each transition is told once, whoever leads.
//!
//! What is told follows from the condition alone, and the time in the name of the Event is that of the transition
//! ([`crate::store::events`]). A new leader therefore says nothing twice. A transition that is long past is not told again: its
//! Event may have been removed by then.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::told::Told;
use super::tools::Tools;
use crate::api::conditions::{ConditionType, Reason};
use crate::api::event::EventReason;
use crate::redaction::without_values;
use crate::store::WatchedDirectory;
use crate::store::events::Happening;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// A transition that is older than this is not told by a leader that sees it for the first time.
const NEWS: SignedDuration = SignedDuration::from_mins(10);

/// A condition that went from True to False, or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Whether it is True now.
    pub holds: bool,
    /// Since when.
    pub at: Timestamp,
    /// Its reason and its message.
    pub note: String,
}

/// The condition of this type in a list; nothing where there is none, or where it is neither True nor False.
pub fn standing(conditions: &Value, name: ConditionType) -> Option<Transition> {
    let condition = conditions.as_array()?.iter().find(|condition| condition["type"] == name.as_str())?;
    let holds = match condition["status"].as_str()? {
        "True" => true,
        "False" => false,
        _ => return None,
    };
    let at = condition["lastTransitionTime"].as_str()?.parse().ok()?;
    let text = |field: &str| condition[field].as_str().unwrap_or_default();
    let (reason, message) = (text("reason"), text("message"));
    let note = if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") };
    Some(Transition { holds, at, note })
}

/// The transition between two states of the conditions of an object. That a condition comes is none.
pub fn transition(before: &Value, after: &Value, name: ConditionType) -> Option<Transition> {
    let (before, after) = (standing(before, name)?, standing(after, name)?);
    (before.holds != after.holds).then_some(after)
}

/// Whether a Directory lets nobody in, by the conditions of a person: then it is no news of this person.
pub fn is_of_everybody(conditions: &Value) -> bool {
    let conditions = conditions.as_array().into_iter().flatten();
    let mut of_access = conditions.filter(|condition| condition["type"] == ConditionType::AccessGranted.as_str());
    of_access.any(|condition| condition["reason"] == Reason::LoginDisabled.as_str())
}

/// Tells of a transition. One that cannot be told is noted in the log, once until one is told again, and nothing is done about
/// it.
pub async fn tell(tools: &Tools, told: &mut Told, happening: &Happening<'_>) {
    tools.write_rate.turn().await;
    match tools.store.event(happening).await {
        Ok(()) => told.success(),
        Err(error) => {
            let reason = without_values(&error.to_string());
            told.failure(&reason, || tracing::warn!(reason, "an Event could not be written"));
        }
    }
}

/// How `LoginReady` stood when each Directory was last looked at, which is what was told. As many entries as there are
/// Directories with a login.
#[derive(Debug, Default)]
pub struct LoginTransitions(HashMap<DirectoryName, Seen>);

/// What is kept of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    holds: bool,
    at: Timestamp,
}

impl LoginTransitions {
    /// What is to be told of a Directory, if its condition has turned since it was last looked at.
    pub fn look<'a>(&mut self, of: &'a WatchedDirectory, now: Timestamp) -> Option<Happening<'a>> {
        let name = DirectoryName::new(&of.namespace, &of.name);
        let Some(Transition { holds, at, note }) = standing(&of.seen.status["conditions"], ConditionType::LoginReady)
        else {
            self.0.remove(&name);
            return None;
        };
        let is_known = self.0.insert(name, Seen { holds, at }).is_some_and(|seen| seen.at == at);
        let reason = if holds { EventReason::LoginReady } else { EventReason::LoginNotReady };
        let (namespace, name, uid) = (of.namespace.as_str(), of.name.as_str(), of.seen.uid.as_str());
        let is_news = !is_known && now.duration_since(at) < NEWS;
        is_news.then_some(Happening { kind: Kind::DIRECTORY, namespace, name, uid, reason, at, note })
    }

    /// Whether people can log in to each Directory that was looked at and says so.
    pub fn ready(&self) -> impl Iterator<Item = (&DirectoryName, bool)> {
        self.0.iter().map(|(name, seen)| (name, seen.holds))
    }

    /// Forgets a Directory that is gone.
    pub fn forget(&mut self, name: &DirectoryName) {
        self.0.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AT: &str = "2026-03-01T10:00:00Z";

    fn conditions(status: &str) -> Value {
        let ready =
            json!({ "type": "Ready", "status": "True", "lastTransitionTime": AT, "reason": "Serving", "message": "" });
        let access = json!({
            "type": "AccessGranted", "status": status, "lastTransitionTime": AT, "reason": "Inactive", "message": "enable it",
        });
        json!([ready, access])
    }

    #[test]
    fn a_transition_is_from_true_to_false_or_back() {
        let turned =
            |holds| Some(Transition { holds, at: AT.parse().expect("a time"), note: "Inactive: enable it".to_owned() });
        for (case, before, after, expected) in [
            ("it closes", conditions("True"), conditions("False"), turned(false)),
            ("it opens", conditions("False"), conditions("True"), turned(true)),
            ("nothing turns", conditions("False"), conditions("False"), None),
            ("it comes", json!(null), conditions("False"), None),
            ("it goes", conditions("True"), json!([]), None),
            ("nobody knows", conditions("Unknown"), conditions("True"), None),
        ] {
            assert_eq!(transition(&before, &after, ConditionType::AccessGranted), expected, "{case}");
        }
    }
}
