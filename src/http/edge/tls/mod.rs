//! TLS 1.2 and 1.3, with a certificate that is read again when its files change.
//!
//! The files are compared by content: a mounted Secret is a chain of symbolic links whose times say little. New files
//! that cannot be used are logged, once, and the certificate in force stays. One that has expired is served all the same:
//! its clients refuse it, and the log and the metric say why.

mod expiry;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

use self::expiry::{ExpiryNews, ToldExpiry, valid_until};
use super::limits::TLS_POLL;
use crate::metrics::Metrics;

/// The label of the listener that speaks TLS.
const LISTENER: &str = "public";

/// Why certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM, or holds something else.
    #[error("{} holds no {what} in PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key do not belong together.
    #[error(
        "the private key in {} does not belong to the first certificate in {}: take both from the same Secret, with the \
         certificate of the server before those of its issuers",
        key.display(), cert.display()
    )]
    KeyMismatch {
        /// The file of the chain.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// They are of a kind that is not supported, or no certificate at all.
    #[error("certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
}

/// Certificate and key, as their files last were.
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    in_force: Arc<InForce>,
    seen: Mutex<Files>,
    metrics: Metrics,
}

/// The content of both files.
#[derive(Clone, PartialEq, Eq)]
struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
}

#[derive(Debug)]
struct InForce(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for InForce {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads both files.
    pub async fn open(cert: PathBuf, key: PathBuf, metrics: Metrics) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let files = Files { cert: read(&cert).await?, key: read(&key).await? };
        let certified = certified(&files, &cert, &key, &provider)?;
        let in_force = Arc::new(InForce(ArcSwap::from_pointee(certified)));
        let tls = Self { cert, key, provider, in_force, seen: Mutex::new(files), metrics };
        tls.count_expiry();
        Ok(tls)
    }

    /// What accepts connections with the certificate in force.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.in_force) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks at the files for ever.
    pub async fn watch(&self) {
        let mut ticks = interval(TLS_POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut told_expiry) = (String::new(), ToldExpiry::default());
        loop {
            ticks.tick().await;
            let result = self.reload().await;
            if let Ok(true) = result {
                tracing::info!("a new certificate is in force");
            }
            if let Some(reason) = news(&mut told, result.err().as_ref()) {
                tracing::error!(reason, "the new certificate cannot be used, the old one stays in force");
            }
            if let Some(end) = self.valid_until() {
                self.tell_expiry(told_expiry.news(end, Timestamp::now()), end);
            }
        }
    }

    /// Takes what the files hold, if that is new. Bad content is an error once.
    async fn reload(&self) -> Result<bool, TlsError> {
        let files = Files { cert: read(&self.cert).await?, key: read(&self.key).await? };
        if std::mem::replace(&mut *self.seen.lock(), files.clone()) == files {
            return Ok(false);
        }
        let certified = certified(&files, &self.cert, &self.key, &self.provider)?;
        self.in_force.0.store(Arc::new(certified));
        self.count_expiry();
        Ok(true)
    }

    /// Until when the certificate in force is valid.
    fn valid_until(&self) -> Option<Timestamp> {
        self.in_force.0.load().cert.first().and_then(valid_until)
    }

    fn count_expiry(&self) {
        self.metrics.set_certificate_expiry(LISTENER, self.valid_until().map(Timestamp::as_second));
    }

    fn tell_expiry(&self, news: Option<ExpiryNews>, end: Timestamp) {
        let cert = self.cert.display();
        match news {
            None => {}
            Some(ExpiryNews::Soon(days)) => {
                tracing::warn!(%cert, %end, days, "the certificate expires soon: put a new one into its files");
            }
            Some(ExpiryNews::Expired) => {
                tracing::error!(%cert, %end, "the certificate has expired and clients refuse it: put a new one into its files");
            }
        }
    }
}

/// What is to be said of an error: nothing where it was said before and nothing went well since.
fn news(told: &mut String, error: Option<&TlsError>) -> Option<String> {
    let reason = error.map(|error| with_causes(error)).unwrap_or_default();
    let is_new = !reason.is_empty() && reason != *told;
    told.clone_from(&reason);
    is_new.then_some(reason)
}

/// An error and its causes in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_causes(source)),
        None => error.to_string(),
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    tokio::fs::read(path).await.map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn certified(files: &Files, cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let no_chain = || TlsError::Pem { path: cert.to_owned(), what: "certificate" };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&files.cert).collect::<Result<_, _>>().map_err(|_| no_chain())?;
    if chain.is_empty() {
        return Err(no_chain());
    }
    let private = PrivateKeyDer::from_pem_slice(&files.key)
        .map_err(|_| TlsError::Pem { path: key.to_owned(), what: "private key" })?;
    CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::KeyMismatch { cert: cert.to_owned(), key: key.to_owned() },
        error => error.into(),
    })
}
