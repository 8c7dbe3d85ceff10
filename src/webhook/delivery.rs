//! One request to the receiver, within a deadline, and what its answer means.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Method, Request, Uri};
use hyper::body::Bytes;

use super::envelope::MEDIA_TYPE;
use crate::egress::{EgressClient, EgressError};

/// How long one request may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// What came of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeliveryAttempt {
    /// The receiver has it.
    Taken,
    /// The receiver does not want it, now or later.
    Refused(String),
    /// It may take it later.
    Failed(String),
}

/// What sends requests to one address.
pub(super) struct Courier {
    client: EgressClient,
    uri: Uri,
}

impl Courier {
    pub(super) fn new(uri: Uri, deadline: Duration) -> Result<Self, EgressError> {
        Ok(Self { client: EgressClient::new(deadline)?, uri })
    }

    pub(super) async fn send(&self, body: &str, signature: Option<[(&'static str, String); 3]>) -> DeliveryAttempt {
        let mut request = Request::builder().method(Method::POST).uri(&self.uri).header(CONTENT_TYPE, MEDIA_TYPE);
        for (name, value) in signature.into_iter().flatten() {
            request = request.header(name, value);
        }
        let request = match request.body(Bytes::from(body.to_owned())) {
            Ok(request) => request,
            Err(error) => return DeliveryAttempt::Refused(error.to_string()),
        };
        match self.client.send(request).await {
            Ok(answer) => judge(answer.status().as_u16()),
            Err(reason) => DeliveryAttempt::Failed(reason),
        }
    }
}

/// What a status means. A receiver that is overloaded or broken may take the notice later.
fn judge(status: u16) -> DeliveryAttempt {
    match status {
        200..=299 => DeliveryAttempt::Taken,
        408 | 425 | 429 | 500..=599 => DeliveryAttempt::Failed(format!("it answers {status}")),
        _ => DeliveryAttempt::Refused(format!("it answers {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_try_again() {
        for (status, is_taken, may_come_again) in [
            (200, true, false),
            (204, true, false),
            (301, false, false),
            (400, false, false),
            (401, false, false),
            (408, false, true),
            (410, false, false),
            (429, false, true),
            (500, false, true),
            (503, false, true),
        ] {
            let attempt = judge(status);
            assert_eq!(attempt == DeliveryAttempt::Taken, is_taken, "{status}");
            assert_eq!(matches!(attempt, DeliveryAttempt::Failed(_)), may_come_again, "{status}");
        }
    }
}
