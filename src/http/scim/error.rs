//! The one mapping from what went wrong to HTTP.
//!
//! What a status does to Entra decides it: 401 and 403 quarantine the whole job, so they mean
//! credentials and scope and nothing else; what an administrator can mend is a 400 with a sentence; what may heal by
//! itself is a 503 with `Retry-After`. The sentence of a 5xx explains nothing, save where an administrator can end it: the
//! reason is in the log.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, RETRY_AFTER as RETRY_AFTER_HEADER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};

use super::answer;
use super::limits::{MAX_BODY, MAX_RETRY_AFTER_BRAKED, RETRY_AFTER, RETRY_AFTER_DISABLED};
use crate::http::edge::limits::{MAX_HEADER_BYTES, MAX_URL};
use crate::http::edge::{Answer, Refused, Why};
use crate::http::keys::{AuthenticationFailure, KeyRefusal};
use crate::provisioning;
use crate::redaction::{unquoted, without_values};
use crate::scim;
use crate::store;

/// One for every refusal of credentials: a scanner learns nothing from it.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"rollcall\"");
const NOT_FOUND: &str = "there is no endpoint at this address of the directory";

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum Failure {
    /// The path is not below a Directory.
    NoDirectory,
    /// The Directory has no such endpoint.
    NoEndpoint,
    /// What the edge refuses.
    Edge(Refused),
    /// Announced as unsupported; the sentence.
    Unsupported(&'static str),
    /// The credentials do not open the Directory.
    Credentials(AuthenticationFailure),
    /// The same, too often from one source; when the next attempt is welcome.
    TooManyFailures(AuthenticationFailure, Duration),
    /// The key is good and lacks the scope.
    Scope,
    /// The key is good, and its Directory is not there or cannot be read.
    DirectoryGone,
    /// The body has another media type.
    MediaType(String),
    /// The body is encoded.
    Encoding,
    /// The body is too large.
    BodyTooLarge,
    /// The body did not come in time.
    BodyTimeout,
    /// The body ended early.
    BodyBroken,
    /// The Directory's provisioning is disabled.
    Disabled,
    /// The Directory is being deleted.
    Deleting,
    /// The operation took too long.
    Overdue,
    /// Too many writes are being carried out.
    TooManyWrites,
    /// The operation said no.
    Operation(provisioning::Error),
}

impl From<provisioning::Error> for Failure {
    fn from(error: provisioning::Error) -> Self {
        Self::Operation(error)
    }
}

impl From<KeyRefusal> for Failure {
    fn from(refusal: KeyRefusal) -> Self {
        match refusal {
            KeyRefusal::Credentials(reason) => Self::Credentials(reason),
            KeyRefusal::TooManyFailures(reason, pause) => Self::TooManyFailures(reason, pause),
            KeyRefusal::Scope => Self::Scope,
            KeyRefusal::DirectoryGone => Self::DirectoryGone,
        }
    }
}

impl From<scim::Error> for Failure {
    fn from(error: scim::Error) -> Self {
        Self::Operation(error.into())
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Operation(error.into())
    }
}

/// What the client is told.
struct Told {
    status: StatusCode,
    scim_type: Option<&'static str>,
    detail: String,
    /// What the log says in place of the detail, where that is not our own sentence.
    logged: Option<&'static str>,
    header: Option<(HeaderName, HeaderValue)>,
}

fn told(status: StatusCode, detail: impl Into<String>) -> Told {
    Told { status, scim_type: None, detail: detail.into(), logged: None, header: None }
}

impl Told {
    fn with(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    fn retry_after(self, pause: Duration) -> Self {
        // Rounded up: who comes back a fraction of a second early is refused once more.
        let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
        self.with(RETRY_AFTER_HEADER, seconds.max(1).into())
    }
}

impl Failure {
    /// The answer, and with it what the log is told.
    pub(super) fn answer(&self) -> Answer {
        let Told { status, scim_type, detail, logged, header } = self.told();
        let mut answer = answer::error(status, scim_type, &detail);
        // The sentence of a 5xx is the same for all of them, and the reason says more.
        let detail = (!status.is_server_error()).then(|| logged.map_or_else(|| unquoted(&detail), str::to_owned));
        answer.extensions_mut().insert(Why { scim_type, detail, reason: self.reason(), ..Why::default() });
        if let Some((name, value)) = header {
            answer.headers_mut().insert(name, value);
        }
        if self.leaves_body_unread() {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    /// For the log; nothing where the client was told everything.
    fn reason(&self) -> Option<String> {
        match self {
            Self::Credentials(reason) | Self::TooManyFailures(reason, _) => Some(reason.as_str().to_owned()),
            Self::DirectoryGone => Some(AuthenticationFailure::UnknownDirectory.as_str().to_owned()),
            Self::Disabled => Some("provisioning is disabled".to_owned()),
            Self::Deleting => Some("the directory is being deleted".to_owned()),
            Self::Overdue => Some("the operation took too long".to_owned()),
            Self::TooManyWrites => Some("too many writes at once".to_owned()),
            Self::Edge(Refused::Panic) => Some("panic".to_owned()),
            Self::Operation(provisioning::Error::Braked { .. }) => Some("the brake on mass deletion is on".to_owned()),
            Self::Operation(error @ (provisioning::Error::Unavailable { .. } | provisioning::Error::Broken(_))) => {
                Some(without_values(&error.to_string()))
            }
            _ => None,
        }
    }

    fn leaves_body_unread(&self) -> bool {
        matches!(self, Self::BodyTooLarge | Self::BodyTimeout | Self::BodyBroken)
    }

    fn told(&self) -> Told {
        match self {
            Self::NoDirectory => {
                told(StatusCode::NOT_FOUND, "SCIM is served under /scim/v2/NAMESPACE/DIRECTORY: check the tenant URL")
            }
            Self::NoEndpoint => told(StatusCode::NOT_FOUND, NOT_FOUND),
            Self::Unsupported(sentence) => told(StatusCode::NOT_IMPLEMENTED, *sentence),
            Self::Credentials(_) => told(StatusCode::UNAUTHORIZED, "the credentials do not open this directory")
                .with(WWW_AUTHENTICATE, CHALLENGE),
            Self::TooManyFailures(_, pause) => {
                told(StatusCode::TOO_MANY_REQUESTS, "too many failed authentications from this address")
                    .retry_after(*pause)
            }
            Self::Scope => told(StatusCode::FORBIDDEN, "the key does not have the scope provision"),
            Self::Edge(refused) => edge(refused),
            Self::MediaType(given) => Told {
                logged: Some("a body is application/scim+json or application/json"),
                ..told(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    format!("a body is application/scim+json or application/json, not {given}"),
                )
            },
            Self::Encoding => told(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a body is sent without a Content-Encoding"),
            Self::BodyTooLarge => {
                told(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MAX_BODY} bytes"))
            }
            Self::BodyTimeout => told(StatusCode::REQUEST_TIMEOUT, "the body of the request did not come in time"),
            Self::BodyBroken => Told {
                scim_type: Some("invalidSyntax"),
                ..told(StatusCode::BAD_REQUEST, "the body of the request ended before it was complete")
            },
            Self::Disabled => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "provisioning is disabled for this directory; send the change again when it is enabled",
            )
            .retry_after(RETRY_AFTER_DISABLED),
            Self::Deleting => told(
                StatusCode::SERVICE_UNAVAILABLE,
                "this directory is being deleted; send the request again when there is another one of its name",
            )
            .retry_after(RETRY_AFTER_DISABLED),
            Self::DirectoryGone | Self::Overdue | Self::TooManyWrites => unavailable(),
            Self::Operation(error) => operation(error),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.answer()
    }
}

fn edge(refused: &Refused) -> Told {
    match refused {
        Refused::Method(allow) => told(StatusCode::METHOD_NOT_ALLOWED, format!("this endpoint takes {allow}")),
        Refused::UrlTooLong => {
            let sentence = format!("the URL is longer than {MAX_URL} bytes: send a long filter to .search instead");
            told(StatusCode::URI_TOO_LONG, sentence)
        }
        Refused::HeadersTooLarge => told(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the headers are larger than {MAX_HEADER_BYTES} bytes"),
        ),
        Refused::NoHost => Told {
            scim_type: Some("invalidSyntax"),
            ..told(
                StatusCode::BAD_REQUEST,
                "a request of HTTP/1.1 has one header Host, and this one has none or several",
            )
        },
        Refused::Panic => broken(),
    }
}

fn unavailable() -> Told {
    told(StatusCode::SERVICE_UNAVAILABLE, "the service cannot answer at the moment; send the request again later")
        .retry_after(RETRY_AFTER)
}

fn broken() -> Told {
    let sentence = "the server could not carry out the request; its log says why under the X-Request-Id of this answer";
    told(StatusCode::INTERNAL_SERVER_ERROR, sentence)
}

fn operation(error: &provisioning::Error) -> Told {
    match error {
        provisioning::Error::Scim(scim) => {
            let status = StatusCode::from_u16(scim.status()).unwrap_or(StatusCode::BAD_REQUEST);
            Told { scim_type: scim.scim_type(), ..told(status, scim.to_string()) }
        }
        // The API server quotes what it refuses as it likes.
        provisioning::Error::Refused(message) => Told {
            scim_type: Some("invalidValue"),
            logged: Some("the API server refuses the object"),
            ..told(StatusCode::BAD_REQUEST, message)
        },
        provisioning::Error::NotFound => told(StatusCode::NOT_FOUND, error.to_string()),
        provisioning::Error::Taken { .. } => {
            Told { scim_type: Some("uniqueness"), ..told(StatusCode::CONFLICT, error.to_string()) }
        }
        provisioning::Error::Deactivated(refusal) | provisioning::Error::Inactive(refusal) => {
            Told { detail: error.to_string(), ..operation(refusal) }
        }
        provisioning::Error::PreconditionFailed => told(StatusCode::PRECONDITION_FAILED, error.to_string()),
        provisioning::Error::Braked { opens_in, .. } => {
            let pause = opens_in.unwrap_or(MAX_RETRY_AFTER_BRAKED).min(MAX_RETRY_AFTER_BRAKED);
            told(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).retry_after(pause)
        }
        provisioning::Error::Unavailable { .. } => unavailable(),
        provisioning::Error::Broken(_) => broken(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn check(failure: &Failure, status: u16, scim_type: Option<&str>, header: Option<(&str, &str)>) -> String {
        let answer = failure.answer();
        assert_eq!(answer.status(), status, "{failure:?}");
        assert_eq!(answer.headers()["content-type"], "application/scim+json");
        if let Some((name, value)) = header {
            assert_eq!(answer.headers()[name], value, "{failure:?}");
        }
        let body: Value = serde_json::from_slice(&answer::bytes(answer)).expect("JSON");
        assert_eq!(
            (&body["status"], body["scimType"].as_str()),
            (&status.to_string().into(), scim_type),
            "{failure:?}"
        );
        let detail = body["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.len() > 20, "{failure:?}: {detail:?} is no sentence");
        detail
    }

    #[test]
    fn every_failure_has_its_status() {
        let second = Duration::from_millis(300);
        let expired = AuthenticationFailure::Expired;
        let unavailable = store::Error::Unavailable { reason: "the watch of directoryusers is silent".to_owned() };
        let forbidden = store::Error::Forbidden("the API server says 403: no right to create".to_owned());
        let taken = provisioning::Error::Taken {
            attribute: "userName".to_owned(),
            holder: provisioning::error::TakenBy::Resource("ada-1".to_owned()),
        };
        let invalid = scim::Error::InvalidFilter("the filter ends too early, after \"userName\"".to_owned());
        let braked = |opens_in| provisioning::Error::Braked { deleted: 50, limit: 50, opens_in }.into();
        let large = scim::Error::TooLarge("a request has at most 10,000 operations".to_owned());
        for (failure, status, scim_type, header) in [
            (Failure::NoDirectory, 404, None, None),
            (Failure::NoEndpoint, 404, None, None),
            (Failure::Edge(Refused::Method("GET, HEAD".to_owned())), 405, None, None),
            (Failure::Edge(Refused::UrlTooLong), 414, None, None),
            (Failure::Edge(Refused::HeadersTooLarge), 431, None, None),
            (Failure::Edge(Refused::NoHost), 400, Some("invalidSyntax"), None),
            (Failure::Edge(Refused::Panic), 500, None, None),
            (Failure::Unsupported("groups are not provisioned yet"), 501, None, None),
            (Failure::Credentials(expired), 401, None, Some(("www-authenticate", "Bearer realm=\"rollcall\""))),
            (Failure::TooManyFailures(expired, second), 429, None, Some(("retry-after", "1"))),
            (Failure::Scope, 403, None, None),
            (Failure::DirectoryGone, 503, None, Some(("retry-after", "5"))),
            (Failure::MediaType("text/plain".to_owned()), 415, None, None),
            (Failure::Encoding, 415, None, None),
            (Failure::BodyTooLarge, 413, None, Some(("connection", "close"))),
            (Failure::BodyTimeout, 408, None, Some(("connection", "close"))),
            (Failure::BodyBroken, 400, Some("invalidSyntax"), None),
            (Failure::Disabled, 503, None, Some(("retry-after", "300"))),
            (Failure::Deleting, 503, None, Some(("retry-after", "300"))),
            (Failure::Overdue, 503, None, Some(("retry-after", "5"))),
            (Failure::TooManyWrites, 503, None, Some(("retry-after", "5"))),
            (unavailable.into(), 503, None, Some(("retry-after", "5"))),
            (forbidden.into(), 503, None, Some(("retry-after", "5"))),
            (invalid.clone().into(), 400, Some("invalidFilter"), None),
            (large.into(), 413, None, None),
            (provisioning::Error::Refused("spec.scim.x: Too long".to_owned()).into(), 400, Some("invalidValue"), None),
            (provisioning::Error::NotFound.into(), 404, None, None),
            (taken.into(), 409, Some("uniqueness"), None),
            (
                provisioning::Error::Deactivated(Box::new(invalid.clone().into())).into(),
                400,
                Some("invalidFilter"),
                None,
            ),
            (provisioning::Error::PreconditionFailed.into(), 412, None, None),
            (braked(Some(Duration::from_millis(1500))), 503, None, Some(("retry-after", "2"))),
            (braked(Some(Duration::from_secs(3000))), 503, None, Some(("retry-after", "300"))),
            (braked(None), 503, None, Some(("retry-after", "300"))),
            (provisioning::Error::Broken("secrets is forbidden".to_owned()).into(), 500, None, None),
        ] {
            check(&failure, status, scim_type, header);
        }
    }

    #[test]
    fn the_reason_of_a_5xx_is_for_the_log_alone() {
        for error in [
            provisioning::Error::Unavailable { reason: "etcd-7 is away".to_owned() },
            provisioning::Error::Broken("etcd-7 is away".to_owned()),
        ] {
            let failure = Failure::from(error);
            let status = failure.answer().status().as_u16();
            assert!(!check(&failure, status, None, None).contains("etcd-7"));
            assert_eq!(failure.reason().as_deref(), Some("etcd-7 is away"));
        }
        let denied = "admission webhook \"x\" denied the request: ada@contoso.example has no title".to_owned();
        let reason = Failure::from(provisioning::Error::Broken(denied)).reason().expect("a reason");
        assert!(!reason.contains("ada"), "{reason}");
    }

    #[test]
    fn the_log_is_told_the_sentence_without_what_it_quotes() {
        for (sentence, expected) in [
            ("userName is required", "userName is required"),
            ("userType \"premium\" is not allowed", "userType … is not allowed"),
        ] {
            let failure = Failure::from(scim::Error::InvalidValue(sentence.to_owned()));
            let why = failure.answer().extensions().get::<Why>().cloned().expect("it is told");
            let expected = Why { scim_type: Some("invalidValue"), detail: Some(expected.to_owned()), ..Why::default() };
            assert_eq!(why, expected, "{sentence}");
        }
        let refused = provisioning::Error::Refused("spec.scim.title: Invalid value: ada".to_owned());
        for failure in [refused.into(), Failure::MediaType("ada".to_owned())] {
            let why = failure.answer().extensions().get::<Why>().cloned().expect("it is told");
            assert!(!why.detail.expect("a sentence").contains("ada"), "{failure:?}");
        }
    }

    #[test]
    fn refused_credentials_are_told_alike() {
        let told = |reason| {
            let answer = Failure::Credentials(reason).answer();
            (answer.headers().clone(), answer::bytes(answer))
        };
        assert_eq!(told(AuthenticationFailure::Expired), told(AuthenticationFailure::Revoked));
        assert_eq!(Failure::Credentials(AuthenticationFailure::Expired).reason().as_deref(), Some("expired"));
    }
}
