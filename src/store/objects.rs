//! Single calls to the API server, with objects as raw JSON: a field of a newer version survives every write.
//!
//! Each call has a deadline and none is repeated here. Writes ask for `fieldValidation=Strict`: without it the API server
//! drops what it does not know without a word.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Error;
use super::error::{classify, with_causes};
use super::schema_check::{self, LastGood};
use crate::api::API_VERSION;
use crate::rules::naming::Resource;

/// How long a call may take, the wait for its turn included.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// Most writes in flight: more only wait in the API server, where other clients wait too.
pub const MAX_WRITES: usize = 32;
/// Most reads in flight.
pub const MAX_READS: usize = 64;
/// Longest answer that is read. The API server stores objects of 1.5 MiB; the OpenAPI document of a group has more.
pub(super) const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Longest name of an object: a DNS subdomain.
const MAX_NAME: usize = 253;
/// Longest name of a namespace: a DNS label.
const MAX_LABEL: usize = 63;

/// The kinds that the operator writes or watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `Directory`.
    Directory,
    /// `DirectoryKey`.
    Key,
    /// `DirectoryUser`.
    User,
    /// `DirectoryGroup`.
    Group,
    /// `DirectoryClaim`.
    Claim,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Directory, Self::Key, Self::User, Self::Group, Self::Claim];

    /// Whose rules of naming hold for objects of this kind: those of groups for [`Kind::Group`], those of users for any
    /// other.
    pub fn resource(self) -> Resource {
        if self == Self::Group { Resource::Group } else { Resource::User }
    }

    /// The kind of the objects that hold claims on this attribute; nothing where this version does not know.
    pub fn of_attribute(attribute: &str) -> Option<Self> {
        Resource::of_attribute(attribute).map(|resource| match resource {
            Resource::User => Self::User,
            Resource::Group => Self::Group,
        })
    }

    /// As URLs and kubectl have it; also the label of metrics and the word of log lines.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Directory => "directories",
            Self::Key => "directorykeys",
            Self::User => "directoryusers",
            Self::Group => "directorygroups",
            Self::Claim => "directoryclaims",
        }
    }
}

/// The API server.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    last_good: Arc<LastGood>,
}

impl Objects {
    pub(super) fn new(client: Client) -> Self {
        let (reads, writes) = (Arc::new(Semaphore::new(MAX_READS)), Arc::new(Semaphore::new(MAX_WRITES)));
        Self { client, reads, writes, last_good: Arc::default() }
    }

    /// Whether the cluster serves every field that this version knows.
    pub(super) async fn check_schema(&self) -> Result<(), Error> {
        schema_check::check(self, &self.last_good).await
    }

    /// Reads one object, linearizably.
    pub async fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<Value, Error> {
        let path = object_path(kind, namespace, name).ok_or(Error::NotFound)?;
        self.read(&path).await
    }

    /// Creates an object under the name in it.
    pub async fn create(&self, kind: Kind, namespace: &str, object: &Value) -> Result<Value, Error> {
        let path = collection_path(kind, Some(namespace)).ok_or(Error::NotFound)?;
        self.write(Method::POST, &format!("{path}?fieldValidation=Strict"), object).await
    }

    /// Replaces an object if it still has the resourceVersion in `object`.
    pub async fn replace(&self, kind: Kind, namespace: &str, object: &Value) -> Result<Value, Error> {
        let metadata = &object["metadata"];
        // Without one the API server would replace whatever is there.
        if metadata["resourceVersion"].as_str().is_none_or(str::is_empty) {
            return Err(Error::Other("an object without a resourceVersion cannot be replaced".to_owned()));
        }
        let name = metadata["name"].as_str().unwrap_or_default();
        let path = object_path(kind, namespace, name).ok_or(Error::NotFound)?;
        self.write(Method::PUT, &format!("{path}?fieldValidation=Strict"), object).await
    }

    /// Deletes an object if it still has this uid and resourceVersion.
    pub async fn delete(
        &self,
        kind: Kind,
        namespace: &str,
        name: &str,
        uid: &str,
        resource_version: &str,
    ) -> Result<(), Error> {
        let path = object_path(kind, namespace, name).ok_or(Error::NotFound)?;
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "uid": uid, "resourceVersion": resource_version },
        });
        self.write(Method::DELETE, &path, &options).await.map(|_| ())
    }

    /// Merges `patch` (RFC 7396) into an object through its subresource `status`: the spec stays as it is, and so does what a
    /// newer version wrote beside. With a `metadata.resourceVersion` in it, it is refused where the object has moved on.
    pub async fn write_status(&self, kind: Kind, namespace: &str, name: &str, patch: &Value) -> Result<Value, Error> {
        let path = object_path(kind, namespace, name).ok_or(Error::NotFound)?;
        self.write(Method::PATCH, &format!("{path}/status?fieldValidation=Strict"), patch).await
    }

    /// GET of a path.
    pub(super) async fn read(&self, path: &str) -> Result<Value, Error> {
        in_time(&self.reads, REQUEST_DEADLINE, send(&self.client, request(Method::GET, path, Vec::new())?)).await
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
async fn in_time(
    turns: &Semaphore,
    deadline: Duration,
    answer: impl Future<Output = Result<Value, Error>> + Send,
) -> Result<Value, Error> {
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
    let body = read_all(open(client, request).await?).await?;
    // What was asked for has been done all the same; only what came of it is unknown.
    serde_json::from_slice(&body)
        .map_err(|error| Error::Unavailable { reason: format!("an answer is no JSON: {error}") })
}

/// Sends a request and waits until the API server agrees to answer it.
pub(super) async fn open(client: &Client, request: Request<Body>) -> Result<Body, Error> {
    let response = client.send(request).await?;
    let code = response.status();
    if code.is_success() {
        Ok(response.into_body())
    } else {
        Err(refusal(code, &read_all(response.into_body()).await?))
    }
}

async fn read_all(body: Body) -> Result<impl std::ops::Deref<Target = [u8]>, Error> {
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    Ok(body.map_err(|error| Error::Unavailable { reason: with_causes(error.as_ref()) })?.to_bytes())
}

fn refusal(code: StatusCode, body: &[u8]) -> Error {
    let plain = || Status::failure(&String::from_utf8_lossy(body), "");
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

/// The path of all objects of a kind, in one namespace or in all.
pub(super) fn collection_path(kind: Kind, namespace: Option<&str>) -> Option<String> {
    let plural = kind.plural();
    match namespace {
        None => Some(format!("/apis/{API_VERSION}/{plural}")),
        Some(namespace) => is_label(namespace).then(|| format!("/apis/{API_VERSION}/namespaces/{namespace}/{plural}")),
    }
}

/// The path of one object; nothing where no object can have the name. Names come out of clients' URLs: one like `../x`
/// must not lead elsewhere, and what is a DNS name needs no escapes.
fn object_path(kind: Kind, namespace: &str, name: &str) -> Option<String> {
    let collection = collection_path(kind, Some(namespace))?;
    is_subdomain(name).then(|| format!("{collection}/{name}"))
}

fn is_subdomain(name: &str) -> bool {
    name.len() <= MAX_NAME && name.split('.').all(is_part)
}

fn is_label(name: &str) -> bool {
    name.len() <= MAX_LABEL && is_part(name)
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('-')
        && !part.ends_with('-')
        && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scripted::Memory;

    #[test]
    fn only_names_that_an_object_can_have_become_a_path() {
        let long_label = "a".repeat(MAX_LABEL + 1);
        let cases = [
            ("an id", "staff", "alice-able-bcdfghjklmnpqr", true),
            ("a subdomain", "staff", "a.b-c.9", true),
            ("a label of 63", "staff", &long_label[1..], true),
            ("a path", "staff", "../x", false),
            ("two dots", "staff", "..", false),
            ("a slash", "staff", "a/b", false),
            ("an escape", "staff", "a%2fb", false),
            ("a query", "staff", "a?watch=true", false),
            ("a fragment", "staff", "a#b", false),
            ("nothing", "staff", "", false),
            ("capitals", "staff", "Alice", false),
            ("a dash in front", "staff", "-a", false),
            ("a dash behind", "staff", "a-", false),
            ("a letter that is none of DNS", "staff", "é", false),
            ("a line end", "staff", "a\r\nb", false),
            ("a namespace that leads elsewhere", "a/../b", "alice", false),
            ("a namespace with a dot", "a.b", "alice", false),
            ("a namespace of 64", &long_label, "alice", false),
        ];
        for (case, namespace, name, valid) in cases {
            let path = object_path(Kind::User, namespace, name);
            let expected = format!("/apis/rollcall.dev/v1alpha1/namespaces/{namespace}/directoryusers/{name}");
            assert_eq!(path, valid.then_some(expected), "{case}");
        }
        assert!(is_subdomain(&"a".repeat(MAX_NAME)));
        assert!(!is_subdomain(&"a".repeat(MAX_NAME + 1)));
        assert_eq!(collection_path(Kind::Directory, None).as_deref(), Some("/apis/rollcall.dev/v1alpha1/directories"));
    }

    #[test]
    fn a_refusal_without_a_status_is_classified_by_its_code() {
        let status = br#"{"kind":"Status","reason":"AlreadyExists","message":"x","code":409}"#;
        assert_eq!(refusal(StatusCode::CONFLICT, status), Error::Exists);
        assert!(matches!(refusal(StatusCode::BAD_GATEWAY, b"<html>"), Error::Unavailable { .. }));
        assert!(matches!(refusal(StatusCode::NOT_FOUND, b"404 page not found"), Error::Unavailable { .. }));
    }

    #[tokio::test]
    async fn a_call_that_gets_no_turn_or_no_answer_ends_at_its_deadline() {
        // A deadline that is over lets a future go on as far as it can without waiting.
        let now = Duration::ZERO;
        let turns = Semaphore::new(1);
        let answer = || async { Ok(Value::Null) };
        assert_eq!(in_time(&turns, now, std::future::pending()).await, Err(timed_out(now)));
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
        let object = |number| json!({ "metadata": { "name": format!("n{number}"), "resourceVersion": "1" } });
        let reads = (0..2 * MAX_READS).map(|number| {
            let objects = store.objects();
            async move { drop(objects.get(Kind::User, "people", &format!("n{number}")).await) }
        });
        futures::future::join_all(reads).await;
        assert_eq!(memory.most_in_flight(), MAX_READS);

        let memory = Memory::default();
        let store = memory.store(|_| None);
        let writes = (0..2 * MAX_WRITES).map(object).enumerate().map(|(number, object)| {
            let objects = store.objects();
            async move {
                let name = object["metadata"]["name"].as_str().expect("a name");
                match number % 4 {
                    0 => drop(objects.create(Kind::User, "people", &object).await),
                    1 => drop(objects.replace(Kind::User, "people", &object).await),
                    2 => drop(objects.write_status(Kind::User, "people", name, &json!({})).await),
                    _ => drop(objects.delete(Kind::User, "people", name, "", "").await),
                }
            }
        });
        futures::future::join_all(writes).await;
        assert_eq!(memory.most_in_flight(), MAX_WRITES);
    }
}
