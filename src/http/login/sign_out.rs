//! Signing out: one session, or all of a person, for every copy of a cookie.

use axum::body::Body;
use axum::extract::State;
use http::StatusCode;

use crate::http::browser::{Browser, Destination, Visit, VisitFailure, see_other, with_cookies};
use crate::http::edge::Answer;
use crate::http::page::{self, Form};
use crate::login::cookie::{self, CookieReach};
use crate::login::form::is_same_origin;
use crate::login::{CookieHost, NoSession, SignOut};
use crate::pages::texts::error;
use crate::pages::{self, NoticePage};

/// What the cookie of somebody who signed out says where all sessions have ended.
const EVERYWHERE: &str = "all";

/// `POST /login/NAMESPACE/DIRECTORY/sign-out`.
pub(super) async fn sign_out(State(browser): State<Browser>, visit: Visit, body: Body) -> Result<Answer, VisitFailure> {
    end(&browser, &visit, body, SignOut::Session).await
}

/// `POST /login/NAMESPACE/DIRECTORY/sign-out-everywhere`.
pub(super) async fn sign_out_everywhere(
    State(browser): State<Browser>,
    visit: Visit,
    body: Body,
) -> Result<Answer, VisitFailure> {
    end(&browser, &visit, body, SignOut::Everywhere).await
}

async fn end(browser: &Browser, visit: &Visit, body: Body, what: SignOut) -> Result<Answer, VisitFailure> {
    let logins = &browser.logins;
    let signed_out_page = visit.login_page("/signed-out");
    let mut location = signed_out_page.clone();
    let foreign = |reason: &str| visit.failure(StatusCode::FORBIDDEN, error::FORM, reason);
    // Asked first: a form of another site comes without the session's cookie, and must not take it away.
    if !is_same_origin(&visit.headers, &visit.origin()) {
        return Err(foreign("the sign-out comes from another site"));
    }
    match logins.live_session(&visit.directory, &visit.headers, CookieHost::Own, visit.now) {
        Ok(live) => {
            let session = &live.session;
            let form = Form::read(&visit.headers, &visit.origin(), body).await;
            let form = form.map_err(|refused| foreign(&format!("the form is refused: {refused:?}")))?;
            if !logins.is_form_valid(&visit.directory, &session.id_text(), form.token(), visit.now) {
                return Err(foreign("the token of the form is not valid"));
            }
            let ended = logins.sign_out(&visit.directory, session, what, None, visit.now).await;
            // The cookie stays: a sign-out that was not written has not happened, and may be tried again.
            ended.map_err(|error| visit.stale(error.to_string()))?;
            let hint = session.login_hint.as_deref();
            if session.account_object.is_some() {
                let at_provider = logins.providers().sign_out_url(&visit.directory, &signed_out_page, hint).await;
                location = at_provider.map_or(location, String::from);
            }
        }
        Err(NoSession::Stale) => return Err(visit.stale("sessions cannot be judged")),
        // It is over already.
        Err(_) => {}
    }
    let mut cookies = logins.no_session_cookies(&visit.directory, CookieHost::Own);
    cookies.push(cookie::set(&visit.signed_out_cookie(), what.as_str(), CookieReach::Host));
    Ok(see_other(&location, &cookies))
}

/// `GET /login/NAMESPACE/DIRECTORY/signed-out`: also where the provider sends people after a sign-out, and the hosts of
/// applications.
pub(super) async fn signed_out(visit: Visit) -> Answer {
    let name = visit.signed_out_cookie();
    let told = cookie::values(&visit.headers, &name).next();
    let again = Destination::front_page(&visit, None).login_page(&visit, "", &[("prompt", "select_account")]);
    let page = NoticePage::signed_out(page::frame(&visit.directory), told == Some(EVERYWHERE), &again);
    let answer = pages::answer(StatusCode::OK, &page);
    let cookie = cookie::set(&name, told.filter(|told| *told == EVERYWHERE).unwrap_or("one"), CookieReach::Host);
    with_cookies(answer, &[cookie])
}
