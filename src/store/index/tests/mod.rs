//! The index, case by case and against a model that keeps everything.

mod cases;
mod membership;
mod memory;
mod model;
mod objects;
mod properties;
mod rules;

use serde_json::Value;

use super::*;
use crate::api::Object;
use crate::store::kind::Kind;
use crate::store::version::{Origin, version_of};

const DIRECTORY: &str = "staff";
const WATCH: Origin<'_> = Origin::Watch(1);

/// A path that can be made unique.
const WORK_EMAIL: &str = "User.emails[type eq \"work\"].value";

/// An index, and what becomes dirty in it.
fn told() -> (Index, Arc<dirty::Subscription>) {
    let subscribers = Arc::new(Subscribers::default());
    let subscription = subscribers.add(|_| Some(std::time::Duration::ZERO));
    (Index::new(DirectoryName::new("n", DIRECTORY), subscribers), subscription)
}

/// The names that have become dirty since somebody last asked, `Directory` and the claims left out.
fn dirty_names(subscription: &dirty::Subscription) -> Vec<String> {
    let taken = std::iter::from_fn(|| subscription.take(std::time::Instant::now()));
    let names = taken.filter_map(|taken| match taken.name.subject {
        dirty::DirtySubject::User(name) | dirty::DirtySubject::Group(name) => Some(name.to_string()),
        _ => None,
    });
    names.collect()
}

fn conflicts(index: &Index, kind: Resource) -> Vec<UnownedValue> {
    index.unsettled(kind).iter().flat_map(|name| index.conflicts_of(kind, name)).collect()
}

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.name).collect()
}

fn rules(attributes: &[&str], built_in_users_listed: bool) -> IndexRules {
    let unique = attributes.iter().map(|attribute| (*attribute, crate::rules::naming::Force::Claiming)).collect();
    IndexRules { unique, built_in_users_listed }
}
