//! The names that a controller works off: what the index says is dirty, and now and then everything.
//!
//! Names are handed out only while the watches are fresh: what a silent watch shows is not what is there, and an API server
//! that is away needs no more calls. Until then they stay in the queue, so a review that is interrupted goes on where it
//! stood, and counts as made when its last name has been taken.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::yield_now;
use tokio::time::{sleep, timeout_at};

use crate::metrics::Metrics;
use crate::store::index::dirty::{DirectoryName, DirtyName, DirtySubject, Interest, Subscription, Taken};
use crate::store::{Error, Store};

/// Between the end of one review of everything and the next: a safety net, for every change is told.
pub const REVIEW_INTERVAL: Duration = Duration::from_secs(600);
/// Between two looks at whether the watches are fresh.
const FRESH_POLL: Duration = Duration::from_millis(100);

/// After a call that the API server could not take, until it is tried again.
pub const ERROR_PAUSE: Duration = Duration::from_secs(5);

/// How a look at one name, or at a few, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// The next name may be looked at.
    Finished,
    /// The API server is away: the next call would fare no better.
    ServerAway,
}

impl Looked {
    /// How a look ended that failed.
    pub fn failed(error: &Error) -> Self {
        if matches!(error, Error::Unavailable { .. }) { Self::ServerAway } else { Self::Finished }
    }

    /// Waits where the next look would fare no better.
    pub async fn rest(self) {
        if self == Self::ServerAway {
            sleep(ERROR_PAUSE).await;
        }
    }
}

/// The names of one controller.
pub struct DirtyNames {
    store: Store,
    metrics: Metrics,
    controller: &'static str,
    subscription: Arc<Subscription>,
    review: Review,
}

/// Where the review of everything stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Review {
    /// It begins at this time.
    Due(Instant),
    /// Names of it are left.
    UnderWay,
}

impl DirtyNames {
    /// Everything that is there, and what becomes dirty from now on. The metrics tell by the name of the controller how many
    /// names wait.
    pub fn new(store: Store, metrics: Metrics, controller: &'static str, interest: Interest) -> Self {
        let subscription = store.subscribe(interest);
        Self { store, metrics, controller, subscription, review: Review::Due(Instant::now()) }
    }

    /// Waits for the next name.
    pub async fn next(&mut self) -> Taken {
        let store = self.store.clone();
        self.next_while(|| store.fresh(Instant::now()).is_ok()).await
    }

    async fn next_while(&mut self, fresh: impl Fn() -> bool) -> Taken {
        // After a start, thousands of names need nothing done, and requests want to be answered meanwhile.
        yield_now().await;
        loop {
            while !fresh() {
                sleep(FRESH_POLL).await;
            }
            let now = Instant::now();
            if let Some(taken) = self.take(now) {
                return taken;
            }
            // Whichever comes first, the queue is asked again. Names of a review wait as well where a Directory is held.
            match self.review {
                Review::Due(due) => drop(timeout_at(due.into(), self.subscription.ready()).await),
                Review::UnderWay => self.subscription.ready().await,
            }
        }
    }

    /// The next name, if one may be looked at `now`.
    pub fn take(&mut self, now: Instant) -> Option<Taken> {
        match self.review {
            Review::Due(due) if due <= now => {
                self.store.review(&self.subscription);
                self.review = Review::UnderWay;
            }
            Review::UnderWay if !self.subscription.is_reviewing() => self.review = Review::Due(now + REVIEW_INTERVAL),
            Review::Due(_) | Review::UnderWay => {}
        }
        let taken = self.subscription.take(now);
        self.metrics.set_dirty_names(self.controller, self.subscription.len());
        taken
    }

    /// Puts a name back that is to be looked at at this time, unless it changes before.
    pub fn look_at(&self, name: DirtyName, at: Instant) {
        self.subscription.look_at(name, at);
    }

    /// Lets everything of a Directory be looked at.
    pub fn review_directory(&self, directory: &DirectoryName, subjects: Vec<DirtySubject>) {
        self.subscription.review(directory, subjects);
    }

    /// Leaves a Directory alone until this time.
    pub fn hold(&self, directory: &DirectoryName, until: Instant) {
        self.subscription.hold(directory, until);
    }
}

impl Drop for DirtyNames {
    fn drop(&mut self) {
        self.metrics.forget_dirty_names(self.controller);
    }
}

/// Waits until the whole state of the cluster is known: an index that is not whole would show every claim as dead.
pub async fn synced(store: &Store) {
    while !store.synced() {
        sleep(FRESH_POLL).await;
    }
}

/// Waits until what the watches tell may be believed.
pub async fn fresh(store: &Store) {
    while store.fresh(Instant::now()).is_err() {
        sleep(FRESH_POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;
    use crate::store::kind::Kind;
    use crate::store::memory::Memory;

    fn everything(_: &DirtySubject) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    /// A store that knows two users, and the names of a controller.
    fn names() -> DirtyNames {
        let memory = Memory::default();
        for name in ["ada-1", "bob-1"] {
            let spec = json!({ "directoryRef": { "name": "staff" }, "scim": { "userName": name } });
            memory.put(Kind::USER, &json!({ "metadata": { "name": name, "namespace": "people" }, "spec": spec }));
        }
        let store = memory.store(|_| None);
        memory.fill(&store);
        DirtyNames::new(store, Metrics::default(), "test", everything)
    }

    fn user(taken: Taken) -> String {
        let DirtySubject::User(name) = taken.name.subject else { panic!("{taken:?}") };
        name.to_string()
    }

    #[tokio::test]
    async fn a_review_of_a_directory_that_is_held_waits_and_keeps_nobody_busy() {
        let mut names = names();
        let until = Instant::now() + Duration::from_millis(200);
        names.hold(&DirectoryName::new("people", "staff"), until);
        {
            let mut next = std::pin::pin!(names.next_while(|| true));
            assert!(futures::poll!(&mut next).is_pending(), "it yields once");
            assert!(futures::poll!(&mut next).is_pending(), "it waits");
            assert!(Instant::now() < until, "without going round and round meanwhile");
        }
        names.next_while(|| true).await;
        assert!(Instant::now() >= until);
    }

    #[tokio::test]
    async fn a_review_that_a_silent_watch_interrupts_goes_on_and_is_made_when_all_was_looked_at() {
        let mut names = names();
        let first = user(names.next_while(|| true).await);
        // Then the watches are silent for three looks.
        let silent = Cell::new(3);
        let fresh = || silent.replace(silent.get() - 1) <= 0;
        silent.set(3);
        assert!(names.subscription.is_reviewing() && names.review == Review::UnderWay, "one name is left");
        let second = user(names.next_while(fresh).await);
        assert!(silent.get() <= 0, "nothing was handed out before");
        assert_eq!(std::collections::BTreeSet::from([first, second]).len(), 2);
        assert_eq!(names.review, Review::UnderWay);
        assert_eq!(names.take(Instant::now()), None);
        assert!(matches!(names.review, Review::Due(due) if due > Instant::now()), "now it is made");
    }

    #[tokio::test]
    async fn everything_is_looked_at_again_when_the_review_is_due() {
        let mut names = names();
        let now = Instant::now();
        let mut drain = |now| std::iter::from_fn(|| names.take(now)).count();
        let cases = [("at the start", 0, 2), ("at once", 0, 0), ("before its time", 599, 0), ("at its time", 601, 2)];
        for (case, seconds, expected) in cases {
            assert_eq!(drain(now + Duration::from_secs(seconds)), expected, "{case}");
        }
    }
}
