//! Signing out at the host of an application: the session ends everywhere, at our own host as well.

use axum::extract::State;
use http::StatusCode;
use http::header::ORIGIN;

use super::{application, asked_host};
use crate::http::browser::{Browser, Destination, Visit, VisitFailure, see_other};
use crate::http::edge::Answer;
use crate::login::form::is_same_origin;
use crate::login::{CookieHost, NoSession, SignOut};
use crate::pages::texts::error;
use crate::rules::application::{origin, own_host};
use crate::store::WatchedApplication;

/// `POST https://APPLICATION/.rollcall/sign-out`. The form is the application's own, so it has no token of ours; the cookie does
/// not come along from other sites, and the browser says where the form was.
pub(super) async fn sign_out(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    let application = application(&browser, &visit)?;
    if !is_same_origin(&visit.headers, &origin_of_form(&application, &visit)) {
        let reason = "the sign-out does not come from the application";
        return Err(visit.failure(StatusCode::FORBIDDEN, error::FORM, reason));
    }
    let (logins, host) = (&browser.logins, CookieHost::Application(&application.name));
    match logins.live_session(&visit.directory, &visit.headers, host, visit.now) {
        Ok(live) => {
            let name = Some(application.name.as_str());
            let ended = logins.sign_out(&visit.directory, &live.session, SignOut::Session, name, visit.now).await;
            ended.map_err(|error| visit.stale(error.to_string()))?;
        }
        Err(NoSession::Stale) => return Err(visit.stale("sessions cannot be judged")),
        Err(_) => {}
    }
    // Without --public-url our own host is not known here, and what looks like it is the application's.
    let is_own = own_host(&application.spec, &visit.own_host()).is_none();
    let front_page = Destination::front_page(&visit, Some(&application)).url;
    let location = if is_own { visit.login_page("/signed-out") } else { front_page };
    Ok(see_other(&location, &logins.no_session_cookies(&visit.directory, host)))
}

/// The origin of the application that a form of it is sent from: that of the host that was asked, or the one that the browser
/// names, if it is the application's.
fn origin_of_form(application: &WatchedApplication, visit: &Visit) -> String {
    let named = visit.headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let named = named.and_then(|origin| own_host(&application.spec, origin.split_once("://")?.1));
    let host = named.or_else(|| asked_host(application, visit));
    host.map(|host| origin(&application.spec, &host)).unwrap_or_default()
}
