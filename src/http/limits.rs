//! The bounds of the edge. Those of the protocol (depth, filters, operations, pages) stand in `scim`, beside what they
//! bound.

use std::time::Duration;

/// Largest body.
pub const MAX_BODY: usize = 1024 * 1024;
/// Largest headers, names and values together.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Most headers.
pub const MAX_HEADERS: usize = 100;
/// Longest request target.
pub const MAX_URL: usize = 16 * 1024;
/// Largest head, and how much of a connection is held in memory before it is understood.
pub const MAX_BUFFER: usize = MAX_HEADER_BYTES + MAX_URL;

/// How long a new connection may be silent, the TLS handshake apart.
pub const FIRST_BYTE: Duration = Duration::from_secs(10);
/// How long a TLS handshake may take.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// From the first byte of a head to its last.
pub const HEAD_READ: Duration = Duration::from_secs(10);
/// From the head to the last byte of the body; then 408.
pub const BODY_READ: Duration = Duration::from_secs(20);
/// How long an operation may take; then 503.
pub const WORK: Duration = Duration::from_secs(25);
/// From the head until the kernel has the last byte of the answer; then the connection is cut.
pub const WHOLE_REQUEST: Duration = Duration::from_secs(30);
/// What is left of [`WHOLE_REQUEST`] for the answer itself when body and operation have used up the rest.
pub const ANSWER: Duration = Duration::from_secs(2);
/// How long a connection may be idle between two requests.
pub const IDLE: Duration = Duration::from_secs(60);

/// Most writes that are carried out at once. One goes on when its client has gone away, so that the number of connections
/// does not bound them; then 503.
pub const MAX_WRITES: usize = 256;
/// Most connections of a listener. Further ones wait in the kernel's queue until one ends, which the times above see to.
pub const MAX_CONNECTIONS: usize = 512;
/// With this many connections open an answer ends its connection, so that idle ones do not keep others waiting.
pub const KEEP_ALIVE_CONNECTIONS: usize = MAX_CONNECTIONS * 3 / 4;
/// How long a refused connection is read from, and thrown away, after its answer: closed with unread bytes in its buffer,
/// a socket sends a reset, and the client may never see why it was refused.
pub const LINGER: Duration = Duration::from_secs(2);
/// How much is thrown away at most.
pub const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// Before the next attempt when the kernel has no connection to give (no file descriptors left).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Longest `X-Request-Id` that is taken over from a client.
pub const MAX_REQUEST_ID: usize = 128;
/// Most characters of a name from the URL in the log.
pub const MAX_LOGGED_NAME: usize = 63;

/// Failed authentications that one source may have at once; then 429.
pub const FAILURE_BURST: u32 = 100;
/// After this long one more is allowed.
pub const FAILURE_REFILL: Duration = Duration::from_secs(1);
/// Most sources whose failures are counted apart; while there are as many, all share one bucket.
pub const MAX_SOURCES: usize = 10_000;

/// `Retry-After` of a 503.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
/// `Retry-After` of a Directory whose provisioning is disabled: a person has to enable it.
pub const RETRY_AFTER_DISABLED: Duration = Duration::from_secs(300);

/// How often the certificate's files are looked at.
pub const TLS_POLL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_fit_into_one_another() {
        let (body, work, whole) = (BODY_READ, WORK, WHOLE_REQUEST);
        assert!(body < whole && work + ANSWER < whole, "an answer is sent before the connection is cut");
        const { assert!(MAX_URL < MAX_BUFFER && KEEP_ALIVE_CONNECTIONS < MAX_CONNECTIONS) };
    }
}
