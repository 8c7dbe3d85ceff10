//! An API server in memory: for what a real one does not do on demand, and for counting what is asked of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::DATE;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::cache::Cache;
use super::deletions::DeletionsUnderWay;
use super::kind::Kind;
use super::notices::Notices;
use super::objects::Objects;
use super::observation::Observations;
use super::traffic::TrafficRecord;
use super::version::Origin;
use super::write_queue::WriteQueues;
use super::{Inner, Store};
use crate::api::crds::crds;
use crate::api::{API_VERSION, GROUP, Object, VERSION};

/// The kind of a call that asks for the OpenAPI documents; its name is that of the document, and empty for their index.
pub(crate) const OPENAPI: &str = "openapi";

/// How often a request lets others go first: long enough for all that may be under way at one time to be so.
const YIELDS: usize = 64;

/// A call: its method, the plural of its kind and the name of its object, and its body.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) body: Value,
    /// Whether it is only tried (`dryRun`): it is answered, and nothing is stored.
    pub(crate) is_tried: bool,
}

/// Status and body.
pub(crate) type StoredAnswer = (u16, String);

/// The objects by kind and name, whatever their namespace, and what was asked.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    objects: Mutex<BTreeMap<(String, String), Value>>,
    version: AtomicUsize,
    asked: Mutex<Vec<String>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    date: Mutex<Option<&'static str>>,
}

impl Memory {
    /// A store of this API server, which gives the answers of `meddle` where there are any, in place of its own. Nothing
    /// watches: what is known is fresh, and is what [`Self::fill`] has put there.
    pub(crate) fn store(&self, meddle: impl Fn(&Asked) -> Option<StoredAnswer> + Send + Sync + 'static) -> Store {
        let (memory, meddle) = (self.clone(), Arc::new(meddle));
        let service = tower::service_fn(move |request: Request<Body>| {
            let (memory, meddle) = (memory.clone(), Arc::clone(&meddle));
            async move {
                let asked = asked(request).await;
                let (code, body) = memory.pass(&asked, &*meddle).await;
                let date = memory.0.date.lock().map_or_else(date_now, str::to_owned);
                let response = Response::builder().header(DATE, date).status(code).body(Body::from(body.into_bytes()));
                Ok::<_, tower::BoxError>(response.expect("a response"))
            }
        });
        let client = Client::new(service, "default");
        let inner = Inner {
            objects: Objects::new(client.clone()),
            write_queues: WriteQueues::default(),
            deletions: DeletionsUnderWay::default(),
            cache: Cache::default(),
            traffic: TrafficRecord::default(),
            observations: Observations::default(),
            notices: Notices::default(),
            watches: Vec::new(),
            client: client.clone(),
            lease: client,
        };
        Store(Arc::new(inner), None)
    }

    /// Lets every answer say that it is this time, in place of that of the clock; an empty text is no time.
    pub(crate) fn set_date(&self, date: &'static str) {
        *self.0.date.lock() = Some(date);
    }

    async fn pass(&self, asked: &Asked, meddle: &impl Fn(&Asked) -> Option<StoredAnswer>) -> StoredAnswer {
        self.0.asked.lock().push(format!("{} {}", asked.method, asked.kind));
        let in_flight = self.0.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        let answer = meddle(asked).unwrap_or_else(|| self.carry_out(asked));
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        answer
    }

    /// What an API server does and answers.
    pub(crate) fn carry_out(&self, asked: &Asked) -> StoredAnswer {
        let place = (asked.kind.clone(), asked.name.clone());
        if asked.is_tried {
            let before = self.0.objects.lock().clone();
            let answer = self.carry_out(&Asked { is_tried: false, ..asked.clone() });
            *self.0.objects.lock() = before;
            return answer;
        }
        if asked.kind == OPENAPI {
            let answer = if asked.name.is_empty() { openapi_index("now") } else { openapi_without("", "") };
            return (200, answer.to_string());
        }
        let known = self.0.objects.lock().get(&place).cloned();
        match (asked.method.as_str(), known) {
            ("POST", Some(_)) => refusal(409, "AlreadyExists"),
            ("POST", None) => (201, self.write(place, asked.body.clone(), 1)),
            (_, None) => refusal(404, "NotFound"),
            ("GET", Some(known)) => (200, known.to_string()),
            ("DELETE", Some(known)) if asked.body["preconditions"]["resourceVersion"] == version(&known) => {
                self.0.objects.lock().remove(&place);
                (200, json!({ "kind": "Status", "status": "Success" }).to_string())
            }
            ("PUT", Some(known)) if version(&asked.body) == version(&known) => {
                let generation = known["metadata"]["generation"].as_u64().expect("a generation");
                let same = known["spec"] == asked.body["spec"];
                (200, self.write(place, asked.body.clone(), if same { generation } else { generation + 1 }))
            }
            ("PATCH", Some(known)) if is_unmoved(&asked.body, &known) => {
                let mut object = known.clone();
                merge(&mut object, &asked.body);
                if object == known {
                    return (200, known.to_string());
                }
                let generation = object["metadata"]["generation"].as_u64().expect("a generation");
                let is_free = object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
                if is_free && !object["metadata"]["deletionTimestamp"].is_null() {
                    self.0.objects.lock().remove(&place);
                    return (200, object.to_string());
                }
                (200, self.write(place, object, generation))
            }
            _ => refusal(409, "Conflict"),
        }
    }

    fn write(&self, place: (String, String), mut object: Value, generation: u64) -> String {
        let version = self.0.version.fetch_add(1, Ordering::Relaxed) + 1;
        let metadata = &mut object["metadata"];
        metadata["resourceVersion"] = version.to_string().into();
        metadata["generation"] = generation.into();
        if metadata["uid"].is_null() {
            metadata["uid"] = format!("uid-{version}").into();
        }
        let text = object.to_string();
        self.0.objects.lock().insert(place, object);
        text
    }

    /// Puts an object there, behind everybody's back; returns it as stored.
    pub(crate) fn put(&self, kind: Kind, object: &Value) -> Object {
        self.put_with_generation(kind, object, 1)
    }

    /// The same as a later generation.
    pub(crate) fn put_with_generation(&self, kind: Kind, object: &Value, generation: u64) -> Object {
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        let text = self.write((kind.plural.to_owned(), name), object.clone(), generation);
        Object::from(serde_json::from_str::<Value>(&text).expect("JSON"))
    }

    /// Takes an object away, behind everybody's back.
    pub(crate) fn remove(&self, kind: Kind, name: &str) {
        self.0.objects.lock().remove(&(kind.plural.to_owned(), name.to_owned()));
    }

    /// Tells the store of all objects, as its watches would.
    pub(crate) fn fill(&self, store: &Store) {
        for ((plural, _), object) in &*self.0.objects.lock() {
            // Secrets and Events are not watched.
            let Some(kind) = Kind::WATCHED.into_iter().find(|kind| kind.plural == plural) else { continue };
            store.0.cache.put(kind, &object.clone().into(), Origin::Watch(1));
        }
    }

    /// The objects of a kind.
    pub(crate) fn all(&self, kind: Kind) -> Vec<Object> {
        let objects = self.0.objects.lock();
        objects
            .iter()
            .filter(|((plural, _), _)| plural == kind.plural)
            .map(|(_, object)| object.clone().into())
            .collect()
    }

    /// What has been asked since the last question, such as `GET directoryusers`.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.asked.lock())
    }

    /// How many requests were under way at one time at most.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.0.most_in_flight.load(Ordering::Relaxed)
    }
}

fn date_now() -> String {
    Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn is_unmoved(patch: &Value, known: &Value) -> bool {
    version(patch).is_null() || version(patch) == version(known)
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().expect("an object");
    for (name, value) in fields {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn version(object: &Value) -> Value {
    object["metadata"]["resourceVersion"].clone()
}

/// The index of OpenAPI documents, in which ours has this digest.
pub(crate) fn openapi_index(digest: &str) -> Value {
    let address = format!("/openapi/v3/apis/{API_VERSION}?hash={digest}");
    json!({ "paths": { format!("apis/{API_VERSION}"): { "serverRelativeURL": address } } })
}

/// The OpenAPI document of our kinds, without one field of the `spec` of one kind.
pub(crate) fn openapi_without(kind: &str, field: &str) -> Value {
    let mut schemas = serde_json::Map::new();
    for crd in crds() {
        let name = crd.spec.names.kind;
        let versions = serde_json::to_value(crd.spec.versions).expect("JSON");
        let mut schema = versions[0]["schema"]["openAPIV3Schema"].clone();
        schema["x-kubernetes-group-version-kind"] = json!([{ "group": GROUP, "version": VERSION, "kind": name }]);
        if name == kind {
            schema["properties"]["spec"]["properties"].as_object_mut().expect("fields").remove(field);
        }
        schemas.insert(name, schema);
    }
    json!({ "components": { "schemas": schemas } })
}

/// The refusal of an API server.
pub(crate) fn refusal(code: u16, reason: &str) -> StoredAnswer {
    let status = json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason });
    (code, status.to_string())
}

async fn asked(request: Request<Body>) -> Asked {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(document) = parts.uri.path().strip_prefix("/openapi/v3") {
        let (method, kind, name) = (parts.method.to_string(), OPENAPI.to_owned(), document.to_owned());
        return Asked { method, kind, name, body, is_tried: false };
    }
    // /apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME, and /api/VERSION/… of the core group
    let before_kind = if parts.uri.path().starts_with("/api/") { 5 } else { 6 };
    let mut path = parts.uri.path().split('/').skip(before_kind).map(str::to_owned);
    let kind = path.next().expect("a kind");
    // A list has none.
    let name = path.next().or_else(|| body["metadata"]["name"].as_str().map(str::to_owned)).unwrap_or_default();
    let is_tried = parts.uri.query().is_some_and(|query| query.contains("dryRun=All"));
    Asked { method: parts.method.to_string(), kind, name, body, is_tried }
}
