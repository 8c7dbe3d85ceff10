//! What stands in the status and what a replica has seen since, as one.

use jiff::Timestamp;

use super::{Burst, SeenFailures, SeenTraffic, are_one, later, row, sum};
use crate::api::provisioning_status::{
    Cycle, CycleCounts, CyclePhase, FailedAuthentications, LastError, MAX_COUNT, MAX_DETAIL, MAX_EARLIER_CYCLES,
    MAX_TEXT, ProvisioningStatus,
};

/// Fewest pauses between cycles from which the usual one is learned: the first one often follows a connection test.
const MIN_LEARNED_FROM: usize = 2;

/// The status as it should stand once `traffic` is added at `now`. The order in which several replicas add what they saw makes no
/// difference to the numbers.
pub fn joined(stands: ProvisioningStatus, traffic: &SeenTraffic, now: Timestamp) -> ProvisioningStatus {
    let SeenTraffic { bursts, last_success, last_error, failures } = traffic;
    let mut cycles: Vec<_> = stands.cycle.into_iter().chain(stands.earlier_cycles).collect();
    // A word that this version does not know would not be taken back.
    cycles.iter_mut().for_each(|cycle| cycle.phase = cycle.phase.counts_as());
    for burst in bursts {
        add(&mut cycles, burst);
    }
    let last_contact = bursts.iter().map(|burst| burst.last.into()).max();
    let failed = failures.as_ref().map(failed);
    let mut cycles = cycles.into_iter();
    let (cycle, earlier_cycles): (_, Vec<_>) = (cycles.next(), cycles.collect());
    let starts: Vec<_> = cycle.iter().chain(&earlier_cycles).map(|cycle| cycle.started_at.0).collect();
    ProvisioningStatus {
        updated_at: Some(now.into()),
        last_contact: stands.last_contact.max(last_contact),
        last_success: stands.last_success.max(last_success.map(Into::into)),
        last_error: later(stands.last_error, last_error.clone().map(bounded), |error| error.time.0),
        cycle,
        earlier_cycles,
        cadence_seconds: cadence(&starts),
        failed_authentications: match (stands.failed_authentications, failed) {
            (Some(before), Some(after)) => Some(one_row(before, after)),
            (before, after) => after.or(before),
        },
    }
}

/// Adds requests to the cycle that they belong to, or begins one. The cycles come and go with the newest first.
fn add(cycles: &mut Vec<Cycle>, burst: &Burst) {
    let of_burst =
        |cycle: &&mut Cycle| are_one((cycle.started_at.0, cycle.last_request_at.0), (burst.first, burst.last));
    if let Some(cycle) = cycles.iter_mut().find(of_burst) {
        cycle.started_at = cycle.started_at.clone().min(burst.first.into());
        cycle.last_request_at = cycle.last_request_at.clone().max(burst.last.into());
        cycle.counts = countable(sum(cycle.counts, burst.counts));
        return;
    }
    // The first cycle that stores something brings everybody; those after it bring changes.
    let is_past_initial = |cycle: &Cycle| {
        let CycleCounts { created, updated, .. } = cycle.counts;
        cycle.started_at.0 < burst.first && (cycle.phase != CyclePhase::Initial || created > 0 || updated > 0)
    };
    let phase = if cycles.iter().any(is_past_initial) { CyclePhase::Incremental } else { CyclePhase::Initial };
    let (started_at, last_request_at) = (burst.first.into(), burst.last.into());
    cycles.push(Cycle { started_at, last_request_at, phase, counts: countable(burst.counts) });
    cycles.sort_by(|one, other| other.started_at.cmp(&one.started_at));
    cycles.truncate(1 + MAX_EARLIER_CYCLES);
}

/// The usual time between the starts of two cycles, the newest first: the middle one, which one on-demand run in between does not
/// change much.
fn cadence(starts: &[Timestamp]) -> Option<i64> {
    let mut between: Vec<_> = starts.windows(2).map(|pair| pair[0].duration_since(pair[1]).as_secs()).collect();
    between.sort_unstable();
    let middle = between.len() / 2;
    between
        .get(middle)
        .copied()
        .filter(|_| between.len() >= MIN_LEARNED_FROM)
        .map(|seconds| seconds.clamp(0, MAX_COUNT))
}

fn countable(counts: CycleCounts) -> CycleCounts {
    let bound = |count: i64| count.clamp(0, MAX_COUNT);
    let CycleCounts { requests, created, updated, deactivated, deleted, refused, failed } = counts;
    CycleCounts {
        requests: bound(requests),
        created: bound(created),
        updated: bound(updated),
        deactivated: bound(deactivated),
        deleted: bound(deleted),
        refused: bound(refused),
        failed: bound(failed),
    }
}

fn failed(failures: &SeenFailures) -> FailedAuthentications {
    FailedAuthentications {
        count: failures.count.clamp(0, MAX_COUNT),
        first_time: failures.first.into(),
        last_time: failures.last.into(),
        reason: failures.reason.to_owned(),
        key: failures.key.clone(),
    }
}

fn one_row(before: FailedAuthentications, after: FailedAuthentications) -> FailedAuthentications {
    let as_failures = |of: &FailedAuthentications| SeenFailures {
        count: of.count,
        first: of.first_time.0,
        last: of.last_time.0,
        reason: "",
        key: None,
    };
    let joined = failed(&row(as_failures(&before), as_failures(&after)));
    let last = if before.last_time > after.last_time { before } else { after };
    FailedAuthentications { reason: last.reason, key: last.key, ..joined }
}

/// A client may send names of any length.
fn bounded(error: LastError) -> LastError {
    let cut = |text: String, most: usize| text.chars().take(most).collect::<String>();
    LastError {
        request: cut(error.request, MAX_TEXT),
        subject: error.subject.map(|subject| cut(subject, MAX_TEXT)),
        detail: error.detail.map(|detail| cut(detail, MAX_DETAIL)),
        request_id: cut(error.request_id, MAX_TEXT),
        key: error.key.map(|key| cut(key, MAX_TEXT)),
        ..error
    }
}
