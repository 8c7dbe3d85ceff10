//! The bounds of the edge, which hold for every door. A door has bounds of its own beside its code.

use std::time::Duration;

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
/// From the head until the kernel has the last byte of the answer; then the connection is cut.
pub const WHOLE_REQUEST: Duration = Duration::from_secs(30);
/// What is left of [`WHOLE_REQUEST`] for the answer itself: a door must have it ready so much earlier.
pub const ANSWER: Duration = Duration::from_secs(2);
/// How long a connection may be idle between two requests.
pub const IDLE: Duration = Duration::from_secs(60);

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
/// Most characters of a name from a URL in the log: as many as a namespace can have.
pub const MAX_LOGGED_NAME: usize = 63;
/// Most characters of a resource id in the log: as many as the name of an object can have.
pub const MAX_LOGGED_ID: usize = 253;

/// How often the certificate's files are looked at.
pub const TLS_POLL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_fit_into_one_another() {
        const { assert!(MAX_URL < MAX_BUFFER && KEEP_ALIVE_CONNECTIONS < MAX_CONNECTIONS) };
        const { assert!(ANSWER.as_secs() < WHOLE_REQUEST.as_secs()) };
    }
}
