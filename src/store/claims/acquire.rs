//! acquire(a, v, X): every acquisition is a write of the claim.
//!
//! ```text
//! CREATE C(a,v){holder X, fresh nonce}          -> 201: ok
//! 409: c = GET C(a,v); 404: again
//!      c.holder == X: PUT c{fresh nonce} @c     -> 200: ok; 409/404: again
//!      live(c): taken
//!      DELETE c {uid, resourceVersion of c}; again
//! ```
//!
//! `taken` is no error where the rule on the value is only being turned on: whoever acquires goes on without it.
//!
//! A claim that is our own already is written all the same: a release on its way, which looked before we named the
//! value, then finds another version. A dead claim is removed and made anew and never taken over by PUT: the garbage
//! collector removes by uid alone, so it would remove it under its new holder.

use super::step::{Call, Refusal, Reply, Step, Subject, is_live};

/// Where the acquisition of one value stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Acquire<S: Subject> {
    /// CREATE C.
    Create,
    /// It exists: GET C.
    Read,
    /// It is somebody's: GET its holder.
    ReadHolder(S::Claim),
    /// It is ours: PUT C.
    Touch(S::Claim),
    /// It is dead: DELETE C.
    Remove(S::Claim),
}

/// The acquisition of several values, one after the other in the one order that everybody keeps: of rivals, one wins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Acquisitions<S: Subject> {
    /// The object that acquires.
    pub holder: S::Name,
    /// What it acquires, in order.
    pub values: Vec<S::Value>,
    /// How many of them are behind us.
    pub done: usize,
    /// Where the next one stands.
    pub at: Acquire<S>,
}

/// How an acquisition ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Acquired<S: Subject> {
    /// Every value is behind us.
    All,
    /// The next one is not to be had; the acquisitions as they stand.
    Refused(Acquisitions<S>, Refusal<S>),
}

impl<S: Subject> Acquisitions<S> {
    /// Begins; nothing if there is nothing to acquire.
    pub fn begin(holder: S::Name, mut values: Vec<S::Value>) -> Option<Self> {
        values.sort();
        (!values.is_empty()).then_some(Self { holder, values, done: 0, at: Acquire::Create })
    }

    /// The values that are behind us: won, or passed over because they were taken.
    pub fn behind(&self) -> &[S::Value] {
        &self.values[..self.done]
    }

    /// Leaves the next value behind, won or not.
    pub fn next(mut self) -> Step<Self, Acquired<S>> {
        self.done += 1;
        self.at = Acquire::Create;
        if self.done == self.values.len() { Step::End(Acquired::All) } else { Step::Go(self) }
    }

    /// What follows the answer for whoever goes on without a value whose rule is only being turned on.
    pub fn answered_or_passed(self, reply: Reply<S>) -> Step<Self, Acquired<S>> {
        match self.answered(reply) {
            Step::End(Acquired::Refused(acquisitions, refusal)) if refusal.is_optional() => acquisitions.next(),
            step => step,
        }
    }

    /// The next call.
    pub fn call(&self) -> Call<S> {
        let value = &self.values[self.done];
        match &self.at {
            Acquire::Create => Call::CreateClaim(value.clone(), self.holder.clone()),
            Acquire::Read => Call::ReadClaim(S::claim_name(value)),
            Acquire::ReadHolder(claim) => Call::Read(S::holder(claim)),
            Acquire::Touch(claim) => Call::TouchClaim(claim.clone()),
            Acquire::Remove(claim) => Call::RemoveClaim(claim.clone()),
        }
    }

    /// What follows the answer.
    pub fn answered(mut self, reply: Reply<S>) -> Step<Self, Acquired<S>> {
        let at = std::mem::replace(&mut self.at, Acquire::Create);
        self.at = match (at, reply) {
            (Acquire::Create, Reply::Done) => return self.next(),
            (Acquire::Create | Acquire::Read | Acquire::Touch(_), Reply::Refused) => {
                return Step::End(Acquired::Refused(self, Refusal::Final));
            }
            (Acquire::Create, _) => Acquire::Read,
            (Acquire::Read, Reply::Claim(claim)) if S::holder(&claim) == self.holder => Acquire::Touch(claim),
            (Acquire::Read, Reply::Claim(claim)) => Acquire::ReadHolder(claim),
            (Acquire::Read, _) => Acquire::Create,
            (Acquire::ReadHolder(claim), Reply::Object(holder)) if is_live(&claim, &holder) => {
                let value = self.values[self.done].clone();
                return Step::End(Acquired::Refused(self, Refusal::Taken { value, holder: holder.name() }));
            }
            (Acquire::ReadHolder(claim), _) => Acquire::Remove(claim),
            (Acquire::Touch(_), Reply::Done) => return self.next(),
            (Acquire::Touch(_) | Acquire::Remove(_), _) => Acquire::Create,
        };
        Step::Go(self)
    }
}
