//! The Directory's policy at the moment of a write: compiled from its spec, its quotas counted from the index.

use std::time::Instant;

use super::{Context, Error};
use crate::rules::policy::{Policy, quota};
use crate::scim::Attributes;
use crate::scim::extension::Extension;

impl Context {
    /// The rules of the Directory.
    pub(super) fn policy(&self) -> Policy {
        Policy::of(&self.directory.spec)
    }

    /// The extensions that the Directory declares for its users, for discovery.
    pub fn declared_extensions(&self) -> Vec<Extension> {
        self.policy().extensions().to_vec()
    }

    /// Refuses what the policy does not allow a user to become, from `before` or from nothing. Active users are counted
    /// only for a write that adds one to a quota, and then by an index that is fresh: a silent watch must not let a
    /// quota be passed for minutes.
    pub(super) fn check(&self, policy: &Policy, before: Option<&Attributes>, after: &Attributes) -> Result<(), Error> {
        policy.check(after)?;
        let Some(growth) = quota::growth(policy, before, after) else { return Ok(()) };
        self.store.fresh(Instant::now())?;
        let active = self.store.index(&self.directory.namespace, &self.directory.name).active_users();
        Ok(quota::check(&growth, &quota::usage(policy, &active))?)
    }
}
