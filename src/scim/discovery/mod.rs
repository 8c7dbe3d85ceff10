//! ServiceProviderConfig, ResourceTypes and Schemas (RFC 7644 section 4), rendered from the attribute table.
//!
//! `base` is the address of the Directory's endpoint without a slash at its end. Nothing here is ever null, which
//! Microsoft's onboarding test refuses; and of the common attributes `externalId` alone is shown, in both core
//! schemas, because Entra offers an admin as targets only what `/Schemas` holds. For the same reason the extensions that
//! a Directory declares for its users are there beside those of the table.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::case::same_name;
use super::extension::{Extension, ExtensionAttribute};
use super::list::{MAX_PAGE, list_response};
use super::schema::{Attribute, AttributeType, GROUP, Mutability, ResourceType, Returned, Schema, USER, Uniqueness};

/// Entra's and Microsoft's Postman collection expect User first.
const RESOURCE_TYPES: [&ResourceType; 2] = [&USER, &GROUP];

/// `/ServiceProviderConfig`. Bulk's numbers are there though it is not supported: clients fail without them.
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_PAGE },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "The secret of a DirectoryKey as a bearer token.",
                "primary": true,
            },
            {
                "type": "httpbasic",
                "name": "HTTP Basic",
                "description": "The secret of a DirectoryKey as the password, where the Directory allows it.",
            },
        ],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// `/ResourceTypes`: User first. `declared` are the extensions of users beside the table's.
pub fn resource_types(base: &str, declared: &[Extension]) -> Value {
    all(RESOURCE_TYPES.iter().map(|resource_type| resource_type_body(resource_type, base, declared)).collect())
}

/// `/ResourceTypes/{name}`.
pub fn resource_type(name: &str, base: &str, declared: &[Extension]) -> Option<Value> {
    let found = RESOURCE_TYPES.into_iter().find(|resource_type| same_name(resource_type.name, name));
    found.map(|resource_type| resource_type_body(resource_type, base, declared))
}

/// The declared extensions of a resource type: only users have any.
fn declared_for<'a>(resource_type: &ResourceType, declared: &'a [Extension]) -> &'a [Extension] {
    if resource_type.name == USER.name { declared } else { &[] }
}

fn resource_type_body(resource_type: &'static ResourceType, base: &str, declared: &[Extension]) -> Value {
    let ResourceType { name, endpoint, description, schema, common: _, extensions } = resource_type;
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": format!("/{endpoint}"),
        "description": description,
        "schema": schema.urn,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
    });
    let declared = declared_for(resource_type, declared).iter().map(|extension| extension.urn.as_str());
    let extension = |urn: &str| json!({ "schema": urn, "required": false });
    let extensions: Vec<_> = extensions.iter().map(|schema| schema.urn).chain(declared).map(extension).collect();
    if !extensions.is_empty() {
        body["schemaExtensions"] = extensions.into();
    }
    body
}

/// `/Schemas`: those of users, with what is `declared` for them, before those of groups.
pub fn schemas(base: &str, declared: &[Extension]) -> Value {
    let bodies = RESOURCE_TYPES.into_iter().flat_map(|resource_type| {
        let known = schemas_of(resource_type).map(|(schema, core_of)| schema_body(schema, core_of, base));
        known.chain(declared_for(resource_type, declared).iter().map(|extension| declared_body(extension, base)))
    });
    all(bodies.collect())
}

/// `/Schemas/{urn}`.
pub fn schema(urn: &str, base: &str, declared: &[Extension]) -> Option<Value> {
    let known = RESOURCE_TYPES.into_iter().flat_map(schemas_of).find(|(schema, _)| same_name(schema.urn, urn));
    let known = known.map(|(schema, core_of)| schema_body(schema, core_of, base));
    let declared = || declared.iter().find(|extension| same_name(&extension.urn, urn));
    known.or_else(|| declared().map(|extension| declared_body(extension, base)))
}

/// Each schema with the resource type that it is the core schema of, or nothing for an extension.
fn schemas_of(
    resource_type: &'static ResourceType,
) -> impl Iterator<Item = (&'static Schema, Option<&'static ResourceType>)> {
    let core = std::iter::once((resource_type.schema, Some(resource_type)));
    core.chain(resource_type.extensions.iter().map(|extension| (*extension, None)))
}

/// A declared extension as a schema. One that takes arbitrary keys has no attributes to show.
fn declared_body(extension: &Extension, base: &str) -> Value {
    let Extension { urn, attributes } = extension;
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": urn.rsplit(':').next(),
        "description": "An extension that this directory declares.",
        "attributes": attributes.iter().map(declared_attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{urn}") },
    })
}

fn declared_attribute(attribute: &ExtensionAttribute) -> Value {
    let ExtensionAttribute { name, kind, multi_valued } = attribute;
    json!({
        "name": name,
        "type": type_name(*kind),
        "multiValued": multi_valued,
        "description": "An attribute that this directory declares.",
        "required": false,
        "caseExact": false,
        "mutability": mutability_name(Mutability::ReadWrite),
        "returned": returned_name(Returned::Default),
        "uniqueness": uniqueness_name(Uniqueness::None),
    })
}

fn schema_body(schema: &Schema, core_of: Option<&ResourceType>, base: &str) -> Value {
    let Schema { urn, name, description, attributes } = schema;
    let common = core_of.and_then(|resource_type| resource_type.attribute("externalId"));
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": common.into_iter().chain(*attributes).map(attribute_body).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{urn}") },
    })
}

/// RFC 7643 section 7.
fn attribute_body(attribute: &Attribute) -> Value {
    let Attribute {
        name,
        kind,
        multi_valued,
        description,
        required,
        case_exact,
        mutability,
        returned,
        uniqueness,
        canonical_values,
        reference_types,
        sub_attributes,
    } = attribute;
    let mut body = json!({
        "name": name,
        "type": type_name(*kind),
        "multiValued": multi_valued,
        "description": description,
        "required": required,
        "caseExact": case_exact,
        "mutability": mutability_name(*mutability),
        "returned": returned_name(*returned),
        "uniqueness": uniqueness_name(*uniqueness),
    });
    if !canonical_values.is_empty() {
        body["canonicalValues"] = json!(canonical_values);
    }
    if !reference_types.is_empty() {
        body["referenceTypes"] = json!(reference_types);
    }
    if !sub_attributes.is_empty() {
        body["subAttributes"] = sub_attributes.iter().map(attribute_body).collect();
    }
    body
}

fn type_name(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String => "string",
        AttributeType::Boolean => "boolean",
        AttributeType::Decimal => "decimal",
        AttributeType::Integer => "integer",
        AttributeType::DateTime => "dateTime",
        AttributeType::Binary => "binary",
        AttributeType::Reference => "reference",
        AttributeType::Complex => "complex",
    }
}

fn mutability_name(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadOnly => "readOnly",
        Mutability::ReadWrite => "readWrite",
        Mutability::Immutable => "immutable",
        Mutability::WriteOnly => "writeOnly",
    }
}

fn returned_name(returned: Returned) -> &'static str {
    match returned {
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Default => "default",
        Returned::Request => "request",
    }
}

fn uniqueness_name(uniqueness: Uniqueness) -> &'static str {
    match uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
        Uniqueness::Global => "global",
    }
}

/// A list of all there is: filters and pages are ignored here.
fn all(resources: Vec<Value>) -> Value {
    list_response(resources.len(), 1, resources)
}
