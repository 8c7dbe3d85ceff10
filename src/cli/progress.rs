//! A sign of life on a terminal while something takes long.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// After what time somebody wants to see that work is under way.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two movements of the sign.
const TICK: Duration = Duration::from_millis(120);

/// A line on standard error that counts what was read. It shows itself after a while, on a terminal, and leaves nothing behind.
pub struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// One that is not shown yet.
    pub fn new(what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    /// Counts one more.
    pub fn count(&self) {
        self.0.inc(1);
    }

    fn show(&self) {
        if stderr().is_terminal() {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
            self.0.enable_steady_tick(TICK);
        }
    }
}

/// Waits for `work`, and shows after a while that it goes on.
pub async fn watched<T>(what: &'static str, work: impl Future<Output = T>) -> T {
    with(&ProgressLine::new(what), work).await
}

impl ProgressLine {
    /// Waits for `work`, and shows the count after a while.
    pub async fn while_waiting<T>(&self, work: impl Future<Output = T>) -> T {
        with(self, work).await
    }
}

async fn with<T>(progress: &ProgressLine, work: impl Future<Output = T>) -> T {
    let show = async {
        tokio::time::sleep(PATIENCE).await;
        progress.show();
        std::future::pending::<T>().await
    };
    let result = tokio::select! {
        result = work => result,
        result = show => result,
    };
    progress.0.finish_and_clear();
    result
}
