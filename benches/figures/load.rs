//! A bounded load: eight connections, each with one request at a time.

use std::time::{Duration, Instant};

use futures::future::try_join_all;

/// Connections, for the operator and for the raw API server alike.
pub(crate) const CONNECTIONS: usize = 8;

/// What a round took.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
}

/// Makes `requests` requests; each gets its number. Any that fails ends the benchmark: a figure of failures is none.
pub(crate) async fn run(requests: usize, work: impl AsyncFn(usize) -> anyhow::Result<()>) -> anyhow::Result<Round> {
    let started = Instant::now();
    let workers = (0..CONNECTIONS).map(|worker| {
        let work = &work;
        async move {
            let mut times = Vec::new();
            for number in (worker..requests).step_by(CONNECTIONS) {
                let began = Instant::now();
                work(number).await?;
                times.push(began.elapsed());
            }
            anyhow::Ok(times)
        }
    });
    let mut times: Vec<_> = try_join_all(workers).await?.into_iter().flatten().collect();
    let elapsed = started.elapsed();
    times.sort_unstable();
    let count = u32::try_from(times.len()).map_or(f64::MAX, f64::from);
    Ok(Round { per_second: count / elapsed.as_secs_f64(), p50: times[times.len() / 2] })
}

/// Makes requests for as long as it is polled; ends only with the error of one that failed.
pub(crate) async fn until_dropped(work: impl AsyncFn(usize) -> anyhow::Result<()>) -> anyhow::Error {
    let workers = (0..CONNECTIONS).map(|worker| {
        let work = &work;
        async move {
            let mut number = worker;
            loop {
                work(number).await?;
                number += CONNECTIONS;
            }
        }
    });
    let ended: anyhow::Result<Vec<std::convert::Infallible>> = try_join_all(workers).await;
    ended.err().unwrap_or_else(|| anyhow::anyhow!("there are no connections"))
}

/// Asks at an even rate and returns the time within which 99 of 100 were answered. A question that begins late because those
/// before it were slow counts from when it was due: a slow server cannot hide behind its own queue.
pub(crate) async fn paced(
    per_second: usize,
    requests: usize,
    work: impl AsyncFn(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Duration> {
    const WORKERS: usize = 32;
    let started = Instant::now();
    let workers = (0..WORKERS).map(|worker| {
        let work = &work;
        async move {
            let mut times = Vec::new();
            for number in (worker..requests).step_by(WORKERS) {
                let due = started + Duration::from_secs_f64(number as f64 / per_second as f64);
                let late = Instant::now() >= due;
                tokio::time::sleep_until(due.into()).await;
                // The timer's own slack is not the server's.
                let began = if late { due } else { Instant::now() };
                work(number).await?;
                times.push(began.elapsed());
            }
            anyhow::Ok(times)
        }
    });
    Ok(percentile(try_join_all(workers).await?.into_iter().flatten().collect(), 99))
}

/// The time within which so many of a hundred ended.
pub(crate) fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
