//! Attribute paths (RFC 7644 section 3.10): `[URN:]attribute[.subAttribute]`.
//!
//! A schema's URN holds dots and colons itself, so it is taken off before anything is split: a path that is split at
//! its first dot stores `urn:…:enterprise:2` and Entra sends the attribute again in every cycle. Value filters in
//! brackets are not known here; filters and PATCH take them out before.

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use super::case::same_name;
use super::schema::{Attribute, ResourceType, Schema};
use super::{Attributes, Error};

/// A path to an attribute, to a sub-attribute, or to a whole extension. Names stand in the schema's spelling where the
/// schema is known, and as they were sent where it is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttributePath {
    /// The URN of the extension; nothing for the core schema and the common attributes.
    pub schema: Option<String>,
    /// The attribute; nothing for a whole extension.
    pub attribute: Option<String>,
    /// The sub-attribute of a complex attribute.
    pub sub_attribute: Option<String>,
}

impl AttributePath {
    /// Reads a path. A name that no schema knows is no error.
    pub fn parse(text: &str, resource_type: &'static ResourceType) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::InvalidPath("The path is empty; it must name an attribute.".to_owned()));
        }
        let (schema, rest) = match split_known_urn(text, resource_type) {
            Some((schema, "")) => return whole_schema(schema, text, resource_type),
            Some((schema, rest)) if same_name(schema.urn, resource_type.schema.urn) => (None, rest),
            Some((schema, rest)) => (Some(schema.urn.to_owned()), rest),
            None if is_urn(text) => {
                let (schema, rest) = split_unknown_urn(text)?;
                (Some(schema.to_owned()), rest)
            }
            None => (None, text),
        };
        let mut path = split_names(rest, text)?;
        path.schema = schema;
        path.fold(resource_type);
        Ok(path)
    }

    /// Reads a path between the brackets of a value filter, where `attribute` names a part of `of`.
    pub fn parse_relative(text: &str, of: Option<&'static Attribute>) -> Result<Self, Error> {
        let mut path = split_names(text, text)?;
        if let Some(name) = &mut path.attribute
            && let Some(known) = of.and_then(|of| of.sub_attribute(name))
        {
            *name = known.name.to_owned();
        }
        Ok(path)
    }

    /// What the table says of the attribute (not of its sub-attribute); nothing where it is unknown.
    pub fn attribute_definition(&self, resource_type: &'static ResourceType) -> Option<&'static Attribute> {
        let name = self.attribute.as_deref()?;
        match &self.schema {
            None => resource_type.attribute(name),
            Some(urn) => resource_type.schema_by_urn(urn)?.attribute(name),
        }
    }

    /// The value of the attribute (not of its sub-attribute) in a resource, or the object of a whole extension.
    pub fn attribute_value<'a>(&self, resource: &'a Attributes) -> Option<&'a Value> {
        match (&self.schema, &self.attribute) {
            (None, None) => None,
            (None, Some(attribute)) => member(resource, attribute),
            (Some(urn), None) => member(resource, urn),
            (Some(urn), Some(attribute)) => match member(resource, urn) {
                Some(extension) => member(extension.as_object()?, attribute),
                // The path of an extension that no schema declares looks like that of an attribute.
                None => member(resource, &format!("{urn}:{attribute}")),
            },
        }
    }

    /// Whether the path is that of this attribute of the core schema, or of a part of it.
    pub fn is_core(&self, attribute: &str) -> bool {
        self.schema.is_none() && self.attribute.as_deref() == Some(attribute)
    }

    /// Whether the path is that of one attribute of the core schema, or of a part between brackets, and no more.
    pub fn is_plain(&self, attribute: &str) -> bool {
        self.sub_attribute.is_none() && self.is_core(attribute)
    }

    /// Whether the path ends in an address, also where it is relative to an element: `meta.location`, `groups.$ref`, `$ref`.
    pub fn names_address(&self) -> bool {
        let last = self.sub_attribute.as_deref().or(self.attribute.as_deref());
        last.is_some_and(|name| name == "location" || name == "$ref")
    }

    /// Puts the names into the schema's spelling. A name without a URN that only an extension has is that extension's:
    /// old documents of Microsoft write `manager` alone.
    fn fold(&mut self, resource_type: &'static ResourceType) {
        if let (None, Some(name)) = (&self.schema, &self.attribute)
            && resource_type.attribute(name).is_none()
            && let Some(extension) = resource_type.extensions.iter().find(|schema| schema.attribute(name).is_some())
        {
            self.schema = Some(extension.urn.to_owned());
        }
        let Some(definition) = self.attribute_definition(resource_type) else { return };
        self.attribute = Some(definition.name.to_owned());
        if let Some(sub) = &mut self.sub_attribute
            && let Some(known) = definition.sub_attribute(sub)
        {
            *sub = known.name.to_owned();
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, attribute, sub_attribute } = self;
        formatter.write_str(schema.as_deref().unwrap_or_default())?;
        if schema.is_some() && attribute.is_some() {
            formatter.write_str(":")?;
        }
        formatter.write_str(attribute.as_deref().unwrap_or_default())?;
        match sub_attribute {
            Some(sub) => write!(formatter, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// The member of this name, in any letter case. Names of known schemas are stored in the schema's spelling, so the
/// first look mostly finds them; those of unknown ones are stored as they were sent.
pub fn member<'a>(object: &'a Attributes, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| same_name(key, name)).map(|(_, value)| value))
}

/// Takes a known URN off the front, the longest that fits, with the separator after it. RFC 7644 has a colon there;
/// Microsoft's inbound collection and jobs from before 2018 have a dot.
fn split_known_urn<'a>(text: &'a str, resource_type: &'static ResourceType) -> Option<(&'static Schema, &'a str)> {
    let schemas = std::iter::once(resource_type.schema).chain(resource_type.extensions.iter().copied());
    schemas
        .filter(|schema| starts_with_name(text, schema.urn))
        .filter_map(|schema| match text[schema.urn.len()..].strip_prefix([':', '.']) {
            // A separator with nothing after it is left for the check of names to refuse.
            Some("") => Some((schema, &text[schema.urn.len()..])),
            Some(rest) => Some((schema, rest)),
            None if text.len() == schema.urn.len() => Some((schema, "")),
            None => None,
        })
        .max_by_key(|(schema, _)| schema.urn.len())
}

/// A path that is a URN and nothing else.
fn whole_schema(
    schema: &'static Schema,
    text: &str,
    resource_type: &'static ResourceType,
) -> Result<AttributePath, Error> {
    if same_name(schema.urn, resource_type.schema.urn) {
        return Err(Error::InvalidPath(format!(
            "The path {text:?} is the core schema's URN; it must name an attribute."
        )));
    }
    Ok(AttributePath { schema: Some(schema.urn.to_owned()), attribute: None, sub_attribute: None })
}

/// Splits a URN that no schema of ours has from the attribute after its last colon.
fn split_unknown_urn(text: &str) -> Result<(&str, &str), Error> {
    let refuse = |what: &str| Err(Error::InvalidPath(format!("The path {} {what}.", shown(text))));
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"\\[]()<>{}^`|".contains(c)) {
        return refuse("holds a character that no URN holds");
    }
    match text.rsplit_once(':') {
        // "urn" alone is no URN: the namespace is missing.
        Some((schema, attribute)) if schema.contains(':') && !schema.ends_with(':') => Ok((schema, attribute)),
        _ => {
            refuse("starts like a URN but does not name a schema and an attribute, as in urn:example:schema:attribute")
        }
    }
}

fn split_names(text: &str, whole: &str) -> Result<AttributePath, Error> {
    let refuse = |what: String| Err(Error::InvalidPath(format!("The path {} {what}.", shown(whole))));
    let mut names = text.split('.');
    let (attribute, sub_attribute) = (names.next().unwrap_or_default(), names.next());
    if names.next().is_some() {
        return refuse("has more than one sub-attribute".to_owned());
    }
    for name in std::iter::once(attribute).chain(sub_attribute) {
        if name.is_empty() {
            return refuse("has an empty name beside a separator".to_owned());
        }
        if let Some(wrong) = name.chars().find(|c| !is_name_character(*c)) {
            return refuse(format!("holds {wrong:?}; names consist of letters, digits, '-', '_' and '$'"));
        }
    }
    Ok(AttributePath {
        schema: None,
        attribute: Some(attribute.to_owned()),
        sub_attribute: sub_attribute.map(str::to_owned),
    })
}

/// RFC 7643 section 2.1, and the `$` of `$ref`.
pub fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '$')
}

/// Whether a name is the URN of an extension, or a path that begins with one. No attribute's name has a colon.
pub fn is_urn(name: &str) -> bool {
    starts_with_name(name, "urn:")
}

fn starts_with_name(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|start| same_name(start, name))
}

/// Most characters of a client's text that an error repeats.
const MAX_SHOWN: usize = 100;

/// Text of a client, quoted and cut for a sentence.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}
