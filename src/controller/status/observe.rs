//! What the index shows about a Directory, a group or a user.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::decide::ownership::Conflict;
use super::decide::{directory, group};
use crate::api::directory::{DirectorySpec, GroupsMode};
use crate::api::directory_key::Scope;
use crate::api::directory_status::DirectoryCounts;
use crate::api::provisioning_status::ProvisioningStatus;
use crate::controller::claiming::Pass;
use crate::controller::tools::Tools;
use crate::login::provider::Providers;
use crate::rules::access::LoginRules;
use crate::rules::brake::Brake;
use crate::rules::key::{KeyVerdict, check};
use crate::rules::mapping::to_attributes;
use crate::rules::naming::DIRECTORY_FINALIZER;
use crate::rules::policy::Policy;
use crate::rules::policy::quota::{Usage, usage};
use crate::rules::resource::Resource;
use crate::store::index::dirty::DirtySubject;
use crate::store::index::{Index, LoginAttributes, Record};
use crate::store::{Store, WatchedDirectory, WatchedKey};

/// How long the first change of an object waits for those after it: people come by the hundred, and each is a change of the
/// counts; and Entra ID puts a person into one group after the other.
const BURST: Duration = Duration::from_millis(500);

/// A Directory as it was last looked at.
pub struct KnownDirectory {
    /// Its rules.
    pub spec: DirectorySpec,
    /// What counts under them.
    pub policy: Policy,
    /// Who may log in.
    pub login: Option<LoginRules>,
    /// What is wrong with them, in sentences.
    pub problems: Vec<String>,
    /// How far each quota is used.
    pub quota: Vec<Usage>,
    /// Users who share an externalId.
    pub duplicate_users: directory::Duplicates,
    /// Groups that do.
    pub duplicate_groups: directory::Duplicates,
    counts: DirectoryCounts,
    /// Users whom a login may not find.
    login_attributes: LoginAttributes,
    /// Whether a key opens it for provisioning.
    has_key: bool,
}

impl KnownDirectory {
    /// A Directory with these rules, before the first look at what is in it.
    pub fn new(spec: &DirectorySpec, login: Option<LoginRules>) -> Self {
        Self {
            spec: spec.clone(),
            policy: Policy::of(spec),
            login,
            problems: directory::problems(spec),
            quota: Vec::new(),
            duplicate_users: directory::Duplicates::default(),
            duplicate_groups: directory::Duplicates::default(),
            counts: DirectoryCounts { users: 0, active_users: 0, groups: 0 },
            login_attributes: LoginAttributes::default(),
            has_key: false,
        }
    }
}

/// What is looked at, and how long a burst of changes may wait for its end.
pub fn interest(subject: &DirtySubject) -> Option<Duration> {
    match subject {
        DirtySubject::Directory | DirtySubject::Group(_) | DirtySubject::User(_) => Some(BURST),
        DirtySubject::Claim(_) | DirtySubject::Application(_) | DirtySubject::Key(_) => None,
    }
}

/// Counts what is in a Directory by now.
pub fn refresh(store: &Store, known: &mut KnownDirectory, of: &WatchedDirectory, now: Timestamp) {
    let index = store.index(&of.namespace, &of.name);
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let duplicates = |kind| {
        let (count, examples) = index.duplicate_external_ids(kind);
        directory::Duplicates { count, examples }
    };
    let active = index.active_users();
    known.quota = usage(&known.policy, &active);
    known.duplicate_users = duplicates(Resource::User);
    known.duplicate_groups = duplicates(Resource::Group);
    known.login_attributes = index.login_attributes();
    known.has_key = has_key(store, of, now);
    known.counts = DirectoryCounts {
        users: number(index.visible(Resource::User)),
        active_users: number(active.values().sum()),
        groups: number(index.visible(Resource::Group)),
    };
}

/// Whether a key opens a Directory for provisioning at `now`.
fn has_key(store: &Store, of: &WatchedDirectory, now: Timestamp) -> bool {
    let is_of = |key: &WatchedKey| key.namespace == of.namespace && key.spec.directory_ref.name == of.name;
    let keys = store.all_keys();
    let mut keys = keys.iter().filter(|key| is_of(key));
    keys.any(|key| check(&key.spec, Scope::Provision, now) == KeyVerdict::Valid)
}

/// How far a Directory is from the limit on deletions at `now`.
pub fn brake(store: &Store, of: &WatchedDirectory, now: Timestamp) -> Brake {
    store.index(&of.namespace, &of.name).brake(&of.spec, now)
}

/// A Directory that has just been [refreshed](refresh).
pub fn directory<'a>(
    tools: &'a Tools,
    known: &'a KnownDirectory,
    of: &'a WatchedDirectory,
    brake: Brake,
    passes: &'a BTreeMap<String, Pass>,
) -> directory::ObservedDirectory<'a> {
    let takes_people_along = of.seen.finalizers.iter().any(|finalizer| finalizer == DIRECTORY_FINALIZER);
    let remaining = || takes_people_along.then(|| tools.store.index(&of.namespace, &of.name).remaining());
    directory::ObservedDirectory {
        namespace: &of.namespace,
        name: &of.name,
        public_url: tools.public_url.as_deref(),
        provisioning: provisioning(of),
        has_key: known.has_key,
        login_attributes: &known.login_attributes,
        spec: &of.spec,
        generation: of.seen.generation,
        status: &of.seen.status,
        counts: known.counts,
        quota: &known.quota,
        problems: &known.problems,
        duplicate_users: known.duplicate_users.clone(),
        duplicate_groups: known.duplicate_groups.clone(),
        ending: of.seen.is_terminating.then(remaining),
        brake,
        passes,
    }
}

/// What the provider's requests did, as the status has it; nothing where none has come, or where it cannot be read.
pub fn provisioning(of: &WatchedDirectory) -> Option<ProvisioningStatus> {
    serde_json::from_value(of.seen.status.get("provisioning")?.clone()).ok()
}

/// A group that is visible. Members that were stored before the Directory ignored them are kept, and none is shown.
pub fn group<'a>(
    index: &Index,
    record: &Record,
    (status, conflict): (&'a Value, Option<&'a Conflict>),
    spec: &DirectorySpec,
) -> group::ObservedGroup<'a> {
    let shown = (spec.groups.mode.counts_as() != GroupsMode::Ignore).then_some(index);
    let members = shown.map(|index| index.members(&record.name, None)).unwrap_or_default();
    group::ObservedGroup {
        generation: record.generation,
        status,
        member_count: shown.map_or(0, |index| index.member_count(&record.name)),
        members_digest: shown.map_or(0, |index| index.members_digest(&record.name)),
        first_members: members.iter().map(|member| member.name.to_string()).collect(),
        conflict,
    }
}

/// What counts for a user under the policy; nothing where that makes no difference.
pub fn effective(policy: &Policy, record: &Record) -> Option<Value> {
    let scim: Value = serde_json::from_slice(&record.scim).unwrap_or_default();
    policy.effective(&to_attributes(&scim)).to_status()
}

/// When a user or a group was deleted, if it was and that can be read.
pub fn deleted_at(index: &Index, kind: Resource, name: &str) -> Option<Option<Timestamp>> {
    index.tombstone(kind, name).map(|tombstone| tombstone.deleted_at)
}

/// Who may log in to a Directory, as far as is known; nothing where nobody may, because it has no login.
pub fn login(providers: &Providers, of: &WatchedDirectory) -> Option<LoginRules> {
    let login = of.spec.login.as_ref()?;
    Some(LoginRules::of(Some(login), providers.tenant(of)))
}
