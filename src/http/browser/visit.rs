//! The visit of a browser to a Directory: what every handler for people begins with.

use std::sync::Arc;
use std::time::Instant;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::{Browser, Query, VisitFailure};
use crate::http::edge::RequestNote;
use crate::login::{binding, cookie};
use crate::pages::texts::{denied, error};
use crate::store::WatchedDirectory;

/// A request for a Directory whose state may be believed.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The Directory.
    pub directory: Arc<WatchedDirectory>,
    /// The application in the path, where the route names one; it need not exist.
    pub application: Option<String>,
    /// The note of the request.
    pub note: RequestNote,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its query.
    pub query: Query,
    /// When it came.
    pub now: Timestamp,
}

/// What the path names.
#[derive(Deserialize)]
struct Place {
    namespace: String,
    directory: String,
    application: Option<String>,
}

impl FromRequestParts<Browser> for Visit {
    type Rejection = VisitFailure;

    async fn from_request_parts(parts: &mut Parts, browser: &Browser) -> Result<Self, VisitFailure> {
        let place = parts.extract::<Path<Place>>().await.map(|Path(place)| place);
        let note = parts.extensions.get::<RequestNote>().cloned();
        let told = note.clone();
        let failure =
            |status, sentence, reason: String| VisitFailure::without_directory(status, sentence, reason, told.as_ref());
        let (Ok(place), Some(note)) = (place, note) else {
            return Err(failure(StatusCode::NOT_FOUND, error::NOT_FOUND, "no such page".to_owned()));
        };
        note.place(&place.namespace, &place.directory);
        let store = browser.logins.store();
        let known = browser
            .readiness
            .check_schema()
            .and_then(|()| store.fresh(Instant::now()).map_err(|error| error.to_string()));
        known.map_err(|reason| failure(StatusCode::SERVICE_UNAVAILABLE, error::STALE, reason))?;
        let directory = store.directory(&place.namespace, &place.directory);
        let directory = directory.filter(|directory| !directory.seen.is_terminating);
        let Some(directory) = directory else {
            return Err(failure(StatusCode::NOT_FOUND, error::NOT_FOUND, "no such Directory".to_owned()));
        };
        note.directory(&place.namespace, &place.directory);
        let visit = Self {
            directory,
            application: place.application,
            note,
            headers: parts.headers.clone(),
            query: Query::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            now: Timestamp::now(),
        };
        if browser.logins.rules(&visit.directory).method.is_none() {
            return Err(visit
                .denied(denied::LOGIN_DISABLED, "nobody logs in to the Directory: spec.login is missing or Disabled"));
        }
        Ok(visit)
    }
}

impl Visit {
    /// A parameter of the query, or the page that says that the address is none.
    pub fn parameter(&self, name: &str) -> Result<Option<&str>, VisitFailure> {
        self.query.one(name).map_err(|reason| self.bad_request(reason))
    }

    /// Scheme, host and path prefix of our own addresses.
    pub fn base(&self) -> &str {
        self.note.origin()
    }

    /// Scheme, host and port of our own pages, as browsers send them in `Origin`.
    pub fn origin(&self) -> String {
        Url::parse(self.base()).map_or_else(|_| self.base().to_owned(), |url| url.origin().ascii_serialization())
    }

    /// Our own host, with its port where it is not the usual one.
    pub fn own_host(&self) -> String {
        let origin = self.origin();
        origin.split_once("://").map_or(origin.as_str(), |(_, host)| host).to_owned()
    }

    /// `NAMESPACE/DIRECTORY`, as paths have it.
    pub fn place(&self) -> String {
        format!("{}/{}", self.directory.namespace, self.directory.name)
    }

    /// The address of a page of the login.
    pub fn login_page(&self, page: &str) -> String {
        format!("{}/login/{}{page}", self.base(), self.place())
    }

    /// The path of the portal, which is a page that people may be sent back to.
    pub fn portal_path(&self) -> String {
        format!("/portal/{}", self.place())
    }

    /// The cookie that binds logins to the browser. Every tab has the same one, so that none loses its login to another.
    pub fn binding(&self) -> String {
        let mut known = cookie::values(&self.headers, cookie::LOGIN);
        known.find(|value| value.len() == binding::LENGTH).map_or_else(binding::generate, str::to_owned)
    }

    /// The name of the cookie that says that somebody signed out.
    pub fn signed_out_cookie(&self) -> String {
        cookie::signed_out(&cookie::digest(&self.directory.namespace, &self.directory.name))
    }
}
