//! The end of one session, or of all sessions of a person, on every replica and for every copy of a cookie.

use jiff::Timestamp;

use super::session::Session;
use crate::api::Object;
use crate::store::kind::Kind;
use crate::store::{Presence, Store, WatchedDirectory, claims};

/// Most sessions that stand as ended on one person. Where one more ends, all do.
pub const MAX_ENDED_SESSIONS: usize = 16;

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOut {
    /// The session of this browser.
    Session,
    /// Every session of the person.
    Everywhere,
}

impl SignOut {
    /// As the audit line and metrics spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "one",
            Self::Everywhere => "all",
        }
    }
}

/// The person with the session ended; nothing where it is over already, or the person is somebody else by now.
pub(super) fn ended(person: &Object, session: &Session, what: SignOut, now: Timestamp) -> Option<Object> {
    if person.uid_start() != session.uid || person.session_epoch() != session.epoch {
        return None;
    }
    let mut ended_sessions = person.ended_sessions_at(now);
    let id = session.id_text();
    if what == SignOut::Session && (session.expires_at <= now || ended_sessions.iter().any(|(ended, _)| *ended == id)) {
        return None;
    }
    let mut signed_out = person.clone();
    if what == SignOut::Everywhere || ended_sessions.len() >= MAX_ENDED_SESSIONS {
        // Every session of the old epoch is over, those that stood here among them.
        signed_out.set_ended_sessions(Vec::new());
        signed_out.raise_session_epoch();
    } else {
        ended_sessions.push((id, session.expires_at));
        signed_out.set_ended_sessions(ended_sessions);
    }
    Some(signed_out)
}

/// Writes the end of a session. When this returns without an error, no replica that has heard of it takes the session.
pub(super) async fn sign_out(
    store: &Store,
    directory: &WatchedDirectory,
    session: &Session,
    what: SignOut,
    now: Timestamp,
) -> Result<(), claims::Error> {
    let edit = |person: &Object| Ok::<_, claims::Error>(ended(person, session, what, now));
    let written =
        claims::change(store, &Presence::default(), Kind::USER, &directory.namespace, &session.user, edit).await;
    match written {
        // Whoever is gone has no session.
        Ok(_) | Err(claims::Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::directory_user::LoginMethod;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn session() -> Session {
        Session {
            id: [7; 16],
            user: "ada-1".to_owned(),
            uid: *b"f81d4fae",
            account_object: None,
            epoch: 3,
            issued_at: NOW,
            checked_at: NOW,
            seen_at: NOW,
            expires_at: NOW + SignedDuration::from_hours(8),
            method: LoginMethod::BuiltIn,
            login_hint: None,
        }
    }

    fn person(ended: usize, hours: i64) -> Object {
        let until = NOW + SignedDuration::from_hours(hours);
        let ended: Vec<_> =
            (0..ended).map(|number| json!({ "id": format!("{number}"), "until": until.to_string() })).collect();
        json!({
            "metadata": { "name": "ada-1", "uid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" },
            "spec": { "sessionEpoch": 3, "endedSessions": ended, "scim": {} },
        })
        .into()
    }

    #[test]
    fn a_session_that_was_signed_out_is_kept_until_it_would_have_ended() {
        for (name, person, what, sessions, epoch) in [
            ("the first", person(0, 1), SignOut::Session, 1, 3),
            ("the last that has room", person(15, 1), SignOut::Session, 16, 3),
            ("one more", person(16, 1), SignOut::Session, 0, 4),
            ("those that are over make room", person(16, -1), SignOut::Session, 1, 3),
            ("everywhere", person(5, 1), SignOut::Everywhere, 0, 4),
        ] {
            let after = ended(&person, &session(), what, NOW).expect("a change");
            assert_eq!((after.ended_sessions().count(), after.session_epoch()), (sessions, epoch), "{name}");
            let expected = json!({ "id": "07".repeat(16), "until": "2026-01-01T08:00:00Z" });
            let last = after.spec()["endedSessions"].as_array().and_then(|sessions| sessions.last());
            assert_eq!(last, (sessions > 0).then_some(&expected), "{name}");
        }
    }

    #[test]
    fn nothing_is_written_for_a_session_that_is_over() {
        let twice = ended(&person(0, 1), &session(), SignOut::Session, NOW).expect("a change");
        assert_eq!(ended(&twice, &session(), SignOut::Session, NOW), None, "signed out twice");
        let expired = Session { expires_at: NOW, ..session() };
        assert_eq!(ended(&person(0, 1), &expired, SignOut::Session, NOW), None, "expired");
        for (name, path, value) in
            [("made anew", "/metadata/uid", json!("00000000")), ("of an older epoch", "/spec/sessionEpoch", json!(4))]
        {
            let mut other = Value::from(person(0, 1));
            *other.pointer_mut(path).expect("a field") = value;
            assert_eq!(ended(&other.into(), &session(), SignOut::Everywhere, NOW), None, "{name}");
        }
    }
}
