//! Which values of a Directory are unique, and how far each rule is on its way.

use super::path::ClaimedPath;
use super::{GROUP_EXTERNAL_ID, USER_EXTERNAL_ID};
use crate::api::directory::{DirectorySpec, ExternalIdRule};
use crate::api::directory_status::{DirectoryStatus, UniqueAttributeState};
use crate::rules::resource::Resource;

/// How far a rule is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Force {
    /// Values are named and claimed, and a taken one is no error yet.
    Claiming,
    /// A second use is refused.
    InForce,
}

/// The claimed attributes of a Directory beside the names and the link, which are always in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UniqueRules(Vec<(ClaimedPath, Force)>);

impl UniqueRules {
    /// The rules that the spec names, each as far as the status says; what the spec names and the status does not is not
    /// claimed yet.
    pub fn of(spec: &DirectorySpec, status: &DirectoryStatus) -> Self {
        let wanted = wanted(spec);
        let known = status.unique_attributes.iter().filter(|known| wanted.contains(&known.attribute));
        let rules = known.map(|known| {
            let in_force = known.state.counts_as() == UniqueAttributeState::InForce;
            (known.attribute.as_str(), if in_force { Force::InForce } else { Force::Claiming })
        });
        rules.collect()
    }

    /// The attributes as claims name them, and how far each is.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Force)> {
        self.0.iter().map(|(path, force)| (path.attribute(), *force))
    }

    /// How far the rule on an attribute is; nothing where it is none.
    pub fn force(&self, attribute: &str) -> Option<Force> {
        self.iter().find_map(|(known, force)| (known == attribute).then_some(force))
    }

    /// Those of them that are in force.
    #[must_use]
    pub fn in_force(&self) -> Self {
        Self(self.0.iter().filter(|(_, force)| *force == Force::InForce).cloned().collect())
    }

    /// The attributes of one kind and where their values stand.
    pub(super) fn paths(&self, resource: Resource) -> impl Iterator<Item = (&str, &ClaimedPath)> {
        self.0.iter().filter(move |(path, _)| path.resource() == resource).map(|(path, _)| (path.attribute(), path))
    }
}

/// Attributes as claims name them; what this version cannot read is no rule.
impl<'a> FromIterator<(&'a str, Force)> for UniqueRules {
    fn from_iter<I: IntoIterator<Item = (&'a str, Force)>>(rules: I) -> Self {
        let rules = rules.into_iter();
        Self(rules.filter_map(|(attribute, force)| Some((ClaimedPath::of_attribute(attribute)?, force))).collect())
    }
}

/// The attributes that the spec wants to be unique, as claims name them, each once. Paths that no claim can be read from
/// are left out ([`unclaimable`]).
pub fn wanted(spec: &DirectorySpec) -> Vec<String> {
    let is_enforced = |rule: ExternalIdRule| rule.counts_as() == ExternalIdRule::Enforce;
    let users = is_enforced(spec.unique_external_id.users).then_some(USER_EXTERNAL_ID.to_owned());
    let groups = is_enforced(spec.unique_external_id.groups).then_some(GROUP_EXTERNAL_ID.to_owned());
    let paths = spec.users.unique_attributes.iter().filter_map(|path| ClaimedPath::parse(Resource::User, path));
    let mut wanted: Vec<String> = Vec::new();
    for attribute in users.into_iter().chain(groups).chain(paths.map(|path| path.attribute().to_owned())) {
        if !wanted.contains(&attribute) {
            wanted.push(attribute);
        }
    }
    wanted
}

/// The paths in `uniqueAttributes` that no claim can be read from, as they are written there: they make nothing unique.
pub fn unclaimable(spec: &DirectorySpec) -> Vec<String> {
    let paths = spec.users.unique_attributes.iter();
    paths.filter(|path| ClaimedPath::parse(Resource::User, path).is_none()).cloned().collect()
}
