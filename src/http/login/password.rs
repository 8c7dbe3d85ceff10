//! Logging in with a password of ours.

use axum::body::Body;
use axum::extract::State;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use url::Url;

use super::callback::not_logged_in;
use super::start::{application_name, provider_button};
use crate::api::directory_user::LoginMethod;
use crate::http::browser::{Browser, Destination, NewSession, Visit, VisitFailure, onward, with_cookies};
use crate::http::edge::Answer;
use crate::http::page::{self, Form};
use crate::login::cookie::{self, CookieReach};
use crate::login::password::{Attempt, PasswordRefused};
use crate::login::{NotLoggedIn, audit};
use crate::pages::{self, PasswordPage, texts};

/// After how many seconds somebody tries again whose turn has not come.
const BUSY_SECONDS: i64 = 2;

/// `GET /login/NAMESPACE/DIRECTORY/password?app=&rd=`.
pub(super) async fn ask(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    require_passwords(&browser, &visit)?;
    let destination = Destination::of(&browser.logins, &visit)?;
    form(&browser, &visit, &destination, StatusCode::OK, None)
}

/// `POST` of the same.
pub(super) async fn log_in(State(browser): State<Browser>, visit: Visit, body: Body) -> Result<Answer, VisitFailure> {
    require_passwords(&browser, &visit)?;
    let (logins, directory) = (&browser.logins, &visit.directory);
    let destination = Destination::of(logins, &visit)?;
    let again = destination.login_page(&visit, "/password", &[]);
    let form_refused = |reason: String| visit.failure(StatusCode::FORBIDDEN, texts::error::FORM, reason);
    let sent = Form::read(&visit.headers, &visit.origin(), body).await;
    let sent =
        sent.map_err(|refused| form_refused(format!("the form is refused: {refused:?}")).again(again.clone()))?;
    let mut bindings = cookie::values(&visit.headers, cookie::LOGIN);
    if !bindings.any(|binding| logins.is_form_valid(directory, binding, sent.token(), visit.now)) {
        return Err(form_refused("the token of the form is not valid".to_owned()).again(again));
    }
    let attempt =
        Attempt { user_name: sent.field("userName"), password: sent.field("password"), source: visit.note.client() };
    let application = destination.application.as_deref();
    let person = match logins.passwords().log_in(directory, attempt, visit.now).await {
        Ok(person) => person,
        Err(refused) => {
            count(&browser, &visit, &refused, application);
            return answer_to(&browser, &visit, &destination, &refused);
        }
    };
    match logins.log_in_with_password(directory, &person, application, visit.now).await {
        Ok(logged_in) => onward(logins, &visit, &logged_in.session, NewSession::Yes, &destination),
        Err(not) => Err(not_logged_in(&visit, &destination, &not)),
    }
}

/// 404 where nobody logs in with a password.
pub(super) fn require_passwords(browser: &Browser, visit: &Visit) -> Result<(), VisitFailure> {
    if browser.logins.rules(&visit.directory).has_passwords { Ok(()) } else { Err(visit.not_found()) }
}

/// Tells the audit log and the metrics of an attempt that came to nothing.
pub(super) fn count(browser: &Browser, visit: &Visit, refused: &PasswordRefused, application: Option<&str>) {
    let (user, reason) = match refused {
        PasswordRefused::Wrong { user, reason } => (user.as_deref(), *reason),
        PasswordRefused::Wait(_) => (None, "TooManyFailures"),
        PasswordRefused::Busy => (None, "Busy"),
        PasswordRefused::Store(_) => (None, "Unavailable"),
        PasswordRefused::Weak(_) | PasswordRefused::Unchanged => return,
    };
    let (directory, way) = (&visit.directory, LoginMethod::BuiltIn);
    audit::refused(directory, way, reason, user, application);
    browser.logins.metrics().login(&directory.namespace, &directory.name, audit::method(way), reason);
}

/// How many seconds somebody waits who tried too often.
pub(super) fn wait_of(refused: &PasswordRefused, visit: &Visit) -> Option<i64> {
    match refused {
        PasswordRefused::Wait(until) => Some(until.duration_since(visit.now).as_secs().max(1)),
        PasswordRefused::Busy => Some(BUSY_SECONDS),
        _ => None,
    }
}

/// The answer with the seconds to wait, where there are any.
pub(super) fn with_wait(mut answer: Answer, seconds: Option<i64>) -> Answer {
    if let Some(seconds) = seconds.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok()) {
        answer.headers_mut().insert(RETRY_AFTER, seconds);
    }
    answer
}

/// The form once more. Whatever was wrong with the name or the password, it says the same.
fn answer_to(
    browser: &Browser,
    visit: &Visit,
    destination: &Destination,
    refused: &PasswordRefused,
) -> Result<Answer, VisitFailure> {
    let (status, problem) = match refused {
        PasswordRefused::Wait(_) => (StatusCode::TOO_MANY_REQUESTS, texts::TOO_MANY_ATTEMPTS),
        PasswordRefused::Busy => (StatusCode::TOO_MANY_REQUESTS, texts::BUSY),
        PasswordRefused::Store(error) => {
            let again = destination.login_page(visit, "/password", &[]);
            return Err(visit.stale(NotLoggedIn::Unavailable(error.to_string()).as_str()).again(again));
        }
        _ => (StatusCode::FORBIDDEN, texts::WRONG_PASSWORD),
    };
    let answer = form(browser, visit, destination, status, Some(problem))?;
    Ok(with_wait(answer, wait_of(refused, visit)))
}

fn form(
    browser: &Browser,
    visit: &Visit,
    destination: &Destination,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<Answer, VisitFailure> {
    let binding = visit.binding();
    let token = browser.logins.form_token(&visit.directory, &binding, visit.now);
    let token = token.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
    let mut frame = page::frame(&visit.directory);
    // The answer to the form leads on to the application.
    frame.form_targets.extend(Url::parse(&destination.url).map(|url| url.origin().ascii_serialization()));
    let application = application_name(browser, visit, destination);
    let provider = provider_button(browser, visit, destination, false);
    let page = PasswordPage {
        frame,
        application: application.as_deref(),
        action: &destination.login_page(visit, "/password", &[]),
        token: &token,
        problem,
        provider: provider
            .as_ref()
            .map(|(href, is_microsoft)| pages::ProviderButton { href, is_microsoft: *is_microsoft }),
    };
    let cookies = [cookie::set(cookie::LOGIN, &binding, CookieReach::Host)];
    Ok(with_cookies(pages::answer(status, &page), &cookies))
}
