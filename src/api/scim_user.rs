//! `spec.scim` of a DirectoryUser: the core attributes of RFC 7643 section 4.1 under their SCIM names.
//!
//! Every complex element keeps members that it does not know, so that what was sent can be returned.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// RFC 7643 section 2.4: `true` appears once at most. The SCIM endpoint sees to it; this is for people with kubectl.
const ONE_PRIMARY: &str = "self.filter(e, has(e.primary) && e.primary).size() <= 1";

/// What the identity provider says about a person. Every attribute but userName and active may be absent.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ScimUser {
    /// The name to log in with, unique in the Directory whatever its letter case; 1 to 320 characters. Required.
    #[schemars(length(min = 1, max = 320))]
    pub user_name: String,
    /// The provider's own identifier, 1 to 1,024 characters. Entra sends the mail nickname unless its mapping says
    /// otherwise; the object id is the better choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub external_id: Option<String>,
    /// Whether the provider lets the person in. Required.
    pub active: bool,
    /// The name to show, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub display_name: Option<String>,
    /// The parts of the person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// What the person is called casually, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub nick_name: Option<String>,
    /// The address of the person's page, up to 8,192 characters; not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub profile_url: Option<String>,
    /// The job title, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub title: Option<String>,
    /// How the organisation classes the person, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub user_type: Option<String>,
    /// The preferred language, up to 1,024 characters; not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub preferred_language: Option<String>,
    /// How dates and numbers are written, up to 1,024 characters; not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub locale: Option<String>,
    /// The time zone, up to 1,024 characters; not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub timezone: Option<String>,
    /// E-mail addresses, at most 64. Entra writes the one of type work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub emails: Vec<MultiValue>,
    /// Telephone numbers, at most 64. Entra writes those of type work, mobile and fax.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub phone_numbers: Vec<MultiValue>,
    /// Instant messaging addresses, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub ims: Vec<MultiValue>,
    /// Addresses of pictures, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub photos: Vec<MultiValue>,
    /// Postal addresses, at most 64. Entra writes the one of type work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub addresses: Vec<Address>,
    /// What the person is entitled to, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub entitlements: Vec<MultiValue>,
    /// The person's roles, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub roles: Vec<MultiValue>,
    /// Certificates in Base64, at most 64.
    #[serde(default, rename = "x509Certificates", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new(ONE_PRIMARY).message("at most one element is primary"))]
    pub x509_certificates: Vec<MultiValue>,
    /// Extension objects by the URN of their schema, at most 32; the enterprise extension is one of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "extensions")]
    pub extensions: BTreeMap<String, Value>,
    /// When the person came and last changed. The operator's; absent in manifests that people write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// The parts of a person's name.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct PersonName {
    /// The whole name as it is shown, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub formatted: Option<String>,
    /// The family name, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub family_name: Option<String>,
    /// The given name, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub given_name: Option<String>,
    /// Middle names, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub middle_name: Option<String>,
    /// Titles before the name, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub honorific_prefix: Option<String>,
    /// Titles after the name, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub honorific_suffix: Option<String>,
    /// Members of a newer version or of the provider's own.
    #[serde(flatten)]
    #[schemars(skip)]
    pub other: BTreeMap<String, Value>,
}

/// One of several values.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct MultiValue {
    /// The value, up to 16,384 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16384))]
    pub value: Option<String>,
    /// What kind of value it is, such as work or home, up to 1,024 characters.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub type_: Option<String>,
    /// A text to show, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub display: Option<String>,
    /// Whether it is the preferred one; at most one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
    /// Members of a newer version or of the provider's own.
    #[serde(flatten)]
    #[schemars(skip)]
    pub other: BTreeMap<String, Value>,
}

/// A postal address.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct Address {
    /// The whole address as it is shown, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub formatted: Option<String>,
    /// Street and number, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub street_address: Option<String>,
    /// The town, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub locality: Option<String>,
    /// The state or region, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub region: Option<String>,
    /// The postal code, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub postal_code: Option<String>,
    /// The country, up to 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub country: Option<String>,
    /// What kind of address it is, such as work or home, up to 1,024 characters.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub type_: Option<String>,
    /// Whether it is the preferred one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
    /// Members of a newer version or of the provider's own.
    #[serde(flatten)]
    #[schemars(skip)]
    pub other: BTreeMap<String, Value>,
}

/// When a resource came and last changed, as RFC 3339 text.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// When the person was created over SCIM, up to 40 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), extend("format" = "date-time"))]
    pub created: Option<String>,
    /// When an attribute last changed over SCIM, up to 40 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), extend("format" = "date-time"))]
    pub last_modified: Option<String>,
}

/// Free-form JSON below each URN. By itself schemars says `{}` here, which the API server refuses.
pub(super) fn extensions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object", "maxProperties": 32,
        "additionalProperties": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
    })
}
