//! Bodies of the type `application/x-www-form-urlencoded`: the forms of our pages and the questions about tokens.

use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Bytes;
use tokio::time::timeout;

/// The type of such a body.
pub const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadableBody {
    /// It is of another type.
    Type,
    /// It is too large, or broke off: neither client reads on.
    TooLarge,
    /// It did not come in time.
    TooSlow,
}

/// The whole body, of at most `limit` bytes, which has until `deadline` to arrive.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize, deadline: Duration) -> Result<Bytes, UnreadableBody> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(URLENCODED) {
        return Err(UnreadableBody::Type);
    }
    let body = timeout(deadline, Limited::new(body, limit).collect()).await.map_err(|_| UnreadableBody::TooSlow)?;
    Ok(body.map_err(|_| UnreadableBody::TooLarge)?.to_bytes())
}
