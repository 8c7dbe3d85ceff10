//! A SCIM server in memory: as much of one as a provisioning job needs, and the defects that servers really have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rollcall::simulator::mapping::TargetPath;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Nothing.
    None,
    /// Every third request is answered 429, which is no defect.
    Throttles,
    /// `active` is returned as text.
    ActiveAsText,
    /// `Add emails[type eq "work"].value` appends a second element.
    AppendsOnFilteredAdd,
    /// `Remove members` with a value removes everybody.
    EmptiesGroupOnRemove,
    /// Members are returned although they are excluded.
    ReturnsMembers,
    /// A new user is not found by the first two filters.
    LagsAfterCreate,
    /// A schema URN is split at the dot in its version.
    SplitsUrnAtDot,
    /// Inactive users are left out of filters.
    HidesInactive,
    /// E-mail addresses are stored in lower case.
    LowersMail,
    /// A filter that matches nothing is answered 404.
    NotFoundForNothing,
    /// Of several members in one operation only the first is added.
    KeepsFirstMember,
    /// Members are cut after so many as three.
    CutsMembers,
    /// Groups are not implemented.
    NoGroups,
    /// Dotted keys of a pathless value are stored as they are.
    IgnoresDottedKeys,
    /// Capitalised operations are refused.
    RefusesCapitals,
    /// Every PATCH is a server error.
    BreaksOnPatch,
    /// The manager is stored as the bare text.
    ManagerAsText,
    /// Deactivation deletes the user.
    DeletesOnDisable,
    /// Deactivation removes the user from its groups.
    LeavesGroupsOnDisable,
    /// A DELETE is answered 204 and nothing happens.
    IgnoresDelete,
    /// The second POST of a userName creates a second user, and filters by externalId find nothing.
    ForgetsExternalId,
    /// The token is refused.
    RefusesToken,
    /// What is no SCIM at all is answered.
    SpeaksHtml,
    /// Connections are closed without an answer.
    HangsUp,
    /// The same from the 70th request on.
    HangsUpLater,
}

#[derive(Default)]
struct State {
    users: BTreeMap<String, Value>,
    groups: BTreeMap<String, Value>,
    last_id: usize,
    filters_until_found: BTreeMap<String, usize>,
}

/// A running server; it ends with the runtime of the test.
pub(crate) struct Server {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    defect: Mutex<Defect>,
    operations: Mutex<Vec<String>>,
    state: Mutex<State>,
    requests: AtomicUsize,
    /// Requests that do not have the shape of Entra's.
    oddities: Mutex<Vec<String>>,
}

impl Server {
    pub(crate) async fn start(defect: Defect) -> Self {
        Self::start_on(defect, None).await
    }

    /// A server with this certificate.
    pub(crate) async fn start_tls(tls: TlsAcceptor) -> Self {
        Self::start_on(Defect::None, Some(tls)).await
    }

    async fn start_on(defect: Defect, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/scim", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            defect: Mutex::new(defect),
            operations: Mutex::default(),
            state: Mutex::default(),
            requests: AtomicUsize::new(0),
            oddities: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (Arc::clone(&serving), tls.clone());
                // Without it a body waits for the acknowledgement of its header.
                stream.set_nodelay(true).expect("a socket");
                tokio::spawn(async move {
                    match tls {
                        None => serve(shared, stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(shared, stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, shared }
    }

    /// How many users and groups there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.shared.state.lock();
        (state.users.len(), state.groups.len())
    }

    /// Puts a user there that no run made.
    pub(crate) fn add_user(&self, user: Value) -> String {
        self.shared.state.lock().create(true, user)["id"].as_str().expect("an id").to_owned()
    }

    /// Changes an attribute of a user behind the job's back.
    pub(crate) fn set(&self, id: &str, attribute: &str, value: Value) {
        self.shared.state.lock().users.get_mut(id).expect("a user")[attribute] = value;
    }

    /// Deletes a user behind the job's back.
    pub(crate) fn remove_user(&self, id: &str) {
        self.shared.state.lock().users.remove(id);
    }

    /// From now on the server has this defect.
    pub(crate) fn break_down(&self, defect: Defect) {
        *self.shared.defect.lock() = defect;
    }

    /// The server has no defect any more.
    pub(crate) fn heal(&self) {
        *self.shared.defect.lock() = Defect::None;
    }

    /// The operations of every PATCH since the last call.
    pub(crate) fn take_operations(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.operations.lock())
    }

    /// What was odd about the requests.
    pub(crate) fn oddities(&self) -> Vec<String> {
        self.shared.oddities.lock().clone()
    }
}

async fn serve(shared: Arc<Shared>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move {
            if shared.hangs_up() {
                return Err(std::io::Error::other("hung up"));
            }
            Ok(shared.answer(request).await)
        }
    });
    // A connection that breaks is the client's to tell.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

type Answer = (u16, Value);

fn error(status: u16, detail: &str) -> Answer {
    let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
    (status, json!({ "schemas": [schema], "status": status.to_string(), "detail": detail }))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl Shared {
    fn defect(&self) -> Defect {
        *self.defect.lock()
    }

    fn hangs_up(&self) -> bool {
        match self.defect() {
            Defect::HangsUp => true,
            Defect::HangsUpLater => self.requests.load(Ordering::Relaxed) >= 70,
            _ => false,
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        self.watch(&parts.method, &parts.headers);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        if self.defect() == Defect::Throttles && number % 3 == 2 {
            let answer = Response::builder().status(429).header(RETRY_AFTER, "0");
            return answer.body(Full::default()).expect("an answer");
        }
        let path = parts.uri.path().strip_prefix("/scim").unwrap_or_default().to_owned();
        let query: BTreeMap<_, _> = parts
            .uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect();
        let (status, json) = match self.defect() {
            Defect::RefusesToken => error(401, "no such token"),
            Defect::SpeaksHtml => (200, Value::Null),
            _ => self.dispatch(&parts.method, &path, &query, &body),
        };
        let text = if json.is_null() { String::new() } else { json.to_string() };
        let answer = Response::builder().status(status).header(CONTENT_TYPE, "application/scim+json");
        answer.body(Full::from(text)).expect("an answer")
    }

    /// Whether a request looks like Entra's.
    fn watch(&self, method: &Method, headers: &HeaderMap) {
        let mut oddities = self.oddities.lock();
        let is_write = *method == Method::POST || *method == Method::PATCH;
        let content_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
        if content_type.as_deref() != is_write.then_some("application/scim+json; charset=utf-8") {
            oddities.push(format!("{method} with Content-Type {content_type:?}"));
        }
        for name in [USER_AGENT, http::header::ACCEPT, http::header::IF_MATCH] {
            if headers.contains_key(&name) {
                oddities.push(format!("{method} with {name}"));
            }
        }
        if headers.get("adscimversion").is_none_or(|version| version != "6.0")
            || !headers.contains_key("activityid")
            || headers.get(AUTHORIZATION).is_none_or(|token| token != "Bearer t0ken")
        {
            oddities.push(format!("{method} without a header of Entra"));
        }
    }

    fn dispatch(&self, method: &Method, path: &str, query: &BTreeMap<String, String>, body: &[u8]) -> Answer {
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        let (is_user, id) = match parts.as_slice() {
            ["Users"] => (true, None),
            ["Users", id] => (true, Some(decoded(id))),
            ["Groups"] => (false, None),
            ["Groups", id] => (false, Some(decoded(id))),
            _ => return error(404, "no such endpoint"),
        };
        if !is_user && self.defect() == Defect::NoGroups {
            return error(501, "groups are not implemented");
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut state = self.state.lock();
        match (method.as_str(), id) {
            ("GET", None) => self.list(&mut state, is_user, query),
            ("GET", Some(id)) => match state.of(is_user).get(&id) {
                Some(resource) => (200, self.shown(resource, query.contains_key("excludedAttributes"))),
                None => error(404, "not found"),
            },
            ("POST", None) => self.post(&mut state, is_user, body),
            ("PATCH", Some(id)) => self.patch(&mut state, is_user, &id, &body),
            ("DELETE", Some(_)) if self.defect() == Defect::IgnoresDelete => (204, Value::Null),
            ("DELETE", Some(id)) => match state.of(is_user).remove(&id) {
                Some(_) => {
                    state.leave_groups(&id);
                    (204, Value::Null)
                }
                None => error(404, "not found"),
            },
            _ => error(405, "not allowed"),
        }
    }

    fn shown(&self, resource: &Value, without_members: bool) -> Value {
        let mut shown = resource.clone();
        if without_members && self.defect() != Defect::ReturnsMembers {
            shown.as_object_mut().expect("an object").remove("members");
        }
        if self.defect() == Defect::CutsMembers
            && let Some(members) = shown["members"].as_array_mut()
        {
            members.truncate(3);
        }
        if self.defect() == Defect::ActiveAsText
            && let Some(active) = shown.get("active").and_then(Value::as_bool)
        {
            shown["active"] = if active { "True" } else { "False" }.into();
        }
        shown
    }

    fn list(&self, state: &mut State, is_user: bool, query: &BTreeMap<String, String>) -> Answer {
        let State { users, groups, filters_until_found, .. } = state;
        let mut found: Vec<_> = if is_user { users.values().collect() } else { groups.values().collect() };
        if let Some(filter) = query.get("filter") {
            // An `eq` in brackets selects; the one behind them compares.
            let compared = filter.find("].").unwrap_or_default();
            let Some(at) = filter[compared..].find(" eq ") else { return error(400, "bad filter") };
            let (attribute, value) = (&filter[..compared + at], &filter[compared + at + 4..]);
            let Ok(value) = serde_json::from_str::<String>(value) else { return error(400, "bad filter") };
            if self.defect() == Defect::ForgetsExternalId && attribute == "externalId" {
                found.clear();
            }
            let target = TargetPath::parse(attribute).expect("an attribute");
            found.retain(|resource| {
                let has = target.read(resource).and_then(Value::as_str);
                has.is_some_and(|has| has.to_lowercase() == value.to_lowercase())
                    && !(self.defect() == Defect::HidesInactive && resource["active"] == false)
            });
            found.retain(|resource| {
                let left = filters_until_found.entry(resource["id"].to_string()).or_default();
                let is_hidden = *left > 0;
                *left = left.saturating_sub(1);
                !is_hidden
            });
            if found.is_empty() && self.defect() == Defect::NotFoundForNothing {
                return error(404, "nothing found");
            }
        }
        let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
        let (start, count) = (number("startIndex").unwrap_or(1), number("count").unwrap_or(100));
        let total = found.len();
        let page: Vec<_> =
            found.iter().skip(start - 1).take(count).map(|resource| self.shown(resource, true)).collect();
        let schema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
        let list = json!({ "schemas": [schema], "totalResults": total, "startIndex": start, "Resources": page });
        (200, list)
    }

    fn post(&self, state: &mut State, is_user: bool, mut body: Value) -> Answer {
        let key = if is_user { "userName" } else { "displayName" };
        let name = body[key].as_str().unwrap_or_default().to_lowercase();
        let is_taken = |other: &Value| other[key].as_str().unwrap_or_default().to_lowercase() == name;
        if state.of(is_user).values().any(is_taken) && self.defect() != Defect::ForgetsExternalId {
            return error(409, &format!("{key} is taken"));
        }
        self.lower_mail(&mut body);
        let created = state.create(is_user, body);
        if self.defect() == Defect::LagsAfterCreate {
            state.filters_until_found.insert(created["id"].to_string(), 2);
        }
        (201, self.shown(&created, false))
    }

    fn lower_mail(&self, resource: &mut Value) {
        if self.defect() == Defect::LowersMail {
            for email in resource.get_mut("emails").and_then(Value::as_array_mut).into_iter().flatten() {
                email["value"] = email["value"].as_str().unwrap_or_default().to_lowercase().into();
            }
        }
    }

    fn patch(&self, state: &mut State, is_user: bool, id: &str, body: &Value) -> Answer {
        let Some(resource) = state.of(is_user).get(id) else { return error(404, "not found") };
        let mut resource = resource.as_object().cloned().unwrap_or_default();
        if self.defect() == Defect::BreaksOnPatch {
            return error(500, "null pointer");
        }
        for operation in body["Operations"].as_array().into_iter().flatten() {
            let name = operation["op"].as_str().unwrap_or_default();
            self.operations.lock().push(name.to_owned());
            if self.defect() == Defect::RefusesCapitals && name != name.to_lowercase() {
                return error(400, &format!("the operation {name} is not known"));
            }
            self.operation(&mut resource, operation);
        }
        let mut resource = Value::Object(resource);
        self.lower_mail(&mut resource);
        if self.defect() == Defect::DeletesOnDisable && resource["active"] == false {
            state.users.remove(id);
            return (200, resource);
        }
        if self.defect() == Defect::LeavesGroupsOnDisable && resource["active"] == false {
            state.leave_groups(id);
        }
        let key = if is_user { "userName" } else { "displayName" };
        let lower = |value: &Value| value[key].as_str().unwrap_or_default().to_lowercase();
        if state.of(is_user).iter().any(|(other, value)| other != id && lower(value) == lower(&resource)) {
            return error(409, &format!("{key} is taken"));
        }
        state.of(is_user).insert(id.to_owned(), resource.clone());
        (200, self.shown(&resource, true))
    }

    fn operation(&self, resource: &mut Map<String, Value>, operation: &Value) {
        let name = operation["op"].as_str().unwrap_or_default().to_lowercase();
        let value = &operation["value"];
        match operation["path"].as_str() {
            Some(path) if path.starts_with("members") => self.members(resource, &name, path, value),
            Some(path) => self.set(resource, path, value),
            None => {
                for (path, value) in value.as_object().into_iter().flatten() {
                    if self.defect() == Defect::IgnoresDottedKeys && path.contains('.') {
                        resource.insert(path.clone(), value.clone());
                    } else {
                        self.set(resource, path, value);
                    }
                }
            }
        }
    }

    fn set(&self, resource: &mut Map<String, Value>, path: &str, value: &Value) {
        if self.defect() == Defect::SplitsUrnAtDot
            && let Some((schema, rest)) = path.strip_prefix("urn:").and_then(|rest| rest.split_once('.'))
        {
            resource.insert(format!("urn:{schema}"), json!({ rest: value }));
            return;
        }
        let value = match value.as_str() {
            Some(text) if path == "active" => Value::Bool(text.eq_ignore_ascii_case("true")),
            Some(id) if path.ends_with(":manager") && self.defect() != Defect::ManagerAsText => json!({ "value": id }),
            _ => value.clone(),
        };
        let target = TargetPath::parse(path).expect("a path");
        if self.defect() == Defect::AppendsOnFilteredAdd
            && path.starts_with("emails[")
            && let Some(emails) = resource.get_mut("emails").and_then(Value::as_array_mut)
        {
            emails.push(json!({ "type": "work", "value": value }));
            return;
        }
        target.write(resource, value);
    }

    fn members(&self, resource: &mut Map<String, Value>, name: &str, path: &str, value: &Value) {
        let members = resource.entry("members").or_insert_with(|| json!([])).as_array_mut().expect("a list");
        let ids: Vec<_> = match path.split_once(" eq ") {
            Some((_, id)) => vec![serde_json::from_str::<Value>(id.trim_end_matches(']')).unwrap_or_default()],
            None => value.as_array().into_iter().flatten().map(|member| member["value"].clone()).collect(),
        };
        match name {
            "remove" if self.defect() == Defect::EmptiesGroupOnRemove && path == "members" => members.clear(),
            "remove" => members.retain(|member| !ids.contains(&member["value"])),
            _ => {
                let most = if self.defect() == Defect::KeepsFirstMember { 1 } else { ids.len() };
                for id in ids.into_iter().take(most) {
                    if !members.iter().any(|member| member["value"] == id) {
                        members.push(json!({ "value": id, "type": "User" }));
                    }
                }
            }
        }
    }
}

impl State {
    fn of(&mut self, is_user: bool) -> &mut BTreeMap<String, Value> {
        if is_user { &mut self.users } else { &mut self.groups }
    }

    fn create(&mut self, is_user: bool, mut resource: Value) -> Value {
        self.last_id += 1;
        let id = format!("{:06}", self.last_id);
        resource["id"] = id.as_str().into();
        self.of(is_user).insert(id, resource.clone());
        resource
    }

    fn leave_groups(&mut self, id: &str) {
        for group in self.groups.values_mut() {
            if let Some(members) = group["members"].as_array_mut() {
                members.retain(|member| member["value"] != id);
            }
        }
    }
}
