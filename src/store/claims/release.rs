//! release(a, v): removes a claim only if it is dead. Best effort.
//!
//! ```text
//! c = GET C(a,v); 404: return
//! live(c): return
//! DELETE C(a,v) {uid, resourceVersion of c}     # 409/404: return, somebody moved
//! ```
//!
//! The version is the one from before the look at the holder: whoever named the value after it also wrote the claim.

use std::collections::BTreeSet;

use super::step::{Call, Reply, Step, Subject, is_live};

/// Where the release of one claim stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Release<S: Subject> {
    /// GET C.
    Read,
    /// GET its holder.
    ReadHolder(S::Claim),
    /// It is dead: DELETE C.
    Remove(S::Claim),
}

/// The release of several claims, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Releases<S: Subject> {
    /// The claims that are left, ascending.
    pub claims: Vec<S::ClaimName>,
    /// Where the first of them stands.
    pub at: Release<S>,
}

impl<S: Subject> Releases<S> {
    /// Begins; nothing if there is nothing to release.
    pub fn begin(claims: impl IntoIterator<Item = S::ClaimName>) -> Option<Self> {
        let claims: Vec<_> = BTreeSet::from_iter(claims).into_iter().collect();
        (!claims.is_empty()).then_some(Self { claims, at: Release::Read })
    }

    /// Begins with the claims on these values.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a S::Value>) -> Option<Self>
    where
        S: 'a,
    {
        Self::begin(values.into_iter().map(S::claim_name))
    }

    /// The next call.
    pub fn call(&self) -> Call<S> {
        match &self.at {
            Release::Read => Call::ReadClaim(self.claims[0].clone()),
            Release::ReadHolder(claim) => Call::Read(S::holder(claim)),
            Release::Remove(claim) => Call::RemoveClaim(claim.clone()),
        }
    }

    /// What follows the answer.
    pub fn answered(mut self, reply: Reply<S>) -> Step<Self, ()> {
        let at = std::mem::replace(&mut self.at, Release::Read);
        self.at = match (at, reply) {
            // Its holder may be of a kind that this version cannot even read.
            (Release::Read, Reply::Claim(claim)) if !S::understands(&claim) => return self.next(),
            (Release::Read, Reply::Claim(claim)) => Release::ReadHolder(claim),
            (Release::Read, _) => return self.next(),
            (Release::ReadHolder(claim), Reply::Object(holder)) if is_live(&claim, &holder) => return self.next(),
            (Release::ReadHolder(claim), _) => Release::Remove(claim),
            (Release::Remove(_), _) => return self.next(),
        };
        Step::Go(self)
    }

    fn next(mut self) -> Step<Self, ()> {
        self.claims.remove(0);
        if self.claims.is_empty() { Step::End(()) } else { Step::Go(self) }
    }
}
