//! You are signed in: one's own entry, groups and session.

use axum::extract::State;
use http::{Method, StatusCode};

use super::person::Shown;
use super::visitor::{Visitor, origin_of};
use crate::api::directory_login::Flavor;
use crate::api::directory_user::LoginMethod;
use crate::http::browser::{Browser, Turned, Visit, with_cookies};
use crate::http::edge::Answer;
use crate::login::CookieHost;
use crate::pages::{self, PageFact, PortalPart, SignedInPage, texts};

/// Most groups that the page names.
const MAX_GROUPS: usize = 100;

/// `GET /portal/NAMESPACE/DIRECTORY`.
pub(super) async fn show(State(browser): State<Browser>, visit: Visit) -> Result<Answer, Turned> {
    let visitor = Visitor::of(&browser, &visit, &Method::GET, "")?;
    let (logins, directory, live) = (&browser.logins, &visit.directory, &visitor.live);
    let token = logins.form_token(directory, &live.session.id_text(), visit.now);
    let token = token.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
    let index = logins.store().index(&directory.namespace, &directory.name);
    let (groups, has_more_groups) = index.group_names(&live.person.id, MAX_GROUPS);
    let shown = Shown::of(&live.person.scim, &visitor.policy);
    let facts = [
        (texts::FACT_NAME, shown.name.as_str()),
        (texts::FACT_USER_NAME, &shown.user_name),
        (texts::FACT_EMAIL, &shown.email),
        (texts::FACT_TITLE, &shown.title),
        (texts::FACT_DEPARTMENT, &shown.department),
        (texts::FACT_USER_TYPE, &shown.user_type),
        (texts::FACT_ROLE, shown.role_name().unwrap_or_default()),
        (texts::FACT_ID, &live.person.id),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let oidc = directory.spec.login.as_ref().and_then(|login| login.oidc.as_ref());
    let is_microsoft = oidc.is_some_and(|oidc| oidc.flavor.known() == Some(Flavor::EntraID));
    let [sign_out, everywhere, change_password] =
        ["/sign-out", "/sign-out-everywhere", "/change-password"].map(|page| visit.login_page(page));
    let is_built_in = live.method == LoginMethod::BuiltIn;
    let mut frame = visitor.frame(&visit, PortalPart::Me);
    if live.session.account_object.is_some() {
        // The answer to the sign-out leads on to the provider's.
        let sign_out = logins.providers().sign_out_url(directory, &visit.login_page("/signed-out"), None).await;
        frame.form_targets.extend(sign_out.as_ref().map(origin_of));
    }
    let page = SignedInPage {
        frame,
        name: &shown.name,
        facts: facts.map(|(label, value)| PageFact { label, value }).collect(),
        groups: groups.iter().map(|group| &**group).collect(),
        has_more_groups,
        method: match live.method {
            LoginMethod::BuiltIn => texts::METHOD_PASSWORD,
            _ if is_microsoft => texts::METHOD_MICROSOFT,
            _ => texts::METHOD_PROVIDER,
        },
        since: live.session.issued_at,
        until: live.session.expires_at,
        token: &token,
        sign_out: &sign_out,
        sign_out_everywhere: &everywhere,
        change_password: is_built_in.then_some(&change_password),
    };
    let answer = pages::answer(StatusCode::OK, &page);
    // The cookie is written anew where an idle limit asks for it.
    let renewed = live.renewed.as_ref();
    let cookie =
        renewed.and_then(|session| logins.session_cookie(directory, session, CookieHost::Own, &visit.own_host()));
    Ok(with_cookies(answer, cookie.as_slice()))
}
