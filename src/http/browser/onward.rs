//! Where somebody goes after a login, and how the session gets there.

use std::sync::Arc;

use url::Url;

use super::{Visit, VisitFailure, see_other};
use crate::http::edge::Answer;
use crate::login::binding::{self, BrowserDigest};
use crate::login::cookie::{self, CookieReach};
use crate::login::return_address::{self, ReturnAddress, host_of};
use crate::login::session::Session;
use crate::login::ticket::{Ticket, TicketRequest};
use crate::login::{CookieHost, Logins};
use crate::store::WatchedApplication;

/// What proxies of applications route to the operator: nobody returns there.
const OWN_PATHS: &str = "/.rollcall/";
/// The parameter by which the host of an application names the browser that a ticket is for.
pub const BROWSER: &str = "browser";

/// Where somebody goes after a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The application that it belongs to; none: the portal.
    pub application: Option<String>,
    /// The whole address.
    pub url: String,
}

/// Whether the browser has the cookie of the session at our host already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewSession {
    /// It has just been made, and the cookie is set.
    Yes,
    /// The browser came with it.
    No,
}

impl Destination {
    /// Where the parameters `app` and `rd` of a visit lead, or what stands in for them: the front page of the application where
    /// there is no `rd` or it is too long, and the portal where there is no application.
    pub fn of(logins: &Logins, visit: &Visit) -> Result<Self, VisitFailure> {
        let (app, rd) = (visit.parameter("app")?, visit.parameter("rd")?);
        let mut applications = logins.store().applications(&visit.directory.namespace, &visit.directory.name);
        if let Some(app) = app {
            // The one that is named comes first: two may have the same host.
            applications.sort_by_key(|application| application.name != app);
            if applications.first().is_none_or(|application| application.name != app) {
                return Err(visit.bad_request("the parameter app names no application of the Directory"));
            }
        }
        let Some(rd) = rd else {
            return Ok(Self::front_page(visit, applications.first().filter(|_| app.is_some())));
        };
        let known: Vec<_> = applications.iter().map(|application| destination(application)).collect();
        let address = ReturnAddress::parse(rd, &visit.portal_path(), &known)
            .map_err(|refused| visit.bad_request(format!("rd is refused: {}", refused.as_str())))?;
        let fits = address.fits();
        match address {
            ReturnAddress::Own(path) if fits => Ok(Self { application: None, url: format!("{}{path}", visit.base()) }),
            ReturnAddress::Own(_) => Ok(Self::front_page(visit, None)),
            ReturnAddress::Application { url, .. } if url.path().starts_with(OWN_PATHS) => Err(visit.bad_request(
                "rd leads to /.rollcall/ of an application: its proxy does not route these paths to the operator",
            )),
            ReturnAddress::Application { name, url } if fits => Ok(Self { application: Some(name), url: url.into() }),
            ReturnAddress::Application { name, .. } => {
                Ok(Self::front_page(visit, applications.iter().find(|application| application.name == name)))
            }
        }
    }

    /// The front page of an application; the portal where there is none.
    pub fn front_page(visit: &Visit, application: Option<&Arc<WatchedApplication>>) -> Self {
        let page = application.and_then(|application| Some((application, destination(application).front_page()?)));
        match page {
            Some((application, url)) => Self { application: Some(application.name.clone()), url: url.into() },
            None => Self { application: None, url: format!("{}{}", visit.base(), visit.portal_path()) },
        }
    }

    /// The same destination as it is by now: the application may have changed while somebody was at the provider.
    pub fn again(logins: &Logins, visit: &Visit, application: Option<String>, url: String) -> Self {
        let Some(name) = application else {
            let is_own = url.strip_prefix(visit.base()).is_some_and(|path| path.starts_with(&visit.portal_path()));
            return if is_own { Self { application: None, url } } else { Self::front_page(visit, None) };
        };
        let applications = logins.store().applications(&visit.directory.namespace, &visit.directory.name);
        let application = applications.iter().find(|application| application.name == name);
        let is_there = |application: &Arc<WatchedApplication>| {
            Url::parse(&url).is_ok_and(|url| destination(application).has(&url))
        };
        if application.is_some_and(is_there) {
            Self { application: Some(name), url }
        } else {
            Self::front_page(visit, application)
        }
    }

    /// The page on which a login for this destination begins.
    pub fn login_page(&self, visit: &Visit, page: &str, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let own = self.url.strip_prefix(visit.base()).filter(|path| path.starts_with('/'));
        match &self.application {
            Some(application) => {
                query.append_pair("app", application).append_pair("rd", &self.url);
            }
            None if own == Some(&visit.portal_path()) => {}
            None => {
                query.append_pair("rd", own.unwrap_or_default());
            }
        }
        query.extend_pairs(more);
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}", visit.login_page(page))
    }
}

fn destination(application: &WatchedApplication) -> return_address::KnownApplication<'_> {
    return_address::KnownApplication { name: &application.name, spec: &application.spec }
}

/// Sends somebody who has a session to the destination. Where the cookie at our host does not reach that host, by way of a
/// hand-over at the host itself.
pub fn onward(
    logins: &Logins,
    visit: &Visit,
    session: &Session,
    is_new: NewSession,
    destination: &Destination,
) -> Result<Answer, VisitFailure> {
    let no_keys = || visit.stale("the keys of sessions have not been read");
    let own_host = visit.own_host();
    let mut cookies = Vec::new();
    if is_new == NewSession::Yes {
        let cookie = logins.session_cookie(&visit.directory, session, CookieHost::Own, &own_host);
        cookies.push(cookie.ok_or_else(no_keys)?);
        // Nothing that was planted before a login counts after it.
        cookies.push(cookie::set(cookie::LOGIN, &binding::generate(), CookieReach::Host));
        cookies.push(cookie::clear(&visit.signed_out_cookie(), CookieReach::Host));
    }
    let Some(application) = &destination.application else { return Ok(see_other(&destination.url, &cookies)) };
    let url = Url::parse(&destination.url).map_err(|_| visit.bad_request("the destination is no address"))?;
    let host = host_of(&url).ok_or_else(|| visit.bad_request("the destination has no host"))?;
    if logins.reaches(&visit.directory, &own_host, &host) {
        return Ok(see_other(url.as_str(), &cookies));
    }
    let return_to = url.to_string();
    let (name, sealed) = match visit.parameter(BROWSER)?.and_then(BrowserDigest::parse) {
        Some(browser) => {
            let ticket = Ticket { session: session.clone(), browser, host, return_to };
            ("ticket", logins.seal_ticket(&visit.directory, application, &ticket, visit.now))
        }
        None => {
            let request = TicketRequest { login_page: visit.login_page(""), host, return_to };
            ("begin", logins.seal_ticket_request(&visit.directory, application, &request, visit.now))
        }
    };
    let mut hand_over = url;
    hand_over.set_path(&format!("{OWN_PATHS}session"));
    hand_over.set_fragment(None);
    hand_over.set_query(Some(&format!("{name}={}", sealed.ok_or_else(no_keys)?)));
    Ok(see_other(hand_over.as_str(), &cookies))
}
