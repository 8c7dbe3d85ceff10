//! PATCH (RFC 7644 section 3.5.2) in both dialects of Entra: read once, applied all or nothing.
//!
//! Reading (`reader`) expands a body to operations that each change one attribute, and reads every value by the
//! table; so wrong types are found before anything changes. Applying (`engine`) works on a copy, and the result is
//! checked as a POST's is. Nothing in here knows users from groups: the table does. Members alone are no attribute that
//! is stored, and become an intent of their own (`members`).

mod engine;
mod list;
mod reader;
mod target;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::reader::Reader;
pub use self::target::{PatchTarget, Selector};
use super::extension::Extension;
use super::json::kind_of;
use super::members::Members;
use super::path::{member, shown};
use super::resource::value::Input;
use super::resource::{self, Parsed};
use super::schema::ResourceType;
use super::{Attributes, Error};

/// Most operations and members together in one request; Entra sends one `remove members[value eq …]` for each member.
pub const MAX_OPERATIONS: usize = 10_000;

/// The operations of one request, read and checked against the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    operations: Vec<Operation>,
    ignored: Vec<String>,
    unknown: Vec<String>,
    members: Members,
}

/// What is done to one attribute.
#[derive(Clone, Debug, PartialEq)]
struct Operation {
    action: Action,
    target: PatchTarget,
    /// What is set, or which elements are removed. For a sub-attribute it is one value or nothing.
    input: Input,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Add,
    Replace,
    Remove,
}

/// Reads the body of a PATCH. Its `schemas` is not asked for, and stray members are passed over.
pub fn parse(body: &Attributes, resource_type: &'static ResourceType) -> Result<Patch, Error> {
    parse_with(body, resource_type, &[])
}

/// [`parse`] where extensions are declared beside those of the table.
pub fn parse_with(
    body: &Attributes,
    resource_type: &'static ResourceType,
    declared: &[Extension],
) -> Result<Patch, Error> {
    let operations = match member(body, "Operations") {
        Some(Value::Array(operations)) => operations,
        Some(other) => {
            let sent = kind_of(other);
            return Err(Error::InvalidSyntax(format!("Operations must be a list of operations, but is {sent}.")));
        }
        None => {
            let message = "The body has no Operations; a PATCH consists of a list of that name.";
            return Err(Error::InvalidSyntax(message.to_owned()));
        }
    };
    bound(operations.len())?;
    let mut reader = Reader::new(resource_type, declared);
    let (mut count, mut seen) = (0, 0);
    for operation in operations {
        read_operation(operation, &mut reader)?;
        count += reader.operations[seen..].iter().map(Operation::weight).sum::<usize>();
        seen = reader.operations.len();
        bound(count + reader.named_members)?;
    }
    Ok(reader.into_patch())
}

/// The members of a body as operations that replace them.
pub(super) fn replacement(
    body: Attributes,
    resource_type: &'static ResourceType,
    declared: &[Extension],
) -> Result<Patch, Error> {
    let mut reader = Reader::of_whole(resource_type, declared);
    reader.members(Action::Replace, body)?;
    bound(reader.named_members)?;
    Ok(reader.into_patch())
}

/// The attributes after all operations, or why none has an effect. `current` holds the client's attributes, as
/// [`Parsed`] does; members are none of them.
pub fn apply(patch: &Patch, current: &Attributes, resource_type: &'static ResourceType) -> Result<Parsed, Error> {
    let Patch { operations, ignored, unknown, members } = patch;
    let mut attributes = current.clone();
    let mut work = engine::Work::default();
    for operation in operations {
        engine::apply(&mut attributes, operation, resource_type, &mut work)?;
    }
    resource::check(&attributes, current, resource_type)?;
    let (ignored, unknown, members) = (ignored.clone(), unknown.clone(), members.clone());
    Ok(Parsed { attributes, ignored, unknown, members })
}

impl Patch {
    /// What becomes of the members of a group.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// The patch in which an Add of the one element takes the place of the whole core list `attribute`: for providers that
    /// add and never remove. Where the Adds of the request name several elements together, they stay what they are.
    pub fn replacing_a_single_addition(mut self, attribute: &str) -> Self {
        let is_whole = |target: &PatchTarget| target.path.is_plain(attribute) && target.selector.is_none();
        let is_addition = |operation: &&mut Operation| operation.action == Action::Add && is_whole(&operation.target);
        let additions: Vec<_> = self.operations.iter_mut().filter(is_addition).collect();
        let elements: usize = additions.iter().map(|operation| operation.elements()).sum();
        if elements == 1 {
            additions.into_iter().filter(|operation| operation.elements() == 1).for_each(|operation| {
                operation.action = Action::Replace;
            });
        }
        self
    }
}

impl Operation {
    /// How many elements of a list it names.
    fn elements(&self) -> usize {
        match &self.input {
            Input::Nothing => 0,
            Input::One(_) | Input::Parts(_) => 1,
            Input::Many(elements) => elements.len(),
        }
    }

    /// What it counts towards [`MAX_OPERATIONS`].
    fn weight(&self) -> usize {
        match &self.input {
            Input::Many(elements) => elements.len().max(1),
            Input::Nothing | Input::One(_) | Input::Parts(_) => 1,
        }
    }
}

fn bound(count: usize) -> Result<(), Error> {
    if count > MAX_OPERATIONS {
        let message = format!("The body has more than {MAX_OPERATIONS} operations and members; send it in parts.");
        return Err(Error::TooLarge(message));
    }
    Ok(())
}

fn read_operation(operation: &Value, reader: &mut Reader<'_>) -> Result<(), Error> {
    let Value::Object(operation) = operation else {
        let sent = kind_of(operation);
        return Err(Error::InvalidSyntax(format!("An operation must be an object, but {sent} is in Operations.")));
    };
    let action = match member(operation, "op") {
        // `Add`, `Replace`, `Remove`: Entra without the flag.
        Some(Value::String(op)) => match op.to_ascii_lowercase().as_str() {
            "add" => Action::Add,
            "replace" => Action::Replace,
            "remove" => Action::Remove,
            _ => {
                let message = format!("The op {} is none; it must be add, replace or remove.", shown(op));
                return Err(Error::InvalidSyntax(message));
            }
        },
        _ => {
            let message = "An operation has no op; it must be add, replace or remove.";
            return Err(Error::InvalidSyntax(message.to_owned()));
        }
    };
    let value = member(operation, "value").cloned();
    match member(operation, "path") {
        None | Some(Value::Null) => reader.pathless(action, value),
        Some(Value::String(path)) if path.trim().is_empty() => reader.pathless(action, value),
        Some(Value::String(path)) => reader.path(action, path, value),
        Some(other) => {
            let sent = kind_of(other);
            Err(Error::InvalidPath(format!("The path of an operation must be a string, but is {sent}.")))
        }
    }
}
