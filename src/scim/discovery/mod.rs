//! ServiceProviderConfig, ResourceTypes and Schemas (RFC 7644 section 4), rendered from the attribute table.
//!
//! `base` is the address of the Directory's endpoint without a slash at its end. Nothing here is ever null, which
//! Microsoft's onboarding test refuses; and of the common attributes `externalId` alone is shown, in both core
//! schemas, because Entra offers an admin as targets only what `/Schemas` holds.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::case::same_name;
use super::list::{MAX_PAGE, list_response};
use super::schema::{Attribute, GROUP, Kind, Mutability, ResourceType, Returned, Schema, USER, Uniqueness};

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

/// `/ResourceTypes`: User first.
pub fn resource_types(base: &str) -> Value {
    all(RESOURCE_TYPES.iter().map(|resource_type| resource_type_body(resource_type, base)).collect())
}

/// `/ResourceTypes/{name}`.
pub fn resource_type(name: &str, base: &str) -> Option<Value> {
    let found = RESOURCE_TYPES.into_iter().find(|resource_type| same_name(resource_type.name, name));
    found.map(|resource_type| resource_type_body(resource_type, base))
}

fn resource_type_body(resource_type: &'static ResourceType, base: &str) -> Value {
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
    if !extensions.is_empty() {
        let extension = |extension: &&Schema| json!({ "schema": extension.urn, "required": false });
        body["schemaExtensions"] = extensions.iter().map(extension).collect();
    }
    body
}

/// `/Schemas`.
pub fn schemas(base: &str) -> Value {
    all(every_schema().map(|(schema, resource_type)| schema_body(schema, resource_type, base)).collect())
}

/// `/Schemas/{urn}`.
pub fn schema(urn: &str, base: &str) -> Option<Value> {
    let (schema, resource_type) = every_schema().find(|(schema, _)| same_name(schema.urn, urn))?;
    Some(schema_body(schema, resource_type, base))
}

/// Each schema with the resource type that it is the core schema of, or nothing for an extension.
fn every_schema() -> impl Iterator<Item = (&'static Schema, Option<&'static ResourceType>)> {
    RESOURCE_TYPES.into_iter().flat_map(|resource_type| {
        let core = std::iter::once((resource_type.schema, Some(resource_type)));
        core.chain(resource_type.extensions.iter().map(|extension| (*extension, None)))
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
        "type": kind_name(*kind),
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

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::Decimal => "decimal",
        Kind::Integer => "integer",
        Kind::DateTime => "dateTime",
        Kind::Binary => "binary",
        Kind::Reference => "reference",
        Kind::Complex => "complex",
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
