//! A SCIM server in memory, over the protocol code of this crate, that can be given one defect.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use rollcall::scim::list::{ListRequest, list_response};
use rollcall::scim::members::{Edit, Members};
use rollcall::scim::resource::{self, Parsed};
use rollcall::scim::schema::{GROUP, ResourceType, USER};
use rollcall::scim::{Attributes, Error, discovery, error, filter, json as scim_json, patch};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::defects::{self, Defect};

/// A server on loopback. It ends with the runtime of its test.
pub(crate) struct Server {
    pub(crate) url: String,
    store: Arc<Mutex<Store>>,
}

/// What is stored: the client's attributes by id.
#[derive(Default)]
struct Store {
    users: BTreeMap<String, Attributes>,
    groups: BTreeMap<String, Attributes>,
    count: u64,
}

/// An answer before it is written.
struct Answer {
    status: u16,
    body: Option<Value>,
}

impl Server {
    /// Starts with this defect, and with as many users and groups that are none of a suite's business.
    pub(crate) async fn start(defect: Option<Defect>, others: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/scim", listener.local_addr().expect("an address"));
        let mut store = Store::default();
        for number in 0..others {
            let user = json!({ "userName": format!("other-{number}"), "active": true }).as_object().cloned();
            let group = json!({ "displayName": format!("other {number}") }).as_object().cloned();
            let id = store.new_id();
            store.users.insert(id, user.expect("an object"));
            let id = store.new_id();
            store.groups.insert(id, group.expect("an object"));
        }
        let store = Arc::new(Mutex::new(store));
        let shared = Arc::clone(&store);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let store = Arc::clone(&shared);
                let service = service_fn(move |request| {
                    let store = Arc::clone(&store);
                    async move { Ok::<_, Infallible>(serve(request, &store, defect).await) }
                });
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { url, store }
    }

    /// How many users and groups there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let store = self.store.lock();
        (store.users.len(), store.groups.len())
    }
}

async fn serve(request: Request<Incoming>, store: &Mutex<Store>, defect: Option<Defect>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let answer = store.lock().answer(&parts.method, &parts.uri, &body, defect);
    let answer = answer.unwrap_or_else(|error| refusal(error.status(), error.scim_type(), &error.to_string()));
    let media_type = if defect == Some(Defect::PlainJson) { "application/json" } else { "application/scim+json" };
    let response = Response::builder().status(answer.status).header("content-type", media_type);
    let text = answer.body.map(|body| body.to_string()).unwrap_or_default();
    response.body(Full::from(text)).expect("a response")
}

fn refusal(status: u16, scim_type: Option<&str>, detail: &str) -> Answer {
    Answer { status, body: Some(error::body(status, scim_type, detail)) }
}

fn not_found() -> Answer {
    refusal(404, None, "there is no such resource")
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

impl Store {
    fn new_id(&mut self) -> String {
        self.count += 1;
        format!("id-{:06}", self.count)
    }

    fn answer(
        &mut self,
        method: &Method,
        uri: &hyper::Uri,
        body: &[u8],
        defect: Option<Defect>,
    ) -> Result<Answer, Error> {
        let segments: Vec<_> = uri.path().split('/').filter(|segment| !segment.is_empty()).skip(1).collect();
        let ok = |body| Ok(Answer { status: 200, body: Some(body) });
        let resource_type = match segments.first().copied() {
            Some("Users") => &USER,
            Some("Groups") => &GROUP,
            Some("Schemas") => return ok(defects::schemas(defect, discovery::schemas("/scim", &[]))),
            Some("ResourceTypes") => {
                return ok(defects::resource_types(defect, discovery::resource_types("/scim", &[])));
            }
            Some("ServiceProviderConfig") => return ok(discovery::service_provider_config("/scim")),
            _ => return Ok(not_found()),
        };
        let query = parameters(uri.query().unwrap_or_default());
        match (method, segments.get(1)) {
            (&Method::GET, None) => self.list(resource_type, query, defect),
            (&Method::POST, None) => self.create(resource_type, body, defect),
            (_, Some(id)) => self.one(method, resource_type, id, &query, body, defect),
            _ => Ok(refusal(405, None, "no such method")),
        }
    }

    fn of(&mut self, resource_type: &ResourceType) -> &mut BTreeMap<String, Attributes> {
        if resource_type.name == USER.name { &mut self.users } else { &mut self.groups }
    }

    fn list(
        &mut self,
        resource_type: &'static ResourceType,
        mut query: Vec<(String, String)>,
        defect: Option<Defect>,
    ) -> Result<Answer, Error> {
        defects::query(defect, &mut query)?;
        let request = ListRequest::from_query(&query, resource_type)?;
        let all = self.of(resource_type).iter().map(|(id, attributes)| whole(resource_type, id, attributes));
        let matching = |resource: &Attributes| {
            let filter = request.filter.as_ref();
            filter.is_none_or(|filter| filter::matches(filter, resource, resource_type))
        };
        let found: Vec<_> =
            all.filter(matching).filter(|resource| defects::is_listed(defect, resource, &query)).collect();
        if found.is_empty() && request.filter.is_some() && defect == Some(Defect::NotFoundForNoHit) {
            return Ok(not_found());
        }
        let overlap = usize::from(defect == Some(Defect::PagesOverlap) && request.start_index > 1);
        let page = found.iter().skip(request.start_index - 1 - overlap).take(request.count);
        let page = page.map(|resource| {
            defects::shown(defect, request.projection.apply(resource.clone(), resource_type), resource)
        });
        let page: Vec<_> = page.map(Value::Object).collect();
        Ok(Answer { status: 200, body: Some(list_response(found.len(), request.start_index, page)) })
    }

    /// Whether another resource has the name that is unique.
    fn is_taken(&mut self, resource_type: &ResourceType, own_id: &str, attributes: &Attributes) -> bool {
        let name = if resource_type.name == USER.name { "userName" } else { "displayName" };
        let key = |attributes: &Attributes| attributes.get(name).and_then(Value::as_str).map(str::to_lowercase);
        let wanted = key(attributes);
        self.of(resource_type).iter().any(|(id, other)| id != own_id && key(other) == wanted)
    }

    fn create(
        &mut self,
        resource_type: &'static ResourceType,
        body: &[u8],
        defect: Option<Defect>,
    ) -> Result<Answer, Error> {
        let mut sent = scim_json::parse_object(body)?;
        defects::body(defect, &mut sent)?;
        let Parsed { attributes, members, .. } = resource::parse(sent, resource_type)?;
        let attributes = with_members(attributes, &Attributes::new(), &members);
        if self.is_taken(resource_type, "", &attributes) && defect != Some(Defect::Duplicates) {
            return Ok(refusal(409, Some("uniqueness"), "the name is taken"));
        }
        let id = self.new_id();
        let attributes = defects::stored(defect, attributes);
        let resource = whole(resource_type, &id, &attributes);
        self.of(resource_type).insert(id, attributes);
        Ok(Answer { status: 201, body: Some(Value::Object(defects::shown(defect, resource.clone(), &resource))) })
    }

    fn one(
        &mut self,
        method: &Method,
        resource_type: &'static ResourceType,
        id: &str,
        query: &[(String, String)],
        body: &[u8],
        defect: Option<Defect>,
    ) -> Result<Answer, Error> {
        let Some(current) = self.of(resource_type).get(id).cloned() else {
            let twice = *method == Method::DELETE && defect == Some(Defect::DeletesTwice);
            return Ok(if twice { Answer { status: 204, body: None } } else { not_found() });
        };
        let attributes = match *method {
            Method::GET => current.clone(),
            Method::DELETE => {
                if defect != Some(Defect::DeletesNothing) {
                    self.of(resource_type).remove(id);
                }
                return Ok(Answer { status: 204, body: None });
            }
            Method::PUT => {
                let mut sent = scim_json::parse_object(body)?;
                defects::body(defect, &mut sent)?;
                let Parsed { attributes, members, .. } = resource::parse(sent, resource_type)?;
                with_members(attributes, &current, &members.whole())
            }
            Method::PATCH => {
                let mut sent = scim_json::parse_object(body)?;
                defects::operations(defect, &mut sent, &current)?;
                let patch = patch::parse(&sent, resource_type)?;
                with_members(patch::apply(&patch, &current, resource_type)?.attributes, &current, patch.members())
            }
            _ => return Ok(refusal(405, None, "no such method")),
        };
        if self.is_taken(resource_type, id, &attributes) && defect != Some(Defect::Duplicates) {
            return Ok(refusal(409, Some("uniqueness"), "the name is taken"));
        }
        if *method != Method::GET {
            let stored = defects::stored(defect, attributes.clone());
            self.of(resource_type).insert(id.to_owned(), stored);
            if defect == Some(Defect::DisablingLeavesGroups) && attributes.get("active") == Some(&json!(false)) {
                self.leave_groups(id);
            }
        }
        let resource = whole(resource_type, id, &attributes);
        let request = ListRequest::from_query(query, resource_type)?;
        let projected = request.projection.apply(resource.clone(), resource_type);
        Ok(Answer { status: 200, body: Some(Value::Object(defects::shown(defect, projected, &resource))) })
    }

    fn leave_groups(&mut self, member: &str) {
        for group in self.groups.values_mut() {
            if let Some(members) = group.get_mut("members").and_then(Value::as_array_mut) {
                members.retain(|held| held["value"].as_str() != Some(member));
            }
        }
    }
}

/// The resource as it is compared and shown.
fn whole(resource_type: &'static ResourceType, id: &str, attributes: &Attributes) -> Attributes {
    let mut resource = attributes.clone();
    resource.insert("schemas".to_owned(), resource::schemas_of(resource_type, attributes).into());
    resource.insert("id".to_owned(), id.into());
    let time = "2026-01-01T00:00:00Z";
    let meta = json!({ "resourceType": resource_type.name, "created": time, "lastModified": time });
    resource.insert("meta".to_owned(), meta);
    resource
}

/// The members that a group has after a body, as a list beside its attributes.
fn with_members(mut attributes: Attributes, current: &Attributes, members: &Members) -> Attributes {
    let held = current.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut list: Vec<_> = held
        .iter()
        .filter(|member| {
            let edit = member["value"].as_str().and_then(|id| members.edits().get(id));
            edit.map_or(!members.replaces(), |edit| *edit == Edit::Add)
        })
        .cloned()
        .collect();
    for id in members.edits().iter().filter(|(_, edit)| **edit == Edit::Add).map(|(id, _)| id) {
        if !list.iter().any(|member| member["value"] == id.as_str()) {
            list.push(json!({ "value": id, "type": "User" }));
        }
    }
    attributes.remove("members");
    if !list.is_empty() {
        attributes.insert("members".to_owned(), list.into());
    }
    attributes
}
