//! A session: what a browser carries after a login, and how long it lasts.
//!
//! There is no session store. The cookie says who logged in and when, sealed; whether it still counts is asked of the state of
//! the cluster at each request ([`super::live`]). It holds no token and no group, so it stays small.

use jiff::{SignedDuration, Timestamp};

use super::fields::{FieldReader, FieldWriter};
use crate::api::directory_login::SessionRules;
use crate::api::directory_user::LoginMethod;
use crate::rules::retention::duration;

/// The version of the binary form.
const FORM: u8 = 1;
/// The longest `login_hint` of the provider that a session keeps for the sign-out there.
const MAX_LOGIN_HINT: usize = 200;
/// After what time a session is over where the rules of a newer version cannot be read.
const DEFAULT_ABSOLUTE: SignedDuration = SignedDuration::from_hours(8);
/// No session lasts longer, whatever its cookie says.
const LONGEST: SignedDuration = SignedDuration::from_hours(720);
/// How far the clocks of two replicas may differ.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);
/// How much of the idle time passes before a cookie is renewed: not each request writes one.
const RENEWALS_IN_IDLE_TIME: i32 = 4;

/// One login of one person in one browser. Times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What names it in `spec.endedSessions`.
    pub id: [u8; 16],
    /// The SCIM id of the person.
    pub user: String,
    /// The start of the object's uid: one that was made anew under the same name is somebody else.
    pub uid: [u8; 8],
    /// The account that logged in at the provider; none with a password.
    pub account_object: Option<String>,
    /// `spec.sessionEpoch` at the login.
    pub epoch: i64,
    /// When the person logged in.
    pub issued_at: Timestamp,
    /// When the provider last said that the account may log in.
    pub checked_at: Timestamp,
    /// When the browser was last here, as far as its cookie was renewed.
    pub seen_at: Timestamp,
    /// When it is over in any case.
    pub expires_at: Timestamp,
    /// How the person logged in.
    pub method: LoginMethod,
    /// What the provider wants to hear at the sign-out.
    pub login_hint: Option<String>,
}

/// How long sessions of a Directory last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// From the login to the end.
    pub absolute: SignedDuration,
    /// From one request to the next.
    pub idle: Option<SignedDuration>,
    /// From one word of the provider to the next.
    pub revalidate_after: Option<SignedDuration>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its time is over, or it comes from the future.
    Expired,
    /// Nobody used it for too long.
    Idle,
    /// There is no such person any more, or the object was made anew.
    PersonGone,
    /// The person was deactivated, signed out everywhere, or linked anew.
    Epoch,
    /// It was signed out.
    SignedOut,
    /// The person logs in another way now.
    MethodChanged,
    /// The person is linked to another account now.
    AccountChanged,
}

impl Ended {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "Expired",
            Self::Idle => "Idle",
            Self::PersonGone => "PersonGone",
            Self::Epoch => "Epoch",
            Self::SignedOut => "SignedOut",
            Self::MethodChanged => "MethodChanged",
            Self::AccountChanged => "AccountChanged",
        }
    }
}

impl SessionLimits {
    /// The limits of `spec.login.session`. What cannot be read is a value of a newer version: the default stands in.
    pub fn of(rules: &SessionRules) -> Self {
        let given = |text: &str| duration(text).filter(SignedDuration::is_positive);
        Self {
            absolute: given(&rules.absolute).unwrap_or(DEFAULT_ABSOLUTE).min(LONGEST),
            idle: rules.idle.as_deref().and_then(given),
            revalidate_after: given(&rules.revalidate_after),
        }
    }

    /// When a session that begins at `now` is over in any case.
    pub fn end(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.absolute).unwrap_or(Timestamp::MAX)
    }
}

impl Session {
    /// The binary form, which is then sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self {
            id,
            user,
            uid,
            account_object,
            epoch,
            issued_at,
            checked_at,
            seen_at,
            expires_at,
            method,
            login_hint,
        } = self;
        let mut writer = FieldWriter::new(FORM);
        writer.bytes(id);
        writer.text(user);
        writer.bytes(uid);
        writer.optional_text(account_object.as_deref());
        writer.number(*epoch);
        [issued_at, checked_at, seen_at, expires_at].into_iter().for_each(|time| writer.time(*time));
        writer.byte(match method {
            LoginMethod::OpenIDConnect => 0,
            LoginMethod::BuiltIn => 1,
            LoginMethod::Unknown => 2,
        });
        let is_short = |hint: &&str| hint.len() <= MAX_LOGIN_HINT;
        writer.optional_text(login_hint.as_deref().filter(is_short));
        writer.finish()
    }

    /// The session of a binary form; nothing where another version wrote it.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = FieldReader::new(bytes, FORM)?;
        let session = Self {
            id: reader.bytes()?,
            user: reader.text()?,
            uid: reader.bytes()?,
            account_object: reader.optional_text()?,
            epoch: reader.number()?,
            issued_at: reader.time()?,
            checked_at: reader.time()?,
            seen_at: reader.time()?,
            expires_at: reader.time()?,
            method: match reader.byte()? {
                0 => LoginMethod::OpenIDConnect,
                1 => LoginMethod::BuiltIn,
                _ => return None,
            },
            login_hint: reader.optional_text()?,
        };
        reader.end()?;
        Some(session)
    }

    /// This session, after `new` has shown once more that the account may log in: it keeps its id and its end, so that whatever
    /// ends it ends all that came of the login. Another person's, or one that began in another way, is `new` itself.
    #[must_use]
    pub fn checked_again(self, new: Self) -> Self {
        let is_same = self.user == new.user
            && self.uid == new.uid
            && self.epoch == new.epoch
            && self.method == new.method
            && self.account_object == new.account_object;
        if !is_same {
            return new;
        }
        Self { checked_at: new.checked_at, seen_at: new.seen_at, login_hint: new.login_hint, ..self }
    }

    /// The id as `spec.endedSessions` has it.
    pub fn id_text(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.id)
    }

    /// Whether the session is within its limits at `now`. The limits are those of today: who shortens them shortens the
    /// sessions that there are.
    pub fn in_time(&self, limits: &SessionLimits, now: Timestamp) -> Result<(), Ended> {
        let passed = |since: Timestamp| now.duration_since(since);
        if now >= self.expires_at || passed(self.issued_at) >= limits.absolute || passed(self.issued_at) < -CLOCK_SKEW {
            return Err(Ended::Expired);
        }
        if limits.idle.is_some_and(|idle| passed(self.seen_at) >= idle) {
            return Err(Ended::Idle);
        }
        Ok(())
    }

    /// Whether the provider has not been asked about the account for too long. With a password there is nobody to ask.
    pub fn is_to_revalidate(&self, limits: &SessionLimits, now: Timestamp) -> bool {
        self.method == LoginMethod::OpenIDConnect
            && limits.revalidate_after.is_some_and(|after| now.duration_since(self.checked_at) >= after)
    }

    /// The session as used at `now`, where its cookie is to be renewed: only where there is an idle limit, and not at each
    /// request.
    pub fn renewed(&self, limits: &SessionLimits, now: Timestamp) -> Option<Self> {
        let due = limits.idle? / RENEWALS_IN_IDLE_TIME;
        let is_due = now.duration_since(self.seen_at) >= due;
        is_due.then(|| Self { seen_at: now, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().expect("a time")
    }

    fn session() -> Session {
        Session {
            id: [7; 16],
            user: "alice-able-bcdfghjklmnpqr".to_owned(),
            uid: *b"f81d4fae",
            account_object: Some("00000000-0000-0000-0000-000000000001".to_owned()),
            epoch: 3,
            issued_at: at("10:00:00"),
            checked_at: at("10:00:00"),
            seen_at: at("10:00:00"),
            expires_at: at("18:00:00"),
            method: LoginMethod::OpenIDConnect,
            login_hint: None,
        }
    }

    #[test]
    fn a_session_is_read_as_it_was_written_and_no_other_form_is() {
        let hint = |length: usize| Some("h".repeat(length));
        for (name, written, read) in [
            ("of the provider", session(), session()),
            (
                "with a password",
                Session { account_object: None, method: LoginMethod::BuiltIn, ..session() },
                Session { account_object: None, method: LoginMethod::BuiltIn, ..session() },
            ),
            (
                "with a hint",
                Session { login_hint: hint(200), ..session() },
                Session { login_hint: hint(200), ..session() },
            ),
            ("with a long hint", Session { login_hint: hint(201), ..session() }, session()),
        ] {
            assert_eq!(Session::of_bytes(&written.to_bytes()), Some(read), "{name}");
        }
        let bytes = session().to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Session::of_bytes(&bytes[..end]), None, "the first {end} bytes");
        }
        assert_eq!(Session::of_bytes(&[&bytes[..], &[0]].concat()), None, "more behind");
        assert_eq!(Session::of_bytes(&[&[FORM + 1], &bytes[1..]].concat()), None, "another version");
        let unknown = Session { method: LoginMethod::Unknown, ..session() };
        assert_eq!(Session::of_bytes(&unknown.to_bytes()), None, "a method that nobody knows");
    }

    #[test]
    fn limits_are_those_of_the_directory_or_the_defaults() {
        let rules = |absolute: &str, idle: Option<&str>, revalidate: &str| SessionRules {
            absolute: absolute.to_owned(),
            idle: idle.map(str::to_owned),
            revalidate_after: revalidate.to_owned(),
            cookie_domain: None,
        };
        let hours = SignedDuration::from_hours;
        for (name, rules, absolute, idle, revalidate_after) in [
            ("the defaults", SessionRules::default(), hours(8), None, Some(hours(1))),
            ("all given", rules("720h", Some("60m"), "2h"), hours(720), Some(hours(1)), Some(hours(2))),
            ("never to the provider", rules("8h", None, "0s"), hours(8), None, None),
            ("what nobody can read", rules("long", Some("short"), "often"), hours(8), None, None),
            ("too long", rules("721h", None, "1h"), hours(720), None, Some(hours(1))),
        ] {
            assert_eq!(SessionLimits::of(&rules), SessionLimits { absolute, idle, revalidate_after }, "{name}");
        }
    }

    #[test]
    fn threat_30_a_session_ends_at_its_limits() {
        let limits = |absolute: i64, idle: Option<i64>, revalidate: Option<i64>| SessionLimits {
            absolute: SignedDuration::from_mins(absolute),
            idle: idle.map(SignedDuration::from_mins),
            revalidate_after: revalidate.map(SignedDuration::from_mins),
        };
        let whole_day = limits(480, None, Some(60));
        for (name, limits, now, expected, revalidates) in [
            ("just begun", whole_day, "10:00:00", Ok(()), false),
            ("an hour later", whole_day, "11:00:00", Ok(()), true),
            ("a second before", whole_day, "17:59:59", Ok(()), true),
            ("at the end", whole_day, "18:00:00", Err(Ended::Expired), true),
            ("the limit was shortened", limits(60, None, None), "11:00:00", Err(Ended::Expired), false),
            ("the limit was lengthened", limits(4800, None, None), "18:00:00", Err(Ended::Expired), false),
            ("used not long ago", limits(480, Some(30), None), "10:29:59", Ok(()), false),
            ("not used", limits(480, Some(30), None), "10:30:00", Err(Ended::Idle), false),
            ("a clock that lags behind", whole_day, "09:59:00", Ok(()), false),
            ("from the future", whole_day, "09:58:59", Err(Ended::Expired), false),
        ] {
            assert_eq!(session().in_time(&limits, at(now)), expected, "{name}");
            assert_eq!(session().is_to_revalidate(&limits, at(now)), revalidates, "{name}");
        }
        let built_in = Session { method: LoginMethod::BuiltIn, ..session() };
        assert!(!built_in.is_to_revalidate(&whole_day, at("17:00:00")));
    }

    #[test]
    fn a_session_that_is_checked_again_keeps_its_id_and_its_end() {
        let later = at("11:00:00");
        let new = Session {
            id: [8; 16],
            issued_at: later,
            checked_at: later,
            seen_at: later,
            expires_at: at("19:00:00"),
            ..session()
        };
        let again = Session { checked_at: later, seen_at: later, ..session() };
        assert_eq!(session().checked_again(new.clone()), again);
        for (name, other) in [
            ("somebody else", Session { user: "eve-1".to_owned(), ..new.clone() }),
            ("made anew", Session { uid: *b"00000000", ..new.clone() }),
            ("of another epoch", Session { epoch: 4, ..new.clone() }),
            ("another account", Session { account_object: None, ..new.clone() }),
            ("another way", Session { method: LoginMethod::BuiltIn, ..new }),
        ] {
            assert_eq!(session().checked_again(other.clone()), other, "{name}");
        }
    }

    #[test]
    fn a_cookie_is_renewed_for_an_idle_limit_alone_and_seldom() {
        let limits = |idle| SessionLimits { idle, ..SessionLimits::of(&SessionRules::default()) };
        let idle = Some(SignedDuration::from_mins(40));
        for (idle, now, expected) in
            [(None, "11:00:00", false), (idle, "10:09:59", false), (idle, "10:10:00", true), (idle, "10:39:00", true)]
        {
            let renewed = session().renewed(&limits(idle), at(now));
            assert_eq!(renewed.is_some(), expected, "{now}");
            let is_seen = renewed.is_none_or(|renewed| renewed == Session { seen_at: at(now), ..session() });
            assert!(is_seen, "{now}: nothing else is renewed");
        }
    }
}
