//! How far a connection is, and until when it may be there.
//!
//! hyper knows one time-out, for a head; a silent connection, a slow body and an idle one stay open for ever. Here each
//! phase has its own. Only the task of the connection moves the clock (its socket reads, its service, its answers), so
//! that whoever polls the connection sees every move at once.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::http::limits::{FIRST_BYTE, HEAD_READ, IDLE, WHOLE_REQUEST};

/// The times of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) first_byte: Duration,
    pub(super) head: Duration,
    pub(super) request: Duration,
    pub(super) idle: Duration,
}

impl Default for Times {
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
    times: Times,
    phase: Phase,
    /// Since when a head has been coming.
    begun: Instant,
    deadline: Instant,
    line_ended: bool,
    input_ended: bool,
}

/// The clock of one connection. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Clock(Arc<Mutex<State>>);

impl Clock {
    /// A connection that has just been made.
    pub(super) fn start(times: Times, now: Instant) -> Self {
        let (phase, deadline) = (Phase::Silent, now + times.first_byte);
        let state = State { times, phase, begun: now, deadline, line_ended: false, input_ended: false };
        Self(Arc::new(Mutex::new(state)))
    }

    /// When the connection is cut unless something happens before.
    pub(super) fn deadline(&self) -> Instant {
        self.0.lock().deadline
    }

    /// Bytes have come; none is the end of the input.
    pub(super) fn read(&self, bytes: &[u8], now: Instant) {
        let mut state = self.0.lock();
        if bytes.is_empty() {
            state.input_ended = true;
            return;
        }
        if matches!(state.phase, Phase::Silent | Phase::Idle) {
            state.phase = Phase::Head;
            state.begun = now;
            state.deadline = now + state.times.head;
        }
        state.line_ended |= state.phase == Phase::Head && bytes.contains(&b'\n');
    }

    /// A whole head is there.
    pub(super) fn serve(&self, now: Instant) {
        let mut state = self.0.lock();
        state.phase = Phase::Serving;
        state.deadline = now + state.times.request;
        state.line_ended = false;
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
            state.begun = now;
            state.deadline = now + state.times.idle;
        }
    }

    /// Whether the client has closed its side.
    pub(super) fn has_input_ended(&self) -> bool {
        self.0.lock().input_ended
    }

    /// If what is written now is a refusal of hyper's: it writes by itself only while no request is served. Not known
    /// where a client sends its next request without reading the answer to the last; such a refusal stays bare.
    pub(super) fn refusal(&self) -> Option<Unread> {
        let state = self.0.lock();
        let is_refusal = !matches!(state.phase, Phase::Serving | Phase::Answering);
        is_refusal.then_some(Unread { line_ended: state.line_ended, begun: state.begun })
    }
}

/// A head that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// Whether at least the request line was complete.
    pub(super) line_ended: bool,
    /// When it began to come.
    pub(super) begun: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_has_its_own_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let clock = Clock::start(Times::default(), start);
        assert_eq!(clock.deadline(), start + FIRST_BYTE);
        clock.read(b"GET ", at(9));
        assert_eq!(clock.deadline(), at(9) + HEAD_READ);
        clock.read(b"/ HTTP/1.1\r\n", at(15));
        assert_eq!(clock.deadline(), at(9) + HEAD_READ, "a drop now and then wins no time");
        clock.serve(at(16));
        assert_eq!(clock.deadline(), at(16) + WHOLE_REQUEST);
        clock.read(b"{", at(20));
        clock.flushed(at(20));
        assert_eq!(clock.deadline(), at(16) + WHOLE_REQUEST);
        clock.answered();
        assert_eq!(clock.deadline(), at(16) + WHOLE_REQUEST, "who does not read the answer wins no time");
        clock.flushed(at(21));
        assert_eq!(clock.deadline(), at(21) + IDLE);
        clock.flushed(at(22));
        assert_eq!(clock.deadline(), at(21) + IDLE);
        clock.read(b"GET ", at(30));
        assert_eq!(clock.deadline(), at(30) + HEAD_READ);
    }

    #[test]
    fn what_is_written_while_no_request_is_served_is_a_refusal() {
        let now = Instant::now();
        let clock = Clock::start(Times::default(), now);
        // The second request is as the first.
        for _ in 0..2 {
            clock.read(b"GET /aaaa", now);
            assert_eq!(clock.refusal(), Some(Unread { line_ended: false, begun: now }));
            clock.read(b" HTTP/1.1\r\nX", now);
            assert_eq!(clock.refusal(), Some(Unread { line_ended: true, begun: now }));
            clock.serve(now);
            clock.read(b"{\n}", now);
            assert_eq!(clock.refusal(), None);
            clock.answered();
            assert_eq!(clock.refusal(), None);
            clock.flushed(now);
        }
        assert!(!clock.has_input_ended());
        clock.read(b"", now);
        assert!(clock.has_input_ended());
    }
}
