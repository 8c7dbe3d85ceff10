//! Who visits: the Directory of the URL and the session of the browser, or the way to one.

use std::sync::Arc;

use axum::RequestExt as _;
use axum::extract::{FromRequest, Path, Request};
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::Portal;
use super::person::Shown;
use crate::api::directory::PortalRole;
use crate::http::edge::{Answer, RequestNote};
use crate::http::page::{self, Form, FormRefused};
use crate::login::{CookieHost, LiveSession};
use crate::pages::{Navigation, PageFrame, Place, texts};
use crate::rules::policy::Policy;
use crate::rules::portal::may_see_people;
use crate::store::WatchedDirectory;

/// What the URL names.
#[derive(Deserialize)]
struct PortalPath {
    namespace: String,
    directory: String,
    #[serde(default)]
    id: String,
}

/// A request of somebody who is signed in.
pub(super) struct Visit {
    pub(super) directory: Arc<WatchedDirectory>,
    pub(super) policy: Policy,
    pub(super) live: LiveSession,
    pub(super) role: Option<PortalRole>,
    pub(super) places: Places,
    pub(super) note: RequestNote,
    pub(super) now: Timestamp,
    /// The id of the person that the URL names; empty where it names none.
    pub(super) id: String,
    pub(super) head: Parts,
    /// The form of a POST.
    pub(super) form: Result<Form, FormRefused>,
}

/// The addresses of the pages, as links have them.
pub(super) struct Places {
    /// Scheme and host, as browsers name the origin of our pages.
    pub(super) origin: String,
    /// The portal.
    pub(super) me: String,
    /// The roll.
    pub(super) people: String,
    /// Below it are the forms of the login.
    pub(super) login: String,
}

impl Places {
    fn new(note: &RequestNote, namespace: &str, directory: &str) -> Self {
        // A public URL may have a path, which every link needs.
        let url = url::Url::parse(note.origin()).ok();
        let origin = url.as_ref().map_or_else(String::new, |url| url.origin().ascii_serialization());
        let path = url.as_ref().map_or("", url::Url::path).trim_end_matches('/');
        let me = format!("{path}/portal/{namespace}/{directory}");
        Self { origin, people: format!("{me}/people"), me, login: format!("{path}/login/{namespace}/{directory}") }
    }

    /// Where somebody signs in who then comes back to `page`, which begins with the path of the public URL as `me` does.
    fn sign_in(&self, page: &str) -> String {
        format!("{}?rd={}", self.login, utf8_percent_encode(page, NON_ALPHANUMERIC))
    }
}

impl FromRequest<Portal> for Visit {
    type Rejection = Answer;

    async fn from_request(mut request: Request, portal: &Portal) -> Result<Self, Answer> {
        let named: Result<Path<PortalPath>, _> = request.extract_parts().await;
        let (head, body) = request.into_parts();
        let Some(note) = head.extensions.get::<RequestNote>().cloned() else {
            return Err(page::refused(&crate::http::edge::Refused::Panic));
        };
        let nothing = || page::error(StatusCode::NOT_FOUND, None, texts::error::NOT_FOUND, &note, None);
        let Ok(Path(PortalPath { namespace, directory, id })) = named else { return Err(nothing()) };
        note.place(&namespace, &directory);
        // A Directory without a login is none here: nobody is told that it is there.
        let directory = portal.logins.store().directory(&namespace, &directory);
        let Some(directory) = directory.filter(|directory| directory.spec.login.is_some()) else {
            return Err(nothing());
        };
        note.directory(&directory.namespace, &directory.name);
        let (places, now) = (Places::new(&note, &directory.namespace, &directory.name), Timestamp::now());
        let page = match (&head.method, &*id) {
            (&Method::GET, "") if head.uri.path().ends_with("/people") => &places.people,
            _ => &places.me,
        };
        let sign_in = places.sign_in(page);
        let live = portal.logins.live_session(&directory, &head.headers, CookieHost::Own, now);
        let live = live.map_err(|why| page::no_session(&directory, why, &note, &sign_in))?;
        if live.revalidate && head.method == Method::GET {
            return Err(page::see_other(&sign_in));
        }
        if !id.is_empty() {
            note.resource(&id);
        }
        let form = match head.method {
            Method::POST => Form::read(&head.headers, &places.origin, body).await,
            _ => Err(FormRefused::Unreadable),
        };
        let policy = Policy::of(&directory.spec);
        let role = Shown::of(&live.person.scim, &policy).role;
        Ok(Self { policy, role, live, places, note, now, id, directory, head, form })
    }
}

impl Visit {
    /// What surrounds a page of the portal.
    pub(super) fn frame(&self, place: Place) -> PageFrame<'_> {
        let people = may_see_people(self.role).then_some(self.places.people.as_str());
        let navigation = Some(Navigation { me: &self.places.me, people, place });
        PageFrame { navigation, ..page::frame(&self.directory) }
    }

    /// 403, unless the visitor sees the roll.
    pub(super) fn require_administrator(&self) -> Result<(), Answer> {
        if may_see_people(self.role) {
            return Ok(());
        }
        Err(page::denied(&self.directory, texts::denied::PORTAL, &self.note, None))
    }

    /// 503: the forms of a page cannot be made, or the cluster cannot be asked.
    pub(super) fn stale(&self) -> Answer {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        page::error(status, Some(&self.directory), texts::error::STALE, &self.note, Some(&self.places.me))
    }
}
