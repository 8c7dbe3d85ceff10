//! The index, case by case and against a model that keeps everything.

mod cases;
mod membership;
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

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.name).collect()
}

fn rules(attributes: &[&str], built_in_users_listed: bool) -> IndexRules {
    let unique = attributes.iter().map(|attribute| (*attribute, crate::rules::naming::Force::Claiming)).collect();
    IndexRules { unique, built_in_users_listed }
}
