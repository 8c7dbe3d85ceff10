//! Expressions of a mapping row: `Join(" ", [givenName], [surname])` and the other functions that mappings use.

use serde_json::{Value, json};

use super::target::TargetPath;
use crate::simulator::source::{AppRole, Entity, attributes};

/// The deepest nesting of calls.
const MAX_DEPTH: usize = 8;
/// The `type` that Entra gives an app role.
const ROLE_TYPE: &str = "WindowsAzureActiveDirectoryRole";

/// The functions that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Join,
    Split,
    Switch,
    SingleAppRoleAssignment,
    AppRoleAssignmentsComplex,
    AssertiveAppRoleAssignmentsComplex,
}

const FUNCTIONS: [(&str, Function); 6] = [
    ("Join", Function::Join),
    ("Split", Function::Split),
    ("Switch", Function::Switch),
    ("SingleAppRoleAssignment", Function::SingleAppRoleAssignment),
    ("AppRoleAssignmentsComplex", Function::AppRoleAssignmentsComplex),
    ("AssertiveAppRoleAssignmentsComplex", Function::AssertiveAppRoleAssignmentsComplex),
];

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `[attribute]`.
    Attribute(String),
    /// `"text"`; an argument that is left out is empty.
    Constant(String),
    /// `Name(argument, ...)`.
    Call(FunctionCall),
}

/// A call of one of the known functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    function: Function,
    arguments: Vec<Expression>,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0 };
        let expression = parser.expression(0)?;
        parser.skip_blanks();
        if parser.at < text.len() {
            return Err(parser.error("there is more after the end"));
        }
        Ok(expression)
    }

    /// Whether the value is a whole list which only adds to that of the target.
    pub fn only_adds(&self) -> bool {
        matches!(self, Self::Call(call) if matches!(call.function, Function::AppRoleAssignmentsComplex | Function::Split))
    }

    /// The first attribute that it reads and that the source does not have.
    pub fn unknown(&self, is_known: &dyn Fn(&str) -> bool) -> Option<&str> {
        match self {
            Self::Attribute(name) => (!is_known(name)).then_some(name),
            Self::Constant(_) => None,
            Self::Call(call) => {
                let reads_roles = !matches!(call.function, Function::Join | Function::Split | Function::Switch);
                let is_known = |name: &str| if reads_roles { name == attributes::ROLES } else { is_known(name) };
                call.arguments.iter().find_map(|argument| argument.unknown(&is_known))
            }
        }
    }

    /// The value for an object of the source; null where there is none.
    pub fn evaluate(&self, entity: &dyn Entity, target: &TargetPath) -> Value {
        match self {
            Self::Attribute(name) => entity.attribute(name).map_or(Value::Null, Value::String),
            Self::Constant(text) => Value::from(text.as_str()),
            Self::Call(call) => call.evaluate(entity, target),
        }
    }

    fn text(&self, entity: &dyn Entity, target: &TargetPath) -> String {
        self.evaluate(entity, target).as_str().unwrap_or_default().to_owned()
    }
}

impl FunctionCall {
    fn evaluate(&self, entity: &dyn Entity, target: &TargetPath) -> Value {
        let texts = || self.arguments.iter().map(|argument| argument.text(entity, target)).collect::<Vec<_>>();
        match self.function {
            Function::Join => join(&texts()),
            Function::Split => split(&texts()),
            Function::Switch => switch(&texts()),
            Function::SingleAppRoleAssignment => entity.roles().first().map_or(Value::Null, |role| part(role, target)),
            Function::AppRoleAssignmentsComplex | Function::AssertiveAppRoleAssignmentsComplex => {
                entity.roles().iter().map(whole).collect()
            }
        }
    }
}

/// The texts that are not empty, with the separator between them.
fn join(texts: &[String]) -> Value {
    let Some((separator, parts)) = texts.split_first() else { return Value::Null };
    let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
    if parts.is_empty() { Value::Null } else { parts.join(separator).into() }
}

/// A multi-valued attribute of texts, as `[{"value": ...}]`.
fn split(texts: &[String]) -> Value {
    let [text, separator] = texts else { return Value::Null };
    if text.is_empty() {
        return Value::Null;
    }
    let parts = if separator.is_empty() { vec![text.as_str()] } else { text.split(separator.as_str()).collect() };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(|part| json!({ "value": part })).collect()
}

/// `Switch(source, default, key, value, key, value, ...)`.
fn switch(texts: &[String]) -> Value {
    let [source, default, pairs @ ..] = texts else { return Value::Null };
    let pairs = pairs.chunks_exact(2).find(|pair| pair[0].eq_ignore_ascii_case(source));
    let value = pairs.map_or(default, |pair| &pair[1]);
    if value.is_empty() { Value::Null } else { value.as_str().into() }
}

/// The part of a role that the target asks for.
fn part(role: &AppRole, target: &TargetPath) -> Value {
    match target.sub() {
        Some("display") => role.display.as_str().into(),
        Some("type") => ROLE_TYPE.into(),
        _ => role.value.as_str().into(),
    }
}

fn whole(role: &AppRole) -> Value {
    json!({ "primary": false, "type": ROLE_TYPE, "display": role.display, "value": role.value })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, reason: &str) -> String {
        format!("the expression {:?} cannot be read at position {}: {reason}", self.text, self.at + 1)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// What stands before one of the ends; the end is taken too.
    fn until(&mut self, end: char) -> Result<String, String> {
        let length = self.rest().find(end).ok_or_else(|| self.error(&format!("{end} is missing")))?;
        let inside = self.rest()[..length].to_owned();
        self.at += length + end.len_utf8();
        Ok(inside)
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err(self.error("the calls are nested too deep"));
        }
        self.skip_blanks();
        match self.rest().chars().next() {
            Some('[') => {
                self.at += 1;
                Ok(Expression::Attribute(self.until(']')?.trim().to_owned()))
            }
            Some('"') => {
                self.at += 1;
                Ok(Expression::Constant(self.until('"')?))
            }
            Some(letter) if letter.is_ascii_alphabetic() => {
                let name = self.until('(')?;
                let function = FUNCTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
                let (_, function) = function.ok_or_else(|| self.error(&format!("the function {name} is not known")))?;
                Ok(Expression::Call(FunctionCall { function: *function, arguments: self.arguments(depth)? }))
            }
            _ => Err(self.error("a function, [attribute] or \"text\" is missing")),
        }
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Expression>, String> {
        let mut arguments = Vec::new();
        loop {
            self.skip_blanks();
            let is_left_out = self.rest().starts_with([',', ')']);
            arguments.push(if is_left_out { Expression::Constant(String::new()) } else { self.expression(depth + 1)? });
            self.skip_blanks();
            let end = self.rest().chars().next();
            self.at += end.map_or(0, char::len_utf8);
            match end {
                Some(',') => {}
                Some(')') => return Ok(arguments),
                _ => return Err(self.error(", or ) is missing")),
            }
        }
    }
}
