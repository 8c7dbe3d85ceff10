//! The hand-over of a session: a ticket of half a minute becomes a cookie that opens this application and nothing else.
//!
//! The browser comes twice. First it is given a cookie of this host and goes back to the login, which makes the ticket for the
//! browser with that cookie; then it comes with the ticket.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{application, asked_host};
use crate::http::browser::{BROWSER, Browser, Destination, Visit, VisitFailure, see_other};
use crate::http::edge::Answer;
use crate::login::binding::BrowserDigest;
use crate::login::cookie::{self, CookieReach};
use crate::login::ticket::{Ticket, TicketRequest};
use crate::login::{CookieHost, NoSession};
use crate::pages::texts::error;
use crate::store::WatchedApplication;

/// `GET https://APPLICATION/.rollcall/session?begin=` and then `?ticket=`.
pub(super) async fn session(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    let application = application(&browser, &visit)?;
    let hand_over = HandOver { browser: &browser, visit: &visit, application: &application };
    match (visit.parameter("begin")?, visit.parameter("ticket")?) {
        (Some(begin), None) => hand_over.begin(begin).await,
        (None, Some(ticket)) => hand_over.finish(ticket).await,
        (None, None) => Err(visit.bad_request("there is no ticket")),
        (Some(_), Some(_)) => Err(visit.bad_request("there is a ticket and what asks for one")),
    }
}

struct HandOver<'a> {
    browser: &'a Browser,
    visit: &'a Visit,
    application: &'a Arc<WatchedApplication>,
}

impl HandOver<'_> {
    /// Gives the browser a cookie of this host, and sends it back to the login for its ticket.
    async fn begin(&self, sealed: &str) -> Result<Answer, VisitFailure> {
        let Self { browser, visit, application } = self;
        let opened = browser.logins.open_ticket_request(&visit.directory, &application.name, sealed, visit.now).await;
        let opened = opened.ok_or_else(|| self.expired("what asks for a ticket does not open, or is too old"))?;
        let TicketRequest { login_page, host, return_to } = opened;
        self.check_host(&host)?;
        let binding = visit.binding();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("app", &application.name).append_pair("rd", &return_to);
        query.append_pair(BROWSER, &BrowserDigest::of(&binding).to_text());
        let cookie = cookie::set(cookie::LOGIN, &binding, CookieReach::Host);
        Ok(see_other(&format!("{login_page}?{}", query.finish()), &[cookie]))
    }

    /// Turns a ticket into the cookie of the session.
    async fn finish(&self, sealed: &str) -> Result<Answer, VisitFailure> {
        let Self { browser, visit, application } = self;
        let opened = browser.logins.open_ticket(&visit.directory, &application.name, sealed, visit.now).await;
        let opened = opened.ok_or_else(|| self.expired("the ticket does not open, or is too old"))?;
        let Ticket { session, browser: owner, host, return_to } = opened;
        self.check_host(&host)?;
        if !owner.is_of_any(cookie::values(&visit.headers, cookie::LOGIN)) {
            return Err(self.expired("the ticket is for another browser"));
        }
        let destination = Destination::again(&browser.logins, visit, Some(application.name.clone()), return_to);
        match browser.logins.judge(&visit.directory, session, visit.now) {
            Ok(live) => {
                let host = CookieHost::Application(&application.name);
                let cookie = browser.logins.session_cookie(&visit.directory, &live.session, host, &visit.own_host());
                let cookie = cookie.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
                Ok(see_other(&destination.url, &[cookie]))
            }
            Err(NoSession::Stale) => Err(visit.stale("sessions cannot be judged")),
            Err(_) => Err(self.expired("the session is over")),
        }
    }

    fn check_host(&self, host: &str) -> Result<(), VisitFailure> {
        match asked_host(self.application, self.visit) {
            Some(asked) if asked != host => Err(self.expired("the ticket is for another host of the application")),
            _ => Ok(()),
        }
    }

    fn expired(&self, reason: &str) -> VisitFailure {
        let begins = Destination::front_page(self.visit, Some(self.application)).login_page(self.visit, "", &[]);
        self.visit.failure(StatusCode::BAD_REQUEST, error::EXPIRED, reason).again(begins)
    }
}
