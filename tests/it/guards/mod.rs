//! The admission guards of the chart: each deed is tried by a real identity under real bindings and refused with a sentence, and
//! the way around that the sentence names works.

mod deeds;
mod kinds;
mod life;
mod page;
mod roles;
mod scene;

use deeds::{Deed, RBAC, Step};
pub(crate) use kinds::unattended;
use scene::{Names, Scene, Who, annotate};
use serde_json::json;

use crate::support::until;

/// Tries every deed of a table, and takes the way around each.
async fn check(scene: &Scene, deeds: fn(&Names) -> Vec<Deed>) {
    for Deed { deed, who, act, guard, says, way, .. } in deeds(&scene.names) {
        let complaint = scene.act(who, &act).await.expect_err(deed);
        let complaint = complaint.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(complaint.contains(&says), "{deed}, {who:?}: {complaint}");
        if guard != RBAC {
            let by =
                format!("ValidatingAdmissionPolicy 'rollcall-{guard}' with binding 'rollcall-{guard}' denied request");
            assert!(complaint.contains(&by), "{deed}, {who:?}: {complaint}");
        }
        for step in way {
            match step {
                Step::As(who, act) => drop(scene.must(who, &act).await),
                Step::Scim(method, path, body) => {
                    let body = (!body.is_null()).then(|| body.to_string());
                    let answer = scene.client.send(method, &path, &[], body).await;
                    assert!((200..300).contains(&answer.status), "{deed}: {answer:?}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_belong_to_who_writes_them() {
    check(&Scene::new().await, deeds::fields).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scim_manages_is_deleted_over_scim() {
    let scene = Scene::new().await;
    let allowed = annotate("directoryuser", &scene.names.bob, "rollcall.dev/allow-delete=true");
    scene.must(Who::Administrator, &allowed).await;
    check(&scene, deeds::deletion).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_with_people_is_deleted_by_nobody_without_the_annotation() {
    let scene = Scene::new().await;
    until("the Directory to be counted", async || {
        let staff = scene.directory.get("directory", "staff").await?;
        let expected = json!({ "users": 2, "activeUsers": 2, "groups": 1 });
        (staff["status"]["counts"] == expected).then_some(())
    })
    .await;
    check(&scene, deeds::directories).await;
    assert_eq!(scene.directory.get("directory", "staff").await, None);
    // Nobody went with it.
    assert_ne!(scene.directory.get("directoryuser", &scene.names.ada).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_nobodys_to_write() {
    check(&Scene::new().await, deeds::claims).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_take_a_right_of_their_own() {
    check(&Scene::new().await, deeds::keys).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_the_operators() {
    check(&Scene::new().await, deeds::status).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_changes_no_policy() {
    check(&Scene::new().await, deeds::operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_writes_no_secret_of_others() {
    check(&Scene::new().await, deeds::secrets).await;
}
