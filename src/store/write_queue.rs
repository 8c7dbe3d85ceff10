//! The queue per object: writes of one process to one object wait for each other, so that another replica is
//! the only rival that a compare-and-swap can lose to.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Queue = Arc<AsyncMutex<()>>;

/// The queues. Each stands here while somebody holds or awaits its turn, so there are at most as many as
/// requests in flight.
#[derive(Debug, Default)]
pub struct WriteQueues {
    queues: Mutex<HashMap<String, Queue>>,
}

/// The right to write one object. Dropping it lets the next one go.
#[derive(Debug)]
pub struct WriteTurn<'a> {
    queues: &'a WriteQueues,
    object: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl WriteQueues {
    /// Waits for the turn of `object`.
    pub async fn take(&self, object: String) -> WriteTurn<'_> {
        let queue = Arc::clone(self.queues.lock().entry(object.clone()).or_default());
        // The turn exists before the wait: a request that is given up while it waits cleans up as well.
        let mut turn = WriteTurn { queues: self, object, guard: None };
        turn.guard = Some(queue.lock_owned().await);
        turn
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.queues.lock().len()
    }
}

impl Drop for WriteTurn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut queues = self.queues.queues.lock();
        // Under the lock nobody can take a new handle, so a queue with none but the map's is unused.
        if queues.get(&self.object).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            queues.remove(&self.object);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_of_one_object_wait_for_each_other_and_leave_nothing() {
        let queues = WriteQueues::default();
        let first = queues.take("a".to_owned()).await;
        let other = queues.take("b".to_owned()).await;
        assert!(futures::poll!(std::pin::pin!(queues.take("a".to_owned()))).is_pending());
        assert_eq!(queues.len(), 2, "a wait that was given up leaves no queue of its own");
        drop((first, other));
        assert_eq!(queues.len(), 0);
        drop(queues.take("a".to_owned()).await);
        assert_eq!(queues.len(), 0);
    }
}
