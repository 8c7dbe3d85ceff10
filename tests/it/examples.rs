//! What `examples/` shows is taken by a cluster, word by word.

use crate::support::cluster::{kubectl, root};

#[tokio::test(flavor = "multi_thread")]
async fn every_manifest_of_the_examples_is_accepted_under_strict_validation() {
    let namespace = r#"{ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "rollcall-demo" } }"#;
    kubectl(&["apply", "--server-side", "-f", "-"], Some(namespace)).await.expect("a namespace");
    let entries = std::fs::read_dir(root().join("examples")).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let manifests: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    assert!(!manifests.is_empty());
    for path in manifests {
        let path = path.display().to_string();
        let applied = kubectl(&["apply", "--server-side", "--validate=strict", "-f", &path], None).await;
        assert!(applied.is_ok(), "{path}: {applied:?}");
    }
}
