//! The hand-over of a session: a ticket of half a minute becomes a cookie that opens this application and nothing else.

use axum::extract::State;
use http::StatusCode;

use super::{application, asked_host};
use crate::http::browser::{Browser, Destination, Visit, VisitFailure, see_other};
use crate::http::edge::Answer;
use crate::login::{CookieHost, NoSession};
use crate::pages::texts::error;

/// `GET https://APPLICATION/.rollcall/session?ticket=`.
pub(super) async fn session(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    let application = application(&browser, &visit)?;
    let begins = || Destination::front_page(&visit, Some(&application)).login_page(&visit, "", &[]);
    let expired = |reason: &str| visit.failure(StatusCode::BAD_REQUEST, error::EXPIRED, reason).again(begins());
    let ticket = visit.parameter("ticket")?.ok_or_else(|| visit.bad_request("there is no ticket"))?;
    let opened = browser.logins.open_ticket(&visit.directory, &application.name, ticket, visit.now).await;
    let ticket = opened.ok_or_else(|| expired("the ticket does not open, or is too old"))?;
    if asked_host(&application, &visit).is_some_and(|host| host != ticket.host) {
        return Err(expired("the ticket is for another host of the application"));
    }
    let (name, url) = (application.name.clone(), ticket.return_to);
    let destination = Destination::again(&browser.logins, &visit, Some(name), url);
    match browser.logins.judge(&visit.directory, ticket.session, visit.now) {
        Ok(live) => {
            let host = CookieHost::Application(&application.name);
            let cookie = browser.logins.session_cookie(&visit.directory, &live.session, host, &visit.own_host());
            let cookie = cookie.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
            Ok(see_other(&destination.url, &[cookie]))
        }
        Err(NoSession::Stale) => Err(visit.stale("sessions cannot be judged")),
        Err(_) => Err(expired("the session is over")),
    }
}
