//! How far a connection is, and until when it may be there.
//!
//! hyper knows one time-out, for a head; a silent connection, a slow body and an idle one stay open for ever. Here each
//! phase has its own. Only the task of the connection moves the clock (its socket reads, its service, its answers), so
//! that whoever polls the connection sees every move at once.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::http::edge::limits::{FIRST_BYTE, HEAD_READ, IDLE, WHOLE_REQUEST};

/// The times of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionTimes {
    pub(super) first_byte: Duration,
    pub(super) head: Duration,
    pub(super) request: Duration,
    pub(super) idle: Duration,
}

impl Default for ConnectionTimes {
    fn default() -> Self {
        Self { first_byte: FIRST_BYTE, head: HEAD_READ, request: WHOLE_REQUEST, idle: IDLE }
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has come yet.
    Silent,
    /// A head has begun.
    Head,
    /// A request is served.
    Serving,
    /// An answer has been handed to hyper, which writes it.
    Answering,
    /// An answer is out, and nothing has come since.
    Idle,
}

#[derive(Debug)]
struct State {
    times: ConnectionTimes,
    phase: Phase,
    deadline: Instant,
    input_ended: bool,
}

/// The clock of one connection. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Clock(Arc<Mutex<State>>);

impl Clock {
    /// A connection that has just been made.
    pub(super) fn start(times: ConnectionTimes, now: Instant) -> Self {
        let (phase, deadline) = (Phase::Silent, now + times.first_byte);
        Self(Arc::new(Mutex::new(State { times, phase, deadline, input_ended: false })))
    }

    /// When the connection is cut unless something happens before.
    pub(super) fn deadline(&self) -> Instant {
        self.0.lock().deadline
    }

    /// So many bytes have come; none is the end of the input.
    pub(super) fn read(&self, bytes: usize, now: Instant) {
        let mut state = self.0.lock();
        if bytes == 0 {
            state.input_ended = true;
        } else if matches!(state.phase, Phase::Silent | Phase::Idle) {
            state.phase = Phase::Head;
            state.deadline = now + state.times.head;
        }
    }

    /// A whole head is there.
    pub(super) fn serve(&self, now: Instant) {
        let mut state = self.0.lock();
        state.phase = Phase::Serving;
        state.deadline = now + state.times.request;
    }

    /// An answer has been handed over. The time of the request goes on: a client that does not read it must not win the
    /// longer time of an idle one.
    pub(super) fn answered(&self) {
        self.0.lock().phase = Phase::Answering;
    }

    /// Everything that was handed over is written.
    pub(super) fn flushed(&self, now: Instant) {
        let mut state = self.0.lock();
        if state.phase == Phase::Answering {
            state.phase = Phase::Idle;
            state.deadline = now + state.times.idle;
        }
    }

    /// Whether the client has closed its side.
    pub(super) fn has_input_ended(&self) -> bool {
        self.0.lock().input_ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_has_its_own_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let clock = Clock::start(ConnectionTimes::default(), start);
        assert_eq!(clock.deadline(), start + FIRST_BYTE);
        clock.read(4, at(9));
        assert_eq!(clock.deadline(), at(9) + HEAD_READ);
        clock.read(12, at(15));
        assert_eq!(clock.deadline(), at(9) + HEAD_READ, "a drop now and then wins no time");
        clock.serve(at(16));
        assert_eq!(clock.deadline(), at(16) + WHOLE_REQUEST);
        clock.read(1, at(20));
        clock.flushed(at(20));
        assert_eq!(clock.deadline(), at(16) + WHOLE_REQUEST);
        clock.answered();
        assert_eq!(clock.deadline(), at(16) + WHOLE_REQUEST, "a client that does not read its answer wins no time");
        clock.flushed(at(21));
        assert_eq!(clock.deadline(), at(21) + IDLE);
        clock.flushed(at(22));
        assert_eq!(clock.deadline(), at(21) + IDLE);
        clock.read(4, at(30));
        assert_eq!(clock.deadline(), at(30) + HEAD_READ);
    }

    #[test]
    fn the_end_of_the_input_is_remembered() {
        let clock = Clock::start(ConnectionTimes::default(), Instant::now());
        clock.read(3, Instant::now());
        assert!(!clock.has_input_ended());
        clock.read(0, Instant::now());
        assert!(clock.has_input_ended());
    }
}
