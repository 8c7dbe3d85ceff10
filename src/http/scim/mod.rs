//! The SCIM door: the endpoints of every Directory, below `/scim/v2/NAMESPACE/DIRECTORY`.
//!
//! A request passes `open` (may what we know be believed, and do the credentials open the Directory), `routes` (which
//! operation it asks for), `request` (its query and its body) and the operation; `error` says what became of it where it
//! was not carried out.

mod answer;
mod body;
mod error;

mod hosts;
pub mod limits;
mod lists;
mod open;
mod query;
mod record;
mod request;
mod resources;
mod routes;
#[cfg(test)]
mod tests;
mod text;
mod writes;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use self::error::Failure;
use self::hosts::ToldHosts;
use self::limits::MAX_WRITES;
use self::writes::Writes;
use crate::http::admin::readiness::ReplicaReadiness;
use crate::http::edge::{self, Answer, Refused};
use crate::http::keys::Keys;
use crate::metrics::Metrics;
use crate::store::Store;

/// Where the door is: the path of a Directory's endpoint.
const PREFIX: &str = "/scim/v2/{namespace}/{directory}";

/// The SCIM endpoints of every Directory. Cheap to clone.
#[derive(Clone)]
pub struct Scim(Arc<Inner>);

struct Inner {
    store: Store,
    metrics: Metrics,
    readiness: ReplicaReadiness,
    keys: Keys,
    told_hosts: ToldHosts,
    writes: Writes,
}

impl Scim {
    /// What serves the Directories of `store` to the holders of `keys`.
    pub fn new(store: Store, keys: Keys, metrics: Metrics, readiness: ReplicaReadiness) -> Self {
        let (told_hosts, writes) = (ToldHosts::default(), Writes::new(MAX_WRITES));
        Self(Arc::new(Inner { store, metrics, readiness, keys, told_hosts, writes }))
    }

    /// The door.
    pub fn door(&self) -> Router {
        // The layer is around the fallback too: that an endpoint does not exist is nothing to tell a stranger.
        let routes = routes::routes()
            .fallback(|| async { Failure::NoEndpoint })
            .layer(from_fn_with_state(self.clone(), open::open))
            .with_state(self.clone());
        edge::door(PREFIX, routes, refused)
    }

    /// Waits for the writes whose clients have gone. No request may come any more.
    pub async fn finish(&self) {
        self.0.writes.finish().await;
    }
}

/// The answers below no door.
pub(super) fn elsewhere() -> Router {
    edge::door("", Router::new().fallback(|| async { Failure::NoDirectory }), refused)
}

fn refused(refused: &Refused) -> Answer {
    Failure::Edge(refused.clone()).answer()
}
