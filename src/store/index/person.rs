//! What every door asks about one person: nothing here takes longer, or more memory, in a larger Directory or for a person in
//! more groups.

use std::sync::Arc;

use super::claim::ClaimId;
use super::resource::{IndexedResource, hash};
use super::tables::Tables;
use super::{Index, LookupKey};
use crate::api::directory_user::LastDeactivation;
use crate::rules::access::Person;
use crate::rules::naming::{USER_NAME, canonical};
use crate::rules::resource::Resource;

/// A person, as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPerson {
    /// `metadata.name`, the SCIM id.
    pub id: Arc<str>,
    /// First eight characters of `metadata.uid`.
    pub uid: [u8; 8],
    /// What decides about access; the account is in it.
    pub access: Person,
    /// `spec.sessionEpoch`: sessions of an older one are over.
    pub session_epoch: i64,
    /// `spec.endedSessions`: the ids of sessions that were signed out.
    pub ended_sessions: Arc<[Arc<str>]>,
    /// `spec.scim` as compact JSON.
    pub scim: Arc<[u8]>,
}

impl Index {
    /// A person, whether SCIM shows it or not: tombstones and built-in accounts too.
    pub fn person(&self, id: &str) -> Option<KnownPerson> {
        let tables = self.tables.read();
        let (id, resource) = tables.resource(Resource::User, id)?;
        let logins = resource.logins.as_deref();
        Some(KnownPerson {
            id: Arc::clone(id),
            uid: resource.uid,
            access: access(resource),
            session_epoch: logins.map_or(0, |logins| logins.session_epoch),
            ended_sessions: logins.map(|logins| Arc::clone(&logins.ended_sessions)).unwrap_or_default(),
            scim: Arc::clone(&resource.scim),
        })
    }

    /// Which request over SCIM last deactivated or deleted a person, if any did.
    pub fn last_deactivation(&self, id: &str) -> Option<LastDeactivation> {
        self.tables.read().resource(Resource::User, id)?.1.last_deactivation.as_deref().cloned()
    }

    /// Whether a person is invited to set a password, or was and its status still tells of it.
    pub fn is_invited(&self, id: &str) -> bool {
        self.tables.read().resource(Resource::User, id).is_some_and(|(_, resource)| resource.marks.invited)
    }

    /// Whether a person is a direct member of a visible group among these, each named by its displayName, whatever the letter
    /// case, or by its SCIM id. Where several groups have one displayName, each of them counts.
    pub fn is_member_of_any(&self, id: &str, groups: &[String]) -> bool {
        let tables = self.tables.read();
        let Some((_, person)) = tables.resource(Resource::User, id) else { return false };
        let is_member_of = |group: &str| tables.edges.contains(&person.member_of, group) && tables.shows_group(group);
        groups.iter().any(|group| is_member_of(group) || self.is_member_by_name(&tables, group, is_member_of))
    }

    fn is_member_by_name(&self, tables: &Tables, name: &str, is_member_of: impl Fn(&str) -> bool) -> bool {
        let name = canonical(name);
        let hash = hash(&LookupKey::DisplayName(name.clone()), &self.hasher);
        // Another name can have the same hash.
        let is_named = |group: &str| {
            let group = tables.resource(Resource::Group, group);
            group.and_then(|(_, group)| group.display_name.as_deref()).is_some_and(|shown| canonical(shown) == name)
        };
        let mut candidates = tables.resources(Resource::Group).visible.by_key(hash);
        candidates.any(|group| is_member_of(group) && is_named(group))
    }

    /// The displayNames of the visible groups that a person is a direct member of: the first `max` in the order of the groups'
    /// SCIM ids, which is the same on every replica, and whether there are more.
    pub fn group_names(&self, id: &str, max: usize) -> (Vec<Arc<str>>, bool) {
        let tables = self.tables.read();
        let Some((_, person)) = tables.resource(Resource::User, id) else { return (Vec::new(), false) };
        let groups = tables.edges.names(&person.member_of).filter_map(|group| tables.resource(Resource::Group, group));
        let shown = groups.filter(|(_, group)| group.shown);
        let mut names = shown.filter_map(|(_, group)| group.display_name.clone());
        let first = names.by_ref().take(max).collect();
        (first, names.next().is_some())
    }

    /// Which of these people of the Directory of this name there are not, by userName, whatever the letter case, or by SCIM id.
    pub fn unknown_people(&self, directory: &str, people: &[String]) -> Vec<String> {
        let tables = self.tables.read();
        let is_living = |id: &str| tables.resource(Resource::User, id).is_some_and(|(_, user)| !user.marks.deleted);
        let is_named = |name: &str| {
            let id = ClaimId::of(directory, USER_NAME, &canonical(name));
            id.is_some_and(|id| tables.live_holder(id).is_some())
        };
        people.iter().filter(|person| !is_living(person) && !is_named(person)).cloned().collect()
    }

    /// Which of these groups no visible group is, by displayName or SCIM id.
    pub fn unknown_groups(&self, groups: &[String]) -> Vec<String> {
        let tables = self.tables.read();
        let is_known = |group: &str| tables.shows_group(group) || self.is_member_by_name(&tables, group, |_| true);
        groups.iter().filter(|group| !is_known(group)).cloned().collect()
    }
}

fn access(resource: &IndexedResource) -> Person {
    let marks = resource.marks;
    Person {
        owns_its_values: resource.owns_its_values(),
        is_rejected: marks.rejected,
        is_deleted: marks.deleted,
        is_active: marks.let_in,
        is_suspended: marks.suspended,
        is_suspended_by_portal: marks.suspended_by_portal,
        login_method: resource.login_method,
        account: resource.logins.as_ref().and_then(|logins| logins.account.clone()),
    }
}
