//! A provisioning job: its state, and the cycle that brings the target in line with the source.
//!
//! The state is what Entra keeps: links from objects of the source to ids of the target, a watermark, the escrow, the
//! quarantine, and which members it has sent. Each object's passage is a function of the job, the source and the answers;
//! it returns what became of the object, and only one function (`absorb`) changes the state, so passages may run side by side.

pub mod answer;
mod cycle;
pub mod escrow;
mod groups;
mod managers;
mod matching;
pub mod quarantine;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::simulator::client::Client;
use crate::simulator::mapping::Mappings;
use crate::simulator::patch::PatchDialect;
use crate::simulator::random::Random;
use crate::simulator::report::{Action, Entry, EntryKind, ErrorCode, Section, Status};
use answer::Problem;
use escrow::Escrow;
use quarantine::{Attempts, Quarantine};

pub use cycle::Reach;

/// What an administrator sets.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// How PATCH is written.
    pub dialect: PatchDialect,
    /// The attribute mappings.
    pub mappings: Mappings,
    /// How many members go into one PATCH.
    pub batch: usize,
    /// How many objects are worked on at once.
    pub parallel: usize,
    /// Whether groups are provisioned.
    pub with_groups: bool,
    /// The most people to disable or delete in one cycle; more end in quarantine before any of them.
    pub deletion_threshold: Option<usize>,
    /// `SkipOutOfScopeDeletions`: who leaves the scope is left alone.
    pub skip_out_of_scope: bool,
}

/// The link from a person to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLink {
    /// The id in the target.
    pub id: String,
    /// Whether the target has it as active, as far as the job knows.
    pub is_active: bool,
    /// Whether the job still looks after it. Who is unassigned and later deleted is not deleted in the target.
    pub is_managed: bool,
    /// The id of the manager in the target, as last read or sent.
    pub manager: Option<String>,
}

/// The link from a group to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLink {
    /// The id in the target.
    pub id: String,
    /// The members that were sent: the job never reads them back.
    pub members: BTreeSet<usize>,
}

/// What may be held in escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobObject {
    /// A person's own attributes.
    User(usize),
    /// A person's manager.
    Manager(usize),
    /// A group and its members.
    Group(usize),
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
enum LinkChange {
    Keep,
    User(UserLink),
    Group(GroupLink),
    Drop,
}

/// What became of one object.
#[derive(Debug)]
struct Passage {
    object: JobObject,
    entries: Vec<Entry>,
    link: LinkChange,
    problem: Option<Problem>,
    /// A reference that cannot be sent yet, because its object is not in the target.
    is_pending: bool,
    /// Whether a new object was found by a filter at once; `None` if nobody looked.
    found_at_once: Option<Result<(), String>>,
    made: Option<String>,
    deleted: Option<String>,
    written: Vec<String>,
}

impl Passage {
    fn new(object: JobObject) -> Self {
        Self {
            object,
            entries: Vec::new(),
            link: LinkChange::Keep,
            problem: None,
            is_pending: false,
            found_at_once: None,
            made: None,
            deleted: None,
            written: Vec::new(),
        }
    }

    fn entry(&mut self, name: &str, action: Action, status: Status, reason: impl Into<String>) -> &mut Entry {
        let kind = if matches!(self.object, JobObject::Group(_)) { EntryKind::Group } else { EntryKind::User };
        let entry = Entry { kind, object: name.to_owned(), action, status, code: None, reason: reason.into() };
        self.entries.push(entry);
        self.entries.last_mut().expect("an entry was pushed")
    }

    fn skip(&mut self, name: &str, code: ErrorCode, reason: &str) {
        self.entry(name, Action::Other, Status::Skipped, reason).code = Some(code);
    }

    fn fail(&mut self, name: &str, action: Action, problem: Problem) {
        self.entry(name, action, Status::Failure, problem.reason.clone()).code = Some(problem.code);
        self.problem = Some(problem);
    }
}

/// What a cycle did.
#[derive(Debug, Default)]
pub struct CycleOutcome {
    /// Its part of the report.
    pub section: Section,
    /// The people it visited.
    pub people: Vec<usize>,
    /// The groups it visited.
    pub groups: Vec<usize>,
    /// How many new objects a filter found at once, and what it said of those that it did not find.
    pub found_at_once: (usize, Vec<String>),
    /// Which attributes were written, for how many objects.
    pub written: std::collections::BTreeMap<String, usize>,
}

/// A provisioning job.
pub struct Job {
    client: Client,
    observer: Client,
    settings: JobSettings,
    users: Vec<Option<UserLink>>,
    groups: Vec<Option<GroupLink>>,
    watermark: u64,
    escrow: Escrow<JobObject>,
    pending: BTreeSet<JobObject>,
    quarantine: Option<Quarantine>,
    attempts: Attempts,
    deletions_allowed: bool,
    /// The ids of the users and groups that this job made and has not deleted: what a clean-up deletes.
    created: (BTreeSet<String>, BTreeSet<String>),
    /// How many users and groups there should be more than before the run.
    totals: (i64, i64),
    random: Random,
    /// Set as soon as one answer puts the job into quarantine: what has not begun is not sent.
    halted: AtomicBool,
    /// Set from outside when the run is to end: what has not begun is not sent.
    stop: Arc<AtomicBool>,
    observations: AtomicUsize,
}

impl Job {
    /// A job that knows nothing of its target yet. `observer` makes independent requests.
    pub fn new(client: Client, observer: Client, settings: JobSettings, seed: u64) -> Self {
        Self {
            client,
            observer,
            settings,
            users: Vec::new(),
            groups: Vec::new(),
            watermark: 0,
            escrow: Escrow::default(),
            pending: BTreeSet::new(),
            quarantine: None,
            attempts: Attempts::default(),
            deletions_allowed: false,
            created: Default::default(),
            totals: (0, 0),
            random: Random::fork(seed, "job"),
            halted: AtomicBool::new(false),
            stop: Arc::default(),
            observations: AtomicUsize::new(0),
        }
    }

    /// Sends nothing more once this is set.
    pub fn stop_with(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Whether what has not begun is not to be sent.
    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed)
    }

    /// "Restart provisioning": forgets watermark, escrow and quarantine. Links are kept.
    pub fn restart(&mut self) {
        self.watermark = 0;
        self.escrow.clear();
        self.quarantine = None;
        self.attempts = Attempts::default();
    }

    /// A restart with `resetScope: Full`: links, and with them the members that were sent, are forgotten too.
    pub fn reset(&mut self) {
        self.restart();
        self.pending.clear();
        self.users.clear();
        self.groups.clear();
    }

    /// The administrator lets the deletions pass that the guard has stopped.
    pub fn allow_deletions(&mut self) {
        self.deletions_allowed = true;
        self.quarantine = None;
    }

    /// Why the job is in quarantine, if it is.
    pub fn quarantine(&self) -> Option<&Quarantine> {
        self.quarantine.as_ref()
    }

    /// The time until the next cycle.
    pub fn next_cycle(&self) -> Duration {
        quarantine::next_cycle(self.quarantine.as_ref())
    }

    /// The settings.
    pub fn settings(&self) -> &JobSettings {
        &self.settings
    }

    /// The link of a person.
    pub fn user(&self, index: usize) -> Option<&UserLink> {
        self.users.get(index)?.as_ref()
    }

    /// The link of a group.
    pub fn group(&self, index: usize) -> Option<&GroupLink> {
        self.groups.get(index)?.as_ref()
    }

    /// Whether an object waits for its next try.
    pub fn is_held(&self, object: JobObject) -> bool {
        self.escrow.holds(object)
    }

    /// The ids of the users and groups that this job made and has not deleted.
    pub fn created(&self) -> (&BTreeSet<String>, &BTreeSet<String>) {
        (&self.created.0, &self.created.1)
    }

    /// Takes note that something which this job made was deleted outside a cycle.
    pub fn forget_created(&mut self, kind: EntryKind, id: &str) {
        let (total, created) = match kind {
            EntryKind::Group => (&mut self.totals.1, &mut self.created.1),
            _ => (&mut self.totals.0, &mut self.created.0),
        };
        if created.remove(id) {
            *total -= 1;
        }
    }

    /// The client that the job provisions with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How many users and groups there should be more than before the run.
    pub fn totals(&self) -> (i64, i64) {
        self.totals
    }
}
