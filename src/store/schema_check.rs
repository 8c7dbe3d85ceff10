//! Whether the cluster serves every field that this version knows.
//!
//! The API server drops a field that its definition lacks, or refuses the write. So a replica whose definitions are
//! older than itself must not serve. The served schemas are read from the OpenAPI document,
//! which every authenticated account may read: no right on definitions is needed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::Error;
use super::objects::Objects;
use crate::api::crds::crds;
use crate::api::{API_VERSION, GROUP, VERSION};

/// Compares the served kinds with ours. The error names the first kind or field that is missing.
pub(super) async fn check(objects: &Objects) -> Result<(), Error> {
    let served = match objects.read(&format!("/openapi/v3/apis/{API_VERSION}")).await {
        Err(Error::NotFound) => Value::Null,
        served => served?,
    };
    match first_missing(&crds(), &served) {
        None => Ok(()),
        Some(missing) => Err(Error::Other(format!(
            "the cluster does not know {missing}: apply the files of crds/ of this version, and the operator starts to serve"
        ))),
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

/// Looks for every property of `ours` in `served`, into lists and maps too. A served schema may have more.
fn first_missing_field(ours: &Value, served: &Value, path: &str) -> Option<String> {
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
    use serde_json::json;

    use super::*;

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
