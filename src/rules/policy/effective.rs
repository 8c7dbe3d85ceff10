//! What the stored attributes of a user amount to, and how the status shows it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::api::directory::PortalRole;
use crate::scim::path::shown;

/// Most notes about one user.
pub const MAX_NOTES: usize = 16;

/// Most bytes of effective extensions that the status repeats: an object of a megabyte must not become one of two.
pub const MAX_STATUS_BYTES: usize = 64 * 1024;

/// The values that doors go by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effective {
    /// The userType that the user counts as.
    pub user_type: Option<String>,
    /// The role in the portal; without one the user may log in to applications alone.
    pub portal_role: Option<PortalRole>,
    /// The declared extensions by their URN as it is declared, and what their attributes count as. One that says nothing is
    /// absent.
    pub extensions: BTreeMap<String, Map<String, Value>>,
    /// What was sent and does not count as it was sent; at most [`MAX_NOTES`].
    pub notes: Vec<Note>,
    pub(super) shows_user_type: bool,
    pub(super) shows_portal_role: bool,
}

/// Something that was sent and counts as another thing or as nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The userType is none of those that are allowed.
    UserTypeNotAllowed {
        /// As it was sent.
        sent: String,
        /// What it counts as instead; nothing where it stands, because the person was there before the rule.
        counts_as: Option<String>,
    },
    /// A role that is no portal role, as it was sent.
    UnknownRole(String),
    /// A role above what SCIM may give.
    RoleCapped {
        /// The role that was sent.
        sent: PortalRole,
        /// The role that it counts as; none where the limit is of a newer version.
        counts_as: Option<PortalRole>,
    },
    /// A value of a declared attribute that is not of its type, and counts as absent.
    WrongType {
        /// The path of the attribute.
        path: String,
        /// The type that is declared, with its article.
        expected: &'static str,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UserTypeNotAllowed { sent, counts_as: Some(other) } => {
                write!(formatter, "userType {} is not allowed and counts as {}", shown(sent), shown(other))
            }
            Self::UserTypeNotAllowed { sent, counts_as: None } => {
                write!(formatter, "userType {} is not allowed any more; the next write is refused", shown(sent))
            }
            Self::UnknownRole(role) => write!(formatter, "role {} is no portal role and is ignored", shown(role)),
            Self::RoleCapped { sent, counts_as: Some(other) } => {
                write!(formatter, "role {sent:?} is more than SCIM may give and counts as {other:?}")
            }
            Self::RoleCapped { sent, counts_as: None } => {
                write!(formatter, "role {sent:?} does not count: the limit for SCIM is not known")
            }
            Self::WrongType { path, expected } => write!(formatter, "{} is not {expected} and is ignored", shown(path)),
        }
    }
}

/// Adds a note while there is room for it.
pub(super) fn note(notes: &mut Vec<Note>, new: Note) {
    if notes.len() < MAX_NOTES && !notes.contains(&new) {
        notes.push(new);
    }
}

impl Effective {
    /// What `DirectoryUser.status.effective` shows: `userType` where the Directory says which ones are allowed,
    /// `portalRole` where it says something about roles, `extensions` where it declares some, and `notes` about these.
    /// Nothing where the Directory declares nothing that makes a difference, so that no status is written for it.
    pub fn to_status(&self) -> Option<Value> {
        let mut status = Map::new();
        if let Some(user_type) = self.user_type.as_ref().filter(|_| self.shows_user_type) {
            status.insert("userType".to_owned(), user_type.as_str().into());
        }
        if let Some(role) = self.portal_role.filter(|_| self.shows_portal_role) {
            status.insert("portalRole".to_owned(), format!("{role:?}").into());
        }
        let mut notes: Vec<_> = self.notes.iter().filter(|note| self.shows(note)).map(ToString::to_string).collect();
        if !self.extensions.is_empty() {
            let extensions = json!(self.extensions);
            if extensions.to_string().len() <= MAX_STATUS_BYTES {
                status.insert("extensions".to_owned(), extensions);
            } else {
                notes.push(format!(
                    "the extensions are not repeated here: they have more than {MAX_STATUS_BYTES} bytes"
                ));
            }
        }
        if !notes.is_empty() {
            status.insert("notes".to_owned(), notes.into());
        }
        (!status.is_empty()).then_some(Value::Object(status))
    }

    fn shows(&self, note: &Note) -> bool {
        match note {
            Note::UserTypeNotAllowed { .. } | Note::WrongType { .. } => true,
            Note::UnknownRole(_) | Note::RoleCapped { .. } => self.shows_portal_role,
        }
    }
}
