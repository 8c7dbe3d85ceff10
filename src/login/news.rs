//! What logins tell administrators by Events: that an account was linked, that another account than the linked one came, and that
//! many people are refused.

use jiff::Timestamp;

use super::accounts::{LoggedIn, NotLoggedIn};
use super::denials::{MANY, WINDOW};
use super::link::{JoinedBy, Unmatched};
use crate::api::Object;
use crate::api::event::EventReason;
use crate::store::events::{Happening, this_hour};
use crate::store::kind::Kind;
use crate::store::{Error, Store, WatchedDirectory};

/// Tells of a login at the provider, if there is anything to tell. The login does not fail where that cannot be told.
pub(super) async fn tell_people(
    store: &Store,
    directory: &WatchedDirectory,
    result: &Result<LoggedIn, NotLoggedIn>,
    now: Timestamp,
) {
    let (person, reason) = match result {
        Ok(LoggedIn { session, joined_by: Some(by) }) if *by != JoinedBy::Link => {
            (&session.user, EventReason::AccountLinked)
        }
        Err(NotLoggedIn::Unmatched(Unmatched::IdentityConflict, Some(person))) => {
            (person, EventReason::IdentityConflict)
        }
        _ => return,
    };
    if let Err(error) = tell(store, directory, person, reason, now).await {
        let namespace = &directory.namespace;
        tracing::debug!(namespace, user = person, event = reason.as_str(), reason = %error, "an Event was not written");
    }
}

async fn tell(
    store: &Store,
    directory: &WatchedDirectory,
    person: &str,
    reason: EventReason,
    now: Timestamp,
) -> Result<(), Error> {
    let namespace = &directory.namespace;
    let person = store.objects().get(Kind::USER, namespace, person).await?;
    let (name, uid) = (person.name(), person.uid());
    let (at, note) = (happened_at(&person, reason, now), note(reason).to_owned());
    store.event(&Happening { kind: Kind::USER, namespace, name, uid, reason, at, note }).await
}

/// Tells that many people are refused at a Directory, once an hour.
pub(super) async fn tell_of_denials(store: &Store, directory: &WatchedDirectory, now: Timestamp) {
    let reason = EventReason::ManyDenials;
    let WatchedDirectory { namespace, name, seen, .. } = directory;
    let note = format!(
        "{MANY} people or more were refused within {} minutes; rollcall_logins_total has the reasons, and the audit lines of the log \
         who they are",
        WINDOW.as_mins()
    );
    let happening =
        Happening { kind: Kind::DIRECTORY, namespace, name, uid: &seen.uid, reason, at: this_hour(now), note };
    if let Err(error) = store.event(&happening).await {
        tracing::debug!(namespace, directory = name, event = reason.as_str(), reason = %error, "an Event was not written");
    }
}

/// Of many first logins at once each gives the time of the one link. A conflict is told once an hour, however often somebody
/// tries.
fn happened_at(person: &Object, reason: EventReason, now: Timestamp) -> Timestamp {
    match reason {
        EventReason::AccountLinked => person.linked_at().unwrap_or(now),
        _ => this_hour(now),
    }
}

fn note(reason: EventReason) -> &'static str {
    match reason {
        EventReason::AccountLinked => {
            "An account of the identity provider logged in for the first time and is this person's from now on (spec.link)"
        }
        _ => {
            "An account of the identity provider that is not this person's tried to log in under this person's name. Look who \
             it is; where the account was made anew, let the provider send its object id as externalId"
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_link_is_told_once_and_a_conflict_once_an_hour() {
        let at = |text: &str| format!("2026-03-01T{text}Z").parse::<Timestamp>().expect("a time");
        let person: Object = json!({ "spec": { "link": { "linkedAt": "2026-03-01T10:20:30.123Z" } } }).into();
        for (name, reason, now, expected) in [
            ("a link", EventReason::AccountLinked, "10:20:31", "10:20:30.123"),
            ("the same", EventReason::AccountLinked, "11:59:59", "10:20:30.123"),
            ("a conflict", EventReason::IdentityConflict, "10:20:31", "10:00:00"),
            ("within the hour", EventReason::IdentityConflict, "10:59:59.9", "10:00:00"),
            ("an hour later", EventReason::IdentityConflict, "11:00:00", "11:00:00"),
        ] {
            assert_eq!(happened_at(&person, reason, at(now)), at(expected), "{name}");
        }
    }
}
