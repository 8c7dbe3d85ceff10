//! The clients of the API server: one for requests, one for watches, one for the Lease.
//!
//! kube repeats requests by itself unless told not to, a POST too: a create that timed out in etcd would be sent again and
//! meet its own object. So neither client repeats anything; who calls decides. A request must not hang on a dead
//! connection, and a watch must be able to rest, hence two. The Lease has the third: it must neither wait behind requests
//! nor longer than a leader is believed.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::Error;
use super::error::with_causes;

/// How long a connection to the API server may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the connection of a request may rest while an answer is awaited. A little more than the deadline of a
/// request, which is the one that is meant to end it.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the connection of a watch may be silent: longer than any that [`super::watch`] puts up with, so that this is
/// only the last resort.
const WATCH_READ_TIMEOUT: Duration = Duration::from_secs(150);
/// How long the connection of a call on the Lease may rest. A leader that cannot renew has stopped before others take over.
const LEASE_READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the operating system may take to accept what is written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Which cluster, and which part of it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The kubeconfig; none: the service account of the pod, or else the usual kubeconfig.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; none: its current one.
    pub context: Option<String>,
    /// The namespaces that are served; none named: all.
    pub namespaces: Vec<String>,
}

/// The clients.
pub(super) struct Clients {
    /// For single requests.
    pub(super) requests: Client,
    /// For lists and watches.
    pub(super) watches: Client,
    /// For the Lease. Its default namespace is the operator's own: that of the pod's service account, or of the context
    /// of the kubeconfig.
    pub(super) lease: Client,
}

/// Makes the clients. Nothing is sent yet.
pub(super) async fn connect(settings: &Settings) -> Result<Clients, Error> {
    let mut config = config(settings).await?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.write_timeout = Some(WRITE_TIMEOUT);
    // Or the rest of a connection in the pool counts against the next answer.
    config.reset_reader_on_write = true;
    let client = |read_timeout| {
        let mut config = config.clone();
        config.read_timeout = Some(read_timeout);
        Client::try_from(config).map_err(|error| Error::Other(with_causes(&error)))
    };
    Ok(Clients {
        requests: client(READ_TIMEOUT)?,
        watches: client(WATCH_READ_TIMEOUT)?,
        lease: client(LEASE_READ_TIMEOUT)?,
    })
}

async fn config(settings: &Settings) -> Result<Config, Error> {
    let options = KubeConfigOptions { context: settings.context.clone(), ..KubeConfigOptions::default() };
    let unreadable = |error| Error::Other(format!("the kubeconfig cannot be used: {}", words(&error)));
    if let Some(path) = &settings.kubeconfig {
        let kubeconfig = Kubeconfig::read_from(path).map_err(unreadable)?;
        return Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(unreadable);
    }
    if settings.context.is_some() {
        return Config::from_kubeconfig(&options).await.map_err(unreadable);
    }
    match Config::incluster() {
        Ok(config) => Ok(config),
        Err(no_account) => Config::from_kubeconfig(&options).await.map_err(|error| {
            Error::Other(format!(
                "there is neither the service account of a pod ({}) nor a kubeconfig that can be used ({}): mount the \
                 account's token, or name a kubeconfig with --kubeconfig",
                with_causes(&no_account),
                words(&error)
            ))
        }),
    }
}

/// What is wrong with a kubeconfig. A reader of YAML shows the place with what stands there, and that may be a token.
fn words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(_) => {
            "it is no kubeconfig in YAML, and is not shown because of the tokens in it; kubectl \
                                      config view says more"
                .to_owned()
        }
        error => with_causes(error),
    }
}

/// The service account of the pod, unless a kubeconfig or a context was named.
fn in_cluster(settings: &Settings) -> Option<Config> {
    let is_named = settings.kubeconfig.is_some() || settings.context.is_some();
    if is_named { None } else { Config::incluster().ok() }
}

/// Whether a kubeconfig leads to the cluster, and not the service account of a pod. The operator's own namespace is then
/// whatever the context says, which need not be that of the other replicas.
pub fn uses_kubeconfig(settings: &Settings) -> bool {
    in_cluster(settings).is_none()
}
