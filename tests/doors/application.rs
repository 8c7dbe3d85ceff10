//! The application behind a proxy: it answers with what it was sent, and echoes on a WebSocket's connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::Server;

pub(crate) struct Application {
    pub(crate) server: Server,
    requests: Arc<AtomicUsize>,
}

impl Application {
    pub(crate) async fn start() -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let server = Server::start(move |request| {
            counter.fetch_add(1, Ordering::SeqCst);
            answer(request)
        })
        .await;
        Self { server, requests }
    }

    /// How many requests it has had.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn answer(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.headers().get("upgrade").is_some_and(|upgrade| upgrade == "websocket") {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let mut stream = TokioIo::new(upgraded);
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
        });
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        answer.headers_mut().insert("connection", "upgrade".parse().expect("a value"));
        answer.headers_mut().insert("upgrade", "websocket".parse().expect("a value"));
        // The answer to the key of RFC 6455, 1.3, which the client sends; HAProxy takes no handshake without it.
        answer.headers_mut().insert("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".parse().expect("a value"));
        return answer;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let headers: Vec<Value> = head
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let sent = json!({
        "application": true, "method": head.method.as_str(), "target": head.uri.to_string(), "headers": headers,
        "body": String::from_utf8_lossy(&body),
    });
    let mut answer = Response::new(Full::from(sent.to_string()));
    // The application's own refusals are its own business.
    if head.uri.path() == "/own-refusal" {
        *answer.status_mut() = StatusCode::UNAUTHORIZED;
    }
    answer
}
