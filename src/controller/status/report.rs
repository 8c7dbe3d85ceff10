//! What the metrics and the log tell of the statuses.

use std::collections::HashMap;

use super::observe::KnownDirectory;
use crate::metrics::{Metrics, QuotaUse};
use crate::store::Error;
use crate::store::index::dirty::DirectoryName;
use crate::store::kind::Kind;

/// What the metrics tell of the Directories, and how many names wait.
pub fn report(metrics: &Metrics, directories: &HashMap<DirectoryName, KnownDirectory>, waiting: usize) {
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
    metrics.set_dirty_names("status", waiting);
}

/// What the log has been told of what is wrong: the same reason once, until something goes well.
#[derive(Debug, Default)]
pub struct Told(Option<String>);

impl Told {
    /// Nothing failed.
    pub fn success(&mut self) {
        self.0 = None;
    }

    /// A status could not be written.
    pub fn failure(&mut self, error: &Error) {
        let reason = error.to_string();
        if self.0.as_ref() != Some(&reason) {
            tracing::warn!(reason, "a status could not be written and is written later");
            self.0 = Some(reason);
        }
    }
}
