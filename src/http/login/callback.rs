//! The way back from the provider: the code becomes an account, the account a person, and the person a session.

use axum::extract::State;
use http::StatusCode;
use tokio::time::{Duration, timeout};

use super::start::unreachable;
use crate::api::directory_user::LoginMethod;
use crate::http::browser::{Browser, Destination, NewSession, Visit, VisitFailure, onward};
use crate::http::edge::Answer;
use crate::http::page;
use crate::login::link::Unmatched;
use crate::login::provider::{LoginRefused, ProviderRefusal, redirect_uri};
use crate::login::session::Session;
use crate::login::transaction::Transaction;
use crate::login::{CookieHost, NotLoggedIn, audit, cookie};
use crate::pages::texts::{denied, error};

/// How long the exchange with the provider and the writes after it may take.
const DEADLINE: Duration = Duration::from_secs(25);

/// `GET /login/NAMESPACE/DIRECTORY/callback?code=&state=`.
pub(super) async fn callback(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    let (state, code) = (visit.parameter("state")?, visit.parameter("code")?);
    let (refusal, description) = (visit.parameter("error")?, visit.parameter("error_description")?);
    let state = state.ok_or_else(|| visit.bad_request("there is no state"))?;
    let Some(transaction) = browser.logins.open_transaction(&visit.directory, state).await else {
        let portal = Destination::front_page(&visit, None);
        return go_on(&browser, &visit, &portal, expired(&visit, &portal, "the state does not open"));
    };
    let Transaction { application, return_to, .. } = transaction.clone();
    let destination = Destination::again(&browser.logins, &visit, application, return_to);
    let bindings = cookie::values(&visit.headers, cookie::LOGIN);
    if let Err(not_yours) = transaction.check(bindings, visit.now) {
        return go_on(&browser, &visit, &destination, expired(&visit, &destination, &format!("{not_yours:?}")));
    }
    if let Some(refusal) = refusal {
        let refusal = LoginRefused::Answer(ProviderRefusal::of(refusal, description));
        return go_on(&browser, &visit, &destination, refused(&browser, &visit, &destination, &refusal));
    }
    let code = code
        .filter(|code| !code.is_empty())
        .ok_or_else(|| visit.bad_request("there is neither a code nor an error"))?;
    match timeout(DEADLINE, log_in(&browser, &visit, transaction, code, &destination)).await {
        Ok(Ok(session)) => onward(&browser.logins, &visit, &session, NewSession::Yes, &destination),
        Ok(Err(NotIn::Person(failure))) => Err(failure),
        // A code that was used before comes back with the back button.
        Ok(Err(NotIn::Provider(failure))) => go_on(&browser, &visit, &destination, failure),
        Err(_) => Err(visit.failure(StatusCode::SERVICE_UNAVAILABLE, error::PROVIDER, "the exchange took too long")),
    }
}

/// Why nobody is in.
enum NotIn {
    /// The person may not be.
    Person(VisitFailure),
    /// The provider did not say who it is.
    Provider(VisitFailure),
}

async fn log_in(
    browser: &Browser,
    visit: &Visit,
    transaction: Transaction,
    code: &str,
    destination: &Destination,
) -> Result<Session, NotIn> {
    let logins = &browser.logins;
    let redirect_uri = redirect_uri(visit.base(), &visit.directory.namespace, &visit.directory.name);
    let (verifier, nonce) = (transaction.verifier(), transaction.nonce());
    let account = logins.providers().redeem(&visit.directory, code, &verifier, &nonce, &redirect_uri).await;
    let account = account.map_err(|refusal| NotIn::Provider(refused(browser, visit, destination, &refusal)))?;
    let application = destination.application.as_deref();
    let logged_in = logins.log_in(&visit.directory, &account, application, visit.now).await;
    let session = logged_in.map_err(|not| NotIn::Person(not_logged_in(visit, destination, &not)))?.session;
    // Whoever was asked about once more goes on with the session that there is: its end, wherever it comes from, ends every
    // cookie that came of the login.
    let live = logins.live_session(&visit.directory, &visit.headers, CookieHost::Own, visit.now);
    Ok(match live {
        Ok(live) => live.session.checked_again(session),
        Err(_) => session,
    })
}

/// Whoever has a session goes on all the same; everybody else sees the failure.
fn go_on(
    browser: &Browser,
    visit: &Visit,
    destination: &Destination,
    failure: VisitFailure,
) -> Result<Answer, VisitFailure> {
    match browser.logins.live_session(&visit.directory, &visit.headers, CookieHost::Own, visit.now) {
        Ok(live) if !live.revalidate => onward(&browser.logins, visit, &live.session, NewSession::No, destination),
        _ => Err(failure),
    }
}

fn expired(visit: &Visit, destination: &Destination, reason: &str) -> VisitFailure {
    visit.failure(StatusCode::BAD_REQUEST, error::EXPIRED, reason).again(destination.login_page(visit, "", &[]))
}

/// The provider did not log the person in.
fn refused(browser: &Browser, visit: &Visit, destination: &Destination, refusal: &LoginRefused) -> VisitFailure {
    let WhereTo { again, select } = WhereTo::of(visit, destination);
    let (directory, way) = (&visit.directory, LoginMethod::OpenIDConnect);
    audit::refused(directory, way, refusal.as_str(), None, destination.application.as_deref());
    browser.logins.metrics().login(&directory.namespace, &directory.name, audit::method(way), refusal.as_str());
    match refusal {
        LoginRefused::Provider(problem) => unreachable(visit, problem).again(again),
        LoginRefused::Answer(_) | LoginRefused::Token(_) if refusal.is_unavailable() => {
            visit.failure(StatusCode::SERVICE_UNAVAILABLE, error::PROVIDER, refusal.to_string()).again(again)
        }
        LoginRefused::Answer(answer) => visit.denied(answer.sentence, refusal.to_string()).again(select),
        LoginRefused::Guest => visit.denied(denied::GUEST, refusal.to_string()).again(select),
        LoginRefused::Token(_) => {
            visit.failure(StatusCode::FORBIDDEN, error::PROVIDER_REFUSED, refusal.to_string()).again(again)
        }
    }
}

/// Where somebody begins anew.
struct WhereTo {
    /// With the same account.
    again: String,
    /// With another one.
    select: String,
}

impl WhereTo {
    fn of(visit: &Visit, destination: &Destination) -> Self {
        let page = |more: &[(&str, &str)]| destination.login_page(visit, "", more);
        Self { again: page(&[]), select: page(&[("prompt", "select_account"), ("via", "provider")]) }
    }
}

/// The person is not let in, in words that the person may read.
pub(super) fn not_logged_in(visit: &Visit, destination: &Destination, not: &NotLoggedIn) -> VisitFailure {
    let WhereTo { again, select } = WhereTo::of(visit, destination);
    let sentence = match not {
        NotLoggedIn::Unavailable(reason) => return visit.stale(reason.clone()).again(again),
        NotLoggedIn::Unmatched(Unmatched::NotInDirectory, _) => denied::NOT_IN_DIRECTORY,
        NotLoggedIn::Unmatched(Unmatched::IdentityConflict, _) => denied::CONFLICT,
        NotLoggedIn::Unmatched(Unmatched::Ambiguous, _) => denied::AMBIGUOUS,
        NotLoggedIn::OtherMethod(_) => denied::OTHER_METHOD,
        NotLoggedIn::Denied(denial, _) => page::denial(*denial),
    };
    visit.denied(sentence, not.as_str()).again(select)
}
