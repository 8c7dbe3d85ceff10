//! Questions to the control address of the provider.

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::error::Error;

/// Sends `body`, if there is one, to a path and returns the answer; one that is not 200 is an error.
pub(super) async fn ask(authority: &str, path: &str, body: Option<&Value>) -> Result<Value, Error> {
    let failed = |output: String| Error::Failed { what: format!("the OpenID provider at {path}"), output };
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(error.to_string()))?;
    let connection = tokio::spawn(connection);
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder().method(method).uri(path).header("host", authority).body(Full::<Bytes>::from(body));
    let request = request.map_err(|error| failed(error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(|error| failed(error.to_string()))?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|error| failed(error.to_string()))?.to_bytes();
    connection.abort();
    if status != 200 {
        return Err(failed(format!("{status}: {}", String::from_utf8_lossy(&body))));
    }
    serde_json::from_slice(&body).map_err(|error| failed(error.to_string()))
}
