//! Who visits: the session of the browser and what its person may see, or the way to a session.

use http::Method;
use url::Url;

use super::person::Shown;
use crate::api::directory::PortalRole;
use crate::http::browser::{Browser, Destination, Turned, Visit};
use crate::http::page;
use crate::login::provider::Prompt;
use crate::login::{CookieHost, LiveSession, NoSession};
use crate::pages::texts::denied;
use crate::pages::{Navigation, PageFrame, PortalPart};
use crate::rules::policy::Policy;
use crate::rules::portal::may_see_people;

/// Somebody who is signed in.
pub(super) struct Visitor {
    /// The session and the person.
    pub(super) live: LiveSession,
    /// The rules of the Directory.
    pub(super) policy: Policy,
    /// The portal role that counts.
    pub(super) role: Option<PortalRole>,
    /// The address of the portal.
    pub(super) me: String,
    /// The address of the roll.
    pub(super) people: String,
}

impl Visitor {
    /// Who visits `page`, a path below that of the portal. The error is the answer: to sign in first, or why one may not come in.
    pub(super) fn of(browser: &Browser, visit: &Visit, method: &Method, page: &str) -> Result<Self, Turned> {
        let me = format!("{}{}", visit.base(), visit.portal_path());
        // Where a form is sent without a session, its page is not the one to come back to.
        let page = if *method == Method::GET { page } else { "" };
        let destination = Destination { application: None, url: format!("{me}{page}") };
        let sign_in = destination.login_page(visit, "", &[]);
        let live = match browser.logins.live_session(&visit.directory, &visit.headers, CookieHost::Own, visit.now) {
            // The provider is asked once more, as far as one can be sent there.
            Ok(live) if live.revalidate && *method == Method::GET => return Err(page::see_other(&sign_in).into()),
            Ok(live) => live,
            Err(NoSession::None | NoSession::Ended(_)) => return Err(page::see_other(&sign_in).into()),
            Err(NoSession::Denied(reason)) => {
                let failure = visit.denied(page::denial(reason), reason.as_str());
                return Err(failure.again(other_account(visit, &destination)).into());
            }
            Err(NoSession::Stale) => return Err(visit.stale("sessions cannot be judged").into()),
        };
        let policy = Policy::of(&visit.directory.spec);
        let role = Shown::of(&live.person.scim, &policy).role;
        Ok(Self { live, policy, role, people: format!("{me}/people"), me })
    }

    /// The same for the pages of administrators: 403 for anybody else.
    pub(super) fn administrator(browser: &Browser, visit: &Visit, method: &Method, page: &str) -> Result<Self, Turned> {
        let visitor = Self::of(browser, visit, method, page)?;
        if may_see_people(visitor.role) {
            return Ok(visitor);
        }
        let destination = Destination { application: None, url: visitor.people };
        let failure = visit.denied(denied::PORTAL, "NoAdministrator").again(other_account(visit, &destination));
        Err(failure.into())
    }

    /// What surrounds a page of the portal.
    pub(super) fn frame<'a>(&'a self, visit: &'a Visit, place: PortalPart) -> PageFrame<'a> {
        let people = may_see_people(self.role).then_some(self.people.as_str());
        PageFrame { navigation: Some(Navigation { me: &self.me, people, place }), ..page::frame(&visit.directory) }
    }
}

/// Where somebody signs in with another account: without the question the provider would take the same one again.
fn other_account(visit: &Visit, destination: &Destination) -> String {
    destination.login_page(visit, "", &[("prompt", Prompt::SelectAccount.as_str())])
}

/// The origin of an address.
pub(super) fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}
