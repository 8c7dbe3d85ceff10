//! Faults that a real API server does not produce on demand: a proxy in front of it that loses answers or refuses calls.

use std::sync::Arc;

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

/// The proxy. It ends with the runtime of its test.
pub(crate) struct Proxy {
    rules: Arc<Mutex<Vec<Rule>>>,
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
        let proxy = Self { rules: Arc::default(), address: listener.local_addr().expect("an address") };
        let rules = Arc::clone(&proxy.rules);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (rules, client, server) = (Arc::clone(&rules), client.clone(), server.clone());
                let service = service_fn(move |request| {
                    let (rules, client, server) = (Arc::clone(&rules), client.clone(), server.clone());
                    async move { pass(request, &rules, &client, &server).await }
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
