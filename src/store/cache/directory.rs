//! What is kept of a Directory.

use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::table::{Tabled, spec_of};
use crate::api::directory_status::UniqueAttributeStatus;
use crate::api::{DirectorySpec, DirectoryStatus, Object};
use crate::rules::naming::UniqueRules;
use crate::store::kind::Kind;

/// A Directory, as the watch last saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedDirectory {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub spec: DirectorySpec,
    /// Which values are unique beside the names, as far as its status says.
    pub unique: Arc<UniqueRules>,
    /// Which state of it this is.
    pub seen: Seen,
}

/// One state of an object, for the writer of its status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// `metadata.uid`: after a restore it is another object.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.resourceVersion`.
    pub version: String,
    /// Whether somebody has deleted it and finalizers keep it.
    pub is_terminating: bool,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// `status` as it stands, unknown fields included.
    pub status: Value,
}

impl Seen {
    pub(super) fn of(object: &Object) -> Self {
        Self {
            uid: object.uid().to_owned(),
            generation: object.generation(),
            version: object.resource_version().to_owned(),
            is_terminating: object.is_terminating(),
            finalizers: object.finalizers().map(str::to_owned).collect(),
            status: object.status().clone(),
        }
    }
}

impl Tabled for WatchedDirectory {
    const KIND: Kind = Kind::DIRECTORY;

    fn read(object: &Object) -> Option<Self> {
        let spec = spec_of(Self::KIND, object)?;
        let unique = Arc::new(UniqueRules::of(&spec, &status_of(object)));
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        Some(Self { namespace, name, spec, unique, seen: Seen::of(object) })
    }
}

/// What the status says of unique attributes. Each entry is read by itself, so that one which a newer version wrote takes no
/// rule out of force.
fn status_of(object: &Object) -> DirectoryStatus {
    let entries = object.status()["uniqueAttributes"].as_array().into_iter().flatten();
    let unique_attributes = entries.filter_map(|entry| UniqueAttributeStatus::deserialize(entry).ok()).collect();
    DirectoryStatus { unique_attributes, ..DirectoryStatus::default() }
}
