//! The check after each cycle: independent GETs, compared with what the source and the job say.
//!
//! Nothing here believes an answer to a write, and nothing takes a list that is a moment behind for a fault. Everybody whom the
//! cycle visited is read, and of the others so many as [`MAX_UNTOUCHED`], to find damage beside the target.

mod findings;
mod groups;
mod lag;
mod lists;
mod users;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use http::Method;
use serde_json::Value;

use crate::simulator::client::{Client, Traffic};
use crate::simulator::job::answer::{On, judge};
use crate::simulator::job::{CycleOutcome, Job};
use crate::simulator::random::Random;
use crate::simulator::report::Check;
use crate::simulator::source::Tenant;
use findings::Findings;

pub use lag::ListPatience;
pub use lists::{Totals, listed};

/// How many objects that a cycle did not visit are read after it.
pub const MAX_UNTOUCHED: usize = 200;

/// Makes the checks.
pub struct Checker {
    client: Client,
    parallel: usize,
    before: Totals,
    random: Random,
    with_groups: bool,
    patience: ListPatience,
    stop: Arc<AtomicBool>,
}

impl Checker {
    /// A checker that remembers how many objects the endpoint holds now. Once `stop` is set it looks at no more.
    pub async fn new(
        client: Client,
        parallel: usize,
        with_groups: bool,
        seed: u64,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, String> {
        let before = lists::totals(&client, with_groups).await?;
        let (parallel, random) = (parallel.max(1), Random::fork(seed, "checks"));
        Ok(Self { client, parallel, before, random, with_groups, patience: ListPatience::default(), stop })
    }

    /// Every check after a cycle.
    pub async fn after(&mut self, job: &Job, source: &Tenant, outcome: &CycleOutcome) -> Vec<Check> {
        let people = self.with_others(&outcome.people, source.people.len());
        let groups = self.with_others(&outcome.groups, source.groups.len());
        let mut checks = self.totals(job).await;
        checks.extend(self.people(job, source, &people).await);
        checks.extend(self.patience.check(|| async { vec![self.listed(job, source).await] }).await);
        if self.with_groups {
            checks.extend(self.patience.check(|| self.groups(job, source, &groups)).await);
        }
        if let Some(check) = found_at_once(outcome) {
            checks.push(check);
        }
        let mut traffic = self.client.take_traffic();
        if let Some(of_job) = &outcome.section.traffic {
            traffic.add(of_job);
        }
        checks.push(answered(&traffic));
        checks
    }

    /// How many objects there are, against before the run.
    pub async fn totals(&self, job: &Job) -> Vec<Check> {
        self.patience.check(|| self.totals_now(job)).await
    }

    async fn totals_now(&self, job: &Job) -> Vec<Check> {
        let name = |kind| format!("there are as many {kind} as there should be");
        let now = match lists::totals(&self.client, self.with_groups).await {
            Ok(now) => now,
            Err(error) => return vec![Check::failed(name("objects"), "totalResults of a list", error)],
        };
        let (users, groups) = job.totals();
        let mut checks = vec![Check::equal(name("users"), &(self.before.users + users), &now.users)];
        if self.with_groups {
            checks.push(Check::equal(name("groups"), &(self.before.groups + groups), &now.groups));
        }
        checks
    }

    /// Those that were visited and some of the others.
    fn with_others(&mut self, visited: &[usize], length: usize) -> Vec<usize> {
        let mut chosen: BTreeSet<_> = visited.iter().copied().collect();
        let others = length.saturating_sub(chosen.len());
        if others <= MAX_UNTOUCHED {
            return (0..length).collect();
        }
        for _ in 0..MAX_UNTOUCHED {
            chosen.insert(self.random.below(length));
        }
        chosen.into_iter().collect()
    }

    /// Looks at objects side by side and gathers what was found.
    async fn each<'a, Looked: Future<Output = Vec<String>>>(
        &'a self,
        indices: &'a [usize],
        look: impl Fn(usize) -> Looked,
    ) -> Findings {
        let mut findings = Findings::default();
        let mut looks = futures::stream::iter(indices).map(|index| look(*index)).buffer_unordered(self.parallel);
        while let Some(found) = looks.next().await {
            findings.looked_at += 1;
            findings.extend(found);
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        findings
    }

    /// One GET that has to give JSON.
    async fn get(&self, path: &str) -> Result<Value, String> {
        let answer = judge(On::Read, self.client.send(Method::GET, path, None).await);
        let answer = answer.map_err(|problem| problem.reason)?;
        answer.json.ok_or_else(|| "the answer is no JSON".to_owned())
    }
}

/// The first new objects of a cycle were looked for as soon as their 201 was there.
fn found_at_once(outcome: &CycleOutcome) -> Option<Check> {
    let (found, missing) = &outcome.found_at_once;
    let mut findings = Findings::default();
    findings.looked_at = found + missing.len();
    findings.extend(missing.iter().cloned());
    (findings.looked_at > 0)
        .then(|| findings.check("a new person is found by a filter right after the 201", "exactly the new object"))
}

fn answered(traffic: &Traffic) -> Check {
    let name = "every request is answered, and none with a server error (5xx)";
    let bad = traffic.server_errors() + traffic.unanswered();
    if bad == 0 {
        return Check::passed(name, format!("{} requests", traffic.requests));
    }
    let shown: Vec<_> = traffic.errors.iter().take(findings::MAX_SHOWN).map(String::as_str).collect();
    Check::failed(name, "0", format!("{bad} of {} requests\n{}", traffic.requests, shown.join("\n")))
}

/// The check that a cycle without any change in the source wrote nothing: what catches values that the server changes.
pub fn silent(outcome: &CycleOutcome) -> Check {
    let name = "a second cycle without changes sends no write";
    let traffic = outcome.section.traffic.clone().unwrap_or_default();
    let failures: Vec<_> =
        outcome.section.log.failures().iter().map(|entry| format!("{}: {}", entry.object, entry.reason)).collect();
    if traffic.writes == 0 && failures.is_empty() {
        return Check::passed(name, format!("{} reads", traffic.requests));
    }
    let mut found = format!("{} writes", traffic.writes);
    if !outcome.written.is_empty() {
        let written: Vec<_> = outcome.written.iter().map(|(target, count)| format!("{target} ({count} ×)")).collect();
        found.push_str(&format!(" of {}", written.join(", ")));
    }
    for line in traffic.first_writes.iter().take(findings::MAX_SHOWN).chain(failures.iter().take(findings::MAX_SHOWN)) {
        found.push_str(&format!("\n{line}"));
    }
    Check::failed(name, "no write and no failure", found)
}
