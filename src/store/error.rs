//! What the API server answered, in the few words that decide what happens next.

use kube::core::Status;

use crate::redaction::missing_right;

/// Why a call to the API server did not do what it was for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 404.
    #[error("no such object")]
    NotFound,
    /// 409: the object has moved on since it was read.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// 409 on a create: an object of this name is there.
    #[error("an object of this name exists")]
    Exists,
    /// 410: the resourceVersion of a list or watch is too old, or newer than the whole cluster (which was set back to a
    /// backup).
    #[error("the resourceVersion is too old")]
    Gone,
    /// 400 or 422: the API server refuses the object itself; its own words.
    #[error("{0}")]
    Invalid(String),
    /// 413, or etcd's "request is too large".
    #[error("the object is larger than the cluster stores")]
    TooLarge,
    /// 429, 5xx, a time-out, a broken connection, a silent watch: may heal by itself.
    #[error("{reason}")]
    Unavailable {
        /// For the log.
        reason: String,
    },
    /// 403 of RBAC: a right is missing, or the API server has just started and has not read the roles yet. Whoever grants the
    /// right heals it.
    #[error("{0}")]
    Forbidden(String),
    /// What a repetition does not heal, such as a policy of the cluster that refuses a write.
    #[error("{0}")]
    Other(String),
}

/// What a refusal by the API server means. An answer that is no `Status` comes from something in between, or from a
/// server that does not know the kind; it has an empty reason.
///
/// The reason is looked at where two meanings share a code, the message only where the server gives no other sign.
pub(super) fn classify(status: &Status) -> Error {
    let message = status.message.as_str();
    match (status.code, status.reason.as_str()) {
        (404, "NotFound") => Error::NotFound,
        // Not the object is missing but the kind: its CustomResourceDefinition is not there (any more). Were this "no
        // such object", the provider would be told that everybody is gone.
        (404, _) => Error::Unavailable {
            reason: format!("the API server does not serve this kind: apply the files of crds/ ({})", message.trim()),
        },
        (409, "AlreadyExists") => Error::Exists,
        (409, _) => Error::Conflict,
        (410, _) => Error::Gone,
        // Writes are strict: the definitions lack a field that this version writes. No person's data is to blame, and the
        // definitions of this version heal it.
        (400, _) if message.contains("strict decoding error") => Error::Unavailable {
            reason: format!("the served kinds lack a field of this version: apply the files of crds/ ({message})"),
        },
        (400 | 422, _) => Error::Invalid(message.to_owned()),
        (413, _) => Error::TooLarge,
        // etcd's own limit, and that of the connection to it: neither has a code of its own.
        (500, _) if message.contains("request is too large") => Error::TooLarge,
        (500, _) if message.contains("trying to send message larger than max") => Error::TooLarge,
        (504, _) if message.contains("Too large resource version") => Error::Gone,
        (code @ (429 | 500..=599), _) => {
            Error::Unavailable { reason: format!("the API server says {code}: {message}") }
        }
        // A token or a client certificate that is over, or of another cluster.
        (401, _) => Error::Other(format!(
            "the API server does not accept the operator's credentials: renew the token or the client certificate of the \
             kubeconfig, or look at the service account of the pod (401: {message})"
        )),
        // The reason of a policy that refuses is "Forbidden" as well; its words are its own.
        (403, _) if missing_right(message).is_some() => Error::Forbidden(format!("the API server says 403: {message}")),
        (code, _) => Error::Other(format!("the API server says {code}: {message}")),
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => classify(&status),
            kube::Error::HyperError(_) | kube::Error::Service(_) => {
                Self::Unavailable { reason: format!("the API server cannot be reached: {}", with_causes(&error)) }
            }
            kube::Error::ReadEvents(_)
            // A token file that is being replaced, a credential plugin that cannot reach its issuer.
            | kube::Error::Auth(_) => Self::Unavailable { reason: with_causes(&error) },
            error => Self::Other(with_causes(&error)),
        }
    }
}

/// An error and its causes in one line: kube's and hyper's own texts end before the part that helps.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable(reason: &str) -> Error {
        Error::Unavailable { reason: reason.to_owned() }
    }

    #[test]
    fn answers_of_the_api_server_are_classified() {
        let cases = [
            ("no such object", 404, "NotFound", "users \"x\" not found", Error::NotFound),
            (
                "no such kind",
                404,
                "",
                "404 page not found",
                unavailable("the API server does not serve this kind: apply the files of crds/ (404 page not found)"),
            ),
            ("a create meets a namesake", 409, "AlreadyExists", "already exists", Error::Exists),
            ("a stale resourceVersion", 409, "Conflict", "the object has been modified", Error::Conflict),
            ("a precondition of a delete", 409, "Conflict", "Precondition failed: UID", Error::Conflict),
            ("a conflict without a reason", 409, "", "", Error::Conflict),
            ("an expired watch", 410, "Expired", "too old resource version", Error::Gone),
            ("a version of a cluster that was set back", 504, "Timeout", "Too large resource version: 9", Error::Gone),
            (
                "an unknown field",
                400,
                "BadRequest",
                "strict decoding error: unknown field \"spec.x\"",
                unavailable(
                    "the served kinds lack a field of this version: apply the files of crds/ (strict decoding error: unknown field \"spec.x\")",
                ),
            ),
            ("a body that is none", 400, "BadRequest", "no object", Error::Invalid("no object".into())),
            ("a broken rule", 422, "Invalid", "spec.x: Too long", Error::Invalid("spec.x: Too long".into())),
            ("a body over 3 MiB", 413, "RequestEntityTooLarge", "limit is 3145728", Error::TooLarge),
            ("an object over etcd's limit", 500, "", "etcdserver: request is too large", Error::TooLarge),
            (
                "an object over gRPC's limit",
                500,
                "",
                "rpc error: code = ResourceExhausted desc = trying to send message larger than max (1 vs. 0)",
                Error::TooLarge,
            ),
            ("overload", 429, "TooManyRequests", "slow down", unavailable("the API server says 429: slow down")),
            ("a fault", 500, "InternalError", "no leader", unavailable("the API server says 500: no leader")),
            ("a bad gateway", 502, "", "", unavailable("the API server says 502: ")),
            ("an API server that starts", 503, "", "", unavailable("the API server says 503: ")),
            ("a time-out in etcd", 504, "Timeout", "timed out", unavailable("the API server says 504: timed out")),
            (
                "an expired token",
                401,
                "Unauthorized",
                "no",
                Error::Other(
                    "the API server does not accept the operator's credentials: renew the token or the client certificate \
                     of the kubeconfig, or look at the service account of the pod (401: no)"
                        .into(),
                ),
            ),
            (
                "a missing right",
                403,
                "Forbidden",
                "leases \"x\" is forbidden: User \"y\" cannot get resource \"leases\"",
                Error::Forbidden(
                    "the API server says 403: leases \"x\" is forbidden: User \"y\" cannot get resource \"leases\"".into(),
                ),
            ),
            (
                "a policy that refuses",
                403,
                "Forbidden",
                "leases \"x\" is forbidden: ValidatingAdmissionPolicy 'y' denied request: no",
                Error::Other(
                    "the API server says 403: leases \"x\" is forbidden: ValidatingAdmissionPolicy 'y' denied request: no".into(),
                ),
            ),
            (
                "a webhook whose words look like a missing right",
                403,
                "Forbidden",
                "admission webhook \"w\" denied the request: title is forbidden: User \"y\" has none",
                Error::Other(
                    "the API server says 403: admission webhook \"w\" denied the request: title is forbidden: User \"y\" \
                     has none"
                        .into(),
                ),
            ),
            (
                "a policy whose words look like a missing right",
                403,
                "Forbidden",
                "leases \"x\" is forbidden: ValidatingAdmissionPolicy 'y' denied request: it is forbidden: User \"z\" no",
                Error::Other(
                    "the API server says 403: leases \"x\" is forbidden: ValidatingAdmissionPolicy 'y' denied request: it \
                     is forbidden: User \"z\" no"
                        .into(),
                ),
            ),
            ("a wrong method", 405, "", "no", Error::Other("the API server says 405: no".into())),
        ];
        for (name, code, reason, message, expected) in cases {
            let status = Status::failure(message, reason).with_code(code);
            assert_eq!(Error::from(kube::Error::Api(status.boxed())), expected, "{name}");
        }
    }

    #[test]
    fn a_broken_connection_may_heal_and_says_why() {
        let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "reset by peer");
        let error = Error::from(kube::Error::ReadEvents(broken));
        assert_eq!(error, unavailable("Error reading events stream: reset by peer"));
        let refused = kube::Error::Service(Box::new(std::io::Error::other("refused")));
        assert_eq!(Error::from(refused), unavailable("the API server cannot be reached: ServiceError: refused"));
        let nonsense = serde_json::from_str::<u8>("x").expect_err("no number");
        assert!(matches!(Error::from(kube::Error::SerdeError(nonsense)), Error::Other(_)));
    }
}
