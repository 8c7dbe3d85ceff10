//! Conditions as they should stand, from those that stand and those that are wanted.
//!
//! `lastTransitionTime` says since when a condition is what it is: it moves with the condition's `status` and with nothing
//! else. It is never in the future: one that a fast clock wrote is mended when the condition is next written. Conditions of types that are not ours are left as they are: another controller wrote them, or a newer version.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::conditions::{ConditionType, Reason};

/// Longest message, in characters; the API server takes 32,768.
pub const MAX_MESSAGE: usize = 1024;

/// A condition that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its type.
    pub name: ConditionType,
    /// Whether it is True or False.
    pub holds: bool,
    /// Why.
    pub reason: Reason,
    /// A sentence for people; names of objects and no values of theirs.
    pub message: String,
}

/// How far an object is from being as its spec wants it. kstatus, and so Flux and Argo CD, read it from the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is as its spec wants it.
    Ready,
    /// It waits for another object, which may still be on its way: whoever applies both waits as well.
    Waiting,
    /// The operator is at work on it, and the work ends by itself.
    Reconciling,
    /// Waiting does not help: somebody must change something.
    Stalled,
}

/// The conditions that [`readiness`] writes.
pub const READINESS: [ConditionType; 3] = [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled];

/// `Ready`, and beside it `Reconciling` or `Stalled` where one of them holds. They are absent where they do not hold, as
/// kstatus asks for.
pub fn readiness(readiness: Readiness, reason: Reason, message: &str) -> Vec<Wanted> {
    let wanted = |name, holds| Wanted { name, holds, reason, message: message.to_owned() };
    let mut all = vec![wanted(ConditionType::Ready, readiness == Readiness::Ready)];
    match readiness {
        Readiness::Ready | Readiness::Waiting => {}
        Readiness::Reconciling => all.push(wanted(ConditionType::Reconciling, true)),
        Readiness::Stalled => all.push(wanted(ConditionType::Stalled, true)),
    }
    all
}

/// The conditions as they should stand, in the order of their types: of the types in `owned` those that are `wanted` and
/// no other.
pub fn merge(
    stands: &Value,
    owned: &[ConditionType],
    wanted: Vec<Wanted>,
    generation: i64,
    now: Timestamp,
) -> Vec<Value> {
    let standing = |name: &str| stands.as_array().into_iter().flatten().find(|condition| condition["type"] == name);
    let others = stands.as_array().into_iter().flatten();
    let others = others.filter(|condition| owned.iter().all(|owned| condition["type"] != owned.as_str()));
    let wanted = wanted.into_iter().map(|wanted| {
        let status = if wanted.holds { "True" } else { "False" };
        let unmoved = standing(wanted.name.as_str()).filter(|standing| standing["status"] == status);
        let since = unmoved.and_then(|standing| standing["lastTransitionTime"].as_str());
        let condition = |since: &str| {
            json!({
                "type": wanted.name.as_str(),
                "status": status,
                "observedGeneration": generation,
                "lastTransitionTime": since,
                "reason": wanted.reason.as_str(),
                "message": wanted.message.chars().take(MAX_MESSAGE).collect::<String>(),
            })
        };
        let as_it_stands = since.map(condition).filter(|condition| unmoved == Some(condition));
        let past = since.filter(|since| since.parse().is_ok_and(|since: Timestamp| since <= now));
        as_it_stands.unwrap_or_else(|| past.map_or_else(|| condition(&in_seconds(now)), condition))
    });
    let mut conditions: Vec<_> = others.cloned().chain(wanted).collect();
    conditions.sort_by(|one, other| one["type"].as_str().cmp(&other["type"].as_str()));
    conditions
}

/// Whether a condition of this type stands.
pub fn stands(status: &Value, name: ConditionType) -> bool {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == name.as_str())
}

/// The whole second that `now` is in: the API server keeps no fractions, and the next second has not begun.
pub fn in_seconds(now: Timestamp) -> String {
    format!("{now:.0}")
}

/// Puts a list into a status, and nothing where it is empty.
pub fn insert_list(status: &mut Map<String, Value>, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        status.insert(name.to_owned(), list.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNED: [ConditionType; 2] = [ConditionType::Ready, ConditionType::QuotaReached];

    fn ready(holds: bool, reason: Reason) -> Wanted {
        Wanted { name: ConditionType::Ready, holds, reason, message: "m".to_owned() }
    }

    fn standing(status: &str, reason: &str, since: &str) -> Value {
        json!({ "type": "Ready", "status": status, "observedGeneration": 1, "lastTransitionTime": since,
                "reason": reason, "message": "m" })
    }

    #[test]
    fn a_transition_is_a_change_of_status_and_of_nothing_else() {
        let now: Timestamp = "2026-03-01T10:00:00.4Z".parse().expect("a time");
        let before = "2026-01-01T00:00:00Z";
        let cases = [
            ("new", json!(null), ready(true, Reason::Serving), "2026-03-01T10:00:00Z"),
            ("the same", json!([standing("True", "Serving", before)]), ready(true, Reason::Serving), before),
            (
                "another reason",
                json!([standing("False", "Claiming", before)]),
                ready(false, Reason::InvalidPolicy),
                before,
            ),
            (
                "another status",
                json!([standing("True", "Serving", before)]),
                ready(false, Reason::Claiming),
                "2026-03-01T10:00:00Z",
            ),
        ];
        for (case, stands, wanted, since) in cases {
            let reason = wanted.reason.as_str();
            let merged = merge(&stands, &OWNED, vec![wanted], 7, now);
            assert_eq!(merged.len(), 1, "{case}");
            assert_eq!(merged[0]["lastTransitionTime"], since, "{case}");
            assert_eq!((&merged[0]["reason"], &merged[0]["observedGeneration"]), (&json!(reason), &json!(7)), "{case}");
        }
    }

    #[test]
    fn a_time_of_transition_is_never_in_the_future() {
        let now: Timestamp = "2026-03-01T10:00:00.9Z".parse().expect("a time");
        let (this_second, later) = ("2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z");
        let cases = [
            ("a new one, late in its second", json!(null), Reason::Serving, this_second),
            (
                "one from the future that is written",
                json!([standing("True", "Serving", later)]),
                Reason::Reached,
                this_second,
            ),
            ("one that nobody can read", json!([standing("True", "Serving", "soon")]), Reason::Reached, this_second),
        ];
        for (case, stands, reason, expected) in cases {
            let merged = merge(&stands, &OWNED, vec![ready(true, reason)], 1, now);
            assert_eq!(merged[0]["lastTransitionTime"], expected, "{case}");
        }
        // Nothing else changes, so nothing is written.
        let stands = json!([standing("True", "Serving", later)]);
        assert_eq!(json!(merge(&stands, &OWNED, vec![ready(true, Reason::Serving)], 1, now)), stands);
    }

    #[test]
    fn conditions_of_others_stay_and_those_of_ours_that_are_not_wanted_go() {
        let login = json!({ "type": "LoginReady", "status": "True", "of a newer version": 1 });
        let quota = json!({ "type": "QuotaReached", "status": "True" });
        let stands = json!([quota, login]);
        let merged = merge(&stands, &OWNED, vec![ready(true, Reason::Serving)], 1, Timestamp::UNIX_EPOCH);
        assert_eq!(merged[0], login);
        assert_eq!(merged[1]["type"], "Ready");
        assert_eq!(merged.len(), 2);
        assert_eq!(merge(&Value::Null, &OWNED, Vec::new(), 1, Timestamp::UNIX_EPOCH), Vec::<Value>::new());
    }

    #[test]
    fn an_object_that_is_not_ready_says_whether_waiting_helps() {
        let cases = [
            (Readiness::Ready, vec![("Ready", "True")]),
            (Readiness::Waiting, vec![("Ready", "False")]),
            (Readiness::Reconciling, vec![("Ready", "False"), ("Reconciling", "True")]),
            (Readiness::Stalled, vec![("Ready", "False"), ("Stalled", "True")]),
        ];
        // Whatever stood before, nothing of it is left over.
        let stood = merge(
            &Value::Null,
            &READINESS,
            [Readiness::Reconciling, Readiness::Stalled].map(|it| readiness(it, Reason::Claiming, "m")).concat(),
            1,
            Timestamp::UNIX_EPOCH,
        );
        for (case, expected) in cases {
            let wanted = readiness(case, Reason::Claiming, "m");
            let merged = merge(&json!(stood), &READINESS, wanted, 2, Timestamp::UNIX_EPOCH);
            let found: Vec<_> = merged.iter().map(|it| (it["type"].as_str(), it["status"].as_str())).collect();
            let expected: Vec<_> = expected.into_iter().map(|(name, status)| (Some(name), Some(status))).collect();
            assert_eq!(found, expected, "{case:?}");
            assert!(merged.iter().all(|it| it["reason"] == "Claiming" && it["message"] == "m"), "{case:?}");
        }
    }

    #[test]
    fn a_message_is_bounded() {
        let wanted = Wanted { message: "é".repeat(MAX_MESSAGE + 1), ..ready(true, Reason::Serving) };
        let merged = merge(&Value::Null, &OWNED, vec![wanted], 1, Timestamp::UNIX_EPOCH);
        assert_eq!(merged[0]["message"].as_str().map(|message| message.chars().count()), Some(MAX_MESSAGE));
    }
}
