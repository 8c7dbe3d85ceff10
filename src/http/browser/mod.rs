//! The visit of a browser to a Directory: what every handler for people begins with, its failures as pages, and the way onward
//! after a login.

mod failure;
mod onward;
mod query;
mod turned;
mod visit;

use axum::Router;
use http::HeaderValue;
use http::header::SET_COOKIE;

pub use self::failure::VisitFailure;
pub use self::onward::{BROWSER, Destination, NewSession, onward};
pub use self::query::Query;
pub use self::turned::Turned;
pub use self::visit::Visit;
use crate::http::admin::readiness::ReplicaReadiness;
use crate::http::edge::{self, Answer};
use crate::http::page;
use crate::login::Logins;

/// What every door for people needs. Cheap to clone.
#[derive(Clone)]
pub struct Browser {
    /// Logins and sessions.
    pub logins: Logins,
    /// Whether the replica may serve.
    pub readiness: ReplicaReadiness,
}

impl Browser {
    /// A door for people at `prefix`, which names a Directory: its routes, with the page that stands for everything else.
    pub fn door(&self, prefix: &str, routes: Router<Self>) -> Router {
        let routes = routes.fallback(not_found).with_state(self.clone());
        edge::door(prefix, routes, page::refused)
    }
}

async fn not_found(visit: Visit) -> VisitFailure {
    visit.not_found()
}

/// 303 to an address, with these values of `Set-Cookie`.
pub fn see_other(location: &str, cookies: &[String]) -> Answer {
    with_cookies(page::see_other(location), cookies)
}

/// An answer with these values of `Set-Cookie`.
pub fn with_cookies(mut answer: Answer, cookies: &[String]) -> Answer {
    for cookie in cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}
