//! The check door: proxies ask it about each request for an application, below
//! `/check/FAMILY/NAMESPACE/DIRECTORY/APPLICATION`.
//!
//! Directory and application stand in the path, which the owner of the proxy's route has fixed. Headers that a client could
//! write decide nothing (`family`). A request is judged in memory: what is asked of the cluster's state is fresh, or the answer
//! is 503 and never "allowed".
//!
//! This door never reads a body and never waits for one: proxies pass on the `Content-Length` of the client's request without the
//! body behind it. A connection on which a body was announced ends with the answer, because nobody can tell what its next bytes
//! are.

mod addresses;
mod answer;
mod bearer;
mod family;
mod headers;
mod judge;
mod limits;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::routing::any;
use http::HeaderValue;
use http::header::CONNECTION;
use hyper::body::Body as _;
use serde::Deserialize;

use self::family::Family;
use self::judge::Question;
use crate::http::edge::{self, Answer, Received, RequestNote};
use crate::login::Logins;
use crate::login::assertion::{RecentAssertions, SigningKeys};

/// Where the door is.
const PREFIX: &str = "/check";

/// The check door. Cheap to clone.
#[derive(Clone)]
pub struct CheckDoor(Arc<Inner>);

struct Inner {
    logins: Logins,
    signing: SigningKeys,
    assertions: RecentAssertions,
    /// Scheme, host and path prefix of the operator. Without it nobody is led to the login and nothing is signed: a proxy's
    /// request says where the proxy is, and not where people find us.
    public_url: Option<String>,
}

/// What the path says.
#[derive(Deserialize)]
struct Place {
    namespace: String,
    directory: String,
    application: String,
}

impl CheckDoor {
    /// What judges the requests for the applications of the Directories that `logins` knows.
    pub fn new(logins: Logins, public_url: Option<String>) -> Self {
        let (signing, assertions) = (SigningKeys::default(), RecentAssertions::default());
        Self(Arc::new(Inner { logins, signing, assertions, public_url }))
    }

    /// The door.
    pub fn door(&self) -> Router {
        let routes = Router::new()
            .route("/nginx/{namespace}/{directory}/{application}", any(nginx))
            .route("/forward/{namespace}/{directory}/{application}", any(forward))
            .route("/envoy/{namespace}/{directory}/{application}", any(envoy))
            // Envoy appends the client's path to ours.
            .route("/envoy/{namespace}/{directory}/{application}/{*rest}", any(envoy))
            .fallback(|| async { answer::no_question() })
            .with_state(self.clone());
        edge::door(PREFIX, routes, answer::refused)
    }
}

async fn nginx(State(door): State<CheckDoor>, place: Result<Path<Place>, PathRejection>, request: Request) -> Answer {
    door.answer(Family::Nginx, place, request).await
}

async fn forward(State(door): State<CheckDoor>, place: Result<Path<Place>, PathRejection>, request: Request) -> Answer {
    door.answer(Family::Forward, place, request).await
}

async fn envoy(State(door): State<CheckDoor>, place: Result<Path<Place>, PathRejection>, request: Request) -> Answer {
    door.answer(Family::Envoy, place, request).await
}

impl CheckDoor {
    async fn answer(&self, family: Family, place: Result<Path<Place>, PathRejection>, request: Request) -> Answer {
        let (head, body) = request.into_parts();
        let (received, note) = (head.extensions.get::<Received>(), head.extensions.get::<RequestNote>());
        let (Ok(Path(place)), Some(received), Some(note)) = (place, received, note) else {
            return answer::no_question();
        };
        let Place { namespace, directory, application } = &place;
        note.place(namespace, directory);
        if self.0.logins.store().directory(namespace, directory).is_some() {
            note.directory(namespace, directory);
        }
        let original = family.original(&head.method, &received.target, &head.headers);
        let question = Question {
            family,
            namespace,
            directory,
            application,
            peer: received.peer,
            headers: &head.headers,
            original: &original,
            note,
        };
        let mut answer = self.0.judge(&question).await;
        if !body.is_end_stream() {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }
}
