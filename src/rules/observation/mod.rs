//! What would be done to a Directory that is observed: how one object differs from what is in the cluster, and how much of
//! that there is in all.

mod difference;
mod sketch;
mod tally;
#[cfg(test)]
mod tests;

pub use difference::{Difference, difference};
pub use tally::{ObservedRefusal, ReportLimits, Tally, WouldBe};

/// What would happen to a user or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObservedOutcome {
    /// It is not in the cluster and would be created.
    Create,
    /// Attributes would change.
    Change,
    /// An active person would be deactivated.
    Deactivate,
    /// It would be deleted.
    Delete,
    /// A request about it would be refused.
    Refuse,
}

impl ObservedOutcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Create, Self::Change, Self::Deactivate, Self::Delete, Self::Refuse];

    /// As reports spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Change => "Change",
            Self::Deactivate => "Deactivate",
            Self::Delete => "Delete",
            Self::Refuse => "Refuse",
        }
    }
}
