//! A client that sends exactly the headers that it is told to send, over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::places::HOST;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the application was sent, if it is the application that has answered.
    pub(crate) fn sent(&self) -> Option<Value> {
        serde_json::from_slice::<Value>(&self.body).ok().filter(|sent| sent["application"] == true)
    }
}

/// What goes out.
pub(crate) struct Message<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

pub(crate) struct Client {
    connector: TlsConnector,
    address: SocketAddr,
}

impl Client {
    /// A client that trusts this certificate alone.
    pub(crate) fn new(certificate: CertificateDer<'static>, address: SocketAddr) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { connector: TlsConnector::from(Arc::new(config)), address }
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(self.address).await?;
        Ok(self.connector.connect(ServerName::try_from(HOST)?, stream).await?)
    }

    /// Sends a request as it is written, which asks for the end of the connection, and reads up to that.
    pub(crate) async fn send_text(&self, text: &str) -> Result<String, Box<dyn std::error::Error>> {
        let mut stream = self.connect().await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        // Not everybody says good-bye before the connection ends.
        drop(stream.read_to_end(&mut answer).await);
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Sends a message and reads the answer. On a connection that was upgraded `echo` is sent, and the answer's body is what
    /// comes back.
    pub(crate) async fn send(&self, message: &Message<'_>, echo: &[u8]) -> Result<Answer, Box<dyn std::error::Error>> {
        let stream = self.connect().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::builder().method(message.method).uri(message.target).header("host", HOST);
        for (name, value) in message.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::<Bytes>::from(message.body.to_owned()))?;
        let answer = sender.send_request(request).await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        if status == 101 {
            let mut stream = TokioIo::new(hyper::upgrade::on(answer).await?);
            stream.write_all(echo).await?;
            let mut body = vec![0; echo.len()];
            stream.read_exact(&mut body).await?;
            return Ok(Answer { status, headers, body });
        }
        let body = answer.into_body().collect().await?.to_bytes().to_vec();
        Ok(Answer { status, headers, body })
    }
}
