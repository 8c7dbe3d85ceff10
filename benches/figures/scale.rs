//! How much is measured: the figures are those of the full scale, and a quick look shows that everything works.

use clap::{Parser, ValueEnum};

/// What the benchmark may be asked for.
#[derive(Parser)]
#[command(about = "Figures of the operator beside those of the raw API server")]
pub(crate) struct Args {
    /// Few people and few rounds: a look at whether everything works, and no figure to tell others.
    #[arg(long)]
    quick: bool,
    /// So many people in the small Directory, and so many in the large one.
    #[arg(long, num_args = 2, value_names = ["FEW", "MANY"])]
    people: Vec<usize>,
    /// Measure this part alone; may be repeated. All parts by default.
    #[arg(long = "part", value_enum)]
    parts: Vec<Part>,
    /// Do not wait until the leader has written every status, which takes half an hour with 100,000 people.
    #[arg(long)]
    unsettled: bool,
    /// Serve as the handler that the check door is measured against.
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub(crate) bare_handler: Option<std::path::PathBuf>,
    /// Cargo says that this is a benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A part of the benchmark.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Requests for one person, and lists.
    People,
    /// Members of groups.
    Groups,
    /// A company that joins through the simulator.
    Company,
    /// A status for everybody.
    Statuses,
    /// Questions of proxies about sessions.
    Check,
    /// Logins at a provider.
    Login,
    /// Keys that are revoked.
    Keys,
    /// Replicas that start.
    Start,
    /// Replicas that have nothing to do.
    Idle,
}

impl Args {
    pub(crate) fn scale(&self) -> Scale {
        let mut scale = if self.quick { QUICK } else { FULL };
        for ((_, size), people) in scale.directories.iter_mut().zip(&self.people) {
            *size = *people;
        }
        scale.settles = !self.unsettled;
        scale
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

/// How many of everything.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// The Directories of the benchmark, and how many people each is filled with.
    pub(crate) directories: [(&'static str, usize); 2],
    /// Whether figures wait until the leader has written every status.
    pub(crate) settles: bool,
    /// Alternating rounds behind each ratio.
    pub(crate) rounds: usize,
    /// Requests in a round of reads, and in one of writes.
    pub(crate) reads: usize,
    pub(crate) writes: usize,
    /// Members of the small group; the large one has everybody.
    pub(crate) small_group: usize,
    /// People who join the small and the large group one at a time in a round.
    pub(crate) joiners: usize,
    /// PATCHes of [`super::groups::BATCH`] members in a round.
    pub(crate) batches: usize,
    /// People and groups of the company that joins through the simulator.
    pub(crate) company: (usize, usize),
    /// Statuses that are waited for, of those that everybody in the large Directory needs.
    pub(crate) statuses: usize,
    /// Questions of proxies in a round.
    pub(crate) checks: usize,
    /// For how many seconds questions come at an even rate.
    pub(crate) paced_seconds: usize,
    /// Groups of the person who is in many.
    pub(crate) memberships: usize,
    /// People who are deactivated while their sessions are asked about.
    pub(crate) deactivations: usize,
    /// People who log in for the first time.
    pub(crate) logins: usize,
    /// Keys that are revoked while people are read.
    pub(crate) revocations: usize,
    /// Starts of a replica.
    pub(crate) starts: usize,
    /// For how many seconds three replicas have nothing to do.
    pub(crate) idle_seconds: u64,
}

const FULL: Scale = Scale {
    directories: [("small", 1_000), ("large", 20_000)],
    settles: true,
    rounds: 9,
    reads: 1_600,
    writes: 400,
    small_group: 100,
    joiners: 200,
    batches: 24,
    company: (20_000, 200),
    statuses: 2_000,
    checks: 8_000,
    paced_seconds: 20,
    memberships: 2_000,
    deactivations: 1_000,
    logins: 60,
    revocations: 200,
    starts: 5,
    idle_seconds: 600,
};

const QUICK: Scale = Scale {
    directories: [("small", 100), ("large", 400)],
    settles: true,
    rounds: 3,
    reads: 80,
    writes: 40,
    small_group: 20,
    joiners: 16,
    batches: 4,
    company: (100, 4),
    statuses: 200,
    checks: 400,
    paced_seconds: 2,
    memberships: 60,
    deactivations: 30,
    logins: 6,
    revocations: 10,
    starts: 2,
    idle_seconds: 10,
};
