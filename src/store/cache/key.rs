//! What is kept of a DirectoryKey.

use super::table::{Digest, Tabled, spec_of};
use crate::api::{DirectoryKeySpec, Object};
use crate::store::kind::Kind;

/// A DirectoryKey, as the watch last saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchedKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it opens, and when.
    pub spec: DirectoryKeySpec,
}

impl Tabled for WatchedKey {
    const KIND: Kind = Kind::KEY;

    fn read(object: &Object) -> Option<Self> {
        let spec = spec_of(Self::KIND, object)?;
        Some(Self { namespace: object.namespace().to_owned(), name: object.name().to_owned(), spec })
    }

    fn digest(&self) -> Option<Digest> {
        let digest = data_encoding::HEXLOWER.decode(self.spec.sha256.as_ref()?.as_bytes()).ok()?;
        digest.try_into().ok()
    }

    /// A revocation that is taken back opens the key again. Both ways are in the log, for whoever asks later when a key was
    /// good.
    fn log_change(before: Option<&Self>, after: Option<&Self>) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let Self { namespace, name, spec } = after;
        let directory = &spec.directory_ref.name;
        match (before.is_revoked(), after.is_revoked()) {
            (false, true) => tracing::warn!(namespace, key = name, directory, "a key was revoked"),
            (true, false) => {
                tracing::warn!(namespace, key = name, directory, "a revocation was taken back: the key opens again");
            }
            _ => {}
        }
    }
}

impl WatchedKey {
    /// Whether somebody has revoked it.
    pub fn is_revoked(&self) -> bool {
        self.spec.revoked == Some(true)
    }
}
