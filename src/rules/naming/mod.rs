//! Names of objects, canonical forms, claimed values and index keys.
//!
//! Everything here is frozen by the vectors in `tests.rs`: a claim written by one version must be found by
//! the next, and an object's name is the SCIM `id` that Entra keeps for the life of the person.

mod claimed;
mod path;
#[cfg(test)]
mod tests;
mod unique;

use data_encoding::BASE32HEX_NOPAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub use self::claimed::{ClaimedValue, ambiguous, claimed_value, claimed_values, is_known_attribute, too_long};
pub use self::unique::{Force, UniqueRules, unclaimable, wanted};
pub use crate::scim::case::canonical;

/// The claimed attribute that a user always has: the *name*.
pub const USER_NAME: &str = "User.userName";
/// The claimed attribute of a user's link to an account of the identity provider.
pub const LINK: &str = "User.link";
/// The claimed attribute that a group always has: the *name*.
pub const GROUP_NAME: &str = "Group.displayName";
/// `externalId` of users, claimed where `uniqueExternalId.users` is Enforce.
pub const USER_EXTERNAL_ID: &str = "User.externalId";
/// `externalId` of groups, claimed where `uniqueExternalId.groups` is Enforce.
pub const GROUP_EXTERNAL_ID: &str = "Group.externalId";
/// The annotation with which people ask a tombstone back.
pub const UNDELETE_ANNOTATION: &str = "rollcall.dev/undelete";
/// The annotation with which people say that they have taken the minted secret: the operator deletes its Secret then.
pub const DELIVERED_ANNOTATION: &str = "rollcall.dev/delivered";
/// The annotation of a key that a rotation has made: the name of the key in whose place it comes.
pub const PREDECESSOR_ANNOTATION: &str = "rollcall.dev/predecessor";
/// The finalizer of a Directory whose people go with it.
pub const DIRECTORY_FINALIZER: &str = "rollcall.dev/directory";
/// The label that every object of a Directory carries.
pub const DIRECTORY_LABEL: &str = "rollcall.dev/directory";
/// The label of tombstones, with the value `true`: `-l '!rollcall.dev/deleted'` leaves them out.
pub const DELETED_LABEL: &str = "rollcall.dev/deleted";

/// Letters and digits of the random part of a name: no vowels, so that no words appear, and nothing that
/// is easily misread (0, 1, 3, i, o, u, y).
const RANDOM_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// 14 characters hold 66 bits.
const READABLE_RANDOM_LENGTH: usize = 14;
/// 26 characters hold 123 bits.
const OPAQUE_RANDOM_LENGTH: usize = 26;
/// Longest readable part. With the dash and the random part a name has at most 55 characters and fits a
/// label value.
const SLUG_LENGTH: usize = 40;
/// Characters of a claim name's digest: 200 bits.
const CLAIM_DIGEST_LENGTH: usize = 40;

/// The name of a new object, which is its SCIM `id`: a readable slug of `source` (a userName or displayName)
/// and 66 random bits taken from `entropy`. `fallback` stands in where nothing of `source` is readable.
pub fn readable_name(source: &str, fallback: &str, entropy: u128) -> String {
    let local_part = source.split('@').next().unwrap_or(source);
    let slug = slug(local_part);
    let slug = if slug.is_empty() { fallback } else { &slug };
    format!("{slug}-{}", random(entropy, READABLE_RANDOM_LENGTH))
}

/// The name of a new object in a Directory whose `naming` is `Opaque`: nothing of the person is in it.
pub fn opaque_name(prefix: char, entropy: u128) -> String {
    format!("{prefix}-{}", random(entropy, OPAQUE_RANDOM_LENGTH))
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.nfkd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_LENGTH);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The random part of a name: `length` letters and digits taken from `entropy`.
pub fn random(mut entropy: u128, length: usize) -> String {
    let base = RANDOM_ALPHABET.len() as u128;
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        let digit = usize::try_from(entropy % base).expect("a digit is smaller than the alphabet");
        text.push(char::from(RANDOM_ALPHABET[digit]));
        entropy /= base;
    }
    text
}

/// The name of the claim object on `canonical` of `attribute` in `directory`. The attribute is part of the
/// digest, so a user and a group never meet, nor do two attributes. The Directory's *name* is, not its uid,
/// so that people re-attach when a Directory is made anew.
pub fn claim_name(directory: &str, attribute: &str, canonical: &str) -> String {
    let mut hash = Sha256::new();
    for part in ["v1", directory, attribute] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(canonical);
    let mut name = String::from("c-");
    let digest = BASE32HEX_NOPAD.encode(&hash.finalize()).to_ascii_lowercase();
    name.push_str(&digest[..CLAIM_DIGEST_LENGTH]);
    name
}

/// What a person is looked up by, save the name of the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexKeys {
    /// Canonical userName.
    pub user_name: Option<String>,
    /// externalId, as it is: it is case-exact.
    pub external_id: Option<String>,
    /// Canonical displayName.
    pub display_name: Option<String>,
    /// Canonical values of all e-mail addresses, of whatever type: the index only pre-selects, and the filter then looks
    /// at the type.
    pub emails: Vec<String>,
}

/// The index keys of a `spec.scim`.
pub fn index_keys(scim: &Value) -> IndexKeys {
    let emails = scim["emails"].as_array().into_iter().flatten();
    IndexKeys {
        user_name: scim["userName"].as_str().map(canonical),
        external_id: scim["externalId"].as_str().map(str::to_owned),
        display_name: scim["displayName"].as_str().map(canonical),
        emails: emails.filter_map(|email| email["value"].as_str().map(canonical)).collect(),
    }
}
