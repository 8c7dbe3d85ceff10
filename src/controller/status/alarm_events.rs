//! Events about the alarms of a Directory: one when an alarm begins to ring, and one when it is over.
//!
//! An alarm comes as a condition when it rings for the first time, so that it comes is news, unlike a condition that says how
//! something stands from the beginning. What is told follows from the condition that stands ([`crate::controller::events`]).

use std::collections::HashMap;

use jiff::Timestamp;

use crate::api::conditions::ConditionType;
use crate::api::event::EventReason;
use crate::controller::events::{NEWS, Transition, standing};
use crate::store::WatchedDirectory;
use crate::store::events::Happening;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// The alarms, and what is told when one rings and when it is over.
const ALARMS: [(ConditionType, EventReason, EventReason); 7] = [
    (ConditionType::Stale, EventReason::ProviderSilent, EventReason::ProviderBack),
    (ConditionType::NoUsers, EventReason::NoUsers, EventReason::UsersArrived),
    (ConditionType::MappingSuspect, EventReason::MappingSuspect, EventReason::MappingMended),
    (ConditionType::OperationsRefused, EventReason::OperationsRefused, EventReason::OperationsAccepted),
    (ConditionType::ManyDeactivated, EventReason::ManyDeactivated, EventReason::DeactivationsOrdinary),
    (ConditionType::AuthenticationFailing, EventReason::AuthenticationFailing, EventReason::AuthenticationMended),
    (ConditionType::MassDeleteBlocked, EventReason::MassDeleteBlocked, EventReason::MassDeleteUnblocked),
];

/// When each alarm of a Directory last turned, which is what was told. As many entries as there are Directories with alarms.
#[derive(Debug, Default)]
pub struct AlarmEvents(HashMap<DirectoryName, [Option<Timestamp>; ALARMS.len()]>);

impl AlarmEvents {
    /// What is to be told of a Directory: the alarms that have turned since it was last looked at.
    pub fn look<'a>(&mut self, of: &'a WatchedDirectory, now: Timestamp) -> Vec<Happening<'a>> {
        let conditions = &of.seen.status["conditions"];
        let stand = ALARMS.map(|(alarm, ..)| standing(conditions, alarm));
        let turned = stand.each_ref().map(|alarm| alarm.as_ref().map(|alarm| alarm.at));
        let name = DirectoryName::new(&of.namespace, &of.name);
        let before =
            if turned.iter().any(Option::is_some) { self.0.insert(name, turned) } else { self.0.remove(&name) };
        let before = before.unwrap_or_default();
        let news = stand.into_iter().zip(before).zip(ALARMS).filter_map(|((alarm, before), (_, rings, is_over))| {
            let Transition { holds, at, note } = alarm?;
            let is_news = before != Some(at) && now.duration_since(at) < NEWS;
            let (namespace, name, uid) = (of.namespace.as_str(), of.name.as_str(), of.seen.uid.as_str());
            let reason = if holds { rings } else { is_over };
            is_news.then_some(Happening { kind: Kind::DIRECTORY, namespace, name, uid, reason, at, note })
        });
        news.collect()
    }

    /// Forgets a Directory that is gone.
    pub fn forget(&mut self, name: &DirectoryName) {
        self.0.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::DirectorySpec;
    use crate::store::Seen;

    fn directory(conditions: &Value) -> WatchedDirectory {
        WatchedDirectory {
            namespace: "people".to_owned(),
            name: "staff".to_owned(),
            spec: DirectorySpec::default(),
            unique: std::sync::Arc::default(),
            seen: Seen { status: json!({ "conditions": conditions }), ..Seen::default() },
        }
    }

    fn alarm(name: &str, status: &str, minutes: i64) -> Value {
        let at = format!("{:.0}", at(minutes));
        json!({ "type": name, "status": status, "lastTransitionTime": at, "reason": "Silent", "message": "m" })
    }

    fn at(minutes: i64) -> Timestamp {
        let start: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
        start.checked_add(SignedDuration::from_mins(minutes)).expect("a time")
    }

    #[test]
    fn each_turn_of_an_alarm_is_told_once_by_each_leader_that_sees_it_in_time() {
        let mut events = AlarmEvents::default();
        let mut look = |conditions: &Value, minutes| {
            let directory = directory(conditions);
            let told = events.look(&directory, at(minutes));
            told.iter().map(|told| (told.reason, told.at, told.note.clone())).collect::<Vec<_>>()
        };
        let told = |reason, minutes| (reason, at(minutes), "Silent: m".to_owned());
        let rings = || alarm("Stale", "True", 0);
        assert_eq!(look(&json!([alarm("Ready", "True", 0)]), 0), []);
        assert_eq!(look(&json!([rings()]), 1), [told(EventReason::ProviderSilent, 0)], "that it comes is news");
        assert_eq!(look(&json!([rings()]), 2), []);
        let both = json!([alarm("Stale", "False", 3), alarm("NoUsers", "True", 3)]);
        let expected = [told(EventReason::ProviderBack, 3), told(EventReason::NoUsers, 3)];
        assert_eq!(look(&both, 3), expected);
        assert_eq!(look(&both, 4), []);
        // Another leader tells what has just turned, under the same name, and nothing that is long past.
        for (minutes, expected) in [(9, 1), (10, 0)] {
            let count = AlarmEvents::default().look(&directory(&json!([rings()])), at(minutes)).len();
            assert_eq!(count, expected, "after {minutes} minutes");
        }
    }
}
