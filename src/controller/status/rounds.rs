//! One WatchedDirectory, round after round: looks at what the index shows, and writes what differs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Value;
use tokio::task::yield_now;

use super::conflicts::Contested;
use super::directory::Duplicates;
use super::user::Conflict;
use super::writer::{Target, write};
use super::{REVIEW, USERS_PER_ROUND, directory, group, user};
use crate::api::directory::GroupsMode;
use crate::api::directory_status::DirectoryCounts;
use crate::controller::claiming::{Passes, begun};
use crate::controller::leader::Leading;
use crate::rules::mapping::to_attributes;
use crate::rules::policy::Policy;
use crate::rules::policy::quota::{Usage, usage};
use crate::rules::resource::Resource;
use crate::store::Error;
use crate::store::WatchedDirectory;
use crate::store::index::{Index, Record};
use crate::store::kind::Kind;

/// What a decision about an object was made of. While it is the same, so is the decision.
#[derive(Clone, Debug)]
struct Basis {
    generation: i64,
    /// The digest of the members of a group.
    digest: u64,
    status: Option<Arc<[u8]>>,
    conflict: Option<Conflict>,
}

impl Basis {
    fn is_same(&self, other: &Self) -> bool {
        let same_status = match (&self.status, &other.status) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same_status
            && (self.generation, self.digest, &self.conflict) == (other.generation, other.digest, &other.conflict)
    }
}

/// Objects by name, and what the last decision about each was made of. As many entries as the index has objects, which
/// share the name and the status with it.
type Decided = HashMap<Arc<str>, Basis>;

/// What is remembered of one Directory between two rounds.
#[derive(Default)]
pub struct Round {
    directory: Option<Arc<WatchedDirectory>>,
    /// The counter of the index before the last whole round.
    changes: Option<u64>,
    reviewed: Option<Instant>,
    /// How often the passes of rules have said something.
    passes: u64,
    groups: Decided,
    users: Decided,
    contested_groups: Contested,
    contested_users: Contested,
    quota: Vec<Usage>,
    duplicates: [(&'static str, usize); 2],
}

impl Round {
    /// How far each quota is used.
    pub fn quota(&self) -> &[Usage] {
        &self.quota
    }

    /// How many users and groups share an externalId.
    pub fn duplicates(&self) -> [(&'static str, usize); 2] {
        self.duplicates
    }

    /// Makes a round, if anything has changed since the last one. Says whether everybody was looked at.
    pub async fn make(
        &mut self,
        leading: &Leading,
        passes: &Passes,
        directory: &Arc<WatchedDirectory>,
        index: &Index,
    ) -> Result<bool, Error> {
        let now = Instant::now();
        let (changes, passed) = (index.changes(), passes.count());
        let same_directory = self.directory.as_ref().is_some_and(|known| Arc::ptr_eq(known, directory));
        let same_rules = self.directory.as_ref().is_some_and(|known| known.spec == directory.spec);
        let reviewed = self.reviewed.is_some_and(|at| now.duration_since(at) < REVIEW);
        if same_directory && reviewed && self.changes == Some(changes) && self.passes == passed {
            return Ok(true);
        }
        if !same_rules {
            // What counts for users, and whether groups have members, may be something else now.
            self.users.clear();
            self.groups.clear();
        }
        let policy = Policy::of(&directory.spec);
        self.quota = usage(&policy, &index.active_users());
        self.write_directory(leading, passes, directory, index).await?;
        let at = (directory.as_ref(), index);
        self.write_groups(leading, at).await?;
        let finished = self.write_users(leading, at, &policy).await?;
        self.directory = Some(Arc::clone(directory));
        self.passes = passed;
        if !reviewed {
            self.reviewed = Some(now);
            self.groups.retain(|name, _| index.is_visible(Resource::Group, name));
            self.users.retain(|name, _| index.is_visible(Resource::User, name));
        }
        self.changes = finished.then_some(changes);
        Ok(finished)
    }

    async fn write_directory(
        &mut self,
        leading: &Leading,
        passes: &Passes,
        directory: &WatchedDirectory,
        index: &Index,
    ) -> Result<(), Error> {
        let WatchedDirectory { namespace, name, spec, seen, .. } = directory;
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let duplicates = |kind| {
            let (count, examples) = index.duplicate_external_ids(kind);
            Duplicates { count, examples }
        };
        let observed = directory::Observed {
            spec,
            generation: seen.generation,
            status: &seen.status,
            counts: DirectoryCounts {
                users: number(index.visible(Resource::User)),
                active_users: number(index.active_users().values().sum()),
                groups: number(index.visible(Resource::Group)),
            },
            quota: &self.quota,
            problems: &directory::problems(spec),
            duplicate_users: duplicates(Resource::User),
            duplicate_groups: duplicates(Resource::Group),
            passes: &passes.about(directory),
        };
        self.duplicates = [
            (Kind::USER.plural, observed.duplicate_users.count),
            (Kind::GROUP.plural, observed.duplicate_groups.count),
        ];
        for attribute in begun(spec, &seen.status) {
            passes.forget(directory, &attribute);
        }
        let wanted = directory::status(&observed, Timestamp::now());
        // A rule is in force because of what was seen of this very state of the WatchedDirectory, and of no later one.
        let target = Target { kind: Kind::DIRECTORY, namespace, name, version: Some(&seen.version) };
        write(leading, target, &seen.status, &wanted, directory::FIELDS).await.map(drop)
    }

    async fn write_groups(&mut self, leading: &Leading, at: (&WatchedDirectory, &Index)) -> Result<(), Error> {
        let (directory, index) = at;
        self.contested_groups.look(leading, directory, index, Resource::Group).await?;
        let contested = &self.contested_groups;
        let mut after: Option<Arc<str>> = None;
        loop {
            let batch = index.batch(Resource::Group, after.as_deref());
            let Some(last) = batch.last() else { break };
            after = Some(Arc::clone(&last.name));
            // After a restart the policy of everybody is looked at, and requests want to be answered meanwhile.
            yield_now().await;
            for record in &batch {
                let digest = index.members_digest(&record.name);
                let basis = basis(index, Resource::Group, record, digest, contested);
                if self.groups.get(&record.name).is_some_and(|decided| decided.is_same(&basis)) {
                    continue;
                }
                if !write_group(leading, directory, index, &record.name, &basis).await? {
                    self.groups.insert(Arc::clone(&record.name), basis);
                }
            }
        }
        contested.write_hidden(leading, directory, index, Resource::Group).await?;
        Ok(())
    }

    /// Says whether every user was looked at.
    async fn write_users(
        &mut self,
        leading: &Leading,
        at: (&WatchedDirectory, &Index),
        policy: &Policy,
    ) -> Result<bool, Error> {
        let (directory, index) = at;
        self.contested_users.look(leading, directory, index, Resource::User).await?;
        let contested = &self.contested_users;
        let mut written = 0;
        let mut after: Option<Arc<str>> = None;
        loop {
            let batch = index.batch(Resource::User, after.as_deref());
            let Some(last) = batch.last() else { break };
            after = Some(Arc::clone(&last.name));
            yield_now().await;
            for record in &batch {
                let basis = basis(index, Resource::User, record, 0, contested);
                if self.users.get(&record.name).is_some_and(|decided| decided.is_same(&basis)) {
                    continue;
                }
                if !write_user(leading, directory, policy, record, &basis).await? {
                    self.users.insert(Arc::clone(&record.name), basis);
                    continue;
                }
                written += 1;
                if written == USERS_PER_ROUND {
                    return Ok(false);
                }
            }
        }
        contested.write_hidden(leading, directory, index, Resource::User).await?;
        Ok(true)
    }
}

fn basis(index: &Index, kind: Resource, record: &Record, digest: u64, contested: &Contested) -> Basis {
    Basis {
        generation: record.generation,
        digest,
        status: index.status(kind, &record.name),
        conflict: contested.conflict(&record.name).cloned(),
    }
}

async fn write_group(
    leading: &Leading,
    directory: &WatchedDirectory,
    index: &Index,
    name: &Arc<str>,
    basis: &Basis,
) -> Result<bool, Error> {
    let stands = json_of(basis.status.as_deref());
    // Members that were stored before the Directory ignored them are kept, and none is shown.
    let shown = (directory.spec.groups.mode.counts_as() != GroupsMode::Ignore).then_some(index);
    let members = shown.map(|index| index.members(name, None)).unwrap_or_default();
    let observed = group::Observed {
        generation: basis.generation,
        status: &stands,
        member_count: shown.map_or(0, |index| index.member_count(name)),
        first_members: members.iter().map(|member| member.name.to_string()).collect(),
        conflict: basis.conflict.as_ref(),
    };
    let wanted = group::status(&observed, Timestamp::now());
    let target = Target { kind: Kind::GROUP, namespace: &directory.namespace, name, version: None };
    write(leading, target, &stands, &wanted, group::FIELDS).await
}

async fn write_user(
    leading: &Leading,
    directory: &WatchedDirectory,
    policy: &Policy,
    record: &Record,
    basis: &Basis,
) -> Result<bool, Error> {
    let stands = json_of(basis.status.as_deref());
    let effective = policy.effective(&to_attributes(&json_of(Some(&record.scim)))).to_status();
    let observed =
        user::Observed { generation: basis.generation, status: &stands, effective, conflict: basis.conflict.as_ref() };
    let Some(wanted) = user::status(&observed, Timestamp::now()) else { return Ok(false) };
    let target = Target { kind: Kind::USER, namespace: &directory.namespace, name: &record.name, version: None };
    write(leading, target, &stands, &wanted, user::FIELDS).await
}

/// What stands of a status that was kept as compact JSON.
pub(super) fn json_of(bytes: Option<&[u8]>) -> Value {
    bytes.and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
}
