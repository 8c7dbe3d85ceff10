//! What is kept of a DirectoryClaim.

use std::sync::Arc;

use crate::api::Object;
use crate::rules::naming::{GROUP_NAME, LINK, USER_NAME, UniqueRules, claim_name};
use crate::rules::resource::Resource;
use crate::store::version::Stamp;
use data_encoding::BASE32HEX_NOPAD;

/// What every claim's name starts with.
const CLAIM_PREFIX: &str = "c-";

/// The digest in the name of a claim: a third of the memory of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClaimId([u8; 25]);

impl ClaimId {
    /// The digest in a name; nothing where this is no name of a claim.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let digest = name.strip_prefix(CLAIM_PREFIX)?.to_ascii_uppercase();
        Some(Self(BASE32HEX_NOPAD.decode(digest.as_bytes()).ok()?.try_into().ok()?))
    }

    /// The name.
    pub(super) fn name(self) -> String {
        format!("{CLAIM_PREFIX}{}", BASE32HEX_NOPAD.encode(&self.0).to_ascii_lowercase())
    }

    pub(super) fn of(directory: &str, attribute: &str, value: &str) -> Option<Self> {
        Self::parse(&claim_name(directory, attribute, value))
    }
}

/// One DirectoryClaim.
#[derive(Clone, Debug)]
pub(super) struct IndexedClaim {
    pub(super) stamp: Stamp,
    /// `metadata.name` of the holder, of the kind that the attribute belongs to: a user and a group never meet.
    /// Shared with the record of the holder, where there is one.
    pub(super) holder: Arc<str>,
    /// What is claimed. Few attributes are in use, so the claims share them.
    pub(super) attribute: Arc<str>,
}

impl IndexedClaim {
    /// The projection of a DirectoryClaim.
    pub(super) fn project(object: &Object, stamp: Stamp) -> Self {
        let spec = object.spec();
        let attribute = spec["attribute"].as_str().unwrap_or_default();
        Self { stamp, holder: spec["holder"].as_str().unwrap_or_default().into(), attribute: attribute.into() }
    }

    /// The kind of the holder. Of what this version knows no kind of, nobody asks.
    pub(super) fn kind(&self) -> Resource {
        Resource::of_attribute(&self.attribute).unwrap_or(Resource::User)
    }

    /// Whether the index can tell that it is dead. A claim on an attribute that this version does not know is no rule here
    /// and counts as alive: a newer replica has put the attribute in force. One that no rule asks for any more is let be
    /// too: it is in nobody's way, goes with its holder, and is judged when the rule returns.
    pub(super) fn is_judged(&self, rules: &UniqueRules) -> bool {
        [USER_NAME, GROUP_NAME, LINK].contains(&&*self.attribute) || rules.force(&self.attribute).is_some()
    }
}
