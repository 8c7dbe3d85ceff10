//! The queue behind a subscription: which names wait to be looked at, and when. It has no clock and no lock.
//!
//! A name stands in it once, however often it becomes dirty, so the queue is never longer than there are objects. What is
//! taken is out of it: a name that becomes dirty while somebody is at work on it stands in it again. Beside the names that
//! changed there is the review, a plain list for each kind of everything that is to be looked at some time; it waits
//! behind the changes of its kind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use super::{Cause, DirectoryName, DirtyName, DirtySubject, Taken};

/// The names of all Directories. The most urgent kind comes first; of the Directories with names of one kind, each gets its
/// turn.
#[derive(Debug, Default)]
pub struct DirtyQueue {
    directories: BTreeMap<DirectoryName, Waiting>,
    turns: u64,
}

/// The names of one Directory.
#[derive(Debug, Default)]
struct Waiting {
    known: HashMap<DirtySubject, Position>,
    ready: BTreeMap<Place, DirtySubject>,
    later: BTreeSet<(Instant, DirtySubject)>,
    review: BTreeMap<usize, Vec<DirtySubject>>,
    held_until: Option<Instant>,
    /// When somebody last took a name.
    turn: u64,
    /// Counts what became ready, for the order.
    count: u64,
}

/// Where a name stands among those that can be taken: by its rank, then by its haste, then by when it came.
type Place = (usize, Haste, u64);

/// Whether a name comes before the others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Haste {
    Urgent,
    Routine,
}

#[derive(Clone, Copy, Debug)]
enum Position {
    Ready(Place),
    Later(Instant, Haste),
}

impl DirtyQueue {
    /// Notes that a name is to be looked at, `at` this time or as soon after it as may be. A name that waits for a later
    /// time comes forward, one that waits for an earlier time stays. Says whether anything moved.
    pub fn mark(&mut self, directory: &DirectoryName, subject: DirtySubject, at: Instant, now: Instant) -> bool {
        self.of(directory).mark(subject, at, now)
    }

    /// Puts a name that waits before the others of its kind that change: what is new of it cannot wait for thousands of them.
    pub fn hasten(&mut self, directory: &DirectoryName, subject: &DirtySubject) {
        if let Some(waiting) = self.directories.get_mut(directory) {
            waiting.hasten(subject);
        }
    }

    /// Forgets a name that nobody needs to look at any more.
    pub fn forget(&mut self, directory: &DirectoryName, subject: &DirtySubject) {
        if let Some(waiting) = self.directories.get_mut(directory) {
            waiting.leave(subject);
            self.drop_if_empty(directory);
        }
    }

    /// Notes that all of these are to be looked at, in this order, behind what changes. It takes the place of what is left
    /// of an earlier review of the same Directory.
    pub fn review(&mut self, directory: &DirectoryName, subjects: Vec<DirtySubject>) {
        let mut review: BTreeMap<usize, Vec<DirtySubject>> = BTreeMap::new();
        // They are taken from the end.
        for subject in subjects.into_iter().rev() {
            review.entry(subject.rank()).or_default().push(subject);
        }
        self.of(directory).review = review;
        self.drop_if_empty(directory);
    }

    /// Whether a part of a review has not been looked at yet.
    pub fn is_reviewing(&self) -> bool {
        self.directories.values().any(|waiting| !waiting.review.is_empty())
    }

    /// Leaves a Directory alone until this time.
    pub fn hold(&mut self, directory: &DirectoryName, until: Instant) {
        self.of(directory).held_until = Some(until);
    }

    /// Takes the next name that may be looked at `now`.
    pub fn take(&mut self, now: Instant) -> Option<Taken> {
        self.directories.retain(|_, waiting| {
            waiting.come_due(now);
            !waiting.is_empty()
        });
        let next = self.directories.iter().filter_map(|(name, waiting)| Some((waiting.urgency()?, waiting.turn, name)));
        let directory = next.min()?.2.clone();
        self.turns += 1;
        let waiting = self.directories.get_mut(&directory)?;
        waiting.turn = self.turns;
        let (subject, cause) = waiting.take()?;
        self.drop_if_empty(&directory);
        Some(Taken { name: DirtyName { directory, subject }, cause })
    }

    /// When there is something to take: at once, later, or never as far as anybody knows.
    pub fn next_due(&self, now: Instant) -> Option<Instant> {
        self.directories.values().filter_map(|waiting| waiting.next_due(now)).min()
    }

    /// How many names wait; one that changed during a review may count twice.
    pub fn len(&self) -> usize {
        let lengths = self
            .directories
            .values()
            .map(|waiting| waiting.known.len() + waiting.review.values().map(Vec::len).sum::<usize>());
        lengths.sum()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of how many Directories anything is kept.
    #[cfg(test)]
    pub(super) fn directories_known(&self) -> usize {
        self.directories.len()
    }

    fn of(&mut self, directory: &DirectoryName) -> &mut Waiting {
        self.directories.entry(directory.clone()).or_default()
    }

    fn drop_if_empty(&mut self, directory: &DirectoryName) {
        if self.directories.get(directory).is_some_and(Waiting::is_empty) {
            self.directories.remove(directory);
        }
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.known.is_empty() && self.review.is_empty() && self.held_until.is_none()
    }

    fn mark(&mut self, subject: DirtySubject, at: Instant, now: Instant) -> bool {
        let haste = match self.known.get(&subject) {
            Some(Position::Ready(_)) => return false,
            Some(Position::Later(known, _)) if *known <= at => return false,
            Some(Position::Later(_, haste)) => *haste,
            None => Haste::Routine,
        };
        self.leave(&subject);
        if at <= now {
            self.get_ready(subject, haste);
        } else {
            self.later.insert((at, subject.clone()));
            self.known.insert(subject, Position::Later(at, haste));
        }
        true
    }

    fn hasten(&mut self, subject: &DirtySubject) {
        match self.known.get_mut(subject) {
            Some(Position::Later(_, haste)) => *haste = Haste::Urgent,
            Some(Position::Ready((_, Haste::Routine, _))) => {
                self.leave(subject);
                self.get_ready(subject.clone(), Haste::Urgent);
            }
            Some(Position::Ready(_)) | None => {}
        }
    }

    fn get_ready(&mut self, subject: DirtySubject, haste: Haste) {
        self.count += 1;
        let place = (subject.rank(), haste, self.count);
        self.known.insert(subject.clone(), Position::Ready(place));
        self.ready.insert(place, subject);
    }

    fn leave(&mut self, subject: &DirtySubject) {
        match self.known.remove(subject) {
            Some(Position::Ready(place)) => drop(self.ready.remove(&place)),
            Some(Position::Later(at, _)) => drop(self.later.remove(&(at, subject.clone()))),
            None => {}
        }
    }

    fn come_due(&mut self, now: Instant) {
        if self.held_until.is_some_and(|until| until <= now) {
            self.held_until = None;
        }
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, subject)) = self.later.pop_first() else { break };
            let haste = match self.known.get(&subject) {
                Some(Position::Later(_, haste)) => *haste,
                Some(Position::Ready(_)) | None => Haste::Routine,
            };
            self.get_ready(subject, haste);
        }
    }

    /// The smaller, the sooner; nothing where nothing can be taken. A review comes behind the changes of its kind.
    fn urgency(&self) -> Option<(usize, Cause)> {
        if self.held_until.is_some() {
            return None;
        }
        let changed = self.ready.keys().next().map(|(rank, ..)| (*rank, Cause::Change));
        let reviewed = self.review.keys().next().map(|rank| (*rank, Cause::Review));
        changed.into_iter().chain(reviewed).min()
    }

    fn take(&mut self) -> Option<(DirtySubject, Cause)> {
        let (rank, cause) = self.urgency()?;
        match cause {
            Cause::Change => {
                let (_, subject) = self.ready.pop_first()?;
                self.known.remove(&subject);
                Some((subject, cause))
            }
            Cause::Review => {
                let list = self.review.get_mut(&rank)?;
                let subject = list.pop();
                if list.is_empty() {
                    self.review.remove(&rank);
                }
                Some((subject?, cause))
            }
        }
    }

    fn next_due(&self, now: Instant) -> Option<Instant> {
        let ready = (!self.ready.is_empty() || !self.review.is_empty()).then_some(now);
        let due = ready.or_else(|| self.later.first().map(|(at, _)| *at))?;
        Some(self.held_until.map_or(due, |until| until.max(due)))
    }
}
