//! delete(X).
//!
//! ```text
//! 1  PUT X{deletedAt=now, pending=-} @r         # `active` stays, so that undelete restores it
//! 2  release each value                         # the answer after 1, whatever 2 does
//! ```

use super::release::Releases;
use super::step::{Call, Reply, Step, Subject};

/// Where a delete stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Delete<S: Subject> {
    /// GET X.
    Read(S::Name),
    /// 1: PUT of the tombstone.
    Bury {
        /// X at r.
        read: S,
        /// The tombstone.
        tombstone: S,
    },
}

/// How a delete ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Deleted<S: Subject> {
    /// It is a tombstone; the releases are for after the answer.
    Buried(Option<Releases<S>>),
    /// There is no such object, or it is a tombstone already.
    Missing,
    /// The janitor is about to remove the object.
    Rejected,
    /// The API server refuses the tombstone.
    Refused,
}

impl<S: Subject> Delete<S> {
    /// The next call.
    pub fn call(&self) -> Call<S> {
        match self {
            Self::Read(name) => Call::Read(name.clone()),
            Self::Bury { read, tombstone } => Call::Replace(tombstone.clone().at_version_of(read)),
        }
    }

    /// What follows the answer. `bury` is asked after each GET X for the object with `deletedAt`.
    pub fn answered<E>(
        self,
        reply: Reply<S>,
        bury: impl FnOnce(&S) -> Result<S, E>,
    ) -> Result<Step<Self, Deleted<S>>, E> {
        Ok(match (self, reply) {
            (Self::Read(_), Reply::Object(read)) if read.is_deleted() => Step::End(Deleted::Missing),
            (Self::Read(_), Reply::Object(read)) if read.is_rejected() => Step::End(Deleted::Rejected),
            (Self::Read(_), Reply::Object(read)) => {
                let mut tombstone = bury(&read)?;
                tombstone.set_pending(&[]);
                Step::Go(Self::Bury { read, tombstone })
            }
            (Self::Read(_), _) => Step::End(Deleted::Missing),
            (Self::Bury { read, .. }, Reply::Object(_)) => {
                Step::End(Deleted::Buried(Releases::of(read.committed().iter().chain(&read.pending()))))
            }
            (Self::Bury { .. }, Reply::Refused) => Step::End(Deleted::Refused),
            (Self::Bury { read, .. }, _) => Step::Go(Self::Read(read.name())),
        })
    }
}
