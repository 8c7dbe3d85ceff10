//! Events about conditions: each transition is told once, whoever leads.
//!
//! What is told follows from the condition alone, and the time in the name of the Event is that of the transition
//! ([`crate::store::events`]). A new leader therefore says nothing twice. A transition that is long past is not told again: its
//! Event may have been removed by then.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

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
pub const NEWS: SignedDuration = SignedDuration::from_mins(10);

/// How far back a new leader looks for statuses whose Event may be missing. A takeover takes about 16 seconds.
const HANDOVER: SignedDuration = SignedDuration::from_mins(2);

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

/// Something that an Event is to tell of a user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What happened.
    pub reason: EventReason,
    /// When.
    pub at: Timestamp,
    /// A sentence for people.
    pub note: String,
}

/// What Events are to tell of the difference between two statuses of a user or a group: each transition once. A change of state
/// is told by the condition that turned with it, and by itself where none did.
///
/// Where a rule of the Directory changes access for everybody, the Directory tells it, and not an Event for each person. Whoever
/// was changed at the same moment (`is_ones_own`), or has another state, has one all the same, unless the reason says that it is
/// everybody's.
pub fn news(before: &Value, after: &Map<String, Value>, is_ones_own: bool) -> Vec<News> {
    let (stood, stands) = (&before["conditions"], after.get("conditions").unwrap_or(&Value::Null));
    let text = |state: Option<&Value>| state.and_then(Value::as_str).unwrap_or_default().to_owned();
    let (old_state, new_state) = (text(before.get("state")), text(after.get("state")));
    let has_new_state = !old_state.is_empty() && old_state != new_state;
    let news = |reason: EventReason, Transition { at, note, .. }| News { reason, at, note };
    let is_of_everybody = is_of_everybody(stood) || is_of_everybody(stands);
    let owned = owned_or_not(stood, stands).map(|turned| {
        let reason = if turned.holds { EventReason::ValueClaimed } else { EventReason::ValueTaken };
        news(reason, turned)
    });
    let access = transition(stood, stands, ConditionType::AccessGranted);
    let access = access.filter(|_| (is_ones_own || has_new_state) && !is_of_everybody).map(|turned| {
        let reason = if turned.holds { EventReason::AccessGranted } else { EventReason::AccessDenied };
        news(reason, turned)
    });
    let mut told: Vec<_> = owned.into_iter().chain(access).collect();
    if told.is_empty() && has_new_state {
        let since = after.get("stateSince").and_then(Value::as_str).and_then(|since| since.parse().ok());
        let why = standing(stands, ConditionType::AccessGranted).filter(|access| !access.holds && !is_of_everybody);
        let why = why.map(|access| format!(": {}", access.note)).unwrap_or_default();
        let note = format!("{old_state} before, {new_state} now{why}");
        told.extend(since.map(|at| News { reason: EventReason::StateChanged, at, note }));
    }
    told
}

/// What the leader before this one may have left untold of a user or a group, by the status that stands: it may have ended between
/// a status and its Event. What it told has the same name, and is not told again.
///
/// `led_since` is when this leader began. It looks at everybody soon after that, and an Event that was told earlier may have been
/// removed by the API server. Two things are not told, because a status does not show them: that a conflict is over, and what turned
/// while nobody led for longer than [`HANDOVER`].
pub fn left_untold(stands: &Value, led_since: Timestamp, now: Timestamp) -> Option<News> {
    if now.duration_since(led_since) >= NEWS {
        return None;
    }
    let is_recent = |at: Timestamp| at <= led_since && led_since.duration_since(at) < HANDOVER;
    let conditions = &stands["conditions"];
    let ready = standing(conditions, ConditionType::Ready)?;
    if !ready.holds && is_recent(ready.at) {
        return Some(News { reason: EventReason::ValueTaken, at: ready.at, note: ready.note });
    }
    let (state, since): (_, Timestamp) = (stands["state"].as_str()?, stands["stateSince"].as_str()?.parse().ok()?);
    // All of a first status came at one time, and is no news.
    let is_later = |at: Timestamp| is_recent(at) && at > ready.at;
    // Access that did not turn with the state was turned by a rule of the Directory, which gets no Event for each person.
    let turned_with_state = |at: Timestamp| at >= since && at.duration_since(since) < NEWS;
    let access = standing(conditions, ConditionType::AccessGranted);
    match access.filter(|access| is_later(access.at) && turned_with_state(access.at) && !is_of_everybody(conditions)) {
        Some(Transition { holds, at, note }) => {
            let reason = if holds { EventReason::AccessGranted } else { EventReason::AccessDenied };
            Some(News { reason, at, note })
        }
        None if is_later(since) => {
            Some(News { reason: EventReason::StateChanged, at: since, note: format!("{state} now") })
        }
        None => None,
    }
}

/// The transition of `Ready`, if that is about a value: it comes False, goes False, or becomes True again.
fn owned_or_not(before: &Value, after: &Value) -> Option<Transition> {
    let after = standing(after, ConditionType::Ready)?;
    let held = standing(before, ConditionType::Ready).is_none_or(|before| before.holds);
    (held != after.holds).then_some(after)
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

    /// A status with this state, and Ready and AccessGranted each with a status and a reason.
    fn status(state: &str, ready: (&str, &str), access: Option<(&str, &str)>) -> Value {
        let condition = |name: &str, (status, reason): (&str, &str)| json!({ "type": name, "status": status, "reason": reason, "message": "", "lastTransitionTime": AT });
        let access = access.map(|access| condition("AccessGranted", access));
        let conditions: Vec<_> = access.into_iter().chain([condition("Ready", ready)]).collect();
        json!({ "state": state, "stateSince": AT, "conditions": conditions })
    }

    #[test]
    fn each_transition_of_a_person_is_one_event() {
        let (owned, taken) = (("True", "Claimed"), ("False", "Taken"));
        let granted = Some(("True", "Granted"));
        let denied = |reason| Some(("False", reason));
        let active = status("Active", owned, granted);
        for (case, before, after, is_ones_own, expected) in [
            ("new and in order", Value::Null, active.clone(), true, vec![]),
            ("nothing new", active.clone(), active.clone(), true, vec![]),
            (
                "deactivated",
                active.clone(),
                status("Inactive", owned, denied("Inactive")),
                true,
                vec![("AccessDenied", "Inactive")],
            ),
            (
                "deactivated, and a new leader sees it",
                active.clone(),
                status("Inactive", owned, denied("Inactive")),
                false,
                vec![("AccessDenied", "Inactive")],
            ),
            (
                "deactivated where nobody logs in",
                status("Active", owned, None),
                status("Inactive", owned, None),
                true,
                vec![("StateChanged", "Active before, Inactive now")],
            ),
            (
                "suspended and then deactivated",
                status("Suspended", owned, denied("Suspended")),
                status("Inactive", owned, denied("Inactive")),
                true,
                vec![("StateChanged", "Suspended before, Inactive now: Inactive")],
            ),
            ("new and in conflict", Value::Null, status("Conflict", taken, None), true, vec![("ValueTaken", "Taken")]),
            (
                "in conflict, where people log in",
                active.clone(),
                status("Conflict", taken, denied("ValueTaken")),
                true,
                vec![("ValueTaken", "Taken"), ("AccessDenied", "ValueTaken")],
            ),
            (
                "in order again",
                status("Conflict", taken, None),
                status("Active", owned, None),
                true,
                vec![("ValueClaimed", "Claimed")],
            ),
            (
                "the Directory's rules closed the door",
                active.clone(),
                status("Active", owned, denied("MethodUnavailable")),
                false,
                vec![],
            ),
            (
                "the person's own way to log in closed it",
                active.clone(),
                status("Active", owned, denied("MethodUnavailable")),
                true,
                vec![("AccessDenied", "MethodUnavailable")],
            ),
            ("nobody logs in", active.clone(), status("Active", owned, denied("LoginDisabled")), true, vec![]),
            ("a status from before there were states", json!({ "observedGeneration": 1 }), active, true, vec![]),
        ] {
            let after = after.as_object().expect("a status");
            let news = news(&before, after, is_ones_own);
            let told: Vec<_> = news.iter().map(|news| (news.reason.as_str(), news.note.as_str())).collect();
            assert_eq!(told, expected, "{case}");
        }
    }

    #[test]
    fn a_leader_tells_what_the_one_before_it_may_have_left_untold() {
        let at = |seconds: i64| {
            format!("{:.0}", AT.parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(seconds))
        };
        let condition = |name: &str, status: &str, reason: &str, since: i64| json!({ "type": name, "status": status, "reason": reason, "message": "", "lastTransitionTime": at(since) });
        let ready = |since| condition("Ready", "True", "Claimed", since);
        let denied = |reason, since| condition("AccessGranted", "False", reason, since);
        for (case, state, since, conditions, expected) in [
            (
                "deactivated a moment ago",
                "Inactive",
                1000,
                vec![ready(0), denied("Inactive", 1001)],
                Some("AccessDenied"),
            ),
            (
                "let in again",
                "Active",
                1000,
                vec![ready(0), condition("AccessGranted", "True", "Granted", 1000)],
                Some("AccessGranted"),
            ),
            (
                "deactivated, and its turn came late",
                "Inactive",
                700,
                vec![ready(0), denied("Inactive", 1001)],
                Some("AccessDenied"),
            ),
            ("login came for everybody", "Inactive", 5, vec![ready(0), denied("Inactive", 1001)], None),
            (
                "a rule closed the door, and then the person was deactivated",
                "Inactive",
                1005,
                vec![ready(0), denied("Inactive", 1001)],
                Some("StateChanged"),
            ),
            ("deactivated long ago", "Inactive", 800, vec![ready(0), denied("Inactive", 801)], None),
            ("new, and inactive", "Inactive", 1000, vec![ready(1001), denied("Inactive", 1001)], None),
            ("new, where nobody logs in", "Active", 1000, vec![ready(1000)], None),
            (
                "suspended and then deactivated",
                "Inactive",
                1000,
                vec![ready(0), denied("Suspended", 5)],
                Some("StateChanged"),
            ),
            ("deactivated where nobody logs in", "Inactive", 1000, vec![ready(0)], Some("StateChanged")),
            (
                "the Directory's rules closed the door",
                "Active",
                0,
                vec![ready(0), denied("MethodUnavailable", 1000)],
                None,
            ),
            (
                "a value of somebody else",
                "Conflict",
                1000,
                vec![condition("Ready", "False", "Taken", 1000)],
                Some("ValueTaken"),
            ),
            ("this leader's own", "Inactive", 1011, vec![ready(0), denied("Inactive", 1011)], None),
        ] {
            let stands = json!({ "state": state, "stateSince": at(since), "conditions": conditions });
            let [led_since, soon, later] = [1010, 1011, 1700].map(|seconds| at(seconds).parse().expect("a time"));
            let told = left_untold(&stands, led_since, soon);
            assert_eq!(told.map(|news| news.reason.as_str()), expected, "{case}");
            assert_eq!(left_untold(&stands, led_since, later), None, "{case}: the Event may have been removed by then");
        }
        let now: Timestamp = AT.parse().expect("a time");
        assert_eq!(left_untold(&Value::Null, now, now), None);
    }

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
