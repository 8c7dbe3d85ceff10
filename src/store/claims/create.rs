//! create(X).
//!
//! ```text
//! 0  look for each value; taken or unfinished -> that, and nothing was written
//! 1  CREATE X @r0 with all values               # invisible until it owns its name
//! 2  acquire each value in order; taken -> DELETE X {uid, r0}; taken, whatever DELETE says
//! 3  GET X; missing, deletedAt or rejected -> lost
//! 4  X as read in 3
//! ```
//!
//! Step 0 protects objects without claims, which a restore brings back; see `look`.
//!
//! The object comes before its claims, so that every claim has a holder and no age decides what is an orphan. The undo
//! removes X at r0 alone: a claim that is won for it makes X visible, and then somebody may have been told of it. Step
//! 3 and the janitor's J3 and J4 are partners: each marks first and then looks, so one of them notices the other.

use super::acquire::{Acquired, Acquisitions};
use super::look::Looks;
use super::step::{Call, Refusal, Reply, Step, Subject};

/// Where a create stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Create<S: Subject> {
    /// 0: look for each of its values.
    Look {
        /// X as it shall be.
        new: S,
        /// How far it is.
        looks: Looks<S>,
    },
    /// 1: CREATE X.
    Make(S),
    /// 2: acquire its values.
    Acquire {
        /// X at r0.
        made: S,
        /// How far it is.
        acquisitions: Acquisitions<S>,
    },
    /// 2, taken: DELETE X.
    Undo {
        /// X at r0.
        made: S,
        /// Why.
        refusal: Refusal<S>,
    },
    /// 3: GET X.
    Verify(S::Name),
}

/// How a create ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Created<S: Subject> {
    /// It exists and owns its values: X as read last.
    Created(S),
    /// An object of this name exists.
    Exists,
    /// It could not be finished, and the object is gone or will be.
    Refused(Refusal<S>),
    /// Somebody deleted or rejected the object before it was finished.
    Lost,
}

impl<S: Subject> Create<S> {
    /// Begins the create of an object.
    pub fn begin(new: S) -> Self {
        match Looks::begin(new.name(), &new.committed()) {
            Some(looks) => Self::Look { new, looks },
            None => Self::Make(new),
        }
    }

    /// The next call.
    pub fn call(&self) -> Call<S> {
        match self {
            Self::Look { looks, .. } => looks.call(),
            Self::Make(object) => Call::Create(object.clone()),
            Self::Acquire { acquisitions, .. } => acquisitions.call(),
            Self::Undo { made, .. } => Call::Remove(made.clone()),
            Self::Verify(name) => Call::Read(name.clone()),
        }
    }

    /// What follows the answer.
    pub fn answered(self, reply: Reply<S>) -> Step<Self, Created<S>> {
        match (self, reply) {
            (Self::Look { new, looks }, reply) => match looks.answered(reply) {
                Step::Go(looks) => Step::Go(Self::Look { new, looks }),
                Step::End(None) => Step::Go(Self::Make(new)),
                Step::End(Some(refusal)) => Step::End(Created::Refused(refusal)),
            },
            (Self::Make(_), Reply::Object(made)) => match Acquisitions::begin(made.name(), made.committed()) {
                Some(acquisitions) => Step::Go(Self::Acquire { made, acquisitions }),
                None => Step::Go(Self::Verify(made.name())),
            },
            (Self::Make(_), Reply::Refused) => Step::End(Created::Refused(Refusal::Final)),
            (Self::Make(_), _) => Step::End(Created::Exists),
            (Self::Acquire { made, acquisitions }, reply) => Step::Go(match acquisitions.answered_or_passed(reply) {
                Step::Go(acquisitions) => Self::Acquire { made, acquisitions },
                Step::End(Acquired::All) => Self::Verify(made.name()),
                Step::End(Acquired::Refused(_, refusal)) => Self::Undo { made, refusal },
            }),
            (Self::Undo { refusal, .. }, _) => Step::End(Created::Refused(refusal)),
            (Self::Verify(_), Reply::Object(object)) if !object.is_deleted() && !object.is_rejected() => {
                Step::End(Created::Created(object))
            }
            (Self::Verify(_), _) => Step::End(Created::Lost),
        }
    }
}
