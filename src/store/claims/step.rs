//! The vocabulary of the steps: calls to the API server and their answers as values.
//!
//! Each operation of the protocol is a value that says which call comes next and, told the answer, what comes after
//! it. Nothing in it waits, repeats, draws lots or looks at a clock. So the same code runs in the operator (`driver`)
//! and under every interleaving and crash (`tests/claims`).

use std::fmt::Debug;
use std::hash::Hash;

/// An object that names unique values, as the steps see it. The operator has raw JSON behind it, the explorer of
/// `tests/claims` a few bytes.
pub trait Subject: Clone + Eq + Hash + Debug {
    /// The name of an object. Never used again, so "no such object" stays true for ever.
    type Name: Clone + Eq + Hash + Debug;
    /// One value of one attribute. Everybody acquires in ascending order: by claim name, and the object's own name
    /// last, so that winning it makes a finished object visible.
    type Value: Clone + Ord + Hash + Debug;
    /// The name of the claim object on a value.
    type ClaimName: Clone + Ord + Hash + Debug;
    /// A claim as read, with its version.
    type Claim: Clone + Eq + Hash + Debug;

    /// Its name.
    fn name(&self) -> Self::Name;
    /// The committed values of the attributes in force, whether or not the object is deleted.
    fn committed(&self) -> Vec<Self::Value>;
    /// The values of a change in progress.
    fn pending(&self) -> Vec<Self::Value>;
    /// The claim on its name, which makes it visible.
    fn name_claim(&self) -> Self::ClaimName;
    /// Whether it is a tombstone.
    fn is_deleted(&self) -> bool;
    /// Whether the janitor has marked it as never acknowledged.
    fn is_rejected(&self) -> bool;
    /// Whether it counts as acknowledged: somebody may rely on it, whether or not it has its claims.
    fn is_known(&self) -> bool;
    /// Whether the janitor leaves it alone although it does not count as acknowledged: a restore may have brought it back.
    fn is_spared(&self) -> bool;
    /// Whether it has not been written for a while. Politeness to a writer on its way; no step's safety needs it.
    fn is_idle(&self) -> bool;
    /// Whether its change in progress names the value of this claim.
    fn wants(&self, claim: &Self::Claim) -> bool;
    /// Whether it names the value of this claim as committed, whether or not it is deleted.
    fn has(&self, claim: &Self::Claim) -> bool;

    /// Names these values as a change in progress, and none of an older one.
    fn set_pending(&mut self, values: &[Self::Value]);
    /// Marks it as never acknowledged.
    fn reject(&mut self);
    /// Takes the mark off: it owns its name, so it may have been acknowledged.
    fn acknowledge(&mut self);
    /// The same content at the version of `read`, so that writing it succeeds only if nobody wrote since.
    #[must_use]
    fn at_version_of(self, read: &Self) -> Self;

    /// Whether the rule on a committed value is only being turned on (Claiming): it is acquired like any other, and where
    /// it is taken the object goes on without it.
    fn is_optional(value: &Self::Value) -> bool;
    /// The name of the claim on `value`.
    fn claim_name(value: &Self::Value) -> Self::ClaimName;
    /// The name of the one object that holds this claim for the claim's life.
    fn holder(claim: &Self::Claim) -> Self::Name;
    /// Whether this version of the operator knows the claim's attribute, and so can tell whether it is dead.
    fn understands(claim: &Self::Claim) -> bool;
}

/// Whether a claim binds, given its holder as read live: a change in progress names the value, even on a tombstone
/// (an undelete), or the holder is not deleted and has the value.
pub fn is_live<S: Subject>(claim: &S::Claim, holder: &S) -> bool {
    holder.wants(claim) || !holder.is_deleted() && holder.has(claim)
}

/// One call to the API server, or one question to the index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call<S: Subject> {
    /// The question which other objects than this one the index of this replica shows as naming the value: committed or
    /// in progress, not deleted, not rejected, with a claim or without. The index may lag behind.
    Rivals(S::Value, S::Name),
    /// GET of an object.
    Read(S::Name),
    /// CREATE of an object.
    Create(S),
    /// PUT of an object at its version.
    Replace(S),
    /// DELETE of an object with its uid and version as preconditions.
    Remove(S),
    /// GET of a claim.
    ReadClaim(S::ClaimName),
    /// CREATE of the claim on a value for a holder.
    CreateClaim(S::Value, S::Name),
    /// PUT of a claim at its version with nothing but another nonce: what counts is that it is a write.
    TouchClaim(S::Claim),
    /// DELETE of a claim with its uid and version as preconditions.
    RemoveClaim(S::Claim),
}

/// What the API server or the index answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply<S: Subject> {
    /// What the index shows; each of these objects is to be read live.
    Rivals(Vec<S::Name>),
    /// The object as read or as written.
    Object(S),
    /// The claim as read.
    Claim(S::Claim),
    /// The claim was written, or something was removed.
    Done,
    /// 404.
    Missing,
    /// 409: it exists already, or has moved on.
    Conflict,
    /// A write that took no effect, and would not if it were made again as it is: the API server refuses the object
    /// itself, or this claim has been tried too often.
    Refused,
}

/// What follows an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step<M, O> {
    /// The operation goes on.
    Go(M),
    /// It is over.
    End(O),
}

/// Why a value was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refusal<S: Subject> {
    /// A live object holds a value.
    Taken {
        /// The value.
        value: S::Value,
        /// Who holds it.
        holder: S::Name,
    },
    /// An object without a claim names a value, and nothing says that it was acknowledged: its create may still be
    /// running. The janitor settles it; until then nobody gets the value.
    Unfinished {
        /// Its name.
        holder: S::Name,
    },
    /// The API server refuses a write for good ([`Reply::Refused`]).
    Final,
}

impl<S: Subject> Refusal<S> {
    /// Whether an operation goes on without the value: its rule is only being turned on.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Taken { value, .. } if S::is_optional(value))
    }
}
