//! What is known of the provider of one Directory, refreshed by need.
//!
//! One request to the provider is under way at a time; whoever waits for it looks again at what came of it. What was good once
//! counts until something better is there: a provider that is away for an hour logs nobody in, and the tokens that it gave out
//! before stay good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::ACCEPT;
use http::{HeaderValue, Request, StatusCode};
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet};
use parking_lot::Mutex;
use url::Url;

use super::authority::{AllowedAuthorities, Authority, host_of};
use super::discovery::{self, Metadata};
use super::exchange::unreachable;
use super::fetch::{ProviderClient, Routes};
use super::keys::{KeyCache, KeyLookup, REFRESH};
use super::problem::ProviderProblem;
use crate::api::directory_login::Oidc;
use crate::metrics::Metrics;

/// After a request that failed, until the next one to a provider of which nothing is known.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// The provider of one Directory.
pub struct KnownProvider {
    /// The namespace of the Directory.
    pub namespace: String,
    /// Its name.
    pub directory: String,
    /// The registration.
    pub oidc: Oidc,
    /// Where the provider is.
    pub authority: Authority,
    /// How it is reached.
    pub client: ProviderClient,
    metrics: Metrics,
    known: Mutex<Known>,
    /// Held by whoever asks the provider.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys: KeyCache,
    failed: Option<(ProviderProblem, Instant)>,
    /// When what is known was last to be fetched again, whatever came of it.
    refreshed: Option<Instant>,
}

impl KnownProvider {
    /// The provider of a registration, before anything was asked.
    pub fn new(
        (namespace, directory): (&str, &str),
        oidc: &Oidc,
        allowed: &AllowedAuthorities,
        routes: &Routes,
        metrics: Metrics,
    ) -> Result<Self, ProviderProblem> {
        let authority = Authority::of(oidc, allowed)?;
        let client = ProviderClient::new(routes, oidc.ca_bundle.as_deref());
        Ok(Self {
            namespace: namespace.to_owned(),
            directory: directory.to_owned(),
            oidc: oidc.clone(),
            client: client.map_err(ProviderProblem::CaBundleInvalid)?,
            authority,
            metrics,
            known: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// What the discovery document said, if it was ever read.
    pub fn known_metadata(&self) -> Option<Arc<Metadata>> {
        self.known.lock().metadata.as_ref().map(|(metadata, _)| Arc::clone(metadata))
    }

    /// What the discovery document says.
    pub async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, ProviderProblem> {
        self.refresh_behind(Instant::now());
        if let Some(metadata) = self.known_metadata() {
            return Ok(metadata);
        }
        let _turn = self.turn.lock().await;
        match self.known_metadata() {
            Some(metadata) => Ok(metadata),
            None => self.after_a_pause(Instant::now(), self.fetch_metadata()).await,
        }
    }

    /// The key of this id, if the provider publishes it.
    pub async fn key(self: &Arc<Self>, id: &str) -> Result<Option<Arc<CoreJsonWebKey>>, ProviderProblem> {
        match self.known.lock().keys.look_up(id, Instant::now()) {
            KeyLookup::Known(key) => return Ok(Some(key)),
            KeyLookup::Unknown => return Ok(None),
            KeyLookup::MustFetch => {}
        }
        let metadata = self.metadata().await?;
        let _turn = self.turn.lock().await;
        let is_cold = {
            let mut known = self.known.lock();
            let now = Instant::now();
            // Whoever had the turn before may have fetched it.
            match known.keys.look_up(id, now) {
                KeyLookup::Known(key) => return Ok(Some(key)),
                KeyLookup::Unknown => return Ok(None),
                KeyLookup::MustFetch => {}
            }
            let is_cold = known.keys.is_empty();
            if !is_cold {
                known.keys.asked_for_unknown(now);
            }
            is_cold
        };
        let fetch = self.fetch_keys(&metadata);
        let fetched = if is_cold { self.after_a_pause(Instant::now(), fetch).await } else { fetch.await };
        let mut known = self.known.lock();
        let now = Instant::now();
        match (known.keys.look_up(id, now), fetched) {
            (KeyLookup::Known(key), _) => Ok(Some(key)),
            (_, Ok(())) => {
                known.keys.asked_for_unknown(now);
                Ok(None)
            }
            (_, Err(problem)) => Err(problem),
        }
    }

    /// Asks the provider anew, unless that was done within `age`.
    pub async fn probe(&self, age: Duration) -> Result<Arc<Metadata>, ProviderProblem> {
        let _turn = self.turn.lock().await;
        let now = Instant::now();
        {
            let known = self.known.lock();
            let is_young = |at: Instant| now.saturating_duration_since(at) < age;
            let metadata = known.metadata.as_ref().filter(|(_, at)| is_young(*at) && !known.keys.is_empty());
            if let Some((metadata, _)) = metadata {
                return Ok(Arc::clone(metadata));
            }
        }
        self.fetch_all().await
    }

    /// Lets what is known be fetched again, where it is an hour old; nobody waits for that.
    fn refresh_behind(self: &Arc<Self>, now: Instant) {
        let is_due = {
            let mut known = self.known.lock();
            let is_old = |at: &Instant| now.saturating_duration_since(*at) >= REFRESH;
            let is_stale = known.keys.is_due(now) || known.metadata.as_ref().is_some_and(|(_, at)| is_old(at));
            // One that fails is not repeated with each question.
            let is_due =
                is_stale && known.refreshed.as_ref().is_none_or(|at| now.saturating_duration_since(*at) >= RETRY_PAUSE);
            if is_due {
                known.refreshed = Some(now);
            }
            is_due
        };
        if is_due {
            let provider = Arc::clone(self);
            tokio::spawn(async move {
                if let Ok(_turn) = provider.turn.try_lock() {
                    drop(provider.fetch_all().await);
                }
            });
        }
    }

    /// Repeats a failure of a moment ago in place of asking again: a provider that is down is not asked by everybody.
    async fn after_a_pause<T>(
        &self,
        now: Instant,
        fetch: impl Future<Output = Result<T, ProviderProblem>>,
    ) -> Result<T, ProviderProblem> {
        if let Some((problem, at)) = &self.known.lock().failed
            && now.saturating_duration_since(*at) < RETRY_PAUSE
        {
            return Err(problem.clone());
        }
        let fetched = fetch.await;
        self.known.lock().failed = fetched.as_ref().err().map(|problem| (problem.clone(), Instant::now()));
        fetched
    }

    async fn fetch_all(&self) -> Result<Arc<Metadata>, ProviderProblem> {
        let metadata = self.fetch_metadata().await?;
        self.fetch_keys(&metadata).await?;
        Ok(metadata)
    }

    async fn fetch_metadata(&self) -> Result<Arc<Metadata>, ProviderProblem> {
        let read = |document: &[u8]| discovery::read(document, &self.authority);
        let metadata = Arc::new(self.fetch("discovery", &self.authority.discovery, read).await?);
        self.known.lock().metadata = Some((Arc::clone(&metadata), Instant::now()));
        Ok(metadata)
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<(), ProviderProblem> {
        self.fetch("keys", &metadata.keys, |document| {
            let invalid = |why| ProviderProblem::Invalid { host: self.authority.host.clone(), why };
            let set: CoreJsonWebKeySet =
                serde_json::from_slice(document).map_err(|_| invalid("its key set is no JSON Web Key Set"))?;
            self.known.lock().keys.take_in(&set, Instant::now()).map_err(invalid)
        })
        .await
    }

    /// Fetches a document and reads it.
    async fn fetch<T>(
        &self,
        operation: &'static str,
        url: &Url,
        read: impl FnOnce(&[u8]) -> Result<T, ProviderProblem>,
    ) -> Result<T, ProviderProblem> {
        let host = || host_of(url).unwrap_or_else(|| self.authority.host.clone());
        let request = Request::get(url.as_str()).header(ACCEPT, HeaderValue::from_static("application/json"));
        let request = request.body(Vec::new()).map_err(|_| ProviderProblem::AuthorityInvalid("it is no URL"))?;
        let read = match self.client.send(request).await {
            Err(error) => Err(unreachable(&error, host())),
            Ok(answer) => match answer.status() {
                StatusCode::OK => read(answer.body()),
                status if status.is_redirection() => Err(ProviderProblem::Invalid {
                    host: host(),
                    why: "it redirects, which the operator does not follow",
                }),
                StatusCode::TOO_MANY_REQUESTS => Err(ProviderProblem::Unreachable {
                    host: host(),
                    why: "it answers 429, too many requests".to_owned(),
                }),
                status if status.is_server_error() => {
                    Err(ProviderProblem::Unreachable { host: host(), why: format!("it answers {}", status.as_u16()) })
                }
                _ => Err(ProviderProblem::Invalid {
                    host: host(),
                    why: "it has no such document; correct the tenant in the authority",
                }),
            },
        };
        self.count(operation, read.as_ref().err());
        read
    }

    /// Counts a request by what came of it.
    pub fn count(&self, operation: &'static str, problem: Option<&ProviderProblem>) {
        let result = match problem {
            // It is there, and says no.
            None | Some(ProviderProblem::RegistrationRefused { .. }) => "ok",
            Some(problem) if problem.is_passing() => "unreachable",
            Some(_) => "invalid",
        };
        self.metrics.provider_request(&self.namespace, &self.directory, operation, result);
    }
}
