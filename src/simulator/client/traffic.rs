//! What was sent and how it was answered, in bounded memory.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;

use super::{Response, TransportError};

/// How many answers with a server error are kept word by word.
const MAX_KEPT_ERRORS: usize = 20;
/// How many writes are kept by name: enough to say which attribute is patched again and again.
const MAX_KEPT_WRITES: usize = 20;
/// Each bucket of latencies is this much wider than the one before, so a percentile is right within it.
const BUCKET_GROWTH: f64 = 1.05;

/// Counts of requests, answers and latencies.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Requests that were sent, repetitions after 429 too.
    pub requests: u64,
    /// Those among them that write: POST, PUT, PATCH, DELETE.
    pub writes: u64,
    /// Answers by status; 0 counts requests without an answer.
    pub statuses: BTreeMap<u16, u64>,
    /// The first server errors (5xx) and requests without an answer, as `PATCH /Users/1: 500 ...`.
    pub errors: Vec<String>,
    /// The first writes, as `PATCH /Users/1`.
    pub first_writes: Vec<String>,
    /// How many latencies fall into each bucket.
    latencies: BTreeMap<u16, u64>,
    slowest: Duration,
}

impl Traffic {
    pub(super) fn count(&mut self, method: &Method, path: &str, answer: &Result<Response, TransportError>) {
        self.requests += 1;
        let target = format!("{method} {}", path.split('?').next().unwrap_or(path));
        if method != Method::GET {
            self.writes += 1;
            if self.first_writes.len() < MAX_KEPT_WRITES {
                self.first_writes.push(target.clone());
            }
        }
        let (status, error) = match answer {
            Ok(answer) => {
                self.latency(answer.elapsed);
                let error = (answer.status >= 500).then(|| format!("{target}: {} {}", answer.status, answer.detail()));
                (answer.status, error)
            }
            Err(error) => (0, Some(format!("{target}: {error}"))),
        };
        *self.statuses.entry(status).or_default() += 1;
        self.errors.extend(error.filter(|_| self.errors.len() < MAX_KEPT_ERRORS));
    }

    fn latency(&mut self, elapsed: Duration) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a logarithm of a small number")]
        let bucket = (elapsed.as_secs_f64().max(1e-6) * 1e6).log(BUCKET_GROWTH).ceil() as u16;
        *self.latencies.entry(bucket).or_default() += 1;
        self.slowest = self.slowest.max(elapsed);
    }

    /// Adds what another count holds.
    pub fn add(&mut self, other: &Traffic) {
        self.requests += other.requests;
        self.writes += other.writes;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (bucket, count) in &other.latencies {
            *self.latencies.entry(*bucket).or_default() += count;
        }
        self.slowest = self.slowest.max(other.slowest);
        let room = MAX_KEPT_ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(other.errors.iter().take(room).cloned());
        let room = MAX_KEPT_WRITES.saturating_sub(self.first_writes.len());
        self.first_writes.extend(other.first_writes.iter().take(room).cloned());
    }

    /// Answers of 500 and above.
    pub fn server_errors(&self) -> u64 {
        self.statuses.range(500..).map(|(_, count)| count).sum()
    }

    /// Requests that were not answered at all.
    pub fn unanswered(&self) -> u64 {
        self.statuses.get(&0).copied().unwrap_or_default()
    }

    /// The latency that so many of a hundred answers kept, right within 5 %; zero without any.
    pub fn percentile(&self, percent: u64) -> Duration {
        let total: u64 = self.latencies.values().sum();
        let wanted = (total * percent).div_ceil(100);
        let mut seen = 0;
        for (bucket, count) in &self.latencies {
            seen += count;
            if seen >= wanted {
                return Duration::from_secs_f64(BUCKET_GROWTH.powi(i32::from(*bucket)) / 1e6).min(self.slowest);
            }
        }
        Duration::ZERO
    }

    /// The slowest answer.
    pub fn slowest(&self) -> Duration {
        self.slowest
    }
}
