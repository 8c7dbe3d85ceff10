//! The User resource type and its enterprise extension (RFC 7643 sections 4.1 and 4.3).
//!
//! What a table says is what Entra's schema discovery turns into mappings, so some entries depart from the RFC:
//! `password` is absent, for it is never provisioned and Microsoft's Validator misses it in answers; so is
//! `emails.display`, on which its discovery fails, though it is stored and returned where a client sends it; every
//! `type` that Entra maps has canonical values, without which Entra is led to `[primary eq "True"]`.

use super::common::COMMON;
use super::{Attribute, AttributeType, ResourceType, Schema, Uniqueness};

/// `/Users`.
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "Users",
    description: "User Account",
    schema: &CORE_USER,
    common: COMMON,
    extensions: &[&ENTERPRISE_USER],
};

static CORE_USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User Account",
    attributes: &[
        Attribute {
            required: true,
            uniqueness: Uniqueness::Server,
            ..Attribute::text("userName", "The name to log in with, unique whatever its letter case.")
        },
        Attribute::complex("name", NAME, "The parts of the user's name."),
        Attribute::text("displayName", "The name to show."),
        Attribute::text("nickName", "What the user is called casually."),
        Attribute::reference("profileUrl", &["external"], "The address of the user's page."),
        Attribute::text("title", "The job title."),
        Attribute::text("userType", "How the organisation classes the user."),
        Attribute::text("preferredLanguage", "The preferred language."),
        Attribute::text("locale", "How dates and numbers are written."),
        Attribute::text("timezone", "The time zone."),
        Attribute::new("active", AttributeType::Boolean, "Whether the user is let in."),
        Attribute::list("emails", EMAILS, "E-mail addresses."),
        Attribute::list("phoneNumbers", PHONE_NUMBERS, "Telephone numbers."),
        Attribute::list("ims", IMS, "Instant messaging addresses."),
        Attribute::list("photos", PHOTOS, "Addresses of pictures."),
        Attribute::list("addresses", ADDRESSES, "Postal addresses."),
        Attribute::list("groups", GROUPS, "The groups that the user belongs to.").read_only(),
        Attribute::list("entitlements", PLAIN, "What the user is entitled to."),
        Attribute::list("roles", PLAIN, "The user's roles."),
        Attribute::list("x509Certificates", CERTIFICATES, "Certificates of the user."),
    ],
};

static ENTERPRISE_USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &[
        Attribute::text("employeeNumber", "The number that the organisation gave the user."),
        Attribute::text("costCenter", "The cost centre."),
        Attribute::text("organization", "The organisation."),
        Attribute::text("division", "The division."),
        Attribute::text("department", "The department."),
        Attribute::complex("manager", MANAGER, "The user's manager."),
    ],
};

const NAME: &[Attribute] = &[
    Attribute::text("formatted", "The whole name as it is shown."),
    Attribute::text("familyName", "The family name."),
    Attribute::text("givenName", "The given name."),
    Attribute::text("middleName", "Middle names."),
    Attribute::text("honorificPrefix", "Titles before the name."),
    Attribute::text("honorificSuffix", "Titles after the name."),
];

/// The text to show of an element, in most lists.
pub const DISPLAY: Attribute = Attribute::text("display", "A text to show.");
const TYPE: Attribute = Attribute::text("type", "What kind of value it is.");
const PRIMARY: Attribute =
    Attribute::new("primary", AttributeType::Boolean, "Whether it is the preferred one; at most one is.");

const EMAILS: &[Attribute] =
    &[Attribute::text("value", "The e-mail address."), TYPE.of(&["work", "home", "other"]), PRIMARY];

const PHONE_NUMBERS: &[Attribute] = &[
    Attribute::text("value", "The telephone number."),
    DISPLAY,
    TYPE.of(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IMS: &[Attribute] = &[
    Attribute::text("value", "The instant messaging address."),
    DISPLAY,
    TYPE.of(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

const PHOTOS: &[Attribute] = &[
    Attribute::reference("value", &["external"], "The address of the picture."),
    DISPLAY,
    TYPE.of(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESSES: &[Attribute] = &[
    Attribute::text("formatted", "The whole address as it is shown."),
    Attribute::text("streetAddress", "Street and number."),
    Attribute::text("locality", "The town."),
    Attribute::text("region", "The state or region."),
    Attribute::text("postalCode", "The postal code."),
    Attribute::text("country", "The country."),
    TYPE.of(&["work", "home", "other"]),
    PRIMARY,
];

const GROUPS: &[Attribute] = &[
    Attribute::exact("value", "The id of the group.").read_only(),
    Attribute::reference("$ref", &["Group"], "The address of the group.").read_only(),
    Attribute::text("display", "The name of the group.").read_only(),
    Attribute::text("type", "Whether the user belongs to it directly.").of(&["direct", "indirect"]).read_only(),
];

const PLAIN: &[Attribute] = &[Attribute::text("value", "The value."), DISPLAY, TYPE, PRIMARY];

const CERTIFICATES: &[Attribute] = &[
    Attribute { case_exact: true, ..Attribute::new("value", AttributeType::Binary, "The certificate, DER in Base64.") },
    DISPLAY,
    TYPE,
    PRIMARY,
];

const MANAGER: &[Attribute] = &[
    Attribute::exact("value", "The id of the manager, returned as it was sent."),
    Attribute::reference("$ref", &["User"], "The address of the manager."),
    Attribute::text("displayName", "The name of the manager.").read_only(),
];
