//! The work of writes, each in a task of its own: a client that goes away must not leave half of one behind.
//!
//! hyper drops the future of a request whose connection ends. That is right for a read, of which nobody wants the answer;
//! a write goes on to its end. What nobody waits for any more is bounded in number here and in time by its caller, and
//! the end of the process waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, Span};

use super::error::Failure;
use crate::http::edge::Refused;
use crate::store::Presence;

/// The writes that are being carried out. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writes {
    tasks: TaskTracker,
    slots: Arc<Semaphore>,
}

/// Tells the write, and the log, that its client has gone when the request is dropped before it was answered.
struct Waiting {
    client: Presence,
    is_answered: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_answered {
            self.client.end();
            tracing::info!(
                "the client has gone before it was answered: what has begun is finished, nothing is begun anew"
            );
        }
    }
}

impl Writes {
    /// At most `limit` of them run at the same time.
    pub(super) fn new(limit: usize) -> Self {
        Self { tasks: TaskTracker::new(), slots: Arc::new(Semaphore::new(limit)) }
    }

    /// Carries out what `work` makes, whether or not the caller stays to hear of it. The work is given the presence of the
    /// client: what it has begun it ends, and what it would begin anew it need not.
    pub(super) async fn run<T, W>(&self, work: impl FnOnce(Presence) -> W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        // Nobody waits for a slot: the time of a request is better spent by its client, which comes again.
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Failure::TooManyWrites)?;
        let mut waiting = Waiting { client: Presence::default(), is_answered: false };
        let work = work(waiting.client.clone());
        let work = async move {
            let result = work.await;
            drop(slot);
            result
        };
        let result = self.tasks.spawn(work.instrument(Span::current())).await;
        waiting.is_answered = true;
        result.map_err(|_| Failure::Edge(Refused::Panic))?
    }

    /// Waits for what is still being carried out. No more may be asked for.
    pub(super) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures::FutureExt as _;
    use tokio::sync::Notify;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn a_write_whose_client_goes_away_is_finished_and_waited_for() {
        let writes = Writes::new(1);
        let (go, done) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (gone, did) = (go.clone(), done.clone());
        let write = |client: Presence| async move {
            assert!(!client.is_gone(), "it is there when the write begins");
            gone.notified().await;
            did.store(client.is_gone(), Ordering::Relaxed);
            Ok(())
        };
        // Polled once and dropped, as hyper does with the request of a connection that has ended.
        let request = writes.run(write);
        let mut request = Box::pin(request);
        assert!(request.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
        drop(request);
        assert!(writes.finish().now_or_never().is_none(), "the end waits for the write");
        go.notify_one();
        writes.finish().await;
        assert!(done.load(Ordering::Relaxed), "it was carried out, and knew that its client had gone");
    }

    #[tokio::test]
    async fn the_number_of_writes_is_bounded_and_what_ends_makes_room() {
        let writes = Writes::new(2);
        let go = CancellationToken::new();
        for _ in 0..2 {
            let gone = go.clone();
            let write = |_| async move {
                gone.cancelled().await;
                Ok(())
            };
            assert!(writes.run(write).now_or_never().is_none());
        }
        let refused = writes.run(|_| async { Ok(()) }).await.expect_err("there is no room");
        assert!(matches!(refused, Failure::TooManyWrites), "{refused:?}");
        let answer = refused.answer();
        assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"5".parse().expect("a value")));
        go.cancel();
        writes.finish().await;
        assert!(writes.run(|_| async { Ok(()) }).await.is_ok());
    }

    #[tokio::test]
    async fn a_write_that_panics_makes_room_too() {
        let writes = Writes::new(1);
        for _ in 0..2 {
            let failed = writes.run::<(), _>(|_| async { panic!("a test does this") }).await;
            assert!(matches!(failed, Err(Failure::Edge(Refused::Panic))), "{failed:?}");
        }
    }
}
