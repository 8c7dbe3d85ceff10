//! Users and groups: the resources that SCIM knows.

use super::naming::{GROUP_NAME, USER_NAME};
use crate::scim::schema::{GROUP, ResourceType, USER};

/// A type of SCIM resource. Users and groups are stored, claimed and shown alike; whatever differs between them asks this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A person, in a DirectoryUser.
    User,
    /// A group, in a DirectoryGroup.
    Group,
}

impl Resource {
    /// Both, the one first that more members of groups are.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// What the attribute table says of it.
    pub fn schema(self) -> &'static ResourceType {
        match self {
            Self::User => &USER,
            Self::Group => &GROUP,
        }
    }

    /// The attribute that is the *name*: always claimed, and what makes an object visible.
    pub fn name_attribute(self) -> &'static str {
        match self {
            Self::User => USER_NAME,
            Self::Group => GROUP_NAME,
        }
    }

    /// The same attribute as `spec.scim` spells it.
    pub fn name_field(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The kind of a claimed attribute's holder; nothing where this version knows no such kind.
    pub fn of_attribute(attribute: &str) -> Option<Self> {
        match attribute.split_once('.')?.0 {
            "User" => Some(Self::User),
            "Group" => Some(Self::Group),
            _ => None,
        }
    }
}
