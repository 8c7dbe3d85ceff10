//! The login door: where people begin a login, come back from the provider, and sign out, below
//! `/login/NAMESPACE/DIRECTORY`.
//!
//! `start` sends a browser to the provider, `callback` takes it back and makes the session, `sign_out` ends one session or all.
//! Whoever has a session already is sent on at once.

mod callback;
mod sign_out;
mod start;

use axum::Router;
use axum::routing::{get, post};

use super::browser::Browser;

/// Where the door is.
const PREFIX: &str = "/login/{namespace}/{directory}";

/// The door.
pub fn door(browser: &Browser) -> Router {
    let routes = Router::new()
        .route("/", get(start::start))
        .route("/callback", get(callback::callback))
        .route("/sign-out", post(sign_out::sign_out))
        .route("/sign-out-everywhere", post(sign_out::sign_out_everywhere))
        .route("/signed-out", get(sign_out::signed_out));
    browser.door(PREFIX, routes)
}
