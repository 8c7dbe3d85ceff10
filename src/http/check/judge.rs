//! The judgement of one request: who asks, whether they have access, and whether they may use the application.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;
use jiff::Timestamp;

use super::answer::SignIn;
use super::family::{Family, Original};
use super::headers::{ToldIdentity, cost, headers};
use super::limits::MAX_GROUPS;
use super::{Inner, addresses, answer, bearer};
use crate::api::directory_application::HeaderFamily;
use crate::http::edge::{Answer, RequestNote};
use crate::http::page;
use crate::login::assertion::Assertion;
use crate::login::audit;
use crate::login::provider::configured;
use crate::login::sealing::Purpose;
use crate::login::token_holder::holder;
use crate::login::{CookieHost, LiveSession, NoSession};
use crate::pages::texts;
use crate::rules::access::Account;
use crate::rules::application::decide;
use crate::rules::profile::Profile;
use crate::store::index::KnownPerson;
use crate::store::{WatchedApplication, WatchedDirectory};

/// What a proxy asks.
pub(super) struct Question<'a> {
    pub(super) family: Family,
    pub(super) namespace: &'a str,
    pub(super) directory: &'a str,
    pub(super) application: &'a str,
    /// The address of the proxy.
    pub(super) peer: IpAddr,
    pub(super) headers: &'a HeaderMap,
    pub(super) original: &'a Original,
    pub(super) note: &'a RequestNote,
}

/// A question about an application that is there.
struct Case<'a> {
    question: &'a Question<'a>,
    directory: Arc<WatchedDirectory>,
    application: Arc<WatchedApplication>,
    now: Timestamp,
}

/// The answer to a question, and the word by which the metric counts it. Boxed where it is an error: an answer is large.
struct Judged {
    result: &'static str,
    answer: Answer,
}

/// Somebody who has access to the Directory.
struct Entrant {
    person: KnownPerson,
    /// A cookie that takes the place of the one that was sent.
    renewed: Option<HeaderValue>,
}

impl Inner {
    /// The answer to a question, counted.
    pub(super) async fn judge(&self, question: &Question<'_>) -> Answer {
        let Question { namespace, directory, application, .. } = *question;
        let application = self.logins.store().application(namespace, application);
        let application = application.filter(|application| application.directory() == directory);
        // Before anybody is told that something is not there: what an old state does not hold may be there by now.
        if let Err(error) = self.logins.store().fresh(Instant::now()) {
            tracing::debug!(%error, "a check cannot be answered");
            if let Some(application) = application {
                self.logins.metrics().checked(namespace, directory, &application.name, "unavailable");
            }
            return answer::unavailable("the state of the cluster is not known");
        }
        let Some(application) = application else { return answer::misdirected("UnknownApplication") };
        // Of a Directory that is being deleted nobody is let in, as the condition of the application says.
        let directory = self.logins.store().directory(namespace, directory);
        let Some(directory) = directory.filter(|directory| !directory.seen.is_terminating) else {
            return answer::misdirected("UnknownDirectory");
        };
        let case = Case { question, directory, application, now: Timestamp::now() };
        let Judged { result, answer } = self.decide(&case).await.unwrap_or_else(|refused| *refused);
        self.logins.metrics().checked(namespace, &case.directory.name, &case.application.name, result);
        answer
    }

    /// The judgement. The error is one that lets nobody in.
    async fn decide(&self, case: &Case<'_>) -> Result<Judged, Box<Judged>> {
        let Case { question, directory, application, now } = case;
        if !is_trusted(&application.spec.trusted_proxies, question.peer) {
            return Err(refusal("untrusted", answer::misdirected("UntrustedProxy")));
        }
        let Entrant { person, renewed } = match self.token(case) {
            Some(token) => self.holder_of(case, token).await?,
            None => self.session(case)?,
        };
        let index = self.logins.store().index(&directory.namespace, &directory.name);
        let profile = Profile::read(&person.scim, &directory.spec).unwrap_or_default();
        let is_member_of_any = |groups: &[String]| index.is_member_of_any(&person.id, groups);
        if let Err(denial) = decide(&application.spec.require, &person.id, &profile, is_member_of_any) {
            return Err(self.denied(case, &person, denial.as_str()));
        }
        let (groups, has_more_groups) = index.group_names(&person.id, MAX_GROUPS);
        let identity = ToldIdentity {
            id: &person.id,
            profile: &profile,
            groups: &groups,
            has_more_groups,
            with_remote: application.spec.headers.contains(&HeaderFamily::Remote),
            others: renewed.as_ref().map_or(0, |cookie| cost(&SET_COOKIE, cookie.len())),
        };
        let issuer = self.public_url.as_ref().map(|url| format!("{url}/{}/{}", directory.namespace, directory.name));
        let audience = addresses::application_host(&application.spec, question.original);
        let seeds = self.logins.derive(Purpose::Assertion, &directory.namespace, &directory.name);
        let key = seeds.first().and_then(|seed| self.signing.one(seed));
        let told = headers(&identity, |attributes| {
            let (issuer, audience, key) = (issuer.as_deref()?, audience.as_deref()?, key.as_ref()?);
            let (user_name, email, now) = (attributes.user_name, attributes.email, *now);
            Some(self.assertions.sign(key, &Assertion { issuer, audience, subject: &person.id, user_name, email, now }))
        });
        let mut told = told.map_err(|_| self.denied(case, &person, "UserNameUnusable"))?;
        told.extend(renewed.map(|cookie| (SET_COOKIE, cookie)));
        Ok(Judged { result: "allowed", answer: answer::pass(told) })
    }

    /// The person with a live session.
    fn session(&self, case: &Case<'_>) -> Result<Entrant, Box<Judged>> {
        let Case { question, directory, application, now } = case;
        let host = CookieHost::Application(&application.name);
        let LiveSession { person, revalidate, renewed, .. } =
            match self.logins.live_session(directory, question.headers, host, *now) {
                Ok(live) => live,
                Err(NoSession::Stale) => {
                    return Err(refusal("unavailable", answer::unavailable("the keys of sessions are not known")));
                }
                Err(none) => {
                    let result = match none {
                        NoSession::Denied(_) => "no_access",
                        NoSession::Ended(_) => "ended",
                        NoSession::None | NoSession::Stale => "no_session",
                    };
                    return Err(refusal(result, self.sign_in(case, none.as_str())));
                }
            };
        // Only a navigation can go to the provider and come back. Everything else of a live session goes on.
        if revalidate && question.original.is_navigation {
            return Err(refusal("revalidate", self.sign_in(case, "Revalidation")));
        }
        let own_host = self.public_url.as_deref().and_then(|url| url.split("://").nth(1)?.split('/').next());
        let renewed = renewed
            .and_then(|session| self.logins.session_cookie(directory, &session, host, own_host.unwrap_or_default()));
        let renewed = renewed.and_then(|cookie| HeaderValue::from_str(&cookie).ok());
        Ok(Entrant { person, renewed })
    }

    /// The refusal of a person who is known and may not use the application. A browser that gets our answer is shown a page.
    fn denied(&self, case: &Case<'_>, person: &KnownPerson, reason: &'static str) -> Box<Judged> {
        let Case { question: Question { family, original, note, .. }, directory, application, .. } = case;
        audit::access_denied(directory, &person.id, &application.name, reason);
        let has_page = family.redirects() && original.is_navigation;
        let page = has_page.then(|| page::denied(directory, texts::denied::APPLICATION, note, None));
        refusal("denied", answer::denied(page, reason))
    }

    /// The answer to somebody without a live session.
    fn sign_in(&self, case: &Case<'_>, reason: &'static str) -> Answer {
        let Case { question: Question { family, original, .. }, application, .. } = case;
        let address = self.public_url.as_deref().filter(|_| original.is_navigation);
        let address = address.and_then(|public_url| addresses::login(public_url, application, original));
        let how = match address {
            Some(address) if family.redirects() => SignIn::Redirect(address),
            Some(address) => SignIn::Hint(address),
            None => SignIn::Plain,
        };
        answer::sign_in(how, addresses::challenge(&application.spec, original, false), reason)
    }

    /// The token that is to be judged: the application accepts tokens, and this one names the Directory's provider.
    fn token<'a>(&self, case: &Case<'a>) -> Option<&'a str> {
        let Case { question, directory, application, .. } = case;
        let oidc = configured(directory.spec.login.as_ref())?;
        let tenant = self.logins.providers().tenant(directory);
        let headers = application.spec.accept_bearer.then_some(question.headers)?;
        bearer::of_provider(headers, oidc, tenant.as_deref())
    }

    /// The person that a token speaks of. A bad token is refused at once: the cookie beside it may be somebody else's.
    async fn holder_of(&self, case: &Case<'_>, token: &str) -> Result<Entrant, Box<Judged>> {
        let Case { question, directory, application, now } = case;
        let bad = |reason: &str| {
            let challenge = addresses::challenge(&application.spec, question.original, true);
            refusal("bad_token", answer::bad_token(challenge, reason))
        };
        let verified = self.logins.providers().verify_token(directory, token, *now).await.map_err(|refused| {
            if refused.is_unavailable() {
                refusal("unavailable", answer::unavailable("the provider's keys are not known"))
            } else {
                bad(refused.as_str())
            }
        })?;
        let account = Account { tenant: verified.account.tenant.into(), object: verified.account.object.into() };
        let index = self.logins.store().index(&directory.namespace, &directory.name);
        let person = holder(&index, &directory.name, &account, &self.logins.rules(directory))
            .map_err(|none| bad(none.as_str()))?;
        Ok(Entrant { person, renewed: None })
    }
}

/// Whether a proxy at this address may ask. A network that cannot be read contains nobody.
fn is_trusted(networks: &[String], peer: IpAddr) -> bool {
    networks.is_empty()
        || networks.iter().any(|network| network.parse::<IpNet>().is_ok_and(|network| network.contains(&peer)))
}

fn refusal(result: &'static str, answer: Answer) -> Box<Judged> {
    Box::new(Judged { result, answer })
}
