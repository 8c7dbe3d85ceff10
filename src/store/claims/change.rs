//! change(X, new), and undelete(X), which is a change from no values to all of them.
//!
//! ```text
//! A := attributes whose value differs; W := those of A with a new value
//! 1  X@r0 = GET X; W empty: r1 = r0, go to 3
//!    look for each of W; taken or unfinished -> that, and nothing was written
//!    PUT X{pending = W, nothing of an older pending} @r0 -> r1     # intent, ONE write. 409: restart
//! 2  acquire each of W in order; taken -> PUT X{pending=-} @r1; then release the won ones; taken, whatever PUT says
//! 3  PUT X{all new values, pending=-, all other changed attributes} @r1     # commit, ONE write. 409: do NOT retry
//! 4  release each old value of A
//!    on 409 in 3: release each of W; restart from 1
//!    on a write that the API server refuses for good, such as an object that is too large: as for taken
//! ```
//!
//! A value is acquired only after X durably names it, all of them in one intent, and the commit is fenced by the version
//! of the intent: whatever made somebody believe that a claim of X is dead was a write of X. Where no claimed value
//! differs, 1 and 3 are a plain GET and PUT, and a change in progress of somebody else stays named.

use super::acquire::{Acquired, Acquisitions};
use super::look::Looks;
use super::release::Releases;
use super::step::{Call, Refusal, Reply, Step, Subject};

/// Where a change stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change<S: Subject> {
    /// 1: GET X.
    Read(S::Name),
    /// 1: look for each of W.
    Look {
        /// X at r0.
        read: S,
        /// What X shall be.
        new: S,
        /// W.
        wanted: Vec<S::Value>,
        /// How far it is.
        looks: Looks<S>,
    },
    /// 1: PUT of the intent.
    Intend {
        /// X at r0.
        read: S,
        /// What X shall be.
        new: S,
        /// W.
        wanted: Vec<S::Value>,
    },
    /// 2: acquire each of W.
    Acquire {
        /// X at r1.
        intent: S,
        /// What X shall be.
        new: S,
        /// How far it is.
        acquisitions: Acquisitions<S>,
    },
    /// 2, taken, or refused in 3: PUT without the intent.
    Undo {
        /// X at r1.
        intent: S,
        /// The values that were won before, and those that were passed over.
        won: Vec<S::Value>,
        /// Why.
        refusal: Refusal<S>,
    },
    /// 3: PUT of the commit.
    Commit {
        /// X at r1.
        intent: S,
        /// What X shall be.
        new: S,
        /// W.
        wanted: Vec<S::Value>,
    },
    /// 3, lost: release each of W.
    Lost {
        /// X.
        name: S::Name,
        /// Whether X is gone; otherwise it begins again.
        gone: bool,
        /// How far it is.
        releases: Releases<S>,
    },
}

/// What the caller wants of the object that was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Edited<S> {
    /// Nothing differs.
    Nothing,
    /// It shall be this.
    To(S),
    /// It is none that the caller means.
    NotMine,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Changed<S: Subject> {
    /// Nothing differed: X as read.
    Unchanged(S),
    /// X as written.
    Committed(S),
    /// It could not be finished, and is undone.
    Refused(Refusal<S>),
    /// There is no such object, or none that the caller means.
    Missing,
    /// The janitor is about to remove the object.
    Rejected,
}

/// How a change ended, and what is to be released after the answer.
pub type ChangeEnd<S> = (Changed<S>, Option<Releases<S>>);

impl<S: Subject> Change<S> {
    /// The next call.
    pub fn call(&self) -> Call<S> {
        match self {
            Self::Read(name) => Call::Read(name.clone()),
            Self::Look { looks, .. } => looks.call(),
            Self::Intend { read, wanted, .. } => Call::Replace(naming(read, wanted)),
            Self::Acquire { acquisitions, .. } => acquisitions.call(),
            Self::Undo { intent, .. } => Call::Replace(naming(intent, &[])),
            Self::Commit { intent, new, .. } => Call::Replace(new.clone().at_version_of(intent)),
            Self::Lost { releases, .. } => releases.call(),
        }
    }

    /// What follows the answer. `edit` is asked after each GET X.
    pub fn answered<E>(
        self,
        reply: Reply<S>,
        edit: impl FnOnce(&S) -> Result<Edited<S>, E>,
    ) -> Result<Step<Self, ChangeEnd<S>>, E> {
        Ok(match (self, reply) {
            (Self::Read(_), Reply::Object(read)) if read.is_rejected() => Step::End((Changed::Rejected, None)),
            (Self::Read(_), Reply::Object(read)) => match edit(&read)? {
                Edited::Nothing => Step::End((Changed::Unchanged(read), None)),
                Edited::To(new) => Step::Go(Self::begin(read, new)),
                Edited::NotMine => Step::End((Changed::Missing, None)),
            },
            (Self::Read(_), _) => Step::End((Changed::Missing, None)),
            (Self::Look { read, new, wanted, looks }, reply) => match looks.answered(reply) {
                Step::Go(looks) => Step::Go(Self::Look { read, new, wanted, looks }),
                Step::End(None) => Step::Go(Self::Intend { read, new, wanted }),
                Step::End(Some(refusal)) => Step::End((Changed::Refused(refusal), None)),
            },
            (Self::Intend { new, wanted, .. }, Reply::Object(intent)) => Step::Go(Self::acquire(intent, new, wanted)),
            (Self::Intend { .. }, Reply::Refused) => Step::End((Changed::Refused(Refusal::Final), None)),
            (Self::Intend { read, .. }, _) => Step::Go(Self::Read(read.name())),
            (Self::Acquire { intent, new, acquisitions }, reply) => {
                let wanted = acquisitions.values.clone();
                Step::Go(match acquisitions.answered_or_passed(reply) {
                    Step::Go(acquisitions) => Self::Acquire { intent, new, acquisitions },
                    Step::End(Acquired::All) => Self::Commit { intent, new, wanted },
                    Step::End(Acquired::Refused(acquisitions, refusal)) => {
                        Self::Undo { intent, won: acquisitions.behind().to_vec(), refusal }
                    }
                })
            }
            (Self::Undo { won, refusal, .. }, _) => Step::End((Changed::Refused(refusal), Releases::of(&won))),
            (Self::Commit { intent, .. }, Reply::Object(committed)) => {
                let old = without(held(&intent), &held(&committed));
                Step::End((Changed::Committed(committed), Releases::of(&old)))
            }
            (Self::Commit { wanted, .. }, Reply::Refused) if wanted.is_empty() => {
                Step::End((Changed::Refused(Refusal::Final), None))
            }
            (Self::Commit { intent, wanted, .. }, Reply::Refused) => {
                Step::Go(Self::Undo { intent, won: wanted, refusal: Refusal::Final })
            }
            (Self::Commit { intent, wanted, .. }, reply) => {
                Self::lost(intent.name(), reply == Reply::Missing, Releases::of(&wanted))
            }
            (Self::Lost { name, gone, releases }, reply) => match releases.answered(reply) {
                Step::Go(releases) => Self::lost(name, gone, Some(releases)),
                Step::End(()) => Self::lost(name, gone, None),
            },
        })
    }

    fn begin(read: S, mut new: S) -> Self {
        let wanted = without(held(&new), &held(&read));
        let given_up = without(held(&read), &held(&new));
        if wanted.is_empty() && given_up.is_empty() {
            return Self::Commit { intent: read, new, wanted };
        }
        new.set_pending(&[]);
        if wanted.is_empty() {
            return Self::acquire(read, new, wanted);
        }
        match Looks::begin(read.name(), &wanted) {
            Some(looks) => Self::Look { read, new, wanted, looks },
            None => Self::Intend { read, new, wanted },
        }
    }

    fn acquire(intent: S, new: S, wanted: Vec<S::Value>) -> Self {
        match Acquisitions::begin(intent.name(), wanted) {
            Some(acquisitions) => Self::Acquire { intent, new, acquisitions },
            None => Self::Commit { intent, new, wanted: Vec::new() },
        }
    }

    fn lost(name: S::Name, gone: bool, releases: Option<Releases<S>>) -> Step<Self, ChangeEnd<S>> {
        match releases {
            Some(releases) => Step::Go(Self::Lost { name, gone, releases }),
            None if gone => Step::End((Changed::Missing, None)),
            None => Step::Go(Self::Read(name)),
        }
    }
}

/// `object` with these values as a change in progress.
fn naming<S: Subject>(object: &S, values: &[S::Value]) -> S {
    let mut object = object.clone();
    object.set_pending(values);
    object
}

/// The values that an object has a right to: a tombstone has none.
fn held<S: Subject>(object: &S) -> Vec<S::Value> {
    if object.is_deleted() { Vec::new() } else { object.committed() }
}

fn without<V: PartialEq>(values: Vec<V>, others: &[V]) -> Vec<V> {
    values.into_iter().filter(|value| !others.contains(value)).collect()
}
