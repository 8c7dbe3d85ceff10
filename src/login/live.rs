//! Whether a session still counts: what every door asks of each request.
//!
//! The answer comes from memory alone, and from a state of the cluster that is fresh: somebody who was deactivated, suspended,
//! deleted or signed out has no session on the next request, whatever the cookie says.

use std::sync::Arc;

use jiff::Timestamp;

use super::session::{Ended, Session, SessionLimits};
use crate::api::directory_user::LoginMethod;
use crate::rules::access::{self, Denial, LoginRules};
use crate::store::index::KnownPerson;

/// Whose cookie it is: a session that was given to one host opens nothing at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieHost<'a> {
    /// Our own host: the login and the portal.
    Own,
    /// A host of the application of this name.
    Application(&'a str),
}

/// A session that counts now.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// The session.
    pub session: Session,
    /// The person.
    pub person: KnownPerson,
    /// How the person logs in.
    pub method: LoginMethod,
    /// Whether the next navigation is to go to the provider, which tells of an account that was disabled there.
    pub revalidate: bool,
    /// The session as its cookie is to be written anew, where there is an idle limit and it is time.
    pub renewed: Option<Session>,
}

/// Why a request has no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSession {
    /// It carries none that this Directory sealed.
    None,
    /// It carries one that is over.
    Ended(Ended),
    /// The person may not come in any more.
    Denied(Denial),
    /// What is known of the cluster is too old, or the keys have not been read: nobody can tell.
    Stale,
}

impl NoSession {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Ended(ended) => ended.as_str(),
            Self::Denied(denial) => denial.as_str(),
            Self::Stale => "Stale",
        }
    }

    /// Of several cookies the one whose failure tells more.
    pub(super) fn or(self, other: Self) -> Self {
        let weight = |failure: Self| match failure {
            Self::None => 0,
            Self::Ended(_) => 1,
            Self::Denied(_) => 2,
            Self::Stale => 3,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

/// Whether a session counts at `now` for the person whom it names, as the index knows that person.
pub fn judge(
    session: Session,
    person: Option<KnownPerson>,
    rules: &LoginRules,
    limits: &SessionLimits,
    now: Timestamp,
) -> Result<LiveSession, NoSession> {
    let ended = |ended| Err(NoSession::Ended(ended));
    let Some(person) = person.filter(|person| person.uid == session.uid) else { return ended(Ended::PersonGone) };
    let method = access::decide(&person.access, rules).map_err(NoSession::Denied)?;
    if session.epoch != person.session_epoch {
        return ended(Ended::Epoch);
    }
    if is_ended(&person.ended_sessions, &session) {
        return ended(Ended::SignedOut);
    }
    if session.method != method {
        return ended(Ended::MethodChanged);
    }
    // A replica that has not seen the link yet sees none, and a link that was taken off has raised the epoch.
    let is_other = |account: &access::Account| session.account_object.as_deref() != Some(&*account.object);
    if method == LoginMethod::OpenIDConnect && person.access.account.as_ref().is_some_and(is_other) {
        return ended(Ended::AccountChanged);
    }
    session.in_time(limits, now).map_err(NoSession::Ended)?;
    let (revalidate, renewed) = (session.is_to_revalidate(limits, now), session.renewed(limits, now));
    Ok(LiveSession { session, person, method, revalidate, renewed })
}

fn is_ended(ended_sessions: &[Arc<str>], session: &Session) -> bool {
    !ended_sessions.is_empty() && {
        let id = session.id_text();
        ended_sessions.iter().any(|ended| **ended == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::directory_login::SessionRules;
    use crate::rules::access::{Account, Person};

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    fn session() -> Session {
        Session {
            id: [7; 16],
            user: "ada-1".to_owned(),
            uid: *b"f81d4fae",
            account_object: Some("o1".to_owned()),
            epoch: 3,
            issued_at: NOW,
            checked_at: NOW,
            seen_at: NOW,
            expires_at: Timestamp::constant(1_767_225_600 + 8 * 3600, 0),
            method: LoginMethod::OpenIDConnect,
            login_hint: None,
        }
    }

    fn person() -> KnownPerson {
        KnownPerson {
            id: "ada-1".into(),
            uid: *b"f81d4fae",
            access: Person {
                account: Some(Account { tenant: "t1".into(), object: "o1".into() }),
                ..Person::in_order()
            },
            session_epoch: 3,
            ended_sessions: Arc::default(),
            scim: Arc::default(),
        }
    }

    #[test]
    fn a_session_counts_while_everything_about_the_person_says_so() {
        use NoSession::{Denied, Ended as Over};

        type Edit = fn(&mut Session, &mut KnownPerson, &mut LoginRules);
        let cases: &[(&str, Edit, Result<(), NoSession>)] = &[
            ("untouched", |_, _, _| {}, Ok(())),
            ("a replica that has not seen the link", |_, person, _| person.access.account = None, Ok(())),
            ("made anew", |_, person, _| person.uid = *b"00000000", Err(Over(Ended::PersonGone))),
            ("deactivated", |_, person, _| person.access.is_active = false, Err(Denied(Denial::Inactive))),
            ("suspended", |_, person, _| person.access.is_suspended = true, Err(Denied(Denial::Suspended))),
            (
                "suspended in the portal",
                |_, person, _| person.access.is_suspended_by_portal = true,
                Err(Denied(Denial::SuspendedByPortal)),
            ),
            ("deleted", |_, person, _| person.access.is_deleted = true, Err(Denied(Denial::Deleted))),
            ("lost its name", |_, person, _| person.access.owns_its_values = false, Err(Denied(Denial::ValueTaken))),
            ("nobody logs in any more", |_, _, rules| rules.method = None, Err(Denied(Denial::LoginDisabled))),
            (
                "deactivated and active again (threat 30)",
                |_, person, _| person.session_epoch = 4,
                Err(Over(Ended::Epoch)),
            ),
            ("an epoch that a restore took back", |_, person, _| person.session_epoch = 2, Err(Over(Ended::Epoch))),
            (
                "signed out",
                |session, person, _| person.ended_sessions = Arc::from([Arc::from("x"), session.id_text().into()]),
                Err(Over(Ended::SignedOut)),
            ),
            ("another one was signed out", |_, person, _| person.ended_sessions = Arc::from([Arc::from("x")]), Ok(())),
            (
                "a password now",
                |_, person, _| person.access.login_method = Some(LoginMethod::BuiltIn),
                Err(Over(Ended::MethodChanged)),
            ),
            ("a password then", |session, _, _| session.method = LoginMethod::BuiltIn, Err(Over(Ended::MethodChanged))),
            (
                "linked to another account",
                |_, person, _| person.access.account = Some(Account { tenant: "t1".into(), object: "o2".into() }),
                Err(Over(Ended::AccountChanged)),
            ),
            (
                "linked in another tenant",
                |_, person, _| person.access.account = Some(Account { tenant: "t2".into(), object: "o1".into() }),
                Err(Denied(Denial::ForeignLink)),
            ),
            ("over", |session, _, _| session.expires_at = NOW, Err(Over(Ended::Expired))),
        ];
        let limits = SessionLimits::of(&SessionRules::default());
        for (name, edit, expected) in cases {
            let mut rules = LoginRules {
                method: Some(LoginMethod::OpenIDConnect),
                has_provider: true,
                has_passwords: true,
                tenant: Some("t1".into()),
            };
            let (mut session, mut person) = (session(), person());
            edit(&mut session, &mut person, &mut rules);
            let judged = judge(session, Some(person), &rules, &limits, NOW);
            assert_eq!(judged.map(|_| ()), *expected, "{name}");
        }
        let nobody = judge(session(), None, &LoginRules::default(), &limits, NOW).map(|_| ());
        assert_eq!(nobody, Err(NoSession::Ended(Ended::PersonGone)));
    }

    #[test]
    fn of_several_cookies_the_failure_that_tells_most_is_told() {
        let (over, denied) = (NoSession::Ended(Ended::Expired), NoSession::Denied(Denial::Inactive));
        for (first, second, expected) in [
            (NoSession::None, over, over),
            (over, denied, denied),
            (denied, over, denied),
            (over, NoSession::None, over),
        ] {
            assert_eq!(first.or(second), expected);
        }
    }
}
