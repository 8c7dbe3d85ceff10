//! How long a replica needs from its start until it is ready, beside a bare client that streams the same objects.

use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::try_join_all;

use crate::Bench;
use crate::load::median;
use crate::table::{Figure, Goal};

/// The kinds of which a large Directory has many.
const KINDS: [&str; 3] = ["directoryusers", "directoryclaims", "directorygroups"];
/// How much longer a start may take.
const GOAL: f64 = 1.5;

/// Alternates starts of a replica and streams of a bare client, while the operator that leads stands still: the API server ends a
/// stream that does not keep up with what is written meanwhile. So nothing has to be settled before.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    bench.operator.pause();
    let (mut starts, mut streams, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..bench.scale.starts {
        let began = Instant::now();
        bytes = try_join_all(KINDS.map(|kind| bench.raw.stream(kind))).await?.iter().sum();
        streams.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        drop(bench.replica().await);
        starts.push(began.elapsed().as_secs_f64());
    }
    bench.operator.resume();
    ensure!(bytes > 0, "the stream is empty");
    let (start, stream) = (median(starts), median(streams));
    let measured = format!("{start:.2} s and {stream:.2} s for {:.0} MiB of people, claims and groups", mib(bytes));
    let name = "start to ready / a bare stream";
    Ok(vec![Figure { name, measured, value: start / stream, goal: Goal::AtMost(GOAL) }])
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
