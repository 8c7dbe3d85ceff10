//! look(X): does a live object that may have no claim name one of these values?
//!
//! ```text
//! for each value v that X is going to claim, unless its rule is only being turned on:
//!     for each Y that the index of this replica shows as naming v, never X itself:
//!         Y = GET Y; missing, deletedAt, rejected or without v: next
//!         Y names v as committed and was acknowledged: taken
//!         c = GET C(a,v); c.holder == Y: taken
//!         Y names v as committed: unfinished
//! ```
//!
//! The absence of a claim does not prove the absence of a person: a restore may bring objects back without their claims.
//! So a create and a change look for such objects before they write anything. The index says where to look, and it may
//! lag behind; each object is read live before it refuses anything, so that a name which another replica has just freed
//! is free. A value that an object only *wants* is protected by its claim alone, and a tombstone names nothing here.
//!
//! The claims decide among those who looked and saw nobody: nothing of what makes them safe rests on this look.

use super::step::{Call, Refusal, Reply, Step, Subject};

/// The most objects that are read for one value. Behind so many that no longer name the value, the claims decide.
pub const MAX_RIVALS: usize = 16;

/// The looks for several values, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Looks<S: Subject> {
    /// The object that is going to claim the values.
    pub name: S::Name,
    /// The values that are left, in the order of acquisition.
    pub values: Vec<S::Value>,
    /// Where the look for the first of them stands.
    pub at: Look<S>,
}

/// Where the look for one value stands. Of several rivals, the first one is being looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Look<S: Subject> {
    /// Ask the index.
    Ask,
    /// GET the first rival.
    Read(Vec<S::Name>),
    /// GET C: the first rival names the value, and nothing says that it was acknowledged.
    ReadClaim {
        /// Whether it names the value as committed, and does not only want it.
        commits: bool,
        /// The rivals.
        rivals: Vec<S::Name>,
    },
}

impl<S: Subject> Looks<S> {
    /// Begins; nothing if there is nothing to look for.
    pub fn begin(name: S::Name, values: &[S::Value]) -> Option<Self> {
        let mut values: Vec<_> = values.iter().filter(|value| !S::is_optional(value)).cloned().collect();
        values.sort();
        (!values.is_empty()).then_some(Self { name, values, at: Look::Ask })
    }

    /// The next call.
    pub fn call(&self) -> Call<S> {
        match &self.at {
            Look::Ask => Call::Rivals(self.values[0].clone(), self.name.clone()),
            Look::Read(rivals) => Call::Read(rivals[0].clone()),
            Look::ReadClaim { .. } => Call::ReadClaim(S::claim_name(&self.values[0])),
        }
    }

    /// What follows the answer. It ends with the reason why a value is not to be had, if there is one.
    pub fn answered(mut self, reply: Reply<S>) -> Step<Self, Option<Refusal<S>>> {
        let value = &self.values[0];
        let rivals = match (std::mem::replace(&mut self.at, Look::Ask), reply) {
            (Look::Ask, Reply::Rivals(mut rivals)) => {
                rivals.truncate(MAX_RIVALS);
                rivals
            }
            (Look::Ask, _) => Vec::new(),
            (Look::Read(rivals), Reply::Object(rival)) if !rival.is_deleted() && !rival.is_rejected() => {
                let commits = rival.committed().contains(value);
                if commits && rival.is_known() {
                    return taken(value, &rival.name());
                }
                if commits || rival.pending().contains(value) {
                    self.at = Look::ReadClaim { commits, rivals };
                    return Step::Go(self);
                }
                rest(rivals)
            }
            (Look::ReadClaim { rivals, .. }, Reply::Claim(claim)) if S::holder(&claim) == rivals[0] => {
                return taken(value, &rivals[0]);
            }
            (Look::ReadClaim { commits: true, rivals }, _) => {
                return Step::End(Some(Refusal::Unfinished { holder: rivals[0].clone() }));
            }
            (Look::Read(rivals) | Look::ReadClaim { rivals, .. }, _) => rest(rivals),
        };
        if !rivals.is_empty() {
            self.at = Look::Read(rivals);
            return Step::Go(self);
        }
        self.values.remove(0);
        if self.values.is_empty() { Step::End(None) } else { Step::Go(self) }
    }
}

fn taken<S: Subject>(value: &S::Value, holder: &S::Name) -> Step<Looks<S>, Option<Refusal<S>>> {
    Step::End(Some(Refusal::Taken { value: value.clone(), holder: holder.clone() }))
}

/// The rivals after the first.
fn rest<N>(mut rivals: Vec<N>) -> Vec<N> {
    rivals.remove(0);
    rivals
}
