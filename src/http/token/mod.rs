//! The doors for tokens, below `/oauth2/NAMESPACE/DIRECTORY`: is a token of the provider good, and whose is it now; and what
//! clients and applications need to know beforehand.
//!
//! | Path | Who asks | Credentials |
//! | --- | --- | --- |
//! | `POST introspect` | a gateway or an API (RFC 7662) | a DirectoryKey of scope introspect |
//! | `GET userinfo` | the app itself | the token |
//! | `GET jwks` | who verifies an assertion of ours | none |
//! | `GET /login/NAMESPACE/DIRECTORY/client-config` | a native app before its login | none |
//! | `GET /app/NAMESPACE/DIRECTORY/APPLICATION/oauth-protected-resource` | a client of an application, through its proxy | none |
//!
//! A token that is not good is answered in one and the same way, whatever is wrong with it or with its person; the reason is in
//! the log. The operator is no OpenID provider: it issues no tokens.

mod answer;
mod documents;
mod form;
mod limits;
mod person;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use self::answer::TokenFailure;
use self::limits::MAX_VERIFICATIONS;
use crate::api::directory_key::Scope;
use crate::http::edge::{self, Answer, RequestNote};
use crate::http::keys::Keys;
use crate::login::Logins;
use crate::login::assertion::{SigningKeys, key_set};
use crate::login::sealing::Purpose;
use crate::store::WatchedDirectory;

/// Where the door is.
const PREFIX: &str = "/oauth2/{namespace}/{directory}";
/// Where native apps learn how to log in. It stands beside the login, which is another door.
const CLIENT_CONFIG: &str = "/login/{namespace}/{directory}/client-config";

/// Which tokens an application takes: `/.well-known/oauth-protected-resource` at its own host. It stands beside the session at
/// that host, which is another door.
const PROTECTED_RESOURCE: &str = "/app/{namespace}/{directory}/{application}/oauth-protected-resource";

/// The doors for tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    logins: Logins,
    keys: Keys,
    signing: SigningKeys,
    verifications: Semaphore,
}

/// What the URL names.
#[derive(Deserialize)]
struct Place {
    namespace: String,
    directory: String,
    application: Option<String>,
}

type Placed = Result<Path<Place>, PathRejection>;

impl Tokens {
    /// What answers questions about tokens of the Directories that `logins` knows, to the holders of `keys`.
    pub fn new(logins: Logins, keys: Keys) -> Self {
        let (signing, verifications) = (SigningKeys::default(), Semaphore::new(MAX_VERIFICATIONS));
        Self(Arc::new(Inner { logins, keys, signing, verifications }))
    }

    /// The doors.
    pub fn door(&self) -> Router {
        let routes = Router::new()
            .route("/introspect", post(introspect))
            .route("/userinfo", get(userinfo))
            .route("/jwks", get(jwks))
            .fallback(|| async { TokenFailure::NotFound })
            .with_state(self.clone());
        let door = edge::door(PREFIX, routes, answer::refused);
        let documents = [(CLIENT_CONFIG, get(client_config)), (PROTECTED_RESOURCE, get(protected_resource))];
        documents.into_iter().fold(door, |door, (address, handler)| {
            let routes = Router::new().route("/", handler).fallback(|| async { TokenFailure::NotFound });
            door.merge(edge::door(address, routes.with_state(self.clone()), answer::refused))
        })
    }
}

async fn introspect(
    State(Tokens(door)): State<Tokens>,
    place: Placed,
    Extension(note): Extension<RequestNote>,
    request: Request,
) -> Result<Answer, TokenFailure> {
    let Path(Place { namespace, directory, .. }) = place.map_err(|_| TokenFailure::NotFound)?;
    note.place(&namespace, &directory);
    door.fresh()?;
    let key = door.keys.open(&note, request.headers(), (&namespace, &directory), Scope::Introspect);
    let directory = key.map_err(TokenFailure::Key)?;
    note.directory(&directory.namespace, &directory.name);
    let (head, body) = request.into_parts();
    let token = form::token(&head.headers, body).await?;
    match door.counted(&directory, &token, "introspect").await {
        Ok(answer) => Ok(answer::private(&answer.introspected())),
        // Always 200, and nothing else: whoever holds a key learns of no token why it is not good.
        Err(TokenFailure::Token(reason)) => {
            Ok(answer::told(answer::private(&json!({ "active": false })), reason, true))
        }
        Err(failure) => Err(failure),
    }
}

async fn userinfo(
    State(Tokens(door)): State<Tokens>,
    place: Placed,
    Extension(note): Extension<RequestNote>,
    request: Request,
) -> Result<Answer, TokenFailure> {
    let directory = door.directory(place, &note)?;
    let mut lines = request.headers().get_all(AUTHORIZATION).iter();
    let (line, more) = (lines.next().and_then(|line| line.to_str().ok()), lines.next());
    let bearer = line.and_then(|line| line.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    let (Some((_, token)), None) = (bearer, more) else { return Err(TokenFailure::Token("Missing")) };
    Ok(answer::private(&door.counted(&directory, token.trim(), "userinfo").await?.userinfo()))
}

/// The keys with which applications verify assertions: the one that signs, and the one before it.
async fn jwks(
    State(Tokens(door)): State<Tokens>,
    place: Placed,
    Extension(note): Extension<RequestNote>,
) -> Result<Answer, TokenFailure> {
    let directory = door.directory(place, &note)?;
    let seeds = door.logins.derive(Purpose::Assertion, &directory.namespace, &directory.name);
    if seeds.is_empty() {
        return Err(TokenFailure::Unavailable("the keys of sessions are not known"));
    }
    Ok(answer::public(&key_set(door.signing.of(&seeds).iter().map(|key| &**key))))
}

async fn client_config(
    State(Tokens(door)): State<Tokens>,
    place: Placed,
    Extension(note): Extension<RequestNote>,
) -> Result<Answer, TokenFailure> {
    let directory = door.directory(place, &note)?;
    let config = directory.spec.login.as_ref().and_then(documents::client_config).ok_or(TokenFailure::NotFound)?;
    Ok(answer::public(&config))
}

async fn protected_resource(
    State(Tokens(door)): State<Tokens>,
    place: Placed,
    Extension(note): Extension<RequestNote>,
    headers: HeaderMap,
) -> Result<Answer, TokenFailure> {
    let name = place.as_ref().ok().and_then(|Path(place)| place.application.clone()).unwrap_or_default();
    let directory = door.directory(place, &note)?;
    let application = door.logins.store().application(&directory.namespace, &name);
    let application = application.filter(|application| application.directory() == directory.name);
    let application = application.ok_or(TokenFailure::NotFound)?;
    let tenant = door.logins.providers().tenant(&directory);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let login = directory.spec.login.as_ref().ok_or(TokenFailure::NotFound)?;
    let document = documents::protected_resource(&application, login, tenant.as_deref(), host);
    Ok(answer::public(&document.ok_or(TokenFailure::NotFound)?))
}

impl Inner {
    fn fresh(&self) -> Result<(), TokenFailure> {
        self.logins
            .store()
            .fresh(Instant::now())
            .map_err(|_| TokenFailure::Unavailable("the state of the cluster is not known"))
    }

    /// The Directory of the URL, where nobody has to show a key.
    fn directory(&self, place: Placed, note: &RequestNote) -> Result<Arc<WatchedDirectory>, TokenFailure> {
        let Path(Place { namespace, directory: name, .. }) = place.map_err(|_| TokenFailure::NotFound)?;
        note.place(&namespace, &name);
        self.fresh()?;
        let directory = self.logins.store().directory(&namespace, &name).ok_or(TokenFailure::NotFound)?;
        note.directory(&namespace, &name);
        Ok(directory)
    }

    /// What is said of the holder of a token that is good now, counted for an endpoint.
    async fn counted(
        &self,
        directory: &Arc<WatchedDirectory>,
        token: &str,
        endpoint: &'static str,
    ) -> Result<person::TokenAnswer, TokenFailure> {
        let verified = self.verified(directory, token).await;
        let result = match &verified {
            Ok(_) => "active",
            Err(TokenFailure::Token(_)) => "inactive",
            Err(_) => "unavailable",
        };
        self.logins.metrics().token_asked(&directory.namespace, &directory.name, endpoint, result);
        verified
    }

    /// What is said of the holder of a token that is good now.
    async fn verified(
        &self,
        directory: &Arc<WatchedDirectory>,
        token: &str,
    ) -> Result<person::TokenAnswer, TokenFailure> {
        let _turn = self
            .verifications
            .try_acquire()
            .map_err(|_| TokenFailure::Unavailable("too many verifications at once"))?;
        if directory.seen.is_terminating {
            return Err(TokenFailure::Token("DirectoryTerminating"));
        }
        let now = Timestamp::now();
        let verified = self.logins.providers().verify_token(directory, token, now).await.map_err(|refused| {
            if refused.is_unavailable() {
                TokenFailure::Unavailable("the provider's keys are not known")
            } else {
                TokenFailure::Token(refused.as_str())
            }
        })?;
        let rules = self.logins.rules(directory);
        person::told(self.logins.store(), directory, &rules, verified, now)
            .map_err(|none| TokenFailure::Token(none.as_str()))
    }
}
