//! What is kept of a user or a group: enough to list, to find and to tell whether the janitor has work.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;

use super::claim::ClaimId;
use super::edges::GroupId;
use super::status::KeptStatus;
use super::{IndexRules, LookupKey};
use crate::api::Object;
use crate::api::directory_user::{LastDeactivation, LoginMethod};
use crate::rules::access::{Account, person};
use crate::rules::labels;
use crate::rules::login_attributes::is_address_shaped;
use crate::rules::naming::{Force, LINK, ambiguous, claimed_values, index_keys};
use crate::rules::resource::Resource;
use crate::rules::retention::is_asked_back;
use crate::store::claims::known::{Provenance, is_relied_on, known_from, provenance};
use crate::store::version::Stamp;

/// The marks of an object that decide who sees it and what is to be done about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Written over SCIM.
    pub(super) provisioned: bool,
    /// Written by people.
    pub(super) built_in: bool,
    /// A tombstone.
    pub(super) deleted: bool,
    /// Lost its name before it was acknowledged.
    pub(super) rejected: bool,
    /// A tombstone that is asked back.
    pub(super) asked_back: bool,
    /// A tombstone whose purge has begun.
    pub(super) purging: bool,
    /// A user of whom the provider says that it is active.
    pub(super) active: bool,
    /// A user of whom the provider does not say that it is not.
    pub(super) let_in: bool,
    /// Suspended by an administrator.
    pub(super) suspended: bool,
    /// Suspended in the portal.
    pub(super) suspended_by_portal: bool,
    /// Invited to set a password, or was.
    pub(super) invited: bool,
    /// Somebody may rely on it, whether or not it has its claims: a restore brought it back, people wrote it, or it was
    /// changed after it was created.
    pub(super) acknowledged: bool,
    /// Its labels say what its spec says.
    pub(super) labelled: bool,
    /// A user whom the provider writes and whose userName is no e-mail address.
    pub(super) unlike_address: bool,
}

/// One DirectoryUser or DirectoryGroup.
#[derive(Clone, Debug)]
pub(super) struct IndexedResource {
    pub(super) stamp: Stamp,
    pub(super) generation: i64,
    pub(super) uid: [u8; 8],
    pub(super) scim: Arc<[u8]>,
    pub(super) status: Option<KeptStatus>,
    pub(super) marks: Marks,
    /// When it was deleted, in milliseconds since 1970, if it was and says so.
    pub(super) deleted_at: Option<i64>,
    /// When it was last written, in seconds since 1970, if it says so.
    pub(super) written_at: Option<i64>,
    /// From when on it counts as acknowledged, in seconds since 1970.
    pub(super) known_from: i64,
    /// Whether it stands among the visible ones.
    pub(super) shown: bool,
    /// Whether it ever was, as far as this process has seen.
    pub(super) was_shown: bool,
    pub(super) claims: Claims,
    /// Those of [`Self::claims`] that it does not own, while it is neither deleted nor rejected. Mostly none.
    pub(super) unowned: Box<[ClaimId]>,
    /// The claims on the values of a change in progress.
    pub(super) pending: Box<[ClaimId]>,
    /// The groups that it names as those it belongs to, in the order of their names.
    pub(super) member_of: Box<[GroupId]>,
    pub(super) user_type: Option<Arc<str>>,
    /// `displayName` of a group, as it was sent. Of a user it is in the body alone.
    pub(super) display_name: Option<Arc<str>>,
    pub(super) login_method: Option<LoginMethod>,
    /// Which request last deactivated or deleted the person.
    pub(super) last_deactivation: Option<Box<LastDeactivation>>,
    /// What there is of logins; none where the person never logged in and no session was ever ended.
    pub(super) logins: Option<Box<LoginState>>,
    /// Hash of the externalId.
    pub(super) external_id: Option<u64>,
    /// Hashes of all that it is looked up by, sorted. A collision costs a look at somebody else, who is then left out.
    pub(super) keys: Box<[u64]>,
}

/// Nearly nobody has signed out lately, and those people share this.
static NO_SESSIONS: LazyLock<Arc<[Arc<str>]>> = LazyLock::new(|| Arc::new([]));

/// What an object says of the logins of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoginState {
    pub(super) account: Option<Account>,
    pub(super) session_epoch: i64,
    pub(super) ended_sessions: Arc<[Arc<str>]>,
}

impl LoginState {
    fn project(object: &Object, account: Option<Account>) -> Option<Box<Self>> {
        let session_epoch = object.session_epoch();
        let ended_sessions: Vec<_> = object.ended_sessions().map(Arc::from).collect();
        let is_there = account.is_some() || session_epoch != 0 || !ended_sessions.is_empty();
        let ended_sessions = if ended_sessions.is_empty() { Arc::clone(&NO_SESSIONS) } else { ended_sessions.into() };
        is_there.then(|| Box::new(Self { account, session_epoch, ended_sessions }))
    }
}

/// The claims on the values that an object names as committed.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    name: Option<ClaimId>,
    /// Of the link, which the rules do not touch, if it has one, and then those that the rules ask for.
    others: Box<[ClaimId]>,
    linked: bool,
    /// How many of [`Self::others`], from the first one on, are in force: the claims that a rule on its way asks for come last,
    /// and nobody is denied anything for want of one.
    in_force: u16,
    /// Whether a unique attribute whose rule is in force has several values.
    ambiguous_in_force: bool,
    /// Whether a unique attribute has several values, so that none of them is claimed.
    ambiguous: bool,
}

impl Claims {
    /// The claims on what this `spec` names.
    pub(super) fn project(kind: Resource, directory: &str, spec: &Value, rules: &IndexRules) -> Self {
        let (mut name, mut link, mut others, mut on_their_way) = (None, None, Vec::new(), Vec::new());
        for value in claimed_values(kind, spec, &rules.unique) {
            let Some(claim) = ClaimId::of(directory, &value.attribute, &value.value) else { continue };
            if value.attribute == kind.name_attribute() {
                name = Some(claim);
            } else if value.attribute == LINK {
                link = Some(claim);
            } else if rules.unique.force(&value.attribute) == Some(Force::InForce) {
                others.push(claim);
            } else {
                on_their_way.push(claim);
            }
        }
        let linked = link.is_some();
        // A Directory has no more than a few rules.
        let in_force = u16::try_from(others.len() + usize::from(linked)).unwrap_or(u16::MAX);
        let ambiguous_in_force = ambiguous(kind, spec, &rules.unique.in_force()).is_some();
        let ambiguous = ambiguous_in_force || ambiguous(kind, spec, &rules.unique).is_some();
        let others = link.into_iter().chain(others).chain(on_their_way).collect();
        Self { name, others, linked, in_force, ambiguous_in_force, ambiguous }
    }

    /// The same object's under other rules, from the body alone: the link is not in the body.
    pub(super) fn project_anew(&self, kind: Resource, directory: &str, scim: &[u8], rules: &IndexRules) -> Self {
        let scim: Value = serde_json::from_slice(scim).unwrap_or_default();
        let asked = Self::project(kind, directory, &serde_json::json!({ "scim": scim }), rules);
        let link = self.others.first().copied().filter(|_| self.linked);
        let in_force = asked.in_force + u16::from(self.linked);
        Self { others: link.into_iter().chain(asked.others).collect(), linked: self.linked, in_force, ..asked }
    }

    /// All that must be owned for a person to have access.
    pub(super) fn in_force(&self) -> impl Iterator<Item = ClaimId> {
        self.name.into_iter().chain(self.others.iter().copied().take(self.in_force.into()))
    }

    /// The claim on the name.
    pub(super) fn name(&self) -> Option<ClaimId> {
        self.name
    }

    /// Whether all that must be owned for a person to have access is owned, given those that are not.
    pub(super) fn are_owned(&self, unowned: &[ClaimId]) -> bool {
        self.name.is_some() && !self.ambiguous_in_force && self.in_force().all(|id| !unowned.contains(&id))
    }

    /// Whether a unique attribute whose rule is in force has several values.
    pub(super) fn is_ambiguous_in_force(&self) -> bool {
        self.ambiguous_in_force
    }

    /// Whether a unique attribute has several values.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = ClaimId> {
        self.name.into_iter().chain(self.others.iter().copied())
    }
}

impl IndexedResource {
    /// The projection of a DirectoryUser or DirectoryGroup, without its place in the tables.
    pub(super) fn project(
        (kind, directory): (Resource, &str),
        object: &Object,
        stamp: Stamp,
        rules: &IndexRules,
        hasher: &RandomState,
    ) -> Self {
        let scim = object.scim();
        let pending = object.pending().filter_map(|(attribute, value)| ClaimId::of(directory, attribute, value));
        let (external_id, keys) = keys(scim, hasher);
        let person = person(object, false);
        let is_group = kind == Resource::Group;
        Self {
            stamp,
            generation: object.generation(),
            uid: object.uid_start(),
            scim: serde_json::to_vec(scim).unwrap_or_default().into(),
            status: KeptStatus::of(object.status()),
            marks: Marks {
                provisioned: kind == Resource::Group || object.managed_by() == "Provisioning",
                built_in: object.managed_by() == "People",
                deleted: object.is_deleted(),
                rejected: object.is_rejected(),
                asked_back: is_asked_back(object),
                purging: object.is_purging(),
                active: kind == Resource::User && object.active() == Some(true),
                let_in: person.is_active,
                suspended: person.is_suspended,
                suspended_by_portal: person.is_suspended_by_portal,
                invited: object.is_invited(),
                acknowledged: is_acknowledged(object),
                labelled: labels::are_right(object),
                unlike_address: kind == Resource::User
                    && object.managed_by() == "Provisioning"
                    && !scim["userName"].as_str().is_some_and(is_address_shaped),
            },
            deleted_at: object.deleted_at().map(Timestamp::as_millisecond),
            written_at: object.last_written_at().map(Timestamp::as_second),
            known_from: known_from(object).as_second(),
            shown: false,
            was_shown: false,
            claims: Claims::project(kind, directory, object.spec(), rules),
            unowned: Box::default(),
            pending: pending.collect(),
            member_of: Box::default(),
            user_type: scim["userType"].as_str().map(Arc::from),
            display_name: scim["displayName"].as_str().filter(|_| is_group).map(Arc::from),
            login_method: person.login_method,
            last_deactivation: serde_json::from_value(object.last_deactivation().clone()).ok().map(Box::new),
            logins: LoginState::project(object, person.account),
            external_id,
            keys,
        }
    }

    /// Every claim that this object keeps alive (`live` of the claim protocol): those of a change in progress in any case,
    /// the others unless it is deleted.
    pub(super) fn named(&self) -> impl Iterator<Item = ClaimId> {
        let committed = (!self.marks.deleted).then(|| self.claims.iter()).into_iter().flatten();
        self.pending.iter().copied().chain(committed)
    }

    /// Whether it owns its name and every other value whose claim is in force. Of what is deleted or rejected nobody asks.
    pub(super) fn owns_its_values(&self) -> bool {
        self.claims.are_owned(&self.unowned)
    }

    /// Whether SCIM may see it, if it owns its name.
    pub(super) fn may_be_shown(&self, rules: &IndexRules) -> bool {
        let marks = self.marks;
        let written = marks.provisioned || (marks.built_in && rules.built_in_users_listed);
        written && !marks.deleted && !marks.rejected
    }

    /// Whether SCIM sees it although it does not own its name: somebody may rely on it, and nobody else has the name.
    pub(super) fn is_seen_without_claim(&self, is_name_free: bool) -> bool {
        (self.marks.acknowledged || self.was_shown) && is_name_free
    }

    /// Whether it counted as acknowledged from the moment it was stored.
    pub(super) fn is_relied_on(&self) -> bool {
        self.known_from == Timestamp::MIN.as_second()
    }

    /// Whether nothing but a missing claim can be amiss with it: neither deleted nor rejected nor in a change.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.marks.deleted && !self.marks.rejected && self.pending.is_empty()
    }

    /// The claims that it needs to come back, where it is a tombstone that is asked back. Mostly none.
    pub(super) fn wanted_back(&self) -> Vec<ClaimId> {
        let waits = self.marks.asked_back && !self.marks.rejected && self.pending.is_empty();
        if waits { self.claims.in_force().collect() } else { Vec::new() }
    }

    /// Whether it says something else of who may get in than `other`, an earlier state of it.
    pub(super) fn turns(&self, other: &Self) -> bool {
        let access = |resource: &Self| {
            let Marks { deleted, let_in, suspended, suspended_by_portal, .. } = resource.marks;
            (deleted, let_in, suspended, suspended_by_portal)
        };
        access(self) != access(other)
    }

    /// Whether the janitor has to look at it, given what it owns.
    pub(super) fn is_unsettled(&self, owns: impl Fn(ClaimId) -> bool) -> bool {
        self.marks.rejected
            || !self.pending.is_empty()
            || if self.marks.deleted { self.marks.asked_back } else { !self.claims.iter().all(owns) }
    }
}

/// Whether an object says of itself that somebody may rely on it. Its age, which another part of the answer depends on, is no
/// property of the object and not asked here.
fn is_acknowledged(object: &Object) -> bool {
    is_relied_on(object) || provenance(object) != Provenance::Created
}

/// The hash of the externalId, and the hashes of all keys.
fn keys(scim: &Value, hasher: &RandomState) -> (Option<u64>, Box<[u64]>) {
    let keys = index_keys(scim);
    let external_id = keys.external_id.map(|id| hash(&LookupKey::ExternalId(id), hasher));
    let display_name = keys.display_name.map(LookupKey::DisplayName);
    let others = display_name.into_iter().chain(keys.emails.into_iter().map(LookupKey::Email));
    let mut hashes: Vec<_> = external_id.into_iter().chain(others.map(|key| hash(&key, hasher))).collect();
    hashes.sort_unstable();
    hashes.dedup();
    (external_id, hashes.into())
}

/// The hash under which resources are found by a key.
pub(super) fn hash(key: &LookupKey, hasher: &RandomState) -> u64 {
    hasher.hash_one(key)
}
