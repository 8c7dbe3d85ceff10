//! What the metrics and the log tell of the statuses.

use std::collections::HashMap;

use super::observe::KnownDirectory;
use crate::controller::events::LoginTransitions;
use crate::metrics::{Metrics, QuotaUse};
use crate::redaction::without_values;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// What the metrics tell of the Directories.
pub fn report(metrics: &Metrics, directories: &HashMap<DirectoryName, KnownDirectory>, logins: &LoginTransitions) {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let quotas = directories.iter().flat_map(|(name, known)| {
        known.quota.iter().map(move |usage| QuotaUse {
            namespace: name.namespace().to_owned(),
            directory: name.name().to_owned(),
            user_type: usage.user_type.clone().unwrap_or_default(),
            used: number(usage.used),
            limit: number(usage.limit),
        })
    });
    metrics.set_quotas(quotas);
    let duplicates = directories.iter().flat_map(|(name, known)| {
        let counts =
            [(Kind::USER.plural, known.duplicate_users.count), (Kind::GROUP.plural, known.duplicate_groups.count)];
        counts.map(|(kind, count)| (name.namespace().to_owned(), name.name().to_owned(), kind, count))
    });
    metrics.set_duplicates(duplicates);
    let ready = logins.ready();
    metrics.set_login_ready(ready.map(|(name, holds)| (name.namespace().to_owned(), name.name().to_owned(), holds)));
}

/// A status could not be written.
pub fn failed(reason: &str) {
    tracing::warn!(reason = without_values(reason), "a status could not be written and is written later");
}
