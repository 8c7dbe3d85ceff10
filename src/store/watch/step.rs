//! What a watch does next: a pure decision.

use crate::store::Error;

/// How the whole state is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// As a stream, of which the server holds no copy (WatchList; the default of servers since 1.34).
    Streamed,
    /// In pages, from servers that do not know the other way.
    Paged,
}

/// What a watch is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It reads the whole state.
    Listing(Listing),
    /// It follows the changes.
    Following,
}

/// What it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchStep {
    /// The same once more, after a while.
    Repeat,
    /// The whole state anew, at once.
    List,
    /// The whole state in pages from now on, at once.
    ListInPages,
}

/// What comes after a failure.
pub(super) fn next(phase: Phase, error: &Error) -> WatchStep {
    match (phase, error) {
        // "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled": asked again, the server
        // would say so again for ever.
        (Phase::Listing(Listing::Streamed), Error::Invalid(_)) => WatchStep::ListInPages,
        (Phase::Following, Error::Gone) => WatchStep::List,
        // A server that refuses the version itself, for whatever reason, does so again.
        (Phase::Following, Error::Invalid(_)) => WatchStep::List,
        // The next page of a list that took too long is gone too; after a while a list may be quicker.
        _ => WatchStep::Repeat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_lead_to_the_right_step() {
        let invalid = || Error::Invalid("sendInitialEvents: Forbidden".to_owned());
        let away = || Error::Unavailable { reason: "connection refused".to_owned() };
        let (streamed, paged) = (Phase::Listing(Listing::Streamed), Phase::Listing(Listing::Paged));
        let cases = [
            ("a server without WatchList", streamed, invalid(), WatchStep::ListInPages),
            ("a page that is refused", paged, invalid(), WatchStep::Repeat),
            ("a page that has expired", paged, Error::Gone, WatchStep::Repeat),
            ("a version that has expired", Phase::Following, Error::Gone, WatchStep::List),
            ("a version that is refused", Phase::Following, invalid(), WatchStep::List),
            ("a stream that breaks", streamed, away(), WatchStep::Repeat),
            ("a watch that breaks", Phase::Following, away(), WatchStep::Repeat),
            ("no right to watch", Phase::Following, Error::Other("403".to_owned()), WatchStep::Repeat),
            ("no right to list", streamed, Error::Other("403".to_owned()), WatchStep::Repeat),
        ];
        for (name, phase, error, expected) in cases {
            assert_eq!(next(phase, &error), expected, "{name}");
        }
    }
}
