//! You are signed in: one's own entry, groups and session.

use axum::extract::State;
use http::StatusCode;

use super::Portal;
use super::open::Visit;
use super::person::Shown;
use crate::api::directory_login::Flavor;
use crate::api::directory_user::LoginMethod;
use crate::http::edge::Answer;
use crate::pages::{self, PageFact, Place, SignedInPage, texts};

/// Most groups that the page names.
const MAX_GROUPS: usize = 100;

/// The page.
pub(super) async fn show(State(portal): State<Portal>, visit: Visit) -> Answer {
    let Visit { directory, live, policy, places, now, .. } = &visit;
    let Some(token) = portal.logins.form_token(directory, &live.session.id_text(), *now) else {
        return visit.stale();
    };
    let index = portal.logins.store().index(&directory.namespace, &directory.name);
    let (groups, has_more_groups) = index.group_names(&live.person.id, MAX_GROUPS);
    let shown = Shown::of(&live.person.scim, policy);
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
    let (sign_out, everywhere) =
        (format!("{}/sign-out", places.login), format!("{}/sign-out-everywhere", places.login));
    let change_password = format!("{}/change-password", places.login);
    let is_built_in = live.method == LoginMethod::BuiltIn;
    let mut frame = visit.frame(Place::Me);
    // The sign-out goes on to the provider's.
    frame.form_targets = oidc.and_then(|oidc| origin_of(&oidc.authority)).into_iter().collect();
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
    let mut answer = pages::answer(StatusCode::OK, &page);
    renew(&portal, &visit, &mut answer);
    answer
}

fn origin_of(authority: &str) -> Option<String> {
    Some(url::Url::parse(authority).ok()?.origin().ascii_serialization())
}

/// Writes the cookie anew where an idle limit asks for it.
fn renew(portal: &Portal, visit: &Visit, answer: &mut Answer) {
    let Visit { directory, live, places, .. } = visit;
    let Some(renewed) = &live.renewed else { return };
    let host = places.origin.split("://").nth(1).unwrap_or_default();
    let cookie = portal.logins.session_cookie(directory, renewed, crate::login::CookieHost::Own, host);
    if let Some(cookie) = cookie.and_then(|cookie| http::HeaderValue::from_str(&cookie).ok()) {
        answer.headers_mut().append(http::header::SET_COOKIE, cookie);
    }
}
