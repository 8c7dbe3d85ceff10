//! What an operation changes: `[URN:]attribute[selector].subAttribute` (RFC 7644 section 3.5.2, figure 7).

use crate::scim::entra;
use crate::scim::error::Error;
use crate::scim::filter::{self, Filter};
use crate::scim::path::{AttributePath, shown};
use crate::scim::schema::{Attribute, ResourceType};

/// The place of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchTarget {
    /// The attribute, and its sub-attribute.
    pub path: AttributePath,
    /// Which elements of a list; nothing for all of them.
    pub selector: Option<Selector>,
}

/// What stands between the brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As it was read.
    pub filter: Filter,
    /// As it was sent, for errors.
    pub text: String,
    /// How many comparisons it makes of each element.
    pub nodes: usize,
}

impl PatchTarget {
    /// Reads a path of a PATCH. One that names what no schema knows is no error.
    pub fn parse(text: &str, resource_type: &'static ResourceType) -> Result<Self, Error> {
        let text = text.trim();
        let Some((head, selector, tail)) = split(text)? else {
            return Ok(Self { path: AttributePath::parse(text, resource_type)?, selector: None });
        };
        let attribute = AttributePath::parse(head, resource_type)?;
        if attribute.attribute.is_none() || attribute.sub_attribute.is_some() {
            return Err(invalid(text, "has a selector behind something else than an attribute"));
        }
        let path = AttributePath::parse(&format!("{head}{tail}"), resource_type)
            .map_err(|_| invalid(text, "does not go on with the name of a sub-attribute behind its selector"))?;
        let definition = attribute.attribute_definition(resource_type);
        // RFC 7644 table 9 has invalidFilter for this as well; the path is what the admin sees in the mapping.
        let filter = filter::parse_selector(selector, definition).map_err(|error| {
            Error::InvalidPath(format!("The selector of the path {} is wrong. {error}", shown(text)))
        })?;
        let nodes = nodes(&filter);
        Ok(Self { path, selector: Some(Selector { filter, text: selector.to_owned(), nodes }) })
    }

    /// What the table says of the attribute.
    pub fn attribute(&self, resource_type: &'static ResourceType) -> Option<&'static Attribute> {
        self.path.attribute_definition(resource_type)
    }

    /// What the table says of the sub-attribute.
    pub fn sub_attribute(&self, resource_type: &'static ResourceType) -> Option<&'static Attribute> {
        entra::sub_attribute(self.attribute(resource_type)?, self.path.sub_attribute.as_deref()?)
    }
}

/// Splits at the brackets: what is before, between and behind them. A bracket or dot within a string of the selector
/// splits nothing: `members[value eq "a].b"]`.
fn split(text: &str) -> Result<Option<(&str, &str, &str)>, Error> {
    let Some((head, rest)) = text.split_once('[') else { return Ok(None) };
    let (mut in_string, mut escaped) = (false, false);
    let end = rest.bytes().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b']' if !in_string => return true,
            _ => {}
        }
        false
    });
    let Some(end) = end else { return Err(invalid(text, "has a '[' without the ']' that closes it")) };
    let (selector, tail) = (&rest[..end], &rest[end + 1..]);
    if !tail.is_empty() && !tail.starts_with('.') {
        return Err(invalid(text, "goes on behind its selector without a '.'"));
    }
    Ok(Some((head, selector, tail)))
}

fn invalid(path: &str, what: &str) -> Error {
    Error::InvalidPath(format!("The path {} {what}.", shown(path)))
}

fn nodes(filter: &Filter) -> usize {
    match filter {
        Filter::And(filters) | Filter::Or(filters) => 1 + filters.iter().map(nodes).sum::<usize>(),
        Filter::Not(filter) | Filter::Element(_, filter) => 1 + nodes(filter),
        Filter::Present(_) | Filter::Compare(..) => 1,
    }
}
