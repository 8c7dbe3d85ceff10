//! What is kept of a DirectoryApplication.

use super::directory::Seen;
use super::table::{Tabled, spec_of};
use crate::api::{DirectoryApplicationSpec, Object};
use crate::store::kind::Kind;

/// A DirectoryApplication, as the watch last saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedApplication {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its hosts and who may use it.
    pub spec: DirectoryApplicationSpec,
    /// Which state of it this is.
    pub seen: Seen,
}

impl Tabled for WatchedApplication {
    const KIND: Kind = Kind::APPLICATION;

    fn read(object: &Object) -> Option<Self> {
        let spec = spec_of(Self::KIND, object)?;
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        Some(Self { namespace, name, spec, seen: Seen::of(object) })
    }
}

impl WatchedApplication {
    /// The name of the Directory whose people use it.
    pub fn directory(&self) -> &str {
        &self.spec.directory_ref.name
    }
}
