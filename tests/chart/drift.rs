//! What stands in two places is the same in both.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use rollcall::api::crds;
use serde_json::{Value, json};

use crate::render::{chart_file, documents, find, of_kind, render};

#[test]
fn the_chart_installs_the_kinds_of_this_version() {
    let objects = render(&json!({}));
    let rendered = of_kind(&objects, "CustomResourceDefinition");
    let expected = crds::crds();
    assert_eq!(rendered.len(), expected.len());
    for crd in expected {
        let name = crd.metadata.name.as_deref().expect("a name");
        let rendered = find(&objects, "CustomResourceDefinition", name).unwrap_or_else(|| panic!("{name} is missing"));
        // As the API server reads it: Helm writes whole numbers without a fraction.
        let rendered: CustomResourceDefinition = serde_json::from_value(rendered.clone()).expect("a definition");
        assert_eq!(rendered.spec, crd.spec, "{name}");
    }
}

#[test]
fn the_roles_grant_what_the_file_of_rights_explains() {
    let [operator, lease, login] = &documents(&chart_file("files/rbac.yaml"))[..] else { panic!("three roles") };
    let everywhere = render(&json!({}));
    let somewhere = render(&json!({ "namespaces": ["acme", "globex"] }));
    let role = |objects: &[Value], kind: &str, name: &str| find(objects, kind, name).expect("a role")["rules"].clone();
    assert_eq!(role(&everywhere, "ClusterRole", "rollcall"), operator["rules"]);
    let roles: Vec<_> =
        of_kind(&somewhere, "Role").into_iter().filter(|role| role["metadata"]["name"] == "rollcall").collect();
    assert_eq!(roles.iter().map(|role| &role["metadata"]["namespace"]).collect::<Vec<_>>(), ["acme", "globex"]);
    assert!(roles.iter().all(|role| role["rules"] == operator["rules"]));
    for objects in [&everywhere, &somewhere] {
        assert_eq!(role(objects, "Role", "rollcall-leader-election"), lease["rules"]);
        assert_eq!(role(objects, "Role", "rollcall-login"), login["rules"]);
    }
}

#[test]
fn without_logins_and_minting_the_operator_has_no_right_on_any_secret() {
    let objects = render(&json!({ "login": { "enabled": false }, "minting": { "enabled": false } }));
    assert!(find(&objects, "Role", "rollcall-login").is_none());
    let roles = ["Role", "ClusterRole"].into_iter().flat_map(|kind| of_kind(&objects, kind));
    let operators = roles.filter(|role| {
        let name = role["metadata"]["name"].as_str().expect("a name");
        ["rollcall", "rollcall-leader-election"].contains(&name)
    });
    let rules: Vec<_> = operators.flat_map(|role| role["rules"].as_array().expect("rules").clone()).collect();
    assert!(rules.len() > 6, "{rules:?}");
    assert!(!json!(rules).to_string().contains("secrets"), "{rules:?}");
    let makes_keys = |rules: &Value| {
        let rules = rules.as_array().expect("rules").iter();
        let of_keys = rules.filter(|rule| rule["resources"].to_string().contains("\"directorykeys\""));
        of_keys.into_iter().any(|rule| rule["verbs"].to_string().contains("create"))
    };
    assert!(!makes_keys(&json!(rules)), "{rules:?}");
    let without_logins = render(&json!({ "login": { "enabled": false } }));
    let minting = find(&without_logins, "ClusterRole", "rollcall").expect("a role");
    assert!(makes_keys(&minting["rules"]) && minting["rules"].to_string().contains("secrets"), "{minting}");
    let rules_with_logins = find(&render(&json!({})), "ClusterRole", "rollcall").expect("a role")["rules"].clone();
    assert!(rules_with_logins.to_string().contains("secrets"));
}

#[test]
fn chart_and_binary_are_of_one_version_and_one_set_of_kinds() {
    let about = &documents(&chart_file("Chart.yaml"))[0];
    assert_eq!(about["appVersion"], env!("CARGO_PKG_VERSION"));
    let annotated = |name: &str| documents(about["annotations"][name].as_str().expect("an annotation")).remove(0);
    let told = annotated("artifacthub.io/crds");
    let told: BTreeSet<_> = told.as_array().expect("a list").iter().map(|kind| kind["name"].to_string()).collect();
    let served: BTreeSet<_> =
        crds::crds().iter().map(|crd| json!(crd.metadata.name.as_deref().expect("a name")).to_string()).collect();
    assert_eq!(told, served, "artifacthub.io/crds");
}

/// The paths of all values and whether the line above each of them explains it.
fn documented(values: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut above: Vec<(usize, String, bool)> = Vec::new();
    let mut is_explained = false;
    for line in values.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim_start();
        if let Some(comment) = text.strip_prefix('#') {
            is_explained |= comment.starts_with(" -- ");
            continue;
        }
        if let Some((name, _)) = text.split_once(':').filter(|_| !text.starts_with("- ")) {
            above.retain(|(outer, ..)| *outer < indent);
            let inherited = above.last().is_some_and(|(_, _, is_explained)| *is_explained);
            above.push((indent, name.to_owned(), is_explained || inherited));
            let path = above.iter().map(|(_, name, _)| name.as_str()).collect::<Vec<_>>().join(".");
            found.push((path, is_explained || inherited));
        }
        is_explained = false;
    }
    found
}

#[test]
fn every_value_is_explained_and_in_the_schema() {
    assert_eq!(
        documented("a:\n  # -- B.\n  b: 1\n  c: 2\n# -- D.\nd:\n  e: 1\n"),
        [("a", false), ("a.b", true), ("a.c", false), ("d", true), ("d.e", true)]
            .map(|(path, is)| (path.to_owned(), is))
    );
    let text = chart_file("values.yaml");
    let values = &documents(&text)[0];
    let explained = documented(&text);
    // YAML readers take the last of two, and the other stays in the file and the table.
    let top: Vec<_> = explained.iter().map(|(path, _)| path).filter(|path| !path.contains('.')).collect();
    assert_eq!(top.len(), top.iter().collect::<BTreeSet<_>>().len(), "a value stands there twice: {top:?}");
    let silent = explained.iter().filter(|(path, is_explained)| {
        let value = values.pointer(&format!("/{}", path.replace('.', "/")));
        !is_explained
            && value.is_some_and(|value| !value.is_object() || value.as_object().is_some_and(serde_json::Map::is_empty))
    });
    assert_eq!(silent.collect::<Vec<_>>(), Vec::<&(String, bool)>::new(), "no `# -- ` stands above these values");
    let schema: Value = serde_json::from_str(&chart_file("values.schema.json")).expect("JSON");
    let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    let mut known = names(&schema["properties"]);
    // Helm itself sets it for subcharts.
    known.remove("global");
    assert_eq!(names(values), known);
}

/// Every schema within a schema that describes an object.
fn objects_in<'a>(schema: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    if schema["type"] == "object" {
        found.push((path.to_owned(), schema));
    }
    match schema {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| objects_in(member, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| objects_in(item, path, found)),
        _ => {}
    }
}

/// Objects of Kubernetes that the API server checks, and maps with names that people choose.
const OPEN: &[&str] = &[
    "/properties/affinity/properties/nodeAffinity",
    "/properties/affinity/properties/podAffinity",
    "/properties/affinity/properties/podAntiAffinity",
    "/properties/applications/patternProperties/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/properties/spec",
    "/properties/directories/patternProperties/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/properties/spec",
    "/properties/extraEnv/items/properties/valueFrom",
    "/properties/extraVolumes/items",
    "/properties/global",
    "/properties/resources/properties/claims/items",
    "/properties/topologySpreadConstraints/items/properties/labelSelector",
];

#[test]
fn the_schema_refuses_a_misspelt_key_everywhere() {
    let schema: Value = serde_json::from_str(&chart_file("values.schema.json")).expect("JSON");
    let mut objects = Vec::new();
    objects_in(&schema, "", &mut objects);
    assert!(objects.len() > 30, "only {} objects", objects.len());
    let open = objects.iter().filter(|(_, schema)| schema.get("additionalProperties").is_none());
    assert_eq!(open.map(|(path, _)| path.as_str()).collect::<Vec<_>>(), OPEN);
}
