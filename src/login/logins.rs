//! What the doors ask about logins and sessions: one value that the login, the portal and the doors of applications share.

use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use jiff::Timestamp;

use super::accounts::{Accounts, LoggedIn, NotLoggedIn};
use super::audit;
use super::cookie::{self, CookieReach, MAX_TRIED};
use super::denials::Denials;
use super::form::{self, FormOwner};
use super::key_ring::KeyRing;
use super::link::Claimant;
use super::live::{CookieHost, LiveSession, NoSession, judge};
use super::news::{tell_of_denials, tell_people};
use super::password::Passwords;
use super::provider::{Providers, VerifiedAccount};
use super::root_keys::RootKeys;
use super::sealing::{KEY_LENGTH, Purpose, Use};
use super::session::{Session, SessionLimits};
use super::sign_out::{SignOut, sign_out};
use super::ticket::{Ticket, TicketRequest};
use super::transaction::Transaction;
use crate::api::Object;
use crate::api::directory_user::LoginMethod;
use crate::metrics::Metrics;
use crate::rules::access::LoginRules;
use crate::store::{Store, WatchedDirectory, claims};

/// Logins and sessions of every Directory. Cheap to clone.
#[derive(Clone)]
pub struct Logins(Arc<Inner>);

struct Inner {
    store: Store,
    providers: Providers,
    metrics: Metrics,
    keys: KeyRing,
    passwords: Passwords,
    denials: Denials,
}

impl Logins {
    /// The logins of the Directories of `store`. The root keys are in a Secret of `namespace`, the operator's own, and are
    /// read by [`Self::run`].
    pub fn new(store: Store, providers: Providers, metrics: Metrics, namespace: String) -> Self {
        let keys = KeyRing::new(store.clone(), namespace);
        let passwords = Passwords::new(store.clone());
        Self(Arc::new(Inner { store, providers, metrics, keys, passwords, denials: Denials::default() }))
    }

    /// Keeps the root keys up to date for ever.
    pub async fn run(&self) {
        self.0.keys.run().await;
    }

    /// The providers.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// The passwords of built-in accounts.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The cluster.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The root keys; nothing while they have not been read.
    pub fn keys(&self) -> Option<Arc<RootKeys>> {
        self.0.keys.keys()
    }

    /// Keys of a Directory for a purpose that is not sealing, such as signing: the current one first. None while the root keys
    /// have not been read.
    pub fn derive(&self, purpose: Purpose, namespace: &str, directory: &str) -> Vec<[u8; KEY_LENGTH]> {
        self.keys().map(|keys| keys.derive(purpose, namespace, directory)).unwrap_or_default()
    }

    /// Who may log in to a Directory, and how.
    pub fn rules(&self, directory: &WatchedDirectory) -> LoginRules {
        LoginRules::of(directory.spec.login.as_ref(), self.0.providers.tenant(directory))
    }

    /// The session of a request, if one of its cookies is one that counts now: opened, not over, and the person may come in.
    /// At most [`MAX_TRIED`] cookies of our names are tried.
    pub fn live_session(
        &self,
        directory: &WatchedDirectory,
        headers: &HeaderMap,
        host: CookieHost<'_>,
        now: Timestamp,
    ) -> Result<LiveSession, NoSession> {
        if self.0.store.fresh(Instant::now()).is_err() || self.keys().is_none() {
            return Err(NoSession::Stale);
        }
        let digest = cookie::digest(&directory.namespace, &directory.name);
        let mut failure = NoSession::None;
        let mut tried = 0;
        for (reach, scope) in scopes(directory, host) {
            let name = cookie::session(reach, &digest);
            for value in cookie::values(headers, &name) {
                if tried == MAX_TRIED {
                    return Err(failure);
                }
                tried += 1;
                let use_ = of(directory, Purpose::Session, &scope);
                let Ok(bytes) = self.0.keys.open(&use_, value) else { continue };
                let Some(session) = Session::of_bytes(&bytes) else { continue };
                match self.judge(directory, session, now) {
                    Ok(live) => return Ok(live),
                    Err(other) => failure = failure.or(other),
                }
            }
        }
        Err(failure)
    }

    /// Whether a session counts now.
    pub fn judge(
        &self,
        directory: &WatchedDirectory,
        session: Session,
        now: Timestamp,
    ) -> Result<LiveSession, NoSession> {
        let person = self.0.store.index(&directory.namespace, &directory.name).person(&session.user);
        judge(session, person, &self.rules(directory), &limits(directory), now)
    }

    /// The value of `Set-Cookie` that gives a session to a browser at a host; nothing while there are no keys. `own_host` is
    /// ours: a domain that is not its own part would be refused by browsers.
    pub fn session_cookie(
        &self,
        directory: &WatchedDirectory,
        session: &Session,
        host: CookieHost<'_>,
        own_host: &str,
    ) -> Option<String> {
        let reach = match host {
            CookieHost::Own => own_reach(directory, own_host),
            CookieHost::Application(_) => CookieReach::Host,
        };
        let sealed = self.keys()?.seal(&of(directory, Purpose::Session, &scope(reach, host)), &session.to_bytes());
        let name = cookie::session(reach, &cookie::digest(&directory.namespace, &directory.name));
        Some(cookie::set(&name, &sealed, reach))
    }

    /// Whether the cookie at our host reaches this host as well, so that no hand-over is needed.
    pub fn reaches(&self, directory: &WatchedDirectory, own_host: &str, host: &str) -> bool {
        matches!(own_reach(directory, own_host), CookieReach::Domain(domain) if cookie::reaches(domain, host))
    }

    /// Values of `Set-Cookie` that take the session away from a browser at a host.
    pub fn no_session_cookies(&self, directory: &WatchedDirectory, host: CookieHost<'_>) -> Vec<String> {
        let digest = cookie::digest(&directory.namespace, &directory.name);
        let reaches = scopes(directory, host).into_iter().map(|(reach, _)| reach);
        reaches.map(|reach| cookie::clear(&cookie::session(reach, &digest), reach)).collect()
    }

    /// The `state` of a login that is under way.
    pub fn seal_transaction(&self, directory: &WatchedDirectory, transaction: &Transaction) -> Option<String> {
        Some(self.keys()?.seal(&of(directory, Purpose::State, ""), &transaction.to_bytes()))
    }

    /// The login that a `state` is of. Where its key is not known, the keys are read once more: another replica may have sealed
    /// it with a new one.
    pub async fn open_transaction(&self, directory: &WatchedDirectory, state: &str) -> Option<Transaction> {
        let bytes = self.0.keys.open_patiently(&of(directory, Purpose::State, ""), state).await.ok()?;
        Transaction::of_bytes(&bytes)
    }

    /// The ticket that hands a session over to a host of an application.
    pub fn seal_ticket(
        &self,
        directory: &WatchedDirectory,
        application: &str,
        ticket: &Ticket,
        now: Timestamp,
    ) -> Option<String> {
        self.seal_for_application(directory, application, &ticket.to_bytes(now))
    }

    /// What asks the browser for its cookie at a host of an application, before there is a ticket.
    pub fn seal_ticket_request(
        &self,
        directory: &WatchedDirectory,
        application: &str,
        request: &TicketRequest,
        now: Timestamp,
    ) -> Option<String> {
        self.seal_for_application(directory, application, &request.to_bytes(now))
    }

    fn seal_for_application(&self, directory: &WatchedDirectory, application: &str, plain: &[u8]) -> Option<String> {
        let scope = scope(CookieReach::Host, CookieHost::Application(application));
        Some(self.keys()?.seal(&of(directory, Purpose::Ticket, &scope), plain))
    }

    /// What a ticket hands over.
    pub async fn open_ticket(
        &self,
        directory: &WatchedDirectory,
        application: &str,
        ticket: &str,
        now: Timestamp,
    ) -> Option<Ticket> {
        Ticket::of_bytes(&self.open_for_application(directory, application, ticket).await?, now)
    }

    /// What asks for a ticket.
    pub async fn open_ticket_request(
        &self,
        directory: &WatchedDirectory,
        application: &str,
        request: &str,
        now: Timestamp,
    ) -> Option<TicketRequest> {
        TicketRequest::of_bytes(&self.open_for_application(directory, application, request).await?, now)
    }

    async fn open_for_application(
        &self,
        directory: &WatchedDirectory,
        application: &str,
        sealed: &str,
    ) -> Option<Vec<u8>> {
        let scope = scope(CookieReach::Host, CookieHost::Application(application));
        self.0.keys.open_patiently(&of(directory, Purpose::Ticket, &scope), sealed).await.ok()
    }

    /// A token for the forms that `owner` is shown: the id of the session, or the cookie of a login.
    pub fn form_token(&self, directory: &WatchedDirectory, owner: &str, now: Timestamp) -> Option<String> {
        Some(form::token(&*self.keys()?, &form_owner(directory, owner), now))
    }

    /// Whether a form that came back is one that `owner` was shown.
    pub fn is_form_valid(&self, directory: &WatchedDirectory, owner: &str, token: &str, now: Timestamp) -> bool {
        self.keys().is_some_and(|keys| form::is_valid(&keys, &form_owner(directory, owner), token, now))
    }

    /// A session for an account that has just logged in at the provider. Counted, and told in the audit log.
    pub async fn log_in(
        &self,
        directory: &WatchedDirectory,
        account: &VerifiedAccount,
        application: Option<&str>,
        now: Timestamp,
    ) -> Result<LoggedIn, NotLoggedIn> {
        let oidc = directory.spec.login.as_ref().and_then(|login| login.oidc.as_ref());
        let (rules, limits) = (self.rules(directory), limits(directory));
        let accounts = Accounts { store: &self.0.store, directory, rules: &rules, limits: &limits };
        let logged_in = match oidc {
            Some(oidc) => accounts.log_in(&Claimant::new(account, oidc), now).await,
            None => Err(NotLoggedIn::Unavailable("the Directory has no provider any more".to_owned())),
        };
        self.tell(directory, LoginMethod::OpenIDConnect, &logged_in, application, now).await;
        tell_people(&self.0.store, directory, &logged_in, now).await;
        logged_in
    }

    /// A session for a person, as just read, who has proved who that is with a password of ours. Counted, and told in the
    /// audit log.
    pub async fn log_in_with_password(
        &self,
        directory: &WatchedDirectory,
        person: &Object,
        application: Option<&str>,
        now: Timestamp,
    ) -> Result<LoggedIn, NotLoggedIn> {
        let (rules, limits) = (self.rules(directory), limits(directory));
        let accounts = Accounts { store: &self.0.store, directory, rules: &rules, limits: &limits };
        let logged_in = accounts.log_in_with_password(person, now).await;
        self.tell(directory, LoginMethod::BuiltIn, &logged_in, application, now).await;
        logged_in
    }

    /// Ends a session, or all of its person, everywhere. Counted, and told in the audit log.
    pub async fn sign_out(
        &self,
        directory: &WatchedDirectory,
        session: &Session,
        what: SignOut,
        application: Option<&str>,
        now: Timestamp,
    ) -> Result<(), claims::Error> {
        sign_out(&self.0.store, directory, session, what, now).await?;
        audit::signed_out(directory, &session.user, what.as_str(), application);
        self.0.metrics.signed_out(&directory.namespace, &directory.name, what.as_str());
        Ok(())
    }

    async fn tell(
        &self,
        directory: &WatchedDirectory,
        method: LoginMethod,
        result: &Result<LoggedIn, NotLoggedIn>,
        application: Option<&str>,
        now: Timestamp,
    ) {
        let word = match result {
            Ok(logged_in) => {
                audit::login(directory, logged_in, application);
                "Granted"
            }
            Err(denied) => {
                audit::login_denied(directory, method, denied, application);
                denied.as_str()
            }
        };
        let (namespace, name) = (&directory.namespace, &directory.name);
        self.0.metrics.login(namespace, name, audit::method(method), word);
        let is_denial = matches!(result, Err(denied) if !matches!(denied, NotLoggedIn::Unavailable(_)));
        if is_denial && self.0.denials.count(namespace, name, now) {
            tell_of_denials(&self.0.store, directory, now).await;
        }
    }
}

/// How long sessions of a Directory last.
pub(super) fn limits(directory: &WatchedDirectory) -> SessionLimits {
    SessionLimits::of(&directory.spec.login.as_ref().map(|login| login.session.clone()).unwrap_or_default())
}

fn of<'a>(directory: &'a WatchedDirectory, purpose: Purpose, scope: &'a str) -> Use<'a> {
    Use { purpose, namespace: &directory.namespace, directory: &directory.name, scope }
}

fn form_owner<'a>(directory: &'a WatchedDirectory, owner: &'a str) -> FormOwner<'a> {
    FormOwner { namespace: &directory.namespace, directory: &directory.name, owner }
}

fn domain(directory: &WatchedDirectory) -> Option<&str> {
    directory.spec.login.as_ref()?.session.cookie_domain.as_deref()
}

/// How far the cookie goes that is set at our own host.
fn own_reach<'a>(directory: &'a WatchedDirectory, own_host: &str) -> CookieReach<'a> {
    domain(directory).filter(|domain| cookie::reaches(domain, own_host)).map_or(CookieReach::Host, CookieReach::Domain)
}

/// Where within the Directory a cookie counts.
fn scope(reach: CookieReach<'_>, host: CookieHost<'_>) -> String {
    match (reach, host) {
        (CookieReach::Domain(domain), _) => format!("domain:{domain}"),
        (CookieReach::Host, CookieHost::Own) => String::new(),
        (CookieReach::Host, CookieHost::Application(name)) => format!("application:{name}"),
    }
}

/// The cookies that count at a host: its own one, and that of the domain where there is one.
fn scopes<'a>(directory: &'a WatchedDirectory, host: CookieHost<'_>) -> Vec<(CookieReach<'a>, String)> {
    let of_domain = domain(directory).map(CookieReach::Domain);
    std::iter::once(CookieReach::Host).chain(of_domain).map(|reach| (reach, scope(reach, host))).collect()
}
