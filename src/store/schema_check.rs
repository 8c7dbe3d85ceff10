//! Whether the cluster serves every field that this version knows.
//!
//! The API server drops a field that its definition lacks, or refuses the write. So a replica whose definitions are
//! older than itself must not serve. The served schemas are read from the OpenAPI document,
//! which every authenticated account may read: no right on definitions is needed. The document is large, and the index of
//! documents has a digest of it: it is read when that has changed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use parking_lot::Mutex;
use serde_json::Value;

use super::Error;
use super::objects::Objects;
use crate::api::crds::crds;
use crate::api::{API_VERSION, GROUP, VERSION};

/// The address of the document, with its digest, that was read last and had every field.
#[derive(Default)]
pub(super) struct LastGood(Mutex<Option<String>>);

/// Compares the served kinds with ours. The error names the first kind or field that is missing.
pub(super) async fn check(objects: &Objects, last_good: &LastGood) -> Result<(), Error> {
    let index = objects.read("/openapi/v3").await?;
    let address = index["paths"][format!("apis/{API_VERSION}")]["serverRelativeURL"].as_str();
    if address.is_some() && address == last_good.0.lock().as_deref() {
        return Ok(());
    }
    let served = match objects.read(&format!("/openapi/v3/apis/{API_VERSION}")).await {
        Err(Error::NotFound) => Value::Null,
        served => served?,
    };
    let missing = first_missing(&crds(), &served);
    *last_good.0.lock() = if missing.is_none() { address.map(str::to_owned) } else { None };
    match missing {
        None => Ok(()),
        Some(missing) => Err(Error::Other(format!(
            "the cluster does not know {missing}: apply the files of crds/ of this version, and the operator starts to serve"
        ))),
    }
}

/// What a refusal of an object as invalid means: nothing is wrong with the object where the served kinds are older than this
/// version. Where they cannot be looked at, the refusal stays what it is.
pub(super) async fn explain(refusal: Error, objects: &Objects, last_good: &LastGood) -> Error {
    match (refusal, check(objects, last_good).await) {
        (Error::Invalid(message), Err(Error::Other(missing))) => {
            Error::Unavailable { reason: format!("{missing} (the API server says: {message})") }
        }
        (refusal, _) => refusal,
    }
}

/// The first kind or field of `definitions` that the OpenAPI document does not have.
fn first_missing(definitions: &[CustomResourceDefinition], document: &Value) -> Option<String> {
    definitions.iter().find_map(|definition| {
        let kind = definition.spec.names.kind.as_str();
        let ours = definition.spec.versions.iter().find(|version| version.name == VERSION)?;
        let Some(served) = served_schema(document, kind) else {
            return Some(format!("the kind {kind} in {API_VERSION}"));
        };
        let ours = serde_json::to_value(ours.schema.as_ref()?.open_api_v3_schema.as_ref()?).ok()?;
        let field = first_missing_field(&ours, served, "")?;
        Some(format!("the field {field} of {kind}"))
    })
}

fn served_schema<'a>(document: &'a Value, kind: &str) -> Option<&'a Value> {
    let schemas = document["components"]["schemas"].as_object()?;
    schemas.values().find(|schema| {
        let kinds = schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten();
        kinds
            .into_iter()
            .any(|served| served["group"] == GROUP && served["version"] == VERSION && served["kind"] == kind)
    })
}

/// Looks for every property and every value of an enumeration of `ours` in `served`, into lists and maps too. A served schema
/// may have more.
fn first_missing_field(ours: &Value, served: &Value, path: &str) -> Option<String> {
    let values = served["enum"].as_array();
    let lacks = |value: &&Value| values.is_some_and(|values| !value.is_null() && !values.contains(value));
    if let Some(value) = ours["enum"].as_array().into_iter().flatten().find(lacks) {
        return Some(format!("{path} = {}", value.as_str().unwrap_or_default()));
    }
    for (name, ours) in ours["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let Some(served) = served["properties"].get(name) else { return Some(path) };
        if let Some(missing) = first_missing_field(ours, served, &path) {
            return Some(missing);
        }
    }
    [("items", "[]"), ("additionalProperties", "[*]")].into_iter().find_map(|(below, mark)| {
        let ours = ours.get(below)?;
        first_missing_field(ours, &served[below], &format!("{path}{mark}"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::json;

    use super::*;
    use crate::store::kind::Kind;
    use crate::store::memory::{Memory, OPENAPI, openapi_index, openapi_without, refusal};

    fn ours() -> Vec<CustomResourceDefinition> {
        let definitions = json!([{  "spec": { "names": { "kind": "DirectoryUser" }, "versions": [{ "name": "v1alpha1", "schema": {
            "openAPIV3Schema": { "type": "object", "properties": { "spec": { "type": "object", "properties": {
                "name": { "type": "string" },
                "emails": { "type": "array", "items": { "type": "object", "properties": { "value": { "type": "string" } } } },
                "byType": { "type": "object", "additionalProperties": { "type": "object",
                    "properties": { "number": { "type": "integer" } } } },
            } } } },
        } }] } }]);
        serde_json::from_value(definitions).expect("definitions")
    }

    fn served() -> Value {
        let ours = serde_json::to_value(ours()).expect("JSON");
        let mut schema = ours[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
        schema["x-kubernetes-group-version-kind"] =
            json!([{ "group": "rollcall.dev", "version": "v1alpha1", "kind": "DirectoryUser" }]);
        schema["properties"]["metadata"] = json!({ "type": "object" });
        schema["properties"]["spec"]["properties"]["later"] = json!({ "type": "string" });
        json!({ "components": { "schemas": { "dev.rollcall.v1alpha1.DirectoryUser": schema } } })
    }

    #[test]
    fn the_first_field_that_is_not_served_is_named() {
        let spec = "/components/schemas/dev.rollcall.v1alpha1.DirectoryUser/properties/spec/properties";
        let cases = [
            ("", "", None),
            ("", "name", Some("the field spec.name of DirectoryUser")),
            ("/emails/items/properties", "value", Some("the field spec.emails[].value of DirectoryUser")),
            ("/emails", "items", Some("the field spec.emails[].value of DirectoryUser")),
            (
                "/byType/additionalProperties/properties",
                "number",
                Some("the field spec.byType[*].number of DirectoryUser"),
            ),
        ];
        for (place, removed, expected) in cases {
            let mut served = served();
            let parent = served.pointer_mut(&format!("{spec}{place}")).expect("a place in the schema");
            parent.as_object_mut().expect("an object").remove(removed);
            assert_eq!(first_missing(&ours(), &served).as_deref(), expected, "{place}/{removed}");
        }
    }

    #[test]
    fn a_value_of_an_enumeration_that_is_not_served_is_named() {
        let schema = |values: Value| json!({ "properties": { "mode": { "type": "string", "enum": values } } });
        for (served, expected) in
            [(json!(["A", "B", "C"]), None), (json!(["A"]), Some("mode = B")), (Value::Null, None)]
        {
            let missing = first_missing_field(&schema(json!(["A", "B", null])), &schema(served.clone()), "");
            assert_eq!(missing.as_deref(), expected, "{served}");
        }
    }

    #[tokio::test]
    async fn a_document_is_read_again_when_its_digest_has_changed() {
        let memory = Memory::default();
        let older = Arc::new(AtomicBool::new(false));
        let is_older = Arc::clone(&older);
        let store = memory.store(move |asked| {
            let older = is_older.load(Ordering::Relaxed);
            (older && asked.kind == OPENAPI).then(|| match asked.name.as_str() {
                "" => (200, openapi_index("older").to_string()),
                _ => (200, openapi_without("DirectoryUser", "pending").to_string()),
            })
        });
        assert_eq!(store.check_schema().await, Ok(()));
        memory.asked();
        assert_eq!(store.check_schema().await, Ok(()));
        assert_eq!(memory.asked(), ["GET openapi"], "the document itself is not read again");
        older.store(true, Ordering::Relaxed);
        for _ in 0..2 {
            let error = store.check_schema().await.expect_err("a field is missing");
            assert!(error.to_string().contains("the field spec.pending of DirectoryUser"), "{error}");
        }
        older.store(false, Ordering::Relaxed);
        assert_eq!(store.check_schema().await, Ok(()), "it is healed");
    }

    #[tokio::test]
    async fn a_refusal_of_an_object_is_put_down_to_older_kinds_where_they_are_older() {
        let object = json!({ "metadata": { "name": "x", "namespace": "people" } });
        for (name, is_older) in [("the kinds are whole", false), ("a field is missing", true)] {
            let store = Memory::default().store(move |asked| match (asked.method.as_str(), asked.kind.as_str()) {
                ("GET", OPENAPI) if is_older && !asked.name.is_empty() => {
                    Some((200, openapi_without("DirectoryUser", "pending").to_string()))
                }
                ("POST", _) => Some(refusal(422, "Invalid")),
                _ => None,
            });
            let error =
                store.objects().create(Kind::USER, "people", &object.clone().into()).await.expect_err("it is refused");
            match error {
                Error::Invalid(_) => assert!(!is_older, "{name}"),
                Error::Unavailable { reason } => {
                    assert!(is_older && reason.contains("spec.pending"), "{name}: {reason}");
                }
                error => panic!("{name}: {error}"),
            }
        }
    }

    #[test]
    fn a_kind_that_is_not_served_is_named() {
        let expected = Some("the kind DirectoryUser in rollcall.dev/v1alpha1");
        assert_eq!(first_missing(&ours(), &Value::Null).as_deref(), expected);
        let mut other_version = served();
        other_version["components"]["schemas"]["dev.rollcall.v1alpha1.DirectoryUser"]["x-kubernetes-group-version-kind"]
            [0]["version"] = "v1".into();
        assert_eq!(first_missing(&ours(), &other_version).as_deref(), expected);
        assert_eq!(first_missing(&crds(), &served()).as_deref(), Some("the kind Directory in rollcall.dev/v1alpha1"));
    }
}
