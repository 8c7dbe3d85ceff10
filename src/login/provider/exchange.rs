//! The exchange of a code for an ID token (RFC 6749 section 4.1.3). The access token that comes along is dropped.

use futures::FutureExt as _;
use futures::future::{self, BoxFuture};
use openidconnect::core::{CoreClient, CoreErrorResponseType, CoreJsonWebKeySet};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, HttpRequest, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    StandardErrorResponse, TokenResponse as _, TokenUrl,
};

use super::credential::ClientCredential;
use super::discovery::Metadata;
use super::fetch::{FetchError, ProviderClient};
use super::problem::ProviderProblem;
use super::refusal::{LoginRefused, ProviderRefusal};
use crate::api::directory_login::Oidc;

/// What says of an assertion that it is a token (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the callback got, and what belongs to it.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The code.
    pub code: &'a str,
    /// What its challenge was made of.
    pub verifier: &'a str,
    /// Where the code came to; the provider compares it with that of the request.
    pub redirect_uri: &'a str,
}

/// The ID token for a code, unverified. `host` is what the provider is called in errors.
///
/// It owns all that it works on: of a future that borrows what the crate's request borrows in turn, the compiler cannot tell
/// that any thread may go on with it.
pub fn id_token(
    client: &ProviderClient,
    metadata: &Metadata,
    oidc: &Oidc,
    credential: ClientCredential,
    code: Code<'_>,
    host: &str,
) -> BoxFuture<'static, Result<String, LoginRefused>> {
    let (client, host) = (client.clone(), host.to_owned());
    let invalid = {
        let host = host.clone();
        move |why: &'static str| LoginRefused::Provider(ProviderProblem::Invalid { host: host.clone(), why })
    };
    let Ok(redirect) = RedirectUrl::new(code.redirect_uri.to_owned()) else {
        return future::ready(Err(invalid("the address of the callback is no URL"))).boxed();
    };
    let registration = ClientId::new(oidc.client_id.clone());
    let relying_party = CoreClient::new(registration, metadata.issuer.clone(), CoreJsonWebKeySet::default())
        .set_token_uri(TokenUrl::from_url(metadata.token.clone()))
        .set_redirect_uri(redirect)
        .set_auth_type(AuthType::RequestBody);
    let (relying_party, assertion) = match credential {
        ClientCredential::Secret(secret) => (relying_party.set_client_secret(secret), None),
        ClientCredential::Assertion(assertion) => (relying_party, Some(assertion)),
    };
    let (code, verifier) =
        (AuthorizationCode::new(code.code.to_owned()), PkceCodeVerifier::new(code.verifier.to_owned()));
    async move {
        let mut request = relying_party.exchange_code(code).set_pkce_verifier(verifier);
        if let Some(assertion) = assertion {
            request = request
                .add_extra_param("client_assertion_type", ASSERTION_TYPE)
                .add_extra_param("client_assertion", assertion);
        }
        let send = move |request: HttpRequest| {
            let client = client.clone();
            async move { client.send(request).await }
        };
        let answer = request.request_async(&send).await.map_err(|error| refused(&error, &host))?;
        let token = answer.id_token().ok_or_else(|| invalid("there is no ID token in its answer to a code"))?;
        Ok(token.to_string())
    }
    .boxed()
}

type ExchangeError = RequestTokenError<FetchError, StandardErrorResponse<CoreErrorResponseType>>;

fn refused(error: &ExchangeError, host: &str) -> LoginRefused {
    let host = || host.to_owned();
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let description = answer.error_description().map(String::as_str);
            LoginRefused::Answer(ProviderRefusal::of(answer.error().as_ref(), description))
        }
        RequestTokenError::Request(error) => unreachable(error, host()).into(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            ProviderProblem::Invalid { host: host(), why: "its answer to a code cannot be read" }.into()
        }
    }
}

/// Why a provider did not answer, as a problem.
pub fn unreachable(error: &FetchError, host: String) -> ProviderProblem {
    match error {
        FetchError::PrivateAddress => ProviderProblem::PrivateAddress { host },
        FetchError::TooLong => ProviderProblem::Invalid { host, why: "its answer is longer than 512 KiB" },
        FetchError::Connection(_) | FetchError::Deadline => {
            ProviderProblem::Unreachable { host, why: error.to_string() }
        }
    }
}
