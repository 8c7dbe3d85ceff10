//! The composition root: builds the parts, starts them, watches them, and ends them in order.
//!
//! A part that ends by itself ends the process: Kubernetes starts a whole one again, and half a process would serve what
//! nobody keeps up to date. The end that is asked for has an order: unready first, so that load balancers look away;
//! the leader's work stops and its Lease goes back, so that another replica goes on with it; then no new connections, and
//! what is being served is finished, writes included whose clients have gone, and told in the statuses of the Directories;
//! then the watches. All of it takes at most `END`.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, LoginConfig, ProxyConfig, TlsFiles, WebhookConfig};
use crate::controller::{Tools, WriteRate, deletion, duties, janitor, leader, observing, traffic};
use crate::egress::EgressError;
use crate::http::admin::Admin;
use crate::http::admin::readiness::ReplicaReadiness;
use crate::http::browser::Browser;
use crate::http::check::CheckDoor;
use crate::http::edge::Edge;
use crate::http::edge::address::Addressing;
use crate::http::edge::limits::WHOLE_REQUEST;
use crate::http::edge::listener::Listener;
use crate::http::edge::tls::{Tls, TlsError};
use crate::http::keys::Keys;
use crate::http::scim::Scim;
use crate::http::token::Tokens;
use crate::http::{app, login, portal, side_by_side};
use crate::login::Logins;
use crate::login::provider::{AllowedAuthorities, ProviderSettings, Providers};
use crate::metrics::Metrics;
use crate::store::lease::Candidate;
use crate::store::{self, Settings, Store};
use crate::telemetry::{LogFilter, panic_reason};
use crate::webhook::{Patience, Webhook, WebhookSecret};

/// How long the process goes on serving while it is unready: longer than load balancers take to notice.
const UNREADY: Duration = Duration::from_secs(5);
/// How long requests may take to finish after that; as long as the longest may take at all.
const DRAIN: Duration = WHOLE_REQUEST;
const _: () = assert!(deletion::LONGEST_REQUEST.as_millis() >= WHOLE_REQUEST.as_millis());
/// How long the whole end may take. Then, or with a second signal, what is left is cut. Kubernetes kills after
/// `terminationGracePeriodSeconds`, which the chart sets to 45 s: there is time left for the last lines of the log.
const END: Duration = Duration::from_secs(40);
const _: () = assert!(UNREADY.as_secs() + DRAIN.as_secs() < END.as_secs(), "the times of the end fit into one another");

/// Between two looks at the kinds that the cluster serves, while they are older than this version.
const SCHEMA_PAUSE: Duration = Duration::from_secs(5);
/// The same while they are not: somebody may set them back.
const SCHEMA_INTERVAL: Duration = Duration::from_secs(15);
/// Between two looks at the operator's rights, when some have just been found missing.
const RIGHTS_PAUSE: Duration = Duration::from_secs(5);
/// The same at last, while the same rights stay missing: each look asks for all of them.
const RIGHTS_LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The same while none is: somebody may take them away.
const RIGHTS_INTERVAL: Duration = Duration::from_secs(300);
/// Between two looks at whether the replica is ready, for the log and the metric.
const READINESS_INTERVAL: Duration = Duration::from_secs(1);

/// Why the process ended, if nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cluster cannot be reached at all: no kubeconfig, no service account.
    #[error("cannot connect to the cluster")]
    Cluster(#[source] store::Error),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot serve TLS")]
    Tls(#[from] TlsError),
    /// The webhook cannot be used.
    #[error("--webhook-url cannot be used")]
    Webhook(#[source] EgressError),
    /// The secret of the webhook cannot be used.
    #[error("--webhook-secret-file: {} holds no secret: whsec_ and 24 to 64 bytes in Base64", path.display())]
    WebhookSecret {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read, if that is why.
        source: Option<io::Error>,
    },
    /// The file of addresses cannot be written.
    #[error("cannot write {}", path.display())]
    Addresses {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The process cannot be told to end.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// A part ended that should not have.
    #[error("{part} ended: {reason}")]
    PartEnded {
        /// The part.
        part: &'static str,
        /// What it said.
        reason: String,
    },
}

/// The parts that run side by side; each says its name and, if it failed, why.
type Parts = JoinSet<(&'static str, Result<(), String>)>;

/// Runs until SIGTERM or SIGINT, or until a part ends.
pub async fn run(config: Config, log_filter: LogFilter) -> Result<(), Error> {
    let Config {
        listen,
        admin_listen,
        addresses_file,
        public_url,
        trusted_proxies,
        namespaces,
        tls,
        kubeconfig,
        context,
        lease_namespace,
        replica_name,
        log_format: _,
        log_filter: _,
        audit_file: _,
        traces,
        webhook,
        login: login_config,
    } = config;
    let mut signals = Signals::new().map_err(Error::Signals)?;
    let metrics = Metrics::default();
    let webhook = webhook.map(|config| open_webhook(&config, &metrics)).transpose()?;
    let (public, admin, tls) = listeners(listen, admin_listen, tls, &metrics).await?;
    let (public_address, admin_address) = (public.address(), admin.address());
    let settings = Settings { kubeconfig, context, namespaces };
    let uses_kubeconfig = store::uses_kubeconfig(&settings);
    let store = Store::connect(settings).await.map_err(Error::Cluster)?;
    if let Some(path) = addresses_file {
        write_addresses(&path, public_address, admin_address).map_err(|source| Error::Addresses { path, source })?;
    }
    tracing::info!(public = %public_address, admin = %admin_address, tls = tls.is_some(), "listening");

    let readiness = ReplicaReadiness::default();
    let stops = Stops::default();
    let mut serving = Parts::new();
    let mut background = Parts::new();
    let candidate = candidate(&store, lease_namespace.as_deref(), &replica_name, uses_kubeconfig);
    let providers = Providers::new(provider_settings(login_config), &store, metrics.clone());
    let logins = Logins::new(store.clone(), providers.clone(), metrics.clone(), candidate.namespace().to_owned());
    let tools = Tools {
        store: store.clone(),
        metrics: metrics.clone(),
        write_rate: WriteRate::default(),
        providers,
        public_url: public_url.as_deref().map(Into::into),
    };
    let probes = Admin { store: store.clone(), metrics: metrics.clone(), readiness: readiness.clone(), log_filter };
    let keys = Keys::new(store.clone(), metrics.clone());
    let (doors, scim) = doors(&store, &metrics, &readiness, &logins, &keys, public_url.as_deref());
    let addressing = Addressing { public_url, trusted_proxies };
    let stop = || stops.background.clone();
    let edge = Edge::new(doors, addressing, metrics.clone(), traces.is_some()).serve(public, stops.serving.clone());
    let told = store.clone();
    let serving_all = async move {
        edge.await;
        scim.finish().await;
        traffic::write_rest(&told).await;
        Ok(())
    };
    serving.spawn(named("the public listener", serving_all));
    background.spawn(named("the admin listener", Edge::silent(probes.door()).serve(admin, stop()).map(Ok)));
    let (watched, stopped) = (store.clone(), stop());
    let watching = async move { watched.run(stopped).await.map_err(|error| error.to_string()) };
    background.spawn(named("the watches", watching));
    begin_work(&mut background, &tools, (logins, keys), &stops);
    let lease_namespace = candidate.namespace().to_owned();
    let leading = leader::run(tools, candidate, duties, stops.leading.clone());
    background.spawn(named("the work of the leader", leading));
    look_around(&mut background, &store, lease_namespace, (&metrics, &readiness), &stops);
    if let (Some(webhook), Some(notices)) = (webhook, store.notices().listen()) {
        background.spawn(named("the webhook", until_stopped(webhook.run(notices), stop())));
    }
    if let Some(tls) = tls {
        let watching = async move { tls.watch().await };
        background.spawn(named("the watch on the certificate", until_stopped(watching, stop())));
    }

    let ended = tokio::select! {
        name = signals.next() => {
            tracing::info!(signal = name, "shutting down");
            None
        }
        Some(part) = serving.join_next() => Some(part),
        Some(part) = background.join_next() => Some(part),
    };
    if let Some(part) = ended {
        return Err(part_ended(part));
    }
    readiness.end();
    tokio::select! {
        () = end(serving, background, &stops, Ending::default()) => {}
        name = signals.next() => tracing::warn!(signal = name, "asked again: ending at once"),
    }
    Ok(())
}

/// Begins what every replica does beside serving.
fn begin_work(background: &mut Parts, tools: &Tools, (logins, keys): (Logins, Keys), stops: &Stops) {
    let (store, metrics, stop) = (&tools.store, &tools.metrics, || stops.background.clone());
    let keeping = async move { logins.run().await };
    background.spawn(named("the keys of sessions", until_stopped(keeping, stop())));
    let telling = async move { keys.run().await };
    background.spawn(named("the last uses of keys", until_stopped(telling, stop())));
    let cleaning = janitor::run(store.clone(), metrics.clone());
    background.spawn(named("the janitor", until_stopped(cleaning, stop())));
    let telling = traffic::run(store.clone(), metrics.clone(), stop()).map(Ok);
    background.spawn(named("the record of what providers do", telling));
    let reporting = observing::run(tools.clone(), stop()).map(Ok);
    background.spawn(named("the reports of observed Directories", reporting));
}

/// Begins the looks at what nobody tells by itself: the operator's rights, the served kinds, and whether the replica is ready.
fn look_around(
    background: &mut Parts,
    store: &Store,
    lease_namespace: String,
    (metrics, readiness): (&Metrics, &ReplicaReadiness),
    stops: &Stops,
) {
    let looks: [(_, BoxFuture<'static, ()>); 3] = [
        (
            "the look at the rights",
            look_at_rights(store.clone(), lease_namespace, metrics.clone(), readiness.clone()).boxed(),
        ),
        ("the look at the kinds", look_at_schema(store.clone(), readiness.clone()).boxed()),
        ("the look at the readiness", look_at_readiness(store.clone(), metrics.clone(), readiness.clone()).boxed()),
    ];
    for (name, looking) in looks {
        background.spawn(named(name, until_stopped(looking, stops.background.clone())));
    }
}

/// The receiver of notices, as the flags say.
fn open_webhook(WebhookConfig { url, secret_file }: &WebhookConfig, metrics: &Metrics) -> Result<Webhook, Error> {
    let secret = match secret_file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| Error::WebhookSecret { path: path.clone(), source: Some(source) })?;
            let secret = WebhookSecret::read(&text);
            Some(secret.ok_or_else(|| Error::WebhookSecret { path: path.clone(), source: None })?)
        }
    };
    Webhook::new(url.clone(), secret, Patience::default(), metrics.clone()).map_err(Error::Webhook)
}

/// How providers are reached, as the flags say.
fn provider_settings(login: LoginConfig) -> ProviderSettings {
    let LoginConfig { allowed_authority_hosts, private_authorities, client_assertion_file, proxy } = login;
    ProviderSettings {
        allowed: AllowedAuthorities { hosts: allowed_authority_hosts, private: private_authorities },
        proxy: proxy.map(|ProxyConfig { url, no_proxy }| (url, no_proxy)),
        assertion_file: client_assertion_file,
    }
}

/// The doors of the public listener, one beside the other, and that of SCIM once more: its writes are waited for at the end.
fn doors(
    store: &Store,
    metrics: &Metrics,
    readiness: &ReplicaReadiness,
    logins: &Logins,
    keys: &Keys,
    public_url: Option<&str>,
) -> (Router, Scim) {
    let scim = Scim::new(store.clone(), keys.clone(), metrics.clone(), readiness.clone());
    let browser = Browser { logins: logins.clone(), readiness: readiness.clone() };
    let check = CheckDoor::new(logins.clone(), public_url.map(str::to_owned));
    let tokens = Tokens::new(logins.clone(), keys.clone());
    let doors =
        [scim.door(), login::door(&browser), app::door(&browser), portal::door(&browser), check.door(), tokens.door()];
    (side_by_side(doors), scim)
}

/// What stops when.
#[derive(Default)]
struct Stops {
    leading: CancellationToken,
    serving: CancellationToken,
    background: CancellationToken,
}

/// The public listener, with TLS where there is a certificate, and that of probes and metrics.
async fn listeners(
    public: SocketAddr,
    admin: SocketAddr,
    tls: Option<TlsFiles>,
    metrics: &Metrics,
) -> Result<(Listener, Listener, Option<Tls>), Error> {
    let public = bind("public", public, metrics).await?;
    let admin = bind("admin", admin, metrics).await?;
    let Some(TlsFiles { cert, key }) = tls else { return Ok((public, admin, None)) };
    let tls = Tls::open(cert, key, metrics.clone()).await?;
    Ok((public.with_tls(&tls)?, admin, Some(tls)))
}

/// This replica as a candidate for the work in the background.
fn candidate(store: &Store, lease_namespace: Option<&str>, replica: &str, uses_kubeconfig: bool) -> Candidate {
    let candidate = store.candidate(lease_namespace, replica);
    if uses_kubeconfig && lease_namespace.is_none() {
        tracing::warn!(
            namespace = candidate.namespace(),
            "the Lease is in the namespace of the kubeconfig's context: replicas whose Lease is in another one elect a \
             leader of their own; --lease-namespace says which to use"
        );
    }
    candidate
}

async fn bind(name: &'static str, address: SocketAddr, metrics: &Metrics) -> Result<Listener, Error> {
    let listener = Listener::bind(name, address, metrics.clone()).await;
    listener.map_err(|source| Error::Listen { address, source })
}

/// A part that keeps its name when it panics.
async fn named(
    name: &'static str,
    part: impl Future<Output = Result<(), String>>,
) -> (&'static str, Result<(), String>) {
    let result = AssertUnwindSafe(part).catch_unwind().await;
    (name, result.unwrap_or_else(|panic| Err(format!("it panicked: {}", panic_reason(&*panic)))))
}

/// A part that would go on for ever.
async fn until_stopped(part: impl Future<Output = ()>, stop: CancellationToken) -> Result<(), String> {
    stop.run_until_cancelled(part).await;
    Ok(())
}

/// Looks for ever at the kinds that the cluster serves: whether they have every field that this version knows. They may be
/// set back at any time, and a replica that wrote on would lose what they do not know.
async fn look_at_schema(store: Store, readiness: ReplicaReadiness) {
    let mut told = None;
    loop {
        let pause = match store.check_schema().await {
            Ok(()) => {
                if told.take().is_some() {
                    tracing::info!("the served kinds can be used again");
                }
                readiness.set_schema_problem(None);
                SCHEMA_INTERVAL
            }
            // What was seen last still counts; that the API server is away is the watches' to tell.
            Err(store::Error::Unavailable { .. }) if readiness.has_seen_schema() => SCHEMA_PAUSE,
            Err(error) => {
                let problem = error.to_string();
                if told.as_ref() != Some(&problem) {
                    tracing::warn!(reason = %problem, "the served kinds cannot be used");
                }
                readiness.set_schema_problem(Some(problem.clone()));
                told = Some(problem);
                SCHEMA_PAUSE
            }
        };
        sleep(pause).await;
    }
}

/// Looks for ever at the rights of the operator's account and at the namespaces that it serves. A right that is granted later,
/// and a namespace that is made later, are noticed without a restart.
async fn look_at_rights(store: Store, lease_namespace: String, metrics: Metrics, readiness: ReplicaReadiness) {
    let mut told: Option<String> = None;
    let mut last_pause = None;
    loop {
        let (problem, is_answered) = match store.lacking(&lease_namespace).await {
            Ok(lacking) => {
                readiness.set_rights_problem(lacking.for_serving().sentence());
                let rights = lacking.rights.iter();
                metrics.set_missing_rights(rights.map(|right| (right.namespace.clone(), right.resource, right.verb)));
                (lacking.sentence(), true)
            }
            // What was seen last still counts; that the API server is away is the watches' to tell.
            Err(store::Error::Unavailable { .. }) => (told.clone(), false),
            // Somebody has taken away the right to ask, which every account has. The watches tell of what they may not do.
            Err(error) => {
                readiness.set_rights_problem(None);
                (Some(format!("the API server does not say which rights the operator has: {error}")), true)
            }
        };
        match &problem {
            Some(reason) if told != problem => tracing::warn!(reason, "something that the operator needs is missing"),
            None if told.is_some() => tracing::info!("nothing that the operator needs is missing any more"),
            _ => {}
        }
        let pause = if !is_answered {
            RIGHTS_PAUSE
        } else if problem.is_none() {
            RIGHTS_INTERVAL
        } else {
            pause_while_missing(last_pause.filter(|_| told == problem))
        };
        last_pause = (is_answered && problem.is_some()).then_some(pause).or(last_pause);
        told = problem;
        sleep(pause).await;
    }
}

/// How long to wait before the rights are looked at again, after so long a pause before the look that found the same missing.
fn pause_while_missing(last: Option<Duration>) -> Duration {
    last.map_or(RIGHTS_PAUSE, |last| (2 * last).min(RIGHTS_LONGEST_PAUSE))
}

/// Looks for ever whether the replica is ready, so that a change is told when it happens and not when somebody asks.
async fn look_at_readiness(store: Store, metrics: Metrics, readiness: ReplicaReadiness) {
    loop {
        drop(readiness.look(&store, &metrics, std::time::Instant::now()));
        sleep(READINESS_INTERVAL).await;
    }
}

/// The times of the end.
struct Ending {
    unready: Duration,
    drain: Duration,
    whole: Duration,
}

impl Default for Ending {
    fn default() -> Self {
        Self { unready: UNREADY, drain: DRAIN, whole: END }
    }
}

/// The end that was asked for.
async fn end(mut serving: Parts, mut background: Parts, stops: &Stops, times: Ending) {
    let deadline = Instant::now() + times.whole;
    stops.leading.cancel();
    sleep(times.unready).await;
    stops.serving.cancel();
    if timeout(times.drain, all(&mut serving)).await.is_err() {
        tracing::warn!("requests were still running and are cut");
    }
    stops.background.cancel();
    if timeout_at(deadline, all(&mut background)).await.is_err() {
        tracing::warn!("work in the background was still running and is cut");
    }
    tracing::info!("ended");
}

async fn all(parts: &mut Parts) {
    while parts.join_next().await.is_some() {}
}

fn part_ended(part: Result<(&'static str, Result<(), String>), JoinError>) -> Error {
    match part {
        Ok((part, Ok(()))) => Error::PartEnded { part, reason: "nobody asked it to".to_owned() },
        Ok((part, Err(reason))) => Error::PartEnded { part, reason },
        Err(error) => Error::PartEnded { part: "a part", reason: error.to_string() },
    }
}

/// `{"public":"ip:port","admin":"ip:port"}`, whole or not at all: whoever waits for the file reads it at once.
fn write_addresses(path: &Path, public: SocketAddr, admin: SocketAddr) -> io::Result<()> {
    let text = serde_json::json!({ "public": public.to_string(), "admin": admin.to_string() }).to_string();
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// SIGTERM from Kubernetes, SIGINT from a terminal.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn the_end_is_bounded_whatever_the_parts_do() {
        let (mut serving, mut background) = (Parts::new(), Parts::new());
        serving.spawn(named("a request", pending()));
        background.spawn(named("a watch", pending()));
        let short = Duration::from_millis(5);
        let times = Ending { unready: short, drain: short, whole: 4 * short };
        let (stops, before) = (Stops::default(), Instant::now());
        let ending = end(serving, background, &stops, times);
        timeout(Duration::from_secs(5), ending).await.expect("it ends");
        assert!(before.elapsed() >= 4 * short, "background work has what is left");
        assert!(stops.serving.is_cancelled() && stops.background.is_cancelled());
    }

    #[test]
    fn what_stays_missing_is_looked_for_ever_more_rarely() {
        let pauses =
            std::iter::successors(Some(pause_while_missing(None)), |last| Some(pause_while_missing(Some(*last))));
        assert_eq!(pauses.take(6).map(|pause| pause.as_secs()).collect::<Vec<_>>(), [5, 10, 20, 40, 60, 60]);
    }

    #[tokio::test]
    async fn a_part_that_panics_is_named() {
        let mut parts = Parts::new();
        parts.spawn(named("the janitor", async { panic!("a test does this") }));
        let error = part_ended(parts.join_next().await.expect("a part"));
        assert_eq!(error.to_string(), "the janitor ended: it panicked: a test does this");
    }
}
