//! What is kept of an object: enough to list, to find and to tell whether the janitor has work.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use data_encoding::BASE32HEX_NOPAD;
use serde_json::Value;

use super::LookupKey;
use crate::rules::naming::{
    Resource, USER_NAME, UniqueRules, claim_name, claimed_values, index_keys, is_known_attribute,
};
use crate::store::undelete::is_asked_back;
use crate::store::version::Stamp;

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

    fn of(directory: &str, attribute: &str, value: &str) -> Option<Self> {
        Self::parse(&claim_name(directory, attribute, value))
    }
}

/// The marks of an object that decide who sees it and what is to be done about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Written over SCIM, and not a built-in account.
    pub(super) provisioned: bool,
    /// A tombstone.
    pub(super) deleted: bool,
    /// Lost its name before it was acknowledged.
    pub(super) rejected: bool,
    /// Asked back.
    pub(super) asked_back: bool,
}

/// One DirectoryUser.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) stamp: Stamp,
    pub(super) generation: i64,
    pub(super) uid: [u8; 8],
    pub(super) scim: Arc<[u8]>,
    pub(super) marks: Marks,
    /// Whether it stands in the order of visible people.
    pub(super) shown: bool,
    /// The claim on its name.
    pub(super) name_claim: Option<ClaimId>,
    /// The claims on the other values that it names as committed.
    pub(super) other_claims: Box<[ClaimId]>,
    /// The claims on the values of a change in progress.
    pub(super) pending: Box<[ClaimId]>,
    /// Hashes of what it is looked up by. A collision costs a look at somebody else, who is then left out.
    pub(super) keys: Box<[u64]>,
}

impl Person {
    /// The projection of a DirectoryUser.
    pub(super) fn project(directory: &str, object: &Value, stamp: Stamp, hasher: &RandomState) -> Self {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let scim = &spec["scim"];
        let mut name_claim = None;
        let mut other_claims = Vec::new();
        for value in claimed_values(Resource::User, spec, &UniqueRules::default()) {
            let claim = ClaimId::of(directory, &value.attribute, &value.value);
            if value.attribute == USER_NAME {
                name_claim = claim;
            } else {
                other_claims.extend(claim);
            }
        }
        let pending = spec["pending"].as_object().into_iter().flatten();
        let pending = pending.filter_map(|(attribute, value)| ClaimId::of(directory, attribute, value.as_str()?));
        let body = serde_json::to_vec(scim).unwrap_or_default();
        Self {
            stamp,
            generation: metadata["generation"].as_i64().unwrap_or(0),
            uid: first_eight(metadata["uid"].as_str().unwrap_or_default()),
            scim: body.into(),
            marks: Marks {
                provisioned: spec["managedBy"] == "Provisioning",
                deleted: !spec["deletedAt"].is_null(),
                rejected: spec["rejected"] == true,
                asked_back: is_asked_back(object),
            },
            shown: false,
            name_claim,
            other_claims: other_claims.into(),
            pending: pending.collect(),
            keys: keys(scim, hasher),
        }
    }

    /// The claims on the values that it names as committed.
    pub(super) fn committed(&self) -> impl Iterator<Item = ClaimId> {
        self.name_claim.into_iter().chain(self.other_claims.iter().copied())
    }

    /// Every claim that this object keeps alive (`live` of the claim protocol): those of a change in progress in any case,
    /// the others unless it is deleted.
    pub(super) fn named(&self) -> impl Iterator<Item = ClaimId> {
        let committed = (!self.marks.deleted).then(|| self.committed()).into_iter().flatten();
        self.pending.iter().copied().chain(committed)
    }
}

/// One DirectoryClaim.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) stamp: Stamp,
    pub(super) holder: Box<str>,
    /// Whether this version knows what the attribute is read from. If not, the claim counts as alive: a newer replica has
    /// put the attribute in force.
    pub(super) known: bool,
}

impl Claim {
    /// The projection of a DirectoryClaim.
    pub(super) fn project(object: &Value, stamp: Stamp) -> Self {
        let spec = &object["spec"];
        let attribute = spec["attribute"].as_str().unwrap_or_default();
        Self { stamp, holder: spec["holder"].as_str().unwrap_or_default().into(), known: is_known_attribute(attribute) }
    }
}

fn first_eight(uid: &str) -> [u8; 8] {
    let mut eight = [b'0'; 8];
    eight.iter_mut().zip(uid.bytes()).for_each(|(place, byte)| *place = byte);
    eight
}

fn keys(scim: &Value, hasher: &RandomState) -> Box<[u64]> {
    let keys = index_keys(scim);
    let external_id = keys.external_id.map(LookupKey::ExternalId);
    let display_name = keys.display_name.map(LookupKey::DisplayName);
    let emails = keys.emails.into_iter().map(LookupKey::Email);
    let mut hashes: Vec<_> =
        external_id.into_iter().chain(display_name).chain(emails).map(|key| hash(&key, hasher)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into()
}

/// The hash under which people are found by a key.
pub(super) fn hash(key: &(impl Hash + ?Sized), hasher: &RandomState) -> u64 {
    hasher.hash_one(key)
}
