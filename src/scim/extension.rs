//! Extensions that a service provider declares beside those of the RFC, as plain data.
//!
//! A key of such an extension may hold what no attribute name of the RFC does: `urn:…:Metadata:Cost.Center` names the
//! key `Cost.Center`, and in a POST the same key stands in the object under the URN. A path is therefore matched
//! against the declared URNs before anything in it is split, or the same key would be stored under two names.

use super::case::same_name;
use super::schema::AttributeType;

/// A declared extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its URN. Not one that the attribute table has.
    pub urn: String,
    /// Its attributes; without any it takes arbitrary keys.
    pub attributes: Vec<ExtensionAttribute>,
}

/// An attribute of a declared extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionAttribute {
    /// Its name, of letters, digits, hyphens and underscores.
    pub name: String,
    /// The type of its value or values; never complex.
    pub kind: AttributeType,
    /// Whether it holds a list.
    pub multi_valued: bool,
}

/// What a path names that begins with a declared URN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The whole extension, by its URN as it was sent.
    Whole(&'a str),
    /// One key of it, to the letter.
    Key(&'a str, &'a str),
}

/// The place in a declared extension that a path names, the longest URN that fits; nothing where no declared URN begins
/// the path, or where a selector or a sub-attribute follows a declared attribute, which the grammar of paths knows.
pub fn place<'a>(path: &'a str, declared: &[Extension]) -> Option<Place<'a>> {
    let path = path.trim_start();
    let fits = |extension: &&Extension| {
        let start = path.get(..extension.urn.len());
        let rest = path.get(extension.urn.len()..);
        start.is_some_and(|start| same_name(start, &extension.urn))
            && rest.is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with([':', '.']))
    };
    let extension = declared.iter().filter(fits).max_by_key(|extension| extension.urn.len())?;
    let (urn, rest) = path.split_at(extension.urn.len());
    let key = rest.get(1..).unwrap_or_default();
    if rest.trim_end().is_empty() {
        return Some(Place::Whole(urn));
    }
    if key.trim().is_empty() {
        return None;
    }
    let name = key.split(['.', '[']).next().unwrap_or(key);
    let is_part = name.len() < key.len() && extension.attributes.iter().any(|known| same_name(&known.name, name));
    (!is_part).then_some(Place::Key(urn, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_behind_a_declared_urn_is_one_key_to_the_letter() {
        let attribute =
            |name: &str| ExtensionAttribute { name: name.to_owned(), kind: AttributeType::String, multi_valued: true };
        let free = |urn: &str| Extension { urn: urn.to_owned(), attributes: Vec::new() };
        let declared = [
            Extension { urn: "urn:x:2.0:Folders".to_owned(), attributes: vec![attribute("folders")] },
            free("urn:x:2.0:Metadata"),
            free("urn:x:2.0:Metadata:Long"),
        ];
        let key = |urn, key| Some(Place::Key(urn, key));
        let cases = [
            ("urn:x:2.0:Metadata", Some(Place::Whole("urn:x:2.0:Metadata"))),
            (" URN:X:2.0:metadata ", Some(Place::Whole("URN:X:2.0:metadata"))),
            ("urn:x:2.0:Metadata:Key", key("urn:x:2.0:Metadata", "Key")),
            ("URN:X:2.0:METADATA:Key", key("URN:X:2.0:METADATA", "Key")),
            ("urn:x:2.0:Metadata.Key", key("urn:x:2.0:Metadata", "Key")),
            ("urn:x:2.0:Metadata:Cost.Center", key("urn:x:2.0:Metadata", "Cost.Center")),
            ("urn:x:2.0:Metadata:Cost Center ", key("urn:x:2.0:Metadata", "Cost Center ")),
            ("urn:x:2.0:Metadata:a:b[c]", key("urn:x:2.0:Metadata", "a:b[c]")),
            ("urn:x:2.0:Metadata:Long:a", key("urn:x:2.0:Metadata:Long", "a")),
            ("urn:x:2.0:Metadata:Longer", key("urn:x:2.0:Metadata", "Longer")),
            ("urn:x:2.0:Folders:folders", key("urn:x:2.0:Folders", "folders")),
            ("urn:x:2.0:Folders:folders.value", None),
            ("urn:x:2.0:Folders:FOLDERS[value eq \"a\"]", None),
            ("urn:x:2.0:Folders:other.value", key("urn:x:2.0:Folders", "other.value")),
            ("urn:x:2.0:Metadata:", None),
            ("urn:x:2.0:MetadataMore:a", None),
            ("urn:x:2.0:Other:a", None),
            ("userName", None),
            ("", None),
            ("\u{fc}rn:x:2.0:Metadata", None),
        ];
        for (path, expected) in cases {
            assert_eq!(place(path, &declared), expected, "{path:?}");
            assert_eq!(place(path, &[]), None, "{path:?} where nothing is declared");
        }
    }
}
