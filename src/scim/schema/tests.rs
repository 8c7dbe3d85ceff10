use super::*;

/// The table's attribute of a path `name` or `name.sub` in the core schema, or in the extension after a `+`.
fn find(path: &str) -> &'static Attribute {
    let (top, sub) = path.split_once('.').map_or((path, None), |(top, sub)| (top, Some(sub)));
    let attribute = match top.strip_prefix('+') {
        Some(name) => USER.extensions[0].attribute(name),
        None => USER.attribute(top),
    };
    let attribute = attribute.unwrap_or_else(|| panic!("{path} is not in the table"));
    sub.map_or(attribute, |sub| attribute.sub_attribute(sub).unwrap_or_else(|| panic!("{path} is not in the table")))
}

fn walk(attributes: &'static [Attribute], check: &mut dyn FnMut(&'static Attribute, Option<&'static Attribute>)) {
    for attribute in attributes {
        check(attribute, None);
        for sub in attribute.sub_attributes {
            check(sub, Some(attribute));
        }
    }
}

fn walk_all(check: &mut dyn FnMut(&'static Attribute, Option<&'static Attribute>)) {
    for resource_type in [&USER, &GROUP] {
        walk(resource_type.common, check);
        walk(resource_type.schema.attributes, check);
        for extension in resource_type.extensions {
            walk(extension.attributes, check);
        }
    }
}

#[test]
fn letter_case_matters_where_the_contract_says_so() {
    for path in ["id", "externalId", "schemas", "meta.version", "meta.location", "groups.$ref", "+manager.$ref"] {
        assert!(find(path).case_exact, "{path}");
    }
    let folded = [
        "userName",
        "displayName",
        "name.givenName",
        "title",
        "emails.value",
        "emails.type",
        "+department",
        "roles.value",
    ];
    for path in folded {
        assert!(!find(path).case_exact, "{path}");
    }
}

#[test]
fn every_core_attribute_of_the_rfc_is_there_save_the_password() {
    let names: Vec<_> = USER.schema.attributes.iter().map(|attribute| attribute.name).collect();
    let expected = [
        "userName",
        "name",
        "displayName",
        "nickName",
        "profileUrl",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "active",
        "emails",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "groups",
        "entitlements",
        "roles",
        "x509Certificates",
    ];
    assert_eq!(names, expected);
    assert!(USER.attribute("password").is_none());
    let common: Vec<_> = USER.common.iter().map(|attribute| attribute.name).collect();
    assert_eq!(common, ["id", "externalId", "schemas", "meta"]);
}

#[test]
fn what_entra_maps_by_type_has_canonical_values() {
    for path in ["emails", "phoneNumbers", "addresses", "ims", "photos"] {
        assert!(!find(&format!("{path}.type")).canonical_values.is_empty(), "{path}");
        assert!(find(path).multi_valued, "{path}");
    }
    assert!(find("emails").sub_attribute("display").is_none(), "Microsoft's discovery fails on it");
}

#[test]
fn only_the_server_writes_what_is_read_only() {
    for path in ["id", "meta", "meta.created", "schemas", "groups", "groups.value", "+manager.displayName"] {
        assert_eq!(find(path).mutability, Mutability::ReadOnly, "{path}");
    }
    for path in ["userName", "externalId", "active", "+manager.value"] {
        assert_eq!(find(path).mutability, Mutability::ReadWrite, "{path}");
    }
    assert_eq!(find("userName").uniqueness, Uniqueness::Server);
    assert!(find("userName").required);
}

#[test]
fn the_tables_are_consistent() {
    walk_all(&mut |attribute, parent| {
        let name = attribute.name;
        assert_eq!(attribute.kind == AttributeType::Complex, !attribute.sub_attributes.is_empty(), "{name}");
        assert_eq!(attribute.kind == AttributeType::Reference, !attribute.reference_types.is_empty(), "{name}");
        assert!(
            parent.is_none() || attribute.kind != AttributeType::Complex,
            "{name}: nothing nests deeper (RFC 7643 2.3.8)"
        );
        assert!(attribute.description.ends_with('.'), "{name}: the description is a sentence");
    });
}

#[test]
fn names_and_urns_are_found_in_any_letter_case() {
    assert_eq!(USER.attribute("USERNAME").map(|attribute| attribute.name), Some("userName"));
    assert_eq!(USER.attribute("EXTERNALID").map(|attribute| attribute.name), Some("externalId"));
    let urn = "URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:user";
    assert_eq!(USER.schema_by_urn(urn).map(|schema| schema.name), Some("EnterpriseUser"));
    assert!(GROUP.schema_by_urn(urn).is_none());
    assert!(GROUP.attribute("members").is_some_and(|members| members.sub_attribute("VALUE").is_some()));
}
