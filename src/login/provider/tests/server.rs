//! A provider on loopback that answers as a test says, over TLS, and remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::signer::OWN;

pub const TENANT: &str = "7b0cf7f3-5f5c-4c0b-9d4f-0a5f8a1a2c3d";

/// What is answered.
pub enum Answer {
    Json(Value),
    Status(u16, Value),
    Redirect(String),
    Bytes(Vec<u8>),
    Never,
}

type Behaviour = Box<dyn Fn(&str, &str) -> Option<Answer> + Send + Sync>;

pub struct Server {
    pub address: SocketAddr,
    /// The authority that vouches for it, in PEM.
    pub ca_bundle: String,
    behaviour: Arc<Mutex<Behaviour>>,
    requests: Arc<Mutex<Vec<(String, String)>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let (ca_bundle, acceptor) = certificate();
        let nothing: Behaviour = Box::new(|_, _| None);
        let behaviour = Arc::new(Mutex::new(nothing));
        let requests = Arc::default();
        let serving = serve(listener, acceptor, address, (Arc::clone(&behaviour), Arc::clone(&requests)));
        Self { address, ca_bundle, behaviour, requests, task: tokio::spawn(serving) }
    }

    /// Answers by path and body; None is the usual answer.
    pub fn behave(&self, behaviour: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static) {
        *self.behaviour.lock() = Box::new(behaviour);
    }

    /// Host and port, as the flag names them.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    pub fn authority(&self) -> String {
        format!("https://{}/{TENANT}", self.host())
    }

    pub fn issuer(&self) -> String {
        format!("{}/v2.0", self.authority())
    }

    /// How often a path with this end was asked for.
    pub fn count(&self, end: &str) -> usize {
        self.requests.lock().iter().filter(|(path, _)| path.ends_with(end)).count()
    }

    /// Forgets what it was asked.
    pub fn clear(&self) {
        self.requests.lock().clear();
    }

    /// The last body that went to a path with this end.
    pub fn last_body(&self, end: &str) -> String {
        let requests = self.requests.lock();
        requests.iter().rev().find(|(path, _)| path.ends_with(end)).map(|(_, body)| body.clone()).expect("a request")
    }
}

pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const KEYS: &str = "/discovery/v2.0/keys";
pub const TOKEN: &str = "/oauth2/v2.0/token";

pub fn document(host: &str) -> Value {
    let base = format!("https://{host}/{TENANT}");
    json!({
        "issuer": format!("{base}/v2.0"), "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}{TOKEN}"), "jwks_uri": format!("{base}{KEYS}"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"), "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
    })
}

type Shared = (Arc<Mutex<Behaviour>>, Arc<Mutex<Vec<(String, String)>>>);

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, address: SocketAddr, shared: Shared) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request| answer(request, address, shared.clone()));
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    address: SocketAddr,
    (behaviour, requests): Shared,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    requests.lock().push((path.clone(), body.clone()));
    let wanted = behaviour.lock()(&path, &body);
    let wanted = wanted.unwrap_or_else(|| match path {
        path if path.ends_with(DISCOVERY) => Answer::Json(document(&format!("localhost:{}", address.port()))),
        path if path.ends_with(KEYS) => Answer::Json(json!({ "keys": [OWN.to_json()] })),
        _ => Answer::Status(404, json!({})),
    });
    let response = |status: u16, body: Vec<u8>| {
        let response = Response::builder().status(status).header("content-type", "application/json");
        response.body(Full::new(Bytes::from(body))).expect("a response")
    };
    Ok(match wanted {
        Answer::Json(json) => response(200, json.to_string().into_bytes()),
        Answer::Status(status, json) => response(status, json.to_string().into_bytes()),
        Answer::Bytes(bytes) => response(200, bytes),
        Answer::Redirect(location) => {
            let response = Response::builder().status(StatusCode::FOUND).header("location", location);
            response.body(Full::default()).expect("a response")
        }
        Answer::Never => std::future::pending().await,
    })
}

fn certificate() -> (String, TlsAcceptor) {
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let root = authority.self_signed(&authority_key).expect("an authority").pem();
    let key = KeyPair::generate().expect("a key");
    let issuer = Issuer::new(authority, authority_key);
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters").signed_by(&key, &issuer);
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.expect("a certificate").der().clone()], private)
        .expect("a certificate and its key");
    (root, TlsAcceptor::from(Arc::new(config)))
}
