//! The bounds of the SCIM door. Those of the protocol (depth, filters, operations, pages) stand in `scim`, beside what they
//! bound; those of every door in the edge.

use std::time::Duration;

/// Largest body.
pub const MAX_BODY: usize = 1024 * 1024;
/// From the head to the last byte of the body; then 408.
pub const BODY_READ: Duration = Duration::from_secs(20);
/// How long an operation may take; then 503.
pub const WORK: Duration = Duration::from_secs(25);

/// Most writes that are carried out at once. One goes on when its client has gone away, so that the number of connections
/// does not bound them; then 503.
pub const MAX_WRITES: usize = 256;

/// Most hosts beside that of `--public-url` that the log is told of within an hour.
pub const MAX_TOLD_HOSTS: usize = 16;

/// `Retry-After` of a 503.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
/// `Retry-After` of a Directory whose provisioning is disabled, or that is being deleted: a person has to end that.
pub const RETRY_AFTER_DISABLED: Duration = Duration::from_secs(300);
/// Longest `Retry-After` of a deletion that the brake refuses: somebody may lift it sooner.
pub const MAX_RETRY_AFTER_BRAKED: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::edge::limits::{ANSWER, WHOLE_REQUEST};

    #[test]
    fn the_times_fit_into_those_of_the_edge() {
        assert!(
            BODY_READ < WHOLE_REQUEST && WORK + ANSWER < WHOLE_REQUEST,
            "an answer comes before the connection is cut"
        );
    }
}
