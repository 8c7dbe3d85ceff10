//! How long an identity provider may be silent before somebody should look.

use jiff::{SignedDuration, Timestamp};

use super::{FAILURES_LAST, QUIET};
use crate::api::directory::Source;
use crate::api::provisioning_status::ProvisioningStatus;

/// So many cycles may be left out.
const CYCLES: i32 = 3;
/// The time between two cycles of Entra ID, changes or not.
const ENTRA_CADENCE: SignedDuration = SignedDuration::from_mins(40);
/// The shortest silence of another provider that is told: a client that asks every few minutes may be restarted.
const SHORTEST_SILENCE: SignedDuration = SignedDuration::from_mins(30);
/// The longest: Entra ID asks once a day while the job is in quarantine.
const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(72);

/// After how long a silence somebody should look: three of the cycles that were learned. Of Entra ID it is never less than three of
/// its own cycles, because on-demand runs in between look like cycles.
pub fn longest_silence(source: Source, cadence_seconds: Option<i64>) -> SignedDuration {
    let learned = cadence_seconds.map(SignedDuration::from_secs);
    let (cadence, shortest) = match source.counts_as() {
        Source::EntraID => (learned.unwrap_or(ENTRA_CADENCE), ENTRA_CADENCE.saturating_mul(CYCLES)),
        Source::Generic | Source::Unknown => (learned.unwrap_or(ENTRA_CADENCE), SHORTEST_SILENCE),
    };
    cadence.saturating_mul(CYCLES).clamp(shortest, LONGEST_SILENCE)
}

/// Until when the provider may be silent; nothing before its first request.
pub fn silent_until(source: Source, provisioning: &ProvisioningStatus) -> Option<Timestamp> {
    let last = provisioning.last_contact.as_ref()?.0;
    last.checked_add(longest_silence(source, provisioning.cadence_seconds)).ok()
}

/// When the last cycle counts as ended.
pub fn cycle_ends(provisioning: &ProvisioningStatus) -> Option<Timestamp> {
    provisioning.cycle.as_ref()?.last_request_at.0.checked_add(QUIET).ok()
}

/// Until when failed authentications are told.
pub fn failures_end(provisioning: &ProvisioningStatus) -> Option<Timestamp> {
    provisioning.failed_authentications.as_ref()?.last_time.0.checked_add(FAILURES_LAST).ok()
}

/// When this is to be looked at again although no request comes: the next of the times that matter.
pub fn look_again(source: Source, provisioning: &ProvisioningStatus, now: Timestamp) -> Option<Timestamp> {
    let times = [silent_until(source, provisioning), cycle_ends(provisioning), failures_end(provisioning)];
    times.into_iter().flatten().filter(|time| *time > now).min()
}
