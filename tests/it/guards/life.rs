//! What the guards must let pass: what people decide about people, GitOps, the garbage collector, the end of a namespace.

use serde_json::{Value, json};

use super::kinds::unattended;
use super::scene::{
    ACCOUNT_OF_PEOPLE, Scene, Who, annotate, apply_from_git, create, delete, label, object, patch, user_object,
};
use crate::support::cluster::kubectl_on;
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
async fn people_write_what_is_theirs() {
    let scene = Scene::new().await;
    let names = &scene.names;
    let invitation = json!({ "secretName": "welcome", "expiresAt": "2026-12-01T00:00:00Z" });
    let decided = json!({ "spec": { "suspended": true, "loginMethod": "BuiltIn", "invitation": invitation } });
    let scim = json!({ "scim": { "userName": "glass@contoso.com", "active": false }, "memberOf": [names.sales] });
    let cases = [
        ("their fields of a person", Who::Editor, patch("directoryuser", &names.ada, decided)),
        (
            "one of them taken back",
            Who::Editor,
            patch("directoryuser", &names.ada, json!({ "spec": { "suspended": null } })),
        ),
        ("a label", Who::Editor, label("directorygroup", &names.sales, "team=blue")),
        ("an annotation", Who::Editor, annotate("directorygroup", &names.sales, "why=because")),
        (
            "the rollcall.dev/directory label as it is",
            Who::Editor,
            label("directoryuser", &names.ada, "rollcall.dev/directory=staff"),
        ),
        (
            "the attributes and groups of a built-in account",
            Who::Editor,
            patch("directoryuser", ACCOUNT_OF_PEOPLE, json!({ "spec": scim })),
        ),
        (
            "a built-in account without the label",
            Who::Editor,
            label("directoryuser", ACCOUNT_OF_PEOPLE, "rollcall.dev/directory-"),
        ),
        ("the end of a built-in account", Who::Editor, delete("directoryuser", ACCOUNT_OF_PEOPLE)),
        ("a second Directory", Who::Editor, create(object(names, "Directory", "second", json!({})))),
        (
            "the finalizer of a Directory, by the operator",
            Who::Operator,
            patch("directory", "staff", json!({ "metadata": { "finalizers": ["rollcall.dev/directory"] } })),
        ),
        (
            "the same taken off",
            Who::Operator,
            patch("directory", "staff", json!({ "metadata": { "finalizers": null } })),
        ),
    ];
    for (case, who, act) in cases {
        scene.act(who, &act).await.unwrap_or_else(|complaint| panic!("{case}: {complaint}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_directory_is_deleted_freely_unless_it_deletes_what_it_does_not_count() {
    let scene = Scene::new().await;
    for (name, spec, refused) in
        [("empty", json!({}), None), ("thorough", json!({ "deletionPolicy": "Delete" }), Some("tombstones"))]
    {
        scene.must(Who::Editor, &create(object(&scene.names, "Directory", name, spec))).await;
        until("the Directory to be counted", async || {
            let directory = scene.directory.get("directory", name).await?;
            (directory["status"]["counts"]["users"] == 0).then_some(())
        })
        .await;
        let deleted = scene.act(Who::Editor, &delete("directory", name)).await;
        match refused {
            None => drop(deleted.expect("nobody is in it")),
            Some(words) => {
                let complaint = deleted.expect_err("refused");
                assert!(complaint.contains(words), "{complaint}");
            }
        }
    }
}

/// The largest change that the guards compare: they look at every field of both versions.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_person_is_labelled_like_a_small_one() {
    let scene = Scene::new().await;
    let texts: Vec<_> = (0..1000).map(|number| format!("{number}-{}", "x".repeat(1000))).collect();
    let scim = json!({ "userName": "large", "active": true, "extensions": { "urn:x": { "texts": texts } } });
    let large = user_object(&scene.names, "large", json!({ "managedBy": "Provisioning", "scim": scim }));
    scene.must(Who::Restorer, &create(large)).await;
    scene.must(Who::Editor, &label("directoryuser", "large", "team=blue")).await;
    let refused = scene.act(Who::Editor, &patch("directoryuser", "large", json!({ "spec": { "scim": null } }))).await;
    refused.expect_err("spec.scim is the identity provider's");
}

#[tokio::test(flavor = "multi_thread")]
async fn git_and_scim_write_one_person_side_by_side() {
    let scene = Scene::new().await;
    let ada = scene.names.ada.as_str();
    let manifest = |spec: Value| {
        apply_from_git(json!({
            "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser", "spec": spec,
            "metadata": { "name": ada, "namespace": scene.names.namespace },
        }))
    };
    let stored = async || scene.directory.get("directoryuser", ada).await.expect("the person")["spec"].clone();
    scene.must(Who::Editor, &manifest(json!({ "suspended": true }))).await;
    let path = format!("/Users/{ada}");
    let title = json!([{ "op": "replace", "path": "title", "value": "Boss" }]);
    scene.client.patch(&path, title).await.expect(200);
    let spec = stored().await;
    assert_eq!((&spec["suspended"], &spec["scim"]["title"]), (&json!(true), &json!("Boss")));
    // Git applies the same again over the change of the identity provider, and then withdraws what it said.
    scene.must(Who::Editor, &manifest(json!({ "suspended": true }))).await;
    scene.must(Who::Editor, &manifest(json!({}))).await;
    let spec = stored().await;
    assert_eq!((spec.get("suspended"), &spec["scim"]["title"]), (None, &json!("Boss")));
    // Git may not create a person, as it would to bring back one who was deleted.
    let refused = scene.act(Who::Editor, &manifest(json!({ "scim": { "userName": "x" } }))).await.expect_err("refused");
    assert!(refused.contains("conflict") || refused.contains("The identity provider writes spec.scim"), "{refused}");
}

async fn run(arguments: &[&str], input: Option<&str>) -> String {
    let done = kubectl_on(unattended().await, arguments, input).await;
    done.unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error}"))
}

/// Creates an object where no operator runs; returns its uid.
async fn stored(namespace: &str, kind: &str, name: &str, owners: Value, spec: Value) -> Value {
    let object = json!({
        "apiVersion": "rollcall.dev/v1alpha1", "kind": kind, "spec": spec,
        "metadata": { "name": name, "namespace": namespace, "ownerReferences": owners },
    });
    let created = run(&["create", "-o", "json", "-f", "-"], Some(&object.to_string())).await;
    serde_json::from_str::<Value>(&created).expect("kubectl prints JSON")["metadata"]["uid"].clone()
}

/// Somebody with a name of her own, and the claim that the name is hers.
async fn person_with_claim(namespace: &str) {
    let reference = json!({ "name": "staff" });
    let scim = json!({ "userName": "ada", "active": true });
    let person = json!({ "directoryRef": reference, "managedBy": "Provisioning", "scim": scim });
    let uid = stored(namespace, "DirectoryUser", "held-1", json!([]), person).await;
    let owner =
        json!([{ "apiVersion": "rollcall.dev/v1alpha1", "kind": "DirectoryUser", "name": "held-1", "uid": uid }]);
    let claim = json!({
        "directoryRef": reference, "attribute": "User.userName", "value": "ada", "holder": "held-1", "nonce": "1",
    });
    stored(namespace, "DirectoryClaim", "c-held", owner, claim).await;
}

/// Where no operator runs, nobody but the garbage collector removes a claim.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_goes_with_its_holder() {
    person_with_claim("default").await;
    run(&["delete", "directoryuser", "held-1"], None).await;
    until("the claim to be gone", async || {
        run(&["get", "directoryclaim", "c-held", "--ignore-not-found"], None).await.is_empty().then_some(())
    })
    .await;
}

/// The namespace controller removes a Directory that nobody has counted, a living person and a claim.
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_goes_with_everything_in_it() {
    let namespace = "ending";
    run(&["create", "namespace", namespace], None).await;
    stored(namespace, "Directory", "staff", json!([]), json!({})).await;
    person_with_claim(namespace).await;
    run(&["delete", "namespace", namespace, "--wait=false"], None).await;
    until("the namespace to be gone", async || {
        run(&["get", "namespace", namespace, "--ignore-not-found"], None).await.is_empty().then_some(())
    })
    .await;
}
