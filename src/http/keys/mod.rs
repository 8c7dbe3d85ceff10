//! Keys: which Directory the credentials of a request open, and for what. Every door that takes a DirectoryKey asks here, so a
//! key is right or wrong at all of them alike, and who guesses is throttled for all of them together.

mod credentials;
mod failures;
mod last_used;

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::sleep;

pub use credentials::AuthenticationFailure;
use credentials::{AccessRefusal, Authentication, Credentials, WantedDirectory};
use failures::Failures;
use last_used::{FAILED_PAUSE, LOOK_INTERVAL, LastUses};

use crate::api::directory_key::Scope;
use crate::audit::{self, AuditAction, AuditDoor, AuditOutcome, AuditRecord};
use crate::http::edge::RequestNote;
use crate::http::edge::address::source_of;
use crate::metrics::Metrics;
use crate::store::{Store, WatchedDirectory};

/// Failed authentications that one source may have at once; then 429.
const FAILURE_BURST: u32 = 100;
/// After this long one more is allowed.
const FAILURE_REFILL: Duration = Duration::from_secs(1);
/// Most sources whose failures are counted apart; while there are as many, all share one bucket.
const MAX_SOURCES: usize = 10_000;

/// What the status of a Directory says of a key that is good and lacks the scope.
const WRONG_SCOPE: &str = "wrong_scope";

/// What tells whether a key opens. Cheap to clone; the doors of one process share it.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    store: Store,
    metrics: Metrics,
    failures: Failures,
    uses: LastUses,
}

/// Why the credentials of a request open nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// They do not open the Directory.
    Credentials(AuthenticationFailure),
    /// The same, too often from one source; when the next attempt is welcome.
    TooManyFailures(AuthenticationFailure, Duration),
    /// The key is good and may not do this.
    Scope,
    /// The key is good, and its Directory is not there or cannot be read.
    DirectoryGone,
}

impl Keys {
    /// The keys in `store`.
    pub fn new(store: Store, metrics: Metrics) -> Self {
        Self(Arc::new(Inner { store, metrics, failures: Failures::default(), uses: LastUses::default() }))
    }

    /// Tells for ever when keys were last used.
    pub async fn run(&self) {
        let Inner { store, uses, .. } = &*self.0;
        loop {
            sleep(LOOK_INTERVAL).await;
            if store.fresh(Instant::now()).is_err() {
                continue;
            }
            if let Err(error) = uses.write(store, Timestamp::now()).await {
                last_used::tell(&error);
                sleep(FAILED_PAUSE).await;
            }
        }
    }

    /// The Directory of the URL, if the credentials open it for `scope`. Every failure is counted, and those that a guess could
    /// make are charged to the client's address.
    pub fn open(
        &self,
        note: &RequestNote,
        headers: &HeaderMap,
        (namespace, name): (&str, &str),
        scope: Scope,
    ) -> Result<Arc<WatchedDirectory>, KeyRefusal> {
        let Inner { store, metrics, failures, uses } = &*self.0;
        let now = Timestamp::now();
        let directory = store.directory(namespace, name);
        let labels = directory.is_some().then_some((namespace, name));
        let authentication = match Credentials::read(headers) {
            Ok(credentials) => {
                let wanted = WantedDirectory { namespace, name, directory: directory.as_ref(), scope };
                credentials.open(wanted, &store.keys(&credentials.digest), now)
            }
            Err(failure) => Authentication { key: None, opened: Err(AccessRefusal::Credentials(failure)) },
        };
        if let Some(key) = &authentication.key {
            note.key(&key.name);
        }
        let key_name = authentication.key.as_ref().map(|key| key.name.clone());
        let reason = match authentication.opened {
            Ok(directory) => {
                if let Some(key) = &authentication.key {
                    uses.note(key, now, || (rand::random(), rand::random()));
                }
                return Ok(directory);
            }
            Err(AccessRefusal::Scope) => {
                self.tell(directory.as_deref(), scope, WRONG_SCOPE, key_name);
                return Err(KeyRefusal::Scope);
            }
            Err(AccessRefusal::NoDirectory) => {
                metrics.authentication_failure(AuthenticationFailure::UnknownDirectory.as_str(), labels);
                return Err(KeyRefusal::DirectoryGone);
            }
            Err(AccessRefusal::Credentials(reason)) => reason,
        };
        metrics.authentication_failure(reason.as_str(), labels);
        self.tell(directory.as_deref(), scope, reason.as_str(), key_name);
        match failures.take(source_of(note.client())) {
            Ok(()) => Err(KeyRefusal::Credentials(reason)),
            Err(pause) => Err(KeyRefusal::TooManyFailures(reason, pause)),
        }
    }

    /// Lets the status of the Directory and the audit stream tell of a failure.
    fn tell(&self, directory: Option<&WatchedDirectory>, scope: Scope, reason: &'static str, key: Option<String>) {
        if let Some(directory) = directory {
            let place = (&*directory.namespace, &*directory.name);
            let (action, outcome) = (AuditAction::Authenticate, AuditOutcome::Denied);
            let door = if scope == Scope::Provision { AuditDoor::Scim } else { AuditDoor::Token };
            audit::write(&AuditRecord {
                key: key.as_deref(),
                reason: Some(reason),
                ..AuditRecord::new("not authenticated", place, door, action, outcome)
            });
            let now = Timestamp::now();
            self.0.store.traffic().note(directory, |traffic| traffic.note_failure(now, reason, key));
        }
    }
}
