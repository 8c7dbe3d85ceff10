//! Changing one's own password, which ends every session of the person.

use axum::body::Body;
use axum::extract::State;
use http::StatusCode;

use super::password::{count, require_passwords, wait_of, with_wait};
use crate::api::directory_user::LoginMethod;
use crate::http::browser::{Browser, Destination, Turned, Visit, VisitFailure, see_other, with_cookies};
use crate::http::edge::Answer;
use crate::http::page::{self, Form};
use crate::login::password::quality::Weakness;
use crate::login::password::{Attempt, PasswordRefused};
use crate::login::{CookieHost, LiveSession, NoSession, audit};
use crate::pages::{self, NewPasswordPage, NoticePage, PageLink, texts};

/// `GET /login/NAMESPACE/DIRECTORY/change-password`.
pub(super) async fn ask(State(browser): State<Browser>, visit: Visit) -> Result<Answer, Turned> {
    let live = session(&browser, &visit)?;
    form(&browser, &visit, &live, StatusCode::OK, None).map_err(Turned::from)
}

/// `POST` of the same.
pub(super) async fn change(State(browser): State<Browser>, visit: Visit, body: Body) -> Result<Answer, Turned> {
    let live = session(&browser, &visit)?;
    let (logins, directory) = (&browser.logins, &visit.directory);
    let foreign = |reason: &str| {
        let failure = visit.failure(StatusCode::FORBIDDEN, texts::error::FORM, reason);
        Turned::from(failure.again(visit.login_page("/change-password")))
    };
    let sent = Form::read(&visit.headers, &visit.origin(), body).await;
    let sent = sent.map_err(|refused| foreign(&format!("the form is refused: {refused:?}")))?;
    if !logins.is_form_valid(directory, &live.session.id_text(), sent.token(), visit.now) {
        return Err(foreign("the token of the form is not valid"));
    }
    let again = |status, problem| form(&browser, &visit, &live, status, Some(problem)).map_err(Turned::from);
    if sent.field("new") != sent.field("again") {
        return again(StatusCode::UNPROCESSABLE_ENTITY, texts::PASSWORDS_DIFFER);
    }
    let user_name = user_name(&live);
    let attempt = Attempt { user_name: &user_name, password: sent.field("password"), source: visit.note.client() };
    match logins.passwords().change(directory, attempt, sent.field("new"), visit.now).await {
        Ok(()) => {
            audit::password_set(directory, &live.person.id, "change");
            Ok(saved(&browser, &visit))
        }
        Err(refused) => {
            count(&browser, &visit, &refused, None);
            let (status, problem) = told(&refused, texts::WRONG_OLD_PASSWORD);
            let Some(problem) = problem else {
                return Err(visit.stale(refused.to_string()).into());
            };
            again(status, problem).map(|answer| with_wait(answer, wait_of(&refused, &visit)))
        }
    }
}

/// What the form says of a new password that was not taken; nothing where the cluster cannot be asked.
pub(super) fn told(refused: &PasswordRefused, wrong: &'static str) -> (StatusCode, Option<&'static str>) {
    match refused {
        PasswordRefused::Weak(weakness) => (StatusCode::UNPROCESSABLE_ENTITY, Some(weakness_text(*weakness))),
        PasswordRefused::Unchanged => (StatusCode::UNPROCESSABLE_ENTITY, Some(texts::PASSWORD_UNCHANGED)),
        PasswordRefused::Wrong { .. } => (StatusCode::FORBIDDEN, Some(wrong)),
        PasswordRefused::Wait(_) => (StatusCode::TOO_MANY_REQUESTS, Some(texts::TOO_MANY_ATTEMPTS)),
        PasswordRefused::Busy => (StatusCode::TOO_MANY_REQUESTS, Some(texts::BUSY)),
        PasswordRefused::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
    }
}

fn weakness_text(weakness: Weakness) -> &'static str {
    match weakness {
        Weakness::TooShort => texts::PASSWORD_TOO_SHORT,
        Weakness::TooLong => texts::PASSWORD_TOO_LONG,
        Weakness::TooCommon => texts::PASSWORD_TOO_COMMON,
        Weakness::HoldsUserName => texts::PASSWORD_IS_NAME,
    }
}

/// The password is saved; the session of this browser is over with all others.
pub(super) fn saved(browser: &Browser, visit: &Visit) -> Answer {
    let href = Destination::front_page(visit, None).login_page(visit, "/password", &[]);
    let next = PageLink { href: &href, label: texts::SIGN_IN };
    let answer = pages::answer(StatusCode::OK, &NoticePage::password_saved(page::frame(&visit.directory), next));
    with_cookies(answer, &browser.logins.no_session_cookies(&visit.directory, CookieHost::Own))
}

/// The session of somebody with a password, or where one goes instead.
fn session(browser: &Browser, visit: &Visit) -> Result<LiveSession, Turned> {
    require_passwords(browser, visit).map_err(Turned::from)?;
    match browser.logins.live_session(&visit.directory, &visit.headers, CookieHost::Own, visit.now) {
        Ok(live) if live.method == LoginMethod::BuiltIn => Ok(live),
        Ok(_) => Err(visit.not_found().into()),
        Err(NoSession::Stale) => Err(visit.stale("sessions cannot be judged").into()),
        Err(_) => Err(see_other(&Destination::front_page(visit, None).login_page(visit, "/password", &[]), &[]).into()),
    }
}

fn user_name(live: &LiveSession) -> String {
    let scim: serde_json::Value = serde_json::from_slice(&live.person.scim).unwrap_or_default();
    scim["userName"].as_str().unwrap_or_default().to_owned()
}

fn form(
    browser: &Browser,
    visit: &Visit,
    live: &LiveSession,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<Answer, VisitFailure> {
    let token = browser.logins.form_token(&visit.directory, &live.session.id_text(), visit.now);
    let token = token.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
    let portal = format!("{}{}", visit.base(), visit.portal_path());
    let page = NewPasswordPage {
        frame: page::frame(&visit.directory),
        heading: texts::CHANGE_PASSWORD,
        user_name: &user_name(live),
        asks_for_old: true,
        action: &visit.login_page("/change-password"),
        token: &token,
        problem,
        cancel: Some(&portal),
    };
    Ok(pages::answer(status, &page))
}
