//! What the operator asks of the token endpoint: an ID token for a code (RFC 6749 section 4.1.3), and whether what proves the
//! operator is accepted (section 4.4). Access tokens that come along are dropped.

use futures::FutureExt as _;
use futures::future::{self, BoxFuture};
use openidconnect::core::{CoreClient, CoreErrorResponseType, CoreJsonWebKeySet};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, StandardErrorResponse, TokenResponse as _, TokenUrl,
};

use super::authority::host_of;
use super::credential::ClientCredential;
use super::discovery::Metadata;
use super::fetch::{FetchError, ProviderClient};
use super::problem::ProviderProblem;
use super::refusal::{LoginRefused, ProviderRefusal};
use crate::api::directory_login::Oidc;

/// What says of an assertion that it is a token (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a token endpoint calls a client that it does not believe (RFC 6749 section 5.2).
const INVALID_CLIENT: &str = "invalid_client";
/// Entra's codes for a client that it does not accept and calls otherwise: a registration that is not in the tenant or disabled there
/// (`unauthorized_client`), and a federated credential that does not fit (`invalid_request`, of late `invalid_client`).
const NOT_ACCEPTED: [u32; 4] = [70_001, 70_021, 700_016, 7_000_112];

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

/// The ID token for a code, unverified.
///
/// It owns all that it works on: of a future that borrows what the crate's request borrows in turn, the compiler cannot tell
/// that any thread may go on with it.
pub fn id_token(
    client: &ProviderClient,
    metadata: &Metadata,
    oidc: &Oidc,
    credential: ClientCredential,
    code: Code<'_>,
) -> BoxFuture<'static, Result<String, LoginRefused>> {
    let (client, host) = (client.clone(), token_host(metadata));
    let invalid = {
        let host = host.clone();
        move |why: &'static str| LoginRefused::Provider(ProviderProblem::Invalid { host: host.clone(), why })
    };
    let Ok(redirect) = RedirectUrl::new(code.redirect_uri.to_owned()) else {
        return future::ready(Err(invalid("the address of the callback is no URL"))).boxed();
    };
    let (relying_party, assertion) = relying_party(metadata, oidc, credential);
    let relying_party = relying_party.set_redirect_uri(redirect);
    let (code, verifier) =
        (AuthorizationCode::new(code.code.to_owned()), PkceCodeVerifier::new(code.verifier.to_owned()));
    async move {
        let mut request = relying_party.exchange_code(code).set_pkce_verifier(verifier);
        for (name, value) in assertion {
            request = request.add_extra_param(name, value);
        }
        let send = sender(client);
        let answer = request.request_async(&send).await.map_err(|error| refused(&error, &host))?;
        let token = answer.id_token().ok_or_else(|| invalid("there is no ID token in its answer to a code"))?;
        Ok(token.to_string())
    }
    .boxed()
}

/// Asks Entra for a token of the registration itself, which needs no person, and drops it. The error is that Entra does not accept
/// the operator, or cannot be reached. Whatever else it answers (a policy of the tenant, a scope) says nothing about logins and is no
/// error, and neither is an answer that cannot be read: a proxy may have given it.
pub fn check_registration(
    client: &ProviderClient,
    metadata: &Metadata,
    oidc: &Oidc,
    credential: ClientCredential,
) -> BoxFuture<'static, Result<(), ProviderProblem>> {
    let (client, host) = (client.clone(), token_host(metadata));
    let (relying_party, assertion) = relying_party(metadata, oidc, credential);
    let scope = Scope::new(format!("{}/.default", oidc.client_id));
    async move {
        let mut request = relying_party.exchange_client_credentials().add_scope(scope);
        for (name, value) in assertion {
            request = request.add_extra_param(name, value);
        }
        let send = sender(client);
        match request.request_async(&send).await {
            Err(RequestTokenError::Request(error)) => Err(unreachable(&error, host)),
            Err(RequestTokenError::ServerResponse(answer)) => {
                let (error, description) = (answer.error().as_ref(), answer.error_description());
                let refusal = ProviderRefusal::of(error, description.map(String::as_str));
                let is_refused =
                    error == INVALID_CLIENT || refusal.code.is_some_and(|code| NOT_ACCEPTED.contains(&code));
                if is_refused { Err(ProviderProblem::RegistrationRefused { host, refusal }) } else { Ok(()) }
            }
            Ok(_) | Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => Ok(()),
        }
    }
    .boxed()
}

/// What the token endpoint is called in errors.
fn token_host(metadata: &Metadata) -> String {
    host_of(&metadata.token).unwrap_or_default()
}

/// The client as the crate asks it.
fn sender(client: ProviderClient) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, FetchError>> {
    move |request| {
        let client = client.clone();
        async move { client.send(request).await }.boxed()
    }
}

/// The operator at a token endpoint.
type RelyingParty =
    CoreClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;

/// The operator as it proves itself with `credential`, and what each of its requests says beside that.
fn relying_party(
    metadata: &Metadata,
    oidc: &Oidc,
    credential: ClientCredential,
) -> (RelyingParty, Vec<(&'static str, String)>) {
    let registration = ClientId::new(oidc.client_id.clone());
    let relying_party = CoreClient::new(registration, metadata.issuer.clone(), CoreJsonWebKeySet::default())
        .set_token_uri(TokenUrl::from_url(metadata.token.clone()))
        .set_auth_type(AuthType::RequestBody);
    match credential {
        ClientCredential::Secret(secret) => (relying_party.set_client_secret(secret), Vec::new()),
        ClientCredential::Assertion(assertion) => {
            let kind = ("client_assertion_type", ASSERTION_TYPE.to_owned());
            (relying_party, vec![kind, ("client_assertion", assertion)])
        }
    }
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
