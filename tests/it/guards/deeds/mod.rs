//! What somebody tries and is refused, the sentence that refuses it, and the way around. `docs/guards.md` holds the same table.

mod fields;
mod policy;
mod removal;

use serde_json::{Value, json};

use super::scene::{Act, Names, Who};

pub(crate) use fields::fields;
pub(crate) use policy::{keys, operator, secrets, status};
pub(crate) use removal::{claims, deletion, directories};

/// One row of the table.
pub(crate) struct Deed {
    /// The guard that refuses it, by the name of its value; or RBAC.
    pub(crate) guard: &'static str,
    /// What is tried.
    pub(crate) deed: &'static str,
    pub(crate) who: Who,
    pub(crate) act: Act,
    /// Words of the sentence that whoever tries it reads.
    pub(crate) says: String,
    /// How it is done properly, in words.
    pub(crate) around: &'static str,
    /// The same, done.
    pub(crate) way: Vec<Step>,
}

/// One step of a way around; each has to succeed.
pub(crate) enum Step {
    As(Who, Act),
    Scim(&'static str, String, Value),
}

/// What refuses where no guard is needed.
pub(crate) const RBAC: &str = "RBAC";

/// A table of deeds on the objects of a scene.
type Deeds = fn(&Names) -> Vec<Deed>;

/// The tests and the rows that each of them proves.
pub(crate) const TESTS: [(&str, Deeds); 8] = [
    ("fields_belong_to_who_writes_them", fields),
    ("what_scim_manages_is_deleted_over_scim", deletion),
    ("a_directory_with_people_is_deleted_by_nobody_without_the_annotation", directories),
    ("claims_are_nobodys_to_write", claims),
    ("keys_take_a_right_of_their_own", keys),
    ("a_status_is_the_operators", status),
    ("the_operator_changes_no_policy", operator),
    ("the_operator_writes_no_secret_of_others", secrets),
];

impl Deed {
    fn refused(guard: &'static str, deed: &'static str, who: Who, act: Act, says: impl Into<String>) -> Self {
        Self { guard, deed, who, act, says: says.into(), around: "", way: Vec::new() }
    }

    fn around(self, around: &'static str, way: impl Into<Vec<Step>>) -> Self {
        Self { around, way: way.into(), ..self }
    }
}

fn spec(change: Value) -> Value {
    json!({ "spec": change })
}

fn scim(method: &'static str, path: impl Into<String>, body: Value) -> Step {
    Step::Scim(method, path.into(), body)
}

fn scim_patch(path: impl Into<String>, operation: Value) -> Step {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    scim("PATCH", path, json!({ "schemas": schemas, "Operations": [operation] }))
}
