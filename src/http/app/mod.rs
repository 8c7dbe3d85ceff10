//! What the proxy of an application routes to the operator from the application's own host: `https://APPLICATION/.rollcall/X`
//! comes here as `/app/NAMESPACE/DIRECTORY/APPLICATION/X`.
//!
//! A session is handed over here to a host that the cookie at our own host does not reach, and signed out from here.

mod session;
mod sign_out;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::header::HOST;

use super::browser::{Browser, Visit, VisitFailure};
use crate::rules::application::own_host;
use crate::store::WatchedApplication;

/// Where the door is.
const PREFIX: &str = "/app/{namespace}/{directory}/{application}";

/// The door.
pub fn door(browser: &Browser) -> Router {
    let routes = Router::new().route("/session", get(session::session)).route("/sign-out", post(sign_out::sign_out));
    browser.door(PREFIX, routes)
}

/// The application in the path.
fn application(browser: &Browser, visit: &Visit) -> Result<Arc<WatchedApplication>, VisitFailure> {
    let name = visit.application.as_deref().unwrap_or_default();
    let application = browser.logins.store().application(&visit.directory.namespace, name);
    let application = application.filter(|application| application.directory() == visit.directory.name);
    application.ok_or_else(|| visit.not_found())
}

/// The host of the application that the browser asked, where the proxy passes it on.
fn asked_host(application: &WatchedApplication, visit: &Visit) -> Option<String> {
    own_host(&application.spec, visit.headers.get(HOST)?.to_str().ok()?)
}
