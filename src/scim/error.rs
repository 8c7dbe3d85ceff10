//! What a client did wrong, in the words of RFC 7644 section 3.12.

use serde_json::{Value, json};

/// The URN of the error message.
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A request that cannot be carried out as it was sent. The text of each variant is the `detail`
/// that ends up in Entra's provisioning log: it names the attribute or the place, says what to do,
/// and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON, not an object, an unknown operation, no `Operations`.
    #[error("{0}")]
    InvalidSyntax(String),
    /// The filter does not parse, or orders what has no order.
    #[error("{0}")]
    InvalidFilter(String),
    /// The path does not parse or names no attribute that a path can name.
    #[error("{0}")]
    InvalidPath(String),
    /// The path selects nothing that could be changed.
    #[error("{0}")]
    NoTarget(String),
    /// A value is missing, has the wrong type, or breaks a rule.
    #[error("{0}")]
    InvalidValue(String),
    /// The attribute may not be changed that way.
    #[error("{0}")]
    Mutability(String),
    /// More than the protocol's bounds allow: operations, members, nodes of a filter.
    #[error("{0}")]
    TooLarge(String),
}

impl Error {
    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge(_) => 413,
            _ => 400,
        }
    }

    /// The `scimType` of RFC 7644 table 9, where the status has one.
    pub fn scim_type(&self) -> Option<&'static str> {
        match self {
            Self::InvalidSyntax(_) => Some("invalidSyntax"),
            Self::InvalidFilter(_) => Some("invalidFilter"),
            Self::InvalidPath(_) => Some("invalidPath"),
            Self::NoTarget(_) => Some("noTarget"),
            Self::InvalidValue(_) => Some("invalidValue"),
            Self::Mutability(_) => Some("mutability"),
            Self::TooLarge(_) => None,
        }
    }
}

/// The error body of RFC 7644 section 3.12. `status` is a string there.
pub fn body(status: u16, scim_type: Option<&str>, detail: &str) -> Value {
    let mut body = json!({ "schemas": [ERROR_URN], "status": status.to_string(), "detail": detail });
    if let (Some(scim_type), Some(members)) = (scim_type, body.as_object_mut()) {
        members.insert("scimType".to_owned(), scim_type.into());
    }
    body
}
