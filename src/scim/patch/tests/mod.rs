//! What a PATCH does, as tables.

mod declared;
mod dialects;
mod forms;
mod properties;
mod refusals;

use serde_json::{Value, json};

use super::*;
use crate::scim::schema::USER;

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:2.0:CustomExtensionName";

fn object(value: Value) -> Attributes {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

/// Alice as Entra's default mapping creates her.
fn alice() -> Value {
    json!({
        "externalId": "0a21f0f2", "userName": "alice@contoso.com", "active": true, "displayName": "Alice Able",
        "emails": [{ "primary": true, "type": "work", "value": "alice@contoso.com" }],
        "name": { "formatted": "Alice Able", "familyName": "Able", "givenName": "Alice" },
        ENTERPRISE: { "employeeNumber": "701984", "department": "Bicycles" },
    })
}

/// Alice with some members changed; null takes one away.
fn alice_with(changes: Value) -> Value {
    let mut changed = object(alice());
    for (name, value) in object(changes) {
        if value.is_null() {
            changed.remove(&name);
        } else {
            changed.insert(name, value);
        }
    }
    Value::Object(changed)
}

fn patched_as(
    current: &Value,
    operations: &Value,
    resource_type: &'static ResourceType,
) -> Result<(Value, Vec<String>), Error> {
    let patch = parse(&object(json!({ "Operations": operations })), resource_type)?;
    let Parsed { attributes, ignored, .. } = apply(&patch, &object(current.clone()), resource_type)?;
    Ok((Value::Object(attributes), ignored))
}

fn patched(current: &Value, operations: &Value) -> Result<(Value, Vec<String>), Error> {
    patched_as(current, operations, &USER)
}

/// Patches `current` and expects `expected`; nothing is ignored, and the same PATCH again changes nothing.
fn check(name: &str, current: &Value, operations: &Value, expected: &Value) {
    let (once, ignored) = patched(current, operations).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(&once, expected, "{name}");
    assert_eq!(ignored, [""; 0], "{name}: nothing is ignored");
    let (twice, _) = patched(&once, operations).unwrap_or_else(|error| panic!("{name}, again: {error}"));
    assert_eq!(&twice, expected, "{name}, again");
}

/// One operation on Alice.
fn check_one(name: &str, operation: Value, changes: Value) {
    check(name, &alice(), &Value::Array(vec![operation]), &alice_with(changes));
}
