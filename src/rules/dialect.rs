//! What is particular about an identity provider: the one place that asks `provisioning.source`.
//!
//! The deviations of the wire that are known (`scim::entra`) are understood from everybody, for none of them means
//! something else in the RFC. What differs so far is what the provider's administrator is told: the names that the
//! attributes have on the other side. Another provider is a variant of `Source` and an arm in [`Dialect::of`].

use crate::api::directory::Source;

/// A row of a provider's mapping: the SCIM path and the attribute that it is usually filled from.
pub type MappingRow = (&'static str, &'static str);

/// The ways of one identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What its mapping is unless an administrator changes it.
    pub default_mapping: &'static [MappingRow],
}

impl Dialect {
    /// The dialect of a source.
    pub fn of(source: Source) -> Self {
        // Of another provider's names on its own side nothing is known.
        let is_entra = source.counts_as() == Source::EntraID;
        Self { default_mapping: if is_entra { ENTRA_DEFAULT_MAPPING } else { &[] } }
    }
}

/// The mapping of a non-gallery application of Entra.
const ENTRA_DEFAULT_MAPPING: &[MappingRow] = &[
    ("userName", "userPrincipalName"),
    ("displayName", "displayName"),
    ("title", "jobTitle"),
    ("emails[type eq \"work\"].value", "mail"),
    ("preferredLanguage", "preferredLanguage"),
    ("name.givenName", "givenName"),
    ("name.familyName", "surname"),
    ("name.formatted", "Join(\" \", [givenName], [surname])"),
    ("addresses[type eq \"work\"].formatted", "physicalDeliveryOfficeName"),
    ("addresses[type eq \"work\"].streetAddress", "streetAddress"),
    ("addresses[type eq \"work\"].locality", "city"),
    ("addresses[type eq \"work\"].region", "state"),
    ("addresses[type eq \"work\"].postalCode", "postalCode"),
    ("addresses[type eq \"work\"].country", "country"),
    ("phoneNumbers[type eq \"work\"].value", "telephoneNumber"),
    ("phoneNumbers[type eq \"mobile\"].value", "mobile"),
    ("phoneNumbers[type eq \"fax\"].value", "facsimileTelephoneNumber"),
    ("externalId", "mailNickname"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", "employeeId"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "department"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "manager"),
];
