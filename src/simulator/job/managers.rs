//! References between people: a manager is set by a PATCH of its own, once both ends are in the target.

use std::sync::atomic::Ordering;

use http::Method;

use super::answer::{On, judge};
use super::{Job, JobObject, LinkChange, Passage, UserLink};
use crate::simulator::client::escape_segment;
use crate::simulator::patch::{Op, PatchDialect, reference_body};
use crate::simulator::report::{Action, Status};
use crate::simulator::source::Tenant;

impl Job {
    /// The manager of one person. One who is not in the target is waited for; one who is out of scope is never sent.
    pub(super) async fn manager_passage(&self, source: &Tenant, index: usize, dialect: PatchDialect) -> Passage {
        let mut passage = Passage::new(JobObject::Manager(index));
        let person = &source.people[index];
        let target = self.settings.mappings.users.reference.as_ref();
        let (Some(target), Some(link), Some(manager)) = (target, self.user(index), person.manager) else {
            return passage;
        };
        if self.is_halted() || !person.assigned || person.purged || !link.is_managed {
            return passage;
        }
        let Some(manager) = self.user(manager).filter(|_| source.people[manager].assigned) else {
            passage.is_pending = true;
            return passage;
        };
        if link.manager.as_ref() == Some(&manager.id) {
            return passage;
        }
        let op = if link.manager.as_ref().is_none_or(String::is_empty) { Op::Add } else { Op::Replace };
        let body = reference_body(op, target, &manager.id, dialect);
        let path = format!("/Users/{}", escape_segment(&link.id));
        let name = person.user_principal_name();
        match judge(On::Patch, self.client.send(Method::PATCH, &path, Some(&body)).await) {
            Err(problem) => {
                if problem.quarantines {
                    self.halted.store(true, Ordering::Relaxed);
                }
                passage.fail(&name, Action::Update, problem);
            }
            Ok(_) => {
                passage.entry(&name, Action::Update, Status::Success, "manager");
                passage.written = vec!["manager".to_owned()];
                passage.link = LinkChange::User(UserLink { manager: Some(manager.id.clone()), ..link.clone() });
            }
        }
        passage
    }
}
