//! The rows of the attribute mapping: Entra's defaults, what this Directory asks for beyond them, and what could be mapped as
//! well, from the attribute table that the endpoint itself works by.

use crate::api::DirectorySpec;
use crate::api::directory::ExtensionType;
use crate::rules::dialect::Dialect;
use crate::scim::case::same_name;
use crate::scim::schema::{Attribute, AttributeType, Mutability, USER};

/// Where the source of a row is the administrator's to choose.
const YOURS: &str = "(choose one)";

/// One row of the mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedAttribute {
    /// The attribute of the application, as the portal lists it.
    pub target: String,
    /// The attribute or expression of Entra.
    pub source: String,
    /// What else to set in the row; empty where nothing is to be set.
    pub note: String,
}

/// An attribute that the portal does not list by itself: *Edit attribute list* adds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAttribute {
    /// The name to type.
    pub name: String,
    /// The type to choose.
    pub kind: &'static str,
    /// Whether to tick *Multi-value*.
    pub multi_valued: bool,
}

/// The rows to have, in the order of the portal: the default ones first.
pub fn rows(spec: &DirectorySpec) -> Vec<MappedAttribute> {
    let row = |target: &str, source: &str, note: &str| MappedAttribute {
        target: target.to_owned(),
        source: source.to_owned(),
        note: note.to_owned(),
    };
    let mut rows = vec![
        row("userName", "userPrincipalName", "matching precedence 1"),
        row(
            "active",
            "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
            "an expression; never remove it",
        ),
        row("externalId", "objectId", "recommended: it ties the person to the account, whatever the names are"),
    ];
    let defaults = Dialect::of(spec.provisioning.source).default_mapping.iter();
    let others = defaults.filter(|(target, _)| !rows.iter().any(|row| same_name(&row.target, target)));
    let others: Vec<_> = others.map(|(target, source)| row(target, source, "")).collect();
    rows.extend(others);
    for required in &spec.users.required_attributes {
        match rows.iter_mut().find(|row| same_name(&row.target, required)) {
            Some(row) => add_note(row, "required by this Directory"),
            None => rows.push(row(required, YOURS, "required by this Directory")),
        }
    }
    for unique in &spec.users.unique_attributes {
        match rows.iter_mut().find(|row| same_name(&row.target, unique)) {
            Some(row) => add_note(row, "unique in this Directory"),
            None => rows.push(row(unique, YOURS, "unique in this Directory")),
        }
    }
    if let Some(types) = &spec.users.user_types {
        let allowed = types.allowed.join(", ");
        let default = types.default.as_deref().map(|default| format!("; default value if null: {default}"));
        let note = format!("exactly one of: {allowed}{}; apply this mapping: always", default.unwrap_or_default());
        match rows.iter_mut().find(|row| row.target == "userType") {
            Some(row) => add_note(row, &note),
            None => rows.push(row("userType", YOURS, &note)),
        }
    }
    for extension in &spec.users.extensions {
        for attribute in &extension.attributes {
            let note = match (&attribute.default, attribute.multi_valued) {
                (Some(default), _) => format!("this Directory takes {default} where nothing is sent; apply: always"),
                (None, Some(true)) => "a list: Split([Source], \",\") makes one of a text; apply: always".to_owned(),
                (None, _) => String::new(),
            };
            rows.push(row(&format!("{}:{}", extension.schema, attribute.name), YOURS, &note));
        }
    }
    rows
}

fn add_note(row: &mut MappedAttribute, note: &str) {
    let separator = if row.note.is_empty() { "" } else { "; " };
    row.note = format!("{}{separator}{note}", row.note);
}

/// The attributes of the declared extensions: the portal has to be told of each.
pub fn custom(spec: &DirectorySpec) -> Vec<CustomAttribute> {
    let extensions = spec.users.extensions.iter();
    let attributes = extensions.flat_map(|extension| {
        extension.attributes.iter().map(|attribute| CustomAttribute {
            name: format!("{}:{}", extension.schema, attribute.name),
            kind: portal_type(attribute.type_),
            multi_valued: attribute.multi_valued == Some(true),
        })
    });
    attributes.collect()
}

/// The type that the portal offers for a declared one.
fn portal_type(declared: ExtensionType) -> &'static str {
    match declared.counts_as() {
        ExtensionType::Boolean => "Boolean",
        ExtensionType::Integer => "Integer",
        ExtensionType::DateTime => "DateTime",
        // The portal has no type for a number with a fraction.
        ExtensionType::String | ExtensionType::Decimal | ExtensionType::Unknown => "String",
    }
}

/// Everything else that the endpoint stores and that no row has.
pub fn further(rows: &[MappedAttribute]) -> Vec<String> {
    let core = USER.schema.attributes.iter().flat_map(|attribute| targets("", attribute));
    let extensions = USER.extensions.iter().flat_map(|schema| {
        let prefix = format!("{}:", schema.urn);
        schema.attributes.iter().flat_map(move |attribute| targets(&prefix, attribute))
    });
    let all = core.chain(extensions);
    all.filter(|target| !rows.iter().any(|row| same_name(&row.target, target))).collect()
}

/// How the portal names an attribute: a part of an element by its type, any other part behind a dot.
fn targets(prefix: &str, attribute: &Attribute) -> Vec<String> {
    let name = format!("{prefix}{}", attribute.name);
    if attribute.mutability == Mutability::ReadOnly {
        return Vec::new();
    }
    if attribute.kind != AttributeType::Complex {
        return vec![name];
    }
    // A reference to a person goes by its value, which the portal maps as a whole.
    if attribute.sub_attribute("$ref").is_some() {
        return vec![name];
    }
    let parts = || attribute.sub_attributes.iter().filter(|part| !["type", "primary", "display"].contains(&part.name));
    if !attribute.multi_valued {
        return parts().map(|part| format!("{name}.{}", part.name)).collect();
    }
    let types = attribute.sub_attribute("type").map(|kind| kind.canonical_values).unwrap_or_default();
    if types.is_empty() {
        return vec![name];
    }
    let elements = types.iter().map(|kind| format!("{name}[type eq \"{kind}\"]"));
    elements.flat_map(|element| parts().map(move |part| format!("{element}.{}", part.name))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(spec: serde_json::Value) -> DirectorySpec {
        serde_json::from_value(spec).expect("a spec")
    }

    #[test]
    fn rows_are_the_defaults_and_what_the_directory_asks_for() {
        let spec = spec(json!({ "users": {
            "requiredAttributes": ["emails[type eq \"work\"].value", "nickName"],
            "uniqueAttributes": ["emails[type eq \"work\"].value"],
            "userTypes": { "allowed": ["Premium", "Standard"], "default": "Standard" },
            "extensions": [{ "schema": "urn:x:folders", "attributes": [
                { "name": "folders", "type": "String", "multiValued": true }] }],
        } }));
        let rows = rows(&spec);
        let row = |target: &str| rows.iter().find(|row| row.target == target).unwrap_or_else(|| panic!("{target}"));
        assert_eq!(rows[0].target, "userName");
        assert_eq!(row("externalId").source, "objectId");
        let mail = row("emails[type eq \"work\"].value");
        assert_eq!((&*mail.source, &*mail.note), ("mail", "required by this Directory; unique in this Directory"));
        assert_eq!(row("nickName").source, YOURS);
        let user_type = row("userType");
        assert!(user_type.note.contains("Premium, Standard; default value if null: Standard"), "{}", user_type.note);
        assert!(row("urn:x:folders:folders").note.contains("Split"), "a list");
        assert_eq!(rows.iter().filter(|row| row.target == "externalId").count(), 1);
        let custom = custom(&spec);
        assert_eq!(
            custom,
            [CustomAttribute { name: "urn:x:folders:folders".to_owned(), kind: "String", multi_valued: true }]
        );
    }

    #[test]
    fn what_is_left_is_every_other_attribute_of_the_table() {
        let rows = rows(&DirectorySpec::default());
        let further = further(&rows);
        for expected in [
            "nickName",
            "emails[type eq \"home\"].value",
            "addresses[type eq \"other\"].locality",
            "roles",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
            "name.middleName",
        ] {
            assert!(further.iter().any(|target| target == expected), "{expected}: {further:?}");
        }
        for never in ["userName", "groups", "displayName", "name.givenName"] {
            assert!(!further.iter().any(|target| target == never), "{never}");
        }
        let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
        assert!(rows.iter().any(|row| row.target == manager));
        assert!(!further.iter().any(|target| target == manager));
    }
}
