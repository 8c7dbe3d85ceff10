//! What a value counts as that a newer version wrote and this one does not know. This is the only place that says so.
//!
//! While a cluster is upgraded, old replicas read values that only new ones know. Such a value is read as `Unknown`, and
//! counts as the careful one of those that there are: the one that gives nobody more than before, shows nobody more than
//! before, and loses nothing. Where no known value is careful enough it counts as none. A decision asks `counts_as` (or
//! `known`) and never looks at `Unknown` itself; the owner of a Directory is told of the value by its condition Ready.
//!
//! Three enumerations are read where they are decided, and an unknown value is none of those that are asked for:
//! `DirectoryUser.spec.managedBy` ([`crate::rules::standing`]: SCIM neither shows nor changes the person) and the scopes of
//! a key ([`crate::rules::key`]: it opens nothing). An
//! unknown `loginMethod` of a person fits no way to log in ([`crate::rules::access`]).

use super::directory::{
    Basic, BuiltInUsers, DeletionPolicy, ExtensionType, ExternalIdRule, GroupsMode, Naming, OnInvalid, PortalRole,
    ProvisioningMode, Source,
};
use super::directory_application::{HeaderFamily, HostScheme};
use super::directory_group::GroupState;
use super::directory_login::{AccountMatch, ClientAssertion, Flavor, LoginMode, UpnClaim};
use super::directory_status::{SetupStepName, UniqueAttributeState};
use super::directory_user::UserState;
use super::provisioning_status::CyclePhase;

impl ProvisioningMode {
    /// Unknown is Disabled: 503 loses nothing, and to serve may be just what the value forbids.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Disabled } else { self }
    }
}

impl Source {
    /// Unknown is Generic: both dialects are understood in either case, and refusals do not speak of Entra's mapping.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Generic } else { self }
    }
}

impl Basic {
    /// Unknown is Refuse: Bearer is taken all the same.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Refuse } else { self }
    }
}

impl BuiltInUsers {
    /// Unknown is Hidden: nobody is shown who was not.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Hidden } else { self }
    }
}

impl OnInvalid {
    /// Unknown is Reject: a write that was refused can be repeated.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Reject } else { self }
    }
}

impl UserState {
    /// Unknown is no state: people read it, and nothing is decided by it.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}

impl GroupState {
    /// Unknown is no state: people read it, and nothing is decided by it.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}

impl PortalRole {
    /// Unknown is no role: which of the others is not above it cannot be told.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}

impl ExtensionType {
    /// Unknown is String: every value that is not an object or a list counts, as it was sent.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::String } else { self }
    }
}

impl GroupsMode {
    /// Unknown is Sync: no member is lost, which Entra would not send again.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Sync } else { self }
    }
}

impl ExternalIdRule {
    /// Unknown is Enforce: a write that was refused can be repeated, a second holder stays.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Enforce } else { self }
    }
}

impl DeletionPolicy {
    /// Unknown is Retain: who was left can be deleted later.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Retain } else { self }
    }
}

impl Naming {
    /// Unknown is Opaque: the name of an object never changes, so no part of a person's name goes into it by mistake.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Opaque } else { self }
    }
}

impl SetupStepName {
    /// Unknown is no step: whether one that this version does not know is done cannot be told.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}

impl CyclePhase {
    /// Unknown is Incremental: it says least of those who come.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Incremental } else { self }
    }
}

impl UniqueAttributeState {
    /// Unknown is Claiming: values are claimed, and nobody is refused.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Claiming } else { self }
    }
}

impl LoginMode {
    /// Unknown is Disabled: nobody is let in by a rule that is not known.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Disabled } else { self }
    }
}

impl Flavor {
    /// An unknown one is no provider: which checks it asks for cannot be told.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}

impl ClientAssertion {
    /// An unknown one is no proof.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}

impl AccountMatch {
    /// Unknown is ObjectId: nobody is linked by a name.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::ObjectId } else { self }
    }
}

impl UpnClaim {
    /// Unknown is upn, which people cannot change themselves.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Upn } else { self }
    }
}

impl HostScheme {
    /// Unknown is https.
    pub fn counts_as(self) -> Self {
        if self == Self::Unknown { Self::Https } else { self }
    }
}

impl HeaderFamily {
    /// An unknown one adds no header.
    pub fn known(self) -> Option<Self> {
        (self != Self::Unknown).then_some(self)
    }
}
