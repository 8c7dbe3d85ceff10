//! The relying party: what the operator asks of the OpenID provider of a Directory, and what it believes of the answers.
//!
//! | Module | What it knows |
//! | --- | --- |
//! | `authority`, `address` | whom the operator may ask at all |
//! | `fetch` | how it asks: no redirects, bounds, certificates, a proxy |
//! | `discovery`, `keys` | what a provider publishes |
//! | `known` | all that of one Directory, refreshed by need |
//! | `request`, `exchange`, `credential` | a login |
//! | `token`, `account` | what a token must be, and whom it is about |
//! | `problem`, `refusal` | why it does not work, in sentences of ours |
//!
//! Nothing here decides who gets in: an account that is verified is somebody at the provider, and nobody in the Directory yet.
//! No access token and no refresh token is kept.

mod account;
mod address;
mod authority;
mod credential;
mod discovery;
mod exchange;
mod fetch;
mod keys;
mod known;
mod problem;
mod refusal;
mod request;
#[cfg(test)]
mod tests;
mod token;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::RwLock;
use url::Url;

pub use account::{VerifiedAccount, VerifiedToken};
pub use authority::AllowedAuthorities;
pub use credential::ReadSecret;
pub use problem::ProviderProblem;
pub use refusal::{LoginRefused, ProviderRefusal, Remedy};
pub use request::{AuthorizationRequest, Prompt, code_challenge};
pub use token::{MAX_TOKEN, TokenRefused, is_issuer_of_version_1};

use self::discovery::Metadata;
use self::exchange::Code;
use self::fetch::Routes;
use self::known::KnownProvider;
use self::token::{Expected, TokenUse};
use crate::api::directory_login::{Flavor, Login, LoginMode, Oidc};
use crate::metrics::Metrics;
use crate::store::{Store, WatchedDirectory};

/// How providers are reached.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Which ones may be asked.
    pub allowed: AllowedAuthorities,
    /// The proxy that they are asked through, and the list of hosts that it is not for.
    pub proxy: Option<(String, String)>,
    /// The file with the token of the pod's service account.
    pub assertion_file: PathBuf,
}

/// The providers of all Directories. Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    allowed: AllowedAuthorities,
    assertion_file: PathBuf,
    routes: Routes,
    read_secret: Box<ReadSecret>,
    /// Whether a Directory is still there.
    is_there: Box<IsThere>,
    metrics: Metrics,
    /// By namespace and name. A new entry drops those whose Directory is gone, so that there are never more than there have been
    /// Directories at one time.
    known: RwLock<HashMap<(String, String), Known>>,
}

/// Whether a namespace has a Directory of this name.
type IsThere = dyn Fn(&str, &str) -> bool + Send + Sync;
/// What is known of the provider of a Directory.
type Known = Result<Arc<KnownProvider>, Refused>;

/// A registration whose provider may not be asked: it is not looked at again before it changes.
struct Refused {
    oidc: Oidc,
    problem: ProviderProblem,
}

impl Providers {
    /// The providers of the Directories in a store.
    pub fn new(settings: ProviderSettings, store: &Store, metrics: Metrics) -> Self {
        let (secrets, directories) = (store.clone(), store.clone());
        let read_secret: Box<ReadSecret> = Box::new(move |namespace, name, secret_type| {
            let store = secrets.clone();
            Box::pin(async move { store.secret(&namespace, &name, secret_type).await })
        });
        let is_there = Box::new(move |namespace: &str, name: &str| directories.directory(namespace, name).is_some());
        Self::with(settings, read_secret, is_there, metrics)
    }

    fn with(
        settings: ProviderSettings,
        read_secret: Box<ReadSecret>,
        is_there: Box<IsThere>,
        metrics: Metrics,
    ) -> Self {
        let ProviderSettings { allowed, proxy, assertion_file } = settings;
        let proxy = proxy.as_ref().map(|(url, no_proxy)| (url.as_str(), no_proxy.as_str()));
        let routes = Routes::new(proxy, allowed.private);
        let known = RwLock::default();
        Self(Arc::new(Inner { allowed, assertion_file, routes, read_secret, is_there, metrics, known }))
    }

    /// Where a browser is sent to log in.
    pub async fn authorize(
        &self,
        directory: &WatchedDirectory,
        request: &AuthorizationRequest<'_>,
    ) -> Result<Url, ProviderProblem> {
        let provider = self.provider(directory)?;
        let metadata = provider.metadata().await?;
        Ok(request::authorization_url(&metadata, &provider.oidc, request))
    }

    /// Who logged in, for the code that a browser came back with. `nonce` and `verifier` are those of the request.
    pub async fn redeem(
        &self,
        directory: &WatchedDirectory,
        code: &str,
        verifier: &str,
        nonce: &str,
        redirect_uri: &str,
    ) -> Result<VerifiedAccount, LoginRefused> {
        let provider = self.provider(directory)?;
        let metadata = provider.metadata().await?;
        let Inner { read_secret, assertion_file, .. } = &*self.0;
        let credential = credential::read(&provider.oidc, &directory.namespace, &**read_secret, assertion_file).await?;
        let code = Code { code, verifier, redirect_uri };
        let token = exchange::id_token(&provider.client, &metadata, &provider.oidc, credential, code).await;
        match &token {
            Ok(_) => provider.count("token", None),
            Err(LoginRefused::Provider(problem)) => provider.count("token", Some(problem)),
            // It is there and says no.
            Err(_) => provider.count("token", None),
        }
        let purpose = TokenUse::Login { client_id: &provider.oidc.client_id, nonce };
        let token = verify(&provider, &metadata, &token?, purpose, Timestamp::now()).await?;
        if token.account.is_guest && !provider.oidc.allow_guests {
            return Err(LoginRefused::Guest);
        }
        Ok(token.account)
    }

    /// Whom a token is about that somebody shows: an access token for the audiences of `spec.login.tokens`, or an ID token of
    /// the native registration where these are accepted.
    pub async fn verify_token(
        &self,
        directory: &WatchedDirectory,
        token: &str,
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenRefused> {
        let login = directory.spec.login.as_ref();
        let rules = login.and_then(|login| login.tokens.as_ref()).filter(|_| configured(login).is_some());
        let rules = rules.ok_or(TokenRefused::NotAccepted)?;
        // Before anything is asked of the provider: whoever sends garbage makes nobody work.
        let unverified = token::unverified(token)?;
        let provider = self.provider(directory).map_err(TokenRefused::Unavailable)?;
        let metadata = provider.metadata().await.map_err(TokenRefused::Unavailable)?;
        let native = provider.oidc.native_client_id.as_deref().unwrap_or(&provider.oidc.client_id);
        let names = |audience: &str| unverified.audiences.iter().any(|found| found == audience);
        let access = TokenUse::Access { audiences: &rules.audiences, scope: &rules.scope };
        let id_token = TokenUse::NativeIdToken { client_id: native };
        let may_be_access = rules.audiences.iter().any(|audience| names(audience));
        let verified = match (may_be_access, rules.accept_id_tokens && names(native)) {
            (true, false) => verify(&provider, &metadata, token, access, now).await,
            (false, true) => verify(&provider, &metadata, token, id_token, now).await,
            // A registration that is its own audience: the token has a scope, or it is an ID token.
            (true, true) => match verify(&provider, &metadata, token, access, now).await {
                Err(TokenRefused::Scope) => verify(&provider, &metadata, token, id_token, now).await,
                verified => verified,
            },
            (false, false) if rules.audiences.is_empty() && !rules.accept_id_tokens => Err(TokenRefused::NotAccepted),
            (false, false) => {
                unverified.check(&expected(&provider, &metadata, access)).and(Err(TokenRefused::Audience))
            }
        }?;
        if verified.account.is_guest && !provider.oidc.allow_guests {
            return Err(TokenRefused::Guest);
        }
        Ok(verified)
    }

    /// Where a browser is sent to end the provider's own session; nothing where the provider cannot do that.
    pub async fn sign_out_url(
        &self,
        directory: &WatchedDirectory,
        post_logout_redirect_uri: &str,
        logout_hint: Option<&str>,
    ) -> Option<Url> {
        let provider = self.provider(directory).ok()?;
        let metadata = provider.metadata().await.ok()?;
        request::sign_out_url(&metadata, &provider.oidc, post_logout_redirect_uri, logout_hint)
    }

    /// The tenant of a Directory, once it is known: its GUID, or the issuer of a provider that is not Entra.
    pub fn tenant(&self, directory: &WatchedDirectory) -> Option<Arc<str>> {
        let provider = self.provider(directory).ok()?;
        let of_document = provider.known_metadata().map(|metadata| Arc::clone(&metadata.tenant));
        of_document.or_else(|| provider.authority.tenant().map(Into::into))
    }

    /// Looks whether people can log in: the authority, what proves the operator, and the provider itself, which is asked anew
    /// unless that was done within `age`. Entra is asked as well whether it accepts what proves the operator. Returns the tenant.
    pub async fn probe(&self, directory: &WatchedDirectory, age: Duration) -> Result<Arc<str>, ProviderProblem> {
        let provider = self.provider(directory)?;
        let Inner { read_secret, assertion_file, .. } = &*self.0;
        // First: of a Directory whose Secret is not ours to send, nobody is asked anything.
        let credential = credential::read(&provider.oidc, &directory.namespace, &**read_secret, assertion_file).await?;
        let metadata = provider.probe(age).await?;
        // Other providers may not know the grant, or take it for an attack.
        if provider.authority.flavor == Flavor::EntraID {
            let check = exchange::check_registration(&provider.client, &metadata, &provider.oidc, credential).await;
            provider.count("token", check.as_ref().err());
            check?;
        }
        Ok(Arc::clone(&metadata.tenant))
    }

    /// The provider of a Directory as its spec has it by now.
    fn provider(&self, directory: &WatchedDirectory) -> Result<Arc<KnownProvider>, ProviderProblem> {
        let oidc = configured(directory.spec.login.as_ref()).ok_or(ProviderProblem::NotConfigured)?;
        let name = (directory.namespace.clone(), directory.name.clone());
        let fits = |known: &HashMap<_, Known>| match known.get(&name)? {
            Ok(provider) => (provider.oidc == *oidc).then(|| Ok(Arc::clone(provider))),
            Err(refused) => (refused.oidc == *oidc).then(|| Err(refused.problem.clone())),
        };
        if let Some(known) = fits(&self.0.known.read()) {
            return known;
        }
        let Inner { allowed, routes, metrics, .. } = &*self.0;
        let made = KnownProvider::new((&name.0, &name.1), oidc, allowed, routes, metrics.clone()).map(Arc::new);
        let (found, kept) = match made {
            Ok(provider) => (Ok(Arc::clone(&provider)), Ok(provider)),
            Err(problem) => (Err(problem.clone()), Err(Refused { oidc: oidc.clone(), problem })),
        };
        let mut known = self.0.known.write();
        // Two who ask at the same time share what the first one knows.
        if let Some(known) = fits(&known) {
            return known;
        }
        known.retain(|(namespace, directory), _| (self.0.is_there)(namespace, directory));
        known.insert(name, kept);
        found
    }
}

/// The registration by which people log in to a Directory.
pub fn configured(login: Option<&Login>) -> Option<&Oidc> {
    let login = login.filter(|login| login.method.counts_as() != LoginMode::Disabled)?;
    login.oidc.as_ref()
}

/// Where the provider sends people back to, for an operator with this public address.
pub fn redirect_uri(public_url: &str, namespace: &str, directory: &str) -> String {
    format!("{public_url}/login/{namespace}/{directory}/callback")
}

/// Where the provider sends people to after a sign-out. Entra goes to registered redirect URIs alone.
pub fn signed_out_uri(public_url: &str, namespace: &str, directory: &str) -> String {
    format!("{public_url}/login/{namespace}/{directory}/signed-out")
}

fn expected<'a>(provider: &'a KnownProvider, metadata: &'a Metadata, purpose: TokenUse<'a>) -> Expected<'a> {
    Expected {
        flavor: provider.authority.flavor,
        issuer: &metadata.issuer,
        tenant: &metadata.tenant,
        skew_seconds: provider.oidc.clock_skew_seconds,
        upn_claim: provider.oidc.upn_claim,
        purpose,
    }
}

/// Verifies a token with the key that it names, which is fetched if nobody knows it.
async fn verify(
    provider: &Arc<KnownProvider>,
    metadata: &Metadata,
    token: &str,
    purpose: TokenUse<'_>,
    now: Timestamp,
) -> Result<VerifiedToken, TokenRefused> {
    let expected = expected(provider, metadata, purpose);
    let unverified = token::unverified(token)?;
    unverified.check(&expected)?;
    let key = provider.key(&unverified.key_id).await.map_err(TokenRefused::Unavailable)?;
    let key = key.ok_or(TokenRefused::UnknownKey)?;
    token::verify(token, &key, &expected, now)
}
