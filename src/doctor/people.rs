//! The people and groups of a Directory, as far as the checks count them. No list is kept: a Directory may have a hundred
//! thousand people.

use super::blind::Blind;
use crate::api::Object;
use crate::rules::guid::is_guid;
use crate::rules::login_attributes::is_address_shaped;
use crate::rules::mapping::to_attributes;
use crate::rules::policy::Policy;
use crate::rules::retention::is_asked_back;
use crate::store::Store;
use crate::store::kind::Kind;
use crate::store::lists::Selection;

/// How many people are named as examples.
const MAX_EXAMPLES: usize = 5;

/// How many there are of something, and some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleTally {
    /// How many.
    pub count: usize,
    /// The first of them.
    pub examples: Vec<String>,
}

impl PeopleTally {
    fn add(&mut self, example: &str) {
        self.count += 1;
        if self.examples.len() < MAX_EXAMPLES {
            self.examples.push(example.to_owned());
        }
    }

    /// The examples in a sentence.
    pub fn shown(&self) -> String {
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        format!("{}{more}", self.examples.join(", "))
    }
}

/// The people and groups of a Directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Users who are not deleted.
    pub users: usize,
    /// Those of them who are active.
    pub active: usize,
    /// Users and groups that were deleted and are not purged yet.
    pub deleted: usize,
    /// Those of them whom somebody asks back.
    pub asked_back: PeopleTally,
    /// Active users without something that the Directory requires, and the sentence about the first.
    pub incomplete: PeopleTally,
    /// What a write of the first of them would be refused with.
    pub incomplete_because: String,
    /// Users whose userName is no e-mail address.
    pub unlike_email: PeopleTally,
    /// Active users whose externalId is no object id of the provider.
    pub without_object_id: PeopleTally,
    /// Users and groups one of whose values another object owns.
    pub conflicts: PeopleTally,
    /// Groups that are not deleted.
    pub groups: usize,
}

impl Population {
    /// Reads all of them.
    pub async fn read(store: &Store, selection: Selection<'_>, policy: &Policy) -> Result<Self, Blind> {
        let mut people = Self::default();
        let right = |kind: Kind| format!("list {} in {}", kind.plural, selection.namespace.unwrap_or_default());
        let users = store.objects().visit(Kind::USER, selection, |user| people.add_user(&user, policy)).await;
        users.map_err(|error| Blind::of(error, &right(Kind::USER)))?;
        let groups = store.objects().visit(Kind::GROUP, selection, |group| people.add_group(&group)).await;
        groups.map_err(|error| Blind::of(error, &right(Kind::GROUP)))?;
        Ok(people)
    }

    /// Counts a user.
    pub fn add_user(&mut self, user: &Object, policy: &Policy) {
        if self.add_deleted(user) || user.is_rejected() {
            return;
        }
        self.users += 1;
        let user_name = user.scim()["userName"].as_str().unwrap_or_default();
        if !is_address_shaped(user_name) {
            self.unlike_email.add(user_name);
        }
        self.add_conflict(user, user_name);
        if !user.is_let_in() {
            return;
        }
        self.active += 1;
        if !user.scim()["externalId"].as_str().is_some_and(is_guid) {
            self.without_object_id.add(user_name);
        }
        // What people wrote themselves is not held to the rules of the provider.
        if user.managed_by() == "People" {
            return;
        }
        if let Err(error) = policy.check(&to_attributes(user.scim())) {
            self.incomplete.add(user_name);
            if self.incomplete_because.is_empty() {
                self.incomplete_because = error.to_string();
            }
        }
    }

    /// Counts a group.
    pub fn add_group(&mut self, group: &Object) {
        if self.add_deleted(group) || group.is_rejected() {
            return;
        }
        self.groups += 1;
        self.add_conflict(group, group.scim()["displayName"].as_str().unwrap_or_default());
    }

    fn add_deleted(&mut self, object: &Object) -> bool {
        let is_deleted = object.is_deleted();
        if is_deleted {
            self.deleted += 1;
        }
        if is_asked_back(object) {
            self.asked_back.add(object.name());
        }
        is_deleted
    }

    fn add_conflict(&mut self, object: &Object, name: &str) {
        if is_in_conflict(object) {
            self.conflicts.add(&format!("{name} ({})", object.name()));
        }
    }
}

/// Whether the operator says that another object owns a value which this one names.
pub fn is_in_conflict(object: &Object) -> bool {
    let mut conditions = object.status()["conditions"].as_array().into_iter().flatten();
    conditions.any(|condition| {
        let is_about_it =
            condition["type"] == "NameClaimed" || (condition["type"] == "Ready" && condition["reason"] == "Taken");
        is_about_it && condition["status"] == "False"
    })
}
