//! What a Directory asks of its users, compiled from its spec: what is refused, and what the rest amounts to.
//!
//! Two kinds of rule, and they never mix. A refusal ([`Policy::check`], [`quota::check`]) stops a write, and a person who
//! is deactivated is never stopped: see there. An *effective* value ([`Policy::effective`]) is what doors and the status
//! go by where the stored value says less or more: the default userType, the highest portal role that SCIM may give, a
//! list that came as one text. What is stored, and what a GET returns, stays as it was sent, or Entra would repeat its
//! PATCH in every cycle.
//!
//! A rule that this version cannot read binds nobody; [`Policy::problems`] says so to the owner of the Directory.

mod effective;
mod extension;
mod newer;
pub mod quota;
mod required;
mod role;
#[cfg(test)]
mod tests;
mod user_type;

use serde_json::{Map, Value};

pub use self::effective::{Effective, MAX_NOTES, MAX_STATUS_BYTES, Note};
use self::required::Required;
use super::dialect::Dialect;
use crate::api::DirectorySpec;
use crate::api::directory::{PortalRole, Quota, UserTypes};
use crate::scim::extension::Extension;
use crate::scim::{Attributes, Error};

/// Most problems that are named one by one.
pub const MAX_PROBLEMS: usize = 8;

/// The rules of one Directory.
#[derive(Clone, Debug)]
pub struct Policy {
    dialect: Dialect,
    required: Vec<Required>,
    user_types: Option<UserTypes>,
    /// The highest portal role that SCIM gives; nothing where a newer version wrote one that is not known.
    ceiling: Option<PortalRole>,
    roles_are_declared: bool,
    add_means_replace_when_single: bool,
    extensions: Vec<Extension>,
    /// For each extension what its attributes count as where they are absent.
    defaults: Vec<Map<String, Value>>,
    quota: Quota,
    problems: Vec<String>,
}

impl Policy {
    /// Compiles the rules of a Directory. Costs microseconds: made anew for each write.
    pub fn of(spec: &DirectorySpec) -> Self {
        let users = &spec.users;
        let mut problems = newer::problems(spec);
        let (extensions, defaults) = extension::compile(&users.extensions, &mut problems);
        let required = required::compile(&users.required_attributes, "requiredAttributes", &extensions, &mut problems);
        required::compile(&users.unique_attributes, "uniqueAttributes", &extensions, &mut problems);
        required::contradictions(&required, &extensions, &defaults, &mut problems);
        Self {
            dialect: Dialect::of(spec.provisioning.source),
            required,
            user_types: users.user_types.clone(),
            ceiling: ceiling(spec),
            roles_are_declared: users.roles.is_some(),
            add_means_replace_when_single: users
                .roles
                .as_ref()
                .and_then(|roles| roles.add_means_replace_when_single)
                .unwrap_or(false),
            extensions,
            defaults,
            quota: users.quota.clone().unwrap_or_default(),
            problems,
        }
    }

    /// Whether a user may be stored with these attributes; where not, 400 `invalidValue` with what to do.
    ///
    /// A user who is not active is not looked at, whatever the operation: `active: false` must always pass, also together
    /// with a change that breaks a rule, and also for people who were there before the rule. So a policy that is
    /// tightened stops nobody who is there; the next write that leaves such a person active says what is missing.
    pub fn check(&self, attributes: &Attributes) -> Result<(), Error> {
        if !is_active(attributes) {
            return Ok(());
        }
        required::check(&self.required, self.dialect, attributes)?;
        self.user_types.as_ref().map_or(Ok(()), |types| user_type::check(types, attributes))
    }

    /// What the attributes of a user amount to.
    pub fn effective(&self, attributes: &Attributes) -> Effective {
        let mut notes = Vec::new();
        let user_type = user_type::effective(self.user_types.as_ref(), attributes, &mut notes);
        let portal_role = role::effective(self.ceiling, attributes, &mut notes);
        let extensions = extension::effective(&self.extensions, &self.defaults, attributes, &mut notes);
        // The limit is there without being written: what it takes away is to be seen.
        let is_capped = notes.iter().any(|note| matches!(note, Note::RoleCapped { .. }));
        Effective {
            user_type,
            portal_role,
            extensions,
            notes,
            shows_user_type: self.user_types.is_some(),
            shows_portal_role: self.roles_are_declared || is_capped,
        }
    }

    /// The userType that a value counts as.
    pub fn effective_user_type<'a>(&'a self, sent: Option<&'a str>) -> Option<&'a str> {
        user_type::counts_as(self.user_types.as_ref(), sent)
    }

    /// The declared extensions, as SCIM reads and shows them.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Whether an Add of one role takes the place of those that are there.
    pub fn add_means_replace_when_single(&self) -> bool {
        self.add_means_replace_when_single
    }

    /// What is wrong with the spec that admission could not see, in sentences for the owner of the Directory; at most
    /// [`MAX_PROBLEMS`] and how many more there are. None of it binds anybody.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<_> = self.problems.iter().take(MAX_PROBLEMS).cloned().collect();
        if self.problems.len() > MAX_PROBLEMS {
            problems.push(format!("and {} more", self.problems.len() - MAX_PROBLEMS));
        }
        problems
    }
}

/// What doors go by of a user: the part of [`Effective`] that decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The userType that the user counts as.
    pub user_type: Option<String>,
    /// The role in the portal.
    pub portal_role: Option<PortalRole>,
}

/// What doors go by, without compiling the rest of the rules: a door asks at each request.
pub fn counted(spec: &DirectorySpec, attributes: &Attributes) -> Counted {
    let sent = attributes.get("userType").and_then(Value::as_str);
    Counted {
        user_type: user_type::counts_as(spec.users.user_types.as_ref(), sent).map(str::to_owned),
        portal_role: role::effective(ceiling(spec), attributes, &mut Vec::new()),
    }
}

/// The highest portal role that SCIM gives; nothing where a newer version wrote one that is not known.
fn ceiling(spec: &DirectorySpec) -> Option<PortalRole> {
    let roles = spec.users.roles.as_ref();
    roles.and_then(|roles| roles.max_from_scim).unwrap_or(role::DEFAULT_CEILING).known()
}

/// Whether the identity provider lets the user in; without a word it does.
fn is_active(attributes: &Attributes) -> bool {
    attributes.get("active") != Some(&Value::Bool(false))
}
