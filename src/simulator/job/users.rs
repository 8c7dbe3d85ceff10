//! One person's passage: match, create, compare, patch, switch off, delete.

use std::sync::atomic::Ordering;

use http::Method;
use serde_json::Value;

use super::answer::{On, Problem, hits, id_of, judge, resource};
use super::matching::{self, Match};
use super::{Job, JobObject, LinkChange, Passage, UserLink};
use crate::simulator::client::escape_segment;
use crate::simulator::mapping::{TargetPath, user_frame};
use crate::simulator::patch::{AttributeChange, PatchDialect, body, differences};
use crate::simulator::report::{Action, ErrorCode, Status};
use crate::simulator::source::{SourcePerson, Tenant};

/// How many new objects of a cycle are looked for by a filter at once.
pub const MAX_OBSERVATIONS: usize = 10;

impl Job {
    /// One person.
    pub(super) async fn user_passage(&self, source: &Tenant, index: usize, dialect: PatchDialect) -> Passage {
        let mut passage = Passage::new(JobObject::User(index));
        let person = &source.people[index];
        if self.is_halted() {
            return passage;
        }
        match self.user(index) {
            None => self.unlinked(person, dialect, &mut passage).await,
            Some(link) => self.linked(person, link, dialect, &mut passage).await,
        }
        if passage.problem.as_ref().is_some_and(|problem| problem.quarantines) {
            self.halted.store(true, Ordering::Relaxed);
        }
        passage
    }

    async fn unlinked(&self, person: &SourcePerson, dialect: PatchDialect, passage: &mut Passage) {
        if person.purged || !person.assigned {
            return;
        }
        let name = person.user_principal_name();
        let table = &self.settings.mappings.users;
        match matching::find(&self.client, "/Users", table, person).await {
            Err(problem) => passage.fail(&name, Action::Other, problem),
            Ok(Match::NoValue) => passage.skip(
                &name,
                ErrorCode::EntrySynchronizationSkipped,
                "the matching attribute is empty, so the person can neither be found nor created",
            ),
            Ok(Match::None) if !person.is_active() => {
                passage.skip(&name, ErrorCode::EntrySynchronizationSkipped, "a disabled account is not created");
            }
            Ok(Match::None) => self.create(person, &name, passage).await,
            Ok(Match::One(id)) => {
                let link = UserLink { id, is_active: true, is_managed: true, manager: None };
                passage.link = LinkChange::User(link.clone());
                self.linked(person, &link, dialect, passage).await;
            }
        }
    }

    async fn create(&self, person: &SourcePerson, name: &str, passage: &mut Passage) {
        let sent = self.settings.mappings.users.body(person, user_frame());
        let answer = judge(On::Create, self.client.send(Method::POST, "/Users", Some(&sent)).await);
        match answer.and_then(|answer| id_of(answer.json.as_ref().unwrap_or(&Value::Null))) {
            Err(problem) => passage.fail(name, Action::Create, problem),
            Ok(id) => {
                passage.entry(name, Action::Create, Status::Success, "");
                passage.found_at_once = self.observe(person, &id).await;
                passage.made = Some(id.clone());
                passage.link =
                    LinkChange::User(UserLink { id, is_active: person.is_active(), is_managed: true, manager: None });
            }
        }
    }

    /// Whether a filter finds the new object at once, asked by an independent request.
    async fn observe(&self, person: &SourcePerson, id: &str) -> Option<Result<(), String>> {
        if self.observations.fetch_add(1, Ordering::Relaxed) >= MAX_OBSERVATIONS {
            return None;
        }
        let name = person.user_principal_name();
        let row = self.settings.mappings.users.matching().into_iter().next()?;
        let value = row.desired(person);
        let path = matching::path("/Users", row.target.text(), value.as_str()?);
        let answer = judge(On::Filter, self.observer.send(Method::GET, &path, None).await);
        Some(match answer.and_then(|answer| hits(&answer)) {
            Err(problem) => Err(format!("{name}: {}", problem.reason)),
            Ok(hits) if hits.iter().any(|hit| hit["id"] == id) => Ok(()),
            Ok(hits) => Err(format!("{name}: {} hits, and {id} is not among them", hits.len())),
        })
    }

    async fn linked(&self, person: &SourcePerson, link: &UserLink, dialect: PatchDialect, passage: &mut Passage) {
        let name = person.user_principal_name();
        let has_active = self.settings.mappings.users.has_active();
        let leaves = !person.assigned && !person.purged;
        if !link.is_managed && !person.assigned {
            return;
        }
        if leaves && self.settings.skip_out_of_scope {
            passage.skip(
                &name,
                ErrorCode::EntrySynchronizationSkipped,
                "out of scope, and SkipOutOfScopeDeletions is set",
            );
            return;
        }
        if person.purged || (!person.is_active() && !has_active) {
            self.delete_user(&name, link, passage).await;
            return;
        }
        let path = format!("/Users/{}", escape_segment(&link.id));
        let answer = judge(On::Read, self.client.send(Method::GET, &path, None).await);
        let read = match answer.and_then(|answer| resource(&answer).cloned()) {
            Ok(read) => read,
            Err(problem) => {
                if problem.code == ErrorCode::InvalidAnchor {
                    passage.link = LinkChange::Drop;
                }
                passage.fail(&name, Action::Other, problem);
                return;
            }
        };
        let table = &self.settings.mappings.users;
        let desired = table.desired(person);
        let mut changes = differences(&table.rows, &desired, &read);
        if leaves {
            // Who is out of scope is switched off and otherwise left as it was.
            changes.retain(|change| change.target.text().eq_ignore_ascii_case("active"));
        }
        let mut link = UserLink { manager: self.manager_of(&read), ..link.clone() };
        if let Err(problem) = self.patch_user(&name, &path, &changes, dialect, person, passage).await {
            passage.fail(&name, if person.is_active() { Action::Update } else { Action::Disable }, problem);
        } else {
            (link.is_active, link.is_managed) = (person.is_active(), person.assigned);
        }
        passage.link = LinkChange::User(link);
    }

    async fn patch_user(
        &self,
        name: &str,
        path: &str,
        changes: &[AttributeChange<'_>],
        dialect: PatchDialect,
        person: &SourcePerson,
        passage: &mut Passage,
    ) -> Result<(), Problem> {
        if changes.is_empty() {
            return Ok(());
        }
        let body = body(changes, dialect);
        judge(On::Patch, self.client.send(Method::PATCH, path, Some(&body)).await)?;
        let short: Vec<_> = changes.iter().map(|change| change.target.short()).collect();
        let disables =
            !person.is_active() && changes.iter().any(|change| change.target.is_boolean() && change.value == false);
        let action = if disables { Action::Disable } else { Action::Update };
        passage.entry(name, action, Status::Success, short.join(", "));
        passage.written = changes.iter().map(|change| change.target.text().to_owned()).collect();
        Ok(())
    }

    async fn delete_user(&self, name: &str, link: &UserLink, passage: &mut Passage) {
        let path = format!("/Users/{}", escape_segment(&link.id));
        match judge(On::Delete, self.client.send(Method::DELETE, &path, None).await) {
            Err(problem) => passage.fail(name, Action::Delete, problem),
            Ok(_) => {
                passage.entry(name, Action::Delete, Status::Success, "");
                passage.deleted = Some(link.id.clone());
                passage.link = LinkChange::Drop;
            }
        }
    }

    /// The id of the manager on a resource: `{"value": ...}`, or the bare text.
    fn manager_of(&self, read: &Value) -> Option<String> {
        let target: &TargetPath = self.settings.mappings.users.reference.as_ref()?;
        let value = target.read(read)?;
        value.as_str().or_else(|| value.get("value")?.as_str()).map(str::to_owned)
    }
}
