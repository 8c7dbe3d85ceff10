//! Turning a rule of uniqueness on, in two steps that `Directory.status.uniqueAttributes` shows.
//!
//! *Claiming* first: every writer names and acquires the value as if the rule were in force, and a taken one is no error.
//! A writer that has seen this is no danger any more; so nobody waits for anybody. Then the leader acquires the value for
//! every holder, the oldest first, with a write also where the claim is its own already: a claim from an earlier time in force
//! may be in the hands of a release that has paused since. When the pass has met no value of somebody else, the rule is *in
//! force*. Duplicates keep it Claiming: nobody is changed or removed for it. From then on the objects that lack the value
//! are asked again when they or their rivals change, and nobody else.
//!
//! The state is in the status alone. What a pass came to is remembered by this leader, as a state of the Directory's spec
//! that it was about: a rule that was turned off and on again, or a Directory that a restore made anew, begins anew.

mod act;
mod decide;
mod observe;
mod passes;
mod report;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

pub use decide::{begun, progress};
pub use passes::{Pass, Passes};

use self::decide::Asking;
use super::dirty_names::{DirtyNames, fresh};
use super::told::Told;
use super::tools::Tools;
use crate::store::Error as StoreError;
use crate::store::claims::Error;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject};

/// After an object that could not be asked, until the next one is.
const ERROR_PAUSE: Duration = Duration::from_secs(2);
/// The same where nobody else is left to be asked: mostly the API server refuses that object, and somebody has to mend it.
const LONG_PAUSE: Duration = Duration::from_secs(15);
/// Most dirty names that are looked at between two objects that are asked.
const LOOKS_AT_ONCE: usize = 200;

/// Turns rules on for ever.
pub async fn run(tools: Tools, passes: Passes) {
    let mut claiming = Claiming::new(tools, passes);
    loop {
        if claiming.next_rule(Instant::now()).is_none() {
            claiming.wait().await;
        }
        claiming.look_at_names(Instant::now());
        fresh(&claiming.tools.store).await;
        claiming.ask_one(Instant::now()).await;
    }
}

/// A rule: its Directory and its attribute.
type Rule = (DirectoryName, String);

/// What this leader knows. Nothing of it needs to outlive the leader.
struct Claiming {
    tools: Tools,
    passes: Passes,
    names: DirtyNames,
    /// The rules that are being claimed.
    asking: BTreeMap<Rule, Asking>,
    /// Directories in which an object could not be asked, and until when they are left alone.
    paused: HashMap<DirectoryName, Instant>,
    last: Option<Rule>,
    told: Told,
}

impl Claiming {
    fn new(tools: Tools, passes: Passes) -> Self {
        let names = DirtyNames::new(tools.store.clone(), tools.metrics.clone(), "claiming", observe::interest);
        Self {
            tools,
            passes,
            names,
            asking: BTreeMap::new(),
            paused: HashMap::new(),
            last: None,
            told: Told::default(),
        }
    }

    /// Waits for a dirty name, or for the end of a pause.
    async fn wait(&mut self) {
        let pause = self.paused.values().min().copied();
        let next = self.names.next();
        let taken = match pause {
            None => next.await,
            Some(until) => match tokio::time::timeout_at(until.into(), next).await {
                Ok(taken) => taken,
                Err(_) => return,
            },
        };
        self.look(&taken.name);
    }

    /// Looks at a few dirty names.
    fn look_at_names(&mut self, now: Instant) {
        for _ in 0..LOOKS_AT_ONCE {
            let Some(taken) = self.names.take(now) else { break };
            self.look(&taken.name);
        }
    }

    fn look(&mut self, name: &DirtyName) {
        let of_directory = |(directory, _): &Rule| *directory == name.directory;
        match &name.subject {
            DirtySubject::Directory => self.look_at_rules(&name.directory),
            DirtySubject::Group(object) | DirtySubject::User(object) => {
                let Some(kind) = observe::kind(&name.subject) else { return };
                let rules = self.asking.iter_mut().filter(|(rule, asking)| of_directory(rule) && asking.kind == kind);
                for (_, asking) in rules {
                    let unsettled = observe::is_unsettled(&self.tools.store, &name.directory, kind, object);
                    asking.note(object, unsettled);
                }
            }
            DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => {}
        }
    }

    /// Begins with the rules that are new, and forgets those that are not being claimed any more.
    fn look_at_rules(&mut self, directory: &DirectoryName) {
        if self.tools.store.directory(directory.namespace(), directory.name()).is_none() {
            self.passes.forget_directory(directory);
        }
        let open = observe::open_rules(&self.tools.store, directory);
        self.asking
            .retain(|(of, attribute), _| of != directory || open.iter().any(|rule| rule.attribute == *attribute));
        self.passes.retain(directory, |attribute| open.iter().any(|rule| rule.attribute == attribute));
        for rule in open {
            let key = (directory.clone(), rule.attribute.clone());
            let anew = self.passes.take_anew(directory, &rule.attribute);
            if anew || self.asking.get(&key).is_none_or(|asking| !asking.is_about(&rule)) {
                let holders = observe::holders(&self.tools.store, directory, rule.kind);
                self.asking.insert(key, Asking::new(&rule, decide::oldest_first(holders)));
            }
        }
    }

    /// The next rule with an object to ask or a result to tell: each in its turn.
    fn next_rule(&mut self, now: Instant) -> Option<Rule> {
        self.paused.retain(|_, until| *until > now);
        let due = |(rule, asking): &(&Rule, &Asking)| asking.has_work() && !self.paused.contains_key(&rule.0);
        let after = self.asking.iter().filter(due).find(|(rule, _)| self.last.as_ref().is_none_or(|last| *rule > last));
        after.or_else(|| self.asking.iter().find(due)).map(|(rule, _)| rule.clone())
    }

    /// Asks one object for one rule, and tells where it was the last one.
    async fn ask_one(&mut self, now: Instant) {
        let Some(rule) = self.next_rule(now) else { return };
        self.last = Some(rule.clone());
        let (directory, attribute) = &rule;
        let Some(asking) = self.asking.get_mut(&rule) else { return };
        if let Some(name) = asking.take() {
            match act::acquire(&self.tools, directory, asking.kind, attribute, &name).await {
                Ok(holder) => {
                    asking.answered(&name, holder);
                    self.told.success();
                }
                Err(error) => {
                    self.told.failure(&error.to_string(), || report::failed(directory, attribute, &error));
                    let is_refused = matches!(error, Error::Store(StoreError::Invalid(_) | StoreError::TooLarge));
                    asking.put_back(name, is_refused);
                    let pause = if asking.is_last() { LONG_PAUSE } else { ERROR_PAUSE };
                    self.paused.insert(directory.clone(), now + pause);
                }
            }
        }
        if let Some(pass) = asking.finished() {
            let before = self.passes.set(directory, attribute, pass.clone());
            if before.as_ref() != Some(&pass) {
                report::passed(directory, attribute, &pass);
                // The statuses tell of it.
                self.tools.store.mark_directory(directory);
            }
        }
    }
}

/// Asks every object that is to be asked now, for the tests of who writes what comes of it.
#[cfg(test)]
pub(super) async fn turn_on(tools: &Tools, passes: &Passes) {
    let mut claiming = Claiming::new(tools.clone(), passes.clone());
    let soon = Instant::now() + Duration::from_secs(1);
    claiming.look_at_names(soon);
    while claiming.next_rule(soon).is_some() {
        claiming.ask_one(soon).await;
    }
}
