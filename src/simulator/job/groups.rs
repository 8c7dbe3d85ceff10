//! One group's passage: match, create empty, rename, delete, and the members that joined or left.
//!
//! Members are compared with what the job remembers having sent, never with what the target holds.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use http::Method;
use serde_json::Value;

use super::answer::{On, Problem, id_of, judge, resource, without_members};
use super::matching::{self, Match};
use super::{GroupLink, Job, JobObject, LinkChange, Passage};
use crate::simulator::client::escape_segment;
use crate::simulator::mapping::group_frame;
use crate::simulator::patch::{MembershipChange, PatchDialect, body, differences, member_bodies};
use crate::simulator::report::{Action, ErrorCode, Status};
use crate::simulator::source::{Group, Tenant};

impl Job {
    /// One group; `limit` is the most members that are sent.
    pub(super) async fn group_passage(
        &self,
        source: &Tenant,
        index: usize,
        dialect: PatchDialect,
        limit: Option<usize>,
    ) -> Passage {
        let mut passage = Passage::new(JobObject::Group(index));
        let group = &source.groups[index];
        if self.is_halted() {
            return passage;
        }
        let link = match self.group(index) {
            Some(link) if !group.is_in_scope() => {
                self.delete_group(group, link, &mut passage).await;
                None
            }
            None if !group.is_in_scope() => None,
            Some(link) => self.compare_group(group, link.clone(), dialect, &mut passage).await,
            None => self.find_group(group, dialect, &mut passage).await,
        };
        if let Some(link) = link {
            self.members(source, index, link, dialect, limit, &mut passage).await;
        }
        if passage.problem.as_ref().is_some_and(|problem| problem.quarantines) {
            self.halted.store(true, Ordering::Relaxed);
        }
        passage
    }

    async fn find_group(&self, group: &Group, dialect: PatchDialect, passage: &mut Passage) -> Option<GroupLink> {
        let name = &group.display_name;
        let table = &self.settings.mappings.groups;
        let problem = match matching::find(&self.client, "/Groups", table, group).await {
            Ok(Match::One(id)) => {
                let link = GroupLink { id, members: BTreeSet::new() };
                return self.compare_group(group, link, dialect, passage).await;
            }
            Ok(Match::NoValue) => {
                passage.skip(name, ErrorCode::EntrySynchronizationSkipped, "the matching attribute is empty");
                return None;
            }
            Ok(Match::None) => {
                let sent = table.body(group, group_frame());
                let answer = judge(On::Create, self.client.send(Method::POST, "/Groups", Some(&sent)).await);
                match answer.and_then(|answer| id_of(answer.json.as_ref().unwrap_or(&Value::Null))) {
                    Ok(id) => {
                        passage.entry(name, Action::Create, Status::Success, "");
                        passage.made = Some(id.clone());
                        let link = GroupLink { id, members: BTreeSet::new() };
                        passage.link = LinkChange::Group(link.clone());
                        return Some(link);
                    }
                    Err(problem) => (Action::Create, problem),
                }
            }
            Err(problem) => (Action::Other, problem),
        };
        passage.fail(name, problem.0, problem.1);
        None
    }

    /// Reads the group without its members and patches what differs.
    async fn compare_group(
        &self,
        group: &Group,
        link: GroupLink,
        dialect: PatchDialect,
        passage: &mut Passage,
    ) -> Option<GroupLink> {
        let name = &group.display_name;
        passage.link = LinkChange::Group(link.clone());
        let path = format!("/Groups/{}", escape_segment(&link.id));
        let read = self.client.send(Method::GET, &format!("{path}?excludedAttributes=members"), None).await;
        let read = judge(On::Read, read).and_then(|answer| {
            let read = resource(&answer)?;
            without_members(read).map(|()| read.clone())
        });
        let read = match read {
            Ok(read) => read,
            Err(problem) => {
                if problem.code == ErrorCode::InvalidAnchor {
                    passage.link = LinkChange::Drop;
                }
                passage.fail(name, Action::Other, problem);
                return None;
            }
        };
        let table = &self.settings.mappings.groups;
        let desired = table.desired(group);
        let changes = differences(&table.rows, &desired, &read);
        if !changes.is_empty() {
            let sent = body(&changes, dialect);
            if let Err(problem) = judge(On::Patch, self.client.send(Method::PATCH, &path, Some(&sent)).await) {
                passage.fail(name, Action::Update, problem);
                return None;
            }
            passage.written = changes.iter().map(|change| change.target.text().to_owned()).collect();
            passage.entry(name, Action::Update, Status::Success, passage.written.join(", "));
        }
        Some(link)
    }

    async fn delete_group(&self, group: &Group, link: &GroupLink, passage: &mut Passage) {
        let path = format!("/Groups/{}", escape_segment(&link.id));
        match judge(On::Delete, self.client.send(Method::DELETE, &path, None).await) {
            Err(problem) => passage.fail(&group.display_name, Action::Delete, problem),
            Ok(_) => {
                passage.entry(&group.display_name, Action::Delete, Status::Success, "");
                passage.deleted = Some(link.id.clone());
                passage.link = LinkChange::Drop;
            }
        }
    }

    async fn members(
        &self,
        source: &Tenant,
        index: usize,
        mut link: GroupLink,
        dialect: PatchDialect,
        limit: Option<usize>,
        passage: &mut Passage,
    ) {
        if self.settings.mappings.groups.reference.is_none() {
            return;
        }
        let group = &source.groups[index];
        // Who is gone from the target took the membership along.
        link.members.retain(|member| self.user(*member).is_some());
        let is_known = |member: &&usize| {
            self.user(**member).is_some_and(|user| user.is_managed) && source.people[**member].assigned
        };
        passage.is_pending = group.members.iter().any(|member| !is_known(&member) && !source.people[*member].purged);
        let joined: Vec<_> = group.members.difference(&link.members).filter(is_known).copied().collect();
        let left: Vec<_> = link.members.difference(&group.members).copied().collect();
        if limit.is_some_and(|limit| joined.len() + left.len() > limit) {
            passage.skip(&group.display_name, ErrorCode::EntrySynchronizationSkipped, "too many members for on demand");
            passage.link = LinkChange::Group(link);
            return;
        }
        let mut result = Ok(());
        for (change, members) in [(MembershipChange::Remove, &left), (MembershipChange::Add, &joined)] {
            if result.is_ok() {
                result = self.send_members(change, members, &mut link, dialect).await;
            }
        }
        match result {
            Err(problem) => passage.fail(&group.display_name, Action::Update, problem),
            Ok(()) if joined.is_empty() && left.is_empty() => {}
            Ok(()) => {
                let reason = format!("members: {} joined, {} left", joined.len(), left.len());
                passage.entry(&group.display_name, Action::Update, Status::Success, reason);
                passage.written.push("members".to_owned());
            }
        }
        passage.link = LinkChange::Group(link);
    }

    /// Batch by batch; what was answered with success is remembered even where a later batch fails.
    async fn send_members(
        &self,
        change: MembershipChange,
        members: &[usize],
        link: &mut GroupLink,
        dialect: PatchDialect,
    ) -> Result<(), Problem> {
        let batch = self.settings.batch.max(1);
        let path = format!("/Groups/{}", escape_segment(&link.id));
        for members in members.chunks(batch) {
            let ids: Vec<_> =
                members.iter().filter_map(|member| self.user(*member).map(|user| user.id.clone())).collect();
            for body in member_bodies(change, &ids, batch, dialect) {
                judge(On::Patch, self.client.send(Method::PATCH, &path, Some(&body)).await)?;
            }
            for member in members {
                match change {
                    MembershipChange::Add => drop(link.members.insert(*member)),
                    MembershipChange::Remove => drop(link.members.remove(member)),
                }
            }
        }
        Ok(())
    }
}
