//! From text to a filter, by recursive descent.
//!
//! ```text
//! or        = and *("or" and)
//! and       = term *("and" term)
//! term      = ["not"] "(" or ")" / path "pr" / path operator value / path "[" or "]" ["." name ("pr" / operator value)]
//! value     = JSON string / JSON literal / bare word
//! ```
//!
//! Three bounds keep it cheap: the length of the text, the depth of the nesting and the number of nodes.

use serde_json::Value;

use super::compare::{instant, number};
use super::evaluate::leaf_definition;
use super::{Filter, Operator};
use crate::scim::case::same_name;
use crate::scim::path::{AttributePath, shown};
use crate::scim::schema::{Attribute, AttributeType, ResourceType};
use crate::scim::{Error, entra};

/// Longest filter in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

/// Deepest nesting of parentheses, negations and brackets.
pub const MAX_DEPTH: usize = 32;

/// Most nodes: comparisons, negations, brackets, and chains of `and` or `or`.
pub const MAX_NODES: usize = 200;

/// Reads a filter.
pub fn parse(text: &str, resource_type: &'static ResourceType) -> Result<Filter, Error> {
    read(text, PathSchema::Resource(resource_type))
}

/// Reads what stands between the brackets of a value path, for the elements of `attribute` (nothing where it is
/// unknown).
pub fn parse_selector(text: &str, attribute: Option<&'static Attribute>) -> Result<Filter, Error> {
    read(text, PathSchema::Element(attribute))
}

fn read(text: &str, scope: PathSchema) -> Result<Filter, Error> {
    if text.len() > MAX_LENGTH {
        return Err(Error::InvalidFilter(format!(
            "The filter is longer than {MAX_LENGTH} bytes; ask for less at once."
        )));
    }
    let mut parser = Parser { text, position: 0, depth: 0, nodes: 0 };
    let filter = parser.or(scope)?;
    parser.skip_blanks();
    if parser.rest().is_empty() { Ok(filter) } else { Err(parser.unexpected("the end, 'and' or 'or'")) }
}

/// What names stand for.
#[derive(Clone, Copy)]
enum PathSchema {
    Resource(&'static ResourceType),
    Element(Option<&'static Attribute>),
}

impl PathSchema {
    fn path(self, text: &str) -> Result<AttributePath, Error> {
        match self {
            Self::Resource(resource_type) => AttributePath::parse(text, resource_type),
            Self::Element(attribute) => AttributePath::parse_relative(text, attribute),
        }
    }

    fn definition(self, path: &AttributePath) -> Option<&'static Attribute> {
        match self {
            Self::Resource(resource_type) => path.attribute_definition(resource_type),
            Self::Element(attribute) => attribute?.sub_attribute(path.attribute.as_deref()?),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    fn or(&mut self, scope: PathSchema) -> Result<Filter, Error> {
        let mut parts = vec![self.and(scope)?];
        while self.take_word("or") {
            parts.push(self.and(scope)?);
        }
        self.chain(parts, Filter::Or)
    }

    fn and(&mut self, scope: PathSchema) -> Result<Filter, Error> {
        let mut parts = vec![self.term(scope)?];
        while self.take_word("and") {
            parts.push(self.term(scope)?);
        }
        self.chain(parts, Filter::And)
    }

    fn chain(&mut self, mut parts: Vec<Filter>, of: fn(Vec<Filter>) -> Filter) -> Result<Filter, Error> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                self.node(of(parts))
            }
        }
    }

    fn term(&mut self, scope: PathSchema) -> Result<Filter, Error> {
        self.skip_blanks();
        if self.take("(") {
            return self.nested(scope, ")");
        }
        if self.is_negation() {
            self.position += "not".len();
            self.skip_blanks();
            self.take("(");
            let inner = self.nested(scope, ")")?;
            return self.node(Filter::Not(Box::new(inner)));
        }
        let text = self.word();
        if text.is_empty() {
            return Err(self.unexpected("an attribute"));
        }
        let path = scope.path(text).map_err(in_filter)?;
        if self.rest().starts_with('[') { self.element(path, scope) } else { self.comparison(path, scope) }
    }

    /// `not` needs no blank before its parenthesis; without a parenthesis it is an attribute of that name.
    fn is_negation(&self) -> bool {
        let rest = self.rest();
        rest.get(.."not".len()).is_some_and(|word| same_name(word, "not"))
            && rest["not".len()..].trim_start_matches(is_blank).starts_with('(')
    }

    /// The inside of parentheses or brackets, whose opening has been taken, up to and with `end`.
    fn nested(&mut self, scope: PathSchema, end: &str) -> Result<Filter, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("The filter nests more than {MAX_DEPTH} levels deep; write it flatter.");
            return Err(Error::InvalidFilter(message));
        }
        let inner = self.or(scope)?;
        self.depth -= 1;
        self.skip_blanks();
        if self.take(end) { Ok(inner) } else { Err(self.unexpected(&format!("'{end}', 'and' or 'or'"))) }
    }

    /// `path[selector]`, or Entra's `path[selector].sub operator value`, which is the same as one element that the
    /// selector and the comparison both hold for.
    fn element(&mut self, path: AttributePath, scope: PathSchema) -> Result<Filter, Error> {
        if path.sub_attribute.is_some() || matches!(scope, PathSchema::Element(_)) {
            return Err(self.unexpected("an operator"));
        }
        self.take("[");
        let inside = PathSchema::Element(scope.definition(&path));
        let selector = self.nested(inside, "]")?;
        let condition = if self.take(".") {
            let sub = inside.path(self.word()).map_err(in_filter)?;
            let comparison = self.comparison(sub, inside)?;
            match selector {
                Filter::And(mut parts) => {
                    parts.push(comparison);
                    Filter::And(parts)
                }
                other => self.node(Filter::And(vec![other, comparison]))?,
            }
        } else {
            selector
        };
        self.node(Filter::Element(path, Box::new(condition)))
    }

    fn comparison(&mut self, path: AttributePath, scope: PathSchema) -> Result<Filter, Error> {
        self.skip_blanks();
        let word = self.word();
        if same_name(word, "pr") {
            return self.node(Filter::Present(path));
        }
        let spelling = Operator::SPELLINGS.iter().find(|(spelling, _)| same_name(spelling, word));
        let Some((_, operator)) = spelling else {
            let known: Vec<_> = Operator::SPELLINGS.iter().map(|(spelling, _)| *spelling).collect();
            let message = format!(
                "The filter has {} where an operator must follow {}: pr or one of {}.",
                if word.is_empty() { "nothing".to_owned() } else { shown(word) },
                shown(&path.to_string()),
                known.join(", ")
            );
            return Err(Error::InvalidFilter(message));
        };
        let leaf = leaf_definition(scope.definition(&path), path.sub_attribute.as_deref());
        let wanted = self.operand(&path, *operator, leaf)?;
        self.node(Filter::Compare(path, *operator, wanted))
    }

    /// The value behind an operator, in the type of the attribute.
    fn operand(
        &mut self,
        path: &AttributePath,
        operator: Operator,
        attribute: Option<&'static Attribute>,
    ) -> Result<Value, Error> {
        self.skip_blanks();
        let raw = self.value()?;
        let is_equality = matches!(operator, Operator::Eq | Operator::Ne);
        let is_part = matches!(operator, Operator::Co | Operator::Sw | Operator::Ew);
        let kind = attribute.map(|attribute| attribute.kind);
        let value = raw.typed(kind);
        let wrong = match kind {
            _ if value.is_null() && is_equality => None,
            _ if value.is_null() => Some("with null by an operator other than eq and ne"),
            Some(AttributeType::Boolean) if !is_equality => {
                Some("by an order or a part; a boolean takes only eq, ne and pr")
            }
            // RFC 7644 table 3 refuses to order these two; there is no order in encoded bytes.
            Some(AttributeType::Binary) if !is_equality && !is_part => {
                Some("by an order, which binary values do not have")
            }
            Some(AttributeType::Boolean) => match entra::boolean(&value) {
                Some(boolean) => return Ok(boolean.into()),
                None => Some("with something other than true and false"),
            },
            Some(AttributeType::DateTime) if !is_part && value.as_str().and_then(instant).is_none() => {
                Some("with something that is no RFC 3339 time")
            }
            Some(AttributeType::Decimal | AttributeType::Integer) if !is_part && number(&value).is_none() => {
                Some("with something that is no number")
            }
            _ => None,
        };
        let path = shown(&path.to_string());
        wrong.map_or(Ok(value), |wrong| Err(Error::InvalidFilter(format!("The filter compares {path} {wrong}."))))
    }

    fn value(&mut self) -> Result<Raw<'a>, Error> {
        if self.rest().starts_with('"') {
            return self.string();
        }
        // Taken for a part of a bare word, they would make a filter that finds nobody and says nothing.
        if self.rest().starts_with('\'') {
            let place = self.place();
            let message = format!("The filter has single quotes at character {place}; values stand in double quotes.");
            return Err(Error::InvalidFilter(message));
        }
        match self.word() {
            "" => Err(self.unexpected("a value")),
            word => Ok(Raw::Bare(word)),
        }
    }

    fn string(&mut self) -> Result<Raw<'a>, Error> {
        let mut escaped = false;
        let end = self.rest().bytes().skip(1).position(|byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        });
        let Some(end) = end else {
            let place = self.place();
            return Err(Error::InvalidFilter(format!("The filter has a string without an end at character {place}.")));
        };
        let place = self.place();
        serde_json::from_str(self.advance(end + 2)).map(Raw::Quoted).map_err(|_| {
            let what = "a string that is not valid JSON; write \\\\ for a backslash and \\\" for a quotation mark";
            Error::InvalidFilter(format!("The filter has at character {place} {what}."))
        })
    }

    fn node(&mut self, filter: Filter) -> Result<Filter, Error> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("The filter has more than {MAX_NODES} parts; ask for less at once.");
            return Err(Error::InvalidFilter(message));
        }
        Ok(filter)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn advance(&mut self, length: usize) -> &'a str {
        let taken = &self.rest()[..length];
        self.position += length;
        taken
    }

    fn skip_blanks(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start_matches(is_blank).len();
    }

    /// Everything up to the next blank, parenthesis, bracket or quotation mark.
    fn word(&mut self) -> &'a str {
        let is_end = |c: char| is_blank(c) || c.is_control() || "()[]\"".contains(c);
        let end = self.rest().find(is_end).unwrap_or(self.rest().len());
        self.advance(end)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.position += sign.len();
        }
        found
    }

    /// Takes `and` or `or` with the blanks before it.
    fn take_word(&mut self, word: &str) -> bool {
        let before = self.position;
        self.skip_blanks();
        let found = same_name(self.word(), word);
        if !found {
            self.position = before;
        }
        found
    }

    /// Where the parser stands, in characters from 1.
    fn place(&self) -> usize {
        self.text[..self.position].chars().count() + 1
    }

    fn unexpected(&self, expected: &str) -> Error {
        let rest = self.rest();
        let found = if rest.is_empty() { "nothing".to_owned() } else { shown(rest) };
        let place = self.place();
        Error::InvalidFilter(format!("The filter has {found} at character {place}, where {expected} must follow."))
    }
}

/// A value as it stands in the text.
enum Raw<'a> {
    Quoted(String),
    Bare(&'a str),
}

impl Raw<'_> {
    /// A word without quotes is the JSON literal that it spells, or else text: Microsoft's documents print
    /// `externalId eq jyoung` and `employeeNumber eq 701984`. Where the attribute is known to hold text it is never a
    /// number or a boolean.
    fn typed(self, kind: Option<AttributeType>) -> Value {
        match self {
            Self::Quoted(text) => Value::String(text),
            Self::Bare(word) => {
                let holds_text = matches!(
                    kind,
                    Some(
                        AttributeType::String
                            | AttributeType::Reference
                            | AttributeType::Binary
                            | AttributeType::DateTime
                    )
                );
                match serde_json::from_str(word) {
                    Ok(Value::Null) => Value::Null,
                    Ok(literal @ (Value::Bool(_) | Value::Number(_))) if !holds_text => literal,
                    _ => Value::String(word.to_owned()),
                }
            }
        }
    }
}

fn is_blank(character: char) -> bool {
    character.is_ascii_whitespace()
}

/// What is wrong with a path is here wrong with the filter.
fn in_filter(error: Error) -> Error {
    match error {
        Error::InvalidPath(message) => Error::InvalidFilter(format!("The filter cannot be read. {message}")),
        other => other,
    }
}
