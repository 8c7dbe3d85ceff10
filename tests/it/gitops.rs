//! The folder of `examples/gitops`, as Flux and Argo CD apply it: built by the real kustomize, applied server-side, and done.

use std::fs;

use rollcall::api::API_VERSION;
use serde_json::Value;

use crate::kstatus::{argocd, concluded};
use crate::support::cluster::{kubectl, root};
use crate::support::wait::{JANITOR_DEADLINE, within};
use crate::support::{Operator, until};

const FLUX: [&str; 4] = ["apply", "--server-side", "--field-manager=kustomize-controller", "--validate=strict"];

fn folder() -> String {
    root().join("examples/gitops/production").display().to_string()
}

async fn run(arguments: &[&str]) -> String {
    kubectl(arguments, None).await.unwrap_or_else(|complaint| panic!("kubectl {arguments:?}: {complaint}"))
}

/// All objects of ours in the namespace of the example.
async fn objects() -> Vec<Value> {
    let kinds = "directories,directorykeys,directoryapplications";
    let list: Value = serde_json::from_str(&run(&["-n", "people", "get", kinds, "-o", "json"]).await).expect("JSON");
    list["items"].as_array().cloned().expect("a list")
}

fn find<'a>(objects: &'a [Value], name: &str) -> &'a Value {
    objects.iter().find(|it| it["metadata"]["name"] == name).unwrap_or_else(|| panic!("{name}: {objects:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_built_applied_and_done_and_a_second_time_changes_nothing() {
    Operator::shared().await;
    let folder = folder();
    let built = run(&["kustomize", &folder]).await;
    assert_eq!(built.matches("\nkind: ").count() + usize::from(built.starts_with("kind: ")), 5, "{built}");
    let apply = [&FLUX[..], &["-k", &folder]].concat();
    run(&apply).await;
    let mut last = Vec::new();
    let done = within(JANITOR_DEADLINE, async || {
        last = objects().await;
        let done = concluded(last.clone()).await.iter().all(|status| status == "Current");
        (done && last.len() == 4).then(|| last.clone())
    })
    .await;
    let done = done.unwrap_or_else(|| panic!("not everything is done: {last:?}"));
    for object in &done {
        assert_eq!(argocd(object).await, "Healthy", "{object}");
        assert_eq!(object["apiVersion"], API_VERSION);
    }
    assert_eq!(find(&done, "entra-2026")["status"]["state"], "Active");
    assert!(find(&done, "hr-import")["spec"]["sha256"].is_string(), "it was minted");

    // The next round of Flux, a minute later: what the operator wrote stays.
    run(&apply).await;
    let again = objects().await;
    for object in &done {
        let name = object["metadata"]["name"].as_str().expect("a name");
        assert_eq!(find(&again, name)["metadata"]["generation"], object["metadata"]["generation"], "{name}");
    }

    // The pull request that revokes a key, and the one that takes its file away.
    let key = fs::read_to_string(root().join("examples/gitops/production/keys/entra-2026.yaml")).expect("a file");
    let revoked = format!("{}\n  revoked: true\n", key.trim_end());
    let arguments = [&FLUX[..], &["-n", "people", "-f", "-"]].concat();
    kubectl(&arguments, Some(&revoked)).await.expect("a key can be revoked");
    until("the revoked key to be done", async || {
        let objects = objects().await;
        let key = find(&objects, "entra-2026").clone();
        let is_revoked = key["status"]["state"] == "Revoked";
        (is_revoked && concluded(vec![key]).await == ["Current"]).then_some(())
    })
    .await;
    run(&["-n", "people", "delete", "directorykey", "entra-2026"]).await;
}

#[test]
fn flux_and_argo_cd_are_pointed_at_folders_that_are_there() {
    let gitops = root().join("examples/gitops");
    for (file, kind, path) in [
        ("flux.yaml", "Kustomization", ["spec", "path"].as_slice()),
        ("argocd.yaml", "Application", &["spec", "source", "path"]),
    ] {
        let text = fs::read_to_string(gitops.join(file)).expect("a file");
        let documents =
            serde_yaml::Deserializer::from_str(&text).map(|it| serde::Deserialize::deserialize(it).expect("YAML"));
        let mut documents = documents.filter(|document: &Value| document["kind"] == kind);
        let document = documents.next().unwrap_or_else(|| panic!("{file} has a {kind}"));
        let path = path.iter().fold(&document, |value, field| &value[field]).as_str().expect("a path");
        assert!(gitops.join(path).join("kustomization.yaml").is_file(), "{file}: {path}");
    }
}
