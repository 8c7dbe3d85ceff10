//! PATCH operations in both dialects, one for each attribute or with the attributes together in a pathless one.

use serde_json::{Map, Value, json};

use super::path::target;
use crate::simulator::patch::PatchDialect;

/// How the attributes of one PATCH are spread over its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperationForm {
    /// One operation for each attribute.
    Verbose,
    /// Filtered paths each on their own, all else as keys of one pathless value.
    NonVerbose,
}

/// Both forms.
pub(super) const FORMS: [OperationForm; 2] = [OperationForm::Verbose, OperationForm::NonVerbose];

impl OperationForm {
    /// What stands behind the name of a test.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Verbose => "verbose",
            Self::NonVerbose => "non-verbose",
        }
    }
}

impl PatchDialect {
    /// One operation by path.
    pub(super) fn operation(self, op: &str, path: &str, value: &Value) -> Value {
        json!({ "op": self.op(op), "path": path, "value": self.value(value) })
    }

    /// An operation that takes something away.
    pub(super) fn removal(self, path: &str) -> Value {
        json!({ "op": self.op("remove"), "path": path })
    }

    /// An operation without a path.
    pub(super) fn pathless(self, op: &str, value: &Value) -> Value {
        json!({ "op": self.op(op), "value": value })
    }

    /// The operations that set these attributes.
    pub(super) fn operations(self, form: OperationForm, op: &str, attributes: &[(&str, Value)]) -> Value {
        let (apart, together): (Vec<_>, Vec<_>) =
            attributes.iter().partition(|(path, _)| form == OperationForm::Verbose || target(path).is_filtered());
        let mut operations: Vec<_> = apart.into_iter().map(|(path, value)| self.operation(op, path, value)).collect();
        if !together.is_empty() {
            let together = together.into_iter().map(|(path, value)| ((*path).to_owned(), self.value(value)));
            let together: Map<_, _> = together.collect();
            operations.push(self.pathless(op, &Value::Object(together)));
        }
        Value::Array(operations)
    }

    /// The name of an operation.
    fn op(self, op: &str) -> String {
        match self {
            Self::Legacy => {
                let (first, rest) = op.split_at(1);
                first.to_ascii_uppercase() + rest
            }
            Self::Standard => op.to_owned(),
        }
    }

    /// A value: the legacy dialect writes booleans as text.
    fn value(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Legacy, Value::Bool(true)) => json!("True"),
            (Self::Legacy, Value::Bool(false)) => json!("False"),
            _ => value.clone(),
        }
    }
}
