//! Waiting: on a condition, with a deadline.

use std::time::{Duration, Instant};

/// Longer than anything that a test waits for takes on a busy machine, save the freshness limit.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// Longer than the janitor takes: it leaves an object alone for half a minute after its last write.
pub(crate) const JANITOR_DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// Asks until the answer is there; after the deadline the test fails and says what it waited for.
pub(crate) async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(DEADLINE, ask).await.unwrap_or_else(|| panic!("waited {DEADLINE:?} for: {what}"))
}

/// Asks until the answer is there or the deadline has passed.
pub(crate) async fn within<T>(deadline: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        let answer = ask().await;
        if answer.is_some() || started.elapsed() > deadline {
            return answer;
        }
        tokio::time::sleep(POLL).await;
    }
}
