//! The leader's part of turning a rule on: it acquires the value of one attribute for one object that is there already.
//!
//! ```text
//! X = GET X; missing, deletedAt or without a value: nothing to claim
//! acquire the value; taken: a condition, and the rule stays Claiming
//! ```
//!
//! A claim that is the object's own already is written all the same: it may be left from an earlier time in force, and in
//! the hands of a release that looked before the value was named again.

use super::acquire::{Acquired, Acquisitions};
use super::step::{Call, Refusal, Reply, Step, Subject};

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TurnOn<S: Subject> {
    /// GET X.
    Read(S::Name),
    /// Acquire the value.
    Acquire(Acquisitions<S>),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TurnedOn<S: Subject> {
    /// The object has its claim.
    Owned,
    /// It has not.
    Refused(Refusal<S>),
    /// There is no such object, it is a tombstone, or it has no value.
    NoValue,
}

impl<S: Subject> TurnOn<S> {
    /// The next call.
    pub fn call(&self) -> Call<S> {
        match self {
            Self::Read(name) => Call::Read(name.clone()),
            Self::Acquire(acquisitions) => acquisitions.call(),
        }
    }

    /// What follows the answer. `value` is asked after GET X for the value of the attribute.
    pub fn answered(self, reply: Reply<S>, value: impl FnOnce(&S) -> Option<S::Value>) -> Step<Self, TurnedOn<S>> {
        match (self, reply) {
            (Self::Read(_), Reply::Object(read)) if !read.is_deleted() => {
                match Acquisitions::begin(read.name(), value(&read).into_iter().collect()) {
                    Some(acquisitions) => Step::Go(Self::Acquire(acquisitions)),
                    None => Step::End(TurnedOn::NoValue),
                }
            }
            (Self::Read(_), _) => Step::End(TurnedOn::NoValue),
            (Self::Acquire(acquisitions), reply) => match acquisitions.answered(reply) {
                Step::Go(acquisitions) => Step::Go(Self::Acquire(acquisitions)),
                Step::End(Acquired::All) => Step::End(TurnedOn::Owned),
                Step::End(Acquired::Refused(_, refusal)) => Step::End(TurnedOn::Refused(refusal)),
            },
        }
    }
}
