//! Alternating rounds: whatever else the machine does meets both sides of a ratio.

use anyhow::Result;

use crate::load::{Round, median, run};
use crate::table::{Figure, Goal};

/// How much larger the time of a request may be among many than among few.
const GROWTH: f64 = 1.2;

/// The operator's rate as a part of the raw API server's: the median of `rounds` alternating rounds.
pub(crate) async fn ratio(
    (name, goal): (&'static str, f64),
    (rounds, requests): (usize, usize),
    ours: impl AsyncFn(usize) -> Result<()>,
    raw: &impl AsyncFn(usize) -> Result<()>,
) -> Result<Figure> {
    let (mut ratios, mut our_rates, mut raw_rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (theirs, mine) = (run(requests, raw).await?, run(requests, &ours).await?);
        ratios.push(mine.per_second / theirs.per_second);
        our_rates.push(mine.per_second);
        raw_rates.push(theirs.per_second);
    }
    let measured = format!("{:.0}/s of {:.0}/s", median(our_rates), median(raw_rates));
    Ok(Figure { name, measured, value: median(ratios), goal: Goal::AtLeast(goal) })
}

/// Rounds of the same requests among few and among many.
#[derive(Default)]
pub(crate) struct Alternation {
    pub(crate) few: Vec<Round>,
    pub(crate) many: Vec<Round>,
}

impl Alternation {
    /// How much longer the median request takes among many.
    pub(crate) fn growth(&self, name: &'static str) -> Figure {
        let p50 = |rounds: &[Round]| median(rounds.iter().map(|round| round.p50.as_secs_f64() * 1000.0).collect());
        let ratios = self.few.iter().zip(&self.many);
        let ratios = ratios.map(|(few, many)| many.p50.as_secs_f64() / few.p50.as_secs_f64()).collect();
        let measured = format!("{:.2} ms and {:.2} ms", p50(&self.few), p50(&self.many));
        Figure { name, measured, value: median(ratios), goal: Goal::AtMost(GROWTH) }
    }

    /// The rate among many, as a part of what is wanted.
    pub(crate) fn rate(&self, name: &'static str, wanted: f64) -> Figure {
        let rate = median(self.many.iter().map(|round| round.per_second).collect());
        Figure { name, measured: format!("{rate:.0}/s"), value: rate / wanted, goal: Goal::AtLeast(1.0) }
    }
}
