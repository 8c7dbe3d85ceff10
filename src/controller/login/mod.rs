//! Looks whether people can log in to each Directory, and tells it in the condition `LoginReady`.
//!
//! Nobody waits for this: a login asks the provider by itself, and this only says beforehand whether it will work, and what is to
//! be entered in the registration. A Directory is looked at when its spec changes, every ten minutes, and after a failure sooner,
//! because nobody tells when a Secret is made or a provider answers again. A provider that does not answer holds up no other one.

mod act;
mod decide;
mod observe;
mod report;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;

use self::act::LoginWrite;
use self::decide::{Outcome, again};
use self::observe::Probed;
use super::dirty_names::{DirtyNames, ERROR_PAUSE};
use super::told::ToldByDirectory;
use super::tools::Tools;
use crate::login::provider::ProviderProblem;
use crate::store::index::dirty::{DirectoryName, DirtyName, Taken};

/// Most providers that are asked at the same time: one that is away takes ten seconds to say so.
const PROBES_AT_ONCE: usize = 8;
/// After a write that met a newer state, until the next look: by then the watch has told it.
const MOVED_PAUSE: Duration = Duration::from_secs(1);

/// Looks at Directories for ever.
pub async fn run(tools: Tools) {
    let mut logins = LoginConditions::new(tools);
    loop {
        logins.step().await;
    }
}

/// What this leader knows. Nothing of it needs to outlive the leader.
struct LoginConditions {
    tools: Tools,
    names: DirtyNames,
    probes: FuturesUnordered<BoxFuture<'static, (DirtyName, Probed)>>,
    /// What came of the last look at each Directory that has a login; as many entries as there are such Directories.
    outcomes: HashMap<DirectoryName, Outcome>,
    told: ToldByDirectory,
}

impl LoginConditions {
    fn new(tools: Tools) -> Self {
        Self {
            names: DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "login", observe::interest),
            tools,
            probes: FuturesUnordered::new(),
            outcomes: HashMap::new(),
            told: ToldByDirectory::default(),
        }
    }

    /// Takes the next name, or what came of a probe, whichever is there first.
    async fn step(&mut self) {
        let may_begin = self.probes.len() < PROBES_AT_ONCE;
        tokio::select! {
            Some((name, probed)) = self.probes.next() => self.finish(name, probed).await,
            taken = self.names.next(), if may_begin => self.begin(taken).await,
        }
    }

    /// Looks at a Directory: begins a probe where one is due, and otherwise tells what is known.
    async fn begin(&mut self, Taken { name, cause: _ }: Taken) {
        let now = Instant::now();
        let Some(directory) = observe::directory(&self.tools.store, &name.directory) else {
            self.outcomes.remove(&name.directory);
            self.told.forget(&name.directory);
            return;
        };
        if !decide::needs_probe(directory.spec.login.as_ref()) {
            self.outcomes.remove(&name.directory);
            return self.tell(name).await;
        }
        let known = self.outcomes.get(&name.directory).filter(|known| known.is_about(directory.spec.login.as_ref()));
        if let Some(again) = known.map(|known| known.again).filter(|again| now < *again) {
            // Its time has not come, and whoever takes a name takes its time along.
            self.names.look_at(name.clone(), again);
            return self.tell(name).await;
        }
        let providers = self.tools.providers.clone();
        self.probes.push(Box::pin(async move {
            let probed = observe::probe(&providers, directory).await;
            (name, probed)
        }));
    }

    /// Takes in what came of a probe, and tells it.
    async fn finish(&mut self, name: DirtyName, Probed { login, result }: Probed) {
        let now = Instant::now();
        if let Err(ProviderProblem::SecretUnread { .. }) = result {
            // That is the API server's trouble, and what was seen last still counts.
            return self.names.look_at(name, now + ERROR_PAUSE);
        }
        let before = self.outcomes.get(&name.directory).filter(|known| known.is_about(login.as_ref()));
        let failures = match &result {
            Ok(_) => 0,
            Err(_) => before.map_or(0, |known| known.failures) + 1,
        };
        match &result {
            Ok(_) => {
                self.told.success(&name);
                if before.is_some_and(|known| known.failures > 0) {
                    report::ready(&name.directory);
                }
            }
            Err(problem) => {
                let reason = problem.reason().as_str();
                self.told.failure(&name, reason, || report::not_ready(&name.directory, problem));
            }
        }
        let again = now + again(failures);
        self.names.look_at(name.clone(), again);
        self.outcomes.insert(name.directory.clone(), Outcome { login, result, failures, again });
        self.tell(name).await;
    }

    /// Writes what is known of a Directory into its status, where something else stands there.
    async fn tell(&mut self, name: DirtyName) {
        let now = Instant::now();
        let Some(directory) = observe::directory(&self.tools.store, &name.directory) else { return };
        let outcome = self.outcomes.get(&name.directory);
        // The spec has changed while the provider was asked about the old one.
        if outcome.is_some_and(|known| !known.is_about(directory.spec.login.as_ref())) {
            return self.names.look_at(name, now);
        }
        let seen = observe::login(&directory, outcome, self.tools.public_url.as_deref());
        let wanted = decide::status(&seen, Timestamp::now());
        match act::write(&self.tools, &name, &directory, &wanted).await {
            Ok(LoginWrite::Finished) => {}
            Ok(LoginWrite::Moved) => self.names.look_at(name, now + MOVED_PAUSE),
            Err(error) => {
                report::unwritten(&name.directory, &error);
                self.names.look_at(name, now + ERROR_PAUSE);
            }
        }
    }
}
