//! Faults that a real API server does not produce on demand: a proxy in front of it that loses answers or refuses calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::TryStreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Bytes;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is carried out, and the connection breaks before the answer.
    LoseAnswer,
    /// It is carried out, and the answer is 504.
    TimeOut,
    /// It is not carried out, and the answer is 503.
    Refuse,
    /// It is carried out, and the answer waits for [`Proxy::release`].
    Hold,
}

/// A fault that waits for its calls.
#[derive(Clone, Debug)]
struct Rule {
    method: Method,
    /// The plural of the kind.
    kind: &'static str,
    fault: Fault,
    /// How many calls it lets pass first.
    passing: usize,
    /// How many calls it still meets.
    left: usize,
}

/// The answers that are held back.
#[derive(Default)]
struct Held {
    count: AtomicUsize,
    released: Notify,
}

/// The proxy. It ends with the runtime of its test.
pub(crate) struct Proxy {
    rules: Arc<Mutex<Vec<Rule>>>,
    held: Arc<Held>,
    address: std::net::SocketAddr,
}

impl Proxy {
    /// Listens on loopback in front of the API server of `kubeconfig`, whose token it passes on.
    pub(crate) async fn start(kubeconfig: &Value) -> Self {
        let cluster = &kubeconfig["clusters"][0]["cluster"];
        let server = cluster["server"].as_str().expect("a server").to_owned();
        let authority =
            std::fs::read(cluster["certificate-authority"].as_str().expect("a path")).expect("an authority");
        let authority = reqwest::Certificate::from_pem_bundle(&authority).expect("certificates");
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only(authority).build().expect("a client");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy =
            Self { rules: Arc::default(), held: Arc::default(), address: listener.local_addr().expect("an address") };
        let (rules, held) = (Arc::clone(&proxy.rules), Arc::clone(&proxy.held));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (rules, held) = (Arc::clone(&rules), Arc::clone(&held));
                let (client, server) = (client.clone(), server.clone());
                let service = service_fn(move |request| {
                    let (rules, held) = (Arc::clone(&rules), Arc::clone(&held));
                    let (client, server) = (client.clone(), server.clone());
                    async move { pass(request, &rules, &held, &client, &server).await }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        proxy
    }

    /// The kubeconfig with the proxy in the API server's place.
    pub(crate) fn kubeconfig(&self, kubeconfig: &Value) -> Value {
        let mut kubeconfig = kubeconfig.clone();
        kubeconfig["clusters"][0]["cluster"] = json!({ "server": format!("http://{}", self.address) });
        kubeconfig
    }

    /// The next `calls` calls of this method to this kind meet the fault.
    pub(crate) fn inject(&self, method: &str, kind: &'static str, fault: Fault, calls: usize) {
        self.add(Rule { method: method.parse().expect("a method"), kind, fault, passing: 0, left: calls });
    }

    /// One call meets the fault, after `passing` others of its kind.
    pub(crate) fn inject_after(&self, passing: usize, method: &str, kind: &'static str, fault: Fault) {
        self.add(Rule { method: method.parse().expect("a method"), kind, fault, passing, left: 1 });
    }

    fn add(&self, rule: Rule) {
        self.rules.lock().push(rule);
    }

    /// How many faults still wait for a call.
    pub(crate) fn waiting(&self) -> usize {
        self.rules.lock().iter().map(|rule| rule.left).sum()
    }

    /// How many answers are held back.
    pub(crate) fn held(&self) -> usize {
        self.held.count.load(Ordering::Relaxed)
    }

    /// Lets all answers go that are held back.
    pub(crate) fn release(&self) {
        self.held.released.notify_waiters();
    }

    /// Takes back what still waits.
    pub(crate) fn clear(&self) {
        self.rules.lock().clear();
    }
}

fn fault_for(rules: &Mutex<Vec<Rule>>, method: &Method, path: &str) -> Option<Fault> {
    let mut rules = rules.lock();
    let meets =
        |rule: &&mut Rule| rule.left > 0 && rule.method == *method && path.split('/').any(|part| part == rule.kind);
    let rule = rules.iter_mut().find(meets)?;
    if rule.passing > 0 {
        rule.passing -= 1;
        return None;
    }
    rule.left -= 1;
    Some(rule.fault)
}

async fn pass(
    request: Request<Incoming>,
    rules: &Mutex<Vec<Rule>>,
    held: &Held,
    client: &reqwest::Client,
    server: &str,
) -> Result<Response<BoxBody<Bytes, reqwest::Error>>, Error> {
    let (parts, body) = request.into_parts();
    let fault = fault_for(rules, &parts.method, parts.uri.path());
    if fault == Some(Fault::Refuse) {
        return Ok(status(StatusCode::SERVICE_UNAVAILABLE));
    }
    let mut headers = parts.headers;
    headers.remove("host");
    let url = format!("{server}{}", parts.uri);
    let body = body.collect().await?.to_bytes();
    let answer = client.request(parts.method, url).headers(headers).body(body).send().await?;
    if fault == Some(Fault::Hold) {
        let mut released = std::pin::pin!(held.released.notified());
        released.as_mut().enable();
        held.count.fetch_add(1, Ordering::Relaxed);
        released.await;
        held.count.fetch_sub(1, Ordering::Relaxed);
    }
    match fault {
        Some(Fault::LoseAnswer) => Err("the answer is lost".into()),
        Some(Fault::TimeOut) => Ok(status(StatusCode::GATEWAY_TIMEOUT)),
        _ => {
            let mut passed = Response::builder().status(answer.status());
            for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
                passed = passed.header(name, value);
            }
            // A watch is an answer without end: it is passed on piece by piece.
            Ok(passed.body(StreamBody::new(answer.bytes_stream().map_ok(Frame::data)).boxed())?)
        }
    }
}

fn status(status: StatusCode) -> Response<BoxBody<Bytes, reqwest::Error>> {
    let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed();
    Response::builder().status(status).body(body).expect("a response")
}
