//! Why something could not be looked at.

use super::finding::{Conclusion, unknown};
use crate::store;

/// Why something could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blind {
    /// There is no such object.
    Absent,
    /// The caller lacks this right, such as "list leases in all namespaces".
    Forbidden(String),
    /// The API server did not answer, or not with what was asked for.
    Failed(String),
    /// Nothing asked for it, or what leads there is itself unknown; the text says what to do.
    NotAsked(String),
}

impl Blind {
    /// What a failed call means, where it needs this right.
    pub fn of(error: store::Error, right: &str) -> Self {
        match error {
            store::Error::NotFound => Self::Absent,
            store::Error::Forbidden(_) => Self::Forbidden(right.to_owned()),
            error => Self::Failed(error.to_string()),
        }
    }

    /// The finding of a check that needs to see `what`.
    pub fn conclusion(&self, what: &str) -> Conclusion {
        match self {
            Self::Absent => unknown(format!("{what} cannot be looked at: there is no such object"), ""),
            Self::Forbidden(right) => unknown(
                format!("{what} cannot be looked at: your account may not {right}"),
                format!("run the doctor with an account that may {right}"),
            ),
            Self::Failed(reason) => unknown(
                format!("{what} cannot be looked at: {reason}"),
                "run the doctor again once the API server answers",
            ),
            Self::NotAsked(advice) => unknown(format!("{what} was not looked at"), advice.clone()),
        }
    }
}
