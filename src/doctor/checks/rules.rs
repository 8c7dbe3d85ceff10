//! The alarms that stand on the Directory itself.

use super::{Scene, condition};
use crate::doctor::finding::{Conclusion, ok, problem};

/// Whether there is room for more active people.
pub fn quota(scene: &Scene<'_>) -> Conclusion {
    match condition(scene.directory, "QuotaReached") {
        None => ok("there is no quota"),
        Some(quota) if quota.holds => problem(
            format!("the quota is reached: {}", quota.message),
            "raise spec.users.quota, or assign fewer people in Entra: Enterprise application > Users and groups; a scope of Sync \
             all users and groups sends everybody",
        ),
        Some(quota) if quota.reason == "Nearly" => ok(format!("the quota is nearly reached: {}", quota.message))
            .with_hint("raise spec.users.quota before the next people are refused"),
        Some(_) => ok("there is room below the quota"),
    }
}

/// Whether deletions are braked.
pub fn mass_delete(scene: &Scene<'_>) -> Conclusion {
    match condition(scene.directory, "MassDeleteBlocked") {
        Some(brake) if brake.holds => problem(
            format!("deletions are braked: {}", brake.message),
            "find out in Entra who was unassigned or filtered out, and why; then set spec.massDeleteOverrideUntil to let it through",
        ),
        Some(brake) if brake.reason == "Lifted" => ok(brake.message),
        _ => ok("deletions are not braked"),
    }
}

/// Whether unusually many people were deactivated at once.
pub fn deactivations(scene: &Scene<'_>) -> Conclusion {
    match condition(scene.directory, "ManyDeactivated") {
        Some(burst) if burst.holds => problem(
            burst.message,
            "if nobody meant that, mend the assignments or the scoping filter in Entra; the next cycle lets the people in again",
        ),
        _ => ok("no unusual number of people was deactivated at once"),
    }
}

/// Whether an externalId is used twice.
pub fn duplicates(scene: &Scene<'_>) -> Conclusion {
    match condition(scene.directory, "DuplicateExternalId") {
        Some(duplicates) if duplicates.holds => problem(
            duplicates.message,
            "Entra: Provisioning > Mappings: map objectId to externalId, which nobody shares; or delete the people who are there \
             twice",
        ),
        _ => ok("no externalId is used twice"),
    }
}
