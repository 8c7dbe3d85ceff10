//! janitor(X): one pass over one object.
//!
//! ```text
//! J0 rejected: go to J4
//! J1 pending set (and X unchanged for a while: politeness, not safety):
//!        PUT X{pending=-} @r; release each of those values; begin again
//!    deletedAt: stop
//! J2 acquire each value in order: all ok -> done
//! J3 taken, and its rule is only being turned on: acquire the rest; a condition, and nothing else.
//!    taken: if X counts as acknowledged: acquire the rest and stop, a person or the provider decides.
//!    If a restore may have brought it back: stop. A later pass looks again, when its age tells more.
//!    Otherwise PUT X{rejected} @r
//! J4 c = GET C(name); c.holder == X -> PUT X{-rejected}, as acknowledged; else DELETE X {uid, version of the marked X}
//! ```
//!
//! It looks at claims alone, never at objects that name a value without a claim: two that a restore brought back with one
//! name would refuse each other for ever.
//!
//! It rolls a create that was cut short forward where it can, heals restores, and never removes an object that somebody
//! may know of: the name is a creator's last claim, so either the creator sees the mark or J4 sees the claim.

use super::acquire::{Acquired, Acquisitions};
use super::release::Releases;
use super::step::{Call, Refusal, Reply, Step, Subject};

/// Where the pass stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Settle<S: Subject> {
    /// GET X.
    Read(S::Name),
    /// J1: PUT without the pending values.
    Clear(S),
    /// J1: release them.
    Release {
        /// X.
        name: S::Name,
        /// How far it is.
        releases: Releases<S>,
    },
    /// J2: acquire its values.
    Acquire {
        /// X as read.
        read: S,
        /// Whether it counts as acknowledged.
        known: bool,
        /// The first value that was not to be had.
        conflict: Option<Refusal<S>>,
        /// How far it is.
        acquisitions: Acquisitions<S>,
    },
    /// J3: PUT of the mark.
    Mark(S),
    /// J4: GET the claim on the name of the marked X.
    Look(S),
    /// J4: PUT without the mark.
    Unmark(S),
    /// J4: DELETE X.
    Remove(S),
}

/// How the pass ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Settled<S: Subject> {
    /// It owns every value, or what it was is settled.
    Done,
    /// Another object holds a value of this one, or its claim could not be had; a later pass tries again.
    Conflict(Refusal<S>),
    /// A tombstone with nothing in progress.
    Tombstone(S),
    /// Somebody is at work on it, or was quicker; a later pass looks again.
    Busy,
    /// It never was acknowledged, and is gone.
    Removed,
}

impl<S: Subject> Settle<S> {
    /// The next call.
    pub fn call(&self) -> Call<S> {
        match self {
            Self::Read(name) => Call::Read(name.clone()),
            Self::Clear(read) => Call::Replace(with(read, |object| object.set_pending(&[]))),
            Self::Release { releases, .. } => releases.call(),
            Self::Acquire { acquisitions, .. } => acquisitions.call(),
            Self::Mark(read) => Call::Replace(with(read, S::reject)),
            Self::Look(marked) => Call::ReadClaim(marked.name_claim()),
            Self::Unmark(marked) => Call::Replace(with(marked, S::acknowledge)),
            Self::Remove(marked) => Call::Remove(marked.clone()),
        }
    }

    /// What follows the answer.
    pub fn answered(self, reply: Reply<S>) -> Step<Self, Settled<S>> {
        match (self, reply) {
            (Self::Read(_), Reply::Object(read)) => Self::begin(read),
            (Self::Read(_), _) => Step::End(Settled::Done),
            (Self::Clear(read), Reply::Object(_)) => match Releases::of(&read.pending()) {
                Some(releases) => Step::Go(Self::Release { name: read.name(), releases }),
                None => Step::Go(Self::Read(read.name())),
            },
            (Self::Release { name, releases }, reply) => Step::Go(match releases.answered(reply) {
                Step::Go(releases) => Self::Release { name, releases },
                Step::End(()) => Self::Read(name),
            }),
            (Self::Acquire { read, known, conflict, acquisitions }, reply) => match acquisitions.answered(reply) {
                Step::Go(acquisitions) => Step::Go(Self::Acquire { read, known, conflict, acquisitions }),
                Step::End(Acquired::All) => end(conflict),
                Step::End(Acquired::Refused(acquisitions, refusal)) => {
                    Self::refused(read, known, conflict, refusal, acquisitions)
                }
            },
            (Self::Mark(_), Reply::Object(marked)) => Step::Go(Self::Look(marked)),
            (Self::Look(marked), Reply::Claim(claim)) if S::holder(&claim) == marked.name() => {
                Step::Go(Self::Unmark(marked))
            }
            (Self::Look(marked), _) => Step::Go(Self::Remove(marked)),
            (Self::Unmark(_), Reply::Object(_)) => Step::End(Settled::Done),
            (Self::Remove(_), Reply::Done) => Step::End(Settled::Removed),
            (Self::Clear(_) | Self::Mark(_) | Self::Unmark(_) | Self::Remove(_), _) => Step::End(Settled::Busy),
        }
    }

    fn begin(read: S) -> Step<Self, Settled<S>> {
        if read.is_rejected() {
            return Step::Go(Self::Look(read));
        }
        if !read.pending().is_empty() {
            return if read.is_idle() { Step::Go(Self::Clear(read)) } else { Step::End(Settled::Busy) };
        }
        if read.is_deleted() {
            return Step::End(Settled::Tombstone(read));
        }
        match Acquisitions::begin(read.name(), read.committed()) {
            Some(acquisitions) => {
                let known = read.is_known();
                Step::Go(Self::Acquire { read, known, conflict: None, acquisitions })
            }
            None => Step::End(Settled::Done),
        }
    }

    /// J3. An object that nobody can know of is rejected, politely: its creator may be about to remove it by itself. Never
    /// for a value whose rule is only being turned on, for its creator goes on without it. Never either where a restore may
    /// have brought it back; but it gets none of its other values before that is sure, so that no half-made one is seen.
    fn refused(
        read: S,
        known: bool,
        conflict: Option<Refusal<S>>,
        refusal: Refusal<S>,
        acquisitions: Acquisitions<S>,
    ) -> Step<Self, Settled<S>> {
        if !known && !refusal.is_optional() {
            return match refusal {
                Refusal::Taken { .. } if !read.is_idle() => Step::End(Settled::Busy),
                Refusal::Taken { .. } if read.is_spared() => Step::End(Settled::Conflict(refusal)),
                Refusal::Taken { .. } => Step::Go(Self::Mark(read)),
                Refusal::Unfinished { .. } | Refusal::Final => Step::End(Settled::Busy),
            };
        }
        let conflict = conflict.or(Some(refusal));
        match acquisitions.next() {
            Step::Go(acquisitions) => Step::Go(Self::Acquire { read, known, conflict, acquisitions }),
            Step::End(_) => end(conflict),
        }
    }
}

fn end<S: Subject, M>(conflict: Option<Refusal<S>>) -> Step<M, Settled<S>> {
    Step::End(conflict.map_or(Settled::Done, Settled::Conflict))
}

/// `object` with this edit made.
fn with<S: Subject>(object: &S, edit: impl FnOnce(&mut S)) -> S {
    let mut object = object.clone();
    edit(&mut object);
    object
}
