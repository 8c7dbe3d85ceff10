//! Which names have become dirty: what the work in the background is taken from.
//!
//! Whoever works off what the index shows subscribes ([`crate::store::Store::subscribe`]). From then on every change that can alter a decision
//! about an object puts its name into the subscription's queue: a change of the object itself, of a claim that it holds or
//! lacks, for a group a change of its members. The Directory is dirty with each of them, for its counts. A name tells that
//! something changed and not what: who takes it looks at the index as it is by then.

mod queue;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

pub use queue::DirtyQueue;

use crate::rules::resource::Resource;
use crate::store::kind::Kind;

/// Which Directory something belongs to. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryName(Arc<(String, String)>);

impl DirectoryName {
    /// The Directory `name` in `namespace`.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self(Arc::new((namespace.to_owned(), name.to_owned())))
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.0.0
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.1
    }
}

/// What is dirty in a Directory. The order is the order of urgency: few wait for a Directory, many people may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirtySubject {
    /// The Directory itself: its spec, its status, or how many objects it has.
    Directory,
    /// The group of this name.
    Group(Arc<str>),
    /// The user of this name.
    User(Arc<str>),
    /// The claim of this name: it has come to be dead.
    Claim(Arc<str>),
    /// The application of this name, which is in no index.
    Application(Arc<str>),
    /// The key of this name, which is in no index.
    Key(Arc<str>),
}

impl DirtySubject {
    /// A user or a group.
    pub fn of(kind: Resource, name: &Arc<str>) -> Self {
        match kind {
            Resource::User => Self::User(Arc::clone(name)),
            Resource::Group => Self::Group(Arc::clone(name)),
        }
    }

    fn rank(&self) -> usize {
        match self {
            Self::Directory => 0,
            Self::Group(_) => 1,
            Self::User(_) => 2,
            Self::Claim(_) => 3,
            Self::Application(_) => 4,
            Self::Key(_) => 5,
        }
    }
}

/// What is dirty, and in which Directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirtyName {
    /// The Directory.
    pub directory: DirectoryName,
    /// What is dirty in it.
    pub subject: DirtySubject,
}

impl DirtyName {
    /// The kind and the name of the object.
    pub fn object(&self) -> (Kind, &str) {
        match &self.subject {
            DirtySubject::Directory => (Kind::DIRECTORY, self.directory.name()),
            DirtySubject::Group(name) => (Kind::GROUP, name),
            DirtySubject::User(name) => (Kind::USER, name),
            DirtySubject::Claim(name) => (Kind::CLAIM, name),
            DirtySubject::Application(name) => (Kind::APPLICATION, name),
            DirtySubject::Key(name) => (Kind::KEY, name),
        }
    }
}

/// Why a name is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Something about it changed, or its time has come.
    Change,
    /// Everything is looked at.
    Review,
}

/// A name that somebody has taken to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The name.
    pub name: DirtyName,
    /// Why.
    pub cause: Cause,
}

/// How long the first change of a subject waits for the changes after it, so that a burst of them is one look; nothing where
/// the subscriber does not care for such subjects.
pub type Interest = fn(&DirtySubject) -> Option<Duration>;

/// The names that wait for one consumer. It ends with its last owner.
#[derive(Debug)]
pub struct Subscription {
    interest: Interest,
    queue: Mutex<DirtyQueue>,
    changed: Notify,
}

impl Subscription {
    fn new(interest: Interest) -> Self {
        Self { interest, queue: Mutex::default(), changed: Notify::new() }
    }

    /// Waits until a name can be taken.
    pub async fn ready(&self) {
        loop {
            let now = Instant::now();
            let due = self.queue.lock().next_due(now);
            match due {
                Some(due) if due <= now => return,
                Some(due) => {
                    let slept = tokio::time::timeout_at(due.into(), self.changed.notified());
                    // Either way the queue is asked again.
                    drop(slept.await);
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// Takes the next name that may be looked at `now`. Whoever cannot finish with it puts it back.
    pub fn take(&self, now: Instant) -> Option<Taken> {
        self.queue.lock().take(now)
    }

    /// Puts a name into the queue that is to be looked at at this time, unless it changes before.
    pub fn look_at(&self, name: DirtyName, at: Instant) {
        if self.queue.lock().mark(&name.directory, name.subject, at, Instant::now()) {
            self.changed.notify_one();
        }
    }

    /// As [`DirtyQueue::review`].
    pub fn review(&self, directory: &DirectoryName, subjects: Vec<DirtySubject>) {
        self.queue.lock().review(directory, subjects);
        self.changed.notify_one();
    }

    /// As [`DirtyQueue::is_reviewing`].
    pub fn is_reviewing(&self) -> bool {
        self.queue.lock().is_reviewing()
    }

    /// As [`DirtyQueue::hold`].
    pub fn hold(&self, directory: &DirectoryName, until: Instant) {
        self.queue.lock().hold(directory, until);
    }

    /// How many names wait, those whose time has not come included.
    pub fn len(&self) -> usize {
        self.queue.lock().len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn mark(&self, directory: &DirectoryName, subject: &DirtySubject) {
        let Some(wait) = (self.interest)(subject) else { return };
        let now = Instant::now();
        if self.queue.lock().mark(directory, subject.clone(), now + wait, now) {
            self.changed.notify_one();
        }
    }
}

/// Everybody who is told. As many as there are controllers.
#[derive(Debug, Default)]
pub(in crate::store) struct Subscribers(RwLock<Vec<Weak<Subscription>>>);

impl Subscribers {
    /// One more.
    pub(in crate::store) fn add(&self, interest: Interest) -> Arc<Subscription> {
        let subscription = Arc::new(Subscription::new(interest));
        let mut subscribers = self.0.write();
        subscribers.retain(|known| known.strong_count() > 0);
        subscribers.push(Arc::downgrade(&subscription));
        subscription
    }

    /// Tells everybody.
    pub(in crate::store) fn mark(&self, directory: &DirectoryName, subject: &DirtySubject) {
        self.each(|subscription| subscription.mark(directory, subject));
    }

    fn each(&self, tell: impl Fn(&Subscription)) {
        self.0.read().iter().filter_map(Weak::upgrade).for_each(|subscription| tell(&subscription));
    }
}

/// Where one index tells what becomes dirty in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Marker {
    directory: DirectoryName,
    subscribers: Arc<Subscribers>,
}

impl Marker {
    pub(super) fn new(directory: DirectoryName, subscribers: Arc<Subscribers>) -> Self {
        Self { directory, subscribers }
    }

    /// Something about a user or a group changed; the counts of its Directory may have.
    pub(super) fn resource(&self, kind: Resource, name: &Arc<str>) {
        self.subject(&DirtySubject::of(kind, name));
        self.subject(&DirtySubject::Directory);
    }

    /// What is new of a user or a group is looked at before the others that changed.
    pub(super) fn urgent(&self, kind: Resource, name: &Arc<str>) {
        let subject = DirtySubject::of(kind, name);
        self.subscribers.each(|subscription| subscription.queue.lock().hasten(&self.directory, &subject));
    }

    /// Something is to be looked at.
    pub(super) fn subject(&self, subject: &DirtySubject) {
        self.subscribers.mark(&self.directory, subject);
    }

    /// A claim has come to be dead.
    pub(super) fn dead_claim(&self, name: &str) {
        self.subscribers.mark(&self.directory, &DirtySubject::Claim(name.into()));
    }

    /// A claim is not dead any more.
    pub(super) fn living_claim(&self, name: &str) {
        let subject = DirtySubject::Claim(name.into());
        self.subscribers.each(|subscription| subscription.queue.lock().forget(&self.directory, &subject));
    }
}
