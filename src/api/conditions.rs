//! Condition types and reasons: they are spelled here and nowhere else.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The types of conditions. All say something good when they are true, save the alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionType {
    /// The object is as its spec wants it.
    Ready,
    /// Users and groups, as versions before wrote it: Ready says it now, and this one is taken off where it still stands.
    NameClaimed,
    /// Users: the doors are open for this person.
    AccessGranted,
    /// Keys: the minted secret has been handed over.
    Delivered,
    /// Keys, an alarm: the key ends soon.
    Expiring,
    /// Directories: people can log in.
    LoginReady,
    /// Directories, an alarm: nothing has been heard from the provider for long.
    Stale,
    /// Directories, an alarm: many people were deactivated in the last cycle. Nothing stops that, so somebody has to look.
    ManyDeactivated,
    /// Directories, an alarm: deletions over SCIM are braked.
    MassDeleteBlocked,
    /// Directories, an alarm: no more active users are taken. Below the limit it is False, and its reason says whether the
    /// limit is near.
    QuotaReached,
    /// Directories, an alarm: resources have the externalId of another one, where that is only warned of.
    DuplicateExternalId,
    /// Stands only while it is True: the operator is at work on the object, and the work ends by itself. kstatus reads it.
    Reconciling,
    /// Stands only while it is True: the object becomes Ready only once somebody changes something. kstatus reads it.
    Stalled,
    /// Directories, an alarm: the provider asks, and no user has come.
    NoUsers,
    /// Directories, an alarm: people may not be found when they log in, by what the provider's mapping made of them.
    MappingSuspect,
    /// Directories, an alarm: writes of the last cycle were refused.
    OperationsRefused,
    /// Directories, an alarm: credentials were refused a moment ago.
    AuthenticationFailing,
}

impl ConditionType {
    /// The `type` of the condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::NameClaimed => "NameClaimed",
            Self::AccessGranted => "AccessGranted",
            Self::Delivered => "Delivered",
            Self::Expiring => "Expiring",
            Self::LoginReady => "LoginReady",
            Self::Stale => "Stale",
            Self::ManyDeactivated => "ManyDeactivated",
            Self::MassDeleteBlocked => "MassDeleteBlocked",
            Self::QuotaReached => "QuotaReached",
            Self::DuplicateExternalId => "DuplicateExternalId",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::NoUsers => "NoUsers",
            Self::MappingSuspect => "MappingSuspect",
            Self::OperationsRefused => "OperationsRefused",
            Self::AuthenticationFailing => "AuthenticationFailing",
        }
    }
}

/// Why a condition stands as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Ready: the endpoint serves.
    Serving,
    /// Ready: the endpoint answers 503, as the spec wants it.
    ProvisioningDisabled,
    /// Ready: the endpoint answers as if it served, and stores nothing. Of a report: it goes on.
    Observing,
    /// Ready, of a report: the Directory is not observed any more.
    Ended,
    /// Not Ready: a rule of uniqueness is being turned on.
    Claiming,
    /// Not Ready: the Directory is being deleted.
    Deleting,
    /// Not Ready: a part of the spec cannot be acted on.
    InvalidPolicy,
    /// `QuotaReached` or `MassDeleteBlocked` is False: there is room.
    Below,
    /// `QuotaReached` is False: the limit is near.
    Nearly,
    /// `QuotaReached` is True.
    Reached,
    /// `MassDeleteBlocked` is True: as many people were deleted within the hour as may be.
    LimitReached,
    /// `MassDeleteBlocked` is False: the limit is reached, and somebody has lifted it for a while.
    Lifted,
    /// `DuplicateExternalId` is True.
    Duplicates,
    /// `DuplicateExternalId` is False.
    NoDuplicates,
    /// Not `Ready`: another object has a value that this user or group names, or that it would get back by an undelete.
    Taken,
    /// `Ready`: the user or group owns every value that it names.
    Claimed,
    /// Not `Ready`: an application or a key names a Directory that is not there.
    DirectoryMissing,
    /// Not `Ready`: an application names a Directory in which nobody logs in.
    LoginMissing,
    /// Not `Ready`: an application of another Directory has one of its hosts.
    HostTaken,
    /// `Ready`, and an application names groups or people that are not there.
    NamesUnknown,
    /// `AccessGranted` is True.
    Granted,
    /// Not `AccessGranted`: the person was deleted. `Ready`, of a deleted user or group.
    Deleted,
    /// Not `AccessGranted`: the object lost its name before anybody was told of it.
    Rejected,
    /// Not `AccessGranted`: another object has a value that must be unique.
    ValueTaken,
    /// Not `AccessGranted`: the provider deactivated the person.
    Inactive,
    /// Not `AccessGranted`: an administrator suspended the person.
    Suspended,
    /// Not `AccessGranted`: somebody suspended the person in the portal.
    SuspendedByPortal,
    /// Not `AccessGranted`: nobody logs in to the Directory.
    LoginDisabled,
    /// Not `AccessGranted`: the person's way to log in is not open in the Directory.
    MethodUnavailable,
    /// Not `AccessGranted`: the person is linked to an account of another tenant.
    ForeignLink,
    /// `LoginReady` is True: the provider answers, what proves the operator to it is there, and Entra accepts it.
    Answering,
    /// Not `LoginReady`: the provider's address is that of every tenant.
    TenantIndependentAuthority,
    /// Not `LoginReady`: the operator may not ask this host, or it has a private address.
    AuthorityNotAllowed,
    /// Not `LoginReady`: the Secret or its entry is not there.
    ClientSecretMissing,
    /// Not `LoginReady`: the Secret is not of the type of client secrets.
    ClientSecretOfOtherType,
    /// Not `LoginReady`, or a key is not `Ready`: the operator may not read and write Secrets.
    Forbidden,
    /// Not `LoginReady`: the token of the service account is not there.
    ClientAssertionMissing,
    /// Not `LoginReady`: the provider does not accept what proves the operator, or does not know the application.
    RegistrationRefused,
    /// Not `LoginReady`: the provider does not answer.
    ProviderUnreachable,
    /// Not `LoginReady`: what is named or what answers is no provider.
    ProviderInvalid,
    /// Not `LoginReady`: the certificates of `caBundle` cannot be read.
    CaBundleInvalid,
    /// `Stale` is True: no request has come for three cycles.
    Silent,
    /// `Stale` is False: requests come again.
    InContact,
    /// `NoUsers` is True.
    NobodyAssigned,
    /// `NoUsers` is False.
    UsersArrived,
    /// `MappingSuspect` is True: userNames or externalIds are not what logins need.
    AttributesUnusable,
    /// `MappingSuspect` is False.
    AttributesUsable,
    /// `OperationsRefused` is True.
    Refused,
    /// `OperationsRefused` is False.
    NoneRefused,
    /// `ManyDeactivated` is True.
    Burst,
    /// `ManyDeactivated` is False: in the last cycle no more people were deactivated than on any day.
    Ordinary,
    /// `AuthenticationFailing` is True.
    CredentialsRefused,
    /// `AuthenticationFailing` is False: for ten minutes no credentials have been refused.
    NoFailures,
    /// `Ready`: the key opens its Directory.
    InForce,
    /// `Ready`, and the key opens nothing yet: its `notBefore` is yet to come.
    NotYetValid,
    /// `Ready`, and the key opens nothing any more; also `Expiring` is False because the end is over.
    Expired,
    /// `Ready`, and the key opens nothing: somebody has revoked it. `Expiring` is False for the same reason.
    Revoked,
    /// Not `Ready`: the operator is making the secret of the key.
    Minting,
    /// Not `Ready`: the Secret for the key's secret is somebody else's.
    SecretTaken,
    /// `Expiring` is False: the key has no end.
    Permanent,
    /// `Expiring` is False: the key has no end of its own, and a successor comes in time.
    Rotates,
    /// `Expiring` is False: a successor is due, and another key has its name.
    SuccessorTaken,
    /// `Expiring` is False: the end is more than 30 days away.
    Distant,
    /// `Expiring` is True: at most 30 days are left.
    Within30Days,
    /// `Expiring` is True: at most 7 days are left.
    Within7Days,
    /// `Expiring` is True: at most a day is left.
    Within1Day,
    /// `Delivered` is False: the Secret with the key's secret is there.
    SecretThere,
    /// `Delivered` is True: the Secret with the key's secret is gone.
    SecretGone,
    /// Not `Ready`: an attribute that must be unique has several values, so that none of them can be claimed.
    SeveralValues,
}

impl Reason {
    /// The `reason` of the condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "Serving",
            Self::ProvisioningDisabled => "ProvisioningDisabled",
            Self::Observing => "Observing",
            Self::Ended => "Ended",
            Self::Claiming => "Claiming",
            Self::Deleting => "Deleting",
            Self::InvalidPolicy => "InvalidPolicy",
            Self::Below => "Below",
            Self::Nearly => "Nearly",
            Self::Reached => "Reached",
            Self::LimitReached => "LimitReached",
            Self::Lifted => "Lifted",
            Self::Duplicates => "Duplicates",
            Self::NoDuplicates => "NoDuplicates",
            Self::Taken => "Taken",
            Self::Claimed => "Claimed",
            Self::DirectoryMissing => "DirectoryMissing",
            Self::LoginMissing => "LoginMissing",
            Self::HostTaken => "HostTaken",
            Self::NamesUnknown => "NamesUnknown",
            Self::Granted => "Granted",
            Self::Deleted => "Deleted",
            Self::Rejected => "Rejected",
            Self::ValueTaken => "ValueTaken",
            Self::Inactive => "Inactive",
            Self::Suspended => "Suspended",
            Self::SuspendedByPortal => "SuspendedByPortal",
            Self::LoginDisabled => "LoginDisabled",
            Self::MethodUnavailable => "MethodUnavailable",
            Self::ForeignLink => "ForeignLink",
            Self::Answering => "Ready",
            Self::TenantIndependentAuthority => "TenantIndependentAuthority",
            Self::AuthorityNotAllowed => "AuthorityNotAllowed",
            Self::ClientSecretMissing => "ClientSecretMissing",
            Self::ClientSecretOfOtherType => "ClientSecretOfOtherType",
            Self::Forbidden => "Forbidden",
            Self::ClientAssertionMissing => "ClientAssertionMissing",
            Self::RegistrationRefused => "RegistrationRefused",
            Self::ProviderUnreachable => "ProviderUnreachable",
            Self::ProviderInvalid => "ProviderInvalid",
            Self::CaBundleInvalid => "CaBundleInvalid",
            Self::Silent => "Silent",
            Self::InContact => "InContact",
            Self::NobodyAssigned => "NobodyAssigned",
            Self::UsersArrived => "UsersArrived",
            Self::AttributesUnusable => "AttributesUnusable",
            Self::AttributesUsable => "AttributesUsable",
            Self::Refused => "Refused",
            Self::NoneRefused => "NoneRefused",
            Self::Burst => "Burst",
            Self::Ordinary => "Ordinary",
            Self::CredentialsRefused => "CredentialsRefused",
            Self::NoFailures => "NoFailures",
            Self::InForce => "InForce",
            Self::NotYetValid => "NotYetValid",
            Self::Expired => "Expired",
            Self::Revoked => "Revoked",
            Self::Minting => "Minting",
            Self::SecretTaken => "SecretTaken",
            Self::Permanent => "Permanent",
            Self::Rotates => "Rotates",
            Self::SuccessorTaken => "SuccessorTaken",
            Self::Distant => "Distant",
            Self::Within30Days => "Within30Days",
            Self::Within7Days => "Within7Days",
            Self::Within1Day => "Within1Day",
            Self::SecretThere => "SecretThere",
            Self::SecretGone => "SecretGone",
            Self::SeveralValues => "SeveralValues",
        }
    }
}

/// The schema of `status.conditions`: a list with one entry for each type.
pub(crate) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let item = Condition::json_schema(generator);
    json_schema!({
        "type": "array", "items": item, "maxItems": 16,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
    })
}
