//! What the janitor does, in the words of its metric.

/// What the janitor did with one object or claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JanitorAction {
    /// An object was completed, undone or removed.
    Settled,
    /// An object got the labels that its spec asks for.
    Labelled,
    /// A claim without a living holder was freed.
    Released,
    /// It did not work and is tried again.
    Failed,
}

impl JanitorAction {
    /// The word of the label and of the log.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Labelled => "labelled",
            Self::Released => "released",
            Self::Failed => "failed",
        }
    }
}
