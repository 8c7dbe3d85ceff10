//! Which values of a Directory are unique, and how far each rule is on its way.

use crate::api::directory::{DirectorySpec, Uniqueness};
use crate::api::directory_status::{DirectoryStatus, UniqueAttributeState};

/// The claimed attribute that a group always has: the *name*.
pub const GROUP_NAME: &str = "Group.displayName";
/// `externalId` of users, claimed where `uniqueExternalId.users` is Enforce.
pub const USER_EXTERNAL_ID: &str = "User.externalId";
/// `externalId` of groups, claimed where `uniqueExternalId.groups` is Enforce.
pub const GROUP_EXTERNAL_ID: &str = "Group.externalId";

/// How far a rule is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Force {
    /// Values are named and claimed, and a taken one is no error yet.
    Claiming,
    /// A second use is refused.
    InForce,
}

/// The claimed attributes of a Directory beside the names and the link, which are always in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UniqueRules(Vec<(String, Force)>);

impl UniqueRules {
    /// The rules that the spec names, each as far as the status says; what the spec names and the status does not is not
    /// claimed yet.
    pub fn of(spec: &DirectorySpec, status: &DirectoryStatus) -> Self {
        let wanted = wanted(spec);
        let known = status.unique_attributes.iter().filter(|known| wanted.contains(&known.attribute));
        let rules = known.filter_map(|known| {
            let force = match known.state {
                UniqueAttributeState::Claiming => Force::Claiming,
                UniqueAttributeState::InForce => Force::InForce,
                UniqueAttributeState::Unknown => return None,
            };
            Some((known.attribute.clone(), force))
        });
        Self(rules.collect())
    }

    /// The attributes and how far each is.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Force)> {
        self.0.iter().map(|(attribute, force)| (attribute.as_str(), *force))
    }

    /// How far the rule on an attribute is; nothing where it is none.
    pub fn force(&self, attribute: &str) -> Option<Force> {
        self.iter().find_map(|(known, force)| (known == attribute).then_some(force))
    }
}

/// The attributes that the spec wants to be unique, as claims name them.
pub fn wanted(spec: &DirectorySpec) -> Vec<String> {
    let users = (spec.unique_external_id.users == Uniqueness::Enforce).then_some(USER_EXTERNAL_ID.to_owned());
    let groups = (spec.unique_external_id.groups == Uniqueness::Enforce).then_some(GROUP_EXTERNAL_ID.to_owned());
    let paths = spec.users.unique_attributes.iter().map(|path| format!("User.{path}"));
    users.into_iter().chain(groups).chain(paths).collect()
}
