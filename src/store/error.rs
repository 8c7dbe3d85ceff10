//! What the API server answered, in the few words that decide what happens next.

use kube::client::AuthError;
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
        // A token file that is being replaced, a credential plugin that cannot reach its issuer.
        if let Some(reason) = credentials_problem(&error) {
            return Self::Unavailable { reason };
        }
        match error {
            kube::Error::Api(status) => classify(&status),
            kube::Error::HyperError(_) | kube::Error::Service(_) => {
                Self::Unavailable { reason: format!("the API server cannot be reached: {}", with_causes(&error)) }
            }
            kube::Error::ReadEvents(_) => Self::Unavailable { reason: with_causes(&error) },
            error => Self::Other(with_causes(&error)),
        }
    }
}

/// An error and its causes in one line: kube's and hyper's own texts end before the part that helps. Of credentials that
/// cannot be had only what is safe is told.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(problem) = credentials_problem(error) {
        return problem;
    }
    let mut text = error.to_string();
    for cause in causes(error).skip(1) {
        let next = cause.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
    }
    text
}

/// The error and what caused it, one after the other.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Why there are no credentials for the API server, if that is what the error or one of its causes says. kube's own texts show
/// what a credential plugin printed and how it was called, and both may hold tokens.
fn credentials_problem(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let plugin = "the credential plugin of the kubeconfig";
    let problem = match causes(error).find_map(|cause| cause.downcast_ref::<AuthError>())? {
        AuthError::AuthExecRun { out, .. } => {
            format!("{plugin} failed ({}); what it printed is not shown because of the tokens in it", out.status)
        }
        AuthError::AuthExecStart(error) => format!("{plugin} cannot be started: {error}"),
        AuthError::MissingCommand => format!("{plugin} has no command"),
        AuthError::AuthExec(_) | AuthError::AuthExecSerialize(_) | AuthError::ExecMissingClusterInfo => {
            format!("{plugin} failed")
        }
        AuthError::ExecPluginFailed
        | AuthError::AuthExecParse(_)
        | AuthError::ParseTokenKey(_)
        | AuthError::MalformedTokenExpirationDate(_)
        | AuthError::UnrefreshableTokenResponse => {
            format!("the answer of {plugin} cannot be read, and is not shown because of the tokens in it")
        }
        AuthError::ReadTokenFile(error, path) => format!("the token file {} cannot be read: {error}", path.display()),
        _ => "the credentials of the kubeconfig cannot be used, and are not shown".to_owned(),
    };
    Some(problem)
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

    #[test]
    fn of_credentials_that_cannot_be_had_no_secret_is_told() {
        use std::os::unix::process::ExitStatusExt as _;

        let printed = std::process::Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: b"s3cret".to_vec(),
            stderr: b"s3cret".to_vec(),
        };
        let nowhere = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let nonsense = serde_json::from_str::<u8>("\"s3cret\"").expect_err("no number");
        // What fetches the first token fails in the client, what fetches the next one below it.
        let first: fn(AuthError) -> kube::Error = kube::Error::Auth;
        let next: fn(AuthError) -> kube::Error = |error| kube::Error::Service(Box::new(error));
        for (number, (error, expected)) in [
            (
                AuthError::AuthExecRun { cmd: "TOKEN=s3cret login".to_owned(), out: Box::new(printed) },
                "the credential plugin of the kubeconfig failed (exit status: 1); what it printed is not shown because of \
                 the tokens in it",
            ),
            (
                AuthError::AuthExecStart(nowhere()),
                "the credential plugin of the kubeconfig cannot be started: entity not found",
            ),
            (AuthError::AuthExec("s3cret".to_owned()), "the credential plugin of the kubeconfig failed"),
            (
                AuthError::ParseTokenKey(nonsense),
                "the answer of the credential plugin of the kubeconfig cannot be read, and is not shown because of the \
                 tokens in it",
            ),
            (
                AuthError::ReadTokenFile(nowhere(), "/run/token".into()),
                "the token file /run/token cannot be read: entity not found",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let error = if number % 2 == 0 { next(error) } else { first(error) };
            assert_eq!(with_causes(&error), expected);
            assert_eq!(Error::from(error), unavailable(expected));
        }
    }
}
