//! A process: the production steps of one operation, and what follows them after the answer.

use std::convert::Infallible;

use rollcall::store::claims::change::{Change, Changed, Edited};
use rollcall::store::claims::create::{Create, Created};
use rollcall::store::claims::delete::{Delete, Deleted};
use rollcall::store::claims::release::Releases;
use rollcall::store::claims::settle::{Settle, Settled};
use rollcall::store::claims::step::{Call, Reply, Step};

use crate::api_server::ApiServer;
use crate::leader::Leader;
use crate::object::{ATTRIBUTES, CURRENT, Claim, Object, Rule, Rules, Unique, Values};
use crate::scenario::{Kind, Task};
use crate::world::{NOBODY, OBJECTS, View, Violation};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// As it was meant to.
    Done,
    /// A value is taken.
    Refused,
    /// No such object.
    Missing,
    /// The janitor was quicker.
    Lost,
}

/// Where a process stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum At {
    Create(Create<Object>),
    /// The answer to CREATE X was lost: what was made.
    CreateUnanswered(Object),
    Change(Change<Object>),
    Delete(Delete<Object>),
    Settle(Settle<Object>),
    /// Releases after the answer, or the claims that the janitor looks at.
    Release(Releases<Object>, End),
    /// A replica that drops `pending` has read the object, or not yet.
    DroppingPatch(Option<Object>),
    /// A restore is about to write this object.
    Restore(Object),
    Collector(Collector),
    Leader(Leader),
    Ended(End),
}

/// The garbage collector, which remembers the uid of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collector {
    Read,
    ReadHolder { claim: Claim, same_uid: bool },
    Remove { claim: Claim, same_uid: bool },
}

/// A process, and what an ingredient that was taken out has to remember of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pub at: At,
    pub note: u8,
    /// What it believes to be in force: what it saw when it began, or began anew.
    pub rules: Rules,
    /// What the index of its replica shows, as long as it may look there: every process has a replica of its own.
    pub view: Option<View>,
    /// The objects that the index showed it, one bit each, by the attribute that it asked about.
    pub saw: [u8; ATTRIBUTES],
}

impl Process {
    /// Before its first call.
    pub fn new(task: &Task) -> Self {
        Self { at: At::start(task), note: 0, rules: Rules::default(), view: None, saw: [0; ATTRIBUTES] }
    }

    /// Asks the index of its replica; nobody is shown where there is none.
    pub fn ask(&mut self, value: Unique, name: u8) -> Vec<u8> {
        let view = self.view.unwrap_or_default();
        let shows = |rival: &u8| view[usize::from(*rival)].is_some_and(|shown| shown.names(value));
        let rivals: Vec<u8> = (0..OBJECTS as u8).filter(|rival| *rival != name).filter(shows).collect();
        self.saw[usize::from(value.attribute)] = rivals.iter().fold(0, |saw, rival| saw | 1 << rival);
        rivals
    }

    /// Forgets what can no longer matter once the answer is given.
    pub fn forget_index(&mut self) {
        if let At::Release(..) | At::Ended(_) = self.at {
            (self.view, self.saw) = (None, [0; ATTRIBUTES]);
        }
    }

    /// Takes in what is in force where its operation begins. An older replica knows the name only.
    pub fn see_rules(&mut self, task: &Task, in_force: Rules) {
        let mut rules = in_force;
        if task.old {
            rules[1..].fill(Rule::Off);
        }
        match &mut self.at {
            At::Create(Create::Make(object)) => object.rules = rules,
            At::Change(Change::Read(_)) | At::Delete(Delete::Read(_)) | At::Settle(Settle::Read(_)) => {}
            _ => return,
        }
        self.rules = rules;
    }
}

/// What somebody was told by a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Nothing,
    /// The object has its values, all of them binding whose rule the writer saw in force.
    All(Object),
    /// The same of the values that differ from before.
    Changed(Object),
    /// It is gone.
    Gone,
}

impl At {
    /// A process before its first call.
    pub fn start(task: &Task) -> Self {
        let name = task.object;
        match task.kind {
            Kind::Create => {
                let new = Object::new(name, task.set(Values::default()));
                Self::Create(if task.looks { Create::begin(new) } else { Create::Make(new) })
            }
            Kind::Restore => Self::Restore(Object { known: true, ..Object::new(name, task.set(Values::default())) }),
            Kind::Change | Kind::Patch | Kind::Undelete => Self::Change(Change::Read(name)),
            Kind::DroppingPatch => Self::DroppingPatch(None),
            Kind::Delete | Kind::HardDelete | Kind::Purge => Self::Delete(Delete::Read(name)),
            Kind::Janitor if name == NOBODY => Self::after(Releases::begin(task.claims.iter().copied()), End::Done),
            Kind::Janitor => Self::Settle(Settle::Read(name)),
            Kind::Collector => Self::Collector(Collector::Read),
            Kind::TurnOn => Self::Leader(Leader::new(task)),
        }
    }

    /// The next call, of what is explored. The garbage collector has its own.
    pub fn call(&self, task: &Task) -> Option<Call<Object>> {
        Some(match self {
            Self::Create(create) => create.call(),
            // The driver's repeated CREATE finds an object and reads it.
            Self::CreateUnanswered(made) => Call::Read(made.name),
            Self::Change(change) => change.call(),
            Self::Delete(delete) => match (delete.call(), task.kind) {
                // There is no purge yet; for the protocol it is a delete that leaves no tombstone.
                (Call::Replace(tombstone), Kind::HardDelete | Kind::Purge) => Call::Remove(tombstone),
                (call, _) => call,
            },
            Self::Settle(settle) => settle.call(),
            Self::Release(releases, _) => releases.call(),
            Self::DroppingPatch(None) => Call::Read(task.object),
            Self::DroppingPatch(Some(read)) => Call::Replace(Object { pending: Values::default(), ..*read }),
            Self::Restore(object) => Call::Create(*object),
            Self::Collector(_) | Self::Leader(_) | Self::Ended(_) => return None,
        })
    }

    /// What follows the answer.
    pub fn answered(self, task: &Task, reply: Reply<Object>) -> (Self, Told) {
        match self {
            Self::Create(create) => match create.answered(reply) {
                Step::Go(create) => (Self::Create(create), Told::Nothing),
                Step::End(Created::Created(object)) => (Self::Ended(End::Done), Told::All(object)),
                Step::End(Created::Refused(_)) => (Self::Ended(End::Refused), Told::Nothing),
                Step::End(Created::Lost) => (Self::Ended(End::Lost), Told::Nothing),
                Step::End(Created::Exists) => panic!("names are never used again"),
            },
            // The driver goes on with an object that nobody has written since, and gives up otherwise.
            Self::CreateUnanswered(made) => match reply {
                Reply::Object(found) if made.version == CURRENT => {
                    Self::Create(Create::Make(made)).answered(task, Reply::Object(found))
                }
                _ => (Self::Ended(End::Lost), Told::Nothing),
            },
            Self::Change(change) => changed(change, task, reply),
            Self::Delete(delete) => deleted(delete, task, reply),
            Self::Settle(settle) => match settle.answered(reply) {
                Step::Go(settle) => (Self::Settle(settle), Told::Nothing),
                Step::End(
                    Settled::Done | Settled::Conflict(_) | Settled::Tombstone(_) | Settled::Busy | Settled::Removed,
                ) => (Self::after(Releases::begin(task.claims.iter().copied()), End::Done), Told::Nothing),
            },
            Self::Release(releases, end) => match releases.answered(reply) {
                Step::Go(releases) => (Self::Release(releases, end), Told::Nothing),
                Step::End(()) => (Self::Ended(end), Told::Nothing),
            },
            Self::DroppingPatch(read) => (dropping_patch(read, reply), Told::Nothing),
            Self::Restore(_) => (Self::Ended(End::Done), Told::Nothing),
            Self::Collector(_) | Self::Leader(_) | Self::Ended(_) => panic!("no call of the steps"),
        }
    }

    pub fn after(releases: Option<Releases<Object>>, end: End) -> Self {
        releases.map_or(Self::Ended(end), |releases| Self::Release(releases, end))
    }
}

fn changed(change: Change<Object>, task: &Task, reply: Reply<Object>) -> (At, Told) {
    let edit = |object: &Object| -> Result<_, Infallible> {
        let mut new = *object;
        new.values = task.set(new.values);
        new.deleted = false;
        Ok(match task.kind {
            Kind::Undelete if object.deleted => Edited::To(new),
            Kind::Undelete => Edited::NotMine,
            _ if object.deleted => Edited::NotMine,
            Kind::Patch => Edited::To(new),
            _ if new == *object => Edited::Nothing,
            _ => Edited::To(new),
        })
    };
    let Ok(step) = change.answered(reply, edit);
    let (how, releases) = match step {
        // Who has no index looks and sees nobody, which is no call of its own.
        Step::Go(change @ Change::Look { .. }) if !task.looks => {
            return changed(change, task, Reply::Rivals(Vec::new()));
        }
        Step::Go(change) => return (At::Change(change), Told::Nothing),
        Step::End(answer) => answer,
    };
    let (end, told) = match (how, task.kind) {
        (Changed::Committed(object), Kind::Undelete) => (End::Done, Told::All(object)),
        (Changed::Committed(object), Kind::Change) => (End::Done, Told::Changed(object)),
        (Changed::Committed(_) | Changed::Unchanged(_), _) => (End::Done, Told::Nothing),
        (Changed::Refused(_), _) => (End::Refused, Told::Nothing),
        (Changed::Missing | Changed::Rejected, _) => (End::Missing, Told::Nothing),
    };
    (At::after(releases, end), told)
}

fn deleted(delete: Delete<Object>, task: &Task, reply: Reply<Object>) -> (At, Told) {
    let reply = match (&delete, reply) {
        (Delete::Read(_), Reply::Object(read)) if task.kind == Kind::Purge => {
            if !read.deleted && !read.rejected {
                return (At::Ended(End::Done), Told::Nothing);
            }
            Reply::Object(Object { deleted: false, ..read })
        }
        (Delete::Bury { tombstone, .. }, Reply::Done) => Reply::Object(*tombstone),
        (_, reply) => reply,
    };
    let bury = |object: &Object| Ok::<_, Infallible>(Object { deleted: true, ..*object });
    let Ok(step) = delete.answered(reply, bury);
    match step {
        Step::Go(delete) => (At::Delete(delete), Told::Nothing),
        Step::End(Deleted::Buried(releases)) => (At::after(releases, End::Done), Told::Gone),
        Step::End(Deleted::Missing | Deleted::Rejected) => (At::Ended(End::Missing), Told::Nothing),
        Step::End(Deleted::Refused) => (At::Ended(End::Refused), Told::Nothing),
    }
}

fn dropping_patch(read: Option<Object>, reply: Reply<Object>) -> At {
    match (read, reply) {
        (None, Reply::Object(read)) if !read.deleted && !read.rejected => {
            At::DroppingPatch(Some(Object { version: CURRENT, ..read }))
        }
        (None, _) => At::Ended(End::Missing),
        (Some(_), Reply::Object(_)) => At::Ended(End::Done),
        (Some(_), Reply::Refused) => At::Ended(End::Refused),
        (Some(_), _) => At::DroppingPatch(None),
    }
}

impl Collector {
    /// One call of the garbage collector: it looks at a claim, at its holder, and removes the claim by its uid.
    pub fn advance(self, api: &mut ApiServer<'_>, task: &Task) -> Result<At, Violation> {
        let next = match self {
            Self::Read => api.claim(task.claims[0]).map(|claim| Self::ReadHolder { claim, same_uid: true }),
            Self::ReadHolder { claim, same_uid } => {
                api.object(claim.holder).is_none().then_some(Self::Remove { claim, same_uid })
            }
            Self::Remove { claim, same_uid } => {
                if same_uid {
                    api.write_claim(claim.on, NOBODY)?;
                }
                None
            }
        };
        Ok(next.map_or(At::Ended(End::Done), At::Collector))
    }
}
