//! `users.quota`: how many active users there may be, of the whole Directory and of each effective userType.
//!
//! Only what makes the number grow is ever refused: the create of an active user, a reactivation, a change of userType
//! into a type that is full. The numbers come from the index of the replica that asks, so replicas may together go over
//! a quota by the requests that are in flight at one moment, and by no more. The answer is 400 and never 403, on which
//! Entra would stop the whole job, deactivations included.
//!
//! What people do with kubectl is not asked: an account that they write, or a deleted person whom they ask back, is their
//! decision, and counts from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Policy, is_active};
use crate::scim::path::shown;
use crate::scim::{Attributes, Error};

/// From this part of a quota on it is nearly used up, in percent.
pub const WARNING_PERCENT: usize = 80;

/// How much of one quota is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The effective userType that the quota is for; nothing for that of the whole Directory.
    pub user_type: Option<String>,
    /// Active users.
    pub used: usize,
    /// How many there may be.
    pub limit: usize,
}

/// How near a quota is to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// There is room.
    Below,
    /// At least [`WARNING_PERCENT`] of it is used.
    Nearly,
    /// All of it is used, or more: nobody can be added.
    Reached,
}

impl Usage {
    /// How near it is to its end.
    pub fn level(&self) -> Level {
        if self.used >= self.limit {
            Level::Reached
        } else if self.used.saturating_mul(100) >= self.limit.saturating_mul(WARNING_PERCENT) {
            Level::Nearly
        } else {
            Level::Below
        }
    }
}

/// The use of each quota: that of the whole Directory first, then those of types in the order of their names. `active`
/// are the active users by their `userType` as it was sent, as the index counts them.
pub fn usage(policy: &Policy, active: &BTreeMap<Option<Arc<str>>, usize>) -> Vec<Usage> {
    let count = |limit: i64| usize::try_from(limit).unwrap_or(0);
    let whole = policy.quota.active_users.map(|limit| Usage {
        user_type: None,
        used: active.values().sum(),
        limit: count(limit),
    });
    let of_types = policy.quota.by_user_type.iter().map(|(user_type, limit)| {
        let counts = |sent: Option<&str>| policy.effective_user_type(sent) == Some(user_type.as_str());
        let used = active.iter().filter(|(sent, _)| counts(sent.as_deref())).map(|(_, count)| count).sum();
        Usage { user_type: Some(user_type.clone()), used, limit: count(*limit) }
    });
    whole.into_iter().chain(of_types).collect()
}

/// What a write adds to the number of active users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// One more in the whole Directory.
    whole: bool,
    /// One more of this effective userType.
    user_type: Option<String>,
}

/// What the change of a user from `before` (nothing where the user is new) to `after` adds to quotas of the policy;
/// nothing where it adds to none, and then nobody needs to be counted.
pub fn growth(policy: &Policy, before: Option<&Attributes>, after: &Attributes) -> Option<Growth> {
    if !is_active(after) {
        return None;
    }
    let before = before.filter(|before| is_active(before));
    let user_type = |attributes| policy.effective_user_type(user_type_of(attributes));
    let enters = before.is_none_or(|before| user_type(before) != user_type(after));
    let is_limited = |user_type: &&str| policy.quota.by_user_type.contains_key(*user_type);
    let growth = Growth {
        whole: before.is_none() && policy.quota.active_users.is_some(),
        user_type: user_type(after).filter(|_| enters).filter(is_limited).map(str::to_owned),
    };
    (growth.whole || growth.user_type.is_some()).then_some(growth)
}

fn user_type_of(attributes: &Attributes) -> Option<&str> {
    attributes.get("userType")?.as_str()
}

/// Refuses growth beyond a quota that is used up.
pub fn check(growth: &Growth, usage: &[Usage]) -> Result<(), Error> {
    let grows = |usage: &&Usage| match &usage.user_type {
        None => growth.whole,
        user_type => *user_type == growth.user_type,
    };
    match usage.iter().filter(grows).find(|usage| usage.level() == Level::Reached) {
        Some(usage) => Err(Error::InvalidValue(sentence(usage))),
        None => Ok(()),
    }
}

fn sentence(usage: &Usage) -> String {
    let Usage { user_type, used, limit } = usage;
    let (what, field, other) = match user_type {
        None => (String::new(), "activeUsers", "Deactivate or unassign users"),
        Some(user_type) => (
            format!(" of userType {}", shown(user_type)),
            "byUserType",
            "Deactivate or unassign such users, give this one another userType",
        ),
    };
    format!(
        "The quota of this directory is used up: {used} of {limit} active users{what}. {other}, or raise \
         spec.users.quota.{field} of the Directory; until then deactivations and other updates go on."
    )
}
