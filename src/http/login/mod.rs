//! The login door: where people begin a login, come back from the provider, and sign out, below
//! `/login/NAMESPACE/DIRECTORY`.
//!
//! `start` sends a browser to the provider, `callback` takes it back and makes the session, `sign_out` ends one session or all.
//! Whoever has a session already is sent on at once.

mod callback;
mod invitation;
mod new_password;
mod password;
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
        .route("/password", get(password::ask).post(password::log_in))
        .route("/change-password", get(new_password::ask).post(new_password::change))
        .route("/invitation", get(invitation::ask).post(invitation::accept))
        .route("/sign-out", post(sign_out::sign_out))
        .route("/sign-out-everywhere", post(sign_out::sign_out_everywhere))
        .route("/signed-out", get(sign_out::signed_out));
    browser.door(PREFIX, routes)
}
