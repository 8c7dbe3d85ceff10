//! What the times of an object say about where it comes from: was it made by a create of ours, or brought back by a restore?
//!
//! The operator writes `spec.scim.meta.created` when a create begins, and the API server writes
//! `metadata.creationTimestamp` when it stores the object. For an object that a create makes, the two are as far apart as
//! that create took. A restore keeps the first and gets a new second, so they are as far apart as the backup is old.
//!
//! Between the two clocks the distance says how sure one can be, and a mistake costs differently each way. To take a
//! restored object for one that was never acknowledged may remove a person. To take a create that was cut short for a
//! restored object leaves an object behind that somebody has to remove by hand. So the janitor needs little doubt to spare
//! an object, and everybody else needs much certainty to count it as acknowledged. `docs/decisions/restored-objects.md`
//! has the reasons.

use jiff::{SignedDuration, Timestamp};

use super::holder::KNOWN_AFTER;
use crate::api::Object;
use crate::api::conditions::ConditionType;
use crate::store::kind::Kind;

/// A create stores its object within milliseconds. One that took longer than this met an API server in trouble, or the clocks
/// of the cluster are far apart. Such an object is shown without its claims, and the janitor does not remove it.
pub const SPARED_AFTER: SignedDuration = SignedDuration::from_secs(2);
/// No create of ours makes its object later than this: the work of a request ends after 25 s (`WORK` of `http`), and 5 s are
/// for clocks that differ and for times that are cut to whole seconds. Whatever is farther apart came from a restore.
pub const RESTORED_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// The conditions that say whether a user or a group owns its name: as it is written, and as versions before wrote it.
const TELL_OF_NAME: [ConditionType; 2] = [ConditionType::Ready, ConditionType::NameClaimed];

/// Where an object comes from, as far as its times tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// A create of ours made it just when it says.
    Created,
    /// A slow create made it, or a restore brought it back soon after it had been made.
    Unclear,
    /// A restore brought it back.
    Restored,
}

/// Where an object comes from, as far as its times tell.
pub fn provenance(object: &Object) -> Provenance {
    by_times(object.scim_created_at(), object.creation_timestamp())
}

/// Where an object comes from that says it was first created at `created` and that the API server stored at `stored`. An
/// object without one of the two says nothing.
fn by_times(created: Option<Timestamp>, stored: Option<Timestamp>) -> Provenance {
    let (Some(created), Some(stored)) = (created, stored) else { return Provenance::Created };
    match stored.duration_since(created) {
        apart if apart > RESTORED_AFTER => Provenance::Restored,
        apart if apart > SPARED_AFTER => Provenance::Unclear,
        _ => Provenance::Created,
    }
}

/// Whether an object says of itself that somebody may rely on it: people wrote it, its status says whether it owns its name
/// (nobody is told of an object that may still be in creation), it was changed after it was created, or it is a member of a
/// group.
pub fn is_relied_on(object: &Object) -> bool {
    let is_user = object.kind() != Kind::GROUP.name;
    is_user && !object.managed_by().is_empty() && object.managed_by() != "Provisioning"
        || object.condition_types().any(|name| TELL_OF_NAME.iter().any(|told| told.as_str() == name))
        || object.is_changed_since_created()
        || !object.member_of().is_empty()
}

/// From when on an object counts as acknowledged, as far as the object tells: from ever if somebody may rely on it, if it
/// came from a restore, or if it does not say when it was created. Else once it is old enough.
pub fn known_from(object: &Object) -> Timestamp {
    let is_restored = provenance(object) == Provenance::Restored;
    match object.scim_created_at().filter(|_| !is_restored && !is_relied_on(object)) {
        Some(created) => created.checked_add(KNOWN_AFTER).unwrap_or(Timestamp::MAX),
        None => Timestamp::MIN,
    }
}

/// Whether an object that does not own its name may still be on its way at `now`: a create at another replica has stored it and
/// not claimed its values yet, or was cut short there.
pub fn may_be_in_creation(object: &Object, now: Timestamp) -> bool {
    let is_living = !object.is_deleted() && !object.is_rejected();
    is_living && now < known_from(object) && provenance(object) == Provenance::Created
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_is_younger_than_its_creation_was_restored() {
        let cases = [
            ("made in a moment", "12:00:00.500Z", "12:00:00Z", Provenance::Created),
            ("stored in the next second", "12:00:00.999Z", "12:00:01Z", Provenance::Created),
            ("the clock of the replica is ahead", "12:00:20Z", "12:00:00Z", Provenance::Created),
            ("one slow call", "12:00:00Z", "12:00:02Z", Provenance::Created),
            ("a very slow call, or restored at once", "12:00:00Z", "12:00:03Z", Provenance::Unclear),
            ("the slowest create", "12:00:00.001Z", "12:00:30Z", Provenance::Unclear),
            ("as far apart as can be", "12:00:00Z", "12:00:30Z", Provenance::Unclear),
            ("restored after half a minute", "12:00:00Z", "12:00:31Z", Provenance::Restored),
            ("restored after an hour", "12:00:00Z", "13:00:00Z", Provenance::Restored),
        ];
        let time = |text: &str| format!("2026-07-01T{text}").parse::<Timestamp>().expect("a time");
        for (case, created, stored, expected) in cases {
            assert_eq!(by_times(Some(time(created)), Some(time(stored))), expected, "{case}");
        }
        let long_ago = "2020-01-01T00:00:00Z".parse().expect("a time");
        for (created, stored) in [(None, None), (Some(long_ago), None), (None, Some(long_ago))] {
            assert_eq!(by_times(created, stored), Provenance::Created, "{created:?}, {stored:?}");
        }
    }
}
