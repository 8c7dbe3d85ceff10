//! The CustomResourceDefinitions, as objects and as the files of `crds/`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSON};
use kube::CustomResourceExt as _;
use serde_json::{Value, json};

use super::{
    Directory, DirectoryApplication, DirectoryClaim, DirectoryGroup, DirectoryKey, DirectoryReport, DirectoryUser,
    to_yaml,
};

/// The definition of every kind.
pub fn crds() -> Vec<CustomResourceDefinition> {
    let of_people = [DirectoryUser::crd(), DirectoryGroup::crd(), DirectoryClaim::crd(), DirectoryReport::crd()];
    let of_teams = [Directory::crd(), DirectoryKey::crd(), DirectoryApplication::crd()];
    of_teams.into_iter().map(unobserved_at_first).chain(of_people).map(on_one_line).collect()
}

/// A new object says that nobody has looked at it yet. Without any status kstatus, and so Flux, would take it for one that is done
/// before the operator has seen it. For kinds that people apply and of which every object gets a status.
fn unobserved_at_first(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut());
        let status = schema.and_then(|schema| schema.properties.as_mut()?.get_mut("status"));
        if let Some(status) = status {
            status.default = Some(JSON(json!({ "observedGeneration": -1 })));
        }
    }
    crd
}

/// Descriptions come out of doc comments with their line ends, where `kubectl explain`, which wraps by itself, would
/// break them once more.
fn on_one_line(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    fn walk(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                if let Some(Value::String(text)) = members.get_mut("description") {
                    *text = text.replace('\n', " ");
                }
                members.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    let mut json = serde_json::to_value(crd).expect("a definition is JSON");
    walk(&mut json);
    serde_json::from_value(json).expect("only texts were changed")
}

/// The files of `crds/`: name and content, one for each kind.
pub fn files() -> Vec<(String, String)> {
    crds().iter().map(|crd| (format!("{}.yaml", crd.spec.names.plural), to_yaml(crd))).collect()
}
