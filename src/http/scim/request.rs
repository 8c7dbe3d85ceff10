//! A request that has come in, as the operations take it: query, headers and body, and the time that is left for it.

use std::time::Instant;

use axum::RequestExt as _;
use axum::extract::{FromRequest, Path, Request};
use http::HeaderMap;
use hyper::body::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::timeout_at;

use super::error::Failure;
use super::limits::WORK;
use super::open::Opened;
use super::record::RequestRecord;
use super::writes::Writes;
use super::{Inner, Scim, body, query};
use crate::api::directory::ProvisioningMode;
use crate::http::edge::limits::{ANSWER, WHOLE_REQUEST};
use crate::http::edge::{Answer, RequestNote};
use crate::provisioning::{Author, Context};
use crate::scim;
use crate::store::{self, Presence, Store, WatchedDirectory};

/// A request whose credentials opened the Directory, whole.
pub(super) struct ScimRequest {
    pub(super) context: Context,
    /// The id, name or URN in the path; empty where there is none.
    pub(super) parameter: String,
    /// The decoded query, or what is wrong with it: a change that deactivates passes all the same.
    pub(super) parameters: Result<Vec<(String, String)>, scim::Error>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The address of the Directory's endpoint, without a slash at the end.
    pub(super) base: String,
    /// For the id of a resource that the request makes.
    pub(super) note: RequestNote,
    record: RequestRecord,
    writes: Writes,
    deadline: Instant,
}

/// What a route names beside the Directory.
#[derive(Default, Deserialize)]
struct Parameters {
    /// A user or a group.
    id: Option<String>,
    /// A resource type.
    name: Option<String>,
    /// A schema.
    urn: Option<String>,
}

impl FromRequest<Scim> for ScimRequest {
    type Rejection = Failure;

    async fn from_request(mut request: Request, Scim(door): &Scim) -> Result<Self, Failure> {
        let named: Result<Path<Parameters>, _> = request.extract_parts().await;
        let Parameters { id, name, urn } = named.map_or_else(|_| Parameters::default(), |Path(named)| named);
        let (head, body) = request.into_parts();
        let (Some(Opened { directory, record }), Some(note)) =
            (head.extensions.get::<Opened>().cloned(), head.extensions.get::<RequestNote>().cloned())
        else {
            return Err(store::Error::Other("a request came past the door".to_owned()).into());
        };
        if let Some(id) = &id {
            note.resource(id);
        }
        let base = format!("{}/scim/v2/{}/{}", note.origin(), directory.namespace, directory.name);
        let parameters = query::parameters(head.uri.query().unwrap_or_default());
        let author = Author {
            method: head.method.as_str().into(),
            key: note.key_name().unwrap_or_default().into(),
            request_id: note.request_id().into(),
        };
        let body = body::read(&head.method, &head.headers, body).await?;
        let (store, metrics, client) = (store_for(door, &directory), door.metrics.clone(), Presence::default());
        Ok(Self {
            context: Context {
                directory,
                store,
                metrics,
                author,
                client,
                note: record.operation(),
                base: base.as_str().into(),
            },
            parameter: id.or(name).or(urn).unwrap_or_default(),
            parameters,
            headers: head.headers,
            body,
            base,
            deadline: deadline(note.started(), Instant::now()),
            note,
            record,
            writes: door.writes.clone(),
        })
    }
}

/// The store that a request reads and writes: of a Directory that is observed one that stores nothing.
fn store_for(door: &Inner, directory: &WatchedDirectory) -> Store {
    if directory.spec.provisioning.mode.counts_as() != ProvisioningMode::Observe {
        return door.store.clone();
    }
    let store = door.store.observing(&directory.namespace, &directory.name);
    if let Some(observation) = store.observation() {
        observation.request(Timestamp::now(), false);
    }
    store
}

/// Carries out an operation that changes nothing. It ends with its client.
pub(super) async fn reading<W>(request: ScimRequest, work: impl FnOnce(ScimRequest) -> W) -> Result<Answer, Failure>
where
    W: Future<Output = Result<Answer, Failure>>,
{
    in_time(request.deadline, work(request)).await
}

/// Carries out an operation that changes something. It goes on when its client has gone.
pub(super) async fn writing<W>(mut request: ScimRequest, work: impl FnOnce(ScimRequest) -> W) -> Result<Answer, Failure>
where
    W: Future<Output = Result<Answer, Failure>> + Send + 'static,
{
    let (writes, deadline, record) = (request.writes.clone(), request.deadline, request.record.clone());
    if let Some(observation) = request.context.store.observation() {
        observation.request(Timestamp::now(), true);
    }
    let work = move |client| {
        request.context.client = client;
        let work = in_time(deadline, work(request));
        async move {
            let result = work.await;
            record.finish(&result);
            result
        }
    };
    writes.run(work).await
}

/// Until when the operation of a request that came at `started` may take that begins at `now`.
fn deadline(started: Instant, now: Instant) -> Instant {
    (now + WORK).min(started + WHOLE_REQUEST - ANSWER)
}

async fn in_time(deadline: Instant, work: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
    timeout_at(deadline.into(), work).await.unwrap_or(Err(Failure::Overdue))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::http::scim::limits::BODY_READ;

    #[tokio::test]
    async fn work_that_takes_too_long_is_given_up_with_503() {
        let now = Instant::now();
        assert_eq!(deadline(now, now), now + WORK);
        let late = now + BODY_READ;
        assert_eq!(deadline(now, late), now + WHOLE_REQUEST - ANSWER, "a slow body leaves less, and never too little");
        let answer = in_time(now, std::future::pending()).await.expect_err("it never ends").answer();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
    }
}
