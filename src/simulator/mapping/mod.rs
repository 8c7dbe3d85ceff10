//! Attribute mappings as data: which attribute of the source goes where in SCIM.
//!
//! The defaults are those of a non-gallery application; [`DEFAULTS`] is the file that `--print-mappings` prints and that
//! `--mappings FILE` replaces.

mod expression;
mod target;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::simulator::source::{Entity, attributes};
pub use expression::Expression;
pub use target::TargetPath;

/// The mappings of a new non-gallery application, as JSON.
pub const DEFAULTS: &str = include_str!("default.json");
/// The most rows of one kind of object.
const MAX_ROWS: usize = 200;

/// What a table of mappings is for, and so what its rows may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Users,
    Groups,
}

impl For {
    /// The attribute of the source that names other objects; it is written after the objects.
    fn reference(self) -> &'static str {
        match self {
            Self::Users => "manager",
            Self::Groups => "members",
        }
    }

    fn has(self, attribute: &str) -> bool {
        match self {
            Self::Users => attributes::is_of_people(attribute),
            Self::Groups => attributes::OF_GROUPS.contains(&attribute),
        }
    }

    /// The sentence about an attribute that the source does not have.
    fn unknown(self, name: &str) -> String {
        let known = match self {
            Self::Users => {
                format!(
                    "{}, manager (alone in its row), {} (in a function for roles)",
                    attributes::readable(),
                    attributes::ROLES
                )
            }
            Self::Groups => format!("{}, members (alone in its row)", attributes::OF_GROUPS.join(", ")),
        };
        format!("the source has no attribute {name:?}; it has {known}")
    }
}

/// A row as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    attribute: Option<String>,
    expression: Option<String>,
    constant: Option<String>,
    default: Option<String>,
    target: String,
    r#match: Option<u32>,
    #[serde(default)]
    only_on_creation: bool,
    #[serde(default)]
    send_empty: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMappings {
    users: Option<Vec<Written>>,
    groups: Option<Vec<Written>>,
}

/// One row: what is read from the source and where it goes.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is read.
    pub source: Expression,
    /// What is sent where the source has nothing.
    pub default: Option<String>,
    /// Where it goes.
    pub target: TargetPath,
    /// The order in which the row is used to match; `None` if it is not.
    pub precedence: Option<u32>,
    /// Whether updates leave it alone.
    pub only_on_creation: bool,
    /// Whether a source that has nothing empties the target with `""`. Entra does not provision null; administrators
    /// write expressions that give `""` where the target has to follow.
    pub send_empty: bool,
}

impl Row {
    /// The value that the target should have; null if the source has nothing, and `""` if that is to be sent.
    pub fn desired(&self, entity: &dyn Entity) -> Value {
        let value = self.source.evaluate(entity, &self.target);
        let is_empty = value.is_null() || value == "";
        let value = match &self.default {
            Some(default) if is_empty => Value::from(default.as_str()),
            _ => value,
        };
        match value.as_str() {
            None if self.send_empty && value.is_null() => Value::from(""),
            Some("") if self.send_empty => value,
            Some("") => Value::Null,
            Some(text) if self.target.is_boolean() => Value::Bool(text.eq_ignore_ascii_case("true")),
            _ => value,
        }
    }
}

/// The rows for one kind of object.
#[derive(Clone, Debug)]
pub struct MappingTable {
    /// Every row but the reference.
    pub rows: Vec<Row>,
    /// Where the reference goes (`manager`, `members`), if it is mapped.
    pub reference: Option<TargetPath>,
}

impl MappingTable {
    fn read(written: Vec<Written>, of: For) -> Result<Self, String> {
        if written.len() > MAX_ROWS {
            return Err(format!("there are more than {MAX_ROWS} rows"));
        }
        let mut table = Self { rows: Vec::new(), reference: None };
        for (index, row) in written.into_iter().enumerate() {
            let place = format!("row {} ({})", index + 1, row.target);
            table.add(row, of).map_err(|error| format!("{place}: {error}"))?;
        }
        if table.matching().is_empty() {
            return Err("no row has a \"match\"".to_owned());
        }
        Ok(table)
    }

    fn add(&mut self, row: Written, of: For) -> Result<(), String> {
        let target = TargetPath::parse(&row.target)?;
        let source = match (row.attribute, row.expression, row.constant) {
            (Some(name), None, None) if name == of.reference() => {
                self.reference = Some(target);
                return Ok(());
            }
            (Some(name), None, None) => Expression::Attribute(name),
            (None, Some(text), None) => Expression::parse(&text)?,
            (None, None, Some(text)) => Expression::Constant(text),
            _ => return Err("it needs one of attribute, expression, constant".to_owned()),
        };
        if let Some(name) = source.unknown(&|name| of.has(name)) {
            return Err(of.unknown(name));
        }
        self.rows.push(Row {
            source,
            default: row.default,
            target,
            precedence: row.r#match,
            only_on_creation: row.only_on_creation,
            send_empty: row.send_empty,
        });
        Ok(())
    }

    /// The rows to match by, in order of precedence.
    pub fn matching(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.rows.iter().filter(|row| row.precedence.is_some()).collect();
        rows.sort_by_key(|row| row.precedence);
        rows
    }

    /// Matches by this target and by no other.
    pub fn match_by(&mut self, target: &str) -> Result<(), String> {
        if !self.rows.iter().any(|row| row.target.text() == target) {
            return Err(format!("no row maps {target}, so nothing can be matched by it"));
        }
        for row in &mut self.rows {
            row.precedence = (row.target.text() == target).then_some(1);
        }
        Ok(())
    }

    /// Whether an object can be switched off: otherwise it is deleted where it would be.
    pub fn has_active(&self) -> bool {
        self.rows.iter().any(|row| row.target.text().eq_ignore_ascii_case("active"))
    }

    /// The target values in the order of the rows.
    pub fn desired(&self, entity: &dyn Entity) -> Vec<Value> {
        self.rows.iter().map(|row| row.desired(entity)).collect()
    }

    /// The body of a POST.
    pub fn body(&self, entity: &dyn Entity, fixed: Map<String, Value>) -> Value {
        let mut body = fixed;
        for row in &self.rows {
            let value = row.desired(entity);
            if !value.is_null() && value != "" {
                row.target.write(&mut body, value);
            }
        }
        Value::Object(body)
    }
}

/// What every POST of a user holds besides the mapped attributes.
pub fn user_frame() -> Map<String, Value> {
    let frame = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "meta": { "resourceType": "User" },
        "roles": [],
    });
    frame.as_object().cloned().unwrap_or_default()
}

/// What every POST of a group holds besides the mapped attributes. The second schema is Microsoft's own.
pub fn group_frame() -> Map<String, Value> {
    let frame = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "meta": { "resourceType": "Group" },
    });
    frame.as_object().cloned().unwrap_or_default()
}

/// The mappings of a job.
#[derive(Clone, Debug)]
pub struct Mappings {
    /// For users.
    pub users: MappingTable,
    /// For groups.
    pub groups: MappingTable,
}

impl Mappings {
    /// Reads mappings from JSON in the form of [`DEFAULTS`]. What the text leaves out, users or groups, is mapped by the
    /// defaults.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "a mappings file is an object with \"users\" and \"groups\", as --print-mappings shows";
        let json: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        if !json.is_object() {
            return Err(form.to_owned());
        }
        // From the text once more, so that an error names the line.
        let written: WrittenMappings = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if written.users.is_none() && written.groups.is_none() {
            return Err(form.to_owned());
        }
        let defaults: WrittenMappings = serde_json::from_str(DEFAULTS).map_err(|error| error.to_string())?;
        let table = |of, name, given: Option<Vec<Written>>, default: Option<Vec<Written>>| {
            MappingTable::read(given.or(default).unwrap_or_default(), of).map_err(|error| format!("{name}: {error}"))
        };
        Ok(Self {
            users: table(For::Users, "users", written.users, defaults.users)?,
            groups: table(For::Groups, "groups", written.groups, defaults.groups)?,
        })
    }
}
