//! `Directory`: one tenant, its SCIM endpoint and its rules.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::directory_key::KeyRotation;
use super::directory_login::Login;
use super::directory_status::DirectoryStatus;

/// One tenant of an identity provider. Its SCIM endpoint is `/scim/v2/{namespace}/{name}`; its people are the
/// DirectoryUsers of the same namespace that refer to it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[kube(
    group = "rollcall.dev",
    version = "v1alpha1",
    kind = "Directory",
    namespaced,
    plural = "directories",
    doc = "One tenant of an identity provider: its SCIM endpoint and its rules.",
    derive = "PartialEq",
    status = "DirectoryStatus",
    shortname = "dir",
    category = "rollcall",
    printcolumn(name = "Provisioning", type_ = "string", json_path = ".spec.provisioning.mode"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='Ready')].status"
    ),
    printcolumn(
        name = "Login",
        type_ = "string",
        json_path = ".status.conditions[?(@.type=='LoginReady')].status"
    ),
    printcolumn(name = "Users", type_ = "integer", json_path = ".status.counts.users"),
    printcolumn(name = "LastContact", type_ = "date", json_path = ".status.provisioning.lastContact"),
    printcolumn(name = "Refused", type_ = "integer", json_path = ".status.provisioning.cycle.refused"),
    printcolumn(name = "Endpoint", type_ = "string", priority = 1, json_path = ".status.scimEndpoint"),
    printcolumn(name = "LastError", type_ = "string", priority = 1, json_path = ".status.provisioning.lastError.detail"),
    printcolumn(name = "NextStep", type_ = "string", priority = 1, json_path = ".status.setup.nextStep"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("size(self.metadata.name) <= 63")
        .message("the name of a Directory is a label: at most 63 characters"),
    validation = Rule::new("self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')")
        .message("the name of a Directory is a label and part of an address: a-z, 0-9 and '-', no dot"),
    validation = Rule::new("self.metadata.name != 'system'")
        .message("a Directory may not be called system: its people would look like Kubernetes' own accounts")
)]
#[serde(rename_all = "camelCase")]
pub struct DirectorySpec {
    /// How the identity provider writes to this Directory. Default: enabled, Entra ID, Bearer and Basic.
    #[serde(default)]
    pub provisioning: Provisioning,
    /// What is asked of users. Default: nothing beyond userName.
    #[serde(default)]
    pub users: Users,
    /// What becomes of groups. Default: they are synchronised.
    #[serde(default)]
    pub groups: Groups,
    /// Whether two resources may have one externalId. Default: they may (Warn), because the identifier is the provider's.
    /// Enforce is in force once everybody who is there has a claim on their value; until then Ready is False with the
    /// reason Claiming.
    #[serde(default, rename = "uniqueExternalId")]
    pub unique_external_id: UniqueExternalID,
    /// Who may log in, and how. Default: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// How long a deleted person or group is kept as a tombstone, from which rollcall.dev/undelete brings it back, in days,
    /// hours, minutes and seconds such as 30d or 36h30m; at most 87600h, which is 3650d. Default 720h. After that it is
    /// purged. A change counts for those who are deleted already. A tombstone is kept for an hour in any case, because
    /// maxDeletesPerHour counts it.
    #[serde(default = "default_retention")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("size(self) > 0 && \
        self.matches('^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$')")
        .message("retention is a time such as 30d, 720h or 1d12h: days, hours, minutes and seconds, in this order"))]
    #[x_kube(validation = Rule::new("!self.matches('^([0-9]{1,9}[dhms])+$') || \
        (self.contains('d') ? int(self.find('[0-9]+d').replace('d', '')) : 0) * 86400 + \
        (self.contains('h') ? int(self.find('[0-9]+h').replace('h', '')) : 0) * 3600 + \
        (self.contains('m') ? int(self.find('[0-9]+m').replace('m', '')) : 0) * 60 + \
        (self.contains('s') ? int(self.find('[0-9]+s').replace('s', '')) : 0) <= 87600 * 3600")
        .message("retention is at most 87600h, which is 3650d"))]
    pub retention: String,
    /// What becomes of people and groups when the Directory is deleted: they are left where they are and belong to the
    /// next Directory of the same name (Retain, the default), or deleted for good before the Directory goes (Delete), 50 of
    /// them a second. Delete is in force once the Directory has the finalizer rollcall.dev/directory.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// How objects of this Directory are named. Readable (the default): a part of the userName, for ever, and a random
    /// part. Opaque: a random part alone.
    #[serde(default)]
    pub naming: Naming,
    /// Lets the operator replace minted keys (spec.mint of a DirectoryKey) by successors in good time. Default: keys stay until
    /// people replace them. Keys that bring their own hash are never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_rotation: Option<KeyRotation>,
    /// How many people SCIM may delete within an hour; 0 to 1,000,000. Default: the larger of 50 and a tenth of them.
    /// Further deletions are answered 503, and the condition MassDeleteBlocked says so. Deactivations are never limited,
    /// and neither are groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub max_deletes_per_hour: Option<i64>,
    /// Until when maxDeletesPerHour is lifted, an RFC 3339 time. What is deleted meanwhile counts when it is over.
    /// Default: it is not lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mass_delete_override_until: Option<Time>,
}

fn default_retention() -> String {
    "720h".to_owned()
}

/// How the identity provider writes to a Directory.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Provisioning {
    /// Whether the SCIM endpoint is Enabled (the default), Disabled or Observe. Disabled answers 503, so that the provider
    /// tries again later and nothing is lost. Observe receives, checks and answers everything as Enabled does, and stores
    /// nothing: neither a new person nor a deactivation. What would have been done is in the DirectoryReport of the same name.
    #[serde(default)]
    pub mode: ProvisioningMode,
    /// Whose service provisions: EntraID (the default) or Generic. Both dialects are understood in either case; refusals
    /// name the attributes of Entra's mapping where it is EntraID.
    #[serde(default)]
    pub source: Source,
    /// Whether keys may come as a Basic password: Allow (the default) or Refuse. Bearer is always taken.
    #[serde(default)]
    pub basic: Basic,
    /// Whether accounts that people wrote (managedBy: People) are Listed to the provider or Hidden (the default) from it:
    /// absent from lists and filters, 404 by id, their userName still taken. A listed one is adopted (managedBy:
    /// Provisioning) by the first write of the provider, which may not delete it before that.
    #[serde(default)]
    pub built_in_users: BuiltInUsers,
}

/// What is asked of users. A rule stops nobody who was there before it: such a person's next write is refused until it
/// is met, and a write that leaves the person inactive never is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.requiredAttributes) || !has(self.userTypes) || !has(self.userTypes.default) \
    || !self.requiredAttributes.exists(path, path.lowerAscii() == 'usertype')")
    .message("userType cannot be required and have a default: an absent one counts as the default"))]
#[x_kube(validation = Rule::new("!has(self.quota) || !has(self.quota.byUserType) || !has(self.userTypes) \
    || self.quota.byUserType.all(userType, userType in self.userTypes.allowed)")
    .message("quota.byUserType names a userType that userTypes.allowed does not have"))]
pub struct Users {
    /// SCIM paths, such as `emails[type eq "work"].value`, that every active user must have a value at, beside userName; at
    /// most 32, each once, of at most 256 characters. A write that leaves one empty is refused with 400 invalidValue and
    /// names the row of the mapping. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("!self.exists(path, path.lowerAscii() == 'username')")
        .message("userName is always required: leave it out"))]
    #[x_kube(validation = Rule::new("self.all(path, self.exists_one(other, other.lowerAscii() == path.lowerAscii()))")
        .message("two required attributes differ in letter case alone"))]
    #[x_kube(validation = Rule::new("self.all(path, path.trim() != '')").message("a required attribute is a SCIM path"))]
    #[schemars(length(max = 32), inner(length(min = 1, max = 256)))]
    pub required_attributes: Vec<String>,
    /// SCIM paths whose values must be unique in this Directory beside userName; at most 5, each once, of at most 256
    /// characters. A path is in force once everybody who is there has a claim on their value; until then Ready is False
    /// with the reason Claiming. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("!self.exists(path, path.lowerAscii() in ['username', 'externalid'])")
        .message("userName is always unique, and externalId by spec.uniqueExternalId.users: leave them out"))]
    #[x_kube(validation = Rule::new("self.all(path, self.exists_one(other, other.lowerAscii() == path.lowerAscii()))")
        .message("two unique attributes differ in letter case alone"))]
    #[schemars(length(max = 5), inner(length(min = 1, max = 256)))]
    pub unique_attributes: Vec<String>,
    /// Which values userType may have. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_types: Option<UserTypes>,
    /// What roles over SCIM amount to. Default: the highest known portal role among them, Admin at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Roles>,
    /// Extension schemas that this Directory declares, at most 32, each once whatever its letter case: they are shown in
    /// /Schemas, and their values have effect. Undeclared ones are stored and returned as well. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["schema".into()]))]
    #[x_kube(validation = Rule::new("self.all(one, self.exists_one(other, other.schema.lowerAscii() == one.schema.lowerAscii()))")
        .message("two extensions have URNs that differ in letter case alone"))]
    pub extensions: Vec<DeclaredExtension>,
    /// How many active users there may be. Default: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}

/// Which values `userType` may have.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.default) || self.default in self.allowed")
    .message("default must be one of allowed"))]
#[x_kube(validation = Rule::new("self.onInvalid != 'UseDefault' || has(self.default)")
    .message("onInvalid: UseDefault needs a default"))]
pub struct UserTypes {
    /// The values, spelled exactly; 1 to 32, each once, of at most 256 characters. Required.
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(min = 1, max = 32), inner(length(min = 1, max = 256)))]
    pub allowed: Vec<String>,
    /// What a user without a userType counts as; one of allowed. Default: nothing, and then it is no wrong value either.
    /// What was sent is stored and returned as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub default: Option<String>,
    /// What happens to another value: the write is refused (Reject, the default) with 400 invalidValue, or the user counts
    /// as the default (UseDefault).
    #[serde(default)]
    pub on_invalid: OnInvalid,
}

/// What roles that come over SCIM amount to: the highest of ReadOnly, User, Admin and EnterpriseAdmin, spelled exactly,
/// among the values of `roles`. Without one a user may log in to applications and not to the portal.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Roles {
    /// The highest portal role that SCIM can give: ReadOnly, User, Admin (the default) or EnterpriseAdmin. A higher one is
    /// stored and returned as it was sent, and counts as this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PortalRole")]
    pub max_from_scim: Option<PortalRole>,
    /// Whether a PATCH that adds one role takes the place of the roles that are there, for mappings that only ever add
    /// (AppRoleAssignmentsComplex of Entra) and would leave a stale role. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_means_replace_when_single: Option<bool>,
}

/// A schema that this Directory declares.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredExtension {
    /// The URN, such as urn:ietf:params:scim:schemas:extension:2.0:Badge, 5 to 256 letters, digits and signs that a URN
    /// may have; not one of SCIM's own. Required.
    #[schemars(
        length(min = 5, max = 256),
        regex(pattern = "^[uU][rR][nN]:[-a-zA-Z0-9:._~!$&'*+,;=@%/]*[-a-zA-Z0-9._~]$")
    )]
    #[x_kube(validation = Rule::new("!self.lowerAscii().startsWith('urn:ietf:params:scim:schemas:core:') \
        && !self.lowerAscii().startsWith('urn:ietf:params:scim:api:') \
        && self.lowerAscii() != 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:user'")
        .message("this is a schema of SCIM itself: it need not be declared and cannot be changed"))]
    pub schema: String,
    /// Its attributes, at most 64, each once whatever its letter case. Default: none, and then the extension takes
    /// arbitrary keys (metadata), each of which counts as text: a text as it is; true and false; a whole number by its
    /// digits; a decimal in the shortest form that reads back as the same number; a list by the texts of its elements with
    /// a comma between; an object that has value alone as that; any other object as compact JSON, its members in the order
    /// of their names. What was sent is stored and returned as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    #[x_kube(validation = Rule::new("[self.map(one, one.name.lowerAscii())].all(names, \
        names.all(one, names.exists_one(other, other == one)))")
        .message("two attributes differ in letter case alone"))]
    pub attributes: Vec<DeclaredAttribute>,
}

/// An attribute of a declared schema.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.default) || self.type != 'Boolean' || self.default in ['true', 'false']")
    .message("the default of a Boolean is true or false"))]
#[x_kube(validation = Rule::new("!has(self.default) || self.type != 'Integer' || (has(self.multiValued) && self.multiValued) \
    || self.default.matches('^-?[0-9]{1,18}$')")
    .message("the default of an Integer is a whole number of at most 18 digits"))]
pub struct DeclaredAttribute {
    /// Its name: a letter, then letters, digits, hyphens and underscores; at most 128 characters. Required.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^[A-Za-z][-_A-Za-z0-9]*$"))]
    pub name: String,
    /// Its type: String (the default), Boolean, Integer, Decimal or DateTime. A value of another type is stored and
    /// returned as it was sent, and has no effect.
    #[serde(default, rename = "type")]
    pub type_: ExtensionType,
    /// Whether it holds a list. A text in it is split at its commas, and blanks around the parts are taken off: what Entra's
    /// function Split makes of a text counts the same as the text. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_valued: Option<bool>,
    /// What it counts as where it is absent, as text of at most 1,024 characters; for a list with commas between. Default:
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub default: Option<String>,
}

/// How many active users there may be. From 80 percent on a condition warns; at 100 percent the create of an active user,
/// a reactivation and a change into a userType that is full are refused with 400 invalidValue. Deactivations and other
/// updates never are.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.activeUsers) || !has(self.byUserType) \
    || self.byUserType.all(userType, self.byUserType[userType] <= self.activeUsers)")
    .message("a userType cannot have more active users than activeUsers allows in all"))]
pub struct Quota {
    /// Active users of the whole Directory, 0 to 10,000,000: all whose `active` is true, suspended ones and listed built-in
    /// accounts included. Default: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub active_users: Option<i64>,
    /// Active users of each userType as it counts (userTypes.default included), 0 to 10,000,000; at most 32 types of at
    /// most 256 characters. Default: any number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "counts_by_user_type")]
    #[x_kube(validation = Rule::new("self.all(userType, size(userType) >= 1 && size(userType) <= 256)")
        .message("a userType has 1 to 256 characters"))]
    pub by_user_type: BTreeMap<String, i64>,
}

fn counts_by_user_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 32,
        "additionalProperties": { "type": "integer", "format": "int64", "minimum": 0, "maximum": 10_000_000 },
    })
}

/// What becomes of groups.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Groups {
    /// Sync (the default): groups and their members are stored. Ignore: groups are accepted, members are not stored and
    /// have no effect.
    #[serde(default)]
    pub mode: GroupsMode,
}

/// Whether two resources may have one externalId. The identifier belongs to the provider (RFC 7643, section 3.1), so unless
/// the Directory says otherwise a second use is reported and not refused.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct UniqueExternalID {
    /// Warn (the default: two users may share one, and a condition of the Directory says so) or Enforce (409).
    #[serde(default)]
    pub users: ExternalIdRule,
    /// Warn (the default: two groups may share one, and a condition of the Directory says so) or Enforce (409).
    #[serde(default)]
    pub groups: ExternalIdRule,
}

/// The values of an enumeration, the default first. A value that a newer version wrote is read as `Unknown`, which is
/// not in the schema, so that nobody can write it: it is reported, blinds nobody, and counts as [`super::newer`] says.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProvisioningMode {
    /// The endpoint serves.
    #[default]
    Enabled,
    /// The endpoint answers 503.
    Disabled,
    /// The endpoint answers as if it served, and stores nothing.
    Observe,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Whose dialect the provider speaks.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Microsoft Entra ID.
    #[default]
    EntraID,
    /// Any SCIM client.
    Generic,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Whether keys may come as a Basic password.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basic {
    /// They may.
    #[default]
    Allow,
    /// They may not.
    Refuse,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Whether accounts that people wrote are shown to the provider.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuiltInUsers {
    /// Absent from lists and filters, 404 by id, their userName still taken.
    #[default]
    Hidden,
    /// Shown like everybody else.
    Listed,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What happens to a userType that is not allowed.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInvalid {
    /// The write is refused.
    #[default]
    Reject,
    /// The user counts as the default.
    UseDefault,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// The roles of the portal, lowest first.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortalRole {
    /// Sees.
    ReadOnly,
    /// Uses.
    User,
    /// Administers.
    Admin,
    /// Administers everything.
    EnterpriseAdmin,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

impl PortalRole {
    /// The role as objects, SCIM and headers spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "ReadOnly",
            Self::User => "User",
            Self::Admin => "Admin",
            Self::EnterpriseAdmin => "EnterpriseAdmin",
            Self::Unknown => "Unknown",
        }
    }
}

/// The type of a declared attribute.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtensionType {
    /// Text.
    #[default]
    String,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// An RFC 3339 time.
    DateTime,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// Whether groups have members and effect.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupsMode {
    /// They have.
    #[default]
    Sync,
    /// They are accepted and have none.
    Ignore,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What a second use of a value leads to.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExternalIdRule {
    /// A condition and a metric.
    #[default]
    Warn,
    /// 409.
    Enforce,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// What becomes of the people of a deleted Directory.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// They stay, and belong to the next Directory of the same name.
    #[default]
    Retain,
    /// They are deleted.
    Delete,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

/// How objects are named.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// `alice-able-` and a random part.
    #[default]
    Readable,
    /// `u-` and a random part.
    Opaque,
    /// Written by a newer version.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}
