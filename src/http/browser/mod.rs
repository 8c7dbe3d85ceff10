//! What the doors for people in browsers share: the visit to a Directory, its failures as pages, and the way onward after a
//! login.

mod failure;
mod form;
mod onward;
mod query;
mod visit;

use axum::Router;
use axum::body::Body;
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderValue, Response, StatusCode};

pub use self::failure::{Failure, refused};
pub use self::form::SignedForm;
pub use self::onward::{Destination, NewSession, onward};
pub use self::query::Query;
pub use self::visit::Visit;
use crate::http::admin::readiness::Readiness;
use crate::http::edge::{self, Answer};
use crate::login::Logins;

/// What every door for people needs. Cheap to clone.
#[derive(Clone)]
pub struct Browser {
    /// Logins and sessions.
    pub logins: Logins,
    /// Whether the replica may serve.
    pub readiness: Readiness,
}

impl Browser {
    /// A door for people at `prefix`, which names a Directory: its routes, with the page that stands for everything else.
    pub fn door(&self, prefix: &str, routes: Router<Self>) -> Router {
        let routes = routes.fallback(not_found).with_state(self.clone());
        edge::door(prefix, routes, refused)
    }
}

async fn not_found(visit: Visit) -> Failure {
    visit.not_found()
}

/// An answer that sends a browser elsewhere by GET, with these values of `Set-Cookie`.
pub fn see_other(location: &str, cookies: &[String]) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Every address here was serialised by us.
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    with_cookies(answer, cookies)
}

/// An answer with these values of `Set-Cookie`.
pub fn with_cookies(mut answer: Answer, cookies: &[String]) -> Answer {
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}
