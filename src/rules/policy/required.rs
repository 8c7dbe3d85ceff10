//! `users.requiredAttributes`: paths that every active user must have a value at.

use serde_json::{Map, Value};

use crate::rules::dialect::Dialect;
use crate::scim::case::same_name;
use crate::scim::extension::{Extension, Place, place};
use crate::scim::filter::{self, Filter, matches};
use crate::scim::path::{AttributePath, is_name_character, shown};
use crate::scim::schema::{Mutability, USER};
use crate::scim::{Attributes, Error};

/// Most missing attributes that one sentence names.
const MAX_NAMED: usize = 8;

/// A path that was read.
#[derive(Clone, Debug)]
pub struct Required {
    /// As the Directory has it.
    text: String,
    /// What selects the users who have a value there.
    presence: Filter,
}

/// Reads the paths of a list in `spec.users`. One that cannot be read, or that no user can ever have a value at, is left
/// out and is a problem: it must not stop everybody.
pub fn compile(paths: &[String], list: &str, declared: &[Extension], problems: &mut Vec<String>) -> Vec<Required> {
    let mut required = Vec::with_capacity(paths.len());
    for text in paths {
        match presence(text, declared) {
            Ok(presence) => required.push(Required { text: text.clone(), presence }),
            Err(why) => problems.push(format!("spec.users.{list} has {}, which {why}: it is ignored", shown(text))),
        }
    }
    required
}

/// Required attributes that have a default: the one says that nobody may be without, the other what it means.
pub fn contradictions(
    required: &[Required],
    declared: &[Extension],
    defaults: &[Map<String, Value>],
    problems: &mut Vec<String>,
) {
    for (extension, defaults) in declared.iter().zip(defaults) {
        for name in defaults.keys() {
            if required.iter().any(|required| required.is_at(&extension.urn, name)) {
                let path = format!("{}:{name}", extension.urn);
                problems.push(format!("{path} is required and has a default, which therefore never counts"));
            }
        }
    }
}

impl Required {
    /// Whether it asks for an attribute of an extension as a whole.
    fn is_at(&self, urn: &str, attribute: &str) -> bool {
        let Filter::Present(path) = &self.presence else { return false };
        let same = |part: &Option<String>, name: &str| part.as_deref().is_some_and(|part| same_name(part, name));
        same(&path.schema, urn) && same(&path.attribute, attribute) && path.sub_attribute.is_none()
    }
}

/// The filter that selects who has a value at a path, or why there is none.
fn presence(text: &str, declared: &[Extension]) -> Result<Filter, String> {
    match place(text, declared) {
        Some(Place::Whole(urn)) => return Ok(Filter::Present(in_extension(declared_urn(urn, declared), None))),
        Some(Place::Key(urn, key)) => {
            return Ok(Filter::Present(in_extension(declared_urn(urn, declared), Some(key))));
        }
        None => {}
    }
    let text = text.trim();
    let (head, tail) = text.rsplit_once(']').map_or((text, ""), |(_, tail)| (&text[..text.len() - tail.len()], tail));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(is_name_character);
    if head.len() < text.len() && !tail.strip_prefix('.').is_some_and(is_name) {
        return Err("goes on behind its selector with something that is no sub-attribute".to_owned());
    }
    let filter = if text.ends_with(']') { text.to_owned() } else { format!("{text} pr") };
    let filter = filter::parse(&filter, &USER).map_err(|error| format!("is no path. {error}"))?;
    let (Filter::Present(path) | Filter::Element(path, _)) = &filter else { return Err("is no path".to_owned()) };
    can_have_a_value(path, matches!(filter, Filter::Element(..)))?;
    Ok(filter)
}

fn in_extension(urn: &str, key: Option<&str>) -> AttributePath {
    AttributePath { schema: Some(urn.to_owned()), attribute: key.map(str::to_owned), sub_attribute: None }
}

/// The URN as it is declared.
fn declared_urn<'a>(urn: &'a str, declared: &'a [Extension]) -> &'a str {
    let same = |extension: &&Extension| same_name(&extension.urn, urn);
    declared.iter().find(same).map_or(urn, |extension| extension.urn.as_str())
}

/// Whether a client can give a user a value there. What no known schema has is dropped from a body, and what the server
/// sets is not the client's.
fn can_have_a_value(path: &AttributePath, has_selector: bool) -> Result<(), String> {
    let is_undeclared = path.schema.as_deref().is_some_and(|urn| USER.schema_by_urn(urn).is_none());
    if is_undeclared || path.attribute.is_none() {
        return Ok(());
    }
    let Some(attribute) = path.attribute_definition(&USER) else {
        return Err("no schema has".to_owned());
    };
    if attribute.mutability == Mutability::ReadOnly {
        return Err("the server sets".to_owned());
    }
    if attribute.sub_attributes.is_empty() && (path.sub_attribute.is_some() || has_selector) {
        return Err("goes into an attribute that has no parts".to_owned());
    }
    // A client could send any part, and it would be kept; but a misspelt one would keep everybody out.
    if path.sub_attribute.as_deref().is_some_and(|part| attribute.sub_attribute(part).is_none()) {
        return Err("names a part that the attribute does not have".to_owned());
    }
    Ok(())
}

/// Refuses a user without a value at one of the paths.
pub fn check(required: &[Required], dialect: Dialect, attributes: &Attributes) -> Result<(), Error> {
    let is_missing = |required: &&Required| !matches(&required.presence, attributes, &USER);
    let missing: Vec<_> = required.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = missing.iter().take(MAX_NAMED).map(|required| named(required, dialect)).collect();
    let more = missing.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Error::InvalidValue(format!(
        "This directory requires {}{more}, but the user has no value there. Fill in the source attribute, or correct \
         that row of the attribute mapping; a user without it can still be deactivated.",
        named.join(", ")
    )))
}

/// The path, and where its value usually comes from.
fn named(required: &Required, dialect: Dialect) -> String {
    let is_row = |row: &&(&str, &str)| presence(row.0, &[]).is_ok_and(|presence| presence == required.presence);
    match dialect.default_mapping.iter().find(is_row) {
        Some((_, source)) => format!("{} (usually mapped from {source})", required.text),
        None => format!("{} (no default mapping has it: add a row for it)", required.text),
    }
}
