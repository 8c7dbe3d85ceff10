//! What a process remembers, reduced to what can still matter: then there are finitely many states.
//!
//! Of a version it matters whether it is still the current one, and who holds a value that was refused matters to the log
//! alone. The content of an object at a stale version is kept, although the steps use it for writes that are refused and
//! for little else. Without it, and without what the model remembers needlessly, the states of the two are the same in
//! number, scenario by scenario. What is in force, a process remembers while it is at work on an object, and no longer in
//! the releases that follow.

use rollcall::store::claims::acquire::{Acquire, Acquisitions};
use rollcall::store::claims::change::Change;
use rollcall::store::claims::create::Create;
use rollcall::store::claims::delete::Delete;
use rollcall::store::claims::release::{Release, Releases};
use rollcall::store::claims::settle::Settle;
use rollcall::store::claims::step::Refusal;
use rollcall::store::claims::turn_on::TurnOn;

use crate::leader::Leader;
use crate::object::{CURRENT, Claim, ClaimName, Object, STALE, WRITTEN};
use crate::process::{At, Collector};

/// What a call wrote.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    pub object: Option<u8>,
    pub claim: Option<(ClaimName, bool)>,
}

/// Reduces the memory of a process after a call that wrote this.
pub fn forget(at: &mut At, written: &Written) {
    match at {
        At::Create(Create::Look { .. } | Create::Make(_) | Create::Verify(_)) => {}
        At::CreateUnanswered(made) => read(made, written),
        At::Create(Create::Acquire { made, acquisitions }) => {
            read(made, written);
            acquiring(acquisitions, written);
        }
        At::Create(Create::Undo { made, refusal }) => {
            read(made, written);
            refused(refusal);
        }
        At::Change(change) => changing(change, written),
        At::Delete(Delete::Read(_)) => {}
        At::Delete(Delete::Bury { read: object, tombstone }) => {
            tombstone.version = STALE;
            read(object, written);
        }
        At::Settle(settle) => settling(settle, written),
        At::Release(releases, _) => releasing(releases, written),
        At::DroppingPatch(Some(object)) => read(object, written),
        At::Collector(Collector::ReadHolder { claim, same_uid } | Collector::Remove { claim, same_uid }) => {
            *same_uid &= written.claim != Some((claim.on, true));
        }
        At::Leader(leader) => leading(leader, written),
        At::DroppingPatch(None) | At::Restore(_) | At::Collector(Collector::Read) | At::Ended(_) => {}
    }
}

fn changing(change: &mut Change<Object>, written: &Written) {
    match change {
        Change::Read(_) => {}
        Change::Look { read: object, new, .. }
        | Change::Intend { read: object, new, .. }
        | Change::Commit { intent: object, new, .. } => {
            new.version = STALE;
            read(object, written);
        }
        Change::Acquire { intent, new, acquisitions } => {
            new.version = STALE;
            read(intent, written);
            acquiring(acquisitions, written);
        }
        Change::Undo { intent, refusal, .. } => {
            read(intent, written);
            refused(refusal);
        }
        Change::Lost { releases, .. } => releasing(releases, written),
    }
}

fn settling(settle: &mut Settle<Object>, written: &Written) {
    match settle {
        Settle::Read(_) => {}
        Settle::Clear(object)
        | Settle::Mark(object)
        | Settle::Look(object)
        | Settle::Unmark(object)
        | Settle::Remove(object) => read(object, written),
        Settle::Release { releases, .. } => releasing(releases, written),
        Settle::Acquire { read: object, conflict, acquisitions, .. } => {
            read(object, written);
            *conflict = None;
            acquiring(acquisitions, written);
        }
    }
}

fn read(object: &mut Object, written: &Written) {
    if written.object == Some(object.name) {
        object.version = if object.version == WRITTEN { CURRENT } else { STALE };
    }
}

fn leading(leader: &mut Leader, written: &Written) {
    leader.unchanged &= written.object != Some(leader.subject);
    if let Some(TurnOn::Acquire(acquisitions)) = leader.turn_on() {
        acquiring(acquisitions, written);
    }
}

fn refused(refusal: &mut Refusal<Object>) {
    if let Refusal::Taken { holder, .. } | Refusal::Unfinished { holder } = refusal {
        *holder = 0;
    }
}

fn acquiring(acquisitions: &mut Acquisitions<Object>, written: &Written) {
    match &mut acquisitions.at {
        Acquire::Create | Acquire::Read => {}
        Acquire::ReadHolder(claim) | Acquire::Touch(claim) | Acquire::Remove(claim) => remembered(claim, written),
    }
}

fn releasing(releases: &mut Releases<Object>, written: &Written) {
    match &mut releases.at {
        Release::Read => {}
        Release::ReadHolder(claim) | Release::Remove(claim) => remembered(claim, written),
    }
}

fn remembered(claim: &mut Claim, written: &Written) {
    if written.claim.is_some_and(|(on, _)| on == claim.on) {
        claim.version = STALE;
    }
}
