//! What proves the operator to a provider: a client secret, or the token of the pod's service account.
//!
//! Both are read when they are needed and forgotten afterwards, so that one which was rotated counts at once.

use std::fmt;
use std::path::Path;

use futures::future::BoxFuture;
use openidconnect::ClientSecret;

use super::problem::ProviderProblem;
use crate::api::directory_login::{ClientAssertion, Oidc};
use crate::api::secret::{self, Secret};
use crate::store::SecretError;

/// Longest client secret; those of Entra have 40 characters.
const MAX_SECRET: usize = 4 * 1024;
/// Longest token of a service account.
const MAX_ASSERTION: u64 = 16 * 1024;

/// Reads a Secret of a namespace by its name and its type.
pub type ReadSecret =
    dyn Fn(String, String, &'static str) -> BoxFuture<'static, Result<Secret, SecretError>> + Send + Sync;

/// What proves the operator. It is never printed.
pub enum ClientCredential {
    /// The secret of the registration.
    Secret(ClientSecret),
    /// A token that the registration trusts (RFC 7523).
    Assertion(String),
}

impl fmt::Debug for ClientCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Secret(_) => "Secret(..)",
            Self::Assertion(_) => "Assertion(..)",
        })
    }
}

/// Reads what proves the operator for a registration in this namespace.
pub async fn read(
    oidc: &Oidc,
    namespace: &str,
    read_secret: &ReadSecret,
    assertion_file: &Path,
) -> Result<ClientCredential, ProviderProblem> {
    let Some(reference) = &oidc.client_secret_ref else { return assertion(oidc, assertion_file).await };
    let name = reference.name.clone();
    let missing = |what| ProviderProblem::SecretMissing { name: name.clone(), what };
    let secret = read_secret(namespace.to_owned(), name.clone(), secret::CLIENT_SECRET).await;
    let secret = secret.map_err(|error| match error {
        SecretError::Missing => missing("does not exist; create it with the type rollcall.dev/client-secret"),
        SecretError::OtherType(_) => ProviderProblem::SecretOfOtherType { name: name.clone() },
        SecretError::Forbidden => ProviderProblem::Forbidden { name: name.clone() },
        SecretError::Store(_) => ProviderProblem::SecretUnread { name: name.clone() },
    })?;
    let bytes =
        secret.entry(&reference.key).ok_or_else(|| missing("has no entry of the name in clientSecretRef.key"))?;
    let text = std::str::from_utf8(bytes).map_err(|_| missing("holds no text in the entry of clientSecretRef.key"))?;
    // Editors and `echo` put a line break at the end of what goes into a Secret.
    match text.trim() {
        "" => Err(missing("is empty in the entry of clientSecretRef.key")),
        text if text.len() > MAX_SECRET => Err(missing("holds more than a client secret: over 4 KiB")),
        text => Ok(ClientCredential::Secret(ClientSecret::new(text.to_owned()))),
    }
}

async fn assertion(oidc: &Oidc, file: &Path) -> Result<ClientCredential, ProviderProblem> {
    if oidc.client_assertion.and_then(ClientAssertion::known).is_none() {
        return Err(ProviderProblem::NotConfigured);
    }
    let missing = ProviderProblem::AssertionMissing;
    let metadata = tokio::fs::metadata(file).await.map_err(|_| missing("its file is not there, or cannot be read"))?;
    if metadata.len() > MAX_ASSERTION {
        return Err(missing("its file is longer than a token"));
    }
    let text = tokio::fs::read_to_string(file).await.map_err(|_| missing("its file cannot be read as text"))?;
    match text.trim() {
        "" => Err(missing("its file is empty")),
        text => Ok(ClientCredential::Assertion(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_52_what_proves_the_operator_is_never_printed() {
        let planted = "planted-secret";
        for credential in [
            ClientCredential::Secret(ClientSecret::new(planted.to_owned())),
            ClientCredential::Assertion(planted.to_owned()),
        ] {
            let printed = format!("{credential:?} {:?} {credential:#?}", Some(&credential));
            assert!(printed.contains("(..)") && !printed.contains(planted), "{printed}");
        }
    }
}
