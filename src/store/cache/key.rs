//! What is kept of a DirectoryKey.

use jiff::Timestamp;

use super::directory::Seen;
use super::table::{Digest, Tabled, spec_of};
use crate::api::{DirectoryKeySpec, Object};
use crate::rules::naming::{DELIVERED_ANNOTATION, PREDECESSOR_ANNOTATION};
use crate::store::kind::Kind;

/// A DirectoryKey, as the watch last saw it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchedKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it opens, and when.
    pub spec: DirectoryKeySpec,
    /// Whether somebody says that the minted secret was handed over ([`DELIVERED_ANNOTATION`]).
    pub is_delivered: bool,
    /// When it was created, in whole seconds of the API server's clock.
    pub created_at: Option<Timestamp>,
    /// The annotation [`PREDECESSOR_ANNOTATION`].
    pub predecessor: Option<String>,
    /// Which state of it this is.
    pub seen: Seen,
}

impl Tabled for WatchedKey {
    const KIND: Kind = Kind::KEY;

    fn read(object: &Object) -> Option<Self> {
        let spec = spec_of(Self::KIND, object)?;
        Some(Self {
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            spec,
            is_delivered: object.has_annotation(DELIVERED_ANNOTATION),
            created_at: object.creation_timestamp(),
            predecessor: object.annotation(PREDECESSOR_ANNOTATION).map(str::to_owned),
            seen: Seen::of(object),
        })
    }

    fn digest(&self) -> Option<Digest> {
        let digest = data_encoding::HEXLOWER.decode(self.spec.sha256.as_ref()?.as_bytes()).ok()?;
        digest.try_into().ok()
    }

    /// A revocation that is taken back opens the key again. Both ways are in the log, for whoever asks later when a key was
    /// good.
    fn log_change(before: Option<&Self>, after: Option<&Self>) {
        let (Some(before), Some(after)) = (before, after) else { return };
        let Self { namespace, name, spec, .. } = after;
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
    /// The name of the Directory that it opens.
    pub fn directory(&self) -> &str {
        &self.spec.directory_ref.name
    }

    /// Whether somebody has revoked it.
    pub fn is_revoked(&self) -> bool {
        self.spec.revoked == Some(true)
    }
}
