//! The portal: what the Directory knows about whoever is signed in, and for administrators the roll of its people, below
//! `/portal/NAMESPACE/DIRECTORY`.
//!
//! A request is a visit ([`super::browser::Visit`]) of a `Visitor`, who has a session that counts. Nothing is kept
//! here: each page shows the state of the cluster at that moment.

mod me;
mod people;
mod person;
mod suspension;
mod visitor;

use axum::Router;
use axum::routing::get;

use super::browser::Browser;

/// Where the door is.
const PREFIX: &str = "/portal/{namespace}/{directory}";

/// The door.
pub fn door(browser: &Browser) -> Router {
    let routes = Router::new()
        .route("/", get(me::show))
        .route("/people", get(people::show))
        .route("/people/{id}/suspension", get(suspension::ask).post(suspension::switch));
    browser.door(PREFIX, routes)
}
