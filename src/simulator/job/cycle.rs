//! A cycle: connection test, guard, people, references, groups.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use http::Method;

use super::answer::{On, Problem, hits, judge};
use super::quarantine::{Quarantine, QuarantineCause};
use super::{CycleOutcome, Job, JobObject, LinkChange, Passage, matching};
use crate::simulator::patch::PatchDialect;
use crate::simulator::report::{Action, Entry, EntryKind, ErrorCode, Section, Status};
use crate::simulator::source::Tenant;

/// The most members of a group that is provisioned on demand.
pub const MAX_MEMBERS_ON_DEMAND: usize = 5;
/// How many passages end before the state is brought up to date: bounds what a cycle holds in memory.
const CHUNK: usize = 512;

/// What a cycle looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What changed since the watermark, what is due from escrow, what waits for a reference.
    Changes,
    /// Every object that is not in escrow is read and compared again, as after a restart.
    Everything,
    /// One object, at once, in the legacy dialect whatever the flag says.
    OnDemand(JobObject),
}

/// Tells how far a cycle is.
pub(crate) type Progress<'a> = &'a (dyn Fn(&str) + Sync);

impl Job {
    /// Runs one cycle at a simulated time.
    pub async fn cycle(
        &mut self,
        title: &str,
        source: &Tenant,
        reach: Reach,
        now: Duration,
        progress: Progress<'_>,
    ) -> CycleOutcome {
        let start = Instant::now();
        let mut outcome = CycleOutcome { section: Section::new(title), ..CycleOutcome::default() };
        self.users.resize(source.people.len(), None);
        self.groups.resize(source.groups.len(), None);
        self.halted.store(false, Ordering::Relaxed);
        self.observations.store(0, Ordering::Relaxed);
        if self.begin(source, reach, now, &mut outcome).await {
            self.provision(source, reach, now, progress, &mut outcome).await;
        }
        outcome.section.traffic = Some(self.client.take_traffic());
        outcome.section.elapsed = start.elapsed();
        outcome
    }

    /// The connection test, and the guard: whether the cycle goes on.
    async fn begin(&mut self, source: &Tenant, reach: Reach, now: Duration, outcome: &mut CycleOutcome) -> bool {
        if let Some(quarantine) = &self.quarantine
            && (quarantine.cause == QuarantineCause::AccidentalDeletions || quarantine.is_disabled(now))
        {
            let reason = quarantine.reason.clone();
            outcome.section.log.add(job_entry(Status::Skipped, ErrorCode::AccidentalDeletesPrevention, reason));
            return false;
        }
        if let Err(problem) = self.test_connection().await {
            self.isolate(QuarantineCause::Target, &problem, now, outcome);
            return false;
        }
        self.quarantine = None;
        let planned = self.planned_deletions(source, reach, now);
        match self.settings.deletion_threshold {
            Some(threshold) if planned > threshold && !self.deletions_allowed => {
                let reason = format!("{planned} people would be disabled or deleted, and the threshold is {threshold}");
                let problem = Problem::new(ErrorCode::AccidentalDeletesPrevention, reason);
                self.isolate(QuarantineCause::AccidentalDeletions, &problem, now, outcome);
                false
            }
            _ => true,
        }
    }

    /// What "Test Connection" sends, and every cycle first: look-ups of values that nobody has.
    pub async fn test_connection(&mut self) -> Result<(), Problem> {
        let mappings = &self.settings.mappings;
        let mut probes = vec![("/Users", mappings.users.matching().first().map(|row| row.target.text().to_owned()))];
        if self.settings.with_groups {
            probes.push(("/Groups", mappings.groups.matching().first().map(|row| row.target.text().to_owned())));
        }
        for (collection, attribute) in probes {
            let path = matching::path(collection, &attribute.unwrap_or_default(), &self.random.guid());
            let incompatible = |problem: Problem| Problem {
                reason: format!("the connection test of {collection} failed: {}", problem.reason),
                quarantines: true,
                ..problem
            };
            let answer = judge(On::Filter, self.client.send(Method::GET, &path, None).await).map_err(incompatible)?;
            let total = answer.json.as_ref().and_then(|json| json.get("totalResults")?.as_u64());
            hits(&answer).map_err(incompatible)?;
            if total != Some(0) {
                return Err(incompatible(Problem::new(
                    ErrorCode::SystemForCrossDomainIdentityManagementServiceIncompatible,
                    format!("a value that nobody has was found {} times", total.unwrap_or_default()),
                )));
            }
        }
        Ok(())
    }

    fn isolate(&mut self, cause: QuarantineCause, problem: &Problem, now: Duration, outcome: &mut CycleOutcome) {
        let since = self.quarantine.as_ref().map_or(now, |quarantine| quarantine.since);
        let reason = problem.reason.clone();
        self.quarantine = Some(Quarantine { cause, reason, since });
        let reason = format!("the job is in quarantine: {}", problem.reason);
        // The guard is the administrator's own, and no fault of the target.
        let status = if cause == QuarantineCause::Target { Status::Failure } else { Status::Skipped };
        outcome.section.log.add(job_entry(status, problem.code, reason));
    }

    /// How many people the target has as active and would not have any more. People in escrow count, due or not: the
    /// deletions that failed are tried again, so a flood that comes in portions must not pass below the threshold.
    fn planned_deletions(&self, source: &Tenant, reach: Reach, now: Duration) -> usize {
        let mut people: BTreeSet<_> = self.people_in_reach(source, reach, now).into_iter().collect();
        if !matches!(reach, Reach::OnDemand(_)) {
            people.extend(
                (0..source.people.len()).filter(|index| self.escrow.will_be_tried(JobObject::User(*index), now)),
            );
        }
        let would_go = |index: &usize| {
            let link = self.user(*index).filter(|link| link.is_active && link.is_managed);
            link.is_some() && !source.people[*index].is_active()
        };
        people.into_iter().filter(would_go).count()
    }

    fn people_in_reach(&self, source: &Tenant, reach: Reach, now: Duration) -> Vec<usize> {
        let due: BTreeSet<_> = self.escrow.due(now).into_iter().collect();
        let is_in_reach = |index: &usize| {
            let object = JobObject::User(*index);
            match reach {
                Reach::OnDemand(wanted) => wanted == object,
                Reach::Everything => !self.escrow.holds(object),
                Reach::Changes => source.people[*index].changed_at > self.watermark || due.contains(&object),
            }
        };
        (0..source.people.len()).filter(is_in_reach).collect()
    }

    fn groups_in_reach(&self, source: &Tenant, reach: Reach, now: Duration) -> Vec<usize> {
        let due: BTreeSet<_> = self.escrow.due(now).into_iter().collect();
        let is_in_reach = |index: &usize| {
            let object = JobObject::Group(*index);
            match reach {
                Reach::OnDemand(wanted) => wanted == object,
                Reach::Everything => !self.escrow.holds(object),
                Reach::Changes => {
                    let changed = source.groups[*index].changed_at > self.watermark;
                    changed || due.contains(&object) || (self.pending.contains(&object) && !self.escrow.holds(object))
                }
            }
        };
        (0..source.groups.len()).filter(is_in_reach).collect()
    }

    async fn provision(
        &mut self,
        source: &Tenant,
        reach: Reach,
        now: Duration,
        progress: Progress<'_>,
        outcome: &mut CycleOutcome,
    ) {
        let is_on_demand = matches!(reach, Reach::OnDemand(_));
        let dialect = if is_on_demand { PatchDialect::Legacy } else { self.settings.dialect };
        let parallel = self.settings.parallel.max(1);
        let people = self.people_in_reach(source, reach, now);
        let groups = self.groups_in_reach(source, reach, now);
        for (done, chunk) in people.chunks(CHUNK).enumerate() {
            let passages = futures::stream::iter(chunk).map(|index| self.user_passage(source, *index, dialect));
            let passages: Vec<_> = passages.buffer_unordered(parallel).collect().await;
            self.absorb(passages, now, outcome);
            progress(&format!("{} of {} people", done * CHUNK + chunk.len(), people.len()));
        }
        let managers = self.managers_in_reach(&people, reach, now);
        for (done, chunk) in managers.chunks(CHUNK).enumerate() {
            let passages = futures::stream::iter(chunk).map(|index| self.manager_passage(source, *index, dialect));
            let passages: Vec<_> = passages.buffer_unordered(parallel).collect().await;
            self.absorb(passages, now, outcome);
            progress(&format!("{} of {} managers", done * CHUNK + chunk.len(), managers.len()));
        }
        // Large groups take long each, so the state is brought up to date after every few.
        if self.settings.with_groups {
            let limit = is_on_demand.then_some(MAX_MEMBERS_ON_DEMAND);
            for (done, chunk) in groups.chunks(parallel).enumerate() {
                let passages =
                    futures::stream::iter(chunk).map(|index| self.group_passage(source, *index, dialect, limit));
                let passages: Vec<_> = passages.buffer_unordered(parallel).collect().await;
                self.absorb(passages, now, outcome);
                progress(&format!("{} of {} groups", done * parallel + chunk.len(), groups.len()));
            }
        }
        if let Some(reason) = self.attempts.too_many().filter(|_| self.quarantine.is_none()) {
            let problem = Problem::new(ErrorCode::EntrySynchronizationSkipped, reason);
            self.isolate(QuarantineCause::Target, &problem, now, outcome);
        }
        if !is_on_demand && self.quarantine.is_none() {
            self.watermark = source.sequence;
        }
        (outcome.people, outcome.groups) = (people, groups);
    }

    fn managers_in_reach(&self, people: &[usize], reach: Reach, now: Duration) -> Vec<usize> {
        let mut managers: BTreeSet<_> = people.iter().copied().collect();
        if reach == Reach::Changes {
            managers.extend(self.pending.iter().filter_map(|object| match object {
                JobObject::Manager(index) => Some(*index),
                _ => None,
            }));
            managers.extend(self.escrow.due(now).into_iter().filter_map(|object| match object {
                JobObject::Manager(index) => Some(index),
                _ => None,
            }));
        }
        let due: BTreeSet<_> = self.escrow.due(now).into_iter().collect();
        let waits = |index: &usize| {
            let object = JobObject::Manager(*index);
            self.escrow.holds(object) && !(reach == Reach::Changes && due.contains(&object))
        };
        managers.into_iter().filter(|index| !waits(index)).collect()
    }

    /// Brings the state up to date with what became of some objects.
    fn absorb(&mut self, passages: Vec<Passage>, now: Duration, outcome: &mut CycleOutcome) {
        for passage in passages {
            let Passage { object, entries, link, problem, is_pending, found_at_once, made, deleted, written } = passage;
            let is_tried = !entries.is_empty() || link != LinkChange::Keep;
            for entry in entries {
                outcome.section.log.add(entry);
            }
            for target in written {
                *outcome.written.entry(target).or_default() += 1;
            }
            match found_at_once {
                Some(Ok(())) => outcome.found_at_once.0 += 1,
                Some(Err(reason)) => outcome.found_at_once.1.push(reason),
                None => {}
            }
            self.count_totals(object, made, deleted);
            self.set_link(object, link);
            if is_pending {
                self.pending.insert(object)
            } else {
                self.pending.remove(&object)
            };
            self.attempts.attempts += u64::from(is_tried);
            match problem {
                None if is_tried => self.escrow.release(object),
                None => {}
                Some(problem) => {
                    match object {
                        JobObject::Manager(_) => self.attempts.reference_failures += 1,
                        _ => self.attempts.failures += 1,
                    }
                    if problem.quarantines {
                        if self.quarantine.is_none() {
                            self.isolate(QuarantineCause::Target, &problem, now, outcome);
                        }
                    } else {
                        self.escrow.fail(object, now);
                    }
                }
            }
        }
    }

    fn count_totals(&mut self, object: JobObject, made: Option<String>, deleted: Option<String>) {
        let (total, created) = match object {
            JobObject::Group(_) => (&mut self.totals.1, &mut self.created.1),
            _ => (&mut self.totals.0, &mut self.created.0),
        };
        if let Some(id) = made {
            *total += 1;
            created.insert(id);
        }
        if let Some(id) = deleted {
            *total -= 1;
            created.remove(&id);
        }
    }

    fn set_link(&mut self, object: JobObject, link: LinkChange) {
        match (object, link) {
            (JobObject::User(index) | JobObject::Manager(index), LinkChange::User(link)) => {
                self.users[index] = Some(link);
            }
            (JobObject::Group(index), LinkChange::Group(link)) => self.groups[index] = Some(link),
            (JobObject::User(index), LinkChange::Drop) => {
                self.users[index] = None;
                // A new object would have to join the groups again.
                for group in self.groups.iter_mut().flatten() {
                    group.members.remove(&index);
                }
            }
            (JobObject::Group(index), LinkChange::Drop) => self.groups[index] = None,
            _ => {}
        }
    }
}

fn job_entry(status: Status, code: ErrorCode, reason: String) -> Entry {
    Entry {
        kind: EntryKind::Job,
        object: "(the job)".to_owned(),
        action: Action::Other,
        status,
        code: Some(code),
        reason,
    }
}
