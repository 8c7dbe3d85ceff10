//! Single calls to the API server, with objects as raw JSON: a field of a newer version survives every write.
//!
//! Each call has a deadline and none is repeated here. Writes ask for `fieldValidation=Strict`: without it the API server
//! drops what it does not know without a word.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Error;
use super::error::{classify, with_causes};
use super::kind::Kind;
use super::observation::{Known, Layer};
use super::schema_check::{self, LastGood};
use crate::api::Object;
use crate::redaction::MAX_LOGGED;

/// How long a call may take, the wait for its turn included.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// Most writes in flight: more only wait in the API server, where other clients wait too.
pub const MAX_WRITE_CALLS: usize = 32;
/// Most reads in flight.
pub const MAX_READ_CALLS: usize = 64;
/// Longest answer that is read. The API server stores objects of 1.5 MiB; the OpenAPI document of a group has more.
pub(super) const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// What a write says that is only tried: it is checked as any other, and nothing is stored.
const TRIED: &str = "&dryRun=All";

/// The API server.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    last_good: Arc<LastGood>,
    /// What would be there, where a Directory is observed: nothing is stored then.
    layer: Option<Arc<Layer>>,
}

impl Objects {
    pub(super) fn new(client: Client) -> Self {
        let (reads, writes) = (Arc::new(Semaphore::new(MAX_READ_CALLS)), Arc::new(Semaphore::new(MAX_WRITE_CALLS)));
        Self { client, reads, writes, last_good: Arc::default(), layer: None }
    }

    /// The same, with a layer of what would be there over it.
    pub(super) fn under(&self, layer: Arc<Layer>) -> Self {
        Self { layer: Some(layer), ..self.clone() }
    }

    /// The layer over objects of this kind.
    fn layer_over(&self, kind: Kind) -> Option<&Layer> {
        self.layer.as_deref().filter(|_| Layer::covers(kind))
    }

    /// Whether the cluster serves every field that this version knows.
    pub(super) async fn check_schema(&self) -> Result<(), Error> {
        schema_check::check(self, &self.last_good).await
    }

    /// Reads one object, linearizably.
    pub async fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<Object, Error> {
        match self.layer_over(kind).map_or(Known::Nothing, |layer| layer.known(kind, name)) {
            Known::There(object) => Ok(object),
            Known::Gone => Err(Error::NotFound),
            Known::Nothing => self.get_from_cluster(kind, namespace, name).await,
        }
    }

    /// Reads one object as it is, whatever would become of it.
    pub(super) async fn get_from_cluster(&self, kind: Kind, namespace: &str, name: &str) -> Result<Object, Error> {
        let path = kind.object_path(namespace, name).ok_or(Error::NotFound)?;
        self.read(&path).await.map(Object::from)
    }

    /// The same, and what time the API server's clock showed when it answered, if it said so.
    pub async fn get_with_time(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
    ) -> Result<(Object, Option<Timestamp>), Error> {
        let path = kind.object_path(namespace, name).ok_or(Error::NotFound)?;
        let request = request(Method::GET, &path, Vec::new())?;
        let answer = async {
            let response = answered(&self.client, request).await?;
            let time = response.headers().get(header::DATE).and_then(time_of);
            Ok((Object::from(json_of(response.into_body()).await?), time))
        };
        in_time(&self.reads, REQUEST_DEADLINE, answer).await
    }

    /// Creates an object under the name in it.
    pub async fn create(&self, kind: Kind, namespace: &str, object: &Object) -> Result<Object, Error> {
        match self.layer_over(kind) {
            Some(layer) => layer.create(self, kind, namespace, object).await,
            None => self.send_create(kind, namespace, object, "").await,
        }
    }

    /// What a create would lead to.
    pub(super) async fn try_create(&self, kind: Kind, namespace: &str, object: &Object) -> Result<Object, Error> {
        self.send_create(kind, namespace, object, TRIED).await
    }

    async fn send_create(&self, kind: Kind, namespace: &str, object: &Object, how: &str) -> Result<Object, Error> {
        let path = kind.collection_path(Some(namespace)).ok_or(Error::NotFound)?;
        let path = format!("{path}?fieldValidation=Strict{how}");
        self.write(Method::POST, &path, object.as_json()).await.map(Object::from)
    }

    /// Replaces an object if it still has the resourceVersion in `object`.
    pub async fn replace(&self, kind: Kind, namespace: &str, object: &Object) -> Result<Object, Error> {
        match self.layer_over(kind) {
            Some(layer) => layer.replace(self, kind, namespace, object).await,
            None => self.send_replace(kind, namespace, object, "").await,
        }
    }

    /// What a replacement would lead to.
    pub(super) async fn try_replace(&self, kind: Kind, namespace: &str, object: &Object) -> Result<Object, Error> {
        self.send_replace(kind, namespace, object, TRIED).await
    }

    async fn send_replace(&self, kind: Kind, namespace: &str, object: &Object, how: &str) -> Result<Object, Error> {
        // Without one the API server would replace whatever is there.
        if object.resource_version().is_empty() {
            return Err(Error::Other("an object without a resourceVersion cannot be replaced".to_owned()));
        }
        let path = kind.object_path(namespace, object.name()).ok_or(Error::NotFound)?;
        let path = format!("{path}?fieldValidation=Strict{how}");
        self.write(Method::PUT, &path, object.as_json()).await.map(Object::from)
    }

    /// Deletes an object if it still has the uid and the resourceVersion in `object`.
    pub async fn delete(&self, kind: Kind, namespace: &str, object: &Object) -> Result<(), Error> {
        match self.layer_over(kind) {
            Some(layer) => layer.delete(self, kind, namespace, object).await,
            None => self.send_delete(kind, namespace, object, "").await,
        }
    }

    /// Whether a deletion would go through.
    pub(super) async fn try_delete(&self, kind: Kind, namespace: &str, object: &Object) -> Result<(), Error> {
        self.send_delete(kind, namespace, object, "?dryRun=All").await
    }

    async fn send_delete(&self, kind: Kind, namespace: &str, object: &Object, how: &str) -> Result<(), Error> {
        let path = kind.object_path(namespace, object.name()).ok_or(Error::NotFound)?;
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "uid": object.uid(), "resourceVersion": object.resource_version() },
        });
        self.write(Method::DELETE, &format!("{path}{how}"), &options).await.map(|_| ())
    }

    /// Puts these finalizers in the place of all that an object has, if it still has this resourceVersion. The patch names
    /// nothing but metadata, so the spec stays as it is.
    pub async fn write_finalizers(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        version: &str,
        finalizers: &[String],
    ) -> Result<(), Error> {
        let path = kind.object_path(namespace, name).ok_or(Error::NotFound)?;
        let patch = json!({ "metadata": { "resourceVersion": version, "finalizers": finalizers } });
        self.write(Method::PATCH, &format!("{path}?fieldValidation=Strict"), &patch).await.map(|_| ())
    }

    /// Merges `patch` (RFC 7396) into an object through its subresource `status`: the spec stays as it is, and so does what a
    /// newer version wrote beside. With a `metadata.resourceVersion` in it, it is refused where the object has moved on.
    pub async fn write_status(&self, kind: Kind, namespace: &str, name: &str, patch: &Value) -> Result<Object, Error> {
        let path = kind.object_path(namespace, name).ok_or(Error::NotFound)?;
        let path = format!("{path}/status?fieldValidation=Strict");
        self.write(Method::PATCH, &path, patch).await.map(Object::from)
    }

    /// GET of a path.
    pub(super) async fn read(&self, path: &str) -> Result<Value, Error> {
        in_time(&self.reads, REQUEST_DEADLINE, send(&self.client, request(Method::GET, path, Vec::new())?)).await
    }

    /// POST of a question, which changes nothing.
    pub(super) async fn ask(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Other(error.to_string()))?;
        in_time(&self.reads, REQUEST_DEADLINE, send(&self.client, request(Method::POST, path, body)?)).await
    }

    async fn write(&self, method: Method, path: &str, body: &Value) -> Result<Value, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Other(error.to_string()))?;
        let request = request(method, path, body)?;
        match in_time(&self.writes, REQUEST_DEADLINE, send(&self.client, request)).await {
            Err(refusal @ Error::Invalid(_)) => Err(schema_check::explain(refusal, self, &self.last_good).await),
            result => result,
        }
    }
}

/// Waits for a turn and then for the answer. A caller that stops waiting gives its turn back.
async fn in_time<T>(
    turns: &Semaphore,
    deadline: Duration,
    answer: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, Error> {
    let call = async {
        let _turn = turns.acquire().await.map_err(|error| Error::Other(error.to_string()))?;
        answer.await
    };
    timeout(deadline, call).await.unwrap_or_else(|_| Err(timed_out(deadline)))
}

pub(super) fn timed_out(after: Duration) -> Error {
    Error::Unavailable { reason: format!("the API server has not answered within {} s", after.as_secs()) }
}

/// Sends a request and reads the answer. kube's own `request` prints answers that it cannot read into the log, and people
/// are in them.
pub(super) async fn send(client: &Client, request: Request<Body>) -> Result<Value, Error> {
    json_of(open(client, request).await?).await
}

async fn json_of(body: Body) -> Result<Value, Error> {
    let body = read_all(body).await?;
    // What was asked for has been done all the same; only what came of it is unknown.
    serde_json::from_slice(&body)
        .map_err(|error| Error::Unavailable { reason: format!("an answer is no JSON: {error}") })
}

/// Sends a request and waits until the API server agrees to answer it.
pub(super) async fn open(client: &Client, request: Request<Body>) -> Result<Body, Error> {
    answered(client, request).await.map(Response::into_body)
}

async fn answered(client: &Client, request: Request<Body>) -> Result<Response<Body>, Error> {
    let response = client.send(request).await?;
    let code = response.status();
    if code.is_success() { Ok(response) } else { Err(refusal(code, &read_all(response.into_body()).await?)) }
}

async fn read_all(body: Body) -> Result<impl std::ops::Deref<Target = [u8]>, Error> {
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    Ok(body.map_err(|error| Error::Unavailable { reason: with_causes(error.as_ref()) })?.to_bytes())
}

/// The time in a header `Date` (RFC 9110 section 5.6.7).
fn time_of(date: &HeaderValue) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(date.to_str().ok()?).ok()
}

fn refusal(code: StatusCode, body: &[u8]) -> Error {
    // Something in between may answer with a page of any size, and what this says ends in the log and in /readyz.
    let start = || -> String {
        String::from_utf8_lossy(&body[..body.len().min(4 * MAX_LOGGED)]).chars().take(MAX_LOGGED).collect()
    };
    let plain = || Status::failure(&start(), "");
    let status = serde_json::from_slice(body).unwrap_or_else(|_| plain());
    // The code of the answer counts: a Status in it need not have one.
    classify(&status.with_code(code.as_u16()))
}

pub(super) fn request(method: Method, path: &str, body: Vec<u8>) -> Result<Request<Body>, Error> {
    let content_type = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .map_err(|error| Error::Other(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    #[test]
    fn a_refusal_without_a_status_is_classified_by_its_code() {
        let status = br#"{"kind":"Status","reason":"AlreadyExists","message":"x","code":409}"#;
        assert_eq!(refusal(StatusCode::CONFLICT, status), Error::Exists);
        assert!(matches!(refusal(StatusCode::BAD_GATEWAY, b"<html>"), Error::Unavailable { .. }));
        assert!(matches!(refusal(StatusCode::NOT_FOUND, b"404 page not found"), Error::Unavailable { .. }));
    }

    #[test]
    fn of_a_page_of_any_size_the_start_is_told() {
        for (length, told) in [(0, 0), (MAX_LOGGED, MAX_LOGGED), (1024 * 1024, MAX_LOGGED)] {
            let page = "ä".repeat(length);
            let Error::Unavailable { reason } = refusal(StatusCode::BAD_GATEWAY, page.as_bytes()) else {
                panic!("a bad gateway may heal")
            };
            assert_eq!(reason, format!("the API server says 502: {}", "ä".repeat(told)));
        }
    }

    #[test]
    fn the_time_of_an_answer_is_read_from_its_header() {
        for (text, expected) in
            [("Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")), ("yesterday", None), ("", None)]
        {
            let header = HeaderValue::from_static(text);
            assert_eq!(time_of(&header), expected.map(|time| time.parse().expect("a time")), "{text}");
        }
    }

    #[tokio::test]
    async fn a_call_that_gets_no_turn_or_no_answer_ends_at_its_deadline() {
        // A deadline that is over lets a future go on as far as it can without waiting.
        let now = Duration::ZERO;
        let turns = Semaphore::new(1);
        let answer = || async { Ok(Value::Null) };
        assert_eq!(in_time::<()>(&turns, now, std::future::pending()).await, Err(timed_out(now)));
        assert_eq!(in_time(&turns, now, answer()).await, Ok(Value::Null), "the turn of who gave up is free again");
        let taken = turns.acquire().await;
        assert_eq!(in_time(&turns, now, answer()).await, Err(timed_out(now)));
        drop(taken);
        assert_eq!(in_time(&turns, now, answer()).await, Ok(Value::Null));
    }

    #[tokio::test]
    async fn only_so_many_calls_are_under_way_at_one_time() {
        let memory = Memory::default();
        let store = memory.store(|_| None);
        let object =
            |number| Object::from(json!({ "metadata": { "name": format!("n{number}"), "resourceVersion": "1" } }));
        let reads = (0..2 * MAX_READ_CALLS).map(|number| {
            let objects = store.objects();
            async move { drop(objects.get(Kind::USER, "people", &format!("n{number}")).await) }
        });
        futures::future::join_all(reads).await;
        assert_eq!(memory.most_in_flight(), MAX_READ_CALLS);

        let memory = Memory::default();
        let store = memory.store(|_| None);
        let writes = (0..2 * MAX_WRITE_CALLS).map(object).enumerate().map(|(number, object)| {
            let objects = store.objects();
            async move {
                let name = object.name();
                match number % 4 {
                    0 => drop(objects.create(Kind::USER, "people", &object).await),
                    1 => drop(objects.replace(Kind::USER, "people", &object).await),
                    2 => drop(objects.write_status(Kind::USER, "people", name, &json!({})).await),
                    _ => drop(objects.delete(Kind::USER, "people", &object).await),
                }
            }
        });
        futures::future::join_all(writes).await;
        assert_eq!(memory.most_in_flight(), MAX_WRITE_CALLS);
    }
}
