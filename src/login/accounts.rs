//! From an account of the provider to a session: who the person is, read live, the link that is written before there is any
//! session, and the decision on what was read.

use jiff::Timestamp;

use super::link::{Claimant, JoinedBy, NoMatch, Unmatched, external_ids, link_value};
use super::session::{Session, SessionLimits};
use crate::api::Object;
use crate::api::directory_user::LoginMethod;
use crate::rules::access::{self, Denial, LoginRules};
use crate::rules::naming::{LINK, USER_NAME, canonical, claim_name};
use crate::rules::resource::Resource;
use crate::store::index::LookupKey;
use crate::store::kind::Kind;
use crate::store::{self, Presence, Store, WatchedDirectory, claims};

/// Most people who are read for one login: several can match only where something is wrong.
const MAX_CANDIDATES: usize = 16;

/// A login that came to a session.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: Session,
    /// What joined the account and the person; none with a password.
    pub joined_by: Option<JoinedBy>,
}

/// Why a login came to no session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLoggedIn {
    /// The account is nobody's; the person that it came near to, if there is one.
    Unmatched(Unmatched, Option<String>),
    /// This person may not come in.
    Denied(Denial, String),
    /// The person logs in another way.
    OtherMethod(String),
    /// The API server could not be asked, or others wrote all the time.
    Unavailable(String),
}

impl NotLoggedIn {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unmatched(unmatched, _) => unmatched.as_str(),
            Self::Denied(denial, _) => denial.as_str(),
            Self::OtherMethod(_) => "OtherMethod",
            Self::Unavailable(_) => "Unavailable",
        }
    }

    /// The person whom it is about, as far as one is known.
    pub fn person(&self) -> Option<&str> {
        match self {
            Self::Unmatched(_, person) => person.as_deref(),
            Self::Denied(_, person) | Self::OtherMethod(person) => Some(person),
            Self::Unavailable(_) => None,
        }
    }
}

impl From<store::Error> for NotLoggedIn {
    fn from(error: store::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<claims::Error> for NotLoggedIn {
    fn from(error: claims::Error) -> Self {
        match error {
            // Another person was linked to the account meanwhile, or is and was not seen.
            claims::Error::Taken { holder, .. } => Self::Unmatched(Unmatched::IdentityConflict, Some(holder)),
            claims::Error::NotFound => Self::Unmatched(Unmatched::NotInDirectory, None),
            claims::Error::Busy { reason } => Self::Unavailable(reason),
            claims::Error::Store(error) => error.into(),
        }
    }
}

/// What logging in to one Directory needs.
pub(super) struct Accounts<'a> {
    pub(super) store: &'a Store,
    pub(super) directory: &'a WatchedDirectory,
    pub(super) rules: &'a LoginRules,
    pub(super) limits: &'a SessionLimits,
}

impl Accounts<'_> {
    /// A session for the person whose account has just logged in at the provider. The link is written first where there is
    /// none; of many first logins at once, one writes it.
    pub(super) async fn log_in(&self, claimant: &Claimant<'_>, now: Timestamp) -> Result<LoggedIn, NotLoggedIn> {
        let people = self.candidates(claimant).await?;
        let (place, joined_by) = match claimant.find(&people) {
            Ok(found) => found,
            Err(NoMatch { why, near }) => {
                return Err(NotLoggedIn::Unmatched(why, near.map(|place| people[place].name().to_owned())));
            }
        };
        // Nobody who may not come in is linked.
        self.require_access(&people[place], LoginMethod::OpenIDConnect).await?;
        let link = |read: &Object| {
            let unmatched = |none: NoMatch| NotLoggedIn::Unmatched(none.why, Some(read.name().to_owned()));
            let (_, by) = claimant.find(std::slice::from_ref(read)).map_err(unmatched)?;
            Ok::<_, NotLoggedIn>(claimant.link(read, by, now))
        };
        let (client, name, namespace) = (Presence::default(), people[place].name(), &self.directory.namespace);
        let person = claims::change(self.store, &client, Kind::USER, namespace, name, link).await?;
        self.require_access(&person, LoginMethod::OpenIDConnect).await?;
        let account = claimant.account;
        let session = Session {
            account_object: Some(account.object.clone()),
            login_hint: account.login_hint.clone(),
            ..self.session(&person, LoginMethod::OpenIDConnect, now)
        };
        Ok(LoggedIn { session, joined_by: Some(joined_by) })
    }

    /// A session for a person, as just read, who has proved who that is with a password of ours.
    pub(super) async fn log_in_with_password(&self, person: &Object, now: Timestamp) -> Result<LoggedIn, NotLoggedIn> {
        self.require_access(person, LoginMethod::BuiltIn).await?;
        Ok(LoggedIn { session: self.session(person, LoginMethod::BuiltIn, now), joined_by: None })
    }

    fn session(&self, person: &Object, method: LoginMethod, now: Timestamp) -> Session {
        Session {
            id: rand::random(),
            user: person.name().to_owned(),
            uid: person.uid_start(),
            account_object: None,
            epoch: person.session_epoch(),
            issued_at: now,
            checked_at: now,
            seen_at: now,
            expires_at: self.limits.end(now),
            method,
            login_hint: None,
        }
    }

    /// That a person, as just read, may come in, and in this way.
    async fn require_access(&self, person: &Object, method: LoginMethod) -> Result<(), NotLoggedIn> {
        let name = || person.name().to_owned();
        let owns_its_values = claims::owns_its_values(self.store, person).await?;
        match access::decide(&access::person(person, owns_its_values), self.rules) {
            Err(denial) => Err(NotLoggedIn::Denied(denial, name())),
            Ok(open) if open != method => Err(NotLoggedIn::OtherMethod(name())),
            Ok(_) => Ok(()),
        }
    }

    /// Everybody in the Directory who may be meant, read live. The claims lead to people whom this replica has not heard of
    /// yet, and the index to those whose claims a restore has left behind.
    async fn candidates(&self, claimant: &Claimant<'_>) -> Result<Vec<Object>, NotLoggedIn> {
        let (namespace, directory) = (&self.directory.namespace, &self.directory.name);
        let index = self.store.index(namespace, directory);
        let link = claim_name(directory, LINK, &link_value(claimant.account));
        let name = claimant.name().map(|name| claim_name(directory, USER_NAME, &canonical(name)));
        let mut names = Vec::new();
        for claim in std::iter::once(link).chain(name) {
            match self.store.objects().get(Kind::CLAIM, namespace, &claim).await {
                Err(store::Error::NotFound) => {}
                claim => names.push(claim?.text("holder").to_owned()),
            }
            names.extend(index.naming(Resource::User, &claim));
        }
        for external_id in external_ids(&claimant.account.object) {
            names.extend(index.candidates(Resource::User, &LookupKey::ExternalId(external_id)));
        }
        names.sort();
        names.dedup();
        names.truncate(MAX_CANDIDATES);
        let mut people = Vec::with_capacity(names.len());
        for name in names {
            match self.store.objects().get(Kind::USER, namespace, &name).await {
                Err(store::Error::NotFound) => {}
                person => people.push(person?),
            }
        }
        let lives_here = |person: &Object| {
            person.directory() == directory && !person.is_deleted() && !person.is_rejected() && !person.is_terminating()
        };
        people.retain(lives_here);
        Ok(people)
    }
}
