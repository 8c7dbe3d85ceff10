//! What is seen of the login of a Directory.

use std::sync::Arc;
use std::time::Duration;

use super::decide::{ObservedLogin, Outcome};
use crate::api::directory_login::Login;
use crate::login::provider::{ProviderProblem, Providers};
use crate::store::index::dirty::{DirectoryName, DirtySubject};
use crate::store::{Store, WatchedDirectory};

/// What is looked at, at once.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    (*subject == DirtySubject::Directory).then_some(Duration::ZERO)
}

/// A Directory that is there to stay.
pub fn directory(store: &Store, name: &DirectoryName) -> Option<Arc<WatchedDirectory>> {
    store.directory(name.namespace(), name.name()).filter(|directory| !directory.seen.is_terminating)
}

/// What came of a probe, and of which login.
pub struct Probed {
    /// `spec.login`, as it was.
    pub login: Option<Login>,
    /// The tenant, or why people cannot log in.
    pub result: Result<Arc<str>, ProviderProblem>,
}

/// Asks the provider of a Directory.
pub async fn probe(providers: &Providers, directory: Arc<WatchedDirectory>) -> Probed {
    let result = providers.probe(&directory, Duration::ZERO).await;
    Probed { login: directory.spec.login.clone(), result }
}

/// The login of a Directory, with what came of the last probe.
pub fn login<'a>(
    directory: &'a WatchedDirectory,
    outcome: Option<&'a Outcome>,
    public_url: Option<&'a str>,
) -> ObservedLogin<'a> {
    ObservedLogin {
        namespace: &directory.namespace,
        name: &directory.name,
        login: directory.spec.login.as_ref(),
        probed: outcome.map(|outcome| outcome.result.as_ref().map(|tenant| &**tenant)),
        public_url,
        generation: directory.seen.generation,
        status: &directory.seen.status,
    }
}
