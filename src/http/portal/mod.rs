//! The portal: what the Directory knows about whoever is signed in, and for administrators the roll of its people.
//!
//! A request passes [`open`] (which Directory, whose session) and its page. Nothing is cached in browsers or kept here: each
//! page shows the state of the cluster at that moment.

mod me;
mod open;
mod people;
mod person;
mod suspension;

use axum::Router;
use axum::routing::get;
use http::StatusCode;

use self::open::Visit;
use crate::http::edge::{self, Answer};
use crate::http::page;
use crate::login::Logins;
use crate::pages::texts;

/// Where the door is.
const PREFIX: &str = "/portal/{namespace}/{directory}";

/// The portal of every Directory. Cheap to clone.
#[derive(Clone)]
pub struct Portal {
    logins: Logins,
    searches: people::Searches,
}

impl Portal {
    /// The portal of the Directories that `logins` knows.
    pub fn new(logins: Logins) -> Self {
        Self { logins, searches: people::Searches::default() }
    }

    /// The door.
    pub fn door(&self) -> Router {
        let routes = Router::new()
            .route("/", get(me::show))
            .route("/people", get(people::show))
            .route("/people/{id}/suspension", get(suspension::ask).post(suspension::switch))
            .fallback(nothing_here)
            .with_state(self.clone());
        edge::door(PREFIX, routes, page::refused)
    }
}

/// Whoever is signed in hears that there is no such page; anybody else signs in first.
async fn nothing_here(visit: Visit) -> Answer {
    page::error(
        StatusCode::NOT_FOUND,
        Some(&visit.directory),
        texts::error::NOT_FOUND,
        &visit.note,
        Some(&visit.places.me),
    )
}
