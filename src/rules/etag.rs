//! Entity tags: which version of a resource a client has.
//!
//! `W/"<generation>.<first 8 of uid>"` is the version of the object itself. Not the resourceVersion, which moves with every
//! write of the status; the uid tells a restored object, whose generation starts at 1 again. Behind it stands a digest of what
//! a GET shows and the object does not hold: the members of a group, the groups of a user with their names. So the tag moves
//! whenever a GET may show something else, and two replicas that have seen the same state give the same tag.

use sha2::{Digest as _, Sha256};

use super::mapping::Identity;

/// The entity tag of a resource. `beside` is the digest of what is shown beside the object's own fields, if anything is.
pub fn etag(identity: &Identity<'_>, beside: Option<u64>) -> String {
    let uid = identity.uid.get(..8).unwrap_or(identity.uid);
    match beside {
        None => format!("W/\"{}.{uid}\"", identity.generation),
        Some(digest) => format!("W/\"{}.{uid}.{digest:016x}\"", identity.generation),
    }
}

/// The digest of the groups that a user belongs to, each with its id and its name; nothing for a user without groups.
pub fn groups_digest<'a>(groups: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<u64> {
    groups.into_iter().map(|(id, name)| digest(&[id, name])).reduce(std::ops::BitXor::bitxor)
}

/// A digest of some texts that is the same in every process. Digests of elements are joined by XOR, so their order does not
/// matter, and an element that leaves takes its part along.
pub fn digest(texts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_le_bytes(first)
}

/// The condition in the header `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtagCondition {
    /// `*`.
    Any,
    /// One of these, compared weakly.
    OneOf(Vec<String>),
}

impl EtagCondition {
    /// Reads the value of the header: `*`, or entity tags between commas.
    pub fn parse(header: &str) -> Self {
        match header.trim() {
            "*" => Self::Any,
            tags => Self::OneOf(tags.split(',').map(|tag| strong(tag.trim()).to_owned()).collect()),
        }
    }

    /// Whether a resource with this entity tag is meant.
    pub fn matches(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| tag == strong(etag)),
        }
    }

    /// Whether one of the tags is of this state of the object itself, whatever is shown beside it.
    pub fn matches_object(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| of_object(tag) == of_object(etag)),
        }
    }
}

/// The entity tag without the digest, which comes after its second dot.
fn of_object(etag: &str) -> &str {
    let tag = strong(etag).trim_matches('"');
    tag.match_indices('.').nth(1).map_or(tag, |(dot, _)| &tag[..dot])
}

fn strong(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Identity<'_> = Identity { id: "ada-1", generation: 3, uid: "0123456789" };

    #[test]
    fn a_tag_has_the_generation_the_uid_and_a_digest_where_something_is_shown_beside() {
        assert_eq!(etag(&ADA, None), "W/\"3.01234567\"");
        assert_eq!(etag(&ADA, Some(0xab)), "W/\"3.01234567.00000000000000ab\"");
        assert_eq!(etag(&Identity { uid: "0123", ..ADA }, None), "W/\"3.0123\"");
    }

    #[test]
    fn the_digest_of_groups_moves_with_ids_and_names_and_not_with_their_order() {
        let (sales, all) = (("sales-1", "Sales"), ("all-1", "All"));
        assert_eq!(groups_digest([]), None);
        assert_eq!(groups_digest([sales, all]), groups_digest([all, sales]));
        let before = groups_digest([sales, all]);
        for (case, groups) in [
            ("a group was renamed", [("sales-1", "Sales and more"), all]),
            ("another group", [("sales-2", "Sales"), all]),
            ("letters move between id and name", [("sales-1S", "ales"), all]),
        ] {
            assert_ne!(groups_digest(groups), before, "{case}");
        }
        // A replica of another version must come to the same digest.
        assert_eq!(digest(&["sales-1", "Sales"]), DIGEST_OF_SALES);
    }

    /// Frozen: SHA-256 of each text behind its length as eight bytes, the first eight bytes of it as a little-endian number.
    const DIGEST_OF_SALES: u64 = 0x9a55_4130_5dec_dd2d;

    #[test]
    fn conditions_name_versions() {
        let tag = etag(&ADA, Some(1));
        for (header, matches, of_object) in [
            ("*", true, true),
            (tag.as_str(), true, true),
            ("\"3.01234567.0000000000000001\"", true, true),
            ("W/\"x\", W/\"3.01234567.0000000000000001\"", true, true),
            ("W/\"3.01234567.0000000000000002\"", false, true),
            ("W/\"3.01234567\"", false, true),
            ("W/\"4.01234567.0000000000000001\"", false, false),
            ("", false, false),
        ] {
            let condition = EtagCondition::parse(header);
            assert_eq!((condition.matches(&tag), condition.matches_object(&tag)), (matches, of_object), "{header:?}");
        }
    }
}
