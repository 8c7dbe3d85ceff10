//! From a body to operations that each change one attribute, with their values read by the table.
//!
//! A pathless operation is expanded: `"name.givenName"`, `"urn:…:User:department"`, an extension's URN with an object,
//! even `"emails[type eq \"work\"].value"` are paths as names of members. Entra sends them so with the flag
//! `aadOptscim062020`.

use serde_json::Value;

use super::target::PatchTarget;
use super::{Action, Operation, Patch};
use crate::scim::case::same_name;
use crate::scim::extension::{Extension, Place, place};
use crate::scim::json::kind_of;
use crate::scim::members::{self, Members};
use crate::scim::path::{AttributePath, is_urn};
use crate::scim::resource::value::{Input, read, read_element};
use crate::scim::schema::{Attribute, AttributeType, Mutability, ResourceType};
use crate::scim::{Attributes, Error, entra, filter, limits};

/// Where a path comes from, and so how much is expected of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The `path` of an operation: it must be one, and what only the server sets is refused.
    Path,
    /// The name of a member. Clients send back whole resources: what is not ours to read is passed over.
    Member,
}

/// The operations so far, and what was ignored.
pub struct Reader<'a> {
    resource_type: &'static ResourceType,
    /// Extensions beside those of the table.
    declared: &'a [Extension],
    /// In the order of the body.
    pub operations: Vec<Operation>,
    /// Attributes that a known schema does not have.
    pub ignored: Vec<String>,
    /// Paths of sub-attributes that a known attribute does not have.
    unknown: Vec<String>,
    /// Whether the body is a whole resource, and no change of one.
    is_whole: bool,
    /// How many members the body names, counting each time: towards [`super::MAX_OPERATIONS`].
    pub named_members: usize,
    intent: Members,
}

impl<'a> Reader<'a> {
    /// Nothing is read yet.
    pub fn new(resource_type: &'static ResourceType, declared: &'a [Extension]) -> Self {
        let (operations, ignored, unknown) = (Vec::new(), Vec::new(), Vec::new());
        let intent = Members::default();
        Self { resource_type, declared, operations, ignored, unknown, is_whole: false, named_members: 0, intent }
    }

    /// The same for the body of a POST or PUT.
    pub fn of_whole(resource_type: &'static ResourceType, declared: &'a [Extension]) -> Self {
        Self { is_whole: true, ..Self::new(resource_type, declared) }
    }

    /// What was read.
    pub fn into_patch(self) -> Patch {
        let Self { operations, ignored, unknown, intent: members, .. } = self;
        Patch { operations, ignored, unknown, members }
    }

    /// Reads an operation with a path.
    pub fn path(&mut self, action: Action, path: &str, value: Option<Value>) -> Result<(), Error> {
        // The core schema has no object of its own in a resource: its URN alone is the resource.
        if same_name(path.trim(), self.resource_type.schema.urn) {
            return self.pathless(action, value);
        }
        self.read(action, path, value, Origin::Path)
    }

    /// Reads an operation without a path.
    pub fn pathless(&mut self, action: Action, value: Option<Value>) -> Result<(), Error> {
        match (action, value) {
            (Action::Remove, _) => {
                let message = "A remove operation has no path; name the attribute that is to be removed.";
                Err(Error::NoTarget(message.to_owned()))
            }
            (_, Some(Value::Object(members))) => self.members(action, members),
            (_, value) => {
                let sent = value.as_ref().map_or("nothing", kind_of);
                Err(Error::InvalidValue(format!(
                    "The value of an operation without a path must be an object of attributes, but {sent} was sent."
                )))
            }
        }
    }

    /// Reads the members of a resource, each as an operation of its own.
    pub fn members(&mut self, action: Action, members: Attributes) -> Result<(), Error> {
        members.into_iter().try_for_each(|(name, value)| self.member(action, &name, value))
    }

    fn member(&mut self, action: Action, name: &str, value: Value) -> Result<(), Error> {
        if place(name, self.declared).is_some() {
            return self.read(action, name, Some(value), Origin::Member);
        }
        let is_known = self.resource_type.schema_by_urn(name).is_some();
        match value {
            Value::Object(members) if same_name(name, self.resource_type.schema.urn) => self.members(action, members),
            Value::Object(members) if !is_known && is_schema(name, self.resource_type) => {
                self.unknown_extension(action, name, members);
                Ok(())
            }
            value => self.read(action, name, Some(value), Origin::Member),
        }
    }

    fn read(&mut self, action: Action, path: &str, value: Option<Value>, origin: Origin) -> Result<(), Error> {
        match place(path, self.declared) {
            Some(Place::Whole(urn)) => return self.whole_extension(action, urn.to_owned(), value),
            Some(Place::Key(urn, key)) => {
                let (schema, attribute) = (Some(urn.to_owned()), Some(key.to_owned()));
                let path = AttributePath { schema, attribute, sub_attribute: None };
                return self.push(action, PatchTarget { path, selector: None }, value);
            }
            None => {}
        }
        let target = match (PatchTarget::parse(path, self.resource_type), origin) {
            (Ok(target), _) => target,
            (Err(error), Origin::Path) => return Err(error),
            (Err(_), Origin::Member) => {
                self.ignore(name_alone(path));
                return Ok(());
            }
        };
        if target.path.attribute.is_none() {
            return self.known_extension(action, target, value);
        }
        if let Some(urn) = self.whole_unknown_extension(&target) {
            return self.whole_extension(action, urn, value);
        }
        let Some(attribute) = target.attribute(self.resource_type) else {
            let schema = target.path.schema.as_deref();
            if schema.is_none_or(|urn| self.resource_type.schema_by_urn(urn).is_some()) {
                self.ignore(&target.path.to_string());
                return Ok(());
            }
            return self.push(action, target, value);
        };
        if let Some(refused) = misunderstood(&target, attribute) {
            if origin == Origin::Path {
                return Err(refused);
            }
            self.ignore(&target.path.to_string());
            return Ok(());
        }
        if attribute.name == "schemas" && target.path.schema.is_none() {
            return Ok(());
        }
        let sub_attribute = target.sub_attribute(self.resource_type);
        if let Some(refused) = refused(action, &target, attribute, sub_attribute) {
            return if origin == Origin::Path { Err(refused) } else { Ok(()) };
        }
        // Nothing of a new resource is there yet that a selector could select.
        if self.is_whole && target.selector.is_some() && !attribute.multi_valued {
            self.ignore(&target.path.to_string());
            return Ok(());
        }
        if attribute.name == "members" {
            return self.edit_members(action, &target, value, origin);
        }
        self.push(action, target, value)
    }

    /// Reads an operation on the members of a group.
    fn edit_members(
        &mut self,
        action: Action,
        target: &PatchTarget,
        value: Option<Value>,
        origin: Origin,
    ) -> Result<(), Error> {
        if target.path.sub_attribute.is_some() {
            if origin == Origin::Path {
                let message = format!("{} cannot be changed; remove the member and add another one.", target.path);
                return Err(Error::InvalidPath(message));
            }
            self.ignore(&target.path.to_string());
            return Ok(());
        }
        let ids = match (action, &target.selector, value) {
            (Action::Remove, Some(selector), _) => {
                self.named_members += 1;
                return self.intent.remove_selected(members::selected(&selector.filter, &selector.text)?);
            }
            (_, Some(_), _) => {
                let message = "A member cannot be changed; remove it and add another one to members.";
                return Err(Error::Mutability(message.to_owned()));
            }
            (Action::Remove, None, None) => {
                self.named_members += 1;
                self.intent.clear();
                return Ok(());
            }
            // Whoever sends it may mean all members or none: that is not guessed.
            (Action::Remove, None, Some(Value::Null)) => {
                let message = "A removal from members has null for its value; send the ids of the members, or no value to \
                               remove all of them.";
                return Err(Error::InvalidValue(message.to_owned()));
            }
            (_, None, None) => {
                let message = "An operation on members has no value; send the ids of the members.";
                return Err(Error::InvalidValue(message.to_owned()));
            }
            (_, None, Some(value)) => members::ids(value)?,
        };
        self.named_members += ids.len().max(1);
        match action {
            Action::Add => self.intent.add(ids),
            Action::Remove => self.intent.remove(ids),
            Action::Replace => {
                self.intent.clear();
                self.intent.add(ids);
            }
        }
        Ok(())
    }

    /// Reads the value of an operation whose target can be changed.
    fn push(&mut self, action: Action, target: PatchTarget, value: Option<Value>) -> Result<(), Error> {
        let attribute = target.attribute(self.resource_type);
        let name = target.path.to_string();
        let input = match (action, value) {
            (Action::Remove, value) => removed(&target, attribute, value, &name)?,
            (_, None) => {
                let message = format!("An operation on {name} has no value; send null to unassign it.");
                return Err(Error::InvalidValue(message));
            }
            (_, Some(value)) if target.path.sub_attribute.is_some() => {
                match read(value, target.sub_attribute(self.resource_type), &name)?.into_value() {
                    Some(value) => Input::One(value),
                    None => Input::Nothing,
                }
            }
            (_, Some(value)) if target.selector.is_some() => read_element(value, attribute, &name)?,
            (_, Some(value)) => read(value, attribute, &name)?,
        };
        if let Some(attribute) = attribute {
            self.name_unknown_parts(attribute, &target, &input);
        }
        self.operations.push(Operation { action, target, input });
        Ok(())
    }

    /// Remembers the parts that an operation names and the attribute does not have. They are kept as they were sent.
    fn name_unknown_parts(&mut self, attribute: &'static Attribute, target: &PatchTarget, input: &Input) {
        let selected = target.selector.iter().flat_map(|selector| filter::attributes(&selector.filter));
        let sent: Box<dyn Iterator<Item = &str>> = match (&target.path.sub_attribute, input) {
            (Some(sub), _) => Box::new(std::iter::once(sub.as_str())),
            (None, Input::Parts(parts)) => Box::new(parts.iter().map(|(name, _)| name.as_str())),
            (None, Input::Many(elements)) => {
                let members = elements.iter().filter_map(Value::as_object);
                Box::new(members.flat_map(|members| members.keys().map(String::as_str)))
            }
            (None, Input::Nothing | Input::One(_)) => Box::new(std::iter::empty()),
        };
        let is_unknown =
            |name: &&str| attribute.kind == AttributeType::Complex && entra::sub_attribute(attribute, name).is_none();
        for name in selected.chain(sent).filter(is_unknown) {
            let path = AttributePath { sub_attribute: Some(name.to_owned()), ..target.path.clone() };
            remember(&mut self.unknown, &path.to_string());
        }
    }

    /// An operation on the whole of an extension that the table knows.
    fn known_extension(&mut self, action: Action, target: PatchTarget, value: Option<Value>) -> Result<(), Error> {
        let urn = target.path.to_string();
        match (action, value) {
            (Action::Add | Action::Replace, Some(Value::Object(members))) if !members.is_empty() => {
                let mut members = members.into_iter();
                members.try_for_each(|(name, value)| self.member(action, &format!("{urn}:{name}"), value))
            }
            (action, value) => {
                if action != Action::Remove && !value.as_ref().is_some_and(entra::is_unassigned) {
                    return Err(no_extension(&urn, value.as_ref()));
                }
                self.operations.push(Operation { action, target, input: Input::Nothing });
                Ok(())
            }
        }
    }

    /// The URN, where a path of an unknown schema is an extension by itself.
    fn whole_unknown_extension(&self, target: &PatchTarget) -> Option<String> {
        let PatchTarget { path: AttributePath { schema, attribute: Some(_), sub_attribute: None }, selector: None } =
            target
        else {
            return None;
        };
        let is_unknown = self.resource_type.schema_by_urn(schema.as_deref()?).is_none();
        let path = target.path.to_string();
        (is_unknown && entra::is_whole_extension(&path, self.resource_type.name)).then_some(path)
    }

    /// An operation on the whole of an extension that the table does not know.
    fn whole_extension(&mut self, action: Action, urn: String, value: Option<Value>) -> Result<(), Error> {
        match (action, value) {
            (Action::Add | Action::Replace, Some(Value::Object(members))) if !members.is_empty() => {
                self.unknown_extension(action, &urn, members);
            }
            (action, value) => {
                if action != Action::Remove && !value.as_ref().is_some_and(entra::is_unassigned) {
                    return Err(no_extension(&urn, value.as_ref()));
                }
                let path = AttributePath { schema: Some(urn), attribute: None, sub_attribute: None };
                let target = PatchTarget { path, selector: None };
                self.operations.push(Operation { action, target, input: Input::Nothing });
            }
        }
        Ok(())
    }

    /// The object of an extension that the table does not know: names in it are no paths.
    fn unknown_extension(&mut self, action: Action, urn: &str, members: Attributes) {
        for (name, value) in members {
            let path = AttributePath { schema: Some(urn.to_owned()), attribute: Some(name), sub_attribute: None };
            // Without a definition there is nothing that reading could refuse.
            let input = read(value, None, urn).unwrap_or(Input::Nothing);
            self.operations.push(Operation { action, target: PatchTarget { path, selector: None }, input });
        }
    }

    fn ignore(&mut self, name: &str) {
        remember(&mut self.ignored, name);
    }
}

/// What the log is told of a member name that is no path: the name of the attribute before a selector, whose value may say
/// who somebody is. A text that is no name at all is not told.
fn name_alone(path: &str) -> &str {
    let name = path.split('[').next().unwrap_or_default();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "$-_:.".contains(letter);
    if !name.is_empty() && name.chars().all(is_name) { name } else { "…" }
}

/// Adds a client's name to those that the log is told, cut and in one line.
fn remember(names: &mut Vec<String>, name: &str) {
    const LONGEST: usize = 100;
    if names.len() < limits::MAX_IGNORED {
        let name: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// The URN of a schema: an attribute behind it would make a path.
fn is_schema(name: &str, resource_type: &'static ResourceType) -> bool {
    is_urn(name) && AttributePath::parse(&format!("{name}:x"), resource_type).is_ok()
}

/// Why a path that names an attribute of the table names nothing that the attribute has: `displayName.x`,
/// `title[type eq "work"]`.
fn misunderstood(target: &PatchTarget, attribute: &Attribute) -> Option<Error> {
    let is_simple = attribute.kind != AttributeType::Complex;
    let (path, name) = (&target.path, attribute.name);
    if is_simple && path.sub_attribute.is_some() {
        return Some(Error::InvalidPath(format!(
            "The path {path} is wrong: {name} has no parts; send its name alone."
        )));
    }
    if is_simple && !attribute.multi_valued && target.selector.is_some() {
        let message = format!("The path selects among values of {path}, which has one value; leave the brackets out.");
        return Some(Error::InvalidPath(message));
    }
    None
}

/// Why an attribute that exists cannot be changed that way.
fn refused(
    action: Action,
    target: &PatchTarget,
    attribute: &Attribute,
    sub_attribute: Option<&Attribute>,
) -> Option<Error> {
    let path = &target.path;
    let is_read_only = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
    if is_read_only(attribute) || sub_attribute.is_some_and(is_read_only) {
        return Some(Error::Mutability(format!("{path} is set by the server and cannot be changed.")));
    }
    if sub_attribute.is_some_and(|sub| sub.mutability == Mutability::Immutable) {
        return Some(Error::Mutability(format!("{path} cannot be changed; remove the element and add another one.")));
    }
    if action == Action::Remove && attribute.required && path.sub_attribute.is_none() && target.selector.is_none() {
        return Some(Error::Mutability(format!(
            "{path} is required and cannot be removed; replace its value instead."
        )));
    }
    None
}

/// What a removal removes. Beside the RFC, `{"op": "Remove", "path": "members", "value": [{"value": "ID"}]}` names the
/// elements of a list: a server that reads only the path empties the group.
fn removed(
    target: &PatchTarget,
    attribute: Option<&'static Attribute>,
    value: Option<Value>,
    name: &str,
) -> Result<Input, Error> {
    let may_be_list = attribute.is_none_or(|attribute| attribute.multi_valued);
    let whole = target.selector.is_none() && target.path.sub_attribute.is_none();
    match value {
        Some(value) if whole && may_be_list && !value.is_null() => Ok(match read(value, attribute, name)? {
            Input::Many(elements) => Input::Many(elements),
            // An empty list names nothing, and nothing is removed.
            other => Input::Many(other.into_value().into_iter().collect()),
        }),
        _ => Ok(Input::Nothing),
    }
}

fn no_extension(urn: &str, value: Option<&Value>) -> Error {
    let sent = value.map_or("nothing", kind_of);
    Error::InvalidValue(format!("{urn} must be an object of attributes, but {sent} was sent."))
}
