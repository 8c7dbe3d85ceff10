//! The start of a login: on to the provider, or at once to where somebody with a session wants to go.

use axum::extract::State;
use http::StatusCode;
use url::Url;

use crate::api::directory_login::Flavor;
use crate::api::directory_user::LoginMethod;
use crate::http::browser::{Browser, Destination, NewSession, Visit, VisitFailure, onward, see_other, with_cookies};
use crate::http::edge::Answer;
use crate::http::page;
use crate::login::cookie::{self, CookieReach};
use crate::login::provider::{AuthorizationRequest, Prompt, ProviderProblem, redirect_uri};
use crate::login::transaction::{MAX_AUTHORIZE_URL, MAX_STATE, Transaction};
use crate::login::{CookieHost, NoSession};
use crate::pages::texts::error;
use crate::pages::{self, ProviderButton, SignInPage};

/// The parameter that says which way somebody has chosen.
const VIA: &str = "via";
const PROVIDER: &str = "provider";
/// The parameter that asks for the account, as the provider spells it.
const PROMPT: &str = "prompt";

/// `GET /login/NAMESPACE/DIRECTORY?app=&rd=&prompt=`.
pub(super) async fn start(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    let destination = Destination::of(&browser.logins, &visit)?;
    let signed_out = visit.signed_out_cookie();
    let has_signed_out = cookie::values(&visit.headers, &signed_out).next().is_some();
    let selects = visit.parameter(PROMPT)? == Some(Prompt::SelectAccount.as_str()) || has_signed_out;
    let (mut is_revalidation, mut known_hint) = (false, None);
    match browser.logins.live_session(&visit.directory, &visit.headers, CookieHost::Own, visit.now) {
        Ok(live) if !selects && !live.revalidate => {
            let session = live.renewed.as_ref().unwrap_or(&live.session);
            let answer = onward(&browser.logins, &visit, session, NewSession::No, &destination)?;
            let renewed = live.renewed.as_ref().and_then(|session| {
                browser.logins.session_cookie(&visit.directory, session, CookieHost::Own, &visit.own_host())
            });
            return Ok(with_cookies(answer, renewed.as_slice()));
        }
        Ok(live) => {
            is_revalidation = !selects && live.method == LoginMethod::OpenIDConnect;
            // Without it the provider asks somebody with several accounts which one it is to be.
            known_hint = live.session.login_hint.filter(|_| is_revalidation);
        }
        Err(NoSession::Stale) => return Err(visit.stale("sessions cannot be judged")),
        Err(_) => {}
    }
    let rules = browser.logins.rules(&visit.directory);
    let has_chosen = is_revalidation || visit.parameter(VIA)? == Some(PROVIDER);
    match (rules.has_provider, rules.has_passwords) {
        (true, true) if !has_chosen => Ok(choice(&browser, &visit, &destination, selects)),
        (true, _) => {
            let hint = visit.parameter("login_hint")?.or(known_hint.as_deref());
            to_provider(&browser, &visit, destination, &Wishes { selects, hint }).await
        }
        (false, true) => Ok(see_other(&destination.login_page(&visit, "/password", &[]), &[])),
        (false, false) => Err(visit.failure(
            StatusCode::SERVICE_UNAVAILABLE,
            error::PROVIDER,
            "spec.login has neither a provider that this version knows nor passwords",
        )),
    }
}

/// The page that asks by which way somebody wants to log in.
fn choice(browser: &Browser, visit: &Visit, destination: &Destination, selects: bool) -> Answer {
    let (provider, application) =
        (provider_button(browser, visit, destination, selects), application_name(browser, visit, destination));
    let page = SignInPage {
        frame: page::frame(&visit.directory),
        application: application.as_deref(),
        provider: provider.as_ref().map(|(href, is_microsoft)| ProviderButton { href, is_microsoft: *is_microsoft }),
        password: Some(&destination.login_page(visit, "/password", &[])),
    };
    pages::answer(StatusCode::OK, &page)
}

/// Where the login at the provider begins, which asks for the account if that `selects`, and whether that is Microsoft's, if there
/// is one.
pub(super) fn provider_button(
    browser: &Browser,
    visit: &Visit,
    destination: &Destination,
    selects: bool,
) -> Option<(String, bool)> {
    if !browser.logins.rules(&visit.directory).has_provider {
        return None;
    }
    let oidc = visit.directory.spec.login.as_ref()?.oidc.as_ref()?;
    let is_microsoft = oidc.flavor.known() == Some(Flavor::EntraID);
    let way = [(VIA, PROVIDER), (PROMPT, Prompt::SelectAccount.as_str())];
    Some((destination.login_page(visit, "", if selects { &way } else { &way[..1] }), is_microsoft))
}

/// What the pages call the application that somebody wants to go to, if it is one.
pub(super) fn application_name(browser: &Browser, visit: &Visit, destination: &Destination) -> Option<String> {
    let name = destination.application.as_deref()?;
    let application = browser.logins.store().application(&visit.directory.namespace, name)?;
    let shown = application.spec.display_name.as_ref().or(application.spec.hosts.first());
    Some(shown.map_or_else(|| name.to_owned(), Clone::clone))
}

/// What the provider is told of the account.
struct Wishes<'a> {
    /// The person is to choose one.
    selects: bool,
    /// Which one it probably is.
    hint: Option<&'a str>,
}

/// Sends a browser to the provider, with all of the login in the `state`.
async fn to_provider(
    browser: &Browser,
    visit: &Visit,
    destination: Destination,
    wishes: &Wishes<'_>,
) -> Result<Answer, VisitFailure> {
    let binding = visit.binding();
    let url = match authorize(browser, visit, &destination, &binding, wishes).await? {
        url if url.fits => url.url,
        // The way back is too long for the address of the provider.
        long => {
            let applications = browser.logins.store().applications(&visit.directory.namespace, &visit.directory.name);
            let application = applications.iter().find(|one| Some(&one.name) == destination.application.as_ref());
            let front_page = Destination::front_page(visit, application);
            let short = authorize(browser, visit, &front_page, &binding, wishes).await?;
            if short.fits || !long.is_state_short { short.url } else { long.url }
        }
    };
    let cookies = [
        cookie::set(cookie::LOGIN, &binding, CookieReach::Host),
        cookie::clear(&visit.signed_out_cookie(), CookieReach::Host),
    ];
    Ok(with_cookies(see_other(url.as_str(), &[]), &cookies))
}

/// An address at the provider.
struct AuthorizeUrl {
    url: Url,
    is_state_short: bool,
    fits: bool,
}

async fn authorize(
    browser: &Browser,
    visit: &Visit,
    destination: &Destination,
    binding: &str,
    wishes: &Wishes<'_>,
) -> Result<AuthorizeUrl, VisitFailure> {
    let Destination { application, url } = destination.clone();
    let transaction = Transaction::begin(binding, application, url, visit.now);
    let state = browser.logins.seal_transaction(&visit.directory, &transaction);
    let state = state.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
    let redirect_uri = redirect_uri(visit.base(), &visit.directory.namespace, &visit.directory.name);
    let (nonce, challenge) = (transaction.nonce(), transaction.challenge());
    let request = AuthorizationRequest {
        state: &state,
        nonce: &nonce,
        code_challenge: &challenge,
        redirect_uri: &redirect_uri,
        prompt: wishes.selects.then_some(Prompt::SelectAccount),
        // Entra does not take both.
        login_hint: wishes.hint.filter(|_| !wishes.selects),
    };
    let url = browser.logins.providers().authorize(&visit.directory, &request).await;
    let url = url.map_err(|problem| unreachable(visit, &problem))?;
    let is_state_short = state.len() <= MAX_STATE;
    let fits = is_state_short && url.as_str().len() <= MAX_AUTHORIZE_URL;
    Ok(AuthorizeUrl { url, is_state_short, fits })
}

/// The provider cannot be used: the page says so, and the log and the condition of the Directory say why.
pub(super) fn unreachable(visit: &Visit, problem: &ProviderProblem) -> VisitFailure {
    visit.failure(StatusCode::SERVICE_UNAVAILABLE, error::PROVIDER, problem.to_string())
}
