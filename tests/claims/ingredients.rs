//! The ingredients of the protocol, each taken out once by a wrapper around the production steps: it drops, alters or
//! reorders a call or its answer. Without any one of them some scenario must fail, or nobody needs it.
//!
//! They are the 26 of the model of the protocol.

use rollcall::store::claims::acquire::{Acquire, Acquisitions};
use rollcall::store::claims::change::Change;
use rollcall::store::claims::create::Create;
use rollcall::store::claims::look::Look;
use rollcall::store::claims::release::{Release, Releases};
use rollcall::store::claims::settle::Settle;
use rollcall::store::claims::step::{Call, Reply, Subject};

use crate::api_server::ApiServer;
use crate::object::{CURRENT, Claim, Object, Order, STALE};
use crate::process::{At, End, Process};
use crate::scenario::{Kind, Task};
use crate::world::{NOBODY, Violation};

/// What is taken out, or done in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingredient {
    /// Claims are created before the object.
    ObjectFirst,
    /// A change acquires without naming the values in `pending`.
    Intent,
    /// A commit that conflicts is written again.
    Fence,
    /// A release removes without resourceVersion.
    ReleaseAtVersion,
    /// A release takes the version of the claim after it looked at the holder.
    VersionBeforeLook,
    /// An acquisition does not write a claim that is its own already.
    Touch,
    /// A dead claim is taken over by PUT: it keeps its uid, by which the garbage collector removes it.
    RemoveBeforeTakeOver,
    /// The janitor removes without the mark.
    Mark,
    /// A create does without the last GET.
    Verify,
    /// The intent names only the first of several values.
    WholeIntent,
    /// Two values are committed by two PUTs.
    OneCommit,
    /// The undo of a change removes the claims it won without looking.
    UndoLooks,
    /// The janitor leaves `pending` alone.
    ClearPending,
    /// The undo of a create removes the object by uid, at whatever version.
    UndoAtVersion,
    /// The name is acquired before the other values.
    NameLast,
    /// Writers acquire in different orders, the name last all the same.
    OneOrder,
    /// An undelete clears `deletedAt` first and acquires afterwards.
    UndeleteByIntent,
    /// The committed values of a tombstone count as live.
    TombstoneGivesUp,
    /// What a tombstone names in `pending`, an undelete under way, does not count.
    TombstoneMayWant,
    /// Only what is pending counts.
    CommittedCounts,
    /// J4 looks at the first claim and not at the name, the last one.
    LookAtName,
    /// J3 rejects objects that were acknowledged before.
    KnownStays,
    /// A rule that is turned on is in force at once.
    ClaimingFirst,
    /// The leader leaves claims alone that are there from an earlier time in force.
    TouchOldClaims,
    /// Writers do not acquire while a rule is being turned on.
    ClaimWhileClaiming,
    /// An older replica takes claims of attributes that it does not know for dead.
    UnknownIsLive,
    /// A create or change does not look for objects without claims.
    Look,
    /// An object without a claim that does not count as acknowledged refuses nothing.
    UnfinishedWaits,
    /// The janitor takes what may be back from a restore for a create that was cut short.
    SparedStays,
}

/// Those that a scenario misses. [`Ingredient::LookAtName`] has a test of its own.
pub const INGREDIENTS: [Ingredient; 21] = [
    Ingredient::ObjectFirst,
    Ingredient::Intent,
    Ingredient::Fence,
    Ingredient::ReleaseAtVersion,
    Ingredient::VersionBeforeLook,
    Ingredient::Touch,
    Ingredient::RemoveBeforeTakeOver,
    Ingredient::Mark,
    Ingredient::Verify,
    Ingredient::WholeIntent,
    Ingredient::OneCommit,
    Ingredient::UndoLooks,
    Ingredient::ClearPending,
    Ingredient::UndoAtVersion,
    Ingredient::NameLast,
    Ingredient::OneOrder,
    Ingredient::UndeleteByIntent,
    Ingredient::TombstoneGivesUp,
    Ingredient::TombstoneMayWant,
    Ingredient::CommittedCounts,
    Ingredient::KnownStays,
];

/// Those about a rule that is being turned on and about older replicas, and the scenario that fails without each.
pub const OF_RULES: [(Ingredient, &str); 4] = [
    (Ingredient::ClaimingFirst, "T: turned on, create of a duplicate"),
    (Ingredient::TouchOldClaims, "T: turned on again, old claim, change back by the old rule"),
    (Ingredient::ClaimWhileClaiming, "T: turned on, change seen as Claiming, create"),
    (Ingredient::UnknownIsLive, "O: older replica: janitor over claims, change of the name"),
];

/// Those about objects that a restore brought back, and the scenario that fails without each.
pub const OF_RESTORES: [(Ingredient, &str); 4] = [
    (Ingredient::Look, "R: restored, create of its name"),
    (Ingredient::UnfinishedWaits, "R: restored soon, create of its name, janitor"),
    (Ingredient::SparedStays, "R: two restored soon with one name, 2 janitors"),
    (Ingredient::KnownStays, "R: two restored with one name, 2 janitors"),
];

/// What happens in place of the next call.
pub enum Instead {
    /// Nothing else: the call is made.
    Call,
    /// The steps get this answer.
    Reply(Reply<Object>),
    /// The steps are told nothing: a call was made that they know nothing of.
    Nothing,
}

/// `Process::note`: a create whose object is not there yet, a release that has read its claim again, an acquisition that
/// has taken a claim over.
const NOTED: u8 = 1;

impl Ingredient {
    /// Meddles with the next call.
    pub fn intercept(self, api: &mut ApiServer<'_>, task: &Task, process: &mut Process) -> Result<Instead, Violation> {
        match self {
            Self::ObjectFirst => object_last(api, task, process),
            Self::Intent | Self::Fence | Self::WholeIntent | Self::OneCommit => {
                if let At::Change(change) = &mut process.at
                    && task.kind != Kind::Patch
                {
                    return self.meddle_with_change(api, change);
                }
                Ok(Instead::Call)
            }
            Self::ReleaseAtVersion | Self::VersionBeforeLook | Self::UndoLooks => {
                self.meddle_with_release(api, process)
            }
            Self::Touch | Self::RemoveBeforeTakeOver => self.meddle_with_acquisition(api, process),
            Self::Mark => {
                if let At::Settle(Settle::Mark(read)) = &process.at {
                    return api.perform(&Call::Remove(*read)).map(Instead::Reply);
                }
                Ok(Instead::Call)
            }
            Self::UndoAtVersion => {
                if let At::Create(Create::Undo { made, .. }) = &mut process.at {
                    made.version = api.version(made.name);
                }
                Ok(Instead::Call)
            }
            Self::UndeleteByIntent if task.kind == Kind::Undelete => undelete_plainly(api, process),
            Self::LookAtName => {
                if let At::Settle(Settle::Look(marked)) = &process.at
                    && let Some(first) = marked.committed().into_iter().min()
                {
                    return api.perform(&Call::ReadClaim(Object::claim_name(&first))).map(Instead::Reply);
                }
                Ok(Instead::Call)
            }
            _ => Ok(Instead::Call),
        }
    }

    fn meddle_with_change(self, api: &mut ApiServer<'_>, change: &mut Change<Object>) -> Result<Instead, Violation> {
        match (self, change) {
            (Self::Intent, Change::Intend { read, .. }) => Ok(Instead::Reply(Reply::Object(*read))),
            (Self::WholeIntent, Change::Intend { read, wanted, .. }) => {
                let mut part = *read;
                part.set_pending(&wanted[..1]);
                api.perform(&Call::Replace(part)).map(Instead::Reply)
            }
            (Self::Fence, Change::Commit { intent, .. }) => {
                intent.version = api.version(intent.name);
                Ok(Instead::Call)
            }
            (Self::OneCommit, Change::Commit { intent, new, .. }) => {
                let mut differing = (0..3).filter(|attribute| intent.values[*attribute] != new.values[*attribute]);
                let (Some(first), Some(_)) = (differing.next(), differing.next()) else { return Ok(Instead::Call) };
                let mut half = *intent;
                half.values[first] = new.values[first];
                match api.perform(&Call::Replace(half))? {
                    Reply::Object(written) => {
                        *intent = written;
                        Ok(Instead::Nothing)
                    }
                    refused => Ok(Instead::Reply(refused)),
                }
            }
            _ => Ok(Instead::Call),
        }
    }

    fn meddle_with_release(self, api: &mut ApiServer<'_>, process: &mut Process) -> Result<Instead, Violation> {
        let undo = matches!(process.at, At::Release(_, End::Refused));
        let Some(releases) = releases(&mut process.at) else { return Ok(Instead::Call) };
        let name = releases.claims[0];
        match (self, &mut releases.at) {
            (Self::UndoLooks, Release::Read) if undo => {
                api.write_claim(name, NOBODY)?;
                Ok(Instead::Reply(Reply::Missing))
            }
            (Self::ReleaseAtVersion, Release::Remove(claim)) => {
                claim.version = CURRENT;
                Ok(Instead::Call)
            }
            (Self::VersionBeforeLook, Release::Remove(claim)) if process.note != NOTED => {
                let same_holder = api.claim(claim.on).is_some_and(|found| found.holder == claim.holder);
                claim.version = if same_holder { CURRENT } else { STALE };
                process.note = NOTED;
                Ok(Instead::Nothing)
            }
            (Self::VersionBeforeLook, _) => {
                process.note = 0;
                Ok(Instead::Call)
            }
            _ => Ok(Instead::Call),
        }
    }

    fn meddle_with_acquisition(self, api: &mut ApiServer<'_>, process: &mut Process) -> Result<Instead, Violation> {
        let Some(acquisitions) = acquisitions(&mut process.at) else { return Ok(Instead::Call) };
        let holder = acquisitions.holder;
        match (self, &mut acquisitions.at) {
            (Self::Touch, Acquire::Touch(_)) => Ok(Instead::Reply(Reply::Done)),
            (Self::RemoveBeforeTakeOver, Acquire::Remove(claim)) if claim.version == CURRENT => {
                let claim: Claim = *claim;
                process.note = NOTED;
                api.write_claim(claim.on, holder).map(Instead::Reply)
            }
            _ => Ok(Instead::Call),
        }
    }

    /// Colours the answer to the steps.
    pub fn colour(self, me: usize, task: &Task, process: &Process, reply: Reply<Object>) -> Reply<Object> {
        let mut object = match reply {
            Reply::Object(object) => object,
            Reply::Claim(claim) if self == Self::UnknownIsLive => {
                return Reply::Claim(Claim { understood: true, ..claim });
            }
            reply => return reply,
        };
        object.order = match self {
            Self::NameLast => Order::NameFirst,
            Self::OneOrder if me % 2 == 1 => Order::Descending,
            _ => Order::NameLast,
        };
        match self {
            Self::TombstoneGivesUp if reads_holder(&process.at) => object.deleted = false,
            Self::TombstoneMayWant if reads_holder(&process.at) && object.deleted => object.pending = [0; 3],
            Self::CommittedCounts if reads_holder(&process.at) => object.values = [0; 3],
            Self::UnknownIsLive if task.old && reads_holder(&process.at) => {
                object.values[1..].fill(0);
                object.pending[1..].fill(0);
            }
            Self::UnfinishedWaits if reads_rival(&process.at) && !object.known => return Reply::Missing,
            Self::SparedStays => object.spared = false,
            Self::ClearPending if matches!(process.at, At::Settle(Settle::Read(_))) => object.pending = [0; 3],
            _ => {}
        }
        Reply::Object(object)
    }

    /// What the steps are told at once, without another call.
    pub fn at_once(self, task: &Task, process: &mut Process) -> Option<Reply<Object>> {
        match (self, &mut process.at) {
            (Self::Verify, At::Create(Create::Verify(name))) => {
                Some(Reply::Object(Object::new(*name, task.set([0; 3]))))
            }
            (Self::RemoveBeforeTakeOver, _) if process.note == NOTED => {
                process.note = 0;
                Some(Reply::Done)
            }
            (Self::KnownStays, At::Settle(Settle::Acquire { known, .. })) => {
                *known = false;
                None
            }
            _ => None,
        }
    }
}

/// A create that puts its object off until it has all claims.
fn object_last(api: &mut ApiServer<'_>, task: &Task, process: &mut Process) -> Result<Instead, Violation> {
    match &process.at {
        At::Create(Create::Make(object)) => {
            process.note = NOTED;
            Ok(Instead::Reply(Reply::Object(Object { version: STALE, ..*object })))
        }
        At::Create(Create::Verify(name)) if process.note == NOTED => {
            process.note = 0;
            api.perform(&Call::Create(Object::new(*name, task.set([0; 3]))))?;
            Ok(Instead::Nothing)
        }
        _ => Ok(Instead::Call),
    }
}

/// An undelete whose first write is the last one of the protocol.
fn undelete_plainly(api: &mut ApiServer<'_>, process: &mut Process) -> Result<Instead, Violation> {
    match &process.at {
        At::Change(Change::Intend { read, .. }) => {
            api.perform(&Call::Replace(Object { deleted: false, ..*read })).map(Instead::Reply)
        }
        At::Change(Change::Commit { .. }) => {
            process.at = At::Ended(End::Done);
            Ok(Instead::Nothing)
        }
        At::Change(Change::Undo { .. }) => {
            process.at = At::Ended(End::Refused);
            Ok(Instead::Nothing)
        }
        _ => Ok(Instead::Call),
    }
}

fn acquisitions(at: &mut At) -> Option<&mut Acquisitions<Object>> {
    match at {
        At::Create(Create::Acquire { acquisitions, .. })
        | At::Change(Change::Acquire { acquisitions, .. })
        | At::Settle(Settle::Acquire { acquisitions, .. }) => Some(acquisitions),
        _ => None,
    }
}

fn releases(at: &mut At) -> Option<&mut Releases<Object>> {
    match at {
        At::Release(releases, _)
        | At::Change(Change::Lost { releases, .. })
        | At::Settle(Settle::Release { releases, .. }) => Some(releases),
        _ => None,
    }
}

fn reads_rival(at: &At) -> bool {
    let (At::Create(Create::Look { looks, .. }) | At::Change(Change::Look { looks, .. })) = at else { return false };
    matches!(looks.at, Look::Read(_))
}

fn reads_holder(at: &At) -> bool {
    match at {
        At::Create(Create::Acquire { acquisitions, .. })
        | At::Change(Change::Acquire { acquisitions, .. })
        | At::Settle(Settle::Acquire { acquisitions, .. }) => matches!(acquisitions.at, Acquire::ReadHolder(_)),
        At::Release(releases, _)
        | At::Change(Change::Lost { releases, .. })
        | At::Settle(Settle::Release { releases, .. }) => matches!(releases.at, Release::ReadHolder(_)),
        _ => false,
    }
}
