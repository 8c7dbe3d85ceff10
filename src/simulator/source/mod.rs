//! The source directory: people and groups of a tenant that exists nowhere, and their state in it.
//!
//! Everything is decided by the seed. Objects are addressed by their position, which never changes.

pub mod attributes;
mod generate;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use generate::TenantSettings;

/// A role of the application that a person is assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRole {
    /// The value in the application's manifest.
    pub value: String,
    /// Its display name.
    pub display: String,
}

/// What a mapping reads: a person or a group.
pub trait Entity {
    /// The value of a single-valued attribute.
    fn attribute(&self, name: &str) -> Option<String>;
    /// The roles of the application, if it is a person who has any.
    fn roles(&self) -> &[AppRole];
}

/// A person of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePerson {
    /// The object id, a GUID.
    pub object_id: String,
    /// The attributes by their names in the directory. One that is missing is empty.
    pub attributes: BTreeMap<String, String>,
    /// The position of the manager.
    pub manager: Option<usize>,
    /// The roles of the application.
    pub roles: Vec<AppRole>,
    /// Whether the person is assigned to the application: in scope.
    pub assigned: bool,
    /// `accountEnabled`.
    pub enabled: bool,
    /// Whether the person lies in the recycle bin.
    pub soft_deleted: bool,
    /// Whether the person is gone for good.
    pub purged: bool,
    /// The number of the last change.
    pub changed_at: u64,
}

impl SourcePerson {
    /// In scope, enabled and there: whom the target should have as active.
    pub fn is_active(&self) -> bool {
        self.assigned && self.enabled && !self.soft_deleted && !self.purged
    }

    /// The userPrincipalName; in the recycle bin it begins with the object id, so that it is free for others.
    pub fn user_principal_name(&self) -> String {
        let name = self.attributes.get("userPrincipalName").map_or("", String::as_str);
        if self.soft_deleted { format!("{}{name}", self.object_id.replace('-', "")) } else { name.to_owned() }
    }
}

impl Entity for SourcePerson {
    fn attribute(&self, name: &str) -> Option<String> {
        let flag = |value: bool| Some(if value { "True" } else { "False" }.to_owned());
        match name {
            "objectId" => Some(self.object_id.clone()),
            "userPrincipalName" => Some(self.user_principal_name()),
            "IsSoftDeleted" => flag(!self.is_active()),
            "accountEnabled" => flag(self.enabled),
            _ => self.attributes.get(name).cloned(),
        }
    }

    fn roles(&self) -> &[AppRole] {
        &self.roles
    }
}

/// A group of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The object id, a GUID.
    pub object_id: String,
    /// The display name.
    pub display_name: String,
    /// The positions of its members.
    pub members: BTreeSet<usize>,
    /// Whether it is assigned to the application.
    pub assigned: bool,
    /// Whether it is deleted.
    pub deleted: bool,
    /// The number of the last change.
    pub changed_at: u64,
}

impl Group {
    /// Whether the target should have it.
    pub fn is_in_scope(&self) -> bool {
        self.assigned && !self.deleted
    }
}

impl Entity for Group {
    fn attribute(&self, name: &str) -> Option<String> {
        match name {
            "objectId" => Some(self.object_id.clone()),
            "displayName" => Some(self.display_name.clone()),
            _ => None,
        }
    }

    fn roles(&self) -> &[AppRole] {
        &[]
    }
}

/// The tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The domain of everybody's names, under `.example`.
    pub domain: String,
    /// Everybody.
    pub people: Vec<SourcePerson>,
    /// Every group.
    pub groups: Vec<Group>,
    /// The number of the last change: a watermark.
    pub sequence: u64,
}

impl Tenant {
    /// A tenant in which nobody is assigned to the application yet.
    pub fn generate(settings: &TenantSettings) -> Self {
        generate::source(settings)
    }

    /// Changes a person; positions beyond the last one are ignored.
    pub fn change_person(&mut self, index: usize, change: impl FnOnce(&mut SourcePerson)) {
        if let Some(person) = self.people.get_mut(index) {
            change(person);
            self.sequence += 1;
            person.changed_at = self.sequence;
        }
    }

    /// Changes a group; positions beyond the last one are ignored.
    pub fn change_group(&mut self, index: usize, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.get_mut(index) {
            change(group);
            self.sequence += 1;
            group.changed_at = self.sequence;
        }
    }

    /// Removes a person for good: from the groups too.
    pub fn purge(&mut self, index: usize) {
        self.change_person(index, |person| (person.soft_deleted, person.purged) = (true, true));
        for group in &mut self.groups {
            // The target forgets the membership with the person, so this is no change of the group.
            group.members.remove(&index);
        }
    }

    /// The tenant as JSON, for people who want to see what will be sent.
    pub fn to_json(&self) -> Value {
        let people = self.people.iter().map(|person| {
            let mut object = json!(person.attributes);
            object["objectId"] = person.object_id.as_str().into();
            object["manager"] = person.manager.map(|manager| self.people[manager].user_principal_name()).into();
            object["appRoles"] = person.roles.iter().map(|role| role.value.as_str()).collect();
            object
        });
        let groups = self.groups.iter().map(|group| {
            let members = group.members.iter().map(|member| self.people[*member].user_principal_name());
            json!({
                "objectId": group.object_id,
                "displayName": group.display_name,
                "members": members.collect::<Vec<_>>(),
            })
        });
        json!({ "domain": self.domain, "people": people.collect::<Vec<_>>(), "groups": groups.collect::<Vec<_>>() })
    }
}
